//! uniffi: Rust libraries that Python code calls through `ctypes`, so they have no entry point. By the functions that every such
//! library gives out, and by the path of uniffi's sources, which has its release.

use std::collections::BTreeMap;

use crate::facts::{Claim, Evidence, Framework, FrameworkKind};

use super::profile::{Profile, Registry};
use super::seen::{Seen, exactly, framework, leading_version, text_evidence};

/// What there is to know of uniffi.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("uniffi-path", b"uniffi_core-")],
    ..Profile::of(FrameworkKind::Uniffi, find, Registry::NONE)
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let own = |name: &str| {
        name.starts_with("ffi_")
            && (name.ends_with("_rustbuffer_alloc") || name.ends_with("_uniffi_contract_version"))
    };
    let proofs = seen.exports(own);
    if proofs.is_empty() {
        return Vec::new();
    }
    let mut releases: BTreeMap<String, Evidence> = BTreeMap::new();
    for at in seen.places("uniffi-path") {
        let text = seen.printable(at, 64);
        let version = text.strip_prefix("uniffi_core-").and_then(|behind| leading_version(behind, '.'));
        if let Some((version, rest)) = version.filter(|(_, rest)| rest.starts_with(['/', '\\'])) {
            let evidence = text_evidence(at, &text[..text.len() - rest.len()]);
            releases.entry(version).or_insert(evidence);
        }
    }
    let mut found = framework(FrameworkKind::Uniffi, Claim::certain(true, proofs));
    let mut all = releases.into_iter();
    found.version = match (all.next(), all.next()) {
        (Some((version, evidence)), None) => exactly(version, evidence),
        (Some(_), Some(_)) => Claim::unknown("the file has paths of several releases"),
        (None, _) => Claim::unknown("paths are stripped or remapped, and nothing else tells the release"),
    };
    vec![found]
}

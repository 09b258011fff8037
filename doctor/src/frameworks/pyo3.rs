//! PyO3: by the paths of its sources, which panics name, and by its own exception type. pyo3-ffi alone leaves neither, so a
//! module that uses nothing else of PyO3 looks like plain C. A release is claimed only from a path that has it.

use std::collections::BTreeMap;

use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Picklable, Versions};

use super::profile::{Pickling, Profile, Registry};
use super::seen::{Seen, framework, leading_version, text_evidence};

/// What there is to know of PyO3.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("pyo3-panic", b"pyo3_runtime.PanicException"),
        ("pyo3-path", b"pyo3-"),
        ("pyo3-vendored", b"pyo3/src/"),
    ],
    pickling: |_| Pickling {
        functions: Picklable::Yes,
        methods: Picklable::WithModuleName,
        why: "methods fail unless the class says `#[pyclass(module = \"…\")]`",
    },
    ..Profile::of(
        FrameworkKind::Pyo3,
        find,
        Registry::None {
            instead: "share the type through interbind: `interbind::module!` in both, or pass a capsule",
        },
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let releases = releases(seen);
    let panic = seen.beginning("pyo3-panic").find(|(_, text)| *text == "pyo3_runtime.PanicException");
    let mut proofs: Vec<Evidence> = releases.values().cloned().collect();
    proofs.extend(panic.map(|(at, text)| text_evidence(at, text)));
    proofs.extend(checkout(seen));
    let present = if proofs.is_empty() {
        let Some(vendored) = vendored(seen) else { return Vec::new() };
        Claim::likely(true, [vendored], "a path of this name could be of something else")
    } else {
        Claim::certain(true, proofs.into_iter().take(3))
    };
    let mut found = framework(FrameworkKind::Pyo3, present);
    let mut all = releases.into_iter();
    found.version = match (all.next(), all.next()) {
        (Some((version, evidence)), None) => Claim::certain(Versions::exactly(version), [evidence]),
        (Some((one, _)), Some((other, _))) => {
            Claim::unknown(format!("the file has paths of {one} and of {other}"))
        }
        (None, _) => {
            Claim::unknown("paths are stripped or remapped, and nothing else in the file tells the release")
        }
    };
    vec![found]
}

/// The releases whose sources are named: `…/pyo3-0.29.3/src/err/mod.rs`.
fn releases(seen: &Seen<'_, '_>) -> BTreeMap<String, Evidence> {
    let mut found = BTreeMap::new();
    for at in seen.places("pyo3-path") {
        let Some(text) = path_at(seen, at) else { continue };
        let Some(behind) = text.strip_prefix("pyo3-") else { continue };
        let Some((version, rest)) = leading_version(behind, '.') else { continue };
        let source = ["/src/", "\\src\\"].iter().any(|folder| rest.starts_with(folder));
        if source && version.split('.').count() >= 3 && !found.contains_key(&version) {
            let evidence = text_evidence(at, &text[..text.len() - rest.len() + "/src/".len()]);
            found.insert(version, evidence);
        }
    }
    found
}

/// A path of a checkout: `…/git/checkouts/pyo3-a1b2c3d4e5f60718/1234567/src/err/mod.rs`.
fn checkout(seen: &Seen<'_, '_>) -> Option<Evidence> {
    seen.places("pyo3-path").find_map(|at| {
        let text = path_at(seen, at)?;
        let mut parts = text.strip_prefix("pyo3-")?.splitn(4, ['/', '\\']);
        let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (hash, commit, folder) = (parts.next()?, parts.next()?, parts.next()?);
        let is = hash.len() == 16 && hex(hash) && commit.len() >= 7 && hex(commit) && folder == "src";
        is.then(|| text_evidence(at, text))
    })
}

fn vendored(seen: &Seen<'_, '_>) -> Option<Evidence> {
    let at = seen
        .places("pyo3-vendored")
        .find(|at| *at > 0 && seen.image.data.get(*at as usize - 1) == Some(&b'/'))?;
    Some(text_evidence(at, path_at(seen, at)?))
}

/// A path at a place: Rust's texts have no end, so it is what could be of one, and no more than a name's length.
fn path_at<'i>(seen: &Seen<'_, 'i>, at: u64) -> Option<&'i str> {
    let data = seen.image.data;
    let rest = data.get(usize::try_from(at).ok()?..)?;
    let is = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-._/\\+".contains(byte);
    let length = rest.iter().take(96).take_while(is).count();
    std::str::from_utf8(&rest[..length]).ok()
}

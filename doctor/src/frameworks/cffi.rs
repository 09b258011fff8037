//! CFFI: by the function of its run time that each compiled module calls, or the entry point PyPy knows it by. The run time
//! itself has the function's name too, and is plain C.

use crate::facts::{Claim, Evidence, Framework, FrameworkKind};

use super::profile::{Profile, Registry};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of CFFI.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("cffi-module", b"_init_cffi_1_0_external_module")],
    ..Profile::of(
        FrameworkKind::Cffi,
        find,
        Registry::None { instead: "`ffi.include` the other's `FFI`, or pass a capsule" },
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let runtime = seen.image.exports.iter().any(|export| export.name.ends_with("_cffi_backend"));
    if runtime {
        return Vec::new();
    }
    let mut proofs: Vec<Evidence> = seen.exports(|name| name.starts_with("_cffi_pypyinit_"));
    let called = seen.beginning("cffi-module").find(|(_, text)| *text == "_init_cffi_1_0_external_module");
    proofs.extend(called.map(|(at, text)| text_evidence(at, text)));
    if proofs.is_empty() {
        return Vec::new();
    }
    let mut found = framework(FrameworkKind::Cffi, Claim::certain(true, proofs));
    found.version =
        Claim::unknown("CFFI writes the version of its interface alone, which is the same since 1.0");
    vec![found]
}

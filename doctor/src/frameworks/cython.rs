//! Cython: by the name of the module in which its modules share types, which holds the release, by the module that stands for
//! its run time, and by its symbols. Releases without a shared type leave no version.

use std::collections::BTreeMap;

use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Picklable, Versions};

use super::profile::{Pickling, Profile, Registry};
use super::seen::{Seen, exactly, framework, leading_version, text_evidence};

/// The first release that names `cython_runtime`.
const RUNTIME_SINCE: &str = "0.26";
/// Attributes by which Cython modules find each other's types. `__pyx_capi__` isn't among them: C that calls a Cython module's
/// functions looks there too (numba does).
const OWN: [&str; 3] = ["__pyx_vtable__", "__pyx_state", "__pyx_unpickle_Enum"];

/// What there is to know of Cython.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("cython-abi", b"_cython_"),
        ("cython-runtime", b"cython_runtime"),
        ("cython-pyx", b"__pyx_"),
    ],
    pickling: |_| Pickling {
        functions: Picklable::Yes,
        methods: Picklable::Yes,
        why: "by module and name; class methods fail under cloudpickle and dill",
    },
    ..Profile::of(
        FrameworkKind::Cython,
        find,
        Registry::None {
            instead: "`cimport` the type from the module that declares it, or share it through interbind",
        },
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let releases = releases(seen);
    let runtime = seen.beginning("cython-runtime").find(|(_, text)| *text == "cython_runtime");
    let own = seen.beginning("cython-pyx").find(|(_, text)| OWN.contains(text));
    let symbols = seen.exports(|name| name.starts_with("__pyx_module_is_main_"));
    let mut proofs: Vec<Evidence> = releases.values().cloned().collect();
    proofs.extend(runtime.into_iter().chain(own).map(|(at, text)| text_evidence(at, text)));
    proofs.extend(symbols);
    if proofs.is_empty() {
        return Vec::new();
    }
    proofs.truncate(3);
    let mut found = framework(FrameworkKind::Cython, Claim::certain(true, proofs));
    let mut all = releases.into_iter();
    found.version = match (all.next(), all.next(), runtime) {
        (Some((version, evidence)), None, _) => exactly(version, evidence),
        (Some((one, _)), Some((other, _)), _) => {
            Claim::unknown(format!("the file has the types of {one} and of {other}"))
        }
        (None, _, Some((at, text))) => {
            let since = Versions { lowest: RUNTIME_SINCE.to_owned(), highest: None };
            Claim::certain(since, [text_evidence(at, text)])
        }
        (None, _, None) => {
            Claim::unknown("it shares no type with other modules, and nothing else tells the release")
        }
    };
    vec![found]
}

/// Releases in names of shared types: `_cython_3_1_4.cython_function_or_method`.
fn releases(seen: &Seen<'_, '_>) -> BTreeMap<String, Evidence> {
    let mut found = BTreeMap::new();
    for (at, text) in seen.beginning("cython-abi") {
        let name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        let version =
            text.strip_prefix("_cython_").filter(|_| name).and_then(|behind| leading_version(behind, '_'));
        if let Some((version, _)) = version {
            found.entry(version).or_insert_with(|| text_evidence(at, text));
        }
    }
    found
}

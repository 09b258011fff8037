//! SWIG: by the module in which its modules share types; its name ends in the version of the shared data.

use crate::compare::State;
use crate::facts::{AbiId, Claim, Framework, FrameworkKind, Module, Part, Picklable};
use crate::versions::{Candidates, TABLE};

use super::profile::{By, Pickling, Profile, Registry, Shared};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of SWIG.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("swig-runtime", b"swig_runtime_data")],
    pickling: |_| Pickling { functions: Picklable::Yes, methods: Picklable::Yes, why: "by module and name" },
    ..Profile::of(
        FrameworkKind::Swig,
        find,
        Registry::Shared(Shared {
            by: By::Id,
            state,
            conduit: false,
            live: false,
            unknown_base: "a class on the other's base fails",
            newer: "SWIG",
            together: |_, _| None,
        }),
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let read = |(at, text): (u64, &str)| {
        let name = text.split('.').next().unwrap_or(text);
        let number: u32 = name.strip_prefix("swig_runtime_data")?.parse().ok()?;
        Some((at, name.to_owned(), number))
    };
    let Some((at, name, number)) = seen.beginning("swig-runtime").find_map(read) else { return Vec::new() };
    let evidence = text_evidence(at, &name);
    let mut found = framework(FrameworkKind::Swig, Claim::certain(true, [evidence.clone()]));
    found.internals = Some(Claim::certain(number, [evidence.clone()]));
    let candidates = Candidates::all(&TABLE.swig).keep(|r| r.internals.has(number));
    let oldest = candidates.releases().next().is_some_and(|r| Some(r) == TABLE.swig.releases.first());
    found.version = match candidates.range() {
        Some(range) if oldest => {
            Claim::likely(range, [evidence.clone()], "releases from before our table wrote the same number")
        }
        Some(range) => Claim::certain(range, [evidence.clone()]),
        None => Claim::unknown(format!("no release that we know shares data of version {number}")),
    };
    let part = Part { name: "internals".into(), value: number.to_string() };
    let id = AbiId { text: name, kind: "internals-key".into(), parts: vec![part], overridden: Vec::new() };
    found.ids.push(Claim::certain(id, [evidence]));
    vec![found]
}

/// SWIG's modules hang their type tables into one ring, found under the runtime's version and the table's name. The name is
/// empty by default, and stands in no text of its own.
fn state((_, a): (&Module, &Framework), (_, b): (&Module, &Framework)) -> State {
    let equal = "with equal runtimes: they share unless one was built with another `SWIG_TYPE_TABLE`";
    State::by_one_id("internals-key", a, b, equal, "but the runtime of one isn't certain")
}

//! Our own layer: by the build note, by the core's key where a build has no note, or by the class of its functions, which needs
//! neither.

use interbind_abi::note::{Item, read};

use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Picklable, Source};
use crate::ids::{self, IdKind};

use super::profile::{Pickling, Profile, Registry};
use super::seen::{Seen, exactly, framework, leading_version, text_evidence};

/// How the class of our functions is called, with a version and a platform behind it.
const FUNCTION: &str = "interbind.function_";

/// The adapters, each known by a text that nothing else has, and whose objects they are for.
const ADAPTERS: [(&str, FrameworkKind); 3] = [
    ("interbind-from-pybind11", FrameworkKind::Pybind11),
    ("interbind-to-pybind11", FrameworkKind::Pybind11),
    ("interbind-from-nanobind", FrameworkKind::Nanobind),
];

/// What there is to know of our own layer.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("interbind-key", b"__interbind_internals_v"),
        ("interbind-function", FUNCTION.as_bytes()),
        (ADAPTERS[0].0, b"pybind11 refuses to give the object's value"),
        (ADAPTERS[1].0, b" knows no kind of pointer but raw_pointer_ephemeral"),
        (ADAPTERS[2].0, b"__interbind_nanobind_"),
        // This table itself: whoever has the doctor linked in holds all of the above.
        (super::THIS_TABLE, b"the fingerprints that interbind's doctor looks for"),
    ],
    ids: &[IdKind::InterbindKey],
    pickling: |framework| {
        let is_record = |proof: &Evidence| proof.source == Source::Bytes && proof.text.starts_with(FUNCTION);
        if framework.present.evidence.iter().any(is_record) {
            Pickling { functions: Picklable::Yes, methods: Picklable::Yes, why: "by module and name" }
        } else {
            Pickling::UNKNOWN
        }
    },
    ..Profile::of(FrameworkKind::Interbind, find, Registry::OfInterpreter { name: "the interpreter's core" })
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let modules = seen.image.notes.iter().flat_map(|section| read(section)).filter_map(|item| match item {
        Ok(Item::Module(module)) => Some(module.to_string()),
        Ok(Item::Type { .. }) | Err(_) => None,
    });
    let notes: Vec<String> = modules.collect();
    let key = seen.beginning("interbind-key").find_map(|(at, text)| Some((at, ids::parse(text)?)));
    let function = seen.beginning("interbind-function").next();
    let section = Evidence::new(Source::Note, "a build note of interbind");
    let mut proofs: Vec<Evidence> = key.iter().map(|(at, id)| text_evidence(*at, &id.to_string())).collect();
    if !notes.is_empty() {
        proofs.insert(0, section.clone());
    }
    proofs.extend(function.map(|(at, name)| text_evidence(at, name)));
    if proofs.is_empty() {
        return Vec::new();
    }
    let mut found = framework(FrameworkKind::Interbind, Claim::certain(true, proofs));
    let layer = |note: &String| {
        let value = note.lines().find_map(|line| line.strip_prefix("interbind"))?;
        leading_version(value.trim_start_matches([' ', '=', ':']), '.').map(|(version, _)| version)
    };
    if let Some(version) = notes.iter().find_map(layer) {
        found.version = exactly(version, section);
    }
    if let Some((at, id)) = &key {
        let evidence = text_evidence(*at, &id.to_string());
        found.internals = id.number().map(|number| Claim::certain(number, [evidence.clone()]));
        found.ids.push(Claim::certain(id.facts(), [evidence]));
    }
    for (name, kind) in ADAPTERS {
        let known = found.adapts.iter().any(|claim| claim.value == Some(kind));
        let place = seen.places(name).next().filter(|_| !known);
        found
            .adapts
            .extend(place.map(|at| Claim::certain(kind, [text_evidence(at, seen.printable(at, 43))])));
    }
    vec![found]
}

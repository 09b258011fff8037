//! Boost.Python: by the library that a module asks for, whose name holds the release, by its symbols, and, where it is linked
//! in, by the names of its types. Copies exist that are renamed on purpose, so that they don't meet the original.

use crate::compare::{State, Verdict};
use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Module, Picklable, Role, Source, Versions};

use super::profile::{By, Pickling, Profile, Registry, Shared};
use super::seen::{Seen, framework, leading_version, text_evidence};

const TYPES: [&str; 4] =
    ["Boost.Python.class", "Boost.Python.function", "Boost.Python.instance", "Boost.Python.enum"];

/// What there is to know of Boost.Python.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[("boost-python", b"Boost.Python.")],
    in_libraries: true,
    pickling: |_| Pickling {
        functions: Picklable::No,
        methods: Picklable::No,
        why: "cannot pickle 'Boost.Python.function' object",
    },
    ..Profile::of(
        FrameworkKind::BoostPython,
        find,
        Registry::Shared(Shared {
            by: By::Library("boost_python"),
            state,
            conduit: false,
            live: false,
            unknown_base: "a class on the other's base fails",
            newer: "Boost",
            together: |_, _| None,
        }),
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let libraries = seen.needed(is_library);
    let asked = seen.imports(is_symbol);
    let offered = seen.exports(is_symbol);
    let types: Vec<Evidence> = seen
        .beginning("boost-python")
        .filter(|(_, text)| TYPES.contains(text))
        .take(2)
        .map(|(at, text)| text_evidence(at, text))
        .collect();
    let front = !libraries.is_empty() || !asked.is_empty();
    if !front && types.is_empty() {
        return Vec::new();
    }
    let mut proofs: Vec<Evidence> = libraries.iter().chain(&types).chain(&asked).cloned().collect();
    proofs.truncate(3);
    let renamed = |e: &Evidence| e.text.contains(RENAMED);
    let mut found = framework(FrameworkKind::BoostPython, Claim::certain(true, proofs));
    let module = seen.image.exports.iter().any(|export| export.name.starts_with("PyInit_"));
    found.role = match (types.is_empty(), module) {
        (true, _) => Role::FrontEnd,
        (false, true) => Role::Whole,
        (false, false) => Role::BackEnd,
    };
    if asked.iter().chain(&offered).any(renamed) {
        found
            .warnings
            .push("it is a renamed copy of Boost.Python, which shares nothing with the original".to_owned());
    }
    found.version = match libraries.iter().find_map(|e| Some((release(&e.text)?, e.clone()))) {
        Some((version, evidence)) => Claim::certain(Versions::exactly(version), [evidence]),
        None => Claim::unknown("no name of a library tells the release"),
    };
    vec![found]
}

/// The namespace of the best-known renamed copy, as compilers write it.
const RENAMED: &str = "9pxr_boost6python";

fn is_symbol(name: &str) -> bool {
    name.contains("N5boost6python") || name.contains(RENAMED) || name.contains("@python@boost@@")
}

pub(super) fn is_library(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.starts_with("libboost_python") || name.starts_with("boost_python")
}

/// Reads `1.85.0` from `libboost_python312.so.1.85.0`, and `1.85` from `boost_python312-vc143-mt-x64-1_85.dll`.
pub(super) fn release(library: &str) -> Option<String> {
    if let Some((_, behind)) = library.split_once(".so.") {
        return leading_version(behind, '.').map(|(version, _)| version);
    }
    let stem = library.strip_suffix(".dll")?;
    let (version, rest) = leading_version(stem.rsplit('-').find(|part| part.starts_with("1_"))?, '_')?;
    rest.is_empty().then_some(version)
}

/// A library's own name says its release, too.
pub(super) fn release_of_file(file: &str) -> Option<(Versions, Evidence)> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let version = release(name).filter(|_| is_library(name))?;
    Some((Versions::exactly(version), Evidence::new(Source::FileName, name)))
}

/// Boost.Python keeps its converters in its own library: who loads one copy shares them.
fn state((a, _): (&Module, &Framework), (b, _): (&Module, &Framework)) -> State {
    let library = |module: &Module| module.needed.iter().find(|name| name.contains("boost_python")).cloned();
    match (library(a), library(b)) {
        (Some(first), Some(second)) if first == second => State::new(
            Verdict::Unknown,
            format!("and both need `{first}`: they share if the loader finds one file for both"),
            Vec::new(),
        ),
        (Some(first), Some(second)) => State::new(
            Verdict::Isolated,
            format!("but one needs `{first}`, the other `{second}`"),
            Vec::new(),
        ),
        _ => State::new(Verdict::Isolated, "but the library is linked into at least one of them", Vec::new()),
    }
}

//! What a module asks of the interpreter, put together from its name, its symbols, its libraries and its wheel.

use crate::binary::Image;
use crate::facts::{
    AbiInfo, Claim, EntryPoint, Evidence, Gil, Interpreters, PythonNeeds, Source, Stable, StableKind,
};
use crate::scan::Hits;

use super::abi_info::{self, abi_info};
use super::definition::{Definition, definition};
use super::entries::entries;
use super::handed::{Followed, followed};
use super::place::Place;
use super::protocols::protocols;
use super::stable::stable;
use super::stable_abi::Release;
use super::tag::{self, Tag};

/// Functions that a module calls only when it is compiled for a free-threaded build.
const FREE_THREADED: &[&str] = &["_Py_DecRefShared", "_Py_MergeZeroLocalRefcount", "_Py_DecRefSharedDebug"];
/// And one that it calls only when it is compiled for a build with a GIL, or for the limited API.
const WITH_GIL: &str = "_Py_Dealloc";
/// And those of debug builds.
const DEBUG: &[&str] =
    &["_Py_NegativeRefcount", "_Py_RefTotal", "_Py_INCREF_IncRefTotal", "PyModule_Create2TraceRefs"];
const BOTH_KINDS: &str = "abi3t serves Pythons with and without a GIL";
/// Functions by which a module is made in one step.
const SINGLE_PHASE: &[&str] = &["PyModule_Create2", "PyModule_Create2TraceRefs", "PyPyModule_Create2"];
const MULTI_PHASE: &[&str] = &["PyModuleDef_Init", "PyPyModuleDef_Init"];

/// What a module asks of the interpreter.
pub(crate) fn python(image: &Image<'_>, hits: &Hits, place: &Place<'_>) -> PythonNeeds {
    let entries = entries(image);
    let file = place.file();
    let (text, known) = match tag::of_file(file) {
        Some((text, tag)) => {
            (Some(text.to_owned()), Some(Told { tag, by: Evidence::new(Source::FileName, text) }))
        }
        None => (None, None),
    };
    if entries.is_empty() {
        return library(text);
    }
    let definition = definition(image, &entries, file);
    let built = definition.as_ref().ok().and_then(|definition| abi_info(image, definition));
    let named = known.or_else(|| by_library(image)).or_else(|| by_record(built.as_ref()));
    let sure = named.is_some();
    let told = named.or_else(|| by_wheel(place));
    let stable = told.as_ref().and_then(|told| match told.tag {
        Tag::Stable(kind) => Some(stable(image, place, kind, built.as_ref())),
        _ => None,
    });
    let certain = definition.as_ref().is_ok_and(Definition::is_certain);
    let in_one_step = phase(image).is_some_and(|(phase, _)| phase == Phase::Single)
        && !image.imports.contains(&"PyUnstable_Module_SetGIL");
    let followed = if certain || in_one_step { None } else { followed(image, &entries, file) };
    let gil = gil(image, told.as_ref(), &definition, followed.as_ref());
    let interpreters = interpreters(image, &definition, followed.as_ref());
    PythonNeeds {
        implementation: implementation(image, &entries, told.as_ref(), sure),
        version: version(told.as_ref(), sure, stable.as_ref()),
        free_threaded: match told.as_ref().map(|told| &told.tag) {
            Some(Tag::Stable(StableKind::Abi3t)) => Claim::unknown(BOTH_KINDS),
            _ => flag(image, told.as_ref(), sure, FREE_THREADED, |tag| {
                matches!(tag, Tag::CPython { free_threaded: true, .. })
            }),
        },
        debug: flag(image, told.as_ref(), sure, DEBUG, |tag| matches!(tag, Tag::CPython { debug: true, .. })),
        tag: text,
        stable,
        built,
        gil,
        interpreters,
        protocols: protocols(image, hits),
        entries,
    }
}

/// What is told of a Python, and by what.
struct Told {
    tag: Tag,
    by: Evidence,
}

/// A library asks nothing of an interpreter by itself.
fn library(tag: Option<String>) -> PythonNeeds {
    let why = "it has no entry point, so no Python imports it";
    PythonNeeds {
        implementation: Claim::unknown(why),
        version: Claim::unknown(why),
        free_threaded: Claim::unknown(why),
        debug: Claim::unknown(why),
        tag,
        stable: None,
        built: None,
        entries: Vec::new(),
        gil: Claim::unknown(why),
        interpreters: Claim::unknown(why),
        protocols: Vec::new(),
    }
}

/// The interpreter's library among those it asks for: `python312.dll`, `python3.dll`, `libpython3.12.so.1.0`.
fn by_library(image: &Image<'_>) -> Option<Told> {
    let tag = |library: &str| {
        let name = library.rsplit('/').next().unwrap_or(library).to_ascii_lowercase();
        if let Some(rest) = name.strip_suffix(".dll").and_then(|name| name.strip_prefix("python")) {
            let (rest, debug) = rest.strip_suffix("_d").map_or((rest, false), |rest| (rest, true));
            let (digits, free_threaded) =
                rest.strip_suffix('t').map_or((rest, false), |digits| (digits, true));
            return match digits {
                "3" if free_threaded => Some(Tag::Stable(StableKind::Abi3t)),
                "3" => Some(Tag::Stable(StableKind::Abi3)),
                _ => Some(Tag::CPython { release: Release::of_digits(digits)?, free_threaded, debug }),
            };
        }
        if let Some(rest) = name.strip_prefix("libpypy").or_else(|| name.strip_prefix("pypy")) {
            let digits = rest.split(['-', '_']).next()?;
            return Some(Tag::Other { implementation: "pypy", release: Release::of(digits) });
        }
        let rest = name.strip_prefix("libpython")?;
        let rest = rest.split(".so").next()?.split(".dylib").next()?.split(".dll").next()?;
        let number = rest.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let flags = &rest[number.len()..];
        let release = Release::of(number)?;
        Some(Tag::CPython { release, free_threaded: flags.contains('t'), debug: flags.contains('d') })
    };
    let told =
        |library: &String| Some(Told { tag: tag(library)?, by: Evidence::new(Source::Needed, library) });
    // `python3.dll` stands beside `python312.dll` in modules that ask for both; the second binds.
    let all: Vec<Told> = image.needed.iter().filter_map(told).collect();
    let bound = all.iter().position(|told| !matches!(told.tag, Tag::Stable(_))).unwrap_or(0);
    all.into_iter().nth(bound)
}

/// The module's own record of what it was built with.
fn by_record(built: Option<&Claim<AbiInfo>>) -> Option<Told> {
    let built = built?;
    Some(Told { tag: abi_info::tag(built.value.as_ref()?)?, by: built.evidence.last()?.clone() })
}

/// How a module's own record contradicts its file's name, with the record.
pub(crate) fn contradiction(python: &PythonNeeds, file: &str) -> Option<(String, Evidence)> {
    let built = python.built.as_ref()?;
    let (_, tag) = tag::of_file(file)?;
    Some((abi_info::contradicts(built.value.as_ref()?, &tag)?, built.evidence.last()?.clone()))
}

/// The wheel's tag, where the file's own name is silent.
fn by_wheel(place: &Place<'_>) -> Option<Told> {
    let wheel = place.wheel?;
    let (python, abi, _) = wheel.each().next()?;
    let tag = tag::of_wheel(abi, python)?;
    Some(Told { tag, by: Evidence::new(Source::Metadata, format!("{python}-{abi}")).in_file(&*wheel.from) })
}

fn claim<T>(value: T, told: &Told, sure: bool) -> Claim<T> {
    let by = [told.by.clone()];
    if sure {
        Claim::certain(value, by)
    } else {
        Claim::likely(value, by, "the wheel's tag says so; the file's own name is silent")
    }
}

fn implementation(
    image: &Image<'_>,
    entries: &[EntryPoint],
    told: Option<&Told>,
    sure: bool,
) -> Claim<String> {
    // PyPy renames every function of its C API, so that a module for it can't be another's.
    let pypy = |symbol: &&&str| {
        symbol.starts_with("PyPy") && symbol[4..].starts_with(|letter: char| letter.is_ascii_uppercase())
    };
    if let Some(symbol) = image.imports.iter().find(pypy) {
        return Claim::certain("pypy".to_owned(), [Evidence::new(Source::Symbol, *symbol)]);
    }
    if let Some(told) = told {
        let name = match &told.tag {
            Tag::CPython { .. } | Tag::Stable(_) => "cpython",
            Tag::Other { implementation, .. } => implementation,
        };
        return claim(name.to_owned(), told, sure);
    }
    match entries.iter().all(|entry| entry.symbol.starts_with("_cffi_pypyinit__")) {
        true => {
            let evidence = entries.iter().map(|entry| Evidence::new(Source::Symbol, &*entry.symbol));
            Claim::likely("pypy".to_owned(), evidence, "only PyPy's way of loading it is there")
        }
        false => Claim::unknown("neither its name nor the libraries it asks for say for which Python it is"),
    }
}

fn version(told: Option<&Told>, sure: bool, stable: Option<&Stable>) -> Claim<String> {
    if stable.is_some() {
        return Claim::unknown("it is built for a stable ABI, which has a floor instead");
    }
    match told {
        Some(told) => match &told.tag {
            Tag::CPython { release, .. } | Tag::Other { release: Some(release), .. } => {
                claim(release.to_string(), told, sure)
            }
            _ => Claim::unknown("its tag names no release"),
        },
        None => Claim::unknown("neither its name nor the libraries it asks for say for which Python it is"),
    }
}

/// Whether it is built for a kind of interpreter: by its symbols, which can't lie, else by what its name says.
fn flag(
    image: &Image<'_>,
    told: Option<&Told>,
    sure: bool,
    symbols: &[&str],
    by_tag: impl Fn(&Tag) -> bool,
) -> Claim<bool> {
    if let Some(symbol) = image.imports.iter().find(|symbol| symbols.contains(symbol)) {
        return Claim::certain(true, [Evidence::new(Source::Symbol, *symbol)]);
    }
    // In a free-threaded build the last reference goes by another function, which would have been found.
    let stable = told.is_some_and(|told| matches!(told.tag, Tag::Stable(_) | Tag::Other { .. }));
    if let Some(symbol) = image
        .imports
        .iter()
        .find(|symbol| **symbol == WITH_GIL)
        .filter(|_| !stable && symbols == FREE_THREADED)
    {
        return Claim::certain(false, [Evidence::new(Source::Symbol, *symbol)]);
    }
    match told {
        Some(told) => claim(by_tag(&told.tag), told, sure),
        None => Claim::unknown("its name has no tag, and none of its symbols tells"),
    }
}

fn gil(
    image: &Image<'_>,
    told: Option<&Told>,
    definition: &Result<Definition, &'static str>,
    followed: Option<&Followed>,
) -> Claim<Gil> {
    if let Some(told) = told {
        let before = Release { major: 3, minor: 13 };
        match &told.tag {
            Tag::CPython { release, .. } if *release < before => {
                let table = Evidence::new(Source::Table, "a module can speak of the GIL from Python 3.13 on");
                return Claim::certain(Gil::Used, [told.by.clone(), table]);
            }
            Tag::Other { .. } => return Claim::unknown("only a free-threaded CPython asks for it"),
            _ => {}
        }
    }
    // What the code does stands above what a list in the file looks like.
    if let Some(said) = followed.and_then(Followed::gil) {
        return said;
    }
    let said = match definition {
        Ok(definition) => definition.gil(),
        Err(why) => Claim::unknown(*why),
    };
    if said.value == Some(Gil::NotUsed) {
        return said;
    }
    if let Some(symbol) = image.imports.iter().find(|symbol| **symbol == "PyUnstable_Module_SetGIL") {
        let why = "it tells Python when it is imported; what it tells wasn't followed";
        return Claim::likely(Gil::NotUsed, [Evidence::new(Source::Symbol, *symbol)], why);
    }
    match phase(image) {
        // Without slots there is nothing to say it with.
        Some((Phase::Single, symbol)) => Claim::certain(Gil::Used, [Evidence::new(Source::Symbol, symbol)]),
        _ => said,
    }
}

fn interpreters(
    image: &Image<'_>,
    definition: &Result<Definition, &'static str>,
    followed: Option<&Followed>,
) -> Claim<Interpreters> {
    if let Some((Phase::Single, symbol)) = phase(image) {
        let why =
            "it is made in one step, so that interpreters which check refuse it; the others take it unasked";
        return Claim::likely(Interpreters::MainOnly, [Evidence::new(Source::Symbol, symbol)], why);
    }
    if let Some(said) = followed.and_then(Followed::interpreters) {
        return said;
    }
    match definition {
        Ok(definition) => definition.interpreters(),
        Err(why) => Claim::unknown(*why),
    }
}

/// How a module is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In one step: it has no slots to say anything with.
    Single,
    /// In several.
    Multi,
}

fn phase<'a>(image: &Image<'a>) -> Option<(Phase, &'a str)> {
    let imported = |names: &[&str]| image.imports.iter().copied().find(|symbol| names.contains(symbol));
    // Boost.Python's library makes the module in one step.
    let boost = image.imports.iter().copied().find(|name| name.contains("boost6python6detail11init_module"));
    match (imported(SINGLE_PHASE).or(boost), imported(MULTI_PHASE)) {
        (Some(symbol), None)
            if image.exports.iter().all(|export| !export.name.starts_with("PyModExport_")) =>
        {
            Some((Phase::Single, symbol))
        }
        (None, Some(symbol)) => Some((Phase::Multi, symbol)),
        // It has both ways in it; which one an entry point takes isn't seen.
        _ => None,
    }
}

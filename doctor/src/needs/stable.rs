//! Modules for the stable ABI: what they claim, and what their imported symbols really need.

use std::collections::{BTreeSet, HashSet};

use crate::binary::Image;
use crate::facts::{AbiInfo, Claim, Evidence, Format, Source, Stable, StableKind};

use super::place::Place;
use super::stable_abi::{Release, exported_since, since};

/// What is told of symbols outside; a hostile file could have thousands.
const MOST_OUTSIDE: usize = 64;

/// What a module for this stable ABI claims and needs.
pub(super) fn stable(
    image: &Image<'_>,
    place: &Place<'_>,
    kind: StableKind,
    built: Option<&Claim<AbiInfo>>,
) -> Stable {
    let weak: HashSet<&str> = image.weak.iter().copied().collect();
    let (mut needed, mut by, mut outside) = (None, Vec::new(), BTreeSet::new());
    for symbol in image.imports.iter().copied().filter(|symbol| is_python(symbol)) {
        match since(symbol) {
            // One that may stay undefined asks for nothing.
            _ if weak.contains(symbol) => {}
            None if outside.len() < MOST_OUTSIDE => drop(outside.insert(symbol.to_owned())),
            None => {}
            Some(release) if needed.is_none_or(|needed| release > needed) => {
                needed = Some(release);
                by = vec![symbol];
            }
            Some(release) if needed == Some(release) && by.len() < 5 && !by.contains(&symbol) => {
                by.push(symbol)
            }
            Some(_) => {}
        }
    }
    // abi3t begins with 3.15, whatever is imported.
    let least = Release { major: 3, minor: 15 };
    let raised = kind == StableKind::Abi3t && needed.is_none_or(|needed| needed < least);
    let needed = if raised { Some(least) } else { needed };
    let evidence = || {
        let table = Evidence::new(
            Source::Table,
            if raised { "abi3t begins with 3.15" } else { "Misc/stable_abi.toml" },
        );
        by.iter().map(|symbol| Evidence::new(Source::Symbol, *symbol)).chain([table]).collect::<Vec<_>>()
    };
    let needed = match needed {
        None => Claim::unknown("it imports no symbol of the stable ABI"),
        Some(release) if outside.is_empty() => Claim::certain(release.to_string(), evidence()),
        Some(release) => Claim::likely(
            release.to_string(),
            evidence(),
            "it imports symbols that no stable ABI has, so no release is sure to load it",
        ),
    };
    let exported = exported(image, &weak, kind);
    let mut claimed = claimed(place, kind);
    // The module's own record says it too.
    if let (None, Some(built)) = (&claimed.value, built) {
        if let Some(info) = built.value.as_ref().filter(|info| info.stable) {
            claimed = Claim::certain(info.api.clone(), built.evidence.iter().cloned());
        }
    }
    Stable { kind, claimed, needed, exported, outside: outside.into_iter().collect() }
}

/// The lowest Python that gives the symbols out, where that is before the stable ABI has them. Windows binds to a library that
/// gives out the stable ABI alone.
fn exported(image: &Image<'_>, weak: &HashSet<&str>, kind: StableKind) -> Option<Claim<String>> {
    if image.format == Format::Pe || kind == StableKind::Abi3t {
        return None;
    }
    let symbols = image.imports.iter().copied().filter(|symbol| is_python(symbol) && !weak.contains(symbol));
    let (mut newest, mut stable) = (None, None);
    for symbol in symbols {
        let since = since(symbol)?;
        let first = exported_since(symbol).unwrap_or(since);
        stable = stable.max(Some(since));
        if newest.as_ref().is_none_or(|(release, _)| first > *release) {
            newest = Some((first, symbol));
        }
    }
    let (release, symbol) = newest.filter(|(release, _)| stable > Some(*release))?;
    let table = Evidence::new(Source::Table, "symbols of CPython's releases");
    Some(Claim::certain(release.to_string(), [Evidence::new(Source::Symbol, symbol), table]))
}

/// The lowest Python that the wheel's tags name for this ABI.
fn claimed(place: &Place<'_>, kind: StableKind) -> Claim<String> {
    let abi = if kind == StableKind::Abi3 { "abi3" } else { "abi3t" };
    let Some(wheel) = place.wheel else {
        return Claim::unknown("only a wheel's tag says for which release it is, and this isn't in one");
    };
    let tags = wheel.each().filter(|(_, found, _)| *found == abi);
    let releases =
        tags.filter_map(|(python, _, _)| Some((Release::of_digits(python.strip_prefix("cp")?)?, python)));
    match releases.min() {
        Some((release, python)) => {
            let tag = Evidence::new(Source::Metadata, format!("{python}-{abi}")).in_file(&*wheel.from);
            Claim::certain(release.to_string(), [tag])
        }
        None => Claim::unknown(format!("no tag of the wheel names a CPython for {abi}")),
    }
}

/// Whether a symbol is one of Python's by its name. Names of C++ are mangled and start otherwise.
fn is_python(symbol: &str) -> bool {
    let name = symbol.strip_prefix('_').unwrap_or(symbol);
    // `PyInit_x` of another module isn't Python's; `Pyx…` would be anybody's.
    name.strip_prefix("Py").is_some_and(|rest| {
        rest.starts_with(|letter: char| letter == '_' || letter.is_ascii_uppercase())
            && !rest.starts_with("Init_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_python_are_told_from_others() {
        for name in ["PyObject_Call", "_Py_Dealloc", "Py_BuildValue", "_PyObject_GC_New"] {
            assert!(is_python(name), "{name}");
        }
        for name in ["_ZN2PyE", "PyInit_x", "Pythia", "pthread_create", "__Pyx_x", "Py", ""] {
            assert!(!is_python(name), "{name}");
        }
    }
}

//! Laws of joining, on files made by hand.

use crate::facts::{Confidence, Format, Import, Module, Symbols};
use crate::samples::{extension, library};

use super::resolve;
use super::symbols::digest;

const MISSING: &str = "_ZN3c105ErrorC2ENS_14SourceLocationESs";

fn exports(names: &[&str]) -> Symbols {
    let mut exports: Vec<u64> = names.iter().map(|name| digest(name)).collect();
    exports.sort_unstable();
    Symbols { exports, namespaces: vec![("c10".to_owned(), 40)], ..Symbols::default() }
}

/// A library in `/site/torch/lib`, and a module beside it that searches there and asks for `name`.
fn pair(name: &str) -> Vec<Module> {
    let mut torch = library("/site/torch/lib/libc10.so");
    torch.links.symbols = exports(&["_ZN3c105Error4whatEv"]);
    let mut module = extension("audio._audio");
    module.needed = vec!["libc10.so".to_owned(), "libc.so.6".to_owned()];
    module.links.search = vec!["$ORIGIN/../torch/lib".to_owned()];
    module.links.symbols.imports = vec![Import { name: name.into(), library: None }];
    vec![torch, module]
}

fn unresolved(modules: &mut [Module]) -> Option<(Confidence, Option<String>)> {
    resolve(modules);
    let claim = modules.last()?.links.unresolved.as_ref()?;
    Some((claim.confidence, claim.value.as_ref()?.symbols.first()?.library.clone()))
}

#[test]
fn a_symbol_that_its_library_has_is_resolved() {
    assert_eq!(unresolved(&mut pair("_ZN3c105Error4whatEv")), None);
}

#[test]
fn a_symbol_of_a_namespace_whose_library_lacks_it_is_unresolved() {
    let found = unresolved(&mut pair(MISSING));
    assert_eq!(found, Some((Confidence::Certain, Some("libc10.so".to_owned()))));
}

#[test]
fn nothing_is_said_where_a_library_was_not_read() {
    let mut modules = pair(MISSING);
    modules[1].needed.push("libother.so.1".to_owned());
    assert_eq!(unresolved(&mut modules), None);
    assert_eq!(modules[1].links.missing, ["libother.so.1"]);
    // A library of C that every system has can't have a name of C++.
    let mut modules = pair(MISSING);
    modules[0].needed.push("libz.so.1".to_owned());
    assert_eq!(unresolved(&mut modules).map(|(sure, _)| sure), Some(Confidence::Certain));
}

#[test]
fn nothing_is_said_of_what_another_file_gives_out_or_of_plain_names() {
    let mut modules = pair(MISSING);
    let mut other = library("/site/other/libother.so");
    other.links.symbols = exports(&[MISSING]);
    modules.insert(0, other);
    assert_eq!(unresolved(&mut modules), None);
    assert_eq!(unresolved(&mut pair("pthread_create")), None);
}

#[test]
fn a_library_is_found_by_what_a_parent_searches_and_by_its_name() {
    let mut modules = pair(MISSING);
    // Without a search path the name alone leads to it: its package loads it first.
    modules[1].links.search.clear();
    assert_eq!(unresolved(&mut modules).map(|(sure, _)| sure), Some(Confidence::Certain));
    // A library of another processor isn't it.
    modules[0].target.arch.name = "aarch64".to_owned();
    assert_eq!(unresolved(&mut modules), None);
}

#[test]
fn a_version_that_its_library_does_not_define_is_unresolved() {
    let mut modules = pair("_ZN3c105Error4whatEv");
    modules[0].links.symbols.versions = vec!["V1".to_owned()];
    modules[1].links.symbols.needs = vec![("libc10.so".to_owned(), "V2".to_owned())];
    assert_eq!(unresolved(&mut modules).map(|(sure, _)| sure), Some(Confidence::Certain));
    modules[1].links.symbols.needs = vec![("libc10.so".to_owned(), "V1".to_owned())];
    assert_eq!(unresolved(&mut modules), None);
}

#[test]
fn windows_binds_a_name_to_one_library() {
    let mut modules = pair("ZSTD_x");
    for module in &mut modules {
        module.target.format = Format::Pe;
    }
    modules[1].needed = vec!["LIBC10.so".to_owned()];
    modules[1].links.symbols.imports[0].library = Some(0);
    assert_eq!(unresolved(&mut modules).map(|(sure, _)| sure), Some(Confidence::Certain));
    // Loaded when it is first called: the module itself comes without it.
    modules[1].links.symbols.late = vec!["LIBC10.so".to_owned()];
    assert_eq!(unresolved(&mut modules).map(|(sure, _)| sure), Some(Confidence::Likely));
}

#[test]
fn a_library_of_macos_that_is_neither_here_nor_the_systems_is_missing() {
    let mut modules = pair("_ZN3c105Error4whatEv");
    for module in &mut modules {
        module.target.format = Format::MachO;
    }
    let needs =
        ["@rpath/libc10.so", "@rpath/libgone.dylib", "/usr/lib/libSystem.B.dylib", "/opt/lib/liblate.dylib"];
    modules[1].needed = needs.map(str::to_owned).to_vec();
    modules[1].links.symbols.late = vec!["/opt/lib/liblate.dylib".to_owned()];
    resolve(&mut modules);
    assert_eq!(modules[1].links.missing, ["@rpath/libgone.dylib"]);
}

#[test]
fn names_that_a_needed_library_has_are_not_pythons() {
    let mut modules = pair("_ZN3c105Error4whatEv");
    modules[0].links.symbols = exports(&["_ZN3c105Error4whatEv", "PySide_init"]);
    let stable = |outside: &[&str]| crate::facts::Stable {
        kind: crate::facts::StableKind::Abi3,
        claimed: crate::facts::Claim::unknown("made by hand"),
        needed: crate::facts::Claim::likely("3.7".to_owned(), [], "symbols outside"),
        exported: None,
        outside: outside.iter().map(|name| (*name).to_owned()).collect(),
    };
    modules[1].python.stable = Some(stable(&["PySide_init", "PyFrame_Whatever"]));
    resolve(&mut modules);
    let left = modules[1].python.stable.as_ref().expect("it was given");
    assert_eq!(left.outside, ["PyFrame_Whatever"]);
    modules[1].python.stable = Some(stable(&["PySide_init"]));
    resolve(&mut modules);
    let left = modules[1].python.stable.as_ref().expect("it was given");
    assert!(left.outside.is_empty() && left.needed.is_certain());
}

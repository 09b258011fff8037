//! Headers leave nothing in common: what two libraries have of them is each one's own, whatever they are compiled with.
//!
//! The dynamic linker makes one of what two libraries export by one name, and with it one static of two builds that lay it
//! out differently. So nothing of the headers is exported: without `-fvisibility=hidden`, and without optimization, which
//! leaves every function in.

use std::fs;

use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native};
use interbind_tests::python::Python;
use interbind_tests::workshop;
use object::{Object, ObjectSymbol, SymbolKind};

/// The clients, one in each language.
const SOURCES: [&str; 2] = ["tests/fixtures/capi/client.c", "tests/fixtures/capi/client.cpp"];

/// What a library defines for others, by its names in the object file.
fn exported(library: &[u8]) -> Vec<String> {
    let file = object::File::parse(library).expect("a library that was just built");
    let defined =
        |symbol: &object::Symbol<'_, '_>| symbol.is_definition() && symbol.kind() != SymbolKind::File;
    let symbols = file.dynamic_symbols().filter(defined);
    symbols.map(|symbol| symbol.name().expect("a name").to_owned()).collect()
}

/// Tells whether a symbol is of the headers: a function or static of C, or something in the namespace.
fn is_ours(symbol: &str) -> bool {
    symbol.starts_with("interbind_") || symbol.contains("9interbind")
}

#[test]
fn a_library_exports_nothing_of_the_headers() {
    let what = "what headers export";
    let Some(python) = Python::default(what) else { return };
    for source in SOURCES {
        for flags in [&["-O0", "-fvisibility=default"][..], &["-O2", "-fvisibility=default"], &["-O0"]] {
            let modules = Modules::new(workshop!(), "c-symbols", python);
            let native = flags
                .iter()
                .fold(Native::new(source, "alone", Linked::ByHeaders), |all, flag| all.flag(flag));
            let Some(modules) = native.add_to(modules, workshop!(), what) else { return };
            let symbols = exported(&fs::read(modules.file("alone")).expect("it was just built"));
            assert!(symbols.iter().any(|symbol| symbol == "PyInit_alone"), "{symbols:?}");
            let ours: Vec<_> = symbols.iter().filter(|symbol| is_ours(symbol)).collect();
            assert!(ours.is_empty(), "{source} {flags:?}: {ours:#?}");
        }
    }
}

#[test]
fn two_builds_with_two_strings_live_in_one_process() {
    let what = "two builds with two strings";
    let Some(python) = Python::default(what) else { return };
    let mut modules = Modules::new(workshop!(), "c-strings", python);
    for (name, linked, strings) in
        [("one", Linked::Statically, "1"), ("two", Linked::ByHeaders, "0"), ("three", Linked::ByHeaders, "1")]
    {
        let native = Native::new(SOURCES[1], name, linked)
            .flag("-fvisibility=default")
            .flag("-O0")
            .flag(&format!("-D_GLIBCXX_USE_CXX11_ABI={strings}"));
        let Some(more) = native.add_to(modules, workshop!(), what) else { return };
        modules = more;
    }
    let script = "
import os
# As some programs do: the dynamic linker unites what it can.
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import one, two, three
if 'cxx11=-' in one.facts()[0]:
    skip('this C++ has no such switch')
modules = {one: '1', two: '0', three: '1'}
for module, strings in modules.items():
    assert f'cxx11={strings}' in module.facts()[0], module.facts()
    assert module.facts()[2].endswith('@' + module.__name__), module.facts()
    assert module.shapes()[0].startswith(module.facts()[0]), module.shapes()
    assert module.norm(module.make(3, 4)) == 5.0
assert one.norm(three.make(3, 4)) == three.norm(one.make(3, 4)) == 5.0
for user, maker in (one, two), (two, one), (three, two):
    refused('native-abi', user.norm, maker.make(3, 4))
assert one.tick() == 1 and three.tick() == 2
refused('kind-differs', two.tick)
for module, says in (one, 'three'), (two, 'two'), (three, 'three'):
    try:
        module.fail(0)
    except ArithmeticError as error:
        assert str(error) == f'lost in detail, says {says}', error
";
    let outcome = modules.run(script);
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
    outcome.passed();
}

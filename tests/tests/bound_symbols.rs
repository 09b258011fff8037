//! What modules of a C++ binding layer have in common: nothing. Two of them may have been built with other layers and other
//! standard libraries, and one dynamic linker sees the symbols of both.

use std::fs;

use interbind_tests::modules::Modules;
use interbind_tests::native::Native;
use interbind_tests::python::Python;
use interbind_tests::workshop;
use object::{Object, ObjectSymbol};

const WHAT: &str = "the symbols of a C++ binding layer";

/// What the layer's and the headers' symbols have in their names.
const OURS: [&str; 2] = ["7binding", "9interbind"];

fn build(
    python: &'static Python,
    source: &'static str,
    name: &'static str,
    strings: &str,
) -> Option<Modules> {
    // As an author may build who knows nothing of hidden symbols.
    let module = Native::bound(source, name)
        .flag("-fvisibility=default")
        .flag(&format!("-D_GLIBCXX_USE_CXX11_ABI={strings}"));
    let modules = Modules::new(workshop!(), &format!("symbols-{name}"), python);
    module.add_to(modules, workshop!(), WHAT)
}

#[test]
fn no_symbol_of_the_layer_is_seen_outside_its_module() {
    let Some(python) = Python::find("3.13", WHAT) else { return };
    for (source, name) in [
        ("tests/fixtures/capi/hostile.cpp", "hostile"),
        ("tests/fixtures/capi/bound.cpp", "bound"),
        ("tests/fixtures/capi/keywords.cpp", "keywords"),
    ] {
        let Some(modules) = build(python, source, name, "1") else { return };
        let bytes = fs::read(modules.file(name)).expect("it was built");
        let file = object::File::parse(&*bytes).expect("a library");
        let seen: Vec<_> = file
            .dynamic_symbols()
            .filter(|symbol| symbol.is_definition())
            .filter_map(|symbol| symbol.name().ok())
            .filter(|symbol| OURS.iter().any(|ours| symbol.contains(ours)))
            .collect();
        assert!(seen.is_empty(), "{name}: {seen:#?}");
        let start = format!("PyInit_{name}");
        assert!(file.dynamic_symbols().any(|symbol| symbol.name() == Ok(&start)), "{name} exports its start");
    }
}

#[test]
fn modules_with_two_kinds_of_strings_stand_in_one_process() {
    let Some(python) = Python::find("3.13", WHAT) else { return };
    let hostile = build(python, "tests/fixtures/capi/hostile.cpp", "hostile", "1");
    let keywords = build(python, "tests/fixtures/capi/keywords.cpp", "keywords", "0");
    let (Some(hostile), Some(keywords)) = (hostile, keywords) else { return };
    let place = keywords.file("keywords");
    let place = place.parent().expect("a file lies in a folder").display();
    let script = format!(
        "
import sys
sys.path.append({:?})
import hostile, keywords
for turn in range(100):
    for call in lambda: hostile.swallow('a'), lambda: keywords.which(text=1), lambda: hostile.Whole(1):
        try:
            call()
        except TypeError as error:
            assert 'takes:' in str(error), error
        else:
            raise AssertionError('it was taken')
    assert keywords.shown('a text that is too long for the object', 2).endswith('object')
    assert hostile.Plainer().text.startswith('a text that is too long')
",
        place.to_string()
    );
    let outcome = hostile.run(&script);
    assert!(outcome.status.success() && outcome.stderr.is_empty(), "{outcome:#?}");
}

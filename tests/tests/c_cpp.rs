//! Clients in C++ of the headers: what two modules share, and what they refuse when their C++, or their version of a class, is
//! another.
//!
//! Both are built of one source, `one` with the static library and `two` by headers alone.

use interbind_tests::laws::hold;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::python::Python;
use interbind_tests::workshop;

use Linked::{ByHeaders, Statically};

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

/// Two modules in C++, for an interpreter.
fn in_cpp(test: &str, python: &'static Python, linked: [Linked; 2], flags: [&str; 2]) -> Option<Modules> {
    let mut modules = Modules::new(workshop!(), test, python);
    for ((name, linked), flag) in ["one", "two"].into_iter().zip(linked).zip(flags) {
        let native = Native::new("tests/fixtures/capi/client.cpp", name, linked).flag(flag);
        modules = native.add_to(modules, workshop!(), "clients in C++")?;
    }
    Some(modules)
}

/// What two modules in C++ share: a class by its key, exceptions, a datum. `one` translates nothing, `two` does.
const CPP: &str = "
import one, two
abi, key, local, same = one.facts()
assert abi == two.facts()[0] and key == two.facts()[1] == 'c++:N6shared6vectorE' and same
assert abi.startswith('language=c++ abi=itanium lib='), abi
assert local == key + '@one' and two.facts()[2] == key + '@two', local
for vector in one.make(3, 4), one.make_tracked(3, 4):
    assert one.norm(vector) == two.norm(vector) == one.raw_norm(vector) == two.raw_norm(vector) == 5.0
assert one.norm(two.make(6, 8)) == 10.0
assert [one.tick(), two.tick(), one.tick()] == [1, 2, 3]
assert one.keep(lambda: None, vector) is None
def raised(call, *arguments):
    try:
        call(*arguments)
    except BaseException as error:
        return type(error).__name__, str(error)
for module in one, two:
    assert raised(module.fail, 0) == raised(module.fail, 7) == ('ArithmeticError', 'lost in detail, says two')
    assert raised(module.fail, 1) == ('IndexError', 'beyond')
    assert raised(module.fail, 2)[0] == 'MemoryError'
    assert raised(module.fail, 3) == ('RuntimeError', 'an unknown C++ exception')
    assert raised(module.fail, 4)[0] == 'SystemError'
    assert raised(module.fail, 5)[0] == 'KeyError'
    assert raised(module.fail, 6) == ('RuntimeError', 'secret')
    assert module.fail(8) is None
refused('wrong-object', one.norm, 3)
# What one gets depends on what the provider promises.
for module in one, two:
    refused('untracked', module.norm, one.make_loose(3, 4))
    assert module.raw_norm(one.make_loose(3, 4)) == 5.0
    refused('untracked', module.scale, one.make_loose(3, 4))
    refused('frozen', module.scale, one.make(3, 4))
    vector = one.make_tracked(3, 4)
    refused('already-borrowed', module.scale, vector)
    assert module.norm(vector) == 10.0
# A class of one file is never another module's, though it has one name and one shape.
assert one.take_hidden(one.make_hidden()) == two.take_hidden(two.make_hidden()) == 4.0
for user, maker in (one, two), (two, one):
    refused('wrong-object', user.take_hidden, maker.make_hidden())
assert one.linkage() == 0, bin(one.linkage())
vector, derived, hidden, _, bases, reached = one.shapes()
assert vector == abi + ' size=16 align=8 polymorphic=no tag=2.0 ~fields=x:f64@0,y:f64@8', vector
assert derived.startswith(abi + ' size=32 align=8 polymorphic=yes ~bases=N6shared4baseE@0,N6shared11second_baseE@'), derived
assert hidden == abi + ' size=8 align=8 polymorphic=no', hidden
assert bases == 2 and reached
# A module that was never executed.
import importlib.util
made = importlib.util.module_from_spec(importlib.util.find_spec('one'))
assert raised(made.norm, vector)[0] == 'SystemError'
";

#[test]
fn modules_in_cpp_share_classes_exceptions_and_data() {
    for name in ["3.11", "3.13t", "3.15"] {
        let Some(python) = Python::find(name, "clients in C++") else { continue };
        let Some(modules) = in_cpp("cpp", python, [Statically, ByHeaders], ["-DFIRST", "-DSECOND"]) else {
            return;
        };
        hold(&modules, "", &("modules_in_cpp_share_classes_exceptions_and_data", CPP), quiet);
    }
}

#[test]
fn modules_of_another_cpp_are_refused_part_by_part() {
    let Some(python) = Python::default("clients of another C++") else { return };
    let flags = ["-D_GLIBCXX_USE_CXX11_ABI=1", "-D_GLIBCXX_USE_CXX11_ABI=0"];
    let Some(modules) = in_cpp("cpp-differs", python, [Statically, ByHeaders], flags) else { return };
    let law = (
        "modules_of_another_cpp_are_refused_part_by_part",
        "
import one, two
if 'cxx11=-' in one.facts()[0]:
    skip('this C++ has no such switch')
for user, maker in (one, two), (two, one):
    error = refused('native-abi', user.norm, maker.make(3, 4))
    theirs, ours = ('0', '1') if user is one else ('1', '0')
    assert f'cxx11: provider has {theirs}, this module expects {ours}' in str(error), error
    assert user.norm(user.make(3, 4)) == 5.0
# Only translators of the same C++ are asked.
for module, says in (one, 'lost in detail, says one'), (two, 'lost in detail, says two'):
    try:
        module.fail(0)
    except ArithmeticError as error:
        assert str(error) == says, error
refused('kind-differs', (one.tick(), two.tick)[1])
",
    );
    hold(&modules, "", &law, quiet);
}

#[test]
fn modules_of_another_version_of_a_class_are_refused_part_by_part() {
    let Some(python) = Python::default("clients of another version of a class") else { return };
    let skews = [
        ("-DSKEW=1", "layout-differs", "size: provider has 24, this module expects 16"),
        ("-DSKEW=2", "version-differs", "tag: provider has 3.0, this module expects 2.0"),
        (
            "-DSKEW=3",
            "layout-differs",
            "~fields: provider has x:f64@8,y:f64@0, this module expects x:f64@0,y:f64@8",
        ),
    ];
    for (flag, slug, line) in skews {
        let Some(modules) = in_cpp("cpp-skew", python, [Statically, ByHeaders], ["-DSKEW=0", flag]) else {
            return;
        };
        let script = format!(
            "
import one, two
error = refused({slug:?}, one.norm, two.make(3, 4))
assert {line:?} in str(error) and 'provider: two' in str(error) and 'fix: ' in str(error), error
refused({slug:?}, two.norm, one.make(3, 4))
assert one.norm(one.make(3, 4)) == two.norm(two.make(3, 4)) == 5.0
# Each module's exceptions go to translators of its own version.
for module, names in (one, ['one']), (two, ['two']):
    if {flag:?} != '-DSKEW=1':
        names = ['one', 'two']
    try:
        module.fail(0)
    except ArithmeticError as error:
        assert str(error) in ['lost in detail, says ' + name for name in names], error
if {flag:?} == '-DSKEW=1':
    assert one.tick() == 1
    error = refused('kind-differs', two.tick)
    assert 'size=8 ' in str(error) and 'size=72 ' in str(error), error
"
        );
        quiet(&modules.run(&script));
    }
}

/// The struct that the fixture in C++ declares, with every kind of field.
mod everything {
    #![allow(dead_code, reason = "only the layout counts")]

    use interbind::{Reserved, Shared};

    /// A struct in the struct.
    #[derive(Clone, Copy, Shared)]
    #[shared(name = "org.capi.Inner", version = "1.0.0")]
    #[repr(C)]
    pub struct Inner {
        a: u16,
        gap: Reserved<2>,
        b: [f32; 2],
    }

    /// Its enum.
    #[derive(Clone, Copy, Shared)]
    #[repr(i16)]
    #[allow(non_camel_case_types, reason = "the names are those of C++")]
    pub enum Mood {
        calm = -3,
        loud = 7,
    }

    /// The struct.
    #[derive(Clone, Copy, Shared)]
    #[shared(name = "org.capi.Everything", version = "1.2.0")]
    #[repr(C)]
    pub struct Everything {
        i8: i8,
        u8: u8,
        i16: i16,
        i32: i32,
        u64: u64,
        f64: f64,
        flag: bool,
        gap: Reserved<3>,
        letter: char,
        matrix: [[u32; 2]; 3],
        feeling: Mood,
        gap2: Reserved<2>,
        nested: Inner,
    }
}

#[test]
fn plain_data_in_cpp_has_the_text_that_rust_derives() {
    let Some(python) = Python::default("plain data in C++") else { return };
    let Some(modules) = in_cpp("cpp-data", python, [Statically, ByHeaders], ["-DFIRST", "-DSECOND"]) else {
        return;
    };
    let said = modules.run("import one\nprint(one.shapes()[3])").passed();
    assert_eq!(said.trim(), <everything::Everything as interbind::Shared>::DESCRIPTOR);
}

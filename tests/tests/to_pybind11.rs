//! Classes of modules that use interbind, as arguments of functions that unmodified pybind11 modules have.
//!
//! `geo` is the module of pybind11, `ours` has classes in C that answer it, `rusty` some in Rust. Two ways lead there: pybind11 3.1 asks the attribute
//! of a class first, everywhere; every release asks the method, where it may convert.

use interbind_tests::casters::Caster;
use interbind_tests::extension::Extension;
use interbind_tests::laws::{Law, at_once, go_through};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::Package;
use interbind_tests::pairs::Library::Pybind11;
use interbind_tests::python::Python;
use interbind_tests::takers::pyo3_for;
use interbind_tests::workshop;

const WHAT: &str = "classes that answer pybind11";

/// A release, what its module is compiled with, and the interpreters that it is tried on.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The builds of `from_pybind11`.
const CASES: &[Case] = &[
    ("2.11.2", &[], &["3.11"]),
    ("3.1.0", &[], &["3.13", "3.13t"]),
    // An id that nobody else has: its functions ask the method alone.
    ("3.1.0", &["-DPYBIND11_COMPILER_TYPE=\"mine\""], &["3.13"]),
];

/// Those that are tried with `INTERBIND_PAIRS=all` besides.
const MORE_CASES: &[Case] = &[
    ("2.12.1", &[], &["3.12"]),
    ("2.13.6", &["-DSHARED"], &["3.13"]),
    ("3.0.1", &[], &["3.13"]),
    ("3.1.0", &["-DSHARED"], &["3.13"]),
];

/// Classes in Rust: `Asked` may be borrowed exclusively in Rust, `Stiff` has no weak references.
const RUSTY: &str = include_str!("../fixtures/foreign/answering.rs");

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

/// What stands before each law: whether pybind11 asks the attribute.
fn before(version: &str, flags: &[&str]) -> String {
    format!(
        "
import ours, rusty, geo
LOADS = {}
kinds = ours.Point, ours.Asked, rusty.Point, rusty.Asked
CONDUIT = '_pybind11_conduit_v1_'
LOADER = [name for name in vars(ours.Point) if name.startswith('__pybind11_module_local_v12_')]
assert len(LOADER) == 3
def raised(type, words, call, *arguments):
    try:
        result = call(*arguments)
    except type as error:
        assert words in str(error), error
        return error
    raise AssertionError(f'{{words!r}} is expected, not {{result!r}}')
def nothing_is_lent():
    assert ours.borrows() == 0
",
        if version.starts_with("3.1") && !flags.iter().any(|flag| flag.contains("COMPILER_TYPE")) {
            "True"
        } else {
            "False"
        }
    )
}

const LAWS: &[Law] = &[
    (
        "functions_of_pybind11_take_our_objects",
        "
for kind in kinds:
    class Sub(kind): pass
    class Slots(kind): __slots__ = ()
    for p in kind(3, 4), Sub(3, 4), Slots(3, 4):
        for f in geo.norm, geo.norm_of_value, geo.norm_detached:
            assert f(p) == 5.0, (kind, f)
        assert geo.of_pointer(p) == 3.0
        geo.set_x(p, 7.5)
        assert p.x == 7.5
        q = geo.copied(p)
        assert type(q) is geo.Point and q.x == 7.5 and q.y == 4.0
        nothing_is_lent()
        # In the first pass over overloads, and where nothing is converted, the attribute alone is asked.
        assert geo.chosen(p) == ('point' if LOADS else 'object')
        if LOADS:
            assert geo.norm_without_conversion(p) == 8.5
        else:
            raised(TypeError, 'incompatible', geo.norm_without_conversion, p)
assert geo.norm(geo.Point(3, 4)) == 5.0
",
    ),
    (
        "another_c_plus_plus_type_is_not_answered",
        "
for kind in kinds:
    raised(TypeError, 'incompatible', geo.of_other, kind(1, 2))
for kind in ours.Frozen, ours.Stiff:
    assert not hasattr(kind, CONDUIT)
    raised(TypeError, 'incompatible', geo.norm, kind(3, 4))
raised(TypeError, 'incompatible', geo.norm, ours.Point)
raised(TypeError, 'incompatible', geo.norm, None)
",
    ),
    (
        "a_refusal_of_the_provider_reaches_the_caller",
        "
p = ours.Asked(3, 4)
ours.refuse(True)
for f in geo.norm, geo.norm_of_value, geo.norm_detached:
    error = raised(RuntimeError, 'the object is lent', f, p)
    assert 'provider: ours 1.0.0' in str(error) and 'fix: ' in str(error), error
raised(TypeError, 'incompatible', geo.norm_without_conversion, p)
ours.refuse(False)
assert geo.norm(p) == 5.0
nothing_is_lent()
# While Rust code has a `&mut` to it, nobody else has it.
p = rusty.Asked(3, 4)
p.during(lambda: refused('already-borrowed', geo.norm, p))
assert geo.norm(p) == 5.0
",
    ),
    (
        "python_code_cannot_have_it_answer_for_another_object",
        "
method, loaders = vars(ours.Point)[CONDUIT], [vars(ours.Point)[name] for name in LOADER]
class Empty: pass
for base in (), (geo.Other,), (ours.Frozen,), (ours.Stiff,), (int,):
    kind = type('Kind', base, {CONDUIT: method, **dict(zip(LOADER, loaders))})
    o = kind(1, 2) if base and base[0] is not int else kind()
    # A method descriptor looks at its object, the loader too.
    raised(TypeError, '', geo.norm, o)
    raised(TypeError, '', geo.of_other, o) if base != (geo.Other,) else None
# What is called by hand.
p, asked = ours.Point(3, 4), []
class Spy:
    def _pybind11_conduit_v1_(self, *arguments):
        asked.append(arguments)
raised(TypeError, 'incompatible', geo.norm, Spy())
(id, type_info, kind), = asked
name = type(type_info).__name__
assert name == 'PyCapsule'
assert type(p._pybind11_conduit_v1_(id, type_info, kind)) is type(type_info)
assert type(p._pybind11_conduit_v1_(b'any', type_info, kind)) is type(type_info)
import datetime
for wrong in datetime.datetime_CAPI, p._pybind11_conduit_v1_(id, type_info, kind), loaders[0]:
    assert p._pybind11_conduit_v1_(id, wrong, kind) is None
raised(RuntimeError, 'raw_pointer_ephemeral', p._pybind11_conduit_v1_, id, type_info, b'other')
raised(RuntimeError, 'raw_pointer_ephemeral', p._pybind11_conduit_v1_, id, type_info, b'')
for arguments in (), (id,), (id, type_info), (id, type_info, kind, kind), (id, None, kind), ('x', type_info, kind), (id, type_info, 'x'):
    raised(TypeError, '', p._pybind11_conduit_v1_, *arguments)
raised(TypeError, '', ours.Point._pybind11_conduit_v1_, ours.Asked(1, 2), id, type_info, kind)
# What is removed isn't answered.
class Gone(ours.Point): pass
for name in LOADER:
    setattr(Gone, name, 3) if not LOADS else setattr(Gone, name, loaders[0])
assert geo.norm(Gone(3, 4)) == 5.0
setattr(Gone, CONDUIT, None)
assert geo.norm(Gone(3, 4)) == 5.0 if LOADS else raised(TypeError, 'incompatible', geo.norm, Gone(3, 4))
",
    ),
    (
        "what_ends_is_not_answered",
        "
p = ours.Point(3, 4)
assert geo.norm(p) == 5.0
ours.unpublish(ours.Point)
raised(TypeError, 'incompatible', geo.norm, p)
raised(TypeError, 'incompatible', geo.norm_without_conversion, p)
assert geo.norm(ours.Asked(3, 4)) == 5.0
# Objects that die in the call: the call holds them.
for _ in range(100):
    assert geo.norm(ours.Asked(3, 4)) == 5.0
for kind in ours.Asked, rusty.Point, rusty.Asked:
    box, seen = [kind(3, 4)], []
    def ends():
        box.clear()
        collect()
        seen.extend(kind(-1, -1) for _ in range(50))
    assert geo.x_after(box[0], ends) == 3.0 and len(seen) == 50
",
    ),
    (
        "a_class_that_may_not_answer_is_refused",
        "
for kind, which, words in [
    (ours.Frozen, 2, 'tracks no borrows'), (ours.Stiff, 3, 'weak references'), (ours.Stiff, 0, \"isn't published\"),
    (int, 0, \"isn't published\"), (type('Sub', (ours.Point,), {}), 0, \"isn't published\"),
]:
    raised(SystemError, words, ours.open, kind, which)
    assert kind is int or kind.__name__ == 'Sub' or not hasattr(kind, CONDUIT)
# Nothing of it stays behind.
for _ in range(2):
    raised(TypeError, '(not-shareable)', rusty.publish_stiff)
    assert 'weak references' in str(raised(TypeError, 'Stiff', rusty.publish_stiff))
# Twice is nothing.
ours.open(ours.Point, 0)
assert geo.norm(ours.Point(3, 4)) == 5.0
",
    ),
    (
        "pybind11_can_keep_what_it_was_given",
        "
class Kept: pass
import weakref
for kind in ours.Point, rusty.Point:
    nurse, patient = kind(1, 2), Kept()
    seen = weakref.ref(patient)
    geo.kept(nurse, patient)
    del patient
    collect()
    assert seen() is not None
    del nurse
    collect()
    assert seen() is None
",
    ),
    (
        "a_shared_pointer_is_whole_or_refused",
        "
if hasattr(geo, 'shared'):
    p = ours.Point(3, 4)
    if LOADS:
        assert geo.shared(p) == 3.0
    else:
        # A pybind11 before 3.1 passes an empty one for every stranger's object that it asks a conduit for, which nobody can tell.
        assert geo.shared(p) == -1.0
",
    ),
    (
        "threads_call_at_once",
        "
p = ours.Point(3, 4)
failed = []
def work():
    try:
        own = ours.Asked(6, 8)
        for _ in range(300):
            assert geo.norm(p) == 5.0 and geo.norm(own) == 10.0
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
",
    ),
];

#[test]
fn functions_of_unmodified_pybind11_modules_take_our_objects() {
    let mut cases = Vec::new();
    let more = std::env::var("INTERBIND_PAIRS").is_ok_and(|value| value == "all");
    for (version, flags, pythons) in CASES.iter().chain(MORE_CASES.iter().filter(|_| more)) {
        for name in *pythons {
            cases.extend(Python::find(name, WHAT).map(|python| (*version, *flags, python)));
        }
    }
    at_once(&cases, |(version, flags, python)| {
        let workshop = workshop!();
        let modules = Modules::new(workshop, "to-pybind11", python);
        let native = Native::new("tests/fixtures/foreign/conduit.c", "ours", Linked::Statically);
        let Some(modules) = native.add_to(modules, workshop, WHAT) else { return };
        let pyo3 = pyo3_for(python);
        let folder = workshop.join(format!("answering-{}", pyo3.release));
        let package = Package::new("rusty", RUSTY).interbind("\"pyo3\"").dependency(pyo3.dependency);
        let modules = modules.with(&Extension::of(&package, &folder));
        let geo =
            Caster::new("geo", Pybind11, version).source("tests/fixtures/foreign/pybind11.cpp").flags(flags);
        let Some(built) = geo.add_to(modules, workshop, WHAT) else { return };
        let modules = built.unwrap_or_else(|said| panic!("{said}"));
        go_through(&modules, &before(version, flags), LAWS, quiet);
    });
}

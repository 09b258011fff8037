//! Objects of nanobind's classes, from modules that know nothing of interbind, taken by modules in C and in Rust; and nanobind objects
//! that refer to the data of modules that do.
//!
//! `geo` is the module of nanobind, and has its nanobind in it; `split` has it in the package `nanobind_backend`, in the same state.
//! `taker` takes points, `second` is another build of that, and `rusty` takes them in Rust; `ours` and `answering` have classes
//! that answer as C++'s point.

use interbind_tests::casters::{Caster, backend};
use interbind_tests::extension::Extension;
use interbind_tests::laws::{Law, at_once, go_through, hold};
use interbind_tests::modules::Modules;
use interbind_tests::native::{Linked, Native, with_runtime};
use interbind_tests::package::Package;
use interbind_tests::pairs::Library::Nanobind;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::takers::{RUSTY, pyo3_for, takers};
use interbind_tests::workshop;

const WHAT: &str = "nanobind's objects";

const SOURCE: &str = "tests/fixtures/foreign/nanobind.cpp";
const BACKEND: &str = "1.0.0";

/// A release, and an interpreter that its modules are tried on. The package is there for these.
const CASES: &[(&str, &str)] = &[("3.1.0", "3.11")];

/// Those that are tried with `INTERBIND_PAIRS=all` besides.
const MORE_CASES: &[(&str, &str)] = &[("3.0.0", "3.11"), ("3.1.0", "3.13"), ("3.1.0", "3.14")];

/// What lets nobody in: how it's built, the interpreter, and what is said.
const CLOSED: &[(&str, bool, &str, &str)] = &[
    ("2.4.0", false, "3.11", "older than 3"),
    ("2.9.2", false, "3.11", "older than 3"),
    ("2.15.0", false, "3.11", "older than 3"),
    ("3.1.0", true, "3.14", "one for the stable ABI"),
    ("3.1.0", false, "3.13t", "nanobind-backend, which reaches it, can't be used"),
];

/// Points in Rust that answer as C++'s.
const ANSWERING: &str = include_str!("../fixtures/foreign/answering.rs");

/// The modules that know interbind.
fn ours(python: &'static Python) -> Option<Modules> {
    let workshop = workshop!();
    let mut modules = takers(Modules::new(workshop, "from-nanobind", python), workshop, WHAT)?;
    let pyo3 = pyo3_for(python);
    for (name, source) in [("rusty", RUSTY), ("answering", ANSWERING)] {
        let source = if name == "rusty" { source.to_owned() } else { source.replace("rusty", name) };
        let package = Package::new(name, &source).interbind("\"pyo3\"").dependency(pyo3.dependency);
        let folder = workshop.join(format!("nanobind-{name}-{}", pyo3.release));
        modules = modules.with(&Extension::of(&package, &folder));
    }
    Some(modules)
}

fn module(modules: Modules, caster: &Caster) -> Option<Modules> {
    caster.add_to(modules, workshop!(), WHAT).map(|made| made.unwrap_or_else(|said| panic!("{said}")))
}

fn built(version: &'static str, python: &'static Python) -> Option<Modules> {
    let workshop = workshop!();
    let modules = backend(ours(python)?, workshop, BACKEND, WHAT)?;
    let modules = Native::new("tests/fixtures/foreign/conduit.c", "ours", Linked::Statically)
        .add_to(modules, workshop, WHAT)?;
    let modules = module(modules, &Caster::new("geo", Nanobind, version).source(SOURCE))?;
    let wide = Caster::new("wide", Nanobind, version).source(SOURCE).flags(&["-DWIDE", "-DNB_DOMAIN=wide"]);
    let modules = module(modules, &wide)?;
    let split = Caster::new("split", Nanobind, version).source(SOURCE).flags(&["-DNB_DOMAIN=apart"]).split();
    Some(with_runtime(module(modules, &split)?, workshop))
}

const BEFORE: &str = "
import taker, second, rusty, geo, split
both = taker, second, rusty
kinds = geo.Point, geo.Deeper, split.Point, split.Deeper
";

const LAWS: &[Law] = &[
    (
        "objects_of_nanobind_are_taken_where_their_point_is",
        "
class Sub(geo.Point):
    pass
class Slots(split.Point):
    __slots__ = 'more',
for m in both:
    for kind in (*kinds, Sub, Slots):
        p = kind(3, 4)
        assert m.norm(p) == 5.0, kind
        # What one module has found, each of them knows.
        assert taker.norm_unadapted(p) == 5.0
        p.x, p.y = 6.0, 8.0
        assert m.norm(p) == 10.0
p = geo.Point(1, 2)
assert taker.address(p) == geo.address(p)
assert taker.norm(geo.one_of_ours()) == geo.norm(geo.one_of_ours())
# A record for each class that has a point in C++.
assert taker.records() == 2, taker.records()
",
    ),
    (
        "what_holds_no_point_is_refused",
        "
class Meta(type): pass
class nb_type(type): pass
others = [geo.Other(1, 2), geo.Virtuals(), split.Virtuals(), 3, None, geo, geo.Point, type(geo.Point), Meta('C', (), {})()]
for o in others:
    refused('not-published', taker.norm, o)
# A class whose metaclass only has the name is asked for in vain.
for m in both:
    error = refused('wrong-object', m.norm, nb_type('C', (), {})())
    assert 'knows the class' in str(error) and 'fix: ' in str(error), error
assert taker.records() == 0 and taker.norm(geo.Point(3, 4)) == 5.0
for o in others:
    error = refused('wrong-object', taker.norm, o)
    assert 'provider: geo (nanobind, system_' in str(error), error
refused('untracked', taker.write, geo.Point(1, 2))
",
    ),
    (
        "an_object_without_a_value_is_refused",
        "
class Sub(geo.Point):
    def __init__(self): pass
for known in False, True:
    if known:
        assert taker.norm(geo.Point(3, 4)) == rusty.norm(geo.Point(3, 4)) == 5.0
    for m in both:
        for o in Sub(), geo.Point.__new__(geo.Point):
            error = refused('wrong-object', m.norm, o)
            assert '__init__' in str(error), error
        p = geo.Point(3, 4)
        assert geo.take_over(p) == 3.0
        refused('wrong-object', m.norm, p)
        q = geo.Point(3, 4)
        assert m.norm(q) == 5.0 and geo.take_over(q) == 3.0
        refused('wrong-object', m.norm, q)
",
    ),
    (
        "a_class_of_another_size_is_refused",
        "
import wide
for m in both:
    error = refused('layout-differs', m.norm, wide.Point(3, 4))
    assert 'size: provider has 24, this module expects 16' in str(error) and 'fix: ' in str(error), error
    assert m.norm(geo.Point(3, 4)) == 5.0
    refused('layout-differs', m.norm, wide.Deeper(3, 4))
",
    ),
    (
        "a_package_that_is_not_nanobinds_misleads_nobody",
        "
import importlib, types
# `split` has imported the real one.
real = sys.modules.pop('nanobind_backend')
kept = []
def fails(*arguments):
    raise KeyError('no')
def keeps(*arguments):
    kept.append(arguments)
class Answers:
    def __getattr__(self, name): return lambda *arguments: real
for fake in types.SimpleNamespace(fill=fails), types.SimpleNamespace(fill=keeps), types.SimpleNamespace(), Answers(), 3, None:
    sys.modules['nanobind_backend'] = fake
    for m in both:
        for kind in kinds:
            error = refused('wrong-object', m.norm, kind(3, 4))
            assert 'nanobind-backend' in str(error) and error.__cause__ is not None, error
# What was kept leads to nothing, now and later.
fill = sys.modules['nanobind_backend._nb_backend_v1'].fill
assert kept
for all in kept:
    fill(*all)
sys.modules['nanobind_backend'] = types.SimpleNamespace(fill=lambda *all: (fill(*all), kept.append(all))[0])
for m in both:
    assert [m.norm(kind(3, 4)) for kind in kinds] == [5.0] * 4
for all in kept:
    fill(*all)
assert [m.norm(kind(6, 8)) for kind in kinds for m in both] == [10.0] * 12
",
    ),
    (
        "code_that_runs_while_the_package_is_imported_changes_nothing",
        "
import types
real = sys.modules['nanobind_backend._nb_backend_v1'].fill
# Each asks about a class that nobody has published.
for m, base in (rusty, split.Point), (taker, geo.Point):
    class Sub(base): pass
    class Other(base): pass
    s, dead = Sub(3, 4), []
    weakref.finalize(Sub, dead.append, 1)
    del Sub
    def fill(*all):
        s.__class__ = Other
        collect()
        return real(*all)
    sys.modules['nanobind_backend'] = types.SimpleNamespace(fill=fill)
    try:
        m.norm(s)
    except TypeError:
        pass
    collect()
    assert dead
    assert m.norm(s) == m.norm(base(3, 4)) == 5.0
",
    ),
    (
        "a_class_that_dies_is_forgotten",
        "
for i in range(50):
    class Fresh(geo.Point): pass
    assert taker.norm(Fresh(3, 4)) == 5.0
del Fresh
collect()
assert taker.records() == 1
p = geo.Point(3, 4)
assert taker.norm(p) == second.norm(p) == rusty.norm(p) == 5.0 and taker.records() == 1
",
    ),
    (
        "threads_take_objects_at_once",
        "
start = threading.Barrier(2 * len(both))
failed = []
def work(m):
    try:
        start.wait()
        own = split.Deeper(6, 8)
        for _ in range(300):
            assert m.norm(geo.Point(3, 4)) == 5.0 and m.norm(own) == 10.0
            refused('wrong-object', m.norm, geo.Point.__new__(geo.Point))
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=(m,)) for m in both * 2]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
def deeper():
    try:
        assert taker.norm(geo.Point(3, 4)) == 5.0
        deeper()
    except RecursionError:
        pass
deeper()
assert taker.norm(geo.Point(3, 4)) == 5.0
",
    ),
    (
        "a_view_refers_to_the_object_and_keeps_it",
        "
import ours, answering
from interbind import view
for kind in ours.Point, ours.Asked, answering.Point, answering.Asked:
    class Sub(kind): pass
    for make in kind, Sub:
        for m in geo, split:
            p = make(3, 4)
            v = view(p, m.Point)
            assert type(v) is m.Point and m.norm(v) == 5.0 and v.y == 4.0
            m.set_x(v, 7.0)
            assert p.x == 7.0 == v.x
            assert taker.norm(v) == taker.norm(p)
            dead = []
            weakref.finalize(p, dead.append, 1)
            del p
            collect()
            assert not dead and v.x == 7.0
            del v
            collect()
            assert dead
# Another view of one object is as good.
p = ours.Point(3, 4)
v, w = view(p, geo.Point), view(p, geo.Point)
v.x = 9.0
assert w.x == p.x == 9.0 and geo.address(v) == geo.address(w)
# A function that returns it gives a view, not a stale object.
del p, v
collect()
assert w.x == 9.0
",
    ),
    (
        "a_view_of_what_is_not_said_to_be_that_is_refused",
        "
import ours, wide, answering
from interbind import view
class Sub(geo.Point): pass
p = ours.Point(3, 4)
for cls in Sub, type(p), object, type, type(geo.Point):
    error = refused('wrong-object', view, p, cls)
    assert 'fix: ' in str(error), error
for o in 3, None, object(), geo.Point(1, 2), geo.Other(1, 2), type:
    refused('not-published', view, o, geo.Point)
for cls in geo.Other, geo.Virtuals, geo.Deeper:
    refused('name-differs', view, p, cls)
error = refused('layout-differs', view, p, wide.Point)
assert 'size: provider has 16, the class expects 24' in str(error), error
error = refused('not-shareable', view, ours.Frozen(1, 2), geo.Point)
assert 'frozen' in str(error)
# What answers is the class itself: a loader on another class answers to nobody.
loaders = {name: value for name, value in vars(ours.Point).items() if name.startswith('__pybind11_module_local')}
class Bare: pass
for name, value in loaders.items():
    setattr(Bare, name, value)
    setattr(answering.Stiff, name, value)
refused('not-published', view, Bare(), geo.Point)
refused('not-published', view, answering.Stiff(1, 2), geo.Point)
for bad in (), (p,), (p, geo.Point, 3), (p, 3), (p, None):
    try:
        view(*bad)
    except TypeError:
        pass
    else:
        raise AssertionError(bad)
ours.refuse(True)
try:
    view(ours.Asked(1, 2), geo.Point)
except Exception:
    pass
else:
    raise AssertionError('its provider refuses')
ours.refuse(False)
assert view(ours.Asked(3, 4), geo.Point).x == 3.0
",
    ),
    (
        "a_view_is_what_both_have_published_too",
        "
import ours
from interbind import view
# Both classes are records of one type: the one by its author, the other by a consumer that knows the C++ class.
p = split.Point(3, 4)
refused('not-published', view, p, geo.Point)
assert taker.norm(p) == taker.norm(geo.Point(3, 4)) == 5.0
v = view(p, geo.Point)
v.x = 6.0
assert p.x == 6.0 and split.address(p) == geo.address(v)
refused('wrong-object', view, split.Point.__new__(split.Point), geo.Point)
",
    ),
];

#[test]
fn modules_in_c_and_in_rust_take_objects_of_nanobind() {
    let mut cases = Vec::new();
    let more = std::env::var("INTERBIND_PAIRS").is_ok_and(|value| value == "all");
    for (version, name) in CASES.iter().chain(MORE_CASES.iter().filter(|_| more)) {
        cases.extend(Python::find(name, WHAT).map(|python| (*version, python)));
    }
    at_once(&cases, |(version, python)| {
        if let Some(modules) = built(version, python) {
            go_through(&modules, BEFORE, LAWS, quiet);
        }
    });
}

const CLOSED_LAW: &str = "
import taker, rusty, geo
for m in taker, rusty:
    error = refused('wrong-object', m.norm, geo.Point(3, 4))
    assert SAID in str(error) and 'fix: ' in str(error), error
    refused('wrong-object', m.norm, geo.Other(3, 4))
    refused('not-published', m.norm, 3)
";

/// Objects of a nanobind before those whose layout is known, where a module has the switch.
const UNKNOWN: &str = "
import taker, second, geo
for _ in range(3):
    error = refused('wrong-object', second.norm, geo.Point(3, 4))
    assert SAID in str(error), error
";

/// Objects of nanobind 2, where a module has the switch for its layout.
const KNOWN: &str = "
import taker, second, geo
class Sub(geo.Point): pass
for kind in geo.Point, geo.Deeper, Sub:
    p = kind(3, 4)
    assert second.norm(p) == 5.0 and second.address(p) == geo.address(p)
    p.x, p.y = 6.0, 8.0
    assert second.norm(p) == 10.0
    # What one module has found, each of them knows.
    assert taker.norm(p) == 10.0
assert second.norm(geo.one_of_ours()) == geo.norm(geo.one_of_ours())
assert second.records() == 1
class Empty(geo.Point):
    def __init__(self): pass
for o in Empty(), geo.Point.__new__(geo.Point):
    refused('wrong-object', second.norm, o)
p = geo.Point(3, 4)
assert geo.take_over(p) == 3.0
refused('wrong-object', second.norm, p)
refused('wrong-object', second.norm, geo.Other(1, 2))
class nb_type(type): pass
class nb_meta(type): pass
refused('wrong-object', second.norm, nb_type('C', (), {})())
for meta in type(geo.Point), type(type(geo.Point)):
    try:
        made = meta('C', (), {})()
    except Exception:
        continue
    refused('wrong-object', second.norm, made)
";

#[test]
fn what_lets_nobody_in_is_refused_by_name() {
    for (version, stable, name, said) in CLOSED {
        let Some(python) = Python::find(name, WHAT) else { continue };
        let caster = Caster::new("geo", Nanobind, version).source(SOURCE);
        let caster = if *stable { caster.stable() } else { caster };
        let Some(modules) = ours(python).and_then(|modules| module(modules, &caster)) else { continue };
        let before = format!("SAID = {said:?}");
        hold(&modules, &before, &("what_lets_nobody_in_is_refused_by_name", CLOSED_LAW), quiet);
        if *version == "2.4.0" {
            hold(&modules, &before, &("a_layout_that_is_not_known_is_not_read", UNKNOWN), quiet);
        } else if said == &"older than 3" && cfg!(target_os = "linux") {
            hold(&modules, "", &("a_known_layout_is_read", KNOWN), quiet);
        }
    }
}

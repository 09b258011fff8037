//! Modules of Cython that share: a `cdef class` whose struct others take, and functions that take every published point.
//!
//! `cypoint` is the module that the page on Cython shows, beside classes in C.

use std::fs;

use interbind_tests::casters::{Caster, points};
use interbind_tests::cython::add_to;
use interbind_tests::laws::{Law, at_once, go_through};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::repository;
use interbind_tests::pairs::Library::Pybind11;
use interbind_tests::python::Python;
use interbind_tests::workshop;

const WHAT: &str = "modules of Cython";

/// A release, and whether its module says that it needs no GIL; 3.0's C doesn't compile for a free-threaded Python.
const CASES: &[(&str, &str, bool)] =
    &[("3.0.12", "3.13", false), ("3.2.9", "3.13", false), ("3.2.9", "3.13t", true)];

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

fn source() -> String {
    fs::read_to_string(repository().join("tests/fixtures/cython/cypoint.pyx"))
        .expect("it is in this repository")
}

const BEFORE: &str = "
import points, taker, geo, cypoint as c
kinds = points.Frozen, points.Tracked, points.Untracked, points.Plain, c.Point, c.Answer
def raised(type, words, call, *arguments):
    try:
        result = call(*arguments)
    except type as error:
        assert words in str(error), error
        return error
    raise AssertionError(f'{words!r} is expected, not {result!r}')
def nothing_is_lent():
    assert points.borrows()[0] == 0, points.borrows()
";

const LAWS: &[Law] = &[
    (
        "functions_take_every_published_point",
        "
for kind in kinds:
    class Sub(kind): pass
    for p in kind(3, 4), Sub(3, 4):
        assert c.norm(p) == c.norm_detached(p) == 5.0 and c.x_of(p) == 3.0
        nothing_is_lent()
assert c.norm_own(c.Point(3, 4)) == 5.0
raised(TypeError, 'Point', c.norm_own, points.Frozen(3, 4))
for _ in range(3):
    assert [c.norm(kind(3, 4)) for kind in kinds] == [5.0] * 6
",
    ),
    (
        "a_published_class_is_taken_elsewhere",
        "
class Sub(c.Point): pass
for p in c.Point(3, 4), Sub(3, 4):
    assert taker.norm(p) == 5.0
    c.set_x(p, 0.0)
    assert p.x == 0.0 and taker.norm(p) == 4.0
refused('untracked', taker.write, c.Point(1, 2))
",
    ),
    (
        "a_function_that_writes_honours_what_the_class_promises",
        "
for kind in kinds[1:]:
    p = kind(1, 2)
    c.set_x(p, 7.0)
    assert c.x_of(p) == 7.0
refused('frozen', c.set_x, points.Frozen(1, 2), 7.0)
p = points.Tracked(1, 2)
c.with_callback(p, lambda: refused('already-borrowed', c.set_x, p, 7.0))
nothing_is_lent()
",
    ),
    (
        "an_error_is_an_error_and_minus_one_a_number",
        "
for o in 3, 'text', None, object(), points.Unshared(1, 2), points.Frozen:
    for f in c.norm, c.norm_detached, c.x_of:
        refused('wrong-object', f, o)
refused('version-differs', c.norm, points.Newer(1, 2))
refused('layout-differs', c.norm, points.Swapped(1, 2))
assert c.x_of(points.Tracked(-1, 0)) == -1.0
raised(KeyError, '1.0', c.raises_inside, points.Tracked(1, 2))
def fails(): raise ZeroDivisionError('no')
raised(ZeroDivisionError, 'no', c.with_callback, points.Tracked(1, 2), fails)
def refuses(o): raise ZeroDivisionError('refused')
points.on_borrow(refuses)
for f in c.norm, c.norm_detached, c.x_of:
    raised(ZeroDivisionError, 'refused', f, points.Tracked(1, 2))
points.on_borrow(None)
nothing_is_lent()
# The last reference but the call's own goes.
box = [points.Tracked(3, 4)]
assert c.with_callback(box[0], box.clear) == 3.0
nothing_is_lent()
",
    ),
    (
        "several_loans_end_whichever_of_them_began",
        "
p = points.Tracked(3, 4)
assert c.distance(p, points.Frozen(0, 0)) == c.distance(c.Point(3, 4), c.Point(0, 0)) == 5.0
for first, second in (p, None), (None, p), (3, 3), (p, points.Newer(1, 2)):
    raised(TypeError, '', c.distance, first, second)
    nothing_is_lent()
",
    ),
    (
        "the_module_is_called_by_the_version_that_it_made",
        "
made = [bytes([65]) * size for size in range(1, 200) for _ in range(50)]
assert 'consumer: cypoint 1.5.0' in str(refused('version-differs', c.norm, points.Newer(1, 2)))
assert 'provider: cypoint 1.5.0' in str(refused('untracked', taker.write, c.Point(1, 2)))
",
    ),
    (
        "functions_of_unmodified_pybind11_take_what_answers_them",
        "
class Sub(c.Answer): pass
for p in c.Answer(3, 4), Sub(3, 4):
    assert geo.norm(p) == geo.norm_of_value(p) == 5.0
    geo.set_x(p, 0.0)
    assert c.norm(p) == 4.0
raised(TypeError, 'incompatible', geo.norm, c.Point(3, 4))
raised(SystemError, \"isn't published\", c.answer_again, c.Point)
for o in 3, None:
    raised(TypeError, 'takes a class', c.answer_again, o)
assert c.answer_again(c.Answer) == 0
",
    ),
    (
        "what_is_no_class_is_not_published",
        "
for o in 3, None, 'text', c.Point(1, 2):
    raised(TypeError, 'takes a class', c.publish_again, o)
raised(SystemError, \"doesn't lie inside\", c.publish_again, object)
assert c.publish_again(c.Point) == 0
for name in 'nobody', 3, None:
    raised(ImportError, '__name__', c.bind_as, name)
assert c.bind_as('cypoint') == 0 and c.norm(c.Point(3, 4)) == 5.0
",
    ),
    (
        "threads_take_points_at_once",
        "
p, failed = c.Point(3, 4), []
def work():
    try:
        own = points.Frozen(6, 8)
        for _ in range(300):
            assert c.norm(p) == 5.0 and c.norm_detached(own) == 10.0
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
if not getattr(sys, '_is_gil_enabled', lambda: True)():
    print('without a GIL')
",
    ),
];

#[test]
fn modules_of_cython_share_points() {
    let cases = CASES.iter().filter_map(|case| Python::find(case.1, WHAT).map(|python| (case, python)));
    at_once(&cases.collect::<Vec<_>>(), |((version, _, is_free), python)| {
        let workshop = workshop!();
        let Some(modules) = points(Modules::new(workshop, "cython", python), workshop, WHAT) else { return };
        let native = Native::new("tests/fixtures/foreign/taker.c", "taker", Linked::Statically);
        let Some(modules) = native.add_to(modules, workshop, WHAT) else { return };
        let geo = Caster::new("geo", Pybind11, "3.1.0").source("tests/fixtures/foreign/pybind11.cpp");
        let Some(built) = geo.add_to(modules, workshop, WHAT) else { return };
        let modules = built.unwrap_or_else(|said| panic!("{said}"));
        // What Python code makes is gone as soon as the module is bound.
        let mut source =
            source().replacen("bind(__name__, b\"1.0.0\")", "bind(__name__, f\"{3 / 2}.0\".encode())", 1);
        assert!(source.contains("encode()"), "the fixture is bound");
        if *is_free {
            source.insert_str(0, "# cython: freethreading_compatible=True\n");
        }
        let Some(built) = add_to(modules, workshop, WHAT, version, ("cypoint", &source)) else { return };
        go_through(&built.unwrap_or_else(|said| panic!("{said}")), BEFORE, LAWS, quiet);
    });
}

#[test]
fn a_field_that_differs_from_the_layout_does_not_compile() {
    let workshop = workshop!();
    let Some(python) = Python::find("3.13", WHAT) else { return };
    const CLASS: &str = "cdef double x, y\n\n    def __cinit__";
    const LIST: &str = "first(x, f64, 0) next(y, f64, 8)";
    for (name, from, to, words) in [
        (
            "moved",
            CLASS,
            "cdef double x\n    cdef int between\n    cdef double y",
            "`y` lies elsewhere than the layout says",
        ),
        ("turned", CLASS, "cdef double y, x", "lies elsewhere than the layout says"),
        ("other", CLASS, "cdef double x\n    cdef float y", "`y` has another type than `f64`"),
        // What the list says is what the descriptor and the struct say.
        ("unsaid", LIST, "first(x, f64, 0)", "the size is another than that of the fields"),
        ("swapped", LIST, "first(y, f64, 0) next(x, f64, 8)", "lies elsewhere than the layout says"),
        ("typed", LIST, "first(x, f64, 0) next(y, i64, 8)", "`y` has another type than `i64`"),
        ("apart", LIST, "first(x, f64, 0) next(y, f64, 12)", "`y` lies elsewhere than the layout says"),
        (
            "aligned",
            "INTERBIND_STRUCT(geo_point, 16, 8",
            "INTERBIND_STRUCT(geo_point, 16, 4",
            "the alignment is another",
        ),
    ] {
        let to = if from == CLASS { format!("{to}\n\n    def __cinit__") } else { to.to_owned() };
        let source = source().replacen(from, &to, 1);
        let modules = Modules::new(workshop, "cython-wrong", python);
        let Some(built) = add_to(modules, workshop, WHAT, "3.2.9", (name, &source)) else { return };
        let said = built.expect_err(name);
        assert!(said.contains(words), "{name}: {said}");
    }
}

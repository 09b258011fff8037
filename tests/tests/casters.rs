//! The caster headers for pybind11 and nanobind: functions of such modules take shared objects of every module.
//!
//! `own` has classes of its own, which it publishes, and `alone` has none; `points` has classes in C. Each law holds for every
//! release of a framework that is listed, and without a GIL.

use std::path::Path;

use interbind_tests::casters::{Caster, points};
use interbind_tests::laws::{Law, at_once, go_through};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::pairs::Library::{self, Nanobind, Pybind11};
use interbind_tests::python::Python;
use interbind_tests::workshop;

const WHAT: &str = "the caster headers";

/// The releases, with the interpreters that each is tried on.
const RELEASES: &[(Library, &str, &[&str])] =
    &[(Pybind11, "3.1.0", &["3.13", "3.13t"]), (Nanobind, "3.1.0", &["3.13", "3.13t"])];

/// Those that are tried with `INTERBIND_PAIRS=all` besides.
const MORE_RELEASES: &[(Library, &str, &[&str])] = &[
    (Pybind11, "2.11.2", &["3.12"]),
    (Pybind11, "2.12.1", &["3.12"]),
    (Pybind11, "2.13.6", &["3.13", "3.13t"]),
    (Pybind11, "3.0.1", &["3.13"]),
    (Nanobind, "2.4.0", &["3.12"]),
    (Nanobind, "2.9.2", &["3.13"]),
    (Nanobind, "2.15.0", &["3.13", "3.13t"]),
    (Nanobind, "3.0.0", &["3.13"]),
];

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

fn built(
    workshop: &Path,
    library: Library,
    version: &'static str,
    python: &'static Python,
) -> Option<Modules> {
    let mut modules = points(Modules::new(workshop, "casters", python), workshop, WHAT)?;
    for (name, flags) in names(library) {
        let caster = Caster::new(name, library, version).flags(flags);
        modules = caster.add_to(modules, workshop, WHAT)?.unwrap_or_else(|said| panic!("{said}"));
    }
    Some(modules)
}

/// The modules of a framework, the one with classes of its own first, with the flags of their compilation.
fn names(library: Library) -> [(&'static str, &'static [&'static str]); 2] {
    match library {
        Pybind11 => [("pb_own", &["-DOWN"]), ("pb_alone", &[])],
        Nanobind => [("nb_own", &["-DOWN"]), ("nb_alone", &[])],
    }
}

/// What stands before each law.
fn before(library: Library) -> String {
    format!(
        "
import points, {1} as own, {2} as alone
NANOBIND = {0}
both = alone, own
kinds = points.Frozen, points.Tracked, points.Untracked, points.Plain
def nothing_is_lent():
    assert points.borrows()[0] == 0, points.borrows()
def raised(type, words, call, *arguments):
    try:
        result = call(*arguments)
    except type as error:
        assert words in str(error), error
        return error
    raise AssertionError(f'{{words!r}} is expected, not {{result!r}}')
",
        if library == Nanobind { "True" } else { "False" },
        names(library)[0].0,
        names(library)[1].0,
    )
}

const LAWS: &[Law] = &[
    (
        "a_parameter_takes_every_published_point",
        "
for m in both:
    for kind in kinds:
        class Sub(kind): pass
        for p in kind(3, 4), Sub(3, 4):
            for f in 'norm norm_by_value norm_of_pointer norm_without_conversion norm_detached'.split():
                assert getattr(m, f)(p) == 5.0, (m, kind, f)
            assert m.optional(p) == m.variant(p) == m.cast_in_body(p) == 3.0
            assert m.chosen(p) == m.number_or_point(p) == 'point'
            assert m.sum([p, kind(2, 0)]) == 5.0
            nothing_is_lent()
    assert m.optional(None) == m.variant(7) == -1.0 and m.number_or_point(7) == 'int'
    # Several classes at one site, in turn.
    for _ in range(3):
        assert [m.norm(kind(3, 4)) for kind in kinds] == [5.0] * 4
    assert m.sum([kind(1, 0) for kind in kinds]) == 4.0
",
    ),
    (
        "a_parameter_that_writes_honours_what_the_class_promises",
        "
for m in both:
    for f in 'set_x set_x_by_pointer set_x_detached'.split():
        for kind in kinds[1:]:
            p = kind(1, 2)
            getattr(m, f)(p, 7.5)
            assert p.x == 7.5
        p = points.Frozen(1, 2)
        error = refused('frozen', getattr(m, f), p, 7.5)
        assert p.x == 1 and 'fix: ' in str(error)
        nothing_is_lent()
    p, q = points.Tracked(1, 2), points.Tracked(3, 4)
    m.copy_x(p, q)
    assert p.x == 3.0
    # One object can't be written and read by one call.
    refused('already-borrowed', m.copy_x, p, p)
    nothing_is_lent()
    p = points.Untracked(1, 2)
    m.copy_x(p, p)
    refused('frozen', m.sum_of_pointers, [points.Frozen(1, 2)]) if not NANOBIND else \
        raised(TypeError, 'incompatible function arguments', m.sum_of_pointers, [points.Frozen(1, 2)])
    nothing_is_lent()
",
    ),
    (
        "a_borrow_lasts_for_the_call",
        "
for m in both:
    p = points.Tracked(3, 4)
    seen = []
    def during():
        seen.append(points.borrows()[0])
        # Others read it, and nobody writes.
        assert m.norm(p) == 5.0
        refused('already-borrowed', m.set_x, p, 1.0)
    assert m.with_callback(p, during) == 6.0 and seen == [1]
    nothing_is_lent()
    def fails(): raise KeyError('stop')
    raised(KeyError, 'stop', m.with_callback, p, fails)
    nothing_is_lent()
    # Pointers outlive the casters of a list's elements.
    for kind in points.Tracked, points.Untracked:
        seen.clear()
        assert m.sum_of_pointers([kind(1, 0), kind(2, 0)], lambda: seen.append(points.borrows()[0])) == 3.0
        assert seen == [2]
        nothing_is_lent()
    p = points.Tracked(3, 4)
    refused('already-borrowed', m.sum_of_pointers, [p, p]) if not NANOBIND else \
        raised(TypeError, 'incompatible', m.sum_of_pointers, [p, p])
    nothing_is_lent()
    # In the function's own body.
    if NANOBIND:
        # Nothing would end the borrow there: a RuntimeError, of nanobind's for releases that ask first.
        for f in m.pointer_in_body, m.reference_in_body:
            raised(RuntimeError, '', f, points.Tracked(3, 4))
    else:
        assert m.pointer_in_body(points.Tracked(3, 4)) == m.reference_in_body(points.Tracked(3, 4)) == 3.0
    assert m.reference_in_body(points.Frozen(3, 4)) == 3.0
    nothing_is_lent()
",
    ),
    (
        "what_a_function_returns_of_its_arguments_is_the_argument",
        "
for m in both:
    for kind in kinds[1:]:
        p, q = kind(1, 2), kind(3, 4)
        assert m.itself_to_write(p) is p and m.pointer_itself(p) is p and m.owned_itself(p) is p
        assert m.farther(p, q) is q and m.farther(q, p) is q
        # nanobind copies what a `const T &` refers to, and here it has a class for that.
        assert (m.itself(p) is p) != NANOBIND and m.itself(p).x == 1.0
        assert m.nested(p, lambda: m.farther(q, p))[1] is q
    p, q = points.Frozen(1, 2), points.Frozen(3, 4)
    assert m.farther(p, q) is q
    nothing_is_lent()
# No wrapper of memory that was given back comes again.
for m in both:
    for kind in kinds[1:]:
        kept = []
        for _ in range(200):
            p = kind(5, 6)
            assert m.itself_to_write(p) is p
            kept.append(m.itself_to_write(kind(7, 8)))
            assert type(kept[-1]) is kind and kept[-1].x == 7.0
# What points into an argument keeps it.
alive = []
class Outer(points.Outer):
    def __del__(self): alive.remove(id(self))
for f in own.first, own.second:
    outer = Outer(1, 2, 3, 4)
    alive.append(id(outer))
    inner = f(outer)
    assert type(inner) is own.Point
    del outer
    collect()
    assert len(alive) == 1 and inner.x == (1.0 if f is own.first else 3.0)
    del inner
    collect()
    assert not alive
",
    ),
    (
        "the_modules_own_class_comes_first",
        "
class Sub(own.Point): pass
for p in own.Point(3, 4), Sub(3, 4):
    for f in 'norm norm_by_value norm_of_pointer norm_without_conversion norm_detached'.split():
        assert getattr(own, f)(p) == 5.0
    own.set_x(p, 6.0)
    own.set_x_by_pointer(p, 7.0)
    assert p.x == 7.0 and own.itself_to_write(p) is p and own.farther(p, own.Point(1, 1)) is p
    assert own.sum_of_pointers([p, p]) == 14.0 and own.reference_in_body(p) == own.pointer_in_body(p) == 7.0
    assert own.chosen(p) == 'point'
assert own.norm_of_pointer(None) == -1.0 if not NANOBIND else True
raised(TypeError, 'incompatible function arguments', own.norm, None)
raised(TypeError, 'incompatible function arguments', alone.norm, None)
assert type(own.made()) is own.Point and own.made().y == 9.0
outer = own.Outer(1, 2)
outer.first.x = 8.0
assert outer.first.x == 8.0 and own.second(outer).x == 2.0
# Methods of its own class take others' objects, and its constructor copies them.
for kind in kinds:
    assert own.Point.norm(kind(3, 4)) == 5.0
    p = own.Point(kind(3, 4))
    assert type(p) is own.Point and p.y == 4.0
if NANOBIND:
    assert own.taken_over(own.Point(3, 4)) == 3.0
",
    ),
    (
        "published_classes_of_the_framework_are_taken_elsewhere",
        "
class Sub(own.Point): pass
for p in own.Point(3, 4), Sub(3, 4):
    for f in 'norm norm_by_value norm_of_pointer norm_without_conversion norm_detached'.split():
        assert getattr(alone, f)(p) == 5.0, f
    alone.set_x(p, 9.0)
    assert p.x == 9.0 and alone.itself_to_write(p) is p
assert alone.name(own.Named('n')) == 'n' and alone.name(own.Deeper()) == ''
raised(TypeError, 'incompatible', alone.name, own.Point(1, 2))
",
    ),
    (
        "what_is_another_point_is_refused_with_the_reason",
        "
for m in both:
    for kind, slug, words in [
        (points.Newer, 'version-differs', 'version: provider has 2.0.0, this module expects >=1.0.0, <2.0.0'),
        (points.Swapped, 'layout-differs', 'x: f64 @8'),
    ]:
        p = kind(1, 2)
        for f in m.norm, m.norm_by_value, m.norm_of_pointer, m.norm_detached, m.number_or_point:
            error = refused(slug, f, p)
            assert words in str(error) and 'provider: points 1.0.0' in str(error), error
            assert 'consumer: ' + m.__name__ + ' 1.0.0' in str(error) and 'fix: ' in str(error), error
        # Where another overload takes it, it does.
        assert m.chosen(p) == 'object'
        raised(TypeError, '', m.sum, [p])
        raised(TypeError, '', m.norm_without_conversion, p)
    for p in points.Unshared(1, 2), 3, 'text', object(), points.Frozen, m:
        for f in m.norm, m.norm_by_value, m.norm_of_pointer, m.norm_detached:
            raised(TypeError, 'incompatible function arguments', f, p)
        assert m.chosen(p) == 'object'
    raised(TypeError, 'incompatible', m.sum, [points.Plain(1, 2), 3])
    nothing_is_lent()
",
    ),
    (
        "a_provider_may_do_what_it_likes_while_it_is_asked",
        "
for m in both:
    p = points.Tracked(3, 4)
    def raises(o): raise ZeroDivisionError('no')
    points.on_borrow(raises)
    for f in m.norm, m.norm_of_pointer, m.norm_detached, m.norm_by_value, m.cast_in_body:
        raised((ZeroDivisionError, RuntimeError), '' if NANOBIND and f is m.cast_in_body else 'no', f, p)
    assert m.chosen(points.Frozen(1, 2)) == 'point'
    nothing_is_lent()
    # Calls of the same function, the end of the publication, other threads.
    points.on_borrow(lambda o: points.on_borrow(None) or m.norm(o))
    assert m.norm(p) == 5.0
    class Sub(points.Untracked): pass
    points.on_borrow(lambda o: collect())
    assert m.sum([p, Sub(1, 2)]) == 4.0
    points.on_borrow(lambda o: in_thread(lambda: m.norm(points.Frozen(3, 4))) and None)
    assert m.norm_detached(p) == 5.0
    points.on_borrow(None)
    nothing_is_lent()
    # The object's last reference but the call's own goes.
    box = [points.Tracked(3, 4)]
    assert m.with_callback(box[0], box.clear) == 6.0
    nothing_is_lent()
p = points.Untracked(3, 4)
assert alone.with_callback(p, lambda: points.unpublish(points.Untracked)) == 6.0
nothing_is_lent()
raised(TypeError, 'incompatible', alone.norm, points.Untracked(3, 4))
assert alone.norm(points.Plain(3, 4)) == 5.0
",
    ),
    (
        "python_code_cannot_confuse_a_parameter",
        "
class Pretends:
    @property
    def __class__(self): return points.Frozen
class Meta(type):
    def __instancecheck__(cls, o): return True
    def __subclasscheck__(cls, o): return True
class Any(metaclass=Meta): pass
for m in both:
    for p in Pretends(), Any():
        raised(TypeError, 'incompatible', m.norm, p)
    p = points.Plain(3, 4)
    class Other(points.Plain): __slots__ = ()
    q = Other(3, 4)
    assert m.norm(q) == 5.0
    try:
        q.__class__ = points.Tracked
    except TypeError:
        pass
    assert m.norm(q) == 5.0
    # Constructors of the frameworks construct their own objects alone.
    if hasattr(m, 'Point'):
        for kind in kinds:
            p = kind(3, 4)
            raised(TypeError, '', m.Point.__init__, p, 5.0, 6.0)
            assert p.x == 3.0
            raised(TypeError, '', m.taken_over, p) if NANOBIND else None
    # At the recursion limit.
    p = points.Tracked(3, 4)
    def deeper():
        try:
            m.with_callback(p, deeper)
        except RecursionError:
            pass
    deeper()
    nothing_is_lent()
    # On many threads at once.
    def work(frozen=points.Frozen(3, 4)):
        own_point = points.Tracked(1, 2)
        for _ in range(300):
            assert m.norm(frozen) == 5.0
            m.set_x(own_point, 5.0)
            assert m.farther(own_point, frozen) is own_point
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
# A module object that is made anew.
import importlib, warnings
warnings.simplefilter('ignore')
for m in both:
    name = m.__name__
    sys.modules.pop(name)
    try:
        again = importlib.import_module(name)
    except ImportError as error:
        assert 'already' in str(error) or 'once' in str(error), error
        continue
    assert again.norm(points.Frozen(3, 4)) == 5.0
",
    ),
];

/// Tells whether every release is asked for.
fn is_full() -> bool {
    std::env::var("INTERBIND_PAIRS").is_ok_and(|value| value == "all")
}

#[test]
fn functions_of_both_frameworks_take_shared_objects() {
    let mut cases = Vec::new();
    for (library, version, pythons) in RELEASES.iter().chain(MORE_RELEASES.iter().filter(|_| is_full())) {
        for name in *pythons {
            cases.extend(Python::find(name, WHAT).map(|python| (*library, *version, python)));
        }
    }
    at_once(&cases, |(library, version, python)| {
        if let Some(modules) = built(workshop!(), *library, version, python) {
            go_through(&modules, &before(*library), LAWS, quiet);
        }
    });
}

/// Two modules of each framework, of which one publishes.
fn mixed(workshop: &Path, releases: [&'static str; 2], python: &'static Python) -> Option<Modules> {
    let mut modules = points(Modules::new(workshop, "casters-mixed", python), workshop, WHAT)?;
    for (library, version) in [Pybind11, Nanobind].into_iter().zip(releases) {
        for (name, flags) in names(library) {
            let caster = Caster::new(name, library, version).flags(flags);
            modules = caster.add_to(modules, workshop, WHAT)?.unwrap_or_else(|said| panic!("{said}"));
        }
    }
    let native = Native::new("tests/fixtures/foreign/conduit.c", "ours", Linked::Statically);
    modules = native.add_to(modules, workshop, WHAT)?;
    let unbound = Caster::new("unbound", Pybind11, "3.1.0").flags(&["-DUNBOUND"]);
    modules = unbound.add_to(modules, workshop, WHAT)?.unwrap_or_else(|said| panic!("{said}"));
    Some(modules)
}

const MIXED: &[Law] = &[
    (
        "each_framework_takes_the_other_s_objects",
        "
import pb_own, nb_own, pb_alone, nb_alone
for own, other in (pb_own, nb_own), (nb_own, pb_own), (pb_own, nb_alone), (nb_own, pb_alone):
    class Sub(own.Point): pass
    for p in own.Point(3, 4), Sub(3, 4):
        for f in 'norm norm_by_value norm_of_pointer norm_without_conversion norm_detached'.split():
            assert getattr(other, f)(p) == 5.0
        other.set_x(p, 6.0)
        other.set_x_by_pointer(p, 7.0)
        assert p.x == 7.0
        assert other.itself_to_write(p) is p and other.pointer_itself(p) is p and other.farther(p, p) is p
        assert other.optional(p) == other.variant(p) == other.cast_in_body(p) == 7.0
        assert other.sum([p, p]) == other.sum_of_pointers([p, p]) == 14.0
        assert other.chosen(p) == other.number_or_point(p) == 'point'
    if other in (pb_own, nb_own):
        q = other.Point(p)
        assert type(q) is other.Point and q.x == 7.0
    # Classes that are more than data, and one that inherits.
    assert other.name(own.Named('n')) == 'n' and other.name(own.Deeper()) == ''
    class More(own.Named):
        def __init__(self): super().__init__('more')
    assert other.name(More()) == 'more'
    for wrong in own.Point(1, 2), points.Plain(1, 2), None, 'n':
        try:
            other.name(wrong)
        except TypeError:
            pass
        else:
            raise AssertionError(wrong)
",
    ),
    (
        "a_reference_comes_back_as_its_object_without_a_class_of_the_framework",
        "
import nb_alone, pb_alone
for m in nb_alone, pb_alone:
    for kind in points.Tracked, points.Untracked, points.Plain:
        p, q = kind(1, 2), kind(3, 4)
        assert m.itself(p) is p and m.itself_to_write(p) is p and m.owned_itself(p) is p and m.farther(p, q) is q
    try:
        m.made()
    except TypeError:
        pass
    try:
        m.second(points.Outer(1, 2, 3, 4))
    except TypeError:
        pass
    assert m.norm_of_pointer(None) == -1.0 if m is pb_alone else True
",
    ),
    (
        "a_class_that_answers_pybind11_is_lent_as_any_other",
        "
import pb_own, nb_own, pb_alone, nb_alone, ours
for m in pb_own, pb_alone, nb_own, nb_alone:
    for kind in ours.Point, ours.Asked:
        p, q = kind(3, 4), kind(5, 6)
        for f in 'norm norm_by_value norm_of_pointer norm_without_conversion norm_detached'.split():
            assert getattr(m, f)(p) == 5.0
        assert m.itself_to_write(p) is p and m.pointer_itself(p) is p and m.farther(p, q) is q
        assert ours.borrows() == 0
p = ours.Asked(3, 4)
ours.refuse(True)
for m in pb_own, pb_alone, nb_own, nb_alone:
    for f in m.norm, m.norm_of_pointer, m.norm_detached, m.set_x:
        refused('already-borrowed', f, p, *([1.0] if f is m.set_x else []))
ours.refuse(False)
",
    ),
    (
        "a_module_that_was_not_bound_says_so",
        "
import unbound
for call in unbound.norm, unbound.number_or_point:
    for p in points.Frozen(3, 4), points.Unshared(3, 4):
        try:
            call(p)
        except SystemError as error:
            assert 'interbind::bind(m, version)' in str(error), error
        else:
            raise AssertionError(call)
assert unbound.chosen(points.Frozen(3, 4)) == 'object' and unbound.number_or_point(3) == 'int'
",
    ),
    (
        "an_object_without_a_value_is_refused",
        "
import pb_own, nb_own
for own, other in (pb_own, nb_own), (nb_own, pb_own):
    class Sub(own.Point):
        def __init__(self): pass
    for make in lambda: own.Point.__new__(own.Point), lambda: Sub.__new__(Sub):
        empty = make()
        for f in other.norm, other.norm_of_pointer, other.norm_detached, other.cast_in_body:
            try:
                f(empty)
            except TypeError as error:
                assert slug_of(error) == 'wrong-object' and '__init__' in str(error), error
            except RuntimeError as error:
                assert own is pb_own and f is other.cast_in_body and 'bad_cast' in str(error), error
            else:
                raise AssertionError(f)
    assert other.chosen(own.Point(1, 2)) == 'point'
",
    ),
];

#[test]
fn both_frameworks_and_c_share_in_one_process() {
    let cases = [(["3.1.0", "3.1.0"], "3.13", true), (["2.13.6", "2.9.2"], "3.13", is_full())];
    for (releases, name, _) in cases.into_iter().filter(|(_, _, is_wanted)| *is_wanted) {
        let Some(python) = Python::find(name, WHAT) else { continue };
        if let Some(modules) = mixed(workshop!(), releases, python) {
            go_through(&modules, "import points", MIXED, quiet);
        }
    }
}

#[test]
fn what_the_pages_show_works() {
    let (what, workshop) = ("what the pages on frameworks show", workshop!());
    let Some(python) = Python::find("3.13", what) else { return };
    let Some(mut modules) = points(Modules::new(workshop, "casters-pages", python), workshop, what) else {
        return;
    };
    for (name, library, source) in [
        ("taken", Pybind11, "tests/fixtures/casters/guide_pybind11.cpp"),
        ("published", Pybind11, "tests/fixtures/casters/guide_publish.cpp"),
        ("measure", Nanobind, "tests/fixtures/casters/guide_nanobind.cpp"),
    ] {
        let caster = Caster::new(name, library, "3.1.0").source(source);
        let Some(built) = caster.add_to(modules, workshop, what) else { return };
        modules = built.unwrap_or_else(|said| panic!("{said}"));
    }
    let script = "
import points, taken, published, measure
for p in points.Plain(3, 4), published.Point(3, 4), measure.Point(3, 4), points.Frozen(3, 4):
    assert taken.norm(p) == measure.norm(p) == 5.0
    assert taken.farther(p, p) is p
    if type(p) is points.Frozen:
        refused('frozen', taken.move_to, p, 1.0)
    else:
        taken.move_to(p, 6.0)
        assert p.x == 6.0
";
    modules.run(script).passed();
}

#[test]
fn a_shared_pointer_to_a_shared_type_does_not_compile_with_nanobind() {
    let (what, workshop) = ("a shared_ptr with nanobind", workshop!());
    let Some(python) = Python::find("3.13", what) else { return };
    let source = "tests/fixtures/casters/shared_ptr.cpp";
    let build = |flags| {
        let modules = Modules::new(workshop, "casters-shared", python);
        Caster::new("shared", Nanobind, "3.1.0").source(source).flags(flags).add_to(modules, workshop, what)
    };
    let (Some(taken), Some(plain)) = (build(&["-DTAKEN"]), build(&[])) else { return };
    let said = taken.expect_err("there are two casters for it");
    assert!(said.contains("ambiguous"), "{said}");
    plain.unwrap_or_else(|said| panic!("{said}"));
}

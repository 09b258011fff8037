//! The story of `examples/`: `frame`, `stats` and `rawstats`, built apart as a user builds them, meet in one process.
//!
//! Each law is a script in a process of its own. The same laws hold on a free-threaded Python and on PyPy, where those are
//! on this machine: there both sides are copies of the examples with PyO3 0.28.

use std::fs;

use interbind_tests::copies::{copies, copies_as};
use interbind_tests::extension::Extension;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::with_runtime;
use interbind_tests::package::{Package, repository};
use interbind_tests::python::Python;
use interbind_tests::sanitizer::Sanitizer;
use interbind_tests::workshop;

fn examples() -> Option<&'static Modules> {
    interbind_tests::examples::examples(workshop!(), "examples")
}

/// How else these scripts end is of no interest: a panic that is caught is told on stderr.
fn any_end(_: &Outcome) {}

laws! {
    examples, "", any_end;

    a_frozen_object_is_read_in_place: "
import frame, stats, rawstats
p = frame.Point(3, 4)
for i in range(100):
    assert stats.norm(p) == rawstats.norm(p) == 5.0
assert stats.norm(frame.Point(-6, 8)) == 10.0
";

    a_python_subclass_is_read_as_its_base: "
import frame, stats, rawstats
class Named(frame.Point):
    def __new__(cls, x, y, name):
        self = super().__new__(cls, x, y)
        self.name = name
        return self
class Deep(Named):
    __slots__ = ()
class Other:
    pass
class Mixed(Other, Deep):
    pass
for cls in Named, Deep, Mixed:
    p = cls(3, 4, 'home')
    assert stats.norm(p) == rawstats.norm(p) == 5.0 and p.name == 'home'
p.__class__ = Named
assert stats.norm(p) == 5.0
class Series(frame.Series):
    def get(self, i):
        raise AssertionError('the call goes to the Rust implementation')
s = Series('price', [1, 2, 5])
assert stats.total(s) == rawstats.total(s) == 8.0
";

    an_interface_is_called_through_its_table: "
import frame, stats, rawstats
s = frame.Series('price', [1.5, 2, 3])
for i in range(100):
    assert stats.total(s) == rawstats.total(s) == 6.5
assert stats.total(frame.Series('empty', [])) == 0.0
";

    a_value_of_each_kind_comes_back_as_it_went: "
import math
import frame, stats
s = frame.Series('Preis \\u20ac \\U0001f4b6', [1.5, 2, 4.5])
label, values, picked, found, centre, total = stats.describe(s, [2, 0, 99], '2', frame.Point(10, 20))
assert label == 'Preis \\u20ac \\U0001f4b6', label
assert values == [1.5, 2.0, 4.5]
assert picked[:2] == [4.5, 1.5] and math.isnan(picked[2])
assert found == 1
assert math.isclose(centre[0], 8 / 3 + 10) and centre[1] == 20
assert total == 8.0
label, values, picked, found, centre, total = stats.describe(frame.Series('', []), [], 'x', frame.Point(0, 0))
assert (label, values, picked, found, centre, total) == ('', [], [], None, (0.0, 0.0), 0.0)
assert len(stats.describe(frame.Series('x', range(100_000)), range(99_999), '99999', frame.Point(0, 0))[2]) == 99_999
";

    a_python_object_crosses_both_ways: "
import frame, stats
s = frame.Series('price', [1, 2, 5])
seen, results = [], [object(), object(), object()]
def function(value):
    seen.append(value)
    return results[len(seen) - 1]
before = counts(*results)
assert stats.each(s, function) is results[2]
assert seen == [1.0, 2.0, 5.0]
assert stats.each(frame.Series('empty', []), function) is None
assert counts(*results) == before
";

    an_exclusive_borrow_writes_the_providers_own_object: "
import frame, stats
span = frame.Span(0, 0, 3, 4)
assert stats.length(span) == 5.0
stats.shift(span, 1, 2)
assert span.ends() == (1.0, 2.0, 4.0, 6.0) and stats.length(span) == 5.0
class Named(frame.Span):
    pass
span = Named(0, 0, 3, 4)
stats.shift(span, 1, 2)
assert span.ends() == (1.0, 2.0, 4.0, 6.0)
";

    what_the_provider_borrows_exclusively_the_consumer_cannot_borrow: "
import frame, stats
span = frame.Span(0, 0, 3, 4)
def inside():
    refused('already-borrowed', stats.shift, span, 1, 1)
    refused('already-borrowed', stats.length, span)
span.while_borrowed(inside)
assert span.ends() == (0.0, 0.0, 3.0, 4.0)
stats.shift(span, 1, 1)
assert span.ends() == (1.0, 1.0, 4.0, 5.0)
";

    what_the_consumer_borrows_the_provider_cannot_borrow_exclusively: "
import frame, stats
span = frame.Span(0, 0, 3, 4)
def inside():
    assert span.ends() == (0.0, 0.0, 3.0, 4.0) and stats.length(span) == 5.0
    try:
        span.while_borrowed(lambda: None)
    except RuntimeError as error:
        assert 'lready borrowed' in str(error), error
    else:
        raise AssertionError('PyO3 gave an exclusive borrow beside a shared one')
    refused('already-borrowed', stats.shift, span, 1, 1)
assert stats.length_while(span, inside) == 5.0
def fails():
    raise KeyError('from inside')
try:
    stats.length_while(span, fails)
except KeyError:
    pass
span.while_borrowed(lambda: None)
stats.shift(span, 1, 1)
";

    a_frozen_class_gives_no_exclusive_borrow: "
import frame, stats
p = frame.Point(3, 4)
refused('frozen', stats.mirror, p)
assert (p.x, p.y) == (3.0, 4.0) and stats.norm(p) == 5.0
refused('frozen', stats.mirror, p)
";

    a_result_is_of_the_providers_class: "
import frame, stats
p = stats.midpoint(frame.Point(1, 1), frame.Point(3, 5))
assert type(p) is frame.Point and (p.x, p.y) == (2.0, 3.0)
class Named(frame.Point):
    pass
assert type(stats.midpoint(Named(1, 1), p)) is frame.Point
assert stats.norm(stats.midpoint(p, p)) == stats.norm(p)
";

    a_stored_handle_in_a_cycle_is_collected: "
if PYPY:
    skip('PyPy collects no cycle through an object of a C extension')
import frame, stats
class Series(frame.Series):
    pass
# Not the classes' own counts: PyO3 before 0.29 never gives back an instance's reference to its class.
mark = object()
def cycle():
    s = Series('price', [1, 2, 5])
    s.mark, s.keeper = mark, stats.Keeper(s)
    assert s.keeper.total() == 8.0
    return weakref.ref(s)
before = counts(mark)
dead = [cycle() for i in range(10)]
assert [ref() for ref in dead] != [None] * 10
collect()
assert [ref() for ref in dead] == [None] * 10
assert counts(mark) == before
";

    a_stored_handle_keeps_its_object_and_gives_it_back: "
import frame, stats
class Series(frame.Series):
    pass
s = Series('price', [1, 2, 5])
before, ref = counts(s), weakref.ref(s)
keeper = stats.Keeper(s)
assert PYPY or counts(s) == [before[0] + 1]
del s
collect()
assert ref() is not None and keeper.total() == 8.0
del keeper
collect()
assert ref() is None
";

    no_call_leaves_a_reference_behind: "
import frame, stats, rawstats
p, span, s, tally = frame.Point(3, 4), frame.Span(0, 0, 3, 4), frame.Series('x', [1, 2]), frame.Tally(7)
text, strange, by = 'x' * 5, object(), frame.Point(1, 1)
def good():
    stats.norm(p), rawstats.norm(p), stats.total(s), rawstats.total(s)
    stats.shift(span, 1, 1), stats.length(span), stats.tallied(tally), stats.midpoint(p, by)
    stats.describe(s, [1], text, by), stats.each(s, abs), stats.total_in_parallel(s, 2)
    stats.Keeper(s).total()
def bad():
    for call, argument in [(stats.norm, strange), (rawstats.norm, strange), (stats.norm, s), (stats.total, p),
                           (stats.mirror, p), (stats.length, strange), (stats.tallied, span), (stats.Keeper, p)]:
        try:
            call(argument)
        except TypeError:
            pass
        else:
            raise AssertionError(call)
    try:
        stats.each(s, strange)
    except RuntimeError:
        pass
everything = [p, span, s, tally, text, strange, by]
for i in range(3):
    good(), bad()
collect()
before = counts(*everything)
for i in range(50):
    good(), bad()
collect()
assert counts(*everything) == before, (counts(*everything), before)
";

    what_the_provider_raises_is_the_cause: "
import frame, stats
s = frame.Series('price', [1, 2])
error = refused('provider-raised', stats.each, s, lambda value: value / 0)
assert isinstance(error, RuntimeError) and isinstance(error.__cause__, ZeroDivisionError)
assert 'division by zero' in str(error)
# PyPy's C API loses the traceback when an exception is set from a value.
assert PYPY or error.__cause__.__traceback__ is not None
class Odd(BaseException):
    pass
def function(value):
    raise Odd(value)
assert isinstance(refused('provider-raised', stats.each, s, function).__cause__, Odd)
assert stats.total(s) == 3.0
";

    a_panic_of_the_provider_is_an_exception_for_a_consumer_that_aborts: "
import frame, stats
s = frame.Series('panic', [1, 2])
for i in range(3):
    error = refused('provider-panicked', stats.describe, s, [0], '1', frame.Point(0, 0))
    assert isinstance(error, RuntimeError) and 'the label that panics' in str(error)
assert stats.total(s) == 3.0
";

    detached_threads_call_an_interface_at_the_same_time: "
import frame, stats
s = frame.Series('price', range(1000))
for threads in 1, 2, 7:
    assert stats.total_in_parallel(s, threads) == 499500.0
";

    attached_threads_read_and_judge_at_the_same_time: "
import frame, stats, rawstats
class Named(frame.Point):
    pass
points = [frame.Point(3, 4), Named(3, 4)] * 8
def work(p):
    for i in range(500):
        assert stats.norm(p) == rawstats.norm(p) == 5.0
    refused('wrong-object', stats.norm, threading)
errors = []
def guarded(p):
    try:
        work(p)
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=guarded, args=[p]) for p in points]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors, errors
";

    an_object_of_one_thread_is_refused_on_another: "
import frame, stats
tally = frame.Tally(7)
assert stats.tallied(tally) == 7
def elsewhere():
    return refused('wrong-thread', stats.tallied, tally)
error = in_thread(elsewhere)
assert isinstance(error, RuntimeError) and 'unsendable' in str(error)
assert stats.tallied(tally) == 7
# Elsewhere there may be objects of its own.
assert in_thread(lambda: stats.tallied(frame.Tally(8))) == 8
del error
";

    whatever_is_no_published_object_is_refused: "
import frame, stats, rawstats
def fake():
    class Point:
        __module__ = 'frame'
        x, y = 3.0, 4.0
    return Point()
strangers = [1, None, 'text', 1.5, object(), [], frame, frame.Point, type, fake(), frame.Series('x', []), lambda: 0, ...]
for stranger in strangers:
    for call in stats.norm, rawstats.norm, stats.mirror:
        error = refused('wrong-object', call, stranger)
        assert isinstance(error, TypeError) and 'org.frame.Point' in str(error) and 'fix: ' in str(error)
        assert 'frame 2.0.4' in str(error)
refused('wrong-object', stats.total, frame.Point(3, 4))
refused('wrong-object', stats.tallied, frame.Span(0, 0, 3, 4))
refused('wrong-object', stats.Keeper, None)
assert stats.norm(frame.Point(3, 4)) == 5.0
";

    a_class_that_lies_is_refused_without_running_its_code: "
if PYPY:
    skip('PyPy itself asks a class for its name, through its metaclass, before any C function gets the object')
import frame, stats, rawstats
ran = []
class Meta(type):
    def __instancecheck__(cls, other):
        ran.append('instancecheck')
        return True
    def __subclasscheck__(cls, other):
        ran.append('subclasscheck')
        return True
    def __getattribute__(cls, name):
        ran.append('meta ' + name)
        raise KeyError(name)
class Evil(metaclass=Meta):
    __module__ = 42
    __slots__ = ()
    @property
    def __class__(self):
        ran.append('class')
        return frame.Point
    def __getattr__(self, name):
        ran.append('getattr ' + name)
        raise KeyError(name)
    def __getattribute__(self, name):
        ran.append('getattribute ' + name)
        raise KeyError(name)
    def __float__(self):
        ran.append('float')
        return 1.0
evil = Evil()
ran.clear()
for call in stats.norm, rawstats.norm, stats.mirror, stats.total, rawstats.total, stats.length, stats.tallied, stats.Keeper:
    refused('wrong-object', call, evil)
    refused('wrong-object', call, Evil)
assert ran == [], ran
assert stats.norm(frame.Point(3, 4)) == 5.0
";

    an_anchor_that_python_finds_is_told_lies_in_vain: "
import weakref
import frame, stats, rawstats
point = frame.Point(3, 4)
assert [ref for ref in weakref.getweakrefs(frame.Point) if ref.__callback__ is not None] == []
anchor = vars(frame.Point).get('__interbind_v1__')
if anchor is None:
    # The registry owns the class itself.
    assert sys.implementation.name == 'pypy'
    skip('PyPy has no anchors')
for lie in anchor, frame.Point, point, None, 5:
    for call in anchor, type(anchor), lambda lie: setattr(anchor, 'class', lie), lambda lie: type(anchor).__call__(lie):
        try:
            call(lie)
        except (TypeError, AttributeError):
            pass
        else:
            raise AssertionError('an anchor does something')
assert stats.norm(point) == rawstats.norm(point) == 5.0
assert stats.norm(frame.Point(6, 8)) == 10.0
assert type(stats.midpoint(point, point)) is frame.Point
";

    a_subclass_that_lies_is_read_without_running_its_code: "
import frame, stats, rawstats
ran = []
class Shy(frame.Point):
    def __getattribute__(self, name):
        ran.append(name)
        raise KeyError(name)
    x = y = property(lambda self: ran.append('property'))
shy = Shy(3, 4)
ran.clear()
assert stats.norm(shy) == rawstats.norm(shy) == 5.0
assert ran == [], ran
";

    a_class_lies_like_one_of_its_bases: "
import frame, stats
class Mixin:
    pass
class Named(Mixin, frame.Point):
    pass
assert stats.norm(Named(3, 4)) == 5.0
try:
    class Both(frame.Point, frame.Series):
        pass
except TypeError:
    # CPython says that the two lie differently; PyPy doesn't.
    pass
else:
    assert stats.norm(Both(3, 4)) == 5.0
    refused('wrong-object', stats.total, Both(3, 4))
";

    the_consumer_may_be_imported_first: "
import stats, rawstats
for call in stats.norm, rawstats.norm, stats.total, rawstats.total:
    refused('not-published', call, 1)
import frame
assert stats.norm(frame.Point(3, 4)) == rawstats.norm(frame.Point(3, 4)) == 5.0
assert stats.total(frame.Series('x', [1])) == rawstats.total(frame.Series('x', [1])) == 1.0
";

    a_consumer_alone_says_what_to_import: "
import stats, rawstats
for call in stats.norm, rawstats.norm:
    error = refused('not-published', call, 1)
    assert isinstance(error, TypeError)
    assert 'fix: import a module that provides org.frame.Point ^1.2.0' in str(error), error
assert 'frame' not in sys.modules
";

    a_refusal_names_both_sides_and_ends_in_what_to_do: "
import frame, stats
lines = str(refused('wrong-object', stats.norm, 1)).splitlines()
assert \"cannot borrow 'int' as org.frame.Point ^1.2.0 (wrong-object)\" in lines[0], lines
assert [line.split(':')[0].strip() for line in lines[-3:]] == ['provider', 'consumer', 'fix'], lines
assert 'frame 2.0.4 (frame' in lines[-3] and 'stats 0.3.1 (stats' in lines[-2], lines
assert all('interbind ' in line and 'rustc ' in line for line in lines[-3:-1]), lines
";

    a_module_executed_again_still_shares: "
import importlib
import frame, stats
p = frame.Point(3, 4)
assert stats.norm(p) == 5.0
del sys.modules['frame'], sys.modules['stats']
again, more = importlib.import_module('frame'), importlib.import_module('stats')
for call in stats.norm, more.norm:
    assert call(p) == call(again.Point(3, 4)) == 5.0
";
}

/// What the example script prints, with the compiler's version blanked.
fn without_compiler(text: &str) -> String {
    let mut words = text.split("rustc ");
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        out.push_str("rustc *");
        out.push_str(word.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.'));
    }
    out
}

#[test]
fn the_examples_page_shows_what_the_script_prints() {
    let Some(modules) = examples() else { return };
    let printed = modules.run_file(&repository().join("examples/demo.py")).passed();
    let page = fs::read_to_string(repository().join("examples/README.md")).unwrap();
    let (_, behind) = page.split_once("prints\n\n```text\n").expect("a block right after `prints`");
    let (quoted, _) = behind.split_once("```").expect("the block ends");
    let suffix = &modules.python().suffix;
    let printed = without_compiler(&printed)
        .replace(&format!("frame{suffix}"), "frame.so")
        .replace(&format!("stats{suffix}"), "stats.so");
    assert_eq!(printed, without_compiler(quoted));
}

#[test]
fn every_law_holds_under_the_limited_api() {
    let Some(examples) = examples() else { return };
    let limited = Extension::example("rawstats").argument("--features=abi3");
    let python = examples.python();
    let modules = Modules::new(workshop!(), "limited", python)
        .with_built("frame", &examples.file("frame"))
        .with_built("stats", &examples.file("stats"))
        .with(&limited);
    go_through(&modules, "", LAWS, any_end);
}

#[test]
fn every_law_holds_on_a_free_threaded_python_and_the_gil_stays_off() {
    let Some(python) = Python::find("3.13t", "the laws on a free-threaded Python") else { return };
    let before = "
import atexit
def check():
    import os
    if sys._is_gil_enabled():
        sys.stderr.write('the GIL came back\\n')
        sys.stderr.flush()
        os._exit(9)
atexit.register(check)";
    go_through(&copies(workshop!(), python), before, LAWS, any_end);
}

/// What modules without an implementation share: with each other, and with modules that have one, whoever comes first.
#[test]
fn every_law_holds_with_the_wheel_s_runtime() {
    let Some(own) = examples() else { return };
    let python = own.python();
    let lean = copies_as("runtime", workshop!(), python, Extension::without_implementation);
    let lean = with_runtime(lean, workshop!());
    go_through(&lean, "", LAWS, any_end);
    for (name, provider, consumers) in [("runtime-provides", &lean, own), ("runtime-consumes", own, &lean)] {
        let modules = Modules::new(workshop!(), name, python)
            .with_built("frame", &provider.file("frame"))
            .with_built("stats", &consumers.file("stats"))
            .with_built("rawstats", &consumers.file("rawstats"));
        go_through(&with_runtime(modules, workshop!()), "", LAWS, any_end);
    }
}

#[test]
fn every_law_holds_with_the_wheel_s_runtime_on_a_free_threaded_python_and_on_pypy() {
    for version in ["3.13t", "pypy3.11"] {
        let Some(python) = Python::find(version, "the laws with the wheel's runtime") else { continue };
        let lean = copies_as("runtime", workshop!(), python, Extension::without_implementation);
        go_through(&with_runtime(lean, workshop!()), "", LAWS, any_end);
    }
}

#[test]
fn every_law_holds_on_pypy() {
    let Some(python) = Python::find("pypy3.11", "the laws on PyPy") else { return };
    go_through(&copies(workshop!(), python), "", LAWS, any_end);
}

/// A function that reads a byte behind an allocation: what the sanitizer must not let pass.
const BEYOND: &str = r#"
#[unsafe(no_mangle)]
pub extern "C" fn beyond(bytes: usize) -> u8 {
    let buffer = vec![1_u8; bytes];
    // SAFETY: none: the point is that this is wrong.
    unsafe { *std::hint::black_box(&buffer).as_ptr().add(bytes + 1) }
}
"#;

#[test]
fn every_law_holds_under_the_address_sanitizer() {
    let what = "the laws under the address sanitizer";
    let (Some(python), Some(sanitizer)) = (interbind_tests::examples::python(what), Sanitizer::find(what))
    else {
        return;
    };
    let beyond = Extension::of(&Package::new("beyond", BEYOND), workshop!());
    let modules = copies_as("sanitized", workshop!(), python, |extension| sanitizer.instrument(extension));
    let modules = sanitizer.watch(modules.with(&sanitizer.instrument(beyond)));
    let file = modules.file("beyond");
    let outcome = modules.run(&format!("import ctypes\nprint(ctypes.CDLL({file:?}).beyond(8))"));
    assert!(outcome.stderr.contains("AddressSanitizer: heap-buffer-overflow"), "{outcome:#?}");
    go_through(&modules, "", LAWS, |outcome| {
        assert!(!outcome.stderr.contains("AddressSanitizer"), "{outcome:#?}");
    });
}

//! What Python code can't do to the C++ objects of a binding layer: reach one that is dead, of another type, or in use elsewhere.
//!
//! The module is `tests/fixtures/capi/hostile.cpp`. Each law runs in a process of its own, on each Python that the layer supports.

use std::sync::OnceLock;

use interbind_tests::interpreters::BEFORE;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::native::Native;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::workshop;

const WHAT: &str = "hostile use of a C++ binding layer";

fn build(python: &'static Python) -> Option<Modules> {
    let hostile = Native::bound("tests/fixtures/capi/hostile.cpp", "hostile");
    hostile.add_to(Modules::new(workshop!(), "hostile", python), workshop!(), WHAT)
}

fn modules() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    BUILT.get_or_init(|| build(Python::find("3.12", WHAT)?)).as_ref()
}

laws! {
    modules, BEFORE, quiet;

    a_weak_reference_to_an_object_of_a_subclass_is_cleared: "
import hostile
class Sub(hostile.Holder): pass
class Lean(hostile.Holder): __slots__ = ()
class Deep(Sub): pass
for kind in hostile.Holder, Sub, Lean, Deep:
    heard = []
    for _ in range(200):
        thing = kind()
        ref = weakref.ref(thing, heard.append)
        del thing
        assert ref() is None
        junk = [bytearray(n) for n in (40, 56, 72, 88)]
    assert len(heard) == 200, kind
";

    an_object_never_gets_the_functions_of_another_cpp_class: "
import hostile
def moved(thing, kind):
    try:
        thing.__class__ = kind
        return True
    except TypeError:
        return False
BOUND = [hostile.Small, hostile.Big, hostile.Part, hostile.Holder, hostile.Fixed, hostile.Plainer, hostile.Derived, hostile.Empty]
def make(kind):
    for arguments in (1,), ():
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(kind)
for one in BOUND:
    for other in BOUND:
        if one is not other:
            assert not moved(make(one), other), (one, other)
# Python code runs in the middle of making a class: both classes here aren't complete then.
found = []
class Late:
    def __init_subclass__(cls):
        found.append(cls)
        if len(found) == 1:
            class Second(Late, hostile.Big): __slots__ = ()
        elif len(found) == 2:
            first = found[0].__new__(found[0])
            hostile.Small.__init__(first, 3)
            found.append(moved(first, cls))
            found.append(first)
class First(Late, hostile.Small): __slots__ = ()
first, second, changed, thing = found
for use in (hostile.Big.get, hostile.Part.get):
    try:
        use(thing)
    except TypeError:
        pass
    else:
        raise AssertionError('it was taken')
del found[:], thing
# Nor by other ways to make one.
for call in (
    lambda: hostile.Small.__new__(hostile.Big), lambda: object.__new__(hostile.Small),
    lambda: hostile.Small.__init__(hostile.Big.__new__(hostile.Big), 1),
    lambda: hostile.Plainer.__new__(hostile.Derived), lambda: hostile.Small.__base__(),
    lambda: object.__new__(hostile.Small.__base__),
):
    try:
        made = call()
    except TypeError:
        continue
    assert type(made) is hostile.Derived, made
class Both(hostile.Small, hostile.Big): pass
both = Both(4)
assert both.get() == 4
for use in lambda: hostile.Big.get(both), lambda: hostile.Big.__init__(both, 2):
    try:
        use()
    except TypeError:
        continue
    raise AssertionError('it was taken')
try:
    Both.__bases__ = hostile.Big, hostile.Small
except TypeError:
    pass
for use in lambda: hostile.Big.get(both), both.get:
    try:
        assert use() == 4
    except TypeError:
        continue
";

    an_object_that_python_code_gave_another_class_dies_as_what_it_is: "
import hostile
class Other(hostile.Small.__base__): __slots__ = ()
class Sub(hostile.Small): __slots__ = ()
for kind in Other, Sub:
    for _ in range(100):
        small = hostile.Small(3)
        hostile.scaled(small, 1.0)
        try:
            small.__class__ = kind
        except TypeError:
            pass
        del small
        junk = hostile.Small(4)
        assert junk.get() == 4
";

    what_the_collector_has_cleared_is_of_no_use: "
import hostile
gc.disable()
said = []
def on_death(_):
    junk = [hostile.Part(0x41) for _ in range(50)]
    for found in gc.get_objects():
        if type(found) is hostile.Holder:
            try:
                said.append(found.get())
            except TypeError as error:
                assert 'collector' in str(error), error
                said.append(12345)
            try:
                found.__init__()
            except TypeError:
                pass
kept = []
def build():
    class X: pass
    class Y: pass
    holder, y, x, part = hostile.Holder(), Y(), X(), hostile.Part(12345)
    holder.put(part)
    x.h = holder; x.me = x; y.x = x; x.y = y
    y.code = compile('1', 'f', 'eval')
    kept.append(weakref.ref(y.code, on_death))
build()
gc.collect()
# Without a GIL the collector takes what it finds in another order, and the holder may be gone first.
assert set(said) == {12345} or not (said or sys._is_gil_enabled()), said
collect()
assert not [found for found in gc.get_objects() if type(found) is hostile.Holder]
";

    what_is_kept_by_a_chain_stays_until_all_of_it_is_cleared: "
import hostile
gc.disable()
said = []
def on_death(_):
    junk = [hostile.Part(0x41) for _ in range(50)]
    for found in gc.get_objects():
        if type(found) is hostile.Holder:
            try:
                said.append(found.get())
            except TypeError as error:
                assert 'collector' in str(error), error
kept = []
def build(turned):
    class X: pass
    inner, outer = hostile.Holder(), hostile.Holder()
    if turned:
        inner, outer = outer, inner
    part, x, y = hostile.Part(12345), X(), X()
    inner.put(part)
    outer.chain(inner)
    x.outer = outer; x.me = x; y.x = x; x.y = y
    y.code = compile('1', 'f', 'eval')
    kept.append(weakref.ref(y.code, on_death))
for turned in False, True:
    build(turned)
    gc.collect()
    gc.collect()
assert set(said) <= {12345}, said
collect()
assert not [found for found in gc.get_objects() if type(found) is hostile.Holder]
# Those that keep each other go too.
class Ref(hostile.Holder): pass
for _ in range(20):
    one, two = Ref(), Ref()
    one.chain(two)
    two.chain(one)
    last = weakref.ref(one)
    del one, two
collect()
assert last() is None
";

    nothing_is_let_go_that_a_call_uses: "
import hostile
gc.disable()
inside, cleared, said = threading.Event(), threading.Event(), []
def use(holder):
    try:
        said.append(holder.during(lambda: (inside.set(), cleared.wait())))
    except TypeError as error:
        assert 'collector' in str(error), error
    inside.set()
threads = []
def on_death(_):
    for found in gc.get_objects():
        if type(found) is hostile.Holder and not threads:
            threads.append(threading.Thread(target=use, args=(found,)))
            threads[0].start()
            inside.wait()
kept = []
def build():
    class X: pass
    # The first in the collector's list dies first, and the holder is the last.
    y, x, holder = X(), X(), hostile.Holder()
    holder.put(hostile.Part(12345))
    x.h = holder; x.me = x; y.x = x; x.y = y
    y.code = compile('1', 'f', 'eval')
    kept.append(weakref.ref(y.code, on_death))
build()
# It goes on clearing while the thread is inside.
gc.collect()
junk = [hostile.Part(0x41) for _ in range(50)]
cleared.set()
for thread in threads: thread.join()
assert set(said) <= {12345}, said
del threads[:]
collect()
assert not [found for found in gc.get_objects() if type(found) is hostile.Holder]
";

    arguments_are_read_before_pointers_are_taken: "
import hostile
class Evil(int):
    def __float__(self):
        act()
        return 2.0
for call in hostile.scaled, hostile.named, lambda small, by: hostile.named(small, by=by):
    small = hostile.Small(3)
    # It is gone when it is its turn.
    act = lambda: hostile.swallow(small)
    try:
        call(small, Evil(1))
    except TypeError as error:
        assert 'given away' in str(error), error
    else:
        raise AssertionError('it was used')
    small = hostile.Small(3)
    act = lambda: None
    assert call(small, Evil(1)) == 6.0
small = hostile.Small(3)
act = lambda: hostile.swallow(small)
try:
    hostile.swallow_with(small, Evil(1))
except TypeError:
    pass
else:
    raise AssertionError('it was taken twice')
";

    nothing_is_given_away_while_it_is_used: "
import hostile
def refused(call, *arguments):
    try:
        call(*arguments)
    except TypeError as error:
        assert 'given away' in str(error), error
        return True
    raise AssertionError('it was given away')
small, part = hostile.Small(3), hostile.Part(4)
assert hostile.during(small, lambda: refused(hostile.swallow, small)) == 3
assert hostile.during(part, lambda: refused(hostile.swallow, part)) == 4
refused(hostile.both, small, small)
refused(hostile.twice, small, small)
assert small.get() == 3 and hostile.twice(small, hostile.Small(2)) == 5
for use in small.get, lambda: hostile.swallow(small):
    try:
        use()
    except TypeError:
        continue
    raise AssertionError('it was used')
small.__init__(8)
assert small.get() == 8 and hostile.swallow(small) == 8
refused(hostile.swallow_fixed, hostile.Fixed(1))
holder = hostile.Holder()
holder.put(part)
refused(hostile.swallow, part)
assert holder.get() == 4
part = hostile.Part(6)
hostile.keep(part)
refused(hostile.swallow, part)
assert hostile.read() == 6
hostile.drop()
assert hostile.swallow(part) == 6
";

    a_constructor_runs_once_whatever_it_calls: "
import hostile
eager = hostile.Eager.__new__(hostile.Eager)
calls = []
def again():
    calls.append(1)
    try:
        eager.__init__(lambda: None)
    except TypeError as error:
        assert 'already' in str(error), error
        return
    raise AssertionError('it was made twice')
eager.__init__(again)
assert eager.value == 5 and calls == [1]
class Number(float):
    pass
class Evil(int):
    def __float__(self):
        small.__init__(2)
        return 1.0
def fail():
    raise KeyError('not yet')
other = hostile.Eager.__new__(hostile.Eager)
for _ in range(2):
    try:
        other.__init__(fail)
    except KeyError:
        continue
    raise AssertionError('it was made')
other.__init__(lambda: None)
assert other.value == 5
try:
    hostile.Eager.__new__(hostile.Eager).value
except TypeError as error:
    assert '__init__' in str(error), error
else:
    raise AssertionError('there is no value')
# Its name in the class isn't what the class makes objects with.
init = hostile.Eager.__init__
del hostile.Eager.__init__
del init
collect()
assert hostile.Eager(lambda: None).value == 5
";

    a_part_keeps_the_whole_alive: "
import hostile
part = hostile.Whole().part
junk = [bytearray(n) for n in range(200, 400, 8)]
assert part.get() == 7
";

    a_shared_pointer_outlives_what_it_came_from: "
import hostile, os, subprocess
part = hostile.Part(6)
ref = weakref.ref(part)
hostile.keep(part)
del part
collect()
assert hostile.read() == 6 and ref() is not None
hostile.drop()
assert ref() is None
part = hostile.Part(7)
ref = weakref.ref(part)
hostile.keep(part)
del part
hostile.drop_elsewhere()
for _ in range(100):
    # The main thread looks for what waits when it comes back from others.
    in_thread(lambda: None)
    if ref() is None:
        break
else:
    raise AssertionError('nobody gave it back')
# Python ends first; C++ drops it then.
hostile.keep(hostile.Part(8))
";

    a_shared_pointer_is_given_back_in_its_own_interpreter: "
import hostile
for own_gil in KINDS:
    with Interpreter(own_gil) as other:
        other.run('import hostile, weakref\\npart = hostile.Part(6)\\nref = weakref.ref(part)\\nhostile.keep(part)\\ndel part')
        assert hostile.read() == 6
        hostile.drop()
        assert hostile.Part(1).get() == 1
        # It waits until there is somebody to take it.
        assert other.answer('hostile.keep(hostile.Part(2))\\nsaid = ref()') == 'None'
        hostile.drop()
    with Interpreter(own_gil) as other:
        other.run('import hostile\\nhostile.keep(hostile.Part(6))')
    # The interpreter is gone.
    hostile.drop()
assert hostile.Part(3).get() == 3
";

    a_thread_that_ends_inside_a_call_ends_nothing_else: "
import hostile, time
started = threading.Event()
def sleep():
    started.set()
    time.sleep(60)
threading.Thread(target=lambda: hostile.call(sleep), daemon=True).start()
threading.Thread(target=lambda: hostile.Holder().during(sleep), daemon=True).start()
started.wait()
";

    a_long_chain_is_taken_down_one_by_one: "
import hostile
holder = hostile.Holder()
for _ in range(200_000):
    next = hostile.Holder()
    next.chain(holder)
    holder = next
del next, holder
collect()
";

    every_failure_has_a_word: "
import hostile
for call, kind in (
    (hostile.wordless, SystemError), (hostile.starved, MemoryError), (hostile.fail, KeyError),
    (lambda: hostile.Eager(1), TypeError), (lambda: hostile.Small.__init__(**{}), TypeError),
    (lambda: hostile.Small.__init__(hostile.Small.__new__(hostile.Small), **{'words': 1}), TypeError),
):
    try:
        call()
    except kind as error:
        assert str(error) or kind is MemoryError, call
    else:
        raise AssertionError(call)
Odd = type('\\udcff'.encode('utf-8', 'surrogatepass').decode('latin-1'), (), {})
class Shows:
    def __repr__(self): return '\\udcff'
for wrong in Odd(), Shows(), '\\udcff':
    try:
        hostile.swallow(wrong)
    except TypeError as error:
        assert 'swallow' in str(error), error
    else:
        raise AssertionError(wrong)
assert hostile.odd.__doc__.startswith('odd(thing: object = <object')
import copy, pickle
for thing in hostile.Small(1), hostile.Holder(), hostile.Whole():
    for attempt in copy.copy, copy.deepcopy, pickle.dumps, lambda thing: pickle.loads(pickle.dumps(thing, 0)):
        try:
            attempt(thing)
        except (TypeError, pickle.PicklingError):
            continue
        raise AssertionError(attempt)
assert pickle.loads(pickle.dumps(hostile.scaled)) is hostile.scaled
";

    subclasses_with_slots_and_several_bases_hold_what_they_are_given: "
import hostile
class Slots(hostile.Small): __slots__ = ('first', 'second')
class Mixed(hostile.Small, object): pass
class Aligned(hostile.Aligned): __slots__ = ('first',)
class Plain(hostile.Derived): pass
for _ in range(100):
    slots, mixed, aligned, plain = Slots(1), Mixed(2), Aligned(), Plain()
    for thing in slots, aligned:
        try:
            thing.first
        except AttributeError:
            thing.first = [thing]
    mixed.other = [mixed]
    assert slots.get() == 1 and mixed.get() == 2 and aligned.value == 9 and plain.text.startswith('a text')
    assert hostile.Aligned().value == 9 and hostile.empty(hostile.made()) and weakref.ref(hostile.made())() is None
collect()
";

    a_property_that_is_made_anew_keeps_what_runs: "
import hostile
class Evil(int):
    pass
whole = hostile.Whole()
for name in 'part',:
    hostile.Whole.__dict__[name].__init__()
collect()
try:
    whole.part
except AttributeError:
    pass
try:
    hostile.Small.get = None
    hostile.Small.__class__ = type
except TypeError:
    pass
assert hostile.Whole() is not None
";

    two_threads_never_both_take_one_object: "
import hostile
ROUNDS, THREADS = 300, 4
for _ in range(ROUNDS):
    part, raw, got = hostile.Part(9), hostile.Part.__new__(hostile.Part), []
    barrier = threading.Barrier(THREADS)
    def work():
        barrier.wait()
        try:
            got.append(('swallowed', hostile.swallow(part)))
        except TypeError:
            pass
        try:
            got.append(('made', raw.__init__(3)))
        except TypeError:
            pass
        for _ in range(20):
            try:
                assert part.get() == 9
            except TypeError:
                pass
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert sorted(what for what, _ in got).count('made') == 1 and len(got) <= 2, got
    assert raw.get() == 3
";
}

#[test]
fn every_law_about_hostile_use_holds_in_every_python_that_the_layer_supports() {
    for name in ["3.13", "3.14", "3.15", "3.13t"] {
        let Some(python) = Python::find(name, WHAT) else { continue };
        let Some(modules) = build(python) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

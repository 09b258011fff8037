//! The services for binding libraries, through two small ones that were built apart.
//!
//! Each law is a script in a process of its own. Addresses are made up by the scripts: a service compares them.

use std::sync::OnceLock;

use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::python::Python;
use interbind_tests::services::{built_apart, limited};
use interbind_tests::workshop;

/// The two builds for the default interpreter.
fn both() -> Option<&'static Modules> {
    static BOTH: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || Some(built_apart(workshop!(), "services", Python::default("the services")?));
    BOTH.get_or_init(build).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

const BEFORE: &str = "
import left, right
OK, ENDING, INVALID, MISSING, FAILED, DIFFERS = 0, 1, 2, 3, 4, 6
class Thing:
    pass
def raised(text, call, *arguments, error=ValueError):
    try:
        result = call(*arguments)
    except error as found:
        assert text in str(found), found
        return
    raise AssertionError(f'expected {text}, got {result!r}')
";

laws! {
    both, BEFORE, quiet;

    two_builds_share_one_map_and_one_key_for_a_name: "
a = left.Wrap(64, 'a.Point')
assert left.key('a.Point') == right.key('a.Point') != left.key('a.Other')
assert right.find(64, 'a.Point') is a and left.find(64, 'a.Point') is a
assert right.find(64, 'a.Other') is None and right.find(65, 'a.Point') is None
assert left.counts() == right.counts() == (1, 0, 0)
assert left.makers() == right.makers() == ['left'] * 4
del a
collect()
assert right.find(64, 'a.Point') is None and left.counts() == (0, 0, 0)
";

    whoever_is_first_makes_a_service_whoever_owns_the_core: "
assert left.key('a.Point') and right.userdata('first', 'k', 1, None) == 1
assert left.makers() == right.makers() == ['left', 'left', 'right', 'left']
";

    a_reference_that_find_gives_is_the_callers: "
a = Thing()
assert left.insert(64, 'a.Point', a) == OK
before = counts(a)
found = [right.find(64, 'a.Point') for _ in range(10)]
assert all(each is a for each in found)
del found
assert counts(a) == before
assert left.remove(64, 'a.Point', a)
";

    the_map_holds_no_reference: "
a = left.Wrap(64, 'a.Point')
class Named(left.Wrap):
    pass
b = Named(80, 'a.Point')
ref = weakref.ref(b)
del b
collect()
assert ref() is None and left.counts() == (1, 0, 0)
";

    several_objects_may_wrap_one_pointer: "
things = [left.Wrap(64, name) for name in ('a.Point', 'a.Point', 'a.Other')]
assert {id(found) for _, found in right.each(64)} == {id(thing) for thing in things}
assert sorted(key for key, _ in right.each(64)) == sorted(left.key(n) for n in ('a.Point', 'a.Point', 'a.Other'))
assert right.find(64, 'a.Other') is things[2]
assert right.find(64, 'a.Point') in things[:2]
gone = right.find(64, 'a.Point')
other = things[1 - things.index(gone)]
things.remove(gone)
del gone
collect()
assert right.find(64, 'a.Point') is other
assert left.first(64) == 1 and left.first(72) == 0
assert len(left.each(0)) == 2
";

    one_object_may_wrap_several_pointers: "
a = Thing()
for pointer, name in (64, 'a.Point'), (80, 'a.Base'), (64, 'a.Base'):
    assert left.insert(pointer, name, a) == OK
assert left.counts()[0] == 3 and right.find(80, 'a.Base') is right.find(64, 'a.Base') is a
assert right.remove(64, '', a) and left.counts()[0] == 1
assert right.find(80, 'a.Base') is a and right.find(64, 'a.Point') is None
assert left.remove(80, 'a.Base', a)
";

    an_object_is_inserted_once_and_removed_once: "
a, b = Thing(), Thing()
assert left.insert(64, 'a.Point', a) == OK
assert right.insert(64, 'a.Point', a) == DIFFERS
assert left.counts()[0] == 1
assert not left.remove(64, 'a.Point', b) and not left.remove(64, 'a.Other', a) and not left.remove(80, '', a)
assert right.remove(64, 'a.Point', a)
assert not left.remove(64, 'a.Point', a) and not left.remove(64, '', a)
assert left.counts() == (0, 0, 0)
";

    an_address_that_is_used_again_by_another_type_is_another_thing: "
a = left.Wrap(64, 'a.Point')
del a
collect()
b = right.Wrap(64, 'b.Other')
assert left.find(64, 'a.Point') is None and left.find(64, 'b.Other') is b
";

    many_entries_are_all_found_and_all_taken_out: "
if PYPY:
    skip('PyPy says later that objects are dead')
import random
rng = random.Random(7)
things = {}
for round in range(20000):
    pointer = rng.randrange(16, 1 << 40, 16) if rng.random() < 0.7 else 4096 * (1 + rng.randrange(3000))
    name = rng.choice(('a.A', 'a.B'))
    if (pointer, name) in things and rng.random() < 0.7:
        del things[pointer, name]
    elif (pointer, name) not in things:
        things[pointer, name] = left.Wrap(pointer, name)
    if rng.random() < 0.4:
        things.pop(rng.choice(list(things)) if rng.random() < 0.01 else next(iter(things)), None)
collect()
assert left.counts()[0] == len(things) > 5000
for (pointer, name), thing in things.items():
    assert right.find(pointer, name) is thing
assert {id(found) for _, found in right.each(0)} == {id(thing) for thing in things.values()}
del thing
things.clear()
collect()
assert left.counts() == (0, 0, 0) and right.each(0) == []
";

    a_dying_object_is_not_found_and_a_resurrected_one_is: "
class Named(left.Wrap):
    def __del__(self):
        saved.append(left.find(self.pointer(), 'a.Point'))
saved = []
a = Named(64, 'a.Point')
del a
collect()
# The finaliser ran with the object alive: what it found is the object, which lives on, and is still found.
if saved[0] is not None:
    assert right.find(64, 'a.Point') is saved[0]
saved.clear()
collect()
assert right.find(64, 'a.Point') is None and left.counts() == (0, 0, 0)

found = []
class Held(left.Wrap):
    pass
b = Held(80, 'a.Point')
ref = weakref.ref(b, lambda ref: found.append(left.find(80, 'a.Point')))
del b
collect()
# A weak reference's callback runs when the count is zero, and before our dealloc.
assert found == [None] and left.counts() == (0, 0, 0)
";

    a_nurse_keeps_its_patient: "
nurse, patient = left.Wrap(64, 'a.A'), Thing()
ref = weakref.ref(patient)
assert left.keep_alive(nurse, patient, True) == OK
before = counts(patient)
assert right.keep_alive(nurse, patient, True) == OK
assert counts(patient) == before and left.counts() == (1, 1, 1)
del patient
collect()
assert ref() is not None
assert left.traverse(nurse) == (41, 0, [ref()])
del nurse
collect()
assert ref() is None and left.counts() == (0, 0, 0)
";

    a_nurse_of_another_class_keeps_its_patient_through_a_weak_reference: "
nurse, patients = Thing(), [Thing() for _ in range(5)]
refs = [weakref.ref(patient) for patient in patients]
for patient in patients + patients:
    assert left.keep_alive(nurse, patient, False) == OK
assert right.counts() == (0, 1, 5)
assert len(weakref.getweakrefs(nurse)) == 1
del patients, patient
collect()
assert all(ref() is not None for ref in refs)
assert left.traverse(nurse)[2] == [ref() for ref in refs]
del nurse
collect()
assert all(ref() is None for ref in refs) and left.counts() == (0, 0, 0)
";

    whoever_cant_be_weakly_referenced_is_no_foreign_nurse: "
if PYPY:
    skip('everything can be weakly referenced')
patient = Thing()
before = counts(patient)
raised('weak reference', left.keep_alive, 7, patient, False, error=TypeError)
raised('weak reference', left.keep_alive, left.Wrap(64, 'a.A'), patient, False, error=TypeError)
raised('weak reference', left.attach, (), 5, False, error=TypeError)
assert counts(patient) == before and left.counts()[1:] == (0, 0) and left.freed() == 0
# Nothing is left over: the same nurse may be kept in another way.
nurse = left.Wrap(64, 'a.A')
assert left.keep_alive(nurse, patient, True) == OK
";

    none_and_oneself_are_no_patients: "
nurse = left.Wrap(64, 'a.A')
assert left.keep_alive(nurse, None, True) == MISSING and left.keep_alive(None, nurse, False) == MISSING
assert left.keep_alive(nurse, nurse, True) == OK
assert left.counts() == (1, 0, 0)
";

    cycles_through_a_nurse_that_visits_are_collected: "
if PYPY:
    skip('PyPy asks no class of C what it visits')
class Named(left.Wrap):
    pass
a, b = Named(64, 'a.A'), Named(80, 'a.A')
assert left.keep_alive(a, b, True) == left.keep_alive(b, a, True) == OK
c = Named(96, 'a.A')
holder = Thing()
holder.c = c
assert right.keep_alive(c, holder, True) == OK
refs = [weakref.ref(each) for each in (a, b, c, holder)]
del a, b, c, holder
assert left.counts() == (3, 3, 3)
collect()
assert [ref() for ref in refs] == [None] * 4 and left.counts() == (0, 0, 0)
";

    memory_is_freed_once_with_its_nurse: "
visiting, foreign = left.Wrap(64, 'a.A'), Thing()
assert left.attach(visiting, 1, True) == left.attach(visiting, 10, True) == left.attach(foreign, 100, False) == OK
assert right.counts() == (1, 2, 3) and left.freed() == 0
assert left.traverse(visiting) == (0, 0, [])
del visiting
collect()
assert left.freed() == 11
del foreign
collect()
assert left.freed() == 111 and left.counts() == (0, 0, 0)
";

    release_lets_go_at_once: "
nurse, foreign = left.Wrap(64, 'a.A'), Thing()
first, second = Thing(), Thing()
refs = [weakref.ref(first), weakref.ref(second)]
assert left.keep_alive(nurse, first, True) == left.keep_alive(foreign, second, False) == OK
del first, second
assert right.release(nurse) and right.release(foreign)
collect()
assert [ref() for ref in refs] == [None, None]
assert not left.release(nurse) and not left.release(foreign)
assert left.counts() == (1, 0, 0) and weakref.getweakrefs(foreign) == []
# And again, with a watch that was used before.
patient = Thing()
assert left.keep_alive(foreign, patient, False) == OK
ref = weakref.ref(patient)
del patient, foreign
collect()
assert ref() is None and left.counts() == (1, 0, 0)
";

    a_patients_end_may_use_the_service: "
log = []
class Patient(left.Wrap):
    def __del__(self):
        log.append((left.find(64, 'a.A'), left.keep_alive(Thing(), Thing(), False), left.counts()[1]))
nurse = Thing()
for pointer in range(640, 800, 16):
    assert left.keep_alive(nurse, Patient(pointer, 'a.P'), False) == OK
del nurse
collect()
assert len(log) == 10 and {entry[:2] for entry in log} == {(None, OK)}, log
collect()
assert left.counts() == (0, 0, 0)
";

    python_code_that_calls_a_weak_references_callback_does_no_harm: "
nurse, patient = Thing(), Thing()
ref = weakref.ref(patient)
assert left.keep_alive(nurse, patient, False) == OK
[weak] = weakref.getweakrefs(nurse)
callback = weak.__callback__
del patient
for argument in weak, ref, None, 7, nurse:
    callback(argument)
collect()
assert ref() is not None and left.counts() == (0, 1, 1)
del nurse, argument
collect()
assert ref() is None and left.counts() == (0, 0, 0)
callback(weak)
other, patient = Thing(), Thing()
assert left.keep_alive(other, patient, False) == OK
callback(weak)
assert left.counts() == (0, 1, 1)
";

    a_null_is_refused_by_every_function: "
found = left.nulls(Thing())
assert found == [INVALID] * len(found), found
assert left.counts() == (0, 0, 0) and left.userdata_list() == [] and left.translators() == []
";

    a_service_of_a_major_that_doesnt_exist_is_missing: "
left.makers()
for name in 'types', 'instances', 'userdata', 'exceptions':
    assert left.ask(name, 1) == OK and left.ask(name, 2) == left.ask(name, 0) == MISSING
assert left.ask('functions', 1) == MISSING
";

    a_datum_is_one_in_an_interpreter: "
assert left.userdata('org.x.state', 'k', 41, None) == 41
assert right.userdata('org.x.state', 'k', 42, None) == 41 and right.userdata('org.x.state', 'k') == 41
assert left.freed() == right.freed() == 0
raised('userdata: 6', right.userdata, 'org.x.state', 'other', 42, None)
raised('userdata: 6', right.userdata, 'org.x.state', 'other')
raised('userdata: 3', right.userdata, 'org.x.none', 'k')
assert right.userdata('org.x.more', 'k', 43, None) == 43
assert left.userdata_list() == [('org.x.more', 'k', 'right', 43), ('org.x.state', 'k', 'left', 41)]
";

    a_datums_maker_may_fail_ask_for_others_and_for_itself: "
def fail():
    raise KeyError('no')
raised('no', left.userdata, 'a', 'k', 1, fail, error=KeyError)
raised('userdata: 3', left.userdata, 'a', 'k')
def nested():
    assert right.userdata('b', 'k', 5, None) == 5
    assert right.userdata('a', 'k', 7, None) == 7
# Whoever comes second frees what it built.
assert left.userdata('a', 'k', 9, nested) == 7 and left.freed() == 9
def differs():
    assert right.userdata('c', 'x', 11, None) == 11
raised('userdata: 6', left.userdata, 'c', 'k', 13, differs)
assert left.freed() == 22 and right.freed() == 0
";

    makers_that_race_agree: "
import time
barrier = threading.Barrier(8)
def get(value):
    barrier.wait()
    return [left.userdata(f'r{i}', 'k', value, lambda: time.sleep(0)) for i in range(20)]
found = []
threads = [threading.Thread(target=lambda v=v: found.append(get(v))) for v in range(1, 9)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and all(each == found[0] for each in found), found
assert len(left.userdata_list()) == 20
";

    each_build_translates_the_others_exceptions: "
def one(kind):
    def translate(value):
        log.append((kind, value))
        if value == 8:
            raise LookupError(kind)
        return 0
    return translate
log = []
first = left.register('c++:x', one('left'))
second = right.register('c++:x', one('right'))
third = right.register('c++:y', one('other kind'))
assert left.translators() == ['right', 'right', 'left']
raised('right', left.translate, 'c++:x', 8, error=LookupError)
raised('other kind', left.translate, 'c++:y', 8, error=LookupError)
assert left.translate('c++:x', 9) is None and left.translate('c++:z', 8) is None
assert log == [('right', 8), ('other kind', 8), ('right', 9), ('left', 9)]
assert left.unregister(second) and not left.unregister(second)
raised('left', right.translate, 'c++:x', 8, error=LookupError)
";

    a_translator_is_registered_once: "
one = left.register('c++:x', lambda value: 0)
assert left.register_again(one) == right.register_again(one) == DIFFERS
assert left.translators() == ['left'] and left.unregister(one) and left.translators() == []
assert left.register_again(one) == OK and left.translators() == ['left']
";

    a_translator_that_knows_by_half_is_passed_over: "
def fail(value):
    raise LookupError('known')
left.register('c++:x', fail)
left.register('c++:x', lambda value: 1)
left.register('c++:x', lambda value: 2)
raised('known', right.translate, 'c++:x', 8, error=LookupError)
assert left.translate_raised('c++:x') == INVALID
";

    a_translator_may_register_and_unregister_meanwhile: "
log = []
def old(value):
    log.append('old')
    return 0
def new(value):
    log.append('new')
    return 0
def busy(value):
    log.append('busy')
    assert left.unregister(places['old']) and left.unregister(places['busy'])
    places['new'] = right.register('c++:x', new)
    assert left.translate('c++:x', 16) is None
    return 0
places = {'last': left.register('c++:x', lambda value: log.append('last') or 0)}
places['old'] = left.register('c++:x', old)
places['busy'] = left.register('c++:x', busy)
assert left.translate('c++:x', 8) is None
assert log == ['busy', 'new', 'last', 'last'], log
";

    a_spoiled_translator_is_refused: "
assert left.spoiled() == [INVALID] * 6 + [INVALID] and left.translators() == []
";

    a_class_finds_its_records_and_forgets_them_when_it_dies: "
if PYPY:
    skip('a class that C code has seen stays')
class A: pass
class B: pass
assert left.publish(A, 'x.A', 'c++:1A', []) == OK and right.publish(A, 'y.A', 'c++:1A', []) == OK
assert left.publish(B, 'x.B', 'c++:1B', []) == OK
assert left.of_type(A) == right.of_type(A) == ['x.A', 'y.A'] and left.of_type(B) == ['x.B'] and left.of_type(int) == []
assert left.listed('c++:1A') == 2 and left.listed('x.A') == 1
del A
collect()
assert left.listed('c++:1A') == 0 and left.of_type(B) == ['x.B']
many = [type(f'M{i}', (), {}) for i in range(3000)]
for i, cls in enumerate(many):
    assert left.publish(cls, f'm.M{i}', f'c++:M{i}', []) == OK
for i, cls in enumerate(many):
    assert right.of_type(cls) == [f'm.M{i}'] and right.listed(f'c++:M{i}') == 1
del many, cls
collect()
assert left.listed('m.M7') == left.listed('c++:M7') == 0
";

    an_object_becomes_its_base_through_the_records_of_several_modules: "
class A: pass
class B: pass
class C: pass
assert left.publish(A, 'x.A', 'c++:1A', []) == OK
assert right.publish(B, 'x.B', 'c++:1B', [('c++:1A', 16)]) == OK
assert left.publish(C, 'x.C', 'c++:1C', [('c++:1B', 8)]) == OK
assert left.upcast(C, 'c++:1A', 1000) == right.upcast(C, 'c++:1A', 1000) == 1024
assert left.upcast(C, 'c++:1C', 1000) == 1000 and left.upcast(C, 'c++:1B', 1000) == 1008
raised('upcast: 3', left.upcast, A, 'c++:1C', 1000)
raised('upcast: 2', left.upcast, C, 'c++:1A', 0)
raised('upcast: 2', left.upcast, int, 'c++:1A', 1000)
";

    an_older_table_is_refused_with_its_makers_name: "
assert left.forge('userdata', 'ib.udata', 64, 0, 1) == OK
error = refused('service-too-old', left.user, 'userdata')
assert 'provider: left 7.0.0 (left.so)' in str(error) and 'consumer: left' in str(error), error
assert isinstance(error, ImportError) and '`userdata`' in str(error)
# The others are made as ever.
left.user('instances'), left.user('exceptions')
";

    a_newer_table_is_used_as_far_as_it_is_known: "
assert left.forge('exceptions', 'ib.excep', 200, 7, 1) == OK
left.user('exceptions')
";

    a_table_without_functions_or_of_another_kind_is_refused: "
assert left.forge('userdata', 'ib.udata', 72, 0, 0) == OK
refused('malformed-record', left.user, 'userdata')
assert left.forge('instances', 'ib.udata', 144, 0, 1) == OK
refused('bad-magic', left.user, 'instances')
assert left.forge('exceptions', 'ib.excep', 90, 0, 1) == OK
refused('malformed-record', left.user, 'exceptions')
";

    sixteen_threads_find_what_others_let_die: "
import os
rounds = 300
pointers = [0x100000 * (1 + i % 5) + 16 * i for i in range(24)]
failed = []
def work(seed):
    try:
        module = (left, right)[seed % 2]
        for round in range(rounds):
            for i, pointer in enumerate(pointers):
                if (i + seed) % 3 == 0:
                    mine = module.Wrap(pointer, 'a.Point')
                    assert mine.pointer() == pointer
                    del mine
                else:
                    found = module.find(pointer, 'a.Point')
                    assert found is None or found.pointer() == pointer
                    if i == seed:
                        for _, each in module.each(pointer):
                            assert each.pointer() == pointer
                        each = None
                        nurse = Thing()
                        patient = module.Wrap(pointer, 'a.Other')
                        assert module.keep_alive(nurse, patient, False) == OK
                        assert module.keep_alive(patient, nurse, True) == OK
                        assert module.release(patient)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
collect()
assert left.counts() == (0, 0, 0)
";

    a_fork_between_sixteen_threads_leaves_a_map_that_works: "
import os, time, warnings
if PYPY or not hasattr(os, 'fork'):
    skip('there is no fork, or objects die later than this asks for')
warnings.simplefilter('ignore')
stop = threading.Event()
failed = []
def work(seed):
    try:
        nurse = Thing()
        while not stop.is_set():
            for i in range(50):
                mine = left.Wrap(0x100000 * seed + 16 * i + 16, 'a.Point')
                assert right.find(mine.pointer(), 'a.Point') is mine
                left.keep_alive(nurse, mine, False)
            right.release(nurse)
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 17)]
for thread in threads: thread.start()
for round in range(20):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for i in range(100):
                mine = left.Wrap(0x100000 * (1 + i % 16) + 8, 'a.Child')
                assert right.find(mine.pointer(), 'a.Child') is mine
                assert left.keep_alive(mine, Thing(), True) == OK
            assert left.userdata('child', 'k', 1, None) == 1 and left.translate('c++:none', 8) is None
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
assert not failed, failed
collect()
assert left.counts() == (0, 0, 0)
";
}

#[test]
fn every_law_of_the_services_holds_on_a_free_threaded_python() {
    let Some(python) = Python::find("3.13t", "the laws of the services on a free-threaded Python") else {
        return;
    };
    go_through(
        &built_apart(workshop!(), "services-threads", python),
        &format!("{BEFORE}\nassert not sys._is_gil_enabled()"),
        LAWS,
        quiet,
    );
}

#[test]
fn every_law_of_the_services_holds_on_the_newest_python() {
    let Some(python) = Python::find("3.15", "the laws of the services on the newest Python") else { return };
    go_through(&built_apart(workshop!(), "services-newest", python), BEFORE, LAWS, quiet);
}

#[test]
fn every_law_of_the_services_holds_under_the_limited_api() {
    let Some(python) = Python::find("3.14", "the laws of the services under the limited API") else { return };
    go_through(&limited(workshop!(), "services-limited", python), BEFORE, LAWS, quiet);
}

/// A module that isn't bound is no user of the core: what it made goes with the interpreter.
fn end(modules: &Modules) {
    let python = modules.python();
    let modules = modules.clone().variable("SERVICES_UNBOUND", "1");
    let script = "
import left
class Thing: pass
nurse = Thing()
assert left.unbound(nurse, Thing(), 1000000) == [0] * 5
";
    let freed = |what: &str| {
        let said = modules.run(&format!("{script}\n{what}"));
        assert_eq!(said.stderr, "", "{what}, on Python {python}: {said:#?}");
        said.passed()
    };
    assert_eq!(freed(""), "payload 1000000\nfreed 1000000\n", "on Python {python}");
    assert_eq!(
        freed("del nurse; print('gone')"),
        "payload 1000000\ngone\nfreed 1000000\n",
        "on Python {python}"
    );
    // What is forgotten at a fork is forgotten after the state dict: the nurse is the core's last user.
    let late = "import os\nos.register_at_fork(before=lambda nurse=nurse: None)\ndel nurse";
    assert_eq!(freed(late), "payload 1000000\nfreed 1000000\n", "on Python {python}");
}

#[test]
fn everything_is_freed_with_the_cores_last_user() {
    if let Some(modules) = both() {
        end(modules);
    }
    if let Some(python) = Python::find("3.13t", "the end of the services on a free-threaded Python") {
        end(&built_apart(workshop!(), "services-end", python));
    }
}

#[test]
fn every_law_of_the_services_holds_on_pypy() {
    let Some(python) = Python::find("pypy3.11", "the laws of the services on PyPy") else { return };
    let modules = built_apart(workshop!(), "services-pypy", python);
    go_through(&modules, BEFORE, LAWS, quiet);
}

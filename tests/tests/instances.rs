//! The `instances` service, through two small binding libraries that were built apart.
//!
//! Each law is a script in a process of its own. Addresses are made up by the scripts: the service compares them.

use std::sync::OnceLock;

use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::python::Python;
use interbind_tests::services::{
    BEFORE, MADE_BY_THE_RUNTIME, built_apart, everywhere, quiet, sanitized, watched_for_races,
    without_implementation,
};
use interbind_tests::workshop;

/// The two builds for the default interpreter.
fn both() -> Option<&'static Modules> {
    static BOTH: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || Some(built_apart(workshop!(), "instances", Python::default("the laws of instances")?));
    BOTH.get_or_init(build).as_ref()
}

laws! {
    both, BEFORE, quiet;

    two_builds_share_one_map_and_one_key_for_a_name: "
a = left.Wrap(64, 'a.Point')
assert left.key('a.Point') == right.key('a.Point') != left.key('a.Other')
assert right.find(64, 'a.Point') is a and left.find(64, 'a.Point') is a
assert right.find(64, 'a.Other') is None and right.find(65, 'a.Point') is None
assert left.counts() == right.counts() == (1, 0, 0)
assert left.makers() == right.makers() == [LEFT, MAKER, LEFT, LEFT]
del a
collect()
assert right.find(64, 'a.Point') is None and left.counts() == (0, 0, 0)
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

    a_resurrected_object_that_is_inserted_again_is_found_by_another_thread: "
kept = []
class Lazarus(left.Wrap):
    def __del__(self):
        if not kept:
            kept.append(self)
            # Its class takes it out when it dies; here the finaliser does, and puts it back.
            assert left.remove(64, 'a.Point', self)
            assert left.insert(64, 'a.Point', self) == OK
a = Lazarus(64, 'a.Point')
address = id(a)
del a
collect()
assert kept and id(kept[0]) == address
found = []
def find():
    # No count of this thread's own: without a GIL only an object that was made ready again is found.
    found.extend(right.find(64, 'a.Point') for _ in range(3))
thread = threading.Thread(target=find)
thread.start()
thread.join()
assert [id(each) for each in found] == [address] * 3, found
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
# One tells of its death, one is asked.
assert len(weakref.getweakrefs(nurse)) == 2
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
[weak] = [weak for weak in weakref.getweakrefs(foreign) if weak.__callback__]
callback = weak.__callback__
del first, second
assert right.release(nurse) and right.release(foreign)
collect()
assert [ref() for ref in refs] == [None, None]
assert not left.release(nurse) and not left.release(foreign)
# What Python code kept of the watch leads nowhere any more.
callback(weak)
del weak, callback
collect()
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
[weak] = [weak for weak in weakref.getweakrefs(nurse) if weak.__callback__]
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
fn every_law_of_instances_holds_on_every_kind_of_python() {
    everywhere(workshop!(), "instances", LAWS);
}

#[test]
fn every_law_of_instances_holds_with_the_wheel_s_runtime() {
    let what = "the laws of instances with the wheel's runtime";
    if let Some(python) = Python::default(what) {
        go_through(
            &without_implementation(workshop!(), "instances", python),
            &format!("{BEFORE}\n{MADE_BY_THE_RUNTIME}"),
            LAWS,
            quiet,
        );
    }
}

#[test]
fn every_law_of_instances_holds_under_the_address_sanitizer() {
    let what = "the laws of instances under the address sanitizer";
    if let Some(modules) = sanitized(workshop!(), "instances", what) {
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

#[test]
fn every_law_of_instances_holds_under_the_thread_sanitizer() {
    let what = "the laws of instances under the thread sanitizer";
    if let Some(modules) = watched_for_races(workshop!(), "instances", what) {
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

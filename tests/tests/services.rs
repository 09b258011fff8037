//! The services `userdata` and `exceptions`, what binding libraries need of `types`, and how all of them are found, through
//! two small binding libraries that were built apart.
//!
//! Each law is a script in a process of its own.

use std::fs;
use std::sync::OnceLock;

use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::package::write_if_changed;
use interbind_tests::python::Python;
use interbind_tests::services::{
    BEFORE, MADE_BY_THE_RUNTIME, agnostic, built_apart, everywhere, extension, quiet, sanitized,
    watched_for_races, without_implementation,
};
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// The two builds for the default interpreter.
fn both() -> Option<&'static Modules> {
    static BOTH: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || Some(built_apart(workshop!(), "services", Python::default("the laws of services")?));
    BOTH.get_or_init(build).as_ref()
}

laws! {
    both, BEFORE, quiet;

    whoever_is_first_makes_a_service_whoever_owns_the_core: "
assert left.key('a.Point') and right.userdata('first', 'k', 1, None) == 1
assert left.makers() == right.makers() == [LEFT, MAKER, RIGHT, LEFT]
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

    the_class_of_a_record_is_held_or_gone: "
if PYPY:
    skip('a class that C code has seen stays')
class A: pass
assert left.publish(A, 'x.A', 'c++:1A', []) == OK
record = left.record(A)
before = sys.getrefcount(A)
held = right.hold(record)
assert held is A and left.hold(record) is A and sys.getrefcount(A) == before + 1
raised('hold: no class', left.hold, 0)
del A
collect()
assert right.hold(record) is held
del held
collect()
raised('hold: no class', left.hold, record)
raised('hold: no class', right.hold, record)
";

    a_class_that_other_threads_let_go_of_is_held_alive_or_not_at_all: "
import threading
if PYPY:
    skip('a class that C code has seen stays')
records, found, missed, done = [], 0, 0, threading.Event()
def come_and_go(number):
    for turn in range(300):
        cls = type(f'T{number}x{turn}', (), {'mine': (number, turn)})
        assert left.publish(cls, 'x.T', f'c++:T{number}', []) == OK
        records.append((left.record(cls), cls.mine))
        del cls
        if turn % 7 == 0:
            gc.collect()
# One that is alive all the time: a thread may get no turn while another is.
Kept = type('T0x0', (), {'mine': (0, 0)})
assert left.publish(Kept, 'x.T', 'c++:Kept', []) == OK
kept = left.record(Kept), Kept.mine
def hold():
    global found, missed
    last = False
    while not last:
        last = done.is_set()
        for record, mine in [kept, *records[-20:]]:
            try:
                cls = right.hold(record)
            except ValueError as error:
                assert str(error) == 'hold: no class'
                missed += 1
            else:
                assert cls().mine == mine and cls.__name__ == 'T%dx%d' % mine
                found += 1
                del cls
holders = [threading.Thread(target=hold) for _ in range(2)]
makers = [threading.Thread(target=come_and_go, args=(number,)) for number in range(2)]
for thread in holders + makers: thread.start()
for thread in makers: thread.join()
done.set()
for thread in holders: thread.join()
collect()
# A free-threaded 3.13 lets no class die once it has had a second thread.
IMMORTAL = 2 ** 32 - 1
for record, mine in records:
    try:
        cls = left.hold(record)
    except ValueError as error:
        assert str(error) == 'hold: no class'
        missed += 1
    else:
        assert cls().mine == mine and sys.getrefcount(cls) == IMMORTAL
assert found and (missed or sys.version_info[:2] == (3, 13) and not sys._is_gil_enabled())
";

    a_class_without_attributes_is_published_by_two_at_once: "
import builtins, threading, types
fixed = [cls for place in (builtins, types) for cls in vars(place).values() if isinstance(cls, type) and cls is not object]
fixed = [cls for cls in dict.fromkeys(fixed) if not cls.__flags__ & 1 << 9]
assert len(fixed) > 60
said, together = {}, threading.Barrier(2)
def publish(module, own):
    for number, cls in enumerate(fixed):
        together.wait()
        said[own, cls] = module.publish(cls, f'{own}.C{number}', f'c++:{own}{number}', [])
threads = [threading.Thread(target=publish, args=pair) for pair in ((left, 'x'), (right, 'y'))]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert set(said.values()) == {OK}
collect()
for number, cls in enumerate(fixed):
    assert sorted(left.of_type(cls)) == [f'x.C{number}', f'y.C{number}'], cls
    assert left.hold(left.record(cls)) is cls
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

    a_native_object_is_borrowed_by_key_and_judged_by_the_abi_of_its_language: "
class Named(right.Wrap):
    pass
assert right.publish(right.Wrap, 'right.Wrap', 'c++:1W', []) == OK
refused('wrong-object', left.native, Thing(), 0)
w, named = right.Wrap(640, 'a.W'), Named(656, 'a.W')
# Whose borrows they are, its provider counts.
assert left.native(w, 0)[0] == 640 and left.native(named, 0)[0] == 656
assert right.native(w, 0) == (640, 1, 0)
error = refused('native-abi', left.native, w, 1)
assert isinstance(error, TypeError)
for line in (
    'lib: provider has libstdc++, this module expects libc++',
    'libabi: provider has gxx_abi_1xxx, this module expects libcpp_abi1',
    'cxx11: provider has 1, this module expects -',
    'provider: right 7.0.0', 'consumer: left', 'fix: build left and right with',
):
    assert line in str(error), (line, str(error))
assert 'debug' not in str(error)
";

    an_older_table_is_refused_with_its_makers_name: "
plants()
assert left.forge('userdata', 'ib.udata', 64, 0, 1) == OK
error = refused('service-too-old', left.user, 'userdata')
assert 'provider: left 7.0.0 (left.so)' in str(error) and 'consumer: left' in str(error), error
assert isinstance(error, ImportError) and '`userdata`' in str(error)
# The others are made as ever.
left.user('instances'), left.user('exceptions')
";

    a_newer_table_is_used_as_far_as_it_is_known: "
plants()
assert left.forge('exceptions', 'ib.excep', 200, 7, 1) == OK
left.user('exceptions')
";

    a_table_without_functions_or_of_another_kind_is_refused: "
plants()
assert left.forge('userdata', 'ib.udata', 80, 0, 0) == OK
refused('malformed-record', left.user, 'userdata')
assert left.forge('instances', 'ib.udata', 152, 0, 1) == OK
refused('bad-magic', left.user, 'instances')
assert left.forge('exceptions', 'ib.excep', 90, 0, 1) == OK
refused('malformed-record', left.user, 'exceptions')
";
}

#[test]
fn every_law_of_services_holds_on_every_kind_of_python() {
    everywhere(workshop!(), "services", LAWS);
}

#[test]
fn every_law_of_services_holds_with_the_wheel_s_runtime() {
    let what = "the laws of services with the wheel's runtime";
    if let Some(python) = Python::default(what) {
        go_through(
            &without_implementation(workshop!(), "services", python),
            &format!("{BEFORE}\n{MADE_BY_THE_RUNTIME}"),
            LAWS,
            quiet,
        );
    }
}

#[test]
fn every_law_of_services_holds_under_the_address_sanitizer() {
    let what = "the laws of services under the address sanitizer";
    if let Some(modules) = sanitized(workshop!(), "services", what) {
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

#[test]
fn a_build_that_sees_no_object_says_that_it_cannot_make_the_service_instances() {
    let Some(python) = Python::find("3.15", "the service `instances` under abi3t") else { return };
    let script = "
said = refused('service-missing', left.user, 'instances')
assert type(said) is ImportError
assert 'cannot use the `instances` service' in str(said) and 'import a module first' in str(said), said
assert left.userdata('org.x.state', 'k', 41, None) == 41
# The full build's is as good for both.
right.user('instances')
left.user('instances')
assert left.counts() == right.counts() == (0, 0, 0)
";
    quiet(&agnostic(workshop!(), "services-agnostic", python).run(&format!("{BEFORE}\n{script}")));
}

#[test]
fn every_law_of_services_holds_under_the_thread_sanitizer() {
    let what = "the laws of services under the thread sanitizer";
    if let Some(modules) = watched_for_races(workshop!(), "services", what) {
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

#[test]
fn a_build_for_a_free_threaded_3_14_takes_references_as_python_offers_it() {
    let Some(python) = Python::default("the services for a free-threaded 3.14") else { return };
    skip("the services on a free-threaded 3.14", "only built, for a configuration written by hand; not run");
    let config = workshop!().join("services-free-threaded-3.14.txt");
    write_if_changed(
        &config,
        "implementation=CPython\nversion=3.14\nshared=true\nabi3=false\npointer_width=64\nbuild_flags=Py_GIL_DISABLED\n\
         suppress_build_script_link_lines=true\n",
    );
    // A folder of its own: the configuration isn't the interpreter's.
    let free_threaded = Python { version: (3, 14), free_threaded: true, ..python.clone() };
    let folder = workshop!().join("services").join("left-3.14t");
    let library = extension(&folder, "left", "0.30", "")
        .variable("PYO3_CONFIG_FILE", config.to_str().expect("a path in UTF-8"))
        .build(&folder, &free_threaded);
    let library = fs::read(library).expect("it was built");
    let wanted =
        |name: &str| library.windows(name.len() + 2).any(|found| found == format!("\0{name}\0").as_bytes());
    for name in ["PyUnstable_EnableTryIncRef", "PyUnstable_TryIncRef"] {
        assert!(wanted(name), "{name}");
    }
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
    let sanitizer = "the end of the services under the address sanitizer";
    if let Some(modules) = sanitized(workshop!(), "services-end", sanitizer) {
        end(&modules);
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

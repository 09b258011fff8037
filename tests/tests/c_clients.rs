//! Clients in C of the headers: each operation, each way to link, and bad input, on each kind of Python.
//!
//! Two modules that were built apart, `client` and `other`, are linked in three ways: both with the static library; both by
//! headers alone, with the wheel's runtime to import; and one of each, so that the implementation is in the process already.

use std::sync::OnceLock;

use interbind_tests::laws;
use interbind_tests::laws::{go_through, hold};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native, with_runtime};
use interbind_tests::python::Python;
use interbind_tests::workshop;

use Linked::{ByHeaders, Statically};

/// What both are built of.
const CLIENT: &str = "tests/fixtures/capi/client.c";

/// The ways to link `client` and `other`.
const WAYS: [(&str, Linked, Linked); 3] = [
    ("static", Statically, Statically),
    ("runtime", ByHeaders, ByHeaders),
    ("process", ByHeaders, Statically),
];

/// Builds both modules for an interpreter, in one of the ways; each test in a folder of its own.
fn build(test: &str, way: usize, python: &'static Python, flags: &[&str]) -> Option<Modules> {
    let (name, client, other) = WAYS[way];
    let what = format!("a client in C, {name}");
    let mut modules = Modules::new(workshop!(), &format!("c-{test}-{name}"), python);
    if name == "runtime" {
        modules = with_runtime(modules, workshop!());
    }
    for (module, linked) in [("client", client), ("other", other)] {
        let native = flags.iter().fold(Native::new(CLIENT, module, linked), |native, flag| native.flag(flag));
        modules = native.add_to(modules, workshop!(), &what)?;
    }
    Some(modules)
}

fn default() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    BUILT.get_or_init(|| build("default", 0, Python::default("clients in C")?, &[])).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

/// What stands in front of each script: the host of the implementation comes first.
const BEFORE: &str = "
import importlib.util, other, client
OK, ENDING, INVALID, MISSING, FAILED, FAULT, DIFFERS = range(7)
def raised(call, *arguments):
    try:
        call(*arguments)
    except BaseException as error:
        return error
    raise AssertionError('nothing was raised')
";

laws! {
    default, BEFORE, quiet;

    modules_share_what_they_publish: "
for maker in client, other:
    thing = maker.Thing(3, 4)
    for user in client, other:
        assert user.norm(thing) == user.native_norm(thing) == 5.0
    class Named(maker.Thing):
        pass
    assert client.norm(Named(6, 8)) == other.norm(Named(6, 8)) == 10.0
";

    nobody_borrows_exclusively_what_is_frozen_or_untracked: "
assert other.publish_frozen() == 1
thing = other.Thing(3, 4)
for frozen, slug in (True, 'frozen'), (False, 'untracked'):
    assert client.exclusive(thing, frozen, 1) is True
    error = refused(slug, client.exclusive, thing, frozen, 2)
    assert type(error) is TypeError and \"cannot borrow 'Thing' as org.\" in str(error), error
    assert 'an exclusive borrow' in str(error) and 'provider: other' in str(error) and 'fix: borrow it shared' in str(error)
    error = raised(client.exclusive, thing, frozen, 3)
    assert type(error) is SystemError and 'there is no mode 3' in str(error), error
assert client.norm(thing) == 5.0 and other.shift(0) == 0
";

    a_provider_looks_at_the_class_of_what_it_lends: "
class Named(client.Thing):
    pass
assert client.careless(client.Thing(3, 4)) is True and client.careless(Named()) is True
for stranger in 3, None, other.Thing(3, 4), client.Thing:
    error = refused('wrong-object', client.careless, stranger)
    assert type(error) is TypeError and 'provider: client' in str(error) and 'fix: ' in str(error), error
assert client.shift(0) == 0
";

    what_isn_t_aligned_is_given_back_and_refused: "
thing = other.Thing(3, 4)
assert client.norm(thing) == 5.0 and other.shift(4) == 0
error = refused('misaligned', client.norm, thing)
assert 'multiple of 8' in str(error) and 'provider has 4' in str(error) and 'fix: ' in str(error), error
assert other.shift(0) == 0 and client.norm(thing) == 5.0
";

    a_native_class_of_another_shape_is_refused_part_by_part: "
thing = other.Thing(3, 4)
assert client.shaped_norm(thing) == client.native_norm(thing) == 5.0
error = refused('layout-differs', client.newer_norm, thing)
assert 'size: provider has 16, this module expects 24' in str(error), error
assert 'tag: provider has 1, this module expects 2' in str(error) and '~fields' not in str(error), error
assert 'same version of the class' in str(error), error
";

    native_descriptors_are_compared_part_by_part: "
c = 'language=c abi=sysv lib=none libabi=none cxx11=- debug=no'
for theirs, ours, slug, parts in [
    (c + ' size=8', c + ' size=8', None, []),
    (c + ' size=8', c + ' size=16', 'layout-differs', ['size: provider has 8, this module expects 16']),
    (c + ' tag=2', c, 'version-differs', ['tag: provider has 2, this module expects nothing']),
    (c, c + ' tag=2', 'version-differs', ['tag: provider has nothing, this module expects 2']),
    (c + ' new=3', c, 'layout-differs', ['new: provider has 3, this module expects nothing']),
    (c, c + ' new=3', 'layout-differs', ['new: provider has nothing, this module expects 3']),
    (c + ' ~fields=x', c, None, []),
    (c, c + ' ~fields=x', None, []),
    (c + ' ~fields=x', c + ' ~fields=y', 'layout-differs', ['~fields: provider has x, this module expects y']),
    (c + ' size=8 tag=2', c + ' class=opaque', None, []),
    (c + ' class=opaque', c + ' size=8', 'layout-differs',
        ['class: provider has opaque, this module expects nothing', 'size: provider has nothing, this module expects 8']),
    (c.replace('sysv', 'msvc') + ' size=8', c + ' class=opaque', 'native-abi', ['abi: provider has msvc, this module expects sysv']),
    (c.replace('no', 'yes') + ' size=8', c + ' size=9', 'native-abi', None),
    ('', '', None, []),
]:
    found, lines = client.compare(theirs, ours)
    assert found == slug, (theirs, ours, found)
    assert parts is None or lines.split('\\n  ')[1:] == parts, lines
";

    a_text_is_utf8_where_python_says_so: "
def is_utf8(text):
    try:
        text.decode()
        return True
    except UnicodeDecodeError:
        return False
edges = [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff]
import itertools
for n in range(5):
    for text in itertools.product(edges, repeat=n) if n < 4 else ((a, b, c, 0x80) for a in edges for b in edges for c in edges):
        text = bytes(text)
        assert client.is_utf8(text) == is_utf8(text), text
";

    a_class_ends_and_comes_back_in_the_record_that_it_had: "
thing = client.Thing(3, 4)
assert client.unpublish_frozen() == MISSING
for _ in range(3):
    assert client.publish_frozen() == client.publish_frozen() == 1 and client.frozen_records() == 1
    assert other.frozen_norm(thing) == 5.0
    assert client.unpublish_frozen() == OK and client.unpublish_frozen() == MISSING
    error = refused('not-published', other.frozen_norm, thing)
    assert client.norm(thing) == 5.0
";

    a_record_serves_one_class_after_the_other: "
if PYPY or 'free-threading' in sys.version:
    skip('classes of this Python live longer')
for n in range(60):
    class Named(client.Thing):
        pass
    assert client.publish_as_frozen(Named) is True
    assert other.frozen_norm(Named(3, 4)) == 5.0
    refused('wrong-object', other.frozen_norm, client.Thing(3, 4))
    del Named
    collect()
assert client.frozen_records() == 1
";

    threads_publish_without_waiting_for_each_other: "
errors, start, kept = [], threading.Barrier(8), []
def run():
    try:
        start.wait()
        for _ in range(50):
            named = type('Named', (client.Thing,), {})
            assert client.publish_as_frozen(named) is True
            assert other.frozen_norm(named(3, 4)) == 5.0
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not errors, errors
assert client.frozen_records() <= 400
";

    a_fork_leaves_no_child_with_a_lock_that_nobody_gives_back: "
assert client.forks(100) == 100
assert client.norm(other.Thing(3, 4)) == 5.0
";

    what_a_class_says_must_make_sense: "
assert client.wrong_classes() == 7
";

    a_module_that_was_never_executed_says_so: "
import gc
spec = importlib.util.find_spec('client')
made = importlib.util.module_from_spec(spec)
if made is client or PYPY:
    skip('this Python executes a module when it makes it')
error = raised(made.norm, other.Thing(3, 4))
assert type(error) is SystemError and 'never executed' in str(error), error
del made, error
collect()
assert client.norm(other.Thing(3, 4)) == 5.0
";

    a_pointer_has_one_object_as_long_as_it_lives: "
one = client.wrap(0)
assert client.wrap(0) is one and client.norm(one) == 5.0
assert client.wrap(1) is not one and other.wrap(0) is not one
entries = client.counts()[0]
address = id(one)
del one
collect()
assert client.counts()[0] < entries
again = client.wrap(0)
assert client.wrap(0) is again and client.norm(again) == 5.0
";

    a_nurse_keeps_its_patients_and_no_longer: "
class Patient:
    pass
for flags in 0, 1:
    nurse, patient = client.Thing(), Patient()
    gone = weakref.ref(patient)
    assert other.keep(nurse, patient, flags) == OK
    del patient
    collect()
    assert gone() is not None
    del nurse
    collect()
    assert gone() is None
assert client.keep(client.Thing(), None) == MISSING
assert client.counts()[1:3] == (0, 0)
";

    a_circle_of_nurses_is_collected: "
if PYPY:
    skip('objects of C are no part of circles that PyPy collects')
class Patient:
    pass
nurse, patient = client.Thing(), Patient()
gone = weakref.ref(patient)
assert client.keep(nurse, patient, 1) == OK
patient.nurse = nurse
del nurse, patient
collect()
assert gone() is None and client.counts()[1:3] == (0, 0)
";

    a_payload_is_freed_once_with_its_nurse: "
nurse = client.Thing()
assert client.attach(nurse) == OK and client.freed() == 0
del nurse
collect()
assert client.freed() == 1
";

    a_nurse_that_can_t_be_watched_is_refused: "
if PYPY:
    skip('every object can be weakly referenced')
try:
    client.keep(3, [])
except TypeError as error:
    assert 'weak' in str(error), error
else:
    raise AssertionError('an int was watched')
";

    userdata_is_one_of_each_name_and_of_one_kind: "
assert [client.tick('a', 'k'), other.tick('a', 'k'), client.tick('b', 'k')] == [1, 2, 1]
error = refused('kind-differs', other.tick, 'a', 'another')
assert 'kind: provider has k, this module expects another' in str(error) and 'provider: client' in str(error), error
assert isinstance(error, TypeError)
";

    an_exception_is_translated_by_the_module_that_knows_it: "
for user in client, other:
    try:
        user.translate(7)
    except ArithmeticError as error:
        assert str(error) == 'seven, says client', error
    else:
        raise AssertionError('nobody knew it')
    assert user.translate(8) == MISSING
assert client.register_again() == DIFFERS
assert client.unregister() == OK and client.unregister() == MISSING
try:
    client.translate(7)
except ArithmeticError as error:
    assert str(error) == 'seven, says other', error
";

    a_module_says_who_it_is: "
platform, file, made_by = client.owners()
print('platform:', platform)
assert file == client.__file__ and made_by in ('client', 'other', 'interbind._runtime'), (file, made_by)
";

    the_slot_gives_this_module_s_binding: "
assert client.current() == other.current() == 1 and client.is_alone()
assert in_thread(client.current) == 1
";

    locks_nest_and_end: "
thing = client.Thing()
# What may meet a Python without a GIL locks; with one, CPython's own function does nothing.
locks = ' gil=on ' not in client.owners()[0]
assert locks == ('free-threading' in sys.version or 'abi3t' in client.owners()[0])
for _ in range(3):
    assert client.lock(thing, thing) == client.lock(thing, []) == locks
";

    null_pointers_are_answered: "
assert client.null_pointers(client.Thing()) == 0
";

    what_is_done_twice_is_answered: "
assert client.twice() == (OK, INVALID, MISSING, DIFFERS)
assert client.norm(other.Thing(3, 4)) == 5.0
";

    a_module_that_is_imported_anew_is_another_and_both_go_on: "
if PYPY:
    skip('the import system hands the same module out again')
former, thing = client, client.Thing(3, 4)
del sys.modules['client']
import client
assert client is not former and client.Thing is not former.Thing and client.is_alone()
assert former.norm(client.Thing(6, 8)) == 10.0 and client.norm(thing) == other.norm(thing) == 5.0
assert client.current() == 1 and former.current() == -1
assert client.tick('a', 'k') == 1 and former.tick('a', 'k') == 2
del client, sys.modules['client']
collect()
assert former.current() == 1 and former.is_alone() and former.norm(thing) == 5.0
";

    a_thread_that_is_detached_is_told_so: "
assert client.detached() == (INVALID, INVALID)
";

    a_minor_that_nobody_has_is_refused_by_name: "
error = refused('service-too-old', client.newer)
assert isinstance(error, ImportError) and 'minor (at least): provider has 0, this module expects 9' in str(error)
assert 'provider: ' in str(error) and 'consumer: client' in str(error) and 'fix: ' in str(error), error
assert client.norm(other.Thing(3, 4)) == 5.0
";

    a_major_that_doesn_t_exist_is_missing: "
assert client.other_major() == MISSING
";

    a_table_is_judged_in_the_order_of_the_check: "
# A reader of minors 0 to 2 that needs 1: sizes 80, 88, 96.
assert client.judge('ib.udata', 96, 1, 2, False) == OK
assert client.judge('ib.udata', 88, 1, 1, False) == OK
assert client.judge('ib.udata', 4096, 1, 9, False) == OK
for slug, table in [
    ('bad-magic', ('ib.types', 7, 9, 9, True)),
    ('malformed-record', ('ib.udata', 20, 9, 9, True)),
    ('malformed-record', ('ib.udata', 8, 9, 9, True)),
    ('malformed-record', ('ib.udata', 65544, 1, 2, True)),
    ('other-major', ('ib.udata', 16, 2, 0, True)),
    ('malformed-record', ('ib.udata', 88, 1, 2, True)),
    ('malformed-record', ('ib.udata', 88, 1, 9, True)),
    ('service-too-old', ('ib.udata', 80, 1, 0, True)),
    ('malformed-record', ('ib.udata', 96, 1, 2, True)),
]:
    error = refused(slug, client.judge, *table)
    assert isinstance(error, ImportError) and 'fix: ' in str(error) and 'consumer: client' in str(error), error
";

    an_object_that_isn_t_shared_is_refused_by_name: "
class Point:
    pass
for value in 3, None, Point(), client.Thing:
    error = refused('wrong-object', client.norm, value)
    assert isinstance(error, TypeError) and 'as org.frame.Point (wrong-object)' in str(error), error
    refused('wrong-object', client.native_norm, value)
";

    counts_return_to_nothing: "
import gc
def use():
    things = [client.wrap(i) for i in range(4)] + [other.wrap(i) for i in range(4)]
    for thing in things:
        client.keep(thing, object(), 1)
        assert client.norm(thing) == other.norm(thing)
use()
collect()
entries, nurses, patients, types = client.counts()
assert (entries, nurses, patients, types) == (0, 0, 0, 4), client.counts()
";

    threads_find_one_object: "
import itertools
errors, start = [], threading.Barrier(8)
def run():
    try:
        start.wait()
        for i in range(2000):
            a = client.wrap(i % 4)
            assert client.norm(a) == (5.0, 10.0, 13.0, 17.0)[i % 4]
            del a
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not errors, errors
";
}

/// Goes through the laws in every way, for an interpreter.
fn every_way(python: &'static Python) {
    for way in 0..WAYS.len() {
        let Some(modules) = build("full", way, python, &[]) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

#[test]
fn every_law_holds_in_every_way_to_link() {
    if let Some(python) = Python::default("clients in C") {
        every_way(python);
    }
}

#[test]
fn every_law_holds_for_a_free_threaded_python() {
    if let Some(python) = Python::find("3.13t", "clients in C") {
        every_way(python);
    }
}

#[test]
fn every_law_holds_for_the_newest_python() {
    if let Some(python) = Python::find("3.15", "clients in C") {
        every_way(python);
    }
}

#[test]
fn every_law_holds_for_pypy() {
    if let Some(python) = Python::find("pypy3.11", "clients in C") {
        every_way(python);
    }
}

#[test]
fn every_law_holds_for_limited_builds_in_old_and_new_pythons() {
    // The ways are one source and one library: a Python each is enough.
    for (way, name) in ["3.9", "3.12", "3.15"].into_iter().enumerate() {
        let Some(python) = Python::find(name, "limited clients in C") else { continue };
        let flags = ["-DPy_LIMITED_API=0x03090000"];
        let Some(modules) = build("limited", way, python, &flags) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

/// The limited API doesn't tell before 3.12, and each of these Pythons keeps its thread states otherwise; 3.12 asks them itself.
#[test]
fn a_limited_build_tells_a_detached_thread_in_old_pythons_too() {
    let what = "detached threads in limited clients in C";
    for minor in 9..=12 {
        let Some(python) = Python::find(&format!("3.{minor}"), what) else { continue };
        let flags = ["-DPy_LIMITED_API=0x03090000"];
        let Some(modules) = build("detached", 0, python, &flags) else { continue };
        let script = "
assert client.detached() == other.detached() == (INVALID, INVALID)
def ask():
    found.append((client.norm(other.Thing(3, 4)), client.detached()))
found = []
threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert found == [(5.0, (INVALID, INVALID))] * 4, found
";
        quiet(&modules.run(&format!("{BEFORE}\n{script}")));
    }
}

#[test]
fn every_law_holds_for_builds_that_serve_pythons_with_and_without_a_gil() {
    let Some(python) = Python::find("3.15", "clients in C under abi3t") else { return };
    for way in 0..WAYS.len() {
        let Some(modules) = build("agnostic", way, python, &["-DPy_TARGET_ABI3T=0x030f0000"]) else { return };
        go_through(&modules, BEFORE, LAWS, quiet);
        let said = modules.run("import other, client\nprint(client.owners()[0])").passed();
        assert!(said.contains(" api=abi3t-3.15 gil=any "), "{said}");
    }
}

#[test]
fn the_platform_text_parses() {
    let say = "import other, client\nprint(client.owners()[0])";
    for flags in [&[][..], &["-DPy_LIMITED_API=0x03090000"]] {
        let Some(python) = Python::default("the platform text of C") else { return };
        let Some(modules) = build(if flags.is_empty() { "text" } else { "text-limited" }, 0, python, flags)
        else {
            return;
        };
        let said = modules.run(say).passed();
        let platform: interbind_abi::Platform = said.trim().parse().expect("canonical text");
        let rust = interbind_abi::Platform { api: platform.api, ..platform.clone() };
        let api = platform.api.to_string();
        let (major, minor) = python.version;
        assert_eq!(api, if flags.is_empty() { format!("{major}.{minor}") } else { "abi3-3.9".to_owned() });
        assert_eq!((rust.os.as_str(), rust.arch.as_str()), (std::env::consts::OS, std::env::consts::ARCH));
        assert_eq!(rust.bits, if cfg!(target_pointer_width = "64") { 64 } else { 32 });
    }
}

#[test]
fn a_module_that_finds_no_implementation_says_what_to_install() {
    let Some(python) = Python::default("headers alone") else { return };
    let modules = Modules::new(workshop!(), "c-alone", python);
    let native = Native::new(CLIENT, "client", ByHeaders);
    let Some(modules) = native.add_to(modules, workshop!(), "headers alone") else { return };
    let law = (
        "a_module_that_finds_no_implementation_says_what_to_install",
        "
try:
    import client
except ImportError as error:
    assert slug_of(error) == 'service-missing', error
    assert str(error).endswith(\"fix: pip install --upgrade 'interbind>=0.1.0'\"), error
    assert isinstance(error.__cause__, ModuleNotFoundError), error.__cause__
else:
    raise AssertionError('there is an implementation')
",
    );
    hold(&modules, "", &law, quiet);
}

#[test]
fn what_isn_t_a_core_is_neither_followed_nor_replaced() {
    let Some(python) = Python::find("pypy3.11", "another object under the core's key") else { return };
    let Some(modules) = build("stranger", 0, python, &[]) else { return };
    let law = (
        "what_isn_t_a_core_is_neither_followed_nor_replaced",
        "
import builtins
builtins.__dict__['__interbind_internals_v1__'] = 3
try:
    import client
except ImportError as error:
    assert slug_of(error) == 'not-a-capsule', error
else:
    raise AssertionError('a number was followed')
assert builtins.__interbind_internals_v1__ == 3
",
    );
    hold(&modules, "", &law, quiet);
}

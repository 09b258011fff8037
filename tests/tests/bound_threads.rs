//! What a C++ binding layer's classes and functions cost the threads of a free-threaded Python: nothing that they'd wait for.
//!
//! There are two builds: as it is, where 3.13 does for them what it does for Python code; and one in which classes are counted,
//! as they are from 3.14 on.

use interbind_tests::laws::hold;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::workshop;

const WHAT: &str = "a C++ binding layer under threads";

fn build(folder: &str, flags: &[&str]) -> Option<Modules> {
    let python = Python::find("3.13t", WHAT)?;
    let layer = repository().join("conformance/participants/interbind_c/layer");
    let native = Native::new("tests/fixtures/capi/bound.cpp", "bound", Linked::Statically)
        .flag(&format!("-I{}", layer.display()));
    let native = flags.iter().fold(native, |native, flag| native.flag(flag));
    native.add_to(Modules::new(workshop!(), folder, python), workshop!(), WHAT)
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

const BEFORE: &str = "
import gc, sys, threading, weakref
assert not sys._is_gil_enabled()
class Mine: pass
def mine(): pass
IMMORTAL = 2 ** 32 - 1
def together(work):
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
def drop(module):
    '''Drops a module; whether its class has gone with it is asked of the answer.'''
    watched = weakref.ref(module.Thing)
    del sys.modules['bound'], module
    return watched
def gone(watched):
    for _ in range(3): gc.collect()
    return watched() is None
";

#[test]
fn with_one_thread_classes_die_with_their_module() {
    for (folder, flags) in [("bound", &[][..]), ("bound-counted", &["-DBINDING_COUNTED"])] {
        let Some(modules) = build(folder, flags) else { return };
        let script = "
import bound
kept = [bound.Thing(i) for i in range(1000)]
class Deeper(bound.Thing): pass
deeper = Deeper(1)
assert 1000 <= sys.getrefcount(bound.Thing) < 1100
del kept
watched = drop(bound)
assert not gone(watched), 'objects of it are alive'
del bound, deeper, Deeper
assert gone(watched)
";
        hold(&modules, BEFORE, &("one-thread", script), quiet);
    }
}

#[test]
fn where_threads_were_started_classes_and_functions_are_as_those_of_python() {
    let Some(modules) = build("bound", &[]) else { return };
    let script = "
import bound
assert sys.getrefcount(Mine) < IMMORTAL and sys.getrefcount(mine) < IMMORTAL
assert sys.getrefcount(bound.Thing) < IMMORTAL and sys.getrefcount(bound.weigh) < IMMORTAL
together(lambda: [bound.weigh(bound.Thing(i)) for i in range(1000)])
class Later: pass
del sys.modules['bound']
first = bound
import bound
assert bound is not first
for each in Mine, mine, Later, first.Thing, first.weigh, bound.Thing, bound.weigh:
    assert sys.getrefcount(each) == IMMORTAL, each
def again():
    for i in range(1000):
        assert bound.weigh(bound.Thing(i)) == i == first.weigh(first.Thing(i))
together(again)
gc.collect()
assert bound.Thing(2).twice() == 4.0
";
    hold(&modules, BEFORE, &("as-python", script), quiet);
}

#[test]
fn counted_classes_are_given_back_what_dead_objects_owe() {
    let Some(modules) = build("bound-counted", &["-DBINDING_COUNTED"]) else { return };
    let script = "
import bound
before = sys.getrefcount(bound.Thing)
def work():
    thing, weigh = bound.Thing, bound.weigh
    for i in range(5001):
        assert weigh(thing(i)) == i
    kept = [thing(i) for i in range(300)]
together(work)
# It can't be asked to die: 3.13 has made the module immortal, which holds it.
owed = sys.getrefcount(bound.Thing) - before
assert 0 <= owed < 16 * 256, owed
gc.collect()
assert bound.Thing(2).twice() == 4.0
";
    hold(&modules, BEFORE, &("owed", script), quiet);
}

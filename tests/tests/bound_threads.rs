//! What a C++ binding layer's classes and functions cost the threads of a free-threaded Python: nothing that they'd wait for,
//! and nothing that lives for ever because of it.

use std::fs;

use interbind_tests::laws::hold;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Compiler, Native, STRICT, include, includes};
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;
use object::{Object, ObjectSymbol};

const WHAT: &str = "a C++ binding layer under threads";

fn build() -> Option<Modules> {
    let python = Python::find("3.13t", WHAT)?;
    let bound = Native::bound("tests/fixtures/capi/bound.cpp", "bound");
    bound.add_to(Modules::new(workshop!(), "bound", python), workshop!(), WHAT)
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
    let Some(modules) = build() else { return };
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

#[test]
fn results_that_own_come_and_go() {
    let Some(modules) = build() else { return };
    // What is given back is overwritten.
    let modules = modules.variable("MALLOC_PERTURB_", "165");
    let script = "
import bound
for turn in range(1000):
    assert bound.weigh(bound.own(turn)) == turn
    assert bound.Thing(turn).twice() == 2 * turn
watched = drop(bound)
del bound
assert gone(watched)
";
    hold(&modules, BEFORE, &("owned", script), quiet);
}

#[test]
fn the_layer_makes_nothing_immortal() {
    let Some(modules) = build() else { return };
    let script = "
import bound
assert sys.getrefcount(Mine) < IMMORTAL and sys.getrefcount(mine) < IMMORTAL
assert sys.getrefcount(bound.Thing) < IMMORTAL and sys.getrefcount(bound.weigh) < IMMORTAL
together(lambda: [bound.weigh(bound.Thing(i)) for i in range(1000)])
class Later: pass
# 3.13 has done so by now with what it takes for Python's own functions and classes, whenever they were made.
assert sys.getrefcount(Mine) == sys.getrefcount(mine) == sys.getrefcount(Later) == IMMORTAL
assert sys.getrefcount(bound.Thing) < IMMORTAL
del sys.modules['bound']
first = bound
import bound
assert bound is not first
for each in bound.Thing, bound.weigh, first.Thing:
    assert sys.getrefcount(each) < IMMORTAL, each
def again():
    for i in range(1000):
        assert bound.weigh(bound.Thing(i)) == i == first.weigh(first.Thing(i))
together(again)
gc.collect()
assert bound.Thing(2).twice() == 4.0
";
    hold(&modules, BEFORE, &("mortal", script), quiet);
}

#[test]
fn classes_have_in_stock_what_dead_objects_gave_back() {
    let Some(modules) = build() else { return };
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
stock = sys.getrefcount(bound.Thing) - before
assert 0 <= stock < 16 * 1024, stock
gc.collect()
assert bound.Thing(2).twice() == 4.0
";
    hold(&modules, BEFORE, &("stock", script), quiet);
}

/// What only 3.14 has stands in two headers; no free-threaded 3.14 can be had here, so they meet its declarations alone.
#[test]
fn the_layer_compiles_for_later_free_threaded_pythons_with_what_only_they_have() {
    let what = "a C++ binding layer for a free-threaded 3.14";
    let Some(compiler) = Compiler::of(true, what) else { return };
    for version in ["3.14", "3.15"] {
        let Some(python) = Python::find(version, what) else { continue };
        let Some(headers) = include(python, what) else { continue };
        skip(&format!("{what} or later"), &format!("only compiled, with the headers of {version}; not run"));
        let made = workshop!().join(format!("bound-{version}t.o"));
        let mut arguments = includes(&headers);
        arguments.extend(STRICT.iter().map(|&flag| flag.to_owned()).filter(|flag| flag != "-Wpedantic"));
        arguments.extend(
            ["-std=c++17", "-O1", "-fPIC", "-DPy_GIL_DISABLED=1", "-DMODULE=bound"].map(str::to_owned),
        );
        arguments
            .push(format!("-I{}", repository().join("conformance/participants/interbind_c/layer").display()));
        let source = repository().join("tests/fixtures/capi/bound.cpp").display().to_string();
        arguments.extend(["-c".to_owned(), source, "-o".to_owned(), made.display().to_string()]);
        compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
        let bytes = fs::read(&made).expect("it was compiled");
        let file = object::File::parse(&*bytes).expect("an object file");
        let wanted = file.symbols().filter(|symbol| symbol.is_undefined());
        let wanted: Vec<_> = wanted.filter_map(|symbol| symbol.name().ok()).collect();
        assert!(wanted.contains(&"PyUnstable_Object_EnableDeferredRefcount"), "{version}: {wanted:?}");
    }
}

/// The benches aren't run here; what they time has to compile.
#[test]
fn what_the_benches_hold_against_nanobind_compiles() {
    let what = "the benches' subject in C++";
    let (Some(compiler), Some(python)) = (Compiler::of(true, what), Python::find("3.13", what)) else {
        return;
    };
    let Some(headers) = include(python, what) else { return };
    let mut arguments = includes(&headers);
    arguments
        .push(format!("-I{}", repository().join("conformance/participants/interbind_c/layer").display()));
    let source = repository().join("tests/fixtures/bench-binding/interbind.cpp").display().to_string();
    arguments.extend(["-std=c++17", "-DINTERBIND_STATIC", "-fsyntax-only"].map(str::to_owned));
    arguments.push(source);
    compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
}

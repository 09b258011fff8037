//! Memory runs out in the middle of what a module asks for: an exception comes of it, never the end of the process.
//!
//! Each try is a child of its own, in which one allocation fails: the first, the second, and so on until none is left to fail.
//! A value, a MemoryError and a refusal with its reason will do. A signal doesn't, and neither does a SystemError without a word.
//! What fails is hooked into the C library, so these run on GNU/Linux alone.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::sync::OnceLock;

use interbind_tests::extension::Extension;
use interbind_tests::hostile::faults::hook;
use interbind_tests::laws;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native};
use interbind_tests::workshop;

/// What every script has before it.
const BEFORE: &str = include_str!("../src/failmalloc.py");

/// The examples on the bare C API, with the hook in front of them.
fn modules() -> Option<&'static Modules> {
    static MODULES: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        let what = "modules without memory";
        let python = interbind_tests::examples::python(what)?;
        let hook = hook(workshop!())?;
        let modules = Modules::new(workshop!(), "memory", python);
        let names = ["rawframe", "rawstats"].iter();
        let modules = names.fold(modules, |modules, name| modules.with(&Extension::example(name)));
        let functions = ["function", "native"].into_iter().try_fold(modules, |modules, name| {
            let source = if name == "native" {
                "tests/fixtures/capi/native.c"
            } else {
                "tests/fixtures/capi/function.c"
            };
            Native::new(source, name, Linked::ByHeaders).add_to(modules, workshop!(), what)
        });
        let modules = functions?;
        // What is given back is overwritten.
        let modules = modules.variable("MALLOC_PERTURB_", "165");
        Some(modules.variable("LD_PRELOAD", hook.to_str().expect("a path in UTF-8")))
    };
    MODULES.get_or_init(build).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

laws! {
    modules, BEFORE, quiet;

    a_wrong_object_is_refused_or_there_is_no_memory: "
import rawframe, rawstats
withstands(lambda: rawstats.norm(object()), 'refusal wrong-object')
withstands(lambda: rawstats.total(object()), 'refusal not-published')
";

    an_object_is_judged_without_any_memory: "
import rawframe, rawstats
class Heir(rawframe.Point):
    pass
for point in rawframe.Point(3, 4), Heir(3, 4):
    def judge():
        assert rawstats.norm(point) == 5
    outcomes, hits = each(judge)
    assert list(outcomes) == ['value'] and hits == 0, (outcomes, hits)
";

    a_class_is_published_or_there_is_no_memory: "
import importlib.util, rawframe, rawstats
def publish():
    spec = importlib.util.spec_from_file_location('rawframe', rawframe.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert rawstats.norm(module.Point(3, 4)) == 5
withstands(publish)
";

    a_module_is_imported_or_there_is_no_memory: "
import importlib
# What the loader of the C library and Python's own import say where they have none.
OWN = ('ImportError: ', 'OSError: [Errno 12]', \"RuntimeError: can't allocate lock\")
for name in 'rawframe', 'rawstats':
    withstands(lambda: importlib.import_module(name), *OWN)
";

    a_first_import_fails_where_python_alone_has_no_memory: "
import importlib
def good():
    import rawframe, rawstats
    assert rawstats.norm(rawframe.Point(3, 4)) == 5
# A class of the example's that CPython 3.11 makes without a word.
WORDLESS = 'SystemError: a function of Python or of another extension failed'
assert hook.hostile_wrap()
# What Python's own import says where it has none.
OWN = ('ImportError: ', \"RuntimeError: can't allocate lock\")
withstands(lambda: importlib.import_module('rawframe'), *OWN, WORDLESS, how=PYTHON_ONE, afterwards=good)
withstands(lambda: importlib.import_module('rawstats'), *OWN, how=PYTHON_ONE, afterwards=good)
";

    a_function_record_does_what_it_should_or_there_is_no_memory: "
import function, native, pickle
def good():
    assert function.dot(2.0, y=3.0) == 6.0 and function.what('a', loud=True) == 'text a!' and repr(function.dot) == '<native function function.dot>'
    assert pickle.loads(pickle.dumps(function.dot, 4)) is function.dot
    assert native.call(native.length, 3, 4) == 5.0 and function.dot.__text_signature__ and function.dot.__doc__ is not None
    assert native.canonical(native.__pyx_capi__ and b'int()') == 'int (void)'
good()
assert hook.hostile_wrap()
import types
named, spare = {'y': 3.0}, function.make('spare', 1)
square = types.SimpleNamespace(__name__='square', __module__='native')
for operation in (
    lambda: function.make('made', 1.5), lambda: function.dot(2.0, **named), lambda: function.what('a', loud=True),
    lambda: function.what(1, 2, 3, a=4), lambda: repr(function.dot), lambda: function.dot.__doc__,
    lambda: function.dot.__text_signature__, lambda: function.what.__doc__, lambda: function.dot.__reduce_ex__(4),
    lambda: function.sub.K.of.__func__.__reduce_ex__(2), lambda: function.hidden.deep.__reduce_ex__(4),
    lambda: setattr(spare, '__doc__', ['a']), lambda: setattr(spare, 'own', 1), lambda: setattr(spare, '__module__', 5),
    lambda: function.dot.__get__(1), lambda: native.call(native.length, 3, 4), lambda: native.find(square, 'double (double)'),
    lambda: native.lend(function.make('made', 1), 'float (float)', None),
    lambda: native.capsule('double (double)'),
):
    operation()
    withstands(operation, how=PYTHON_ONE, afterwards=good)
# The records themselves.
withstands(lambda: function.make('made', 1.5), afterwards=good)
# What is refused without memory is a MemoryError, or says why; and what `len(1, 2)` says where Python can't make the traceback.
WORDLESS = 'SystemError: error return without exception set'
for refused in (lambda: function.dot(1, 2, 3), lambda: function.dot('a', x=1), lambda: native.find(native.length, 'int (int)'), lambda: native.call(len, 1, 2)):
    withstands(refused, 'TypeError: ', 'refusal signature-differs', 'refusal wrong-object', WORDLESS, how=PYTHON_ONE, afterwards=good)
";

    a_module_that_was_not_executed_says_so: "
import importlib.util, rawframe
spec = importlib.util.spec_from_file_location('rawframe', rawframe.__file__)
module = importlib.util.module_from_spec(spec)
try:
    module.origin()
except RuntimeError as error:
    assert 'was not executed' in str(error), error
else:
    raise AssertionError('a module without state makes points')
";
}

#[test]
fn the_laws_are_all_tried() {
    assert_eq!(LAWS.len(), 7);
}

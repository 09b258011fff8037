//! What a C++ binding layer makes in several interpreters: functions of a type of its own, and exceptions.
//!
//! The laws that begin with a number stand for a bug of pybind11's of that number: what happened there is said in front.

use std::sync::OnceLock;

use interbind_tests::interpreters::BEFORE;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::native::Native;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::workshop;

const WHAT: &str = "a C++ binding layer in several interpreters";

fn build(python: &'static Python) -> Option<Modules> {
    Native::bound("tests/fixtures/capi/bound.cpp", "bound").add_to(
        Modules::new(workshop!(), "bound", python),
        workshop!(),
        WHAT,
    )
}

fn modules() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    BUILT.get_or_init(|| build(Python::find("3.12", WHAT)?)).as_ref()
}

laws! {
    modules, BEFORE, quiet;

    // The type of functions was one static object for all interpreters, and went with the first.
    law_5771_functions_have_a_type_of_their_interpreter_and_outlive_all_others: "
import gc
USE = '''
import bound
thing = bound.Thing(3)
weigh, twice = bound.weigh, thing.twice
assert weigh(thing) == weigh(3.0) == 3.0 and twice() == 6.0 and bound.Thing.twice(thing) == 6.0
try:
    weigh('three')
except TypeError as error:
    assert 'weigh' in str(error), error
else:
    raise AssertionError('a text has no weight')
'''
for own_gil in KINDS:
    with Interpreter(own_gil) as first, Interpreter(own_gil) as second:
        first.run(USE)
        second.run(USE + '''
import builtins
builtins.kept = weigh, twice
''')
        exec(USE)
        import bound
        for other in first, second:
            # Addresses of two objects that are alive at once.
            assert other.answer('import bound; said = id(type(bound.weigh))') != str(id(type(bound.weigh)))
        first.end()
        gc.collect()
        second.run(USE + 'assert kept[0](thing) == 3.0 and kept[1]() == 6.0')
    gc.collect()
    exec(USE)
    assert repr(bound.weigh) == '<native function bound.weigh>' and type(bound.weigh).__name__.startswith('function_1_0_')
";

    // The end of an interpreter with an exception in flight took the process along.
    law_5795_an_exception_in_flight_does_no_harm_at_an_interpreters_end: "
IN_FLIGHT = '''
import bound, builtins
builtins.kept = []
def handler():
    try:
        bound.fail('inside')
    except KeyError as error:
        # With its traceback, whose frames hold objects of the module.
        thing = bound.Thing(1)
        builtins.kept.append((error, thing))
        raise RuntimeError('outside') from error
try:
    bound.call(handler)
except RuntimeError as error:
    assert error.__cause__.args == ('inside',)
    builtins.kept.append(error)
else:
    raise AssertionError('nothing was raised')
'''
import bound
for own_gil in KINDS:
    def in_here():
        with Interpreter(own_gil) as other:
            other.run(IN_FLIGHT)
            # It ends while one of this interpreter goes through C++ code.
            raise LookupError('here')
    try:
        bound.call(in_here)
    except LookupError as error:
        assert error.args == ('here',)
    else:
        raise AssertionError('nothing was raised')
    with Interpreter(own_gil) as other:
        assert other.answer('import bound; bound.fail(\"there\")') == \"KeyError|'there'\"
    try:
        bound.fail('after')
    except KeyError as error:
        assert error.args == ('after',)
";
}

#[test]
fn every_law_of_the_layer_holds_in_every_python_that_it_supports() {
    for name in ["3.13", "3.14", "3.15", "3.13t"] {
        let Some(python) = Python::find(name, WHAT) else { continue };
        let Some(modules) = build(python) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

//! Names and defaults of the parameters of functions that a C++ binding layer binds.

use std::sync::OnceLock;

use interbind_tests::interpreters::BEFORE;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::native::Native;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::workshop;

const WHAT: &str = "names of a C++ binding layer's parameters";

fn build(python: &'static Python) -> Option<Modules> {
    Native::bound("tests/fixtures/capi/keywords.cpp", "keywords").add_to(
        Modules::new(workshop!(), "keywords", python),
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

    an_argument_is_given_by_place_or_by_name_and_a_default_stands_in: "
from keywords import shown, bare, name, Box
assert shown('a') == shown(text='a') == 'a'
assert shown('a', 2) == shown('a', times=2) == shown(times=2, text='a') == 'aa'
assert shown('a', loud=True) == shown('a', 1, True) == 'a!'
assert bare(1) == -9 and bare(1, 2) == bare(1, second=2) == -1
assert name() == name(None) == name(box=None) == 'none' and name(box=Box(1.0)) == 'a box'
assert shown(**{'te' + 'xt': 'a', 'ti' + 'mes': 3}) == 'aaa'
";

    what_is_not_asked_for_missing_or_given_twice_is_refused: "
from keywords import shown, bare, positional
for call in (
    lambda: shown(), lambda: shown(times=2), lambda: shown('a', text='b'), lambda: shown('a', 1, True, 4),
    lambda: shown('a', volume=3), lambda: bare(first=1), lambda: positional(value=1.0), lambda: shown(text=5),
    lambda: shown('a', times='b'),
):
    try:
        call()
    except TypeError as error:
        assert 'takes:' in str(error), error
    else:
        raise AssertionError('it was taken')
";

    constructors_and_methods_have_names_too: "
from keywords import Box
class Sub(Box):
    pass
class Own(Box):
    def __init__(self, side):
        super().__init__(width=side, height=side)
for kind in Box, Sub:
    for box in kind(3.0), kind(width=3.0), kind(3.0, height=2.0), kind(height=2.0, width=3.0):
        assert (box.width, box.height) == (3.0, 2.0)
        assert box.area() == box.area(times=1) == Box.area(box) == 6.0 and box.area(times=2.0) == box.area(2.0) == 12.0
assert Own(4.0).area() == 16.0
for call in lambda: Box(), lambda: Box(depth=1.0), lambda: Sub(1.0, width=2.0), lambda: Box(1.0).area(height=3):
    try:
        call()
    except TypeError:
        continue
    raise AssertionError('it was taken')
";

    overloads_are_tried_with_their_own_names: "
from keywords import which
assert which('a') == which(text='a') == 'text'
assert which(1) == which(1, 2) == which(a=1) == which(b=1, a=2) == 'numbers'
try:
    which(text=1)
except TypeError as error:
    assert str(error).count('which(') == 3, error
else:
    raise AssertionError('it was taken')
";

    the_signature_tells_names_and_defaults: "
from keywords import shown, which, Box
assert shown.__doc__ == \"shown(text: str, times: int = 1, loud: bool = False) -> str\", shown.__doc__
assert which.__doc__.splitlines() == ['which(text: str) -> str', 'which(a: int, b: int = 5) -> str'], which.__doc__
";

    a_default_belongs_to_its_interpreter_and_goes_with_the_function: "
USE = '''
import gc, sys
from keywords import kept, shown
kept().append(1)
assert kept() == [1] and kept([2]) == [2] and shown('a', loud=True) == 'a!'
'''
exec(USE)
for own_gil in KINDS:
    for _ in range(3):
        with Interpreter(own_gil) as other:
            other.run(USE)
        import keywords
        assert keywords.kept() == [1]
";
}

#[test]
fn every_law_of_names_holds_in_every_python_that_the_layer_supports() {
    for name in ["3.13", "3.14", "3.15", "3.13t"] {
        let Some(python) = Python::find(name, WHAT) else { continue };
        let Some(modules) = build(python) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

//! Windows between two steps of the shim in which Python or the system takes part: modules that are built with points
//! (`interbind_structures::schedule`), where a script stops a thread and forks, or runs code of its own.
//!
//! What threads alone can do to each other is in loom's models, in the structures' crate.

use std::sync::OnceLock;

use interbind_tests::examples::python;
use interbind_tests::interpreters::{BEFORE, between};
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::python::Python;
use interbind_tests::workshop;

fn modules() -> Option<&'static Modules> {
    static MODULES: OnceLock<Option<Modules>> = OnceLock::new();
    MODULES.get_or_init(|| Some(between(workshop!(), python("what happens in between")?))).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

laws! {
    modules, BEFORE, quiet;

    a_core_that_python_code_takes_away_while_a_module_binds_is_kept_and_stays_the_only_one: "
import ctypes, gc, sys
KEY = '__interbind_internals_v1__'
lead = ctypes.pythonapi.PyCapsule_GetPointer
lead.restype, lead.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
def serial():
    # Behind the header, and no other core's.
    return ctypes.string_at(lead(sys.__dict__[KEY], KEY.encode()), 32)[16:]
if sys.version_info < (3, 13):
    skip('Python code reaches the state dict from 3.13 on')
import keeper, between
# Nobody but the capsule and the keeper's seat uses the core, and the seat gives up when the interpreter ends.
# Not the dict of interned texts, which has the key too.
places = [found for found in gc.get_objects() if type(found) is dict and type(found.get(KEY)).__name__ == 'PyCapsule']
assert len(places) == 2 and any(place is sys.__dict__ for place in places), len(places)
def take_away():
    # As another thread could: it also makes believe that Python is ending, so that what is taken away is given up at once.
    path, sys.meta_path = sys.meta_path, None
    for place in places:
        del place[KEY]
    sys.meta_path = path
before = serial()
between.call_at('before a core is counted', take_away)
refused('not-published', between.norm, 3)
assert not between.is_waiting()
import rawframe
assert between.norm(rawframe.Point(3, 4)) == 5.0
keeper.hold(rawframe.Point(3, 4))
assert keeper.read() == [5.0] and rawframe.records() == 1
assert serial() == before
";

    a_child_serves_on_though_its_parent_had_a_thread_in_the_middle_of_letting_go: "
import gc, os, signal, time, warnings
warnings.simplefilter('ignore')
if not hasattr(os, 'fork'):
    skip('nothing forks here')
exec(USE)
import between
for own_gil in [None] + KINDS:
    if own_gil is not None:
        # From now on every reference has to know its home. It ends before: CPython 3.11 hangs itself when it forks with it.
        with Interpreter(own_gil) as other:
            other.run(USE + 'import between\\nassert between.norm(Named(3, 4)) == 5.0')
    assert between.norm(rawframe.Point(3, 4)) == 5.0
    for point in 'before a reference is handed over', 'before a value is left':
        between.stop_at(point)
        between.drop_elsewhere(rawframe.Point(3, 4))
        while between.is_waiting():
            time.sleep(0.001)
        child = os.fork()
        if child == 0:
            # What hangs is ended by the signal.
            signal.alarm(20)
            between.drop_detached(rawframe.Point(3, 4))
            assert between.norm(rawframe.Point(3, 4)) == 5.0
            keeper.hold(rawframe.Point(3, 4))
            keeper.let_go()
            exec(USE)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, point
";
}

fn on(name: &str) {
    if let Some(python) = Python::find(name, "what happens in between") {
        go_through(&between(workshop!(), python), BEFORE, LAWS, quiet);
    }
}

#[test]
fn the_laws_hold_without_a_gil() {
    on("3.13t");
}

#[test]
fn the_laws_hold_on_other_pythons() {
    for name in ["3.11", "3.13", "3.14"] {
        on(name);
    }
}

//! The end: of a borrow whose provider is gone from `sys.modules`, of an interpreter with handles alive, and of the idea
//! that a PyO3 module serves two interpreters.
//!
//! Each law is a script in a process of its own, which must end with status 0 and without a word on stderr. The scripts
//! know two modules that were built apart, `provider` and `consumer`, and `raw`, a consumer without PyO3: on the default
//! interpreter the examples, on every other CPython builds under the limited API, and copies of the examples on a
//! free-threaded Python and on PyPy. What happens late prints a line `late <where>: <what>`, because nobody is left to
//! assert: a result, or a refusal that says that the interpreter is ending.

use interbind_tests::copies::copies;
use interbind_tests::extension::Extension;
use interbind_tests::laws;
use interbind_tests::laws::{Law, go_through, hold};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::python::Python;
use interbind_tests::range::{self, limited};
use interbind_tests::workshop;

fn examples() -> Option<&'static Modules> {
    interbind_tests::examples::examples(workshop!(), "lifetime")
}

/// A quiet end, where whatever happened late gave a result or a clear refusal.
fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
    let late = || outcome.stdout.lines().filter_map(|line| line.strip_prefix("late "));
    for line in late() {
        let (_, what) = line.split_once(": ").expect("a place, and what happened");
        assert!(what == "5.0" || what == "refused interpreter-ending", "{outcome:#?}");
    }
    if let Some(exactly) = outcome.stdout.lines().find_map(|line| line.strip_prefix("exactly: ")) {
        let mut found: Vec<_> = late().map(|line| line.replace(": ", " ")).collect();
        found.sort();
        assert_eq!(found.join(", "), exactly, "{outcome:#?}");
    }
    if let Some(places) = outcome.stdout.lines().find_map(|line| line.strip_prefix("places: ")) {
        // Not every Python finalises everything, but each does most of it.
        let places: usize = places.parse().expect("a number");
        assert!(late().count() * 2 >= places, "{outcome:#?}");
    }
}

laws! {
    examples, before(EXAMPLES), quiet;

    an_interpreter_ends_quietly_with_handles_and_cycles_alive: "
import builtins
class Series(provider.Series):
    pass
series = Series('x', [1, 2])
series.keeper = consumer.Keeper(series)
builtins.kept = consumer.Keeper(provider.Series('y', [1]))
sys.kept = [series, provider.Point(3, 4), builtins.kept]
threading.local().kept = consumer.Keeper(series)
assert consumer.norm(sys.kept[1]) == raw.norm(sys.kept[1]) == 5.0
del series
";

    an_interpreter_ends_quietly_when_modules_were_imported_and_never_used: "
import builtins
builtins.kept = provider.Point(3, 4), provider.Series('x', [1])
";

    an_interpreter_ends_quietly_while_a_daemon_thread_holds_a_borrow: "
inside = threading.Event()
def function(value):
    inside.set()
    threading.Event().wait()
series = provider.Series('x', [1, 2])
threading.Thread(target=consumer.each, args=[series, function], daemon=True).start()
inside.wait()
keeper = consumer.Keeper(series)
";

    an_exit_handler_shares_as_before: "
import atexit
point = provider.Point(3, 4)
class Named(provider.Point):
    pass
def handler():
    assert consumer.norm(point) == raw.norm(Named(3, 4)) == 5.0
    refused('wrong-object', consumer.norm, 1)
    keeper = consumer.Keeper(provider.Series('x', [1, 2]))
    assert keeper.total() == 3.0
    print('handled', flush=True)
atexit.register(handler)
";

    a_finalizer_that_shares_late_gets_a_result_or_a_clear_refusal: "
import builtins, codecs, os
class Late:
    # Names are defaults: modules are gone when this runs.
    def __init__(self, where, call=consumer.norm, make=None):
        self.where, self.call, self.make = where, call, make or (lambda point=provider.Point(3, 4): point)
    def __del__(self, write=os.write, Exception=Exception, slug_of=slug_of, getattr=getattr, re=re, str=str):
        try:
            said = str(self.call(self.make()))
        except Exception as error:
            first = str(error)
            said = 'refused interpreter-ending' if '(interpreter-ending)' in first else first
        write(1, f'late {self.where}: {said}\\n'.encode())
class Named(provider.Point):
    pass
def cycle(late):
    late.me = late
    return late
places = 0
for call in consumer.norm, raw.norm:
    for kind, make in ('old', None), ('new', lambda Point=provider.Point: Point(3, 4)), ('sub', lambda Named=Named: Named(3, 4)):
        def late(where, call=call, make=make, kind=kind):
            global places
            places += 1
            return Late(f'{where} {kind}', call, make)
        globals()[f'global{places}'] = late('global')
        setattr(builtins, f'late{places}', late('builtins'))
        setattr(sys, f'late{places}', late('sys'))
        cycle(late('cycle'))
        setattr(builtins, f'cycle{places}', cycle(late('cycle in builtins')))
        held = late('codec')
        codecs.register(lambda name, held=held: None)
        held = late('codec error')
        codecs.register_error(f'late{places}', lambda error, held=held: None)
        # What runs at a fork is forgotten after the state dict, and cycles through it in the last collection of all.
        for held in late('fork'), cycle(late('cycle in fork')):
            os.register_at_fork(before=lambda held=held: None)
        del held
# PyPy finalises nothing at its end.
print('places:', 0 if PYPY else places, flush=True)
";

    a_first_use_after_the_core_closed_is_refused_and_one_that_knows_its_class_goes_on: "
import os
class Late:
    def __init__(self, where, call, point=provider.Point(3, 4)):
        self.where, self.call, self.point = where, call, point
    def __del__(self, write=os.write, Exception=Exception, str=str):
        try:
            said = str(self.call(self.point))
        except Exception as error:
            said = 'refused interpreter-ending' if '(interpreter-ending)' in str(error) else str(error)
        write(1, f'late {self.where}: {said}\\n'.encode())
assert consumer.norm(provider.Point(3, 4)) == 5.0
# What runs at a fork is forgotten after the state dict.
if not PYPY:
    for late in Late('known', consumer.norm), Late('first', raw.norm):
        os.register_at_fork(before=lambda late=late: None)
    del late
    print('exactly: first refused interpreter-ending, known 5.0', flush=True)
";

    a_provider_may_leave_sys_modules_during_a_borrow: "
name = provider.__name__
series, point = provider.Series('x', [1, 2, 5]), provider.Point(3, 4)
seen = []
def function(value):
    global provider
    if name in sys.modules:
        del sys.modules[name], provider
    collect()
    seen.append(value)
    return consumer.norm(point)
assert consumer.each(series, function) == 5.0
assert seen == [1.0, 2.0, 5.0] and consumer.total(series) == 8.0 and raw.norm(point) == 5.0
";

    an_object_may_lose_its_last_name_during_a_borrow: "
class Series(provider.Series):
    pass
series = [Series('x', [1, 2, 5])]
ref = weakref.ref(series[0])
def function(value):
    series.clear()
    collect()
    assert ref() is not None
    return value
assert consumer.each(series[0], function) == 5.0
collect()
assert ref() is None
";

    a_stored_handle_outlives_the_names_of_both_modules: "
keeper = consumer.Keeper(provider.Series('x', [1, 2, 5]))
for module in provider, consumer:
    del sys.modules[module.__name__]
del provider, consumer, module
collect()
assert keeper.total() == 8.0
";

    a_second_interpreter_that_shares_the_gil_is_refused: "
point = provider.Point(3, 4)
assert consumer.norm(point) == raw.norm(point) == 5.0
for name in OF_ONE:
    said = in_another_interpreter(f'import {name}', own_gil=False)
    if said is None:
        skip('there are no second interpreters')
    assert said[0] == 'ImportError', said
    assert '(pyo3-single-interpreter)' in said[1].split('\\n')[0] and 'fix: ' in said[1], said
assert consumer.norm(point) == raw.norm(provider.Point(3, 4)) == 5.0
";

    a_second_interpreter_with_its_own_gil_is_refused_by_python: "
point = provider.Point(3, 4)
for name in OF_ONE:
    said = in_another_interpreter(f'import {name}', own_gil=True)
    if said is None:
        skip('there are no second interpreters with a GIL of their own')
    assert said[0] == 'ImportError' and 'subinterpreters' in said[1], said
assert consumer.norm(point) == raw.norm(point) == 5.0
";
}

/// What an interpreter that comes second imports first is bound to that one; `before` has no place here.
const FIRST_ELSEWHERE: Law = (
    "what_a_second_interpreter_imported_first_is_refused_in_the_main_one",
    "
for name in OF_ONE:
    said = in_another_interpreter(f'import {name}', own_gil=False)
    if said is None:
        skip('there are no second interpreters')
    assert said[0] == 'nothing', said
    try:
        __import__(name)
    except ImportError as error:
        # The other interpreter has ended.
        assert slug_of(error) == 'interpreter-ending', error
    else:
        raise AssertionError(name)
",
);

#[test]
fn what_a_second_interpreter_imported_first_is_refused_in_the_main_one() {
    if let Some(modules) = examples() {
        hold(modules, &names(EXAMPLES), &FIRST_ELSEWHERE, quiet);
    }
}

/// The modules' names in `examples/`.
const EXAMPLES: [&str; 3] = ["frame", "stats", "rawstats"];

#[test]
fn every_law_of_the_end_holds_in_every_cpython() {
    let (Some(python), Some(limited)) = (range::python(), limited(workshop!())) else { return };
    let raw = workshop!().join("rawstats-abi3.so");
    Extension::example("rawstats").argument("--features=abi3").build_to(workshop!(), python, &raw);
    let [.., (consumer, _), _, (provider, _)] = limited else { panic!("the range has four releases") };
    let three = [provider, consumer, "rawstats"];
    for minor in 9..=15 {
        let Some(python) = Python::find(&format!("3.{minor}"), "the laws of the end in each CPython") else {
            continue;
        };
        let modules = Modules::new(workshop!(), "limited-end", python).with_built("rawstats", &raw);
        let modules = limited.iter().fold(modules, |modules, (name, file)| modules.with_built(name, file));
        go_through(&modules, &before(three), LAWS, quiet);
        hold(&modules, &names(three), &FIRST_ELSEWHERE, quiet);
    }
}

#[test]
fn every_law_of_the_end_holds_on_a_free_threaded_python() {
    let Some(python) = Python::find("3.13t", "the laws of the end on a free-threaded Python") else { return };
    go_through(&copies(workshop!(), python), &before(EXAMPLES), LAWS, quiet);
}

#[test]
fn every_law_of_the_end_holds_on_pypy() {
    let Some(python) = Python::find("pypy3.11", "the laws of the end on PyPy") else { return };
    go_through(&copies(workshop!(), python), &before(EXAMPLES), LAWS, quiet);
}

/// What stands in front of a script that imports nothing yet: the modules that serve one interpreter, and a way to run code
/// in another.
fn names(names: [&str; 3]) -> String {
    format!("OF_ONE = {:?}\n{INTERPRETERS}", &names[..2])
}

/// The same, with the modules imported: `provider`, `consumer`, `raw`.
fn before(three: [&str; 3]) -> String {
    let [provider, consumer, raw] = three;
    format!("{}\nimport {provider} as provider, {consumer} as consumer, {raw} as raw", names(three))
}

/// Runs code in another interpreter: `None` where there is none of that kind, else what it raised.
const INTERPRETERS: &str = r#"
def in_another_interpreter(code, own_gil):
    import os
    try:
        import _interpreters as interpreters
        id = interpreters.create('isolated' if own_gil else 'legacy')
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return None
        if own_gil and sys.version_info < (3, 12):
            return None
        id = interpreters.create(isolated=own_gil)
    reader, writer = os.pipe()
    interpreters.run_string(id, f'''
import os
try:
    {code}
    said = 'nothing'
except Exception as error:
    said = type(error).__name__ + '|' + str(error)
os.write({writer}, said.encode())
''')
    interpreters.destroy(id)
    os.close(writer)
    with os.fdopen(reader, 'rb') as answer:
        return answer.read().decode().split('|', 1)
"#;

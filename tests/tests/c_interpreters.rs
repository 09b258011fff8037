//! Clients in C in several interpreters: what a module's tag allows, and whose binding the slot gives.
//!
//! The same source is built with each tag: `none` supports the main interpreter alone, `shared` those that share its GIL,
//! `own` every one. CPython has slots for this from 3.12 on; where it lets a module pass all the same, the headers refuse.

use std::sync::OnceLock;

use interbind_tests::embed;
use interbind_tests::interpreters::BEFORE;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::native::{Linked, Native, with_runtime};
use interbind_tests::python::Python;
use interbind_tests::workshop;

/// What all are built of.
const CLIENT: &str = "tests/fixtures/capi/client.c";

/// The tags, and the modules that are built with them.
const TAGS: [(&str, &str); 3] = [
    ("none", "INTERBIND_NOT_SUPPORTED"),
    ("shared", "INTERBIND_SHARED_GIL"),
    ("own", "INTERBIND_PER_INTERPRETER_GIL"),
];

/// Each test builds in a folder of its own.
fn build(test: &str, linked: Linked, python: &'static Python, limited: bool) -> Option<Modules> {
    let name = format!("c-tags-{test}-{linked:?}");
    let mut modules = Modules::new(workshop!(), &name, python);
    if linked == Linked::ByHeaders {
        modules = with_runtime(modules, workshop!());
    }
    for (module, tag) in TAGS {
        let mut native = Native::new(CLIENT, module, linked).flag(&format!("-DTAG={tag}"));
        if limited {
            native = native.flag("-DPy_LIMITED_API=0x03090000");
        }
        modules = native.add_to(modules, workshop!(), "tags of modules in C")?;
    }
    Some(modules)
}

fn default() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        build("default", Linked::Statically, Python::default("clients in C in several interpreters")?, false)
    };
    BUILT.get_or_init(build).as_ref()
}

fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

fn before() -> String {
    format!(
        "{BEFORE}
import atexit
def another(own_gil):
    if own_gil not in KINDS:
        skip('there are no interpreters of that kind')
    found = Interpreter(own_gil)
    # Newer Pythons complain of what is left at the end.
    atexit.register(found.end)
    return found
def refused_by(said):
    assert said.startswith('ImportError|'), said
    # 3.12 and free-threaded builds make no interpreters in which they let such a module pass.
    strict = sys.version_info[:2] == (3, 12) or 'free-threading' in sys.version
    if strict and 'does not support loading in subinterpreters' in said:
        return
    first = said.split('\\n')[0]
    assert first.endswith('(interpreter-not-supported)') and 'consumer: none' in said and 'fix: ' in said, said
"
    )
}

laws! {
    default, before(), quiet;

    a_module_for_the_main_interpreter_is_refused_in_one_that_shares_the_gil: "
import none
assert none.norm(none.Thing(3, 4)) == 5.0
said = another(False).answer('import none')
refused_by(said)
assert none.current() == 1
";

    a_module_for_the_main_interpreter_is_refused_there_even_if_it_comes_first: "
refused_by(another(False).answer('import none'))
import none
assert none.norm(none.Thing(3, 4)) == 5.0 and none.current() == 1 and none.is_alone()
";

    python_refuses_what_shares_the_gil_where_the_gil_is_another: "
import none, shared
for name in 'none', 'shared':
    said = another(True).answer(f'import {name}')
    assert said.startswith('ImportError|') and 'subinterpreters' in said, said
assert shared.current() == 1
";

    a_module_that_shares_the_gil_serves_every_interpreter_that_does: "
import shared
thing = shared.Thing(3, 4)
one = another(False)
said = one.answer('import shared; said = shared.norm(shared.Thing(6, 8)), shared.current(), shared.is_alone()')
assert said == '(10.0, 1, 0)', said
assert shared.norm(thing) == 5.0 and shared.current() == 1
one.end()
assert shared.norm(thing) == 5.0 and shared.current() == 1
";

    a_module_with_a_gil_of_its_own_serves_every_interpreter: "
import own
for own_gil in KINDS:
    one = Interpreter(own_gil)
    said = one.answer('import own; said = own.norm(own.Thing(6, 8)), own.wrap(0) is own.wrap(0), own.current()')
    assert said == '(10.0, True, 1)', said
    one.end()
assert own.norm(own.Thing(3, 4)) == 5.0 and own.current() == 1
";

    each_interpreter_has_its_own_userdata_instances_and_records: "
import own
kept = own.wrap(0)
assert own.tick('a', 'k') == 1 and own.tick('a', 'k') == 2
one = another(sys.version_info >= (3, 12))
said = one.answer('import own; kept = own.wrap(0); said = own.tick(\"a\", \"k\"), own.counts()')
assert said == '(1, (1, 0, 0, 2))', said
assert own.tick('a', 'k') == 3 and own.counts() == (1, 0, 0, 2)
one.end()
assert own.wrap(0) is kept and own.counts() == (1, 0, 0, 2)
";

    a_thread_that_moves_between_interpreters_finds_each_one_s_binding: "
import own
several = [another(sys.version_info >= (3, 12)) for _ in range(3)]
for one in several:
    assert one.answer('import own') == ''
for _ in range(30):
    for one in several:
        assert one.answer('said = own.current()') == '1'
        assert own.current() == 1
assert in_thread(lambda: (several[0].answer('said = own.current()'), own.current())) == ('1', 1)
several.pop().end()
for one in several:
    assert one.answer('said = own.current(), own.norm(own.Thing(3, 4))') == '(1, 5.0)' and own.current() == 1
";

    an_interpreter_at_the_address_of_a_dead_one_is_another: "
import own
for _ in range(60):
    one = another(sys.version_info >= (3, 12))
    assert one.answer('import own; said = own.current(), own.norm(own.wrap(1))') == '(1, 10.0)'
    assert own.current() == 1
    one.end()
assert own.current() == 1 and own.counts()[3] == 2
";
}

#[test]
fn every_law_holds_in_every_python_that_has_interpreters() {
    for name in ["3.12", "3.13t", "3.14", "3.15"] {
        let Some(python) = Python::find(name, "clients in C in several interpreters") else { continue };
        let Some(modules) = build("every", Linked::Statically, python, false) else { continue };
        go_through(&modules, &before(), LAWS, quiet);
    }
}

#[test]
fn every_law_holds_for_limited_builds() {
    for name in ["3.9", "3.12", "3.13", "3.15"] {
        let Some(python) = Python::find(name, "limited clients in several interpreters") else { continue };
        let Some(modules) = build("limited", Linked::Statically, python, true) else { continue };
        go_through(&modules, &before(), LAWS, quiet);
    }
}

#[test]
fn every_law_holds_with_the_wheel_s_runtime() {
    for name in ["3.11", "3.15", "3.13t"] {
        let Some(python) = Python::find(name, "the wheel's runtime in several interpreters") else {
            continue;
        };
        let Some(modules) = build("runtime", Linked::ByHeaders, python, false) else { continue };
        go_through(&modules, &before(), LAWS, quiet);
    }
}

/// A script that leaves an object, a class and userdata behind.
const EMBEDDED: &str = "
import own, shared
for module in own, shared:
    kept = module.wrap(0)
    assert module.wrap(0) is kept and module.norm(module.Thing(3, 4)) == 5.0 and module.current() == 1
    assert module.tick(module.__name__, 'k') == 1
";

#[test]
fn a_client_serves_each_python_that_a_process_starts() {
    for name in ["3.11", "3.13", "3.14", "3.15"] {
        let Some(python) = Python::find(name, "clients in C in an embedded Python") else { continue };
        let Some(program) = embed::program(workshop!(), "c", python) else { continue };
        for linked in [Linked::Statically, Linked::ByHeaders] {
            let Some(modules) = build("embedded", linked, python, false) else { continue };
            embed::run(&program, python, modules.folder(), [EMBEDDED, EMBEDDED]);
        }
    }
}

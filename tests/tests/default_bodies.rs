//! Where a borrowed object may be used: a default body on the thread of the borrow, or through a view anywhere; data behind a
//! reference wherever Rust lets the reference go.
//!
//! `fixtures/bodies.rs` declares methods that the example's provider lacks; their bodies go to other threads, detach and
//! pass Python objects.

use std::fs;
use std::sync::OnceLock;

use interbind_tests::examples::python;
use interbind_tests::extension::Extension;
use interbind_tests::laws;
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::package::{Package, repository};
use interbind_tests::workshop;

fn modules() -> Option<&'static Modules> {
    static MODULES: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        let source = fs::read_to_string(repository().join("tests/fixtures/bodies.rs")).expect("the fixture");
        let package = Package::new("bodies", source)
            .interbind("\"pyo3\"")
            .ours("frame-api", "examples/frame-api", "")
            .dependency("pyo3 = \"0.28\"");
        let modules = Modules::new(workshop!(), "bodies", python("default bodies")?);
        let modules = modules.with(&Extension::example("frame"));
        Some(modules.with(&Extension::of(&package, &workshop!().join("bodies-source"))))
    };
    MODULES.get_or_init(build).as_ref()
}

/// What a refusal writes on stderr is of no interest.
fn any_end(_: &Outcome) {}

const BEFORE: &str = "
import frame, bodies
s = frame.Series('price', [1, 2, 4])
def refused(reason, function, *arguments):
    try:
        found = function(*arguments)
    except RuntimeError as error:
        assert error.interbind_reason == reason, error.interbind_reason
    else:
        raise AssertionError(f'{found} and no {reason}')
";

laws! {
    modules, BEFORE, any_end;

    a_default_body_uses_the_borrow_where_it_was_made: "
assert bodies.borrowed(s, 'here') == 3
assert bodies.borrowed(s, 'objects') == 1
";

    a_default_body_takes_no_borrow_to_another_thread: "
refused('wrong-thread', bodies.borrowed, s, 'elsewhere')
";

    a_default_body_uses_no_borrow_while_it_is_detached: "
refused('not-attached', bodies.borrowed, s, 'detached')
";

    a_default_body_on_a_view_goes_anywhere_without_objects: "
for body in 'here', 'elsewhere', 'detached':
    assert bodies.viewed(s, body) == 3, body
refused('not-attached', bodies.viewed, s, 'objects')
";

    a_checked_view_asks_whether_its_thread_is_attached: "
assert bodies.checked(s, True) == 'called'
assert bodies.checked(s, False) == 'not-attached'
";

    data_that_is_lent_is_read_on_any_thread_and_written_on_none_whatever_thread_its_object_belongs_to: "
import threading
tally = frame.Tally(7)
assert bodies.read_elsewhere(tally, lambda: refused('already-borrowed', bodies.count_up, tally)) == (7, 7)
bodies.count_up(tally)
assert tally.count == 8
# The borrow itself is the object's thread's.
threads = [threading.Thread(target=refused, args=('wrong-thread', function, tally, *more))
           for function, more in ((bodies.count_up, ()), (bodies.read_elsewhere, (int,)))]
for thread in threads:
    thread.start()
    thread.join()
assert tally.count == 8
";
}

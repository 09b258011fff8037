//! Modules in C and modules in Rust: each takes what the other makes.

use interbind_tests::laws::hold;
use interbind_tests::native::Linked::Statically;
use interbind_tests::native::Native;
use interbind_tests::workshop;

/// A client in C that publishes untracked data.
const CLIENT: &str = "tests/fixtures/capi/client.c";

#[test]
fn modules_in_c_and_in_rust_share_data() {
    let what = "modules in C and in Rust";
    let Some(modules) = interbind_tests::examples::examples(workshop!(), "c-and-rust") else { return };
    let example = "examples/cclient/cclient.c";
    let mut modules = modules.clone();
    for (source, name) in [(CLIENT, "client"), (example, "cclient")] {
        let Some(more) = Native::new(source, name, Statically).add_to(modules, workshop!(), what) else {
            return;
        };
        modules = more;
    }
    let law = (
        "modules_in_c_and_in_rust_share_data",
        "
import frame, stats, rawstats, client, cclient
point = frame.Point(3, 4)
assert client.norm(point) == cclient.norm(point) == 5.0
assert stats.norm(cclient.Point(3, 4)) == rawstats.norm(cclient.Point(3, 4)) == client.norm(cclient.Point(3, 4)) == 5.0
# What tracks no borrows gives no reference.
error = refused('untracked', stats.norm, client.Thing(3, 4))
assert cclient.norm(client.Thing(3, 4)) == 5.0
assert 'provider: client 1.2.3' in str(error), error
error = refused('wrong-object', cclient.norm, frame.Series('x', [1]))
assert 'frame' in str(error), error
# A module that was made and never executed has no state.
import importlib.util
made = importlib.util.module_from_spec(importlib.util.find_spec('cclient'))
try:
    made.norm(point)
except SystemError as error:
    assert 'never executed' in str(error), error
else:
    raise AssertionError('a module without a state measured a point')
del made
",
    );
    hold(&modules, "", &law, |outcome| assert_eq!(outcome.stderr, "", "{outcome:#?}"));
}

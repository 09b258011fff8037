//! Two modules of a C++ binding layer that were built against two versions of one library: what isn't the same is refused, and
//! what is lent stays where it is.

use std::sync::OnceLock;

use interbind_tests::interpreters::BEFORE;
use interbind_tests::laws;
use interbind_tests::laws::go_through;
use interbind_tests::modules::Modules;
use interbind_tests::native::Native;
use interbind_tests::python::Python;
use interbind_tests::services::quiet;
use interbind_tests::workshop;

const WHAT: &str = "version skew between modules of a C++ binding layer";

fn build(python: &'static Python) -> Option<Modules> {
    let one = Native::bound("tests/fixtures/capi/skew.cpp", "skew_one").flag("-DVERSION=1");
    let two = Native::bound("tests/fixtures/capi/skew.cpp", "skew_two").flag("-DVERSION=2");
    let modules = one.add_to(Modules::new(workshop!(), "skew", python), workshop!(), WHAT)?;
    two.add_to(modules, workshop!(), WHAT)
}

fn modules() -> Option<&'static Modules> {
    static BUILT: OnceLock<Option<Modules>> = OnceLock::new();
    BUILT.get_or_init(|| build(Python::find("3.12", WHAT)?)).as_ref()
}

laws! {
    modules, BEFORE, quiet;

    a_class_of_another_version_is_refused_with_both_values: "
import skew_one as one, skew_two as two
error = refused('layout-differs', two.id, one.Shape(1.0, 2.0))
assert 'size: provider has 16, this module expects 48' in str(error), error
assert two.equal(one.Equal()) == 5
# The same size, and its bases in another order.
error = refused('layout-differs', two.derived, one.Derived())
assert '~bases: provider has N7library4BaseE@0,N7library5FrontE@8, this module expects' in str(error), error
assert two.front(one.Derived()) == 2 and two.front(one.Front()) == 2
";

    a_class_without_linkage_is_its_modules_own: "
import skew_one as one, skew_two as two
error = refused('not-published', two.own, one.Own())
assert 'Own' in str(error) and '@skew_two' in str(error), error
";

    an_exception_of_another_version_is_translated_by_nobody: "
import skew_one, skew_two
try:
    skew_two.fail()
except RuntimeError as error:
    assert type(error) is RuntimeError
else:
    raise AssertionError('nothing was raised')
";

    a_frozen_object_is_lent_for_reading_only: "
import skew_one as one, skew_two as two
fixed = one.Fixed()
assert two.fixed(fixed) == 6
refused('frozen', two.change, fixed)
assert two.fixed(fixed) == 6
";

    what_another_module_uses_isnt_given_away: "
import skew_one as one, skew_two as two
def stays(equal):
    try:
        one.swallow(equal)
    except TypeError as error:
        assert 'in use' in str(error), error
        return True
    raise AssertionError('it was given away')
equal = one.Equal()
assert two.during(equal, lambda: stays(equal)) == 5
holder = two.Holder()
for _ in range(3):
    holder.put(equal)
stays(equal)
assert holder.get() == 5
del holder
collect()
assert two.share(equal) == 5
stays(equal)
assert two.share(one.Equal()) == 5
assert one.swallow(equal) == 5
two.share(one.Equal())
";
}

#[test]
fn every_law_of_skew_holds_in_every_python_that_the_layer_supports() {
    for name in ["3.13", "3.14", "3.15", "3.13t"] {
        let Some(python) = Python::find(name, WHAT) else { continue };
        let Some(modules) = build(python) else { continue };
        go_through(&modules, BEFORE, LAWS, quiet);
    }
}

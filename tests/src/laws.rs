//! Laws that are scripts: each a test for the default interpreter, and all of them gone through on other ones.

use crate::modules::{Modules, Outcome};
use crate::skip::skip;

/// A law's name, and the script that holds it.
pub type Law = (&'static str, &'static str);

/// Writes a test for each law, and the list of them all, `LAWS`.
///
/// Each is `name: script;`. In front stands what gives the modules for the default interpreter, what stands before each
/// script, and what else is asserted about how a script ended.
#[macro_export]
macro_rules! laws {
    ($modules:path, $before:expr, $assert:path; $( $name:ident: $script:literal; )+) => {
        $(
            #[test]
            fn $name() {
                if let Some(modules) = $modules() {
                    $crate::laws::hold(modules, &$before, &(stringify!($name), $script), $assert);
                }
            }
        )+

        const LAWS: &[$crate::laws::Law] = &[$((stringify!($name), $script)),+];
    };
}

/// Runs a law's script, in a process of its own, behind `before`.
#[track_caller]
pub fn hold(modules: &Modules, before: &str, (law, script): &Law, assert: fn(&Outcome)) {
    let python = modules.python();
    let outcome = modules.run(&format!("{before}\n{script}"));
    assert!(outcome.status.success(), "{law}, on Python {python}: {outcome:#?}");
    match outcome.skipped() {
        Some(reason) => skip(&format!("{law}, on Python {python}"), reason),
        None => assert(&outcome),
    }
}

/// Runs every law.
#[track_caller]
pub fn go_through(modules: &Modules, before: &str, laws: &[Law], assert: fn(&Outcome)) {
    for law in laws {
        hold(modules, before, law, assert);
    }
}

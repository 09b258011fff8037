//! Laws that are scripts: each a test for the default interpreter, and all of them gone through on other ones.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

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

/// Runs every law, two at once.
#[track_caller]
pub fn go_through(modules: &Modules, before: &str, laws: &[Law], assert: fn(&Outcome)) {
    at_once(laws, |law| hold(modules, before, law, assert));
}

/// Does something for each of several, two at once; a panic goes on when the others have ended.
pub fn at_once<T: Sync>(all: &[T], act: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            act(one);
        }
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let ended = workers.map(thread::ScopedJoinHandle::join);
        if let Some(panicked) = ended.into_iter().find_map(Result::err) {
            resume_unwind(panicked);
        }
    });
}

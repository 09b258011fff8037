//! The thread sanitizer for loaded extensions. It must see every access to memory, or it takes two for a race that a lock in
//! between has put in order: extensions are built together with the standard library, and Python is one that was configured
//! `--with-thread-sanitizer`, which has the runtime inside.

use std::path::{Path, PathBuf};

use crate::extension::Extension;
use crate::modules::{Modules, Outcome};
use crate::package::{Package, repository};
use crate::python::{Python, needed};
use crate::toolchain::Toolchain;

/// How a report starts.
const REPORT: &str = "WARNING: ThreadSanitizer";

/// What it takes on this machine.
#[derive(Clone, Debug)]
pub struct ThreadSanitizer {
    /// The interpreter that has the runtime inside.
    pub python: &'static Python,
    toolchain: Toolchain,
    /// What finds the functions' names.
    symbolizer: PathBuf,
}

impl ThreadSanitizer {
    /// Finds interpreter and compiler; says so when one is missing.
    pub fn find(what: &str) -> Option<Self> {
        let python = Python::with_thread_sanitizer(what)?;
        let toolchain = Toolchain::with_sources(what)?;
        // Python's own races are known by the functions' names.
        let symbolizer = needed("llvm-symbolizer", what)?;
        Some(Self { python, toolchain, symbolizer })
    }

    /// Has an extension built with the instruments, and with what names a line in a report.
    pub fn instrument(&self, extension: Extension) -> Extension {
        let flags = "-Zsanitizer=thread -Cdebuginfo=line-tables-only -Cstrip=none";
        self.toolchain.build(extension, flags).variable("TSAN_OPTIONS", "report_bugs=0")
    }

    /// Has scripts run with Python's own races left out.
    pub fn watch(&self, modules: Modules) -> Modules {
        let known = repository().join("tests/fixtures/thread-sanitizer.txt");
        // A clang may look for a symbolizer of its own version only.
        let symbolizer = self.symbolizer.display();
        let options =
            format!("suppressions=\"{}\" external_symbolizer_path=\"{symbolizer}\"", known.display());
        modules.variable("TSAN_OPTIONS", options)
    }

    /// Shows that a race is found, and that a lock of the standard library is none.
    ///
    /// # Panics
    /// When what is found says nothing about what isn't.
    pub fn prove(&self, modules: &Modules, workshop: &Path) {
        let sum = self.instrument(Extension::of(&Package::of("sum", "sum"), workshop));
        let modules = self.watch(modules.clone().with(&sum));
        let file = modules.file("sum");
        let added = |guarded: bool| {
            let guarded = i32::from(guarded);
            modules.run(&format!(
                "import ctypes
add = ctypes.CDLL({file:?}).add
threads = [threading.Thread(target=add, args=(4, 10000, {guarded})) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()"
            ))
        };
        let found = added(false);
        assert!(found.stderr.contains(REPORT) && found.stderr.contains("add_one"), "{found:#?}");
        assert!(!found.status.success(), "{found:#?}");
        none_in(&added(true));
    }
}

/// Asserts that nothing was found.
#[track_caller]
pub fn none_in(outcome: &Outcome) {
    assert!(!outcome.stderr.contains(REPORT), "{}", outcome.stderr);
    assert!(outcome.status.success(), "{outcome:#?}");
}

//! The address sanitizer for loaded extensions: a nightly compiler instruments them and all they link, and Python starts under
//! the C compiler's runtime.

use std::path::PathBuf;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::skip::{Lack, missing};
use crate::toolchain::said;

/// What it takes on this machine.
#[derive(Clone, Debug)]
pub struct Sanitizer {
    /// The library to load before anything else.
    runtime: PathBuf,
    /// The target that is built for: this machine, by its name.
    triple: String,
}

impl Sanitizer {
    /// Finds compiler and runtime; says so when one is missing.
    pub fn find(what: &str) -> Option<Self> {
        let Some(version) = said("rustc", &["+nightly", "-vV"]) else {
            missing(what, Lack::Toolchain("nightly"), "no nightly toolchain");
            return None;
        };
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "))?.to_owned();
        let runtime = said("gcc", &["-print-file-name=libasan.so"]).map(|file| PathBuf::from(file.trim()));
        // gcc answers with the bare name when it has none.
        match runtime.filter(|runtime| runtime.is_absolute() && runtime.exists()) {
            Some(runtime) => Some(Self { runtime, triple }),
            None => {
                missing(what, Lack::Program("libasan"), "gcc has no libasan.so");
                None
            }
        }
    }

    /// Has an extension built with the instruments.
    pub fn instrument(&self, extension: Extension) -> Extension {
        let extension = extension.target(&self.triple).variable("RUSTUP_TOOLCHAIN", "nightly");
        extension.variable("RUSTC", "rustc").variable("RUSTFLAGS", "-Zsanitizer=address")
    }

    /// Has scripts run under the runtime. Python's own allocator would hide what is freed; Python's own leaks are of no interest.
    pub fn watch(&self, modules: Modules) -> Modules {
        let runtime = self.runtime.to_string_lossy().into_owned();
        let modules = modules.variable("LD_PRELOAD", runtime).variable("PYTHONMALLOC", "malloc");
        modules.variable("ASAN_OPTIONS", "detect_leaks=0")
    }
}

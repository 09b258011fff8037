//! The address sanitizer for loaded extensions: a nightly compiler instruments them and all they link, and Python starts under
//! the C compiler's runtime.

use std::path::PathBuf;

use interbind_conformance::forge::instruments::Instruments;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::skip::{Lack, missing};
use crate::toolchain::said;

/// The one that knows `-Zsanitizer`.
const TOOLCHAIN: &str = "nightly";

/// What it takes on this machine.
#[derive(Clone, Debug)]
pub struct Sanitizer {
    /// The libraries to load before anything else: the runtime, and C++'s, whose exceptions it watches from its start on.
    preloaded: String,
    /// The compiler, and the target that is built for: this machine, by its name.
    instruments: Instruments,
}

impl Sanitizer {
    /// Finds compiler and runtime; says so when one is missing.
    pub fn find(what: &str) -> Option<Self> {
        let Some(version) = said("rustc", &[&format!("+{TOOLCHAIN}"), "-vV"]) else {
            missing(what, Lack::Toolchain(TOOLCHAIN), "no nightly toolchain");
            return None;
        };
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "))?.to_owned();
        let toolchain = TOOLCHAIN.to_owned();
        let instruments = Instruments { toolchain, version: version.clone(), triple };
        // gcc answers with the bare name when it has none.
        let library = |name: &str| {
            let file = said("gcc", &[&format!("-print-file-name={name}")])?;
            let file = PathBuf::from(file.trim());
            (file.is_absolute() && file.exists()).then(|| file.display().to_string())
        };
        let Some(runtime) = library("libasan.so") else {
            missing(what, Lack::Program("libasan"), "gcc has no libasan.so");
            return None;
        };
        let of_cplusplus = library("libstdc++.so.6").unwrap_or_default();
        Some(Self { preloaded: format!("{runtime} {of_cplusplus}"), instruments })
    }

    /// Has an extension built with the instruments.
    pub fn instrument(&self, extension: Extension) -> Extension {
        let extension = extension.target(&self.instruments.triple).variable("RUSTUP_TOOLCHAIN", TOOLCHAIN);
        extension.variable("RUSTC", "rustc").variable("RUSTFLAGS", "-Zsanitizer=address")
    }

    /// The same for what the matrix's forge builds.
    pub fn instruments(&self) -> Instruments {
        self.instruments.clone()
    }

    /// Has scripts run under the runtime. Python's own allocator would hide what is freed; Python's own leaks are of no interest.
    pub fn watch(&self, modules: Modules) -> Modules {
        let modules =
            modules.variable("LD_PRELOAD", self.preloaded.trim()).variable("PYTHONMALLOC", "malloc");
        modules.variable("ASAN_OPTIONS", "detect_leaks=0")
    }
}

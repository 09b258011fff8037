//! Toolchains as rustup knows them, and above all one that has the standard library as source: it builds that library anew,
//! with instruments or for a target that comes without one. Nothing is ever installed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::extension::Extension;
use crate::skip::{Lack, missing};

/// Lets a stable toolchain do what a nightly one does unasked.
const UNSTABLE: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");

/// A toolchain of this machine that can build the standard library.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// What rustup calls it.
    name: String,
    /// The target that is built for: this machine, by its name.
    triple: String,
}

impl Toolchain {
    /// Finds the first that has the sources; says so when none has.
    pub fn with_sources(what: &str) -> Option<Self> {
        let Some(listed) = said("rustup", &["toolchain", "list"]) else {
            missing(what, Lack::Program("rustup"), "no `rustup` on PATH");
            return None;
        };
        // A line is a name, and behind it what rustup thinks of it.
        let mut names = listed.lines().filter_map(|line| line.split_whitespace().next());
        let found = names.find_map(Self::named);
        if found.is_none() {
            missing(
                what,
                Lack::Toolchain("rust-src"),
                "no toolchain has the standard library's source: `rustup component add rust-src`",
            );
        }
        found
    }

    fn named(name: &str) -> Option<Self> {
        let plus = format!("+{name}");
        let sysroot = said("rustc", &[&plus, "--print", "sysroot"])?;
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
        let version = said("rustc", &[&plus, "-vV"])?;
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "))?;
        library
            .join("Cargo.toml")
            .is_file()
            .then(|| Self { name: name.to_owned(), triple: triple.to_owned() })
    }

    /// Returns its cargo, which builds these crates of the standard library below everything else.
    pub fn cargo(&self, crates: &str) -> Command {
        let mut cargo = cargo(&self.name);
        cargo.arg(format!("-Zbuild-std={crates}")).env(UNSTABLE.0, UNSTABLE.1);
        cargo
    }

    /// Has an extension built together with the standard library, both with these flags of the compiler.
    pub fn build(&self, extension: Extension, flags: &str) -> Extension {
        let extension = extension.target(&self.triple).toolchain(&self.name).argument("-Zbuild-std=std");
        extension.variable(UNSTABLE.0, UNSTABLE.1).variable("RUSTFLAGS", flags)
    }
}

/// Returns the cargo of a toolchain. `CARGO` is that of the one which runs the tests: another is reached through rustup.
pub fn cargo(toolchain: &str) -> Command {
    let mut cargo = Command::new("cargo");
    for name in ["CARGO", "RUSTC", "RUSTDOC"] {
        cargo.env_remove(name);
    }
    cargo.env("RUSTUP_TOOLCHAIN", toolchain).stdin(Stdio::null());
    cargo
}

/// Returns what a program says, whichever toolchain runs the tests; nothing when it isn't there or fails.
pub fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let mut asked = Command::new(program);
    asked.args(arguments).env_remove("RUSTUP_TOOLCHAIN").stdin(Stdio::null()).stderr(Stdio::null());
    let output = asked.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

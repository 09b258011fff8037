//! The address sanitizer's instruments in all that the forge builds, for those who load extensions under it: the attacks of
//! `tests`. The matrix builds without.

use std::collections::BTreeMap;

/// What the C++ compiler is asked for: the instruments, and what names a line in a report.
pub(crate) const CPLUSPLUS: [&str; 3] = ["-fsanitize=address", "-g", "-fno-omit-frame-pointer"];

/// The compiler that brings them.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// What rustup calls a toolchain that knows `-Zsanitizer`.
    pub toolchain: String,
    /// What its compiler says about itself.
    pub version: String,
    /// The name of the target. Build scripts and macros aren't built for it, so they have no instruments.
    pub triple: String,
}

impl Instruments {
    /// In the key of what is built.
    pub(crate) fn identity(&self) -> String {
        format!("address {}", self.version)
    }

    /// What cargo needs to know.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let flags = "-Zsanitizer=address -Cdebuginfo=line-tables-only -Cstrip=none";
        [
            ("RUSTUP_TOOLCHAIN", self.toolchain.as_str()),
            ("RUSTC", "rustc"),
            ("RUSTFLAGS", flags),
            ("CARGO_BUILD_TARGET", &self.triple),
            // A manifest's own word comes behind the flags.
            ("CARGO_PROFILE_RELEASE_STRIP", "none"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

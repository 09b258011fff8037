//! Compiler, C++ library and ABI, as pybind11 and nanobind write them into their ids.
//!
//! | era | pybind11 | nanobind | example |
//! |---|---|---|---|
//! | named compilers | 2.4 – 2.13 | – 2.5 | `_gcc_libstdcpp_cxxabi1018`, `_msvc_mscver1938` |
//! | system compiler | from 3.0 | from 2.6 | `_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1`, `_msvc_md_mscver19` |
//!
//! Builds may set each part by hand, so the text is read from its end: the ABI has a form of its own, then the library's
//! name, and what stands before them is the compiler.

use super::id::{Id, trailing, trailing_numbered};

const NAMED: &[&str] = &["msvc", "icc", "clang", "pgi", "mingw", "gcc_cygwin", "gcc", "unknown"];
const SYSTEM: &[&str] = &["mingw", "gcc_cygwin", "msvc", "system"];

/// Which compilers a framework's release tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// Each by its name.
    Named,
    /// All that are compatible with the system's are one.
    System,
    /// Nothing says which.
    Either,
}

/// The three parts, each with its underscore; `dev` stood among them in one release of nanobind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Toolchain<'a> {
    pub opaque: &'a str,
    pub compiler: &'a str,
    pub stdlib: &'a str,
    pub dev: &'a str,
    pub abi: &'a str,
}

impl<'a> Toolchain<'a> {
    /// Cuts a text; everything in it is in one of the parts.
    pub fn cut(text: &'a str) -> Self {
        let (rest, abi) = abi(text);
        let (rest, dev) = match trailing_numbered(rest, "_dev") {
            Some((rest, dev)) if !abi.is_empty() => (rest, dev),
            _ => (rest, ""),
        };
        let (rest, stdlib) = match trailing(rest, "_libstdcpp") {
            (_, "") => trailing(rest, "_libcpp"),
            found => found,
        };
        let plain = rest.strip_prefix('_').unwrap_or(rest);
        let known = NAMED.contains(&plain) || SYSTEM.contains(&plain);
        let (opaque, compiler) =
            if known || !stdlib.is_empty() || !abi.is_empty() { ("", rest) } else { (rest, "") };
        Self { opaque, compiler, stdlib, dev, abi }
    }

    /// Adds the parts to an id. `first`: no underscore is expected before the first.
    pub fn add(self, id: Id) -> Id {
        let id =
            id.when("opaque", self.opaque).behind("compiler", self.compiler).behind("stdlib", self.stdlib);
        id.when("dev", self.dev).behind("build-abi", self.abi)
    }

    /// Names of the parts that no compiler sets by itself in that era.
    pub fn overridden(self, era: Era) -> Vec<&'static str> {
        let bare = |text: &'a str| text.strip_prefix('_').unwrap_or(text);
        let (compiler, stdlib, abi) = (bare(self.compiler), bare(self.stdlib), bare(self.abi));
        let mut names = Vec::new();
        if !self.opaque.is_empty() {
            names.push("opaque");
        }
        let named = NAMED.contains(&compiler);
        let system = SYSTEM.contains(&compiler);
        let abi_named = abi.is_empty() || plain_numbered(abi, "cxxabi") || plain_numbered(abi, "mscver");
        let alone = ["md_mscver", "mt_mscver", "none_mscver"].iter().any(|p| plain_numbered(abi, p));
        let paired = match stdlib {
            "libstdcpp" => plain_numbered(abi, "gxx_abi_1xxx_use_cxx11_abi_"),
            "libcpp" => plain_numbered(abi, "abi"),
            _ => alone,
        };
        let (compiler_fits, stdlib_fits, abi_fits) = match era {
            Era::Named => (named, true, abi_named),
            Era::System => (system, paired || stdlib.is_empty(), paired || alone),
            Era::Either => (named || system, true, abi_named || paired || alone),
        };
        if !compiler_fits && self.opaque.is_empty() {
            names.push("compiler");
        }
        if !stdlib_fits {
            names.push("stdlib");
        }
        if !abi_fits && self.opaque.is_empty() {
            names.push("build-abi");
        }
        names
    }
}

/// Splits the ABI off the end of a text.
fn abi(text: &str) -> (&str, &str) {
    const FORMS: [&str; 6] =
        ["_gxx_abi_1xxx_use_cxx11_abi_", "_cxxabi", "_md_mscver", "_mt_mscver", "_none_mscver", "_mscver"];
    if let Some(found) = FORMS.iter().find_map(|form| trailing_numbered(text, form)) {
        return found;
    }
    // `_abi1` means something behind `_libcpp` alone.
    match trailing_numbered(text, "_abi") {
        Some((rest, abi)) if rest.ends_with("_libcpp") => (rest, abi),
        _ => (text, ""),
    }
}

fn plain_numbered(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

//! The machine a file is for: format, system, processor, C library, C++ runtime.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Claim;

/// A binary format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Linux and other Unix systems.
    Elf,
    /// macOS and iOS.
    MachO,
    /// Windows.
    Pe,
    /// WebAssembly, for a Python in a browser.
    Wasm,
}

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Os {
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
    /// Android.
    Android,
    /// iOS.
    Ios,
    /// Emscripten, with which Pyodide brings Python into browsers.
    Emscripten,
    /// Another.
    Other,
}

/// A processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Arch {
    /// The name Linux wheels use: `x86_64`, `aarch64`, `i686`, `armv7l`, `ppc64le`, `s390x`, `riscv64`, …
    pub name: String,
    /// 32 or 64.
    pub bits: u8,
    /// Whether the lowest byte comes first.
    pub little_endian: bool,
}

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LibcKind {
    /// GNU's.
    Glibc,
    /// musl.
    Musl,
    /// Apple's libSystem.
    System,
    /// Microsoft's universal C runtime.
    Ucrt,
    /// Android's.
    Bionic,
}

/// A C library, and the lowest release that has every symbol the file imports.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Libc {
    /// Which.
    pub kind: LibcKind,
    /// The floor: glibc's `2.17`, macOS' `11.0`; absent where nothing says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub floor: Option<String>,
}

/// A C++ runtime.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CxxRuntime {
    /// `libstdc++`, `libc++`, `msvc`, and `static` behind it where it is linked in.
    pub name: String,
    /// The newest version of symbols asked for: `GLIBCXX_3.4.29`, `CXXABI_1.3.13`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub floors: Vec<String>,
}

/// Which `std::string` of libstdc++: what is built with one doesn't link with what is built with the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strings {
    /// The one from before GCC 5 (`_GLIBCXX_USE_CXX11_ABI=0`).
    Old,
    /// `std::__cxx11::basic_string`.
    New,
    /// Functions of both.
    Both,
}

/// The machine a file is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The binary format.
    pub format: Format,
    /// The system.
    pub os: Claim<Os>,
    /// The processor.
    pub arch: Arch,
    /// The C library.
    pub libc: Claim<Libc>,
    /// The C++ runtime; absent: it imports nothing of one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cxx: Option<Claim<CxxRuntime>>,
    /// Which `std::string` of libstdc++ it passes to others or takes from them; absent: no symbol tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub strings: Option<Claim<Strings>>,
    /// What compiled it, from `.comment`, the PE linker's version or the code's own texts.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub compilers: Vec<Claim<String>>,
}

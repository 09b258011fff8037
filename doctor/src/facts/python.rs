//! What a module asks of the interpreter that loads it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Claim;

/// Which stable ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StableKind {
    /// The limited API as it is since Python 3.2.
    Abi3,
    /// The one that free-threaded builds share, from Python 3.15.
    Abi3t,
}

/// A module for the limited API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stable {
    /// Which.
    pub kind: StableKind,
    /// The lowest Python it claims (`3.9`): by the wheel's tag or the note.
    pub claimed: Claim<String>,
    /// The lowest Python that has every symbol it imports.
    pub needed: Claim<String>,
    /// The lowest Python that gives out every symbol it imports, though maybe not yet as a part of the stable ABI: where the
    /// claim is broken, this says where it loads all the same. Absent: it is `needed`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exported: Option<Claim<String>>,
    /// Imported Python symbols that no stable ABI has.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub outside: Vec<String>,
}

/// A function by which Python loads a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EntryPoint {
    /// The exported symbol: `PyInit_x`, `PyModExport_x`, `_cffi_pypyinit__x`, `HPyInit_x`.
    pub symbol: String,
    /// The module it makes.
    pub module: String,
}

/// What a module tells a free-threaded Python about the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gil {
    /// It says that it works without: importing it leaves the GIL off.
    NotUsed,
    /// It says nothing, or that it needs it: importing it turns the GIL on.
    Used,
}

/// What a module says of sub-interpreters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpreters {
    /// The main interpreter alone.
    MainOnly,
    /// Those that share the main interpreter's GIL.
    SharedGil,
    /// Each.
    PerInterpreterGil,
}

/// The record `PyABIInfo` of a module's list of slots (`Py_mod_abi`): what it was built with, as its compiler wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbiInfo {
    /// The Python whose headers it was built with: `3.15.0b2`.
    pub build: String,
    /// The Python whose C API it was built for: of a stable ABI, its floor.
    pub api: String,
    /// Whether it is for a stable ABI.
    pub stable: bool,
    /// Whether a Python with a GIL may load it.
    pub gil: bool,
    /// Whether a free-threaded Python may.
    pub free_threaded: bool,
    /// Whether it uses Python's internals.
    pub internal: bool,
}

/// What a module asks of the interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PythonNeeds {
    /// `cpython`, `pypy`, `graalpy`.
    pub implementation: Claim<String>,
    /// The one version it is built for (`3.12`); unknown for a stable ABI, which has a floor instead.
    pub version: Claim<String>,
    /// Whether it is built for a free-threaded interpreter; unknown for what serves both kinds.
    pub free_threaded: Claim<bool>,
    /// Whether it is built for a debug interpreter.
    pub debug: Claim<bool>,
    /// The tag in the file's name: `cpython-312-x86_64-linux-gnu`, `abi3`, `cp312-win_amd64`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tag: Option<String>,
    /// The stable ABI, where it is built for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stable: Option<Stable>,
    /// Its own record of what it was built with, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub built: Option<Claim<AbiInfo>>,
    /// How it is loaded; none: this is no extension module.
    pub entries: Vec<EntryPoint>,
    /// What it says of the GIL.
    pub gil: Claim<Gil>,
    /// What it says of sub-interpreters.
    pub interpreters: Claim<Interpreters>,
    /// Ways round a registry that were seen: `arrow`, `dlpack`, `buffer`, `pymetabind`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub protocols: Vec<Claim<String>>,
}

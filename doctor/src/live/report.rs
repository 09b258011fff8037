//! What stands in an interpreter: the published JSON of `interbind doctor --live`.

use crate::explain::Meaning;
use crate::facts::{FrameworkKind, Inspection};
use crate::finding::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a program left in its interpreter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// The schema's name and version: `interbind-live/1`.
    pub schema: String,
    /// How the program ended.
    pub ended: Ended,
    /// The Python; absent when the interpreter could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub python: Option<LivePython>,
    /// The keys of shared state, where they stand and whose they are.
    pub keys: Vec<LiveKey>,
    /// The extension modules that are loaded.
    pub modules: Vec<LiveModule>,
    /// Every file whose code is in the process, where the system tells.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mapped: Vec<String>,
    /// The registries of bound classes.
    pub registries: Vec<Registry>,
    /// Classes of one name that are there more than once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub twins: Vec<Twin>,
    /// The types that modules of this project's layer have published; absent: they can't be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<Vec<Published>>,
    /// SWIG's shared type tables.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub swig: Vec<String>,
    /// The interpreters that were there at the end; absent: can't be told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interpreters: Option<Vec<i64>>,
    /// Whether the GIL was on at the end; absent: this Python can't say, so it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gil: Option<bool>,
    /// The modules whose import turned the GIL on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub gil_turned_on_by: Vec<String>,
    /// Errors and warnings, in their order, each with what it means.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub raised: Vec<Raised>,
    /// Messages on stderr that none of them tells.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub printed: Vec<Meaning>,
    /// The keys that the files predict, against those that are there.
    pub compared: Vec<Compared>,
    /// What the loaded files say.
    pub inspection: Inspection,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unreadable: Vec<String>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

impl Live {
    /// The schema's name and version.
    pub const SCHEMA: &'static str = "interbind-live/1";
}

/// How the program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// `finished`, `exit` (it called `sys.exit`), `raised`, or `cut-off`: the process ended before the interpreter could be
    /// read.
    pub how: String,
    /// The process' exit code; absent when a signal ended it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<i32>,
    /// The whole status in the system's words.
    pub status: String,
    /// Why nothing was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// The Python in which it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LivePython {
    /// Its executable.
    pub executable: String,
    /// Its version: `3.12.1`.
    pub version: String,
    /// `cpython`, `pypy`, …
    pub implementation: String,
    /// Whether it is a free-threaded build.
    pub free_threaded: bool,
    /// Whether it is a debug build.
    pub debug: bool,
    /// Its platform.
    pub platform: String,
}

/// A key of a framework's shared state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveKey {
    /// `interpreter` (its dict) or `builtins`.
    pub place: String,
    /// The key.
    pub key: String,
    /// The type of what stands under it.
    #[serde(rename = "type")]
    pub kind: String,
    /// A capsule's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub capsule: Option<String>,
    /// The file a capsule's pointer is in; absent for memory of no file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer_in: Option<String>,
    /// The file the key itself names, by an address in it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// The module during whose import the key appeared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub appeared_with: Option<String>,
    /// That module's file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub appeared_from: Option<String>,
}

/// An extension module that is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveModule {
    /// Its name in `sys.modules`.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its `__version__`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Whether it is a part of Python itself.
    #[serde(default)]
    pub python_own: bool,
}

/// A registry of bound classes: those that share are in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registry {
    /// Whose.
    pub framework: FrameworkKind,
    /// Its number in this answer.
    pub number: u32,
    /// The file whose code made it, as far as its classes tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// Its classes.
    pub classes: Vec<LiveClass>,
}

/// A class made by native code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveClass {
    /// Its `__module__`.
    pub module: String,
    /// Its `__qualname__`.
    pub name: String,
    /// The file whose code registered it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// The number of its registry; absent for frameworks without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub registry: Option<u32>,
}

/// A type that a module has published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The module that provides it.
    pub owner: String,
}

/// Classes of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Twin {
    /// The name, without its module.
    pub name: String,
    /// The classes.
    pub classes: Vec<LiveClass>,
}

/// An error or a warning of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Raised {
    /// `uncaught`, `import` (the program may have caught it), `warning`, or `unraisable`.
    #[serde(rename = "where")]
    pub place: String,
    /// The exception's class.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its message.
    pub message: String,
    /// The module that was being imported.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub module: Option<String>,
    /// The file it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// What it means; nothing: it isn't known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub meanings: Vec<Meaning>,
}

/// A key that a file predicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The module.
    pub module: String,
    /// Its file.
    pub file: String,
    /// The framework.
    pub framework: FrameworkKind,
    /// The key its file predicts; absent: the file doesn't tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicted: Option<String>,
    /// Whether that key is there; absent where there was nothing to look for, or no place to look.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub found: Option<bool>,
}

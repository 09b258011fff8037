//! One native module with everything that was read from it, and what a run of `inspect` gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Evidence;
use super::framework::Framework;
use super::python::PythonNeeds;
use super::target::Target;

/// What a module's own build note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OurNote {
    /// The lines of the module's note, as they stand there.
    pub module: Vec<String>,
    /// The descriptors of the types it provides or consumes.
    pub types: Vec<String>,
}

/// A native module: an extension module, or a library that came with one. A fat Mach-O file gives one for each slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// The file as the user would name it; for a member of an archive, the archive.
    pub path: String,
    /// The member's name inside the archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The name it is imported by (`package._core`), as far as its place tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is an extension module: a library that only came with one has no entry point.
    pub extension: bool,
    /// The machine it is for.
    pub target: Target,
    /// What it asks of the interpreter.
    pub python: PythonNeeds,
    /// The binding libraries in it.
    pub frameworks: Vec<Framework>,
    /// The libraries it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub needed: Vec<String>,
    /// Our own build note.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<OurNote>,
    /// What could not be read, though the rest could.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<Problem>,
}

/// Something that could not be read, or isn't as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Its kind: `unreadable`, `truncated`, `too-large`, `bad-archive`, `path-in-archive`, `unknown-format`, …
    pub kind: String,
    /// The file, and the member after `!` where it is in an archive.
    pub path: String,
    /// What is wrong, with the values that are.
    pub message: String,
    /// What was seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<Evidence>,
}

/// What a run of `inspect` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// The schema's name and version: `interbind-inspect/1`.
    pub schema: String,
    /// The modules, in the order of their paths.
    pub modules: Vec<Module>,
    /// What could not be read at all.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<Problem>,
}

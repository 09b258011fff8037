//! One native module with everything that was read from it, and what a run of `inspect` gives.

use interbind_abi::note::{ModuleNote, NoteError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capi::CApi;
use super::claim::Evidence;
use super::framework::Framework;
use super::links::Links;
use super::partner::Partner;
use super::python::PythonNeeds;
use super::target::Target;

/// What a module's own build note says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OurNote {
    /// The lines of the module's note, as they stand there.
    pub module: Vec<String>,
    /// The descriptors of the types it provides or consumes.
    pub types: Vec<String>,
    /// The name the module is imported by, as its note says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The version of its package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// The version of interbind in it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interbind: Option<String>,
    /// What a panic does: `unwind` or `abort`; `none` for a build in C or C++.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub panic: Option<String>,
    /// The compiler.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compiler: Option<String>,
    /// The platform text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
    /// Where the implementation is: `static`, in the module itself, or `wheel`, in the package `interbind`; absent: the note
    /// doesn't say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runtime: Option<String>,
    /// The types it provides.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub provides: Vec<ProvidedType>,
    /// The types it consumes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consumes: Vec<ConsumedType>,
    /// The declarations in it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub declared: Vec<DeclaredType>,
}

impl OurNote {
    /// The notes of the modules in the file: one, or several where it was linked of several.
    fn notes(&self) -> impl Iterator<Item = Result<ModuleNote, NoteError>> + '_ {
        self.module
            .chunk_by(|_, line| !line.starts_with("name="))
            .map(|lines| lines.join("\n").parse::<ModuleNote>())
    }

    /// The note, read: the first module's, with the roles of all.
    ///
    /// # Errors
    /// The note isn't understood, or the file has no note.
    pub fn read(&self) -> Result<ModuleNote, NoteError> {
        let mut notes = self.notes();
        let mut whole = notes.next().unwrap_or_else(|| "".parse())?;
        for note in notes {
            let note = note?;
            whole.provides.extend(note.provides);
            whole.consumes.extend(note.consumes);
        }
        Ok(whole)
    }

    /// How the modules in the file are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let in_notes = self.module.iter().filter_map(|line| line.strip_prefix("name="));
        let first = self.name.as_deref().filter(|name| !in_notes.clone().any(|other| other == *name));
        first.into_iter().chain(in_notes)
    }
}

/// A type that a module provides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ProvidedType {
    /// The type's name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A type that a module consumes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ConsumedType {
    /// The type's name.
    pub name: String,
    /// The versions that will do: `^1.2.0`.
    pub requirement: String,
}

/// A declaration of a type, as it was compiled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredType {
    /// The type's name.
    pub name: String,
    /// The declaration's version.
    pub version: String,
    /// Its descriptor.
    pub descriptor: String,
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
    /// Whether it is a program, which is started and not loaded.
    #[serde(skip_serializing_if = "is_false", default)]
    pub program: bool,
    /// The machine it is for.
    pub target: Target,
    /// What it asks of the interpreter.
    pub python: PythonNeeds,
    /// The binding libraries in it.
    pub frameworks: Vec<Framework>,
    /// The libraries beside Python whose binary interface it was built for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub partners: Vec<Partner>,
    /// What it gives to other modules in C, and asks of them.
    #[serde(skip_serializing_if = "CApi::is_empty", default)]
    pub capi: CApi,
    /// The libraries it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub needed: Vec<String>,
    /// How the loader joins it with others.
    #[serde(default)]
    pub links: Links,
    /// Our own build note.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<OurNote>,
    /// What could not be read, though the rest could.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub problems: Vec<Problem>,
}

fn is_false(value: &bool) -> bool {
    !value
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

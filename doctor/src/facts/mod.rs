//! What is known of a file: the vocabulary in which every command speaks, and the JSON that is published.
//!
//! `claim` says how sure a statement is and what it rests on; `module` is one native module with everything that was read
//! from it; `framework` is a binding library in it; `partner` a library it was
//! built for; `capi` what it gives to others in C and asks of them; `links` how the loader joins it with others; `python` what it asks of an interpreter; `target` what machine it is for.
//! The types are data: nothing here reads a file or decides.

mod capi;
mod claim;
mod framework;
mod links;
mod module;
mod partner;
mod python;
mod target;

pub use capi::{CApi, CFunction, Capsule, ExpectedClass, Larger, SizedClass, TakenFunction};
pub use claim::{Claim, Confidence, Evidence, Source};
pub use framework::{AbiId, Conduit, Domain, Framework, FrameworkKind, Part, Picklable, Role, Versions};
pub use links::{Import, Links, Symbols, Unmet, Unresolved};
pub use module::{ConsumedType, DeclaredType, Inspection, Module, OurNote, Problem, ProvidedType};
pub use partner::{Partner, PartnerKind, PartnerRole};
pub use python::{AbiInfo, EntryPoint, Gil, Interpreters, PythonNeeds, Stable, StableKind};
pub use target::{Arch, CxxRuntime, Format, Libc, LibcKind, Os, Strings, Target};

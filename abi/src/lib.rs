//! What every participant agrees on before a pointer is followed: records, texts, and the rules to compare them.
//!
//! Pure data. This crate never learns what Python is, does no I/O and allocates only to parse and to explain, so
//! a binding library, a linter and a firmware-sized reader can all depend on it. It holds the three contracts,
//! each in its own files:
//!
//! | contract | question | files |
//! |---|---|---|
//! | Platform ABI | can these two builds meet, and call each other? | [`platform`] |
//! | Internals ABI | do both understand the same shared records? | [`header`], [`owner`], [`core`], [`services`], [`types`], [`runtime`] |
//! | Type ABI | does this *type* mean the same to both? | [`version`], [`types::data`], [`interface`], [`values`] |
//!
//! [`note`] is how a built file says all of this without being run, [`mod@diff`] finds every difference between two
//! sides, [`reason`] names each kind of refusal once for errors, docs and the conformance suite. Readers of other
//! frameworks' ids get their own folder, `foreign/`, when the diagnosis tool needs it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

pub mod core;
pub mod diff;
pub mod header;
pub mod interface;
pub mod keys;
pub mod note;
pub mod owner;
pub mod platform;
pub mod reason;
pub mod runtime;
pub mod services;
pub mod text;
pub mod types;
pub mod values;
pub mod version;

mod frozen;
mod record;

pub use self::diff::Difference;
pub use self::frozen::FROZEN;
pub use self::header::{Magic, Malformed, RecordHeader};
pub use self::platform::Platform;
pub use self::reason::Reason;
pub use self::record::{FieldLayout, Frozen};
pub use self::text::{Piece, Str};
pub use self::version::{Requirement, Version};

//! What every participant agrees on before a pointer is followed: records, texts, and the rules to compare them.
//!
//! Pure data. This crate never learns what Python is, does no I/O and allocates only to parse and to explain, so
//! a binding library, a linter and a firmware-sized reader can all depend on it. It holds the three contracts,
//! each in its own files:
//!
//! | contract | question | files |
//! |---|---|---|
//! | Platform ABI | can these two builds meet, and call each other? | [`platform`] |
//! | Internals ABI | do both understand the same shared records? | [`header`], [`mod@judge`], [`owner`], [`core`], [`services`], [`types`], [`runtime`] |
//! | Type ABI | does this *type* mean the same to both? | [`version`], [`types::data`], [`interface`], [`signature`], [`values`], [`check`] |
//!
//! [`note`] is how a built file says all of this without being run, [`mod@diff`] finds every difference between two
//! sides, [`reason`] names each kind of refusal once for errors, docs and the conformance suite. Readers of other
//! frameworks' ids get their own folder, `foreign/`, when the diagnosis tool needs it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

// Every size in here is one of 64-bit pointers: C aligns 64-bit numbers to 4 bytes on some 32-bit targets where Rust's atomics
// need 8, so the two sides would not agree on a record.
#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "interbind shares records between 64-bit builds only: build for a target with 64-bit pointers"
);

pub mod check;
pub mod core;
pub mod diff;
pub mod header;
pub mod interface;
pub mod judge;
pub mod keys;
pub mod note;
pub mod owner;
pub mod platform;
pub mod reason;
pub mod runtime;
pub mod services;
pub mod signature;
pub mod text;
pub mod types;
pub mod values;
pub mod version;

mod frozen;
mod record;

pub use self::diff::Difference;
pub use self::frozen::FROZEN;
pub use self::header::{Magic, Malformed, RecordHeader};
pub use self::judge::{Record, judge};
pub use self::platform::Platform;
pub use self::reason::Reason;
pub use self::record::{FieldLayout, Frozen};
pub use self::text::{Piece, Str};
pub use self::version::{Requirement, Version};

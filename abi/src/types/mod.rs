//! Types: how one is described, recorded, and found.
//!
//! In the order of use: [`data`] describes a layout, [`record`] carries everything a consumer needs, [`registry`] is the
//! service that holds the records; [`native`] describes classes of C++. [`digest`](mod@digest) names a description for
//! people and tools.

pub mod data;
pub mod digest;
pub mod native;
pub mod record;
pub mod registry;

pub(crate) mod parse;

pub use self::data::{Data, Field, Reserved};
pub use self::digest::{Digest, digest};
pub use self::record::TypeRecord;
pub use self::registry::TypesService;

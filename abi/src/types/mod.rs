//! Types: how one is described, recorded, and found.
//!
//! In the order of use: [`data`] describes a layout, [`digest`](mod@digest) names a description, [`record`] carries
//! everything a consumer needs, [`registry`] is the service that holds the records; [`native`] is what stands in the place
//! of a description for classes of C++.

pub mod data;
pub mod digest;
pub mod native;
pub mod record;
pub mod registry;

pub(crate) mod parse;

pub use self::data::{Data, Field, Reserved};
pub use self::digest::{Digest, const_digest, digest};
pub use self::record::TypeRecord;
pub use self::registry::TypesService;

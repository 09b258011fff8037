//! The services for binding libraries, beside the `types` service: each has a maker's side, which this build puts into the
//! core when it is the first to need it, and a user's side over a table that may be another build's.
//!
//! | service | maker | user | what it holds |
//! |---|---|---|---|
//! | `instances` | `instances::serve` over `map`, `nurses` | [`Instances`] | which objects wrap a pointer; what an object keeps alive |
//! | `userdata` | `userdata::serve` | [`Userdata`] | memory that modules share by name |
//! | `exceptions` | `exceptions::serve` | [`Exceptions`] | translators of native exceptions |
//!
//! `find` gets a table that was judged. Nothing here holds a lock over code of others.

mod exceptions;
pub(crate) mod find;
mod instances;
mod userdata;

pub use self::exceptions::Exceptions;
pub use self::instances::{Instances, Key};
pub use self::userdata::{Datum, Userdata};
#[cfg(feature = "static")]
pub(crate) use self::{
    exceptions::TABLE as EXCEPTIONS, instances::TABLE as INSTANCES, userdata::TABLE as USERDATA,
};
pub use crate::bare::provide;

//! The face for PyO3: classes that publish themselves, handles as function arguments, errors as `PyErr`, names that lead back,
//! C functions that are lent and called.
//!
//! Works with every PyO3 of the range in `Cargo.toml`; what differs between them stands in `class`. Nothing of PyO3 ever
//! crosses to another build.

mod class;
mod convert;
mod held;
mod lend;
mod names;
mod native;
mod record;

pub use self::class::{Mutability, publish, wrap};
pub use self::convert::{bind_module, count_records, to_python};
pub use self::lend::lend;
pub use self::names::{names, submodule};
pub use self::native::Native;
pub use self::record::add_function;

//! Which release of a framework wrote which number, which form of id and which text.
//!
//! The data is `data/releases.toml`, made from the frameworks' own released headers; `cargo xtask releases --check`
//! makes it again and compares. A build from between two releases is told by the nearest ones.
//!
//! - `table`: the data as types; `candidates`: the releases that fit what was seen.

mod candidates;
mod table;

pub use candidates::Candidates;
pub use table::{Form, Framework, Mark, Numbers, Release, TABLE, Table};

#[cfg(test)]
mod tests;

//! One pass over an image that finds every fingerprint, and what was found.
//!
//! `search` is the searcher, built once; `hits` the places. What is searched: every section that can hold a text of the
//! program. Instructions are left out where there is a section of constants, because then no compiler puts texts between
//! them; a file without such a section (a linker was told to merge them, or the headers were taken off) is searched whole.

mod hits;
mod search;

pub use hits::Hits;
pub use search::{MOST_OF_ONE, scan};

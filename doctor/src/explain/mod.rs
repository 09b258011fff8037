//! What an id or an error message means: whatever text somebody pastes becomes statements, likely causes and next steps.
//!
//! - `text`: bytes from anywhere, cleaned: colours, log prefixes, boxes; `escapes` undoes JSON's and HTML's, `wrap` what a
//!   terminal broke at its width;
//! - `table`: the files of `messages/`, the messages that are known, as data with their sources; `windows` has the system's
//!   sentences in its languages;
//! - `search`: which of them stand in a text, in one pass, the names in them, and what is one event;
//! - `refine`: what this text proves beyond the kind of its message; `signature` reads lists of overloads, `symbols` the
//!   names of symbols, `standard` those of the C++ library and of macOS, `libraries` the names of libraries, `numpy` NumPy's
//!   messages, `ended` the number with which a process ended;
//! - `ours`: this project's own errors, by their reasons; `rules`: the rules of its findings;
//! - `here`: what the files that a message names show on this machine;
//! - `id`: ids, keys and tags;
//! - `meaning`: the answer, which is the published JSON; `answer` puts it together.
//!
//! Text that isn't known is said to be unknown; nothing is guessed from single words.

mod answer;
mod ended;
mod escapes;
mod here;
mod id;
mod libraries;
mod meaning;
mod numpy;
mod ours;
mod refine;
mod rules;
mod search;
mod signature;
mod standard;
mod symbols;
mod table;
mod text;
mod windows;
mod wrap;

pub use answer::{explain, explain_bytes};
pub use here::look;
pub use meaning::{Explanation, Given, IdMeaning, Meaning, PartMeaning, Step, Unknown, Written};
pub use table::sources;

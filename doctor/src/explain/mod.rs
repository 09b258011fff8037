//! What an id or an error message means: whatever text somebody pastes becomes statements, likely causes and next steps.
//!
//! - `text`: bytes from anywhere, cleaned: colours, log prefixes, boxes, wrapped lines;
//! - `table`: `messages.toml`, the messages that are known, as data with their sources;
//! - `search`: which of them stand in a text, in one pass, and the names in them;
//! - `signature`: what the list of overloads in a message tells beyond its kind;
//! - `ours`: this project's own errors, by their reasons;
//! - `id`: ids, keys and tags;
//! - `meaning`: the answer, which is the published JSON; `answer` puts it together.
//!
//! Text that isn't known is said to be unknown; nothing is guessed from single words.

mod answer;
mod id;
mod meaning;
mod ours;
mod search;
mod signature;
mod table;
mod text;

pub use answer::{explain, explain_bytes};
pub use meaning::{Explanation, Given, IdMeaning, Meaning, PartMeaning, Step, Unknown, Written};
pub use table::sources;

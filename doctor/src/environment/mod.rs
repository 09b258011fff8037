//! What follows for all modules of one Python: which of them share types with which, where sharing ends, and what else doesn't
//! go together. Which Python it is says `host`, what there is says `installed` or `requirements`.
//!
//! - `member`: a module, as all of these see it; `loadable`: whether this Python can load a module;
//! - `islands`: the groups that share, by their keys; `exchange`: which packages have a reason to share;
//! - `links`: what the loader misses; `imports`: what a package loads with itself; `capi`: what modules ask of each other in C;
//!   `unmet`: what packages ask of each other;
//! - `partners`: libraries beside Python, and whether their release serves; `libraries`, `twice`, `runtime`, `pickles`: what else there is to find;
//! - `survey`: all of it in one document.
//!
//! Work grows as N log N in the number of modules: a group is made by sorting keys, never by comparing pairs.

mod capi;
mod exchange;
mod imports;
mod islands;
mod libraries;
mod links;
mod loadable;
mod member;
mod partners;
mod pickles;
mod runtime;
mod survey;
mod twice;
mod unmet;

pub use crate::facts::Picklable;
pub use islands::{Apart, Bridge, DifferingPart, Group};
pub use loadable::{Obstacle, obstacle};
pub use member::Member;
pub use pickles::Pickles;
pub use survey::{Environment, NoRegistry, RULES, survey};

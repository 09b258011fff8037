//! All modules of one Python: which of them share types with which, where sharing ends, and what else doesn't go together.
//!
//! - `host`: the Python that is to load them; `place`: finding it and its folders by file names, without running it;
//!   `sysconfig`: what its own data files say of how it was built;
//! - `distribution`: what is installed, and which file came with what; `record`: the list of files that a wheel leaves;
//! - `loadable`: whether this Python can load a module;
//! - `islands`: the groups that share, by their keys; `exchange`: which packages have a reason to share;
//! - `libraries`, `twice`, `runtime`, `pickles`: what else there is to find;
//! - `requirements`: the same for packages that are named, not installed; `wheel`: what a wheel's file name says;
//! - `survey`: all of it in one document.
//!
//! Work grows as N log N in the number of modules: a group is made by sorting keys, never by comparing pairs.

mod distribution;
mod exchange;
mod host;
mod islands;
mod libraries;
mod loadable;
mod pickles;
mod place;
mod record;
mod requirements;
mod runtime;
mod survey;
mod sysconfig;
mod twice;
mod wheel;

#[cfg(test)]
pub(crate) mod samples;

pub use distribution::{Distribution, DistributionKind, Installed, installed};
pub use host::{HostPython, How, QUESTION};
pub use islands::{Apart, Bridge, DifferingPart, Group};
pub use loadable::{Obstacle, obstacle};
pub use pickles::{Picklable, Pickles};
pub use place::{Place, PlaceError, place};
pub use requirements::{
    Candidate, Choice, Requirements, RequirementsError, Wanted, is_requirements, requirements,
};
pub use survey::{Environment, Member, NoRegistry, RULES, survey};
pub use wheel::{Fit, WheelName};

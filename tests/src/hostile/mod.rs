//! Attacks from Python code: the providers that are attacked, how an attempt runs, and what it may end with.
//!
//! | file | what it does |
//! |---|---|
//! | [`kinds`] | the kinds of providers, and the Pythons that each can be built for |
//! | [`forge`] | the extensions of one interpreter, in one folder |
//! | [`child`] | a process with a clock |
//! | [`attempt`] | one attempt: what its process said, and whether that is good |
//! | `server` | a process that forks one for each attempt |
//! | [`faults`] | one operation with one fault after the other |
//! | [`cells`] | the book's table of operations and faults |
//!
//! The attempts themselves are Python: `tests/hostile/*.py`. Nothing here loads an extension.

pub mod attempt;
pub mod cells;
pub mod child;
pub mod faults;
pub mod forge;
pub mod kinds;
#[cfg(unix)]
pub mod server;

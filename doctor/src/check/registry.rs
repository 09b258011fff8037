//! Whether two modules of one framework join the same shared state; for frameworks that have none, why.
//!
//! pybind11 and nanobind have files of their own. SWIG and Boost.Python have a state too, one by name, the other by library.

use crate::facts::{Framework, FrameworkKind, Module};

use super::verdict::{AlignedKey, Verdict};
use super::{keys, nanobind, pybind11, side};

/// Whether both join one state.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// `Share`, `Isolated` or `Unknown`.
    pub verdict: Verdict,
    /// Why, as the end of a sentence that starts with who both are.
    pub why: String,
    /// The ids it was judged by.
    pub keys: Vec<AlignedKey>,
}

impl State {
    pub(super) fn new(verdict: Verdict, why: impl Into<String>, keys: Vec<AlignedKey>) -> Self {
        Self { verdict, why: why.into(), keys }
    }
}

/// Compares what both keep their types in.
pub(super) fn state(a: (&Module, &Framework), b: (&Module, &Framework)) -> State {
    match a.1.kind {
        FrameworkKind::Pybind11 => pybind11::state(a, b),
        FrameworkKind::Nanobind => nanobind::state(a.1, b.1),
        FrameworkKind::Swig => swig(a.1, b.1),
        FrameworkKind::BoostPython => boost(a.0, b.0),
        kind => State::new(Verdict::Isolated, without(kind), Vec::new()),
    }
}

/// Whether modules of this framework can find each other's types at all.
pub(super) fn has_registry(kind: FrameworkKind) -> bool {
    use FrameworkKind as K;
    matches!(kind, K::Pybind11 | K::Nanobind | K::Swig | K::BoostPython)
}

/// Why modules of a framework without a registry are isolated.
fn without(kind: FrameworkKind) -> String {
    format!("{kind} has no registry across modules")
}

/// SWIG's modules hang their type tables into one ring, found under the runtime's version and the table's name. The name is
/// empty by default, and stands in no text of its own.
fn swig(a: &Framework, b: &Framework) -> State {
    let one = |framework: &'_ Framework| match side::ids(framework, "internals-key")[..] {
        [claim] => side::proved(claim).cloned(),
        _ => None,
    };
    let (first, second) = (one(a), one(b));
    let key = keys::align(FrameworkKind::Swig, "internals-key", first.as_ref(), second.as_ref());
    match key.same {
        Some(false) => State::new(Verdict::Isolated, format!("but {}", keys::tell(&key)), vec![key]),
        Some(true) => {
            let why = "with equal runtimes: they share unless one was built with another `SWIG_TYPE_TABLE`";
            State::new(Verdict::Unknown, why, vec![key])
        }
        None => State::new(Verdict::Unknown, "but the runtime of one isn't certain", Vec::new()),
    }
}

/// Boost.Python keeps its converters in its own library: who loads one copy shares them.
fn boost(a: &Module, b: &Module) -> State {
    let library = |module: &Module| module.needed.iter().find(|name| name.contains("boost_python")).cloned();
    match (library(a), library(b)) {
        (Some(first), Some(second)) if first == second => State::new(
            Verdict::Unknown,
            format!("and both need `{first}`: they share if the loader finds one file for both"),
            Vec::new(),
        ),
        (Some(first), Some(second)) => State::new(
            Verdict::Isolated,
            format!("but one needs `{first}`, the other `{second}`"),
            Vec::new(),
        ),
        _ => State::new(Verdict::Isolated, "but the library is linked into at least one of them", Vec::new()),
    }
}

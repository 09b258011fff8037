//! Whether the functions and methods of native modules can be pickled, as their frameworks make them. What an author adds by hand
//! (`__reduce__`, `copyreg`) isn't seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exchange::few;
use super::survey::Member;
use crate::facts::{Framework, FrameworkKind, Module};
use crate::finding::{Finding, Level};

/// Whether something can be pickled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Picklable {
    /// It can.
    Yes,
    /// It can where its class names its module.
    WithModuleName,
    /// It can't.
    No,
    /// Nothing is known.
    Unknown,
}

/// What holds for the functions of some modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pickles {
    /// Their framework.
    pub framework: FrameworkKind,
    /// Functions of the module.
    pub functions: Picklable,
    /// Methods, taken from the class.
    pub methods: Picklable,
    /// What one sees, or has to do.
    pub why: String,
    /// The modules: indices into the environment's.
    pub modules: Vec<usize>,
}

/// What a framework's functions do when they are pickled.
fn of(framework: &Framework) -> (Picklable, Picklable, &'static str) {
    use Picklable::{No, Unknown, WithModuleName, Yes};
    let internals = framework.internals.as_ref().and_then(|claim| claim.value);
    match framework.kind {
        FrameworkKind::Plain | FrameworkKind::Swig => (Yes, Yes, "by module and name"),
        FrameworkKind::Cython => {
            (Yes, Yes, "by module and name; class methods fail under cloudpickle and dill")
        }
        FrameworkKind::Pyo3 => {
            (Yes, WithModuleName, "methods fail unless the class says `#[pyclass(module = \"…\")]`")
        }
        // The functions became picklable with the change of the internals from 8 to 9.
        FrameworkKind::Pybind11 => match internals {
            Some(internals) if internals >= 9 => {
                (Yes, No, "functions load by `eval`; methods: cannot pickle 'instancemethod' object")
            }
            Some(_) => (No, No, "cannot pickle 'PyCapsule' object"),
            None => (Unknown, No, "functions only from pybind11 3.0 on"),
        },
        FrameworkKind::Nanobind => (No, No, "cannot pickle 'nanobind.nb_func' object"),
        FrameworkKind::BoostPython => (No, No, "cannot pickle 'Boost.Python.function' object"),
        FrameworkKind::Cffi
        | FrameworkKind::Hpy
        | FrameworkKind::F2py
        | FrameworkKind::Mypyc
        | FrameworkKind::Interbind => (Unknown, Unknown, "not established"),
    }
}

/// Says it for all modules that count.
pub(super) fn pickles(modules: &[Module], members: &[Member]) -> Vec<Pickles> {
    let mut found: BTreeMap<(FrameworkKind, Picklable, Picklable), Pickles> = BTreeMap::new();
    for (at, (module, member)) in modules.iter().zip(members).enumerate() {
        if !module.extension || member.obstacle.is_some() {
            continue;
        }
        for framework in module.frameworks.iter().filter(|framework| framework.present.value == Some(true)) {
            let (functions, methods, why) = of(framework);
            let entry = found.entry((framework.kind, functions, methods)).or_insert_with(|| Pickles {
                framework: framework.kind,
                functions,
                methods,
                why: why.to_owned(),
                modules: Vec::new(),
            });
            if entry.modules.last() != Some(&at) {
                entry.modules.push(at);
            }
        }
    }
    found.into_values().collect()
}

/// One note for each framework whose functions can't be pickled.
pub(super) fn findings(pickles: &[Pickles], members: &[Member]) -> Vec<Finding> {
    let refuse =
        pickles.iter().filter(|found| found.functions == Picklable::No || found.methods == Picklable::No);
    let finding = |found: &Pickles| {
        let what = if found.functions == Picklable::No { "functions and methods" } else { "methods" };
        let mut names: Vec<&str> = found.modules.iter().map(|at| members[*at].owner_or_label()).collect();
        names.sort_unstable();
        names.dedup();
        Finding {
            rule: "functions-not-pickled".to_owned(),
            level: Level::Note,
            message: format!(
                "{what} of {} can't be pickled ({})",
                few(names.iter().copied()),
                found.framework
            ),
            files: found.modules.iter().map(|at| members[*at].path.clone()).collect(),
            details: vec![found.why.clone()],
            fix: Some("pickle a Python function that calls them".to_owned()),
        }
    };
    refuse.map(finding).collect()
}

//! Whether the functions and methods of native modules can be pickled, as their frameworks make them. What an author adds by hand
//! (`__reduce__`, `copyreg`) isn't seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::member::Member;
use crate::facts::{FrameworkKind, Module, Picklable};
use crate::finding::{Finding, Level, few};
use crate::frameworks::{Pickling, profile};

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

/// Says it for all modules that count.
pub(super) fn pickles(modules: &[Module], members: &[Member]) -> Vec<Pickles> {
    let mut found: BTreeMap<(FrameworkKind, Picklable, Picklable), Pickles> = BTreeMap::new();
    for (at, (module, member)) in modules.iter().zip(members).enumerate() {
        if !module.extension || member.obstacle.is_some() {
            continue;
        }
        for framework in module.frameworks.iter().filter(|framework| framework.present.value == Some(true)) {
            let Pickling { functions, methods, why } = (profile(framework.kind).pickling)(framework);
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
            fix: Some(fix(found.framework)),
        }
    };
    refuse.map(finding).collect()
}

/// What makes them pickle without a change of the modules, for the frameworks that `interbind.names` knows.
fn fix(framework: FrameworkKind) -> String {
    match framework {
        FrameworkKind::Nanobind | FrameworkKind::Pybind11 | FrameworkKind::BoostPython => {
            "call `interbind.names.mend(\"MODULE\")`, which gives them names to pickle by: the guide `pickle-functions` says how"
                .to_owned()
        }
        _ => "pickle a Python function that calls them".to_owned(),
    }
}

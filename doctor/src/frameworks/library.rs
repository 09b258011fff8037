//! What those binding libraries have in common that keep the classes of all modules in one library of their own, as Shiboken and
//! VTK do: how they are recognised, and what two modules of theirs come to.

use crate::compare::{State, Verdict};
use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Module, Role};

use super::seen::{Seen, framework};

/// One of them.
pub(super) struct Library {
    pub(super) kind: FrameworkKind,
    /// How its file's name can begin, after `lib`.
    pub(super) names: &'static [&'static str],
    /// What it gives out, and modules ask for.
    pub(super) is_symbol: fn(&str) -> bool,
}

impl Library {
    fn is_file(&self, name: &str) -> bool {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let name = name.strip_prefix("lib").unwrap_or(name);
        self.names.iter().any(|start| name.starts_with(start))
    }

    /// Finds it in a module that asks for its symbols, or in itself.
    pub(super) fn find(&self, seen: &Seen<'_, '_>) -> Vec<Framework> {
        let (asked, given) = (seen.imports(self.is_symbol), seen.exports(self.is_symbol));
        let own_name = seen.image.linking.own_name.as_deref();
        let own = !given.is_empty() && own_name.is_some_and(|name| self.is_file(name));
        if !own && asked.is_empty() {
            return Vec::new();
        }
        let libraries = seen.needed(|name| self.is_file(name));
        let proofs: Vec<Evidence> = if own { given } else { libraries.into_iter().chain(asked).collect() };
        let mut found = framework(self.kind, Claim::certain(true, proofs.into_iter().take(3)));
        found.role = if own { Role::BackEnd } else { Role::FrontEnd };
        found.version = Claim::unknown("no name tells the release");
        vec![found]
    }

    /// The classes are the library's: modules that load one copy share them.
    pub(super) fn state(&self, a: &Module, b: &Module) -> State {
        let library = |module: &Module| module.needed.iter().find(|name| self.is_file(name)).cloned();
        match (library(a), library(b)) {
            (Some(first), Some(second)) if first == second => {
                let why =
                    format!("and both need `{first}`: they share if the loader finds one file for both");
                State::new(Verdict::Unknown, why, Vec::new())
            }
            (Some(first), Some(second)) => State::new(
                Verdict::Isolated,
                format!("but one needs `{first}`, the other `{second}`"),
                Vec::new(),
            ),
            _ => State::new(
                Verdict::Unknown,
                "but one doesn't name the library that holds its classes",
                Vec::new(),
            ),
        }
    }
}

//! `examples/`, built as a user builds them: three workspaces, three lockfiles, two releases of PyO3 and none.

use std::path::Path;
use std::sync::OnceLock;

use crate::extension::Extension;
use crate::modules::Modules;
use crate::python::Python;
use crate::skip::skip;

/// The newest Python that every PyO3 in the examples knows.
const NEWEST: (u32, u32) = (3, 14);

/// The default interpreter, if the examples can be built for it; says so when they can't.
pub fn python(what: &str) -> Option<&'static Python> {
    let python = Python::default(what)?;
    if python.is_plain_cpython() && python.version <= NEWEST {
        return Some(python);
    }
    skip(what, &format!("`stats` uses PyO3 0.28, which isn't for Python {python}"));
    None
}

/// The examples for the default interpreter, built once for a test file, in a folder of that name.
pub fn examples(workshop: &Path, name: &str) -> Option<&'static Modules> {
    static EXAMPLES: OnceLock<Option<Modules>> = OnceLock::new();
    let build = || {
        let modules = Modules::new(workshop, name, python("the examples")?);
        let names = ["frame", "stats", "rawstats"];
        Some(names.iter().fold(modules, |modules, name| modules.with(&Extension::example(name))))
    };
    EXAMPLES.get_or_init(build).as_ref()
}

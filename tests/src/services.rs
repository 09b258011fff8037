//! A small binding library that shows the services to Python (`fixtures/extensions/services`), built apart more than once.

use std::path::Path;

use crate::extension::Extension;
use crate::laws::{Law, go_through};
use crate::modules::{Modules, Outcome};
use crate::native::with_runtime;
use crate::package::Package;
use crate::python::Python;
use crate::sanitizer::Sanitizer;
use crate::thread_sanitizer::ThreadSanitizer;

/// The names under which it's built.
pub const NAMES: [&str; 2] = ["left", "right"];

/// What stands in front of every script.
pub const BEFORE: &str = "
import left, right
OK, ENDING, INVALID, MISSING, FAILED, DIFFERS = 0, 1, 2, 3, 4, 6
# Who makes what they need first, and the service `instances` if nobody else is asked before.
LEFT, RIGHT, MAKER = 'left', 'right', 'left'
class Thing:
    pass
def raised(text, call, *arguments, error=ValueError):
    try:
        result = call(*arguments)
    except error as found:
        assert text in str(found), found
        return
    raise AssertionError(f'expected {text}, got {result!r}')
def plants():
    if MAKER == 'interbind._runtime':
        print('skipped: the runtime has made every service when the first module binds, so nothing can be planted')
        sys.exit()
";

/// Who makes everything where neither has an implementation.
pub const MADE_BY_THE_RUNTIME: &str = "LEFT = RIGHT = MAKER = 'interbind._runtime'";

/// The extension of that name, on a release of pyo3-ffi.
pub fn extension(workshop: &Path, name: &str, release: &str, features: &str) -> Extension {
    let package = Package::of("services", name)
        .interbind("")
        .dependency(format!("pyo3-ffi = {{ version = \"{release}\"{features} }}"))
        .build_dependency(format!("pyo3-build-config = \"{release}\""));
    Extension::of(&package, workshop)
}

/// Both builds for an interpreter: with different releases of pyo3-ffi where it has two that know it.
pub fn built_apart(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    built_as(name, workshop, python, |extension| extension)
}

/// Both builds, each altered in one way.
pub fn built_as(
    name: &str,
    workshop: &Path,
    python: &'static Python,
    alter: impl Fn(Extension) -> Extension,
) -> Modules {
    let both = if python.free_threaded {
        ["0.28", "0.28"]
    } else if python.version >= (3, 15) {
        ["0.30", "0.29"]
    } else {
        ["0.30", "0.28"]
    };
    let modules = Modules::new(workshop, name, python);
    NAMES.iter().zip(both).fold(modules, |modules, (name, release)| {
        // A folder of its own for each: they are built with different locks.
        let folder = workshop.join("services").join(format!("{name}-{release}"));
        modules.with(&alter(extension(&folder, name, release, "")))
    })
}

/// Both builds under the limited API.
fn limited(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let modules = Modules::new(workshop, name, python);
    NAMES.iter().fold(modules, |modules, name| {
        let folder = workshop.join("services").join(format!("{name}-abi3"));
        modules.with(&extension(&folder, name, "0.30", ", features = [\"abi3-py39\"]"))
    })
}

/// A build for Pythons with and without a GIL, which sees no object's count, beside a full one.
pub fn agnostic(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let modules = Modules::new(workshop, name, python);
    let [left, right] = NAMES;
    let folder = workshop.join("services");
    modules
        .with(&extension(&folder.join("left-abi3t"), left, "0.30", ", features = [\"abi3t-py315\"]"))
        .with(&extension(&folder.join("right-0.30"), right, "0.30", ""))
}

/// Both builds without an implementation, beside the wheel's runtime.
pub fn without_implementation(workshop: &Path, name: &str, python: &'static Python) -> Modules {
    let name = format!("{name}-runtime");
    with_runtime(built_as(&name, workshop, python, Extension::without_implementation), workshop)
}

/// Both builds with the instruments of the address sanitizer, for the default interpreter; says so when there are none.
pub fn sanitized(workshop: &Path, name: &str, what: &str) -> Option<Modules> {
    let (python, sanitizer) = (Python::default(what)?, Sanitizer::find(what)?);
    let name = format!("{name}-sanitized");
    Some(sanitizer.watch(built_as(&name, workshop, python, |extension| sanitizer.instrument(extension))))
}

/// Both builds with the instruments of the thread sanitizer, for the interpreter that has it inside; says so when there is none.
pub fn watched_for_races(workshop: &Path, name: &str, what: &str) -> Option<Modules> {
    let sanitizer = ThreadSanitizer::find(what)?;
    let name = format!("{name}-races");
    let modules = built_as(&name, workshop, sanitizer.python, |extension| sanitizer.instrument(extension));
    Some(sanitizer.watch(modules))
}

/// Goes through laws where objects live and die in other ways: without a GIL, on the newest Python, under the limited API, on
/// PyPy.
pub fn everywhere(workshop: &Path, name: &str, laws: &[Law]) {
    let what = format!("the laws of {name} on every kind of Python");
    for version in ["3.13t", "3.15", "pypy3.11"] {
        if let Some(python) = Python::find(version, &what) {
            let gil = if python.free_threaded { "assert not sys._is_gil_enabled()" } else { "" };
            let modules = built_apart(workshop, &format!("{name}-each"), python);
            go_through(&modules, &format!("{BEFORE}\n{gil}"), laws, quiet);
        }
    }
    if let Some(python) = Python::find("3.15", &what) {
        // `left` can't make the service `instances`, but uses the one that `right` makes: before anybody forges one.
        let before = format!("{BEFORE}\nright.counts()\nMAKER = 'right'");
        let laws: Vec<_> =
            laws.iter().filter(|(_, script)| !script.contains("forge('instances'")).copied().collect();
        go_through(&agnostic(workshop, &format!("{name}-agnostic"), python), &before, &laws, quiet);
    }
    if let Some(python) = Python::find("3.14", &what) {
        go_through(&limited(workshop, &format!("{name}-limited"), python), BEFORE, laws, quiet);
    }
}

/// Nothing on stderr.
pub fn quiet(outcome: &Outcome) {
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
}

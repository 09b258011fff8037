//! Modules of Cython: a release's compiler makes C of a source, with our declarations found as people find them, and the C
//! compiler a module of that.
//!
//! The compiler comes from the package index; without a network, a compiler or an interpreter a module is skipped, visibly.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::compile::compile;
use crate::modules::Modules;
use crate::native::{include, includes, static_library};
use crate::package::repository;
use crate::pairs::{downloaded, environment};
use crate::python::{FOREIGN, needed};

/// Makes a module `name` of a source, by this release of Cython, and puts it in; `None` where something is missing, which is
/// said.
///
/// # Errors
/// What Cython or the C compiler says.
pub fn add_to(
    modules: Modules,
    workshop: &Path,
    what: &str,
    version: &str,
    (name, source): (&str, &str),
) -> Option<Result<Modules, String>> {
    let python = modules.python();
    let compiler = needed("gcc", what)?;
    let headers = include(python, what)?;
    let cython = downloaded(workshop, "Cython", version, what)?;
    let folder = workshop.join(format!("cython-{version}-{python}"));
    fs::create_dir_all(&folder).expect("the workshop is writable");
    let (pyx, c) = (folder.join(format!("{name}.pyx")), folder.join(format!("{name}.c")));
    let made = c.exists() && fs::read_to_string(&pyx).is_ok_and(|old| old == source);
    if !made {
        fs::write(&pyx, source).expect("the workshop is writable");
        let mut command = Command::new(environment(workshop)?);
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        // The package's folder is on the path, as an installed wheel is.
        let path = std::env::join_paths([cython, repository().join("python")]).expect("no folder has a `:`");
        command.env("PYTHONPATH", path).args(["-m", "cython", "-3", "-Werror"]).arg(&pyx).arg("-o").arg(&c);
        let output = command.stdin(Stdio::null()).output().expect("the environment's Python starts");
        if !output.status.success() {
            // Nothing half made is taken for done.
            drop(fs::remove_file(&c));
            return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    let mut arguments: Vec<String> =
        ["-O1", "-shared", "-fPIC", "-pthread", "-fvisibility=hidden", "-DINTERBIND_STATIC"]
            .map(str::to_owned)
            .into();
    arguments.extend(includes(&headers));
    arguments.push(c.display().to_string());
    arguments.push("-Wl,--exclude-libs,ALL".to_owned());
    arguments.push(static_library(workshop, python).display().to_string());
    arguments.extend(["-lm", "-o"].map(str::to_owned));
    arguments.push(modules.file(name).display().to_string());
    Some(compile(&compiler, &arguments).map(|()| modules))
}

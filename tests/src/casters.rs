//! Modules made with pybind11 and nanobind whose functions take shared types through our caster headers, each release and each
//! interpreter a build of its own, beside classes in C that share points.
//!
//! The headers of the frameworks come from the package index; without a network, a compiler or an interpreter such a module is
//! skipped, visibly.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compile::compile;
use crate::modules::Modules;
use crate::native::{Linked, Native, include, static_library};
use crate::package::repository;
use crate::pairs::{Library, downloaded_for, package};
use crate::python::needed;

/// A module in the making, of the framework's source in `fixtures/casters` or of another one.
#[derive(Clone, Debug)]
pub struct Caster {
    name: &'static str,
    library: Library,
    version: &'static str,
    flags: &'static [&'static str],
    source: Option<&'static str>,
    built: Built,
}

/// How a module has its nanobind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Built {
    /// In it.
    Combined,
    /// In it, for the stable ABI.
    Stable,
    /// In the package `nanobind-backend`.
    Split,
}

impl Caster {
    /// A module of that name.
    pub const fn new(name: &'static str, library: Library, version: &'static str) -> Self {
        Self { name, library, version, flags: &[], source: None, built: Built::Combined }
    }

    /// With further flags.
    pub const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    /// Of that source in this repository.
    pub const fn source(mut self, source: &'static str) -> Self {
        self.source = Some(source);
        self
    }

    /// With its nanobind in the package `nanobind-backend`, which [`backend`] puts beside it.
    pub const fn split(mut self) -> Self {
        self.built = Built::Split;
        self
    }

    /// With its nanobind for the stable ABI.
    pub const fn stable(mut self) -> Self {
        self.built = Built::Stable;
        self
    }

    /// Compiles it, and puts it in; `None` where something is missing, which is said.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn add_to(&self, modules: Modules, workshop: &Path, what: &str) -> Option<Result<Modules, String>> {
        let python = modules.python();
        let compiler = needed("g++", what)?;
        let headers = include(python, what)?;
        let package = package(workshop, self.library, self.version)?;
        let fixtures = repository().join("tests/fixtures/casters");
        let (source, functions) = match self.library {
            Library::Pybind11 => ("pybind11.cpp", "pybind11_functions"),
            Library::Nanobind => ("nanobind.cpp", "nanobind_functions"),
        };
        let source = self.source.map_or_else(|| fixtures.join(source), |source| repository().join(source));
        let mut common: Vec<String> =
            ["-O0", "-std=c++17", "-fPIC", "-fvisibility=hidden", "-pthread"].map(str::to_owned).into();
        let mut system = vec![package.join("include"), headers];
        if self.library == Library::Nanobind {
            common.push("-DNB_COMPACT_ASSERTIONS".to_owned());
            common.extend(python.free_threaded.then(|| "-DNB_FREE_THREADED".to_owned()));
            system.push(package.join("ext/robin_map/include"));
        }
        common.extend(match self.built {
            Built::Combined => Vec::new(),
            Built::Stable => vec!["-DPy_LIMITED_API=0x030c0000".to_owned()],
            Built::Split => {
                vec![
                    "-DPy_LIMITED_API=0x030b0000".to_owned(),
                    "-DNB_BACKEND_MODULE=nanobind_backend".to_owned(),
                ]
            }
        });
        for folder in system {
            common.extend(["-isystem".to_owned(), folder.display().to_string()]);
        }
        let ours = [
            "-Wall".to_owned(),
            "-Wextra".to_owned(),
            "-Werror".to_owned(),
            "-DINTERBIND_STATIC".to_owned(),
            format!("-I{}", repository().join("shim/include").display()),
            format!("-I{}", fixtures.display()),
        ];
        let mut module = common.clone();
        module.extend(ours.iter().cloned());
        module.push("-shared".to_owned());
        module.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        module.push(format!("-DMODULE={}", self.name));
        module.push(source.display().to_string());
        if self.source.is_none() {
            // The functions, which take the longest, are the same in every module of a release.
            let object = workshop.join(format!("{functions}-{}-{python}.o", self.version));
            let mut compiled = common.clone();
            compiled.extend(ours);
            compiled
                .extend(["-c".to_owned(), fixtures.join(format!("{functions}.cpp")).display().to_string()]);
            compiled.extend(["-o".to_owned(), object.display().to_string()]);
            if let Err(said) = compile(&compiler, &compiled) {
                return Some(Err(said));
            }
            module.push(object.display().to_string());
        }
        if self.library == Library::Nanobind && self.built != Built::Split {
            let stable = if self.built == Built::Stable { "-stable" } else { "" };
            match nanobind(
                workshop,
                &package,
                &common,
                &compiler,
                &format!("{}-{python}{stable}", self.version),
            ) {
                Ok(object) => module.push(object.display().to_string()),
                Err(said) => return Some(Err(said)),
            }
        }
        module.push("-Wl,--exclude-libs,ALL".to_owned());
        module.push(static_library(workshop, python).display().to_string());
        module.extend(["-lm", "-o"].map(str::to_owned));
        module.push(modules.file(self.name).display().to_string());
        Some(compile(&compiler, &module).map(|()| modules))
    }
}

/// Puts the package in that has the nanobind of split modules; `None` where there is none for the interpreter, which is said.
pub fn backend(modules: Modules, workshop: &Path, version: &str, what: &str) -> Option<Modules> {
    let package = downloaded_for(workshop, "nanobind-backend", version, modules.python(), what)?
        .join("nanobind_backend");
    let folder = modules.folder().join("nanobind_backend");
    fs::create_dir_all(&folder).expect("the workshop is writable");
    for file in fs::read_dir(package).expect("a package is a folder").flatten() {
        if file.path().is_file() {
            fs::copy(file.path(), folder.join(file.file_name())).expect("the workshop is writable");
        }
    }
    Some(modules)
}

/// nanobind's own library, as an object.
fn nanobind(
    workshop: &Path,
    package: &Path,
    common: &[String],
    compiler: &Path,
    name: &str,
) -> Result<PathBuf, String> {
    let object = workshop.join(format!("nanobind-{name}.o"));
    let mut library = common.to_vec();
    library.extend(["-w", "-fno-strict-aliasing", "-c", "-o"].map(str::to_owned));
    library.push(object.display().to_string());
    library.push(package.join("src/nb_combined.cpp").display().to_string());
    compile(compiler, &library)?;
    Ok(object)
}

/// The classes in C, as `points`; `None` where something is missing, which is said.
pub fn points(modules: Modules, workshop: &Path, what: &str) -> Option<Modules> {
    Native::new("tests/fixtures/casters/points.c", "points", Linked::Statically)
        .add_to(modules, workshop, what)
}

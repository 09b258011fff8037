//! Modules of pybind11 and nanobind as people build them, each release and each setting a build of its own, and what really
//! happens between two of them.
//!
//! The headers come from the package index; without a network, a compiler or an interpreter a side is skipped, visibly.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::built::{cache, works};
use crate::compile::compile;
use crate::native::include;
use crate::package::repository;
use crate::python::{FOREIGN, Python, needed};
use crate::skip::{Lack, missing};

/// What messages of this file are about.
const WHAT: &str = "pairs of binding libraries";

/// A binding library that is built from its package's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// pybind11: headers alone.
    Pybind11,
    /// nanobind: headers, and a library that is compiled with them.
    Nanobind,
}

impl Library {
    fn package(self) -> &'static str {
        match self {
            Self::Pybind11 => "pybind11",
            Self::Nanobind => "nanobind",
        }
    }
}

/// One side of a pair.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The module's name.
    pub name: &'static str,
    /// What made it.
    pub library: Library,
    /// The library's release.
    pub version: &'static str,
    /// The interpreter's name; none: the default one.
    pub python: Option<&'static str>,
    /// Flags for all that is compiled.
    pub flags: &'static [&'static str],
    /// nanobind's domain.
    pub domain: Option<&'static str>,
}

impl Side {
    /// A module for the default interpreter, without further settings.
    pub const fn new(name: &'static str, library: Library, version: &'static str) -> Self {
        Self { name, library, version, python: None, flags: &[], domain: None }
    }

    /// For another interpreter.
    pub const fn python(mut self, name: &'static str) -> Self {
        self.python = Some(name);
        self
    }

    /// With further flags.
    pub const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    /// In a domain.
    pub const fn domain(mut self, domain: &'static str) -> Self {
        self.domain = Some(domain);
        self
    }

    /// The interpreter; says so when it isn't on this machine.
    pub fn interpreter(&self) -> Option<&'static Python> {
        match self.python {
            Some(name) => Python::find(name, WHAT),
            None => Python::default(WHAT),
        }
    }

    /// Compiles it; `None` where something is missing, which is said.
    ///
    /// # Panics
    /// When the compiler complains.
    pub fn build(&self, workshop: &Path) -> Option<PathBuf> {
        let python = self.interpreter()?;
        let compiler = needed("g++", WHAT)?;
        let headers = include(python, WHAT)?;
        let package = package(workshop, self.library, self.version)?;
        let folder = workshop.join("pairs").join(python.to_string());
        fs::create_dir_all(&folder).expect("the workshop is writable");
        let limited = self.flags.iter().any(|flag| flag.starts_with("-DPy_LIMITED_API"));
        let suffix = if limited { ".abi3.so".to_owned() } else { suffix(python) };
        let file = folder.join(format!("{}{suffix}", self.name));

        let mut common: Vec<String> =
            ["-O0", "-std=c++17", "-fPIC", "-fvisibility=hidden", "-w"].map(str::to_owned).into();
        if self.library == Library::Nanobind {
            // As its CMake function does for a release.
            common.push("-DNB_COMPACT_ASSERTIONS".to_owned());
        }
        common.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        common.push(format!("-I{}", package.join("include").display()));
        common.push(format!("-I{}", headers.display()));
        if self.library == Library::Nanobind {
            common.push(format!("-I{}", package.join("ext/robin_map/include").display()));
            common.push("-fno-strict-aliasing".to_owned());
        }
        let fixtures = repository().join("tests/fixtures/pairs");
        let source = fixtures.join(format!("{}.cpp", self.library.package()));
        let mut module = common.clone();
        module.push(format!("-DMODULE={}", self.name));
        module.extend(self.domain.map(|domain| format!("-DNB_DOMAIN={domain}")));
        module.extend(["-shared".to_owned(), source.display().to_string()]);
        // A front end asks another module for what this code does.
        let is_front = self.flags.iter().any(|flag| flag.starts_with("-DNB_BACKEND_MODULE="));
        if self.library == Library::Nanobind && !is_front {
            let object = folder.join(format!("nanobind-{}-{}.o", self.version, self.flags.join("")));
            let mut library = common;
            library.extend(["-c", "-o"].map(str::to_owned));
            library.extend([
                object.display().to_string(),
                package.join("src/nb_combined.cpp").display().to_string(),
            ]);
            compile(&compiler, &library).unwrap_or_else(|said| panic!("{said}"));
            module.push(object.display().to_string());
        }
        module.extend(["-o".to_owned(), file.display().to_string()]);
        compile(&compiler, &module).unwrap_or_else(|said| panic!("{said}"));
        Some(file)
    }
}

/// The ending of a module that is for this interpreter alone.
fn suffix(python: &Python) -> String {
    let question = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
    let output = Command::new(&python.executable).args(["-I", "-c", question]).output();
    let output = output.expect("the interpreter starts: it has answered before");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The folder of a library's release, from the package index; `None` where it can't be had, which is said.
pub fn package(workshop: &Path, library: Library, version: &str) -> Option<PathBuf> {
    downloaded(workshop, library.package(), version, WHAT).map(|folder| folder.join(library.package()))
}

/// The folder into which a release of a package was installed, alone; `None` where it can't be had, which is said.
pub fn downloaded(workshop: &Path, name: &'static str, version: &str, what: &str) -> Option<PathBuf> {
    installed(workshop, name, version, None, what)
}

/// The same of a package that is built for each interpreter.
pub fn downloaded_for(
    workshop: &Path,
    name: &'static str,
    version: &str,
    python: &Python,
    what: &str,
) -> Option<PathBuf> {
    installed(workshop, name, version, Some(python), what)
}

fn installed(
    workshop: &Path,
    name: &'static str,
    version: &str,
    python: Option<&Python>,
    what: &str,
) -> Option<PathBuf> {
    let whole = format!("{name}-{version}{}", python.map_or_else(String::new, |python| format!("-{python}")));
    // Two sides may want one release at once, in two processes too.
    let _alone = works(cache().alone(&format!("pairs-{whole}")));
    let folder = workshop.join("pairs/packages").join(&whole);
    let done = folder.join("complete");
    if done.exists() {
        return Some(folder);
    }
    let mut pip = Command::new(environment(workshop)?);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    if let Some(python) = python {
        let (major, minor) = python.version;
        let threads = if python.free_threaded { "t" } else { "" };
        pip.args(["--only-binary=:all:", "--python-version", &format!("{major}.{minor}")]);
        pip.args(["--implementation", "cp", "--abi", &format!("cp{major}{minor}{threads}")]);
    }
    pip.arg("--target").arg(&folder).arg(format!("{name}=={version}"));
    let output = pip.stdin(Stdio::null()).output().expect("the environment's Python starts");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or("");
        missing(what, Lack::Package(name), &format!("no {whole}: {said}"));
        return None;
    }
    fs::write(done, "").expect("the workshop is writable");
    Some(folder)
}

/// An environment with pip; its interpreter.
pub fn environment(workshop: &Path) -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let python = Python::default(WHAT)?;
        let folder = workshop.join("pairs/environment");
        let bin = folder.join("bin/python");
        let _alone = works(cache().alone("pairs-environment"));
        if bin.exists() {
            return Some(bin);
        }
        let mut venv = Command::new(&python.executable);
        for name in FOREIGN {
            venv.env_remove(name);
        }
        let output = venv.args(["-m", "venv"]).arg(&folder).stdin(Stdio::null()).output();
        let output = output.expect("the interpreter starts: it has answered before");
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            missing(WHAT, Lack::Package("venv"), said.lines().last().unwrap_or("no venv"));
            return None;
        }
        Some(bin)
    };
    MADE.get_or_init(make).as_deref()
}

/// What was seen of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Whether it works.
    pub works: bool,
    /// Whether the process ended instead of saying so.
    pub ended: bool,
    /// What was said.
    pub why: String,
}

/// What really happens when the objects of `provider` meet the functions of `consumer`: by operation, whether it works, and
/// what was said where it doesn't.
///
/// `None`: the interpreter can't import both.
pub fn observe(python: &Python, provider: &Path, consumer: &Path) -> Option<BTreeMap<String, Observed>> {
    let mut found = BTreeMap::new();
    // A class on a base that nanobind doesn't know ends the process, so it has one of its own.
    for operations in [&["same-internals", "exceptions", "conduit"][..], &["inheritance"]] {
        let script = repository().join("tests/fixtures/pairs/observe.py");
        let mut command = in_process(python, &[provider, consumer]);
        command.arg(script).args([module_name(provider), module_name(consumer)]).args(operations);
        let output = command.output().expect("the interpreter starts: it has answered before");
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if said.starts_with("not imported:") {
            return None;
        }
        for operation in operations {
            let line = said.lines().find_map(|line| line.strip_prefix(operation)?.strip_prefix(' '));
            let observed = match line {
                Some(line) => Observed { works: line == "yes", ended: false, why: line.to_owned() },
                None => {
                    let why = complained.lines().last().unwrap_or("nothing was said").to_owned();
                    Observed { works: false, ended: true, why }
                }
            };
            found.insert((*operation).to_owned(), observed);
        }
    }
    Some(found)
}

/// An interpreter that finds these modules.
pub fn in_process(python: &Python, modules: &[&Path]) -> Command {
    let mut command = Command::new(&python.executable);
    for name in FOREIGN {
        command.env_remove(name);
    }
    let folders: Vec<_> = modules.iter().filter_map(|file| file.parent()).collect();
    let path = std::env::join_paths(folders).expect("the workshop's path has no colon");
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).arg("-s");
    command
}

/// The name by which a file is imported.
pub fn module_name(file: &Path) -> &str {
    let name = file.file_name().and_then(|name| name.to_str()).expect("a file in UTF-8");
    name.split('.').next().unwrap_or(name)
}

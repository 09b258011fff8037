//! Extensions in C and C++: the compilers of this machine, and the three ways in which such a module gets interbind.
//!
//! A module has the static library in it, or has the headers alone and finds the implementation in the process, or in the
//! runtime module of the wheel, which is laid out here as the wheel does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compile::compile;
use crate::extension::Extension;
use crate::modules::Modules;
use crate::package::repository;
use crate::python::{Python, program};
use crate::sanitizer::Sanitizer;
use crate::skip::{Lack, missing};

/// What every source is compiled with.
pub const STRICT: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// A compiler on this machine, for one language.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// Its program.
    pub program: PathBuf,
    /// True for C++.
    pub is_cpp: bool,
}

impl Compiler {
    /// Finds gcc and clang for both languages; says so where one is missing.
    pub fn all(what: &str) -> Vec<Self> {
        let names = [("gcc", false), ("g++", true), ("clang", false), ("clang++", true)];
        let find = |(name, is_cpp): (&str, bool)| match program(name) {
            Some(program) => Some(Self { program, is_cpp }),
            None => {
                missing(what, Lack::Program(name), &format!("no `{name}` on PATH"));
                None
            }
        };
        names.into_iter().filter_map(find).collect()
    }

    /// Finds the first compiler for a language; says so when there is none.
    pub fn of(is_cpp: bool, what: &str) -> Option<Self> {
        let names: &[&str] = if is_cpp { &["g++", "clang++"] } else { &["gcc", "clang"] };
        let found = names.iter().find_map(|name| program(name));
        if found.is_none() {
            missing(what, Lack::Program(names[0]), &format!("no `{}` on PATH", names[0]));
        }
        found.map(|program| Self { program, is_cpp })
    }

    /// Runs it, unless it has made the same of the same files before: then that is copied to where it is wanted.
    ///
    /// # Errors
    /// What it says.
    pub fn run(&self, arguments: &[String]) -> Result<(), String> {
        compile(&self.program, arguments)
    }
}

/// Asks an interpreter for the folder of its headers; says so when they aren't installed.
pub fn include(python: &Python, what: &str) -> Option<PathBuf> {
    let question = "import sysconfig; print(sysconfig.get_path('include'))";
    let output = Command::new(&python.executable).args(["-I", "-c", question]).output();
    let output = output.expect("the interpreter starts: it has answered before");
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if folder.join("Python.h").exists() {
        return Some(folder);
    }
    let name = python.to_string();
    missing(what, Lack::Headers(&name), &format!("no headers of Python {name} on this machine"));
    None
}

/// Tells the compiler where the headers are: the warnings in Python's own are nobody's here.
pub fn includes(python: &Path) -> Vec<String> {
    let ours = repository().join("shim/include");
    vec![format!("-I{}", ours.display()), "-isystem".to_owned(), python.display().to_string()]
}

/// How a module gets interbind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The static library is in it.
    Statically,
    /// It has the headers alone.
    ByHeaders,
}

/// A module in the making, of a source in this repository.
#[derive(Clone, Debug)]
pub struct Native {
    source: &'static str,
    module: &'static str,
    linked: Linked,
    flags: Vec<String>,
    sanitizer: Option<Sanitizer>,
}

impl Native {
    /// A module of that source, under that name.
    pub fn new(source: &'static str, module: &'static str, linked: Linked) -> Self {
        Self { source, module, linked, flags: Vec::new(), sanitizer: None }
    }

    /// A module bound by the C++ layer of `interbind_c`, with the static library in it.
    pub fn bound(source: &'static str, module: &'static str) -> Self {
        let layer = repository().join("conformance/participants/interbind_c/layer");
        Self::new(source, module, Linked::Statically).flag(&format!("-I{}", layer.display()))
    }

    /// Adds a flag of the compiler.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Has it built with the address sanitizer's instruments, and the static library too.
    pub fn instrumented(mut self, sanitizer: &Sanitizer) -> Self {
        self.sanitizer = Some(sanitizer.clone());
        self.flag("-fsanitize=address").flag("-g").flag("-fno-omit-frame-pointer")
    }

    /// Compiles it, and puts it in; `None` where something is missing, which is said.
    ///
    /// # Panics
    /// When the compiler complains.
    pub fn add_to(&self, modules: Modules, workshop: &Path, what: &str) -> Option<Modules> {
        let compiler = Compiler::of(self.source.ends_with(".cpp"), what)?;
        let headers = include(modules.python(), what)?;
        let source = repository().join(self.source);
        let mut arguments: Vec<String> =
            ["-O2", "-shared", "-fPIC", "-pthread", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"]
                .map(str::to_owned)
                .into();
        arguments.push(if compiler.is_cpp { "-std=c++17" } else { "-std=c11" }.to_owned());
        arguments.push(format!("-DMODULE={}", self.module));
        arguments.extend(includes(&headers));
        arguments.extend(self.flags.iter().cloned());
        arguments.push(source.display().to_string());
        if self.linked == Linked::Statically {
            arguments.push("-DINTERBIND_STATIC".to_owned());
            arguments.push("-Wl,--exclude-libs,ALL".to_owned());
            let library = match &self.sanitizer {
                None => static_library(workshop, modules.python()),
                Some(sanitizer) => {
                    library_as(workshop, modules.python(), |library| sanitizer.instrument(library))
                }
            };
            arguments.push(library.display().to_string());
        }
        arguments.extend(["-lm", "-o"].map(str::to_owned));
        arguments.push(modules.file(self.module).display().to_string());
        compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
        Some(modules)
    }
}

/// A crate of this repository, as one interpreter needs it: the limited one serves every Python with a GIL.
fn flavoured(folder: &str, library: &str, workshop: &Path, python: &Python) -> (Extension, PathBuf) {
    let extension = Extension::of_repository(library, folder).argument("--no-default-features");
    if python.implementation == "cpython" && !python.free_threaded {
        return (extension.argument("--features=abi3"), workshop.join("capi-abi3"));
    }
    (extension, workshop.join(format!("capi-{python}")))
}

/// Builds `libinterbind.a` for an interpreter.
pub fn static_library(workshop: &Path, python: &'static Python) -> PathBuf {
    library_as(workshop, python, |library| library)
}

fn library_as(workshop: &Path, python: &'static Python, alter: impl Fn(Extension) -> Extension) -> PathBuf {
    let (extension, folder) = flavoured("shim/capi", "interbind", workshop, python);
    alter(extension).build(&folder, host_of(python)).with_extension("a")
}

/// Lays out the wheel's package, built for the modules' interpreter, beside them; without the command, which takes minutes
/// and which extensions don't use.
pub fn with_runtime(modules: Modules, workshop: &Path) -> Modules {
    let (extension, folder) = flavoured("python", "_runtime", workshop, modules.python());
    let built = extension.build(&folder, host_of(modules.python()));
    let package = modules.file("interbind").with_file_name("interbind");
    fs::create_dir_all(&package).expect("the workshop is writable");
    for name in ["__init__.py", "__main__.py"] {
        let from = repository().join("python/interbind").join(name);
        fs::copy(from, package.join(name)).expect("the workshop is writable");
    }
    let file = package.join(format!("_runtime{}", modules.python().suffix));
    fs::copy(built, file).expect("the workshop is writable");
    modules
}

/// The interpreter that a library is built with: limited ones are built once, whoever loads them.
fn host_of(python: &'static Python) -> &'static Python {
    let limited = python.implementation == "cpython" && !python.free_threaded;
    let any = Python::all().iter().find(|python| python.is_plain_cpython() && python.version < (3, 14));
    if limited { any.unwrap_or(python) } else { python }
}

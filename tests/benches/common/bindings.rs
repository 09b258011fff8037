//! One small class, bound three times: by `interbind_c`, by nanobind, by pybind11. Each rival is compiled as its own
//! documentation does it for speed; `fixtures/bench-binding` has the sources.

use std::env::{self, consts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cplusplus::Unit;
use super::packages::{NANOBIND, PYBIND11};
use super::python::Python;
use super::{Stop, fixtures, made};

/// The folder with `bench_interbind`.
pub(crate) fn interbind(python: &Python) -> Result<PathBuf, Stop> {
    let folder = folder(python)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let library = library(python, &root)?;
    let include = [root.join("conformance/participants/interbind_c/layer"), root.join("shim/include")];
    let unit = Unit {
        sources: &[source("interbind.cpp"), library],
        include: &include,
        flags: &["-DINTERBIND_STATIC", "-shared", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL"],
        watched: &[include.clone().to_vec(), vec![source("subject.hpp")]].concat(),
    };
    unit.build(python, &folder.join("bench_interbind.so"))?;
    Ok(folder)
}

/// The folder with `bench_headers`, a client in C that has the headers alone, and with the package whose runtime it finds.
pub(crate) fn headers(python: &Python) -> Result<PathBuf, Stop> {
    let folder = folder(python)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let package = folder.join("interbind");
    // Without the command, which extensions don't use.
    let runtime = cargo(python, &root.join("python"))?;
    let runtime = runtime.join(format!("{}_runtime{}", consts::DLL_PREFIX, consts::DLL_SUFFIX));
    let copied = fs::create_dir_all(&package)
        .and_then(|()| fs::copy(root.join("python/interbind/__init__.py"), package.join("__init__.py")))
        .and_then(|_| fs::copy(&runtime, package.join("_runtime.so")));
    copied.map_err(|error| Stop::broken("cannot lay out the package", error))?;
    let include = [root.join("shim/include")];
    // The common flags are C++'s.
    let flags = ["-x", "c", "-std=c11", "-shared"];
    let sources = [source("headers.c")];
    let unit = Unit { sources: &sources, include: &include, flags: &flags, watched: &include };
    unit.build(python, &folder.join("bench_headers.so"))?;
    Ok(folder)
}

/// The folder with `bench_nanobind`.
pub(crate) fn nanobind(python: &Python) -> Result<PathBuf, Stop> {
    let folder = folder(python)?;
    let package = NANOBIND.folder(python)?;
    let include = [package.join("include"), package.join("ext/robin_map/include")];
    let flags = [threads(python), "-DNB_COMPACT_ASSERTIONS", "-shared", "-Wl,--gc-sections", "-s"];
    let sources = [source("nanobind.cpp"), nanobind_library(python)?];
    let watched = [source("subject.hpp")];
    let unit = Unit { sources: &sources, include: &include, flags: &flags, watched: &watched };
    unit.build(python, &folder.join("bench_nanobind.so"))?;
    Ok(folder)
}

/// nanobind's library as an object, with its own flags: without strict aliasing, in sections that the linker may drop.
pub(crate) fn nanobind_library(python: &Python) -> Result<PathBuf, Stop> {
    let package = NANOBIND.folder(python)?;
    let include = [package.join("include"), package.join("ext/robin_map/include")];
    let library = folder(python)?.join("libnanobind.o");
    let flags = [
        threads(python),
        "-DNB_COMPACT_ASSERTIONS",
        "-fno-strict-aliasing",
        "-ffunction-sections",
        "-fdata-sections",
        "-c",
    ];
    let sources = [package.join("src/nb_combined.cpp")];
    Unit { sources: &sources, include: &include, flags: &flags, watched: &[] }.build(python, &library)?;
    Ok(library)
}

fn threads(python: &Python) -> &'static str {
    if python.tag.ends_with('t') { "-DNB_FREE_THREADED" } else { "-DNB_COMPACT_ASSERTIONS" }
}

/// The folder with `bench_pybind11`.
pub(crate) fn pybind11(python: &Python) -> Result<PathBuf, Stop> {
    let folder = folder(python)?;
    let include = [PYBIND11.folder(python)?.join("include")];
    let sources = [source("pybind11.cpp")];
    let watched = [source("subject.hpp")];
    let unit = Unit {
        sources: &sources,
        include: &include,
        flags: &["-flto=auto", "-shared", "-s"],
        watched: &watched,
    };
    unit.build(python, &folder.join("bench_pybind11.so"))?;
    Ok(folder)
}

fn source(name: &str) -> PathBuf {
    fixtures().join("bench-binding").join(name)
}

fn folder(python: &Python) -> Result<PathBuf, Stop> {
    let folder = made().join(format!("lib-{}", python.tag)).join("bench-binding");
    fs::create_dir_all(&folder).map_err(|error| Stop::broken("cannot make a folder", error))?;
    Ok(folder)
}

/// Builds interbind's static library for a Python.
pub(crate) fn library(python: &Python, root: &Path) -> Result<PathBuf, Stop> {
    Ok(cargo(python, &root.join("shim/capi"))?.join("libinterbind.a"))
}

/// Builds a crate for a Python, and returns the folder that the library is in; with a GIL it is the limited one.
fn cargo(python: &Python, folder: &Path) -> Result<PathBuf, Stop> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = made().join(format!("capi-{}", python.tag));
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--quiet", "--release", "--no-default-features"]).current_dir(folder);
    if !python.tag.ends_with('t') {
        command.args(["--features", "abi3"]);
    }
    let output = command
        .env("CARGO_TARGET_DIR", &target)
        .env("PYO3_PYTHON", &python.exe)
        .env("PYO3_BUILD_EXTENSION_MODULE", "1")
        .output()
        .map_err(|error| Stop::broken("cannot start cargo", error))?;
    if !output.status.success() {
        let what = format!("cannot build {}", folder.display());
        return Err(Stop::broken(what, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(target.join("release"))
}

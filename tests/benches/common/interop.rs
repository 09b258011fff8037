//! Modules of several frameworks around one point: pybind11's and nanobind's with and without our header, one of Cython, and
//! providers and consumers in C, each compiled for speed; `fixtures/bench-interop` has the frameworks' sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bindings::{library, nanobind_library};
use super::cplusplus::Unit;
use super::packages::{CYTHON, NANOBIND, PYBIND11};
use super::python::Python;
use super::{Stop, fixtures, made, quietly};

/// The modules of a framework: name and flags. Those with other internals share nothing with the first two.
const PYBIND11_MODULES: &[(&str, &[&str])] = &[
    ("pb_own", &["-DOWN"]),
    ("pb_plain", &[]),
    ("pb_header", &["-DHEADER"]),
    ("pb_other", &["-DOWN", "-DPYBIND11_INTERNALS_VERSION=99"]),
    ("pb_published", &["-DOWN", "-DHEADER", "-DPYBIND11_INTERNALS_VERSION=98"]),
];

const NANOBIND_MODULES: &[(&str, &[&str])] = &[
    ("nb_own", &["-DOWN"]),
    ("nb_plain", &[]),
    ("nb_header", &["-DHEADER"]),
    ("nb_published", &["-DOWN", "-DHEADER", "-DNB_DOMAIN=other"]),
];

/// Those in C, which is C++ as well.
const C_MODULES: &[(&str, &str, &[&str])] = &[
    ("points", "casters/points.c", &[]),
    ("points_b", "casters/points.c", &[]),
    ("points_c", "casters/points.c", &[]),
    ("points_d", "casters/points.c", &[]),
    ("taker", "foreign/taker.c", &[]),
    ("taker_known", "foreign/taker.c", &["-DINTERBIND_KNOWN_LAYOUTS"]),
    ("ours", "foreign/conduit.c", &[]),
];

/// The folder with all of them.
pub(crate) fn folder(python: &Python) -> Result<PathBuf, Stop> {
    let folder = made().join(format!("lib-{}", python.tag)).join("bench-interop");
    fs::create_dir_all(&folder).map_err(|error| Stop::broken("cannot make a folder", error))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let library = library(python, &root)?;
    let sources = fixtures().join("bench-interop");
    let ours = [root.join("shim/include"), sources.clone()];
    let build = |name: &str, source: PathBuf, objects: &[PathBuf], include: &[PathBuf], flags: &[&str]| {
        let module = format!("-DMODULE={name}");
        let flags = [
            &["-shared", "-DINTERBIND_STATIC", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", &module],
            flags,
        ]
        .concat();
        let sources = [&[source], objects, std::slice::from_ref(&library)].concat();
        let unit = Unit { sources: &sources, include, flags: &flags, watched: &ours };
        unit.build(python, &folder.join(format!("{name}.so")))
    };
    for (name, source, flags) in C_MODULES {
        build(name, fixtures().join(source), &[], &ours, flags)?;
    }
    let include = [&[PYBIND11.folder(python)?.join("include")], &ours[..]].concat();
    for (name, flags) in PYBIND11_MODULES {
        build(name, sources.join("pybind11.cpp"), &[], &include, flags)?;
    }
    let package = NANOBIND.folder(python)?;
    let include = [&[package.join("include"), package.join("ext/robin_map/include")], &ours[..]].concat();
    let framework = nanobind_library(python)?;
    for (name, flags) in NANOBIND_MODULES {
        let flags = [&["-DNB_COMPACT_ASSERTIONS"], *flags].concat();
        build(name, sources.join("nanobind.cpp"), std::slice::from_ref(&framework), &include, &flags)?;
    }
    Ok(folder)
}

/// The module of Cython in that folder.
pub(crate) fn cython(python: &Python, folder: &Path) -> Result<(), Stop> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = fixtures().join("cython/cypoint.pyx");
    let c = folder.join("cypoint.c");
    let program = made().join(format!("venv-{}/bin/python", python.tag));
    CYTHON.folder(python)?;
    let mut cython = Command::new(program);
    // Our declarations are found as they are in an installed package.
    cython.env("PYTHONPATH", root.join("python")).args(["-m", "cython", "-3"]).arg(&source).arg("-o").arg(&c);
    quietly(&mut cython).map_err(|()| Stop::broken("cannot compile", "cypoint.pyx"))?;
    let library = library(python, &root)?;
    let include = [root.join("shim/include")];
    let c = c.to_string_lossy().into_owned();
    let flags = ["-shared", "-DINTERBIND_STATIC", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL"];
    let flags = [&flags[..], &["-std=c11", "-x", "c", &c, "-x", "none"]].concat();
    let unit = Unit {
        sources: &[library],
        include: &include,
        flags: &flags,
        watched: &[source, include[0].clone()],
    };
    unit.build(python, &folder.join("cypoint.so"))
}

//! The extensions that are attacked on one interpreter, in one folder: the matrix's participants, built by the matrix's
//! forge, and clients in C and C++.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use interbind_conformance::axes::Mutation;
use interbind_conformance::cell::Build;
use interbind_conformance::forge::{Forge, Order};
use interbind_conformance::house::House;
use interbind_conformance::participant::Role;
use interbind_conformance::run::Suite;

use super::kinds::{Kind, Maker};
use crate::casters::Caster;
use crate::extension::Extension;
use crate::interpreters::{raw_modules_as, stale};
use crate::modules::Modules;
use crate::native::{Linked, Native};
use crate::package::repository;
use crate::pairs::Library::Pybind11;
use crate::python::Python;
use crate::sanitizer::Sanitizer;
use crate::takers::takers;

/// What messages of this file are about.
const WHAT: &str = "attacks from Python code";

/// Modules in C and C++: the source, and the name that each gets. They are imported in this order.
const CLIENTS: [(&str, &str); 3] = [
    ("tests/fixtures/capi/client.c", "other"),
    ("tests/fixtures/capi/client.c", "client"),
    ("examples/cclient/cclient.c", "cclient"),
];

/// Builds what these kinds need on an interpreter, in a folder of that name.
pub fn build(workshop: &Path, name: &str, python: &'static Python, kinds: &[&Kind]) -> Option<Modules> {
    build_as(workshop, name, python, kinds, None)
}

/// The same with the address sanitizer's instruments: what C, C++ and Rust read and write is looked at. With what is wrong on
/// purpose, `stale` and `broken`, which must be found.
pub fn build_sanitized(
    workshop: &Path,
    python: &'static Python,
    kinds: &[&Kind],
    sanitizer: &Sanitizer,
) -> Option<Modules> {
    // What two compilers build isn't mixed.
    let workshop = &workshop.join("sanitized");
    let mut modules = build_as(workshop, "hostile", python, kinds, Some(sanitizer))?;
    let broken = Native::new("tests/hostile/broken.c", "broken", Linked::ByHeaders).instrumented(sanitizer);
    modules = broken.add_to(modules, workshop, WHAT)?;
    if kinds.iter().any(|kind| kind.maker == Maker::Example) {
        let line = format!("pyo3-ffi = \"{}\"", pyo3_ffi(python));
        let folder = workshop.join(format!("raw-{python}"));
        modules = modules.with(&sanitizer.instrument(Extension::of(&stale(&line), &folder)));
    }
    Some(sanitizer.watch(modules))
}

fn build_as(
    workshop: &Path,
    name: &str,
    python: &'static Python,
    kinds: &[&Kind],
    sanitizer: Option<&Sanitizer>,
) -> Option<Modules> {
    // Several tests of one file may want the same forge.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let instrumented = |native: Native| match sanitizer {
        Some(sanitizer) => native.instrumented(sanitizer),
        None => native,
    };
    let makers: Vec<_> = kinds.iter().map(|kind| kind.maker).collect();
    let mut modules = Modules::new(workshop, name, python);
    // Each of the matrix's providers is read by all of its consumers.
    let of_the_matrix = kinds.iter().any(|kind| kind.is_of_the_matrix());
    for participant in ["interbind", "interbind_raw", "interbind_c"] {
        let serves = participant != "interbind_c" || Maker::Cpp.serves(python);
        if !serves || !of_the_matrix {
            continue;
        }
        for role in [Role::Provider, Role::Consumer] {
            let (module, file) = participate(participant, role, python, sanitizer);
            modules = modules.with_built(&module, &file);
        }
    }
    for (source, module) in CLIENTS.into_iter().filter(|_| makers.contains(&Maker::C)) {
        let native = instrumented(Native::new(source, module, Linked::Statically));
        modules = native.add_to(modules, workshop, WHAT)?;
    }
    if makers.contains(&Maker::Example) {
        let raw = raw_modules_as(workshop, python, pyo3_ffi(python), "", |extension| match sanitizer {
            Some(sanitizer) => sanitizer.instrument(extension),
            None => extension,
        });
        for name in ["rawframe", "rawstats", "keeper"] {
            modules = modules.with_built(name, &raw.file(name));
        }
    }
    if makers.contains(&Maker::Layer) {
        for module in ["layer", "layer_other"] {
            let native = instrumented(Native::bound("tests/hostile/layer.cpp", module));
            modules = native.add_to(modules, workshop, WHAT)?;
        }
    }
    if makers.contains(&Maker::Foreign) {
        modules = takers(modules, workshop, WHAT)?;
        let native =
            instrumented(Native::new("tests/fixtures/foreign/conduit.c", "ours", Linked::Statically));
        modules = native.add_to(modules, workshop, WHAT)?;
        let geo = Caster::new("geo", Pybind11, "3.1.0").source("tests/fixtures/foreign/pybind11.cpp");
        modules = geo.add_to(modules, workshop, WHAT)?.unwrap_or_else(|said| panic!("{said}"));
    }
    Some(modules)
}

/// A release of pyo3-ffi that knows the interpreter.
pub fn pyo3_ffi(python: &Python) -> &'static str {
    if python.version >= (3, 15) { "0.30" } else { "0.28" }
}

/// One extension of a participant, by its module's name.
fn participate(
    participant: &str,
    role: Role,
    python: &Python,
    sanitizer: Option<&Sanitizer>,
) -> (String, PathBuf) {
    let suite = suite();
    let version = if participant == "interbind_c" || python.implementation != "cpython" {
        "work"
    } else if python.free_threaded {
        "work+pyo3-0.28"
    } else {
        "work+abi3"
    };
    let host = (!version.ends_with("abi3")).then(|| host_of(python, suite));
    let build = Build::new(participant, version).expect("the matrix knows this build");
    let order = Order { build, role, mutation: Mutation::Same, host };
    let mut forge = Forge::new(&suite.house, &suite.participants, &suite.hosts, &suite.zoo, true);
    if let Some(sanitizer) = sanitizer {
        forge = forge.instrumented(sanitizer.instruments());
    }
    let forged = forge.forge(&order).unwrap_or_else(|error| panic!("{order:?}: {error}"));
    let made = forged.made.unwrap_or_else(|said| panic!("{order:?} can't be built:\n{said}"));
    (made.module, made.file)
}

/// The matrix's data; what was built for it is there already.
fn suite() -> &'static Suite {
    static SUITE: OnceLock<Suite> = OnceLock::new();
    SUITE.get_or_init(|| {
        Suite::read(House::at(repository()), &[]).unwrap_or_else(|error| panic!("the matrix's data: {error}"))
    })
}

/// What the matrix calls an interpreter: `cp313t`. A debug build that it doesn't know loads what was built for the other one.
fn host_of(python: &Python, suite: &Suite) -> String {
    let (major, minor) = python.version;
    let implementation = if python.implementation == "cpython" { "cp" } else { "pp" };
    let free_threaded = if python.free_threaded { "t" } else { "" };
    let plain = format!("{implementation}{major}{minor}{free_threaded}");
    let debug = format!("{plain}d");
    if python.debug && suite.hosts.python(&debug).is_some() { debug } else { plain }
}

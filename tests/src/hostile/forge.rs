//! The extensions that are attacked on one interpreter, in one folder: the matrix's participants, built by the matrix's
//! forge, and clients in C and C++.

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use interbind_conformance::axes::Mutation;
use interbind_conformance::cell::Build;
use interbind_conformance::forge::{Forge, Order};
use interbind_conformance::house::House;
use interbind_conformance::participant::Role;
use interbind_conformance::run::Suite;

use super::kinds::Maker;
use crate::interpreters::raw_modules;
use crate::modules::Modules;
use crate::native::{Linked, Native};
use crate::package::repository;
use crate::python::Python;

/// What messages of this file are about.
const WHAT: &str = "attacks from Python code";

/// Modules in C and C++: the source, and the name that each gets. They are imported in this order.
const CLIENTS: [(&str, &str); 3] = [
    ("tests/fixtures/capi/client.c", "other"),
    ("tests/fixtures/capi/client.c", "client"),
    ("examples/cclient/cclient.c", "cclient"),
];

/// Builds everything that an interpreter can load, in a folder of that name.
pub fn build(workshop: &Path, name: &str, python: &'static Python) -> Option<Modules> {
    // Several tests of one file may want the same forge.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut modules = Modules::new(workshop, name, python);
    for participant in ["interbind", "interbind_raw", "interbind_c"] {
        if participant == "interbind_c" && !Maker::Cpp.serves(python) {
            continue;
        }
        for role in [Role::Provider, Role::Consumer] {
            let extension = participate(workshop, participant, role, python);
            modules = modules.with_built(&extension.0, &extension.1);
        }
    }
    for (source, module) in CLIENTS {
        modules = Native::new(source, module, Linked::Statically).add_to(modules, workshop, WHAT)?;
    }
    if Maker::Example.serves(python) {
        let raw = raw_modules(workshop, python, "0.28", "");
        for name in ["rawframe", "rawstats", "keeper"] {
            modules = modules.with_built(name, &raw.file(name));
        }
    }
    if Maker::Layer.serves(python) {
        for module in ["layer", "layer_other"] {
            modules = Native::bound("tests/hostile/layer.cpp", module).add_to(modules, workshop, WHAT)?;
        }
    }
    Some(modules)
}

/// The clients in C and C++ alone, with the address sanitizer in them: what they read and write is looked at.
pub fn build_sanitized(workshop: &Path, python: &'static Python) -> Option<Modules> {
    let mut modules = Modules::new(workshop, "hostile-sanitized", python);
    for (source, module) in CLIENTS {
        modules =
            sanitized(Native::new(source, module, Linked::Statically)).add_to(modules, workshop, WHAT)?;
    }
    if Maker::Layer.serves(python) {
        for module in ["layer", "layer_other"] {
            let bound = sanitized(Native::bound("tests/hostile/layer.cpp", module));
            modules = bound.add_to(modules, workshop, WHAT)?;
        }
    }
    Some(modules)
}

fn sanitized(native: Native) -> Native {
    native.flag("-fsanitize=address").flag("-g").flag("-fno-omit-frame-pointer")
}

/// One extension of a participant, by its module's name.
fn participate(
    workshop: &Path,
    participant: &str,
    role: Role,
    python: &Python,
) -> (String, std::path::PathBuf) {
    let suite = suite(workshop);
    let version = if participant == "interbind_c" || python.implementation != "cpython" {
        "work"
    } else if python.free_threaded {
        "work+pyo3-0.28"
    } else {
        "work+abi3"
    };
    let host = (!version.ends_with("abi3")).then(|| host_of(python));
    let build = Build::new(participant, version).expect("the matrix knows this build");
    let order = Order { build, role, mutation: Mutation::Same, host };
    let forge = Forge::new(&suite.house, &suite.participants, &suite.hosts, &suite.zoo, true);
    let forged = forge.forge(&order).unwrap_or_else(|error| panic!("{order:?}: {error}"));
    let made = forged.made.unwrap_or_else(|said| panic!("{order:?} can't be built:\n{said}"));
    (made.module, made.file)
}

/// The matrix's data, with a work folder of the tests' own.
fn suite(workshop: &Path) -> &'static Suite {
    static SUITE: OnceLock<Suite> = OnceLock::new();
    SUITE.get_or_init(|| {
        let mut house = House::at(repository());
        house.work = workshop.join("hostile-forge");
        Suite::read(house, &[]).unwrap_or_else(|error| panic!("the matrix's data: {error}"))
    })
}

/// What the matrix calls an interpreter: `cp313t`.
fn host_of(python: &Python) -> String {
    let (major, minor) = python.version;
    let implementation = if python.implementation == "cpython" { "cp" } else { "pp" };
    let flags =
        format!("{}{}", if python.free_threaded { "t" } else { "" }, if python.debug { "d" } else { "" });
    format!("{implementation}{major}{minor}{flags}")
}

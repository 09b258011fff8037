//! The doctor against the truth: real wheels, read and held against what is known of them from their projects' own files.
//!
//! Wheels that lie in `target/corpus` are read, and those up to 100 KB are fetched first; `cargo xtask corpus --all` fetches all;
//! with `INTERBIND_CORPUS=none` the corpus is left out. What can't be had is skipped, visibly; nothing at all is an error.

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::path::PathBuf;

use interbind_doctor::facts::FrameworkKind;
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_tests::corpus::score::Score;
use interbind_tests::corpus::truth::{self, Module, Wheel};
use interbind_tests::corpus::wheels::{cached, fetch};
use interbind_tests::python::Python;
use interbind_tests::skip::{Lack, missing, skip};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// The largest wheel that `small` fetches.
const SMALL: u64 = 100_000;

/// A wheel's file, if it can be had and is wanted.
fn have(wheel: &Wheel, limit: u64, python: Option<&Python>) -> Result<PathBuf, String> {
    if let Some(file) = cached(wheel) {
        return Ok(file);
    }
    match python {
        Some(python) if wheel.size <= limit => fetch(wheel, python),
        _ => Err("not in target/corpus; `cargo xtask corpus --all` fetches it".to_owned()),
    }
}

#[test]
fn what_is_said_of_real_wheels_is_true() {
    let limit = match env::var("INTERBIND_CORPUS").as_deref() {
        Ok("all") => u64::MAX,
        Ok("small") | Err(_) => SMALL,
        Ok("none") => return skip("the corpus", "`INTERBIND_CORPUS=none`"),
        Ok(other) => panic!("INTERBIND_CORPUS is `all`, `small` or `none`, not `{other}`"),
    };
    let python = Python::default("fetching the corpus");
    let wheels = truth::wheels();
    let mut score = Score::default();
    let mut absent = Vec::new();
    let found: Vec<_> = wheels.par_iter().map(|wheel| (wheel, have(wheel, limit, python))).collect();
    for (wheel, file) in found {
        match file {
            Ok(file) => {
                let said = inspect(&[file], &Options::default(), &Quiet);
                score.wheel(wheel, &said.modules);
            }
            Err(reason) => {
                // Each by name only where somebody asked for it.
                if limit >= wheel.size {
                    missing(&wheel.file, Lack::Package("corpus"), &reason);
                }
                absent.push(reason);
            }
        }
    }
    let all = wheels.len();
    assert!(
        absent.len() < all,
        "not one wheel of the corpus could be had: {}; `INTERBIND_CORPUS=none` leaves it out",
        absent[0]
    );
    if !absent.is_empty() {
        skip("the corpus", &format!("{} of {all} wheels aren't in target/corpus", absent.len()));
    }
    println!("{}", score.table());
    // Past the harness, which swallows what a passing test prints: the figures are worth reading then too.
    let _ = std::io::stderr().write_all(format!("the corpus: {}\n", score.summary()).as_bytes());
    assert_eq!(score.certain, 0, "a wrong statement was said as certain");
    assert!(score.per_mille() >= 990, "{} of {} modules are right", score.right, score.modules);
}

fn modules() -> Vec<(Wheel, Module)> {
    let pair = |wheel: Wheel| wheel.module.clone().into_iter().map(move |module| (wheel.clone(), module));
    truth::wheels().into_iter().flat_map(pair).collect()
}

/// The named values that no module has.
fn lacking<'a>(wanted: &[&'a str], mut has: impl FnMut(&Module, &str) -> bool) -> Vec<&'a str> {
    let modules = modules();
    wanted.iter().filter(|name| !modules.iter().any(|(_, module)| has(module, name))).copied().collect()
}

#[test]
fn the_corpus_has_modules_of_every_framework() {
    use FrameworkKind::{BoostPython, Cffi, Cython, F2py, Hpy, Mypyc, Nanobind, Pybind11, Pyo3, Swig};
    let modules = modules();
    assert!(modules.len() >= 120, "{}", modules.len());
    let of = |kind| {
        let has = |module: &Module| module.frameworks.iter().any(|framework| framework.kind == kind);
        modules.iter().filter(|(_, module)| has(module)).count()
    };
    for (kind, least) in [
        (Pybind11, 30),
        (Nanobind, 20),
        (Pyo3, 30),
        (Cython, 15),
        (Swig, 8),
        (BoostPython, 3),
        (Cffi, 10),
        (Hpy, 1),
        (F2py, 2),
        (Mypyc, 6),
    ] {
        assert!(of(kind) >= least, "{kind}: {}", of(kind));
    }
    let plain = |(_, module): &&(Wheel, Module)| module.extension && module.frameworks.is_empty();
    assert!(modules.iter().filter(plain).count() >= 10, "plain extension modules");
    assert!(modules.iter().filter(|(_, module)| !module.extension).count() >= 10, "libraries");
    assert!(modules.iter().any(|(_, module)| module.frameworks.len() > 1), "several in one module");
}

#[test]
fn the_corpus_has_every_generation_of_internals() {
    let of = |kind| -> BTreeSet<u32> {
        let frameworks = modules().into_iter().flat_map(|(_, module)| module.frameworks);
        frameworks
            .filter(|framework| framework.kind == kind)
            .filter_map(|framework| framework.internals)
            .collect()
    };
    let pybind11 = of(FrameworkKind::Pybind11);
    assert!(pybind11.is_superset(&BTreeSet::from([1, 2, 3, 4, 5, 11, 12])), "{pybind11:?}");
    let nanobind = of(FrameworkKind::Nanobind);
    assert!(nanobind.is_superset(&BTreeSet::from([11, 15, 16, 17, 19, 20, 21, 22])), "{nanobind:?}");
}

#[test]
fn the_corpus_has_every_system_and_python() {
    let none: Vec<&str> = Vec::new();
    let oses = ["linux", "macos", "windows", "ios"];
    assert_eq!(lacking(&oses, |module, name| module.os.as_deref() == Some(name)), none);
    let arches = ["x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64"];
    assert_eq!(lacking(&arches, |module, name| module.arch.iter().any(|arch| arch == name)), none);
    assert_eq!(lacking(&["glibc", "musl"], |module, name| module.libc.as_deref() == Some(name)), none);
    let pythons = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];
    assert_eq!(lacking(&pythons, |module, name| module.python.as_deref() == Some(name)), none);
    let frees = ["3.13", "3.14", "3.15"];
    let free = |module: &Module, name: &str| {
        module.free_threaded == Some(true) && module.python.as_deref() == Some(name)
    };
    assert_eq!(lacking(&frees, free), none);
    assert_eq!(lacking(&["abi3", "abi3t"], |module, name| module.stable.as_deref() == Some(name)), none);
    assert_eq!(lacking(&["pypy"], |module, name| module.implementation.as_deref() == Some(name)), none);
    let on = |os: &str, arch: &str| {
        let fits =
            |module: &Module| module.os.as_deref() == Some(os) && module.arch.iter().any(|each| each == arch);
        modules().iter().any(|(_, module)| fits(module))
    };
    for (os, arch) in [
        ("windows", "aarch64"),
        ("windows", "i686"),
        ("macos", "x86_64"),
        ("macos", "aarch64"),
        ("linux", "aarch64"),
    ] {
        assert!(on(os, arch), "{os} {arch}");
    }
    assert!(modules().iter().any(|(_, module)| module.arch.len() > 1), "a fat file");
}

#[test]
fn every_entry_of_the_corpus_is_whole_and_stands_in_its_order() {
    let wheels = truth::wheels();
    let mut seen = BTreeSet::new();
    for wheel in &wheels {
        assert!(seen.insert(wheel.file.clone()), "{} stands there twice", wheel.file);
        let hash = wheel.sha256.len() == 64 && wheel.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(hash, "{}", wheel.file);
        assert!(wheel.size < 60_000_000, "{} is too large to be fetched for a test", wheel.file);
        assert!(!wheel.module.is_empty(), "{}", wheel.file);
        let members: Vec<_> = wheel.module.iter().map(|module| &module.member).collect();
        assert!(members.is_sorted(), "{}: {members:?}", wheel.file);
        for framework in wheel.module.iter().flat_map(|module| &module.frameworks) {
            assert!(!framework.source.is_empty(), "{}: how is it known?", wheel.file);
        }
    }
}

//! Crates of this repository that extensions need besides: the static library for C++, and the wheel's runtime for those
//! without an implementation. Each is built once for all extensions of a host's flavour.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::instruments::Instruments;
use super::{Job, builder, fill, network};
use crate::error::{Error, Result};
use crate::house::House;

/// What was built, or why nothing was, and what cargo said.
pub(crate) struct Built {
    pub file: std::result::Result<PathBuf, String>,
    pub log: String,
}

/// What is built for one host serves: every Python with a GIL, or the host alone.
pub(crate) fn flavour<'j>(job: &'j Job<'_>) -> &'j str {
    if job.python.free_threaded || job.python.implementation != "cpython" {
        &job.python.suffix
    } else {
        "any"
    }
}

/// Builds a crate's library of that file name. Cargo decides whether there is anything to do.
pub(crate) fn build(job: &Job<'_>, folder: &str, name: &str, target: &Path) -> Built {
    let mut log = String::new();
    let built = target.join(job.instruments.map_or("", |with| &with.triple)).join("release").join(name);
    let file = cargo(job, folder, target, &mut log).map(|()| built);
    Built { file, log }
}

fn cargo(job: &Job<'_>, folder: &str, target: &Path, log: &mut String) -> std::result::Result<(), String> {
    let any = flavour(job) == "any";
    let environment: BTreeMap<String, String> = [
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("PYO3_PYTHON", job.python.executable.display().to_string()),
        ("PYO3_BUILD_EXTENSION_MODULE", "1".to_owned()),
        // What serves every Python with a GIL may be built with one that's newer than its pyo3-ffi. On a build without a GIL
        // it would choose the limited API.
        ("PYO3_USE_ABI3_FORWARD_COMPATIBILITY", if any { "1" } else { "" }.to_owned()),
        // What is tested is what the code does: the profile of a release takes four times as long.
        ("CARGO_PROFILE_RELEASE_LTO", "off".to_owned()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".to_owned()),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16".to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .chain(job.instruments.map(Instruments::environment).into_iter().flatten())
    .collect();
    let manifest = Path::new(&fill(folder, &job.placeholders)).join("Cargo.toml");
    for offline in [true, false] {
        let mut command = vec![env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())];
        command.extend(["build", "--release", "--locked", "--quiet", "--manifest-path"].map(str::to_owned));
        command.push(manifest.display().to_string());
        command.push("--no-default-features".to_owned());
        if any {
            command.push("--features=abi3".to_owned());
        }
        if offline {
            command.push("--offline".to_owned());
        }
        let built = builder::run(&command, &environment, log);
        if built.is_ok() || !offline || !network::is_wanted(log) {
            return built.map(|_| ());
        }
    }
    Err("cargo did not run".to_owned())
}

/// Lays out the package `interbind` in a folder, with the runtime alone.
pub(crate) fn lay_out(house: &House, job: &Job<'_>, runtime: &Path) -> Result<()> {
    let package = job.out.join("interbind");
    let io = |e| Error::io(&package, e);
    fs::create_dir_all(&package).map_err(io)?;
    let from = house.repo.join("python/interbind/__init__.py");
    fs::copy(&from, package.join("__init__.py")).map_err(|e| Error::io(&from, e))?;
    let suffix = if flavour(job) == "any" {
        if cfg!(windows) { ".pyd" } else { ".abi3.so" }
    } else {
        &job.python.suffix
    };
    fs::copy(runtime, package.join(format!("_runtime{suffix}"))).map_err(|e| Error::io(runtime, e))?;
    Ok(())
}

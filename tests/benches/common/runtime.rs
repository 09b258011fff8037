//! The wheel's runtime, for modules that have no implementation: built as the wheel has it, without the command.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::python::Python;
use super::{Stop, made, quietly};

/// The folder with the package `interbind`, in which there is the runtime alone.
pub(crate) fn folder(python: &Python) -> Result<PathBuf, Stop> {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = made().join(format!("build-{}", python.tag));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--locked", "--quiet", "--no-default-features"]);
    if !python.tag.ends_with('t') {
        cargo.arg("--features=abi3");
    }
    cargo.current_dir(repository.join("python")).env("CARGO_TARGET_DIR", &target);
    cargo.env("PYO3_PYTHON", &python.exe).env("PYO3_BUILD_EXTENSION_MODULE", "1");
    quietly(&mut cargo).map_err(|()| Stop::Broken("cannot build the wheel's runtime".to_owned()))?;
    let folder = made().join(format!("lib-{}", python.tag)).join("runtime");
    let package = folder.join("interbind");
    let (library, ending) = if cfg!(windows) {
        ("_runtime.dll", "pyd")
    } else if cfg!(target_os = "macos") {
        ("lib_runtime.dylib", "so")
    } else {
        ("lib_runtime.so", "so")
    };
    fs::create_dir_all(&package)
        .and_then(|()| fs::write(package.join("__init__.py"), ""))
        .and_then(|()| {
            fs::copy(target.join("release").join(library), package.join(format!("_runtime.{ending}")))
        })
        .map_err(|error| Stop::broken("cannot lay out the wheel's runtime", error))?;
    Ok(folder)
}

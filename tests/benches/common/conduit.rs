//! The rival from C++: pybind11's conduit, built twice with different internals. pybind11 comes from PyPI into a virtual
//! environment under the target folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::python::Python;
use super::{Stop, fixtures, made};

const PYBIND11: &str = "pybind11==3.1.0";

/// A higher number than that release's own: its builds don't share internals with each other.
const OTHER_INTERNALS: &str = "-DPYBIND11_INTERNALS_VERSION=99";

/// What a child measures: each build reads its own object and the other's.
pub(crate) const ROWS: &str = "
import conduit_a, conduit_b
assert conduit_b.read(conduit_a.Point(1.0, 2.0)) == 1.0
rows = {
    'pybind11, own module': ('f(a)', dict(f=conduit_a.read, a=conduit_a.Point(1.0, 2.0)), 1),
    'pybind11, conduit': ('f(a)', dict(f=conduit_b.read, a=conduit_a.Point(1.0, 2.0)), 1),
}
";

/// Builds `conduit_a` and `conduit_b`, and returns their folder.
pub(crate) fn folder(python: &Python) -> Result<PathBuf, Stop> {
    let environment = made().join(format!("venv-{}", python.tag));
    let script = |name: &str| environment.join(if cfg!(windows) { "Scripts" } else { "bin" }).join(name);
    let include = environment.join("include-pybind11");
    if !include.exists() {
        let skip = |()| Stop::Skip(format!("{PYBIND11} can't be installed"));
        quietly(Command::new(&python.exe).args(["-m", "venv"]).arg(&environment)).map_err(skip)?;
        quietly(Command::new(script("python")).args(["-m", "pip", "install", "--quiet", PYBIND11]))
            .map_err(skip)?;
        let output = Command::new(script("python")).args(["-m", "pybind11", "--includes"]).output();
        let text = output.map_err(|error| Stop::broken("cannot ask pybind11", error))?.stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        let place = text
            .split_whitespace()
            .filter_map(|flag| flag.strip_prefix("-I"))
            .find(|path| path.contains("pybind11"));
        let place = place.ok_or_else(|| Stop::Skip(format!("{PYBIND11} has no headers")))?;
        fs::write(&include, place).map_err(|error| Stop::broken("cannot note pybind11's place", error))?;
    }
    let place =
        fs::read_to_string(&include).map_err(|error| Stop::broken("cannot read pybind11's place", error))?;
    let folder = made().join(format!("lib-{}", python.tag)).join("bench-conduit");
    fs::create_dir_all(&folder).map_err(|error| Stop::broken("cannot make a folder", error))?;
    compile(python, Path::new(&place), &folder, "conduit_a", "-DNDEBUG")?;
    compile(python, Path::new(&place), &folder, "conduit_b", OTHER_INTERNALS)?;
    Ok(folder)
}

fn compile(python: &Python, pybind11: &Path, folder: &Path, module: &str, other: &str) -> Result<(), Stop> {
    let source = fixtures().join("bench-conduit/conduit.cpp");
    let result = folder.join(format!("{module}.so"));
    let made_at = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    if made_at(&result).is_ok_and(|made| made_at(&source).is_ok_and(|written| written < made)) {
        return Ok(());
    }
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut command = Command::new(compiler);
    command.args(["-std=c++17", "-O3", "-DNDEBUG", "-flto", "-fvisibility=hidden", "-shared", "-fPIC"]);
    command.arg(format!("-DMODULE={module}")).arg(other);
    command.arg("-I").arg(pybind11).arg("-I").arg(&python.include).arg("-o").arg(&result).arg(&source);
    if cfg!(target_os = "macos") {
        command.args(["-undefined", "dynamic_lookup"]);
    }
    quietly(&mut command).map_err(|()| Stop::Skip("no C++ compiler that builds pybind11".to_owned()))
}

fn quietly(command: &mut Command) -> Result<(), ()> {
    let output = command.output().map_err(|_| ())?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Err(())
}

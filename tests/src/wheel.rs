//! The wheel, built once and installed into environments, which are kept too; maturin is from wherever `pip` finds packages.
//! Without a network, or without a tool, whatever needs it is skipped, visibly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use interbind_conformance::cache::Key;

use crate::built::{cache, identity, seen_by_cargo, works};
use crate::native::include;
use crate::package::repository;
use crate::python::{FOREIGN, Python};
use crate::skip::{Lack, missing};

/// Runs a program to its end.
///
/// # Errors
/// What it says.
pub fn run(command: &mut Command) -> Result<String, String> {
    for name in FOREIGN {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{command:?}\n{out}{err}")) }
}

/// What builds the wheel.
const TOOLS: [&str; 2] = ["maturin>=1.9,<2", "setuptools"];

/// What the wheel is made from: cargo lists its part of it, `pip` lists nothing.
const SOURCES: &[&str] = &[
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "abi",
    "ask",
    "cli",
    "conformance",
    "doctor",
    "pickle",
    "pyproject.toml",
    "python",
    "shim",
    "structures",
];

/// An environment in which the wheel is installed, and what it is built with; its interpreter. It is everybody's: what a test
/// installs besides goes into one [with more](environment_with).
pub fn environment(workshop: &Path) -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let wheel = wheel(workshop)?;
        holding(&TOOLS, Some(&wheel)).map_err(|lack| lack.say("the wheel")).ok()
    };
    MADE.get_or_init(make).as_deref()
}

/// An environment in which the wheel and one more package are installed; says so when that can't be had.
pub fn environment_with(workshop: &Path, package: &str, what: &str) -> Option<PathBuf> {
    let wheel = wheel(workshop)?;
    holding(&["setuptools", package], Some(&wheel)).map_err(|lack| lack.say(what)).ok()
}

/// Builds the wheel, unless nothing that it's made from was changed; says so when its tools can't be had.
fn wheel(workshop: &Path) -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let what = "the wheel";
        let python = Python::default(what)?;
        include(python, what)?;
        let bin = holding(&TOOLS, None).map_err(|lack| lack.say(what)).ok()?;
        let key = Key::of("wheel")
            .piece("python", python.identity())
            .piece("compiler", identity(Path::new("rustc"), "-vV", &[]))
            .piece("tools", bin.as_os_str().as_encoded_bytes())
            .pieces("environment", seen_by_cargo(FOREIGN));
        let kept = match works(cache().entry(&key.name())).kept() {
            Ok(kept) => kept,
            Err(entry) => {
                let mut building = works(entry.build());
                for source in SOURCES {
                    building.inputs.contents(repository().join(source));
                }
                let folder = bin.parent().expect("an interpreter lies in a folder").display();
                let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
                let mut build = pip(&bin, "wheel");
                build.args(["--no-build-isolation", "--no-deps", "--wheel-dir"]).arg(building.folder());
                build.arg(repository().join("python")).env("PATH", path);
                let target = workshop.join("capi-wheel");
                let units = works(cache().target(&target, "release"));
                build.env("CARGO_TARGET_DIR", target);
                // What is tested is what the code does: the profile of a release takes three times as long.
                build
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
                run(&mut build).unwrap_or_else(|said| panic!("the wheel can't be built:\n{said}"));
                works(units.share());
                works(building.keep())
            }
        };
        let files =
            fs::read_dir(kept.folder()).expect("it was just made").flatten().map(|entry| entry.path());
        let wheels: Vec<_> =
            files.filter(|file| file.extension().is_some_and(|ending| ending == "whl")).collect();
        let [wheel] = &wheels[..] else { panic!("one wheel is built: {wheels:?}") };
        Some(wheel.clone())
    };
    BUILT.get_or_init(build).clone()
}

/// What an environment lacks on this machine.
struct Lacking {
    package: &'static str,
    said: String,
}

impl Lacking {
    fn say(&self, what: &str) {
        let last = self.said.lines().last().unwrap_or("it can't be had");
        missing(what, Lack::Package(self.package), last);
    }
}

/// An environment that holds packages, and a wheel; its interpreter.
fn holding(packages: &[&str], wheel: Option<&Path>) -> Result<PathBuf, Lacking> {
    let what = "the wheel";
    let no = |package: &str, said: String| Lacking { package: named(package), said };
    let python = Python::default(what).ok_or_else(|| no("venv", "no Python".to_owned()))?;
    let hash = wheel.map(|wheel| fs::read(wheel).expect("it was just built"));
    let key = Key::of("environment")
        .piece("python", python.identity())
        .pieces("package", packages)
        .pieces("wheel", hash);
    let entry = match works(cache().entry(&key.name())).kept() {
        Ok(kept) => return Ok(kept.file("bin/python")),
        Err(entry) => entry,
    };
    let building = works(entry.build());
    let bin = building.folder().join("bin/python");
    run(Command::new(&python.executable).args(["-m", "venv"]).arg(building.folder()))
        .map_err(|said| no("venv", said))?;
    for package in packages {
        run(pip(&bin, "install").arg(package)).map_err(|said| no(package, said))?;
    }
    if let Some(wheel) = wheel {
        run(pip(&bin, "install").arg("--no-deps").arg(wheel)).unwrap_or_else(|said| panic!("{said}"));
    }
    Ok(works(building.keep()).file("bin/python"))
}

/// The package without its version, as a lack is called.
fn named(package: &str) -> &'static str {
    let known = ["maturin", "mypy", "pre-commit", "pybind11", "setuptools", "venv"];
    known.into_iter().find(|known| package.starts_with(known)).unwrap_or("a package")
}

fn pip(python: &Path, word: &str) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", word, "--quiet", "--disable-pip-version-check"]);
    pip
}

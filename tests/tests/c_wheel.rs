//! The wheel: what `pip install interbind` brings is enough to build the example in C and to run it.
//!
//! One environment in the workshop, with maturin from the package index: without a network, or without a tool, the part is
//! skipped, visibly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use interbind_tests::native::{Compiler, include};
use interbind_tests::package::repository;
use interbind_tests::python::{FOREIGN, Python, program};
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// Runs a program to its end.
///
/// # Errors
/// What it says.
fn run(command: &mut Command) -> Result<String, String> {
    for name in FOREIGN {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{command:?}\n{out}{err}")) }
}

/// An environment in which the wheel was built and is installed; its interpreter.
fn environment() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let what = "the wheel";
        let python = Python::default(what)?;
        include(python, what)?;
        let folder = workshop!().join("wheel");
        let _ = std::fs::remove_dir_all(&folder);
        let bin = folder.join("bin/python");
        if let Err(said) = run(Command::new(&python.executable).args(["-m", "venv"]).arg(&folder)) {
            skip(what, said.lines().last().unwrap_or("no venv"));
            return None;
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        if let Err(said) = run(Command::new(&bin).args(pip).args(["maturin>=1.7,<2", "setuptools"])) {
            skip(what, said.lines().last().unwrap_or("maturin can't be had"));
            return None;
        }
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let source = repository().join("python");
        let mut install = Command::new(&bin);
        install.args(pip).arg("--no-build-isolation").arg(source).env("PATH", path);
        install.env("CARGO_TARGET_DIR", workshop!().join("capi-wheel"));
        run(&mut install).unwrap_or_else(|said| panic!("the wheel can't be built:\n{said}"));
        Some(bin)
    };
    MADE.get_or_init(make).as_deref()
}

/// A copy of the example in a folder of its own.
fn example(name: &str) -> PathBuf {
    let folder = workshop!().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the workshop is writable");
    for file in ["cclient.c", "setup.py", "CMakeLists.txt"] {
        let from = repository().join("examples/cclient").join(file);
        std::fs::copy(from, folder.join(file)).expect("the example is in the repository");
    }
    folder
}

/// What the example must do; the runtime is the wheel's, because nobody else brings one.
const USE: &str = "
import sys, cclient
assert 'interbind._runtime' in sys.modules
assert cclient.norm(cclient.Point(3, 4)) == 5.0
try:
    cclient.norm(3)
except TypeError as error:
    print(error)
";

fn use_example(python: &Path, folder: &Path) {
    let said = run(Command::new(python).args(["-c", USE]).env("PYTHONPATH", folder).current_dir(folder));
    let said = said.unwrap_or_else(|said| panic!("{said}"));
    assert!(said.starts_with("cannot borrow 'int' as org.frame.Point (wrong-object)\n"), "{said}");
}

#[test]
fn the_example_is_built_with_setuptools() {
    let (Some(python), Some(_)) = (environment(), Compiler::of(false, "the example in C")) else { return };
    let folder = example("cclient-setuptools");
    let mut build = Command::new(python);
    build.args(["setup.py", "--quiet", "build_ext", "--inplace"]).current_dir(&folder);
    run(&mut build).unwrap_or_else(|said| panic!("{said}"));
    use_example(python, &folder);
}

#[test]
fn the_example_is_built_with_cmake() {
    let (Some(python), Some(_)) = (environment(), Compiler::of(false, "the example in C")) else { return };
    let Some(cmake) = program("cmake") else { return skip("the CMake config", "no `cmake` on PATH") };
    let folder = example("cclient-cmake");
    let asked =
        run(Command::new(python).args(["-m", "interbind", "--cmakedir"])).expect("the module answers");
    let mut configure = Command::new(&cmake);
    configure.arg(format!("-Dinterbind_DIR={}", asked.trim())).args(["-S", ".", "-B", "build"]);
    configure.arg(format!("-DPython_EXECUTABLE={}", python.display())).current_dir(&folder);
    run(&mut configure).unwrap_or_else(|said| panic!("{said}"));
    let mut build = Command::new(&cmake);
    run(build.args(["--build", "build"]).current_dir(&folder)).unwrap_or_else(|said| panic!("{said}"));
    use_example(python, &folder.join("build"));
}

#[test]
fn every_way_to_ask_leads_to_the_headers() {
    let Some(python) = environment() else { return };
    let ask = |arguments: &[&str]| {
        run(Command::new(python).args(["-m", "interbind"]).args(arguments)).expect("the module answers")
    };
    let includes = ask(&["--includes"]);
    let ours = includes.split_whitespace().filter_map(|flag| flag.strip_prefix("-I")).map(Path::new);
    assert_eq!(
        ours.filter(|folder| folder.join("interbind/interbind.hpp").exists()).count(),
        1,
        "{includes}"
    );
    assert!(Path::new(ask(&["--cmakedir"]).trim()).join("interbind-config.cmake").exists());
    let folder = ask(&["--pkgconfigdir"]);
    let Some(pkg_config) = program("pkg-config") else {
        return skip("the pkg-config file", "no `pkg-config` on PATH");
    };
    let mut asked = Command::new(pkg_config);
    let said = run(asked.args(["--cflags", "interbind"]).env("PKG_CONFIG_PATH", folder.trim()))
        .expect("it is found");
    let found = said.trim().strip_prefix("-I").expect("a folder of headers");
    assert!(Path::new(found).join("interbind/abi.h").exists(), "{said}");
    let say = "import interbind; print(interbind.__version__, interbind.get_include())";
    let said = run(Command::new(python).args(["-c", say])).expect("the package is imported");
    let (version, include) = said.trim().split_once(' ').expect("both");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert!(Path::new(include).join("interbind/abi.h").exists(), "{said}");
}

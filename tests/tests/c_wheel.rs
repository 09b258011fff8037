//! The wheel: what `pip install interbind` brings is enough to build the example in C and to run it.
//!
//! Without a network, or without a tool, the part is skipped, visibly.

use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_tests::extension::Extension;
use interbind_tests::native::{Compiler, static_library};
use interbind_tests::package::repository;
use interbind_tests::python::{Python, needed};
use interbind_tests::wheel::{environment, environment_with, run};
use interbind_tests::workshop;

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
import importlib.util
made = importlib.util.module_from_spec(importlib.util.find_spec('cclient'))
try:
    made.norm(3)
except SystemError as error:
    assert 'never executed' in str(error), error
else:
    raise AssertionError('a module without a state measured a number')
";

fn use_example(python: &Path, folder: &Path) {
    let said = run(Command::new(python).args(["-c", USE]).current_dir(folder));
    let said = said.unwrap_or_else(|said| panic!("{said}"));
    assert!(said.starts_with("cannot borrow 'int' as org.frame.Point (wrong-object)\n"), "{said}");
}

#[test]
fn the_example_is_built_with_setuptools() {
    let (Some(python), Some(_)) = (environment(workshop!()), Compiler::of(false, "the example in C")) else {
        return;
    };
    let folder = example("cclient-setuptools");
    let mut build = Command::new(python);
    build.args(["setup.py", "--quiet", "build_ext", "--inplace"]).current_dir(&folder);
    run(&mut build).unwrap_or_else(|said| panic!("{said}"));
    use_example(python, &folder);
}

/// Builds the example with CMake, in a folder of that name; the folder with the module, where there is a CMake.
fn with_cmake(name: &str, python: &Path, more: &[String]) -> Option<PathBuf> {
    Compiler::of(false, "the example in C")?;
    let cmake = needed("cmake", "the CMake config")?;
    let folder = example(name);
    let asked =
        run(Command::new(python).args(["-m", "interbind", "--cmakedir"])).expect("the module answers");
    let mut configure = Command::new(&cmake);
    configure.arg(format!("-Dinterbind_DIR={}", asked.trim())).args(["-S", ".", "-B", "build"]).args(more);
    configure.arg(format!("-DPython_EXECUTABLE={}", python.display())).current_dir(&folder);
    run(&mut configure).unwrap_or_else(|said| panic!("{said}"));
    let mut build = Command::new(&cmake);
    run(build.args(["--build", "build"]).current_dir(&folder)).unwrap_or_else(|said| panic!("{said}"));
    Some(folder.join("build"))
}

#[test]
fn the_example_is_built_with_cmake() {
    let Some(python) = environment(workshop!()) else { return };
    if let Some(folder) = with_cmake("cclient-cmake", python, &[]) {
        use_example(python, &folder);
    }
}

#[test]
fn the_example_is_linked_with_the_static_library_by_cmake() {
    let (Some(python), Some(default)) =
        (environment(workshop!()), Python::default("the static library by CMake"))
    else {
        return;
    };
    let library = format!("-DINTERBIND_LIBRARY={}", static_library(workshop!(), default).display());
    let Some(folder) = with_cmake("cclient-cmake-static", python, &[library]) else { return };
    let alone =
        "import sys, cclient; print(cclient.norm(cclient.Point(3, 4)), 'interbind._runtime' in sys.modules)";
    let said = run(Command::new(python).args(["-c", alone]).current_dir(&folder));
    assert_eq!(said.unwrap_or_else(|said| panic!("{said}")), "5.0 False\n");
}

/// What the README says of its example in C++.
const README: &str = "
import shapes, measure_cpp
assert measure_cpp.norm(shapes.Point(3, 4)) == 5.0
try:
    measure_cpp.norm('somewhere')
except TypeError as error:
    print(error)
";

#[test]
fn the_readmes_module_of_pybind11_takes_objects_of_a_module_of_pyo3() {
    let what = "the README's example in C++";
    let Some(compiler) = Compiler::of(true, what) else { return };
    let Some(python) = environment_with(workshop!(), "pybind11", what) else { return };
    let python = python.as_path();
    let folder = workshop!().join("readme-cpp");
    std::fs::create_dir_all(&folder).expect("the workshop is writable");
    let default = Python::default(what).expect("the environment is one of it");
    let shapes = Extension::of_repository("shapes", "examples/hello/shapes");
    shapes.build_to(workshop!(), default, &folder.join("shapes.so"));
    let mut arguments =
        ["-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"]
            .map(str::to_owned)
            .to_vec();
    for module in ["pybind11", "interbind"] {
        let flags =
            run(Command::new(python).args(["-m", module, "--includes"])).expect("it says where they are");
        arguments.extend(flags.split_whitespace().map(str::to_owned));
    }
    arguments.push(repository().join("examples/hello/measure_cpp.cpp").display().to_string());
    arguments.extend(["-o".to_owned(), folder.join("measure_cpp.so").display().to_string()]);
    compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
    let said = run(Command::new(python).args(["-c", README]).current_dir(&folder));
    let said = said.unwrap_or_else(|said| panic!("{said}"));
    assert!(said.starts_with("cannot borrow 'str' as org.example.Point (wrong-object)\n"), "{said}");
}

#[test]
fn every_way_to_ask_leads_to_the_headers() {
    let Some(python) = environment(workshop!()) else { return };
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
    let Some(pkg_config) = needed("pkg-config", "the pkg-config file") else { return };
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

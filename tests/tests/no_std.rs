//! `abi` needs neither std nor Python: it is built where there is no std, linked beside another panic handler, and its own
//! tests run under miri, which knows no C.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use interbind_tests::extension::Extension;
use interbind_tests::package::{Package, repository};
use interbind_tests::python::{FOREIGN, Python};
use interbind_tests::skip::{Lack, missing};
use interbind_tests::toolchain::{self, Toolchain};
use interbind_tests::workshop;

/// A target that has `core` and `alloc`, and no std.
const BARE: &str = "x86_64-unknown-none";

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn run(mut cargo: Command, arguments: &[&str]) -> io::Result<Output> {
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    cargo.args(arguments).current_dir(repository()).stdin(Stdio::null());
    cargo.env("CARGO_TARGET_DIR", workshop!().join("no_std"));
    // miri: the failure file of a property lies in the crate's folder, which is outside miri's own world; and each step
    // costs a hundred times as much.
    cargo.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "4");
    cargo.output()
}

#[track_caller]
fn succeeded(output: io::Result<Output>) -> String {
    let output = output.expect("cargo is here: it runs these tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn abi_is_built_for_a_target_without_std() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", BARE]).output();
    let folder = asked
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let arguments = ["build", "-p", "interbind-abi", "--target", BARE];
    if folder.is_some_and(|folder| PathBuf::from(folder.trim()).is_dir()) {
        succeeded(run(cargo(), &arguments));
        return;
    }
    // What the target would bring can be built instead.
    let what = format!("building `abi` for a target that isn't here (`rustup target add {BARE}`)");
    if let Some(toolchain) = Toolchain::with_sources(&what) {
        succeeded(run(toolchain.cargo("core,alloc"), &arguments));
    }
}

#[test]
fn abi_is_linked_beside_another_panic_handler_and_allocator() {
    let package = |name| {
        Package::of("without_std", name)
            .crate_type("staticlib")
            .ours("interbind-abi", "abi", "")
            .feature("std = []")
            .profile("panic = \"abort\"")
    };
    // No Python is involved; the folder is named after what it is built for.
    let nothing = Python {
        version: (0, 0),
        implementation: "none".to_owned(),
        free_threaded: false,
        debug: false,
        thread_sanitizer: false,
        executable: PathBuf::new(),
        suffix: String::new(),
    };
    let good = Extension::of(&package("without_std"), workshop!());
    good.try_build(workshop!(), &nothing).unwrap_or_else(|said| panic!("{said}"));
    // The proof proves something: with std below it, the same crate is refused.
    let bad = Extension::of(&package("with_std"), workshop!()).argument("--features=std");
    let said = bad.try_build(workshop!(), &nothing).unwrap_err();
    assert!(said.contains("E0152"), "{said}");
}

#[test]
fn abi_depends_on_nothing_that_knows_python() {
    let tree =
        succeeded(run(cargo(), &["tree", "--package=interbind-abi", "--edges=normal", "--prefix=none"]));
    assert!(tree.starts_with("interbind-abi "), "{tree}");
    assert!(!tree.contains("pyo3") && !tree.contains("libc "), "{tree}");
    // The arrows of the house: what is shared depends on nobody of ours.
    assert_eq!(tree.lines().filter(|line| line.starts_with("interbind")).count(), 1, "{tree}");
}

#[test]
fn the_unit_tests_of_abi_hold_under_miri() {
    let asked = run(toolchain::cargo("nightly"), &["miri", "--version"]);
    if !asked.is_ok_and(|output| output.stdout.starts_with(b"miri ")) {
        return missing(
            "the unit tests of `abi` under miri",
            Lack::Toolchain("miri"),
            "`cargo +nightly miri --version` doesn't work",
        );
    }
    succeeded(run(toolchain::cargo("nightly"), &["miri", "test", "--package=interbind-abi", "--lib"]));
}

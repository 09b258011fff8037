//! The shim's parts that know nothing of Python, under miri: their tests, and their models with the weak memory and the races
//! that miri looks for, in several runs.
//!
//! They leak as the shim does: records, which are never freed, and what tells a stale pointer from a freed one. What calls Python can't run there: miri knows no C. The unit tests of `abi` are `no_std.rs`' part.

use std::process::{Command, Stdio};

use interbind_tests::package::repository;
use interbind_tests::python::FOREIGN;
use interbind_tests::skip::skip;
use interbind_tests::workshop;

fn miri(arguments: &[&str], flags: &str) -> Command {
    let mut cargo = Command::new("cargo");
    // `CARGO` is this toolchain's own: another one is reached through rustup.
    for name in FOREIGN.iter().copied().chain(["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS"])
    {
        cargo.env_remove(name);
    }
    cargo.args(["+nightly", "miri"]).args(arguments).current_dir(repository().join("tests/fixtures/miri"));
    cargo.env("CARGO_TARGET_DIR", workshop!().join("miri")).env("MIRIFLAGS", flags).stdin(Stdio::null());
    cargo
}

fn is_here(what: &str) -> bool {
    let is_here = miri(&["--version"], "").output().is_ok_and(|output| output.stdout.starts_with(b"miri "));
    if !is_here {
        skip(what, "`cargo +nightly miri --version` doesn't work");
    }
    is_here
}

#[track_caller]
fn hold(test: &str, flags: &str) {
    let output = miri(&["test", "--locked", "--quiet", "--test", test], flags)
        .output()
        .expect("it has answered before");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn the_tests_of_the_parts_hold_under_miri() {
    if is_here("the parts of the shim under miri") {
        hold("parts", "-Zmiri-ignore-leaks");
    }
}

#[test]
fn the_models_hold_under_miri_whichever_way_threads_take_turns() {
    if is_here("the models of the lock-free parts under miri") {
        hold("models", "-Zmiri-ignore-leaks -Zmiri-permissive-provenance -Zmiri-many-seeds=0..4");
    }
}

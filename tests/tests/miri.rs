//! The structures that know nothing of Python, under miri: their tests, and their models with the weak memory and the races that
//! miri looks for, in several runs.
//!
//! They leak as the shim does: records, which are never freed, and what tells a stale pointer from a freed one. What calls Python
//! can't run there: miri knows no C. The unit tests of `abi` are `no_std.rs`' part.

use std::process::{Command, Stdio};

use interbind_tests::package::repository;
use interbind_tests::python::FOREIGN;
use interbind_tests::skip::{Lack, missing};
use interbind_tests::workshop;

const FLAGS: &str = "-Zmiri-ignore-leaks -Zmiri-permissive-provenance -Zmiri-many-seeds=0..4";

fn miri(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    // `CARGO` is this toolchain's own: another one is reached through rustup.
    for name in FOREIGN.iter().copied().chain(["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS"])
    {
        cargo.env_remove(name);
    }
    cargo.args(["+nightly", "miri"]).args(arguments).current_dir(repository());
    cargo.env("CARGO_TARGET_DIR", workshop!().join("miri")).env("MIRIFLAGS", FLAGS).stdin(Stdio::null());
    cargo
}

#[test]
fn the_structures_hold_under_miri_whichever_way_threads_take_turns() {
    let asked = miri(&["--version"]).output();
    if !asked.is_ok_and(|output| output.stdout.starts_with(b"miri ")) {
        return missing(
            "the structures under miri",
            Lack::Toolchain("miri"),
            "`cargo +nightly miri --version` doesn't work",
        );
    }
    let output = miri(&["test", "--locked", "--quiet", "--package=interbind-structures", "--lib"])
        .output()
        .expect("it has answered before");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

//! Systems on which nothing can be run here: what another library links is compiled for them, where rustup has the target.
//!
//! A check needs no linker and no system library, so this proves that the code is complete there, not that it works.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use interbind_tests::package::{repository, write_if_changed};
use interbind_tests::python::FOREIGN;
use interbind_tests::skip::{Lack, missing, skip};
use interbind_tests::workshop;

/// The targets: each C ABI, each file format, another processor.
const TARGETS: [&str; 4] =
    ["x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu", "aarch64-apple-darwin", "aarch64-unknown-linux-gnu"];

/// Whether this toolchain has a target's `core`.
fn is_here(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output();
    let folder = asked.ok().filter(|output| output.status.success());
    let folder = folder.and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| PathBuf::from(folder.trim()).is_dir())
}

#[track_caller]
fn check(target: &str, arguments: &[&str], config: &str) {
    let file = workshop!().join(format!("config-{target}.txt"));
    write_if_changed(&file, config);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    cargo.args(["check", "--quiet", "--target", target]).args(arguments).current_dir(repository());
    cargo.env("CARGO_TARGET_DIR", workshop!().join("targets")).env("PYO3_CONFIG_FILE", &file);
    cargo.env("RUSTFLAGS", "-Dwarnings").stdin(Stdio::null());
    let output = cargo.output().expect("cargo is here: it runs these tests");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{target} {arguments:?}\n{config}\n{said}");
}

fn config(version: &str, free_threaded: bool) -> String {
    let flags = if free_threaded { "Py_GIL_DISABLED" } else { "" };
    format!(
        "implementation=CPython\nversion={version}\nshared=true\nabi3=false\npointer_width=64\nbuild_flags={flags}\n\
         suppress_build_script_link_lines=true\n"
    )
}

#[test]
fn what_others_link_is_compiled_for_systems_on_which_it_is_not_run() {
    for target in TARGETS {
        let what = format!("compiling for {target}");
        if !is_here(target) {
            missing(
                &what,
                Lack::Toolchain(target),
                &format!("the target isn't here: `rustup target add {target}`"),
            );
            continue;
        }
        skip(&format!("running on {target}"), "only compiled");
        check(target, &["--package=interbind-abi"], "");
        // The oldest asks for the most of the system; the other has no GIL.
        for config in [config("3.9", false), config("3.14", true)] {
            check(target, &["--package=interbind"], &config);
            check(target, &["--package=interbind", "--features=pyo3"], &config);
            check(target, &["--package=interbind", "--features=pyo3", "--no-default-features"], &config);
        }
    }
}

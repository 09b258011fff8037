//! `abi` needs neither std nor Python: it is built where there is no std, linked beside another panic handler, and its own
//! tests run under miri, which knows no C.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use interbind_tests::extension::Extension;
use interbind_tests::package::{Package, repository};
use interbind_tests::python::{FOREIGN, Python};
use interbind_tests::skip::skip;
use interbind_tests::toolchain::{self, Toolchain};
use interbind_tests::workshop;

/// A target that has `core` and `alloc`, and no std.
const BARE: &str = "x86_64-unknown-none";

/// Brings a panic handler and an allocator of its own: if anything below it pulled in std, there would be two
/// (`duplicate lang item`, E0152). Uses what readers of notes and records use, so that it's linked, not just compiled.
const SOURCE: &str = "//! Everything without std.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

struct Nothing;

// SAFETY: nothing is ever given out.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub extern \"C\" fn everything(bytes: *const u8, len: usize) -> usize {
    // SAFETY: the caller's text.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, len) };
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    let data = text.parse::<interbind_abi::types::Data>().is_ok();
    let platform = text.parse::<interbind_abi::Platform>().is_ok();
    let differences = interbind_abi::diff::differences(text, text).map_or(0, |found| found.len());
    interbind_abi::note::read(bytes).len() + differences + usize::from(data) + usize::from(platform)
}
";

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
    let package = Package::new("without_std", SOURCE)
        .crate_type("staticlib")
        .ours("interbind-abi", "abi", "")
        .profile("panic = \"abort\"")
        .profile("debug = false");
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
    let good = Extension::of(&package, workshop!());
    good.try_build(workshop!(), &nothing).unwrap_or_else(|said| panic!("{said}"));
    // The proof proves something: with std below it, the same crate is refused.
    let package = Package::new("with_std", format!("{SOURCE}\nextern crate std;\n"))
        .crate_type("staticlib")
        .ours("interbind-abi", "abi", "")
        .profile("panic = \"abort\"")
        .profile("debug = false");
    let said = Extension::of(&package, workshop!()).try_build(workshop!(), &nothing).unwrap_err();
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
        return skip("the unit tests of `abi` under miri", "`cargo +nightly miri --version` doesn't work");
    }
    succeeded(run(toolchain::cargo("nightly"), &["miri", "test", "--package=interbind-abi", "--lib"]));
}

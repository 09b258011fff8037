//! Compilers and cargo run once: what they made is used again until a flag, a header or a source is another one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use interbind_tests::compile::compile;
use interbind_tests::extension::Extension;
use interbind_tests::native::Compiler;
use interbind_tests::package::Package;
use interbind_tests::python::Python;
use interbind_tests::workshop;

/// A folder of this process for a test.
fn folder(name: &str) -> PathBuf {
    let folder = workshop!().join(format!("built-{name}-{}", process::id()));
    fs::create_dir_all(folder.join("headers")).expect("the workshop is writable");
    folder
}

/// A script that runs the compiler, and counts how often it does.
fn counted(folder: &Path, compiler: &Compiler) -> String {
    let counted = folder.join("counted");
    let script =
        format!("echo once >> '{}/runs'\nexec '{}' \"$@\"\n", folder.display(), compiler.program.display());
    fs::write(&counted, script).expect("the workshop is writable");
    counted.display().to_string()
}

fn runs(folder: &Path) -> usize {
    fs::read_to_string(folder.join("runs")).unwrap_or_default().lines().count()
}

#[cfg(unix)]
#[test]
fn a_changed_header_a_changed_flag_and_a_broken_entry_are_compiled_again() {
    let what = "what was compiled before";
    let Some(compiler) = Compiler::of(false, what) else { return };
    let folder = folder("compiled");
    let (shell, script) = (Path::new("/bin/sh"), counted(&folder, &compiler));
    let (source, header, out) = (folder.join("one.c"), folder.join("headers/number.h"), folder.join("one.o"));
    fs::write(&source, "#include <number.h>\nint number(void) { return NUMBER; }\n").expect("it is writable");
    fs::write(&header, "#define NUMBER 1\n").expect("it is writable");
    let arguments = |more: &[&str]| -> Vec<String> {
        let include = format!("-I{}", folder.join("headers").display());
        let (source, out) = (source.display().to_string(), out.display().to_string());
        let mut all = vec![script.clone(), "-c".to_owned(), include, source, "-o".to_owned(), out];
        all.extend(more.iter().map(|&word| word.to_owned()));
        all
    };
    let made = |more: &[&str]| {
        compile(shell, &arguments(more)).unwrap_or_else(|said| panic!("{said}"));
        (runs(&folder), fs::read(&out).expect("it was compiled"))
    };
    let (count, first) = made(&[]);
    assert_eq!(count, 1);
    // The copy is the test's own.
    fs::write(&out, "spoiled").expect("it is ours");
    assert_eq!(made(&[]), (1, first.clone()));
    assert_eq!(made(&["-DMORE"]).0, 2, "a flag");
    fs::write(&header, "#define NUMBER 2\n").expect("it is writable");
    let (count, second) = made(&[]);
    assert_eq!(count, 3, "a header");
    assert_ne!(first, second);
    fs::write(folder.join("number.h"), "#define NUMBER 3\n").expect("it is writable");
    assert_eq!(made(&[]).0, 3, "what stands beside the source isn't looked at for <>");
    fs::write(folder.join("headers/other.h"), "").expect("it is writable");
    assert_eq!(made(&[]), (4, second), "a name in a folder of headers");
    // What fails is said each time, and is kept nowhere.
    fs::write(&header, "#error no number\n").expect("it is writable");
    for count in [5, 6] {
        let said = compile(shell, &arguments(&[])).expect_err("it can't be compiled");
        assert!(said.contains("no number"), "{said}");
        assert_eq!(runs(&folder), count);
    }
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn an_extension_is_built_by_cargo_again_when_its_source_or_a_flag_is_another_one() {
    let Some(python) = Python::default("extensions that were built before") else { return };
    let folder = folder("extension");
    let package = |number: u32| {
        let source = format!("#[unsafe(no_mangle)]\npub extern \"C\" fn number() -> u32 {{ {number} }}\n");
        Extension::of(&Package::new("kept_extension", source), &folder)
    };
    let time = |file: &Path| fs::metadata(file).and_then(|found| found.modified()).expect("it was built");
    let first = package(1).build(&folder, python);
    let (built, bytes) = (time(&first), fs::read(&first).expect("it was built"));
    assert_eq!(time(&package(1).build(&folder, python)), built);
    let other = package(1).release().build(&folder, python);
    assert_ne!(other, first, "another profile is another entry");
    let again = package(2).build(&folder, python);
    assert_eq!(again, first);
    assert_ne!(fs::read(&again).expect("it was built"), bytes, "a source");
    fs::write(&again, "broken").expect("it is ours");
    assert_ne!(fs::read(package(2).build(&folder, python)).expect("it was built"), b"broken");
    let said = Extension::of(&Package::new("kept_extension", "fn"), &folder)
        .try_build(&folder, python)
        .expect_err("it is no code");
    assert!(said.contains("error"), "{said}");
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn two_packages_of_a_name_are_two_extensions() {
    let Some(python) = Python::default("packages of one name") else { return };
    let folder = folder("namesakes");
    let built = |place: &str, number: u32| {
        let source = format!("#[unsafe(no_mangle)]\npub extern \"C\" fn number_{number}() {{}}\n");
        let package = Extension::of(&Package::new("namesake", source), &folder.join(place));
        fs::read(package.build(&folder, python)).expect("it was built")
    };
    let has = |file: &[u8], name: &[u8]| file.windows(name.len()).any(|window| window == name);
    assert!(has(&built("one", 1), b"number_1"));
    assert!(has(&built("two", 2), b"number_2"));
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn a_crate_is_compiled_once_for_all_target_folders() {
    let Some(python) = Python::default("crates that were compiled before") else { return };
    let folder = folder("crates");
    let compiled = |workshop: &str| {
        let workshop = folder.join(workshop);
        // Another source for each process: what is built isn't in the cache.
        let source = format!("pub use interbind_abi::header::MAX_STRUCT_SIZE as _;\n// {}\n", process::id());
        let package = Package::new("compiled_once", source).ours("interbind-abi", "abi", "");
        Extension::of(&package, &workshop).build(&workshop, python);
        let deps = workshop.join("build").join(python.to_string()).join("debug/deps");
        let files = fs::read_dir(deps).expect("it was built").flatten();
        let times = files.filter(|file| file.file_name().to_string_lossy().ends_with(".rlib"));
        let time = |file: fs::DirEntry| {
            (file.file_name(), file.metadata().and_then(|it| it.modified()).expect("it was built"))
        };
        times.map(time).collect::<BTreeMap<_, _>>()
    };
    let (first, second) = (compiled("one"), compiled("two"));
    for (name, time) in &second {
        assert_eq!(first.get(name), Some(time), "{name:?}");
    }
    assert!(second.keys().any(|name| name.to_string_lossy().starts_with("libinterbind_abi-")));
    fs::remove_dir_all(folder).expect("it is ours");
}

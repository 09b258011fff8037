//! The C headers: what is checked in is what the records say, every compiler reads it alike, and none has a complaint.
//!
//! `INTERBIND_HEADER=write cargo test -p interbind-tests --test c_headers` writes the generated one anew. A compiler or an
//! interpreter's headers that are missing are skipped, visibly.

use std::path::Path;
use std::{env, fs};

use interbind_tests::header;
use interbind_tests::native::{Compiler, STRICT, include, includes};
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::workshop;

#[test]
fn the_header_is_what_the_records_say() {
    let file = repository().join("shim/include/interbind/abi.h");
    let written = header::header();
    if env::var_os("INTERBIND_HEADER").is_some_and(|mode| mode == "write") {
        fs::write(&file, &written).expect("the header is writable");
    }
    let found = fs::read_to_string(&file).expect("the header is in the repository");
    assert!(found == written, "abi.h isn't what the records say; see the head of this file");
}

/// Compiles a source without making anything of it.
fn complain(compiler: &Compiler, dialect: &str, more: &[String], source: &Path) -> Option<String> {
    let mut arguments: Vec<_> = STRICT.iter().map(|flag| (*flag).to_owned()).collect();
    arguments.push(format!("-std={dialect}"));
    // A C file is read as C++ too.
    arguments.extend(["-x", if compiler.is_cpp { "c++" } else { "c" }, "-fsyntax-only"].map(str::to_owned));
    arguments.extend_from_slice(more);
    arguments.push(source.display().to_string());
    compiler.run(&arguments).err()
}

#[track_caller]
fn assert_quiet(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_compiler_finds_the_fields_where_the_records_have_them() {
    let source = workshop!().join("assertions.c");
    fs::write(&source, header::assertions()).expect("the workshop is writable");
    let ours = [format!("-I{}", repository().join("shim/include").display())];
    let compilers = Compiler::all("layout of the records in C");
    let complaints = compilers.iter().filter_map(|compiler| {
        complain(compiler, if compiler.is_cpp { "c++11" } else { "c11" }, &ours, &source)
    });
    assert_quiet(complaints.collect());
}

#[test]
fn a_field_that_moved_is_found() {
    let Some(compiler) = Compiler::of(false, "a field that moved") else { return };
    let moved = header::assertions().replacen(
        "offsetof(interbind_core, state) == 96",
        "offsetof(interbind_core, state) == 100",
        1,
    );
    let source = workshop!().join("moved.c");
    fs::write(&source, moved).expect("the workshop is writable");
    let ours = [format!("-I{}", repository().join("shim/include").display())];
    let said = complain(&compiler, "c11", &ours, &source).expect("the field stands at 96");
    assert!(said.contains("offsetof(interbind_core, state) == 100"), "{said}");
}

#[test]
fn no_compiler_complains_in_any_dialect_for_any_python() {
    let what = "the headers, compiled";
    let compilers = Compiler::all(what);
    let fixtures = repository().join("tests/fixtures/capi");
    let complain_for = |python: &Python| {
        let mut complaints = Vec::new();
        let Some(headers) = include(python, what) else { return complaints };
        // The limited API came to free-threaded builds with 3.15, and with it abi3t.
        let apis = [
            (true, ""),
            (!python.free_threaded, "-DPy_LIMITED_API=0x03090000"),
            (python.implementation == "cpython" && python.version >= (3, 15), "-DPy_TARGET_ABI3T=0x030f0000"),
        ];
        let apis = apis.iter().filter(|(is_there, _)| *is_there).map(|(_, flag)| *flag);
        for (compiler, api) in compilers.iter().flat_map(|one| apis.clone().map(move |api| (one, api))) {
            let mut more = includes(&headers);
            more.extend((!api.is_empty()).then(|| api.to_owned()));
            let dialects: &[&str] = if compiler.is_cpp { &["c++11", "c++17", "c++20"] } else { &["c11"] };
            for dialect in dialects {
                complaints.extend(complain(compiler, dialect, &more, &fixtures.join("every.c")));
            }
            // The client in C++ lays out its objects itself.
            let lays_out = !api.contains("ABI3T");
            for dialect in dialects.iter().filter(|dialect| lays_out && !["c11", "c++11"].contains(dialect)) {
                more.push("-DMODULE=client".to_owned());
                complaints.extend(complain(compiler, dialect, &more, &fixtures.join("client.cpp")));
            }
        }
        complaints
    };
    let complaints = std::thread::scope(|scope| {
        let complain_for = &complain_for;
        let all: Vec<_> =
            Python::all().iter().map(|python| scope.spawn(move || complain_for(python))).collect();
        all.into_iter().flat_map(|one| one.join().expect("compilers are only run")).collect()
    });
    assert_quiet(complaints);
}

#[test]
fn what_is_missing_is_said_by_the_preprocessor() {
    let what = "a limited API that is too old";
    let (Some(compiler), Some(python)) = (Compiler::of(false, what), Python::default(what)) else { return };
    let Some(headers) = include(python, what) else { return };
    let mut more = includes(&headers);
    more.push("-DPy_LIMITED_API=0x03080000".to_owned());
    let source = repository().join("tests/fixtures/capi/every.c");
    let said = complain(&compiler, "c11", &more, &source).expect("3.8 is too old");
    assert!(said.contains("interbind needs Py_LIMITED_API of 0x03090000 or more"), "{said}");
}

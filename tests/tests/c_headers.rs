//! The C headers: every compiler reads what is checked in alike, and none has a complaint. A compiler or an interpreter's
//! headers that are missing are skipped, visibly.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use interbind_tests::native::{Compiler, STRICT, include, includes};
use interbind_tests::package::repository;
use interbind_tests::python::{Python, program};
use interbind_tests::skip::{Lack, missing};
use interbind_tests::workshop;
use xtask::generate::header;

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
        "offsetof(interbind_core, state) == 112",
        "offsetof(interbind_core, state) == 104",
        1,
    );
    let source = workshop!().join("moved.c");
    fs::write(&source, moved).expect("the workshop is writable");
    let ours = [format!("-I{}", repository().join("shim/include").display())];
    let said = complain(&compiler, "c11", &ours, &source).expect("the field stands at 112");
    assert!(said.contains("offsetof(interbind_core, state) == 104"), "{said}");
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
            // Functions lay out their objects themselves.
            if !api.contains("ABI3T") {
                for dialect in dialects {
                    complaints.extend(complain(
                        compiler,
                        dialect,
                        &more,
                        &fixtures.join("function_headers.c"),
                    ));
                }
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

/// The folders that clang reads the system's headers from, C++'s first.
fn system_headers(clang: &Path) -> Vec<String> {
    let output = Command::new(clang).args(["-E", "-x", "c++", "-v", "/dev/null"]).output();
    let said = String::from_utf8_lossy(&output.expect("it was found").stderr).into_owned();
    let listed = said.lines().skip_while(|line| !line.starts_with("#include <...>")).skip(1);
    listed.map_while(|line| line.strip_prefix(' ')).map(|folder| folder.trim().to_owned()).collect()
}

/// clang in the mode of cl.exe, once with its own builtins and once with Microsoft's intrinsics, which are declared by a
/// stand-in. The system's headers are this machine's, made fit by the other stand-ins.
#[test]
fn the_headers_compile_for_windows() {
    let what = "the headers, for Windows";
    let (Some(clang), Some(python)) = (program("clang++"), Python::default(what)) else {
        return missing(what, Lack::Program("clang++"), "no `clang++` on PATH");
    };
    let Some(headers) = include(python, what) else { return };
    let fixtures = repository().join("tests/fixtures");
    let stands_in = fixtures.join("msvc");
    let ours: &[&str] = &["every.c"];
    let cpp: &[&str] = &["every.c", "client.cpp"];
    let mut complaints = Vec::new();
    for (language, dialect, sources) in [("c", "c11", ours), ("c++", "c++17", cpp)] {
        let is_cpp = language == "c++";
        let folders = system_headers(&clang).into_iter().filter(|folder| is_cpp || !folder.contains("c++"));
        let mut more: Vec<_> = ["--target=x86_64-pc-windows-msvc", "-fms-compatibility", "-DMODULE=client"]
            .into_iter()
            // Whoever includes a header uses some of it.
            .chain(["-Wno-unused-function", "-include"])
            .map(str::to_owned)
            .collect();
        more.push(stands_in.join("before.h").display().to_string());
        for folder in [stands_in.display().to_string()].into_iter().chain(folders) {
            more.extend(["-isystem".to_owned(), folder]);
        }
        more.extend(includes(&headers));
        let compiler = Compiler { program: clang.clone(), is_cpp };
        for branch in ["-DOF_CLANG", "-DINTERBIND_COMPILER_MSVC"] {
            let mut flags = more.clone();
            flags.push(branch.to_owned());
            for source in sources {
                complaints.extend(complain(&compiler, dialect, &flags, &fixtures.join("capi").join(source)));
            }
        }
    }
    assert_quiet(complaints);
}

/// The records are laid out for pointers of 64 bits.
#[test]
fn a_target_of_32_bits_is_refused_by_the_preprocessor() {
    let Some(compiler) = Compiler::of(false, "a target of 32 bits") else { return };
    let source = workshop!().join("small.c");
    // The system's headers for 32 bits are seldom installed: these four lines are what counts of them.
    let text = "#define _STDINT_H\n#define UINTPTR_MAX 0xffffffffu\n#define UINT64_MAX 0xffffffffffffffffull\n\
                #if __SIZEOF_POINTER__ != 4\n#error not a target of 32 bits\n#endif\n#include <interbind/abi.h>\n";
    fs::write(&source, text).expect("the workshop is writable");
    let folder = workshop!().join("small");
    fs::create_dir_all(&folder).expect("the workshop is writable");
    fs::write(folder.join("stdint.h"), "").expect("the workshop is writable");
    let ours = repository().join("shim/include");
    let flags = ["-m32", "-E", "-o", "/dev/null", "-I"].map(str::to_owned).into_iter();
    let flags = flags.chain([folder.display().to_string(), format!("-I{}", ours.display())]);
    let flags: Vec<_> = flags.chain([source.display().to_string()]).collect();
    let said = compiler.run(&flags).expect_err("pointers have 32 bits");
    assert!(said.contains("interbind shares records between 64-bit builds only"), "{said}");
    assert!(!said.contains("not a target of 32 bits"), "{said}");
}

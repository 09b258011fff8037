//! The build note is in every extension that uses the shim, says what `module!` said, and outlives every linker option.

use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_abi::note::ModuleNote;
use interbind_abi::platform::Api;
use interbind_abi::types::Data;
use interbind_doctor::facts::FrameworkKind;
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_tests::examples;
use interbind_tests::extension::Extension;
use interbind_tests::native;
use interbind_tests::note;
use interbind_tests::package::Package;
use interbind_tests::python::{Python, needed, program};
use interbind_tests::skip::{Lack, missing};
use interbind_tests::workshop;

/// Provider and consumer at once, on bare pyo3-ffi: it does nothing but say so.
const SOURCE: &str = "//! Says what it is.
use frame_api::{Point, Series, Span};

interbind::module! {
    name = \"NAME\",
    provides = [Point, dyn Series],
    consumes = [Span ^1, dyn Series \">=2.0, <4\"],
}

#[unsafe(no_mangle)]
pub extern \"C\" fn PyInit_NAME() -> *mut core::ffi::c_void {
    core::ptr::null_mut()
}
";

/// What a build may do to a file: the profile's lines, and arguments of the compiler.
struct Variant {
    name: &'static str,
    panic: &'static str,
    profile: &'static [&'static str],
    arguments: &'static [&'static str],
}

const VARIANTS: &[Variant] = &[
    Variant {
        name: "plain",
        panic: "unwind",
        profile: &["opt-level = 0", "debug = true", "lto = \"off\"", "codegen-units = 16"],
        arguments: &[],
    },
    Variant {
        name: "fat",
        panic: "abort",
        profile: &[
            "opt-level = \"s\"",
            "lto = \"fat\"",
            "codegen-units = 1",
            "panic = \"abort\"",
            "strip = \"symbols\"",
        ],
        arguments: &["-Clink-arg=-Wl,--gc-sections"],
    },
    Variant {
        name: "thin",
        panic: "unwind",
        profile: &["opt-level = 1", "lto = \"thin\"", "codegen-units = 16", "strip = \"debuginfo\""],
        arguments: &["-Clink-arg=-Wl,--gc-sections", "-Clink-arg=-Wl,--as-needed", "-Clink-arg=-Wl,-O1"],
    },
];

fn build(variant: &Variant, python: &Python, name: &str, more: &[&str]) -> PathBuf {
    let mut package = Package::new(name, SOURCE.replace("NAME", name))
        .version("4.5.6-alpha.1")
        .ours("frame-api", "examples/frame-api", "")
        .ours("interbind", "shim", "");
    for line in variant.profile {
        package = package.profile(*line);
    }
    let mut extension = Extension::of(&package, workshop!()).release().argument("--");
    for argument in variant.arguments.iter().chain(more) {
        extension = extension.argument(argument);
    }
    let file = workshop!().join("notes").join(format!("{name}.so"));
    extension.build_to(workshop!(), python, &file);
    file
}

/// The roles as text, as `module!` was told them.
fn roles(note: &ModuleNote) -> String {
    let provides = note.provides.iter().map(|(name, version)| format!("+{name} {version}"));
    let consumes = note.consumes.iter().map(|(name, requirement)| format!("-{name} {requirement}"));
    provides.chain(consumes).collect::<Vec<_>>().join("; ")
}

/// The shared types of `frame-api`, whose notes come with the crate, whether an extension uses them or not.
const TYPES: &[&str] = &["org.frame.Point", "org.frame.Span", "org.frame.Tally", "org.frame.Series"];

#[track_caller]
fn assert_types(file: &Path) {
    let found = note::descriptors(file);
    let names: Vec<_> = found.iter().filter_map(|text| text.split(' ').nth(1)).collect();
    for name in TYPES {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for text in found.iter().filter(|text| text.starts_with("data ")) {
        assert_eq!(text.parse::<Data>().map(|data| data.to_string()).as_ref(), Ok(text));
    }
}

#[track_caller]
fn assert_said(file: &Path, variant: &Variant, name: &str) {
    let said = note::module(file);
    assert_eq!((said.name.as_str(), said.version.as_str()), (name, "4.5.6-alpha.1"));
    assert_eq!(said.panic, variant.panic);
    assert_eq!(said.interbind, env!("CARGO_PKG_VERSION"));
    assert!(said.compiler.starts_with("rustc 1."), "{}", said.compiler);
    assert_eq!(
        roles(&said),
        "+org.frame.Point 1.2.0; +org.frame.Series 2.1.0; -org.frame.Span ^1.0.0; -org.frame.Series >=2.0.0, <4.0.0"
    );
    assert_types(file);
}

#[test]
fn no_linker_option_loses_the_note() {
    let Some(python) = Python::default("build notes") else { return };
    for variant in VARIANTS {
        let name = format!("noted_{}", variant.name);
        let file = build(variant, python, &name, &[]);
        assert_said(&file, variant, &name);
        assert_readable(&file);
    }
}

#[test]
fn another_linker_keeps_the_note_too() {
    let Some(python) = Python::default("build notes") else { return };
    let linkers = ["bfd", "gold", "lld", "mold"];
    let found: Vec<_> = linkers.iter().filter(|name| program(&format!("ld.{name}")).is_some()).collect();
    if found.is_empty() {
        missing(
            "build notes under other linkers",
            Lack::Program("ld"),
            "no `ld.bfd`, `ld.gold`, `ld.lld` or `ld.mold` on PATH",
        );
    }
    for linker in found {
        let name = format!("noted_{linker}");
        let choice = format!("-Clink-arg=-fuse-ld={linker}");
        // rustc's own lld is the default on some targets; this says which one counts.
        let file = build(&VARIANTS[0], python, &name, &[&choice, "-Clink-arg=-Wl,--gc-sections"]);
        assert_said(&file, &VARIANTS[0], &name);
        assert_readable(&file);
    }
}

#[test]
fn a_stripped_file_keeps_the_note() {
    let Some(python) = Python::default("build notes") else { return };
    let Some(strip) = needed("strip", "a stripped file keeps the note") else { return };
    let variant = &VARIANTS[0];
    let name = format!("noted_{}", variant.name);
    let original = build(variant, python, &name, &[]);
    for options in
        [&["--strip-all"][..], &["--strip-debug"], &["--strip-unneeded", "--remove-section=.comment"]]
    {
        let file = original.with_extension("stripped");
        let ended = Command::new(&strip).args(options).arg("-o").arg(&file).arg(&original).status().unwrap();
        assert!(ended.success(), "strip {options:?}");
        assert_said(&file, variant, &name);
        assert_readable(&file);
    }
}

/// Other tools read the section as the ELF notes that it is.
#[track_caller]
fn assert_readable(file: &Path) {
    let Some(readelf) = needed("readelf", "`readelf -n` on a build note") else { return };
    let output = Command::new(readelf)
        .arg("-n")
        .arg("-W")
        .arg(file)
        .env("LC_ALL", "C")
        .output()
        .expect("`readelf` was found");
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let all = format!("{said}{complaints}");
    assert!(output.status.success() && said.contains("interbind"), "{all}");
    assert!(!all.to_lowercase().contains("corrupt") && !all.contains("arning"), "{all}");
}

#[test]
fn each_example_says_its_roles_and_its_panic_strategy() {
    let Some(python) = examples::python("build notes of the examples") else { return };
    let point = "org.frame.Point";
    for (name, version, panic, expected) in [
        (
            "frame",
            "2.0.4",
            "unwind",
            format!("+{point} 1.2.0; +org.frame.Span 1.0.0; +org.frame.Tally 1.0.0; +org.frame.Series 2.1.0"),
        ),
        (
            "stats",
            "0.3.1",
            "abort",
            format!(
                "-{point} ^1.2.0; -org.frame.Span ^1.0.0; -org.frame.Tally ^1.0.0; -org.frame.Series ^2.0.0"
            ),
        ),
        ("rawstats", "0.1.0", "unwind", format!("-{point} ^1.2.0; -org.frame.Series ^2.0.0")),
    ] {
        let file = Extension::example(name).build(workshop!(), python);
        let said = note::module(&file);
        assert_eq!((said.name.as_str(), said.version.as_str(), said.panic.as_str()), (name, version, panic));
        assert_eq!(roles(&said), expected);
        assert_types(&file);
    }
}

#[test]
fn the_platform_that_the_shims_build_script_writes_parses_and_names_this_machine() {
    let Some(python) = Python::default("the platform of a build") else { return };
    let file = build(&VARIANTS[0], python, "noted_plain", &[]);
    let platform = note::module(&file).platform;
    assert_eq!(platform.to_string().parse(), Ok(platform.clone()));
    assert_eq!(
        (platform.os.as_str(), platform.arch.as_str()),
        (std::env::consts::OS, std::env::consts::ARCH)
    );
    assert_eq!(
        (u32::from(platform.bits), platform.python.as_str()),
        (usize::BITS, python.implementation.as_str())
    );
    let (major, minor) = python.version;
    assert_eq!(platform.api, Api::Full(u8::try_from(major).unwrap(), u8::try_from(minor).unwrap()));
    assert_eq!((platform.gil, platform.debug), (Some(!python.free_threaded), python.debug));
}

/// A module in C and in C++, by the macros of the headers.
const NATIVE: &str = "#include <interbind/interbind.h>
INTERBIND_NOTE(\"stats\", \"0.3.1\",
    INTERBIND_PROVIDES(\"org.stats.Summary\", \"1.0.0\") INTERBIND_CONSUMES(\"org.frame.Point\", \"^1.2.0\"));
INTERBIND_NOTE_TYPE(summary, \"1.0.0\", \"data org.stats.Summary size 8 align 8 { x: f64 @0 }\");
PyMODINIT_FUNC PyInit_stats(void) { return NULL; }
";

#[test]
fn a_module_in_c_says_the_same_with_every_compiler() {
    let what = "notes in C";
    let Some(python) = Python::default(what) else { return };
    let Some(headers) = native::include(python, what) else { return };
    let folder = workshop!().join("notes-in-c");
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    for (i, compiler) in native::Compiler::all(what).iter().enumerate() {
        let source = folder.join(if compiler.is_cpp { "stats.cpp" } else { "stats.c" });
        std::fs::write(&source, NATIVE).expect("the folder is writable");
        for (name, runtime, flag) in [("bare", "wheel", "-O0"), ("static", "static", "-DINTERBIND_STATIC")] {
            let file = folder.join(format!("stats-{i}-{name}.so"));
            let mut words: Vec<String> = native::includes(&headers);
            let flags = [
                "-shared",
                "-fPIC",
                "-O2",
                "-ffunction-sections",
                "-fdata-sections",
                "-Wl,--gc-sections",
                "-s",
                flag,
            ];
            words.extend(flags.map(str::to_owned));
            words.extend(native::STRICT.iter().map(|flag| (*flag).to_owned()));
            let path = |path: &Path| path.display().to_string();
            // What the static library would have is looked for when the module is loaded, which it isn't.
            words.extend([path(&source), "-o".to_owned(), path(&file)]);
            compiler.run(&words).unwrap_or_else(|said| panic!("{said}"));
            let said = note::module(&file);
            assert_eq!(
                (said.name.as_str(), said.version.as_str(), said.panic.as_str()),
                ("stats", "0.3.1", "none")
            );
            assert_eq!(said.runtime.as_deref(), Some(runtime), "{compiler:?}");
            assert_eq!(roles(&said), "+org.stats.Summary 1.0.0; -org.frame.Point ^1.2.0");
            assert_eq!(note::descriptors(&file), ["data org.stats.Summary size 8 align 8 { x: f64 @0 }"]);
        }
    }
}

/// Types that two sources of one module share, and one that only one of them has.
const DECLARED: &str = "#include <interbind/data.hpp>
namespace frame {
struct Point { double x, y; };
enum class Stroke : std::int8_t { Solid = -1, Dashed = 3 };
struct Span { Point from, to[2]; Stroke stroke; bool visible; interbind::reserved<6> reserved; };
}
INTERBIND_DATA(frame::Point, \"org.frame.Point\", \"1.2.0\", x, y)
INTERBIND_ENUM(frame::Stroke, Solid, Dashed)
INTERBIND_DATA(frame::Span, \"org.frame.Span\", \"10.20.30\", from, to, stroke, visible, reserved)
";

#[test]
fn a_struct_in_cpp_says_its_layout_in_the_file() {
    let what = "notes in C++";
    let Some(python) = Python::default(what) else { return };
    let Some(headers) = native::include(python, what) else { return };
    let folder = workshop!().join("notes-in-cpp");
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the folder is writable");
        path.display().to_string()
    };
    write("types.hpp", DECLARED);
    let one = write(
        "one.cpp",
        "#include \"types.hpp\"\nINTERBIND_NOTE(\"spans\", \"0.3.1\", INTERBIND_PROVIDES(\"org.frame.Span\", \"10.20.30\"));
PyMODINIT_FUNC PyInit_spans(void) { return nullptr; }\n",
    );
    let two = write(
        "two.cpp",
        "#include \"types.hpp\"\nstruct Own { std::uint16_t only; };\nINTERBIND_DATA(Own, \"org.own\", \"1.0.0\", only)\n",
    );
    let point = "data org.frame.Point size 16 align 8 { x: f64 @0; y: f64 @8 }";
    let expected = [
        point.to_owned(),
        format!(
            "data org.frame.Span size 56 align 8 {{ from: {point} @0; to: [{point}; 2] @16; \
             stroke: enum i8 {{ Solid = -1, Dashed = 3 }} @48; visible: bool @49; reserved: reserved 6 @50 }}"
        ),
        "data org.own size 2 align 2 { only: u16 @0 }".to_owned(),
    ];
    for (i, compiler) in native::Compiler::all(what).iter().filter(|compiler| compiler.is_cpp).enumerate() {
        for optimised in ["-O0", "-O2"] {
            let file = folder.join(format!("spans-{i}{optimised}.so"));
            let mut words: Vec<String> = native::includes(&headers);
            words.extend(["-shared", "-fPIC", "-std=c++17", optimised].map(str::to_owned));
            words.extend(
                ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-s"].map(str::to_owned),
            );
            words.extend(native::STRICT.iter().map(|flag| (*flag).to_owned()));
            words.extend([one.clone(), two.clone(), "-o".to_owned(), file.display().to_string()]);
            compiler.run(&words).unwrap_or_else(|said| panic!("{said}"));
            let mut said = note::descriptors(&file);
            said.sort();
            said.dedup();
            assert_eq!(said, expected, "{compiler:?} {optimised}");
            // The adapters' code is in the file, and none of the libraries for which they are.
            let read = inspect(&[file], &Options::default(), &Quiet);
            let kinds: Vec<_> = read.modules[0].frameworks.iter().map(|found| found.kind).collect();
            assert_eq!(kinds, [FrameworkKind::Interbind], "{compiler:?} {optimised}");
        }
    }
}

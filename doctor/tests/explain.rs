//! What people paste, and what `explain` takes it for: texts as they stand in issue trackers and logs, with their noise.

use std::collections::BTreeSet;

use interbind_doctor::explain::{Explanation, Meaning, explain, explain_bytes};
use interbind_doctor::facts::FrameworkKind;

/// The first meaning of a text.
#[track_caller]
fn first(text: &str) -> Meaning {
    let said = explain(text);
    said.meanings.into_iter().next().unwrap_or_else(|| panic!("nothing is known of {text}"))
}

/// What pasted lines are taken for, and a name in each.
const PASTED: &[(&str, &str, &str, &str)] = &[
    (
        "TypeError: Incompatible function arguments. The following argument types are supported:\n    1. (A) -> None",
        "incompatible-arguments",
        "kind",
        "function",
    ),
    (
        "ValueError: sage.rings.integer.Integer has the wrong size, try recompiling. Expected 24, got 32",
        "cython-wrong-size",
        "type",
        "sage.rings.integer.Integer",
    ),
    (
        "RuntimeWarning: scipy._cyutility.Enum size changed, may indicate binary incompatibility. Expected 16 from C header, got 24 from PyObject",
        "cython-wrong-size",
        "size",
        "24",
    ),
    (
        "AttributeError: module 'scipy.linalg.cython_blas' has no attribute '__pyx_capi__'",
        "cython-no-capi",
        "module",
        "scipy.linalg.cython_blas",
    ),
    ("ImportError: NumPy: dtype is already registered", "numpy-dtype-twice", "", ""),
    (
        "UserWarning: NumPy was imported from a Python sub-interpreter but NumPy does not properly support sub-interpreters.",
        "numpy-subinterpreter",
        "",
        "",
    ),
    ("TypeError: Descriptors cannot be created directly.", "protobuf-generated-code", "", ""),
    (
        "RuntimeError: the sip module implements API v11.0 to v11.3 but the PyQt5.QtCore module requires API v12.7",
        "sip-api-version",
        "module",
        "PyQt5.QtCore",
    ),
    (
        "qt.qpa.plugin: Could not load the Qt platform plugin \"xcb\" in \"\" even though it was found.",
        "qt-plugin",
        "plugin",
        "xcb",
    ),
    (
        "RuntimeError: Tried to instantiate class '_core.Foo', but it does not exist! Ensure that it is registered via torch::class_",
        "torch-class-missing",
        "class",
        "_core.Foo",
    ),
    (
        "polars.exceptions.ComputeError: this library/plugin was not compiled with the same polars version",
        "polars-plugin",
        "",
        "",
    ),
    (
        "AttributeError: PyCapsule_Import could not import module \"datetime\"",
        "capsule-import",
        "module",
        "datetime",
    ),
    (
        "ImportError: libfoo.so: cannot enable executable stack as shared object requires: Invalid argument",
        "executable-stack",
        "file",
        "libfoo.so",
    ),
    (
        "#0  0x00007f551323a9ce in std::_Sp_counted_base<(__gnu_cxx::_Lock_policy)2>::_M_release() + 0x1e ()",
        "backtrace",
        "",
        "",
    ),
    (
        "RuntimeError: return_value_policy = copy, but type ns::X is non-copyable!",
        "pybind11-not-copyable",
        "type",
        "ns::X",
    ),
    (
        "TypeError: multiple bases have instance lay-out conflict",
        "base-class-refused",
        "what",
        "multiple bases have instance lay-out conflict",
    ),
    (
        "SystemError: <built-in function f> returned a result with an exception set",
        "error-left-behind",
        "function",
        "built-in function f",
    ),
    ("ImportError: initialization failed", "init-failed-hidden", "", ""),
    (
        "PicklingError: Can't pickle <class '__main__.c_ubyte_Array_2'>: attribute lookup c_ubyte_Array_2 on __main__ failed",
        "pickle-attribute-lookup",
        "name",
        "c_ubyte_Array_2",
    ),
    ("ValueError: ctypes objects containing pointers cannot be pickled", "ctypes-pointer-pickled", "", ""),
    (
        "ImportError: dlopen(/a/b.so, 0x0002): tried: '/a/b.so' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64e' or 'arm64'))",
        "wrong-machine",
        "have",
        "x86_64",
    ),
    (
        "TypeError: getx(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: m.Foo) -> int\n\nInvoked with: <n.Foo object at 0x7f00aa>",
        "incompatible-arguments",
        "function",
        "getx",
    ),
    (
        "TypeError: __init__(): incompatible constructor arguments. The following argument types are supported:\n    1. m.Foo()\n\nInvoked with: 3",
        "incompatible-arguments",
        "kind",
        "constructor",
    ),
    (
        "TypeError: Unable to convert function return value to a Python type! The signature was\n\t(arg0: int) -> std::vector<ns::Foo, std::allocator<ns::Foo> >",
        "return-value-not-convertible",
        "type",
        "std::vector<ns::Foo, std::allocator<ns::Foo> >",
    ),
    ("TypeError: Unregistered type : ns::Matrix<double>", "unregistered-type", "type", "ns::Matrix<double>"),
    (
        "ImportError: generic_type: type \"Array\" is already registered!",
        "pybind11-already-registered",
        "type",
        "Array",
    ),
    (
        "ImportError: generic_type: cannot initialize type \"A\": an object with that name is already defined",
        "pybind11-name-taken",
        "type",
        "A",
    ),
    (
        "ImportError: generic_type: type \"Derived\" referenced unknown base type \"ns::Base\"",
        "pybind11-unknown-base",
        "base",
        "ns::Base",
    ),
    (
        "RuntimeError: generic_type: type \"D\" has a non-default holder type while its base \"B\" does not",
        "pybind11-holder-differs",
        "base",
        "B",
    ),
    (
        "RuntimeWarning: nanobind: type 'array' was already registered!\n",
        "nanobind-already-registered",
        "type",
        "array",
    ),
    (
        "Critical nanobind error: nanobind::detail::nb_type_new(\"D\"): base type \"B\" not known to nanobind!",
        "nanobind-unknown-base",
        "type",
        "D",
    ),
    (
        "nanobind: leaked 12 instances!\n - leaked instance 0x7f0011 of type \"m.A\"",
        "nanobind-leaks",
        "count",
        "12",
    ),
    (
        "ImportError: nanobind: this extension was built for the platform ABI \"nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0\", but the backend module 'nanobind_backend' serves \"nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1\". You may need",
        "nanobind-backend-platform",
        "backend",
        "nanobind_backend",
    ),
    (
        "ImportError: nanobind: this extension requires backend ABI version 1.2, but the backend module 'nanobind_backend' only offers 1.0. Upgrade it via",
        "nanobind-backend-version",
        "have",
        "1.0",
    ),
    ("TypeError: argument 'p': 'Base' object is not an instance of 'Base'", "pyo3-same-name", "want", "Base"),
    ("TypeError: 'Base' object cannot be converted to 'Base'", "pyo3-same-name", "have", "Base"),
    (
        "TypeError: argument 'x': 'str' object cannot be converted to 'PyInt'",
        "pyo3-not-an-instance",
        "have",
        "str",
    ),
    (
        "ImportError: PyO3 modules do not yet support subinterpreters, see https://github.com/PyO3/pyo3/issues/576",
        "pyo3-subinterpreters",
        "",
        "",
    ),
    (
        "ImportError: PyO3 modules may only be initialized once per interpreter process",
        "pyo3-initialised-twice",
        "",
        "",
    ),
    (
        "ImportError: PyO3 modules compiled for CPython 3.8 or older may only be initialized once per interpreter process",
        "pyo3-initialised-twice",
        "version",
        "CPython 3.8 or older",
    ),
    (
        "ImportError: /x/_core.cpython-312-x86_64-linux-gnu.so: undefined symbol: _Py_DecRef",
        "undefined-python-symbol",
        "symbol",
        "_Py_DecRef",
    ),
    (
        "ImportError: /x/torch_ext.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
        "undefined-cxx-symbol",
        "file",
        "/x/torch_ext.so",
    ),
    ("ImportError: /x/a.so: undefined symbol: cblas_dgemm", "undefined-symbol", "symbol", "cblas_dgemm"),
    (
        "ImportError: dlopen(/x/_c.so, 0x0002): symbol not found in flat namespace '_PyCMethod_New'",
        "undefined-python-symbol",
        "symbol",
        "PyCMethod_New",
    ),
    (
        "ImportError: dlopen(/x/_c.so, 2): Symbol not found: __ZNSt3__120__libcpp_atomic_waitE\n  Referenced from: /x/_c.so",
        "undefined-cxx-symbol",
        "symbol",
        "_ZNSt3__120__libcpp_atomic_waitE",
    ),
    (
        "ImportError: Error relocating /x/a.so: PyExc_Foo: symbol not found",
        "undefined-python-symbol",
        "file",
        "/x/a.so",
    ),
    (
        "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /x/a.so)",
        "glibc-too-old",
        "version",
        "2.34",
    ),
    (
        "ImportError: /opt/conda/bin/../lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /x/a.so)",
        "libstdcxx-too-old",
        "symbol",
        "GLIBCXX_3.4.30",
    ),
    (
        "ImportError: /x/libfoo.so.1: version `FOO_2' not found (required by /x/a.so)",
        "other-symbol-version",
        "file",
        "/x/a.so",
    ),
    ("ImportError: /x/a.so: invalid ELF header", "wrong-machine", "file", "/x/a.so"),
    ("ImportError: /x/a.so: wrong ELF class: ELFCLASS32", "wrong-machine", "have", "ELFCLASS32"),
    (
        "ImportError: dlopen(/x/a.so, 0x0002): tried: '/x/a.so' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))",
        "wrong-machine",
        "need-is-want",
        "",
    ),
    (
        "ImportError: DLL load failed while importing _core: %1 is not a valid Win32 application.",
        "wrong-machine",
        "module",
        "_core",
    ),
    (
        "ImportError: DLL load failed while importing _core: The specified module could not be found.",
        "library-missing",
        "module",
        "_core",
    ),
    (
        "ImportError: DLL load failed while importing _core: The specified procedure could not be found.",
        "dll-procedure-missing",
        "module",
        "_core",
    ),
    (
        "ImportError: Module use of python312.dll conflicts with this version of Python.",
        "dll-other-python",
        "library",
        "python312.dll",
    ),
    (
        "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        "library-missing",
        "library",
        "libcudart.so.12",
    ),
    (
        "ImportError: dlopen(/x/a.so, 0x0002): Library not loaded: @rpath/libomp.dylib\n  Referenced from: <11-22> /x/a.so",
        "library-missing",
        "library",
        "@rpath/libomp.dylib",
    ),
    (
        "ImportError: dynamic module does not define module export function (PyInit_core)",
        "no-init-function",
        "symbol",
        "PyInit_core",
    ),
    (
        "ImportError: module _core does not support loading in subinterpreters",
        "single-interpreter",
        "module",
        "_core",
    ),
    (
        "RuntimeWarning: The global interpreter lock (GIL) has been enabled to load module 'a._b', which has not declared that it can run safely without the GIL. To override",
        "gil-enabled",
        "module",
        "a._b",
    ),
    ("ModuleNotFoundError: No module named 'pkg._core'", "extension-missing", "module", "pkg._core"),
    ("ModuleNotFoundError: No module named 'requests'", "module-missing", "module", "requests"),
    (
        "RuntimeError: module compiled against API version 0x10 but this version of numpy is 0xf . Check the",
        "numpy-c-api",
        "want",
        "0x10",
    ),
    (
        "RuntimeError: module was compiled against NumPy C-API version 0x13 (NumPy 2.1) but the running NumPy has C-API version 0x12. Check",
        "numpy-c-api",
        "version",
        "2.1",
    ),
    (
        "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.2 as it may crash.",
        "numpy-abi",
        "have",
        "2.0.2",
    ),
    (
        "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject",
        "numpy-size",
        "type",
        "numpy.dtype",
    ),
    (
        "TypeError: C function a.b.f has wrong signature (expected int (int), got int (long))",
        "cython-signature",
        "want",
        "int (int)",
    ),
    ("ImportError: a.b does not export expected C function go", "cython-not-exported", "function", "go"),
    (
        "Exception: Version mismatch: this is the 'cffi' package version 1.17.1, located in '/a/cffi/api.py'.  When we import the top-level '_cffi_backend' extension module, we get version 1.15.0, located in '/b/_cffi_backend.so'.  The two versions should be equal",
        "cffi-version",
        "have",
        "1.15.0",
    ),
    ("TypeError: in method 'area', argument 1 of type 'Shape *'", "swig-argument", "type", "Shape *"),
    (
        "Boost.Python.ArgumentError: Python argument types in\n    geo.area(int)\ndid not match C++ signature:\n    area(Shape {lvalue})",
        "boost-signature",
        "function",
        "geo.area",
    ),
    (
        "RuntimeWarning: to-Python converter for ns::Point already registered; second conversion method ignored.",
        "boost-already-registered",
        "type",
        "ns::Point",
    ),
    ("TypeError: cannot pickle 'PyCapsule' object", "capsule-not-picklable", "type", "PyCapsule"),
    (
        "TypeError: cannot pickle 'pybind11_builtins.pybind11_detail_function_record_v1_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1' object",
        "function-not-picklable",
        "",
        "",
    ),
    (
        "TypeError: cannot pickle 'nanobind.nb_func' object",
        "function-not-picklable",
        "type",
        "nanobind.nb_func",
    ),
    ("TypeError: cannot pickle 'frame.Series' object", "object-not-picklable", "type", "frame.Series"),
    (
        "ERROR: x-1-cp312-cp312-win_amd64.whl is not a supported wheel on this platform.",
        "wheel-not-supported",
        "file",
        "x-1-cp312-cp312-win_amd64.whl",
    ),
    (
        "thread '<unnamed>' panicked at src/lib.rs:3:5:\nboom\nnote: run with `RUST_BACKTRACE=1`",
        "rust-panic",
        "message",
        "boom",
    ),
    (
        "fatal runtime error: Rust panics must be rethrown, aborting",
        "panic-crossed-libraries",
        "message",
        "Rust panics must be rethrown",
    ),
    ("ImportError: m: only compatible with free-threaded CPython", "abi-info", "module", "m"),
];

#[test]
fn each_message_is_taken_for_what_it_is() {
    for (text, rule, name, value) in PASTED {
        let meaning = first(text);
        assert_eq!(&meaning.rule, rule, "{text}");
        if !value.is_empty() {
            assert_eq!(meaning.names.get(*name).map(String::as_str), Some(*value), "{text}: {meaning:#?}");
        }
    }
}

#[test]
fn no_words_are_left_unfilled() {
    for (text, ..) in PASTED {
        let said = explain(text);
        let json = serde_json::to_string(&said.meanings).unwrap();
        for meaning in &said.meanings {
            let steps = meaning.next.iter().flat_map(|step| [Some(&step.say), step.command.as_ref()]);
            let words = [&meaning.title, &meaning.means].into_iter().chain(&meaning.causes);
            for words in words.chain(steps.flatten()) {
                assert!(!words.contains("{type") && !words.contains("|the"), "{text}: {words}\n{json}");
            }
        }
    }
}

#[test]
fn noise_doesnt_change_what_a_message_is() {
    let noises: [fn(&str) -> String; 6] = [
        |text| text.replace('\n', "\r\n"),
        |text| format!("\x1b[1;31m{}\x1b[0m", text.replace(' ', " \x1b[0m\x1b[31m")),
        |text| text.lines().map(|line| format!("2026-01-02T03:04:05.6Z web-1  | E   {line}\n")).collect(),
        |text| text.lines().map(|line| format!("│ {line} │\n")).collect(),
        |text| {
            format!(
                "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    import x\n{text}\n\nDuring handling"
            )
        },
        |text| text.replace('\'', "\u{2019}").replace('"', "\u{201d}"),
    ];
    for (text, rule, ..) in PASTED {
        for (number, noise) in noises.iter().enumerate() {
            let noisy = noise(text);
            let said = explain(&noisy);
            assert!(
                said.meanings.iter().any(|meaning| meaning.rule == *rule),
                "noise {number}: {noisy}\n{said:#?}"
            );
        }
    }
}

/// A type of C++ is taken with its brackets; for one of the standard library a converter's header is what misses.
#[test]
fn a_template_in_a_signature_is_taken_whole() {
    let said = first(
        "TypeError: f(): incompatible function arguments. The following argument types are supported:\n    1. (self: m.A, arg0: std::vector<ns::B, std::allocator<ns::B> >, n: int) -> None\n\nInvoked with: 3",
    );
    let raw = said.names.get("raw-type").map(String::as_str);
    assert_eq!(raw, Some("std::vector<ns::B, std::allocator<ns::B> >"));
    assert!(said.causes[0].contains("pybind11/stl.h"), "{:?}", said.causes);
}

/// What one process counts at its end is one event.
#[test]
fn what_nanobind_counts_is_one_block() {
    let said = explain(
        "nanobind: leaked 1 instances!\n - leaked instance 0x10 of type \"a.T\"\nnanobind: leaked 1 keep_alive records!\nnanobind: leaked 2 types!\n - leaked type \"Axis\"",
    );
    assert_eq!(said.meanings.len(), 1, "{said:#?}");
}

/// A terminal breaks at words or at columns; what was one line is several.
#[test]
fn a_message_in_wrapped_lines_is_found() {
    let text = "TypeError: getx(): incompatible function arguments. The following argument types are supported: 1. (x: int)";
    for width in [20, 33, 40, 61, 80] {
        let letters: Vec<char> = text.chars().collect();
        let hard: String = letters.chunks(width).map(|line| line.iter().collect::<String>() + "\n").collect();
        let said = explain(&hard);
        assert_eq!(
            said.meanings.first().map(|meaning| meaning.rule.as_str()),
            Some("incompatible-arguments"),
            "{hard}"
        );
        let soft = text.replace(' ', "\n");
        assert_eq!(first(&soft).rule, "incompatible-arguments");
    }
    assert!(
        explain("incompatible function arguments. The follo\nwing argument types are supported")
            .unknown
            .is_some()
    );
}

#[test]
fn a_cplusplus_name_in_the_signature_says_that_no_class_was_registered() {
    let meaning = first(
        "TypeError: norm(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: geo::Point) -> float\n\nInvoked with: <geo.Point object at 0x7f7a>\n",
    );
    assert_eq!(meaning.framework, Some(FrameworkKind::Pybind11));
    assert_eq!(meaning.names["raw-type"], "geo::Point");
    assert_eq!(meaning.seen.len(), 2, "{:#?}", meaning.seen);
    assert!(meaning.causes[0].contains("`geo::Point` has no Python class"), "{:#?}", meaning.causes);
}

#[test]
fn classes_that_are_called_alike_say_that_there_are_two() {
    let meaning = first(
        "TypeError: norm(): incompatible function arguments. The following argument types are supported:\n    1. norm(arg: b.Point, /) -> float\n\nInvoked with types: a.Point\n",
    );
    assert_eq!(meaning.framework, Some(FrameworkKind::Nanobind));
    assert!(meaning.seen[0].contains("`a.Point`") && meaning.seen[0].contains("`b.Point`"));
    let meaning = first(
        "TypeError: set(): incompatible function arguments. The following argument types are supported:\n    1. (self: a.Point, x: float) -> None\n\nInvoked with: <a.Point object at 0x7f>, 'three'\n",
    );
    assert!(meaning.seen.is_empty(), "{:#?}", meaning.seen);
}

#[test]
fn the_most_telling_message_of_a_log_comes_first() {
    let said = explain(
        "ModuleNotFoundError: No module named 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nImportError: generic_type: type \"A\" is already registered!\n",
    );
    let rules: Vec<_> = said.meanings.iter().map(|meaning| meaning.rule.as_str()).collect();
    assert_eq!(rules, ["pybind11-already-registered", "module-missing"]);
    assert_eq!(said.meanings[0].line, 5);
}

#[test]
fn what_isnt_known_is_said_to_be_unknown() {
    let said = explain("Traceback (most recent call last):\nValueError: the moon is full\n");
    assert!(said.meanings.is_empty() && said.ids.is_empty());
    let unknown = said.unknown.unwrap();
    assert_eq!(unknown.error.as_deref(), Some("ValueError: the moon is full"));
    assert!(!unknown.helps.is_empty());
    assert!(explain("").unknown.is_some());
    assert!(explain("it doesn't work").unknown.is_some());
}

#[test]
fn ids_keys_tags_and_reasons_are_explained() {
    let id = |text: &str| explain(text).ids.into_iter().next().unwrap_or_else(|| panic!("{text}"));
    assert_eq!(id("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__").kind, "internals-key");
    assert_eq!(id("v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable").kind, "tag");
    assert_eq!(id("_core.cpython-312-x86_64-linux-gnu.so").kind, "file-suffix");
    assert_eq!(id("frame-2.0.4-cp39-abi3-manylinux_2_28_x86_64.whl").kind, "wheel-tag");
    assert_eq!(first("layout-differs").rule, "layout-differs");
    assert!(explain("hello").unknown.is_some());
}

#[test]
fn an_id_tells_the_releases_that_write_it() {
    let releases = |id: &str| {
        let versions = explain(id).ids.remove(0).versions?;
        Some(format!("{} {}", versions.lowest, versions.highest.unwrap_or_default()))
    };
    assert_eq!(
        releases("__pybind11_internals_v5_gcc_libstdcpp_cxxabi1016__").as_deref(),
        Some("2.11.0 2.13.6")
    );
    let nanobind = releases("v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1");
    assert_eq!(nanobind.as_deref(), Some("2.6.0 2.9.2"));
    assert_eq!(releases("__pybind11_internals_v99_gcc_libstdcpp_cxxabi1016__"), None, "no release writes it");
    assert_eq!(releases("_gcc_libstdcpp_cxxabi1016"), None, "many write it, with different internals");
}

#[test]
fn ten_megabytes_of_a_log_with_one_message_at_the_end_are_read() {
    let mut log = "2026-01-01 00:00:00 INFO: step 1 of a long training run, loss 0.3: No module here, nothing already registered\n".repeat(100_000);
    log.push_str("ImportError: generic_type: type \"A\" is already registered!\n");
    assert!(log.len() > 10_000_000);
    let said = explain(&log);
    assert_eq!(
        (said.meanings[0].rule.as_str(), said.meanings[0].line),
        ("pybind11-already-registered", 100_001)
    );
}

#[test]
fn hostile_bytes_are_no_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    // Messages cut, doubled and spoiled at places that no plan would choose.
    for round in 0..3000 {
        let (text, ..) = PASTED[round % PASTED.len()];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..next() % 8 {
            let at = next() as usize % bytes.len();
            match next() % 4 {
                0 => bytes[at] = next() as u8,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, b"\xff\x1b'\"{}\n\r("[next() as usize % 9]),
                _ => bytes.extend_from_within(at..),
            }
        }
        let said = explain_bytes(&bytes);
        let json = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), said);
    }
    for bytes in [
        &b"\x1b["[..],
        b"\xff\xfe",
        b"\xff\xfe\x00",
        b"\xfe\xff\xd8",
        b"Invoked with:",
        b"__nb_internals_",
        &[0; 1000],
    ] {
        explain_bytes(bytes);
    }
}

#[test]
fn the_pasted_messages_cover_most_of_the_table() {
    let told: BTreeSet<_> = PASTED.iter().map(|(_, rule, ..)| *rule).collect();
    assert!(told.len() > 45, "{}", told.len());
}

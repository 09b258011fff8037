//! Messages in the shapes in which public threads have them: chained, wrapped, escaped, translated, repeated. Each row is a
//! kind; the names in it are made up where they don't matter.

use interbind_doctor::explain::{Explanation, Meaning, explain};

#[track_caller]
fn one(text: &str) -> Meaning {
    let said = explain(text);
    assert_eq!(said.meanings.len(), 1, "one cause, one block: {text}\n{:#?}", rules(&said));
    said.meanings.into_iter().next().expect("there is one")
}

fn rules(said: &Explanation) -> Vec<&str> {
    said.meanings.iter().map(|meaning| meaning.rule.as_str()).collect()
}

/// All that is said of a meaning.
fn words(meaning: &Meaning) -> String {
    let steps = meaning.next.iter().flat_map(|step| [Some(step.say.clone()), step.command.clone()]).flatten();
    let all = [meaning.title.clone(), meaning.means.clone()].into_iter().chain(meaning.seen.clone());
    all.chain(meaning.causes.clone()).chain(steps).collect::<Vec<_>>().join("\n")
}

/// The text, its rule, and what must be said of it.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "TypeError: Unregistered type : ns::T\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"x.py\", line 1, in <module>",
        "unregistered-type",
        &["`ns::T` is registered"],
    ),
    (
        "TypeError: Unregistered type : std::vector<ns::T, std::allocator<ns::T> >\nTraceback (most recent call last):",
        "unregistered-type",
        &["`std::vector<ns::T, std::allocator<ns::T> >` is"],
    ),
    (
        "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.0rc2 as it may crash. To support both 1.x and 2.x\nversions of NumPy, modules must be compiled with NumPy 2.0.\n\nTraceback (most recent call last):  File \"/x/run.py\", line 3, in <module>\n    import foo\n  File \"/v/lib/python3.11/site-packages/foo/__init__.py\", line 2, in <module>\n    from foo import _c\n  File \"/v/lib/python3.11/site-packages/numpy/core/_multiarray_umath.py\", line 44, in __getattr__\nAttributeError: _ARRAY_API not found\nImportError: numpy.core.multiarray failed to import\n",
        "numpy-abi",
        &["NumPy 2.0.0rc2 is", "`foo`"],
    ),
    (
        "ImportError: dlopen(/v/_c.cpython-311-darwin.so, 0x0002): tried: '/v/_c.cpython-311-darwin.so' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64')), '/usr/lib/_c.cpython-311-darwin.so' (no such file)",
        "wrong-machine",
        &[
            "for arm64, and this process is x86_64",
            "Rosetta",
            "interbind inspect /v/_c.cpython-311-darwin.so",
        ],
    ),
    (
        "(mach-o file, but is an incompatible architecture (have (arm64), need (x86_64h)))",
        "wrong-machine",
        &["for arm64, and this process is x86_64h"],
    ),
    (
        "OSError: ['/x/libgomp-d22c30c5.so.1.0.0: cannot allocate memory in static TLS block']",
        "static-tls",
        &["LD_PRELOAD=/x/libgomp-d22c30c5.so.1.0.0 python", "GLIBC_TUNABLES=glibc.rtld.optional_static_tls="],
    ),
    (
        "thread '<unnamed>' (12345) panicked at src/lib.rs:12:5:\nindex out of bounds: the len is 3\nnote: run with `RUST_BACKTRACE=1` environment variable\npyo3_runtime.PanicException: index out of bounds: the len is 3",
        "rust-panic",
        &["index out of bounds: the len is 3"],
    ),
    ("thread 'main' panicked at 'boom', src/lib.rs:3:5", "rust-panic", &["failed: boom"]),
    (
        "thread '<unnamed>' (77) panicked at C:\\Users\\a\\.cargo\\x\\src\\lib.rs:1:2:\nboom",
        "rust-panic",
        &["failed: boom"],
    ),
    (
        "ImportError: /v/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
        "undefined-cxx-symbol",
        &[
            "c10::Error::Error(c10::SourceLocation, std::string)",
            "old C++ ABI",
            "PyTorch",
            "_GLIBCXX_USE_CXX11_ABI)",
        ],
    ),
    (
        "ImportError: /v/flash_attn_2_cuda.cpython-312-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        "undefined-cxx-symbol",
        &["new C++ ABI", "PyTorch"],
    ),
    (
        "ImportError: /v/x.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
        "undefined-cxx-symbol",
        &["c10::cuda::SetDevice(int)", "another release of PyTorch"],
    ),
    ("undefined symbol: _ZNK3c105Error4whatEv", "undefined-cxx-symbol", &["c10::Error::what() const"]),
    (
        "ImportError: libc10.so: cannot open shared object file: No such file or directory",
        "library-missing",
        &["`libc10.so` comes with PyTorch", "python -c \"import torch;"],
    ),
    ("ImportError: /v/x.so: undefined symbol: THPVariableClass", "undefined-symbol", &["import torch"]),
    (
        "ImportError: /v/nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
        "undefined-symbol",
        &["libnvJitLink.so.12", "LD_LIBRARY_PATH", "NVIDIA"],
    ),
    (
        "ImportError: generic_type: cannot initialize type \"StatusCode\": an object with that name is already defined",
        "pybind11-name-taken",
        &["Two extensions define into one scope"],
    ),
    (
        "TypeError: cannot pickle '_thread.lock' object",
        "python-object-not-picklable",
        &["No extension module is at fault", "Leave it out"],
    ),
    ("TypeError: cannot pickle 'module' object", "python-object-not-picklable", &["`module`"]),
    ("TypeError: cannot pickle 'generator' object", "python-object-not-picklable", &["generator"]),
    ("TypeError: can't pickle _thread.RLock objects", "python-object-not-picklable", &["RLock"]),
    (
        "TypeError: cannot pickle 'PyCapsule' object",
        "capsule-not-picklable",
        &["before 3.0", "raw C pointer"],
    ),
    (
        "ModuleNotFoundError: No module named 'numpy._core'",
        "numpy-renamed",
        &["written where NumPy 2 is installed"],
    ),
    ("ModuleNotFoundError: No module named 'numpy._core.numeric'", "numpy-renamed", &["NumPy 2"]),
    (
        "TypeError: import_function(): incompatible function arguments. The following argument types are supported:\n    1. (self: mlir.ModuleBuilder, arg0: torch::jit::StrongFunctionPtr) -> None\n\nInvoked with: <mlir.ModuleBuilder object at 0x7f>, <torch.jit.ScriptFunction object at 0x7e>",
        "incompatible-arguments",
        &["`torch::jit::StrongFunctionPtr` has no Python class", "torch._C._PYBIND11_"],
    ),
    (
        "Process finished with exit code 139 (interrupted by signal 11: SIGSEGV)",
        "crash",
        &["faulthandler", "interbind doctor"],
    ),
    ("Process finished with exit code 139 (interrupted by signal 11:SIGSEGV)", "crash", &["faulthandler"]),
    ("Process finished with exit code -1073741819 (0xC0000005)", "crash", &["faulthandler"]),
    (
        "free(): invalid pointer\nAborted (core dumped)",
        "heap-corrupted",
        &["heap damaged: free(): invalid pointer"],
    ),
    (
        "python: malloc.c:2617: sysmalloc: Assertion failed\ndouble free or corruption (!prev)\nAborted",
        "heap-corrupted",
        &["double free"],
    ),
    (
        "Windows fatal exception: access violation\n\nCurrent thread 0x00001208 (most recent call first):\n  File \"x.py\", line 1",
        "crash",
        &["faulthandler"],
    ),
    (
        "OMP: Error #15: Initializing libiomp5.dylib, but found libomp.dylib already initialized.\nOMP: Hint This means that multiple copies of the OpenMP runtime have been linked into the program.",
        "openmp-twice",
        &["`libiomp5.dylib`, and `libomp.dylib` before it", "KMP_DUPLICATE_LIB_OK"],
    ),
    (
        "[libprotobuf ERROR google/protobuf/descriptor_database.cc:641] File already exists in database: x/y.proto\n[libprotobuf FATAL google/protobuf/descriptor.cc:2021] CHECK failed: GeneratedDatabase()->Add(encoded_file_descriptor, size):\n",
        "protobuf-twice",
        &["`x/y.proto`"],
    ),
    ("RuntimeError: CPU dispatcher tracer already initlized", "numpy-dispatcher-twice", &["second time"]),
    (
        "OSError: [WinError 126] The specified module could not be found. Error loading \"C:\\v\\torch\\lib\\fbgemm.dll\" or one of its dependencies.",
        "library-missing",
        &["fbgemm.dll"],
    ),
    (
        "OSError: [WinError 1455] The paging file is too small for this operation to complete. Error loading \"C:\\v\\torch\\lib\\cublas64_12.dll\" or one of its dependencies.",
        "dll-init-failed",
        &["paging file"],
    ),
    (
        "RuntimeError: operator torchvision::nms does not exist",
        "torch-operator-missing",
        &["m.version('torchvision')"],
    ),
    (
        "TypeError: Argument 'x' has incorrect type (expected mod.Foo, got mod.Foo)",
        "cython-argument-type",
        &["two classes"],
    ),
    (
        "TypeError: Argument 'x' has incorrect type (expected numpy.ndarray, got list)",
        "cython-argument-type",
        &["convert it"],
    ),
    (
        "TypeError: QWidget(parent: Optional[QWidget] = None, flags: Qt.WindowType = Qt.WindowFlags()): argument 1 has unexpected type 'QWidget'",
        "sip-argument-type",
        &["PyQt5 and PyQt6"],
    ),
    (
        "TypeError: arguments did not match any overloaded call:\n  QPoint(): too many arguments\n  QPoint(int, int): argument 2 has unexpected type 'float'\n  QPoint(QPoint): argument 1 has unexpected type 'int'",
        "sip-argument-type",
        &["float"],
    ),
    (
        "ValueError: Expected name 'arrow_array_stream' in PyCapsule, instead got 'arrow_array'",
        "capsule-name",
        &["__arrow_c_stream__", "__arrow_c_array__"],
    ),
    (
        "auditwheel: error: cannot repair \"dist/x-1-cp312-cp312-linux_x86_64.whl\" to \"manylinux_2_28_x86_64\" ABI because of the presence of too-recent versioned symbols. You'll need to compile the wheel on an older toolchain.",
        "auditwheel-too-recent",
        &["interbind inspect dist/x-1-cp312-cp312-linux_x86_64.whl", "manylinux_2_28_x86_64"],
    ),
    (
        "AttributeError: Can't pickle local object 'f.<locals>.g'",
        "local-object-not-picklable",
        &["f.<locals>.g", "spawn"],
    ),
    (
        "AttributeError: Can't get local object 'f.<locals>.g'",
        "local-object-not-picklable",
        &["f.<locals>.g"],
    ),
    (
        "_pickle.PicklingError: Can't pickle <function <lambda> at 0x7f>: attribute lookup <lambda> on __main__ failed",
        "local-object-not-picklable",
        &["<lambda>"],
    ),
    ("TypeError: code() argument 13 must be str, not int", "code-of-another-python", &["minor version"]),
    (
        "RecursionError: maximum recursion depth exceeded while pickling an object",
        "pickle-recursion",
        &["flat list"],
    ),
    (
        "AttributeError: Can't get attribute 'f' on <module '__main__' (built-in)>",
        "attribute-not-in-main",
        &["`f` isn't in `__main__`"],
    ),
    (
        "ImportError: DLL load failed while importing _ext: Das angegebene Modul wurde nicht gefunden.",
        "library-missing",
        &["Visual C++"],
    ),
    (
        "ImportError: DLL load failed while importing _ext: 找不到指定的模块。",
        "library-missing",
        &["Visual C++"],
    ),
    (
        "ImportError: DLL load failed: Le module spécifié est introuvable.",
        "library-missing",
        &["Windows doesn't say which"],
    ),
    (
        "ImportError: DLL load failed while importing _ext: Не найдена указанная процедура.",
        "dll-procedure-missing",
        &["_ext"],
    ),
    (
        "ImportError: DLL load failed while importing _ext: %1 は有効な Win32 アプリケーションではありません。",
        "wrong-machine",
        &["32-bit"],
    ),
    (
        "ImportError: DLL load failed while importing _ext: 动态链接库(DLL)初始化例程失败。",
        "dll-init-failed",
        &["initialization routine failed"],
    ),
    (
        "{\"level\": \"error\", \"msg\": \"Traceback (most recent call last):\\n  File \\\"x.py\\\", line 1\\nImportError: generic_type: type \\\"Base\\\" is already registered!\\n\"}",
        "pybind11-already-registered",
        &["`Base`"],
    ),
    (
        "<pre>TypeError: &#x27;Base&#x27; object is not an instance of &#x27;Base&#x27;</pre>",
        "pyo3-same-name",
        &["`Base`"],
    ),
    (
        "TypeError: Unregistered type : std::vector&lt;ns::T&gt;",
        "unregistered-type",
        &["`std::vector<ns::T>`"],
    ),
];

#[test]
fn each_kind_of_report_has_its_answer_in_one_block() {
    let mut wrong = Vec::new();
    for (text, rule, said) in ROWS {
        let answer = explain(text);
        let found = rules(&answer);
        if found != [*rule] {
            wrong.push(format!("{text}\n  is {found:?}, not {rule}"));
            continue;
        }
        let words = words(&answer.meanings[0]);
        for piece in *said {
            if !words.contains(piece) {
                wrong.push(format!("{text}\n  doesn't say `{piece}`:\n{words}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n\n"));
}

/// A sentence is whole: no name is missing in it, and none stands where a word belongs.
#[test]
fn no_sentence_has_a_hole() {
    for (text, ..) in ROWS {
        for meaning in explain(text).meanings {
            for line in words(&meaning).lines() {
                assert!(
                    !line.contains("``") && !line.contains("{") || line.contains("print("),
                    "{text}\n{line}"
                );
                assert!(!line.contains(" ,") && !line.contains(" ;"), "{text}\n{line}");
            }
        }
    }
}

#[test]
fn a_long_line_is_whole_whatever_the_terminal_broke_it_at() {
    let symbol = "_ZN2at4_ops15sum_IntList_out4callERKNS_6TensorEN3c1016OptionalArrayRefIlEEbSt8optionalINS5_10ScalarTypeEERS2_";
    let file = "/srv/miniconda3/envs/a-rather-long-name/lib/python3.10/site-packages/package_cuda.cpython-310-x86_64-linux-gnu.so";
    let text = format!(
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    import package_cuda\nImportError: {file}: undefined symbol: {symbol}\n"
    );
    for width in [40, 60, 72, 80, 100] {
        let hard: String = text
            .lines()
            .flat_map(|line| line.as_bytes().chunks(width))
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
            .collect();
        let meaning = one(&hard);
        assert_eq!(meaning.names["symbol"], symbol, "{width}");
        assert_eq!(meaning.names["file"], file, "{width}");
    }
}

#[test]
fn a_symbol_that_is_cut_off_is_said_to_be() {
    let meaning = one("ImportError: /v/x.so: undefined symbol: _ZN3c105Error\nand something else");
    assert!(words(&meaning).contains("may have cut it off"), "{:#?}", meaning.seen);
}

/// A symbol that each Python 3 has can't be missing because of its version.
#[test]
fn what_each_python_has_is_missing_where_a_program_keeps_it_for_itself() {
    let file =
        "/usr/local/lib/python3.6/dist-packages/numpy/core/_multiarray_umath.cpython-36m-x86_64-linux-gnu.so";
    let meaning = one(&format!("Original error was: {file}: undefined symbol: PyExc_ImportError"));
    assert_eq!(meaning.rule, "undefined-python-symbol");
    assert!(meaning.causes[0].contains("RTLD_GLOBAL"), "{:#?}", meaning.causes);
    assert!(!words(&meaning).contains("another version:"), "{meaning:#?}");
    for (symbol, said) in [
        ("_Py_ZeroStruct", "Python 2"),
        ("PyUnicodeUCS4_FromFormat", "up to 3.2"),
        ("PyType_GetFullyQualifiedName", "from 3.13 on"),
    ] {
        let meaning = one(&format!("ImportError: /x/csimdag.so: undefined symbol: {symbol}"));
        assert!(meaning.seen.iter().any(|seen| seen.contains(said)), "{symbol}: {:#?}", meaning.seen);
        assert!(meaning.causes[0].contains("another version"), "{symbol}: {:#?}", meaning.causes);
    }
}

#[test]
fn a_library_of_the_other_processor_leaves_names_without_an_owner() {
    for symbol in ["'___gmpn_add_n'", "(__ZN3fmt2v912format_errorD1Ev)", "'_decode_polyline_ffi'"] {
        let text = format!(
            "ImportError: dlopen(/v/c.cpython-39-darwin.so, 0x0002): symbol not found in flat namespace {symbol}"
        );
        let meaning = one(&text);
        assert!(words(&meaning).contains("for the other processor"), "{meaning:#?}");
    }
}

#[test]
fn an_exception_is_no_file() {
    let meaning = one("ImportError: undefined symbol: simExtGetExitRequest");
    assert!(!meaning.names.contains_key("file"), "{meaning:#?}");
    assert!(!words(&meaning).contains("inspect ImportError"), "{meaning:#?}");
}

#[test]
fn no_word_stands_twice() {
    let meaning = one("ImportError: /x/c_uv_exp.so: undefined symbol: _ZN4uvw4nameB5cxx11Ev");
    assert!(meaning.causes[0].contains("and the library that is there"), "{:#?}", meaning.causes);
}

/// `ldd` of musl asks for every symbol of Python.
#[test]
fn sixty_lines_of_ldd_are_one_block_that_says_that_nothing_may_be_wrong() {
    let names = ["PyObject_Free", "PyErr_SetString", "PyLong_AsLong", "_Py_NoneStruct", "PyType_Ready"];
    let text: String = (0..60)
        .map(|i| {
            format!(
                "Error relocating /v/x.cpython-312-x86_64-linux-musl.so: {}{i}: symbol not found\n",
                names[i % 5]
            )
        })
        .collect();
    let meaning = one(&text);
    assert_eq!(meaning.rule, "undefined-python-symbol");
    assert_eq!(meaning.times, 60);
    assert!(
        meaning.causes[0].contains("without an interpreter") && meaning.title.contains("usual on Alpine"),
        "{meaning:#?}"
    );
    assert!(
        meaning.seen.iter().any(|seen| seen.contains("60 names") && seen.contains("55 more")),
        "{:#?}",
        meaning.seen
    );
}

/// Every first line that the extension's side writes: the templates are taken from its sources.
#[test]
fn the_first_line_alone_of_each_of_our_own_messages_is_known() {
    fn sources(folder: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                all.push_str(&std::fs::read_to_string(&path).expect("a source is text"));
            }
        }
    }
    let mut all = String::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shim/src"), &mut all);
    let mut count = 0;
    for piece in all.split('"').filter(|piece| piece.starts_with("cannot ")) {
        let first = piece.split("\\n").next().expect("split gives one").trim_end_matches('\\').trim_end();
        if first.starts_with("cannot be") {
            continue;
        }
        let first =
            first.replace("{0}", "frame.Point").replace("{1}", "org.frame.Point").replace("{2}", "^1.2");
        for line in [format!("{first} (layout-differs)"), format!("TypeError: {first}' (wrong-object)")] {
            let said = explain(&line);
            assert!(
                said.meanings.first().is_some_and(|meaning| line.contains(&format!("({})", meaning.rule))),
                "{line}: {:?}",
                rules(&said)
            );
        }
        count += 1;
    }
    assert!(count >= 24, "only {count} were found in the sources");
    assert!(explain("`interbind._runtime` failed without saying why (provider-panicked)").unknown.is_none());
}

#[test]
fn the_rules_of_the_doctors_findings_are_known() {
    for rule in [
        "isolated-packages",
        "not-loadable",
        "weak-id",
        "program-killed",
        "sharing-broken",
        "stable-abi-symbols",
    ] {
        let meaning = one(rule);
        assert_eq!(meaning.rule, rule);
        assert!(!meaning.means.is_empty() && !meaning.next.is_empty());
    }
    assert_eq!(one("`gil-enabled`").rule, "gil-enabled");
}

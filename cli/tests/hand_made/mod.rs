//! Facts made by hand, for views that are looked at without a file.

use interbind_doctor::facts::*;

/// An extension module for CPython 3.12 on Linux.
pub fn module(path: &str) -> Module {
    Module {
        path: path.into(),
        member: None,
        name: Some("example._core".into()),
        size: 1_234_567,
        extension: true,
        program: false,
        target: Target {
            format: Format::Elf,
            os: Claim::certain(Os::Linux, [Evidence::new(Source::Section, "EI_OSABI 0, .note.ABI-tag")]),
            arch: Arch { name: "x86_64".into(), bits: 64, little_endian: true },
            libc: Claim::certain(
                Libc { kind: LibcKind::Glibc, floor: Some("2.17".into()) },
                [Evidence::new(Source::Symbol, "memcpy@GLIBC_2.17")],
            ),
            cxx: Some(Claim::certain(
                CxxRuntime {
                    name: "libstdc++".into(),
                    floors: vec!["GLIBCXX_3.4.29".into(), "CXXABI_1.3.13".into()],
                },
                [Evidence::new(Source::Needed, "libstdc++.so.6")],
            )),
            strings: None,
            compilers: vec![Claim::certain(
                "GCC: (GNU) 14.2.1 20250110 (Red Hat 14.2.1-7)".into(),
                [Evidence::bytes(0x12_3456, "GCC: (GNU) 14.2.1 20250110 (Red Hat 14.2.1-7)")],
            )],
        },
        python: PythonNeeds {
            implementation: Claim::certain(
                "cpython".into(),
                [Evidence::new(Source::FileName, "cpython-312")],
            ),
            version: Claim::certain(
                "3.12".into(),
                [Evidence::new(Source::FileName, "cpython-312-x86_64-linux-gnu")],
            ),
            free_threaded: Claim::certain(false, [Evidence::new(Source::FileName, "cpython-312")]),
            debug: Claim::certain(false, [Evidence::new(Source::FileName, "cpython-312")]),
            tag: Some("cpython-312-x86_64-linux-gnu".into()),
            built: None,
            stable: None,
            entries: vec![EntryPoint { symbol: "PyInit__core".into(), module: "_core".into() }],
            gil: Claim::certain(Gil::Used, [Evidence::new(Source::Symbol, "no Py_mod_gil slot")]),
            interpreters: Claim::unknown("the slots are made while it runs"),
            protocols: vec![Claim::certain(
                "buffer".into(),
                [Evidence::new(Source::Symbol, "PyObject_GetBuffer")],
            )],
        },
        frameworks: vec![pybind11()],
        partners: Vec::new(),
        capi: CApi::default(),
        needed: vec!["libstdc++.so.6".into(), "libm.so.6".into(), "libgcc_s.so.1".into(), "libc.so.6".into()],
        links: interbind_doctor::facts::Links::default(),
        note: None,
        problems: Vec::new(),
    }
}

/// pybind11 3.0, with all that can be known of it.
pub fn pybind11() -> Framework {
    let key = "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__";
    let part = |name: &str, value: &str| Part { name: name.into(), value: value.into() };
    Framework {
        kind: FrameworkKind::Pybind11,
        present: Claim::certain(true, [Evidence::bytes(0x4a10, key)]),
        role: Role::Whole,
        version: Claim::certain(
            Versions { lowest: "3.0.1".into(), highest: Some("3.0.4".into()) },
            [Evidence::new(Source::Table, "internals v11 was written by 3.0.1 to 3.0.4")],
        ),
        internals: Some(Claim::certain(11, [Evidence::bytes(0x4a10, key)])),
        ids: vec![Claim::certain(
            AbiId {
                text: key.into(),
                kind: "internals-key".into(),
                parts: vec![
                    part("internals", "v11"),
                    part("compiler", "system"),
                    part("stdlib", "libstdcpp"),
                    part("build-abi", "gxx_abi_1xxx_use_cxx11_abi_1"),
                    part("debug", ""),
                ],
                overridden: Vec::new(),
            },
            [Evidence::bytes(0x4a10, key)],
        )],
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: Some(Claim::certain(
            Conduit { present: true, platform: Some("system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1".into()) },
            [Evidence::bytes(0x5120, "_pybind11_conduit_v1_")],
        )),
        warnings: Vec::new(),
    }
}

/// nanobind whose domain can't be told.
pub fn nanobind() -> Framework {
    Framework {
        kind: FrameworkKind::Nanobind,
        present: Claim::certain(true, [Evidence::bytes(0x99, "nanobind")]),
        role: Role::Whole,
        version: Claim::likely(
            Versions { lowest: "2.4.0".into(), highest: Some("2.5.0".into()) },
            [Evidence::bytes(0x99, "v16_gcc_abi1014_stable")],
            "2.4.0 and 2.5.0 write the same tag",
        ),
        internals: Some(Claim::certain(16, [Evidence::bytes(0x99, "v16_gcc_abi1014_stable")])),
        ids: Vec::new(),
        domain: Some(Claim::unknown("the code that builds the key couldn't be followed")),
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: vec!["the tag has no `_ft`, though the module is for a free-threaded Python".into()],
    }
}

/// PyO3 of a known release.
pub fn pyo3() -> Framework {
    Framework {
        kind: FrameworkKind::Pyo3,
        present: Claim::certain(true, [Evidence::bytes(0x77, "pyo3-0.28.0/src/lib.rs")]),
        role: Role::Whole,
        version: Claim::certain(
            Versions::exactly("0.28.0"),
            [Evidence::bytes(0x77, "pyo3-0.28.0/src/lib.rs")],
        ),
        internals: None,
        ids: Vec::new(),
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: Vec::new(),
    }
}

/// An inspection of these.
pub fn inspection(modules: Vec<Module>) -> Inspection {
    Inspection { schema: "interbind-inspect/1".into(), modules, problems: Vec::new() }
}

/// A wheel with a module for the stable ABI and a library, beside two files, one of which is broken.
pub fn mixed() -> Inspection {
    let wheel = "dist/example-2.0.1-cp39-abi3-manylinux_2_28_x86_64.whl";
    let mut stable = module(wheel);
    stable.member = Some("example/_native.abi3.so".into());
    stable.frameworks = vec![pyo3()];
    stable.python.stable = Some(Stable {
        kind: StableKind::Abi3,
        claimed: Claim::certain("3.9".into(), [Evidence::new(Source::Metadata, "cp39-abi3")]),
        needed: Claim::certain("3.11".into(), [Evidence::new(Source::Symbol, "PyObject_GetBuffer")]),
        exported: None,
        outside: Vec::new(),
    });
    stable.target.cxx = None;
    let mut library = module(wheel);
    library.member = Some("example.libs/libgfortran-040039e1-0352e75f.so.5.0.0".into());
    library.extension = false;
    library.frameworks = Vec::new();
    let mut threaded = module("build/lib/other/_impl.cpython-313t-x86_64-linux-gnu.so");
    threaded.frameworks = vec![nanobind()];
    threaded.python.version = Claim::certain("3.13".into(), []);
    threaded.python.free_threaded = Claim::certain(true, []);
    let mut inspection = inspection(vec![
        stable,
        library,
        module("build/lib/example/_core.cpython-312-x86_64-linux-gnu.so"),
        threaded,
    ]);
    inspection.problems.push(Problem {
        kind: "truncated".into(),
        path: "build/lib/cut\u{1b}[2J.so".into(),
        message: "the section headers end at 0x3000, the file at 0x2a00".into(),
        evidence: None,
    });
    inspection
}

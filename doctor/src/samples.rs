//! For tests: folders that vanish, and facts made by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::facts::*;
use crate::host::{HostPython, How};

/// A folder that vanishes.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("interbind-doctor-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.clone() } else { self.0.join(name) }
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        fs::create_dir_all(self.path(name)).unwrap();
        self.path(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.write_bytes(name, text.as_bytes())
    }

    pub(crate) fn write_bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sure<T>(value: T) -> Claim<T> {
    Claim::certain(value, [])
}

/// CPython 3.12 on Linux x86_64.
pub(crate) fn host() -> HostPython {
    HostPython {
        implementation: sure("cpython".to_owned()),
        version: sure("3.12".to_owned()),
        free_threaded: sure(false),
        debug: sure(false),
        os: sure(Os::Linux),
        arch: sure("x86_64".to_owned()),
        libc: sure(Libc { kind: LibcKind::Glibc, floor: Some("2.36".to_owned()) }),
        ..HostPython::unknown(How::Asked)
    }
}

/// A library for Linux x86_64 that came with a wheel.
pub(crate) fn library(path: &str) -> Module {
    Module {
        path: path.to_owned(),
        member: None,
        name: None,
        size: 1000,
        extension: false,
        program: false,
        target: Target {
            format: Format::Elf,
            os: sure(Os::Linux),
            arch: Arch { name: "x86_64".to_owned(), bits: 64, little_endian: true },
            libc: sure(Libc { kind: LibcKind::Glibc, floor: Some("2.17".to_owned()) }),
            cxx: None,
            strings: None,
            compilers: Vec::new(),
        },
        python: PythonNeeds {
            implementation: Claim::unknown("no extension"),
            version: Claim::unknown("no extension"),
            free_threaded: Claim::unknown("no extension"),
            debug: Claim::unknown("no extension"),
            tag: None,
            built: None,
            stable: None,
            entries: Vec::new(),
            gil: Claim::unknown("no extension"),
            interpreters: Claim::unknown("no extension"),
            protocols: Vec::new(),
        },
        frameworks: Vec::new(),
        partners: Vec::new(),
        capi: CApi::default(),
        needed: Vec::new(),
        links: Links::default(),
        note: None,
        problems: Vec::new(),
    }
}

/// An extension module for CPython 3.12 on Linux x86_64.
pub(crate) fn extension(name: &str) -> Module {
    let tag = "cpython-312-x86_64-linux-gnu";
    let mut module = library(&format!("/site/{}.{tag}.so", name.replace('.', "/")));
    module.name = Some(name.to_owned());
    module.extension = true;
    module.python.implementation = sure("cpython".to_owned());
    module.python.version = sure("3.12".to_owned());
    module.python.free_threaded = sure(false);
    module.python.debug = sure(false);
    module.python.tag = Some(tag.to_owned());
    let last = name.rsplit('.').next().unwrap_or(name).to_owned();
    module.python.entries = vec![EntryPoint { symbol: format!("PyInit_{last}"), module: last }];
    module
}

/// A framework of which nothing more is known.
pub(crate) fn framework(kind: FrameworkKind) -> Framework {
    Framework {
        kind,
        present: sure(true),
        role: Role::Whole,
        version: Claim::unknown("made by hand"),
        internals: None,
        ids: Vec::new(),
        domain: None,
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        warnings: Vec::new(),
    }
}

fn part(name: &str, value: &str) -> Part {
    Part { name: name.to_owned(), value: value.to_owned() }
}

/// A pybind11 module with these internals and this `use_cxx11_abi`; it has the conduit from 11 on.
pub(crate) fn pybind11(name: &str, internals: u32, cxx11: u32) -> Module {
    let platform = format!("system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_{cxx11}");
    let mut found = framework(FrameworkKind::Pybind11);
    found.internals = Some(sure(internals));
    found.ids = vec![sure(AbiId {
        text: format!("__pybind11_internals_v{internals}_{platform}__"),
        kind: "internals-key".to_owned(),
        parts: vec![
            part("internals", &internals.to_string()),
            part("compiler", "system"),
            part("build-abi", &format!("libstdcpp_gxx_abi_1xxx_use_cxx11_abi_{cxx11}")),
        ],
        overridden: Vec::new(),
    })];
    found.conduit = Some(sure(Conduit { present: internals >= 11, platform: Some(platform) }));
    let mut module = extension(name);
    module.frameworks = vec![found];
    module
}

/// A nanobind module with tag 22; without a domain: nobody knows it.
pub(crate) fn nanobind(name: &str, domain: Option<&str>) -> Module {
    let mut found = framework(FrameworkKind::Nanobind);
    found.ids = vec![sure(AbiId {
        text: "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_a1_v22".to_owned(),
        kind: "tag".to_owned(),
        parts: vec![part("internals", "22")],
        overridden: Vec::new(),
    })];
    found.domain = Some(match domain {
        Some(name) => sure(Domain { name: name.to_owned() }),
        None => Claim::unknown("no code was followed"),
    });
    let mut module = extension(name);
    module.frameworks = vec![found];
    module
}

/// A module of a framework without ids.
pub(crate) fn plain(name: &str, kind: FrameworkKind) -> Module {
    let mut module = extension(name);
    module.frameworks = vec![framework(kind)];
    module
}

/// A run of `inspect` that found these.
pub(crate) fn inspection(modules: Vec<Module>) -> Inspection {
    Inspection { schema: "interbind-inspect/1".to_owned(), modules, problems: Vec::new() }
}

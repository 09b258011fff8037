//! The data in `doctor/corpus/`, as its `README.md` describes it. It is read strictly: a field nobody knows is an error.

use std::fs;
use std::path::PathBuf;

use interbind_doctor::facts::FrameworkKind;
use serde::Deserialize;

use crate::package::repository;

/// One file of the corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    wheel: Vec<Wheel>,
}

/// A wheel, by its hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wheel {
    /// The project's name.
    pub project: String,
    /// Its release.
    pub version: String,
    /// The wheel's file name.
    pub file: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// What is known of the modules in it; not all of them stand here.
    pub module: Vec<Module>,
}

/// What is known of a module; what is absent isn't known, or isn't asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Module {
    /// Its name in the wheel.
    pub member: String,
    /// Whether it has an entry point for Python.
    pub extension: bool,
    /// `linux`, `macos`, `windows`, `ios`.
    pub os: Option<String>,
    /// Processors: one, or each slice of a fat file in its order.
    pub arch: Vec<String>,
    /// `glibc`, `musl`.
    pub libc: Option<String>,
    /// `cpython`, `pypy`.
    pub implementation: Option<String>,
    /// The one Python it is for.
    pub python: Option<String>,
    /// Whether it is for a free-threaded Python.
    pub free_threaded: Option<bool>,
    /// `abi3`, `abi3t`.
    pub stable: Option<String>,
    /// The lowest Python that it claims.
    pub floor: Option<String>,
    /// The binding libraries in it; none: the C API alone, or nothing of Python.
    pub frameworks: Vec<Framework>,
}

/// What is known of a binding library in a module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Framework {
    /// Which.
    pub kind: FrameworkKind,
    /// The lowest release it can be; both ends the same: that one.
    pub lowest: Option<String>,
    /// The highest release it can be.
    pub highest: Option<String>,
    /// The number of its shared state's layout.
    pub internals: Option<u32>,
    /// Its id, as it stands in the file.
    pub id: Option<String>,
    /// Whether it has pybind11's conduit.
    pub conduit: Option<bool>,
    /// Which half of a framework it is.
    pub role: Option<interbind_doctor::facts::Role>,
    /// How the version is known.
    pub source: String,
}

/// A module that lies in the repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fixture {
    /// Where, in `fixtures/`.
    pub file: String,
    /// The wheel it is from, or what it was built from and with what.
    pub origin: String,
    /// Its licence, which stands beside it where it isn't ours.
    pub licence: String,
    /// What is known of it.
    pub module: Module,
}

/// The modules that lie in the repository.
///
/// # Panics
/// When their list isn't as `README.md` describes it.
pub fn fixtures() -> Vec<Fixture> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        fixture: Vec<Fixture>,
    }
    let text = fs::read_to_string(folder().join("fixtures/truth.toml")).expect("the list is there");
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("fixtures/truth.toml: {error}"));
    file.fixture
}

/// Where the data lies.
pub fn folder() -> PathBuf {
    repository().join("doctor/corpus")
}

/// All wheels, file by file.
///
/// # Panics
/// When a file isn't as `README.md` there describes it.
pub fn wheels() -> Vec<Wheel> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).expect("the corpus is there").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut wheels = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let text = fs::read_to_string(path).expect("the corpus can be read");
        let mut file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        wheels.append(&mut file.wheel);
    }
    wheels
}

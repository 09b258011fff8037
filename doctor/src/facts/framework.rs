//! A binding library inside a module: which, what releases it can be, and the ids by which it recognises its like.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Claim;

/// The kinds, each with the name its makers write.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $name:literal,)*) => {
        /// What made a module's bindings.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum FrameworkKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl FrameworkKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name its makers write.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// pybind11.
    Pybind11 = "pybind11",
    /// nanobind.
    Nanobind = "nanobind",
    /// PyO3.
    Pyo3 = "PyO3",
    /// Cython.
    Cython = "Cython",
    /// SWIG.
    Swig = "SWIG",
    /// Boost.Python.
    BoostPython = "Boost.Python",
    /// CFFI.
    Cffi = "CFFI",
    /// HPy.
    Hpy = "HPy",
    /// NumPy's f2py.
    F2py = "f2py",
    /// mypyc.
    Mypyc = "mypyc",
    /// This project's own layer.
    Interbind = "interbind",
    /// SIP, of PyQt.
    Sip = "SIP",
    /// Shiboken, of PySide.
    Shiboken = "Shiboken",
    /// Pythran.
    Pythran = "Pythran",
    /// uniffi, whose libraries are called through `ctypes`.
    Uniffi = "uniffi",
    /// VTK's own wrappers.
    Vtk = "VTK",
    /// PyObjC.
    PyObjC = "PyObjC",
    /// cppyy, and ROOT's fork of it.
    Cppyy = "cppyy",
    /// gopy, for Go packages.
    Gopy = "gopy",
    /// The C API alone, or a layer that leaves no trace.
    Plain = "plain C API",
}

impl fmt::Display for FrameworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Releases, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// The lowest it can be.
    pub lowest: String,
    /// The highest it can be; absent: any later release too, as far as we know them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub highest: Option<String>,
}

impl Versions {
    /// One release.
    pub fn exactly(version: impl Into<String>) -> Self {
        let lowest = version.into();
        Self { highest: Some(lowest.clone()), lowest }
    }

    /// Whether it is one release.
    pub fn is_exact(&self) -> bool {
        self.highest.as_deref() == Some(self.lowest.as_str())
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.highest {
            None => write!(f, "≥ {}", self.lowest),
            Some(_) if self.is_exact() => f.write_str(&self.lowest),
            Some(highest) => write!(f, "{} – {highest}", self.lowest),
        }
    }
}

/// Which half of a framework a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// All of it is in the module.
    Whole,
    /// A front end, which asks another module for its internals.
    FrontEnd,
    /// The back end other modules ask.
    BackEnd,
}

/// One named part of an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Its name: `internals`, `compiler`, `stdlib`, `build-abi`, `debug`, `free-threaded`, …
    pub name: String,
    /// Its text in the id; empty where the id says nothing.
    pub value: String,
}

/// An id by which modules of one framework recognise each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AbiId {
    /// The whole id, as it stands in the file.
    pub text: String,
    /// What it is: `internals-key`, `module-local-key`, `platform-id`, `tag`.
    pub kind: String,
    /// Its parts, in their order.
    pub parts: Vec<Part>,
    /// Names of the parts that no compiler sets by itself: somebody overrode them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overridden: Vec<String>,
}

/// nanobind's domain: a part of its key that stands outside the tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Domain {
    /// Its name; empty: the default one.
    pub name: String,
}

/// Whether a pybind11 module answers and asks through pybind11's conduit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Conduit {
    /// It has the method.
    pub present: bool,
    /// The platform id it compares, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<String>,
}

/// A binding library in a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Framework {
    /// Which.
    pub kind: FrameworkKind,
    /// That it is there at all.
    pub present: Claim<bool>,
    /// Which half of it.
    pub role: Role,
    /// Its releases, as exactly as the evidence allows.
    pub version: Claim<Versions>,
    /// The number of its shared state's layout, for those that have one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub internals: Option<Claim<u32>>,
    /// Its ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ids: Vec<Claim<AbiId>>,
    /// nanobind's domain.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub domain: Option<Claim<Domain>>,
    /// The module that a front end of nanobind asks for its state.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub back_end: Option<Claim<String>>,
    /// pybind11's conduit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conduit: Option<Claim<Conduit>>,
    /// The frameworks for whose objects this project's layer has an adapter in the module.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub adapts: Vec<Claim<FrameworkKind>>,
    /// What a reader should be warned of: a build setting that weakens the id, a development release.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}

/// Whether something can be pickled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Picklable {
    /// It can.
    Yes,
    /// It can where its class names its module.
    WithModuleName,
    /// It can't.
    No,
    /// Nothing is known.
    Unknown,
}

//! A library beside Python whose binary interface a module was built for, or which it brings along.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::framework::FrameworkKind;

/// Which library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerKind {
    /// NumPy.
    Numpy,
    /// PyTorch.
    Pytorch,
    /// TensorFlow.
    Tensorflow,
    /// Apache Arrow.
    Arrow,
    /// Protocol Buffers.
    Protobuf,
    /// Abseil.
    Abseil,
    /// A run time of OpenMP.
    Openmp,
}

impl PartnerKind {
    /// The name its makers write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numpy => "NumPy",
            Self::Pytorch => "PyTorch",
            Self::Tensorflow => "TensorFlow",
            Self::Arrow => "Arrow",
            Self::Protobuf => "protobuf",
            Self::Abseil => "Abseil",
            Self::Openmp => "OpenMP",
        }
    }

    /// The word for it in documents.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Numpy => "numpy",
            Self::Pytorch => "pytorch",
            Self::Tensorflow => "tensorflow",
            Self::Arrow => "arrow",
            Self::Protobuf => "protobuf",
            Self::Abseil => "abseil",
            Self::Openmp => "openmp",
        }
    }

    /// The package that has it; none: it is no package of Python's.
    pub fn package(self) -> Option<&'static str> {
        match self {
            Self::Numpy => Some("numpy"),
            Self::Pytorch => Some("torch"),
            // Their files are found by the loader, or aren't: see `links`.
            _ => None,
        }
    }
}

impl fmt::Display for PartnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// On which side of the interface a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerRole {
    /// It asks for it.
    Needs,
    /// It is the library, or a part of it.
    Brings,
    /// It has a copy of it linked in, and gives the copy's names out: another copy in the process can meet it.
    Exports,
}

/// A library that a module was built for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Partner {
    /// Which.
    pub kind: PartnerKind,
    /// On which side the module is.
    pub role: PartnerRole,
    /// That it is one at all.
    pub present: Claim<bool>,
    /// The generation of its binary interface: for NumPy `1`, or `2`, whose headers serve both.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub generation: Option<Claim<String>>,
    /// The oldest release that serves the module.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lowest: Option<Claim<String>>,
    /// The last release, or series of releases, that serves it; absent: as far as the file tells, later ones do too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub highest: Option<Claim<String>>,
    /// By whose code it asks; `plain`: by the library's own headers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub through: Option<FrameworkKind>,
}

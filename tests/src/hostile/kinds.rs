//! The kinds of providers. Each is a way to write a class that others borrow from: its life, its guards and its bugs differ.

use crate::python::Python;

/// Who makes a kind's classes, and so where it can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The matrix's participant with PyO3.
    Pyo3,
    /// The matrix's participant on bare pyo3-ffi.
    Raw,
    /// The examples on bare pyo3-ffi, and a module that lets go of objects on foreign threads.
    Example,
    /// C, by the headers.
    C,
    /// The C++ layer, by the matrix's participant.
    Cpp,
    /// The C++ layer, by `tests/hostile/layer.cpp`.
    Layer,
    /// pybind11, by a module that knows nothing of interbind, and a class that answers it.
    Foreign,
}

/// A kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, which `tests/hostile/adapters.py` knows.
    pub name: &'static str,
    /// Who makes its classes.
    pub maker: Maker,
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind { name: "pyo3-frozen", maker: Maker::Pyo3 },
    Kind { name: "pyo3-tracked", maker: Maker::Pyo3 },
    Kind { name: "pyo3-unsendable", maker: Maker::Pyo3 },
    Kind { name: "raw-frozen", maker: Maker::Raw },
    Kind { name: "raw-tracked", maker: Maker::Raw },
    Kind { name: "example-raw", maker: Maker::Example },
    Kind { name: "c-frozen", maker: Maker::C },
    Kind { name: "c-untracked", maker: Maker::C },
    Kind { name: "cpp-frozen", maker: Maker::Cpp },
    Kind { name: "cpp-tracked", maker: Maker::Cpp },
    Kind { name: "layer-inline", maker: Maker::Layer },
    Kind { name: "layer-indirect", maker: Maker::Layer },
    Kind { name: "layer-collected", maker: Maker::Layer },
    Kind { name: "layer-frozen", maker: Maker::Layer },
];

/// Those that a conduit leads to: attacked by themselves, since pybind11's part of a fault can't be told from ours.
pub const FOREIGN: &[Kind] = &[
    Kind { name: "foreign-pybind11", maker: Maker::Foreign },
    Kind { name: "foreign-answering", maker: Maker::Foreign },
];

impl Maker {
    /// Whether its classes can be built for an interpreter: the C++ layer needs what CPython has since 3.12.
    pub fn serves(self, python: &Python) -> bool {
        match self {
            Self::Cpp | Self::Layer => python.implementation == "cpython" && python.version >= (3, 12),
            // Where the conduits are tried otherwise, too.
            Self::Foreign => {
                python.implementation == "cpython" && ((3, 11)..=(3, 14)).contains(&python.version)
            }
            Self::Pyo3 | Self::Raw | Self::Example | Self::C => true,
        }
    }

    /// Whether a share runs on an interpreter: the examples are built for each alone, and so for the default one.
    pub fn is_shared(self, python: &Python) -> bool {
        self.serves(python) && (self != Self::Example || Python::all().first() == Some(python))
    }
}

impl Kind {
    /// Whether its modules are the matrix's participants.
    pub fn is_of_the_matrix(&self) -> bool {
        matches!(self.maker, Maker::Pyo3 | Maker::Raw | Maker::Cpp)
    }

    /// The interpreter on which every attempt on this kind runs: the default one, or else the first that serves it.
    pub fn home(&self) -> Option<&'static Python> {
        let all = Python::all().iter();
        all.filter(|python| python.is_plain_cpython()).find(|python| self.maker.serves(python))
    }
}

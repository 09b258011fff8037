//! Function records made of Rust: the objects that C and C++ make with `interbind/function.h`, from functions of PyO3.
//!
//! The class, the service and what they promise are those of the spec's chapter on functions, whoever made them first. The stages,
//! in the order in which a function meets them:
//!
//! | stage | file | what it does |
//! |---|---|---|
//! | find | `service` | the list of all builds' classes, and this build's own in it |
//! | class | `class` | how such objects live and end, and what Python asks of them |
//! | object | `function` | a function whose class is known: its fields, and how they're read and written |
//! | attributes | `attributes`, `describe` | names, documentation, signatures |
//! | pickle | `pickle` | by name, when the name leads back |
//! | wrap | `parameters`, `wrap`, `add` | what PyO3 made becomes such an object, and is called past PyO3's own |
//! | count | `depth` | calls inside each other end with an exception |
//! | lend | `lend`, `quick` | functions of numbers are called without PyO3 |
//!
//! PyPy keeps no C function where another can read it, and a build for Python with and without a GIL lays out no objects: there what
//! PyO3 made stays as it is.

mod add;
mod attributes;
mod class;
mod depth;
mod describe;
mod function;
mod lend;
mod parameters;
mod pickle;
pub(crate) mod quick;
mod service;
mod wrap;

pub(crate) use self::add::add;
pub(crate) use self::lend::lend;
pub(crate) use self::service::own;

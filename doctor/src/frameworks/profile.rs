//! What is to be said of one framework, as a form that its file fills in: how it is recognised, its ids, its registry, what
//! pickling does, what mends what goes wrong. A new framework is one file with such a form, a line in
//! [`PROFILES`](super::all::PROFILES), and its name among the kinds.

use crate::compare::State;
use crate::facts::{Framework, FrameworkKind, Module, Picklable, PythonNeeds, Versions};
use crate::ids::{Id, IdKind};

use super::seen::Seen;

/// What is known of a framework.
pub(crate) struct Profile {
    /// Which.
    pub(crate) kind: FrameworkKind,
    /// The bytes by which it is found, each with the name by which its places are asked for.
    pub(super) fingerprints: &'static [(&'static str, &'static [u8])],
    /// Finds it in an image.
    pub(super) find: fn(&Seen<'_, '_>) -> Vec<Framework>,
    /// The kinds of its ids.
    pub(super) ids: &'static [IdKind],
    /// The releases that write an id; none where it doesn't tell.
    pub(super) writers: fn(&Id) -> Option<Versions>,
    /// How its modules find each other's types.
    pub(crate) registry: Registry,
    /// Whether it can stand in a library that modules ask for; else each file has a copy.
    pub(super) in_libraries: bool,
    /// Where the interpreter that a module is for makes its ids weak.
    pub(super) unfit: fn(&Framework, &PythonNeeds) -> Option<&'static str>,
    /// What pickling does.
    pub(crate) pickling: fn(&Framework) -> Pickling,
    /// The package that a build pins.
    pub(crate) package: Option<&'static str>,
}

/// Whether functions of a module and methods of its classes can be pickled, and what one sees or has to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pickling {
    pub(crate) functions: Picklable,
    pub(crate) methods: Picklable,
    pub(crate) why: &'static str,
}

impl Pickling {
    /// Nothing is established.
    pub(super) const UNKNOWN: Self =
        Self { functions: Picklable::Unknown, methods: Picklable::Unknown, why: "not established" };
}

/// How modules of a framework find each other's types.
pub(crate) enum Registry {
    /// Not at all.
    None {
        /// What lets two of them exchange objects.
        instead: &'static str,
    },
    /// By a registry of the interpreter's, which every module joins; what crosses is in the build notes.
    OfInterpreter {
        /// What it is called.
        name: &'static str,
    },
    /// By a state that modules share which fit.
    Shared(Shared),
}

/// One module of a framework.
pub(crate) type Side<'a> = (&'a Module, &'a Framework);

/// A state that modules share.
pub(crate) struct Shared {
    /// By what it is found.
    pub(crate) by: By,
    /// Whether two modules join one.
    pub(crate) state: fn(Side<'_>, Side<'_>) -> State,
    /// Whether pybind11's conduit takes objects from one state to another.
    pub(crate) conduit: bool,
    /// Whether a running interpreter shows the state under a key that a file predicts.
    pub(crate) live: bool,
    /// What happens to a class whose base is in another state.
    pub(crate) unknown_base: &'static str,
    /// The releases from which on ids don't tell compilers apart that fit each other.
    pub(crate) newer: &'static str,
    /// What keeps two packages' modules together, by the parts that differ.
    pub(crate) together: fn(differ: &[&str], both: &str) -> Option<String>,
}

/// By what a shared state is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// An id in the file.
    Id,
    /// An id and a domain beside it.
    IdAndDomain,
    /// An id, or else the library that holds the state: its name has this in it.
    Library(&'static str),
}

impl Profile {
    /// What most of them have nothing to say about.
    pub(super) const fn of(
        kind: FrameworkKind,
        find: fn(&Seen<'_, '_>) -> Vec<Framework>,
        registry: Registry,
    ) -> Self {
        Self {
            kind,
            fingerprints: &[],
            find,
            ids: &[],
            writers: |_| None,
            registry,
            in_libraries: false,
            unfit: |_, _| None,
            pickling: |_| Pickling::UNKNOWN,
            package: None,
        }
    }
}

impl Registry {
    /// No registry, and the way out that every C API has.
    pub(super) const NONE: Self =
        Self::None { instead: "share the type through interbind's C API, or pass a capsule" };

    /// Whether modules find each other's types by themselves.
    pub(crate) fn exists(&self) -> bool {
        !matches!(self, Self::None { .. })
    }

    /// The state that fitting modules share.
    pub(crate) fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Shared(shared) => Some(shared),
            Self::None { .. } | Self::OfInterpreter { .. } => None,
        }
    }
}

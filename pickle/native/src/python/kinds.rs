//! What an object is.

use pyo3_ffi as ffi;

use super::declared;
use super::object::Object;

/// The exact class of an object, where it is one that an engine knows; what inherits from one is [`Kind::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Float,
    Bytes,
    Tuple,
    Dict,
    List,
    Set,
    FrozenSet,
    ByteArray,
    PickleBuffer,
    Function,
    Class,
    Other,
}

macro_rules! kinds {
    ($($(#[$text:meta])* $name:ident: $check:ident;)*) => {
        impl Object {
            $(
                $(#[$text])*
                pub(crate) fn $name(&self) -> bool {
                    // SAFETY: alive.
                    unsafe { ffi::$check(self.ptr()) != 0 }
                }
            )*
        }
    };
}

kinds! {
    /// A tuple, or of a class that inherits from it.
    is_tuple: PyTuple_Check;
    /// A `str`, or of a class that inherits from it.
    is_text: PyUnicode_Check;
    /// A `bytes`, or of a class that inherits from it.
    is_bytes: PyBytes_Check;
    /// An `int`, or of a class that inherits from it.
    is_int: PyLong_Check;
    /// A dict, or of a class that inherits from it.
    is_dict: PyDict_Check;
    /// An exact dict.
    is_exact_dict: PyDict_CheckExact;
    /// An exact list.
    is_exact_list: PyList_CheckExact;
    /// A set or a frozenset, or of a class that inherits from one.
    is_any_set: PyAnySet_Check;
    /// A class.
    is_class: PyType_Check;
}

impl Object {
    /// `None`.
    pub(crate) fn is_none(&self) -> bool {
        // SAFETY: Python's own.
        self.ptr() == unsafe { ffi::Py_None() }
    }

    /// `True`.
    pub(crate) fn is_true(&self) -> bool {
        // SAFETY: Python's own.
        self.ptr() == unsafe { ffi::Py_True() }
    }

    /// `False`.
    pub(crate) fn is_false(&self) -> bool {
        // SAFETY: Python's own.
        self.ptr() == unsafe { ffi::Py_False() }
    }

    /// `NotImplemented`.
    pub(crate) fn is_not_implemented(&self) -> bool {
        // SAFETY: Python's own.
        self.ptr() == unsafe { ffi::Py_NotImplemented() }
    }

    /// Its exact class, by what is most frequent.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        let class = self.type_ptr();
        if class == &raw mut ffi::PyUnicode_Type {
            Kind::Text
        } else if class == &raw mut ffi::PyLong_Type {
            Kind::Int
        } else if class == &raw mut ffi::PyFloat_Type {
            Kind::Float
        } else if class == &raw mut ffi::PyDict_Type {
            Kind::Dict
        } else if class == &raw mut ffi::PyTuple_Type {
            Kind::Tuple
        } else if class == &raw mut ffi::PyList_Type {
            Kind::List
        } else if class == &raw mut ffi::PyBytes_Type {
            Kind::Bytes
        } else if class == &raw mut ffi::PySet_Type {
            Kind::Set
        } else if class == &raw mut ffi::PyFrozenSet_Type {
            Kind::FrozenSet
        } else if class == &raw mut ffi::PyByteArray_Type {
            Kind::ByteArray
        } else if class == &raw mut declared::PyPickleBuffer_Type {
            Kind::PickleBuffer
        } else if class == &raw mut ffi::PyFunction_Type {
            Kind::Function
        } else if class == &raw mut ffi::PyType_Type {
            Kind::Class
        } else {
            Kind::Other
        }
    }

    /// Tells whether its class is, or inherits from, `type`: whether it is a class itself, and says so.
    pub(crate) fn type_is_metaclass(&self) -> bool {
        let meta = &raw mut ffi::PyType_Type;
        // SAFETY: both are live classes.
        unsafe { ffi::PyType_IsSubtype(self.type_ptr(), meta) != 0 }
    }

    /// Tells whether this class is a subclass of `list` or `dict`.
    pub(crate) fn class_has_items(&self) -> bool {
        let class = self.ptr().cast::<ffi::PyTypeObject>();
        let flags = ffi::Py_TPFLAGS_LIST_SUBCLASS | ffi::Py_TPFLAGS_DICT_SUBCLASS;
        // SAFETY: a live class.
        unsafe { ffi::PyType_HasFeature(class, flags) != 0 }
    }

    /// The name of its class, with the module unless that is `builtins` or `__main__`: as Python's notes have it.
    pub(crate) fn class_name(&self) -> String {
        let class = self.class();
        let read = |name: &str| {
            let name = super::interned(name).ok()?;
            let found = class.get(&name).ok()?;
            found.is_text().then(|| found.utf8().map(str::to_owned).ok()).flatten()
        };
        let (module, name) = (read("__module__"), read("__qualname__"));
        super::Raised::forget();
        match (module, name) {
            (Some(module), Some(name)) if module != "builtins" && module != "__main__" => {
                format!("{module}.{name}")
            }
            (_, Some(name)) => name,
            _ => "object".to_owned(),
        }
    }
}

//! Python's functions, code objects, cells, classes and containers, as far as the drop-in reads them.

use core::ptr;

use pyo3_ffi as ffi;

use super::object::{Object, Owned};
use super::raised::{Raised, Result};
use super::sign::Sign;

// Cells, which the pyo3-ffi for the free-threaded 3.13 doesn't have yet; the declarations are those of CPython's `cellobject.h`.
unsafe extern "C" {
    static mut PyCell_Type: ffi::PyTypeObject;
    fn PyCell_New(content: *mut ffi::PyObject) -> *mut ffi::PyObject;
    fn PyCell_Get(cell: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

impl Object {
    /// A function written in Python.
    pub(crate) fn is_function(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyFunction_Check(self.ptr()) != 0 }
    }

    /// A code object.
    pub(crate) fn is_code(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyCode_Check(self.ptr()) != 0 }
    }

    /// A cell.
    pub(crate) fn is_cell(&self) -> bool {
        self.type_ptr() == &raw mut PyCell_Type
    }

    /// A module, or of a class that inherits from it.
    pub(crate) fn is_module(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyModule_Check(self.ptr()) != 0 }
    }

    /// A module of no class that inherits.
    pub(crate) fn is_exact_module(&self) -> bool {
        // SAFETY: alive.
        unsafe { ffi::PyModule_CheckExact(self.ptr()) != 0 }
    }

    /// A dict view, list, set: whether it is of exactly that class.
    pub(crate) fn is_exactly(&self, class: &Object) -> bool {
        self.type_ptr() == class.ptr().cast()
    }

    /// Tells whether one class inherits from another in its real order of bases.
    pub(crate) fn inherits(&self, base: &Object) -> bool {
        if !self.is_class() || !base.is_class() {
            return false;
        }
        // SAFETY: both are live classes.
        unsafe { ffi::PyType_IsSubtype(self.ptr().cast(), base.ptr().cast()) != 0 }
    }

    /// Tells whether the object's class is exactly `type`: no metaclass that could say otherwise.
    pub(crate) fn is_plain_class(&self) -> bool {
        self.type_ptr() == &raw mut ffi::PyType_Type
    }

    /// A class's own dict, not to be changed.
    pub(crate) fn class_dict(&self) -> Result<Owned> {
        debug_assert!(self.is_class());
        #[cfg(Py_3_12)]
        {
            // SAFETY: a live class.
            let answer = unsafe { ffi::PyType_GetDict(self.ptr().cast()) };
            // SAFETY: new, or an exception is set.
            unsafe { Owned::from_new(answer) }
        }
        #[cfg(not(Py_3_12))]
        {
            let class = self.ptr().cast::<ffi::PyTypeObject>();
            // SAFETY: a live class.
            let dict = unsafe { (*class).tp_dict };
            // SAFETY: NULL before a class is ready, else a dict that the class keeps.
            let dict = unsafe { Self::from_ptr_or_none(dict) };
            dict.map(Self::own).ok_or_else(|| Raised::system("a class without a dict"))
        }
    }

    /// Tells whether it is `object` itself.
    pub(crate) fn is_exactly_object(&self) -> bool {
        self.ptr() == (&raw mut ffi::PyBaseObject_Type).cast()
    }

    /// Tells whether a class is `type` itself.
    pub(crate) fn is_exactly_type(&self) -> bool {
        self.ptr() == (&raw mut ffi::PyType_Type).cast()
    }

    /// What a view that can't be changed, like that of a class's dict, shows; nothing for other objects.
    pub(crate) fn proxied(&self) -> Option<Owned> {
        if self.type_ptr() != &raw mut ffi::PyDictProxy_Type {
            return None;
        }
        let proxy = self.ptr().cast::<super::declared::Proxy>();
        // SAFETY: a proxy, whose one field is set when it is made and never again.
        let mapping = unsafe { (*proxy).mapping };
        // SAFETY: NULL, or an object that the proxy keeps.
        unsafe { Self::from_ptr_or_none(mapping) }.map(Self::own)
    }

    /// Tells whether it is the descriptor of a slot of that class.
    pub(crate) fn is_member_of(&self, class: &Object) -> bool {
        if self.type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return false;
        }
        let descriptor = self.ptr().cast::<ffi::PyDescrObject>();
        // SAFETY: descriptors of members begin so.
        let owner = unsafe { (*descriptor).d_type };
        owner.cast() == class.ptr()
    }

    /// Tells whether a function may have annotations; asking for them would make a dict.
    pub(crate) fn has_annotations(&self) -> bool {
        #[cfg(not(Py_GIL_DISABLED))]
        {
            if !self.is_function() {
                return false;
            }
            let function = self.ptr().cast::<ffi::PyFunctionObject>();
            // SAFETY: a function, read while the lock of the interpreter is held.
            !unsafe { (*function).func_annotations }.is_null()
        }
        #[cfg(Py_GIL_DISABLED)]
        true
    }

    /// A function's own attributes, if it has a dict for them yet.
    pub(crate) fn function_dict(&self) -> Option<Owned> {
        if !self.is_function() {
            return None;
        }
        #[cfg(Py_GIL_DISABLED)]
        {
            // Another thread may replace it, so Python returns a new reference. It makes a dict if the function has none.
            let name = super::builtin::interned("__dict__");
            name.and_then(|name| self.get(&name)).map_err(Raised::dismiss).ok().filter(|own| own.is_dict())
        }
        #[cfg(not(Py_GIL_DISABLED))]
        {
            let function = self.ptr().cast::<ffi::PyFunctionObject>();
            // SAFETY: a function.
            let dict = unsafe { (*function).func_dict };
            // SAFETY: NULL, or a dict that the function keeps.
            unsafe { Self::from_ptr_or_none(dict) }.map(Self::own)
        }
    }

    /// What is in a cell; nothing if it is empty.
    pub(crate) fn cell_content(&self) -> Result<Option<Owned>> {
        if !self.is_cell() {
            return Err(Raised::type_error("not a cell"));
        }
        // SAFETY: a cell. NULL where it is empty: its class was just asked.
        let content = unsafe { PyCell_Get(self.ptr()) };
        if content.is_null() {
            return Raised::check().map(|()| None);
        }
        // SAFETY: not NULL, so a new reference.
        unsafe { Owned::from_new(content) }.map(Some)
    }

    /// Another cell of the same content.
    pub(crate) fn cell_copy(&self) -> Result<Owned> {
        let content = self.cell_content()?;
        let content = content.as_ref().map_or(ptr::null_mut(), |content| content.ptr());
        // SAFETY: NULL means empty, else a live object. New, or an exception is set.
        let answer = unsafe { PyCell_New(content) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }

    /// A weak reference to the object: the one that there is, where it is without a callback.
    pub(crate) fn weak(&self) -> Result<Owned> {
        // SAFETY: alive; new, or an exception is set.
        let answer = unsafe { ffi::PyWeakref_NewRef(self.ptr(), ptr::null_mut()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }

    /// What a weak reference refers to, if that is still there.
    pub(crate) fn weakly(&self) -> Result<Option<Owned>> {
        #[cfg(Py_3_13)]
        {
            let mut found = ptr::null_mut();
            // SAFETY: alive; Python checks what it is. A place for a reference.
            super::attributes::done(unsafe { ffi::compat::PyWeakref_GetRef(self.ptr(), &mut found) }.min(0))?;
            if found.is_null() {
                return Ok(None);
            }
            // SAFETY: not NULL, so a new reference.
            unsafe { Owned::from_new(found) }.map(Some)
        }
        #[cfg(not(Py_3_13))]
        {
            // SAFETY: alive; Python checks what it is. Lent: `None` where nothing is there any more.
            let found = unsafe { ffi::PyWeakref_GetObject(self.ptr()) };
            // SAFETY: the lock of the interpreter is held, so nobody drops it before it is counted.
            let found = unsafe { Owned::from_lent(found) }?;
            Ok((!found.is_none()).then_some(found))
        }
    }

    /// Takes a container of ours out of the collector's sight.
    ///
    /// It must die by its count: the memo of a pickler that no object knows is all that holds it. Only tuples, dicts and lists:
    /// they look whether they are tracked before they die, a cell doesn't.
    pub(crate) fn untrack(&self) {
        let list = self.type_ptr() == &raw mut ffi::PyList_Type;
        if self.tuple_len() > 0 || self.is_exact_dict() || list {
            // SAFETY: a live container, which has the collector's head; one that isn't tracked is left alone.
            unsafe { ffi::PyObject_GC_UnTrack(self.ptr().cast()) };
        }
    }

    /// A fresh `str` of the same text, which isn't interned; Python keeps the empty one and single Latin-1 letters once.
    pub(crate) fn fresh(&self) -> Result<Owned> {
        match self.utf8() {
            Ok(text) => super::builtin::text(text),
            Err(raised) => {
                raised.dismiss();
                let empty = super::builtin::text("")?;
                // SAFETY: both are alive; Python checks that `self` can be joined. New, or an exception is set.
                let answer = unsafe { ffi::PyUnicode_Join(empty.ptr(), self.ptr()) };
                // SAFETY: new, or an exception is set.
                unsafe { Owned::from_new(answer) }
            }
        }
    }

    /// A fresh tuple with the same items.
    pub(crate) fn fresh_tuple(&self) -> Result<Owned> {
        let length = self.tuple_len();
        // SAFETY: new, or an exception is set.
        let answer = unsafe { ffi::PyTuple_New(length.turned()) };
        // SAFETY: new, or an exception is set.
        let copy = unsafe { Owned::from_new(answer) }?;
        for at in 0..length {
            let item = self.tuple_item(at).ok_or_else(|| Raised::system("a tuple with a hole"))?;
            // SAFETY: a fresh tuple that long; takes a reference of ours.
            unsafe { ffi::PyTuple_SET_ITEM(copy.ptr(), at.turned(), item.own().into_ptr()) };
        }
        Ok(copy)
    }

    /// The keys of a dict, as a list of its own.
    pub(crate) fn dict_keys(&self) -> Result<Owned> {
        // SAFETY: alive; Python checks that it's a dict. New, or an exception is set.
        let answer = unsafe { ffi::PyDict_Keys(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }

    /// The values of a dict, as a list of its own.
    pub(crate) fn dict_values(&self) -> Result<Owned> {
        // SAFETY: alive; Python checks that it's a dict. New, or an exception is set.
        let answer = unsafe { ffi::PyDict_Values(self.ptr()) };
        // SAFETY: new, or an exception is set.
        unsafe { Owned::from_new(answer) }
    }

    /// `del self[key]` of a dict that has the key.
    pub(crate) fn dict_remove(&self, key: &Object) -> Result<()> {
        // SAFETY: both are alive; Python checks that it's a dict.
        super::attributes::done(unsafe { ffi::PyDict_DelItem(self.ptr(), key.ptr()) })
    }

    /// An item of a list.
    pub(crate) fn list_item(&self, at: usize) -> Result<Owned> {
        // SAFETY: alive; Python checks that it's a list, and how long.
        let answer = unsafe { ffi::PyList_GetItem(self.ptr(), at.turned()) };
        // SAFETY: lent by the container, or an exception is set.
        unsafe { Owned::from_lent(answer) }
    }

    /// `self.sort()` of a list.
    pub(crate) fn list_sort(&self) -> Result<()> {
        // SAFETY: alive; Python checks that it's a list.
        super::attributes::done(unsafe { ffi::PyList_Sort(self.ptr()) })
    }
}

/// What a function is made of.
pub(crate) struct FunctionParts {
    /// `__code__`.
    pub(crate) code: Owned,
    /// `__globals__`.
    pub(crate) globals: Owned,
    /// `__closure__`, or `None`.
    pub(crate) closure: Owned,
    /// `__name__`.
    pub(crate) name: Owned,
    /// `__qualname__`.
    pub(crate) qualname: Owned,
    /// `__kwdefaults__`, or `None`.
    pub(crate) kwdefaults: Owned,
    /// `__defaults__`, or `None`.
    pub(crate) defaults: Owned,
    /// `__module__`, or `None`.
    pub(crate) module: Owned,
    /// `__doc__`, or `None`.
    pub(crate) doc: Owned,
}

impl Object {
    /// The parts of a function, as its attributes of those names give them.
    #[cfg(not(Py_GIL_DISABLED))]
    pub(crate) fn function_parts(&self) -> Result<FunctionParts> {
        if !self.is_function() {
            return Err(Raised::type_error("not a function"));
        }
        let function = self.ptr().cast::<ffi::PyFunctionObject>();
        let own = |part: *mut ffi::PyObject| {
            // SAFETY: NULL, or an object that the function keeps while nothing of Python's runs.
            unsafe { Self::from_ptr_or_none(part) }.map_or_else(super::builtin::none, Self::own)
        };
        // SAFETY: a function, all of whose fields are read while the lock of the interpreter is held.
        let function = unsafe { &*function };
        Ok(FunctionParts {
            code: own(function.func_code),
            globals: own(function.func_globals),
            closure: own(function.func_closure),
            name: own(function.func_name),
            qualname: own(function.func_qualname),
            kwdefaults: own(function.func_kwdefaults),
            defaults: own(function.func_defaults),
            module: own(function.func_module),
            doc: own(function.func_doc),
        })
    }

    /// The parts of a function: asked for one by one, since another thread may set them.
    #[cfg(Py_GIL_DISABLED)]
    pub(crate) fn function_parts(&self) -> Result<FunctionParts> {
        let get = |name: &str| self.get(&*super::builtin::interned(name)?);
        Ok(FunctionParts {
            code: get("__code__")?,
            globals: get("__globals__")?,
            closure: get("__closure__")?,
            name: get("__name__")?,
            qualname: get("__qualname__")?,
            kwdefaults: get("__kwdefaults__")?,
            defaults: get("__defaults__")?,
            module: get("__module__")?,
            doc: get("__doc__")?,
        })
    }
}

/// An empty cell.
pub(crate) fn cell() -> Result<Owned> {
    // SAFETY: NULL means empty. New, or an exception is set.
    let answer = unsafe { PyCell_New(ptr::null_mut()) };
    // SAFETY: new, or an exception is set.
    unsafe { Owned::from_new(answer) }
}

/// The dict of all modules, `sys.modules` as the interpreter started with.
pub(crate) fn modules() -> Result<Owned> {
    // SAFETY: attached, as every thread that works with references; lent.
    let modules = unsafe { ffi::PyImport_GetModuleDict() };
    // SAFETY: NULL without an exception when the interpreter is ending, else a dict that it keeps.
    match unsafe { Object::from_ptr_or_none(modules) } {
        Some(modules) => Ok(modules.own()),
        None => Err(Raised::runtime("sys.modules is gone: the interpreter is ending")),
    }
}

/// `NotImplemented`.
pub(crate) fn not_implemented() -> Owned {
    // SAFETY: Python's own, which lives as long as the interpreter.
    let lent = unsafe { ffi::Py_NotImplemented() };
    // SAFETY: the same.
    unsafe { Object::from_ptr(lent) }.own()
}

/// `...`.
pub(crate) fn ellipsis() -> Owned {
    // SAFETY: Python's own, which lives as long as the interpreter.
    let lent = unsafe { ffi::Py_Ellipsis() };
    // SAFETY: the same.
    unsafe { Object::from_ptr(lent) }.own()
}

/// `type`.
pub(crate) fn type_class() -> Owned {
    let lent = (&raw mut ffi::PyType_Type).cast();
    // SAFETY: Python's own, which lives as long as the process.
    unsafe { Object::from_ptr(lent) }.own()
}

/// `object`.
pub(crate) fn object_class() -> Owned {
    let lent = (&raw mut ffi::PyBaseObject_Type).cast();
    // SAFETY: Python's own, which lives as long as the process.
    unsafe { Object::from_ptr(lent) }.own()
}

impl Object {
    /// Tells whether a class was made while the program runs: by a `class` statement, or by a module's code.
    pub(crate) fn is_heap_class(&self) -> bool {
        // SAFETY: asked of classes only: the next condition.
        self.is_class() && unsafe { ffi::PyType_HasFeature(self.ptr().cast(), ffi::Py_TPFLAGS_HEAPTYPE) } != 0
    }

    /// `key in self` of a set.
    pub(crate) fn set_contains(&self, key: &Object) -> Result<bool> {
        // SAFETY: both are alive; Python checks that it's a set.
        let said = unsafe { ffi::PySet_Contains(self.ptr(), key.ptr()) };
        // SAFETY: negative says that an exception is set.
        if said < 0 { Err(unsafe { Raised::already() }) } else { Ok(said != 0) }
    }
}

//! Objects of our classes as arguments of pybind11's functions, in modules that know nothing of interbind.
//!
//! pybind11 asks an object of a stranger's class two things. Its method `_pybind11_conduit_v1_`, the conduit, is asked for the
//! address of a C++ type, by functions of modules that have such a class themselves, and only where an argument may be converted.
//! An attribute of its class, the local loader, is asked first, everywhere. Its name has the version of pybind11's internals in
//! it, and is written for version 12 alone, of pybind11 3.1: older ones pass an empty `std::shared_ptr` for what a loader gives.
//!
//! A function of C++ takes `T &` as it takes `const T &`, and nothing tells which it is: only classes that track no borrows answer.
//!
//! **Boundary**: the method and the loader of a class that answers, which pybind11 calls.

use core::any::TypeId;
use core::ffi::{CStr, c_char, c_void};
use core::ptr::{self, NonNull};

use interbind_abi::types::record::SHARED;
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use super::Opened;
use crate::ffi::conduit::{self, CONDUIT};
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised, Strong, thunk, type_object};
use crate::publish::record_of;
use crate::shared::Shared;
use crate::sync::{AtomicPtr, Ordering};

/// The names of the attribute, for the C++ libraries whose types are shared by name.
pub(super) const LOADERS: [&str; 3] = [
    "__pybind11_module_local_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__",
    "__pybind11_module_local_v12_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__",
    "__pybind11_module_local_v12_system_libcpp_abi1__",
];

type Word = AtomicPtr<c_void>;

/// A record of pybind11 3.1, as far as it is read of a stranger's class: the C++ type and the loader.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Loader {
    class: Word,
    pub(super) cpp_type: Word,
    unread: [Word; 17],
    pub(super) load: unsafe extern "C" fn(*mut c_void, *const c_void) -> *mut c_void,
    rest: [Word; 12],
}

impl Loader {
    /// One without a type yet.
    pub(super) const fn of(load: unsafe extern "C" fn(*mut c_void, *const c_void) -> *mut c_void) -> Self {
        Self {
            class: Word::new(ptr::null_mut()),
            cpp_type: Word::new(ptr::null_mut()),
            unread: [const { Word::new(ptr::null_mut()) }; 17],
            load,
            rest: [const { Word::new(ptr::null_mut()) }; 12],
        }
    }
}

/// What a type answers pybind11: a static, one for each type.
#[repr(C)]
#[derive(Debug)]
pub struct Answers {
    /// First: its address is what the loader is called with.
    loader: Loader,
    /// A `std::type_info` as the Itanium C++ ABI lays it out.
    type_info: [AtomicPtr<c_char>; 2],
    name: &'static CStr,
    id: fn() -> TypeId,
    answer: py::PyCFunction,
    /// Through a pointer, so that a module whose types answer nobody has nothing of this file.
    open: fn(&'static Self, Attached, &Strong, bool) -> Result<Opened, Raised>,
    method: AtomicPtr<py::PyMethodDef>,
}

impl Answers {
    /// Names the C++ class, mangled.
    pub const fn new<T: Shared>(name: &'static CStr) -> Self {
        Self {
            loader: Loader::of(load),
            type_info: [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(name.as_ptr().cast_mut())],
            name,
            id: TypeId::of::<fn(&T)>,
            answer: answer::<T>,
            open,
            method: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Lets a class that can do so answer pybind11 once it is published. A second call changes nothing.
    ///
    /// # Errors
    /// The class can't be changed.
    pub(crate) fn open(
        &'static self,
        at: Attached,
        class: &Strong,
        is_untracked: bool,
    ) -> Result<Opened, Raised> {
        (self.open)(self, at, class, is_untracked)
    }

    /// Gives a class the conduit and the loaders.
    fn equip(&'static self, at: Attached, class: &Strong) -> Result<(), Raised> {
        let method = self.method(at)?;
        // SAFETY: attached, a live class, and a definition that is never freed.
        let made = unsafe { py::PyDescr_NewMethod(class.as_ptr().cast(), method) };
        // SAFETY: a new reference or NULL.
        let made = unsafe { Strong::from_new(at, made) }?;
        type_object::set_attribute(at, class, CONDUIT, &made)?;
        let type_info = (&raw const self.type_info).cast_mut().cast::<c_void>();
        self.loader.cpp_type.store(type_info, Ordering::Release);
        for name in LOADERS {
            let loader = (&raw const self.loader).cast_mut().cast();
            // SAFETY: attached, a static; the name keeps it from being taken for pybind11's own.
            let made = unsafe { py::PyCapsule_New(loader, c"interbind.conduit".as_ptr(), None) };
            // SAFETY: a new reference or NULL.
            let made = unsafe { Strong::from_new(at, made) }?;
            type_object::set_attribute(at, class, name, &made)?;
        }
        Ok(())
    }

    fn method(&self, at: Attached) -> Result<*mut py::PyMethodDef, Raised> {
        let known = self.method.load(Ordering::Acquire);
        if !known.is_null() {
            return Ok(known);
        }
        let method = py::PyMethodDef {
            ml_name: c"_pybind11_conduit_v1_".as_ptr(),
            ml_meth: py::PyMethodDefPointer { PyCFunction: self.answer },
            ml_flags: py::METH_VARARGS,
            ml_doc: c"Answers pybind11.".as_ptr(),
        };
        let made = Box::into_raw(boxed(method).map_err(|_| error::no_memory(at))?);
        // Who comes second leaves its own for ever: it is one per type at most.
        self.method.store(made, Ordering::Release);
        Ok(made)
    }

    /// The address of an object's data; nothing where its class isn't published.
    fn address(&self, object: Live<'_>) -> Result<Option<*mut c_void>, Raised> {
        let Some(record) = record_of((self.id)(), object) else { return Ok(None) };
        let (Some(borrow), Some(release)) = (record.borrow, record.release) else { return Ok(None) };
        let data = object.as_ptr().cast();
        // SAFETY: conduit v1: a live object of the record's class, attached, a mode that every class has.
        let found = unsafe { borrow(record, data, SHARED) };
        if found.is_null() {
            return Err(Raised::at(object.at()));
        }
        // pybind11 doesn't say when its function has ended. The data of an untracked class stays where it is while the object lives,
        // and the call holds the object.
        // SAFETY: conduit v1: once, for the borrow above.
        unsafe { release(record, data, found, SHARED) };
        Ok(Some(found))
    }
}

/// The three arguments of a conduit.
fn arguments(at: Attached, tuple: *mut PyObject) -> Option<[*mut PyObject; 3]> {
    // SAFETY: attached; Python passes a tuple.
    if unsafe { py::PyTuple_Size(tuple) } != 3 {
        at.clear();
        return None;
    }
    // SAFETY: as above, with that many in it; the caller holds it.
    let found = [0, 1, 2].map(|index| unsafe { py::PyTuple_GetItem(tuple, index) });
    // SAFETY: attached, live objects.
    let are_bytes = [found[0], found[2]].iter().all(|one| unsafe { py::PyBytes_Check(*one) } != 0);
    // SAFETY: as above.
    (are_bytes && unsafe { py::PyCapsule_CheckExact(found[1]) } != 0).then_some(found)
}

/// As [`Answers::open`].
fn open(
    answers: &'static Answers,
    at: Attached,
    class: &Strong,
    is_untracked: bool,
) -> Result<Opened, Raised> {
    if !is_untracked {
        let why = "its objects answer pybind11, which may write to them, so the class must be one that tracks no borrows";
        return Ok(Opened::Unfit(why));
    }
    if !can_keep(at, class) {
        let why = "its objects answer pybind11, which keeps them alive by weak references, so the class needs those: \
                   `#[pyclass(weakref)]`, or Py_TPFLAGS_MANAGED_WEAKREF";
        return Ok(Opened::Unfit(why));
    }
    answers.equip(at, class)?;
    Ok(Opened::Open)
}

/// Whether objects of a class have weak references, by which pybind11 keeps them alive.
fn can_keep(at: Attached, class: &Strong) -> bool {
    let offset = type_object::own_part(at, class, "__weakrefoffset__");
    // SAFETY: attached, a live object; -1 with an exception for what is no number.
    let has = offset.is_ok_and(|offset| unsafe { py::PyLong_AsLong(offset.as_ptr()) } > 0);
    at.clear();
    has
}

/// What a conduit answers: a capsule with the address, or nothing.
fn answered(own: &Answers, object: Live<'_>, tuple: *mut PyObject) -> Result<Option<Strong>, Raised> {
    let at = object.at();
    let Some([_, cpp_type, kind]) = arguments(at, tuple) else {
        let line = "_pybind11_conduit_v1_ takes the bytes of an id, a capsule and the bytes of a kind";
        return Err(error::say(at, Class::Type, line));
    };
    // SAFETY: attached, bytes.
    let text = unsafe { py::PyBytes_AsString(kind) };
    // SAFETY: Python ends bytes with a zero.
    if text.is_null() || unsafe { CStr::from_ptr(text) } != c"raw_pointer_ephemeral" {
        let line = "_pybind11_conduit_v1_ knows no kind of pointer but raw_pointer_ephemeral";
        return Err(error::say(at, Class::Runtime, line));
    }
    // SAFETY: the tuple holds it.
    let cpp_type = unsafe { Strong::from_borrowed(at, cpp_type) };
    let asked = conduit::address(at, &cpp_type, Some(c"St9type_info")).cast::<*const c_char>();
    if asked.is_null() {
        return Ok(None);
    }
    // SAFETY: only C++ code makes capsules of that name, around a `type_info`, whose second word is its name.
    let mut name = unsafe { asked.wrapping_add(1).read() };
    if cfg!(all(target_vendor = "apple", target_arch = "aarch64")) {
        // The first bit says that the name is one library's alone.
        name = name.map_addr(|address| address & !(1 << 63));
    }
    // A name with a star in front is a type of one library alone.
    // SAFETY: a terminated text of the library that asks.
    if name.is_null() || unsafe { CStr::from_ptr(name) } != own.name {
        return Ok(None);
    }
    let Some(address) = own.address(object)? else { return Ok(None) };
    // SAFETY: attached; not NULL; the name lives as long as the library that asks.
    let made = unsafe { py::PyCapsule_New(address, name, None) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, made) }.map(Some)
}

thunk! {
    /// The conduit, a method.
    fn answer [T: Shared] (object: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject,
    where [], else ptr::null_mut(), {
        let (Some(own), Some(object)) = (T::answers(), NonNull::new(object)) else { return ptr::null_mut() };
        // SAFETY: Python calls methods attached, with a live object of the class that has them.
        let object = unsafe { Live::new(object) };
        match answered(own, object, arguments) {
            Ok(Some(capsule)) => capsule.into_ptr(),
            Ok(None) => none(),
            Err(_) => ptr::null_mut(),
        }
    }

    /// The local loader.
    fn load(object: *mut c_void, record: *const c_void) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: pybind11 passes the record that it found in the class's attribute, which is the start of a static.
        let own = unsafe { &*record.cast::<Answers>() };
        let Some(object) = NonNull::new(object) else { return ptr::null_mut() };
        // SAFETY: pybind11 calls attached, with a live object.
        let object = unsafe { Live::new(object.cast()) };
        match own.address(object) {
            Ok(found) => found.unwrap_or(ptr::null_mut()),
            Err(_) => {
                // It would be taken for pybind11's own. Where it may convert it asks the conduit too, which says the reason.
                object.at().clear();
                ptr::null_mut()
            }
        }
    }
}

fn none() -> *mut PyObject {
    // SAFETY: `None` lives as long as Python.
    let none = unsafe { py::Py_None() };
    // SAFETY: attached, a live object.
    unsafe { py::Py_INCREF(none) };
    none
}

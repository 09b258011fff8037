//! A class that is published as plain data, as an argument of pybind11 3.1: objects of an older pybind11, whose id is another text, are
//! taken by functions of modules with the newest. `interbind.bridge` of the wheel.
//!
//! pybind11 asks an attribute of a stranger's class, the local loader, whose name has the version of its internals in it. It is
//! written for version 12 alone: older receivers pass an empty `std::shared_ptr` for what a loader gives, or end the process, and
//! nothing tells which parameter is one. Of the id's parts the compiler and the C++ library don't matter for plain data, whose fields
//! an author has declared; for other classes they do, and those aren't bridged.
//!
//! **Boundary**: the loader, which pybind11 calls.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{self, NonNull};

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_UNTRACKED, KIND_DATA, SHARED, STATE_LIVE};
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use super::answers::{LOADERS, Loader};
use crate::ffi::conduit::{self, CONDUIT};
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised, Strong, pybind11_record, thunk, type_object};
use crate::fits::inherits;
use crate::refusal::{Sides, refuse};
use crate::shared::Module;
use crate::sync::{AtomicPtr, Ordering};

/// What stands in the attribute of a class. Never freed.
#[repr(C)]
struct Bridge {
    /// First: its address is what the loader is called with.
    loader: Loader,
    /// A `std::type_info` as the Itanium C++ ABI lays it out.
    type_info: [AtomicPtr<c_char>; 2],
    record: &'static TypeRecord,
}

/// Has functions of pybind11 3.1 take objects of a class of an older pybind11, and of what inherits from it. A second time changes nothing.
///
/// # Errors
/// TypeError: it is no class of pybind11, nobody has declared its data, or its C++ name can't be read here.
///
/// # Safety
/// 1. The thread is attached; `class` is a live object.
pub unsafe fn bridge<M: Module>(class: NonNull<PyObject>) -> Result<(), Raised> {
    // SAFETY: duty 1.
    let live = unsafe { Live::new(class) };
    let at = live.at();
    // SAFETY: duty 1.
    let class = unsafe { Strong::from_borrowed(at, class.as_ptr()) };
    // SAFETY: attached, a live object.
    if !unsafe { type_object::is_type(class.as_ptr()) } {
        return Err(error::say(at, Class::Type, "interbind.bridge takes a class of pybind11"));
    }
    let name = Strong::text(at, CONDUIT)?;
    if conduit::own_function(at, &class, &name).is_none() {
        let line = "it was not made by a pybind11 with a conduit: 2.11.2, 2.12.1, 2.13.6, or 3.0 and newer";
        return Err(refused(
            at,
            &class,
            Reason::WrongObject,
            line,
            "name the class that the module's author made",
        ));
    }
    let binding = M::identity().binding(at)?;
    let is_data = |one: &&'static TypeRecord| one.kind == KIND_DATA && one.aliasing == ALIASING_UNTRACKED;
    let Some(record) = binding.types.of_type(at, &class).find(is_data) else {
        let line = "nobody has said what the class's data is: of other classes, compilers and C++ libraries must be equal";
        let fix = "pass one of its objects to a function whose author named its C++ class (`cpp`), or publish the class";
        return Err(refused(at, &class, Reason::NotPublished, line, fix));
    };
    let Some(found) = pybind11_record::of_class(at, &class) else {
        let line = "pybind11's record of the class can't be read here";
        let fix = "use a Python with a GIL on Linux, and modules with libstdc++; or build both modules with one pybind11";
        return Err(refused(at, &class, Reason::WrongObject, line, fix));
    };
    if found.size as u64 != record.size {
        let line = "size: pybind11 has another one than the record that the class is published with";
        return Err(refused(
            at,
            &class,
            Reason::LayoutDiffers,
            line,
            "declare the type as the C++ class has it",
        ));
    }
    install(at, &class, record, found.name())
}

fn refused(at: Attached, class: &Strong, reason: Reason, line: &str, fix: &str) -> Raised {
    let template = "cannot bridge '{0}'\n{1}\n{2}";
    refuse(at, Class::Type, reason, template, &[&*type_object::type_name(at, class), line, fix], Sides::NONE)
}

fn install(at: Attached, class: &Strong, record: &'static TypeRecord, name: &[u8]) -> Result<(), Raised> {
    let mut made = None;
    for attribute in LOADERS {
        let key = Strong::text(at, attribute)?;
        if conduit::own_entry(at, class, &key).is_some() {
            // Its own, or ours.
            continue;
        }
        let bridge = match made {
            Some(bridge) => bridge,
            None => *made.insert(build(record, name).ok_or_else(|| error::no_memory(at))?),
        };
        let loader = (&raw const bridge.loader).cast_mut().cast();
        // SAFETY: attached, never freed; the name keeps it from being taken for pybind11's own.
        let capsule = unsafe { py::PyCapsule_New(loader, c"interbind.bridge".as_ptr(), None) };
        // SAFETY: a new reference or NULL.
        let capsule = unsafe { Strong::from_new(at, capsule) }?;
        // `type`'s own way isn't allowed for classes with a metaclass in C.
        // SAFETY: attached, live objects.
        if unsafe { py::PyObject_SetAttr(class.as_ptr(), key.as_ptr(), capsule.as_ptr()) } != 0 {
            return Err(Raised::at(at));
        }
    }
    Ok(())
}

/// Makes what is never freed; none without memory.
fn build(record: &'static TypeRecord, name: &[u8]) -> Option<&'static Bridge> {
    let mut text = Vec::new();
    text.try_reserve_exact(name.len() + 1).ok()?;
    text.extend_from_slice(name);
    text.push(0);
    let name: &'static [u8] = text.leak();
    let name = CStr::from_bytes_with_nul(name).ok()?;
    let made = Bridge {
        loader: Loader::of(load),
        type_info: [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(name.as_ptr().cast_mut())],
        record,
    };
    let made: &'static Bridge = Box::leak(boxed(made).ok()?);
    made.loader.cpp_type.store((&raw const made.type_info).cast_mut().cast(), Ordering::Release);
    Some(made)
}

thunk! {
    /// The local loader.
    fn load(object: *mut c_void, loader: *const c_void) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: pybind11 passes the record that it found in the class's attribute, which is the start of a `Bridge`.
        let own = unsafe { &*loader.cast::<Bridge>() };
        let Some(address) = NonNull::new(object) else { return ptr::null_mut() };
        // SAFETY: pybind11 calls attached, with a live object.
        let found = unsafe { Live::new(address.cast()) };
        let (Some(borrow), Some(release)) = (own.record.borrow, own.record.release) else { return ptr::null_mut() };
        // The attribute may have been put on another class.
        if own.record.state.load(Ordering::Acquire) != STATE_LIVE || !inherits(own.record, found.class()) {
            return ptr::null_mut();
        }
        // SAFETY: conduit v1: a live object of the record's class, attached, a mode that every class has.
        let data = unsafe { borrow(own.record, object, SHARED) };
        if data.is_null() {
            // It would be taken for pybind11's own.
            found.at().clear();
        } else {
            // The data of an untracked class stays where it is while the object lives, and the call holds the object.
            // SAFETY: conduit v1: once, for the borrow above.
            unsafe { release(own.record, object, data, SHARED) };
        }
        data
    }
}

//! Objects of nanobind's classes as shared data, from modules that know nothing of interbind: nanobind 3.0 and newer, split or combined.
//!
//! The class's state is entered by nanobind's own frozen table, which says size, alignment and C++ name of the class, and the address
//! in the object at each borrow. What was built with another C++ library, or as one module for the stable ABI, keeps a state
//! that nobody is let into: that is refused by name.
//!
//! **Boundary**: the borrow of the records that it publishes, which consumers of other builds call.

use core::ffi::c_void;
use core::ptr::NonNull;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;

use super::adapted::{Adapted, Asked, EMPTY, MAKE, Source, refuse_value, starts};
use crate::ffi::live::Live;
use crate::ffi::nanobind::{self, Unreached, Value};
use crate::ffi::{Raised, Strong, conduit, thunk};

/// Publishes the class of an object of nanobind.
///
/// # Errors
/// It is one, and can't be taken.
pub(super) fn adapt(asked: &Asked<'_>) -> Result<bool, Raised> {
    let (object, at, name) = (asked.object, asked.object.at(), asked.adapter.name);
    let class = object.class().held(at);
    if !nanobind::may_be(at, &class) {
        return Ok(false);
    }
    let state = nanobind::state_of(at, &class, asked.binding.core.serial()).map_err(|Unreached(line)| {
        let fix = "install nanobind-backend, or have the module's author publish the class with interbind/nanobind.hpp";
        asked.refused(Reason::WrongObject, line, fix)
    })?;
    // A class of Python has the C++ type of what it inherits from: the one that was made for it comes last.
    let ancestors = conduit::ancestors(at, &class);
    let of_type = |one: &Strong| Some((one.share(at), state.cpp_type(at, one, name)?));
    let Some((class, cpp_type)) = ancestors.iter().rev().find_map(of_type) else { return Ok(false) };
    if asked.adapter.has(&class) {
        // Perhaps by another thread, since the object was refused: that is asked once more.
        return Ok(true);
    }
    match state.value(object) {
        Value::At(_) => {}
        Value::Missing => return Err(asked.refused(Reason::WrongObject, EMPTY, MAKE)),
        // Importing the package may run Python code, which may give the object another class.
        Value::Strange => return Ok(false),
    }
    let Some(measures) = state.measures(at, &class) else { return Ok(false) };
    asked.measure(measures)?;
    let is_it = |source: &Source| matches!(source, Source::State(known, its) if core::ptr::eq(*known, state) && *its == cpp_type);
    asked.publish(&class, is_it, || Source::State(state, cpp_type), borrow, ("nanobind", state.platform()))
}

thunk! {
    /// What a consumer calls: the object's class is tested, then its state asked.
    fn borrow(record: *const TypeRecord, object: *mut c_void, mode: u32) -> *mut c_void, else core::ptr::null_mut(), {
        // SAFETY: conduit v1: the record that this function is in, which is never freed: an `Adapted`.
        let own = unsafe { &*record.cast::<Adapted>() };
        let Some(address) = NonNull::new(object) else { return object };
        // SAFETY: conduit v1: a live object, called attached.
        let found = unsafe { Live::new(address.cast()) };
        if let Err(refused) = starts(own, found, mode) {
            return refused;
        }
        let Source::State(state, _) = &own.source else { return core::ptr::null_mut() };
        match state.value(found) {
            Value::At(address) => address,
            Value::Missing => refuse_value(found, &own.record, EMPTY),
            Value::Strange => refuse_value(found, &own.record, "the nanobind that the class belongs to has ended"),
        }
    }
}

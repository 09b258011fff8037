//! Objects of pybind11's classes as shared data, from modules that know nothing of interbind: pybind11 2.11.2 and newer.
//!
//! The object's class has a conduit, which is proven to be pybind11's own and asked for the C++ class of the type's author. When it
//! answers, the class is published, untracked: from then on every module takes its objects as those of any provider. The address
//! is asked for in each borrow, since with virtual bases it differs between objects of one class.
//!
//! **Boundary**: the borrow of the records that it publishes, which consumers of other builds call.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;

use super::adapted::{Adapted, Asked, EMPTY, MAKE, Source, refuse_value, starts};
use crate::ffi::conduit::{self, CONDUIT, Conduit, Layout};
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, Strong, capsule, pybind11_record, thunk, type_object};
use crate::sync::Ordering;
use crate::text::Text;

/// How many ids are tried.
const MOST_IDS: usize = 16;

/// Publishes the class of an object of pybind11.
///
/// # Errors
/// It is one, and can't be taken.
pub(super) fn adapt(asked: &Asked<'_>) -> Result<bool, Raised> {
    let (adapter, object, at) = (asked.adapter, asked.object, asked.object.at());
    let class = object.class().held(at);
    let ancestors = conduit::ancestors(at, &class);
    let name = Strong::text(at, CONDUIT)?;
    let found = ancestors.iter().find_map(|one| Some((one, conduit::own_function(at, one, &name)?)));
    let Some((class, function)) = found else { return Ok(false) };
    match conduit::layout(at, &ancestors) {
        Layout::Foreign => return Ok(false),
        Layout::Unknown => {
            return Err(asked.refused(
                Reason::WrongObject,
                "its pybind11 is newer than this build knows: it can't tell whether an object has a value",
                "upgrade interbind, or have the module's author publish the class with interbind/pybind11.hpp",
            ));
        }
        Layout::Known => {}
    }
    if adapter.has(class) {
        // Perhaps by another thread, since the object was refused: that is asked once more.
        return Ok(true);
    }
    // SAFETY: (1) the layout is known.
    if !unsafe { conduit::has_value(object, class.as_ptr().cast()) } {
        return Err(asked.refused(Reason::WrongObject, EMPTY, MAKE));
    }
    let kind = conduit::bytes(at, b"raw_pointer_ephemeral")?;
    let plain = conduit::type_capsule(at, adapter.cpp_type())?;
    // A class that is local to its module answers, since pybind11 3.1, to the type in its own record alone.
    let local = || {
        let mut own = ancestors.iter().filter(|one| !conduit::is_of_python(at, one));
        let local = own.find_map(|one| {
            let dict = type_object::own_part(at, one, "__dict__").ok()?;
            let keys = conduit::keys(at, &dict);
            let is_local = |key: &&Strong| {
                key.to_text(at).is_some_and(|key| key.starts_with("__pybind11_module_local_v12_"))
            };
            let mut found =
                keys.iter().filter(is_local).filter_map(|key| type_object::item(at, &dict, key).ok());
            found.find_map(|record| conduit::local_type(at, &record, one, adapter.name))
        });
        at.clear();
        local.map(|address| conduit::type_capsule(at, address)).transpose()
    };
    for cpp_type in [Some(plain), local()?].into_iter().flatten() {
        for id in &ids(at) {
            let with = [&function, &conduit::bytes(at, id.as_bytes())?, &cpp_type, &kind];
            match conduit::ask(object, with, adapter.name) {
                Err(_) => {
                    let line = "pybind11 refuses to give the object's value";
                    return Err(asked.refused(
                        Reason::WrongObject,
                        line,
                        "see the exception that caused this one",
                    ));
                }
                Ok(None) => {}
                Ok(Some(_)) => {
                    // Its own record is one of the class that was made for the C++ class.
                    let measures = |one| pybind11_record::measures(at, one, id, adapter.name);
                    if let Some(measures) = ancestors.iter().find_map(measures) {
                        asked.measure(measures)?;
                    }
                    let is_it =
                        |source: &Source| matches!(source, Source::Conduit(known) if known.is(&function));
                    let source = || Source::Conduit(Conduit::new(at, with));
                    return asked.publish(class, is_it, source, borrow, ("pybind11", &**id));
                }
            }
        }
    }
    Ok(false)
}

/// The ids in the names of pybind11's own entries of the interpreter's dicts: what follows the version, and in 3.x without the
/// line in front. An id is a password: a class's own library answers to its own alone.
fn ids(at: Attached) -> Vec<Text> {
    let mut ids = Vec::new();
    for dict in [capsule::state_dict(at).ok(), capsule::builtins_dict(at)].into_iter().flatten() {
        for key in conduit::keys(at, &dict) {
            let Some(text) = key.to_text(at) else { continue };
            let version =
                text.strip_prefix("__pybind11_internals_v").and_then(|rest| rest.strip_suffix("__"));
            let Some(version) = version else { continue };
            let id = version.trim_start_matches(|digit: char| digit.is_ascii_digit());
            for id in [Some(id), id.strip_prefix('_')].into_iter().flatten() {
                let is_new = ids.iter().all(|known: &Text| **known != *id);
                if is_new && !id.is_empty() && ids.len() < MOST_IDS && ids.try_reserve(1).is_ok() {
                    ids.push(Text::of(id));
                }
            }
        }
    }
    at.clear();
    ids
}

thunk! {
    /// What a consumer calls: the object's class is tested, then the conduit asked.
    fn borrow(record: *const TypeRecord, object: *mut c_void, mode: u32) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: conduit v1: the record that this function is in, which is never freed: an `Adapted`.
        let own = unsafe { &*record.cast::<Adapted>() };
        let Some(address) = NonNull::new(object) else { return object };
        // SAFETY: conduit v1: a live object, called attached.
        let found = unsafe { Live::new(address.cast()) };
        if let Err(refused) = starts(own, found, mode) {
            return refused;
        }
        let Source::Conduit(conduit) = &own.source else { return ptr::null_mut() };
        let known = own.record.py_type.load(Ordering::Acquire);
        // SAFETY: (1) it was, when the class was published: classes that inherit from it have the layout too.
        if !unsafe { conduit::has_value(found, known.cast()) } {
            return refuse_value(found, &own.record, EMPTY);
        }
        // It stays so: plain data can't be a virtual base at the start of an object, and anything else is at one place in all objects
        // of a class.
        #[cfg(feature = "known-layouts")]
        // SAFETY: (1) as above.
        let word = unsafe { conduit::word(found, known.cast()) };
        #[cfg(feature = "known-layouts")]
        if let Some(word) = word.filter(|_| own.is_word.load(Ordering::Relaxed) != 0) {
            return word.as_ptr();
        }
        match conduit.ask(found, own.adapter.name) {
            Ok(Some(address)) => {
                #[cfg(feature = "known-layouts")]
                if word.is_some_and(|word| word.as_ptr() == address) {
                    own.is_word.store(1, Ordering::Relaxed);
                }
                address
            }
            Ok(None) => refuse_value(found, &own.record, "pybind11 finds no value in the object"),
            Err(_) => refuse_value(found, &own.record, "pybind11 refuses to give the object's value"),
        }
    }
}

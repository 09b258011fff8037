//! Objects of pybind11's classes as shared data, from modules that know nothing of interbind: pybind11 2.11.2 and newer.
//!
//! A type whose author named its C++ class has an [`Adapter`], which is asked about an object whose class nobody has
//! published. It finds the class's conduit, proves that it is pybind11's own, and asks it for that C++ class. When it answers,
//! the class is published, untracked: from then on every module takes its objects as those of any provider. The address is asked
//! for in each borrow, since with virtual bases it differs between objects of one class.
//!
//! **Boundary**: the functions of the records that it publishes, which consumers of other builds call.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{self, NonNull};

use interbind_abi::core::Status;
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{
    ALIASING_UNTRACKED, FLAG_SUBCLASSABLE, SHARED, STATE_CLAIMED, THREAD_ATTACHED, TYPE,
};
use interbind_abi::{Reason, Str};
use interbind_structures::chain::Chain;
use interbind_structures::claim;
use interbind_structures::memory::boxed;

use super::Declared;
use crate::ffi::conduit::{self, CONDUIT, Conduit, Layout};
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised, Strong, capsule, thunk, type_object};
use crate::fits::inherits;
use crate::interpreters::Binding;
use crate::judged::readable;
use crate::owner::{COMPILER, PLATFORM, VERSION};
use crate::publish::{never_exclusive, wrong_object};
use crate::refusal::{Sides, refuse};
use crate::sync::{AtomicPtr, Ordering};
use crate::text::Text;

/// How many ids are tried.
const MOST_IDS: usize = 16;

/// A `std::type_info` as the Itanium C++ ABI lays it out. Who reads it reads the name alone, and may keep its address.
#[repr(C)]
#[derive(Debug)]
struct CppType {
    table: AtomicPtr<c_void>,
    name: AtomicPtr<c_char>,
}

/// What takes objects of pybind11 as a shared type: a static, one for each type.
#[derive(Debug)]
pub struct Adapter {
    cpp_type: CppType,
    name: &'static CStr,
    size: usize,
    /// Through a pointer, so that a module whose types name no C++ class has nothing of this file.
    adapt: fn(&'static Self, &Declared, Live<'_>, &Binding) -> Result<bool, Raised>,
    records: Chain<&'static Adapted>,
}

/// A record of a class of pybind11, and what stands behind it, at one address. Never freed.
#[repr(C)]
struct Adapted {
    record: TypeRecord,
    adapter: &'static Adapter,
    conduit: Conduit,
    serial: [u8; 16],
}

impl core::fmt::Debug for Adapted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Adapted").finish_non_exhaustive()
    }
}

impl Adapter {
    /// Names the C++ class, mangled, and the bytes of the type.
    pub const fn new(name: &'static CStr, size: usize) -> Self {
        Self {
            cpp_type: CppType {
                table: AtomicPtr::new(ptr::null_mut()),
                name: AtomicPtr::new(name.as_ptr().cast_mut()),
            },
            name,
            size,
            adapt,
            records: Chain::new(),
        }
    }

    /// Publishes the class of an object, if it's one of pybind11's that holds this C++ class.
    ///
    /// # Errors
    /// It is, and can't be taken.
    pub(crate) fn adapt(
        &'static self,
        declared: &Declared,
        object: Live<'_>,
        binding: &Binding,
    ) -> Result<bool, Raised> {
        (self.adapt)(self, declared, object, binding)
    }
}

fn adapt(
    adapter: &'static Adapter,
    declared: &Declared,
    object: Live<'_>,
    binding: &Binding,
) -> Result<bool, Raised> {
    let at = object.at();
    let class = object.class().held(at);
    let ancestors = conduit::ancestors(at, &class);
    let name = Strong::text(at, CONDUIT)?;
    let found = ancestors.iter().find_map(|one| {
        let function = conduit::function(at, &conduit::own_entry(at, one, &name)?)?;
        Some((one, function))
    });
    let Some((class, function)) = found else { return Ok(false) };
    let refused = |line: &str| {
        let template = "cannot borrow '{0}' as {1}\n{2}\n\
                        make objects by calling their class, or have the module's author publish the class";
        let values = [&*object.class_name(), declared.name, line];
        Err(refuse(at, Class::Type, Reason::WrongObject, template, &values, Sides::consumer(binding.owner)))
    };
    match conduit::layout(at, &ancestors) {
        Layout::Foreign => return Ok(false),
        Layout::Unknown => {
            return refused(
                "its pybind11 is newer than this build knows: it can't tell whether an object has a value",
            );
        }
        Layout::Known => {}
    }
    let is_published =
        |one: &&'static Adapted| ptr::eq(one.record.py_type.load(Ordering::Acquire), class.as_ptr().cast());
    if adapter.records.find(|one| is_published(one)).is_some() {
        return Ok(false);
    }
    // SAFETY: (1) the layout is known.
    if !unsafe { conduit::has_value(object, class.as_ptr().cast()) } {
        return refused(EMPTY);
    }
    let kind = conduit::bytes(at, b"raw_pointer_ephemeral")?;
    let plain = conduit::type_capsule(at, (&raw const adapter.cpp_type).cast_mut().cast())?;
    // A class that is local to its module answers, since pybind11 3.1, to the type in its own record alone.
    let local = || {
        let local = ancestors.iter().find_map(|one| {
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
                Err(_) => return refused("pybind11 refuses to give the object's value"),
                Ok(None) => {}
                Ok(Some(_)) => {
                    let made = adapted(at, adapter, declared, binding, class, with, id)
                        .ok_or_else(|| error::no_memory(at))?;
                    return match binding.types.publish(at, &made.record, class) {
                        Status::OK => Ok(true),
                        // The record is lost: nobody knows who has it by now.
                        _ => refused("the registry refuses the class of pybind11"),
                    };
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

/// Claims a free record of this conduit, or makes one; none without memory.
fn adapted(
    at: Attached,
    adapter: &'static Adapter,
    declared: &Declared,
    binding: &Binding,
    class: &Strong,
    with: [&Strong; 4],
    id: &str,
) -> Option<&'static Adapted> {
    let serial = binding.core.serial();
    // Only with the function that it has: a thread that is about to call it may be anywhere.
    let is_ours = |one: &&'static Adapted| one.conduit.is(with[0]) && one.serial == serial;
    if let Some(free) = adapter.records.iter().find(|one| is_ours(one) && claim::claim(&one.record.state)) {
        return Some(free);
    }
    let module = type_object::own_part(at, class, "__module__").ok().and_then(|module| module.to_text(at));
    at.clear();
    let owner = OwnerRecord {
        header: OWNER.header::<OwnerRecord>(),
        name: Str::new(module.and_then(Text::into_string).map_or("?", |name| name.leak())),
        version: Str::new(Text::of_parts(&["(pybind11, ", id, ")"]).into_string()?.leak()),
        file: Str::new(""),
        platform: Str::new(PLATFORM),
        interbind: Str::new(VERSION),
        compiler: Str::new(COMPILER),
    };
    let owner: &'static OwnerRecord = Box::leak(boxed(owner).ok()?);
    let made = Adapted {
        record: TypeRecord {
            header: TYPE.header::<TypeRecord>(),
            name: Str::new(declared.name),
            version_text: Str::new(declared.version_text),
            version: declared.version,
            kind: declared.kind,
            aliasing: ALIASING_UNTRACKED,
            thread: THREAD_ATTACHED,
            flags: FLAG_SUBCLASSABLE.into(),
            base_count: 0,
            serial: [0, 0].map(Into::into),
            py_type: ptr::null_mut::<c_void>().into(),
            data_offset: 0.into(),
            borrow: Some(borrow),
            release: Some(release),
            wrap: None,
            vtable: ptr::null(),
            descriptor: Str::new(declared.descriptor),
            owner,
            core: ptr::null_mut::<interbind_abi::core::CoreRecord>().into(),
            native: Str::new(""),
            bases: ptr::null(),
            state: STATE_CLAIMED.into(),
            base_size: 0,
            size: adapter.size as u64,
            reserved: 0,
        },
        adapter,
        conduit: Conduit::new(at, with),
        serial,
    };
    let made: &'static Adapted = Box::leak(boxed(made).ok()?);
    adapter.records.add(made, |_| false).ok()?;
    Some(made)
}

thunk! {
    /// What a consumer calls: the object's class is tested, then the conduit asked.
    fn borrow(record: *const TypeRecord, object: *mut c_void, mode: u32) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: conduit v1: the record that this function is in, which is never freed: an `Adapted`.
        let own = unsafe { &*record.cast::<Adapted>() };
        let Some(address) = NonNull::new(object) else { return object };
        // SAFETY: conduit v1: a live object, called attached.
        let found = unsafe { Live::new(address.cast()) };
        if !inherits(&own.record, found.class()) {
            return wrong_object(found, &own.record);
        }
        if mode != SHARED {
            return never_exclusive(found, &own.record);
        }
        let known = own.record.py_type.load(Ordering::Acquire);
        // SAFETY: (1) it was, when the class was published: classes that inherit from it have the layout too.
        if !unsafe { conduit::has_value(found, known.cast()) } {
            return refuse_value(found, &own.record, EMPTY);
        }
        match own.conduit.ask(found, own.adapter.name) {
            Ok(Some(address)) => address,
            Ok(None) => refuse_value(found, &own.record, "pybind11 finds no value in the object"),
            Err(_) => refuse_value(found, &own.record, "pybind11 refuses to give the object's value"),
        }
    }

    /// There is nothing to give back.
    fn release(_record: *const TypeRecord, _object: *mut c_void, _data: *mut c_void, _mode: u32), else (), {}
}

#[cold]
#[inline(never)]
fn refuse_value(object: Live<'_>, record: &TypeRecord, line: &str) -> *mut c_void {
    let template = "cannot borrow '{0}' as {1}\n{2}\n\
                    make objects by calling their class, and don't use those that a function took over";
    let values = [&*object.class_name(), readable(&record.name), line];
    let _ = refuse(
        object.at(),
        Class::Type,
        Reason::WrongObject,
        template,
        &values,
        Sides::provider(record.owner),
    );
    ptr::null_mut()
}

const EMPTY: &str =
    "the object has no value: `__init__` of its class was not called, or its value was given away";

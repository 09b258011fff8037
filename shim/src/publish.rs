//! Publishing: a provider's record, made once per class and type, and used again after the class died.
//!
//! The record is written completely, then handed to the registry. It is never freed: consumers keep its address. Belongs
//! to the internals contract.

use core::any::TypeId;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::sync::Mutex;

use interbind_abi::core::Status;
use interbind_abi::interface::TableHead;
use interbind_abi::types::record::{FLAG_IMMORTAL, FLAG_SUBCLASSABLE, TYPE, halves};
use interbind_abi::types::{Digest, TypeRecord};
use interbind_abi::{Reason, Str};

use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, Strong, type_object};
use crate::identity::Binding;
use crate::refusal::{Sides, number, readable, reason_of_status, refuse};
use crate::shared::{Provider, Shared, Wrap};
use crate::sync::Ordering;

/// What a provider on bare pyo3-ffi states about a class: the parts of a [`TypeRecord`] that are its own.
#[derive(Clone, Copy, Debug)]
pub struct RawClass {
    /// One of `ALIASING_…`.
    pub aliasing: u32,
    /// One of `THREAD_…`.
    pub thread: u32,
    /// True when Python classes may inherit.
    pub subclassable: bool,
    /// True when the class is never destroyed.
    pub immortal: bool,
    /// Bytes from the object to its data, for frozen classes; 0 when only `borrow` knows.
    pub data_offset: i64,
    /// [`TypeRecord::borrow`].
    pub borrow: unsafe extern "C" fn(object: *mut c_void, mode: u32) -> *mut c_void,
    /// [`TypeRecord::release`].
    pub release: unsafe extern "C" fn(object: *mut c_void, mode: u32),
    /// [`TypeRecord::wrap`].
    pub wrap: Option<Wrap>,
    /// [`TypeRecord::vtable`].
    pub table: *const TableHead,
}

/// A record of this library, findable by type and by what tells its classes apart.
struct Record {
    id: TypeId,
    key: usize,
    record: *const TypeRecord,
}

// SAFETY: records are `Sync` and never freed.
unsafe impl Send for Record {}

/// Every record that this library made: a handful, searched on cold paths only.
static RECORDS: Mutex<Vec<Record>> = Mutex::new(Vec::new());

/// Publishes a class as `T`.
///
/// # Errors
/// An exception is set: ImportError when the module can't bind, TypeError when the class can't be published.
///
/// # Safety
/// 1. The thread is attached; `class` is a live object (one that is no type is refused).
/// 2. `raw` keeps the promises of [`TypeRecord`]'s table for the instances of `class` and its subclasses.
/// 3. `key` tells this class from others of this module that provide `T`, and is the same each time for one class.
pub unsafe fn publish_raw<T, M>(class: NonNull<PyObject>, raw: RawClass, key: usize) -> Result<(), Raised>
where
    T: Shared + ?Sized,
    M: Provider<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let binding = M::identity().binding(at)?;
    let meaning = Meaning {
        id: TypeId::of::<fn(&T)>(),
        name: T::NAME,
        version_text: T::VERSION_TEXT,
        version: T::VERSION,
        kind: T::KIND,
        descriptor: T::DESCRIPTOR,
        digest: T::DIGEST,
        align: T::ALIGN,
    };
    publish(at, binding, class, &raw, key, &meaning)
}

/// The generic part of [`publish_raw`], as values.
struct Meaning {
    id: TypeId,
    name: &'static str,
    version_text: &'static str,
    version: interbind_abi::Version,
    kind: u32,
    descriptor: &'static str,
    digest: Digest,
    align: usize,
}

#[cold]
#[inline(never)]
fn publish(
    at: Attached,
    binding: &'static Binding,
    class: NonNull<PyObject>,
    raw: &RawClass,
    key: usize,
    meaning: &Meaning,
) -> Result<(), Raised> {
    // SAFETY: `publish_raw`'s duty 1.
    let class = unsafe { Strong::from_borrowed(at, class.as_ptr()) };
    let refuse = |reason, kind, line: &str, value: &str| {
        let name = type_object::type_name(at, &class);
        let template = "cannot publish '{0}' as {1} {2}\n{3}{4}\n\
                        publish a class as the guide \"Share a type between two wheels\" shows";
        let values = [&name, meaning.name, meaning.version_text, line, value];
        refuse(at, kind, reason, template, &values, Sides::provider(binding.owner))
    };
    // SAFETY: live object, attached.
    if !unsafe { type_object::is_type(class.as_ptr()) } {
        return Err(refuse(Reason::NotShareable, Class::Type, "the object is not a type", ""));
    }
    if raw.data_offset < 0 || raw.data_offset % meaning.align as i64 != 0 {
        let align = number(meaning.align as u64);
        return Err(refuse(Reason::Misaligned, Class::Type, "the data offset is not a multiple of ", &align));
    }
    let (record, is_alive) = record_for(binding, &class, raw, key, meaning);
    let status = binding.types.publish(at, record);
    if status == Status::OK {
        return Ok(());
    }
    if !is_alive {
        // Nobody has seen this one as alive.
        record.py_type.store(ptr::null_mut(), Ordering::Release);
    }
    if at.has_raised() {
        return Err(Raised);
    }
    let owner = readable(&binding.types.owner().name);
    Err(refuse(reason_of_status(status), Class::Import, "the registry refuses it; it was made by ", owner))
}

/// Finds the record of this class and type (then true), a dead one of it, or makes one.
fn record_for(
    binding: &'static Binding,
    class: &Strong,
    raw: &RawClass,
    key: usize,
    meaning: &Meaning,
) -> (&'static TypeRecord, bool) {
    let mut records = RECORDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let serial = halves(binding.serial());
    for known in records.iter().filter(|known| known.id == meaning.id && known.key == key) {
        // SAFETY: records are never freed.
        let record = unsafe { &*known.record };
        let registered = record.py_type.load(Ordering::Acquire);
        if ptr::eq(registered, class.as_ptr().cast()) {
            return (record, true);
        }
        // Dead: its type is gone and so are all its objects, hence no borrow is outstanding. It is used again only for a
        // class that says the same of itself, because consumers may have judged it.
        if registered.is_null() && says_the_same(record, raw) {
            for (half, value) in record.serial.iter().zip(serial) {
                half.store(value, Ordering::Release);
            }
            record.data_offset.store(raw.data_offset, Ordering::Release);
            record.py_type.store(class.as_ptr().cast(), Ordering::Release);
            return (record, false);
        }
    }
    let subclassable = if raw.subclassable { FLAG_SUBCLASSABLE } else { 0 };
    let immortal = if raw.immortal { FLAG_IMMORTAL } else { 0 };
    let record: &'static TypeRecord = Box::leak(Box::new(TypeRecord {
        header: TYPE.header::<TypeRecord>(),
        name: Str::new(meaning.name),
        version_text: Str::new(meaning.version_text),
        version: meaning.version,
        kind: meaning.kind,
        aliasing: raw.aliasing,
        thread: raw.thread,
        flags: (subclassable | immortal).into(),
        base_count: 0,
        serial: serial.map(Into::into),
        py_type: class.as_ptr().cast::<c_void>().into(),
        data_offset: raw.data_offset.into(),
        borrow: Some(raw.borrow),
        release: Some(raw.release),
        wrap: raw.wrap,
        vtable: raw.table,
        descriptor: Str::new(meaning.descriptor),
        digest: meaning.digest,
        owner: binding.owner,
        core: ptr::null_mut::<interbind_abi::core::CoreRecord>().into(),
        native: Str::new(""),
        bases: ptr::null(),
    }));
    records.push(Record { id: meaning.id, key, record });
    (record, false)
}

/// Compares what a consumer may have judged and doesn't look at again.
fn says_the_same(record: &TypeRecord, raw: &RawClass) -> bool {
    let same_call = |a: Option<unsafe extern "C" fn(*mut c_void, u32) -> *mut c_void>| {
        a.is_some_and(|a| ptr::fn_addr_eq(a, raw.borrow))
    };
    record.aliasing == raw.aliasing
        && record.thread == raw.thread
        && ptr::eq(record.vtable, raw.table)
        && record.wrap.is_some() == raw.wrap.is_some()
        && same_call(record.borrow)
        && (record.flags.load(Ordering::Relaxed) & FLAG_IMMORTAL != 0) == raw.immortal
}

/// States where the data lies, for the record of this class and type; called by a provider's first borrow.
#[cfg_attr(
    not(feature = "pyo3"),
    allow(dead_code, reason = "classes on bare pyo3-ffi state it when they are published")
)]
pub(crate) fn state_offset(id: TypeId, key: usize, offset: i64) {
    let records = RECORDS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for known in records.iter().filter(|known| known.id == id && known.key == key) {
        // SAFETY: records are never freed.
        unsafe { &*known.record }.data_offset.store(offset, Ordering::Release);
    }
}

//! The forger's tools: memory that is planted and stays, a core and records of one's own, functions that misbehave.
//!
//! Everything is raw bytes and offsets from the spec, never the builders of the crates under test. The cases pack the
//! bytes (`child/forgery.py`); here they only get an address.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use interbind::abi::types::TypeRecord;
use pyo3_ffi::*;

use crate::provider;
use crate::python::{
    Args, Dict, Result, again, bytes, checked, failed, give_back, is_raised, none, number, raise, refuse,
    text, usage,
};

/// Whether this build mutates its records.
pub const IS_MUTATED: bool = cfg!(any(
    record = "older-minor",
    record = "newer-minor",
    record = "other-major",
    record = "bad-magic",
    record = "short-size",
    record = "null-slot"
));

const KEY: &std::ffi::CStr = c"__interbind_internals_v1__";

/// Writes where an address says.
fn overwrite(address: *mut u8, data: &[u8]) {
    // SAFETY: the forger writes into memory that it planted itself, or into records and objects of this provider.
    unsafe { ptr::copy_nonoverlapping(data.as_ptr(), address, data.len()) };
}

/// Copies bytes to memory that is never freed, aligned to 16, with room behind it.
pub fn plant_bytes(data: &[u8]) -> *mut u8 {
    let words = vec![0_u128; data.len().div_ceil(16) + 1].leak();
    let start = words.as_mut_ptr().cast::<u8>();
    overwrite(start, data);
    start
}

pub fn plant(args: &Args) -> Result {
    Ok(number(plant_bytes(args.bytes(0)?) as usize))
}

/// An object's address, which `id` doesn't say everywhere.
pub fn address(args: &Args) -> Result {
    Ok(number(args.object(0)? as usize))
}

/// Overwrites planted memory.
pub fn put(args: &Args) -> Result {
    overwrite(args.number(0)? as *mut u8, args.bytes(1)?);
    Ok(none())
}

pub fn get(args: &Args) -> Result {
    let (address, size) = (args.number(0)?, args.number(1)?);
    // SAFETY: the cases read what is planted, and live records and tables, no further than the spec says they reach.
    Ok(bytes(unsafe { std::slice::from_raw_parts(address as *const u8, size) }))
}

fn state_dict() -> Result {
    // SAFETY: attached.
    #[cfg(not(pypy))]
    let dict = unsafe { PyInterpreterState_GetDict(PyInterpreterState_Get()) };
    // SAFETY: attached; a terminated name; `builtins` is a module and stays.
    #[cfg(pypy)]
    let dict = unsafe { PyModule_GetDict(checked(PyImport_AddModule(c"builtins".as_ptr()))?) };
    checked(dict)
}

/// The address of the interpreter's core; binds this module, which makes one when there is none.
pub fn core(_: &Args) -> Result {
    Ok(number(bound_core()? as usize))
}

fn bound_core() -> Result<*mut u8> {
    // SAFETY: attached.
    unsafe { interbind::bind::<provider::__Interbind>(ptr::null_mut()) }?;
    let capsule = checked(current(state_dict()?))?;
    // SAFETY: attached; a live object, which the dict holds; a terminated name.
    Ok(checked(unsafe { PyCapsule_GetPointer(capsule, KEY.as_ptr()) })?.cast())
}

/// What stands under the core's key, borrowed; NULL when nothing does.
fn current(dict: *mut PyObject) -> *mut PyObject {
    // SAFETY: attached; a live dict, a terminated name.
    unsafe { PyDict_GetItemString(dict, KEY.as_ptr()) }
}

/// Puts an object under the core's key, in each place where one stands; what stood there is kept alive, so that its destructor
/// doesn't run.
fn replace(object: *mut PyObject) -> Result<()> {
    let dict = state_dict()?;
    let before = current(dict);
    if !before.is_null() {
        again(before);
    }
    // SAFETY: attached, a terminated name; borrowed or NULL.
    let second = unsafe { PySys_GetObject(KEY.as_ptr()) };
    if !second.is_null() {
        again(second);
        // SAFETY: attached; a live object, a terminated name.
        if unsafe { PySys_SetObject(KEY.as_ptr(), object) } != 0 {
            return Err(failed());
        }
    }
    // SAFETY: attached; a live dict and object, a terminated name.
    if unsafe { PyDict_SetItemString(dict, KEY.as_ptr(), object) } == 0 { Ok(()) } else { Err(failed()) }
}

/// Plants a core: a capsule of any name around any address.
pub fn set_core(args: &Args) -> Result {
    let address = args.number(0)?;
    let name: *const c_char = match args.text(1)? {
        "" => ptr::null(),
        name => std::ffi::CString::new(name).unwrap_or_default().into_raw(),
    };
    // SAFETY: attached; the name is NULL or leaked; Python never follows the address.
    let capsule = checked(unsafe { PyCapsule_New(address as *mut c_void, name, None) })?;
    replace(capsule)?;
    Ok(none())
}

/// Puts any object in the core's place.
pub fn set_core_object(args: &Args) -> Result {
    replace(args.object(0)?)?;
    Ok(none())
}

static SERVICE: AtomicUsize = AtomicUsize::new(0);
static STATUS: AtomicI32 = AtomicI32::new(0);

/// What the planted core's `service` answers.
pub fn set_service(args: &Args) -> Result {
    SERVICE.store(args.number(0)?, Ordering::Relaxed);
    STATUS.store(args.number(1)? as i32, Ordering::Relaxed);
    Ok(none())
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Text(*const u8, u64);

#[repr(C)]
#[derive(Clone, Copy)]
struct Owned(*mut c_void, u64, u64, usize);

#[repr(C)]
#[derive(Clone, Copy)]
struct Maybe(u64, u64);

type This = *const c_void;
type Fault = *mut [u64; 8];

/// Answers a call with a value, and with success.
fn answer<T>(out: *mut T, value: T) -> i32 {
    // SAFETY: the contract of every such function: the caller has a place for the value.
    unsafe { out.write(value) };
    0
}

unsafe extern "C" fn nothing(_: *mut c_void) {}

unsafe extern "C" fn service(
    _core: *mut c_void,
    _name: Text,
    _major: u32,
    _make: *mut c_void,
    _context: *mut c_void,
    out: *mut usize,
) -> i32 {
    answer(out, SERVICE.load(Ordering::Relaxed));
    STATUS.load(Ordering::Relaxed)
}

unsafe extern "C" fn list_nothing(_: *mut c_void, _: *mut c_void, _: *mut c_void) -> i32 {
    0
}

unsafe extern "C" fn borrow_raises(_: *const TypeRecord, _: *mut c_void, _: u32) -> *mut c_void {
    // SAFETY: Python set it when it started, and never changes it.
    let _: Result = raise(unsafe { PyExc_LookupError }, None, "the provider's own trouble");
    ptr::null_mut()
}

unsafe extern "C" fn borrow_panics(_: *const TypeRecord, _: *mut c_void, _: u32) -> *mut c_void {
    // As our own thunks do: nothing unwinds into the other side.
    let caught = std::panic::catch_unwind(|| panic!("the provider's own panic"));
    if caught.is_err() {
        let _: Result = refuse("provider-panicked", "the provider panicked (provider-panicked)");
    }
    ptr::null_mut()
}

unsafe extern "C" fn borrow_misaligned(
    record: *const TypeRecord,
    object: *mut c_void,
    mode: u32,
) -> *mut c_void {
    // SAFETY: the caller's own promises.
    unsafe { provider::borrow_plain(record, object, mode) }.wrapping_byte_add(1)
}

unsafe extern "C" fn wrap_raises(_: *const c_void, _: *const c_void) -> *mut c_void {
    // SAFETY: it looks at neither argument; wrapping is done attached.
    unsafe { borrow_raises(ptr::null(), ptr::null_mut(), 0) }
}

unsafe extern "C" fn bad_boolean(_: This, _: u8, out: *mut u8, _: Fault) -> i32 {
    answer(out, 2)
}

unsafe extern "C" fn bad_letter(_: This, _: u32, out: *mut u32, _: Fault) -> i32 {
    answer(out, 0xD800)
}

unsafe extern "C" fn bad_presence(_: This, _: Maybe, out: *mut Maybe, _: Fault) -> i32 {
    answer(out, Maybe(7, 1))
}

unsafe extern "C" fn bad_null(_: This, _: Text, out: *mut Owned, _: Fault) -> i32 {
    answer(out, Owned(ptr::null_mut(), 5, 5, 0))
}

unsafe extern "C" fn bad_utf8(_: This, _: Text, out: *mut Owned, _: Fault) -> i32 {
    static BYTES: [u8; 4] = [b'a', 0xff, 0xfe, b'b'];
    answer(out, Owned(BYTES.as_ptr().cast_mut().cast(), 4, 4, 0))
}

unsafe extern "C" fn bad_misaligned(_: This, _: Owned, out: *mut Owned, _: Fault) -> i32 {
    let memory = plant_bytes(&[0; 64]);
    answer(out, Owned(memory.wrapping_add(1).cast(), 2, 2, 0))
}

unsafe extern "C" fn bad_length(_: This, _: Owned, out: *mut Owned, _: Fault) -> i32 {
    let memory = plant_bytes(&[0; 64]);
    answer(out, Owned(memory.cast(), u64::MAX / 8, 0, 0))
}

unsafe extern "C" fn bad_flags(_: This, _: u64, out: *mut [u8; 8], _: Fault) -> i32 {
    answer(out, [9, 9, 0, 0, 0, 0xd8, 0, 0])
}

unsafe extern "C" fn bad_object(_: This, _: *const c_void, out: *mut usize, _: Fault) -> i32 {
    answer(out, 0)
}

unsafe extern "C" fn bad_status(_: This, _: u64, _: *mut u64, _: Fault) -> i32 {
    99
}

/// A fault of a newer build: a code that nobody here knows, a text that can't be read.
unsafe extern "C" fn strange_fault(_: This, _: *mut u64, fault: Fault) -> i32 {
    answer(fault, [0xFFFF, 0, 0, 0, 7, 7, 0, 0]);
    5
}

/// The addresses of functions and tables that a record can be packed from.
pub fn functions(_: &Args) -> Result {
    let dict = Dict::new();
    let table = <dyn crate::kinds::Kinds as interbind::ProvidedBy<provider::Echo>>::TABLE;
    for (name, address) in [
        ("nothing", nothing as *const () as usize),
        ("service", service as *const () as usize),
        ("list_nothing", list_nothing as *const () as usize),
        ("borrow", provider::borrow_plain as *const () as usize),
        ("release", provider::release_plain as *const () as usize),
        ("borrow_raises", borrow_raises as *const () as usize),
        ("borrow_panics", borrow_panics as *const () as usize),
        ("borrow_misaligned", borrow_misaligned as *const () as usize),
        ("wrap_raises", wrap_raises as *const () as usize),
        ("bad_boolean", bad_boolean as *const () as usize),
        ("bad_letter", bad_letter as *const () as usize),
        ("bad_presence", bad_presence as *const () as usize),
        ("bad_null", bad_null as *const () as usize),
        ("bad_utf8", bad_utf8 as *const () as usize),
        ("bad_misaligned", bad_misaligned as *const () as usize),
        ("bad_length", bad_length as *const () as usize),
        ("bad_flags", bad_flags as *const () as usize),
        ("bad_object", bad_object as *const () as usize),
        ("bad_status", bad_status as *const () as usize),
        ("strange_fault", strange_fault as *const () as usize),
        ("table", table as usize),
    ] {
        dict.set(name, number(address));
    }
    dict.set("offset", number(provider::OFFSET));
    dict.set("platform", text(interbind::__private::PLATFORM));
    Ok(dict.into_ptr())
}

/// Reads a word of a record, which may be a function.
///
/// # Safety
/// 1. The record is alive and has a `T` at that offset.
unsafe fn word<T: Copy>(start: *const u8, offset: usize) -> T {
    // SAFETY: duty 1.
    unsafe { start.add(offset).cast::<T>().read() }
}

/// The registry in the core, by offsets alone.
fn registry() -> Result<*mut u8> {
    let core = bound_core()?;
    type Service = unsafe extern "C" fn(*mut u8, Text, u32, usize, usize, *mut *mut u8) -> i32;
    // SAFETY: the spec says where a core has it; this module is bound, so the core lives.
    let service: Service = unsafe { word(core, 144) };
    let mut out = ptr::null_mut();
    // SAFETY: the core's contract: a static name, a place for the answer, nothing to make the service with.
    let status = unsafe { service(core, Text(b"types".as_ptr(), 5), 1, 0, 0, &mut out) };
    if status == 0 && !out.is_null() { Ok(out) } else { usage("there is no registry") }
}

/// The address of the registry.
pub fn registry_at(_: &Args) -> Result {
    Ok(number(registry()? as usize))
}

/// Publishes planted bytes as a record for a class; returns the registry's status.
pub fn publish_at(args: &Args) -> Result {
    let status = publish_address(args.number(0)?, args.object(1)?)?;
    if is_raised() {
        return Err(failed());
    }
    Ok(number(status as usize))
}

fn publish_address(address: usize, class: *mut PyObject) -> Result<i32> {
    let registry = registry()?;
    type Publish = unsafe extern "C" fn(*mut u8, usize, *mut PyObject) -> i32;
    // SAFETY: the spec says where a registry has it; the registry lives as long as its core.
    let publish: Publish = unsafe { word(registry, 72) };
    // SAFETY: attached; the cases pass planted memory, which stays, and a live object; whether they are a record and a class,
    // the registry finds out.
    Ok(unsafe { publish(registry, address, class) })
}

/// Ends a record's publication; returns the registry's status.
pub fn unpublish_at(args: &Args) -> Result {
    let registry = registry()?;
    type Unpublish = unsafe extern "C" fn(*mut u8, usize) -> i32;
    // SAFETY: the spec says where a registry has it; the registry lives as long as its core.
    let unpublish: Unpublish = unsafe { word(registry, 80) };
    // SAFETY: attached; the registry compares the address, and follows only what it knows.
    let status = unsafe { unpublish(registry, args.number(0)?) };
    Ok(number(status as usize))
}

/// The address of the record of a class under a name, 0 when there is none.
pub fn record_of(args: &Args) -> Result {
    Ok(number(record_address(args.text(0)?, args.object(1)?)?))
}

fn record_address(name: &str, class: *mut PyObject) -> Result<usize> {
    let registry = registry()?;
    type List = unsafe extern "C" fn(*mut u8, Text, *mut usize) -> i32;
    type Next = unsafe extern "C" fn(usize, usize) -> usize;
    // SAFETY: the spec says where a registry has them; the registry lives as long as its core.
    let (list, next): (List, Next) = unsafe { (word(registry, 56), word(registry, 64)) };
    let mut found = 0;
    // SAFETY: the registry's contract: the text is readable during the call, and there is a place for the answer.
    if unsafe { list(registry, Text(name.as_ptr(), name.len() as u64), &mut found) } != 0 {
        return usage("the registry gives no list");
    }
    let mut record = 0;
    loop {
        // SAFETY: the registry's contract: its own list, and 0 or a record of it.
        record = unsafe { next(found, record) };
        // SAFETY: records are never freed, and have their class there.
        if record == 0 || unsafe { word::<usize>(record as *const u8, 96) } == class as usize {
            return Ok(record);
        }
    }
}

/// A heap type that isn't published.
pub fn bare(args: &Args) -> Result {
    provider::heap_type(args.text(0)?)
}

/// Publishes a class with a record that this build's flag changes: a copy of what an honest one says, as bytes.
pub fn publish_mutated(class: *mut PyObject, kind: &str, id: &str) -> Result<()> {
    let model = heap_type_published(kind, id)?;
    let name = format!("org.zoo.{}", id.replace('-', "_"));
    let honest = record_address(&name, model)?;
    // Twice as long as today's, for builds that know more than we do.
    let mut copy = vec![0xAA; 448];
    // SAFETY: the record of a class that was just published, as long as the spec says; records are never freed.
    copy[..224].copy_from_slice(unsafe { std::slice::from_raw_parts(honest as *const u8, 224) });
    // Nobody's yet: claimed, in no core, without the functions that ask for what lies behind the honest record.
    copy[96..104].fill(0);
    copy[168..176].fill(0);
    copy[200..204].copy_from_slice(&1_u32.to_ne_bytes());
    let (raw, _) = provider::raw_class(kind)?;
    let functions = [raw.borrow.map_or(0, |f| f as usize), raw.release.map_or(0, |f| f as usize)];
    copy[112..120].copy_from_slice(&functions[0].to_ne_bytes());
    copy[120..128].copy_from_slice(&functions[1].to_ne_bytes());
    // A type is part of a cycle: it dies with the next collection.
    give_back(model);
    // SAFETY: attached.
    unsafe { PyGC_Collect() };
    if cfg!(record = "newer-minor") {
        copy[8..12].copy_from_slice(&448_u32.to_ne_bytes());
        copy[14..16].copy_from_slice(&7_u16.to_ne_bytes());
    } else if cfg!(record = "null-slot") {
        copy[104..120].fill(0);
    }
    let planted = plant_bytes(&copy);
    if publish_address(planted as usize, class)? != 0 {
        return usage("the registry doesn't take the record");
    }
    // The registry takes no record with a spoiled header: these are spoiled behind its back.
    let spoil = |offset: usize, bytes: &[u8]| overwrite(planted.wrapping_add(offset), bytes);
    if cfg!(record = "other-major") {
        spoil(12, &2_u16.to_ne_bytes());
    } else if cfg!(record = "bad-magic") {
        spoil(0, b"ib.core\0");
    } else if cfg!(record = "short-size") {
        spoil(8, &200_u32.to_ne_bytes());
    }
    Ok(())
}

/// An honest class, whose record is the model of the changed one.
fn heap_type_published(kind: &str, id: &str) -> Result {
    let model = provider::heap_type(id)?;
    provider::publish_as(model, kind, id)?;
    Ok(model)
}

//! The provider: heap types made on demand, a class of each kind for each type of the zoo, kept until `drop_all`.
//! `fresh` makes one that nobody keeps.

use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI64, AtomicIsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use interbind::abi::types::TypeRecord;
use interbind::abi::types::record::{
    ALIASING_FROZEN, ALIASING_TRACKED, ALIASING_UNTRACKED, EXCLUSIVE, THREAD_ANY, THREAD_ATTACHED,
};
use interbind::raw::{ModuleState, Visit};
use interbind::{Object, ProvidedBy, Provider, RawClass, Shared, publish_raw};
use pyo3_ffi::*;

use crate::kinds::{self, Kinds};
use crate::python::{
    Args, Dict, Result, again, bytes, call, checked, count, failed, give_back, is_raised, none, number,
    refuse, usage,
};
use crate::{Array, Flags, Nested, PackedTail, Point2d, Scalars, ZooType};

static OBJECTS: AtomicI64 = AtomicI64::new(0);
static BORROWS: AtomicI64 = AtomicI64::new(0);

/// An object of any class of this module.
#[repr(C, align(16))]
struct Instance {
    base: PyObject,
    /// Shared borrows, or -1 for an exclusive one.
    borrows: AtomicIsize,
    size: usize,
    data: Data,
}

#[repr(C, align(16))]
struct Data([u8; 64]);

pub const OFFSET: usize = std::mem::offset_of!(Instance, data);

/// Implements the interface; has no data.
pub struct Echo;
kinds::echo_kinds!(Echo);

/// What a heap type has in a slot of Python's.
fn slot(class: *mut PyTypeObject, slot: c_int) -> *mut c_void {
    // SAFETY: attached; the callers pass a live heap type.
    unsafe { PyType_GetSlot(class, slot) }
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    OBJECTS.fetch_sub(1, Ordering::Relaxed);
    // SAFETY: Python calls this attached, with an instance that nobody refers to any more and that owns a reference to
    // its class; a class's `tp_free` is a `freefunc`.
    unsafe {
        let class = Py_TYPE(object);
        let free: freefunc = std::mem::transmute(slot(class, Py_tp_free));
        free(object.cast());
        give_back(class.cast());
    }
}

unsafe extern "C" fn new<T: ZooType>(
    class: *mut PyTypeObject,
    args: *mut PyObject,
    _: *mut PyObject,
) -> *mut PyObject {
    let make = || -> Result {
        let args = Args::of(args);
        let data = args.bytes(0)?;
        match T::from_bytes(data) {
            Some(_) => instance(class, data),
            None => usage("not a value"),
        }
    };
    make().unwrap_or(ptr::null_mut())
}

unsafe extern "C" fn new_echo(class: *mut PyTypeObject, _: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    instance(class, &[]).unwrap_or(ptr::null_mut())
}

fn instance(class: *mut PyTypeObject, data: &[u8]) -> Result {
    // SAFETY: attached; the callers pass a class that `heap_type` made or a subclass: its `tp_alloc` is an `allocfunc`
    // and gives zeroed memory with room for an instance.
    unsafe {
        let alloc: allocfunc = std::mem::transmute(slot(class, Py_tp_alloc));
        let object = checked(alloc(class, 0))?;
        OBJECTS.fetch_add(1, Ordering::Relaxed);
        let this = &mut *object.cast::<Instance>();
        this.size = data.len();
        this.data.0[..data.len()].copy_from_slice(data);
        Ok(object)
    }
}

unsafe extern "C" fn borrow_tracked(
    record: *const TypeRecord,
    object: *mut c_void,
    mode: u32,
) -> *mut c_void {
    // SAFETY: the record's contract: a live instance of the class that it was published for.
    let this = unsafe { &*object.cast::<Instance>() };
    let (now, next) = match (this.borrows.load(Ordering::Acquire), mode) {
        (0, EXCLUSIVE) => (0, -1),
        (-1, _) | (_, EXCLUSIVE) => {
            let message = "cannot borrow it (already-borrowed)\n  fix: end the other borrow first";
            let _: Result = refuse("already-borrowed", message);
            return ptr::null_mut();
        }
        (count, _) => (count, count + 1),
    };
    if this.borrows.compare_exchange(now, next, Ordering::AcqRel, Ordering::Relaxed).is_err() {
        // SAFETY: as above.
        return unsafe { borrow_tracked(record, object, mode) };
    }
    BORROWS.fetch_add(1, Ordering::Relaxed);
    (&raw const this.data).cast_mut().cast()
}

unsafe extern "C" fn release_tracked(
    _record: *const TypeRecord,
    object: *mut c_void,
    _data: *mut c_void,
    mode: u32,
) {
    // SAFETY: the record's contract: what `borrow_tracked` was called with, still alive.
    let this = unsafe { &*object.cast::<Instance>() };
    BORROWS.fetch_sub(1, Ordering::Relaxed);
    this.borrows.fetch_add(if mode == EXCLUSIVE { 1 } else { -1 }, Ordering::AcqRel);
}

pub unsafe extern "C" fn borrow_plain(
    _record: *const TypeRecord,
    object: *mut c_void,
    _mode: u32,
) -> *mut c_void {
    BORROWS.fetch_add(1, Ordering::Relaxed);
    object.wrapping_byte_add(OFFSET)
}

pub unsafe extern "C" fn release_plain(
    _record: *const TypeRecord,
    _object: *mut c_void,
    _data: *mut c_void,
    _mode: u32,
) {
    BORROWS.fetch_sub(1, Ordering::Relaxed);
}

/// Makes a heap type without publishing it.
pub fn heap_type(id: &str) -> Result {
    macro_rules! makers {
        ($($name:ident $id:literal ^$requires:tt;)+) => {
            match id {
                $($id => new::<$name> as *mut c_void,)+
                "kinds" => new_echo as *mut c_void,
                other => return usage(other),
            }
        };
    }
    let mut slots = [
        PyType_Slot { slot: Py_tp_new, pfunc: with_zoo!(makers) },
        PyType_Slot { slot: Py_tp_dealloc, pfunc: dealloc as *mut c_void },
        PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
    ];
    let mut spec = PyType_Spec {
        name: c"zoo.Raw".as_ptr().cast::<c_char>(),
        basicsize: size_of::<Instance>() as c_int,
        itemsize: 0,
        flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: attached; the specification lives during the call, and its slots fit `Instance`.
    let made = unsafe { PyType_FromSpec(&mut spec) };
    if made.is_null() && !is_raised() {
        // One of CPython 3.11's allocations fails there without a word.
        // SAFETY: attached.
        unsafe { PyErr_NoMemory() };
    }
    checked(made)
}

pub fn raw_class(kind: &str) -> Result<(RawClass, usize)> {
    let plain = RawClass {
        aliasing: ALIASING_FROZEN,
        thread: THREAD_ANY,
        subclassable: true,
        // PyPy never destroys a type that C code made.
        immortal: cfg!(pypy),
        data_offset: OFFSET as i64,
        size: 0,
        borrow: Some(borrow_plain),
        release: Some(release_plain),
        wrap: None,
        table: ptr::null(),
    };
    Ok(match kind {
        "frozen" => (plain, 1),
        "tracked" => {
            let raw = RawClass {
                aliasing: ALIASING_TRACKED,
                thread: THREAD_ATTACHED,
                data_offset: 0,
                borrow: Some(borrow_tracked),
                release: Some(release_tracked),
                ..plain
            };
            (raw, 2)
        }
        "untracked" => {
            (RawClass { aliasing: ALIASING_UNTRACKED, thread: THREAD_ATTACHED, data_offset: 0, ..plain }, 3)
        }
        other => return usage(other),
    })
}

/// Makes an object of whatever class the record stands for.
unsafe extern "C" fn wrap<T: ZooType>(record: *const TypeRecord, data: *const c_void) -> *mut c_void {
    // SAFETY: the record's contract: the caller passes the record, which is never freed, and a readable `T`.
    let (class, value) = unsafe { ((*record).py_type.load(Ordering::Relaxed), data.cast::<T>().read()) };
    instance(class.cast(), &value.to_bytes()).unwrap_or(ptr::null_mut()).cast()
}

fn publish<T>(class: *mut PyObject, raw: RawClass, key: usize) -> Result<()>
where
    T: Shared + ?Sized,
    __Interbind: Provider<T>,
{
    let class = NonNull::new(class).ok_or_else(failed)?;
    // SAFETY: attached; the thunks fit every instance of a class of this module; the key tells the kinds apart.
    unsafe { publish_raw::<T, __Interbind>(class, raw, key) }
}

mod entry {
    crate::python::entries! {
        make = super::make, make_as = super::make_as, cls = super::cls, peek = super::peek,
        during = super::during, drop_all = super::drop_all,
        #[cfg(not(pypy))]
        fresh = super::fresh,
        publish_object = super::publish_object, live = super::live,
    }
}

mod forge {
    use crate::forge;

    crate::python::entries! {
        plant = forge::plant, address = forge::address, put = forge::put, get = forge::get,
        functions = forge::functions, core = forge::core, set_core = forge::set_core,
        set_core_object = forge::set_core_object, set_service = forge::set_service,
        publish_at = forge::publish_at, unpublish_at = forge::unpublish_at, record_of = forge::record_of, bare = forge::bare,
        registry = forge::registry_at,
    }
}

/// The classes of an interpreter, by kind and type, until `drop_all`.
#[derive(Default)]
pub struct State {
    classes: Mutex<HashMap<(String, String), Object>>,
}

impl State {
    fn classes(&self) -> MutexGuard<'_, HashMap<(String, String), Object>> {
        self.classes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl ModuleState for State {
    fn traverse(&self, visit: &mut Visit) {
        for class in self.classes().values() {
            visit.object(class);
        }
    }

    fn clear(&self) {
        let classes = std::mem::take(&mut *self.classes());
        drop(classes);
    }
}

unsafe fn execute(_: NonNull<PyObject>) -> Result<State> {
    crate::silence();
    Ok(State::default())
}

macro_rules! provide {
    ($($name:ident $id:literal ^$requires:tt;)+) => {
        interbind::raw_module! {
            name = "interbind_raw_provider",
            interpreters = per_interpreter_gil,
            gil_used = false,
            // So that a case can plant what the next module will find.
            bind = on_first_use,
            provides = [$($name,)+ dyn Kinds],
            methods = [
                crate::entry::identity: VARARGS, crate::entry::descriptor: VARARGS,
                entry::make: VARARGS, entry::make_as: VARARGS, entry::cls: VARARGS, entry::peek: VARARGS,
                entry::during: VARARGS, entry::drop_all: VARARGS, #[cfg(not(pypy))] entry::fresh: VARARGS,
                entry::publish_object: VARARGS, entry::live: VARARGS,
                forge::plant: VARARGS, forge::address: VARARGS, forge::put: VARARGS, forge::get: VARARGS,
                forge::functions: VARARGS, forge::core: VARARGS, forge::set_core: VARARGS,
                forge::set_core_object: VARARGS, forge::set_service: VARARGS, forge::publish_at: VARARGS, forge::unpublish_at: VARARGS,
                forge::record_of: VARARGS, forge::bare: VARARGS, forge::registry: VARARGS,
            ],
            state = State,
            exec = execute,
        }

        /// Publishes a class as a type of the zoo.
        pub fn publish_as(class: *mut PyObject, kind: &str, id: &str) -> Result<()> {
            let (raw, key) = raw_class(kind)?;
            match id {
                // Only tracked classes let others make objects.
                $($id => {
                    let wrap = (key == 2).then_some(wrap::<$name> as _);
                    publish::<$name>(class, RawClass { wrap, size: size_of::<$name>(), ..raw }, key)
                })+
                "kinds" => {
                    let table = <dyn Kinds as ProvidedBy<Echo>>::TABLE;
                    publish::<dyn Kinds>(class, RawClass { table, ..raw }, key)
                }
                other => usage(other),
            }
        }
    };
}
with_zoo!(provide);

/// Makes a class and publishes it, changed where this build is a mutated one.
fn made(kind: &str, id: &str) -> Result {
    let class = heap_type(id)?;
    if !crate::forge::IS_MUTATED || id == "kinds" {
        publish_as(class, kind, id)?;
    } else {
        crate::forge::publish_mutated(class, kind, id)?;
    }
    Ok(class)
}

/// The kept class of a kind for a type, borrowed.
pub fn class_of(args: &Args, kind: &str, id: &str) -> Result {
    let state = args.state::<__Interbind>()?;
    let key = (kind.to_owned(), id.to_owned());
    if let Some(known) = state.classes().get(&key) {
        return Ok(known.as_ptr());
    }
    // Made without the lock: making a type may hand the GIL to another thread.
    // SAFETY: a new reference.
    let mut class = unsafe { Object::from_ptr(made(kind, id)?) };
    let kept =
        state.classes().entry(key).or_insert_with(|| class.take().expect("nobody else takes it")).as_ptr();
    // Whoever was second drops its own here, with no lock held.
    drop(class);
    Ok(kept)
}

pub fn cls(args: &Args) -> Result {
    class_of(args, args.text(0)?, args.text(1)?).map(again)
}

/// A new class that only the caller keeps.
#[cfg_attr(pypy, allow(dead_code, reason = "a type that C code made doesn't die there"))]
pub fn fresh(args: &Args) -> Result {
    made(args.text(0)?, args.text(1)?)
}

fn object(args: &Args, kind: &str, id: &str, data: *mut PyObject) -> Result {
    let class = class_of(args, kind, id)?;
    // SAFETY: attached; a live class and a live object, of which the new tuple takes a reference.
    let (args, object) = unsafe {
        let args = PyTuple_New(1);
        PyTuple_SetItem(args, 0, again(data));
        (args, PyObject_Call(class, args, ptr::null_mut()))
    };
    give_back(args);
    checked(object)
}

pub fn make(args: &Args) -> Result {
    object(args, "tracked", args.text(0)?, args.object(1)?)
}

pub fn make_as(args: &Args) -> Result {
    let kind = if args.text(1)? == "kinds" { "frozen" } else { args.text(0)? };
    object(args, kind, args.text(1)?, args.object(2)?)
}

/// The instance behind an object of a class of this module or a subclass.
fn this<'a>(object: *mut PyObject) -> Result<&'a Instance> {
    // SAFETY: Python passes live objects.
    let mut class = unsafe { Py_TYPE(object) };
    loop {
        // Built-in types have no slots to ask for before 3.10.
        // SAFETY: attached; an object keeps its class alive, and a class its base.
        if class.is_null() || unsafe { PyType_GetFlags(class) } & Py_TPFLAGS_HEAPTYPE == 0 {
            return usage("not an object of this module");
        }
        if slot(class, Py_tp_dealloc) == dealloc as *mut c_void {
            // SAFETY: only classes that `heap_type` made have this slot; the caller's object lives during the call.
            return Ok(unsafe { &*object.cast() });
        }
        class = slot(class, Py_tp_base).cast();
    }
}

pub fn peek(args: &Args) -> Result {
    let this = this(args.object(0)?)?;
    Ok(bytes(&this.data.0[..this.size]))
}

/// Calls `function` while this side borrows the object, exclusively or not.
pub fn during(args: &Args) -> Result {
    let (object, mode) = (args.object(0)?, if args.truth(1)? { EXCLUSIVE } else { 1 });
    let function = args.object(2)?;
    this(object)?;
    // SAFETY: a live instance, as `this` has just found.
    let data = checked(unsafe { borrow_tracked(ptr::null(), object.cast(), mode) })?;
    let called = call(function);
    // SAFETY: borrowed above; the tuple holds the object.
    unsafe { release_tracked(ptr::null(), object.cast(), data, mode) };
    give_back(called?);
    Ok(none())
}

/// Tries to publish any object, type or not, as a frozen or tracked type.
pub fn publish_object(args: &Args) -> Result {
    let (kind, id) = (args.text(0)?, args.text(1)?);
    publish_as(args.object(2)?, kind, id)?;
    Ok(none())
}

pub fn drop_all(args: &Args) -> Result {
    args.state::<__Interbind>()?.clear();
    Ok(none())
}

pub fn live(_: &Args) -> Result {
    // SAFETY: attached.
    let counts = unsafe { interbind::count_records::<__Interbind>() }?;
    let dict = Dict::new();
    dict.set("records", number((counts.live - counts.immortal) as usize));
    dict.set("immortal", number(counts.immortal as usize));
    dict.set("objects", count(&OBJECTS));
    dict.set("borrows", count(&BORROWS));
    Ok(dict.into_ptr())
}

//! The consumer: handles made with `from_ptr`, on every type of the zoo.

use std::any::Any;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use interbind::raw::ModuleState;
use interbind::{Consumer, Detached, Error, Object, Shared};
use pyo3_ffi::*;

use crate::kinds::{self, CallFailed, Kinds};
use crate::python::{
    self, Args, Dict, Result, bytes, count, failed as raised, give_back, none, number, refuse, usage,
};
use crate::{Array, Flags, Nested, PackedTail, Point2d, Scalars, ZooType};

/// How often a foreign payload was read.
static TOUCHED: AtomicI64 = AtomicI64::new(0);
/// Borrows that are held now.
static BORROWS: AtomicI64 = AtomicI64::new(0);

fn touch() {
    TOUCHED.fetch_add(1, Ordering::Relaxed);
}

/// Counts a borrow while it is held.
struct Counted;

impl Counted {
    fn new() -> Self {
        BORROWS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        BORROWS.fetch_sub(1, Ordering::Relaxed);
    }
}

type Kept = Box<dyn Any + Send>;

mod entry {
    crate::python::entries! {
        read = super::read, read_raw = super::read_raw, read_detached = super::read_detached,
        write = super::write, during = super::during, own = super::own, hold = super::hold,
        let_go = super::let_go, read_held = super::read_held, call = super::call,
        call_detached = super::call_detached, live = super::live,
    }
}

/// What an interpreter's cases hold, by token. The collector doesn't see it: a case lets go of what it holds.
#[derive(Default)]
pub struct State {
    held: Mutex<(usize, HashMap<usize, Kept>)>,
}

impl ModuleState for State {}

unsafe fn execute(_: NonNull<PyObject>) -> Result<State> {
    crate::silence();
    Ok(State::default())
}

fn with_held<R>(args: &Args, body: impl FnOnce(&mut (usize, HashMap<usize, Kept>)) -> R) -> Result<R> {
    let state = args.state::<__Interbind>()?;
    Ok(body(&mut state.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())))
}

fn target(args: &Args, index: isize) -> Result<NonNull<PyObject>> {
    NonNull::new(args.object(index)?).ok_or_else(raised)
}

fn refused<T>(error: Error) -> Result<T> {
    refuse(error.reason().slug(), &format!("{} ({})", error.message(), error.reason()))
}

/// Runs a Python function and drops what it returns.
fn run(function: *mut PyObject) -> Result<()> {
    give_back(python::call(function)?);
    Ok(())
}

/// Borrows an argument of the running call, until that call returns at the latest.
fn borrow<'a, T: Shared + ?Sized>(object: NonNull<PyObject>) -> Result<Foreign<'a, 'a, T>>
where
    __Interbind: Consumer<T>,
{
    // SAFETY: Python passes live objects and calls attached.
    unsafe { Foreign::from_ptr(object) }
}

/// Keeps an argument of the running call.
fn keep<T: Shared + ?Sized>(object: NonNull<PyObject>) -> Result<Held<T>>
where
    __Interbind: Consumer<T>,
{
    // SAFETY: Python passes live objects and calls attached.
    unsafe { Held::from_ptr(object) }
}

/// Runs `body` while this thread is detached.
fn detached<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: attached, as every function of the module is called.
    let state = unsafe { PyEval_SaveThread() };
    let answer = body();
    // SAFETY: the state that this thread has just saved.
    unsafe { PyEval_RestoreThread(state) };
    answer
}

/// What the surface needs of a consumed type.
trait Consumed: ZooType {
    fn own(data: &[u8]) -> Result;
    fn read(object: NonNull<PyObject>) -> Result<Vec<u8>>;
    fn read_raw(object: NonNull<PyObject>) -> Result<Vec<u8>>;
    fn read_detached(object: NonNull<PyObject>) -> Result<Vec<u8>>;
    fn write(object: NonNull<PyObject>, field: &str, data: &[u8]) -> Result<()>;
    fn during(object: NonNull<PyObject>, exclusive: bool, function: *mut PyObject) -> Result<Vec<u8>>;
    fn hold(object: NonNull<PyObject>) -> Result<Kept>;
    fn read_held(kept: &Kept) -> Option<Result<Vec<u8>>>;
}

macro_rules! consume {
    ($($name:ident $id:literal ^$requires:tt;)+) => {
        interbind::raw_module! {
            name = "interbind_raw_consumer",
            interpreters = per_interpreter_gil,
            gil_used = false,
            consumes = [$($name ^$requires,)+ dyn Kinds ^1.0],
            methods = [
                crate::entry::identity: VARARGS, crate::entry::descriptor: VARARGS,
                entry::read: VARARGS, entry::read_raw: VARARGS, entry::read_detached: VARARGS, entry::write: VARARGS,
                entry::during: VARARGS, entry::own: VARARGS, entry::hold: VARARGS, entry::let_go: VARARGS,
                entry::read_held: VARARGS, entry::call: VARARGS, entry::call_detached: VARARGS, entry::live: VARARGS,
            ],
            state = State,
            exec = execute,
        }

        $(
            impl Consumed for $name {
                fn own(data: &[u8]) -> Result {
                    let Some(value) = Self::from_bytes(data) else { return usage("not a value") };
                    // SAFETY: attached, as every function of the module is called.
                    let object = unsafe { interbind::to_python::<Self, __Interbind>(&value) }?;
                    Ok(object.into_ptr())
                }

                fn read(object: NonNull<PyObject>) -> Result<Vec<u8>> {
                    let this = borrow::<Self>(object)?;
                    let _counted = Counted::new();
                    touch();
                    Ok(this.to_bytes())
                }

                fn read_raw(object: NonNull<PyObject>) -> Result<Vec<u8>> {
                    // SAFETY: Python passes live objects and calls attached.
                    let this = unsafe { ForeignRaw::<Self>::from_ptr(object) }?;
                    // SAFETY: no case writes to an object that is being copied.
                    match unsafe { this.read() } {
                        Ok(value) => {
                            touch();
                            Ok(value.to_bytes())
                        }
                        Err(error) => refused(error),
                    }
                }

                fn read_detached(object: NonNull<PyObject>) -> Result<Vec<u8>> {
                    let this = borrow::<Self>(object)?;
                    let _counted = Counted::new();
                    match this.detached() {
                        Ok(view) => {
                            touch();
                            Ok(detached(|| {
                                std::thread::scope(|scope| {
                                    scope.spawn(|| view.to_bytes()).join().unwrap_or_default()
                                })
                            }))
                        }
                        Err(error) => refused(error),
                    }
                }

                fn write(object: NonNull<PyObject>, field: &str, data: &[u8]) -> Result<()> {
                    // SAFETY: Python passes live objects and calls attached.
                    let mut this = unsafe { ForeignMut::<Self>::from_ptr(object) }?;
                    let _counted = Counted::new();
                    touch();
                    let mut all = this.to_bytes();
                    let found = Self::FIELDS.iter().find(|(name, _, size)| *name == field && *size == data.len());
                    let Some(&(_, offset, size)) = found else { return usage(field) };
                    all[offset..offset + size].copy_from_slice(data);
                    match Self::from_bytes(&all) {
                        Some(value) => *this = value,
                        None => return usage("not a value"),
                    }
                    Ok(())
                }

                fn during(object: NonNull<PyObject>, exclusive: bool, function: *mut PyObject) -> Result<Vec<u8>> {
                    if exclusive {
                        // SAFETY: Python passes live objects and calls attached.
                        let this = unsafe { ForeignMut::<Self>::from_ptr(object) }?;
                        let _counted = Counted::new();
                        run(function)?;
                        return Ok(this.to_bytes());
                    }
                    let this = borrow::<Self>(object)?;
                    let _counted = Counted::new();
                    run(function)?;
                    Ok(this.to_bytes())
                }

                fn hold(object: NonNull<PyObject>) -> Result<Kept> {
                    Ok(Box::new(keep::<Self>(object)?))
                }

                fn read_held(kept: &Kept) -> Option<Result<Vec<u8>>> {
                    let held = kept.downcast_ref::<Held<Self>>()?;
                    // SAFETY: attached, as every function of the module is called.
                    Some(unsafe { held.bind_ptr() }.map(|this| this.to_bytes()))
                }
            }
        )+

        /// Does something with the type of that name.
        macro_rules! with_type {
            ($of:expr, $type:ident => $body:expr) => {
                match $of {
                    $($id => { type $type = $name; $body })+
                    other => usage(other),
                }
            };
        }

        fn read_any_held(kept: &Kept) -> Result<Vec<u8>> {
            $(if let Some(read) = <$name as Consumed>::read_held(kept) {
                return read;
            })+
            usage("holds no data")
        }
    };
}

with_zoo!(consume);

pub fn read(args: &Args) -> Result {
    Ok(bytes(&with_type!(args.text(0)?, T => <T as Consumed>::read(target(args, 1)?))?))
}

/// Reads a copy, as one must where nobody tracks borrows.
pub fn read_raw(args: &Args) -> Result {
    Ok(bytes(&with_type!(args.text(0)?, T => <T as Consumed>::read_raw(target(args, 1)?))?))
}

/// Reads on another thread while this one is detached.
pub fn read_detached(args: &Args) -> Result {
    Ok(bytes(&with_type!(args.text(0)?, T => <T as Consumed>::read_detached(target(args, 1)?))?))
}

pub fn write(args: &Args) -> Result {
    with_type!(args.text(0)?, T => <T as Consumed>::write(target(args, 1)?, args.text(2)?, args.bytes(3)?))?;
    Ok(none())
}

/// Calls a function while the borrow is held, then reads.
pub fn during(args: &Args) -> Result {
    let (exclusive, function) = (args.truth(2)?, args.object(3)?);
    let data =
        with_type!(args.text(0)?, T => <T as Consumed>::during(target(args, 1)?, exclusive, function))?;
    Ok(bytes(&data))
}

pub fn own(args: &Args) -> Result {
    with_type!(args.text(0)?, T => <T as Consumed>::own(args.bytes(1)?))
}

pub fn hold(args: &Args) -> Result {
    let object = target(args, 1)?;
    let kept: Kept = match args.text(0)? {
        "kinds" => Box::new(keep::<dyn Kinds>(object)?),
        other => with_type!(other, T => <T as Consumed>::hold(object))?,
    };
    Ok(number(with_held(args, |(next, held)| {
        *next += 1;
        held.insert(*next, kept);
        *next
    })?))
}

pub fn let_go(args: &Args) -> Result {
    let token = args.number(0)?;
    match with_held(args, |(_, held)| held.remove(&token))? {
        Some(_) => Ok(none()),
        None => usage("no such token"),
    }
}

/// Reads what is held.
pub fn read_held(args: &Args) -> Result {
    let token = args.number(0)?;
    let Some(kept) = with_held(args, |(_, held)| held.remove(&token))? else { return usage("no such token") };
    let data = read_any_held(&kept);
    with_held(args, |(_, held)| held.insert(token, kept))?;
    Ok(bytes(&data?))
}

fn failed<T>(failed: CallFailed) -> Result<T> {
    match failed {
        CallFailed::Usage => usage("no such method, or the bytes are no value"),
        CallFailed::Answer(error) => refused(error),
    }
}

/// Calls a method of the zoo's interface; an object is passed as it is, all else as bytes.
pub fn call(args: &Args) -> Result {
    if args.text(0)? != "kinds" {
        return usage("not the zoo's interface");
    }
    let handle = borrow::<dyn Kinds>(target(args, 1)?)?;
    let _counted = Counted::new();
    let method = args.text(2)?;
    if method.starts_with("object") {
        let object = args.object(3)?;
        // SAFETY: a live object, attached.
        let object = unsafe { Object::from_borrowed_ptr(object) };
        return kinds::call_object(&handle, method, object).map(Object::into_ptr).or_else(failed);
    }
    let argument = if args.has(3) { args.bytes(3)? } else { &[] };
    kinds::call(&handle, method, argument).map(|data| bytes(&data)).or_else(failed)
}

/// The same on a view that any thread may use.
pub fn call_detached(args: &Args) -> Result {
    let handle = borrow::<dyn Kinds>(target(args, 0)?)?;
    let _counted = Counted::new();
    let (method, argument) = (args.text(1)?, args.bytes(2)?);
    let view = match handle.detached() {
        Ok(view) => view,
        Err(error) => return refused(error),
    };
    let answer = if method.starts_with("object") {
        // SAFETY: attached; `None` lives as long as Python.
        let nothing = unsafe { Object::from_borrowed_ptr(Py_None()) };
        // Without the check at each call it doesn't compile.
        let view = Detached::checked(view);
        detached(|| kinds::call_object(&view, method, nothing).map(|_| Vec::new()))
    } else {
        detached(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| kinds::call(&view, method, argument)).join().unwrap_or(Err(CallFailed::Usage))
            })
        })
    };
    answer.map(|data| bytes(&data)).or_else(failed)
}

pub fn live(args: &Args) -> Result {
    // SAFETY: attached.
    let counts = unsafe { interbind::count_records::<__Interbind>() }?;
    let dict = Dict::new();
    dict.set("records", number((counts.live - counts.immortal) as usize));
    dict.set("immortal", number(counts.immortal as usize));
    dict.set("held", number(with_held(args, |held| held.1.len())?));
    dict.set("borrows", count(&BORROWS));
    dict.set("touched", count(&TOUCHED));
    Ok(dict.into_ptr())
}

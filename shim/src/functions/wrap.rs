//! Functions of PyO3 that become records: made of what PyO3 made, and called past its object.
//!
//! PyO3 hands Python a C function with a convention that says how arguments come. Python's own object calls it and does no more, so
//! a record calls it likewise: its arguments are never copied, and PyO3 sorts and converts them.
//!
//! **Boundary**: PyO3's C functions are called here as their flags say; overloads and entries of ours, which other builds read.

use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use interbind_abi::services::functions::{
    OVERLOAD, PARAMETER_KEYWORDS, PARAMETER_NAMED, PARAMETER_POSITIONAL, PARAMETER_REST, Vectorcall,
};
use interbind_abi::services::{Overload, Parameter};
use interbind_abi::types::record::Object;
use interbind_abi::{Str, services};
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use super::class;
use super::depth::Inside;
use super::function::{Field, Function, Way};
use super::parameters::{self, Written};
use super::service;
use crate::ffi::{
    Attached, PyObject, Raised, Strong, deferred, dictionary, error, scalar, thunk, type_object, unicode,
};

/// The overload of a function of PyO3.
#[repr(C)]
pub(super) struct Wrapped {
    /// First: what others know.
    overload: Overload,
    /// PyO3's function, owned.
    inner: *mut PyObject,
    /// Its C function, and the module that this gets: `inner` keeps both.
    #[cfg(interbind_limited)]
    call: py::PyCFunction,
    #[cfg(interbind_limited)]
    module: *mut PyObject,
    pub(super) parameters: Parameters,
    /// What takes any arguments.
    slow: py::vectorcallfunc,
    /// How Python calls `inner`.
    #[cfg(not(interbind_limited))]
    straight: py::vectorcallfunc,
    /// The function of Rust behind it; NULL until it's lent.
    pub(super) plain: AtomicPtr<()>,
    /// What the C function gets before its arguments may end with the function: it isn't a module.
    #[cfg(interbind_free_threaded)]
    is_closure: bool,
}

impl Drop for Wrapped {
    fn drop(&mut self) {
        // SAFETY: the overload's own; attached, as what makes and ends one is.
        unsafe { py::Py_XDECREF(self.inner) };
    }
}

/// Parameters, with what they own.
pub(super) struct Parameters(Vec<Parameter>);

impl core::ops::Deref for Parameters {
    type Target = [Parameter];

    fn deref(&self) -> &[Parameter] {
        &self.0
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        for owned in self.0.iter().flat_map(|parameter| [parameter.name, parameter.fallback]) {
            // SAFETY: the parameter's own; attached, as of `Wrapped`.
            unsafe { py::Py_XDECREF(owned.cast()) };
        }
    }
}

/// How many arguments are given by place.
pub(super) const fn given(count: usize) -> usize {
    count & !(1 << (usize::BITS - 1))
}

/// What a function of ours calls.
///
/// # Safety
/// 1. `function` is one that [`wrap`] made, and alive.
#[inline(always)]
unsafe fn wrapped<'a>(function: *mut PyObject) -> &'a Wrapped {
    // SAFETY: duty 1.
    let record = unsafe { Function::new(function) }.record();
    // SAFETY: duty 1.
    let first = unsafe { (*record).first };
    // SAFETY: duty 1: `wrap` put a whole one there, which lives as long as the function.
    unsafe { &*first.cast::<Wrapped>() }
}

/// An overload that [`wrap`] made; `None`: another module's.
pub(super) fn wrapped_way(way: Way<'_>) -> Option<&Wrapped> {
    let overload = ptr::from_ref(way.overload).cast::<Wrapped>();
    // SAFETY: an overload of ours is the start of the whole, which the function owns.
    (way.overload.free as *const () == free as *const ()).then(|| unsafe { &*overload })
}

/// The function of Rust behind one of ours that is lent.
///
/// # Safety
/// 1. As of [`wrapped`].
#[inline(always)]
pub(super) unsafe fn plain(function: *mut PyObject) -> *mut () {
    // SAFETY: duty 1.
    unsafe { wrapped(function) }.plain.load(Ordering::Relaxed)
}

/// Calls a function of ours by PyO3's code.
///
/// # Safety
/// 1. As of [`wrapped`], and the rest what Python calls it with; attached.
#[cold]
pub(super) unsafe fn slow(
    function: *mut PyObject,
    args: *const *mut PyObject,
    count: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: duty 1.
    let call = unsafe { wrapped(function) }.slow;
    // SAFETY: duty 1.
    unsafe { call(function, args, count, names) }
}

/// Puts what is given, by place and by name, into the places of the parameters, with defaults where nothing is. False: it isn't called
/// like that, or only PyO3 knows a default.
///
/// # Safety
/// 1. As of [`wrapped`], and the rest what Python calls it with; attached.
pub(super) unsafe fn place(
    function: *mut PyObject,
    args: *const *mut PyObject,
    given: usize,
    names: *mut PyObject,
    places: &mut [*mut PyObject],
) -> bool {
    // SAFETY: duty 1.
    let it = unsafe { wrapped(function) };
    if given > places.len() || it.parameters.len() != places.len() {
        return false;
    }
    for (at, place) in places.iter_mut().enumerate().take(given) {
        // SAFETY: duty 1: as many as it says.
        *place = unsafe { args.wrapping_add(at).read() };
    }
    // SAFETY: duty 1: a tuple, where it isn't NULL.
    let words = if names.is_null() { 0 } else { unsafe { py::PyTuple_Size(names) } };
    for word in 0..words {
        // SAFETY: the place is in the tuple.
        let name: *mut PyObject = unsafe { py::PyTuple_GetItem(names, word) };
        // A name in code is the one text that parameters have.
        let known =
            it.parameters.iter().position(|each| each.name == name.cast() && each.kind == PARAMETER_NAMED);
        let Some(place) = known.and_then(|at| places.get_mut(at)).filter(|place| place.is_null()) else {
            return false;
        };
        // SAFETY: duty 1: behind those that are given by place.
        *place = unsafe { args.wrapping_add(given + word as usize).read() };
    }
    for (place, parameter) in places.iter_mut().zip(it.parameters.iter()).filter(|(place, _)| place.is_null())
    {
        // Without a GIL another thread's collector may take away meanwhile what it follows.
        let may_go = cfg!(interbind_free_threaded) && parameter.stays == 0;
        let fallback: *mut PyObject = parameter.fallback.cast();
        if may_go || fallback.is_null() || fallback == scalar::dots() {
            return false;
        }
        *place = fallback;
    }
    true
}

/// Keeps a function during a call of it: the caller may have borrowed it, and what runs meanwhile may take it away.
struct During(*mut PyObject);

impl During {
    /// # Safety
    /// 1. `function` is one that [`wrap`] made, alive and attached, and `args` are as many.
    #[inline(always)]
    unsafe fn call(
        function: *mut PyObject,
        args: *const *mut PyObject,
        count: usize,
        names: *mut PyObject,
    ) -> Self {
        // Numbers and texts run nothing, and threads that only give these don't meet at its count.
        #[cfg(interbind_free_threaded)]
        // SAFETY: duty 1, for each of them.
        if names.is_null()
            // SAFETY: (1) duty 1: ours.
            && !unsafe { wrapped(function) }.is_closure
            && (0..count).all(|place| unsafe { scalar::is_inert(args.wrapping_add(place).read()) })
        {
            return Self(ptr::null_mut());
        }
        let _ = (args, count, names);
        // SAFETY: duty 1.
        unsafe { py::Py_INCREF(function) };
        Self(function)
    }
}

impl Drop for During {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the reference that was added; dropped where it was, attached.
        unsafe { py::Py_XDECREF(self.0) };
    }
}

#[cfg(not(interbind_limited))]
thunk! {
    /// Python calls the object of PyO3: with the arguments where they are.
    fn call_straight(function: *mut PyObject, args: *const *mut PyObject, count: usize, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls an object of ours, with its arguments.
        let _kept = unsafe { During::call(function, args, given(count), names) };
        // SAFETY: (1) Python calls this, attached.
        let Some(_inside) = (unsafe { Inside::new() }) else { return ptr::null_mut() };
        // SAFETY: (1) as above.
        let it = unsafe { wrapped(function) };
        // SAFETY: how Python calls that object, which the function keeps. What may be written before the arguments is the caller's
        // word to `function`, which is the same.
        unsafe { (it.straight)(it.inner, args, count, names) }
    }
}

#[cfg(interbind_limited)]
thunk! {
    /// Python's convention is PyO3's own: the arguments go straight through.
    #[cfg(interbind_fastcall)]
    fn call_fast(function: *mut PyObject, args: *const *mut PyObject, count: usize, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls an object of ours, with its arguments.
        let _kept = unsafe { During::call(function, args, given(count), names) };
        // SAFETY: (1) Python calls this, attached.
        let Some(_inside) = (unsafe { Inside::new() }) else { return ptr::null_mut() };
        // SAFETY: (1) as above.
        let it = unsafe { wrapped(function) };
        // SAFETY: its flags said so.
        let call = unsafe { transmute::<py::PyCFunction, py::PyCFunctionFastWithKeywords>(it.call) };
        // SAFETY: attached, a text.
        if unsafe { py::Py_EnterRecursiveCall(c" while calling a native function".as_ptr()) } != 0 {
            return ptr::null_mut();
        }
        // SAFETY: as Python's own object would call it.
        let result = unsafe { call(it.module, args.cast(), given(count) as isize, names) };
        // SAFETY: entered above.
        unsafe { py::Py_LeaveRecursiveCall() };
        result
    }

    /// A function without parameters.
    fn call_none(function: *mut PyObject, args: *const *mut PyObject, count: usize, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        if given(count) != 0 || !names.is_null() {
            // SAFETY: Python calls an object of ours, with its arguments.
            return unsafe { call_inner(function, args, count, names) };
        }
        // SAFETY: as above.
        let _kept = unsafe { During::call(function, args, 0, names) };
        // SAFETY: (1) Python calls this, attached.
        let Some(_inside) = (unsafe { Inside::new() }) else { return ptr::null_mut() };
        // SAFETY: (1) as above.
        let it = unsafe { wrapped(function) };
        // SAFETY: attached, a text.
        if unsafe { py::Py_EnterRecursiveCall(c" while calling a native function".as_ptr()) } != 0 {
            return ptr::null_mut();
        }
        // SAFETY: as Python's own object would call it.
        let result = unsafe { (it.call)(it.module, ptr::null_mut()) };
        // SAFETY: entered above.
        unsafe { py::Py_LeaveRecursiveCall() };
        result
    }
}

thunk! {
    /// Any other convention: PyO3's object is called.
    fn call_any(function: *mut PyObject, args: *const *mut PyObject, count: usize, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls an object of ours, with its arguments.
        unsafe { call_inner(function, args, count, names) }
    }

    fn call_overload(overload: *mut Overload, _function: *mut Object, args: *const *mut Object) -> *mut Object, else ptr::null_mut(), {
        // SAFETY: Python's call leads here.
        let at = unsafe { Attached::assume() };
        // SAFETY: an overload of ours.
        let it = unsafe { &*overload.cast::<Wrapped>() };
        // SAFETY: an argument for each parameter.
        let arguments: Vec<Strong> = (0..it.parameters.len()).map(|place| unsafe { held(at, args.cast(), place) }).collect();
        answer(call_placed(at, it, &arguments))
    }

    fn traverse(overload: *mut Overload, visit: Option<services::instances::VisitObject>, context: *mut c_void) -> c_int, else 0, {
        // SAFETY: an overload of ours.
        let it = unsafe { &*overload.cast::<Wrapped>() };
        // SAFETY: the collector's own function and argument, and an object that this one owns.
        visit.map_or(0, |visit| unsafe { visit(it.inner.cast(), context) })
    }

    fn free(overload: *mut Overload) -> (), else (), {
        // SAFETY: a box of `wrap`, once.
        drop(unsafe { Box::from_raw(overload.cast::<Wrapped>()) });
    }
}

fn answer(result: Result<Strong, Raised>) -> *mut Object {
    result.map_or(ptr::null_mut(), Strong::into_ptr).cast()
}

/// Says that a function can't be called past its object.
#[cfg(interbind_limited)]
#[cold]
fn unfit(at: Attached) -> Raised {
    error::say(at, error::Class::Type, "this function is called in no way that a record knows")
}

/// An argument, held.
///
/// # Safety
/// 1. A live object is there.
unsafe fn held(at: Attached, args: *const *mut PyObject, place: usize) -> Strong {
    // SAFETY: duty 1.
    let argument = unsafe { args.wrapping_add(place).read() };
    // SAFETY: duty 1.
    unsafe { Strong::from_borrowed(at, argument) }
}

/// Calls PyO3's object.
///
/// # Safety
/// 1. `function` is one of ours, and the rest what Python calls it with; attached.
unsafe fn call_inner(
    function: *mut PyObject,
    args: *const *mut PyObject,
    count: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    // SAFETY: (1) duty 1.
    let Some(_inside) = (unsafe { Inside::new() }) else { return ptr::null_mut() };
    // SAFETY: (1) duty 1.
    let inner = unsafe { wrapped(function) }.inner;
    // SAFETY: (1) the function owns it.
    let inner = unsafe { Strong::from_borrowed(at, inner) };
    // SAFETY: duty 1.
    let item = |place| unsafe { held(at, args, place) };
    let called = || {
        let placed: Vec<Strong> = (0..given(count)).map(item).collect();
        let placed = unicode::tuple(at, &placed.iter().collect::<Vec<_>>())?;
        let named = dictionary::new(at)?;
        // SAFETY: duty 1: a tuple, where it isn't NULL.
        let words = if names.is_null() { 0 } else { unsafe { py::PyTuple_Size(names) } };
        for word in 0..words {
            // SAFETY: the place is in the tuple.
            let name = unsafe { py::PyTuple_GetItem(names, word) };
            // SAFETY: the tuple owns it.
            let name = unsafe { Strong::from_borrowed(at, name) };
            dictionary::set_item(at, &named, &name, &item(given(count) + word as usize))?;
        }
        call_object(at, &inner, &placed, &named)
    };
    called().map_or(ptr::null_mut(), Strong::into_ptr)
}

fn call_object(at: Attached, inner: &Strong, placed: &Strong, named: &Strong) -> Result<Strong, Raised> {
    // SAFETY: attached, a callable, a tuple and a dict.
    let result = unsafe { py::PyObject_Call(inner.as_ptr(), placed.as_ptr(), named.as_ptr()) };
    // SAFETY: a new reference or NULL.
    unsafe { Strong::from_new(at, result) }
}

/// Calls PyO3's object with an argument for each parameter. A default that only PyO3 knows isn't given.
fn call_placed(at: Attached, it: &Wrapped, arguments: &[Strong]) -> Result<Strong, Raised> {
    // SAFETY: an object that `it` owns.
    let inner = unsafe { Strong::from_borrowed(at, it.inner) };
    let (mut placed, named, mut is_skipped) = (Vec::new(), dictionary::new(at)?, false);
    for (parameter, argument) in it.parameters.iter().zip(arguments) {
        // SAFETY: a parameter of ours has a name, and owns it.
        let name = unsafe { Strong::from_borrowed(at, parameter.name.cast()) };
        let is_unknown = !parameter.fallback.is_null() && argument.as_ptr() == scalar::dots();
        match parameter.kind {
            _ if is_unknown => is_skipped = true,
            PARAMETER_REST => placed.extend(dictionary::items_of_tuple(at, argument)),
            PARAMETER_KEYWORDS => dictionary::update(at, &named, argument)?,
            PARAMETER_POSITIONAL => placed.push(argument.share(at)),
            PARAMETER_NAMED if !is_skipped => placed.push(argument.share(at)),
            _ => dictionary::set_item(at, &named, &name, argument)?,
        }
    }
    call_object(at, &inner, &unicode::tuple(at, &placed.iter().collect::<Vec<_>>())?, &named)
}

/// How Python calls an object of the class with a tuple and a dict.
#[cfg(not(interbind_tp_call))]
pub(super) const CALL: py::ternaryfunc = py::PyVectorcall_Call;

/// As above, which the limited API has since 3.12.
#[cfg(interbind_tp_call)]
pub(super) const CALL: py::ternaryfunc = tp_call;

#[cfg(interbind_tp_call)]
thunk! {
    fn tp_call(function: *mut PyObject, args: *mut PyObject, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
        // SAFETY: Python calls an object of the class.
        let it = unsafe { Function::new(function) };
        let at = it.at();
        // SAFETY: a tuple.
        let args = unsafe { Strong::from_borrowed(at, args) };
        let mut all = dictionary::items_of_tuple(at, &args);
        let count = all.len();
        let mut words = Vec::new();
        if !names.is_null() {
            // SAFETY: a dict.
            let names = unsafe { Strong::from_borrowed(at, names) };
            for (name, value) in dictionary::items(at, &names) {
                words.push(name);
                all.push(value);
            }
        }
        let words = match words.is_empty() {
            true => None,
            false => match unicode::tuple(at, &words.iter().collect::<Vec<_>>()) {
                Ok(words) => Some(words),
                Err(_) => return ptr::null_mut(),
            },
        };
        let all: Vec<*mut Object> = all.iter().map(|each| each.as_ptr().cast()).collect();
        let words = words.as_ref().map_or(ptr::null_mut(), Strong::as_ptr);
        // SAFETY: the record of an object of the class.
        let call = unsafe { (*it.record()).vectorcall };
        // SAFETY: as many arguments as it says, all held.
        unsafe { call(function.cast(), all.as_ptr(), count, words.cast()) }.cast()
    }
}

/// The vectorcall for a convention.
#[cfg(interbind_limited)]
fn vectorcall(inner: &Strong) -> py::vectorcallfunc {
    // SAFETY: attached, a function of Python's own class, as the type of `wrap`'s caller says.
    let flags = unsafe { py::PyCFunction_GetFlags(inner.as_ptr()) };
    match flags & (py::METH_VARARGS | py::METH_KEYWORDS | py::METH_NOARGS | py::METH_O | FASTCALL) {
        #[cfg(interbind_fastcall)]
        both if both == FASTCALL | py::METH_KEYWORDS => call_fast,
        py::METH_NOARGS => call_none,
        _ => call_any,
    }
}

#[cfg(interbind_limited)]
const FASTCALL: core::ffi::c_int = 0x80;

/// A function of Python's as the record has it.
pub(super) fn of_record(call: py::vectorcallfunc) -> Vectorcall {
    // SAFETY: the abi's objects are Python's.
    unsafe { transmute::<py::vectorcallfunc, Vectorcall>(call) }
}

/// Makes a record of a function of PyO3: for a module, with its name there.
pub(super) fn wrap(at: Attached, module: &Strong, inner: &Strong) -> Result<Strong, Raised> {
    let class = service::own_or_made(at)?;
    let (name, home) = (inner.attribute(at, "__name__")?, module.attribute(at, "__name__")?);
    let doc = inner.attribute(at, "__doc__")?;
    let signature = inner.attribute(at, "__text_signature__")?.to_text(at);
    let written = signature.as_deref().and_then(parameters::read);
    let all = [
        Written { name: "args", kind: PARAMETER_REST, default: None },
        Written { name: "kwargs", kind: PARAMETER_KEYWORDS, default: None },
    ];
    let written = written.unwrap_or_else(|| all.to_vec());
    #[cfg(interbind_limited)]
    let slow = vectorcall(inner);
    #[cfg(not(interbind_limited))]
    // SAFETY: attached, a live object.
    let straight = unsafe { py::PyVectorcall_Function(inner.as_ptr()) };
    #[cfg(not(interbind_limited))]
    // PyO3 takes what a function has `*args` for as a tuple, and Python has no vectorcall for that.
    let (slow, straight): (py::vectorcallfunc, _) = match straight {
        Some(straight) => (call_straight, straight),
        None => (call_any, call_any as py::vectorcallfunc),
    };
    #[cfg(interbind_limited)]
    // SAFETY: attached, a function of Python's own class, as the caller's type says.
    let call = unsafe { py::PyCFunction_GetFunction(inner.as_ptr()) };
    #[cfg(interbind_limited)]
    // SAFETY: as above; NULL for one without a module.
    let own = unsafe { py::PyCFunction_GetSelf(inner.as_ptr()) };
    #[cfg(interbind_limited)]
    let call = call.ok_or_else(|| unfit(at))?;
    let overload = Overload {
        header: OVERLOAD.header::<Overload>(),
        next: ptr::null_mut::<Overload>().into(),
        call: call_overload,
        parameters: ptr::null_mut(),
        count: written.len() as u32,
        places: written.iter().filter(|each| each.kind <= PARAMETER_NAMED).count() as u32,
        result: Str::new(""),
        doc: Str::new(""),
        traverse: Some(traverse),
        clear: None,
        free,
        private: ptr::null_mut(),
    };
    let mut parameters = Parameters(Vec::with_capacity(written.len()));
    for each in &written {
        parameters.0.push(parameter(at, each)?);
    }
    #[cfg(interbind_free_threaded)]
    let is_closure = !keeps_module(at, inner);
    let inner = inner.share(at).into_ptr();
    let wrapped = Wrapped {
        overload,
        inner,
        #[cfg(interbind_limited)]
        call,
        #[cfg(interbind_limited)]
        module: own,
        parameters,
        slow,
        #[cfg(not(interbind_limited))]
        straight,
        plain: AtomicPtr::new(ptr::null_mut()),
        #[cfg(interbind_free_threaded)]
        is_closure,
    };
    let mut wrapped = boxed(wrapped).map_err(|_| error::no_memory(at))?;
    wrapped.overload.parameters = wrapped.parameters.0.as_mut_ptr();
    let made = class::alloc(at, &class, of_record(slow))?;
    // SAFETY: (1) just made.
    let function = unsafe { Function::new(made.as_ptr()) };
    // SAFETY: nobody else has it.
    let record = unsafe { &mut *function.record() };
    record.first = Box::into_raw(wrapped).cast();
    record.home = module.share(at).into_ptr().cast();
    function.put(Field::Name, Some(name.share(at)));
    function.put(Field::Qualname, Some(name));
    function.put(Field::Module, unicode::is_plain(&home).then_some(home));
    let is_said = unicode::is_plain(&doc);
    function.put(Field::Doc, is_said.then_some(doc));
    deferred::defer(at, &made);
    // SAFETY: (1) just made, and whole.
    unsafe { class::track(&made) };
    Ok(made)
}

/// Keeps the module that a function of PyO3 gets, for as long as the interpreter: a call that runs no code of Python holds nothing,
/// so that threads don't meet at a count, and what it calls may end all else. False: it gets something other than a module.
#[cfg(interbind_free_threaded)]
fn keeps_module(at: Attached, inner: &Strong) -> bool {
    // SAFETY: attached, a function of Python's own class, as the type of `wrap`'s caller says.
    let own = unsafe { py::PyCFunction_GetSelf(inner.as_ptr()) };
    if own.is_null() {
        return true;
    }
    // SAFETY: the function owns it.
    let own = unsafe { Strong::from_borrowed(at, own) };
    let is_module = type_object::is_module(&own);
    if is_module {
        let _ = own.into_ptr();
    }
    is_module
}

fn parameter(at: Attached, written: &Written<'_>) -> Result<Parameter, Raised> {
    let name = unicode::interned(at, written.name)?;
    let fallback = match written.default {
        None => None,
        // SAFETY: a constant of Python's.
        Some(text) => Some(
            scalar::read(at, text)?.unwrap_or_else(|| unsafe { Strong::from_borrowed(at, scalar::dots()) }),
        ),
    };
    let stays = fallback.as_ref().is_some_and(|fallback| !type_object::is_collected(fallback));
    Ok(Parameter {
        name: name.into_ptr().cast(),
        fallback: fallback.map_or(ptr::null_mut(), Strong::into_ptr).cast(),
        text: Str::new(""),
        kind: written.kind,
        stays: stays.into(),
    })
}

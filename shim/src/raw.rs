//! Modules on bare pyo3-ffi, which serve each interpreter: what `raw_module!` says of one, and its state.
//!
//! The macro states name, functions and which interpreters the module supports; here that becomes a definition for the Python
//! that runs. Module state is a value of the module's own type, made when the module is executed and dropped with the module
//! object, once per interpreter.
//!
//! **Boundary**: the functions by which Python enters a module, and the module's state in Python's memory.

use core::any::type_name;
use core::ffi::{CStr, c_int, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::OnceLock;

use interbind_abi::Reason;
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use crate::ffi::error::{self, Class};
use crate::ffi::module::{Definition, Parts, state_of};
use crate::ffi::{Attached, PyObject, Raised, Strong, caught, thunk};
use crate::interpreters::each::Support;
use crate::interpreters::homes;
use crate::module;
use crate::object::Object;
use crate::refusal::{Sides, refuse};
use crate::shared::Module;
use crate::text::Text;

/// What a module's entry point returns.
#[doc(hidden)]
pub type Entry = crate::ffi::module::Entry;

/// Writes the function by which Python enters a module: `PyInit_…`, or `PyModExport_…` where there is no `PyModuleDef`.
#[cfg(not(interbind_module_slots))]
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    ($init:literal, $export:literal, $module:ty) => {
        /// Python's entry point.
        #[unsafe(export_name = $init)]
        pub unsafe extern "C" fn __enter() -> *mut $crate::raw::Entry {
            // SAFETY: (1) Python calls this attached.
            unsafe { $crate::raw::enter::<$module>() }
        }
    };
}

/// As above.
#[cfg(interbind_module_slots)]
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    ($init:literal, $export:literal, $module:ty) => {
        /// Python's entry point.
        #[unsafe(export_name = $export)]
        pub unsafe extern "C" fn __enter() -> *mut $crate::raw::Entry {
            // SAFETY: (1) Python calls this attached.
            unsafe { $crate::raw::enter::<$module>() }
        }
    };
}

/// What a module keeps per interpreter. Without a GIL several threads use it at once.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:state -->
/// ```
/// /// What an interpreter has of this module.
/// #[derive(Default)]
/// pub struct State {
///     class: Option<Object>,
///     kept: Mutex<Option<Held<Point>>>,
/// }
///
/// impl ModuleState for State {
///     fn traverse(&self, visit: &mut Visit) {
///         if let Some(class) = &self.class {
///             visit.object(class);
///         }
///         if let Ok(kept) = self.kept.lock() {
///             kept.iter().for_each(|held| visit.object(held.object()));
///         }
///     }
///
///     fn clear(&self) {
///         let kept = self.kept.lock().ok().and_then(|mut kept| kept.take());
///         drop(kept);
///     }
/// }
/// ```
pub trait ModuleState: Send + Sync + 'static {
    /// Shows every object that the state owns to the garbage collector.
    fn traverse(&self, visit: &mut Visit) {
        let _ = visit;
    }

    /// Lets go of the objects: the collector found them in a cycle.
    fn clear(&self) {}
}

impl ModuleState for () {}

/// The garbage collector's question: which objects do you own?
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:state -->
/// ```
/// /// What an interpreter has of this module.
/// #[derive(Default)]
/// pub struct State {
///     class: Option<Object>,
///     kept: Mutex<Option<Held<Point>>>,
/// }
///
/// impl ModuleState for State {
///     fn traverse(&self, visit: &mut Visit) {
///         if let Some(class) = &self.class {
///             visit.object(class);
///         }
///         if let Ok(kept) = self.kept.lock() {
///             kept.iter().for_each(|held| visit.object(held.object()));
///         }
///     }
///
///     fn clear(&self) {
///         let kept = self.kept.lock().ok().and_then(|mut kept| kept.take());
///         drop(kept);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Visit {
    visit: py::visitproc,
    context: *mut c_void,
    answer: c_int,
}

impl Visit {
    /// Shows one.
    pub fn object(&mut self, object: &Object) {
        if self.answer == 0 {
            // SAFETY: the collector's own function and argument; a live object.
            self.answer = unsafe { (self.visit)(object.as_ptr(), self.context) };
        }
    }
}

/// A module as `raw_module!` declares it.
///
/// # Safety
/// 1. `definition` always returns the same static, one per module.
/// 2. The functions of `METHODS` keep the promises of their calling convention, and don't unwind.
///
/// # Examples
///
/// <!-- examples/rawframe/src/lib.rs:module -->
/// ```
/// interbind::raw_module! {
///     name = "rawframe",
///     doc = "Points, without PyO3.",
///     interpreters = per_interpreter_gil,
///     gil_used = false,
///     provides = [Point],
///     methods = [
///         origin: NOARGS "A new point at (0, 0).",
///         records: NOARGS "How many classes are published in this interpreter, for leak checks.",
///     ],
///     state = State,
///     exec = execute,
/// }
/// ```
pub unsafe trait RawModule: Module {
    /// What the module keeps per interpreter.
    type State: ModuleState;
    /// What Python imports, and what it says of itself.
    const NAME: &'static CStr;
    /// The module's docstring.
    const DOC: &'static CStr;
    /// Its functions.
    const METHODS: &'static [Method];
    /// The interpreters that it supports.
    const SUPPORT: Support;
    /// False when nothing in it needs the GIL.
    const GIL_USED: bool;
    /// True when it is bound at its first use only, so that importing it never fails because of a mismatch.
    const BINDS_LATE: bool;

    /// Returns where the definition is kept.
    fn definition() -> &'static RawDefinition;

    /// Runs when the module is executed, and makes its state.
    ///
    /// # Errors
    /// An exception is set.
    ///
    /// # Safety
    /// 1. The thread is attached, and `module` is the module that is executed.
    unsafe fn execute(module: NonNull<PyObject>) -> Result<Self::State, Raised>;
}

/// A function of a module.
///
/// # Examples
///
/// <!-- examples/rawframe/src/lib.rs:module -->
/// ```
/// interbind::raw_module! {
///     name = "rawframe",
///     doc = "Points, without PyO3.",
///     interpreters = per_interpreter_gil,
///     gil_used = false,
///     provides = [Point],
///     methods = [
///         origin: NOARGS "A new point at (0, 0).",
///         records: NOARGS "How many classes are published in this interpreter, for leak checks.",
///     ],
///     state = State,
///     exec = execute,
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static CStr,
    /// Its docstring.
    pub doc: &'static CStr,
    /// How it is called.
    pub call: Call,
}

/// How Python calls a function.
///
/// # Examples
///
/// <!-- examples/rawframe/src/lib.rs:module -->
/// ```
/// interbind::raw_module! {
///     name = "rawframe",
///     doc = "Points, without PyO3.",
///     interpreters = per_interpreter_gil,
///     gil_used = false,
///     provides = [Point],
///     methods = [
///         origin: NOARGS "A new point at (0, 0).",
///         records: NOARGS "How many classes are published in this interpreter, for leak checks.",
///     ],
///     state = State,
///     exec = execute,
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "the names of `METH_…`")]
pub enum Call {
    /// `METH_O`: one positional argument.
    O(py::PyCFunction),
    /// `METH_NOARGS`.
    NOARGS(py::PyCFunction),
    /// `METH_VARARGS`: a tuple.
    VARARGS(py::PyCFunction),
    /// `METH_VARARGS | METH_KEYWORDS`: a tuple, and a dict or NULL.
    KEYWORDS(py::PyCFunctionWithKeywords),
    /// `METH_FASTCALL`: an array; under the limited API from 3.10 on.
    #[cfg(interbind_fastcall)]
    FASTCALL(py::PyCFunctionFast),
    /// `METH_FASTCALL | METH_KEYWORDS`: an array, and a tuple of names or NULL; as above.
    #[cfg(interbind_fastcall)]
    FASTCALL_KEYWORDS(py::PyCFunctionFastWithKeywords),
}

impl Method {
    fn definition(&self) -> py::PyMethodDef {
        let (ml_meth, ml_flags) = match self.call {
            Call::O(function) => (py::PyMethodDefPointer { PyCFunction: function }, py::METH_O),
            Call::NOARGS(function) => (py::PyMethodDefPointer { PyCFunction: function }, py::METH_NOARGS),
            Call::VARARGS(function) => (py::PyMethodDefPointer { PyCFunction: function }, py::METH_VARARGS),
            Call::KEYWORDS(function) => (
                py::PyMethodDefPointer { PyCFunctionWithKeywords: function },
                py::METH_VARARGS | py::METH_KEYWORDS,
            ),
            #[cfg(interbind_fastcall)]
            Call::FASTCALL(function) => {
                (py::PyMethodDefPointer { PyCFunctionFast: function }, py::METH_FASTCALL)
            }
            #[cfg(interbind_fastcall)]
            Call::FASTCALL_KEYWORDS(function) => (
                py::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
                py::METH_FASTCALL | py::METH_KEYWORDS,
            ),
        };
        py::PyMethodDef { ml_name: self.name.as_ptr(), ml_meth, ml_flags, ml_doc: self.doc.as_ptr() }
    }
}

/// Where a module's definition is kept: made at the first import, used by every interpreter.
///
/// # Examples
///
/// <!-- examples/rawframe/src/lib.rs:module -->
/// ```
/// interbind::raw_module! {
///     name = "rawframe",
///     doc = "Points, without PyO3.",
///     interpreters = per_interpreter_gil,
///     gil_used = false,
///     provides = [Point],
///     methods = [
///         origin: NOARGS "A new point at (0, 0).",
///         records: NOARGS "How many classes are published in this interpreter, for leak checks.",
///     ],
///     state = State,
///     exec = execute,
/// }
/// ```
#[derive(Debug)]
pub struct RawDefinition(OnceLock<Definition>);

impl RawDefinition {
    /// Holds none yet.
    #[doc(hidden)]
    #[allow(clippy::new_without_default, reason = "made by `raw_module!` only")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }
}

/// Returns a module's state; none when `module` is another object, or isn't executed yet.
///
/// # Safety
/// 1. The thread is attached, and `module` is a live object during `'a`.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:kept -->
/// ```
/// /// Finds the module's state where the module may be any object.
/// ///
/// /// # Safety
/// /// 1. `module` is a live object, and the thread is attached.
/// unsafe fn is_empty(module: NonNull<PyObject>) -> bool {
///     // SAFETY: duty 1.
///     let state = unsafe { state::<__Interbind>(module) };
///     state.is_none_or(|state| state.kept.lock().is_ok_and(|kept| kept.is_none()))
/// }
/// ```
pub unsafe fn state<'a, M: RawModule>(module: NonNull<PyObject>) -> Option<&'a M::State> {
    // SAFETY: duty 1.
    found::<M>(unsafe { Attached::assume() }, module)
}

/// As [`state`], whose duty the caller has.
fn found<'a, M: RawModule>(at: Attached, module: NonNull<PyObject>) -> Option<&'a M::State> {
    let place = M::definition().0.get()?.state(at, module.as_ptr());
    Place::<M>::at(place)?.state()
}

/// Returns a module's state, for functions that are called with the module.
///
/// Python code can make a module and not execute it, or keep a function longer than its module's state.
///
/// # Errors
/// RuntimeError: as where [`state`] returns none.
///
/// # Safety
/// 1. As [`state`].
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:hold -->
/// ```
/// /// Keeps an object in the module's state, and reads it through what is kept.
/// ///
/// /// # Safety
/// /// 1. `object` and `module` are live objects, and the thread is attached.
/// unsafe fn keep(module: NonNull<PyObject>, object: NonNull<PyObject>) -> Result<f64, Raised> {
///     // SAFETY: duty 1.
///     let held = unsafe { Held::<Point>::from_ptr(object) }?;
///     // SAFETY: duty 1.
///     let point = unsafe { held.bind_ptr() }?;
///     let length = point.x.hypot(point.y);
///     drop(point);
///     // SAFETY: duty 1.
///     let state = unsafe { try_state::<__Interbind>(module) }?;
///     let before = state.kept.lock().ok().and_then(|mut kept| kept.replace(held));
///     // Outside of the lock: Python code may run.
///     drop(before);
///     Ok(length)
/// }
/// ```
pub unsafe fn try_state<'a, M: RawModule>(module: NonNull<PyObject>) -> Result<&'a M::State, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    found::<M>(at, module).ok_or_else(|| {
        let mut text = Text::of("module '");
        text.push(&[
            M::NAME.to_str().unwrap_or(type_name::<M>()),
            "' has no state: it was not executed, or is gone",
        ]);
        if text.is_lost() { error::no_memory(at) } else { error::say(at, Class::Runtime, &text) }
    })
}

/// A module's memory at Python: zeroed, then a box.
struct Place<M: RawModule>(Option<Box<M::State>>, PhantomData<M>);

impl<M: RawModule> Place<M> {
    /// The place that Python's pointer leads to; none for NULL.
    fn at<'a>(state: *mut c_void) -> Option<&'a mut Self> {
        // SAFETY: Python gave this module so many bytes, aligned for pointers, zeroed: no state.
        unsafe { state.cast::<Self>().as_mut() }
    }

    fn state<'a>(&self) -> Option<&'a M::State> {
        // SAFETY: the box is dropped with the module object, which the callers hold.
        self.0.as_deref().map(|state| unsafe { &*core::ptr::from_ref(state) })
    }
}

thunk! {
    /// Tells Python what a module is made of: what its entry point calls. A panic is NULL without an exception, which Python
    /// reports.
    pub fn enter[M: RawModule]() -> *mut Entry, else core::ptr::null_mut(), {
        // SAFETY: Python calls this attached.
        let at = unsafe { Attached::assume() };
        let make = || {
            Definition::new(at, Parts {
                name: M::NAME,
                doc: M::DOC,
                methods: &mut M::METHODS.iter().map(Method::definition),
                exec: exec::<M>,
                interpreters: match M::SUPPORT {
                    Support::NotSupported => 0,
                    Support::SharedGil => 1,
                    Support::PerInterpreterGil => 2,
                },
                gil_used: M::GIL_USED,
                state: size_of::<Option<Box<M::State>>>(),
                traverse: traverse::<M>,
                clear: clear::<M>,
                free: free::<M>,
            })
        };
        let known = M::definition().0.get().copied();
        // Two threads that are first at the same time each make one, and one is kept.
        let definition = known.map_or_else(|| make().map(|made| *M::definition().0.get_or_init(|| made)), Ok);
        definition.map_or(core::ptr::null_mut(), |definition| definition.enter(at))
    }

    fn exec[M: RawModule](module: *mut PyObject) -> c_int, else -1, {
        // SAFETY: Python executes the module attached.
        let at = unsafe { Attached::assume() };
        M::identity().interpreters().note(at);
        if homes::note(at).is_err() {
            return -1;
        }
        let prepared = if M::BINDS_LATE {
            M::identity().check_support(at)
        } else {
            // SAFETY: as above; Python passes the module.
            let module = NonNull::new(module).map(|module| unsafe { Strong::from_borrowed(at, module.as_ptr()) });
            module::bind::<M>(at, module.as_ref())
        };
        let (Ok(()), Some(object)) = (prepared, NonNull::new(module)) else { return -1 };
        // SAFETY: as above.
        let state = match caught(|| unsafe { M::execute(object) }) {
            Ok(Ok(state)) => state,
            Ok(Err(_)) => return -1,
            Err(message) => {
                panicked::<M>(at, &message);
                return -1;
            }
        };
        // SAFETY: attached, a module of this definition.
        let Some(place) = Place::<M>::at(unsafe { state_of(module) }) else {
            let _ = error::say(at, Class::Runtime, "the module has no room for its state");
            return -1;
        };
        match boxed(state) {
            Ok(state) => {
                place.0 = Some(state);
                0
            }
            Err(_) => {
                let _ = error::no_memory(at);
                -1
            }
        }
    }

    fn traverse[M: RawModule](module: *mut PyObject, visit: py::visitproc, context: *mut c_void) -> c_int, else 0, {
        let mut visit = Visit { visit, context, answer: 0 };
        // SAFETY: Python passes the module.
        if let Some(state) = Place::<M>::at(unsafe { state_of(module) }).and_then(|place| place.state()) {
            state.traverse(&mut visit);
        }
        visit.answer
    }

    fn clear[M: RawModule](module: *mut PyObject) -> c_int, else 0, {
        // SAFETY: Python passes the module.
        if let Some(state) = Place::<M>::at(unsafe { state_of(module) }).and_then(|place| place.state()) {
            state.clear();
        }
        0
    }

    fn free[M: RawModule](module: *mut c_void) -> (), else (), {
        // SAFETY: Python passes the module.
        if let Some(place) = Place::<M>::at(unsafe { state_of(module.cast()) }) {
            drop(place.0.take());
        }
        // SAFETY: Python frees modules attached. It may be the last time that code of this one runs in the interpreter.
        homes::settle(unsafe { Attached::assume() });
    }
}

#[cold]
fn panicked<M: RawModule>(at: Attached, message: &str) {
    let owner = M::identity().owner();
    let sides = Sides::consumer_if(owner);
    let template = "cannot import '{0}'\nits code panicked: {1}\nreport this to the author of {0}";
    let name = M::NAME.to_str().unwrap_or(type_name::<M>());
    let _ = refuse(at, Class::Import, Reason::ProviderPanicked, template, &[name, message], sides);
}

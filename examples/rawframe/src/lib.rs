//! A provider without PyO3, which serves every interpreter that imports it: each has a class of its own, in module state.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::offset_of;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

use frame_api::Point;
use interbind::abi::types::TypeRecord;
use interbind::abi::types::record::{ALIASING_FROZEN, THREAD_ANY};
use interbind::raw::{ModuleState, Visit, try_state};
use interbind::{Object, Raised, RawClass, count_records, publish_raw};
use pyo3_ffi::*;

// ANCHOR: module
interbind::raw_module! {
    name = "rawframe",
    doc = "Points, without PyO3.",
    interpreters = per_interpreter_gil,
    gil_used = false,
    provides = [Point],
    methods = [
        origin: NOARGS "A new point at (0, 0).",
        records: NOARGS "How many classes are published in this interpreter, for leak checks.",
    ],
    state = State,
    exec = execute,
}
// ANCHOR_END: module

// ANCHOR: state
/// What an interpreter has of this module.
pub struct State {
    point: Object,
}

impl ModuleState for State {
    fn traverse(&self, visit: &mut Visit) {
        visit.object(&self.point);
    }
}
// ANCHOR_END: state

/// An object in memory; the data never changes.
#[repr(C)]
struct Instance {
    base: PyObject,
    point: Point,
}

fn instance(class: *mut PyTypeObject, point: Point) -> *mut PyObject {
    // SAFETY: attached; the callers pass the class that `execute` made or a subclass, whose `tp_alloc` makes room for an
    // instance.
    unsafe {
        let alloc: allocfunc = std::mem::transmute(PyType_GetSlot(class, Py_tp_alloc));
        let object = alloc(class, 0);
        if !object.is_null() {
            (&raw mut (*object.cast::<Instance>()).point).write(point);
        }
        object
    }
}

unsafe extern "C" fn new(class: *mut PyTypeObject, args: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    let mut point = Point { x: 0.0, y: 0.0 };
    // SAFETY: Python passes a tuple; two doubles are written.
    if unsafe { PyArg_ParseTuple(args, c"dd:Point".as_ptr(), &raw mut point.x, &raw mut point.y) } == 0 {
        return ptr::null_mut();
    }
    instance(class, point)
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: Python passes an instance that nobody refers to any more and that owns a reference to its class.
    unsafe {
        let class = Py_TYPE(object);
        let free: freefunc = std::mem::transmute(PyType_GetSlot(class, Py_tp_free));
        free(object.cast());
        Py_DECREF(class.cast());
    }
}

/// Makes an object for a consumer.
unsafe extern "C" fn wrap(record: *const TypeRecord, data: *const c_void) -> *mut c_void {
    // SAFETY: the caller passes the record, which is never freed, and a readable point; attached.
    unsafe { instance((*record).py_type.load(Ordering::Relaxed).cast(), data.cast::<Point>().read()) }.cast()
}

unsafe extern "C" fn origin(module: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    let Some(module) = NonNull::new(module) else { return ptr::null_mut() };
    // SAFETY: attached; Python passes the module, and holds it during the call.
    match unsafe { try_state::<__Interbind>(module) } {
        Ok(state) => instance(state.point.as_ptr().cast(), Point { x: 0.0, y: 0.0 }),
        // The module was never executed, which the exception says.
        Err(_) => ptr::null_mut(),
    }
}

unsafe extern "C" fn records(_module: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls this attached.
    match unsafe { count_records::<__Interbind>() } {
        // SAFETY: attached.
        Ok(counts) => unsafe { PyLong_FromUnsignedLongLong(counts.live) },
        Err(_) => ptr::null_mut(),
    }
}

/// What Python has just raised.
fn failed() -> Raised {
    // SAFETY: attached, as every function of the module is called.
    unsafe { Raised::pending() }
}

unsafe fn execute(module: NonNull<PyObject>) -> Result<State, Raised> {
    let member = |name: &'static std::ffi::CStr, offset: usize| PyMemberDef {
        name: name.as_ptr(),
        type_code: Py_T_DOUBLE,
        offset: (offset_of!(Instance, point) + offset) as Py_ssize_t,
        flags: Py_READONLY,
        doc: ptr::null(),
    };
    let mut members =
        [member(c"x", offset_of!(Point, x)), member(c"y", offset_of!(Point, y)), PyMemberDef::default()];
    let mut slots = [
        PyType_Slot { slot: Py_tp_new, pfunc: new as *mut c_void },
        PyType_Slot { slot: Py_tp_dealloc, pfunc: dealloc as *mut c_void },
        PyType_Slot { slot: Py_tp_members, pfunc: members.as_mut_ptr().cast() },
        PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
    ];
    let mut spec = PyType_Spec {
        name: c"rawframe.Point".as_ptr(),
        basicsize: size_of::<Instance>() as c_int,
        itemsize: 0,
        flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE) as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: attached; the specification lives during the call, and Python copies what it keeps.
    let class = unsafe { PyType_FromSpec(&mut spec) };
    // SAFETY: a new reference or NULL with an exception.
    let point = unsafe { Object::from_ptr(class) }.ok_or_else(failed)?;
    let raw = RawClass {
        aliasing: ALIASING_FROZEN,
        thread: THREAD_ANY,
        subclassable: true,
        immortal: false,
        data_offset: offset_of!(Instance, point) as i64,
        size: size_of::<Point>(),
        // Nothing to track: consumers read the data at its offset.
        borrow: None,
        release: None,
        wrap: Some(wrap),
        table: ptr::null(),
    };
    let class = NonNull::new(point.as_ptr()).ok_or_else(failed)?;
    // SAFETY: attached; the functions fit every instance of the class; it's the only one that provides a point.
    unsafe { publish_raw::<Point, __Interbind>(class, raw, 0) }?;
    // SAFETY: attached; live objects, a terminated name.
    if unsafe { PyObject_SetAttrString(module.as_ptr(), c"Point".as_ptr(), point.as_ptr()) } != 0 {
        return Err(failed());
    }
    Ok(State { point })
}

//! The table of nanobind 3, which is frozen for its major 1: how a module takes part in a state of nanobind, and what it asks a
//! class and an object of that state then. Modules of split mode get the table from the package `nanobind-backend`, and so does
//! this one; a combined module keeps its state under the same key, and is reached too.
//!
//! Importing the package runs Python code, once for each state; nothing else here does.

use core::ffi::{CStr, c_char, c_void};
use core::mem::offset_of;

use interbind_structures::chain::Chain;
use interbind_structures::memory::boxed;
use pyo3_ffi as py;

use super::attached::Attached;
use super::live::Live;
use super::raised::Raised;
use super::strong::Strong;
use super::{PyObject, capsule, conduit, error, type_object};
use crate::sync::{AtomicPtr, Ordering};
use crate::text::Text;

/// What every key of a state of nanobind starts with.
const START: &str = "__nb_internals_";

/// A `std::type_info` as the Itanium C++ ABI lays it out.
type TypeInfo = [*const c_char; 2];

/// What the package fills: so many functions as `slot_count` says, each at its place for ever. All but one are `noexcept`.
#[repr(C)]
struct Table {
    slot_count: u16,
    abi_minor: u16,
    reserved: [u8; 4],
    before_module_init: [usize; 9],
    module_init: Option<unsafe extern "C" fn(domain: *const c_char, module: *mut PyObject) -> *mut c_void>,
    before_type_check: [usize; 40],
    type_check: Option<TypeCheck>,
    type_size: Option<TypeMeasure>,
    type_align: Option<TypeMeasure>,
    before_type_info: [usize; 2],
    type_info: Option<unsafe extern "C" fn(class: *mut PyObject) -> *const TypeInfo>,
    inst_ptr: Option<unsafe extern "C" fn(object: *mut PyObject) -> *mut c_void>,
    before_type_lookup: usize,
    type_lookup: Option<TypeLookup>,
    before_inst_reference: [usize; 2],
    inst_reference: Option<InstReference>,
    before_inst_state: [usize; 6],
    inst_state: Option<unsafe extern "C" fn(object: *mut PyObject) -> u32>,
}
const SLOTS: u16 = 69;
const _: () = assert!(size_of::<Table>() == 8 + SLOTS as usize * size_of::<usize>());
const _: () = assert!(offset_of!(Table, module_init) == 8 + 9 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, type_check) == 8 + 50 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, type_align) == 8 + 52 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, type_info) == 8 + 55 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, inst_ptr) == 8 + 56 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, type_lookup) == 8 + 58 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, inst_reference) == 8 + 61 * size_of::<usize>());
const _: () = assert!(offset_of!(Table, inst_state) == 8 + 68 * size_of::<usize>());

/// A `bool` of C++ comes in a byte.
type TypeCheck = unsafe extern "C" fn(internals: *mut c_void, class: *mut PyObject) -> u8;
type TypeLookup = unsafe extern "C" fn(internals: *mut c_void, cpp_type: *const TypeInfo) -> *mut PyObject;
/// This one throws without memory, and the process ends then.
type InstReference = unsafe extern "C-unwind" fn(
    class: *mut PyObject,
    data: *mut c_void,
    parent: *mut PyObject,
) -> *mut PyObject;
type TypeMeasure = unsafe extern "C" fn(class: *mut PyObject) -> usize;

/// What the package is asked with, at one address: Python code may keep the capsule that leads to it.
#[repr(C)]
struct Offer {
    /// First: what the capsule leads to.
    table: Table,
    tag: String,
}

/// A state of nanobind that this module takes part in. Never freed.
pub(crate) struct State {
    key: String,
    serial: [u8; 16],
    internals: AtomicPtr<c_void>,
    type_check: TypeCheck,
    type_size: TypeMeasure,
    type_align: TypeMeasure,
    type_info: unsafe extern "C" fn(class: *mut PyObject) -> *const TypeInfo,
    type_lookup: TypeLookup,
    inst_ptr: unsafe extern "C" fn(object: *mut PyObject) -> *mut c_void,
    inst_reference: InstReference,
    inst_state: unsafe extern "C" fn(object: *mut PyObject) -> u32,
}

/// Those of this module.
static STATES: Chain<&'static State> = Chain::new();

/// What an object of nanobind has.
pub(crate) enum Value {
    /// Its value, here.
    At(*mut c_void),
    /// None: it wasn't initialised, or was given away.
    Missing,
    /// Its class is none of the state's, which may have ended.
    Strange,
}

/// Why a class's state can't be reached. An exception may be set that says more.
pub(crate) struct Unreached(pub(crate) &'static str);

/// Tells whether a class may be one of nanobind's, by its metaclass's name: `nb_type`, or before 3.0 `nb_type_0` and so on.
pub(crate) fn may_be(at: Attached, class: &Strong) -> bool {
    // SAFETY: attached, a live class.
    let is_made =
        |class: &Strong| unsafe { py::PyType_GetFlags(class.as_ptr().cast()) } & py::Py_TPFLAGS_HEAPTYPE != 0;
    // SAFETY: attached, a live object.
    let meta = unsafe { type_object::class_of(class.as_ptr()) };
    // SAFETY: an object keeps its class.
    let meta = unsafe { Strong::from_borrowed(at, meta) };
    let name = is_made(&meta).then(|| type_object::own_part(at, &meta, "__name__").ok()?.to_text(at));
    at.clear();
    name.flatten().is_some_and(|name| name.starts_with("nb_type"))
}

/// Finds the state that a class of nanobind belongs to, and takes part in it.
///
/// # Errors
/// It can't be reached.
pub(crate) fn state_of(at: Attached, class: &Strong, serial: [u8; 16]) -> Result<&'static State, Unreached> {
    let mut why = "no nanobind of this interpreter knows the class";
    let mut raised = None;
    let keys = capsule::state_dict(at).map(|dict| conduit::keys(at, &dict)).unwrap_or_default();
    at.clear();
    for key in keys {
        let Some(key) = key.to_text(at) else { continue };
        let Some(platform) = key.strip_prefix(START) else { continue };
        if !platform.starts_with("nanobind_") {
            why = "its nanobind is older than 3, or a version in the making, and lets nobody in";
            continue;
        }
        let known = STATES.find(|one| one.serial == serial && one.key == *key).copied();
        match known.map_or_else(|| enter(at, &key, serial), Ok) {
            Ok(state) if state.has(at, class) => return Ok(state),
            Ok(_) => {}
            Err(Unreached(line)) => {
                why = line;
                raised = error::take(at).or(raised);
            }
        }
    }
    if let Some(raised) = raised {
        // It becomes the cause.
        let _ = error::restore(at, raised);
    }
    Err(Unreached(why))
}

/// Takes part in the state of a key.
fn enter(at: Attached, key: &str, serial: [u8; 16]) -> Result<&'static State, Unreached> {
    const OTHER: Unreached = Unreached("its nanobind is a version that this build doesn't know");
    const PACKAGE: Unreached = Unreached("the package nanobind-backend, which reaches it, can't be used");
    let parts = key.strip_prefix(START).and_then(|rest| rest.strip_suffix("__")?.split_once("_a1_v"));
    let Some((tag, rest)) = parts else { return Err(OTHER) };
    let Some(domain) = rest.trim_start_matches(|one: char| one.is_ascii_digit()).strip_prefix('_') else {
        return Err(OTHER);
    };
    if domain.starts_with("stable_") {
        return Err(Unreached(
            "its module was built as one for the stable ABI, whose state nobody else is let into",
        ));
    }
    let Some(table) = fill(at, tag).map_err(|_| PACKAGE)? else {
        let _ = error::say(at, error::Class::Import, "nanobind_backend.fill has filled nothing");
        return Err(PACKAGE);
    };
    let Table { module_init: Some(module_init), type_check: Some(type_check), .. } = table else {
        return Err(OTHER);
    };
    let Table { type_size: Some(type_size), type_align: Some(type_align), .. } = table else {
        return Err(OTHER);
    };
    let Table { type_info: Some(type_info), type_lookup: Some(type_lookup), .. } = table else {
        return Err(OTHER);
    };
    let Table { inst_ptr: Some(inst_ptr), inst_state: Some(inst_state), .. } = table else {
        return Err(OTHER);
    };
    let Some(inst_reference) = table.inst_reference else { return Err(OTHER) };
    let internals = join(at, module_init, key, domain).map_err(|_| PACKAGE)?;
    if internals.is_null() {
        return Err(OTHER);
    }
    let Some(key) = Text::of(key).into_string() else {
        let _ = error::no_memory(at);
        return Err(PACKAGE);
    };
    let internals = AtomicPtr::new(internals);
    let state = State {
        key,
        serial,
        internals,
        type_check,
        type_size,
        type_align,
        type_info,
        type_lookup,
        inst_ptr,
        inst_reference,
        inst_state,
    };
    let made = boxed(state).map_err(|_| {
        let _ = error::no_memory(at);
        PACKAGE
    })?;
    let made: &'static State = Box::leak(made);
    // Without memory to remember it, it is found again.
    let _ = STATES.add(made, |_| false);
    Ok(made)
}

/// The table, as the package fills it; none where it fills nothing.
fn fill(at: Attached, tag: &str) -> Result<Option<Table>, Raised> {
    // SAFETY: attached, a terminated name.
    let backend = unsafe { py::PyImport_ImportModule(c"nanobind_backend".as_ptr()) };
    // SAFETY: a new reference or NULL.
    let backend = unsafe { Strong::from_new(at, backend) }?;
    // SAFETY: attached.
    let major = unsafe { py::PyLong_FromLong(1) };
    // SAFETY: a new reference or NULL.
    let major = unsafe { Strong::from_new(at, major) }?;
    let named = Strong::text(at, tag)?;
    let tag = Text::of_parts(&[tag, "\0"]).into_string().ok_or_else(|| error::no_memory(at))?;
    let empty = Table {
        slot_count: SLOTS,
        abi_minor: 0,
        reserved: [0; 4],
        before_module_init: [0; 9],
        module_init: None,
        before_type_check: [0; 40],
        type_check: None,
        type_size: None,
        type_align: None,
        before_type_info: [0; 2],
        type_info: None,
        inst_ptr: None,
        before_type_lookup: 0,
        type_lookup: None,
        before_inst_reference: [0; 2],
        inst_reference: None,
        before_inst_state: [0; 6],
        inst_state: None,
    };
    let offer = boxed(Offer { table: empty, tag }).map_err(|_| error::no_memory(at))?;
    let tag = offer.tag.as_ptr().cast();
    let offer = Box::into_raw(offer);
    // SAFETY: attached; not NULL; the text is terminated, and lives as long as the capsule.
    let capsule = unsafe { py::PyCapsule_New(offer.cast(), tag, None) };
    // SAFETY: a new reference or NULL.
    let filled = unsafe { Strong::from_new(at, capsule) }.and_then(|capsule| {
        let answer =
            backend.attribute(at, "fill").and_then(|fill| fill.call_tuple(at, &[&major, &named, &capsule]));
        // SAFETY: a table, which the package writes to while it's called alone.
        let table = unsafe { offer.cast::<Table>().read() };
        // SAFETY: attached, a live object.
        let is_kept = unsafe { py::Py_REFCNT(capsule.as_ptr()) } != 1;
        drop(capsule);
        if !is_kept {
            // SAFETY: nobody has the capsule that led to it.
            drop(unsafe { Box::from_raw(offer) });
        }
        answer.map(|_| table)
    });
    filled.map(|table| table.module_init.is_some().then_some(table))
}

/// Takes part in a state as a module, which the interpreter keeps. NULL: what was entered isn't the state of that key.
fn join(
    at: Attached,
    module_init: unsafe extern "C" fn(*const c_char, *mut PyObject) -> *mut c_void,
    key: &str,
    domain: &str,
) -> Result<*mut c_void, Raised> {
    // SAFETY: attached, a terminated name.
    let module = unsafe { py::PyModule_New(c"interbind.nanobind".as_ptr()) };
    // SAFETY: a new reference or NULL.
    let module = unsafe { Strong::from_new(at, module) }?;
    let domain = Text::of_parts(&[domain, "\0"]);
    let Ok(domain) = CStr::from_bytes_with_nul(domain.as_bytes()) else { return Err(error::no_memory(at)) };
    // SAFETY: attached, a terminated text, a module; it doesn't throw.
    let internals = unsafe { module_init(domain.as_ptr(), module.as_ptr()) };
    if internals.is_null() {
        return Err(Raised::at(at));
    }
    let dict = capsule::state_dict(at)?;
    let name = Text::of_parts(&["__interbind_nanobind_", key, "__"]);
    let name = Strong::text(at, &name)?;
    // A module of a state that was entered before keeps that one as well.
    // SAFETY: attached, live objects.
    if unsafe { py::PyObject_SetItem(dict.as_ptr(), name.as_ptr(), module.as_ptr()) } != 0 {
        return Err(Raised::at(at));
    }
    let found = type_object::item(at, &dict, &Strong::text(at, key)?)?;
    let is_same = conduit::address(at, &found, Some(c"nb_internals")) == internals;
    Ok(if is_same { internals } else { core::ptr::null_mut() })
}

impl State {
    /// The platform, as nanobind says it.
    pub(crate) fn platform(&self) -> &str {
        let platform = self.key.split_once("_a1_v").map_or("", |(tag, _)| tag);
        platform.strip_prefix(START).and_then(|rest| rest.strip_prefix("nanobind_")).unwrap_or("?")
    }

    /// Tells whether a class belongs to the state.
    pub(crate) fn has(&self, _at: Attached, class: &Strong) -> bool {
        // SAFETY: attached, a live object, the state that the function was asked for; it looks at the object's class alone.
        unsafe { (self.type_check)(self.internals.load(Ordering::Relaxed), class.as_ptr()) != 0 }
    }

    /// The size and the alignment of a class's C++ type; none for a class of another state.
    pub(crate) fn measures(&self, at: Attached, class: &Strong) -> Option<(usize, usize)> {
        if !self.has(at, class) {
            return None;
        }
        // SAFETY: a class of the state, attached.
        let size = unsafe { (self.type_size)(class.as_ptr()) };
        // SAFETY: as above.
        let align = unsafe { (self.type_align)(class.as_ptr()) };
        Some((size, align))
    }

    /// The address of a class's C++ type, if that has this name.
    pub(crate) fn cpp_type(&self, at: Attached, class: &Strong, name: &CStr) -> Option<usize> {
        if !self.has(at, class) {
            return None;
        }
        // SAFETY: a class of the state, attached.
        let found = unsafe { (self.type_info)(class.as_ptr()) };
        // SAFETY: NULL, or a `type_info` that lives as long as the class.
        let said = unsafe { found.as_ref() }?[1];
        // SAFETY: a terminated text of the library that has the type.
        let is_named = !said.is_null() && unsafe { CStr::from_ptr(said) } == name;
        is_named.then_some(found as usize)
    }

    /// Tells whether a class is the one that was made for its C++ type: Python code's classes have that of what they inherit from.
    #[cfg(feature = "static")]
    pub(crate) fn is_made(&self, at: Attached, class: &Strong) -> bool {
        if !self.has(at, class) {
            return false;
        }
        // SAFETY: a class of the state, attached.
        let cpp_type = unsafe { (self.type_info)(class.as_ptr()) };
        // SAFETY: the class's own `type_info`, attached; borrowed or NULL.
        let found = unsafe { (self.type_lookup)(self.internals.load(Ordering::Relaxed), cpp_type) };
        found == class.as_ptr()
    }

    /// Makes an object of a class that refers to data, and keeps the object that the data is in.
    #[cfg(feature = "static")]
    pub(crate) fn refer(
        &self,
        at: Attached,
        class: &Strong,
        data: *mut c_void,
        parent: Live<'_>,
    ) -> Result<core::ptr::NonNull<PyObject>, Raised> {
        // SAFETY: a class of the state that was made for data of that type, attached; the parent keeps the data.
        let made = unsafe { (self.inst_reference)(class.as_ptr(), data, parent.as_ptr()) };
        core::ptr::NonNull::new(made).ok_or_else(|| Raised::at(at))
    }

    /// Where an object's value is.
    #[inline]
    pub(crate) fn value(&self, object: Live<'_>) -> Value {
        // SAFETY: a live object, attached.
        let class = unsafe { type_object::class_of(object.as_ptr()) };
        // SAFETY: an object keeps its class; as in `has`.
        if unsafe { (self.type_check)(self.internals.load(Ordering::Relaxed), class) } == 0 {
            return Value::Strange;
        }
        // SAFETY: an object of a class of the state, attached.
        if unsafe { (self.inst_state)(object.as_ptr()) } & 1 == 0 {
            return Value::Missing;
        }
        // SAFETY: as above.
        Value::At(unsafe { (self.inst_ptr)(object.as_ptr()) })
    }
}

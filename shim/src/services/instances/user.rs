//! The `instances` service as a binding library uses it.
//!
//! A thin face over a judged table, which may be another build's: one call of the table for one method.
//!
//! **Boundary**: each method is one call of the judged `instances` table, with objects that the caller vouches for.

use core::ffi::{c_int, c_void};
use core::ptr;

use interbind_abi::core::Status;
use interbind_abi::keys;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::instances::{NURSE_VISITS, TypeKey, VisitObject};
use interbind_abi::services::{InstanceCounts, InstancesService};

use crate::ffi::{Attached, Raised, thunk};
use crate::internals::Wanted;
use crate::judged::judged_owner;
use crate::runtime::own_maker;
use crate::services::find::find_or_make;
use crate::shared::Module;

/// What the table must be, and how this build makes one: abi3t sees no object's head, so it can't.
pub(crate) static TABLE: Wanted = Wanted::of::<InstancesService>(
    keys::INSTANCES,
    if cfg!(interbind_module_slots) { None } else { own_maker!(super::serve::make) },
);

/// What a pointer is wrapped as: the address that the `types` service gives for a name or a native key.
///
/// Equal for equal names in one interpreter, also between modules that were built apart; it is compared, never followed.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:wrapped -->
/// ```
/// /// Keeps an object in the interpreter's map as the wrapper of a pointer, finds it there, and takes it out again.
/// ///
/// /// # Safety
/// /// 1. `object` is a live object, and the thread is attached.
/// unsafe fn map(pointer: *const c_void, object: NonNull<PyObject>) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let instances = unsafe { Instances::of::<__Interbind>() }?;
///     // SAFETY: duty 1.
///     let key = unsafe { Key::of::<__Interbind>("c++:4Tour") }?.ok_or_else(failed)?;
///     assert!(!key.as_ptr().is_null() && !instances.table().is_null());
///     // SAFETY: duty 1; the object is taken out below, before it can die.
///     let inserted = unsafe { instances.insert(pointer, key, object.as_ptr().cast()) };
///     // SAFETY: duty 1.
///     let found = unsafe { instances.find(pointer, key) };
///     // SAFETY: a new reference, or NULL.
///     let found = unsafe { Object::from_ptr(found.cast()) };
///     let (mut here, mut everywhere) = (0, 0);
///     // SAFETY: duty 1.
///     unsafe {
///         instances.each(pointer, &mut |_, _| {
///             here += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     unsafe {
///         instances.all(&mut |_, _| {
///             everywhere += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     let removed = unsafe { instances.remove(pointer, Some(key), object.as_ptr().cast()) };
///     let same = found.is_some_and(|found| found.as_ptr() == object.as_ptr());
///     Ok(format!(
///         "inserted {}, same {same}, at it {here}, in all {everywhere}, removed {removed}",
///         inserted.is_ok()
///     ))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(*const TypeKey);

impl Key {
    /// Asks for the key of a name or native key, as `org.frame.Point` or `c++:5Point`.
    ///
    /// # Errors
    /// ImportError when the module can't bind; `None` for a name that the registry doesn't take.
    ///
    /// # Safety
    /// 1. The thread is attached.
    pub unsafe fn of<M: Module>(name: &'static str) -> Result<Option<Self>, Raised> {
        // SAFETY: duty 1.
        let at = unsafe { Attached::assume() };
        Ok(M::identity().binding(at)?.types.list(at, name).map(|list| Self(list.as_ptr())))
    }

    /// The address.
    pub fn as_ptr(self) -> *const TypeKey {
        self.0
    }
}

/// The current interpreter's map from C pointers to Python objects, and what objects keep alive.
///
/// # Safety
/// Every method has these duties, and those that it adds:
///
/// 1. The thread is attached to the interpreter that [`Instances::of`] was called in, which hasn't ended.
/// 2. Objects are live Python objects, borrowed.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:wrapped -->
/// ```
/// /// Keeps an object in the interpreter's map as the wrapper of a pointer, finds it there, and takes it out again.
/// ///
/// /// # Safety
/// /// 1. `object` is a live object, and the thread is attached.
/// unsafe fn map(pointer: *const c_void, object: NonNull<PyObject>) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let instances = unsafe { Instances::of::<__Interbind>() }?;
///     // SAFETY: duty 1.
///     let key = unsafe { Key::of::<__Interbind>("c++:4Tour") }?.ok_or_else(failed)?;
///     assert!(!key.as_ptr().is_null() && !instances.table().is_null());
///     // SAFETY: duty 1; the object is taken out below, before it can die.
///     let inserted = unsafe { instances.insert(pointer, key, object.as_ptr().cast()) };
///     // SAFETY: duty 1.
///     let found = unsafe { instances.find(pointer, key) };
///     // SAFETY: a new reference, or NULL.
///     let found = unsafe { Object::from_ptr(found.cast()) };
///     let (mut here, mut everywhere) = (0, 0);
///     // SAFETY: duty 1.
///     unsafe {
///         instances.each(pointer, &mut |_, _| {
///             here += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     unsafe {
///         instances.all(&mut |_, _| {
///             everywhere += 1;
///             true
///         })
///     };
///     // SAFETY: duty 1.
///     let removed = unsafe { instances.remove(pointer, Some(key), object.as_ptr().cast()) };
///     let same = found.is_some_and(|found| found.as_ptr() == object.as_ptr());
///     Ok(format!(
///         "inserted {}, same {same}, at it {here}, in all {everywhere}, removed {removed}",
///         inserted.is_ok()
///     ))
/// }
/// ```
///
/// What an object keeps alive:
///
/// <!-- tests/fixtures/snippets/tour/src/services.rs:nursed -->
/// ```
/// unsafe extern "C" fn visit(_object: *mut c_void, count: *mut c_void) -> c_int {
///     // SAFETY: `nurse` passes its own count.
///     unsafe { *count.cast::<u32>() += 1 };
///     0
/// }
///
/// unsafe extern "C" fn free(_payload: *mut c_void) {}
///
/// /// Keeps an object and memory of C alive as long as another object, and lets both go again.
/// ///
/// /// # Safety
/// /// 1. Both are live objects, and the thread is attached.
/// unsafe fn nurse(nurse: *mut PyObject, patient: *mut PyObject) -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let instances = unsafe { Instances::of::<__Interbind>() }?;
///     let (nurse, mut seen) = (nurse.cast(), 0_u32);
///     // SAFETY: duty 1. `true`: the nurse's class visits its patients and releases them, as this function does for it.
///     let kept = unsafe { instances.keep_alive(nurse, patient.cast(), true) };
///     // SAFETY: duty 1; `free` takes anything.
///     let attached = unsafe { instances.attach(nurse, ptr::null_mut(), free, true) };
///     // SAFETY: duty 1; `visit` takes a count.
///     let stopped = unsafe { instances.traverse(nurse, visit, (&raw mut seen).cast()) };
///     // SAFETY: duty 1.
///     let counts = unsafe { instances.count() };
///     // SAFETY: duty 1.
///     let released = unsafe { instances.release(nurse) };
///     // SAFETY: duty 1: attached, so the service lives.
///     let maker = unsafe { instances.maker() };
///     assert!(maker.header.struct_size >= 112);
///     let (kept, attached) = (kept.is_ok(), attached.is_ok());
///     Ok(format!("{kept} {attached} {stopped} {released}, {seen} seen, {} nurses", counts.nurses))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Instances(*const InstancesService);

/// Turns a status into a result.
fn done(status: Status) -> Result<(), Status> {
    if status == Status::OK { Ok(()) } else { Err(status) }
}

impl Instances {
    /// Finds the service in the current interpreter, or makes it.
    ///
    /// # Errors
    /// ImportError: the module can't bind, or the service can't be used.
    ///
    /// # Safety
    /// 1. The thread is attached.
    pub unsafe fn of<M: Module>() -> Result<Self, Raised> {
        // SAFETY: duty 1.
        let at = unsafe { Attached::assume() };
        let binding = M::identity().binding(at)?;
        find_or_make(at, &binding.core, binding.owner, &TABLE).map(|table| Self(table.cast()))
    }

    /// The table, for other languages.
    pub fn table(self) -> *const InstancesService {
        self.0
    }

    /// What is read of it.
    #[inline]
    fn judged(&self) -> &InstancesService {
        // SAFETY: `of` judged it; the core keeps it as long as the interpreter runs, which is duty 1 of every method.
        unsafe { &*self.0 }
    }

    /// Who made it.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn maker(self) -> &'static OwnerRecord {
        judged_owner(self.judged().head.owner)
    }

    /// Adds an object that wraps `pointer` as a `key`.
    ///
    /// # Errors
    /// [`Status::DIFFERS`]: it is there already. [`Status::INVALID`]: a NULL. [`Status::FAILED`]: MemoryError.
    ///
    /// # Safety
    /// As the type's, and:
    /// 3. The object is complete, no other thread has seen it, and its dealloc begins with [`remove`](Self::remove).
    #[inline]
    pub unsafe fn insert(self, pointer: *const c_void, key: Key, object: *mut c_void) -> Result<(), Status> {
        // SAFETY: duties 1 to 3.
        done(unsafe { (self.judged().insert)(self.0, pointer, key.0, object) })
    }

    /// Takes exactly this object away, under one key or under all; false when it wasn't there.
    ///
    /// # Safety
    /// As the type's; the object may be dying.
    #[inline]
    pub unsafe fn remove(self, pointer: *const c_void, key: Option<Key>, object: *mut c_void) -> bool {
        // SAFETY: duties 1 and 2.
        (unsafe { (self.judged().remove)(self.0, pointer, key.map_or(ptr::null(), Key::as_ptr), object) })
            == Status::OK
    }

    /// Finds a living object that wraps `pointer` as a `key`: a new reference, or NULL.
    ///
    /// # Safety
    /// As the type's.
    #[inline]
    pub unsafe fn find(self, pointer: *const c_void, key: Key) -> *mut c_void {
        let mut found = ptr::null_mut();
        // SAFETY: duty 1; `found` is written on success only.
        unsafe { (self.judged().find)(self.0, pointer, key.0, &mut found) };
        found
    }

    /// Calls `visit` with each living object at an address until it returns false; the object is borrowed.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn each(self, pointer: *const c_void, visit: &mut dyn FnMut(Key, *mut c_void) -> bool) {
        let mut visitor = Visitor(visit);
        // SAFETY: duty 1; the context is what the visitor expects.
        unsafe { (self.judged().visit)(self.0, pointer, Some(visited), (&raw mut visitor).cast()) };
    }

    /// Calls `visit` with each living object until it returns false; the object is borrowed.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn all(self, visit: &mut dyn FnMut(Key, *mut c_void) -> bool) {
        let mut visitor = Visitor(visit);
        // SAFETY: duty 1; the context is what the visitor expects.
        unsafe { (self.judged().all)(self.0, Some(visited), (&raw mut visitor).cast()) };
    }

    /// Keeps `patient` alive as long as `nurse`; `visits` says that the nurse's class calls [`traverse`](Self::traverse)
    /// and [`release`](Self::release).
    ///
    /// # Errors
    /// [`Status::FAILED`] with an exception set: the nurse can't be weakly referenced. [`Status::MISSING`]: one of both is
    /// `None`, or the patient NULL.
    ///
    /// # Safety
    /// As the type's; the patient may be NULL.
    pub unsafe fn keep_alive(
        self,
        nurse: *mut c_void,
        patient: *mut c_void,
        visits: bool,
    ) -> Result<(), Status> {
        // SAFETY: duties 1 and 2.
        done(unsafe { (self.judged().keep_alive)(self.0, nurse, patient, flags(visits)) })
    }

    /// Keeps memory of C alive as long as `nurse`.
    ///
    /// # Errors
    /// As [`keep_alive`](Self::keep_alive); the memory stays the caller's then.
    ///
    /// # Safety
    /// As the type's, and:
    /// 3. `free` may be called with `payload`, attached, once.
    pub unsafe fn attach(
        self,
        nurse: *mut c_void,
        payload: *mut c_void,
        free: unsafe extern "C" fn(payload: *mut c_void),
        visits: bool,
    ) -> Result<(), Status> {
        // SAFETY: duties 1 to 3.
        done(unsafe { (self.judged().attach)(self.0, nurse, payload, Some(free), flags(visits)) })
    }

    /// Visits what a nurse keeps alive: part of its class's `tp_traverse`.
    ///
    /// # Safety
    /// As the type's, and:
    /// 3. `visit` and `context` are those that Python gave.
    pub unsafe fn traverse(self, nurse: *mut c_void, visit: VisitObject, context: *mut c_void) -> c_int {
        // SAFETY: duties 1 to 3.
        unsafe { (self.judged().traverse)(self.0, nurse, Some(visit), context) }
    }

    /// Lets go of what a nurse keeps alive: part of its class's `tp_clear` and `tp_dealloc`. Runs Python code.
    ///
    /// # Safety
    /// As the type's; the nurse may be dying.
    pub unsafe fn release(self, nurse: *mut c_void) -> bool {
        // SAFETY: duties 1 and 2.
        (unsafe { (self.judged().release)(self.0, nurse) }) == Status::OK
    }

    /// Counts what there is: what a leak check compares.
    ///
    /// # Safety
    /// As the type's.
    pub unsafe fn count(self) -> InstanceCounts {
        let mut counts = InstanceCounts::default();
        // SAFETY: duty 1; `counts` is writable.
        unsafe { (self.judged().count)(self.0, &mut counts) };
        counts
    }
}

fn flags(visits: bool) -> u32 {
    if visits { NURSE_VISITS } else { 0 }
}

/// A closure as a context.
struct Visitor<'a>(&'a mut dyn FnMut(Key, *mut c_void) -> bool);

thunk! {
    fn visited(key: *const TypeKey, object: *mut c_void, context: *mut c_void) -> Status, else Status::FAILED, {
        // SAFETY: `each` and `all` pass a visitor that outlives the call and that nobody else uses meanwhile.
        let visitor = unsafe { &mut *context.cast::<Visitor<'_>>() };
        if (visitor.0)(Key(key), object) { Status::OK } else { Status::MISSING }
    }
}

//! Whether this thread is attached, for CPython before 3.12.
//!
//! From 3.12 on each thread knows its own current thread state. Before, there is one for the process: that of whoever holds
//! the GIL, and a thread has to find out whether that is itself. `PyGILState_Check` answers yes without looking once there
//! was a sub-interpreter. What helps is outside the limited API, so it is looked up by name, in these three versions only,
//! which don't change any more.

use core::ffi::{CStr, c_char, c_ulong, c_void};
use core::mem::transmute;
use core::ptr;

/// Bytes from the start of a thread state to its `thread_id`, for 3.9 to 3.11 with 64-bit pointers; a test asks the headers.
const THREAD_ID: [(u32, usize); 3] = [(9, 176), (10, 176), (11, 152)];

#[cfg(unix)]
unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The address of a function of the process, or NULL.
#[cfg(unix)]
fn look_up(name: &CStr) -> *mut c_void {
    // What is loaded, in the order of loading: `RTLD_DEFAULT`.
    let everything = if cfg!(target_vendor = "apple") {
        ptr::without_provenance_mut(-2_isize as usize)
    } else {
        ptr::null_mut()
    };
    // SAFETY: a terminated name.
    unsafe { dlsym(everything, name.as_ptr()) }
}

#[cfg(windows)]
#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
    fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The address of a function of Python's library, or NULL.
#[cfg(windows)]
fn look_up(name: &CStr) -> *mut c_void {
    let libraries = [c"python39.dll", c"python310.dll", c"python311.dll"].into_iter();
    // SAFETY: terminated names; NULL for what isn't loaded.
    let mut handles = libraries.map(|library| unsafe { GetModuleHandleA(library.as_ptr()) });
    let Some(library) = handles.find(|handle| !handle.is_null()) else { return ptr::null_mut() };
    // SAFETY: a library that is loaded, and this code's own Python; a terminated name.
    unsafe { GetProcAddress(library, name.as_ptr()) }
}

/// Tells whether this thread holds the GIL; `minor` is the running Python's.
pub(crate) fn is_attached(minor: u32) -> bool {
    let current = look_up(c"_PyThreadState_UncheckedGet");
    if current.is_null() {
        return false;
    }
    // SAFETY: this is its type in each of the three versions.
    let current = unsafe { transmute::<*mut c_void, unsafe extern "C" fn() -> *mut c_void>(current) };
    // SAFETY: callable on any thread.
    let holder = unsafe { current() };
    if holder.is_null() {
        return false;
    }
    // SAFETY: callable on any thread.
    if ptr::eq(holder, unsafe { pyo3_ffi::PyGILState_GetThisThreadState() }.cast()) {
        return true;
    }
    // A sub-interpreter's thread state of this thread, or another thread's.
    let place = THREAD_ID.iter().find(|(known, _)| *known == minor);
    let (Some((_, offset)), false) = (place, cfg!(not(target_pointer_width = "64"))) else { return false };
    let mine = look_up(c"PyThread_get_thread_ident");
    if mine.is_null() {
        return false;
    }
    // SAFETY: this is its type in each of the three versions.
    let mine = unsafe { transmute::<*mut c_void, unsafe extern "C" fn() -> c_ulong>(mine) };
    // SAFETY: callable on any thread.
    let mine = unsafe { mine() };
    // SAFETY: if the state is this thread's, it lives and has its id there. If it is another's, that thread has just held the
    // GIL; should it end this very moment, what is read is memory of the allocator's, which holds no id of this thread.
    let id = unsafe { holder.wrapping_byte_add(*offset).cast::<c_ulong>().read_volatile() };
    id == mine
}

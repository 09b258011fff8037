//! The command and its documents, for Python: words in, an exit code or JSON out. Nothing of Python is touched meanwhile, so
//! other threads run; a signal that comes while a document is made stops the work.

use std::ffi::{CString, OsString};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use interbind_cli::Error;
use pyo3_ffi::*;

/// How long a signal may wait until Python is asked for it.
const PATIENCE: Duration = Duration::from_millis(50);

/// `_run(words)`: does what a command line says, and returns its exit code.
pub unsafe extern "C" fn _run(_module: *mut PyObject, words: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls this attached, with an object.
    match unsafe { detached(words, |words, _| pooled(|| interbind_cli::main_with(words))) } {
        // SAFETY: attached again.
        Some(code) => unsafe { PyLong_FromLong(code.into()) },
        None => ptr::null_mut(),
    }
}

/// `_document(words)`: what the same words print with `--json`; what can't be done is an exception.
pub unsafe extern "C" fn _document(_module: *mut PyObject, words: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls this attached, with an object.
    match unsafe { detached(words, document) } {
        None | Some(None) => ptr::null_mut(),
        Some(Some(Ok(text))) => {
            // SAFETY: attached; the pointer and the length are a text's.
            unsafe { PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as Py_ssize_t) }
        }
        Some(Some(Err(error))) => {
            // SAFETY: attached again.
            unsafe { raise(Kind::of(&error), &error.in_full()) };
            ptr::null_mut()
        }
    }
}

/// Makes a document on a thread of its own, so that this one can look for signals. `None`: a signal's handler raised, which
/// is set; the work is stopped, and left to itself until it has noticed.
fn document(words: Vec<OsString>, thread: &mut Detached) -> Option<Result<String, Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    let (send, done) = mpsc::channel();
    let noticed = stop.clone();
    let worker = std::thread::spawn(move || {
        // Nobody waits for what was stopped.
        _ = send.send(pooled(|| interbind_cli::document_until(words, noticed)));
    });
    loop {
        match done.recv_timeout(PATIENCE) {
            Ok(document) => return Some(document),
            Err(RecvTimeoutError::Timeout) if thread.raised() => {
                stop.store(true, Ordering::Relaxed);
                return None;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Err(payload) => std::panic::resume_unwind(payload),
                Ok(()) => unreachable!("the worker sends before it ends"),
            },
        }
    }
}

/// A thread that let go of the interpreter.
struct Detached {
    /// The state to take up again.
    state: *mut PyThreadState,
}

impl Detached {
    /// Runs the handlers of signals that came; whether one raised, which is set then.
    fn raised(&mut self) -> bool {
        // SAFETY: the state that this thread let go of.
        unsafe { PyEval_RestoreThread(self.state) };
        // SAFETY: attached. On another thread than the main one it does nothing.
        let raised = unsafe { PyErr_CheckSignals() } < 0;
        // SAFETY: attached: there is a state to let go of.
        self.state = unsafe { PyEval_SaveThread() };
        raised
    }
}

/// Works with a pool of its own: threads of one that outlives the call would be missing after a fork.
fn pooled<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Reads the words, lets go of the interpreter, and works. `None`: an exception is set.
///
/// # Safety
/// 1. The thread is attached. 2. `words` is an object that lives during the call.
unsafe fn detached<T>(
    words: *mut PyObject,
    work: impl FnOnce(Vec<OsString>, &mut Detached) -> T,
) -> Option<T> {
    // SAFETY: the caller's (1) and (2).
    let words = unsafe { read(words) }?;
    // SAFETY: (1): there is a thread state to let go of.
    let mut thread = Detached { state: unsafe { PyEval_SaveThread() } };
    let done = catch_unwind(AssertUnwindSafe(|| work(words, &mut thread)));
    // SAFETY: the state that this thread let go of.
    unsafe { PyEval_RestoreThread(thread.state) };
    match done {
        Ok(done) => Some(done),
        Err(payload) => {
            let said = payload.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
            // SAFETY: attached again.
            unsafe { raise(Kind::Panic, &format!("interbind panicked: {said}")) };
            None
        }
    }
}

/// Reads a tuple of texts. `None`: an exception is set.
///
/// # Safety
/// 1. The thread is attached. 2. `words` is an object that lives during the call.
unsafe fn read(words: *mut PyObject) -> Option<Vec<OsString>> {
    // SAFETY: the caller's.
    if unsafe { PyTuple_Check(words) } == 0 {
        // SAFETY: (1).
        unsafe { raise(Kind::Type, "a tuple of texts is asked for") };
        return None;
    }
    // SAFETY: a tuple.
    let length = unsafe { PyTuple_Size(words) };
    let mut read = Vec::new();
    for i in 0..length {
        // SAFETY: a tuple, which doesn't change and holds its items.
        let item = unsafe { PyTuple_GetItem(words, i) };
        if item.is_null() {
            return None;
        }
        // SAFETY: (1), and an object that the tuple holds.
        read.push(unsafe { text(item) }?);
    }
    Some(read)
}

/// Reads a text as the system writes names. `None`: an exception is set.
///
/// # Safety
/// 1. The thread is attached. 2. `item` is an object that lives during the call.
#[cfg(unix)]
unsafe fn text(item: *mut PyObject) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;

    // SAFETY: (1) and (2).
    let bytes = unsafe { PyUnicode_EncodeFSDefault(item) };
    if bytes.is_null() {
        return None;
    }
    let (mut data, mut length) = (ptr::null_mut(), 0);
    // SAFETY: an object; both places are writable.
    let failed = unsafe { PyBytes_AsStringAndSize(bytes, &raw mut data, &raw mut length) } < 0;
    let copy = (!failed).then(|| {
        // SAFETY: the bytes of an object that is held.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length as usize) };
        OsString::from_vec(bytes.to_vec())
    });
    // SAFETY: the reference is ours.
    unsafe { Py_DECREF(bytes) };
    copy
}

/// Reads a text as the system writes names. `None`: an exception is set.
///
/// # Safety
/// 1. The thread is attached. 2. `item` is an object that lives during the call.
#[cfg(windows)]
unsafe fn text(item: *mut PyObject) -> Option<OsString> {
    use std::os::windows::ffi::OsStringExt;

    let mut length = 0;
    // SAFETY: (1) and (2); the place is writable.
    let wide = unsafe { PyUnicode_AsWideCharString(item, &raw mut length) };
    if wide.is_null() {
        return None;
    }
    // SAFETY: so many letters of two bytes were written.
    let letters = unsafe { std::slice::from_raw_parts(wide.cast::<u16>(), length as usize) };
    let copy = OsString::from_wide(letters);
    // SAFETY: what Python allocated for us.
    unsafe { PyMem_Free(wide.cast()) };
    Some(copy)
}

/// What kind of exception it is.
#[derive(Clone, Copy)]
enum Kind {
    NotFound,
    Permission,
    System,
    Value,
    Type,
    Panic,
}

impl Kind {
    fn of(error: &Error) -> Self {
        match error.io() {
            Some(ErrorKind::NotFound) => Self::NotFound,
            Some(ErrorKind::PermissionDenied) => Self::Permission,
            Some(_) => Self::System,
            None => Self::Value,
        }
    }

    fn class(self) -> *mut PyObject {
        let place = match self {
            Self::NotFound => &raw const PyExc_FileNotFoundError,
            Self::Permission => &raw const PyExc_PermissionError,
            Self::System => &raw const PyExc_OSError,
            Self::Value => &raw const PyExc_ValueError,
            Self::Type => &raw const PyExc_TypeError,
            Self::Panic => &raw const PyExc_RuntimeError,
        };
        // SAFETY: Python's own classes, which it set before it ran anything and keeps until its end.
        unsafe { place.read() }
    }
}

/// Sets an exception.
///
/// # Safety
/// 1. The thread is attached.
unsafe fn raise(kind: Kind, message: &str) {
    let message = CString::new(message.replace('\0', "\\0")).unwrap_or_default();
    // SAFETY: (1); a class, and a text that ends.
    unsafe { PyErr_SetString(kind.class(), message.as_ptr()) };
}

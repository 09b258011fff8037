//! `dump` and `dumps`.

use core::ptr;

use pyo3_ffi as ffi;

use crate::python::{Arguments, Function, Functions, Object, Owned, Raised, Result, none};
use crate::state;

use super::held::Held;
use super::session::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL, Options, Session};

static FUNCTIONS: Functions<3> = Functions::new([
    Function::fast(
        c"dump",
        dump,
        c"dump($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)\n--\n\n\
          Write an object to a file, as Python's own pickle.dump() does.",
    ),
    Function::fast(
        c"dumps",
        dumps,
        c"dumps($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None)\n--\n\n\
          Return an object as bytes, as Python's own pickle.dumps() does.",
    ),
    Function::END,
]);

/// Puts the functions into the module.
pub(crate) fn add(module: &Object) -> Result<()> {
    module.add_functions(&FUNCTIONS)
}

/// Reads what all ways to begin have in common.
pub(crate) fn options(
    protocol: Option<&Object>,
    fix_imports: Option<&Object>,
    buffer_callback: Option<&Object>,
) -> Result<Options> {
    let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
        None => DEFAULT_PROTOCOL,
        Some(protocol) => match protocol.int()? {
            ..0 => HIGHEST_PROTOCOL,
            given => match u8::try_from(given).ok().filter(|given| *given <= HIGHEST_PROTOCOL) {
                Some(given) => given,
                None => return Err(Raised::value(&format!("pickle protocol must be <= {HIGHEST_PROTOCOL}"))),
            },
        },
    };
    let buffer_callback = buffer_callback.filter(|callback| !callback.is_none()).map(Object::own);
    if buffer_callback.is_some() && protocol < 5 {
        return Err(Raised::value("buffer_callback needs protocol >= 5"));
    }
    let fix_imports = match fix_imports {
        Some(given) => given.truth()?,
        None => true,
    };
    Ok(Options { protocol, fix_imports, buffer_callback, ..Options::default() })
}

/// The `write` of what is to be written to.
pub(crate) fn writer_of(held: &Held, file: &Object) -> Result<Owned> {
    match file.find(&held.names.write)? {
        Some(write) => Ok(write),
        None => Err(Raised::type_error("file must have a 'write' attribute")),
    }
}

unsafe extern "C" fn dump(
    module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    crate::python::entry(ptr::null_mut(), || {
        // SAFETY: Python passes the module, and calls attached.
        let module = unsafe { Object::from_ptr(module) };
        // SAFETY: the three as Python passed them, used in this call.
        let given = unsafe { Arguments::new(arguments, count, names) };
        let names = ["obj", "file", "protocol", "fix_imports", "buffer_callback"];
        let [object, file, protocol, fix_imports, callback] = given.read("dump", names, 3)?;
        let (Some(object), Some(file)) = (object, file) else {
            return Err(Raised::type_error("dump() takes an object and a file"));
        };
        let held = &state::of(module)?.writer;
        let options = options(protocol, fix_imports, callback)?;
        let file = writer_of(held, file)?;
        Session::new(held, options, Some(file))?.dump(object).0?;
        Ok(none().into_ptr())
    })
}

unsafe extern "C" fn dumps(
    module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    crate::python::entry(ptr::null_mut(), || {
        // SAFETY: Python passes the module, and calls attached.
        let module = unsafe { Object::from_ptr(module) };
        // SAFETY: the three as Python passed them, used in this call.
        let given = unsafe { Arguments::new(arguments, count, names) };
        let names = ["obj", "protocol", "fix_imports", "buffer_callback"];
        let [object, protocol, fix_imports, callback] = given.read("dumps", names, 2)?;
        let Some(object) = object else { return Err(Raised::type_error("dumps() takes an object")) };
        let held = &state::of(module)?.writer;
        let options = options(protocol, fix_imports, callback)?;
        let stream = Session::new(held, options, None)?.dump(object).0?;
        Ok(stream.map_or_else(ptr::null_mut, Owned::into_ptr))
    })
}

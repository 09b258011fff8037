//! Calls of functions of numbers past PyO3: what `#[interbind::function]` stands above has types that this crate knows.
//!
//! Floats, whole numbers and truth values of Python's own classes are converted here. Whatever else is given goes to
//! PyO3's code, which says what it always says; so does a number that doesn't fit.
//!
//! **Boundary**: Python's arguments become numbers, and addresses functions of Rust.

use core::marker::PhantomData;
use core::mem::transmute_copy;
use core::ptr;

use pyo3::panic::PanicException;
use pyo3::prelude::*;

use super::depth::Inside;
use super::wrap::{given, place, plain, slow};
use crate::c_function::{CName, CResult, CValue, Call, each_arity};
use crate::ffi::{PyObject, caught, thunk};

/// A C function's type.
pub(crate) struct Quick<F>(PhantomData<F>);

/// Tells whether a type is a number's.
const fn is_number<T: CName>() -> bool {
    T::NUMBER.is_some()
}

/// An argument's place while nothing is there: one for each type.
macro_rules! empty {
    ($ty:ident) => {
        ptr::null_mut::<PyObject>()
    };
}

/// Reads a number.
///
/// # Safety
/// 1. A live object, attached.
#[inline(always)]
unsafe fn read<T: CName>(object: *mut PyObject) -> Option<T> {
    // SAFETY: duty 1.
    T::NUMBER.and_then(|number| unsafe { (number.read)(object) })
}

/// Makes an object of a number.
///
/// # Safety
/// 1. Attached.
#[inline(always)]
unsafe fn made<T: CName>(value: T) -> *mut PyObject {
    // SAFETY: duty 1.
    T::NUMBER.map_or(ptr::null_mut(), |number| unsafe { (number.made)(value) })
}

/// Raises what PyO3 makes of a panic.
#[cold]
fn panicked(message: &str) -> *mut PyObject {
    Python::attach(|py| PanicException::new_err(message.to_owned()).restore(py));
    ptr::null_mut()
}

macro_rules! calls {
    ($(($($name:ident $argument:ident),*))+) => { $(
        impl<Z: CResult $(, $name: CValue)*> Quick<extern "C" fn($($name),*) -> Z> {
            /// How Python calls it; `None`: one of its types is no number's.
            pub(crate) const CALL: Option<Call> = match is_number::<Z>() $(&& is_number::<$name>())* {
                true => Some(Self::call),
                false => None,
            };

            const EMPTY: &'static [*mut PyObject] = &[$(empty!($name)),*];

            thunk! {
                fn call(function: *mut PyObject, args: *const *mut PyObject, count: usize, names: *mut PyObject) -> *mut PyObject, else ptr::null_mut(), {
                    let mut places = [$(empty!($name)),*];
                    let is_plain = names.is_null() && given(count) == Self::EMPTY.len();
                    // SAFETY: Python calls an object of ours, with its arguments.
                    if is_plain || unsafe { place(function, args, given(count), names, &mut places) } {
                        let mut _next = if is_plain { args } else { places.as_ptr() };
                        $(
                            // SAFETY: there are as many as the function has.
                            let $argument = unsafe { read::<$name>(*_next) };
                            _next = _next.wrapping_add(1);
                        )*
                        if let (Some(()), $(Some($argument),)*) = (Some(()), $($argument,)*) {
                            // SAFETY: (1) Python calls this, attached: the function may call Python.
                            let Some(_inside) = (unsafe { Inside::new() }) else { return ptr::null_mut() };
                            // SAFETY: Python calls an object of ours.
                            let plain = unsafe { plain(function) };
                            // SAFETY: `lend` put a function of this type there.
                            let plain = unsafe { transmute_copy::<*mut (), fn($($name),*) -> Z>(&plain) };
                            return match caught(|| plain($($argument),*)) {
                                // SAFETY: attached.
                                Ok(result) => unsafe { made(result) },
                                Err(message) => panicked(&message),
                            };
                        }
                    }
                    // SAFETY: Python calls an object of ours, with its arguments.
                    unsafe { slow(function, args, count, names) }
                }
            }
        }
    )+ };
}
each_arity!(calls);

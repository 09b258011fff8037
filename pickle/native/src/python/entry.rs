//! Where Python enters: each function that Python calls runs its body in [`entry`], which catches panics, because none may
//! cross Python's frames.

use core::ffi::{c_int, c_void};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use pyo3_ffi as ffi;

use super::object::{Object, Owned};
use super::raised::{Raised, Result};
use super::sign::Sign;

/// What stands for failure in what Python expects back.
pub(crate) fn entry<T>(failed: T, body: impl FnOnce() -> Result<T>) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(_raised)) => failed,
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
            let _ = Raised::system(&format!("interbind._pickle failed, please report it: {text}"));
            failed
        }
    }
}

/// Positional and keyword arguments of a vectorcall, borrowed for the call.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    positional: &'a [&'a Object],
    keywords: &'a [&'a Object],
    names: Option<&'a Object>,
}

impl<'a> Arguments<'a> {
    /// Takes what Python passes to a function with `METH_FASTCALL | METH_KEYWORDS`, or to a vectorcall.
    ///
    /// # Safety
    /// 1. The three are as Python passed them, and are used in that call only.
    pub(crate) unsafe fn new(
        arguments: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> Self {
        let count = count.turned();
        // SAFETY: duty 1: NULL or a tuple.
        let names = unsafe { Object::from_ptr_or_none(names) };
        let keywords = names.map_or(0, Object::tuple_len);
        let all: &'a [&'a Object] = if arguments.is_null() {
            &[]
        } else {
            // SAFETY: duty 1: so many live objects stand there; `&Object` is such a pointer.
            unsafe { core::slice::from_raw_parts(arguments.cast(), count + keywords) }
        };
        let (positional, keywords) = all.split_at(count.min(all.len()));
        Self { positional, keywords, names }
    }

    /// Puts what an `__init__` gets in order, by the names of its parameters.
    pub(crate) fn of_init<const N: usize>(
        function: &str,
        names: [&str; N],
        arguments: &Object,
        keywords: Option<&Object>,
    ) -> Result<[Option<Owned>; N]> {
        if arguments.tuple_len() > N {
            let given = arguments.tuple_len();
            return Err(Raised::type_error(&format!(
                "{function}() takes at most {N} arguments ({given} given)"
            )));
        }
        let mut found: [Option<Owned>; N] =
            core::array::from_fn(|at| arguments.tuple_item(at).map(Object::own));
        let mut at = 0;
        while let Some((name, given)) = keywords.and_then(|keywords| keywords.dict_next(&mut at)) {
            let name = name.utf8()?;
            let Some(place) = names.iter().position(|known| *known == name) else {
                return Err(Raised::type_error(&format!(
                    "{function}() got an unexpected keyword argument '{name}'"
                )));
            };
            if found[place].replace(given).is_some() {
                return Err(Raised::type_error(&format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
        }
        Ok(found)
    }

    /// Puts them in order by the names of the function's parameters: the first `positional` of those may be passed without
    /// a name.
    pub(crate) fn read<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        positional: usize,
    ) -> Result<[Option<&'a Object>; N]> {
        if self.positional.len() > positional {
            return Err(Raised::type_error(&format!(
                "{function}() takes at most {positional} positional arguments ({} given)",
                self.positional.len()
            )));
        }
        let mut found = [None; N];
        for (place, given) in found.iter_mut().zip(self.positional) {
            *place = Some(*given);
        }
        for (at, given) in self.keywords.iter().enumerate() {
            let Some(name) = self.names.and_then(|names| names.tuple_item(at)) else { break };
            let name = name.utf8()?;
            let Some(place) = names.iter().position(|known| *known == name) else {
                return Err(Raised::type_error(&format!(
                    "{function}() got an unexpected keyword argument '{name}'"
                )));
            };
            if found[place].is_some() {
                return Err(Raised::type_error(&format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
            found[place] = Some(given);
        }
        Ok(found)
    }

    /// Tells whether one of these was passed by its name.
    pub(crate) fn has_one_of(&self, names: &[&str]) -> bool {
        let Some(given) = self.names else { return false };
        (0..given.tuple_len()).any(|at| {
            let text = given.tuple_item(at).map(|name| name.utf8().map_err(Raised::dismiss));
            matches!(text, Some(Ok(text)) if names.contains(&text))
        })
    }

    /// The positional ones.
    pub(crate) fn positional(&self) -> &'a [&'a Object] {
        self.positional
    }
}

/// Shows the collector what is held.
pub(crate) struct Visit {
    visit: ffi::visitproc,
    argument: *mut c_void,
    result: c_int,
}

impl Visit {
    /// Takes what the collector passed to a `tp_traverse`.
    pub(crate) fn new(visit: ffi::visitproc, argument: *mut c_void) -> Self {
        Self { visit, argument, result: 0 }
    }

    /// Shows one object.
    pub(crate) fn see(&mut self, object: &Object) {
        if self.result == 0 {
            // SAFETY: the collector's own function with its own argument, on a live object.
            self.result = unsafe { (self.visit)(object.ptr(), self.argument) };
        }
    }

    /// Shows one object, if there is one.
    pub(crate) fn see_some(&mut self, object: Option<&Owned>) {
        if let Some(object) = object {
            self.see(object);
        }
    }

    /// What the collector said.
    pub(crate) fn result(&self) -> c_int {
        self.result
    }
}

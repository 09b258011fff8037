//! C functions behind Python's: found in another build's function, and called without Python.
//!
//! A function of interbind's headers has a record with its entries; of PyO3's, Cython's and others' what stands in their module's
//! `__pyx_capi__` is found. Whatever is found is judged before it is called: who made it, and the text of its type. Belongs to the
//! internals contract.
//!
//! **Boundary**: records of functions of other builds are judged here, and their entries become functions of Rust.

use core::ffi::{CStr, c_void};
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use pyo3::exceptions::{PyAttributeError, PyLookupError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyString};
use pyo3_ffi as py_ffi;

use interbind_abi::header::Malformed;
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::services::{FunctionClass, FunctionRecord, FunctionsService, NativeEntry};
use interbind_abi::signature::{Signature, is_of, is_one_of};
use interbind_abi::{Piece, Reason, Record, Str, judge, keys, platform};

use super::convert::{attached, live, raised};
use crate::c_function::{CFunction, CName, CResult, CValue, each_arity};
use crate::ffi::capsule::{self, Found};
use crate::ffi::error::Class;
use crate::ffi::{Raised, Strong};
use crate::judged::readable;
use crate::malformed::wrong_part;
use crate::owner::{COMPILER, PLATFORM, VERSION};
use crate::refusal::{Sides, refuse};
use crate::text::Text;

/// Who asks: nobody has declared a module for this.
static OWNER_HERE: OwnerRecord = OwnerRecord {
    header: OWNER.header::<OwnerRecord>(),
    name: Str::new("interbind::Native"),
    version: Str::new(VERSION),
    file: Str::new(""),
    platform: Str::new(PLATFORM),
    interbind: Str::new(VERSION),
    compiler: Str::new(COMPILER),
};

/// A C function behind a Python function of any build, which it keeps.
///
/// [`call`](Self::call) calls it as `F` says: without Python between, on a thread that is attached. The function is found once;
/// each call of it is one of C.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:call -->
/// ```
/// /// Adds up what the C function behind any build's `f` gives, with no Python between.
/// #[pyfunction]
/// fn total(f: &Bound<'_, PyAny>, count: u32) -> PyResult<f64> {
///     let f = Native::<extern "C" fn(f64, f64) -> f64>::of(f)?;
///     Ok((0..count).map(|i| f.call(f64::from(i), 1.0)).sum())
/// }
/// ```
///
/// On a thread that Python doesn't know:
///
/// <!-- examples/curves/src/lib.rs:detached -->
/// ```
/// /// The same, on a thread that Python doesn't know: the author of `f` says that it needs no Python.
/// #[pyfunction]
/// fn total_detached(py: Python<'_>, f: &Bound<'_, PyAny>, count: u32) -> PyResult<f64> {
///     let native = Native::<extern "C" fn(f64, f64) -> f64>::named(f, "double (double, double)")?;
///     // SAFETY: (1) `native` is there until the end; (2) as said above.
///     let f = unsafe { native.function() };
///     Ok(py.detach(move || (0..count).map(|i| f(f64::from(i), 1.0)).sum()))
/// }
/// ```
pub struct Native<'py, F> {
    function: F,
    /// Nothing is called that may be gone; and as this isn't `Send`, nothing on a thread that isn't attached.
    callable: Bound<'py, PyAny>,
}

impl<F> fmt::Debug for Native<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.callable).finish()
    }
}

impl<'py, F: CFunction> Native<'py, F> {
    /// Finds the C function of that type behind a callable.
    ///
    /// # Errors
    /// A TypeError with a reason: `signature-differs`, with the types that are on offer; `wrong-object`; `c-abi`; or what is wrong
    /// with a record. Whatever an attribute of the callable raises.
    pub fn of(callable: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::find(callable, Wanted::Types(F::RESULT, F::PARAMETERS))
    }

    /// Finds it by a type's text, where C has several types that Rust passes alike: `long long (long long)`.
    ///
    /// # Errors
    /// As [`of`](Self::of); and a ValueError when the text isn't the type of a C function, or isn't `F`'s.
    pub fn named(callable: &Bound<'py, PyAny>, signature: &str) -> PyResult<Self> {
        let wanted = Signature::parse(signature.as_bytes()).ok_or_else(unreadable)?;
        let mut parameters = F::PARAMETERS.iter();
        let is_alike = is_one_of(wanted.result(), F::RESULT)
            && wanted.parameters().all(|text| parameters.next().is_some_and(|names| is_one_of(text, names)))
            && parameters.next().is_none();
        if !is_alike {
            let other = Signature::of(F::RESULT, F::PARAMETERS);
            return Err(PyValueError::new_err(format!(
                "'{wanted}' is asked for as a function of Rust that is '{}' in C",
                other.as_ref().map_or("?", Signature::as_str)
            )));
        }
        Self::find(callable, Wanted::Text(&wanted))
    }

    fn find(callable: &Bound<'py, PyAny>, wanted: Wanted<'_>) -> PyResult<Self> {
        let found = match of_record(callable, wanted) {
            Ok(Some(found)) => found,
            Ok(None) => of_module(callable, wanted)?,
            Err(error) => return Err(raised(callable.py(), error)),
        };
        // SAFETY: (1) what is lent is of the type that its text says, which is how C calls `F`.
        let function = unsafe { F::at(found) };
        Ok(Self { function, callable: callable.clone() })
    }

    /// The function itself: for threads that aren't attached, and for C.
    ///
    /// # Safety
    /// 1. It is called as long as the callable lives.
    /// 2. On a thread that isn't attached it is called only if its author says that it needs no Python.
    pub unsafe fn function(&self) -> F {
        self.function
    }
}

macro_rules! calls {
    ($(($($name:ident $argument:ident),*))+) => { $(
        #[allow(clippy::too_many_arguments, reason = "as many as C's function has")]
        impl<Z: CResult $(, $name: CValue)*> Native<'_, extern "C" fn($($name),*) -> Z> {
            /// Calls the function.
            #[inline(always)]
            pub fn call(&self $(, $argument: $name)*) -> Z {
                (self.function)($($argument),*)
            }
        }

        #[allow(clippy::too_many_arguments, reason = "as many as C's function has")]
        impl<Z: CName + Copy $(, $name: CName + Copy)*> Native<'_, unsafe extern "C" fn($($name),*) -> Z> {
            /// Calls the function.
            ///
            /// # Safety
            /// 1. The arguments are what the function's author asks for.
            #[inline(always)]
            pub unsafe fn call(&self $(, $argument: $name)*) -> Z {
                // SAFETY: duty 1; `self` keeps the function, and the thread is attached.
                unsafe { (self.function)($($argument),*) }
            }
        }
    )+ };
}
each_arity!(calls);

/// The type that is asked for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// By what its types are called.
    Types(&'static [&'static [Piece]], &'static [&'static [&'static [Piece]]]),
    /// By its text.
    Text(&'a Signature),
}

impl Wanted<'_> {
    /// Tells whether a text is its own.
    fn is(self, text: &str) -> bool {
        match self {
            Self::Types(result, parameters) => is_of(text, result, parameters),
            Self::Text(wanted) => wanted.as_str() == text,
        }
    }

    /// The text, which takes long to write.
    #[cold]
    fn write(self) -> Signature {
        match self {
            Self::Types(result, parameters) => Signature::of(result, parameters),
            Self::Text(wanted) => Some(*wanted),
        }
        // Twelve types of Rust have a text that is short enough, unless their names are very long.
        .unwrap_or_default()
    }
}

fn unreadable() -> PyErr {
    PyValueError::new_err("this is not the type of a C function, or it is longer than 1023 bytes")
}

/// What is refused, and what a refusal says of it.
struct Asked<'a, 'py> {
    callable: &'a Bound<'py, PyAny>,
    wanted: Wanted<'a>,
    provider: Option<*const OwnerRecord>,
}

impl Asked<'_, '_> {
    #[cold]
    fn refuse(&self, reason: Reason, parts: &str) -> Raised {
        let at = attached(self.callable.py());
        let shown = self.callable.repr().ok().and_then(|shown| {
            // SAFETY: a `Bound` keeps its object alive.
            unsafe { Strong::from_borrowed(at, shown.as_ptr().cast()) }.to_text(at)
        });
        let shown = shown.unwrap_or_else(|| live(self.callable.as_borrowed()).class_name());
        let sides = Sides { provider: self.provider, consumer: Some(&raw const OWNER_HERE) };
        let template = "cannot call '{0}' as {1}\n{2}\n\
                        ask for a signature that is on offer, or have the function lend this one";
        refuse(at, Class::Type, reason, template, &[&shown, self.wanted.write().as_str(), parts], sides)
    }

    /// Judges a record; refused when it's malformed.
    ///
    /// # Safety
    /// 1. As of [`judge`].
    unsafe fn judged<'r, R: Record>(&self, record: *const R) -> Result<&'r R, Raised> {
        // SAFETY: duty 1.
        unsafe { judge(record) }.map_err(|malformed| self.malformed(malformed))
    }

    #[cold]
    fn malformed(&self, malformed: Malformed) -> Raised {
        let part = wrong_part(malformed);
        let parts = Text::of_parts(&[
            part.name,
            ": provider has ",
            &part.found,
            ", this module expects ",
            &part.expected,
        ]);
        self.refuse(part.reason, &parts)
    }
}

/// Finds the entry in a function's record; `None`: the object has no record that this build knows.
fn of_record(callable: &Bound<'_, PyAny>, wanted: Wanted<'_>) -> Result<Option<NonNull<c_void>>, Raised> {
    let at = attached(callable.py());
    let mut asked = Asked { callable, wanted, provider: None };
    let held = match capsule::find(at, keys::FUNCTIONS)? {
        Found::Nothing => return Ok(None),
        Found::Stranger(class) => {
            return Err(refuse(
                at,
                Class::Import,
                Reason::NotACapsule,
                "cannot use the `functions` service of this interpreter\n\
                 what stands under `{0}`: provider has {1}, this module expects a capsule\n\
                 find out which code writes to that key",
                &[keys::FUNCTIONS.to_str().unwrap_or_default(), &class],
                Sides::consumer(&OWNER_HERE),
            ));
        }
        Found::Capsule(held) => held,
    };
    // SAFETY: threat model: a capsule of that name leads to a readable table, and is held until the end of this function.
    let table = unsafe { asked.judged::<FunctionsService>(held.pointer().cast()) }?;
    let mut next = table.classes.load(Ordering::Acquire).cast_const();
    let class = loop {
        if next.is_null() {
            return Ok(None);
        }
        // SAFETY: threat model: a class of the list is readable, for as long as the table is.
        let Ok(class) = (unsafe { judge::<FunctionClass>(next) }) else {
            // Behind one that can't be read nobody knows what there is.
            return Ok(None);
        };
        if live(callable.as_borrowed()).class().is(class.python.cast()) {
            break class;
        }
        next = class.next;
    };
    asked.provider = Some(class.owner);
    let platform = readable(&class.platform);
    // Most builds in one process are of one kind, and equal texts have no parts that differ.
    if platform != PLATFORM {
        let (theirs, ours) = (platform::part(platform, "c"), platform::part(PLATFORM, "c"));
        if theirs != ours {
            let parts = Text::of_parts(&["c: provider has ", theirs, ", this module expects ", ours]);
            return Err(asked.refuse(Reason::CAbi, &parts));
        }
    }
    let record = callable.as_ptr().cast_const().wrapping_byte_add(class.offset as usize);
    // SAFETY: threat model: each object of that class has its record there, and is alive.
    let record = unsafe { asked.judged::<FunctionRecord>(record.cast()) }?;
    let newest = record.natives.load(Ordering::Acquire).cast_const();
    let mut entries = Entries(newest);
    while let Some(entry) = entries.next(&asked)? {
        if wanted.is(readable(&entry.signature)) {
            return Ok(NonNull::new(entry.function.cast_mut()));
        }
    }
    let (mut parts, written) = (Text::new(), wanted.write());
    let mut entries = Entries(newest);
    while let Some(entry) = entries.next(&asked)? {
        let line = if parts.is_empty() { "signature: provider has " } else { "\n  signature: provider has " };
        parts.push(&[line, readable(&entry.signature), ", this module expects ", written.as_str()]);
    }
    if parts.is_empty() {
        parts.push(&["signature: provider has none, this module expects ", written.as_str()]);
    }
    Err(asked.refuse(Reason::SignatureDiffers, &parts))
}

/// The entries of a function, from one on.
struct Entries(*const NativeEntry);

impl Entries {
    fn next<'r>(&mut self, asked: &Asked<'_, '_>) -> Result<Option<&'r NativeEntry>, Raised> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: threat model: an entry is readable as long as its function lives, which the caller holds.
        let entry = unsafe { asked.judged::<NativeEntry>(self.0) }?;
        self.0 = entry.next;
        Ok(Some(entry))
    }
}

/// Finds what a module lends under a function's name: PyO3's functions, Cython's and others'.
#[cold]
fn of_module(callable: &Bound<'_, PyAny>, wanted: Wanted<'_>) -> PyResult<NonNull<c_void>> {
    let py = callable.py();
    let capsule = lent(callable).or_else(|error| {
        let is_lack =
            error.is_instance_of::<PyAttributeError>(py) || error.is_instance_of::<PyLookupError>(py);
        if is_lack { Ok(None) } else { Err(error) }
    })?;
    let said = capsule.as_ref().and_then(said);
    let asked = Asked { callable, wanted, provider: None };
    let refused = match (said, &capsule) {
        (Some(said), Some(capsule))
            if Signature::parse(said.to_bytes()).is_some_and(|said| wanted.is(said.as_str())) =>
        {
            // SAFETY: attached, a capsule, its own name.
            let found = unsafe { py_ffi::PyCapsule_GetPointer(capsule.as_ptr(), said.as_ptr()) };
            return NonNull::new(found).ok_or_else(|| raised(py, Raised::at(attached(py))));
        }
        (Some(said), _) => {
            let (said, written) = (said.to_str().unwrap_or("?"), wanted.write());
            let written = written.as_str();
            // The name is all that is known of who lends it.
            let home = callable.getattr("__module__").and_then(|home| home.extract::<String>());
            let home = home.as_deref().unwrap_or("?");
            let parts = ["signature: provider has ", said, ", this module expects ", written];
            let by = ["\n  provider: ", home, ", by its __pyx_capi__"];
            asked.refuse(Reason::SignatureDiffers, &Text::of_parts(&[parts.as_slice(), &by].concat()))
        }
        (None, _) => asked.refuse(
            Reason::WrongObject,
            "it is no native function, and its module's __pyx_capi__ doesn't have it",
        ),
    };
    Err(raised(py, refused))
}

/// What stands under a callable's name in its module's `__pyx_capi__`, if it is what the module has under that name.
fn lent<'py>(callable: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = callable.py();
    let Ok(name) = callable.getattr("__name__")?.cast_into::<PyString>() else { return Ok(None) };
    // A method has its function's names, and isn't called like it.
    if callable.hasattr("__func__")? {
        return Ok(None);
    }
    let Ok(home) = callable.getattr("__module__")?.cast_into::<PyString>() else { return Ok(None) };
    let module = py.import("sys")?.getattr("modules")?.get_item(home)?;
    let lent = module.getattr("__pyx_capi__")?.get_item(&name)?;
    // What wraps a function has its names, and isn't called like it. A C function alone has no object there.
    let known = module.getattr(name).map(Some);
    let known = known
        .or_else(|error| if error.is_instance_of::<PyAttributeError>(py) { Ok(None) } else { Err(error) })?;
    Ok(known.is_none_or(|known| known.is(callable)).then_some(lent))
}

/// A capsule's name.
fn said<'a>(capsule: &'a Bound<'_, PyAny>) -> Option<&'a CStr> {
    capsule.cast_exact::<PyCapsule>().ok()?;
    // SAFETY: attached, a capsule; NULL: it has none.
    let name = unsafe { py_ffi::PyCapsule_GetName(capsule.as_ptr()) };
    // SAFETY: a terminated text, which the capsule keeps.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
}

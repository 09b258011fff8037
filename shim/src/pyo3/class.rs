//! PyO3 classes as providers: their record, and the thunks that borrow under PyO3's own flags.
//!
//! A borrow moves the bits of PyO3's guard out, a release moves them back in: only this build, which made the guard, reads
//! them. Two of PyO3's undocumented facts are used, and checked where they are: a guard is one word and that word is the
//! object's address (asserted, and compared at each borrow), and a class that may be used on any thread has a thread
//! checker without size.
//!
//! **Boundary**: the thunks that a PyO3 class's record has, and the bits of PyO3's guards.

use core::any::TypeId;
use core::ffi::c_void;
use core::mem::{forget, size_of, transmute_copy};
use core::ptr;

use pyo3::impl_::pyclass::PyClassImpl;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::{False, True};
use pyo3::pyclass_init::PyClassInitializer;
use pyo3::types::PyModule;
use pyo3::{Borrowed, PyClass, PyClassGuard, PyClassGuardMut};

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{
    ALIASING_FROZEN, ALIASING_TRACKED, ALIASING_UNTRACKED, EXCLUSIVE, KIND_DATA, THREAD_ANY, THREAD_ATTACHED,
    THREAD_OWNER,
};
use interbind_abi::values::PlainData;

use super::convert::{attached, bind_module, live, raised};
use crate::ffi::error::Class;
use crate::ffi::{PyObject, Strong, caught, thunk, type_object};
use crate::publish::{Checks, RawClass, publish_class, state_offset};
use crate::refusal::{Sides, refuse};
use crate::shared::{ProvidedBy, Provider};
use crate::text::Text;

/// Whether a class is frozen: what a borrow of it can be.
pub trait Mutability<C: PyClass> {
    #[doc(hidden)]
    const ALIASING: u32;

    #[doc(hidden)]
    fn exclusive(object: &Bound<'_, C>) -> Result<*mut C, Refused>;

    /// Gives back what [`Mutability::exclusive`] took.
    ///
    /// # Safety
    /// 1. Exactly once per exclusive borrow of this object.
    #[doc(hidden)]
    unsafe fn give_back(object: *mut c_void);
}

/// Why PyO3 doesn't give a borrow.
#[doc(hidden)]
#[derive(Debug)]
pub enum Refused {
    Frozen,
    Borrowed,
    OtherThread,
    Panicked(Text),
}

impl<C: PyClass<Frozen = True>> Mutability<C> for True {
    const ALIASING: u32 = ALIASING_FROZEN;

    fn exclusive(_: &Bound<'_, C>) -> Result<*mut C, Refused> {
        Err(Refused::Frozen)
    }

    unsafe fn give_back(_: *mut c_void) {}
}

impl<C: PyClass<Frozen = False>> Mutability<C> for False {
    const ALIASING: u32 = ALIASING_TRACKED;

    #[inline(always)]
    fn exclusive(object: &Bound<'_, C>) -> Result<*mut C, Refused> {
        #[cfg(interbind_pyo3_0_29)]
        let guard = PyClassGuardMut::try_from(object);
        #[cfg(not(interbind_pyo3_0_29))]
        let guard = object.as_any().extract::<PyClassGuardMut<'_, C>>();
        // An object of the class: nothing but another borrow is in the way.
        let mut guard = guard.map_err(|_| Refused::Borrowed)?;
        const { assert!(size_of::<PyClassGuardMut<'static, C>>() == size_of::<*mut PyObject>()) }
        // SAFETY: the guard is one word.
        let bits: *mut PyObject = unsafe { transmute_copy(&guard) };
        assert!(bits == object.as_ptr(), "PyO3's guard is the object's address");
        let data = ptr::from_mut(&mut *guard);
        forget(guard);
        Ok(data)
    }

    #[inline(always)]
    unsafe fn give_back(object: *mut c_void) {
        // SAFETY: duty 1: these are the bits that `exclusive` forgot.
        drop(unsafe { transmute_copy::<*mut c_void, PyClassGuardMut<'_, C>>(&object) });
    }
}

#[inline(always)]
fn shared<C: PyClass>(object: &Bound<'_, C>) -> Result<*const C, Refused> {
    #[cfg(interbind_pyo3_0_29)]
    let guard = PyClassGuard::try_from(object);
    #[cfg(not(interbind_pyo3_0_29))]
    let guard = object.as_any().extract::<PyClassGuard<'_, C>>();
    // As above.
    let guard = guard.map_err(|_| Refused::Borrowed)?;
    const { assert!(size_of::<PyClassGuard<'static, C>>() == size_of::<*mut PyObject>()) }
    // SAFETY: the guard is one word.
    let bits: *mut PyObject = unsafe { transmute_copy(&guard) };
    assert!(bits == object.as_ptr(), "PyO3's guard is the object's address");
    let data = ptr::from_ref(&*guard);
    forget(guard);
    Ok(data)
}

/// True when PyO3 checks that only the thread that made an object uses it (`unsendable`).
const fn is_owner_thread<C: PyClass>() -> bool {
    size_of::<<C as PyClassImpl>::ThreadChecker>() != 0
}

/// False when PyO3 would panic over the thread. Asked first, because a panic may end the process (`panic = "abort"`).
/// Older releases can't be asked; see [`says_unsendable`].
#[inline(always)]
fn is_on_its_thread<C: PyClass>(object: &Bound<'_, C>) -> bool {
    #[cfg(interbind_pyo3_0_29)]
    if is_owner_thread::<C>() {
        use pyo3::impl_::pycell::PyClassObjectBaseLayout as _;
        // SAFETY: PyO3's own cast: what a live object of `C` starts with.
        let layout = unsafe { &*object.as_ptr().cast::<<C as PyClassImpl>::Layout>() };
        return layout.check_threadsafe().is_ok();
    }
    let _ = object;
    true
}

/// Publishes a `#[pyclass]` as `T`, while its module is imported.
///
/// # Errors
/// ImportError when the module can't bind to this interpreter; TypeError when the class can't be published.
///
/// # Examples
///
/// <!-- examples/frame/src/lib.rs:publish -->
/// ```
/// #[pymodule]
/// fn frame(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     m.add_class::<PyPoint>()?;
///     m.add_class::<PySpan>()?;
///     m.add_class::<PyTally>()?;
///     m.add_class::<PySeries>()?;
///     publish::<PyPoint, Point>(m)?;
///     publish::<PySpan, Span>(m)?;
///     publish::<PyTally, Tally>(m)?;
///     publish::<PySeries, dyn Series>(m)
/// }
/// ```
///
/// With a declarative module:
///
/// <!-- examples/hello/shapes/src/lib.rs:declarative -->
/// ```
/// #[pymodule]
/// mod shapes {
///     #[pymodule_export]
///     use super::PyPoint;
///     use super::*;
///
///     #[pymodule_init]
///     fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
///         publish::<PyPoint, Point>(m)
///     }
/// }
/// ```
pub fn publish<C, T, M>(module: &Bound<'_, PyModule>) -> PyResult<()>
where
    C: PyClass,
    C::Frozen: Mutability<C>,
    T: ProvidedBy<C> + ?Sized,
    M: Provider<T>,
{
    bind_module::<M>(module)?;
    let py = module.py();
    let class = C::type_object_raw(py);
    let owner = is_owner_thread::<C>();
    let raw = RawClass {
        aliasing: <C::Frozen as Mutability<C>>::ALIASING,
        thread: if owner { THREAD_OWNER } else { THREAD_ANY },
        subclassable: true,
        immortal: true,
        data_offset: 0,
        size: if T::KIND == KIND_DATA { T::SIZE } else { 0 },
        borrow: Some(borrow::<C, T>),
        release: Some(release::<C>),
        wrap: T::WRAP,
        table: T::TABLE,
    };
    let raw = if T::IS_UNTRACKED {
        let thread = if owner { THREAD_OWNER } else { THREAD_ATTACHED };
        RawClass { aliasing: ALIASING_UNTRACKED, thread, borrow: Some(look::<C, T>), release: None, ..raw }
    } else {
        raw
    };
    let checks = if T::IS_UNTRACKED { Checks::Here } else { Checks::Provider };
    // SAFETY: PyO3 initialised the type; not NULL.
    let object = unsafe { ptr::NonNull::new_unchecked(class.cast::<PyObject>()) };
    // SAFETY: (1) `py`; (2) the thunks below, generated for this class; (3) PyO3 keeps one type object per class for ever.
    unsafe { publish_class::<T, M>(object, raw, class as usize, checks) }.map_err(|found| raised(py, found))
}

thunk! {
    fn borrow [C: PyClass, T: ProvidedBy<C> + ?Sized] (
        _record: *const TypeRecord,
        object: *mut c_void,
        mode: u32,
    ) -> *mut c_void,
    where [C::Frozen: Mutability<C>], else ptr::null_mut(), {
        // SAFETY: conduit v1: borrows are made attached.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: conduit v1: a live object.
        let any = unsafe { Borrowed::from_ptr(py, object.cast::<PyObject>().cast()) };
        // The provider's own cast: whatever the consumer thought, nothing but this class is touched.
        let Ok(bound) = any.cast::<C>() else {
            return wrong_object(&any, C::type_object_raw(py).cast());
        };
        let found = if !is_on_its_thread(&bound) {
            Ok(Err(Refused::OtherThread))
        } else if mode == EXCLUSIVE {
            caught(|| <C::Frozen as Mutability<C>>::exclusive(&bound))
        } else {
            caught(|| shared(&bound).map(<*const C>::cast_mut))
        };
        match found.unwrap_or_else(|message| Err(Refused::Panicked(message))) {
            Ok(this) => {
                let data = T::project(this);
                if <C::Frozen as Mutability<C>>::ALIASING == ALIASING_FROZEN && !is_owner_thread::<C>() {
                    let class = C::type_object_raw(py).cast();
                    state(py, TypeId::of::<fn(&T)>(), class, object, data, T::SIZE);
                }
                data
            }
            Err(refused) => no_borrow(&any, refused, mode),
        }
    }

    /// For data that nobody tracks: the borrow is PyO3's for as long as it takes to find the data.
    fn look [C: PyClass, T: ProvidedBy<C> + ?Sized] (
        _record: *const TypeRecord,
        object: *mut c_void,
        mode: u32,
    ) -> *mut c_void,
    where [C::Frozen: Mutability<C>], else ptr::null_mut(), {
        // SAFETY: conduit v1: borrows are made attached.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: conduit v1: a live object.
        let any = unsafe { Borrowed::from_ptr(py, object.cast::<PyObject>().cast()) };
        let Ok(bound) = any.cast::<C>() else {
            return wrong_object(&any, C::type_object_raw(py).cast());
        };
        let found = if is_on_its_thread(&bound) {
            caught(|| shared(&bound).map(<*const C>::cast_mut))
        } else {
            Ok(Err(Refused::OtherThread))
        };
        match found.unwrap_or_else(|message| Err(Refused::Panicked(message))) {
            Ok(this) => {
                // SAFETY: these are the bits that `shared` forgot.
                drop(unsafe { transmute_copy::<*mut c_void, PyClassGuard<'_, C>>(&object) });
                T::project(this)
            }
            Err(refused) => no_borrow(&any, refused, mode),
        }
    }

    fn release [C: PyClass] (
        _record: *const TypeRecord,
        object: *mut c_void,
        _data: *mut c_void,
        mode: u32,
    ),
    where [C::Frozen: Mutability<C>], else (), {
        if mode == EXCLUSIVE {
            // SAFETY: conduit v1: exactly once per borrow.
            unsafe { <C::Frozen as Mutability<C>>::give_back(object) }
        } else {
            // SAFETY: conduit v1: these are the bits that `shared` forgot.
            drop(unsafe { transmute_copy::<*mut c_void, PyClassGuard<'_, C>>(&object) });
        }
    }

    /// Makes a new object of a copy of the data; the derive names it in `ProvidedBy::WRAP`.
    pub fn wrap [C: PyClass + From<T> + Into<PyClassInitializer<C>>, T: PlainData] (
        _record: *const TypeRecord,
        data: *const c_void,
    ) -> *mut c_void, where [], else ptr::null_mut(), {
        // SAFETY: conduit v1: objects are made attached.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: conduit v1: the consumer's `T` has the provider's layout, by comparison of the descriptors.
        let value = unsafe { data.cast::<T>().read() };
        match caught(|| Py::new(py, C::from(value))) {
            Ok(Ok(object)) => object.into_ptr().cast(),
            Ok(Err(error)) => {
                error.restore(py);
                ptr::null_mut()
            }
            Err(message) => {
                panicked(py, &message);
                ptr::null_mut()
            }
        }
    }
}

/// States where the data lies, once it is certain that it lies inside the object.
#[cold]
#[inline(never)]
fn state(
    py: Python<'_>,
    id: TypeId,
    class: *mut PyObject,
    object: *mut c_void,
    data: *mut c_void,
    length: usize,
) {
    let at = attached(py);
    // SAFETY: PyO3 keeps the type for ever.
    let Ok(size) = type_object::basic_size(at, &unsafe { Strong::from_borrowed(at, class) }) else {
        // Later borrows ask again.
        return at.clear();
    };
    let offset = data.addr().wrapping_sub(object.addr());
    if offset != 0 && offset.checked_add(length).is_some_and(|end| end <= size) {
        state_offset(id, class as usize, offset as i64);
    }
}

#[cold]
#[inline(never)]
fn panicked(py: Python<'_>, message: &str) {
    let template = "the provider panicked\n{0}\nreport it to the provider's authors";
    let _ = refuse(attached(py), Class::Runtime, Reason::ProviderPanicked, template, &[message], Sides::NONE);
}

#[cold]
#[inline(never)]
fn wrong_object(object: &Bound<'_, PyAny>, class: *mut PyObject) -> *mut c_void {
    let found = live(object.as_borrowed());
    let (at, found) = (found.at(), found.class_name());
    // SAFETY: PyO3 keeps the type for ever.
    let class = type_object::type_name(at, &unsafe { Strong::from_borrowed(at, class) });
    let template =
        "cannot borrow '{0}' as '{1}'\nthe provider's own cast refuses the object\npass an object of '{1}'";
    let _ = refuse(at, Class::Type, Reason::WrongObject, template, &[&found, &class], Sides::NONE);
    ptr::null_mut()
}

#[cold]
#[inline(never)]
fn no_borrow(object: &Bound<'_, PyAny>, refused: Refused, mode: u32) -> *mut c_void {
    let object = live(object.as_borrowed());
    let (at, class) = (object.at(), object.class_name());
    let on_its_thread = "use the object on the thread that made it";
    let (reason, why, fix) = match &refused {
        Refused::Borrowed if mode == EXCLUSIVE => {
            (Reason::AlreadyBorrowed, "it is borrowed already", "end the other borrow first")
        }
        Refused::Borrowed => {
            (Reason::AlreadyBorrowed, "it is borrowed exclusively", "end the other borrow first")
        }
        Refused::Frozen => (Reason::Frozen, "the class is frozen", "borrow it shared"),
        Refused::OtherThread => {
            (Reason::WrongThread, "it is unsendable, and another thread made it", on_its_thread)
        }
        #[cfg(not(interbind_pyo3_0_29))]
        Refused::Panicked(message) if says_unsendable(message) => {
            (Reason::WrongThread, &**message, on_its_thread)
        }
        Refused::Panicked(message) => {
            (Reason::ProviderPanicked, &**message, "report it to the provider's authors")
        }
    };
    let _ =
        refuse(at, Class::Runtime, reason, "cannot borrow '{0}'\n{1}\n{2}", &[&class, why, fix], Sides::NONE);
    ptr::null_mut()
}

/// A PyO3 before 0.29 panics with this when an `unsendable` object is used on another thread; there is no other way to tell.
#[cfg(not(interbind_pyo3_0_29))]
fn says_unsendable(message: &str) -> bool {
    message.as_bytes().windows(10).any(|window| window == b"unsendable")
}

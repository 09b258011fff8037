//! What a module asks for itself: to be bound while it is imported, and how much it shares.

use core::ffi::c_void;

use crate::ffi::{Attached, Raised, Strong, error};
use crate::shared::Module;
use crate::text::Text;
use crate::types::Counts;

/// Binds a module to the current interpreter while it is imported, so that a mismatch is an ImportError at once.
///
/// `publish` does this too; a module that only consumes should call it first thing.
///
/// # Errors
/// An ImportError is set: see [the error index](https://github.com/interbind/interbind/blob/main/docs/src/errors.md).
///
/// # Safety
/// 1. The thread is attached, and `module` is the module object that is being imported, or NULL.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/raw/src/lib.rs:publish -->
/// ```
/// /// # Safety
/// /// 1. The thread is attached, and `module` is being imported.
/// unsafe fn fill(module: *mut PyObject) -> Result<(), interbind::Raised> {
///     // SAFETY: duty 1.
///     unsafe { interbind::bind::<__Interbind>(module.cast()) }?;
///     // SAFETY: duty 1; makes the heap type and adds it to the module.
///     let class = unsafe { add_class(module) }?;
///     let raw = interbind::RawClass {
///         aliasing: ALIASING_UNTRACKED,
///         thread: THREAD_ATTACHED,
///         subclassable: true,
///         immortal: false,
///         // A consumer may write to what it borrows, so it asks each time.
///         data_offset: 0,
///         size: size_of::<Point>(),
///         borrow: Some(borrow),
///         // Nothing is tracked, so there is nothing to give back.
///         release: None,
///         wrap: None,
///         table: ptr::null(),
///     };
///     // SAFETY: (1) duty 1, a live class; (2) `borrow` is this class's own; (3) the module has one class.
///     unsafe { interbind::publish_raw::<Point, __Interbind>(class, raw, 0) }
/// }
/// ```
pub unsafe fn bind<M: Module>(module: *mut c_void) -> Result<(), Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let identity = M::identity();
    if identity.is_new(at)? {
        // SAFETY: duty 1: NULL or a live object.
        let module = (!module.is_null()).then(|| unsafe { Strong::from_borrowed(at, module.cast()) });
        let file = module.map_or_else(|| Ok(Text::new()), |module| file(at, &module))?;
        identity.bind(at, file)?;
    }
    Ok(())
}

/// The module object's file, empty when it doesn't know it yet (multi-phase initialisation sets it before the module runs).
fn file(at: Attached, module: &Strong) -> Result<Text, Raised> {
    let file = module.attribute(at, "__file__").ok().and_then(|file| file.to_text(at)).unwrap_or_default();
    at.clear();
    if file.is_lost() { Err(error::no_memory(at)) } else { Ok(file) }
}

/// Counts the records in the current interpreter.
///
/// # Errors
/// An ImportError is set when the module can't bind.
///
/// # Safety
/// 1. The thread is attached.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:records -->
/// ```
/// /// Says how many classes are published in this interpreter.
/// ///
/// /// # Safety
/// /// 1. The thread is attached.
/// unsafe fn count() -> Result<String, Raised> {
///     // SAFETY: duty 1.
///     let Counts { live, immortal, names } = unsafe { interbind::count_records::<__Interbind>() }?;
///     Ok(format!("{live} live, {immortal} immortal, {names} names"))
/// }
/// ```
pub unsafe fn count_records<M: Module>() -> Result<Counts, Raised> {
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    Ok(M::identity().binding(at)?.types.count(at))
}

//! New objects of another build's class: the provider makes them of a copy of the data.
//!
//! The provider is pinned at the first use for each consumer and type, so that a result's class doesn't depend on what
//! else is imported later; `from "frame"` in `module!` pins it by hand.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::TYPE;
use interbind_abi::values::PlainData;
use interbind_abi::{Reason, RecordHeader};

use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised};
use crate::identity::Binding;
use crate::judge::{self, Expected, owner_of};
use crate::object::Object;
use crate::refusal::{Sides, readable, refuse};
use crate::shared::{Consumer, Shared};
use crate::sync::Ordering;

/// Makes a new object of the provider's class out of a copy of `value`.
///
/// # Errors
/// `not-published` or `not-constructible` when no provider (or not the pinned one) makes objects for others; else what
/// the provider raises.
///
/// # Safety
/// 1. The thread is attached.
pub unsafe fn to_python<T, M>(value: &T) -> Result<Object, Raised>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let expected = Expected::of::<T, M>();
    let binding = expected.binding(at)?;
    let record = maker::<T, M>(at, &expected, binding)?;
    let Some(wrap) = record.wrap else { return Err(Raised) };
    let data: *const c_void = ptr::from_ref(value).cast();
    // SAFETY: judged: the layout is T's; attached; the callee copies.
    let object = unsafe { wrap(record, data) };
    // SAFETY: a new reference or NULL with an exception.
    unsafe { Object::from_ptr(object.cast::<PyObject>()) }.ok_or(Raised)
}

/// The record through which objects of `T` are made.
fn maker<T, M>(
    at: Attached,
    expected: &Expected,
    binding: &'static Binding,
) -> Result<&'static TypeRecord, Raised>
where
    T: Shared,
    M: Consumer<T>,
{
    let pin = &M::site().maker;
    // SAFETY: only records are pinned, and they are never freed.
    if let Some(pinned) = unsafe { pin.load(Ordering::Acquire).as_ref() } {
        if !pinned.py_type.load(Ordering::Relaxed).is_null() {
            return Ok(pinned);
        }
    }
    let list = expected.list(at, binding)?;
    let found = search(list, expected, binding, M::FROM);
    if let Search::Found(record) = found {
        pin.store(ptr::from_ref(record).cast_mut(), Ordering::Release);
        return Ok(record);
    }
    Err(explain(at, expected, binding, found, M::FROM))
}

/// What looking for a provider that makes objects found.
enum Search {
    Found(&'static TypeRecord),
    /// One would, but isn't compatible.
    Rejected(&'static TypeRecord),
    /// There are records, none whose provider makes objects for others (or none of the pinned one).
    Unwilling(&'static TypeRecord),
    Nothing,
}

fn search(list: *mut c_void, expected: &Expected, binding: &Binding, from: Option<&str>) -> Search {
    let mut result = Search::Nothing;
    let mut next = binding.types.next(list, ptr::null());
    while !next.is_null() {
        // SAFETY: threat model: a record in the registry starts with a readable header.
        let header = unsafe { ptr::read(next.cast::<RecordHeader>()) };
        if TYPE.check(&header).is_ok() {
            // SAFETY: the header vouches for the size; records are never freed.
            let record: &'static TypeRecord = unsafe { &*next };
            let wanted = from.is_none_or(|from| from == readable(&owner_of(record).name));
            if !wanted || record.wrap.is_none() {
                if matches!(result, Search::Nothing) {
                    result = Search::Unwilling(record);
                }
            } else if judge::check(record, expected, None) {
                return Search::Found(record);
            } else if !matches!(result, Search::Rejected(_)) {
                result = Search::Rejected(record);
            }
        }
        next = binding.types.next(list, next);
    }
    result
}

#[cold]
fn explain(
    at: Attached,
    expected: &Expected,
    binding: &Binding,
    found: Search,
    from: Option<&str>,
) -> Raised {
    match found {
        Search::Rejected(record) => judge::refuse_record(at, None, record, expected, binding),
        Search::Unwilling(record) | Search::Found(record) => refuse(
            at,
            Class::Type,
            Reason::NotConstructible,
            "cannot make a {0}\nno class published as {0} by {1} can be made by others\n\
             mark the provider's field with `#[shared(from)]` and implement `From` for its class",
            &[expected.name(), from.unwrap_or("anybody")],
            Sides::both(owner_of(record), binding.owner),
        ),
        Search::Nothing => refuse(
            at,
            Class::Type,
            Reason::NotPublished,
            "cannot make a {0}\nno module in this interpreter has published {0}\n\
             import a module that provides {0} first",
            &[expected.name()],
            Sides::consumer(binding.owner),
        ),
    }
}

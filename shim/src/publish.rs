//! Publishing: a provider's record, made once per class and type, and used again after the class died.
//!
//! The record is written completely, then handed to the registry. It is never freed: consumers keep its address. A record
//! that isn't published any more is claimed by compare-exchange, so it is one provider's at a time, in whatever interpreter.
//! What consumers call is this file's own: it asks for the object's class once more before a provider's function sees the
//! object, so no provider has to remember that. Belongs to the internals contract.
//!
//! **Boundary**: the functions that a published record has, which consumers of other builds call.

use core::any::TypeId;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::Status;
use interbind_abi::interface::TableHead;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{
    ALIASING_FROZEN, ALIASING_TRACKED, ALIASING_UNTRACKED, BorrowObject, EXCLUSIVE, EndBorrow, FLAG_IMMORTAL,
    FLAG_SUBCLASSABLE, STATE_CLAIMED, THREAD_ANY, THREAD_OWNER, TYPE,
};
use interbind_abi::{Reason, Str};
use interbind_structures::chain::Chain;
use interbind_structures::claim;
use interbind_structures::memory::boxed;

use crate::adapter::{Answers, Opened};
use crate::ffi::error::Class;
use crate::ffi::live::Live;
use crate::ffi::{Attached, PyObject, Raised, Strong, error, thunk, type_object};
use crate::fits::{inherits, is_type};
use crate::interpreters::Binding;
use crate::judged::readable;
use crate::refusal::{Sides, reason_of_status, refuse};
use crate::shared::{Provider, Shared, Wrap};
use crate::sync::Ordering;
use crate::text::number;

/// What a provider on bare pyo3-ffi states about a class: the parts of a [`TypeRecord`] that are its own.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:again -->
/// ```
/// /// Publishes a class whose objects never change: consumers read the point at its offset.
/// ///
/// /// # Safety
/// /// 1. `class` is the class of [`Instance`], and the thread is attached.
/// unsafe fn publish_class(class: NonNull<PyObject>) -> Result<(), Raised> {
///     let raw = RawClass {
///         aliasing: ALIASING_FROZEN,
///         thread: THREAD_ANY,
///         subclassable: true,
///         immortal: false,
///         data_offset: offset_of!(Instance, point) as i64,
///         size: size_of::<Point>(),
///         borrow: None,
///         release: None,
///         wrap: None,
///         table: ptr::null(),
///     };
///     // SAFETY: (1) duty 1; (2) the offset is that of every instance; (3) the module has one class.
///     unsafe { interbind::publish_raw::<Point, __Interbind>(class, raw, 0) }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawClass {
    /// One of `ALIASING_…`.
    pub aliasing: u32,
    /// One of `THREAD_…`.
    pub thread: u32,
    /// True when Python classes may inherit.
    pub subclassable: bool,
    /// True when the class is never destroyed.
    pub immortal: bool,
    /// Bytes from the object to its data, for frozen classes; 0 when only `borrow` knows.
    pub data_offset: i64,
    /// Bytes of the data at its start: the size of the type that is published, 0 for an interface.
    pub size: usize,
    /// [`TypeRecord::borrow`]. `None`: the data lies at `data_offset`, and there is nothing to track. The object's class was
    /// tested when it is called.
    pub borrow: Option<BorrowObject>,
    /// [`TypeRecord::release`]; `None`: there is nothing to give back.
    pub release: Option<EndBorrow>,
    /// [`TypeRecord::wrap`].
    pub wrap: Option<Wrap>,
    /// [`TypeRecord::vtable`].
    pub table: *const TableHead,
}

impl RawClass {
    /// What it says that can't be.
    fn wrong(&self) -> Option<&'static str> {
        let is_tracked = self.aliasing == ALIASING_TRACKED;
        if self.borrow.is_none() && self.data_offset == 0 {
            Some("neither `borrow` nor `data_offset` says where the data is")
        } else if is_tracked && (self.borrow.is_none() || self.release.is_none()) {
            Some("a class that tracks borrows needs `borrow` and `release`")
        } else if self.borrow.is_none() && self.thread == THREAD_OWNER {
            Some("a class for one thread needs `borrow`, which looks at the thread")
        } else {
            None
        }
    }

    /// What the record says: consumers follow an offset without a call.
    fn public_offset(&self) -> i64 {
        if self.aliasing == ALIASING_FROZEN && self.thread == THREAD_ANY { self.data_offset } else { 0 }
    }
}

/// A record of this library, findable by type and by what tells its classes apart.
struct Record {
    id: TypeId,
    key: usize,
    own: &'static Own,
}

/// A record and what stands behind it, at one address.
#[repr(C)]
struct Own {
    record: TypeRecord,
    borrow: Option<BorrowObject>,
    release: Option<EndBorrow>,
    /// Where the data lies when there is no function; the record says so to readers of frozen classes for any thread alone.
    offset: i64,
}

/// Every record that this library made: a handful, searched on cold paths only. Without a lock: interpreters don't wait for each
/// other, so another one may be here when the process forks.
static RECORDS: Chain<Record> = Chain::new();

/// Publishes a class as `T`.
///
/// # Errors
/// An exception is set: ImportError when the module can't bind, TypeError when the class can't be published.
///
/// # Safety
/// 1. The thread is attached; `class` is a live object (one that is no type is refused).
/// 2. `raw` keeps the promises of [`TypeRecord`]'s table for the instances of `class` and its subclasses.
/// 3. `key` tells this class from others of this module that provide `T`, and is the same each time for one class.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:again -->
/// ```
/// /// Publishes a class whose objects never change: consumers read the point at its offset.
/// ///
/// /// # Safety
/// /// 1. `class` is the class of [`Instance`], and the thread is attached.
/// unsafe fn publish_class(class: NonNull<PyObject>) -> Result<(), Raised> {
///     let raw = RawClass {
///         aliasing: ALIASING_FROZEN,
///         thread: THREAD_ANY,
///         subclassable: true,
///         immortal: false,
///         data_offset: offset_of!(Instance, point) as i64,
///         size: size_of::<Point>(),
///         borrow: None,
///         release: None,
///         wrap: None,
///         table: ptr::null(),
///     };
///     // SAFETY: (1) duty 1; (2) the offset is that of every instance; (3) the module has one class.
///     unsafe { interbind::publish_raw::<Point, __Interbind>(class, raw, 0) }
/// }
/// ```
pub unsafe fn publish_raw<T, M>(class: NonNull<PyObject>, raw: RawClass, key: usize) -> Result<(), Raised>
where
    T: Shared + ?Sized,
    M: Provider<T>,
{
    // SAFETY: duties 1 to 3.
    unsafe { publish_class::<T, M>(class, raw, key, Checks::Here) }
}

/// Where an object's class is tested once more, before the provider's functions touch the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checks {
    /// In this file.
    Here,
    /// In the provider's functions, by its own cast.
    #[cfg_attr(not(feature = "pyo3"), allow(dead_code, reason = "PyO3 has a cast of its own"))]
    Provider,
}

/// [`publish_raw`], for providers that test an object's class themselves too.
///
/// # Safety
/// 1. As [`publish_raw`]; with [`Checks::Provider`] there are both functions, and they test the object's class.
pub(crate) unsafe fn publish_class<T, M>(
    class: NonNull<PyObject>,
    raw: RawClass,
    key: usize,
    checks: Checks,
) -> Result<(), Raised>
where
    T: Shared + ?Sized,
    M: Provider<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let binding = M::identity().binding(at)?;
    let meaning = Meaning {
        id: TypeId::of::<fn(&T)>(),
        name: T::NAME,
        version_text: T::VERSION_TEXT,
        version: T::VERSION,
        kind: T::KIND,
        descriptor: T::DESCRIPTOR,
        align: T::ALIGN,
        answers: T::answers(),
    };
    publish(at, binding, class, &raw, key, &meaning, checks)
}

/// Ends the publication of a class as `T`; the class lives on. False when it wasn't published.
///
/// # Errors
/// ImportError when the module can't bind.
///
/// # Safety
/// 1. The thread is attached; `class` is a live object.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/tour/src/lib.rs:end -->
/// ```
/// /// Ends the publication; the class lives on.
/// ///
/// /// # Safety
/// /// 1. `class` is a live class, and the thread is attached.
/// unsafe fn withdraw(class: NonNull<PyObject>) -> Result<bool, Raised> {
///     // SAFETY: duty 1.
///     unsafe { interbind::unpublish_raw::<Point, __Interbind>(class) }
/// }
/// ```
pub unsafe fn unpublish_raw<T, M>(class: NonNull<PyObject>) -> Result<bool, Raised>
where
    T: Shared + ?Sized,
    M: Provider<T>,
{
    // SAFETY: duty 1.
    let at = unsafe { Attached::assume() };
    let binding = M::identity().binding(at)?;
    let (id, address) = (TypeId::of::<fn(&T)>(), class.as_ptr().cast::<c_void>());
    let mut own = RECORDS.iter().filter(|known| known.id == id).map(|known| known.own);
    let known = own.find(|own| ptr::eq(own.record.py_type.load(Ordering::Acquire), address));
    Ok(known.is_some_and(|own| binding.types.unpublish(at, &own.record) == Status::OK))
}

/// The generic part of [`publish_raw`], as values.
struct Meaning {
    id: TypeId,
    name: &'static str,
    version_text: &'static str,
    version: interbind_abi::Version,
    kind: u32,
    descriptor: &'static str,
    align: usize,
    /// What its classes answer pybind11.
    answers: Option<&'static Answers>,
}

#[cold]
#[inline(never)]
fn publish(
    at: Attached,
    binding: &Binding,
    class: NonNull<PyObject>,
    raw: &RawClass,
    key: usize,
    meaning: &Meaning,
    checks: Checks,
) -> Result<(), Raised> {
    // SAFETY: `publish_raw`'s duty 1.
    let class = unsafe { Strong::from_borrowed(at, class.as_ptr()) };
    let refuse = |reason, kind, line: &str, value: &str| {
        let name = type_object::type_name(at, &class);
        let template = "cannot publish '{0}' as {1} {2}\n{3}{4}\n\
                        publish a class as the guide \"Share a type between two wheels\" shows";
        let values = [&name, meaning.name, meaning.version_text, line, value];
        refuse(at, kind, reason, template, &values, Sides::provider(binding.owner))
    };
    // SAFETY: live object, attached.
    if !unsafe { type_object::is_type(class.as_ptr()) } {
        return Err(refuse(Reason::NotShareable, Class::Type, "the object is not a type", ""));
    }
    if let Some(wrong) = raw.wrong() {
        return Err(refuse(Reason::NotShareable, Class::Type, wrong, ""));
    }
    if raw.data_offset < 0 || raw.data_offset.checked_rem(meaning.align as i64) != Some(0) {
        let align = number(meaning.align as u64);
        return Err(refuse(Reason::Misaligned, Class::Type, "the data offset is not a multiple of ", &align));
    }
    if let Some(answers) = meaning.answers {
        // Until it is published it answers nothing.
        if let Opened::Unfit(why) = answers.open(at, &class, raw.aliasing == ALIASING_UNTRACKED)? {
            return Err(refuse(Reason::NotShareable, Class::Type, why, ""));
        }
    }
    let own = record_for(binding, &class, raw, key, meaning, checks).ok_or_else(|| error::no_memory(at))?;
    let status = binding.types.publish(at, &own.record, &class);
    if status == Status::OK {
        return Ok(());
    }
    // The registry has not made it live, or has freed it again.
    claim::abandon(&own.record.state);
    if at.has_raised() {
        return Err(Raised::at(at));
    }
    let owner = readable(&binding.types.owner().name);
    if status == Status::DIFFERS {
        let line = "the class is published in another interpreter, or its record is in use there; the registry was made by ";
        return Err(refuse(Reason::OtherInterpreter, Class::Import, line, owner));
    }
    Err(refuse(reason_of_status(status), Class::Import, "the registry refuses it; it was made by ", owner))
}

/// Finds the live record of this class and type, claims a free one of it, or makes one. `None` without memory.
fn record_for(
    binding: &Binding,
    class: &Strong,
    raw: &RawClass,
    key: usize,
    meaning: &Meaning,
    checks: Checks,
) -> Option<&'static Own> {
    let known =
        || RECORDS.iter().filter(|known| known.id == meaning.id && known.key == key).map(|known| known.own);
    let is_ours = |own: &&'static Own| {
        let record = &own.record;
        claim::is_live(&record.state)
            && ptr::eq(record.py_type.load(Ordering::Acquire), class.as_ptr().cast())
            && ptr::eq(record.core.load(Ordering::Relaxed), binding.core.as_ptr())
    };
    // It is used again only for a class that says the same of itself, because consumers may have judged it, or may be about
    // to read its offset.
    let claimed = |own: &&'static Own| {
        claim::claim(&own.record.state)
            && (says_the_same(own, raw, meaning) || !claim::abandon(&own.record.state))
    };
    if let Some(own) = known().find(is_ours) {
        return Some(own);
    }
    let subclassable = if raw.subclassable { FLAG_SUBCLASSABLE } else { 0 };
    let immortal = if raw.immortal { FLAG_IMMORTAL } else { 0 };
    if let Some(own) = known().find(claimed) {
        // What a registry noted of the former class goes.
        own.record.flags.store(subclassable | immortal, Ordering::Relaxed);
        return Some(own);
    }
    let own = Own {
        record: TypeRecord {
            header: TYPE.header::<TypeRecord>(),
            name: Str::new(meaning.name),
            version_text: Str::new(meaning.version_text),
            version: meaning.version,
            kind: meaning.kind,
            aliasing: raw.aliasing,
            thread: raw.thread,
            flags: (subclassable | immortal).into(),
            base_count: 0,
            serial: [0, 0].map(Into::into),
            py_type: ptr::null_mut::<c_void>().into(),
            data_offset: raw.public_offset().into(),
            borrow: if checks == Checks::Here { Some(borrow_checked) } else { raw.borrow },
            release: if checks == Checks::Here { Some(release_checked) } else { raw.release },
            wrap: raw.wrap,
            vtable: raw.table,
            descriptor: Str::new(meaning.descriptor),
            owner: binding.owner,
            core: ptr::null_mut::<interbind_abi::core::CoreRecord>().into(),
            native: Str::new(""),
            bases: ptr::null(),
            state: STATE_CLAIMED.into(),
            base_size: 0,
            size: raw.size as u64,
            reserved: 0,
        },
        borrow: raw.borrow,
        release: raw.release,
        offset: raw.data_offset,
    };
    let own: &'static Own = Box::leak(boxed(own).ok()?);
    // Without memory the record is lost: nobody else has seen it, and it stays claimed.
    RECORDS.add(Record { id: meaning.id, key, own }, |_| false).ok()?;
    Some(own)
}

/// Finds the live record of an object's class, or of one that it inherits from, for the type with that id.
#[cfg_attr(any(interbind_pypy, target_env = "msvc"), allow(dead_code, reason = "nobody asks"))]
pub(crate) fn record_of(id: TypeId, object: Live<'_>) -> Option<&'static TypeRecord> {
    let all = || RECORDS.iter().filter(|known| known.id == id).map(|known| &known.own.record);
    let exact = all().find(|record| is_type(record, object.class()));
    exact.or_else(|| all().find(|record| inherits(record, object.class())))
}

/// Compares what a consumer may have judged and doesn't look at again.
fn says_the_same(own: &Own, raw: &RawClass, meaning: &Meaning) -> bool {
    let record = &own.record;
    let at = |function: Option<BorrowObject>| function.map(|function| function as usize);
    let end = |function: Option<EndBorrow>| function.map(|function| function as usize);
    let wrap = |function: Option<Wrap>| function.map(|function| function as usize);
    let flags = record.flags.load(Ordering::Relaxed);
    record.aliasing == raw.aliasing
        && record.thread == raw.thread
        && record.size == raw.size as u64
        && ptr::eq(record.vtable, raw.table)
        && wrap(record.wrap) == wrap(raw.wrap)
        && at(own.borrow) == at(raw.borrow)
        && end(own.release) == end(raw.release)
        && (flags & FLAG_SUBCLASSABLE != 0) == raw.subclassable
        // A reader that saw the former class may be about to read the offset.
        && record.data_offset.load(Ordering::Relaxed) == raw.public_offset()
        && own.offset == raw.data_offset
        // SAFETY: texts of this library.
        && unsafe { record.version_text.is(meaning.version_text) }
}

thunk! {
    /// What a consumer calls: the object's class is tested, then the provider's own function.
    fn borrow_checked(record: *const TypeRecord, object: *mut c_void, mode: u32) -> *mut c_void, else ptr::null_mut(), {
        // SAFETY: conduit v1: the record that this function is in, which is never freed: an `Own`.
        let own = unsafe { &*record.cast::<Own>() };
        let Some(address) = NonNull::new(object) else { return object };
        // SAFETY: conduit v1: a live object, called attached.
        let found = unsafe { Live::new(address.cast()) };
        if !inherits(&own.record, found.class()) {
            return wrong_object(found, &own.record);
        }
        if mode == EXCLUSIVE && own.record.aliasing != ALIASING_TRACKED {
            return never_exclusive(found, &own.record);
        }
        match own.borrow {
            // SAFETY: as above: the object is of the class that the provider published.
            Some(borrow) => unsafe { borrow(record, object, mode) },
            None => object.wrapping_byte_offset(own.offset as isize),
        }
    }

    fn release_checked(record: *const TypeRecord, object: *mut c_void, data: *mut c_void, mode: u32), else (), {
        // SAFETY: conduit v1: as above.
        let own = unsafe { &*record.cast::<Own>() };
        if let Some(release) = own.release {
            // SAFETY: conduit v1: once, for a borrow that was given.
            unsafe { release(record, object, data, mode) }
        }
    }
}

#[cold]
#[inline(never)]
pub(crate) fn wrong_object(object: Live<'_>, record: &TypeRecord) -> *mut c_void {
    let (at, found) = (object.at(), object.class_name());
    let template = "cannot borrow '{0}' as {1}\nthe object's class is not the one that was published\n\
                    pass an object of a class that was published as {1}";
    let values = [&*found, readable(&record.name)];
    let _ = refuse(at, Class::Type, Reason::WrongObject, template, &values, Sides::provider(record.owner));
    ptr::null_mut()
}

#[cold]
#[inline(never)]
pub(crate) fn never_exclusive(object: Live<'_>, record: &TypeRecord) -> *mut c_void {
    let (reason, why) = match record.aliasing {
        ALIASING_FROZEN => (Reason::Frozen, "the class is frozen: its objects never change"),
        _ => (Reason::Untracked, "the provider tracks no borrows: somebody may use it meanwhile"),
    };
    let template = "cannot borrow '{0}' exclusively as {1}\n{2}\nborrow it shared";
    let values = [&*object.class_name(), readable(&record.name), why];
    let _ = refuse(object.at(), Class::Type, reason, template, &values, Sides::provider(record.owner));
    ptr::null_mut()
}

/// States where the data lies, for the record of this class and type; called by a provider's first borrow.
#[cfg_attr(
    not(feature = "pyo3"),
    allow(dead_code, reason = "classes on bare pyo3-ffi state it when they are published")
)]
pub(crate) fn state_offset(id: TypeId, key: usize, offset: i64) {
    for known in RECORDS.iter().filter(|known| known.id == id && known.key == key) {
        let place = &known.own.record.data_offset;
        // Stated once: what a reader may have seen never changes.
        let _ = place.compare_exchange(0, offset, Ordering::Release, Ordering::Relaxed);
    }
}

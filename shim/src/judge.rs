//! What a call site asks: which record fits an object, first of what it remembers, then of the runtime.
//!
//! Everything here but [`remembered`] is cold. Records are judged in the order of the check by
//! [`runtime`](crate::runtime), wherever that is; what passes is a `&'static TypeRecord`, and only those are remembered.

use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{FLAG_OUTRANKED, KIND_NATIVE};
use interbind_abi::types::registry::TypeList;
use interbind_abi::{Reason, Requirement, Version};

use crate::cache::{Cache, Site};
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, type_object};
use crate::identity::{Binding, Identity};
use crate::interpreters::Bound;
use crate::refusal::{Sides, refuse};
use crate::runtime::{self, Expected};
use crate::shared::{Consumer, Shared};
use crate::sync::Ordering;

/// What the site remembers for an object of this class, if anything: exact type, else a subclass of it.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
#[inline(always)]
pub(crate) unsafe fn remembered(site: &Site, object: *mut PyObject) -> Option<&'static TypeRecord> {
    // SAFETY: duty 1.
    let class = unsafe { type_object::class_of(object) };
    // SAFETY: only judged records are remembered, and records are never freed.
    let record = unsafe { site.records.first().as_ref() }?;
    // SAFETY: duty 1; the registered type is alive while `py_type` isn't NULL.
    unsafe { fits(record, class) }.then_some(record)
}

/// Tells whether a class is the record's type, or inherits from it and is nobody else's.
///
/// # Safety
/// 1. `class` is a live type object and the thread is attached.
#[inline(always)]
unsafe fn fits(record: &TypeRecord, class: *mut PyObject) -> bool {
    is_type(record, class)
        || record.flags.load(Ordering::Relaxed) & FLAG_OUTRANKED == 0
            // SAFETY: duty 1.
            && unsafe { inherits(record, class) }
}

/// Tells whether a class is the record's type or inherits from it.
///
/// # Safety
/// 1. As [`fits`].
#[inline(always)]
pub(crate) unsafe fn inherits(record: &TypeRecord, class: *mut PyObject) -> bool {
    let registered = record.py_type.load(Ordering::Relaxed).cast::<PyObject>();
    // SAFETY: duty 1; a registered type is alive while `py_type` isn't NULL: its weak reference's callback writes NULL
    // before the type's memory goes, and that callback can't run while this attached thread is in here on a build with a
    // GIL. On a free-threaded build a type that is an ancestor of a live object's class can't die; any other may only be
    // compared by address, which `PyType_IsSubtype` does: it walks the first argument's MRO.
    !registered.is_null() && unsafe { type_object::is_subtype(class, registered) }
}

/// Tells whether a class is the record's type itself.
#[inline(always)]
fn is_type(record: &TypeRecord, class: *mut PyObject) -> bool {
    record.py_type.load(Ordering::Relaxed).cast::<PyObject>() == class
}

/// Finds and judges the record for an object, and remembers it.
///
/// # Errors
/// An exception with both sides' values is set.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
#[cold]
#[inline(never)]
pub(crate) unsafe fn judge<T, M>(object: *mut PyObject) -> Result<&'static TypeRecord, Raised>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    // SAFETY: duty 1.
    unsafe { judge_object(object, &Request::of::<T, M>()) }
}

/// Judged records: a class is one interpreter's, so those of several may stand together.
pub(crate) type Records = Cache<TypeRecord>;

/// Where a consumer remembers.
#[derive(Clone, Copy)]
enum Place {
    /// A call site, of the current interpreter.
    Site(unsafe fn() -> *const Site),
    /// Records alone.
    Records(&'static Records),
}

/// Who asks for what, without generics: one copy of the cold path serves every type.
pub(crate) struct Request {
    place: Place,
    identity: &'static Identity,
    name: &'static str,
    kind: u32,
    descriptor: &'static str,
    requirement: Requirement,
    requirement_text: &'static str,
    align: usize,
}

impl Request {
    pub(crate) fn of<T, M>() -> Self
    where
        T: Shared + ?Sized,
        M: Consumer<T>,
    {
        Self {
            place: Place::Site(M::site),
            identity: M::identity(),
            name: T::NAME,
            kind: T::KIND,
            descriptor: T::DESCRIPTOR,
            requirement: M::REQUIREMENT,
            requirement_text: M::REQUIREMENT_TEXT,
            align: T::ALIGN,
        }
    }

    /// Asks for a native class of any version: `abi` is the ABI of its language.
    pub(crate) fn of_native(
        records: &'static Records,
        identity: &'static Identity,
        key: &'static str,
        abi: &'static str,
    ) -> Self {
        Self {
            place: Place::Records(records),
            identity,
            name: key,
            kind: KIND_NATIVE,
            descriptor: abi,
            requirement: ANY_VERSION,
            requirement_text: "*",
            align: 1,
        }
    }

    /// Asks for the binding to the current interpreter.
    pub(crate) fn binding(&self, at: Attached) -> Result<Bound, Raised> {
        self.identity.binding(at)
    }

    /// The consumer's call site in the current interpreter; none before the module is bound to it.
    pub(crate) fn site(&self, _at: Attached) -> Option<&Site> {
        let Place::Site(site) = self.place else { return None };
        // SAFETY: attached; only the module's own code asks for its types.
        let site = unsafe { site() };
        // SAFETY: valid while the thread is attached, and no caller keeps it.
        unsafe { site.as_ref() }
    }

    /// Where judged records are remembered.
    fn records(&self, at: Attached) -> Option<&Records> {
        match self.place {
            Place::Site(_) => self.site(at).map(|site| &site.records),
            Place::Records(records) => Some(records),
        }
    }

    /// What the runtime is asked for.
    pub(crate) fn expected<'a>(
        &'a self,
        at: Attached,
        binding: &Binding,
        from: Option<&'a str>,
    ) -> Result<Expected<'a>, Raised> {
        Ok(Expected {
            consumer: binding.owner,
            core: binding.core,
            types: binding.types,
            list: self.list(at, binding)?,
            name: self.name,
            kind: self.kind,
            descriptor: self.descriptor,
            requirement: self.requirement,
            requirement_text: self.requirement_text,
            align: self.align,
            from,
        })
    }

    /// The registry's list of the type's name.
    fn list(&self, at: Attached, binding: &Binding) -> Result<*mut TypeList, Raised> {
        let known = self.site(at).map(|site| site.list.load(Ordering::Acquire));
        if let Some(known) = known.filter(|known| !known.is_null()) {
            return Ok(known);
        }
        let Some(list) = binding.types.list(self.name) else {
            let template = "cannot look for {0}\nthe registry gives no list for this name\n\
                            use shared objects before the interpreter ends";
            let sides = Sides::consumer(binding.owner);
            return Err(refuse(at, Class::Type, Reason::InterpreterEnding, template, &[self.name], sides));
        };
        if let Some(site) = self.site(at) {
            site.list.store(list, Ordering::Release);
        }
        Ok(list)
    }
}

/// Every version of a type.
const ANY_VERSION: Requirement =
    Requirement { least: Version::new(0, 0, 0), below: Version::new(u32::MAX, u32::MAX, u32::MAX) };

/// # Safety
/// 1. As [`judge`].
#[inline(never)]
pub(crate) unsafe fn judge_object(
    object: *mut PyObject,
    request: &Request,
) -> Result<&'static TypeRecord, Raised> {
    // SAFETY: `judge`'s duty 1.
    let at = unsafe { Attached::assume() };
    // SAFETY: as above.
    let class = unsafe { type_object::class_of(object) };
    if let Some(record) = request.records(at).and_then(|records| {
        let exact = known(records).find(|record| is_type(record, class));
        // The first was tried by `remembered`.
        // SAFETY: `judge`'s duty 1.
        exact.or_else(|| known(records).skip(1).find(|record| unsafe { fits(record, class) }))
    }) {
        return Ok(record);
    }
    let binding = &*request.binding(at)?;
    let expected = request.expected(at, binding, None)?;
    // SAFETY: `judge`'s duty 1.
    let record = unsafe { runtime::judge(at, object, &expected) }?;
    if let Some(records) = request.records(at) {
        records.remember(record, |other| {
            // SAFETY: records are never freed.
            unsafe { &*other }.py_type.load(Ordering::Relaxed).is_null()
        });
    }
    Ok(record)
}

/// The records that are remembered.
fn known(records: &Records) -> impl Iterator<Item = &'static TypeRecord> {
    // SAFETY: only judged records are remembered, and records are never freed.
    records.all().map(|record| unsafe { &*record })
}

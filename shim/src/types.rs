//! The `types` service as a module uses it: which records are published under a name.
//!
//! The table may be another build's: it was judged when it was found. Belongs to the internals contract.
//!
//! **Boundary**: each method is one call of the registry's judged table.

use core::ptr::{self, NonNull};

use interbind_abi::Str;
use interbind_abi::core::Status;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::types::registry::{TypeCounts, TypeList};
use interbind_abi::types::{TypeRecord, TypesService};
#[cfg(feature = "static")]
use interbind_abi::{header::Malformed, judge};

use crate::ffi::{Attached, Strong};
use crate::judged::judged_owner;
use crate::sync::{AtomicPtr, Ordering};

/// An interpreter's registry, judged; valid as long as its core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types(*const TypesService);

// SAFETY: a judged table is only read; what calls a function of it has the proof of an attached thread.
unsafe impl Send for Types {}
// SAFETY: as above.
unsafe impl Sync for Types {}

/// A registry's list of the records under one name; valid as long as the registry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    types: Types,
    address: NonNull<TypeList>,
}

/// Where a call site keeps the list of its type's name.
#[derive(Debug)]
pub(crate) struct ListPlace(AtomicPtr<TypeList>);

/// How many records an interpreter's registry holds: what a leak check compares.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records whose Python type is alive.
    pub live: u64,
    /// Of these, records of types that are never destroyed.
    pub immortal: u64,
    /// Names that were ever asked for.
    pub names: u64,
}

impl Types {
    /// Takes what was judged.
    ///
    /// # Safety
    /// 1. The table is sound, and stays so as long as the value is used.
    pub(crate) unsafe fn judged(table: *const TypesService) -> Self {
        Self(table)
    }

    /// The table.
    pub(crate) fn as_ptr(self) -> *const TypesService {
        self.0
    }

    /// What is read of it.
    fn table(&self) -> &TypesService {
        // SAFETY: `judged`'s duty.
        unsafe { &*self.0 }
    }

    /// Asks for the list of a name.
    pub(crate) fn list(self, _at: Attached, name: &'static str) -> Option<List> {
        let mut found = ptr::null();
        // SAFETY: attached; the name is static.
        let status = unsafe { (self.table().list)(self.0, Str::new(name), &mut found) };
        let address = NonNull::new(found.cast_mut()).filter(|_| status == Status::OK)?;
        Some(List { types: self, address })
    }

    /// Hands a complete record over, which was claimed and is never freed.
    pub(crate) fn publish(self, _at: Attached, record: &'static TypeRecord, class: &Strong) -> Status {
        // SAFETY: attached; `'static`; what the registry writes is atomic.
        unsafe {
            (self.table().publish)(self.0, core::ptr::from_ref(record).cast_mut(), class.as_ptr().cast())
        }
    }

    /// Ends a publication.
    pub(crate) fn unpublish(self, _at: Attached, record: &'static TypeRecord) -> Status {
        // SAFETY: as above.
        unsafe { (self.table().unpublish)(self.0, core::ptr::from_ref(record).cast_mut()) }
    }

    /// The records of a class itself, each as far as step 1 of the check goes: its header.
    #[cfg(all(feature = "static", not(any(interbind_pypy, target_env = "msvc"))))]
    pub(crate) fn of_type(self, _at: Attached, class: &Strong) -> impl Iterator<Item = &'static TypeRecord> {
        let (next, class) = (self.table().of_type, class.as_ptr());
        let mut last = ptr::null();
        core::iter::from_fn(move || {
            loop {
                // SAFETY: judged; attached; `last` is NULL or what it gave before. Only the class's address is looked at.
                last = unsafe { next(self.0, class.cast(), last) };
                if last.is_null() {
                    return None;
                }
                // SAFETY: threat model: a record in the registry starts with a readable header; records are never freed.
                if let Ok(record) = unsafe { judge(last) } {
                    return Some(record);
                }
            }
        })
    }

    /// The class of a record, while it is published in this interpreter.
    pub(crate) fn hold(self, at: Attached, record: &TypeRecord) -> Option<Strong> {
        // SAFETY: attached; the record is never freed.
        let class = unsafe { (self.table().hold)(self.0, core::ptr::from_ref(record)) };
        // SAFETY: a new reference, or NULL.
        NonNull::new(class.cast()).map(|class| unsafe { Strong::owned(at, class) })
    }

    /// Counts the records.
    pub(crate) fn count(self, _at: Attached) -> Counts {
        let mut counts = TypeCounts::default();
        // SAFETY: attached; `counts` is writable.
        unsafe { (self.table().count)(self.0, &mut counts) };
        Counts { live: counts.live, immortal: counts.immortal, names: counts.names }
    }

    /// Who made it.
    pub(crate) fn owner(self) -> &'static OwnerRecord {
        judged_owner(self.table().head.owner)
    }
}

impl List {
    /// Takes what a registry gave.
    ///
    /// # Safety
    /// 1. It is a list of this registry.
    #[cfg(feature = "static")]
    pub(crate) unsafe fn of(types: Types, address: NonNull<TypeList>) -> Self {
        Self { types, address }
    }

    /// The registry that it belongs to.
    #[cfg(not(feature = "static"))]
    pub(crate) fn types(self) -> Types {
        self.types
    }

    /// Its address.
    pub(crate) fn as_ptr(self) -> *const TypeList {
        self.address.as_ptr()
    }

    /// The records in the order of publication, each as far as step 1 of the check goes: its header.
    #[cfg(feature = "static")]
    pub(crate) fn records(
        self,
        _at: Attached,
    ) -> impl Iterator<Item = Result<&'static TypeRecord, Malformed>> {
        let next = self.types.table().next;
        let mut last = ptr::null();
        core::iter::from_fn(move || {
            // SAFETY: judged; the list is this registry's, and `last` is NULL or what it gave before; attached.
            last = unsafe { next(self.as_ptr(), last) };
            // SAFETY: threat model: a record in the registry starts with a readable header; records are never freed.
            (!last.is_null()).then(|| unsafe { judge(last) })
        })
    }
}

impl ListPlace {
    /// Keeps nothing yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The list that was kept; a site belongs to one interpreter, whose registry this is.
    pub(crate) fn get(&self, types: Types) -> Option<List> {
        NonNull::new(self.0.load(Ordering::Acquire)).map(|address| List { types, address })
    }

    /// Keeps a list.
    pub(crate) fn set(&self, list: List) {
        self.0.store(list.address.as_ptr(), Ordering::Release);
    }
}

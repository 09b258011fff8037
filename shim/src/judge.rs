//! The order of the check: nothing is read that an earlier step hasn't vouched for.
//!
//! Called when a call site's cache doesn't know the object's class. Steps 0 to 3 for module and core were done when the
//! module was bound (`identity`, `core`, `types`); here come, for the record that fits the object: header, interpreter,
//! instance, name, version, slots, layout, alignment, thread. All differences of a step are collected before it refuses.
//! Runs no Python code unless it refuses. What passes is a `&'static TypeRecord`: [`judge`] is the only function that
//! makes one out of a foreign pointer.

use core::ffi::c_void;
use core::ptr;

use interbind_abi::core::{OWNER, OwnerRecord, Status};
use interbind_abi::header::Malformed;
use interbind_abi::diff::{Difference, differences, entries, is_optional, method_name};
use interbind_abi::interface::{TABLE, TableHead};
use interbind_abi::types::record::{
    ALIASING_FROZEN, ALIASING_TRACKED, ALIASING_UNTRACKED, KIND_DATA, KIND_INTERFACE, SHARED, THREAD_ANY,
    THREAD_ATTACHED, THREAD_OWNER, TYPE, halves,
};
use interbind_abi::types::TypeRecord;
use interbind_abi::{Reason, RecordHeader};

use crate::cache::Site;
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, type_object};
use crate::identity::{Binding, readable};
use crate::refusal::Refusal;
use crate::shared::{Consumer, Shared};
use crate::sync::Ordering;
use crate::types;

/// The reason behind a malformed header.
pub(crate) fn reason_of(malformed: Malformed) -> Reason {
    match malformed {
        Malformed::Magic { .. } => Reason::BadMagic,
        Malformed::Size { .. } => Reason::MalformedRecord,
        Malformed::Major { .. } => Reason::OtherMajor,
    }
}

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

/// Tells whether a class is the record's type or inherits from it.
///
/// # Safety
/// 1. `class` is a live type object and the thread is attached.
#[inline(always)]
unsafe fn fits(record: &TypeRecord, class: *mut PyObject) -> bool {
    let registered = record.py_type.load(Ordering::Relaxed).cast::<PyObject>();
    if registered == class {
        return true;
    }
    // SAFETY: duty 1; a registered type is alive while `py_type` isn't NULL: its weak reference's callback writes NULL
    // before the type's memory goes, and that callback can't run while this attached thread is in here on a build with a
    // GIL. On a free-threaded build a type that is an ancestor of a live object's class can't die; any other may only be
    // compared by address, which `PyType_IsSubtype` does: it walks the first argument's MRO.
    !registered.is_null() && unsafe { type_object::is_subtype(class, registered) }
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
    unsafe { judge_object(object, &Expected::of::<T, M>()) }
}

/// What a consumer expects, without its generics: one copy of the judge serves every type.
pub(crate) struct Expected {
    site: &'static Site,
    identity: &'static crate::identity::Identity,
    name: &'static str,
    kind: u32,
    descriptor: &'static str,
    requirement: interbind_abi::Requirement,
    align: usize,
}

impl Expected {
    pub(crate) fn of<T, M>() -> Self
    where
        T: Shared + ?Sized,
        M: Consumer<T>,
    {
        Self {
            site: M::site(),
            identity: M::identity(),
            name: T::NAME,
            kind: T::KIND,
            descriptor: T::DESCRIPTOR,
            requirement: M::REQUIREMENT,
            align: T::ALIGN,
        }
    }

    /// Asks for the binding to the current interpreter.
    pub(crate) fn binding(&self, at: Attached) -> Result<&'static Binding, Raised> {
        self.identity.binding(at)
    }

    /// The registry's list of the type's name.
    pub(crate) fn list(&self, at: Attached, binding: &Binding) -> Result<*mut c_void, Raised> {
        let known = self.site.list.load(Ordering::Acquire);
        if !known.is_null() {
            return Ok(known);
        }
        let Some(list) = types::list(binding, self.name) else {
            let what = format!("cannot look for {}", self.name);
            return Err(Refusal::new(Reason::InterpreterEnding, what)
                .detail("the registry gives no list for this name")
                .consumer(&binding.owner)
                .fix("use shared objects before the interpreter ends")
                .raise(at, Class::Type));
        };
        self.site.list.store(list, Ordering::Release);
        Ok(list)
    }
}

unsafe fn judge_object(object: *mut PyObject, expected: &Expected) -> Result<&'static TypeRecord, Raised> {
    // SAFETY: `judge`'s duty 1.
    let at = unsafe { Attached::assume() };
    // SAFETY: as above.
    let class = unsafe { type_object::class_of(object) };
    // SAFETY: only judged records are remembered, and records are never freed.
    if let Some(second) = unsafe { expected.site.records.second().as_ref() } {
        // SAFETY: `judge`'s duty 1.
        if unsafe { fits(second, class) } {
            return Ok(second);
        }
    }
    let binding = expected.binding(at)?;
    let list = expected.list(at, binding)?;
    let found = find(binding, list, class);
    let what = |class: &str| format!("cannot borrow '{class}' as {} {}", expected.name, expected.requirement);
    let record = match found {
        Finding::Fits(record) => record,
        other => return Err(refuse_object(at, object, expected, binding, other)),
    };
    if let Err(problems) = check(record, expected) {
        let name = type_object::class_name(at, object);
        return Err(problems.raise(at, record, expected, binding, what(&name)));
    }
    if record.aliasing == ALIASING_FROZEN && record.data_offset.load(Ordering::Relaxed) == 0 {
        // The first borrow of a frozen class lets the provider state where the data lies.
        // SAFETY: judged; attached; the object is an instance.
        unsafe { probe(record, object) }?;
    }
    if let Err(problems) = check_alignment(record, expected) {
        let name = type_object::class_name(at, object);
        return Err(problems.raise(at, record, expected, binding, what(&name)));
    }
    expected.site.records.remember(record, |other| {
        // SAFETY: records are never freed.
        unsafe { &*other }.py_type.load(Ordering::Relaxed).is_null()
    });
    Ok(record)
}

/// What looking for an object's record found.
enum Finding {
    Fits(&'static TypeRecord),
    /// Records of the name exist, none for this class; the first of them, if its header is sound.
    Other(Option<&'static TypeRecord>),
    /// The first record is malformed.
    Broken(Malformed),
    /// No record has the name.
    Nothing,
}

/// Steps 1, 3 and 4 over the records of a name: a record whose header is sound, of this interpreter, whose type the
/// object's class is (an exact match wins) or inherits from.
fn find(binding: &Binding, list: *mut c_void, class: *mut PyObject) -> Finding {
    let mut result = Finding::Nothing;
    let mut inherited = None;
    let mut at = types::next(binding, list, ptr::null());
    while !at.is_null() {
        // SAFETY: threat model: a record in the registry starts with a readable header.
        let header = unsafe { ptr::read(at.cast::<RecordHeader>()) };
        match TYPE.check(&header) {
            Ok(()) => {
                // SAFETY: the header vouches for our minor's size; records are never freed.
                let record: &'static TypeRecord = unsafe { &*at };
                let registered = record.py_type.load(Ordering::Acquire).cast::<PyObject>();
                if is_of(record, binding) {
                    if registered == class {
                        return Finding::Fits(record);
                    }
                    // SAFETY: a registered type is alive (see `fits`); attached.
                    if inherited.is_none() && unsafe { fits(record, class) } {
                        inherited = Some(record);
                    }
                }
                if matches!(result, Finding::Nothing) {
                    result = Finding::Other(Some(record));
                }
            }
            Err(malformed) if matches!(result, Finding::Nothing) => result = Finding::Broken(malformed),
            Err(_) => {}
        }
        at = types::next(binding, list, at);
    }
    inherited.map_or(result, Finding::Fits)
}

/// Step 3: the record belongs to the interpreter that this module is bound to.
fn is_of(record: &TypeRecord, binding: &Binding) -> bool {
    let serial = halves(binding.serial());
    record.serial[0].load(Ordering::Relaxed) == serial[0] && record.serial[1].load(Ordering::Relaxed) == serial[1]
}

fn refuse_object(
    at: Attached,
    object: *mut PyObject,
    expected: &Expected,
    binding: &Binding,
    found: Finding,
) -> Raised {
    let class = type_object::class_name(at, object);
    let what = format!("cannot borrow '{class}' as {} {}", expected.name, expected.requirement);
    let name = expected.name;
    let refusal = match found {
        Finding::Broken(malformed) => Refusal::new(reason_of(malformed), what)
            .detail(format!("type record: {malformed}"))
            .fix("rebuild the provider and this module with the same major of interbind"),
        Finding::Other(Some(record)) if !is_of(record, binding) => Refusal::new(Reason::OtherInterpreter, what)
            .detail("the record belongs to another interpreter than this module")
            .provider(owner_of(record))
            .fix("import provider and consumer in the same interpreter"),
        Finding::Other(record) => {
            let refusal = Refusal::new(Reason::WrongObject, what)
                .detail(format!("'{class}' is not a class published as {name}, nor a subclass of one"));
            let refusal = match record {
                Some(record) => refusal.provider(owner_of(record)),
                None => refusal,
            };
            refusal.fix(format!("pass an object of a class that was published as {name}"))
        }
        Finding::Nothing | Finding::Fits(_) => Refusal::new(Reason::NotPublished, what)
            .detail(format!("no module in this interpreter has published {name}"))
            .fix(format!("import a module that provides {name} {}, and pass one of its objects", expected.requirement)),
    };
    refusal.consumer(&binding.owner).raise(at, Class::Type)
}

/// Who provides a record: judged, or a placeholder when the owner record is malformed.
pub(crate) fn owner_of(record: &TypeRecord) -> &'static OwnerRecord {
    static UNKNOWN: OwnerRecord = {
        const QUESTION: interbind_abi::Str = interbind_abi::Str::new("?");
        OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: QUESTION,
            version: QUESTION,
            file: QUESTION,
            platform: QUESTION,
            interbind: QUESTION,
            compiler: QUESTION,
        }
    };
    // SAFETY: threat model: the pointer is NULL or leads to a readable header.
    let header = unsafe { record.owner.cast::<RecordHeader>().as_ref() };
    match header {
        // SAFETY: the header vouches for the size.
        Some(header) if OWNER.check(header).is_ok() => unsafe { &*record.owner },
        _ => &UNKNOWN,
    }
}

/// What one step found.
pub(crate) struct Problems {
    reason: Reason,
    differences: Vec<String>,
}

impl Problems {
    fn one(reason: Reason, difference: impl Into<String>) -> Self {
        Self { reason, differences: vec![difference.into()] }
    }

    /// The first difference, for lists of candidates.
    pub(crate) fn raise(
        self,
        at: Attached,
        record: &TypeRecord,
        expected: &Expected,
        binding: &Binding,
        what: String,
    ) -> Raised {
        let provider = owner_of(record);
        let consumer = &binding.owner;
        let (theirs, ours) = (readable(&provider.name), readable(&consumer.name));
        let name = expected.name;
        let has = readable(&record.version_text);
        let fix = match self.reason {
            Reason::VersionDiffers => format!(
                "install a {theirs} that provides {name} {}, or rebuild {ours} for {name} {has}",
                expected.requirement
            ),
            Reason::LayoutDiffers | Reason::SignatureDiffers | Reason::SlotMissing | Reason::KindDiffers => format!(
                "rebuild {ours} and {theirs} against the same declaration of {name} (the provider has {has}); a changed declaration needs a new major version"
            ),
            Reason::Untracked => format!("read the object with `ForeignRaw`, or have {theirs} track its borrows"),
            Reason::OtherMajor => format!("rebuild {ours} and {theirs} with the same major of interbind"),
            _ => format!("rebuild {theirs} with the current interbind"),
        };
        let mut refusal = Refusal::new(self.reason, what);
        for line in &self.differences {
            refusal = refusal.detail(line);
        }
        refusal.provider(provider).consumer(consumer).fix(fix).raise(at, Class::Type)
    }
}

/// Steps 5 and 6 for a record of the right interpreter: texts, name, version, kind, flags, layout or slots.
pub(crate) fn check(record: &'static TypeRecord, expected: &Expected) -> Result<(), Problems> {
    let malformed = |what: &str| Problems::one(Reason::MalformedRecord, format!("type record: {what}"));
    // SAFETY: threat model: texts of a record with a sound header are readable, or NULL.
    let texts = unsafe { (record.name.read(), record.version_text.read(), record.descriptor.read()) };
    let (Some(name), Some(_), Some(descriptor)) = texts else { return Err(malformed("a text can't be read")) };
    if name != expected.name {
        return Err(Problems::one(
            Reason::NameDiffers,
            Difference::new("name", name, expected.name).to_string(),
        ));
    }
    if !expected.requirement.accepts(record.version) {
        return Err(Problems::one(
            Reason::VersionDiffers,
            Difference::new("version", record.version.to_string(), expected.requirement.to_string()).to_string(),
        ));
    }
    if record.kind != expected.kind {
        let word = |kind| match kind {
            KIND_DATA => "a data type".to_owned(),
            KIND_INTERFACE => "an interface".to_owned(),
            other => format!("kind {other}"),
        };
        return Err(Problems::one(
            Reason::KindDiffers,
            Difference::new("kind", word(record.kind), word(expected.kind)).to_string(),
        ));
    }
    if !(ALIASING_FROZEN..=ALIASING_UNTRACKED).contains(&record.aliasing)
        || !(THREAD_ANY..=THREAD_ATTACHED).contains(&record.thread)
    {
        return Err(malformed("unknown aliasing or thread rule"));
    }
    if record.aliasing != ALIASING_UNTRACKED && (record.borrow.is_none() || record.release.is_none()) {
        return Err(malformed("the borrow or release slot is NULL"));
    }
    check_meaning(descriptor, expected)?;
    if expected.kind == KIND_INTERFACE {
        check_table(record, expected)?;
    }
    Ok(())
}

/// Step 6: the descriptors, and if they differ, every difference in them.
///
/// The texts themselves are compared: a digest names a descriptor for people and tools, but equal texts are what makes
/// two types one, and comparing them costs less than hashing.
fn check_meaning(theirs: &str, expected: &Expected) -> Result<(), Problems> {
    if theirs == expected.descriptor {
        return Ok(());
    }
    let Ok(found) = differences(theirs, expected.descriptor) else {
        let text = format!("type record: not a descriptor: `{theirs}`");
        return Err(Problems::one(Reason::MalformedRecord, text));
    };
    let Some((reason, _)) = found.first() else { return Ok(()) };
    Err(Problems { reason: *reason, differences: found.iter().map(|(_, found)| found.to_string()).collect() })
}

/// Step 5 for interfaces: the table is sound, and every slot that the consumer needs is there.
fn check_table(record: &TypeRecord, expected: &Expected) -> Result<(), Problems> {
    let malformed = |what: String| Problems::one(Reason::MalformedRecord, format!("interface table: {what}"));
    // SAFETY: threat model: NULL, or a readable header.
    let Some(header) = (unsafe { record.vtable.cast::<RecordHeader>().as_ref() }) else {
        return Err(malformed("it is NULL".to_owned()));
    };
    if let Err(found) = TABLE.check(header) {
        return Err(Problems::one(reason_of(found), format!("interface table: {found}")));
    }
    // SAFETY: the header vouches for the head.
    let slots = unsafe { (*record.vtable).slots };
    let room = (u64::from(header.struct_size) - size_of::<TableHead>() as u64) / size_of::<usize>() as u64;
    if slots > room {
        return Err(malformed(format!("it says {slots} slots and has room for {room}")));
    }
    let mut missing = Vec::new();
    for (slot, method) in entries(expected.descriptor).enumerate() {
        // SAFETY: the head of a sound table; the slot is inside it when `slots` says so.
        let there = (slot as u64) < slots && !unsafe { slot_of(record.vtable, slot) }.is_null();
        if !there && !is_optional(method) {
            let part = format!("{}.{}", expected.name, method_name(method));
            missing.push(Difference::new(part, "no such slot", format!("slot {slot}")).to_string());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Problems { reason: Reason::SlotMissing, differences: missing }) }
}

/// Reads a slot of a table.
///
/// # Safety
/// 1. The table is sound, and `slot` is below its `slots`.
pub(crate) unsafe fn slot_of(table: *const TableHead, slot: usize) -> *const c_void {
    // SAFETY: duty 1: the slots follow the head.
    let first = unsafe { table.add(1) }.cast::<*const c_void>();
    // SAFETY: duty 1.
    let at = unsafe { first.add(slot) };
    // SAFETY: duty 1; a function pointer or NULL, as wide as a data pointer on every target.
    unsafe { at.read() }
}

/// Step 7, alignment: what the provider states about where the data lies fits the type.
fn check_alignment(record: &TypeRecord, expected: &Expected) -> Result<(), Problems> {
    let offset = record.data_offset.load(Ordering::Relaxed);
    let class = record.aliasing;
    if offset != 0 && (class != ALIASING_FROZEN || record.thread == THREAD_OWNER) {
        return Err(Problems::one(
            Reason::MalformedRecord,
            "type record: a data offset on a class that must be asked for each borrow",
        ));
    }
    if offset % expected.align as i64 != 0 {
        return Err(Problems::one(
            Reason::Misaligned,
            format!("data offset: provider has {offset}, this module expects a multiple of {}", expected.align),
        ));
    }
    debug_assert!(class == ALIASING_FROZEN || class == ALIASING_TRACKED || class == ALIASING_UNTRACKED);
    Ok(())
}

/// Borrows once and gives back, so that the provider can state its data offset.
///
/// # Safety
/// 1. The record passed [`check`], the object is an instance, the thread is attached.
unsafe fn probe(record: &TypeRecord, object: *mut PyObject) -> Result<(), Raised> {
    let (Some(borrow), Some(release)) = (record.borrow, record.release) else { return Ok(()) };
    // SAFETY: duty 1.
    if unsafe { borrow(object.cast(), SHARED) }.is_null() {
        return Err(Raised);
    }
    // SAFETY: borrowed just now, released once.
    unsafe { release(object.cast(), SHARED) };
    Ok(())
}

/// Turns a status of the registry into a refusal's reason.
pub(crate) fn reason_of_status(status: Status) -> Reason {
    match status {
        Status::ENDING => Reason::InterpreterEnding,
        Status::MISSING => Reason::ServiceMissing,
        _ => Reason::MalformedRecord,
    }
}

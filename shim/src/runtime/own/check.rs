//! The order of the check: nothing is read that an earlier step hasn't vouched for.
//!
//! Asked when a call site doesn't remember the object's class. Steps 0 to 3 for module and core were done when the
//! module was bound (`bind`, `core`); here come, for the record that fits the object: header, interpreter,
//! instance, name, version, slots, layout, alignment, thread. All differences of a step are collected before it refuses.
//! Runs no Python code unless it refuses. [`judge`] and [`maker`](super::maker) are the only functions that make a
//! `&'static TypeRecord` out of a foreign pointer.

use core::ptr;

use interbind_abi::diff::{self, Sink};
use interbind_abi::header::Malformed;
use interbind_abi::interface::{TABLE, TableHead};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::types::record::{
    ALIASING_FROZEN, ALIASING_UNTRACKED, KIND_DATA, KIND_INTERFACE, KIND_NATIVE, SHARED, THREAD_ANY,
    THREAD_ATTACHED, TYPE, halves,
};
use interbind_abi::types::{TypeRecord, native};
use interbind_abi::{Reason, RecordHeader, Str};

use super::say::add_difference;
use crate::ffi::error::Class;
use crate::ffi::{Attached, PyObject, Raised, type_object};
use crate::interface::slot_of;
use crate::judge::inherits;
use crate::refusal::{Sides, judged_owner, number, readable, refuse, with_malformed};
use crate::runtime::Expected;
use crate::sync::Ordering;

/// Finds the record that an object fits, and judges it.
///
/// # Errors
/// An exception with both sides' values is set.
///
/// # Safety
/// 1. `object` is a live object and the thread is attached.
pub(crate) unsafe fn judge(
    at: Attached,
    object: *mut PyObject,
    expected: &Expected<'_>,
) -> Result<&'static TypeRecord, Raised> {
    // SAFETY: duty 1.
    let class = unsafe { type_object::class_of(object) };
    let record = match find(expected, class) {
        Finding::Fits(record) => record,
        other => return Err(refuse_object(at, object, expected, other)),
    };
    if !check(record, expected, None) {
        return Err(refuse_record(at, Some(object), record, expected));
    }
    if record.aliasing == ALIASING_FROZEN && record.data_offset.load(Ordering::Relaxed) == 0 {
        // The first borrow of a frozen class lets the provider state where the data lies.
        // SAFETY: judged; attached; the object is an instance.
        unsafe { probe(record, object) }?;
        if !check(record, expected, None) {
            return Err(refuse_record(at, Some(object), record, expected));
        }
    }
    Ok(record)
}

/// What was wanted: the first line's start, for an object or for a new one.
fn wanted(at: Attached, object: Option<*mut PyObject>) -> String {
    let Some(object) = object else { return "cannot make an object".to_owned() };
    let mut text = "cannot borrow '".to_owned();
    text.push_str(&type_object::class_name(at, object));
    text.push('\'');
    text
}

/// What looking for an object's record found.
enum Finding {
    Fits(&'static TypeRecord),
    /// Records of the name exist, none for this class; the first of them.
    Other(&'static TypeRecord),
    /// The first record is malformed.
    Broken(Malformed),
    /// No record has the name.
    Nothing,
}

/// Steps 1, 3 and 4 over the records of a name: a record whose header is sound, of this interpreter, whose type the
/// object's class is (an exact match wins) or inherits from, the nearest of those.
#[inline(never)]
fn find(expected: &Expected<'_>, class: *mut PyObject) -> Finding {
    let mut result = Finding::Nothing;
    let mut inherited = None;
    let mut at = expected.next(ptr::null());
    while !at.is_null() {
        // SAFETY: threat model: a record in the registry starts with a readable header.
        let header = unsafe { ptr::read(at.cast::<RecordHeader>()) };
        match TYPE.check(&header) {
            Ok(()) => {
                // SAFETY: the header vouches for our minor's size; records are never freed.
                let record: &'static TypeRecord = unsafe { &*at };
                let registered = record.py_type.load(Ordering::Acquire).cast::<PyObject>();
                if is_of(record, expected) {
                    if registered == class {
                        return Finding::Fits(record);
                    }
                    // SAFETY: attached; the object keeps its class.
                    let nearer = unsafe { inherits(record, class) }
                        // SAFETY: attached; an ancestor of the object's class is alive.
                        && inherited.is_none_or(|best| unsafe { inherits(best, registered) });
                    if nearer {
                        inherited = Some(record);
                    }
                }
                if matches!(result, Finding::Nothing) {
                    result = Finding::Other(record);
                }
            }
            Err(malformed) if matches!(result, Finding::Nothing) => result = Finding::Broken(malformed),
            Err(_) => {}
        }
        at = expected.next(at);
    }
    inherited.map_or(result, Finding::Fits)
}

/// Step 3: the record belongs to the interpreter that this module is bound to.
fn is_of(record: &TypeRecord, expected: &Expected<'_>) -> bool {
    let serial = halves(expected.serial());
    record.serial[0].load(Ordering::Relaxed) == serial[0]
        && record.serial[1].load(Ordering::Relaxed) == serial[1]
}

#[cold]
fn refuse_object(at: Attached, object: *mut PyObject, expected: &Expected<'_>, found: Finding) -> Raised {
    let (name, requirement) = (expected.name, expected.requirement_text);
    let what = wanted(at, Some(object));
    let consumer = expected.consumer;
    let (reason, template, record) = match found {
        Finding::Broken(malformed) => {
            with_malformed(malformed, &mut |reason, part, theirs, ours| {
                let template = "{0} as {1} {2}\ntype record ({3}): provider has {4}, this module expects {5}\n\
                                rebuild the provider and this module with the same major of interbind";
                let values = [&what, name, requirement, part, theirs, ours];
                refuse(at, Class::Type, reason, template, &values, Sides::consumer(consumer));
            });
            return Raised;
        }
        Finding::Other(record) if !is_of(record, expected) => (
            Reason::OtherInterpreter,
            "{0} as {1} {2}\nthe record belongs to another interpreter than this module\n\
             import provider and consumer in the same interpreter",
            Some(record),
        ),
        Finding::Other(record) => (
            Reason::WrongObject,
            "{0} as {1} {2}\nthe object's class is not published as {1}, nor a subclass of one that is\n\
             pass an object of a class that was published as {1}",
            Some(record),
        ),
        Finding::Nothing | Finding::Fits(_) => (
            Reason::NotPublished,
            "{0} as {1} {2}\nno module in this interpreter has published {1}\n\
             import a module that provides {1} {2}, and pass one of its objects",
            None,
        ),
    };
    let sides = Sides { provider: record.map(|record| record.owner), ..Sides::consumer(consumer) };
    refuse(at, Class::Type, reason, template, &[&what, name, requirement], sides)
}

/// Who provides a record.
pub(crate) fn owner_of(record: &TypeRecord) -> &'static OwnerRecord {
    judged_owner(record.owner)
}

/// Says why [`check`] doesn't accept a record: it is asked again, and tells this time.
#[cold]
pub(crate) fn refuse_record(
    at: Attached,
    object: Option<*mut PyObject>,
    record: &'static TypeRecord,
    expected: &Expected<'_>,
) -> Raised {
    let (mut kind, mut lines) = (None, String::new());
    check(
        record,
        expected,
        Some(&mut |reason, part, theirs, ours| {
            kind.get_or_insert(reason);
            add_difference(&mut lines, part, theirs, ours);
        }),
    );
    let kind = kind.unwrap_or(Reason::MalformedRecord);
    let (provider, consumer) = (owner_of(record), expected.consumer);
    let template = match kind {
        Reason::VersionDiffers => {
            "{0} as {1} {2}\n{3}\ninstall a {4} that provides {1} {2}, or rebuild {5} for {1} {6}"
        }
        Reason::LayoutDiffers | Reason::SignatureDiffers | Reason::SlotMissing | Reason::KindDiffers => {
            "{0} as {1} {2}\n{3}\nrebuild {5} and {4} against the same declaration of {1}; a changed one needs a new major version"
        }
        Reason::NativeAbi => {
            "{0} as {1} {2}\n{3}\nbuild {5} and {4} with compilers of one family, one standard library and the same switches of it"
        }
        _ => "{0} as {1} {2}\n{3}\nrebuild {4} with the current interbind",
    };
    let values = [
        &*wanted(at, object),
        expected.name,
        expected.requirement_text,
        &lines,
        readable(&provider.name),
        readable(&consumer.name),
        readable(&record.version_text),
    ];
    refuse(at, Class::Type, kind, template, &values, Sides::both(provider, consumer))
}

/// Steps 5 to 7 for a record of the right interpreter: texts, name, version, kind, flags, layout or slots, alignment.
///
/// With a sink, every difference of the first step that finds one is told; without, only the answer counts.
#[inline(never)]
pub(crate) fn check(record: &TypeRecord, expected: &Expected<'_>, sink: Option<Sink<'_>>) -> bool {
    let mut nobody = |_: Reason, _: &str, _: &str, _: &str| {};
    let sink = sink.unwrap_or(&mut nobody);
    // SAFETY: threat model: texts of a record with a sound header are readable, or NULL.
    let is = |text: &Str, expected: &str| unsafe { text.is(expected) };
    // Equal bytes, as between two builds of one declaration, need no look at what they say.
    let same = is(name_of(record, expected), expected.name) && is(&record.descriptor, expected.descriptor);
    match check_declaration(record, expected, same) {
        Ok(descriptor) if same || check_descriptor(descriptor, expected, sink) => {}
        Ok(_) => return false,
        Err((reason, part, theirs, ours)) => {
            sink(reason, part, theirs, ours);
            return false;
        }
    }
    (expected.kind != KIND_INTERFACE || check_table(record, expected, sink))
        && check_offset(record, expected, sink)
}

/// A difference: the reason, the part, what the provider has, what is expected.
type Told<'a> = (Reason, &'static str, &'a str, &'a str);

/// What a record was looked for by: its name, or its native key.
fn name_of<'a>(record: &'a TypeRecord, expected: &Expected<'_>) -> &'a Str {
    if expected.kind == KIND_NATIVE { &record.native } else { &record.name }
}

/// Step 5: texts, name, version, kind, rules and functions. Returns the descriptor.
fn check_declaration<'a>(
    record: &TypeRecord,
    expected: &Expected<'a>,
    same: bool,
) -> Result<&'a str, Told<'a>> {
    // SAFETY: as in `check`; records are never freed.
    let read = |text: &Str| unsafe { text.read() };
    let texts = || Some((read(name_of(record, expected))?, read(&record.descriptor)?));
    let texts = if same { Some((expected.name, expected.descriptor)) } else { texts() };
    let (Some(version), Some((name, descriptor))) = (read(&record.version_text), texts) else {
        return Err((Reason::MalformedRecord, "a text of the record", "bytes that can't be read", "UTF-8"));
    };
    if !same && name != expected.name {
        return Err((Reason::NameDiffers, "name", name, expected.name));
    }
    if !expected.requirement.accepts(record.version) {
        return Err((Reason::VersionDiffers, "version", version, expected.requirement_text));
    }
    if record.kind != expected.kind {
        return Err((Reason::KindDiffers, "kind", kind_word(record.kind), kind_word(expected.kind)));
    }
    let rules = (ALIASING_FROZEN..=ALIASING_UNTRACKED).contains(&record.aliasing)
        && (THREAD_ANY..=THREAD_ATTACHED).contains(&record.thread);
    if !rules {
        let part = "aliasing and thread";
        return Err((Reason::MalformedRecord, part, "an unknown rule", "a rule of conduit v1"));
    }
    if record.borrow.is_none() || record.release.is_none() {
        return Err((Reason::MalformedRecord, "borrow and release", "NULL", "a function"));
    }
    Ok(descriptor)
}

/// Step 6. The texts themselves are compared: a digest names a descriptor for people and tools, but equal texts are what
/// makes two types one, and comparing them costs less than hashing.
#[cold]
#[inline(never)]
fn check_descriptor(descriptor: &str, expected: &Expected<'_>, sink: Sink<'_>) -> bool {
    if expected.kind == KIND_NATIVE {
        return native::against_peer(descriptor, expected.descriptor, sink);
    }
    let mut fits = true;
    let compared = diff::compare(descriptor, expected.descriptor, &mut |reason, part, theirs, ours| {
        fits = false;
        sink(reason, part, theirs, ours);
    });
    if compared.is_err() {
        sink(Reason::MalformedRecord, "descriptor", descriptor, expected.descriptor);
    }
    fits && compared.is_ok()
}

fn kind_word(kind: u32) -> &'static str {
    match kind {
        KIND_DATA => "a data type",
        KIND_INTERFACE => "an interface",
        KIND_NATIVE => "a native class",
        _ => "an unknown kind",
    }
}

/// Step 5 for interfaces: the table is sound, and every slot that the consumer needs is there.
#[inline(never)]
fn check_table(record: &TypeRecord, expected: &Expected<'_>, sink: Sink<'_>) -> bool {
    // SAFETY: threat model: NULL, or a readable header.
    let header = unsafe { record.vtable.cast::<RecordHeader>().as_ref() };
    if header.is_none_or(|header| TABLE.check(header).is_err()) {
        let found = if header.is_some() { "a malformed header" } else { "NULL" };
        sink(Reason::MalformedRecord, "interface table", found, "a table of major 1");
        return false;
    }
    // SAFETY: the header vouches for the head.
    let head = unsafe { &*record.vtable };
    let room = (head.header.struct_size as usize - size_of::<TableHead>()) / size_of::<usize>();
    if head.slots > room as u64 {
        sink(
            Reason::MalformedRecord,
            "interface table",
            "more slots than it has room for",
            "slots inside struct_size",
        );
        return false;
    }
    let mut complete = true;
    for (slot, method) in diff::entries(expected.descriptor).enumerate() {
        // SAFETY: the head of a sound table; the slot is inside it when `slots` says so.
        let there = (slot as u64) < head.slots && !unsafe { slot_of(record.vtable, slot) }.is_null();
        if !there && !diff::is_optional(method) {
            sink(Reason::SlotMissing, diff::method_name(method), "no such slot", method);
            complete = false;
        }
    }
    complete
}

/// Step 7, alignment: what the provider states about where the data lies fits the type.
fn check_offset(record: &TypeRecord, expected: &Expected<'_>, sink: Sink<'_>) -> bool {
    let offset = record.data_offset.load(Ordering::Relaxed);
    if offset != 0 && (record.aliasing != ALIASING_FROZEN || record.thread != THREAD_ANY) {
        sink(Reason::MalformedRecord, "data offset", "one", "none: the class must be asked for each borrow");
        return false;
    }
    // A mask, not a division: alignments are powers of two.
    if offset & (expected.align as i64 - 1) != 0 {
        let (found, align) = (number(offset.unsigned_abs()), number(expected.align as u64));
        sink(Reason::Misaligned, "data offset (a multiple is expected)", &found, &align);
        return false;
    }
    true
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

impl Expected<'_> {
    /// The next record of the name after `after`, the first after NULL.
    pub(super) fn next(&self, after: *const TypeRecord) -> *const TypeRecord {
        // SAFETY: judged.
        let next = unsafe { (*self.types.as_ptr()).next };
        // SAFETY: attached; the list is this registry's, and callers pass what this returned.
        unsafe { next(self.list, after) }
    }

    /// The interpreter's serial.
    fn serial(&self) -> [u8; 16] {
        // SAFETY: a judged core; the head is read-only.
        unsafe { (*self.core).head.serial }
    }
}

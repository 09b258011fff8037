//! The order of the check: nothing is read that an earlier step hasn't vouched for.
//!
//! Asked when a call site doesn't remember the object's class. Steps 0 to 3 for module and core were done when the
//! module was bound (`bind`, `core`). Here come steps 1, 3 and 4 for the record that fits the object: header, interpreter,
//! instance. Steps 5 to 7 are [`interbind_abi::check`]'s. All differences of a step are collected before it refuses.
//! Runs no Python code unless it refuses. [`judge`] and [`maker`](super::maker) are the only functions that make a
//! `&'static TypeRecord` out of a foreign pointer.

use core::ptr;

use interbind_abi::check::{Wanted, check as check_meaning};
use interbind_abi::diff::Sink;
use interbind_abi::header::Malformed;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_FROZEN, SHARED, halves};
use interbind_abi::{Reason, judge as judge_record};

use crate::ffi::error::Class;
use crate::ffi::live::{Class as ObjectClass, Live};
use crate::ffi::{Attached, Raised};
use crate::fits::{Fitting, inherits, is_type, registered};
use crate::malformed::wrong_part;
use crate::owner::{judged_owner, readable};
use crate::refusal::say::add_difference;
use crate::refusal::{Sides, refuse};
use crate::runtime::Expected;
use crate::sync::Ordering;
use crate::text::Text;

/// Finds the record that an object fits, and judges it.
///
/// # Errors
/// An exception with both sides' values is set.
pub(crate) fn judge(object: Live<'_>, expected: &Expected<'_>) -> Result<&'static TypeRecord, Raised> {
    let record = match find(expected, object.class()) {
        Finding::Fits(record) => record,
        other => return Err(refuse_object(object, expected, other)),
    };
    if !check(record, expected, None) {
        return Err(refuse_record(object.at(), Some(object), record, expected));
    }
    if record.aliasing == ALIASING_FROZEN && record.data_offset.load(Ordering::Relaxed) == 0 {
        // The first borrow of a frozen class lets the provider state where the data lies.
        // SAFETY: (1) checked just now, for this object.
        probe(unsafe { Fitting::new(record, object) })?;
        if !check(record, expected, None) {
            return Err(refuse_record(object.at(), Some(object), record, expected));
        }
    }
    Ok(record)
}

/// What was wanted: the first line's start, for an object or for a new one.
fn wanted(object: Option<Live<'_>>) -> Text {
    let Some(object) = object else { return Text::of("cannot make an object") };
    let mut text = Text::of("cannot borrow '");
    text.push(&[&object.class_name(), "'"]);
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
fn find(expected: &Expected<'_>, class: ObjectClass<'_>) -> Finding {
    let mut result = Finding::Nothing;
    let mut inherited = None;
    let mut at = expected.next(ptr::null());
    while !at.is_null() {
        // SAFETY: threat model: a record in the registry starts with a readable header; records are never freed.
        match unsafe { judge_record::<TypeRecord>(at) } {
            Ok(record) => {
                if is_of(record, expected) {
                    if is_type(record, class) {
                        return Finding::Fits(record);
                    }
                    let ancestor = class.ancestor(registered(record));
                    if ancestor.is_some_and(|class| inherited.is_none_or(|best| inherits(best, class))) {
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
fn refuse_object(object: Live<'_>, expected: &Expected<'_>, found: Finding) -> Raised {
    let at = object.at();
    let (name, requirement) = (expected.name, expected.requirement_text);
    let what = wanted(Some(object));
    let consumer = expected.consumer;
    let (reason, template, record) = match found {
        Finding::Broken(malformed) => {
            let part = wrong_part(malformed);
            let template = "{0} as {1} {2}\ntype record ({3}): provider has {4}, this module expects {5}\n\
                            rebuild the provider and this module with the same major of interbind";
            let values = [&*what, name, requirement, part.name, &part.found, &part.expected];
            return refuse(at, Class::Type, part.reason, template, &values, Sides::consumer(consumer));
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
    object: Option<Live<'_>>,
    record: &'static TypeRecord,
    expected: &Expected<'_>,
) -> Raised {
    let (mut kind, mut lines) = (None, Text::new());
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
        &*wanted(object),
        expected.name,
        expected.requirement_text,
        &lines,
        readable(&provider.name),
        readable(&consumer.name),
        readable(&record.version_text),
    ];
    refuse(at, Class::Type, kind, template, &values, Sides::both(provider, consumer))
}

/// Steps 5 to 7, which need no Python.
pub(crate) fn check(record: &TypeRecord, expected: &Expected<'_>, sink: Option<Sink<'_>>) -> bool {
    let wanted = Wanted {
        name: expected.name,
        kind: expected.kind,
        descriptor: expected.descriptor,
        requirement: expected.requirement,
        requirement_text: expected.requirement_text,
        align: expected.align,
    };
    // SAFETY: threat model: texts and table of a record with a sound header are readable, or NULL; records are never freed.
    unsafe { check_meaning(record, &wanted, sink) }
}

/// Borrows once and gives back, so that the provider can state its data offset.
fn probe(found: Fitting<'_>) -> Result<(), Raised> {
    let (record, object) = (found.record(), found.object());
    let (Some(borrow), Some(release)) = (record.borrow, record.release) else { return Ok(()) };
    // SAFETY: `Fitting`: judged for this object, which is alive; attached.
    let data = unsafe { borrow(record, object.as_ptr().cast(), SHARED) };
    if data.is_null() {
        return Err(Raised::at(object.at()));
    }
    // SAFETY: borrowed just now, released once.
    unsafe { release(record, object.as_ptr().cast(), data, SHARED) };
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
        self.core.serial()
    }
}

//! The order of the check: nothing is read that an earlier step hasn't vouched for.
//!
//! Asked when a call site doesn't remember the object's class. Steps 0 to 3 for module and core were done when the
//! module was bound (`bind`, `core`). Here come steps 1, 3 and 4 for the record that fits the object: header, interpreter,
//! instance. Steps 5 to 7 are [`interbind_abi::check`]'s. All differences of a step are collected before it refuses.
//! Runs no Python code unless it refuses. A record's header is judged where the registry's list is walked, its meaning by
//! [`Judged::check`].

use interbind_abi::Reason;
use interbind_abi::check::Wanted;
use interbind_abi::diff::Sink;
use interbind_abi::header::Malformed;
use interbind_abi::owner::OwnerRecord;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_FROZEN, SHARED, halves};

use crate::ffi::error::Class;
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised};
use crate::fits::{Fitting, inherits, is_type, registered};
use crate::foreign::Loan;
use crate::judged::{Judged, judged_owner, readable};
use crate::malformed::wrong_part;
use crate::refusal::say::add_difference;
use crate::refusal::{Sides, refuse};
use crate::runtime::Expected;
use crate::sync::Ordering;
use crate::text::Text;

/// Finds the record that an object fits, and judges it.
///
/// # Errors
/// An exception with both sides' values is set.
pub(crate) fn judge(object: Live<'_>, expected: &Expected<'_>) -> Result<Judged, Raised> {
    let record = match find(expected, object) {
        Finding::Fits(record) => record,
        other => return Err(refuse_object(object, expected, other)),
    };
    let refused = || refuse_record(object.at(), Some(object), record, expected);
    let judged = check(record, expected, None).ok_or_else(refused)?;
    if record.aliasing == ALIASING_FROZEN && record.data_offset.load(Ordering::Relaxed) == 0 {
        // The first borrow of a frozen class lets the provider state where the data lies.
        probe(judged, object)?;
        return check(record, expected, None).ok_or_else(refused);
    }
    Ok(judged)
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
fn find(expected: &Expected<'_>, object: Live<'_>) -> Finding {
    let (at, class) = (object.at(), object.class());
    let mut result = Finding::Nothing;
    let mut inherited = None;
    for found in expected.list.records(at) {
        match found {
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
    }
    inherited.map_or(result, Finding::Fits)
}

/// Step 3: the record belongs to the interpreter that this module is bound to.
fn is_of(record: &TypeRecord, expected: &Expected<'_>) -> bool {
    let serial = halves(expected.core.serial());
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
             import a module that provides {1} {2}, and pass one of its objects; \
             if the module of '{3}' is to provide it, it has not called `publish`",
            None,
        ),
    };
    let sides = Sides { provider: record.map(|record| record.owner), ..Sides::consumer(consumer) };
    refuse(at, Class::Type, reason, template, &[&what, name, requirement, &object.class_name()], sides)
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
        Reason::VersionDiffers if record.version < expected.requirement.least => {
            "{0} as {1} {2}\n{3}\ninstall a newer {4}, which provides {1} {2}, or rebuild {5} for {1} {6}"
        }
        Reason::VersionDiffers => {
            "{0} as {1} {2}\n{3}\nrebuild {5} for {1} {6}, or install an older {4}, which provides {1} {2}"
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
pub(crate) fn check(
    record: &'static TypeRecord,
    expected: &Expected<'_>,
    sink: Option<Sink<'_>>,
) -> Option<Judged> {
    let wanted = Wanted {
        name: expected.name,
        kind: expected.kind,
        descriptor: expected.descriptor,
        requirement: expected.requirement,
        requirement_text: expected.requirement_text,
        align: expected.align,
    };
    Judged::check(record, &wanted, sink)
}

/// Borrows once and gives back, so that the provider can state its data offset.
fn probe(judged: Judged, object: Live<'_>) -> Result<(), Raised> {
    if judged.borrow.is_none() || judged.release.is_none() {
        return Ok(());
    }
    // None: the class isn't published any more, and who borrows says so.
    let Some(found) = Fitting::nearest(judged, object) else { return Ok(()) };
    Loan::<SHARED>::take(found, 1).map(drop)
}

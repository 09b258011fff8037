//! Steps 5 to 7 of the order of the check: what a record says of its type, compared with what a consumer was built with.
//!
//! Asked for a record whose header is sound and that belongs to the right interpreter: the caller, which speaks to Python, has
//! done those steps. Nothing is read that an earlier step hasn't vouched for, and all differences of a step are given to the
//! sink before it refuses. Allocates nothing. Belongs to the type contract; the numbers are those of `spec/check`.

use core::mem::size_of;

use crate::diff::{self, Sink};
use crate::interface::{TableHead, slot_of};
use crate::judge::judge;
use crate::reason::Reason;
use crate::text::{Digits, Str};
use crate::types::native::Base;
use crate::types::record::{
    ALIASING_FROZEN, ALIASING_UNTRACKED, KIND_DATA, KIND_INTERFACE, KIND_NATIVE, THREAD_ANY, THREAD_ATTACHED,
};
use crate::types::{TypeRecord, native};
use crate::version::Requirement;

use ::core::sync::atomic::Ordering;

/// What a consumer expects of a type.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The shared name, or the native key.
    pub name: &'a str,
    /// One of [`KIND_…`](crate::types::record).
    pub kind: u32,
    /// The descriptor that it was built with.
    pub descriptor: &'a str,
    /// The versions that will do.
    pub requirement: Requirement,
    /// The same as it was written, for messages.
    pub requirement_text: &'a str,
    /// What the data's address is a multiple of: a power of two, in bytes.
    pub align: usize,
}

/// Steps 5 to 7 for a record of the right interpreter: texts, name, version, kind, flags, layout or slots, alignment.
///
/// With a sink, every difference of the first step that finds one goes to the sink; without, only the answer counts.
///
/// # Safety
/// 1. The record's texts are NULL or readable, its table is NULL or starts with a readable header, for the call at least.
#[inline(never)]
pub unsafe fn check(record: &TypeRecord, wanted: &Wanted<'_>, sink: Option<Sink<'_>>) -> bool {
    let mut nobody = |_: Reason, _: &str, _: &str, _: &str| {};
    let sink = sink.unwrap_or(&mut nobody);
    // SAFETY: duty 1.
    let is = |text: &Str, other: &str| unsafe { text.is(other) };
    // Equal bytes, as between two builds of one declaration, need no look at what they say.
    let same = is(name_of(record, wanted), wanted.name) && is(&record.descriptor, wanted.descriptor);
    match check_declaration(record, wanted, same) {
        Ok(descriptor) if same || check_descriptor(descriptor, wanted, sink) => {}
        Ok(_) => return false,
        Err((reason, part, theirs, ours)) => {
            sink(reason, part, theirs, ours);
            return false;
        }
    }
    (wanted.kind != KIND_INTERFACE || check_table(record, wanted, sink)) && check_offset(record, wanted, sink)
}

/// A difference: the reason, the part, what the provider has, what is wanted.
type Told<'a> = (Reason, &'static str, &'a str, &'a str);

/// What a record was looked for by: its name, or its native key.
fn name_of<'a>(record: &'a TypeRecord, wanted: &Wanted<'_>) -> &'a Str {
    if wanted.kind == KIND_NATIVE { &record.native } else { &record.name }
}

/// Step 5: texts, name, version, kind, rules and functions. Returns the descriptor.
fn check_declaration<'a>(record: &TypeRecord, wanted: &Wanted<'a>, same: bool) -> Result<&'a str, Told<'a>> {
    // SAFETY: `check`'s duty 1.
    let read = |text: &Str| unsafe { text.read() };
    let texts = || Some((read(name_of(record, wanted))?, read(&record.descriptor)?));
    let texts = if same { Some((wanted.name, wanted.descriptor)) } else { texts() };
    let texts = texts.filter(|_| read(&record.native).is_some());
    let (Some(version), Some((name, descriptor))) = (read(&record.version_text), texts) else {
        return Err((Reason::MalformedRecord, "a text of the record", "bytes that can't be read", "UTF-8"));
    };
    if !same && name != wanted.name {
        return Err((Reason::NameDiffers, "name", name, wanted.name));
    }
    if !wanted.requirement.accepts(record.version) {
        return Err((Reason::VersionDiffers, "version", version, wanted.requirement_text));
    }
    if record.kind != wanted.kind {
        return Err((Reason::KindDiffers, "kind", kind_word(record.kind), kind_word(wanted.kind)));
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
    let stride = record.base_size as usize;
    let walkable = !record.bases.is_null() && stride >= size_of::<Base>() && stride % 8 == 0;
    if record.base_count != 0 && !walkable {
        let found = if record.bases.is_null() { "NULL" } else { "a size that can't be" };
        return Err((Reason::MalformedRecord, "bases", found, "32 bytes or more of each, a multiple of 8"));
    }
    Ok(descriptor)
}

/// Step 6. The texts themselves are compared: equal texts are what makes two types one.
#[cold]
#[inline(never)]
fn check_descriptor(descriptor: &str, wanted: &Wanted<'_>, sink: Sink<'_>) -> bool {
    if wanted.kind == KIND_NATIVE {
        return native::against_peer(descriptor, wanted.descriptor, sink);
    }
    let mut fits = true;
    let compared = diff::compare(descriptor, wanted.descriptor, &mut |reason, part, theirs, ours| {
        fits = false;
        sink(reason, part, theirs, ours);
    });
    if compared.is_err() {
        sink(Reason::MalformedRecord, "descriptor", descriptor, wanted.descriptor);
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
fn check_table(record: &TypeRecord, wanted: &Wanted<'_>, sink: Sink<'_>) -> bool {
    // SAFETY: `check`'s duty 1.
    let Ok(head) = (unsafe { judge::<TableHead>(record.vtable) }) else {
        let found = if record.vtable.is_null() { "NULL" } else { "a malformed header" };
        sink(Reason::MalformedRecord, "interface table", found, "a table of major 1");
        return false;
    };
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
    for (slot, method) in diff::entries(wanted.descriptor).enumerate() {
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
fn check_offset(record: &TypeRecord, wanted: &Wanted<'_>, sink: Sink<'_>) -> bool {
    let offset = record.data_offset.load(Ordering::Relaxed);
    if offset != 0 && (record.aliasing != ALIASING_FROZEN || record.thread != THREAD_ANY) {
        sink(Reason::MalformedRecord, "data offset", "one", "none: the class must be asked for each borrow");
        return false;
    }
    // A mask, not a division: alignments are powers of two.
    if offset & (wanted.align as i64 - 1) != 0 {
        let (found, align) = (Digits::new(offset.unsigned_abs()), Digits::new(wanted.align as u64));
        sink(Reason::Misaligned, "data offset (a multiple is expected)", found.as_str(), align.as_str());
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use core::mem::offset_of;

    use super::*;
    use crate::version::Version;

    const NAME: &str = "org.frame.Point";
    const LAYOUT: &str = "data org.frame.Point size 16 align 8 { x: f64 @0; y: f64 @8 }";
    const FACE: &str =
        "interface org.frame.Point thread any { 0 first() -> u64; 1 second() -> u64 optional }";

    /// A record as bytes, packed by the offsets of the specification.
    #[repr(align(8))]
    struct Packed([u8; 224]);

    impl Packed {
        fn new() -> Self {
            let mut packed = Self([0; 224]);
            packed.text(16, NAME).text(32, "1.2.3").text(144, LAYOUT);
            for (at, number) in [(48, 1_u32), (52, 2), (56, 3), (60, 1), (64, 1), (68, 1)] {
                packed.put(at, &number.to_ne_bytes());
            }
            // Functions that nobody calls here.
            packed.put(112, &8_u64.to_ne_bytes()).put(120, &8_u64.to_ne_bytes())
        }

        fn put(&mut self, at: usize, bytes: &[u8]) -> Self {
            self.0[at..at + bytes.len()].copy_from_slice(bytes);
            Self(self.0)
        }

        fn text(&mut self, at: usize, text: &'static str) -> &mut Self {
            self.put(at, &(text.as_ptr() as u64).to_ne_bytes());
            self.put(at + 8, &(text.len() as u64).to_ne_bytes());
            self
        }

        /// What the check says: nothing, or the reason and the part of each difference.
        fn differences(&self, wanted: &Wanted<'_>) -> Vec<(Reason, String)> {
            let mut found = Vec::new();
            // SAFETY: as large and aligned as a record, and every bit pattern that is packed here is one of its values.
            let record = unsafe { &*self.0.as_ptr().cast::<TypeRecord>() };
            // SAFETY: (1) texts and tables are statics of the tests, or NULL.
            let fits = unsafe {
                check(record, wanted, Some(&mut |reason, part, _, _| found.push((reason, part.to_string()))))
            };
            assert_eq!(fits, found.is_empty(), "a refusal has a reason");
            found
        }
    }

    fn wanted() -> Wanted<'static> {
        Wanted {
            name: NAME,
            kind: KIND_DATA,
            descriptor: LAYOUT,
            requirement: Requirement { least: Version::new(1, 2, 0), below: Version::new(2, 0, 0) },
            requirement_text: "^1.2",
            align: 8,
        }
    }

    #[track_caller]
    fn assert_refused(packed: &Packed, wanted: &Wanted<'_>, expected: &[(Reason, &str)]) {
        let found = packed.differences(wanted);
        let found: Vec<_> = found.iter().map(|(reason, part)| (*reason, &**part)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_offsets_are_those_of_the_record() {
        assert_eq!(size_of::<TypeRecord>(), 224);
        let places = [
            offset_of!(TypeRecord, name),
            offset_of!(TypeRecord, descriptor),
            offset_of!(TypeRecord, borrow),
        ];
        assert_eq!(places, [16, 144, 112]);
    }

    #[test]
    fn an_honest_record_passes() {
        assert_refused(&Packed::new(), &wanted(), &[]);
    }

    #[test]
    fn step_5_reads_no_text_that_cannot_be_one() {
        // NULL with a length, too long to be a text, and no UTF-8.
        let long = Packed::new().put(40, &(u64::MAX / 2).to_ne_bytes());
        let null = Packed::new().put(144, &0_u64.to_ne_bytes());
        static BROKEN: [u8; 2] = [0xff, 0xfe];
        let mut broken = Packed::new().put(16, &(BROKEN.as_ptr() as u64).to_ne_bytes());
        let broken = broken.put(24, &2_u64.to_ne_bytes());
        let mut key = Packed::new().put(176, &(BROKEN.as_ptr() as u64).to_ne_bytes());
        let key = key.put(184, &2_u64.to_ne_bytes());
        for packed in [long, null, broken, key] {
            assert_refused(&packed, &wanted(), &[(Reason::MalformedRecord, "a text of the record")]);
        }
    }

    #[test]
    fn step_5_takes_bases_that_can_be_walked_only() {
        static PLACE: u64 = 0;
        let place = &raw const PLACE as u64;
        for (bases, size, fits) in
            [(place, 32_u32, true), (place, 40, true), (0, 32, false), (place, 24, false), (place, 36, false)]
        {
            let mut packed = Packed::new().put(76, &1_u32.to_ne_bytes());
            let packed = packed.put(192, &bases.to_ne_bytes()).put(204, &size.to_ne_bytes());
            let expected: &[_] = if fits { &[] } else { &[(Reason::MalformedRecord, "bases")] };
            assert_refused(&packed, &wanted(), expected);
        }
    }

    #[test]
    fn step_5_compares_name_version_and_kind_in_this_order() {
        let mut other = Packed::new();
        other.text(16, "org.frame.Other").put(48, &9_u32.to_ne_bytes());
        let other = other.put(60, &2_u32.to_ne_bytes());
        assert_refused(&other, &wanted(), &[(Reason::NameDiffers, "name")]);
        let named = other.0;
        let mut named = Packed(named);
        named.text(16, NAME);
        assert_refused(&named, &wanted(), &[(Reason::VersionDiffers, "version")]);
        let versioned = named.put(48, &1_u32.to_ne_bytes());
        assert_refused(&versioned, &wanted(), &[(Reason::KindDiffers, "kind")]);
    }

    #[test]
    fn step_5_names_the_kinds_of_both_sides() {
        let words = [(1, "a data type"), (2, "an interface"), (3, "a native class"), (9, "an unknown kind")];
        for (kind, theirs) in words {
            for (wanted_kind, ours) in &words[..2] {
                let packed = Packed::new().put(60, &u32::to_ne_bytes(kind));
                let mut said = None;
                // SAFETY: as large and aligned as a record, and every bit pattern that is packed here is one of its values.
                let record = unsafe { &*packed.0.as_ptr().cast::<TypeRecord>() };
                let mut sink = |reason, _: &str, theirs: &str, ours: &str| {
                    said = Some((reason, theirs.to_string(), ours.to_string()));
                };
                // SAFETY: (1) texts are statics of the tests, the table is NULL.
                unsafe { check(record, &Wanted { kind: *wanted_kind, ..wanted() }, Some(&mut sink)) };
                if kind != *wanted_kind {
                    assert_eq!(said, Some((Reason::KindDiffers, theirs.to_string(), ours.to_string())));
                }
            }
        }
    }

    #[test]
    fn the_version_may_be_any_that_the_requirement_allows() {
        for (minor, fits) in [(1_u32, false), (2, true), (9, true)] {
            let found = Packed::new().put(52, &minor.to_ne_bytes()).differences(&wanted());
            assert_eq!(found.is_empty(), fits, "1.{minor}");
        }
    }

    #[test]
    fn step_5_knows_every_rule_and_no_other() {
        for (at, most) in [(64, 3_u32), (68, 3)] {
            for rule in [0, most + 1, u32::MAX] {
                let packed = Packed::new().put(at, &rule.to_ne_bytes());
                assert_refused(&packed, &wanted(), &[(Reason::MalformedRecord, "aliasing and thread")]);
            }
        }
        for at in [112, 120] {
            let packed = Packed::new().put(at, &0_u64.to_ne_bytes());
            assert_refused(&packed, &wanted(), &[(Reason::MalformedRecord, "borrow and release")]);
        }
    }

    #[test]
    fn step_6_lists_every_difference_of_a_layout() {
        let mut packed = Packed::new();
        packed.text(144, "data org.frame.Point size 16 align 8 { x: f32 @0; z: f64 @8 }");
        let found = packed.differences(&wanted());
        assert!(found.len() >= 2, "{found:?}");
        assert!(found.iter().all(|(reason, _)| *reason == Reason::LayoutDiffers), "{found:?}");
        packed.text(144, "no descriptor");
        assert_refused(&packed, &wanted(), &[(Reason::MalformedRecord, "descriptor")]);
    }

    #[test]
    fn step_6_compares_native_classes_under_their_key() {
        const KEY: &str = "c++:5Point";
        let mut packed = Packed::new();
        packed.text(16, KEY).text(176, KEY).text(144, "language=c++ abi=itanium size=16 align=8");
        let packed = packed.put(60, &3_u32.to_ne_bytes());
        let native = Wanted {
            name: KEY,
            kind: KIND_NATIVE,
            descriptor: "language=c++ abi=msvc size=24 align=8",
            ..wanted()
        };
        assert_refused(&packed, &native, &[(Reason::NativeAbi, "abi"), (Reason::LayoutDiffers, "size")]);
    }

    /// A table's head and one slot.
    #[repr(C)]
    struct Table(u64, u64, u64, u64);

    fn with_table(table: &'static Table) -> Packed {
        let mut packed = Packed::new();
        packed.text(144, FACE).put(60, &2_u32.to_ne_bytes());
        packed.put(136, &(core::ptr::from_ref(table) as u64).to_ne_bytes())
    }

    fn face() -> Wanted<'static> {
        Wanted { kind: KIND_INTERFACE, descriptor: FACE, ..wanted() }
    }

    const MAGIC: u64 = u64::from_ne_bytes(*b"ib.table");
    const SIZE_32: u64 = 32 | 1 << 32;

    #[test]
    fn step_6_reads_no_slot_that_the_table_has_no_room_for() {
        static GOOD: Table = Table(MAGIC, SIZE_32, 1, 8);
        assert_refused(&with_table(&GOOD), &face(), &[]);
        static LIES: Table = Table(MAGIC, SIZE_32, 2, 8);
        static OTHER: Table = Table(MAGIC ^ 1, SIZE_32, 1, 8);
        for table in [&LIES, &OTHER] {
            assert_refused(&with_table(table), &face(), &[(Reason::MalformedRecord, "interface table")]);
        }
        let null = with_table(&GOOD).put(136, &0_u64.to_ne_bytes());
        assert_refused(&null, &face(), &[(Reason::MalformedRecord, "interface table")]);
        static EMPTY: Table = Table(MAGIC, SIZE_32, 1, 0);
        assert_refused(&with_table(&EMPTY), &face(), &[(Reason::SlotMissing, "first")]);
    }

    #[test]
    fn step_6_counts_no_slot_that_the_table_does_not_have() {
        const TWO: &str = "interface org.frame.Point thread any { 0 first() -> u64; 1 second() -> u64 }";
        #[repr(C)]
        struct Larger(Table, u64);
        // Room for two and bytes in both places, and the table says one.
        static ONE: Larger = Larger(Table(MAGIC, 40 | 1 << 32, 1, 8), 8);
        static BOTH: Larger = Larger(Table(MAGIC, 40 | 1 << 32, 2, 8), 8);
        for (table, expected) in [(&ONE, &[(Reason::SlotMissing, "second")][..]), (&BOTH, &[])] {
            let mut packed = with_table(&table.0);
            packed.text(144, TWO);
            assert_refused(&packed, &Wanted { descriptor: TWO, ..face() }, expected);
        }
    }

    #[test]
    fn step_7_wants_an_offset_that_fits_the_rules_and_the_alignment() {
        let offset = |bytes: i64| Packed::new().put(104, &bytes.to_ne_bytes());
        for fine in [0, 8, 16, 24] {
            assert_refused(&offset(fine), &wanted(), &[]);
        }
        for crooked in [1, 2, 4, 7, 9, 12, 20] {
            let expected = [(Reason::Misaligned, "data offset (a multiple is expected)")];
            assert_refused(&offset(crooked), &wanted(), &expected);
        }
        // Tracked, and for the thread that made it: only `borrow` may say where the data is.
        for (at, rule) in [(64, 2_u32), (68, 2), (68, 3)] {
            let packed = offset(16).put(at, &rule.to_ne_bytes());
            assert_refused(&packed, &wanted(), &[(Reason::MalformedRecord, "data offset")]);
        }
    }
}

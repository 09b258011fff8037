//! Every difference between two canonical descriptors, with both values.
//!
//! Works on the texts themselves: a descriptor is a head, and entries between its outermost braces. That is all it takes
//! to line two of them up, so an extension can explain a mismatch without carrying a parser. Whoever compares collects all
//! differences before it answers. Nothing here is hot and all of it is carried by every extension: small helpers stay calls.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::reason::Reason;
use crate::text::{cut, cut_last};

/// A part that differs, with what each side has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part, in the user's own names: `Point.x`, `Series.len`.
    pub part: String,
    /// What the provider (or this build) has.
    pub provider: String,
    /// What the consumer (or the host) expects.
    pub consumer: String,
}

impl Difference {
    /// Makes a difference.
    pub fn new(part: impl Into<String>, provider: impl Into<String>, consumer: impl Into<String>) -> Self {
        Self { part: part.into(), provider: provider.into(), consumer: consumer.into() }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in [&self.part, ": provider has ", &self.provider, ", this module expects ", &self.consumer]
        {
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// A provider's text that is no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDescriptor;

/// Is told of each difference: its kind, the part, what the provider has, what the consumer expects.
pub type Sink<'a> = &'a mut dyn FnMut(Reason, &str, &str, &str);

/// Collects what [`compare`] finds.
///
/// # Errors
/// As [`compare`].
pub fn differences(provider: &str, consumer: &str) -> Result<Vec<(Reason, Difference)>, NoDescriptor> {
    let mut found = Vec::new();
    compare(provider, consumer, &mut |reason, part, theirs, ours| {
        found.push((reason, Difference::new(part, theirs, ours)));
    })?;
    Ok(found)
}

/// Finds every difference that matters to the consumer: in a layout all of them, in an interface those of the slots that
/// the consumer has.
///
/// # Errors
/// [`NoDescriptor`] when the provider's text has no head and braces of the consumer's kind.
pub fn compare(provider: &str, consumer: &str, sink: Sink<'_>) -> Result<(), NoDescriptor> {
    let (Some(theirs), Some(ours)) = (Parts::of(provider), Parts::of(consumer)) else {
        return Err(NoDescriptor);
    };
    if theirs.word(0) != ours.word(0) {
        return Err(NoDescriptor);
    }
    let mut path = String::from(last(ours.word(1)));
    if ours.word(0) == "data" {
        layouts(&mut path, &theirs, &ours, sink);
    } else {
        slots(&mut path, &theirs, &ours, sink);
    }
    Ok(())
}

/// A canonical text, cut at its outermost braces.
struct Parts<'a> {
    head: &'a str,
    body: &'a str,
}

impl<'a> Parts<'a> {
    #[inline(never)]
    fn of(text: &'a str) -> Option<Self> {
        let (head, rest) = cut(text, " {")?;
        Some(Self { head, body: rest.strip_suffix(" }")? })
    }

    /// The head's word at a place; empty when there are fewer.
    #[inline(never)]
    fn word(&self, place: usize) -> &'a str {
        let mut rest = self.head;
        for _ in 0..place {
            rest = cut(rest, " ").map_or("", |(_, rest)| rest);
        }
        cut(rest, " ").map_or(rest, |(word, _)| word)
    }
}

/// The entries between a descriptor's outermost braces: fields, or methods in order of slots.
#[derive(Clone, Debug)]
pub struct Entries<'a>(&'a str);

/// Cuts a descriptor into its entries; a text without braces has none.
pub fn entries(descriptor: &str) -> Entries<'_> {
    Entries(Parts::of(descriptor).map_or("", |parts| parts.body))
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let mut depth = 0_i32;
        let end = self.0.bytes().position(|byte| {
            depth += match byte {
                b'{' | b'[' | b'(' => 1,
                b'}' | b']' | b')' => -1,
                _ => 0,
            };
            byte == b';' && depth == 0
        });
        let (entry, rest) = end.map_or((self.0, ""), |end| (&self.0[..end], &self.0[end + 1..]));
        self.0 = rest;
        Some(entry.strip_prefix(' ').unwrap_or(entry))
    }
}

/// A method's name in its entry.
#[inline(never)]
pub fn method_name(entry: &str) -> &str {
    let named = cut(entry, " ").map_or(entry, |(_, rest)| rest);
    cut(named, "(").map_or(named, |(name, _)| name)
}

/// Tells whether the side with this entry has a default body for the method.
pub fn is_optional(entry: &str) -> bool {
    entry.ends_with(" optional")
}

/// What two sides must agree on in a method's entry: all but where it came from and who has a default.
#[inline(never)]
fn contract(entry: &str) -> &str {
    let entry = entry.strip_suffix(" optional").unwrap_or(entry);
    cut_last(entry, " since ").map_or(entry, |(contract, _)| contract)
}

fn last(name: &str) -> &str {
    cut_last(name, ".").map_or(name, |(_, last)| last)
}

/// A field's entry: `name: type @offset`.
struct FieldEntry<'a> {
    name: &'a str,
    ty: &'a str,
    offset: &'a str,
    /// Type and offset together.
    shown: &'a str,
}

impl<'a> FieldEntry<'a> {
    #[inline(never)]
    fn of(entry: &'a str) -> Self {
        let (name, shown) = cut(entry, ": ").unwrap_or((entry, ""));
        let (ty, offset) = cut_last(shown, " @").unwrap_or((shown, ""));
        Self { name, ty, offset, shown }
    }

    #[inline(never)]
    fn find(body: &'a str, name: &str) -> Option<Self> {
        Entries(body).map(Self::of).find(|field| field.name == name)
    }
}

/// Calls `sink` for `path` and one more step.
#[inline(never)]
fn at(path: &mut String, step: [&str; 2], sink: &mut dyn FnMut(&mut String)) {
    let length = path.len();
    path.push_str(step[0]);
    path.push_str(step[1]);
    sink(path);
    path.truncate(length);
}

fn layouts(path: &mut String, provider: &Parts<'_>, consumer: &Parts<'_>, sink: Sink<'_>) {
    let mut quiet = true;
    for (place, what) in [(1, " (name)"), (3, " (size)"), (5, " (alignment)")] {
        let (theirs, ours) = (provider.word(place), consumer.word(place));
        if theirs != ours {
            quiet = false;
            at(path, [what, ""], &mut |path| sink(Reason::LayoutDiffers, path, theirs, ours));
        }
    }
    for wanted in Entries(consumer.body).map(FieldEntry::of) {
        let has = FieldEntry::find(provider.body, wanted.name);
        if has.as_ref().is_some_and(|field| field.shown == wanted.shown) {
            continue;
        }
        quiet = false;
        at(path, [".", wanted.name], &mut |path| {
            let Some(field) = &has else {
                return sink(Reason::LayoutDiffers, path, "no such field", wanted.shown);
            };
            match (Parts::of(field.ty), Parts::of(wanted.ty)) {
                (Some(theirs), Some(ours)) if theirs.word(0) == "data" && ours.word(0) == "data" => {
                    if field.ty != wanted.ty {
                        layouts(path, &theirs, &ours, sink);
                    }
                    if field.offset != wanted.offset {
                        at(path, [" (offset)", ""], &mut |path| {
                            sink(Reason::LayoutDiffers, path, field.offset, wanted.offset);
                        });
                    }
                }
                _ => sink(Reason::LayoutDiffers, path, field.shown, wanted.shown),
            }
        });
    }
    for extra in Entries(provider.body).map(FieldEntry::of) {
        if FieldEntry::find(consumer.body, extra.name).is_none() {
            quiet = false;
            at(path, [".", extra.name], &mut |path| {
                sink(Reason::LayoutDiffers, path, extra.shown, "no such field");
            });
        }
    }
    if quiet && provider.body != consumer.body {
        sink(Reason::LayoutDiffers, path, provider.body, consumer.body);
    }
}

fn slots(path: &mut String, provider: &Parts<'_>, consumer: &Parts<'_>, sink: Sink<'_>) {
    if provider.word(1) != consumer.word(1) {
        sink(Reason::NameDiffers, "name", provider.word(1), consumer.word(1));
    }
    if provider.word(3) != consumer.word(3) {
        let (theirs, ours) = (provider.word(3), consumer.word(3));
        at(path, [" (thread)", ""], &mut |path| sink(Reason::SignatureDiffers, path, theirs, ours));
    }
    let mut theirs = Entries(provider.body);
    for wanted in Entries(consumer.body) {
        let method = theirs.next();
        let ours = contract(wanted);
        let (reason, has) = match method.map(contract) {
            Some(theirs) if theirs == ours => continue,
            None if is_optional(wanted) => continue,
            Some(theirs) => (Reason::SignatureDiffers, theirs),
            None => (Reason::SlotMissing, "no such slot"),
        };
        at(path, [".", method_name(wanted)], &mut |path| sink(reason, path, has, ours));
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::string::ToString;

    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "interface o.Series thread any { 0 len() -> u64; 1 get(u64) -> f64 fails }";
    const NEW: &str = "interface o.Series thread any { 0 len() -> u64; 1 get(u64) -> f64 fails; 2 label() -> string since 2.2.0 optional }";

    fn parts(provider: &str, consumer: &str) -> Vec<String> {
        differences(provider, consumer).unwrap().into_iter().map(|(_, difference)| difference.part).collect()
    }

    #[test]
    fn all_differences_of_a_layout_are_listed_with_both_values() {
        let provider =
            "data a.P size 24 align 8 { x: f64 @0; i: data a.I size 4 align 4 { k: u32 @0 } @8; z: u8 @12 }";
        let consumer = "data a.P size 16 align 8 { x: [f32; 2] @0; i: data a.I size 4 align 4 { k: i32 @0 } @12; w: u8 @13 }";
        assert_eq!(parts(provider, consumer), ["P (size)", "P.x", "P.i.k", "P.i (offset)", "P.w", "P.z"]);
        let first = &differences(provider, consumer).unwrap()[1].1;
        assert_eq!((&*first.provider, &*first.consumer), ("f64 @0", "[f32; 2] @0"));
    }

    #[test]
    fn an_enum_and_a_nested_type_differ_as_a_whole() {
        const NESTED: &str = "data P size 4 align 4 { k: data K size 4 align 4 { v: u32 @0 } @0 }";
        const ENUM: &str = "data P size 4 align 4 { k: enum u32 { A = 0 } @0 }";
        const OTHER: &str = "data P size 4 align 4 { k: enum u32 { A = 1 } @0 }";
        for (provider, consumer) in [(NESTED, ENUM), (ENUM, NESTED), (ENUM, OTHER)] {
            let found = differences(provider, consumer).unwrap();
            let whole = |text: &str| text["data P size 4 align 4 { k: ".len()..text.len() - 2].to_owned();
            let expected = Difference::new("P.k", whole(provider), whole(consumer));
            assert_eq!(found, [(Reason::LayoutDiffers, expected)]);
        }
    }

    #[test]
    fn a_difference_reads_as_a_sentence_with_both_values() {
        let difference = Difference::new("P.x", "f64 @0", "f32 @0");
        assert_eq!(difference.to_string(), "P.x: provider has f64 @0, this module expects f32 @0");
    }

    #[test]
    fn fields_in_another_order_are_a_difference() {
        let provider = "data P size 2 align 1 { a: u8 @0; b: u8 @1 }";
        let consumer = "data P size 2 align 1 { b: u8 @0; a: u8 @1 }";
        assert_eq!(parts(provider, consumer), ["P.b", "P.a"]);
    }

    #[test]
    fn a_missing_slot_is_fine_when_the_consumer_has_a_default_and_only_then() {
        assert_eq!(differences(OLD, NEW), Ok(Vec::new()));
        let strict = NEW.replace(" optional", "");
        assert_eq!(differences(OLD, &strict).unwrap()[0].0, Reason::SlotMissing);
    }

    #[test]
    fn a_provider_may_know_more_than_the_consumer_needs() {
        assert_eq!(differences(NEW, OLD), Ok(Vec::new()));
    }

    #[test]
    fn every_slot_that_differs_is_listed() {
        let moved = "interface o.Series thread owner { 0 get(u64) -> f64 fails; 1 len() -> u32 }";
        assert_eq!(parts(moved, OLD), ["Series (thread)", "Series.len", "Series.get"]);
    }

    #[test]
    fn a_text_of_another_kind_is_no_descriptor() {
        for text in ["", "data", "data P size 1 align 1", OLD, "{ }", " { }"] {
            assert_eq!(differences(text, "data P size 0 align 1 { }"), Err(NoDescriptor), "{text}");
        }
    }

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn no_text_panics_and_equal_texts_do_not_differ(
            a in "(data|interface) [a-z.]{1,3}( size 8 align 8| thread any)? \\{([ -~é]{0,12}[:;@{}\\[\\(]?){0,6} \\}",
            b in "(data|interface) [a-z.]{1,3}( size 8 align 8| thread any)? \\{([ -~é]{0,12}[:;@{}\\[\\(]?){0,6} \\}",
        ) {
            let _ = differences(&a, &b);
            let _ = differences(&a, "data P size 1 align 1 { a: data Q size 1 align 1 { b: u8 @0 } @0 }");
        }
    }
}

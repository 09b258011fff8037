//! Every difference between two canonical descriptors, with both values.
//!
//! Works on the texts themselves: a descriptor is a head, and entries between its outermost braces. That is all it takes
//! to line two of them up, so an extension can explain a mismatch without carrying a parser. Whoever compares collects all
//! differences before it answers.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::reason::Reason;

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
        for text in [&self.part, ": provider has ", &self.provider, ", this module expects ", &self.consumer] {
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// A provider's text that is no descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDescriptor;

/// Finds every difference that matters to the consumer: in a layout all of them, in an interface those of the slots that
/// the consumer has.
///
/// # Errors
/// [`NoDescriptor`] when the provider's text has no head and braces of the consumer's kind.
pub fn differences(provider: &str, consumer: &str) -> Result<Vec<(Reason, Difference)>, NoDescriptor> {
    let mut found = Vec::new();
    let (Some(theirs), Some(ours)) = (Parts::of(provider), Parts::of(consumer)) else { return Err(NoDescriptor) };
    if theirs.word(0) != ours.word(0) {
        return Err(NoDescriptor);
    }
    if ours.word(0) == "data" {
        layouts(last(ours.word(1)), &theirs, &ours, &mut found);
    } else {
        slots(&theirs, &ours, &mut found);
    }
    Ok(found)
}

/// A canonical text, cut at its outermost braces.
struct Parts<'a> {
    head: &'a str,
    body: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (head, rest) = text.split_once(" {")?;
        Some(Self { head, body: rest.strip_suffix(" }")? })
    }

    /// The head's word at a place; empty when there are fewer.
    fn word(&self, place: usize) -> &'a str {
        self.head.split(' ').nth(place).unwrap_or("")
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
        Some(entry.trim_matches(' '))
    }
}

/// A method's name in its entry.
pub fn method_name(entry: &str) -> &str {
    let named = entry.split_once(' ').map_or(entry, |(_, rest)| rest);
    named.split('(').next().unwrap_or(named)
}

/// Tells whether the side with this entry has a default body for the method.
pub fn is_optional(entry: &str) -> bool {
    entry.ends_with(" optional")
}

/// What two sides must agree on in a method's entry: all but where it came from and who has a default.
fn contract(entry: &str) -> &str {
    let entry = entry.strip_suffix(" optional").unwrap_or(entry);
    entry.rsplit_once(" since ").map_or(entry, |(contract, _)| contract)
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn layouts(path: &str, provider: &Parts<'_>, consumer: &Parts<'_>, found: &mut Vec<(Reason, Difference)>) {
    let before = found.len();
    let mut note = |part: &str, what: &str, a: &str, b: &str| {
        if a != b {
            found.push((Reason::LayoutDiffers, Difference::new([part, what].concat(), a, b)));
        }
    };
    for (place, what) in [(1, " (name)"), (3, " (size)"), (5, " (alignment)")] {
        note(path, what, provider.word(place), consumer.word(place));
    }
    let split = |entry: &'_ str| -> (usize, usize) {
        // `name: type @offset`: where the name ends, and where the type does.
        (entry.find(": ").unwrap_or(0), entry.rfind(" @").unwrap_or(entry.len()))
    };
    let find = |body: &'_ Parts<'_>, name: &str| {
        let at = |entry: &str| entry[..split(entry).0] == *name;
        Entries(body.body).position(|entry| at(entry))
    };
    for wanted in Entries(consumer.body) {
        let (name, ty) = split(wanted);
        let path = [path, ".", &wanted[..name]].concat();
        let has = find(provider, &wanted[..name]).and_then(|at| Entries(provider.body).nth(at));
        let show = |entry: &str| String::from(entry.split_once(": ").map_or(entry, |(_, rest)| rest));
        match has {
            None => found.push((Reason::LayoutDiffers, Difference::new(path, "no such field", show(wanted)))),
            Some(field) if field != wanted => {
                let (_, their_ty) = split(field);
                let nested = (Parts::of(inner(field, their_ty)), Parts::of(inner(wanted, ty)));
                if let (Some(theirs), Some(ours)) = nested {
                    if theirs.word(0) == "data" && ours.word(0) == "data" {
                        layouts(&path, &theirs, &ours, found);
                        if field[their_ty..] != wanted[ty..] {
                            let (a, b) = (field[their_ty..].trim(), wanted[ty..].trim());
                            found.push((Reason::LayoutDiffers, Difference::new(path, a, b)));
                        }
                        continue;
                    }
                }
                found.push((Reason::LayoutDiffers, Difference::new(path, show(field), show(wanted))));
            }
            Some(_) => {}
        }
    }
    for extra in Entries(provider.body) {
        let (name, _) = split(extra);
        if find(consumer, &extra[..name]).is_none() {
            let path = [path, ".", &extra[..name]].concat();
            let has = extra.split_once(": ").map_or(extra, |(_, rest)| rest);
            found.push((Reason::LayoutDiffers, Difference::new(path, has, "no such field")));
        }
    }
    if found.len() == before && provider.body != consumer.body {
        found.push((Reason::LayoutDiffers, Difference::new(path, provider.body.trim(), consumer.body.trim())));
    }
}

/// The type in a field's entry.
fn inner(entry: &str, end: usize) -> &str {
    entry.get(..end).and_then(|entry| entry.split_once(": ")).map_or("", |(_, ty)| ty)
}

fn slots(provider: &Parts<'_>, consumer: &Parts<'_>, found: &mut Vec<(Reason, Difference)>) {
    let name = last(consumer.word(1));
    if provider.word(1) != consumer.word(1) {
        found.push((Reason::NameDiffers, Difference::new("name", provider.word(1), consumer.word(1))));
    }
    if provider.word(3) != consumer.word(3) {
        let part = [name, " (thread)"].concat();
        found.push((Reason::SignatureDiffers, Difference::new(part, provider.word(3), consumer.word(3))));
    }
    let mut theirs = Entries(provider.body);
    for wanted in Entries(consumer.body) {
        let part = || [name, ".", method_name(wanted)].concat();
        let show = |entry: &str| format!("`{}`", contract(entry));
        match theirs.next() {
            None if is_optional(wanted) => {}
            None => found.push((Reason::SlotMissing, Difference::new(part(), "no such slot", show(wanted)))),
            Some(method) if contract(method) != contract(wanted) => {
                found.push((Reason::SignatureDiffers, Difference::new(part(), show(method), show(wanted))));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "interface o.Series thread any { 0 len() -> u64; 1 get(u64) -> f64 fails }";
    const NEW: &str =
        "interface o.Series thread any { 0 len() -> u64; 1 get(u64) -> f64 fails; 2 label() -> string since 2.2.0 optional }";

    fn parts(provider: &str, consumer: &str) -> Vec<String> {
        differences(provider, consumer).unwrap().into_iter().map(|(_, difference)| difference.part).collect()
    }

    #[test]
    fn all_differences_of_a_layout_are_listed_with_both_values() {
        let provider = "data a.P size 24 align 8 { x: f64 @0; i: data a.I size 4 align 4 { k: u32 @0 } @8; z: u8 @12 }";
        let consumer = "data a.P size 16 align 8 { x: [f32; 2] @0; i: data a.I size 4 align 4 { k: i32 @0 } @12; w: u8 @13 }";
        assert_eq!(parts(provider, consumer), ["P (size)", "P.x", "P.i.k", "P.i", "P.w", "P.z"]);
        let first = &differences(provider, consumer).unwrap()[1].1;
        assert_eq!((&*first.provider, &*first.consumer), ("f64 @0", "[f32; 2] @0"));
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

//! Classes in a module's data: `PyTypeObject` and `PyType_Spec`, known by their shape around the pointer to their name.

use crate::binary::{Image, Pointer};
use crate::facts::SizedClass;

/// More than any module defines.
const MOST: usize = 4096;
/// No object of a class is larger.
const LARGEST: u64 = 1 << 20;
const LARGEST_ITEM: u64 = 1 << 16;
/// No class has a longer name.
const LONGEST: usize = 256;
/// Slots of types have lower numbers.
const LAST_SLOT: u32 = 120;

/// The classes of a file of 64 bits whose pointers stand in a table, in the order of their names.
pub(super) fn classes(image: &Image<'_>) -> Vec<SizedClass> {
    if image.arch.bits != 64 || !image.arch.little_endian {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (place, pointer) in image.pointers().all() {
        let Pointer::Here(name) = *pointer else { continue };
        let Some((size, item)) = object(image, *place).or_else(|| spec(image, *place)) else { continue };
        if let Some(name) = class_name(image, name) {
            found.push(SizedClass { name: name.to_owned(), size, item });
            if found.len() == MOST {
                break;
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn word(image: &Image<'_>, address: u64) -> Option<u64> {
    Some(u64::from_le_bytes(image.at(address)?.get(..8)?.try_into().ok()?))
}

/// The sizes in a `PyTypeObject` whose name stands at `place`.
fn object(image: &Image<'_>, place: u64) -> Option<(u64, u64)> {
    let (size, item) = (word(image, place.wrapping_add(8))?, word(image, place.wrapping_add(16))?);
    if !(16..=LARGEST).contains(&size) || item > LARGEST_ITEM || word(image, place.wrapping_sub(8))? != 0 {
        return None;
    }
    let pointers = image.pointers();
    // The class of the class is filled in later, or by the loader.
    let class = place.wrapping_sub(16);
    if word(image, class)? != 0 && pointers.at(image, class).is_none() {
        return None;
    }
    // One reference, or so many that the object is never freed; without a GIL the count is split in two.
    let count = word(image, place.wrapping_sub(24))?;
    let split = || Some(word(image, place.wrapping_sub(32))? >> 32);
    let counted = count == 1 || count & 0xffff_ffff >= 1 << 30 || count == 0 && split() == Some(0xffff_ffff);
    // What frees objects is a function or not there yet.
    let dealloc = place.wrapping_add(24);
    let free = word(image, dealloc)? == 0 || pointers.at(image, dealloc).is_some();
    (counted && free).then_some((size, item))
}

/// The sizes in a `PyType_Spec` whose name stands at `place`.
fn spec(image: &Image<'_>, place: u64) -> Option<(u64, u64)> {
    let sizes = word(image, place.wrapping_add(8))?;
    let (size, item) = (sizes & 0xffff_ffff, sizes >> 32);
    if !(16..=LARGEST).contains(&size) || item > LARGEST_ITEM {
        return None;
    }
    // The flags fill half a word.
    if word(image, place.wrapping_add(16))? >> 32 != 0 {
        return None;
    }
    let Some(Pointer::Here(slots)) = image.pointers().at(image, place.wrapping_add(24)) else { return None };
    let first = word(image, slots)?;
    let known = first >> 32 == 0 && (1..=LAST_SLOT).contains(&(first as u32));
    (known
        && word(image, slots.wrapping_add(16))
            .is_some_and(|next| next >> 32 == 0 && next as u32 <= LAST_SLOT))
    .then_some((size, item))
}

/// A name of two words or more, joined by dots.
fn class_name<'a>(image: &Image<'a>, address: u64) -> Option<&'a str> {
    let bytes = image.at(address)?;
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&bytes[..end]).ok()?;
    (name.contains('.') && name.split('.').all(is_identifier)).then_some(name)
}

/// Whether a text is a word as Python's names are.
pub(super) fn is_identifier(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

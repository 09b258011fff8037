//! Where code refers to an address, or calls a function: found by the bytes that every such instruction has, and confirmed
//! later, when the code is followed.

use memchr::{memchr_iter, memchr2_iter};

use crate::binary::{Image, Kind, Section};

use super::arm64;

fn code<'i, 'a>(image: &'i Image<'a>) -> impl Iterator<Item = (&'i Section<'a>, &'a [u8])> {
    image
        .sections
        .iter()
        .filter(|section| section.kind == Kind::Code)
        .map(|section| (section, image.bytes(section)))
}

fn distance(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?).into())
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// The instructions that load `address`, `most` of them.
pub(crate) fn loads(image: &Image<'_>, address: u64, most: usize) -> Vec<u64> {
    let mut found = Vec::new();
    for (section, bytes) in code(image) {
        if image.arch.name == "x86_64" {
            // `lea`, with a distance from the next instruction.
            for at in memchr_iter(0x8d, bytes) {
                let relative = bytes.get(at + 1).is_some_and(|form| form & 0xc7 == 5);
                let next = section.address.wrapping_add(at as u64 + 6);
                if relative
                    && distance(bytes, at + 2).is_some_and(|by| next.wrapping_add_signed(by) == address)
                {
                    found.push(section.address.wrapping_add(at as u64));
                }
            }
        } else {
            pairs(section, bytes, address, &mut found);
        }
        found.truncate(most);
    }
    found
}

/// `adrp` and `add` with something between them, or `adr`.
fn pairs(section: &Section<'_>, bytes: &[u8], address: u64, found: &mut Vec<u64>) {
    // By register, the page that was loaded last, and how long ago.
    let mut pages = [(0_u64, usize::MAX); 32];
    for (i, word) in words(bytes).enumerate() {
        let here = section.address.wrapping_add(i as u64 * 4);
        let (to, from) = ((word & 31) as usize, (word >> 5 & 31) as usize);
        if word & 0x1f00_0000 == 0x1000_0000 {
            let high = i64::from((word as i32) << 8 >> 13);
            let by = high * 4 + i64::from(word >> 29 & 3);
            if word >> 31 == 1 {
                pages[to] = ((here & !0xfff).wrapping_add_signed(by * 4096), i);
            } else if here.wrapping_add_signed(by) == address {
                found.push(here);
            }
        } else if word & 0xffc0_0000 == 0x9100_0000 && u64::from(word >> 10 & 0xfff) == address & 0xfff {
            let (page, when) = pages[from];
            if page == address & !0xfff && when != usize::MAX && i - when < 256 {
                found.push(here);
            }
        }
    }
}

/// The instructions that call `function`, or jump there; `most` of them.
pub(super) fn calls(image: &Image<'_>, function: u64, most: usize) -> Vec<u64> {
    let mut found = Vec::new();
    for (section, bytes) in code(image) {
        if image.arch.name == "x86_64" {
            for at in memchr2_iter(0xe8, 0xe9, bytes) {
                let next = section.address.wrapping_add(at as u64 + 5);
                if distance(bytes, at + 1).is_some_and(|by| next.wrapping_add_signed(by) == function) {
                    found.push(section.address.wrapping_add(at as u64));
                }
            }
        } else {
            for (i, word) in words(bytes).enumerate() {
                let here = section.address.wrapping_add(i as u64 * 4);
                if word & 0x7c00_0000 == 0x1400_0000 && arm64::target(word, here) == Some(function) {
                    found.push(here);
                }
            }
        }
        found.truncate(most);
    }
    found
}

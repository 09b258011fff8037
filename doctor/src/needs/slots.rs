//! Lists of slots, as a module hands them to Python: pairs of a number and a value, ended by the number 0.

use crate::binary::{Image, Pointer};

/// More than any list has.
const MOST: usize = 128;

/// A slot of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u16,
    /// What stands in its value, unless that is a pointer.
    pub(super) value: Option<u64>,
    /// Where it points to in this file.
    pub(super) target: Option<u64>,
    /// Where it stands.
    pub(super) offset: u64,
}

/// What a module hands over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    pub(super) slots: Vec<Slot>,
    /// Whether the end was seen.
    pub(super) whole: bool,
}

/// A number and its meaning differ by release: those of 3.15 are the second.
pub(super) const MULTIPLE_INTERPRETERS: [u16; 2] = [3, 86];
pub(super) const GIL: [u16; 2] = [4, 87];
/// The record of what the module was built with, from 3.15 on.
pub(super) const ABI: [u16; 2] = [109, 109];

impl Slots {
    /// Reads the list at an address.
    pub(super) fn read(image: &Image<'_>, address: u64) -> Self {
        let width = u64::from(image.arch.bits / 8);
        let mut found = Self::default();
        for index in 0..MOST as u64 {
            let at = address.wrapping_add(index * width.max(4) * 2);
            let (Some(offset), Some(bytes)) = (image.offset_of(at), image.at(at)) else { break };
            let Some(number) = small(image, bytes) else { break };
            let place = at.wrapping_add(width);
            let pointer = image.pointers().at(image, place);
            let value = match pointer {
                Some(_) => None,
                None => image.at(place).and_then(|bytes| word(image, bytes)),
            };
            if pointer.is_none() && value.is_none() {
                break;
            }
            if number == 0 {
                found.whole = true;
                break;
            }
            let target = match pointer {
                Some(Pointer::Here(address)) => Some(address),
                _ => None,
            };
            found.slots.push(Slot { number, value, target, offset });
        }
        found
    }

    /// The slot of one of these numbers.
    pub(super) fn get(&self, numbers: [u16; 2]) -> Option<Slot> {
        self.slots.iter().copied().find(|slot| numbers.contains(&slot.number))
    }

    /// Whether every number is one that a module can have: else this is some other list.
    pub(super) fn are_of_a_module(&self) -> bool {
        let of_module = |number| matches!(number, 1..=4 | 84..=87 | 92 | 94 | 100..=106 | 109 | 110);
        self.slots.iter().all(|slot| of_module(slot.number))
    }
}

/// The slot's number: the low half of the first word. The other half is 0, and from 3.15 on may hold flags.
fn small(image: &Image<'_>, bytes: &[u8]) -> Option<u16> {
    let four: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let number = if image.arch.little_endian { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
    (number >> 16 <= 7).then_some(number as u16)
}

/// A number as wide as a pointer.
pub(super) fn word(image: &Image<'_>, bytes: &[u8]) -> Option<u64> {
    if image.arch.bits == 64 {
        let eight: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
        return Some(if image.arch.little_endian {
            u64::from_le_bytes(eight)
        } else {
            u64::from_be_bytes(eight)
        });
    }
    let four: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    Some(if image.arch.little_endian { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }.into())
}

//! What is in memory when an entry point returns its module, and how certain each part is.

use crate::binary::{Image, Kind};
use crate::domain::Functions;
use crate::facts::Format;

use super::follow::{End, follow};
use super::state::{Memory, State};

/// More slots than any module has.
const MOST_SLOTS: u64 = 64;

/// A slot's number and value, where that is known.
type Slot = (u16, Option<u64>);

/// A stretch of memory: its first address, and the one behind it.
type Stretch = (u64, u64);

/// What an entry point hands to Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// A definition with slots: number and value, where that is known.
    Slots(Vec<Slot>),
    /// A module that was made in one step, with what it told of the GIL.
    Module(Option<u64>),
}

/// Follows the function at `entry`, which makes `module`. The second value says whether every way was followed, and nothing
/// else in the file can change what was found.
pub(crate) fn handed_over(image: &Image<'_>, entry: u64, module: &str) -> Option<(Handed, bool)> {
    if image.format != Format::Elf || image.arch.name != "x86_64" {
        return None;
    }
    let functions = Functions::of(image);
    let memory = Memory::new(image);
    let ends = follow(image, &memory, &functions, entry);
    let mut found: Option<Handed> = None;
    let mut ranges = Vec::new();
    for end in &ends.ends {
        let here = match end {
            End::Module(gil) => Handed::Module(*gil),
            End::Definition(address, state) => {
                let (slots, mut of_it) = slots(&memory, state, *address, module)?;
                ranges.append(&mut of_it);
                Handed::Slots(slots)
            }
        };
        match &found {
            Some(before) if *before != here => return None,
            _ => found = Some(here),
        }
    }
    let found = found?;
    let alone = match &found {
        Handed::Slots(_) => !written_elsewhere(image, &functions, &ends.followed, &ranges),
        Handed::Module(_) => true,
    };
    Some((found, !ends.lost && alone))
}

/// The slots of the definition at an address, and the stretches of memory they were read from.
fn slots(
    memory: &Memory<'_, '_>,
    state: &State,
    address: u64,
    module: &str,
) -> Option<(Vec<Slot>, Vec<Stretch>)> {
    // An object's head is two words, in free-threaded builds four.
    let head = [16, 32].into_iter().find(|head| {
        let name = state.load(memory, address.wrapping_add(head + 24), 8).and_then(|name| memory.text(name));
        name.is_some_and(|name| name.rsplit('.').next() == Some(module))
    })?;
    let list = state.load(memory, address.wrapping_add(head + 56), 8)?;
    let mut ranges = vec![(address, address.saturating_add(head + 64))];
    let mut found = Vec::new();
    if list == 0 {
        return Some((found, ranges));
    }
    for index in 0..MOST_SLOTS {
        let at = list.checked_add(index * 16)?;
        let number = state.load(memory, at, 4)? as u16;
        if number == 0 {
            ranges.push((list, at.saturating_add(8)));
            return Some((found, ranges));
        }
        found.push((number, state.load(memory, at.wrapping_add(8), 8)));
    }
    None
}

/// Whether code that wasn't followed names an address of one of these stretches.
fn written_elsewhere(
    image: &Image<'_>,
    functions: &Functions,
    followed: &std::collections::BTreeSet<u64>,
    ranges: &[Stretch],
) -> bool {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable();
    ranges.dedup();
    for section in image.sections.iter().filter(|section| section.kind == Kind::Code) {
        let bytes = image.bytes(section);
        for (at, window) in bytes.windows(4).enumerate() {
            let distance = i64::from(i32::from_le_bytes([window[0], window[1], window[2], window[3]]));
            let place = section.address.wrapping_add(at as u64);
            // An immediate value may stand between the distance and the next instruction.
            let target = place.wrapping_add(4).wrapping_add_signed(distance);
            // The byte in front says that a distance follows, and nothing else is added.
            if at == 0 || bytes[at - 1] & 0xc7 != 5 {
                continue;
            }
            let near = ranges.iter().any(|(start, end)| target.wrapping_add(4) >= *start && target < *end);
            if near && functions.begin_of(place).is_none_or(|begin| !followed.contains(&begin)) {
                return true;
            }
        }
    }
    false
}

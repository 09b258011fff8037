//! What pybind11's own record says of a class: the size and the alignment of its C++ type. It is used to refuse, and proves nothing of
//! the fields.
//!
//! The record stands in pybind11's internals, whose layout goes with the version in their key: versions 4, 5, 11 and 12, with
//! libstdc++. Python code may put a capsule of its own under such a key, so every word is read through the kernel, to which a wrong
//! address is an answer; and the record that is found must lead back to the class and to the C++ name that is expected. Where the
//! kernel gives no answer, or threads may change the map meanwhile, nothing is known.

use core::ffi::CStr;

use super::attached::Attached;
use super::strong::Strong;
use super::{capsule, conduit, type_object};
use crate::text::Text;

/// The versions of internals whose layout is known, and where in them the map of classes is.
const LAYOUTS: [(&str, usize); 4] = [("4", 56), ("5", 56), ("11", 56), ("12", 112)];

/// As many as a bucket of the map has in the worst case that is believed.
const STEPS: usize = 1000;

/// The size and the alignment of a class's C++ type, which has this name and whose pybind11 has this id.
pub(crate) fn measures(at: Attached, class: &Strong, id: &str, name: &CStr) -> Option<(usize, usize)> {
    if !id.contains("libstdcpp") {
        return None;
    }
    for dict in [capsule::state_dict(at).ok(), capsule::builtins_dict(at)].into_iter().flatten() {
        for (number, (version, offset)) in LAYOUTS.iter().enumerate() {
            // 2.x has a line before the id; it is part of the id that is asked with.
            let line = if id.starts_with('_') || number < 2 { "" } else { "_" };
            let key = Text::of_parts(&["__pybind11_internals_v", version, line, id, "__"]);
            let found = Strong::text(at, &key).and_then(|key| type_object::item(at, &dict, &key));
            at.clear();
            let Ok(found) = found else { continue };
            let found = look(conduit::address(at, &found, None) as usize, *offset, class.as_ptr() as usize);
            if let Some(found) = found.filter(|found| found.name() == name.to_bytes()) {
                return Some((found.size, found.align));
            }
        }
    }
    at.clear();
    None
}

/// What pybind11 says of a class: its record in whichever internals have one of it.
#[cfg(feature = "static")]
pub(crate) fn of_class(at: Attached, class: &Strong) -> Option<Record> {
    let dicts = [capsule::state_dict(at).ok(), capsule::builtins_dict(at)];
    let found = dicts.into_iter().flatten().find_map(|dict| {
        conduit::keys(at, &dict).iter().find_map(|key| {
            let text = key.to_text(at)?;
            let version =
                text.strip_prefix("__pybind11_internals_v").filter(|text| text.contains("libstdcpp"))?;
            let number: usize = version.bytes().take_while(u8::is_ascii_digit).count();
            let (_, offset) = LAYOUTS.iter().find(|(known, _)| Some(*known) == version.get(..number))?;
            let internals = type_object::item(at, &dict, key).ok()?;
            look(conduit::address(at, &internals, None) as usize, *offset, class.as_ptr() as usize)
        })
    });
    at.clear();
    found
}

/// What a record says.
pub(crate) struct Record {
    /// Bytes of the C++ type.
    pub(crate) size: usize,
    /// Its alignment.
    pub(crate) align: usize,
    said: [u8; 256],
}

impl Record {
    /// The C++ type's name, as compilers mangle it.
    pub(crate) fn name(&self) -> &[u8] {
        let end = self.said.iter().position(|byte| *byte == 0).unwrap_or(0);
        self.said.get(..end).unwrap_or_default()
    }
}

/// Looks for a class in the internals that a capsule leads to.
fn look(address: usize, offset: usize, class: usize) -> Option<Record> {
    let [internals] = words(address)?;
    // libstdc++'s `unordered_map` from a class to a `vector` of records. A bucket leads to the node before its first.
    let [buckets, count] = words(internals.wrapping_add(offset))?;
    let place = class.checked_rem(count)?;
    let [before] = words(buckets.wrapping_add(place.wrapping_mul(size_of::<usize>())))?;
    let [mut node] = words(before)?;
    for _ in 0..STEPS {
        let [next, its, begin, end] = words(node)?;
        if its.checked_rem(count)? != place {
            return None;
        }
        if its == class {
            let [record] = words(begin)?;
            return if end == begin.wrapping_add(size_of::<usize>()) { judged(record, class) } else { None };
        }
        node = next;
    }
    None
}

/// What a record says that is one of this class.
fn judged(record: usize, class: usize) -> Option<Record> {
    let [its, cpp_type, size, align] = words(record)?;
    let [_, name] = words(cpp_type)?;
    let mut found = Record { size, align, said: [0; 256] };
    // Piece by piece: what is behind the text may be nobody's.
    for (number, piece) in found.said.chunks_exact_mut(8).enumerate() {
        let from = name.wrapping_add(8 * number);
        let is_read = read(from, piece)
            || (0..8).all(|byte| {
                let is_read =
                    piece.get_mut(byte..=byte).is_some_and(|one| read(from.wrapping_add(byte), one));
                is_read || piece.iter().take(byte).any(|byte| *byte == 0)
            });
        if !is_read {
            return None;
        }
        if piece.contains(&0) {
            let is_sound = its == class && align.is_power_of_two() && size % align == 0;
            return is_sound.then_some(found);
        }
    }
    None
}

fn words<const N: usize>(address: usize) -> Option<[usize; N]> {
    let mut bytes = [[0u8; size_of::<usize>()]; N];
    read(address, bytes.as_flattened_mut()).then(|| bytes.map(usize::from_ne_bytes))
}

/// Reads this process's memory as the kernel does; false where there is none.
#[cfg(all(target_os = "linux", not(interbind_free_threaded)))]
fn read(from: usize, to: &mut [u8]) -> bool {
    unsafe extern "C" {
        safe fn getpid() -> i32;
        fn process_vm_readv(
            pid: i32,
            to: *const [usize; 2],
            to_count: usize,
            from: *const [usize; 2],
            from_count: usize,
            flags: usize,
        ) -> isize;
    }
    let (here, there) = ([to.as_mut_ptr() as usize, to.len()], [from, to.len()]);
    // SAFETY: it writes into `to` alone, as many bytes as that has; an address that leads to nothing is an error.
    let read = unsafe { process_vm_readv(getpid(), &raw const here, 1, &raw const there, 1, 0) };
    usize::try_from(read).is_ok_and(|read| read == to.len())
}

#[cfg(not(all(target_os = "linux", not(interbind_free_threaded))))]
fn read(_from: usize, _to: &mut [u8]) -> bool {
    false
}

#[cfg(all(test, target_os = "linux", not(interbind_free_threaded)))]
mod tests {
    use super::{judged, look, read, words};

    #[test]
    fn a_wrong_address_is_an_answer() {
        let value = 0x1234_usize;
        assert_eq!(words(&raw const value as usize), Some([value]));
        for address in [0, 1, 8, usize::MAX, usize::MAX - 7, 1 << 63, 0xdead_0000] {
            assert_eq!(words::<1>(address), None, "{address:x}");
            assert!(!read(address, &mut [0; 3]));
            assert!(look(address, 56, 1).is_none() && judged(address, 1).is_none());
        }
    }

    #[test]
    fn a_map_that_leads_nowhere_or_in_circles_ends() {
        let mut node = [0_usize; 4];
        node[0] = node.as_ptr() as usize;
        let before = node.as_ptr() as usize;
        let map = [&raw const before as usize, 1];
        let internals = &raw const map as usize;
        assert!(look(&raw const internals as usize, 0, 64).is_none());
        let empty = [0_usize; 2];
        let internals = &raw const empty as usize;
        assert!(look(&raw const internals as usize, 0, 64).is_none());
    }

    #[test]
    fn a_record_must_be_of_the_class_and_sound() {
        let name = b"N3geo5PointE\0";
        let cpp_type = [0, name.as_ptr() as usize];
        let endless = [b'x'; 300];
        let of_endless = [0, endless.as_ptr() as usize];
        let of = |cpp_type: &[usize; 2], class: usize, size: usize, align: usize| {
            let record = [class, cpp_type.as_ptr() as usize, size, align];
            judged(record.as_ptr() as usize, 64).map(|found| (found.size, found.align, found.name().to_vec()))
        };
        assert_eq!(of(&cpp_type, 64, 16, 8), Some((16, 8, b"N3geo5PointE".to_vec())));
        for (class, size, align) in [(65, 16, 8), (64, 16, 0), (64, 16, 3), (64, 17, 8)] {
            assert_eq!(of(&cpp_type, class, size, align), None);
        }
        assert_eq!(of(&of_endless, 64, 16, 8), None);
        assert_eq!(of(&[0, 1], 64, 16, 8), None);
    }
}

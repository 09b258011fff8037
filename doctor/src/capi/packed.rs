//! Names and signatures of C functions as Cython packs them from 3.2 on: all of one module's in one text, first the signatures, then
//! as many names, each ended by a NUL; an empty signature is the one before it. The text is a constant of the module, and the
//! constants stand in the file one behind the other, as they are or compressed.
//!
//! Nothing in the file says where a constant begins. The code adds the length of the signatures to the address of the text, and
//! with that length there is mostly one place that fits.

use libdeflater::{DecompressionError, Decompressor};
use memchr::{memchr_iter, memmem};

use crate::binary::{Image, Kind};

use super::classes::is_identifier;
use super::taken::is_signature;

/// No module's constants are longer.
const LARGEST: usize = 4 << 20;
/// More compressed texts than a module has.
const MOST: usize = 8;

/// Functions as they are packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Functions {
    /// Name and signature of all but the last.
    pub(super) whole: Vec<(String, String)>,
    /// How the text begins that starts with the last one's name: the next constant may follow without a break.
    pub(super) open: String,
}

/// Where a text of a length is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// No place fits.
    None,
    /// One does.
    One(Functions),
    /// Several do, and which is meant isn't known.
    Several,
}

/// The constants of a module: as they stand in the file, and decompressed.
pub(super) struct Texts<'a> {
    plain: Vec<&'a [u8]>,
    inflated: Vec<Vec<u8>>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(image: &Image<'a>) -> Self {
        let constants = image.sections.iter().filter(|section| section.kind == Kind::ReadOnly);
        let plain: Vec<&[u8]> = constants.map(|section| image.bytes(section)).collect();
        let mut inflated = Vec::new();
        let mut decompressor = Decompressor::new();
        for bytes in &plain {
            // zlib, as hard as it can.
            for at in memmem::find_iter(bytes, b"\x78\xda") {
                inflated.extend(inflate(&mut decompressor, &bytes[at..]));
                if inflated.len() == MOST {
                    break;
                }
            }
        }
        Self { plain, inflated }
    }

    /// Adds what Cython's own compression holds: `length` bytes at `address`, which make `whole`.
    pub(super) fn add(&mut self, bytes: &[u8], length: usize, whole: usize) {
        if self.inflated.len() < MOST && length < whole && whole <= LARGEST {
            self.inflated.extend(bytes.get(..length).and_then(|bytes| expand(bytes, whole)));
        }
    }

    /// The functions of the text whose signatures are `length` bytes long.
    pub(super) fn functions(&self, length: usize) -> Place {
        let mut found: Option<Functions> = None;
        for text in self.inflated.iter().map(Vec::as_slice).chain(self.plain.iter().copied()) {
            for end in memchr_iter(0, text) {
                let Some(start) = end.checked_sub(length) else { continue };
                // A signature ends with a bracket, or is empty.
                if end == 0 || !matches!(text[end - 1], b')' | 0 | b'l') {
                    continue;
                }
                let Some(here) = functions(&text[start..end], &text[end + 1..]) else { continue };
                match &found {
                    // One function alone proves little.
                    Some(before) if before.whole.is_empty() && !here.whole.is_empty() => found = Some(here),
                    Some(before) if here.whole.is_empty() && !before.whole.is_empty() => {}
                    Some(before) if *before != here => return Place::Several,
                    _ => found = Some(here),
                }
            }
        }
        found.map_or(Place::None, Place::One)
    }
}

/// Signatures, and the names that follow.
fn functions(signatures: &[u8], names: &[u8]) -> Option<Functions> {
    let signatures = std::str::from_utf8(signatures).ok()?;
    if !signatures.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return None;
    }
    let mut names = names.split(|byte| *byte == 0);
    let mut found = Functions::default();
    let mut signature = "";
    let count = signatures.split('\0').count();
    for (at, next) in signatures.split('\0').enumerate() {
        if !next.is_empty() {
            signature = Some(next).filter(|next| is_signature(next))?;
        }
        let name = names.next()?;
        if at + 1 == count {
            // It isn't a signature.
            if count == 1 && name.contains(&b'(') {
                return None;
            }
            let length =
                name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            found.open =
                std::str::from_utf8(&name[..length]).ok().filter(|name| is_identifier(name))?.to_owned();
        } else {
            let name = std::str::from_utf8(name).ok().filter(|name| is_identifier(name))?;
            found.whole.push((name.to_owned(), signature.to_owned()));
        }
    }
    Some(found)
}

fn inflate(decompressor: &mut Decompressor, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut size = 1 << 14;
    loop {
        let mut out = vec![0; size];
        match decompressor.zlib_decompress(bytes, &mut out) {
            Ok(length) => {
                out.truncate(length);
                return Some(out);
            }
            Err(DecompressionError::InsufficientSpace) if size < LARGEST => size *= 4,
            Err(_) => return None,
        }
    }
}

/// Cython's own compression, of 3.3 and later: eight marks in a byte, each for a byte as it is, or for a stretch that was there
/// before.
fn expand(bytes: &[u8], whole: usize) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(whole);
    let mut at = bytes.iter().copied().map(usize::from);
    while out.len() < whole {
        let marks = at.next()?;
        for mark in 0..8 {
            if marks >> mark & 1 == 1 {
                out.push(u8::try_from(at.next()?).ok()?);
            } else {
                let (low, high) = (at.next()?, at.next()?);
                let (distance, length) = match (low & 0x80, high & 0x80) {
                    (0, _) => (low, high),
                    (_, 0) => (0x80 + ((high << 2 & 0x180) | (low & 0x7f)), high & 0x1f),
                    _ => (0x80 + ((high & 0x7f) << 7 | (low & 0x7f)), at.next()?),
                };
                let length = length + 3;
                let start = out.len().checked_sub(distance + length)?;
                out.extend_from_within(start..start + length);
            }
            if out.len() >= whole {
                break;
            }
        }
    }
    // Its end is where it was said to be.
    (out.len() == whole && at.next().is_none()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"valuexPyObject *(int)\0\0void (char *)\0first\0second\0thirdx\x98a\0rest";

    #[test]
    fn the_length_of_the_signatures_tells_where_they_begin() {
        let texts = Texts { plain: vec![TEXT], inflated: Vec::new() };
        let found = texts.functions("PyObject *(int)\0\0void (char *)".len());
        let Place::One(found) = found else { panic!("there is one place: {found:?}") };
        let own = |name: &str, signature: &str| (name.to_owned(), signature.to_owned());
        assert_eq!(found.whole, [own("first", "PyObject *(int)"), own("second", "PyObject *(int)")]);
        assert_eq!(found.open, "thirdx");
        // With another length no place fits, or only one that isn't it.
        assert_eq!(texts.functions(3), Place::None);
        assert_eq!(texts.functions(4000), Place::None);
    }

    #[test]
    fn cythons_own_compression_is_undone() {
        // Three bytes as they are, then the same three again.
        assert_eq!(expand(&[0b0111, b'a', b'b', b'c', 0, 0], 6).as_deref(), Some(&b"abcabc"[..]));
        // Cut off, or with something behind.
        assert_eq!(expand(&[0b0111, b'a', b'b', b'c', 0], 6), None);
        assert_eq!(expand(&[0b0111, b'a', b'b', b'c', 0, 0, 1], 6), None);
        assert_eq!(expand(&[0], 6), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>, whole in 0..4096_usize) {
            let _ = expand(&bytes, whole);
            let texts = Texts { plain: vec![&bytes], inflated: Vec::new() };
            let _ = texts.functions(whole % 64);
        }
    }
}

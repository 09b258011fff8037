//! The memory that members are inflated into: one piece for each thread, used again for the next member.
//!
//! Fresh memory costs a page fault every four kilobytes, a third of the time that inflating takes. So the piece is kept as
//! long as it isn't large, and the system is asked for large pages where it has them.

use std::io;

use memmap2::MmapMut;

/// What each piece has at least, in addresses: only what is written to becomes memory. A larger piece is given back after use.
const KEEP: usize = 64 << 20;

/// Bytes to write into. What was written before is still there.
#[derive(Debug, Default)]
pub(super) struct Scratch(Option<MmapMut>);

impl Scratch {
    /// Gives `size` bytes to `work`.
    pub(super) fn with<R>(&mut self, size: usize, work: impl FnOnce(&mut [u8]) -> R) -> io::Result<R> {
        let piece = match self.0.take().filter(|piece| piece.len() >= size) {
            Some(piece) => piece,
            // The old one was given back first: its bytes are of no use.
            None => fresh(size)?,
        };
        let piece = self.0.insert(piece);
        let result = work(&mut piece[..size]);
        if piece.len() > KEEP {
            self.0 = None;
        }
        Ok(result)
    }
}

fn fresh(size: usize) -> io::Result<MmapMut> {
    let piece = MmapMut::map_anon(size.max(KEEP)).or_else(|_| MmapMut::map_anon(size.max(1)))?;
    #[cfg(target_os = "linux")]
    // Where the system has none, small pages do as well.
    let _ = piece.advise(memmap2::Advice::HugePage);
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_used_again_unless_it_is_large() {
        let mut scratch = Scratch::default();
        let at = |scratch: &mut Scratch, size| scratch.with(size, |bytes| (bytes.as_ptr(), bytes.len()));
        let (first, length) = at(&mut scratch, 5000).expect("there is memory");
        assert_eq!(length, 5000);
        assert_eq!(at(&mut scratch, 100).expect("it is there"), (first, 100));
        assert_eq!(at(&mut scratch, KEEP).expect("it is there"), (first, KEEP));
        assert_eq!(at(&mut scratch, 0).expect("it is there").1, 0);
        assert_eq!(at(&mut scratch, KEEP + 1).expect("there is memory").1, KEEP + 1);
        assert!(scratch.0.is_none(), "it was given back");
    }

    #[test]
    fn what_no_memory_has_is_an_error() {
        assert!(Scratch::default().with(usize::MAX / 2, |_| ()).is_err());
    }
}

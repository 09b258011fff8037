//! The stream: opcodes into frames, frames into a `bytes` or a file. Where a frame ends, and which bytes go to the file in one
//! piece, is as in Python's C pickler, because both can be seen from outside.

use sha2::{Digest, Sha256};

use crate::python::{Growing, Object, Owned, Result, bytes};

/// A frame is closed at the first opcode behind so many bytes; larger values stand outside frames.
pub(crate) const FRAME_TARGET: usize = 64 * 1024;
/// A frame that is smaller isn't worth its head.
const FRAME_LEAST: usize = 4;
/// FRAME, and eight bytes of length.
const FRAME_HEAD: usize = 9;

/// The opcode for the protocol, and its number.
const PROTOCOL: usize = 2;

/// Room at the start: most dumps are small.
const ROOM: usize = 1000;

/// Where the stream goes.
pub(crate) struct Output {
    growing: Growing,
    /// Protocol 4 and newer.
    framing: bool,
    /// Where the head of the open frame stands.
    frame: Option<usize>,
    /// A file's `write`.
    file: Option<Owned>,
    /// The file has some of it.
    flushed: bool,
    /// Only a hash of the stream is wanted; there are no frames then.
    hash: Option<Box<Sha256>>,
    /// How many bytes have gone into the hash.
    hashed: usize,
    /// Without frames, what there is goes on from time to time.
    pieces: bool,
}

impl Output {
    pub(crate) fn new(file: Option<Owned>) -> Result<Self> {
        Ok(Self {
            growing: Growing::new(ROOM)?,
            framing: false,
            frame: None,
            file,
            flushed: false,
            hash: None,
            hashed: 0,
            pieces: false,
        })
    }

    /// A stream of which only the hash is wanted.
    pub(crate) fn hashing() -> Result<Self> {
        Ok(Self { hash: Some(Box::default()), pieces: true, ..Self::new(None)? })
    }

    /// A stream without frames, which goes to `update` piece by piece.
    pub(crate) fn updating(update: Owned) -> Result<Self> {
        Ok(Self { pieces: true, ..Self::new(Some(update))? })
    }

    /// The hash, and how many bytes it is of; the stream begins anew.
    pub(crate) fn take_hash(&mut self) -> ([u8; 32], usize) {
        let mut hash = self.hash.take().unwrap_or_default();
        hash.update(self.growing.written());
        let length = self.hashed + self.growing.len();
        let written = self.growing.len();
        self.growing.cut(0, written);
        self.hashed = 0;
        let finished = hash.finalize_reset().into();
        self.hash = Some(hash);
        (finished, length)
    }

    /// From here on, everything is in frames.
    pub(crate) fn start_frames(&mut self) {
        self.framing = true;
    }

    /// Writes bytes.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.framing && self.frame.is_none() {
            self.open_frame()?;
        }
        self.growing.put(bytes)
    }

    #[cold]
    fn open_frame(&mut self) -> Result<()> {
        let at = self.growing.len();
        self.growing.put(&[0xfe; FRAME_HEAD])?;
        self.frame = Some(at);
        Ok(())
    }

    /// Writes an opcode.
    #[inline]
    pub(crate) fn op(&mut self, op: u8) -> Result<()> {
        self.put(&[op])
    }

    /// Before each object: closes a frame that is full.
    #[inline]
    pub(crate) fn boundary(&mut self) -> Result<()> {
        match self.frame {
            Some(at) if self.growing.len() - at - FRAME_HEAD >= FRAME_TARGET => self.full(),
            None if self.pieces && self.growing.len() >= FRAME_TARGET => self.flush(),
            _ => Ok(()),
        }
    }

    #[cold]
    fn full(&mut self) -> Result<()> {
        self.close_frame();
        if self.file.is_some() { self.flush() } else { Ok(()) }
    }

    fn close_frame(&mut self) {
        let Some(at) = self.frame.take() else { return };
        let length = self.growing.len() - at - FRAME_HEAD;
        if length < FRAME_LEAST {
            self.growing.cut(at, FRAME_HEAD);
            return;
        }
        self.growing.put_at(at, &[super::step::op::FRAME]);
        self.growing.put_at(at + 1, &(length as u64).to_le_bytes());
    }

    /// Writes bytes, which stand in no frame, at the start of the stream, behind the opcode for the protocol; where the file has
    /// that already, here.
    pub(crate) fn put_first(&mut self, bytes: &[u8]) -> Result<()> {
        if self.flushed {
            return self.put(bytes);
        }
        self.growing.insert(PROTOCOL, bytes)?;
        self.frame = self.frame.map(|at| at + bytes.len());
        Ok(())
    }

    /// Gives the file what there is.
    fn flush(&mut self) -> Result<()> {
        if let Some(hash) = &mut self.hash {
            hash.update(self.growing.written());
            self.hashed += self.growing.len();
            let length = self.growing.len();
            self.growing.cut(0, length);
            return Ok(());
        }
        if let Some(file) = self.file.clone() {
            self.flushed = true;
            let chunk = self.growing.take(ROOM)?;
            file.call(&[&chunk])?;
        }
        Ok(())
    }

    /// Writes a value that may be large: the opcode with its length, and `content` behind it. A large one goes to the file
    /// by itself, as `whole` where the caller has an object with just these bytes.
    ///
    /// # Safety
    /// 1. `content` is `length` readable bytes, and stays so while user code runs in the file's `write`.
    pub(crate) unsafe fn put_value(
        &mut self,
        head: &[u8],
        content: *const u8,
        length: usize,
        whole: Option<&Object>,
    ) -> Result<()> {
        if length < FRAME_TARGET {
            self.put(head)?;
            // SAFETY: duty 1; the room is nobody else's.
            return unsafe { self.growing.put_from(content, length) };
        }
        self.close_frame();
        self.growing.put(head)?;
        if let Some(hash) = &mut self.hash {
            hash.update(self.growing.written());
            self.hashed += self.growing.len() + length;
            let written = self.growing.len();
            self.growing.cut(0, written);
            // SAFETY: duty 1.
            hash.update(unsafe { core::slice::from_raw_parts(content, length) });
            return Ok(());
        }
        let Some(file) = self.file.clone() else {
            // SAFETY: duty 1; the room is nobody else's.
            return unsafe { self.growing.put_from(content, length) };
        };
        self.flush()?;
        let own;
        let whole = match whole {
            Some(whole) => whole,
            None => {
                // SAFETY: duty 1.
                own = bytes(unsafe { core::slice::from_raw_parts(content, length) })?;
                &own
            }
        };
        file.call(&[whole]).map(drop)
    }

    /// Ends the stream: gives the file the rest, or the caller everything.
    pub(crate) fn finish(&mut self) -> Result<Option<Owned>> {
        self.close_frame();
        let whole = core::mem::take(&mut self.growing).finish()?;
        match self.file.take() {
            Some(file) => file.call(&[&whole]).map(|_| None),
            None => Ok(Some(whole)),
        }
    }
}

//! The stream: opcodes into frames, frames into a `bytes` or a file. Where a frame ends, and which bytes go to the file in one
//! piece, is as in Python's C pickler, because both can be seen from outside.

use crate::python::{Growing, Object, Owned, Result, bytes};

/// A frame is closed at the first opcode behind so many bytes; larger values stand outside frames.
pub(crate) const FRAME_TARGET: usize = 64 * 1024;
/// A frame that is smaller isn't worth its head.
const FRAME_LEAST: usize = 4;
/// FRAME, and eight bytes of length.
const FRAME_HEAD: usize = 9;

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
}

impl Output {
    pub(crate) fn new(file: Option<Owned>) -> Result<Self> {
        Ok(Self { growing: Growing::new(ROOM)?, framing: false, frame: None, file })
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

    /// Gives the file what there is.
    fn flush(&mut self) -> Result<()> {
        if let Some(file) = self.file.clone() {
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
    pub(crate) fn finish(mut self) -> Result<Option<Owned>> {
        self.close_frame();
        let whole = self.growing.finish()?;
        match self.file {
            Some(file) => file.call(&[&whole]).map(|_| None),
            None => Ok(Some(whole)),
        }
    }
}

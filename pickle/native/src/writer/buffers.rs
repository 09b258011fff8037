//! What has a buffer: bytes in protocols that have no opcode for them, bytearrays, and `PickleBuffer`s in the stream or
//! beside it.

use crate::python::{Kind, Object, Owned, Raised, Result, View};

use super::session::Session;
use super::step::op;

impl Session<'_> {
    /// Bytes before protocol 3: text that Python 2 loads as `str`, and Python 3 as `bytes`.
    pub(super) fn old_bytes(&mut self, object: Owned) -> Result<()> {
        if object.bytes()?.is_empty() {
            let class = object.class();
            return self.reduce_call(&class, &[], object);
        }
        let text = object.decode_latin1()?;
        let (encode, latin1) = (self.held.encode.clone(), self.held.names.latin1.clone());
        self.reduce_call(&encode, &[&text, &latin1], object)
    }

    pub(super) fn bytearray(&mut self, object: Owned) -> Result<()> {
        if self.options.protocol >= 5 {
            let view = View::of(&object)?;
            return self.bytearray_data(&view, &object);
        }
        let content = object.to_bytes()?;
        let class = object.class();
        if content.bytes()?.is_empty() {
            return self.reduce_call(&class, &[], object);
        }
        self.reduce_call(&class, &[&content], object)
    }

    fn bytearray_data(&mut self, view: &View, object: &Object) -> Result<()> {
        let (start, length) = view.span();
        let mut head = [op::BYTEARRAY8; 9];
        head[1..].copy_from_slice(&(length as u64).to_le_bytes());
        // SAFETY: the view keeps the bytes where they are; what they are may change, which is the owner's to know.
        unsafe { self.out.put_value(&head, start, length, Some(object)) }?;
        self.put(object)
    }

    pub(super) fn picklebuffer(&mut self, object: &Object) -> Result<()> {
        debug_assert_eq!(object.kind(), Kind::PickleBuffer);
        if self.options.protocol < 5 {
            let text = "PickleBuffer can only be pickled with protocol >= 5";
            return Err(Raised::new(&self.held.pickling_error, text));
        }
        // A view of our own: the callback may release the object's, or give its memory to somebody else.
        let view = View::of(object)?;
        if !view.is_contiguous() {
            let text = "PickleBuffer can not be pickled when pointing to a non-contiguous buffer";
            return Err(Raised::new(&self.held.pickling_error, text));
        }
        if let Some(callback) = self.options.buffer_callback.clone() {
            let in_band = callback.call(&[object])?.truth()?;
            if !in_band {
                self.out.op(op::NEXT_BUFFER)?;
                return if view.is_read_only() { self.out.op(op::READONLY_BUFFER) } else { Ok(()) };
            }
        }
        if !view.is_read_only() {
            return self.bytearray_data(&view, object);
        }
        let (start, length) = view.span();
        // SAFETY: the view keeps the bytes.
        unsafe { self.bytes_data(start, length, object) }
    }
}

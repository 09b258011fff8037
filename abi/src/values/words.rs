//! Values of one machine word or less: numbers, `bool`, `char` and nothing.

use super::{Blank, Call, InvalidValue, Value};
use crate::text::Piece;
use crate::types::data::Field;

macro_rules! machine_values {
    ($($ty:ident $zero:expr;)+) => { $(
        // SAFETY: (1) the word is the type's own; (2) a machine type; (3) every pattern of bits is a value.
        unsafe impl Value for $ty {
            type Wire = $ty;
            type On<'call>
                = Self
            where
                Self: 'call;
            const PIECES: &'static [Piece] = <$ty as Field>::PIECES;

            fn lower(self) -> $ty {
                self
            }

            unsafe fn lift(wire: $ty) -> Result<Self, InvalidValue> {
                Ok(wire)
            }

            fn on<'call>(self, _: &'call Call) -> Self
            where
                Self: 'call,
            {
                self
            }
        }

        impl Blank for $ty {
            fn blank() -> Self {
                $zero
            }
        }
    )+ };
}
machine_values! { i8 0; i16 0; i32 0; i64 0; u8 0; u16 0; u32 0; u64 0; f32 0.0; f64 0.0; }

// SAFETY: (1) its word; (2) one byte; (3) only 0 and 1 pass.
unsafe impl Value for bool {
    type Wire = u8;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = <Self as Field>::PIECES;

    fn lower(self) -> u8 {
        self.into()
    }

    unsafe fn lift(wire: u8) -> Result<Self, InvalidValue> {
        match wire {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(InvalidValue { expected: "a bool (0 or 1)" }),
        }
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

impl Blank for bool {
    fn blank() -> Self {
        false
    }
}

// SAFETY: (1) its word; (2) four bytes; (3) only Unicode scalar values pass.
unsafe impl Value for char {
    type Wire = u32;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = <Self as Field>::PIECES;

    fn lower(self) -> u32 {
        self.into()
    }

    unsafe fn lift(wire: u32) -> Result<Self, InvalidValue> {
        Self::from_u32(wire).ok_or(InvalidValue { expected: "a char (a Unicode scalar value)" })
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

impl Blank for char {
    fn blank() -> Self {
        '\0'
    }
}

// SAFETY: (1) its word; (2) nothing crosses; (3) nothing can be wrong.
unsafe impl Value for () {
    type Wire = ();
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("unit")];

    fn lower(self) {}

    unsafe fn lift((): ()) -> Result<Self, InvalidValue> {
        Ok(())
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

impl Blank for () {
    fn blank() -> Self {}
}

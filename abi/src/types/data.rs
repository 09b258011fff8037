//! The layout of a plain data type: descriptor text, and its parsed form.
//!
//! The text is made at compile time by `#[derive(Shared)]` from [`Field::PIECES`], stands in note and record, and is
//! read back here. Belongs to the type contract: two layouts are equal or refused, names included; changing a layout is
//! a new major of the type. Grammar: `docs/spec/data.md`.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use bytemuck::{Pod, Zeroable};

pub use super::parse::DescriptorError;
use super::parse::{Cursor, MAX_DEPTH};
use crate::text::Piece;

/// A plain data type, as its descriptor says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The shared name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Bytes.
    pub align: u64,
    /// In order of declaration.
    pub fields: Vec<DataField>,
}

/// A field of a [`Data`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataField {
    /// The field's name.
    pub name: String,
    /// The field's type.
    pub ty: FieldType,
    /// Bytes from the start.
    pub offset: u64,
}

/// What a field can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// `i8` … `u64`, `f32`, `f64`, `bool`, `char`.
    Scalar(Scalar),
    /// `[T; N]`.
    Array(Box<FieldType>, u64),
    /// `N` bytes of declared padding, written as zero and never read.
    Reserved(u64),
    /// An enum without fields, with its valid values.
    Enum(Scalar, Vec<(String, i64)>),
    /// Another shared type, inline.
    Data(Data),
}

macro_rules! scalars {
    ($( $variant:ident $word:literal; )+) => {
        /// A type of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant is the Rust type of that name")]
        pub enum Scalar { $($variant),+ }

        impl Scalar {
            /// Every scalar.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the Rust name.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

scalars! {
    I8 "i8"; I16 "i16"; I32 "i32"; I64 "i64";
    U8 "u8"; U16 "u16"; U32 "u32"; U64 "u64";
    F32 "f32"; F64 "f64"; Bool "bool"; Char "char";
}

/// A type that may stand in a shared type: it says what it is, and which bytes are one.
///
/// # Safety
/// 1. `PIECES` renders to the canonical text of this very layout.
/// 2. Bytes for which `is_valid` returns true are a value of the type.
/// 3. The type has no destructor, no reference and no padding.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a field of a shared type",
    note = "fields are fixed-width integers, floats, `bool`, `char`, arrays, `interbind::Reserved<N>`, enums without \
            fields and other types with `#[derive(interbind::Shared)]`; share anything else through an interface"
)]
pub unsafe trait Field: Sized + 'static {
    /// The canonical text, for constant context.
    const PIECES: &'static [Piece];

    /// Tells whether the `size_of::<Self>()` bytes at `at` are a value of this type.
    ///
    /// # Safety
    /// 1. So many bytes are readable at `at`; no alignment is needed.
    unsafe fn is_valid(at: *const u8) -> bool;
}

macro_rules! every_pattern_is_valid {
    ($($ty:ident)+) => { $(
        // SAFETY: (1) the word is the type's own; (2) every pattern of bits is a value; (3) it is a machine type.
        unsafe impl Field for $ty {
            const PIECES: &'static [Piece] = &[Piece::Text(stringify!($ty))];

            unsafe fn is_valid(_: *const u8) -> bool {
                true
            }
        }
    )+ };
}
every_pattern_is_valid!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

// SAFETY: (1) as above; (2) only 0 and 1 pass; (3) one byte.
unsafe impl Field for bool {
    const PIECES: &'static [Piece] = &[Piece::Text("bool")];

    unsafe fn is_valid(at: *const u8) -> bool {
        // SAFETY: duty 1 of `is_valid`.
        unsafe { at.read() < 2 }
    }
}

// SAFETY: (1) as above; (2) only Unicode scalar values pass; (3) four bytes.
unsafe impl Field for char {
    const PIECES: &'static [Piece] = &[Piece::Text("char")];

    unsafe fn is_valid(at: *const u8) -> bool {
        // SAFETY: duty 1 of `is_valid`; unaligned on purpose.
        let code = unsafe { at.cast::<u32>().read_unaligned() };
        char::from_u32(code).is_some()
    }
}

// SAFETY: (1) `T`'s pieces in brackets; (2) each element is asked; (3) arrays add no padding.
unsafe impl<T: Field, const N: usize> Field for [T; N] {
    const PIECES: &'static [Piece] = &[
        Piece::Text("["),
        Piece::Nested(T::PIECES),
        Piece::Text("; "),
        Piece::Number(N as u64),
        Piece::Text("]"),
    ];

    unsafe fn is_valid(at: *const u8) -> bool {
        (0..N).all(|i| {
            // SAFETY: duty 1 of `is_valid`: element `i` lies inside the array.
            let element = unsafe { at.add(i * size_of::<T>()) };
            // SAFETY: as above, its bytes are readable.
            unsafe { T::is_valid(element) }
        })
    }
}

/// Declared padding: `N` zero bytes that nobody reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Reserved<const N: usize>([u8; N]);

impl<const N: usize> Reserved<N> {
    /// Makes the zero bytes.
    pub const fn new() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Default for Reserved<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Reserved<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reserved<{N}>")
    }
}

// SAFETY: bytes, transparent.
unsafe impl<const N: usize> Zeroable for Reserved<N> {}
// SAFETY: bytes, transparent: no padding, every pattern valid.
unsafe impl<const N: usize> Pod for Reserved<N> {}

// SAFETY: (1) its own word; (2) bytes are bytes; (3) transparent.
unsafe impl<const N: usize> Field for Reserved<N> {
    const PIECES: &'static [Piece] = &[Piece::Text("reserved "), Piece::Number(N as u64)];

    unsafe fn is_valid(_: *const u8) -> bool {
        true
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data {} size {} align {} {{", self.name, self.size, self.align)?;
        for (i, field) in self.fields.iter().enumerate() {
            let separator = if i == 0 { " " } else { "; " };
            write!(f, "{separator}{}: {} @{}", field.name, field.ty, field.offset)?;
        }
        f.write_str(" }")
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.word()),
            Self::Array(element, count) => write!(f, "[{element}; {count}]"),
            Self::Reserved(bytes) => write!(f, "reserved {bytes}"),
            Self::Enum(repr, variants) => {
                write!(f, "enum {} {{", repr.word())?;
                for (i, (name, value)) in variants.iter().enumerate() {
                    write!(f, "{} {name} = {value}", if i == 0 { "" } else { "," })?;
                }
                f.write_str(" }")
            }
            Self::Data(data) => write!(f, "{data}"),
        }
    }
}

impl FromStr for Data {
    type Err = DescriptorError;

    fn from_str(text: &str) -> Result<Self, DescriptorError> {
        let mut cursor = Cursor::new(text);
        let data = parse_data(&mut cursor, 0)?;
        cursor.end()?;
        if data.to_string() == text { Ok(data) } else { cursor.error("the canonical form") }
    }
}

pub(crate) fn parse_data(cursor: &mut Cursor<'_>, depth: u32) -> Result<Data, DescriptorError> {
    if depth > MAX_DEPTH {
        return cursor.error("at most 16 levels");
    }
    cursor.expect("data ")?;
    let name = cursor.type_name()?;
    cursor.expect(" size ")?;
    let size = cursor.number()?;
    cursor.expect(" align ")?;
    let align = cursor.number()?;
    cursor.expect(" {")?;
    let mut fields = Vec::new();
    while !cursor.eat(" }") {
        cursor.expect(if fields.is_empty() { " " } else { "; " })?;
        let name = cursor.word()?;
        cursor.expect(": ")?;
        let ty = parse_field(cursor, depth + 1)?;
        cursor.expect(" @")?;
        fields.push(DataField { name, ty, offset: cursor.number()? });
    }
    Ok(Data { name, size, align, fields })
}

pub(crate) fn parse_scalar(cursor: &mut Cursor<'_>) -> Result<Scalar, DescriptorError> {
    let found = Scalar::ALL.iter().find(|scalar| cursor.eat(scalar.word()));
    found.copied().map_or_else(|| cursor.error("a type"), Ok)
}

pub(crate) fn parse_field(cursor: &mut Cursor<'_>, depth: u32) -> Result<FieldType, DescriptorError> {
    if depth > MAX_DEPTH {
        return cursor.error("at most 16 levels");
    }
    if cursor.eat("[") {
        let element = parse_field(cursor, depth + 1)?;
        cursor.expect("; ")?;
        let count = cursor.number()?;
        cursor.expect("]")?;
        return Ok(FieldType::Array(Box::new(element), count));
    }
    if cursor.eat("reserved ") {
        return Ok(FieldType::Reserved(cursor.number()?));
    }
    if cursor.eat("enum ") {
        let repr = parse_scalar(cursor)?;
        if matches!(repr, Scalar::F32 | Scalar::F64 | Scalar::Bool | Scalar::Char) {
            return cursor.error("an integer type");
        }
        cursor.expect(" {")?;
        let mut variants = Vec::new();
        while !cursor.eat(" }") {
            cursor.expect(if variants.is_empty() { " " } else { ", " })?;
            let name = cursor.word()?;
            cursor.expect(" = ")?;
            variants.push((name, cursor.signed()?));
        }
        return Ok(FieldType::Enum(repr, variants));
    }
    if cursor.sees("data ") {
        return Ok(FieldType::Data(parse_data(cursor, depth + 1)?));
    }
    Ok(FieldType::Scalar(parse_scalar(cursor)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diff::differences;
    use crate::text::{length, render, text};
    use alloc::vec;
    use proptest::prelude::*;

    pub(crate) fn words() -> impl Strategy<Value = String> {
        "[a-z_][a-z0-9_]{0,6}"
    }

    pub(crate) fn field_types() -> impl Strategy<Value = FieldType> {
        let scalar = prop::sample::select(Scalar::ALL);
        let leaf = prop_oneof![
            scalar.prop_map(FieldType::Scalar),
            any::<u64>().prop_map(FieldType::Reserved),
            (prop::sample::select(&Scalar::ALL[..8]), prop::collection::vec((words(), any::<i64>()), 0..4))
                .prop_map(|(s, v)| FieldType::Enum(s, v)),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                (inner.clone(), any::<u64>()).prop_map(|(ty, n)| FieldType::Array(Box::new(ty), n)),
                datas(inner).prop_map(FieldType::Data),
            ]
        })
    }

    fn datas(field: impl Strategy<Value = FieldType>) -> impl Strategy<Value = Data> {
        let fields = prop::collection::vec((words(), field, any::<u64>()), 0..4);
        ("[a-z]{1,4}(\\.[A-Z][a-z_0-9]{0,3}){0,2}", any::<u64>(), any::<u64>(), fields).prop_map(
            |(name, size, align, fields)| {
                let fields =
                    fields.into_iter().map(|(name, ty, offset)| DataField { name, ty, offset }).collect();
                Data { name, size, align, fields }
            },
        )
    }

    /// The strategy may repeat a field's name; Rust can't.
    fn names_are_distinct(data: &Data) -> bool {
        let mut names: Vec<_> = data.fields.iter().map(|field| &field.name).collect();
        names.sort();
        names.dedup();
        names.len() == data.fields.len()
            && data
                .fields
                .iter()
                .all(|field| !matches!(&field.ty, FieldType::Data(inner) if !names_are_distinct(inner)))
    }

    #[test]
    fn pieces_of_arrays_and_reserved_bytes_render_to_what_the_parser_reads() {
        const PIECES: &[Piece] = <[[Reserved<3>; 2]; 4] as Field>::PIECES;
        const BYTES: [u8; length(PIECES)] = render(PIECES);
        assert_eq!(text(&BYTES), "[[reserved 3; 2]; 4]");
    }

    #[test]
    #[allow(clippy::multiple_unsafe_ops_per_block, reason = "one proof serves them all")]
    fn only_valid_bytes_are_a_bool_or_a_char() {
        let surrogate = 0xd800_u32.to_ne_bytes();
        // SAFETY: the arrays are as long as the types.
        let found = unsafe {
            [bool::is_valid([1].as_ptr()), bool::is_valid([2].as_ptr()), char::is_valid(surrogate.as_ptr())]
        };
        assert_eq!(found, [true, false, false]);
    }

    #[test]
    fn endless_nesting_is_refused_without_deep_recursion() {
        let depth = if cfg!(miri) { 200 } else { 10_000 };
        let text = "data a size 0 align 1 { f: ".repeat(depth);
        assert!(text.parse::<Data>().is_err());
        assert!(vec!["["; depth].concat().parse::<Data>().is_err());
    }

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn descriptors_parse_back(data in datas(field_types())) {
            prop_assert_eq!(data.to_string().parse(), Ok(data));
        }

        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn no_text_panics_the_parser(text in "\\PC{0,80}|(data |enum |reserved |\\[|\\]|\\{|\\}|; |@|size |align |[a-z0-9.: ]){0,30}") {
            if let Ok(data) = text.parse::<Data>() {
                prop_assert_eq!(data.to_string(), text);
            }
        }

        #[test]
        fn a_type_differs_from_itself_in_nothing(data in datas(field_types())) {
            prop_assume!(names_are_distinct(&data));
            prop_assert_eq!(differences(&data.to_string(), &data.to_string()), Ok(vec![]));
        }
    }
}

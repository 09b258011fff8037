//! The opcodes of protocols 0 to 5, by the names that Python's `pickle` gives them, and what stands behind each in a stream.

/// What stands behind an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Nothing,
    /// An unsigned number of that many bytes, little-endian.
    Unsigned(u8),
    /// A signed number of four bytes, little-endian.
    Int,
    /// A float of eight bytes, big-endian.
    Float,
    /// A decimal number, up to a line break; `00` and `01` are `False` and `True`.
    DecimalLine,
    /// A decimal number that may have an `L` behind it, up to a line break.
    LongLine,
    /// A decimal float, up to a line break.
    FloatLine,
    /// A text between quotes, up to a line break.
    QuotedLine,
    /// Bytes up to a line break.
    Line,
    /// Two of those.
    TwoLines,
    /// Text with `\u` escapes, up to a line break.
    EscapedLine,
    /// A length of that many bytes, and as many bytes of a number in two's complement.
    Long(u8),
    /// A length of that many bytes, and as many bytes.
    Bytes(u8),
    /// A length of that many bytes, and as many bytes of UTF-8 in which surrogates may stand.
    Text(u8),
}

/// One opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode {
    /// The byte.
    pub code: u8,
    /// Python's name for it.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    /// The first protocol that has it.
    pub protocol: u8,
}

macro_rules! opcodes {
    ($($name:ident = $code:literal, $kind:expr, $protocol:literal;)*) => {
        $(
            #[doc = concat!("The opcode `", stringify!($name), "`.")]
            pub const $name: u8 = $code;
        )*

        /// Every opcode, by its byte.
        pub const OPCODES: &[Opcode] = &[
            $(Opcode { code: $code, name: stringify!($name), kind: $kind, protocol: $protocol },)*
        ];
    };
}

opcodes! {
    MARK = 0x28, Kind::Nothing, 0;
    EMPTY_TUPLE = 0x29, Kind::Nothing, 1;
    STOP = 0x2e, Kind::Nothing, 0;
    POP = 0x30, Kind::Nothing, 0;
    POP_MARK = 0x31, Kind::Nothing, 1;
    DUP = 0x32, Kind::Nothing, 0;
    BINBYTES = 0x42, Kind::Bytes(4), 3;
    SHORT_BINBYTES = 0x43, Kind::Bytes(1), 3;
    FLOAT = 0x46, Kind::FloatLine, 0;
    BINFLOAT = 0x47, Kind::Float, 1;
    INT = 0x49, Kind::DecimalLine, 0;
    BININT = 0x4a, Kind::Int, 1;
    BININT1 = 0x4b, Kind::Unsigned(1), 1;
    LONG = 0x4c, Kind::LongLine, 0;
    BININT2 = 0x4d, Kind::Unsigned(2), 1;
    NONE = 0x4e, Kind::Nothing, 0;
    PERSID = 0x50, Kind::Line, 0;
    BINPERSID = 0x51, Kind::Nothing, 1;
    REDUCE = 0x52, Kind::Nothing, 0;
    STRING = 0x53, Kind::QuotedLine, 0;
    BINSTRING = 0x54, Kind::Bytes(4), 1;
    SHORT_BINSTRING = 0x55, Kind::Bytes(1), 1;
    UNICODE = 0x56, Kind::EscapedLine, 0;
    BINUNICODE = 0x58, Kind::Text(4), 1;
    EMPTY_LIST = 0x5d, Kind::Nothing, 1;
    APPEND = 0x61, Kind::Nothing, 0;
    BUILD = 0x62, Kind::Nothing, 0;
    GLOBAL = 0x63, Kind::TwoLines, 0;
    DICT = 0x64, Kind::Nothing, 0;
    APPENDS = 0x65, Kind::Nothing, 1;
    GET = 0x67, Kind::DecimalLine, 0;
    BINGET = 0x68, Kind::Unsigned(1), 1;
    INST = 0x69, Kind::TwoLines, 0;
    LONG_BINGET = 0x6a, Kind::Unsigned(4), 1;
    LIST = 0x6c, Kind::Nothing, 0;
    OBJ = 0x6f, Kind::Nothing, 1;
    PUT = 0x70, Kind::DecimalLine, 0;
    BINPUT = 0x71, Kind::Unsigned(1), 1;
    LONG_BINPUT = 0x72, Kind::Unsigned(4), 1;
    SETITEM = 0x73, Kind::Nothing, 0;
    TUPLE = 0x74, Kind::Nothing, 0;
    SETITEMS = 0x75, Kind::Nothing, 1;
    EMPTY_DICT = 0x7d, Kind::Nothing, 1;
    PROTO = 0x80, Kind::Unsigned(1), 2;
    NEWOBJ = 0x81, Kind::Nothing, 2;
    EXT1 = 0x82, Kind::Unsigned(1), 2;
    EXT2 = 0x83, Kind::Unsigned(2), 2;
    EXT4 = 0x84, Kind::Int, 2;
    TUPLE1 = 0x85, Kind::Nothing, 2;
    TUPLE2 = 0x86, Kind::Nothing, 2;
    TUPLE3 = 0x87, Kind::Nothing, 2;
    NEWTRUE = 0x88, Kind::Nothing, 2;
    NEWFALSE = 0x89, Kind::Nothing, 2;
    LONG1 = 0x8a, Kind::Long(1), 2;
    LONG4 = 0x8b, Kind::Long(4), 2;
    SHORT_BINUNICODE = 0x8c, Kind::Text(1), 4;
    BINUNICODE8 = 0x8d, Kind::Text(8), 4;
    BINBYTES8 = 0x8e, Kind::Bytes(8), 4;
    EMPTY_SET = 0x8f, Kind::Nothing, 4;
    ADDITEMS = 0x90, Kind::Nothing, 4;
    FROZENSET = 0x91, Kind::Nothing, 4;
    NEWOBJ_EX = 0x92, Kind::Nothing, 4;
    STACK_GLOBAL = 0x93, Kind::Nothing, 4;
    MEMOIZE = 0x94, Kind::Nothing, 4;
    FRAME = 0x95, Kind::Unsigned(8), 4;
    BYTEARRAY8 = 0x96, Kind::Bytes(8), 5;
    NEXT_BUFFER = 0x97, Kind::Nothing, 5;
    READONLY_BUFFER = 0x98, Kind::Nothing, 5;
}

/// The opcode of a byte.
pub fn opcode(code: u8) -> Option<&'static Opcode> {
    OPCODES.binary_search_by_key(&code, |opcode| opcode.code).ok().map(|at| &OPCODES[at])
}

#[cfg(test)]
mod tests {
    use super::{OPCODES, opcode};

    #[test]
    fn the_table_is_in_order_so_that_every_opcode_is_found() {
        assert!(OPCODES.is_sorted_by(|left, right| left.code < right.code));
        for known in OPCODES {
            assert_eq!(opcode(known.code), Some(known));
        }
        assert_eq!((0..=255).filter(|code| opcode(*code).is_some()).count(), OPCODES.len());
    }
}

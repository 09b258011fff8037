//! Interfaces: the table that is called, and the text that describes it.
//!
//! A slot is a position and stays one for ever: methods are appended, never moved. `#[interface]` makes text and table;
//! the consumer compares the slots it needs, so that a provider may know more. Belongs to the type contract. Grammar:
//! `docs/spec/interface.md`.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ffi::c_void;
use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use crate::header::{Kind, RecordHeader};
use crate::judge::Record;
use crate::record::record;
use crate::types::data::{Data, FieldType, parse_data, parse_field};
use crate::types::parse::{Cursor, DescriptorError, MAX_DEPTH};
use crate::version::Version;

/// A table's magic and version.
pub const TABLE: Kind = Kind { magic: *b"ib.table", major: 1, minor: 0, sizes: &[24] };

record! {
    /// The head of an interface's table; `slots` function pointers follow it.
    ///
    /// A slot is `Option<unsafe extern "C" fn(this: *const c_void, …arguments…, out: *mut R, fault: *mut Fault) -> Status>`;
    /// `out` is written only with [`Status::OK`](crate::core::Status::OK).
    ///
    /// # ABI
    /// Frozen for ever. Lives in the provider's library until the process ends; read-only.
    #[derive(Clone, Copy, Debug)]
    pub struct TableHead [24, align 8, pod] {
        /// Magic [`TABLE`]; `struct_size` covers the slots.
        @0  "1.0" header: RecordHeader,
        /// How many slots follow.
        @16 "1.0" slots: u64,
    }
}

/// Reads a slot of a table.
///
/// # Safety
/// 1. The table is sound, and `slot` is below its `slots`.
pub unsafe fn slot_of(table: *const TableHead, slot: usize) -> *const c_void {
    // SAFETY: duty 1: the slots follow the head.
    let first = unsafe { table.add(1) }.cast::<*const c_void>();
    // SAFETY: duty 1.
    let at = unsafe { first.add(slot) };
    // SAFETY: duty 1; a function pointer or NULL, as wide as a data pointer on every target.
    unsafe { at.read() }
}

/// An interface, as its descriptor says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The shared name.
    pub name: String,
    /// True when only the thread that made the object may call.
    pub owner_thread: bool,
    /// In order of slots.
    pub methods: Vec<Method>,
}

/// A method of an [`Interface`]; its slot is its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The method's name.
    pub name: String,
    /// Arguments behind `&self`.
    pub arguments: Vec<ValueType>,
    /// What comes back.
    pub result: ValueType,
    /// True when the method itself returns `Result`.
    pub fails: bool,
    /// The interface's version that brought it, when not the first.
    pub since: Option<Version>,
    /// True when this side has a default body: the slot may be missing on the other.
    pub optional: bool,
}

/// What a method may take or return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `()`.
    Unit,
    /// A machine type, array or shared data by value.
    Field(FieldType),
    /// `&T` of shared data.
    Ref(Data),
    /// `&str`.
    Str,
    /// `String`.
    Text,
    /// `&[T]`.
    Slice(FieldType),
    /// `Vec<T>`.
    Vec(FieldType),
    /// `Option<T>`.
    Option(Box<ValueType>),
    /// A Python object, borrowed.
    ObjectRef,
    /// A Python object, owned.
    Object,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("unit"),
            Self::Field(field) => write!(f, "{field}"),
            Self::Ref(data) => write!(f, "ref {data}"),
            Self::Str => f.write_str("str"),
            Self::Text => f.write_str("string"),
            Self::Slice(element) => write!(f, "slice {element}"),
            Self::Vec(element) => write!(f, "vec {element}"),
            Self::Option(value) => write!(f, "option {value}"),
            Self::ObjectRef => f.write_str("objectref"),
            Self::Object => f.write_str("object"),
        }
    }
}

impl Method {
    /// Writes the signature without position, `since` and default: what two sides must agree on.
    pub fn signature(&self) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(ToString::to_string).collect();
        let fails = if self.fails { " fails" } else { "" };
        alloc::format!("({}) -> {}{fails}", arguments.join(", "), self.result)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thread = if self.owner_thread { "owner" } else { "any" };
        write!(f, "interface {} thread {thread} {{", self.name)?;
        for (slot, method) in self.methods.iter().enumerate() {
            let separator = if slot == 0 { "" } else { ";" };
            write!(f, "{separator} {slot} {}{}", method.name, method.signature())?;
            if let Some(since) = method.since {
                write!(f, " since {since}")?;
            }
            if method.optional {
                f.write_str(" optional")?;
            }
        }
        f.write_str(" }")
    }
}

impl FromStr for Interface {
    type Err = DescriptorError;

    fn from_str(text: &str) -> Result<Self, DescriptorError> {
        let mut cursor = Cursor::new(text);
        cursor.expect("interface ")?;
        let name = cursor.type_name()?;
        cursor.expect(" thread ")?;
        let owner_thread = cursor.eat("owner");
        if !owner_thread {
            cursor.expect("any")?;
        }
        cursor.expect(" {")?;
        let mut methods = Vec::new();
        while !cursor.eat(" }") {
            cursor.expect(if methods.is_empty() { " " } else { "; " })?;
            if cursor.number()? != methods.len() as u64 {
                return cursor.error("the next slot's number");
            }
            cursor.expect(" ")?;
            methods.push(parse_method(&mut cursor)?);
        }
        cursor.end()?;
        let interface = Self { name, owner_thread, methods };
        if interface.to_string() == text { Ok(interface) } else { cursor.error("the canonical form") }
    }
}

fn parse_method(cursor: &mut Cursor<'_>) -> Result<Method, DescriptorError> {
    let name = cursor.word()?;
    cursor.expect("(")?;
    let mut arguments = Vec::new();
    while !cursor.eat(") -> ") {
        if !arguments.is_empty() {
            cursor.expect(", ")?;
        }
        arguments.push(parse_value(cursor, 0)?);
    }
    let result = parse_value(cursor, 0)?;
    let fails = cursor.eat(" fails");
    let since = if cursor.eat(" since ") {
        let text = cursor.until(b" ;");
        Some(text.parse().or_else(|_| cursor.error("a version"))?)
    } else {
        None
    };
    Ok(Method { name, arguments, result, fails, since, optional: cursor.eat(" optional") })
}

fn parse_value(cursor: &mut Cursor<'_>, depth: u32) -> Result<ValueType, DescriptorError> {
    if depth > MAX_DEPTH {
        return cursor.error("at most 16 levels");
    }
    Ok(if cursor.eat("unit") {
        ValueType::Unit
    } else if cursor.eat("string") {
        ValueType::Text
    } else if cursor.eat("str") {
        ValueType::Str
    } else if cursor.eat("ref ") {
        ValueType::Ref(parse_data(cursor, depth + 1)?)
    } else if cursor.eat("slice ") {
        ValueType::Slice(parse_field(cursor, depth + 1)?)
    } else if cursor.eat("vec ") {
        ValueType::Vec(parse_field(cursor, depth + 1)?)
    } else if cursor.eat("option ") {
        ValueType::Option(Box::new(parse_value(cursor, depth + 1)?))
    } else if cursor.eat("objectref") {
        ValueType::ObjectRef
    } else if cursor.eat("object") {
        ValueType::Object
    } else {
        ValueType::Field(parse_field(cursor, depth + 1)?)
    })
}

// SAFETY: (1) the kind is this record's, as the assertions say; (2) as the table says.
unsafe impl Record for TableHead {
    const KIND: Kind = TABLE;
    const FUNCTIONS: Range<usize> = 0..0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::differences;
    use crate::types::data::tests::{field_types, words};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = ValueType> {
        let leaf = prop_oneof![
            Just(ValueType::Unit),
            Just(ValueType::Str),
            Just(ValueType::Text),
            Just(ValueType::Object),
            Just(ValueType::ObjectRef),
            field_types().prop_map(ValueType::Field),
            field_types().prop_map(ValueType::Slice),
            field_types().prop_map(ValueType::Vec),
        ];
        leaf.prop_recursive(2, 4, 1, |inner| inner.prop_map(|value| ValueType::Option(Box::new(value))))
    }

    prop_compose! {
        fn methods()(
            name in words(), arguments in prop::collection::vec(values(), 0..3), result in values(), fails: bool,
            since in prop::option::of((any::<u32>(), any::<u32>(), any::<u32>())), optional: bool,
        ) -> Method {
            let since = since.map(|(a, b, c)| Version::new(a, b, c));
            Method { name, arguments, result, fails, since, optional }
        }
    }

    prop_compose! {
        fn interfaces()(methods in prop::collection::vec(methods(), 0..4), owner_thread: bool) -> Interface {
            Interface { name: "org.frame.Series".to_string(), owner_thread, methods }
        }
    }

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn descriptors_parse_back(interface in interfaces()) {
            prop_assert_eq!(interface.to_string().parse(), Ok(interface));
        }

        #[test]
        fn an_interface_differs_from_itself_in_nothing(interface in interfaces()) {
            prop_assert_eq!(differences(&interface.to_string(), &interface.to_string()), Ok(alloc::vec![]));
        }

        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn no_text_panics_the_parser(text in "(interface a thread any \\{)?( [0-9] |\\(|\\) -> |option |vec |slice |ref |data |object|; | \\}|[a-z0-9]){0,24}") {
            if let Ok(interface) = text.parse::<Interface>() {
                prop_assert_eq!(interface.to_string(), text);
            }
        }
    }
}

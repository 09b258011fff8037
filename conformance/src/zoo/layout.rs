//! Places fields as `repr(C)` does, and refuses what the derive would refuse: a hole that no field names.
//! A second opinion on the compiler's offsets, since the generated Rust asserts them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ZooType;
use crate::error::{Error, Result};

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fixed-width number: its Rust name and size.
    Number(&'static str, usize),
    /// `bool`.
    Bool,
    /// `char`.
    Char,
    /// A C-like enum of one byte.
    Enum(String, Vec<u8>),
    /// Bytes that are written as zero and never read.
    Reserved(usize),
    /// `[kind; n]`.
    Array(Box<Kind>, usize),
    /// Another type of the zoo: its Rust name and layout.
    Nested(String, Layout),
}

/// A field at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name.
    pub name: String,
    /// Where it starts.
    pub offset: usize,
    /// What it holds.
    pub kind: Kind,
}

/// Fields in order, size and alignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The fields.
    pub fields: Vec<Field>,
    /// Size in bytes.
    pub size: usize,
    /// Alignment in bytes.
    pub align: usize,
    /// The alignment that was asked for, if the fields alone give less.
    pub raised: Option<usize>,
}

/// The smallest piece that has a value of its own.
pub struct Leaf {
    path: String,
    offset: usize,
    kind: Kind,
}

impl Kind {
    fn parse(
        text: &str,
        earlier: &[ZooType],
        enums: &BTreeMap<String, Vec<(String, u8)>>,
    ) -> std::result::Result<Self, String> {
        const NUMBERS: &[(&str, usize)] = &[
            ("u8", 1),
            ("i8", 1),
            ("u16", 2),
            ("i16", 2),
            ("u32", 4),
            ("i32", 4),
            ("u64", 8),
            ("i64", 8),
            ("f32", 4),
            ("f64", 8),
        ];
        if let Some(&(name, size)) = NUMBERS.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Number(name, size));
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let (kind, count) =
                inner.split_once(';').ok_or_else(|| format!("`{text}`: write `[kind; n]`"))?;
            let count = count.trim().parse().map_err(|_| format!("`{text}`: `n` is a number"))?;
            return Ok(Self::Array(Box::new(Self::parse(kind.trim(), earlier, enums)?), count));
        }
        if let Some(count) = text.strip_prefix("reserved:") {
            return count.parse().map(Self::Reserved).map_err(|_| format!("`{text}`: write `reserved:<n>`"));
        }
        if let Some(name) = text.strip_prefix("enum:") {
            let variants = enums.get(name).ok_or_else(|| format!("`{text}`: add it to `enums`"))?;
            return Ok(Self::Enum(name.to_owned(), variants.iter().map(|(_, value)| *value).collect()));
        }
        match text {
            "bool" => Ok(Self::Bool),
            "char" => Ok(Self::Char),
            id => match earlier.iter().find(|t| t.id == id) {
                Some(t) => Ok(Self::Nested(t.rust.clone(), t.layout.clone())),
                None => Err(format!("`{text}` is no field kind")),
            },
        }
    }

    /// Size in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Number(_, size) => *size,
            Self::Bool | Self::Enum(..) => 1,
            Self::Char => 4,
            Self::Reserved(count) => *count,
            Self::Array(kind, count) => kind.size() * count,
            Self::Nested(_, layout) => layout.size,
        }
    }

    fn align(&self) -> usize {
        match self {
            Self::Reserved(_) => 1,
            Self::Array(kind, _) => kind.align(),
            Self::Nested(_, layout) => layout.align,
            other => other.size(),
        }
    }

    fn leaves(&self, path: String, offset: usize, into: &mut Vec<Leaf>) {
        match self {
            Self::Array(kind, count) => {
                for index in 0..*count {
                    kind.leaves(format!("{path}[{index}]"), offset + index * kind.size(), into);
                }
            }
            Self::Nested(_, layout) => {
                for field in &layout.fields {
                    field.kind.leaves(format!("{path}.{}", field.name), offset + field.offset, into);
                }
            }
            leaf => into.push(Leaf { path, offset, kind: leaf.clone() }),
        }
    }
}

impl Layout {
    pub(super) fn place(
        id: &str,
        fields: &[(String, String)],
        raised: Option<usize>,
        earlier: &[ZooType],
        enums: &BTreeMap<String, Vec<(String, u8)>>,
    ) -> Result<Self> {
        let mut placed = Vec::new();
        let (mut end, mut align) = (0, raised.unwrap_or(1));
        for (name, text) in fields {
            let kind = Kind::parse(text, earlier, enums)
                .map_err(|what| Error::word(id, format!("a type: {what}")))?;
            if end % kind.align() != 0 {
                return Err(Error::word(
                    id,
                    format!("free of holes: put `reserved:<n>` before `{name}` at {end}"),
                ));
            }
            align = align.max(kind.align());
            placed.push(Field { name: name.clone(), offset: end, kind });
            end += placed.last().map_or(0, |field| field.kind.size());
        }
        if end % align != 0 {
            return Err(Error::word(
                id,
                format!("free of holes: end it with `reserved:{}`", align - end % align),
            ));
        }
        Ok(Self { fields: placed, size: end, align, raised })
    }

    /// The leaves in order.
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut into = Vec::new();
        for field in &self.fields {
            field.kind.leaves(field.name.clone(), field.offset, &mut into);
        }
        into
    }

    pub(super) fn for_child(&self) -> Value {
        let leaves: Vec<Value> = self
            .leaves()
            .into_iter()
            .map(|Leaf { path, offset, kind }| {
                let (word, values) = match &kind {
                    Kind::Number(name, _) if name.starts_with('f') => ("float", json!(null)),
                    Kind::Bool => ("bool", json!([0, 1])),
                    Kind::Char => ("char", json!(null)),
                    Kind::Enum(_, values) => ("enum", json!(values)),
                    Kind::Reserved(_) => ("reserved", json!(null)),
                    _ => ("int", json!(null)),
                };
                json!({ "path": path, "offset": offset, "size": kind.size(), "kind": word, "values": values })
            })
            .collect();
        let fields: Vec<Value> = self
            .fields
            .iter()
            .filter(|f| !matches!(f.kind, Kind::Reserved(_)))
            .map(|f| json!({ "name": f.name, "offset": f.offset, "size": f.kind.size() }))
            .collect();
        json!({ "size": self.size, "align": self.align, "leaves": leaves, "fields": fields })
    }
}

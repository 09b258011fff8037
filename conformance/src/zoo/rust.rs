//! Writes the zoo as Rust. Participants say `include!(env!("ZOO_RS"))` and get, per type, the declaration,
//! its offsets asserted, and `ZooType`: bytes in, bytes out, by safe code alone. `with_zoo!(m)` calls
//! `m! { Point2d "point2d" ^1.2; … }`, so that no participant lists the types by hand.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::{Kind, Zoo, ZooType};

/// Whose attributes the declarations carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// `repr(C)` and nothing else.
    #[default]
    Plain,
    /// With `#[derive(interbind::Shared)]` and `interbind::Reserved`.
    Interbind,
}

const HEAD: &str = "// Generated from zoo.toml; edit that.

/// Bytes in, bytes out: what the conformance surface passes around.
#[allow(dead_code)]
pub trait ZooType: Copy + 'static {
    /// The name in the zoo.
    const ID: &'static str;
    /// Name, offset and size of each field.
    const FIELDS: &'static [(&'static str, usize, usize)];
    /// Reads the fields one by one; `None` when the length is wrong or a value is not one of its kind's.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Writes the fields one by one; reserved bytes are zero.
    fn to_bytes(&self) -> Vec<u8>;
}
";

/// The declarations as one file's text.
pub fn declare(zoo: &Zoo, dialect: Dialect) -> String {
    let mut text = format!(
        "{HEAD}\n/// Which mutation of the zoo this is.\n#[allow(dead_code)]\npub const ZOO_MUTATION: &str = \"{}\";\n",
        zoo.mutation
    );
    for kind in &zoo.types {
        declare_type(&mut text, kind, dialect);
    }
    text.push_str("\n#[allow(unused_macros)]\nmacro_rules! with_zoo {\n    ($with:ident) => { $with! {");
    for kind in &zoo.types {
        _ = write!(text, " {} \"{}\" ^{};", kind.rust, kind.id, kind.requires);
    }
    text.push_str(" } };\n}\n");
    text
}

fn declare_type(text: &mut String, kind: &ZooType, dialect: Dialect) {
    let derive = match dialect {
        Dialect::Plain => "Clone, Copy",
        Dialect::Interbind => "Clone, Copy, ::interbind::Shared",
    };
    for (name, variants) in &kind.enums {
        _ = writeln!(text, "\n#[derive({derive})]\n#[repr(u8)]\npub enum {name} {{");
        for (variant, value) in variants {
            _ = writeln!(text, "    {variant} = {value},");
        }
        text.push_str("}\n");
    }
    _ = writeln!(text, "\n#[derive({derive})]");
    if dialect == Dialect::Interbind {
        _ = writeln!(text, "#[shared(name = \"{}\", version = \"{}\")]", kind.name(), kind.version);
    }
    match kind.layout.raised {
        Some(align) => _ = writeln!(text, "#[repr(C, align({align}))]"),
        None => text.push_str("#[repr(C)]\n"),
    }
    _ = writeln!(text, "pub struct {} {{", kind.rust);
    for field in &kind.layout.fields {
        _ = writeln!(text, "    pub {}: {},", field.name, spell(&field.kind, dialect));
    }
    text.push_str("}\n");
    _ = writeln!(text, "const _: () = {{");
    _ = writeln!(text, "    assert!(core::mem::size_of::<{}>() == {});", kind.rust, kind.layout.size);
    _ = writeln!(text, "    assert!(core::mem::align_of::<{}>() == {});", kind.rust, kind.layout.align);
    for field in &kind.layout.fields {
        _ = writeln!(
            text,
            "    assert!(core::mem::offset_of!({}, {}) == {});",
            kind.rust, field.name, field.offset
        );
    }
    text.push_str("};\n");
    _ = writeln!(text, "impl ZooType for {} {{\n    const ID: &'static str = \"{}\";", kind.rust, kind.id);
    text.push_str("    const FIELDS: &'static [(&'static str, usize, usize)] = &[");
    for field in &kind.layout.fields {
        _ = write!(text, "(\"{}\", {}, {}), ", field.name, field.offset, field.kind.size());
    }
    text.push_str("];\n    fn from_bytes(bytes: &[u8]) -> Option<Self> {\n");
    _ = writeln!(
        text,
        "        if bytes.len() != {} {{\n            return None;\n        }}\n        Some(Self {{",
        kind.layout.size
    );
    for field in &kind.layout.fields {
        _ = writeln!(
            text,
            "            {}: {},",
            field.name,
            decode(&field.kind, kind, &field.offset.to_string())
        );
    }
    text.push_str("        })\n    }\n    fn to_bytes(&self) -> Vec<u8> {\n        let mut out: Vec<u8> = Vec::new();\n");
    for field in &kind.layout.fields {
        _ = writeln!(text, "        {}", encode(&field.kind, &format!("self.{}", field.name)));
    }
    text.push_str("        out\n    }\n}\n");
}

fn spell(kind: &Kind, dialect: Dialect) -> String {
    match (kind, dialect) {
        (Kind::Number(name, _), _) => (*name).to_owned(),
        (Kind::Bool, _) => "bool".to_owned(),
        (Kind::Char, _) => "char".to_owned(),
        (Kind::Enum(name, _) | Kind::Nested(name, _), _) => name.clone(),
        (Kind::Reserved(count), Dialect::Plain) => format!("[u8; {count}]"),
        (Kind::Reserved(count), Dialect::Interbind) => format!("::interbind::Reserved<{count}>"),
        (Kind::Array(inner, count), _) => format!("[{}; {count}]", spell(inner, dialect)),
    }
}

/// An expression for the value that starts at byte `at` (an expression too) of `bytes`.
fn decode(kind: &Kind, owner: &ZooType, at: &str) -> String {
    match kind {
        Kind::Number(name, size) => {
            format!("{name}::from_ne_bytes(bytes.get({at}..{at} + {size})?.try_into().ok()?)")
        }
        Kind::Bool => format!("match bytes[{at}] {{ 0 => false, 1 => true, _ => return None }}"),
        Kind::Char => {
            format!("char::from_u32(u32::from_ne_bytes(bytes.get({at}..{at} + 4)?.try_into().ok()?))?")
        }
        Kind::Enum(name, _) => {
            let variants = owner.enums.get(name).map_or(&[] as &[_], Vec::as_slice);
            let arms: Vec<String> =
                variants.iter().map(|(v, value)| format!("{value} => {name}::{v}")).collect();
            format!("match bytes[{at}] {{ {}, _ => return None }}", arms.join(", "))
        }
        Kind::Reserved(_) => "Default::default()".to_owned(),
        Kind::Array(inner, count) => {
            let items: Vec<String> =
                (0..*count).map(|i| decode(inner, owner, &format!("{at} + {}", i * inner.size()))).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Nested(name, layout) => {
            format!("{name}::from_bytes(bytes.get({at}..{at} + {})?)?", layout.size)
        }
    }
}

fn encode(kind: &Kind, place: &str) -> String {
    match kind {
        Kind::Number(..) => format!("out.extend({place}.to_ne_bytes());"),
        Kind::Bool | Kind::Enum(..) => format!("out.push({place} as u8);"),
        Kind::Char => format!("out.extend(({place} as u32).to_ne_bytes());"),
        Kind::Reserved(count) => format!("out.extend([0; {count}]);"),
        Kind::Array(inner, count) => {
            (0..*count).map(|i| encode(inner, &format!("{place}[{i}]"))).collect::<Vec<_>>().join(" ")
        }
        Kind::Nested(..) => format!("out.extend(ZooType::to_bytes(&{place}));"),
    }
}

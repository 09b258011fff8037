//! Writes the zoo as C++. Participants say `#include ZOO_HPP` and get, per type, the declaration with its size and offsets
//! asserted, and `zoo::About<T>`: id, shared name, version, what a consumer asks for, fields, and the canonical descriptor.
//! `WITH_ZOO(m)` calls `m(Point2d)` for each.

use std::fmt::Write;

use interbind_abi::types::data::{Data, DataField, FieldType, Scalar};

use super::{Kind, Zoo, ZooType};

const HEAD: &str = "// Generated from zoo.toml; edit that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zoo {

// Where a field is.
struct Field {
    const char *name;
    std::size_t offset, size;
};

// What is said of a type.
template <class T> struct About;
";

/// The declarations as one file's text.
pub fn declare(zoo: &Zoo) -> String {
    let mut text = format!(
        "{HEAD}\n// Which mutation of the zoo this is.\nconstexpr char MUTATION[] = \"{}\";\n",
        zoo.mutation
    );
    for kind in &zoo.types {
        declare_type(&mut text, zoo, kind);
    }
    text.push_str("\n} // namespace zoo\n\n#define WITH_ZOO(m)");
    for kind in &zoo.types {
        _ = write!(text, " m({})", kind.rust);
    }
    text.push('\n');
    text
}

fn declare_type(text: &mut String, zoo: &Zoo, kind: &ZooType) {
    let name = &kind.rust;
    for (name, variants) in &kind.enums {
        let variants: Vec<String> =
            variants.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        _ = writeln!(text, "\nenum class {name} : std::uint8_t {{ {} }};", variants.join(", "));
    }
    let raised = kind.layout.raised.map_or(String::new(), |align| format!("alignas({align}) "));
    _ = writeln!(text, "\nstruct {raised}{name} {{");
    for field in &kind.layout.fields {
        let (spelled, count) = spell(&field.kind);
        _ = writeln!(text, "    {spelled} {}{count};", field.name);
    }
    text.push_str("};\n");
    _ = writeln!(
        text,
        "static_assert(sizeof({name}) == {} && alignof({name}) == {});",
        kind.layout.size, kind.layout.align
    );
    for field in &kind.layout.fields {
        _ = writeln!(text, "static_assert(offsetof({name}, {}) == {});", field.name, field.offset);
    }
    let fields: Vec<String> = kind
        .layout
        .fields
        .iter()
        .map(|field| format!("{{\"{}\", {}, {}}}", field.name, field.offset, field.kind.size()))
        .collect();
    let (major, minor) = kind.requires.split_once('.').unwrap_or((&kind.requires, "0"));
    _ = writeln!(
        text,
        "template <> struct About<{name}> {{\n    static constexpr char id[] = \"{}\", name[] = \"{}\", version[] = \"{}\";\n    \
         static constexpr std::uint32_t major = {major}, minor = {minor};\n    \
         static constexpr Field fields[] = {{{}}};\n    \
         static constexpr char descriptor[] = \"{}\";\n}};",
        kind.id,
        kind.name(),
        kind.version,
        fields.join(", "),
        data(zoo, kind)
    );
}

/// A field's type, and what stands behind its name.
fn spell(kind: &Kind) -> (String, String) {
    match kind {
        Kind::Number("f32", _) => ("float".to_owned(), String::new()),
        Kind::Number("f64", _) => ("double".to_owned(), String::new()),
        Kind::Number(name, size) => {
            let sign = if name.starts_with('u') { "u" } else { "" };
            (format!("std::{sign}int{}_t", size * 8), String::new())
        }
        Kind::Bool => ("bool".to_owned(), String::new()),
        Kind::Char => ("char32_t".to_owned(), String::new()),
        Kind::Enum(name, _) | Kind::Nested(name, _) => (name.clone(), String::new()),
        Kind::Reserved(count) => ("std::uint8_t".to_owned(), format!("[{count}]")),
        Kind::Array(inner, count) => {
            let (spelled, more) = spell(inner);
            (spelled, format!("[{count}]{more}"))
        }
    }
}

/// The type as its descriptor says it.
fn data(zoo: &Zoo, kind: &ZooType) -> Data {
    let fields = kind.layout.fields.iter().map(|field| DataField {
        name: field.name.clone(),
        ty: describe(zoo, kind, &field.kind),
        offset: field.offset as u64,
    });
    Data {
        name: kind.name(),
        size: kind.layout.size as u64,
        align: kind.layout.align as u64,
        fields: fields.collect(),
    }
}

fn describe(zoo: &Zoo, owner: &ZooType, kind: &Kind) -> FieldType {
    let scalar = |word: &str| {
        let found = Scalar::ALL.iter().find(|scalar| scalar.word() == word);
        FieldType::Scalar(*found.expect("the zoo's words are the abi's"))
    };
    match kind {
        Kind::Number(word, _) => scalar(word),
        Kind::Bool => scalar("bool"),
        Kind::Char => scalar("char"),
        Kind::Reserved(count) => FieldType::Reserved(*count as u64),
        Kind::Array(inner, count) => FieldType::Array(Box::new(describe(zoo, owner, inner)), *count as u64),
        Kind::Enum(name, _) => {
            let variants = owner.enums.get(name).into_iter().flatten();
            FieldType::Enum(
                Scalar::U8,
                variants.map(|(name, value)| (name.clone(), i64::from(*value))).collect(),
            )
        }
        Kind::Nested(name, _) => {
            let inner = zoo.types.iter().find(|other| other.rust == *name);
            FieldType::Data(data(zoo, inner.expect("a type holds earlier ones only")))
        }
    }
}

//! The functions of the frozen records as the specification shows them: C, with the names that the records have in Rust.
//!
//! Read from the sources of `abi/`, as the header is, for `tests/docs.rs`. The specification writes the type of a function that
//! is passed where it is used, so here names of such types are replaced by what they stand for.

use std::collections::BTreeMap;

use syn::{GenericArgument, Item, PathArguments, Type, TypeBareFn};

use super::ctype::Names;
use super::{RECORDS, Record, SOURCES, parse};

/// What the specification calls the types that are no records.
const OTHERS: &[(&str, &str)] = &[
    ("Status", "int32_t"),
    ("Object", "PyObject"),
    ("TypeList", "TypeList"),
    ("TypeKey", "TypeKey"),
    // Python's own name.
    ("VisitObject", "visitproc"),
];

/// Every function of every record: record and field, and its prototype.
///
/// # Panics
/// When a source can't be read, or holds a form that the header's generator doesn't know.
pub fn prototypes() -> BTreeMap<(String, String), String> {
    let files: Vec<_> = SOURCES.iter().map(|path| parse(path)).collect();
    let items = || files.iter().flat_map(|file| &file.items);
    let mut names = Names::default();
    RECORDS.iter().for_each(|(rust, _)| names.add(rust, rust));
    OTHERS.iter().for_each(|(rust, c)| names.add(rust, c));
    let mut passed = BTreeMap::new();
    for item in items() {
        let Item::Type(alias) = item else { continue };
        if let Type::BareFn(function) = &*alias.ty {
            passed.insert(alias.ident.to_string(), function.clone());
        }
    }
    passed.retain(|name, _| OTHERS.iter().all(|(other, _)| other != name));

    let mut found = BTreeMap::new();
    for item in items() {
        let Item::Macro(call) = item else { continue };
        if !call.mac.path.is_ident("record") {
            continue;
        }
        let record: Record = call.mac.parse_body().expect("a `record!` list");
        for field in &record.fields {
            let name = field.name.to_string();
            if let Type::BareFn(function) = spelled_out(&field.ty, &passed) {
                let prototype = names.function(&function, &name);
                found.insert((record.name.to_string(), name), prototype);
            }
        }
    }
    found
}

/// A type with the types of functions in it written out. What may be NULL is what it is otherwise.
fn spelled_out(ty: &Type, passed: &BTreeMap<String, TypeBareFn>) -> Type {
    match ty {
        Type::BareFn(function) => {
            let mut function = function.clone();
            function.inputs.iter_mut().for_each(|argument| argument.ty = spelled_out(&argument.ty, passed));
            Type::BareFn(function)
        }
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a name");
            match (&last.arguments, passed.get(&last.ident.to_string())) {
                (_, Some(function)) => spelled_out(&Type::BareFn(function.clone()), passed),
                (PathArguments::AngleBracketed(of), None) if last.ident == "Option" => {
                    match of.args.first() {
                        Some(GenericArgument::Type(inner)) => spelled_out(inner, passed),
                        _ => ty.clone(),
                    }
                }
                _ => ty.clone(),
            }
        }
        _ => ty.clone(),
    }
}

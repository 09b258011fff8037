//! Python modules made from the schemas: a frozen dataclass for each object, a `Literal` for each set of words. What
//! several documents have in common stands in `facts`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The module with what is shared, and the one of each command.
const FACTS: &str = "facts";
const MODULES: &[(&str, &str, &str)] = &[
    (
        "inspect",
        FACTS,
        "What is known of files: the classes of `interbind.inspect`, and those that the others share.",
    ),
    ("check", "checks", "Whether modules can share: the classes of `interbind.check`."),
    ("doctor", "environments", "A whole environment: the classes of `interbind.doctor`."),
    ("explain", "explanations", "What a text means: the classes of `interbind.explain`."),
    ("diff", "diffs", "What changed: the classes of `interbind.diff`."),
];

/// The class of a document's root.
const ROOTS: &[(&str, &str)] = &[
    ("inspect", "Inspection"),
    ("check", "Checks"),
    ("doctor", "Environment"),
    ("explain", "Explanation"),
    ("diff", "Diff"),
];

/// Files and their texts.
pub fn modules(schemas: &[(&str, Value)]) -> Vec<(String, String)> {
    let facts = definitions("inspect", schemas);
    // What two documents say of one name in the same way is one class.
    let mut common: BTreeMap<String, Value> = facts.clone();
    let mut times: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (command, _) in schemas {
        for (name, schema) in definitions(command, schemas) {
            times.entry(name).or_default().push(schema);
        }
    }
    for (name, all) in &times {
        if all.len() > 1 && all.windows(2).all(|two| two[0] == two[1]) {
            common.entry(name.clone()).or_insert_with(|| all[0].clone());
        }
    }
    let mut out = Vec::new();
    for (command, _) in schemas {
        let (_, module, doc) = MODULES.iter().find(|(name, ..)| name == command).expect("a module for each");
        let own = if *command == "inspect" {
            common.clone()
        } else {
            let own = definitions(command, schemas).into_iter();
            own.filter(|(name, schema)| common.get(name) != Some(schema)).collect()
        };
        out.push((
            format!("{module}.py"),
            write(doc, &own, if *module == FACTS { None } else { Some(&common) }),
        ));
    }
    out
}

/// A document's definitions, its root among them.
fn definitions(command: &str, schemas: &[(&str, Value)]) -> BTreeMap<String, Value> {
    let Some((_, schema)) = schemas.iter().find(|(name, _)| *name == command) else { return BTreeMap::new() };
    let root = ROOTS.iter().find(|(name, _)| *name == command).expect("a class for each").1;
    let defs = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut all: BTreeMap<_, _> = defs.into_iter().collect();
    let mut schema = schema.clone();
    let fields = schema.as_object_mut().expect("an object");
    fields.retain(|key, _| ["description", "type", "properties", "required"].contains(&key.as_str()));
    all.insert(root.to_owned(), schema);
    all
}

fn write(doc: &str, own: &BTreeMap<String, Value>, common: Option<&BTreeMap<String, Value>>) -> String {
    let (mut body, mut used) = (String::new(), BTreeSet::new());
    let names = ordered(own);
    let mut all = Vec::new();
    let mut generic = false;
    for name in &names {
        let schema = &own[name];
        let (class, parameter) = split(name);
        if parameter.is_some() {
            // One class for all of them.
            if generic {
                continue;
            }
            generic = true;
        }
        all.push(class.to_owned());
        body += "\n\n";
        body += &match words(schema) {
            Some(words) => literal(class, schema, &words),
            None => class_of(class, parameter, schema, &mut used),
        };
    }
    let imported: Vec<_> = match common {
        None => Vec::new(),
        Some(common) => {
            let known: BTreeSet<_> = common.keys().map(|name| split(name).0).collect();
            used.iter()
                .map(String::as_str)
                .filter(|name| known.contains(name) && !all.iter().any(|own| own == name))
                .collect()
        }
    };
    all.sort();
    let exports: String = all.iter().map(|name| format!("    \"{name}\",\n")).collect();
    let mut out = format!(
        "\"\"\"{doc}\n\nMade from the published schemas by `cargo test -p interbind-cli --test published`; not to be edited.\n\"\"\"\n\n\
         from __future__ import annotations\n\nfrom dataclasses import dataclass\n"
    );
    let mut typing = Vec::new();
    if generic {
        typing.push("Generic");
    }
    if body.contains("Literal[") {
        typing.push("Literal");
    }
    for (word, needle) in [("Mapping", "Mapping["), ("Optional", "Optional["), ("Tuple", "Tuple[")] {
        if body.contains(needle) {
            typing.push(word);
        }
    }
    if generic {
        typing.push("TypeVar");
    }
    if !typing.is_empty() {
        out += &format!("from typing import {}\n", typing.join(", "));
    }
    if !imported.is_empty() {
        out += &format!("\nfrom .facts import {}\n", imported.join(", "));
    }
    out += &format!("\n__all__ = [\n{exports}]\n");
    if generic {
        out += "\nT = TypeVar(\"T\")\n";
    }
    out + &body
}

/// Definitions so that each stands behind what its fields name: it reads better, and nothing is quoted.
fn ordered(own: &BTreeMap<String, Value>) -> Vec<String> {
    fn visit(name: &str, own: &BTreeMap<String, Value>, done: &mut Vec<String>, open: &mut BTreeSet<String>) {
        if done.iter().any(|other| other == name) || !open.insert(name.to_owned()) {
            return;
        }
        let Some(schema) = own.get(name) else { return };
        for other in references(schema) {
            visit(&other, own, done, open);
        }
        done.push(name.to_owned());
    }
    let (mut done, mut open) = (Vec::new(), BTreeSet::new());
    for name in own.keys() {
        visit(name, own, &mut done, &mut open);
    }
    done
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => vec![target.trim_start_matches("#/$defs/").to_owned()],
                _ => references(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// `Claim_of_Versions` is `Claim`, of `Versions`.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once("_of_").map_or((name, None), |(class, parameter)| (class, Some(parameter)))
}

/// The words of a set of them.
fn words(schema: &Value) -> Option<Vec<(String, String)>> {
    if let Some(list) = schema["enum"].as_array() {
        return Some(
            list.iter().filter_map(|word| Some((word.as_str()?.to_owned(), String::new()))).collect(),
        );
    }
    let list = schema["oneOf"].as_array()?;
    let mut out = Vec::new();
    for one in list {
        let doc = one["description"].as_str().unwrap_or_default().to_owned();
        match (one["const"].as_str(), one["enum"].as_array()) {
            (Some(word), _) => out.push((word.to_owned(), doc)),
            (None, Some(list)) => {
                out.extend(list.iter().filter_map(|word| Some((word.as_str()?.to_owned(), String::new()))))
            }
            (None, None) => return None,
        }
    }
    Some(out)
}

fn literal(class: &str, schema: &Value, words: &[(String, String)]) -> String {
    let mut out = format!("{class} = Literal[\n");
    for (word, doc) in words {
        let doc = if doc.is_empty() { String::new() } else { format!("  # {}", one_line(doc)) };
        out += &format!("    \"{word}\",{doc}\n");
    }
    out += "]\n";
    match schema["description"].as_str() {
        Some(doc) => format!("{out}\"\"\"{}\"\"\"\n", one_line(doc)),
        None => out,
    }
}

fn class_of(class: &str, parameter: Option<&str>, schema: &Value, used: &mut BTreeSet<String>) -> String {
    let base = if parameter.is_some() { "(Generic[T])" } else { "" };
    let mut out = format!("@dataclass(frozen=True)\nclass {class}{base}:\n");
    let doc = schema["description"].as_str().unwrap_or_default();
    out += &format!("    \"\"\"{}\"\"\"\n", one_line(doc));
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let empty = serde_json::Map::new();
    let fields = schema["properties"].as_object().unwrap_or(&empty);
    // Those without a default come first.
    let (first, rest): (Vec<_>, Vec<_>) =
        fields.iter().partition(|(name, _)| required.contains(name.as_str()));
    for (name, field) in first.iter().chain(&rest) {
        let mut kind = type_of(field, used);
        if let Some(parameter) = parameter.filter(|_| name.as_str() == "value") {
            kind = kind.replace(&python_name(parameter, used), "T");
        }
        let default = if required.contains(name.as_str()) {
            String::new()
        } else if kind.starts_with("Tuple[") {
            " = ()".to_owned()
        } else if kind == "bool" {
            " = False".to_owned()
        } else if kind == "str" {
            " = \"\"".to_owned()
        } else {
            // Also of a mapping: nothing that could be changed by accident.
            if !kind.starts_with("Optional[") {
                kind = format!("Optional[{kind}]");
            }
            " = None".to_owned()
        };
        out += &format!("\n    {}: {kind}{default}\n", attribute(name));
        if let Some(doc) = field["description"].as_str() {
            out += &format!("    \"\"\"{}\"\"\"\n", one_line(doc));
        }
    }
    out
}

/// A field's name as Python can write it.
fn attribute(name: &str) -> String {
    const TAKEN: &[&str] = &["in", "is", "from", "class", "def", "global", "import", "pass"];
    let name = name.replace('-', "_");
    if TAKEN.contains(&name.as_str()) { format!("{name}_") } else { name }
}

fn python_name(name: &str, used: &mut BTreeSet<String>) -> String {
    match name {
        "string" => "str".to_owned(),
        "boolean" => "bool".to_owned(),
        name if name.starts_with("uint") || name.starts_with("int") => "int".to_owned(),
        name => {
            let (class, parameter) = split(name);
            used.insert(class.to_owned());
            match parameter {
                Some(parameter) => format!("{class}[{}]", python_name(parameter, used)),
                None => class.to_owned(),
            }
        }
    }
}

fn type_of(field: &Value, used: &mut BTreeSet<String>) -> String {
    if let Some(target) = field["$ref"].as_str() {
        return python_name(target.trim_start_matches("#/$defs/"), used);
    }
    if let Some(any) = field["anyOf"].as_array() {
        let one = any.iter().find(|one| one["type"] != "null").expect("one that isn't null");
        return format!("Optional[{}]", type_of(one, used));
    }
    let (kind, optional) = match &field["type"] {
        Value::String(kind) => (kind.clone(), false),
        Value::Array(kinds) => {
            let kind = kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").expect("a type");
            (kind.to_owned(), true)
        }
        other => panic!("a field has a type: {other} in {field}"),
    };
    let name = match kind.as_str() {
        "string" => "str".to_owned(),
        "boolean" => "bool".to_owned(),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "array" => format!("Tuple[{}, ...]", type_of(&field["items"], used)),
        "object" => format!("Mapping[str, {}]", type_of(&field["additionalProperties"], used)),
        other => panic!("a type Python has a name for: {other}"),
    };
    if optional { format!("Optional[{name}]") } else { name }
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "\\\\").replace("\"\"\"", "'''")
}

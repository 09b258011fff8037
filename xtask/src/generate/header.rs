//! Writes `interbind/abi.h`: the frozen records, their constants and the reasons, as C reads them.
//!
//! `tests/c_headers.rs` has the C compilers read the same offsets on every machine. cbindgen was tried: it sees through the `record!` lists only with a nightly compiler, knows no `AtomicPtr<T>`
//! and drops what a kind is (magic, version, sizes). Names, texts and types come from the sources of `abi/`; offsets and
//! sizes come from the compiled records, so a slip here is an error of the C compiler or of the assertions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use interbind_abi::{FROZEN, Reason};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Ident, Item, ItemConst, Lit, LitInt, LitStr, Meta, ReturnType, Token, Type};

use crate::repository;

mod ctype;
mod prototypes;

use self::ctype::Names;
pub use self::prototypes::prototypes;

/// Where records, kinds, constants and types of functions are declared, in the order in which C needs them.
const SOURCES: &[&str] = &[
    "text.rs",
    "header.rs",
    "keys.rs",
    "core.rs",
    "owner.rs",
    "services/head.rs",
    "types/registry.rs",
    "types/record.rs",
    "types/native.rs",
    "services/instances.rs",
    "services/userdata.rs",
    "services/exceptions.rs",
    "services/functions.rs",
    "runtime.rs",
    "interface.rs",
    "values.rs",
];

/// What C calls a record.
const RECORDS: &[(&str, &str)] = &[
    ("Str", "str"),
    ("RecordHeader", "record_header"),
    ("CoreHead", "core_head"),
    ("CoreRecord", "core"),
    ("OwnerRecord", "owner"),
    ("ServiceHead", "service_head"),
    ("TypesService", "types_service"),
    ("TypeCounts", "type_counts"),
    ("TypeRecord", "type_record"),
    ("Base", "base"),
    ("InstancesService", "instances_service"),
    ("InstanceCounts", "instance_counts"),
    ("UserdataService", "userdata_service"),
    ("ExceptionsService", "exceptions_service"),
    ("Translator", "translator"),
    ("FunctionsService", "functions_service"),
    ("FunctionClass", "function_class"),
    ("FunctionRecord", "function_record"),
    ("Overload", "overload"),
    ("Parameter", "parameter"),
    ("NativeEntry", "native_entry"),
    ("Runtime", "runtime"),
    ("Expectation", "expectation"),
    // `refuse.h` has an `interbind_refusal` of its own: one in the making.
    ("Refusal", "refusal_record"),
    ("TableHead", "table_head"),
    ("Slice", "slice"),
    ("Owned", "owned"),
    ("Fault", "fault"),
];

/// Which record a kind is of.
const KINDS: &[(&str, &str)] = &[
    ("CORE", "core"),
    ("OWNER", "owner"),
    ("TYPES", "types_service"),
    ("TYPE", "type_record"),
    ("INSTANCES", "instances_service"),
    ("USERDATA", "userdata_service"),
    ("EXCEPTIONS", "exceptions_service"),
    ("TRANSLATOR", "translator"),
    ("FUNCTIONS", "functions_service"),
    ("FUNCTION_CLASS", "function_class"),
    ("FUNCTION", "function_record"),
    ("OVERLOAD", "overload"),
    ("NATIVE_ENTRY", "native_entry"),
    ("RUNTIME", "runtime"),
    ("EXPECTATION", "expectation"),
    ("REFUSAL", "refusal_record"),
    ("TABLE", "table_head"),
];

/// A record without a form in C: it has as many as there are values.
pub const GENERIC: &str = "Maybe";

/// What C calls the types that are no records.
const OTHERS: &[(&str, &str)] = &[
    ("Status", "interbind_status"),
    ("Object", "interbind_object"),
    ("TypeList", "interbind_type_list"),
    ("TypeKey", "interbind_type_list"),
    ("Version", "interbind_version"),
    ("Magic", "uint8_t [8]"),
];

/// What C calls the constants of `keys.rs` that name no service.
const KEYS: &[(&str, &str)] = &[
    ("CORE", "KEY_CORE"),
    ("CORE_PREFIX", "KEY_CORE_PREFIX"),
    ("RUNTIME", "KEY_RUNTIME"),
    ("FUNCTIONS", "KEY_FUNCTIONS"),
    ("SERVICE_FUNCTIONS", "SERVICE_FUNCTIONS"),
    ("RUNTIME_MODULE", "RUNTIME_MODULE"),
    ("REASON_ATTRIBUTE", "KEY_REASON"),
];

/// Constants whose Rust name says too little outside its module.
const CONSTANTS: &[(&str, &str)] = &[
    ("OPEN", "CORE_OPEN"),
    ("CLOSING", "CORE_CLOSING"),
    ("IMPORT_ERROR", "REFUSAL_IMPORT_ERROR"),
    ("TYPE_ERROR", "REFUSAL_TYPE_ERROR"),
    ("RUNTIME_ERROR", "REFUSAL_RUNTIME_ERROR"),
    ("SHARED", "BORROW_SHARED"),
    ("EXCLUSIVE", "BORROW_EXCLUSIVE"),
    ("CPP", "NATIVE_CPP"),
    ("RUST", "NATIVE_RUST"),
    ("C", "NATIVE_C"),
];

/// Words of C and C++ that are names of fields: they get a `_` behind them.
const KEYWORDS: &[&str] = &["private", "register"];

/// A record as its source declares it.
struct Record {
    docs: Vec<Attribute>,
    name: Ident,
    generic: bool,
    fields: Vec<Field>,
}

struct Field {
    docs: Vec<Attribute>,
    name: Ident,
    ty: Type,
}

impl Parse for Record {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let docs = input.call(Attribute::parse_outer)?;
        input.parse::<Token![pub]>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        let generic = input.peek(Token![<]);
        while !input.peek(syn::token::Bracket) {
            input.step(|cursor| Ok(((), cursor.token_tree().ok_or_else(|| cursor.error("a size"))?.1)))?;
        }
        let layout;
        syn::bracketed!(layout in input);
        layout.parse::<proc_macro2::TokenStream>()?;
        let body;
        syn::braced!(body in input);
        let mut fields = Vec::new();
        while !body.is_empty() {
            let docs = body.call(Attribute::parse_outer)?;
            body.parse::<Token![@]>()?;
            body.parse::<LitInt>()?;
            body.parse::<LitStr>()?;
            let name = body.parse()?;
            body.parse::<Token![:]>()?;
            fields.push(Field { docs, name, ty: body.parse()? });
            body.parse::<Token![,]>()?;
        }
        Ok(Self { docs, name, generic, fields })
    }
}

/// The C name of a field.
pub fn field_name(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// The C name of a record; `None` for the generic one.
pub fn record_name(name: &str) -> Option<String> {
    RECORDS.iter().find(|(rust, _)| *rust == name).map(|(_, c)| format!("interbind_{c}"))
}

/// Writes the header.
///
/// # Panics
/// When a source can't be read, or holds a form that this generator doesn't know: it must learn it then.
pub fn header() -> String {
    let files: Vec<_> = SOURCES.iter().map(|path| parse(path)).collect();
    let names = names(&files);
    let mut records = BTreeMap::new();
    let mut out = String::from(HEAD);

    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        out,
        "\n/* The version of interbind that this header is of. */\n#define INTERBIND_VERSION \"{version}\""
    );

    section(&mut out, "Reasons: the slugs that refusals carry.");
    for reason in Reason::ALL {
        let name = reason.slug().replace('-', "_").to_uppercase();
        comment(&mut out, "", "", &[format!("The reason: {}.", reason.summary())]);
        let _ = writeln!(out, "#define INTERBIND_REASON_{name} \"{}\"", reason.slug());
    }
    section(&mut out, "Names, kinds and numbers.");
    for (path, file) in SOURCES.iter().zip(&files) {
        for item in &file.items {
            match item {
                Item::Const(constant) => write_constant(&mut out, constant, *path == "keys.rs", &names),
                Item::Impl(block) if is_named(&block.self_ty, "Status") => {
                    write_statuses(&mut out, block, &names)
                }
                Item::Macro(call) if call.mac.path.is_ident("record") => {
                    let record: Record = call.mac.parse_body().expect("a `record!` list");
                    records.insert(record.name.to_string(), record);
                }
                _ => {}
            }
        }
    }
    section(&mut out, "Types.");
    out.push_str(TYPES);
    for (_, name) in RECORDS {
        let _ = writeln!(out, "typedef struct interbind_{name} interbind_{name};");
    }
    for file in &files {
        for item in &file.items {
            let Item::Type(alias) = item else { continue };
            let Type::BareFn(function) = &*alias.ty else { continue };
            let name = names.of(&alias.ident.to_string()).expect("every type of a function has a name");
            comment(&mut out, "\n", "", &paragraphs(&alias.attrs, &names));
            declaration(
                &mut out,
                "",
                &format!("typedef {};", names.function(function, &format!("(*{name})"))),
            );
        }
    }
    out.push_str("\n/* ---- Records. ---- */\n");
    for (rust, ..) in FROZEN {
        let record = &records[*rust];
        assert_eq!(record.generic, *rust == GENERIC, "{rust}: C has no generic records");
        if !record.generic {
            write_record(&mut out, record, &names);
        }
    }
    out.push_str(FOOT);
    out
}

/// Writes what a C compiler must find true of the header: size, offset of every field, and alignment.
pub fn assertions() -> String {
    let mut out = String::from("#include <stddef.h>\n#include <interbind/abi.h>\n\n");
    out.push_str(
        "#ifdef __cplusplus\n#define CHECK(what) static_assert(what, #what)\n#define ALIGN alignof\n#else\n",
    );
    out.push_str("#define CHECK(what) _Static_assert(what, #what)\n#define ALIGN _Alignof\n#endif\n");
    for (rust, size, align, fields) in FROZEN {
        let Some(name) = record_name(rust) else { continue };
        let _ = writeln!(out, "\nCHECK(sizeof({name}) == {size});\nCHECK(ALIGN({name}) == {align});");
        for field in *fields {
            let c = field_name(field.name);
            let _ = writeln!(out, "CHECK(offsetof({name}, {c}) == {});", field.offset);
            let _ = writeln!(out, "CHECK(sizeof((({name} *)0)->{c}) == {});", field.size);
        }
    }
    out
}

fn parse(path: &str) -> syn::File {
    let file = repository().join("abi/src").join(path);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every name of a type, and what C calls it.
fn names(files: &[syn::File]) -> Names {
    let mut names = Names::default();
    for (rust, c) in RECORDS {
        names.add(rust, &format!("interbind_{c}"));
    }
    for (rust, c) in OTHERS {
        names.add(rust, c);
    }
    for alias in files.iter().flat_map(|file| &file.items) {
        let Item::Type(alias) = alias else { continue };
        if matches!(*alias.ty, Type::BareFn(_)) {
            let rust = alias.ident.to_string();
            names.add(&rust, &format!("interbind_{}", snake(&rust)));
        }
    }
    names
}

/// `MakeService` as `make_service`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// The C name of a constant.
fn constant_name(rust: &str) -> String {
    let name = CONSTANTS.iter().find(|(from, _)| *from == rust).map_or(rust, |(_, to)| to);
    format!("INTERBIND_{name}")
}

/// The C name of a constant of `keys.rs`.
fn key_name(rust: &str) -> String {
    match KEYS.iter().find(|(from, _)| *from == rust) {
        Some((_, to)) => format!("INTERBIND_{to}"),
        None => format!("INTERBIND_SERVICE_{rust}"),
    }
}

fn write_statuses(out: &mut String, block: &syn::ItemImpl, names: &Names) {
    for item in &block.items {
        let syn::ImplItem::Const(constant) = item else { continue };
        let Expr::Call(call) = &constant.expr else { panic!("a status is a number") };
        comment(out, "", "", &paragraphs(&constant.attrs, names));
        let _ = writeln!(out, "#define INTERBIND_{} {}", constant.ident, number(&call.args[0]));
    }
}

/// Writes a public constant that is a number, a text or a kind; other forms are for Rust alone.
fn write_constant(out: &mut String, constant: &ItemConst, is_key: bool, names: &Names) {
    if !matches!(constant.vis, syn::Visibility::Public(_)) {
        return;
    }
    let rust = constant.ident.to_string();
    let docs = paragraphs(&constant.attrs, names);
    match &*constant.expr {
        Expr::Struct(kind) if kind.path.is_ident("Kind") => {
            let field = |name: &str| {
                let found = kind
                    .fields
                    .iter()
                    .find(|field| matches!(&field.member, syn::Member::Named(n) if n == name));
                &found.expect("a kind's field").expr
            };
            let Expr::Unary(syn::ExprUnary { expr: magic, .. }) = field("magic") else {
                panic!("a magic is bytes")
            };
            let Expr::Lit(syn::ExprLit { lit: Lit::ByteStr(magic), .. }) = &**magic else {
                panic!("a magic is bytes")
            };
            let Expr::Reference(sizes) = field("sizes") else { panic!("sizes are listed") };
            let Expr::Array(sizes) = &*sizes.expr else { panic!("sizes are listed") };
            let sizes: Vec<_> = sizes.elems.iter().map(number).collect();
            let value_of_magic = magic.value();
            let magic = value_of_magic.escape_ascii().to_string().replace("\\x00", "\\0");
            comment(out, "", "", &docs);
            let _ = writeln!(out, "#define INTERBIND_{rust}_MAGIC \"{magic}\"");
            for part in ["major", "minor"] {
                let _ =
                    writeln!(out, "#define INTERBIND_{rust}_{} {}", part.to_uppercase(), number(field(part)));
            }
            let _ = writeln!(out, "#define INTERBIND_{rust}_SIZES {{{}}}", sizes.join(", "));
            let record = KINDS.iter().find(|(kind, _)| *kind == rust).expect("a kind's record").1;
            let bytes: Vec<_> = value_of_magic.iter().map(|byte| format!("{byte}")).collect();
            let _ = writeln!(out, "#define INTERBIND_{rust}_HEADER \\");
            let _ = writeln!(
                out,
                "    {{{{{}}}, sizeof(interbind_{record}), INTERBIND_{rust}_MAJOR, INTERBIND_{rust}_MINOR}}",
                bytes.join(", ")
            );
        }
        Expr::Lit(syn::ExprLit { lit, .. }) => {
            let value = match lit {
                Lit::Str(text) => format!("\"{}\"", text.value()),
                Lit::CStr(text) => format!("\"{}\"", text.value().to_string_lossy()),
                Lit::Int(_) => format!("{}u", number(&constant.expr)),
                _ => return,
            };
            let name = if is_key { key_name(&rust) } else { constant_name(&rust) };
            comment(out, "", "", &docs);
            let _ = writeln!(out, "#define {name} {value}");
        }
        Expr::Binary(_) => {
            comment(out, "", "", &docs);
            let _ = writeln!(out, "#define {} ({})", constant_name(&rust), number(&constant.expr));
        }
        _ => {}
    }
}

/// A number, or two with an operator between them, as C writes them.
fn number(expr: &Expr) -> String {
    match expr {
        Expr::Lit(syn::ExprLit { lit: Lit::Int(number), .. }) => number.base10_digits().to_owned(),
        Expr::Binary(binary) => {
            let operator = match binary.op {
                syn::BinOp::Shl(_) => "<<",
                syn::BinOp::Mul(_) => "*",
                _ => panic!("an operator that is new here"),
            };
            format!("{}u {operator} {}", number(&binary.left), number(&binary.right))
        }
        _ => panic!("no number"),
    }
}

fn write_record(out: &mut String, record: &Record, names: &Names) {
    let name = record_name(&record.name.to_string()).expect("every record has a name in C");
    comment(out, "\n", "", &paragraphs(&record.docs, names));
    let _ = writeln!(out, "struct {name} {{");
    for field in &record.fields {
        comment(out, "", "    ", &paragraphs(&field.docs, names));
        let declared = names.declare(&field.ty, &field_name(&field.name.to_string()));
        declaration(out, "    ", &format!("{declared};"));
    }
    out.push_str("};\n");
}

/// An item's text: its paragraphs, without tables and headings.
fn paragraphs(attributes: &[Attribute], names: &Names) -> Vec<String> {
    let mut found = vec![String::new()];
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let Meta::NameValue(meta) = &attribute.meta else { continue };
        let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { continue };
        let line = text.value().trim().to_owned();
        if line.is_empty() || line.starts_with('#') || line.starts_with('|') {
            found.push(String::new());
        } else {
            let last = found.last_mut().expect("there is a first one");
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(&line);
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found.iter().map(|paragraph| translate(paragraph, names)).collect()
}

/// Takes rustdoc's links out of a text, and calls things what C calls them.
fn translate(text: &str, names: &Names) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        let (name, mut behind) = after.split_once("`]").expect("a link to an item ends");
        if let Some(target) = behind.strip_prefix('(') {
            behind = target.split_once(')').expect("a link's target ends").1;
        }
        let last = name.rsplit("::").next().expect("a name");
        let c = match name.split_once("::") {
            Some(("Status", status)) => format!("INTERBIND_{status}"),
            Some(("keys", key)) => key_name(key),
            _ if KINDS.iter().any(|(kind, _)| *kind == last) => format!("{}_MAGIC", constant_name(last)),
            _ if last.chars().all(|letter| letter.is_uppercase() || letter == '_') => constant_name(last),
            _ => names.of(last).map_or_else(|| last.to_owned(), str::to_owned),
        };
        let _ = write!(out, "{before}`{c}`");
        rest = behind;
    }
    out + rest
}

/// Writes a declaration on lines that fit, broken behind a comma.
fn declaration(out: &mut String, indent: &str, text: &str) {
    let mut line = indent.to_owned();
    for (i, part) in text.split_inclusive(", ").enumerate() {
        if i > 0 && line.len() + part.trim_end().len() > 110 {
            let _ = writeln!(out, "{}", line.trim_end());
            line = format!("{indent}    ");
        }
        line.push_str(part);
    }
    let _ = writeln!(out, "{line}");
}

/// Writes paragraphs as one comment of lines that fit.
fn comment(out: &mut String, before: &str, indent: &str, paragraphs: &[String]) {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && indent.len() + line.len() + word.len() > 108 {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        lines.push(line);
    }
    out.push_str(before);
    let text = lines.join(&format!("\n{indent} * ")).replace(" * \n", " *\n");
    let _ = writeln!(out, "{indent}/* {text} */");
}

fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n/* ---- {title} ---- */\n");
}

/// Returns what a function's type returns; `None` for nothing.
fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

const HEAD: &str = "\
/* The frozen records: what every participant agrees on, laid out as `abi/abi.lock` promises.
 *
 * Written by `cargo xtask generate header`; never edited by hand. Needs no Python: an `interbind_object` is a
 * `PyObject`. Texts of records are UTF-8 with a length and no end mark. Fields that move after publication are read and
 * written atomically, see <interbind/compiler.h>. */
#ifndef INTERBIND_ABI_H
#define INTERBIND_ABI_H

#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX != UINT64_MAX
#error \"interbind shares records between 64-bit builds only: build for a target with 64-bit pointers\"
#endif

#ifdef __cplusplus
extern \"C\" {
#endif
";

const FOOT: &str = "
#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_ABI_H */
";

const TYPES: &str = "\
/* What a function of a record returns: `INTERBIND_OK`, or why not. */
typedef int32_t interbind_status;
/* A `PyObject`, for headers that don't know Python. */
typedef struct _object interbind_object;
/* The records under one name or native key; opaque, and its address is the key of the type. */
typedef struct interbind_type_list interbind_type_list;

/* A type's semantic version. */
typedef struct interbind_version {
    /* Moves when the layout or a needed method's meaning changes. */
    uint32_t major;
    /* Moves when something is added. */
    uint32_t minor;
    /* Moves otherwise. */
    uint32_t patch;
} interbind_version;

";

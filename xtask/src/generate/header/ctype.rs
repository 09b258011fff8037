//! Types of Rust as C declares them: numbers, pointers, arrays, functions, atomics, and the names of the rest.
//!
//! Used by the header's generator alone. A form that no record has is a panic, so that a new one is looked at.

use std::collections::BTreeMap;

use syn::{Expr, GenericArgument, PathArguments, Type, TypeBareFn};

use super::{number, returned};

/// What C calls the types that have a name.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

/// Machine types, and atomics, which C reads and writes through the header's own functions.
const MACHINE: &[(&str, &str)] = &[
    ("u8", "uint8_t"),
    ("u16", "uint16_t"),
    ("u32", "uint32_t"),
    ("u64", "uint64_t"),
    ("usize", "size_t"),
    ("i32", "int32_t"),
    ("i64", "int64_t"),
    ("c_int", "int"),
    ("c_void", "void"),
    ("AtomicU32", "uint32_t"),
    ("AtomicU64", "uint64_t"),
    ("AtomicI64", "int64_t"),
];

impl Names {
    pub(super) fn add(&mut self, rust: &str, c: &str) {
        self.0.insert(rust.to_owned(), c.to_owned());
    }

    pub(super) fn of(&self, rust: &str) -> Option<&str> {
        let machine = || MACHINE.iter().find(|(name, _)| *name == rust).map(|(_, c)| *c);
        self.0.get(rust).map(String::as_str).or_else(machine)
    }

    /// Declares `name` as a `ty`.
    pub(super) fn declare(&self, ty: &Type, name: &str) -> String {
        match ty {
            // A pointer that doesn't change has the word behind its star.
            Type::Ptr(pointer) if pointer.const_token.is_some() && matches!(*pointer.elem, Type::Ptr(_)) => {
                self.declare(&pointer.elem, &format!("const *{name}"))
            }
            Type::Ptr(pointer) => {
                let is_const = if pointer.const_token.is_some() { "const " } else { "" };
                format!("{is_const}{}", self.declare(&pointer.elem, &format!("*{name}")))
            }
            Type::Array(array) => {
                let Expr::Lit(_) = &array.len else { panic!("a length is a number") };
                self.declare(&array.elem, &format!("{name}[{}]", number(&array.len)))
            }
            Type::BareFn(function) => self.function(function, &format!("(*{name})")),
            Type::Path(path) => {
                let last = path.path.segments.last().expect("a path has a name");
                let rust = last.ident.to_string();
                match (&last.arguments, rust.as_str()) {
                    (PathArguments::AngleBracketed(of), "Option" | "AtomicPtr") => {
                        let Some(GenericArgument::Type(inner)) = of.args.first() else { panic!("of a type") };
                        let name = if rust == "Option" { name.to_owned() } else { format!("*{name}") };
                        self.declare(inner, &name)
                    }
                    _ => {
                        let c = self.of(&rust).unwrap_or_else(|| panic!("`{rust}` has no name in C"));
                        // An array's length stands behind the name.
                        let (c, length) = c.split_once(' ').unwrap_or((c, ""));
                        format!("{c} {name}{length}")
                    }
                }
            }
            _ => panic!("a form of type that is new here"),
        }
    }

    /// Declares a function, or with `(*name)` a pointer to one.
    pub(super) fn function(&self, function: &TypeBareFn, name: &str) -> String {
        let argument = |argument: &syn::BareFnArg| {
            let (name, _) = argument.name.as_ref().expect("arguments have names");
            self.declare(&argument.ty, &name.to_string())
        };
        let arguments: Vec<_> = function.inputs.iter().map(argument).collect();
        let call = format!("{name}({})", arguments.join(", "));
        match returned(&function.output) {
            Some(ty) => self.declare(ty, &call),
            None => format!("void {call}"),
        }
    }
}

//! What a method of an interface may be, and what the other files need to know of one.
//!
//! Read by `#[interface]`, used by `table` (provider) and `handle` (consumer). Every rule here keeps a promise of the
//! type contract: a slot is a position, what crosses is a value, what is borrowed is borrowed for the call only. That is
//! why lifetimes are elided, `'static` included: an argument lives no longer than its call.

use interbind_abi::Version;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, GenericArgument, Ident, Lifetime, LitStr, Pat, PathArguments, Receiver, ReturnType,
    TraitItemFn, Type, TypeReference,
};

use crate::attributes::version;
use crate::demand::demand;
use crate::pieces::{Pieces, rendered, word};
use crate::problems::Problems;

/// A method; its slot is its position.
pub(crate) struct Method {
    /// The slot.
    pub(crate) slot: usize,
    /// The name.
    pub(crate) ident: Ident,
    word: String,
    /// Documentation and deprecation, which the handle's method carries too.
    pub(crate) attributes: Vec<Attribute>,
    /// What stands behind `&self`.
    pub(crate) arguments: Vec<Argument>,
    /// What crosses back.
    pub(crate) result: Type,
    /// The result as written.
    pub(crate) output: ReturnType,
    /// True when the method itself returns `Result`.
    pub(crate) fails: bool,
    since: Option<Version>,
    /// True when there is a body that runs when the slot is missing.
    pub(crate) optional: bool,
}

/// An argument of a [`Method`].
pub(crate) struct Argument {
    /// Its name, for the handle's method.
    pub(crate) name: Ident,
    /// Its type as written.
    pub(crate) ty: Type,
    fixed: Type,
}

impl Method {
    /// Reads a method and takes `#[since]` off it.
    pub(crate) fn read(slot: usize, method: &mut TraitItemFn, problems: &mut Problems) -> Self {
        let since = take_since(method, problems);
        refuse_cfg(&method.attrs, problems);
        refuse_signature(method, problems);
        let signature = &method.sig;
        let mut arguments = Vec::new();
        for (index, input) in signature.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(receiver) => refuse_receiver(receiver, problems),
                FnArg::Typed(typed) => arguments.push(Argument {
                    name: name(&typed.pat, index, problems),
                    ty: (*typed.ty).clone(),
                    fixed: fixed(&typed.ty),
                }),
            }
            if let FnArg::Typed(typed) = input {
                Rules { problems, result: false }.visit_type(&typed.ty);
            }
        }
        if signature.receiver().is_none() {
            problems.at(&signature.ident, "an interface is called on an object: start with `&self`");
        }
        let (result, fails) = result(&signature.output, problems);
        Rules { problems, result: true }.visit_type(&result);
        let carried =
            |attribute: &&Attribute| ["doc", "deprecated"].iter().any(|path| attribute.path().is_ident(path));
        Self {
            slot,
            ident: signature.ident.clone(),
            word: word(&signature.ident, problems),
            attributes: method.attrs.iter().filter(carried).cloned().collect(),
            arguments,
            result,
            output: signature.output.clone(),
            fails,
            since,
            optional: method.default.is_some(),
        }
    }

    /// Adds `get(u64) -> f64 fails since 2.2.0 optional`.
    pub(crate) fn describe(&self, pieces: &mut Pieces) {
        pieces.text(&self.word).text("(");
        for (index, argument) in self.arguments.iter().enumerate() {
            pieces.text(if index == 0 { "" } else { ", " });
            pieces.nested(on_value(&argument.fixed, &quote!(PIECES)));
        }
        pieces.text(") -> ").nested(on_value(&self.result, &quote!(PIECES)));
        pieces.text(if self.fails { " fails" } else { "" });
        if let Some(since) = self.since {
            pieces.text(format!(" since {since}"));
        }
        pieces.text(if self.optional { " optional" } else { "" });
    }

    /// Returns the name of the slot in the table.
    pub(crate) fn slot_name(&self) -> Ident {
        format_ident!("slot_{}", self.slot)
    }

    /// Returns the name of the handle's function that calls the slot, whatever the handle's mark.
    pub(crate) fn passed_name(&self) -> Ident {
        format_ident!("__pass_{}", self.slot)
    }

    /// Writes the type of the slot's function.
    pub(crate) fn slot_type(&self) -> TokenStream {
        let wires = self.arguments.iter().map(Argument::wire);
        let out = self.result_wire();
        quote! {
            unsafe extern "C" fn(
                *const ::core::ffi::c_void,
                #(#wires,)*
                *mut #out,
                *mut ::interbind::abi::values::Fault,
            ) -> ::interbind::abi::core::Status
        }
    }

    /// Writes demands that nothing is borrowed behind an alias, where [`Rules`] can't see a lifetime: `type Name =
    /// &'static str` would outlive its call.
    pub(crate) fn demand_visible_borrows(&self) -> TokenStream {
        let hidden = self.arguments.iter().map(|argument| &argument.ty).filter(|ty| !shows_borrow(ty));
        let demands = hidden.chain([&self.result]).map(|ty| {
            let text = rendered(&on_value(ty, &quote!(PIECES)));
            let mut message = Pieces::default();
            message.text(format!(
                "`{}` borrows and doesn't show it: take `&…`, which lives for the call, and return an owned value",
                ty.to_token_stream()
            ));
            demand(ty.span(), &quote!(!__borrows(#text.as_bytes())), message)
        });
        demands.collect()
    }

    /// Writes demands that each argument is something that C passes.
    pub(crate) fn demand_arguments_that_cross(&self) -> TokenStream {
        let demands = self.arguments.iter().map(|argument| {
            let empty = on_value(&argument.fixed, &quote!(IS_EMPTY));
            let mut message = Pieces::default();
            message.text(format!(
                "`{}` has no bytes, and C has no such argument: leave it out",
                argument.ty.to_token_stream()
            ));
            demand(argument.ty.span(), &quote!(!#empty), message)
        });
        demands.collect()
    }

    /// Returns the place of the result, as written.
    pub(crate) fn output_span(&self) -> Span {
        match &self.output {
            ReturnType::Default => self.ident.span(),
            ReturnType::Type(_, ty) => ty.span(),
        }
    }

    /// Writes the type that crosses back.
    pub(crate) fn result_wire(&self) -> TokenStream {
        on_value(&self.result, &quote!(Wire))
    }

    /// Writes a constant `bool`: true when a Python object crosses.
    pub(crate) fn needs_attached(&self) -> TokenStream {
        let types = self.arguments.iter().map(|argument| &argument.fixed).chain([&self.result]);
        let needs = types.map(|ty| on_value(ty, &quote!(NEEDS_ATTACHED)));
        quote!(#(#needs)||*)
    }

    /// Notes what breaks the promise that a slot is a position.
    pub(crate) fn follow(methods: &[Self], newest: Version, problems: &mut Problems) {
        let mut last: Option<Version> = None;
        for method in methods {
            match (method.since, last) {
                (None, Some(last)) => problems.at(
                    &method.ident,
                    format!(
                        "a slot is a position: `{}` follows a method since {last}; old methods stay in front, new ones \
                         get `#[since(\"{newest}\")]`",
                        method.word
                    ),
                ),
                (Some(since), Some(last)) if since < last => problems.at(
                    &method.ident,
                    format!(
                        "a slot is a position: `{}` is since {since}, the method before it since {last}; new methods go \
                         to the end",
                        method.word
                    ),
                ),
                (Some(since), _) if newest < since => problems.at(
                    &method.ident,
                    format!(
                        "`{}` is since {since}, the interface only at {newest}: raise its `version`",
                        method.word
                    ),
                ),
                _ => {}
            }
            last = last.max(method.since);
        }
    }
}

impl Argument {
    /// Writes the type that crosses.
    pub(crate) fn wire(&self) -> TokenStream {
        on_value(&self.fixed, &quote!(Wire))
    }

    /// Writes the path of a function of `Value`.
    pub(crate) fn function(&self, name: &str) -> TokenStream {
        on_value(&self.ty, &Ident::new(name, self.ty.span()).into_token_stream())
    }
}

/// Writes the function that the demands above call: true for the canonical texts of what is borrowed.
pub(crate) fn borrows() -> TokenStream {
    quote! {
        const fn __borrows(__text: &[u8]) -> bool {
            match __text {
                [b'o', b'p', b't', b'i', b'o', b'n', b' ', __rest @ ..] => __borrows(__rest),
                b"str" | b"objectref" | [b'r', b'e', b'f', b' ', ..] => true,
                [b's', b'l', b'i', b'c', b'e', b' ', ..] => true,
                _ => false,
            }
        }
    }
}

/// True when a reference or an elided lifetime stands in the type.
fn shows_borrow(ty: &Type) -> bool {
    struct Borrow(bool);

    impl Visit<'_> for Borrow {
        fn visit_type_reference(&mut self, _: &TypeReference) {
            self.0 = true;
        }

        fn visit_lifetime(&mut self, _: &Lifetime) {
            self.0 = true;
        }
    }

    let mut found = Borrow(false);
    found.visit_type(ty);
    found.0
}

/// Writes `<Ty as Value>::item` with the place of the type, so that a type that is no value is shown there.
fn on_value(ty: &Type, item: &TokenStream) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::interbind::abi::values::Value>::#item)
}

fn take_since(method: &mut TraitItemFn, problems: &mut Problems) -> Option<Version> {
    let (marks, others) = method.attrs.drain(..).partition(|attribute| attribute.path().is_ident("since"));
    method.attrs = others;
    let marks: Vec<Attribute> = marks;
    if let Some(second) = marks.get(1) {
        problems.at(second, "`#[since]` is given twice: keep one");
    }
    let text: LitStr = problems.take(marks.first()?.parse_args().map_err(|error| {
        syn::Error::new(error.span(), "expected the version that brings the method, as `#[since(\"2.2.0\")]`")
    }))?;
    let parts = text.value().split('.').count();
    let full = LitStr::new(&format!("{}{}", text.value(), if parts == 2 { ".0" } else { "" }), text.span());
    Some(version(&full, problems))
}

fn refuse_cfg(attributes: &[Attribute], problems: &mut Problems) {
    for attribute in attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            problems.at(attribute, "a slot is a position in every build: a method can't depend on `cfg`");
        }
    }
}

fn refuse_signature(method: &TraitItemFn, problems: &mut Problems) {
    let signature = &method.sig;
    if let Some(word) = &signature.asyncness {
        problems.at(word, "a call returns its value: remove `async`");
    }
    if let Some(word) = &signature.constness {
        problems.at(word, "a call goes through a table: remove `const`");
    }
    if let Some(word) = &signature.unsafety {
        problems.at(word, "every value is checked as it crosses: remove `unsafe`");
    }
    if let Some(word) = &signature.abi {
        problems.at(word, "the macro chooses the calling convention: remove it");
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        problems
            .at(generics, "a slot has one signature: remove the generics, leave lifetimes out as in `&str`");
    }
    if let Some(clause) = &generics.where_clause {
        problems.at(clause, "a slot has one signature: remove the `where` clause");
    }
    if let Some(variadic) = &signature.variadic {
        problems.at(variadic, "a slot has one signature: write the arguments out, or take a slice");
    }
}

fn refuse_receiver(receiver: &Receiver, problems: &mut Problems) {
    let way_out = "others may hold the same object: an interface's methods take `&self`";
    match &receiver.reference {
        _ if receiver.colon_token.is_some() => problems.at(receiver, way_out),
        Some((_, None)) if receiver.mutability.is_none() => {}
        Some((_, Some(_))) if receiver.mutability.is_none() => {
            problems.at(receiver, "leave the lifetime out: an object is borrowed for the call");
        }
        _ => problems.at(receiver, way_out),
    }
}

fn name(pattern: &Pat, index: usize, problems: &mut Problems) -> Ident {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => return name.ident.clone(),
        Pat::Wild(_) => {}
        _ => problems.at(pattern, "an argument has a plain name: take the value apart in the body"),
    }
    Ident::new(&format!("a{}", index.saturating_sub(1)), Span::mixed_site())
}

/// Returns what crosses back, and whether the method itself may fail.
fn result(output: &ReturnType, problems: &mut Problems) -> (Type, bool) {
    let unit = || Type::Tuple(syn::TypeTuple { paren_token: Default::default(), elems: Default::default() });
    let ReturnType::Type(_, ty) = output else { return (unit(), false) };
    let Type::Path(path) = &**ty else { return ((**ty).clone(), false) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return ((**ty).clone(), false);
    };
    if let PathArguments::AngleBracketed(arguments) = &last.arguments {
        if let Some(GenericArgument::Type(value)) = arguments.args.first() {
            return (value.clone(), true);
        }
    }
    problems.at(ty, "say what is returned: write `Result<Value, interbind::Error>`");
    (unit(), true)
}

/// Finds what no value can be.
struct Rules<'a> {
    problems: &'a mut Problems,
    result: bool,
}

impl<'ast> Visit<'ast> for Rules<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if self.result {
            let way_out =
                "a result outlives the call that made it: return an owned value (`String`, `Vec<T>`, a copy)";
            self.problems.at(reference, way_out);
            return;
        }
        if let Some(word) = &reference.mutability {
            self.problems.at(word, "arguments are read only: take `&T`, and return what is new");
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident == "_" && !self.result {
            return;
        }
        let way_out = match self.result {
            true => "a result outlives the call that made it: return an owned value",
            false => "an argument is borrowed for the call, no longer: leave the lifetime out",
        };
        self.problems.at(lifetime, way_out);
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        self.problems.at(ty, "a slot has one signature: name the type");
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        if ident == "Self" {
            self.problems
                .at(ident, "the other side knows only the interface, not `Self`: name a type that crosses");
        }
    }
}

/// Writes `'static` for what is elided: constants and table types need a lifetime, and wires don't depend on it.
fn fixed(ty: &Type) -> Type {
    struct Fix;

    impl VisitMut for Fix {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            let lifetime = || Lifetime::new("'static", reference.and_token.span);
            reference.lifetime.get_or_insert_with(lifetime);
            visit_mut::visit_type_reference_mut(self, reference);
        }

        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = Lifetime::new("'static", lifetime.span());
            }
        }
    }

    let mut ty = ty.clone();
    Fix.visit_type_mut(&mut ty);
    ty
}

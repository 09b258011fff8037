//! `#[interface]`: a trait that one build implements and another calls.
//!
//! Reads the trait and its rules, then writes the trait itself, the provider's side (`table`), the consumer's
//! (`handle`), the `Shared` role of `dyn Trait` and its build note. Belongs to the type contract: the text made here is
//! what both sides compare, slot by slot.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemTrait, TraitItem, TypeParamBound, parse_quote};

use crate::attributes::{Settings, Shared};
use crate::methods::Method;
use crate::pieces::{Pieces, rendered};
use crate::problems::Problems;
use crate::shared::{Role, refuse_generics};
use crate::{handle, methods, table};

/// Expands the attribute.
pub(crate) fn expand(arguments: TokenStream, input: TokenStream) -> syn::Result<TokenStream> {
    let mut item: ItemTrait = syn::parse2(input)?;
    let mut problems = Problems::default();
    let mut settings = Settings::read(arguments)?;
    let shared = Shared::take(&mut settings, &format!("org.example.{}", item.ident), &mut problems);
    let thread = settings.word("thread", &["any", "owner"], &mut problems);
    settings.end(&["name", "version", "thread"], &mut problems);
    refuse_trait(&item, &mut problems);
    let mut methods = Vec::new();
    for inner in &mut item.items {
        match inner {
            TraitItem::Fn(method) => methods.push(Method::read(methods.len(), method, &mut problems)),
            other => problems.at(other, "an interface is a list of methods: move this to another trait"),
        }
    }
    Method::follow(&methods, shared.version, &mut problems);
    problems.end()?;
    Ok(write(item, &shared, thread.as_deref() == Some("owner"), &methods))
}

fn refuse_trait(item: &ItemTrait, problems: &mut Problems) {
    if let Some(word) = &item.unsafety {
        problems.at(word, "every value is checked as it crosses: remove `unsafe`");
    }
    if let Some(word) = &item.auto_token {
        problems.at(word, "an interface is implemented for each class: remove `auto`");
    }
    refuse_generics(&item.generics, problems);
    for bound in &item.supertraits {
        let known = match bound {
            TypeParamBound::Lifetime(lifetime) => lifetime.ident == "static",
            TypeParamBound::Trait(bound) => {
                let last = bound.path.segments.last();
                last.is_some_and(|last| last.ident == "Send" || last.ident == "Sync")
            }
            _ => false,
        };
        if !known {
            problems.at(
                bound,
                "the other side knows only this interface: write the methods that are needed into it",
            );
        }
    }
}

fn write(mut item: ItemTrait, shared: &Shared, owner_thread: bool, methods: &[Method]) -> TokenStream {
    if !owner_thread {
        item.supertraits.push(parse_quote!(::core::marker::Send));
        item.supertraits.push(parse_quote!(::core::marker::Sync));
    }
    item.supertraits.push(parse_quote!('static));
    item.colon_token.get_or_insert_with(Default::default);
    let ident = &item.ident;
    let name = handle::name(ident);
    let declaration = handle::declare(&item.vis, ident);
    let (provider, consumer) = (table::write(ident, methods), handle::write(ident, owner_thread, methods));
    let borrows = methods::borrows();
    let borrowed = methods.iter().map(Method::demand_visible_borrows);
    let arguments = methods.iter().map(Method::demand_arguments_that_cross);
    let role =
        Role { ty: quote!(dyn #ident), shared, descriptor: descriptor(&shared.name, owner_thread, methods) };
    let role = role.write(&quote!(KIND_INTERFACE), owner_thread, &quote!(1), &quote!(#name));
    quote! {
        #item

        #declaration

        #[allow(unsafe_code, dead_code, deprecated, improper_ctypes_definitions, clippy::type_complexity)]
        const _: () = {
            #provider
            #consumer
            #role
            #borrows
            #(#borrowed)*
            #(#arguments)*
        };
    }
}

fn descriptor(name: &str, owner_thread: bool, methods: &[Method]) -> TokenStream {
    let mut pieces = Pieces::default();
    pieces.text(format!("interface {name} thread {} {{", if owner_thread { "owner" } else { "any" }));
    for method in methods {
        pieces.text(format!("{} {} ", if method.slot == 0 { "" } else { ";" }, method.slot));
        method.describe(&mut pieces);
    }
    pieces.text(" }");
    rendered(&pieces.list())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::tests::{assert_refused, assert_written};

    fn expanded(body: TokenStream) -> syn::Result<TokenStream> {
        expand(quote!(name = "a.S", version = "2.2.0"), quote!(pub trait S { #body }))
    }

    #[test]
    fn arguments_and_items_are_told_all_at_once() {
        let arguments = quote!(version = "2", thread = some, colour = "blue");
        let item = quote!(
            unsafe trait S<T>: Clone {
                const A: u8;
                type B;
                fn ok(&self);
            }
        );
        assert_refused(
            expand(arguments, item),
            &[
                "missing `name`",
                "is not a version",
                "one of these words: `any`, `owner`",
                "unknown key `colour`",
                "remove `unsafe`",
                "remove the generics",
                "knows only this interface",
                "list of methods",
                "list of methods",
            ],
        );
    }

    #[test]
    fn a_method_takes_a_shared_self() {
        for receiver in
            [quote!(&mut self), quote!(self), quote!(mut self), quote!(self: &Self), quote!(self: Box<Self>)]
        {
            assert_refused(expanded(quote!(fn f(#receiver);)), &["methods take `&self`"]);
        }
        assert_refused(
            expanded(quote!(
                fn f(x: u8);
            )),
            &["start with `&self`"],
        );
        assert_refused(
            expanded(quote!(
                fn f(&'static self);
            )),
            &["leave the lifetime out"],
        );
    }

    #[test]
    fn a_slot_has_one_signature() {
        for (method, message) in [
            (
                quote!(
                    fn f<T>(&self, x: T);
                ),
                "remove the generics",
            ),
            (
                quote!(
                    fn f(&self)
                    where
                        Self: Sized;
                ),
                "remove the `where` clause",
            ),
            (
                quote!(
                    async fn f(&self);
                ),
                "remove `async`",
            ),
            (
                quote!(
                    const fn f(&self);
                ),
                "remove `const`",
            ),
            (
                quote!(
                    unsafe fn f(&self);
                ),
                "remove `unsafe`",
            ),
            (
                quote!(
                    extern "C" fn f(&self);
                ),
                "remove it",
            ),
            (
                quote!(
                    fn f(&self, x: impl Copy);
                ),
                "name the type",
            ),
            (
                quote!(
                    fn f(&self, x: Self);
                ),
                "not `Self`",
            ),
            (
                quote!(
                    fn f(&self) -> Option<Self>;
                ),
                "not `Self`",
            ),
            (
                quote!(
                    fn f(&self, (x, y): P);
                ),
                "plain name",
            ),
            (
                quote!(
                    #[cfg(unix)]
                    fn f(&self);
                ),
                "can't depend on `cfg`",
            ),
            (
                quote!(
                    fn f(&self) -> Result;
                ),
                "say what is returned",
            ),
        ] {
            assert_refused(expanded(method), &[message]);
        }
    }

    #[test]
    fn what_is_borrowed_is_borrowed_for_the_call() {
        for argument in [quote!(&'static str), quote!(&'a [u8]), quote!(Option<&'static P>)] {
            assert_refused(expanded(quote!(fn f(&self, x: #argument);)), &["leave the lifetime out"]);
        }
        assert_refused(
            expanded(quote!(
                fn f(&self, x: &mut P);
            )),
            &["arguments are read only"],
        );
        for result in [quote!(&str), quote!(Option<&[u8]>), quote!(Result<&str, interbind::Error>)] {
            assert_refused(expanded(quote!(fn f(&self) -> #result;)), &["return an owned value"]);
        }
        assert_written(
            expanded(quote!(
                fn f(&self, x: Option<&str>, y: View<'_>);
            )),
            &["Option < & 'static str >", "View < 'static >"],
        );
    }

    #[test]
    fn new_methods_go_to_the_end() {
        let first = quote!(
            fn a(&self);
        );
        let newer = quote!(
            #[since("2.2")]
            fn b(&self);
        );
        let older = quote!(
            #[since("2.1.0")]
            fn c(&self);
        );
        assert_refused(
            expanded(quote!(#newer #first)),
            &["`a` follows a method since 2.2.0; old methods stay in front"],
        );
        assert_refused(
            expanded(quote!(#first #newer #older)),
            &["`c` is since 2.1.0, the method before it since 2.2.0"],
        );
        assert_refused(
            expanded(quote!(#first #[since("2.3")] fn d(&self);)),
            &["`d` is since 2.3.0, the interface only at 2.2.0"],
        );
        assert_written(expanded(quote!(#first #older #newer)), &[" since 2.1.0", " since 2.2.0"]);
    }

    #[test]
    fn a_since_is_one_version() {
        assert_refused(
            expanded(quote!(
                #[since]
                fn a(&self);
            )),
            &["expected the version that brings the method"],
        );
        assert_refused(
            expanded(quote!(
                #[since(2.2)]
                fn a(&self);
            )),
            &["expected the version that brings the method"],
        );
        assert_refused(
            expanded(quote!(
                #[since("2")]
                fn a(&self);
            )),
            &["is not a version"],
        );
        assert_refused(
            expanded(quote!(
                #[since("2.1")]
                #[since("2.2")]
                fn a(&self);
            )),
            &["given twice"],
        );
    }

    #[test]
    fn the_thread_is_in_the_descriptor_and_in_the_bounds() {
        let item = quote!(
            trait S {
                fn f(&self);
            }
        );
        let owner = expand(quote!(name = "a.S", version = "1.0.0", thread = owner), item.clone());
        assert_written(owner, &["trait S : 'static", "interface a.S thread owner {"]);
        let any = expand(quote!(name = "a.S", version = "1.0.0"), item);
        assert_written(any, &["Sync + 'static", "interface a.S thread any {"]);
    }
}

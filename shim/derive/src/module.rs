//! `module!`, and the part of `raw_module!` that is the same: the roles of an extension, said once.
//!
//! Emits the module's type, its identity, a `Provider` or `Consumer` for each type (each consumer with a call-site cache
//! of its own, which is why this can't be generic code of the shim), the build note, and the aliases that carry the
//! roles.

use std::fmt::Display;

use interbind_abi::Requirement;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitStr, Token, Type, bracketed};

use crate::attributes::version_tokens;
use crate::demand::demand;
use crate::note;
use crate::pieces::Pieces;
use crate::problems::Problems;
use crate::raw::{self, Raw};

/// A type that the module consumes.
struct Consumed {
    ty: Type,
    requirement: Requirement,
    from: Option<LitStr>,
}

#[derive(Default)]
struct Roles {
    name: Option<LitStr>,
    provides: Vec<Type>,
    consumes: Vec<Consumed>,
    /// What only `raw_module!` takes.
    raw: Option<Raw>,
    problems: Problems,
}

/// Expands `module!`.
pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    Roles::default().expand(input)
}

/// Expands `raw_module!`.
pub(crate) fn expand_raw(input: TokenStream) -> syn::Result<TokenStream> {
    Roles { raw: Some(Raw::default()), ..Roles::default() }.expand(input)
}

impl Roles {
    fn expand(self, input: TokenStream) -> syn::Result<TokenStream> {
        (|input: ParseStream<'_>| self.read(input)).parse2(input)?.finish()
    }

    fn finish(self) -> syn::Result<TokenStream> {
        let Self { name, provides, consumes, raw, mut problems } = self;
        match &name {
            Some(name) => refuse_name(name, &mut problems),
            None => problems.add(Error::new(
                Span::call_site(),
                "missing `name`: say `name = \"frame\"`, as Python imports it",
            )),
        }
        for consumed in &consumes {
            if let Some(from) = &consumed.from {
                refuse_name(from, &mut problems);
            }
        }
        refuse_twins(provides.iter(), "provides", &mut problems);
        refuse_twins(consumes.iter().map(|consumed| &consumed.ty), "consumes", &mut problems);
        problems.end()?;
        let Some(name) = name else { return Ok(TokenStream::new()) };
        let body = raw.as_ref().map(|raw| raw.write(&name));
        let serving = match &raw {
            Some(raw) => raw.serving(consumes.len()),
            None => Serving::first(),
        };
        let mut written = write(&name.value(), &provides, &consumes, &serving);
        written.extend(body);
        Ok(written)
    }
}

fn refuse_name(name: &LitStr, problems: &mut Problems) {
    let text = name.value();
    let word = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && letters.all(|letter| letter == '_' || letter.is_alphanumeric())
    };
    if !text.split('.').all(word) {
        problems.at(
            name,
            format!("`{text}` is not a Python module: write it as `import` does, as `frame._native`"),
        );
    }
}

fn refuse_twins<'a>(types: impl Iterator<Item = &'a Type>, role: &str, problems: &mut Problems) {
    let mut seen = Vec::new();
    for ty in types {
        let text = ty.to_token_stream().to_string();
        if seen.contains(&text) {
            problems.at(ty, format!("`{text}` stands twice in `{role}`: keep one"));
        }
        seen.push(text);
    }
}

/// How the module serves interpreters: its identity, and its call sites.
pub(crate) struct Serving {
    pub(crate) identity: TokenStream,
    pub(crate) site: fn(usize) -> TokenStream,
}

impl Serving {
    /// The first one only: everything is a static.
    fn first() -> Self {
        Self {
            identity: quote! {
                static __FIRST: ::interbind::__private::First = ::interbind::__private::First::new();
                static __IDENTITY: ::interbind::__private::Identity = ::interbind::__private::Identity::of_one(
                    __NAME, ::core::env!("CARGO_PKG_VERSION"), &__FIRST,
                );
            },
            site: |_| {
                quote! {
                    static __SITE: ::interbind::__private::Site = ::interbind::__private::Site::new();
                    &__SITE
                }
            },
        }
    }
}

impl Roles {
    fn read(self, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut roles = self;
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            if seen.contains(&key) {
                roles.problems.at(&key, format!("`{key}` is given twice: keep one"));
            }
            input.parse::<Token![=]>()?;
            if key == "name" {
                roles.name = Some(input.parse()?);
            } else if key == "provides" {
                let list;
                bracketed!(list in input);
                roles.provides.extend(Punctuated::<Type, Token![,]>::parse_terminated(&list)?);
            } else if key == "consumes" {
                let list;
                bracketed!(list in input);
                while !list.is_empty() {
                    let consumed = consumed(&list, &mut roles.problems)?;
                    roles.consumes.extend(consumed);
                    if !list.is_empty() {
                        list.parse::<Token![,]>()?;
                    }
                }
            } else if !roles.raw.as_mut().map_or(Ok(false), |raw| raw.read(&key, input))? {
                let more = if roles.raw.is_some() { raw::KEYS } else { "" };
                let way_out = format!("this macro takes `name`, `provides`, `consumes`{more}");
                return Err(Error::new(key.span(), format!("unknown key `{key}`: {way_out}")));
            }
            seen.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(roles)
    }
}

/// Reads `Point ^1.2`, `dyn Series ">=2.1, <3"`, `Other ^1 from "frame"`.
fn consumed(input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<Option<Consumed>> {
    let ty: Type = input.parse()?;
    let requirement = requirement(input, &ty, problems)?;
    let from = if input.peek(Ident) {
        input.parse::<Ident>()?;
        Some(input.parse::<LitStr>()?)
    } else {
        None
    };
    Ok(requirement.map(|requirement| Consumed { ty, requirement, from }))
}

fn requirement(
    input: ParseStream<'_>,
    ty: &Type,
    problems: &mut Problems,
) -> syn::Result<Option<Requirement>> {
    let understand = |text: &str, place: &dyn ToTokens, problems: &mut Problems| {
        let parsed = text.parse::<Requirement>();
        parsed.map_err(|why: interbind_abi::version::VersionError| {
            problems.at(place, wrong(text, why));
        })
    };
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Ok(understand(&text.value(), &text, problems).ok());
    }
    // Rust's lexer has no versions: `^1.2.3` is `^`, `1.2`, `.`, `3`.
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) && !starts_from(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() {
        problems.at(ty, "say which versions will do: write `^1.2` or `\">=1.2, <2\"` behind the type");
        return Ok(None);
    }
    let text: String = tokens.clone().into_iter().map(|token| token.to_string()).collect();
    Ok(understand(&text, &tokens, problems).ok())
}

fn starts_from(input: ParseStream<'_>) -> bool {
    input.fork().parse::<Ident>().is_ok_and(|word| word == "from")
}

fn wrong(text: &str, why: impl Display) -> String {
    format!("`{text}` is not a requirement: {why}")
}

fn write(name: &str, provides: &[Type], consumes: &[Consumed], serving: &Serving) -> TokenStream {
    let consumers = consumes.iter().enumerate().map(|(index, Consumed { ty, requirement, from })| {
        let (least, below) = (version_tokens(requirement.least), version_tokens(requirement.below));
        let text = requirement.to_string();
        let from = match from {
            Some(from) => quote!(::core::option::Option::Some(#from)),
            None => quote!(::core::option::Option::None),
        };
        let consumer = quote_spanned!(ty.span()=> ::interbind::Consumer<#ty>);
        let site = (serving.site)(index);
        quote! {
            // SAFETY: (1) a static that stands in this function alone, or a place that belongs to this type alone.
            unsafe impl #consumer for __Interbind {
                const REQUIREMENT: ::interbind::abi::Requirement =
                    ::interbind::abi::Requirement { least: #least, below: #below };
                const REQUIREMENT_TEXT: &'static str = #text;
                const FROM: ::core::option::Option<&'static str> = #from;

                #[inline(always)]
                unsafe fn site() -> *const ::interbind::__private::Site {
                    #site
                }
            }
        }
    });
    let demands = consumes.iter().map(own_version);
    let providers = provides.iter().map(|ty| quote_spanned!(ty.span()=> ::interbind::Provider<#ty>));
    let note = note::of_module(text(name, provides, consumes));
    let identity = &serving.identity;
    quote! {
        #[doc(hidden)]
        pub struct __Interbind;

        #(#demands)*

        #[allow(unsafe_code)]
        const _: () = {
            const __NAME: &str = #name;
            #identity

            // SAFETY: (1) the static is named here alone.
            unsafe impl ::interbind::Module for __Interbind {
                #[inline(always)]
                fn identity() -> &'static ::interbind::__private::Identity {
                    &__IDENTITY
                }
            }

            #(impl #providers for __Interbind {})*
            #(#consumers)*
            #note
        };

        ::interbind::__private::faces!(__Interbind);
    }
}

fn text(name: &str, provides: &[Type], consumes: &[Consumed]) -> Pieces {
    let mut text = Pieces::default();
    text.text(format!("name={name}\nversion=")).constant(quote!(::core::env!("CARGO_PKG_VERSION")));
    text.text("\ninterbind=").constant(quote!(::interbind::__private::VERSION));
    text.text("\npanic=").constant(quote!(if ::core::cfg!(panic = "abort") { "abort" } else { "unwind" }));
    text.text("\ncompiler=").constant(quote!(::interbind::__private::COMPILER));
    text.text("\nruntime=").constant(quote!(::interbind::__private::RUNTIME));
    text.text("\nplatform=").constant(quote!(::interbind::__private::PLATFORM));
    for ty in provides {
        text.text("\nprovides=").constant(shared(ty, "NAME")).text(" ");
        text.constant(shared(ty, "VERSION_TEXT"));
    }
    for Consumed { ty, requirement, .. } in consumes {
        text.text("\nconsumes=").constant(shared(ty, "NAME"));
        text.text(format!(" {requirement}"));
    }
    text
}

/// Writes the demand that a requirement accepts the declaration it is compiled with: else it refuses each provider that was
/// built with the same one.
fn own_version(consumed: &Consumed) -> TokenStream {
    let Consumed { ty, requirement, .. } = consumed;
    let (least, below) = (version_tokens(requirement.least), version_tokens(requirement.below));
    let (name, version) = (shared(ty, "NAME"), shared(ty, "VERSION_TEXT"));
    let mut message = Pieces::default();
    message
        .text(format!("`{requirement}` doesn't accept "))
        .constant(name)
        .text(" ")
        .constant(version.clone());
    message.text(", the declaration that this module is built with: require `^").constant(version);
    message.text("`, or build with the older declaration");
    let declared = shared(ty, "VERSION");
    let accepts = quote_spanned!(ty.span()=>
        ::interbind::abi::Requirement { least: #least, below: #below }.accepts(#declared)
    );
    demand(ty.span(), &accepts, message)
}

fn shared(ty: &Type, name: &str) -> TokenStream {
    let name = Ident::new(name, ty.span());
    quote_spanned!(ty.span()=> <#ty as ::interbind::Shared>::#name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::tests::{assert_refused, assert_written};

    #[test]
    fn every_form_of_a_requirement_is_read() {
        let input = quote! {
            name = "stats._native",
            provides = [geo::Summary, dyn Other,],
            consumes = [
                A ^1, B ^1.2, C ^1.2.3, D ^0.0.3, E ^1.20, dyn F ">=2.1, <4", geo::G ^1 from "frame", dyn H "^2" from "frame",
            ],
        };
        let requirements = ["^1.0.0", "^1.2.0", "^1.2.3", "^0.0.3", "^1.20.0", ">=2.1.0, <4.0.0"];
        assert_written(expand(input), &requirements);
        assert_written(expand(quote!(name = "a")), &["faces ! (__Interbind)"]);
    }

    #[test]
    fn a_module_has_a_name_that_python_can_import() {
        assert_refused(expand(quote!(provides = [])), &["missing `name`"]);
        for name in ["", "a.", "a-b", "1a", "a b", "a\nname=b"] {
            assert_refused(expand(quote!(name = #name)), &["is not a Python module"]);
            assert_refused(
                expand(quote!(name = "a", consumes = [A ^1 from #name])),
                &["is not a Python module"],
            );
        }
    }

    #[test]
    fn a_type_stands_once_in_a_role() {
        let input = quote!(name = "a", provides = [A, dyn B, A], consumes = [A ^1, A ^2]);
        assert_refused(expand(input), &["`A` stands twice in `provides`", "`A` stands twice in `consumes`"]);
        assert_written(expand(quote!(name = "a", provides = [A], consumes = [A ^ 1])), &[]);
    }

    #[test]
    fn what_is_not_understood_is_told_in_place() {
        let input = quote!(name = "a", consumes = [A, B ~1.2, C "1.2.3 || 4", D ^1.2.0-rc1]);
        let parts =
            ["say which versions will do", "`~1.2` is not a", "`1.2.3 || 4` is not a", "pre-releases"];
        assert_refused(expand(input), &parts);
        assert_refused(expand(quote!(name = "a", uses = [])), &["unknown key `uses`"]);
        assert_refused(expand(quote!(name = "a", name = "b")), &["`name` is given twice"]);
    }
}

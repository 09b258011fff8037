//! `#[derive(Shared)]` on a struct: plain data that other builds read where it stands.
//!
//! Emits what `interbind_abi::types::data` and `values` need to describe, check and pass the type, its `Shared` role and
//! its build note. Belongs to the type contract: the canonical text made here is what both sides compare. That nothing
//! has a destructor is asserted, as padding and alignment are.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataStruct, DeriveInput, Fields, Generics, Ident, Type};

use crate::attributes::{Settings, Shared, representation, version_tokens};
use crate::demand::{alignment, demand, no_destructor};
use crate::enums;
use crate::note;
use crate::pieces::{Pieces, rendered, word};
use crate::problems::Problems;

/// Expands the derive.
pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let mut problems = Problems::default();
    refuse_generics(&input.generics, &mut problems);
    match &input.data {
        Data::Struct(data) => structure(&input, data, problems),
        Data::Enum(data) => enums::expand(&input, data, problems),
        Data::Union(data) => {
            let way_out = "a union doesn't say which of its fields is valid: share a struct";
            problems.at(data.union_token, way_out);
            problems.end().map(|()| TokenStream::new())
        }
    }
}

/// Notes generics: a descriptor is the text of one layout.
pub(crate) fn refuse_generics(generics: &Generics, problems: &mut Problems) {
    let way_out = "a shared type has one layout and one name: remove the generics, share a type for each use";
    if !generics.params.is_empty() {
        problems.at(generics, way_out);
    } else if let Some(clause) = &generics.where_clause {
        problems.at(clause, way_out);
    }
}

struct Field<'a> {
    ident: &'a Ident,
    word: String,
    ty: &'a Type,
}

fn structure(input: &DeriveInput, data: &DataStruct, mut problems: Problems) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    if !representation(&input.attrs, &mut problems).iter().any(|word| word == "C") {
        problems.at(ident, "the order of the fields is part of the layout: add `#[repr(C)]`");
    }
    let shared = match Settings::of(&input.attrs, &mut problems) {
        Some(mut settings) => {
            let mut shared = Shared::take(&mut settings, &format!("org.example.{ident}"), &mut problems);
            shared.take_cpp(ident, &mut settings, &mut problems);
            settings.end(&["name", "version", "cpp", "conduit"], &mut problems);
            Some(shared)
        }
        None => {
            let example = format!("#[shared(name = \"org.example.{ident}\", version = \"1.0.0\")]");
            problems.at(ident, format!("a shared type has a name and a version: add `{example}`"));
            None
        }
    };
    let mut fields = Vec::new();
    match &data.fields {
        Fields::Named(named) if named.named.is_empty() => {
            problems.at(ident, "there is nothing to share: add a field")
        }
        Fields::Named(named) => {
            for field in &named.named {
                if let Some(ident) = &field.ident {
                    fields.push(Field { ident, word: word(ident, &mut problems), ty: &field.ty });
                }
                refuse_settings(&field.attrs, &mut problems);
            }
        }
        Fields::Unnamed(unnamed) => {
            problems
                .at(unnamed, "fields are compared by name: write `{ name: Type, … }` instead of `(Type, …)`");
        }
        Fields::Unit => problems.at(ident, "there is nothing to share: write `{ name: Type, … }`"),
    }
    problems.end()?;
    Ok(shared.map(|shared| write(ident, &shared, &fields)).unwrap_or_default())
}

fn refuse_settings(attributes: &[Attribute], problems: &mut Problems) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("shared")) {
        problems
            .at(attribute, "every field is shared: remove it (`#[shared]` on a field belongs to `Provide`)");
    }
}

fn write(ident: &Ident, shared: &Shared, fields: &[Field<'_>]) -> TokenStream {
    let pieces = pieces(ident, &shared.name, fields).list();
    let checks = fields.iter().map(|Field { ident: field, ty, .. }| {
        let is_valid = quote_spanned!(ty.span()=> <#ty as ::interbind::abi::types::Field>::is_valid);
        quote! {{
            // SAFETY: duty 1 of `is_valid`: the field lies inside the struct.
            let __field = unsafe { __at.add(::core::mem::offset_of!(#ident, #field)) };
            // SAFETY: as above, its bytes are readable.
            unsafe { #is_valid(__field) }
        }}
    });
    let blanks = fields.iter().map(|Field { ident: field, ty, .. }| {
        quote_spanned!(ty.span()=> #field: ::interbind::abi::values::Blank::blank())
    });
    let demands = demands(ident, fields);
    let role = Role { ty: ident.to_token_stream(), shared, descriptor: rendered(&pieces) };
    let role = role.write(
        &quote!(KIND_DATA),
        false,
        &quote!(::core::mem::align_of::<#ident>()),
        &quote!(::interbind::__private::DataHandle<#ident>),
    );
    quote! {
        #demands
        #[automatically_derived]
        #[allow(unsafe_code, deprecated)]
        const _: () = {
            // SAFETY: (1) made from the compiler's own offsets, sizes and the fields' texts; (2) every field is asked;
            // (3) each `Field` has no reference; that there are no destructors and no padding is asserted.
            unsafe impl ::interbind::abi::types::Field for #ident {
                const PIECES: &'static [::interbind::abi::Piece] = #pieces;

                unsafe fn is_valid(__at: *const u8) -> bool {
                    true #(&& #checks)*
                }
            }

            // SAFETY: (1) as `Field`.
            unsafe impl ::interbind::abi::values::PlainData for #ident {}

            // SAFETY: (1) the field's text; (2) the bytes of a repr(C) struct; (3) `lift_data` asks every field.
            unsafe impl ::interbind::abi::values::Value for #ident {
                type Wire = ::core::mem::MaybeUninit<Self>;
                type On<'__call>
                    = Self
                where
                    Self: '__call;
                const PIECES: &'static [::interbind::abi::Piece] =
                    <Self as ::interbind::abi::types::Field>::PIECES;

                fn lower(self) -> ::core::mem::MaybeUninit<Self> {
                    ::core::mem::MaybeUninit::new(self)
                }

                unsafe fn lift(
                    __wire: ::core::mem::MaybeUninit<Self>,
                ) -> ::core::result::Result<Self, ::interbind::abi::values::InvalidValue> {
                    // SAFETY: duty 1 of `lift`: it was a value, and there is no padding but the declared.
                    unsafe { ::interbind::abi::values::lift_data(__wire) }
                }

                fn on<'__call>(self, _: &'__call ::interbind::abi::values::Call) -> Self
                where
                    Self: '__call,
                {
                    self
                }
            }

            impl ::interbind::abi::values::Blank for #ident {
                fn blank() -> Self {
                    Self { #(#blanks),* }
                }
            }

            #role
        };
    }
}

fn pieces(ident: &Ident, name: &str, fields: &[Field<'_>]) -> Pieces {
    let mut pieces = Pieces::default();
    pieces.text(format!("data {name} size ")).number(quote!(::core::mem::size_of::<#ident>()));
    pieces.text(" align ").number(quote!(::core::mem::align_of::<#ident>())).text(" {");
    for (index, Field { ident: field, word, ty }) in fields.iter().enumerate() {
        pieces.text(if index == 0 { " " } else { "; " }).text(word).text(": ");
        pieces.nested(quote_spanned!(ty.span()=> <#ty as ::interbind::abi::types::Field>::PIECES));
        pieces.text(" @").number(quote!(::core::mem::offset_of!(#ident, #field)));
    }
    pieces.text(" }");
    pieces
}

fn demands(ident: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let mut demands = alignment(ident.span(), &ident.to_token_stream(), &ident.to_string());
    demands.extend(no_destructor(ident.span(), &ident.to_token_stream(), &ident.to_string()));
    // Where the field before ends: the least offset of the next one, and of the struct's end.
    let mut end = quote!(0_usize);
    for Field { ident: field, word, ty } in fields {
        let offset = quote_spanned!(field.span()=> ::core::mem::offset_of!(#ident, #field));
        let mut message = Pieces::default();
        message.text(format!("undeclared padding in `{ident}`: put `_reserved: interbind::Reserved<"));
        message
            .number(quote!((#offset - (#end))))
            .text(format!(">` before `{word}`, or sort the fields by alignment"));
        demands.extend(demand(field.span(), &quote!(#offset == #end), message));
        end = quote!(#offset + ::core::mem::size_of::<#ty>());
    }
    let size = quote!(::core::mem::size_of::<#ident>());
    let mut message = Pieces::default();
    message.text(format!("undeclared padding in `{ident}`: put `_reserved: interbind::Reserved<"));
    message.number(quote!((#size - (#end)))).text(">` at its end");
    demands.extend(demand(ident.span(), &quote!(#size == #end), message));
    demands
}

/// The `Shared` role of a type.
pub(crate) struct Role<'a> {
    /// The type.
    pub(crate) ty: TokenStream,
    /// Its name and version.
    pub(crate) shared: &'a Shared,
    /// An expression of type `&'static str`.
    pub(crate) descriptor: TokenStream,
}

impl Role<'_> {
    /// Writes the impl and the build note; `kind` is a constant of `abi::types::record`.
    pub(crate) fn write(
        &self,
        kind: &TokenStream,
        owner_thread: bool,
        align: &TokenStream,
        handle: &TokenStream,
    ) -> TokenStream {
        let Self { ty, shared: Shared { name, version, cpp, conduit }, descriptor } = self;
        let adapter = cpp.as_ref().map(|cpp| {
            let mangled =
                proc_macro2::Literal::c_string(&std::ffi::CString::new(cpp.as_str()).unwrap_or_default());
            quote! {
                fn adapter() -> ::core::option::Option<&'static ::interbind::__private::Adapter> {
                    static ADAPTER: ::interbind::__private::Adapter = ::interbind::__private::Adapter::new(
                        #mangled,
                        ::core::mem::size_of::<#ty>(),
                        ::core::mem::align_of::<#ty>(),
                    );
                    ::core::option::Option::Some(&ADAPTER)
                }
            }
        });
        let answers = cpp.as_ref().filter(|_| *conduit).map(|cpp| {
            let mangled =
                proc_macro2::Literal::c_string(&std::ffi::CString::new(cpp.as_str()).unwrap_or_default());
            quote! {
                const IS_ANSWERED: bool = true;

                fn answers() -> ::core::option::Option<&'static ::interbind::__private::Answers> {
                    static ANSWERS: ::interbind::__private::Answers =
                        ::interbind::__private::Answers::new::<#ty>(#mangled);
                    ::core::option::Option::Some(&ANSWERS)
                }
            }
        });
        let (text, version) = (version.to_string(), version_tokens(*version));
        let note = note::of_type(ty);
        quote! {
            // SAFETY: (1) the macro's own text, with the name in it; (2) the handle is the macro's or the shim's own.
            unsafe impl ::interbind::Shared for #ty {
                const NAME: &'static str = #name;
                const VERSION_TEXT: &'static str = #text;
                const VERSION: ::interbind::abi::Version = #version;
                const KIND: u32 = ::interbind::abi::types::record::#kind;
                const DESCRIPTOR: &'static str = #descriptor;
                const OWNER_THREAD: bool = #owner_thread;
                const ALIGN: usize = #align;
                type Handle = #handle;

                #adapter

                #answers
            }

            #note
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::tests::{assert_refused, assert_written};

    #[test]
    fn a_struct_without_name_version_or_repr_is_told_all_three() {
        assert_refused(
            expand(quote! { #[shared()] struct P { x: f64 } }),
            &["add `#[repr(C)]`", "missing `name`", "missing `version`"],
        );
        assert_refused(
            expand(quote! { #[repr(C)] struct P { x: f64 } }),
            &["#[shared(name = \"org.example.P\""],
        );
    }

    #[test]
    fn a_key_is_known_and_said_once() {
        let input = quote! {
            #[repr(C)]
            #[shared(name = "a.P", name = "a.Q", version = "1.0.0", nam = "x", version)]
            struct P { x: f64 }
        };
        assert_refused(
            expand(input),
            &[
                "`name` is given twice",
                "unknown key `nam`: this attribute takes `name`, `version`, `cpp`, `conduit`",
                "`version` is given twice",
            ],
        );
    }

    #[test]
    fn a_name_is_dotted_ascii_and_a_version_has_three_numbers() {
        for (name, version) in [("a..P", "1.2"), ("é.P", "1.2.0-rc1"), ("", "99999999999.0.0")] {
            let input = quote! { #[repr(C)] #[shared(name = #name, version = #version)] struct P { x: f64 } };
            assert_refused(expand(input), &["is not a type name", "is not a version"]);
        }
    }

    #[test]
    fn what_answers_pybind11_names_its_class() {
        let attributes = quote!(#[repr(C)]);
        assert_refused(
            expand(
                quote!(#attributes #[shared(name = "a.P", version = "1.0.0", conduit)] struct P { x: f64 }),
            ),
            &["`conduit` answers pybind11 for a C++ class: name it"],
        );
        assert_refused(
            expand(
                quote!(#attributes #[shared(name = "a.P", version = "1.0.0", conduit = 1, cpp = "P")] struct P { x: f64 }),
            ),
            &["conduit"],
        );
        assert_written(
            expand(
                quote!(#attributes #[shared(name = "a.P", version = "1.0.0", conduit, cpp = "geo::P")] struct P { x: f64 }),
            ),
            &["IS_ANSWERED : bool = true", "N3geo1PE"],
        );
    }

    #[test]
    fn only_structs_with_named_fields_have_fields_to_compare() {
        let attributes = quote!(#[repr(C)] #[shared(name = "a.P", version = "1.0.0")]);
        assert_refused(expand(quote!(#attributes struct P(f64);)), &["fields are compared by name"]);
        assert_refused(expand(quote!(#attributes struct P;)), &["there is nothing to share"]);
        assert_refused(expand(quote!(#attributes struct P {})), &["there is nothing to share"]);
        assert_refused(expand(quote!(#attributes union P { x: f64 })), &["share a struct"]);
    }

    #[test]
    fn generics_of_any_kind_are_refused() {
        let attributes = quote!(#[repr(C)] #[shared(name = "a.P", version = "1.0.0")]);
        assert_refused(expand(quote!(#attributes struct P<T> { x: T })), &["remove the generics"]);
        assert_refused(
            expand(quote!(#attributes struct P<const N: usize> { x: [u8; N] })),
            &["remove the generics"],
        );
        assert_refused(
            expand(quote!(#attributes struct P where u8: Copy { x: u8 })),
            &["remove the generics"],
        );
    }

    #[test]
    fn names_that_no_descriptor_can_hold_are_refused() {
        let attributes = quote!(#[repr(C)] #[shared(name = "a.P", version = "1.0.0")]);
        assert_refused(
            expand(quote!(#attributes struct P { größe: f64 })),
            &["`größe` stands in a descriptor"],
        );
        assert_written(expand(quote!(#attributes struct P { r#type: f64 })), &["{ type: "]);
    }

    #[test]
    fn a_field_needs_no_mark() {
        let attributes = quote!(#[repr(C, align(8))] #[shared(name = "a.P", version = "1.0.0")]);
        assert_refused(expand(quote!(#attributes struct P { #[shared] x: f64 })), &["belongs to `Provide`"]);
    }
}

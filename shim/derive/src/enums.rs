//! `#[derive(Shared)]` on an enum without fields: a field of shared data, or a value of an interface.
//!
//! Its descriptor lists the valid values, so a byte of another build becomes an enum only when it is one of them. An
//! enum has no name of its own and no note: it stands in the descriptors of those that use it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, Ident};

use crate::attributes::{Settings, representation};
use crate::demand::{demand, no_destructor};
use crate::pieces::{Pieces, word};
use crate::problems::Problems;

const WIDTHS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

/// Expands the derive.
pub(crate) fn expand(
    input: &DeriveInput,
    data: &DataEnum,
    mut problems: Problems,
) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let words = representation(&input.attrs, &mut problems);
    let width = words.into_iter().find(|word| WIDTHS.iter().any(|width| word == width));
    if width.is_none() {
        problems.at(
            ident,
            "the width of an enum is part of the layout: add `#[repr(u8)]`, or another of `u8` … `i64`",
        );
    }
    if Settings::of(&input.attrs, &mut problems).is_some() {
        problems
            .at(ident, "an enum stands in the descriptors of the types that use it: remove `#[shared(…)]`");
    }
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            problems.at(
                variant,
                "a shared enum has no fields: keep the value beside it, in the struct that uses it",
            );
        }
        variants.push((&variant.ident, word(&variant.ident, &mut problems)));
    }
    if variants.is_empty() {
        problems.at(ident, "an enum without variants has no value: add one");
    }
    problems.end()?;
    Ok(width.map(|width| write(ident, &width, &variants)).unwrap_or_default())
}

fn write(ident: &Ident, width: &Ident, variants: &[(&Ident, String)]) -> TokenStream {
    let mut pieces = Pieces::default();
    pieces.text(format!("enum {width} {{"));
    for (index, (variant, word)) in variants.iter().enumerate() {
        pieces.text(if index == 0 { " " } else { ", " }).text(word).text(" = ");
        pieces.signed(quote!(#ident::#variant as i64));
    }
    pieces.text(" }");
    let pieces = pieces.list();
    let variants: Vec<_> = variants.iter().map(|(variant, _)| *variant).collect();
    let first = variants.first();
    let expected = format!("a `{ident}`");
    let demands = (width == "u64").then(|| {
        variants.iter().map(|variant| {
            let mut message = Pieces::default();
            message.text(format!(
                "`{variant}` is above {}, the largest value in a descriptor: lower it",
                i64::MAX
            ));
            demand(variant.span(), &quote!(#ident::#variant as u64 <= i64::MAX as u64), message)
        })
    });
    let demands = demands.into_iter().flatten();
    let no_destructor = no_destructor(ident.span(), &quote!(#ident), &ident.to_string());
    quote! {
        #(#demands)*
        #no_destructor
        #[automatically_derived]
        #[allow(unsafe_code, deprecated)]
        const _: () = {
            // SAFETY: (1) the variants' own values; (2) only those pass; (3) a machine type's layout.
            unsafe impl ::interbind::abi::types::Field for #ident {
                const PIECES: &'static [::interbind::abi::Piece] = #pieces;

                unsafe fn is_valid(__at: *const u8) -> bool {
                    // SAFETY: duty 1 of `is_valid`; unaligned on purpose.
                    let __value = unsafe { __at.cast::<#width>().read_unaligned() };
                    #(__value == #ident::#variants as #width)||*
                }
            }

            // SAFETY: (1) the field's text; (2) a machine type; (3) only the variants' values pass.
            unsafe impl ::interbind::abi::values::Value for #ident {
                type Wire = #width;
                type On<'__call>
                    = Self
                where
                    Self: '__call;
                const PIECES: &'static [::interbind::abi::Piece] =
                    <Self as ::interbind::abi::types::Field>::PIECES;

                fn lower(self) -> #width {
                    self as #width
                }

                unsafe fn lift(
                    __wire: #width,
                ) -> ::core::result::Result<Self, ::interbind::abi::values::InvalidValue> {
                    #(if __wire == #ident::#variants as #width {
                        return ::core::result::Result::Ok(#ident::#variants);
                    })*
                    ::core::result::Result::Err(::interbind::abi::values::InvalidValue { expected: #expected })
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
                    #ident::#first
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::problems::tests::{assert_refused, assert_written};
    use crate::shared::expand;

    #[test]
    fn an_enum_has_a_fixed_width() {
        for repr in [quote!(), quote!(#[repr(C)]), quote!(#[repr(usize)])] {
            assert_refused(expand(quote!(#repr enum E { A, B })), &["add `#[repr(u8)]`"]);
        }
        assert_written(
            expand(quote!(
                #[repr(i16)]
                enum E {
                    A = -1,
                    r#B,
                }
            )),
            &["enum i16 { A = ", ", B = "],
        );
    }

    #[test]
    fn every_variant_with_fields_is_told() {
        let input = quote!(
            #[repr(u8)]
            enum E {
                A(u8),
                B,
                C { x: u8 },
            }
        );
        assert_refused(expand(input), &["a shared enum has no fields", "a shared enum has no fields"]);
    }

    #[test]
    fn an_enum_has_a_value_and_no_name() {
        assert_refused(
            expand(quote!(
                #[repr(u8)]
                enum E {}
            )),
            &["has no value"],
        );
        let input = quote!(
            #[repr(u8)]
            #[shared(name = "a.E", version = "1.0.0")]
            enum E {
                A,
            }
        );
        assert_refused(expand(input), &["remove `#[shared(…)]`"]);
    }
}

//! `#[derive(Provide)]`: a class gives out the shared data that stands in one of its fields.
//!
//! The way to the data is the field's offset, never an accessor: other builds read the data where it stands, for as long
//! as they borrow the object.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Index, Member, Type};

use crate::attributes::Settings;
use crate::demand::alignment;
use crate::problems::Problems;

struct Provided<'a> {
    member: Member,
    ty: &'a Type,
    from: bool,
}

/// Expands the derive.
pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let mut problems = Problems::default();
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        problems.at(&input.generics, "a class of Python has no generics: remove them");
    }
    if let Some(attribute) = input.attrs.iter().find(|attribute| attribute.path().is_ident("shared")) {
        problems.at(attribute, "mark the field that holds the data: move `#[shared]` to it");
    }
    let Data::Struct(data) = &input.data else {
        problems.at(ident, "the data stands in a field: write a struct, and mark the field with `#[shared]`");
        return problems.end().map(|()| TokenStream::new());
    };
    let mut provided: Vec<Provided<'_>> = Vec::new();
    for (index, field) in data.fields.iter().enumerate() {
        let Some(mut settings) = Settings::of(&field.attrs, &mut problems) else { continue };
        let from = settings.flag("from", &mut problems);
        settings.end(&["from"], &mut problems);
        let text = field.ty.to_token_stream().to_string();
        if provided.iter().any(|other| other.ty.to_token_stream().to_string() == text) {
            problems
                .at(&field.ty, format!("`{text}` is shared twice: a class gives out one value of a type"));
        }
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index::from(index)),
        };
        provided.push(Provided { member, ty: &field.ty, from });
    }
    if provided.is_empty() {
        problems.at(ident, "nothing is provided: mark the field that holds the data with `#[shared]`");
    }
    problems.end()?;
    Ok(provided.iter().map(|provided| write(ident, provided)).collect())
}

/// The data in an `Untracked<Data>`.
fn untracked(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Untracked")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(data)) if arguments.args.len() == 1 => Some(data),
        _ => None,
    }
}

fn write(class: &syn::Ident, Provided { member, ty, from }: &Provided<'_>) -> TokenStream {
    let (ty, is_untracked) = match untracked(ty) {
        Some(data) => (data, true),
        None => (*ty, false),
    };
    let name = ty.to_token_stream().to_string();
    let message = format!(
        "`{name}` answers pybind11, which may write to it at any time: hold an `interbind::Untracked<{name}>`"
    );
    let held = (!is_untracked).then(|| {
        quote_spanned! {ty.span()=>
            const _: () = ::core::assert!(!<#ty as ::interbind::Shared>::IS_ANSWERED, #message);
        }
    });
    let demand = alignment(ty.span(), &ty.to_token_stream(), &ty.to_token_stream().to_string());
    let wrap = from.then(|| {
        quote_spanned! {ty.span()=>
            const WRAP: ::core::option::Option<::interbind::__private::Wrap> =
                ::core::option::Option::Some(::interbind::__private::wrap::<#class, #ty>);
        }
    });
    let implementation = quote_spanned!(ty.span()=> ::interbind::ProvidedBy<#class> for #ty);
    quote! {
        #demand
        #held

        #[automatically_derived]
        #[allow(unsafe_code)]
        // SAFETY: (1) the field's offset, in the same allocation; (2) data; (3) `wrap` is of this class.
        unsafe impl #implementation {
            const TABLE: *const ::interbind::abi::interface::TableHead = ::core::ptr::null();
            const SIZE: usize = ::core::mem::size_of::<#ty>();
            const IS_UNTRACKED: bool = #is_untracked;
            #wrap

            fn project(__this: *mut #class) -> *mut ::core::ffi::c_void {
                __this.wrapping_byte_add(::core::mem::offset_of!(#class, #member)).cast()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::tests::{assert_refused, assert_written};

    #[test]
    fn data_that_is_untracked_is_told_from_data_that_is_not() {
        let class = |field| expand(quote!(struct C { #[shared] point: #field }));
        let is = |text: &'static str| format!("IS_UNTRACKED : bool = {text}");
        assert_written(class(quote!(interbind::Untracked<Point>)), &[&is("true"), "for Point"]);
        assert_written(class(quote!(Point)), &[&is("false"), "hold an `interbind::Untracked<Point>`"]);
    }

    #[test]
    fn a_class_marks_what_it_provides() {
        assert_refused(
            expand(quote!(
                struct C {
                    point: Point,
                }
            )),
            &["nothing is provided"],
        );
        assert_refused(
            expand(quote!(
                #[shared]
                struct C {
                    point: Point,
                }
            )),
            &["move `#[shared]`", "nothing is provided"],
        );
        assert_refused(
            expand(quote!(
                enum C {
                    A(Point),
                }
            )),
            &["write a struct"],
        );
        assert_refused(
            expand(quote!(
                struct C<T> {
                    #[shared]
                    point: T,
                }
            )),
            &["remove them"],
        );
    }

    #[test]
    fn a_mark_is_understood_or_told() {
        assert_refused(
            expand(quote!(
                struct C {
                    #[shared(form)]
                    point: Point,
                }
            )),
            &["unknown key `form`"],
        );
        assert_refused(
            expand(quote!(
                struct C {
                    #[shared(from, from)]
                    point: Point,
                }
            )),
            &["given twice"],
        );
        assert_refused(
            expand(quote!(
                struct C {
                    #[shared(from = "x")]
                    point: Point,
                }
            )),
            &["takes no value"],
        );
    }

    #[test]
    fn a_class_gives_out_one_value_of_a_type() {
        let twice = quote!(
            struct C {
                #[shared]
                a: geo::Point,
                #[shared]
                b: geo::Point,
            }
        );
        assert_refused(expand(twice), &["is shared twice"]);
        assert_written(
            expand(quote!(
                struct C(u8, #[shared(from)] Point);
            )),
            &["offset_of ! (C , 1)", "wrap :: < C , Point >"],
        );
    }
}

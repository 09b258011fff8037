//! Build notes: what a finished file says about itself, as a static in a section of its own.
//!
//! Written for each type that a crate defines and for its module; read by `interbind_abi::note`, which has the form.

use proc_macro2::TokenStream;
use quote::quote;

use crate::pieces::{Pieces, rendered};

/// Writes the note of a type: its version, then its descriptor.
pub(crate) fn of_type(ty: &TokenStream) -> TokenStream {
    let mut text = Pieces::default();
    text.constant(quote!(<#ty as ::interbind::Shared>::VERSION_TEXT)).text("\n");
    text.constant(quote!(<#ty as ::interbind::Shared>::DESCRIPTOR));
    note(&quote!(TYPE), text)
}

/// Writes the note of a module.
pub(crate) fn of_module(text: Pieces) -> TokenStream {
    note(&quote!(MODULE), text)
}

fn note(kind: &TokenStream, text: Pieces) -> TokenStream {
    let text = rendered(&text.list());
    quote! {
        const _: () = {
            const __TEXT: &str = #text;
            const __SIZE: usize = ::interbind::abi::note::padded(__TEXT.len());
            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA_CONST,__interbind"))]
            #[cfg_attr(windows, unsafe(link_section = ".intbind"))]
            #[cfg_attr(
                not(any(target_vendor = "apple", windows, target_family = "wasm")),
                unsafe(link_section = ".note.interbind")
            )]
            static __NOTE: ::interbind::abi::note::Note<__SIZE> =
                ::interbind::abi::note::Note::new(::interbind::abi::note::#kind, __TEXT);
        };
    }
}

//! Assertions of the expansion: what only the compiler can decide, with a message that says the way out.
//!
//! Used for layouts: a macro doesn't know sizes. The error stands at the span that the caller gives, in the author's
//! own code.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::pieces::{Pieces, rendered};

/// Writes an item that doesn't compile unless `condition` holds.
pub(crate) fn demand(span: Span, condition: &TokenStream, message: Pieces) -> TokenStream {
    let message = rendered(&message.list());
    quote_spanned! {span=>
        const _: () = {
            const __MESSAGE: &str = #message;
            ::core::assert!(#condition, "{}", __MESSAGE);
        };
    }
}

/// Writes the demand that `ty` is aligned to 16 bytes at most; more is more than Python's own allocator promises.
pub(crate) fn alignment(span: Span, ty: &TokenStream, name: &str) -> TokenStream {
    let mut message = Pieces::default();
    message
        .text(format!("`{name}` is aligned to "))
        .number(quote_spanned!(span=> ::core::mem::align_of::<#ty>()));
    message.text(
        " bytes, Python's objects to 16 at most: lower its `align`, or the one of the field that asks for it",
    );
    demand(span, &quote_spanned!(span=> ::core::mem::align_of::<#ty>() <= 16), message)
}

/// Writes the demand that `ty` has no destructor: other builds copy its bytes, and forget them.
pub(crate) fn no_destructor(span: Span, ty: &TokenStream, name: &str) -> TokenStream {
    let mut message = Pieces::default();
    message.text(format!(
        "`{name}` has a destructor, and others copy a shared type byte by byte: remove its `impl Drop`, or share it through an \
         interface"
    ));
    demand(span, &quote_spanned!(span=> !::core::mem::needs_drop::<#ty>()), message)
}

//! Texts that the compiler puts together: names known now, numbers and other types' texts known later.
//!
//! Used for descriptors, notes and the messages of assertions; what is written is read by `interbind_abi::text`. The
//! grammar lives there, in `types::data`, `interface` and `note`; nothing here knows it.

use std::mem::take;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;
use syn::ext::IdentExt;

use crate::problems::Problems;

/// A text in the making.
#[derive(Default)]
pub(crate) struct Pieces {
    pieces: Vec<TokenStream>,
    text: String,
}

impl Pieces {
    /// Adds text as it stands.
    pub(crate) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text.push_str(text.as_ref());
        self
    }

    /// Adds a number: an expression of type `usize`.
    pub(crate) fn number(&mut self, number: TokenStream) -> &mut Self {
        self.piece(quote!(Number(#number as u64)))
    }

    /// Adds a signed number: an expression of type `i64`.
    pub(crate) fn signed(&mut self, number: TokenStream) -> &mut Self {
        self.piece(quote!(Signed(#number)))
    }

    /// Adds other pieces: an expression of type `&'static [Piece]`.
    pub(crate) fn nested(&mut self, pieces: TokenStream) -> &mut Self {
        self.piece(quote!(Nested(#pieces)))
    }

    /// Adds a text that is known later: an expression of type `&'static str`.
    pub(crate) fn constant(&mut self, text: TokenStream) -> &mut Self {
        self.piece(quote!(Text(#text)))
    }

    fn piece(&mut self, piece: TokenStream) -> &mut Self {
        self.close();
        self.pieces.push(quote!(::interbind::abi::Piece::#piece));
        self
    }

    fn close(&mut self) {
        if !self.text.is_empty() {
            let text = take(&mut self.text);
            self.pieces.push(quote!(::interbind::abi::Piece::Text(#text)));
        }
    }

    /// Writes the pieces: an expression of type `&'static [Piece]`.
    pub(crate) fn list(mut self) -> TokenStream {
        self.close();
        let pieces = self.pieces;
        quote!(&[#(#pieces),*])
    }
}

/// Writes a block that renders `pieces` into a `&'static str`.
pub(crate) fn rendered(pieces: &TokenStream) -> TokenStream {
    quote! {{
        const __PIECES: &[::interbind::abi::Piece] = #pieces;
        const __BYTES: [u8; ::interbind::abi::text::length(__PIECES)] = ::interbind::abi::text::render(__PIECES);
        ::interbind::abi::text::text(&__BYTES)
    }}
}

/// Returns a field's, variant's or method's name as descriptors write it.
pub(crate) fn word(ident: &Ident, problems: &mut Problems) -> String {
    let word = ident.unraw().to_string();
    if !word.is_ascii() {
        problems.at(ident, format!("`{word}` stands in a descriptor, which is ASCII: rename it"));
    }
    word
}

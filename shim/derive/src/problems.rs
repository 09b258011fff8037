//! Every mistake of one input, said in one go.
//!
//! Used by every macro while it reads. A message starts in lower case, stands at the culprit and says the way out.

use quote::ToTokens;
use syn::Error;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Problems(Option<Error>);

impl Problems {
    /// Notes a mistake at `place`.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl std::fmt::Display) {
        self.add(Error::new_spanned(place, message));
    }

    /// Notes a mistake that has its place already.
    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Takes a value, or notes why there is none.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Ends the reading: nothing is written when anything is wrong.
    pub(crate) fn end(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proc_macro2::TokenStream;

    /// Holds the messages against `expected`, one part of each, in order.
    pub(crate) fn assert_refused(result: syn::Result<TokenStream>, expected: &[&str]) {
        let messages: Vec<_> = match result {
            Ok(tokens) => panic!("not refused: {tokens}"),
            Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
        };
        let matching = messages.iter().zip(expected).all(|(message, part)| message.contains(part));
        assert!(matching && messages.len() == expected.len(), "{messages:#?} is not {expected:#?}");
        for message in messages {
            assert!(message.starts_with(|c: char| !c.is_uppercase()), "{message}");
        }
    }

    /// Asserts that code with all of `parts` is written.
    pub(crate) fn assert_written(result: syn::Result<TokenStream>, parts: &[&str]) {
        let text = match result {
            Ok(tokens) => tokens.to_string(),
            Err(error) => panic!("refused: {error}"),
        };
        for part in parts {
            assert!(text.contains(part), "no `{part}` in {text}");
        }
    }
}

//! `raw_module!`: what it says beyond the roles, and the module that is written from it.

use std::ffi::CString;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, LitBool, LitCStr, LitStr, Path, Token, Type, bracketed};

use crate::module::Serving;

/// The keys, for messages.
pub(crate) const KEYS: &str = ", `doc`, `interpreters`, `gil_used`, `bind`, `methods`, `state`, `exec`";

/// The words of `interpreters`, and what they are in the shim.
const SUPPORT: [(&str, &str); 3] = [
    ("not_supported", "NotSupported"),
    ("shared_gil", "SharedGil"),
    ("per_interpreter_gil", "PerInterpreterGil"),
];

/// The words behind a method.
const CALLS: [&str; 6] = ["O", "NOARGS", "VARARGS", "KEYWORDS", "FASTCALL", "FASTCALL_KEYWORDS"];

/// What a raw module says beyond its roles.
#[derive(Default)]
pub(crate) struct Raw {
    doc: Option<LitStr>,
    support: Option<Ident>,
    gil_used: Option<LitBool>,
    /// True to bind at the first use only.
    lazy: bool,
    methods: Vec<Method>,
    state: Option<Type>,
    exec: Option<Path>,
}

struct Method {
    attributes: Vec<Attribute>,
    function: Path,
    call: Ident,
    doc: Option<LitStr>,
}

impl Raw {
    /// Reads the value of a key, if it's one of these.
    pub(crate) fn read(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
        match key.to_string().as_str() {
            "doc" => self.doc = Some(input.parse()?),
            "interpreters" => self.support = Some(support(&input.call(Ident::parse_any)?)?),
            "gil_used" => self.gil_used = Some(input.parse()?),
            "bind" => self.lazy = is_lazy(&input.call(Ident::parse_any)?)?,
            "methods" => {
                let list;
                bracketed!(list in input);
                while !list.is_empty() {
                    self.methods.push(method(&list)?);
                    if !list.is_empty() {
                        list.parse::<Token![,]>()?;
                    }
                }
            }
            "state" => self.state = Some(input.parse()?),
            "exec" => self.exec = Some(input.parse()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The identity of a module that serves each interpreter.
    pub(crate) fn serving(&self, sites: usize) -> Serving {
        let support = self.support();
        Serving {
            identity: quote! {
                static __EACH: ::interbind::__private::Each =
                    ::interbind::__private::Each::new(::interbind::__private::Support::#support, #sites);
                static __IDENTITY: ::interbind::__private::Identity = ::interbind::__private::Identity::of_each(
                    __NAME, ::core::env!("CARGO_PKG_VERSION"), &__EACH,
                );
            },
            site: |index| {
                quote! {
                    // SAFETY: `Consumer::site`'s duty.
                    unsafe { __EACH.site(#index) }
                }
            },
        }
    }

    fn support(&self) -> Ident {
        self.support.clone().unwrap_or_else(|| Ident::new("NotSupported", Span::call_site()))
    }

    /// Writes the module: its traits, and the function that Python calls.
    pub(crate) fn write(&self, name: &LitStr) -> TokenStream {
        let text = name.value();
        let last = text.rsplit('.').next().unwrap_or_default();
        let init = LitStr::new(&format!("PyInit_{last}"), name.span());
        let export = LitStr::new(&format!("PyModExport_{last}"), name.span());
        let terminated = literal(&text, name.span());
        let doc = self
            .doc
            .as_ref()
            .map_or_else(|| literal("", name.span()), |doc| literal(&doc.value(), doc.span()));
        let methods = self.methods.iter().map(|Method { attributes, function, call, doc }| {
            let name = function.segments.last().map(|part| part.ident.unraw().to_string()).unwrap_or_default();
            let name = literal(&name, function.span());
            let doc = doc.as_ref().map_or_else(|| literal("", call.span()), |doc| literal(&doc.value(), doc.span()));
            quote_spanned! {function.span()=>
                #(#attributes)* ::interbind::raw::Method { name: #name, doc: #doc, call: ::interbind::raw::Call::#call(#function) }
            }
        });
        let support = self.support();
        let (gil_used, lazy) = (self.gil_used.as_ref().is_none_or(LitBool::value), self.lazy);
        let state = self.state.as_ref().map_or_else(|| quote!(()), |state| quote!(#state));
        let execute = match &self.exec {
            // SAFETY, in the user's crate: the duty of `execute` is the function's own.
            Some(exec) => quote_spanned!(exec.span()=> unsafe { #exec(module) }),
            None => quote!({
                let _ = module;
                ::core::result::Result::Ok(())
            }),
        };
        quote! {
            #[allow(unsafe_code)]
            const _: () = {
                // SAFETY: (1) the static stands in this function alone; (2) the functions are the user's own, who says with
                // each how it is called.
                unsafe impl ::interbind::raw::RawModule for __Interbind {
                    type State = #state;
                    const NAME: &'static ::core::ffi::CStr = #terminated;
                    const DOC: &'static ::core::ffi::CStr = #doc;
                    const METHODS: &'static [::interbind::raw::Method] = &[#(#methods),*];
                    const SUPPORT: ::interbind::__private::Support = ::interbind::__private::Support::#support;
                    const GIL_USED: bool = #gil_used;
                    const BINDS_LATE: bool = #lazy;

                    fn definition() -> &'static ::interbind::raw::RawDefinition {
                        static __DEFINITION: ::interbind::raw::RawDefinition = ::interbind::raw::RawDefinition::new();
                        &__DEFINITION
                    }

                    unsafe fn execute(
                        module: ::core::ptr::NonNull<::interbind::__private::PyObject>,
                    ) -> ::core::result::Result<Self::State, ::interbind::Raised> {
                        #execute
                    }
                }

                // Which of them Python looks for is known to the shim, not to this crate.
                ::interbind::__entry!(#init, #export, __Interbind);
            };
        }
    }
}

fn support(word: &Ident) -> syn::Result<Ident> {
    let found = SUPPORT.iter().find(|(known, _)| word == known);
    found.map(|(_, variant)| Ident::new(variant, word.span())).ok_or_else(|| {
        let words = SUPPORT.map(|(word, _)| format!("`{word}`")).join(", ");
        Error::new(word.span(), format!("`{word}` is no kind of interpreter: write one of {words}"))
    })
}

fn is_lazy(word: &Ident) -> syn::Result<bool> {
    match word.to_string().as_str() {
        "on_import" => Ok(false),
        "on_first_use" => Ok(true),
        _ => Err(Error::new(
            word.span(),
            format!("`{word}` is no time to bind: write `on_import` or `on_first_use`"),
        )),
    }
}

fn method(input: ParseStream<'_>) -> syn::Result<Method> {
    let attributes = input.call(Attribute::parse_outer)?;
    let function: Path = input.parse()?;
    input.parse::<Token![:]>()?;
    let call: Ident = input.call(Ident::parse_any)?;
    if !CALLS.iter().any(|known| call == known) {
        let words = CALLS.map(|word| format!("`{word}`")).join(", ");
        return Err(Error::new(
            call.span(),
            format!("`{call}` is no way to call a function: write one of {words}"),
        ));
    }
    let doc = if input.peek(LitStr) { Some(input.parse()?) } else { None };
    Ok(Method { attributes, function, call, doc })
}

/// Text as a C string; a NUL in it is shown as `?`.
fn literal(text: &str, span: Span) -> LitCStr {
    let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
    LitCStr::new(&text, span)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::module::expand_raw;
    use crate::problems::tests::{assert_refused, assert_written};

    #[test]
    fn what_a_module_says_stands_in_what_is_written() {
        let input = quote! {
            name = "frame._native", doc = "All of it.", interpreters = per_interpreter_gil, gil_used = false,
            consumes = [Point ^1.2, dyn Series ^2.0],
            methods = [norm: O "Its length.", entry::total: VARARGS],
            state = State, exec = make,
        };
        let parts = [
            "PyInit__native",
            "PerInterpreterGil , 2usize",
            "Call :: O (norm)",
            "Call :: VARARGS (entry :: total)",
        ];
        assert_written(expand_raw(input), &parts);
        assert_written(
            expand_raw(quote!(name = "a")),
            &["PyInit_a", "NotSupported , 0usize", "GIL_USED : bool = true"],
        );
    }

    #[test]
    fn words_that_mean_nothing_are_told_with_those_that_do() {
        assert_refused(expand_raw(quote!(name = "a", interpreters = all)), &["`per_interpreter_gil`"]);
        assert_refused(expand_raw(quote!(name = "a", methods = [f: METH_O])), &["`FASTCALL_KEYWORDS`"]);
        assert_refused(
            expand_raw(quote!(name = "a", uses = [])),
            &["unknown key `uses`: this macro takes `name`, `provides`, `consumes`, `doc`, `interpreters`"],
        );
    }
}

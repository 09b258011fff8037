//! `#[function]` and `lend!`: the C function of a `#[pyfunction]`, and its type.
//!
//! The function itself stays as it is. Beside it stands a constant with an `extern "C" fn` that calls it; `lend!` finds that
//! constant by the function's name. What the author says of the type is read here, and each type in it is compared with Rust's
//! by an assertion at that type.

use interbind_abi::signature::{MAX_PARAMETERS, Signature};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, Ident, ItemFn, LitStr, Meta, Path, ReturnType, Token, Type, parse_quote,
};

use crate::attributes::Settings;
use crate::demand::demand;
use crate::pieces::Pieces;
use crate::problems::Problems;

/// The most arguments that the shim calls with.
const MAX_ARGUMENTS: usize = 12;

/// Expands the attribute.
pub(crate) fn expand(arguments: TokenStream, input: TokenStream) -> syn::Result<TokenStream> {
    let item: ItemFn = syn::parse2(input)?;
    let mut problems = Problems::default();
    let mut settings = Settings::read(arguments)?;
    let native = settings.text_if("native", "double (double, double)", &mut problems);
    settings.end(&["native"], &mut problems);
    refuse_function(&item, &mut problems);
    let name = python_name(&item, &mut problems);
    let types: Vec<_> = item.sig.inputs.iter().filter_map(|input| type_of(input, &mut problems)).collect();
    if types.len() > MAX_ARGUMENTS {
        problems.at(&item.sig.inputs, format!("a C function has {MAX_ARGUMENTS} arguments at most here"));
    }
    let result: Type = match &item.sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let signature =
        native.as_ref().and_then(|native| read(native, &item.sig.ident, types.len(), &mut problems));
    problems.end()?;
    let checks = signature.as_ref().map(|signature| compare(&item, signature, &result, &types));
    Ok(write(&item, &name, signature.as_ref(), &result, &types, checks))
}

/// Expands `lend!`.
pub(crate) fn expand_lend(input: TokenStream) -> syn::Result<TokenStream> {
    let read = |input: ParseStream<'_>| {
        let module: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let function: Path = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok((module, function))
    };
    let usage = |error: Error| Error::new(error.span(), "a module and a function: write `lend!(m, hypot)?`");
    let (module, mut function) = read.parse2(input).map_err(usage)?;
    if let Some(last) = function.segments.last_mut() {
        last.ident = constant(&last.ident);
    }
    Ok(quote!(#function.lend(#module)))
}

/// The constant that stands beside a function.
fn constant(function: &Ident) -> Ident {
    format_ident!("__interbind_native_{}", function.unraw(), span = function.span())
}

fn refuse_function(item: &ItemFn, problems: &mut Problems) {
    let signature = &item.sig;
    if !item.attrs.iter().any(|attribute| is(attribute, "pyfunction")) {
        problems
            .at(&signature.ident, "stands above `#[pyfunction]`, which makes the function that Python calls");
    }
    if !signature.generics.params.is_empty() {
        problems
            .at(&signature.generics, "a C function has no generics: take values, and nothing of Python's");
    }
    for (word, text) in [
        (
            signature.asyncness.map(|word| word.to_token_stream()),
            "a C function ends before it returns: remove `async`",
        ),
        (
            signature.unsafety.map(|word| word.to_token_stream()),
            "any arguments come from Python: remove `unsafe`",
        ),
        (
            signature.variadic.as_ref().map(ToTokens::to_token_stream),
            "a lent function has as many arguments as it says",
        ),
    ] {
        if let Some(word) = word {
            problems.at(word, text);
        }
    }
}

fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == name)
}

/// The name in Python: `name` of `#[pyfunction(…)]` or `#[pyo3(…)]`, else the function's.
fn python_name(item: &ItemFn, problems: &mut Problems) -> String {
    let mut name = item.sig.ident.unraw().to_string();
    let attributes =
        item.attrs.iter().filter(|attribute| is(attribute, "pyfunction") || is(attribute, "pyo3"));
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        let read = |input: ParseStream<'_>| {
            // PyO3 knows the other options, and what may stand in them.
            while !input.is_empty() {
                let key = input.call(Ident::parse_any)?;
                if key == "name" && input.parse::<Option<Token![=]>>()?.is_some() {
                    name = input.parse::<LitStr>()?.value();
                }
                while !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
                    input.parse::<proc_macro2::TokenTree>()?;
                }
            }
            Ok(())
        };
        problems.take(read.parse2(list.tokens.clone()));
    }
    name
}

/// Tells whether PyO3 does nothing more for the function than to convert its arguments and its result.
fn is_plain(item: &ItemFn) -> bool {
    let asks = |attribute: &Attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let mut is_start = true;
        let mut asks = false;
        for word in list.tokens.clone() {
            if let (true, proc_macro2::TokenTree::Ident(word)) = (is_start, &word) {
                asks |=
                    !["name", "signature", "text_signature", "module"].contains(&word.to_string().as_str());
            }
            is_start = matches!(&word, proc_macro2::TokenTree::Punct(sign) if sign.as_char() == ',');
        }
        asks
    };
    let is_pyo3 = |attribute: &&Attribute| is(attribute, "pyfunction") || is(attribute, "pyo3");
    let of_argument = |input: &FnArg| match input {
        FnArg::Typed(input) => input.attrs.iter().any(|attribute| is(attribute, "pyo3")),
        FnArg::Receiver(_) => true,
    };
    !item.attrs.iter().filter(is_pyo3).any(asks) && !item.sig.inputs.iter().any(of_argument)
}

fn type_of<'a>(input: &'a FnArg, problems: &mut Problems) -> Option<&'a Type> {
    match input {
        FnArg::Typed(input) => Some(&input.ty),
        FnArg::Receiver(receiver) => {
            problems.at(receiver, "a C function has no `self`: lend a function of a module");
            None
        }
    }
}

/// Reads what the author says of the type.
fn read(native: &LitStr, function: &Ident, count: usize, problems: &mut Problems) -> Option<Signature> {
    let text = native.value();
    let Some(signature) = Signature::parse(text.as_bytes()) else {
        let message = format!(
            "`{text}` is not the type of a C function, without names and of {MAX_PARAMETERS} parameters at most: \
             write it as `double (double, double)`"
        );
        problems.at(native, message);
        return None;
    };
    let said = signature.parameters().count();
    if said != count {
        problems.at(native, format!("`{signature}` has {said} parameters, and `{function}` has {count}"));
    }
    Some(signature)
}

/// Compares each type that the author says with the one of Rust.
fn compare(item: &ItemFn, signature: &Signature, result: &Type, types: &[&Type]) -> TokenStream {
    let function = item.sig.ident.unraw().to_string();
    let said = std::iter::once(signature.result()).chain(signature.parameters());
    let mut checks = TokenStream::new();
    for (ty, text) in std::iter::once(&result).chain(types).zip(said) {
        let span = ty.span();
        let rust = ty.to_token_stream().to_string();
        let mut message = Pieces::default();
        message.text(format!("`{function}` is lent with `{text}` for `{rust}`, which C calls `"));
        message.nested(quote_spanned!(span=> <#ty as ::interbind::__private::CName>::NAMES[0]));
        message.text("`: change one of the two");
        let condition = quote_spanned! {span=>
            ::interbind::abi::signature::is_one_of(#text, <#ty as ::interbind::__private::CName>::NAMES)
        };
        checks.extend(demand(span, &condition, message));
    }
    checks
}

fn write(
    item: &ItemFn,
    name: &str,
    signature: Option<&Signature>,
    result: &Type,
    types: &[&Type],
    checks: Option<TokenStream>,
) -> TokenStream {
    let (function, visibility) = (&item.sig.ident, &item.vis);
    let constant = constant(function);
    let conditions: Vec<_> = item.attrs.iter().filter(|attribute| is(attribute, "cfg")).collect();
    let arguments: Vec<_> = (0..types.len()).map(|place| format_ident!("__{place}")).collect();
    let text = match signature.map(Signature::as_str) {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    let plain = match is_plain(item) {
        true => quote!(::core::option::Option::Some(#function as fn(#(#types),*) -> #result)),
        false => quote!(::core::option::Option::None),
    };
    let values = types.iter().map(|ty| quote_spanned!(ty.span()=> const _: () = __value::<#ty>();));
    let returned = quote_spanned!(result.span()=> const _: () = __result::<#result>(););
    quote! {
        #item

        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_upper_case_globals)]
        #visibility const #constant: ::interbind::__private::Lent<
            extern "C" fn(#(#types),*) -> #result,
            fn(#(#types),*) -> #result,
        > = {
            const fn __value<T: ::interbind::__private::CValue>() {}
            const fn __result<T: ::interbind::__private::CResult>() {}
            #(#values)*
            #returned
            #checks
            extern "C" fn __native(#(#arguments: #types),*) -> #result {
                #function(#(#arguments),*)
            }
            ::interbind::__private::Lent::new(#name, #text, __native, #plain)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::tests::{assert_refused, assert_written};

    #[test]
    fn the_function_stays_and_its_c_function_stands_beside_it() {
        let made = expand(
            quote!(native = "double(const double, double)"),
            quote!(
                #[pyfunction]
                #[pyo3(signature = (x, y = 1.0), name = "length")]
                pub fn hypot(x: f64, y: f64) -> f64 {
                    x.hypot(y)
                }
            ),
        );
        assert_written(
            made,
            &[
                "# [pyfunction]",
                "pub const __interbind_native_hypot",
                "Lent :: new (\"length\" , :: core :: option :: Option :: Some (\"double (double, double)\")",
                "hypot (__0 , __1)",
                "is_one_of (\"double\"",
            ],
        );
        let made = expand(
            quote!(),
            quote!(
                #[pyo3::pyfunction]
                #[cfg(unix)]
                fn r#mod() {}
            ),
        );
        assert_written(made, &["# [cfg (unix)] # [doc", "Option :: None", "new (\"mod\"", "-> ()"]);
        assert_written(
            expand_lend(quote!(m, inner::hypot)),
            &["inner :: __interbind_native_hypot . lend (m)"],
        );
    }

    #[test]
    fn what_is_no_c_function_is_told() {
        let lent = |native: &str| {
            let item = quote!(
                #[pyfunction]
                fn hypot(x: f64, y: f64) -> f64 {
                    x.hypot(y)
                }
            );
            expand(quote!(native = #native), item)
        };
        assert_refused(lent("double (double)"), &["has 1 parameters, and `hypot` has 2"]);
        assert_refused(lent("double hypot(double x, double y)"), &["is not the type of a C function"]);
        assert_refused(
            expand(
                quote!(),
                quote!(
                    fn f() {}
                ),
            ),
            &["stands above `#[pyfunction]`"],
        );
        assert_refused(
            expand(
                quote!(),
                quote!(
                    #[pyfunction]
                    async unsafe fn f<'py>(&self, py: Python<'py>) {}
                ),
            ),
            &["no generics", "remove `async`", "remove `unsafe`", "no `self`"],
        );
        assert_refused(
            expand(
                quote!(natve),
                quote!(
                    #[pyfunction]
                    fn f() {}
                ),
            ),
            &["unknown key `natve`"],
        );
        assert_refused(expand_lend(quote!(m)), &["a module and a function"]);
    }
}

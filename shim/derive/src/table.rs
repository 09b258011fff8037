//! The provider's side of an interface: the table, and for each class that implements the trait its functions.
//!
//! The only code of an extension that another build calls through an interface. Each function lifts its arguments, all
//! of them before it looks at the first failure, so that what they own is freed; `answer` catches whatever happens.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use crate::methods::{Argument, Method};

/// Writes the table's type and `ProvidedBy` for every class that implements the trait.
pub(crate) fn write(interface: &Ident, methods: &[Method]) -> TokenStream {
    let names: Vec<_> = methods.iter().map(Method::slot_name).collect();
    let types = methods.iter().map(Method::slot_type);
    let functions = methods.iter().map(|method| function(interface, method));
    let slots = methods.len() as u64;
    quote! {
        #[repr(C)]
        struct __Table {
            head: ::interbind::abi::interface::TableHead,
            #(#names: ::core::option::Option<#types>,)*
        }

        struct __Provider<__C>(::core::marker::PhantomData<__C>);

        impl<__C: #interface> __Provider<__C> {
            const TABLE: &'static __Table = &__Table {
                head: ::interbind::abi::interface::TableHead {
                    header: ::interbind::abi::interface::TABLE.header::<__Table>(),
                    slots: #slots,
                },
                #(#names: ::core::option::Option::Some(Self::#names),)*
            };

            #(#functions)*
        }

        // SAFETY: (1) the value itself; (2) the table's functions take a `__C`; (3) there is none.
        unsafe impl<__C: #interface> ::interbind::ProvidedBy<__C> for dyn #interface {
            const TABLE: *const ::interbind::abi::interface::TableHead =
                (&raw const *<__Provider<__C>>::TABLE).cast();
            const SIZE: usize = ::core::mem::size_of::<__C>();

            fn project(__this: *mut __C) -> *mut ::core::ffi::c_void {
                __this.cast()
            }
        }
    }
}

fn function(interface: &Ident, method: &Method) -> TokenStream {
    let Method { ident, arguments, result, .. } = method;
    let name = method.slot_name();
    let wires: Vec<_> = arguments.iter().map(Argument::wire).collect();
    let out = method.result_wire();
    let answer_call = quote_spanned!(result.span()=> ::interbind::__private::answer::<#result>);
    let names = (0..arguments.len()).map(|index| format_ident!("a{index}", span = Span::mixed_site()));
    let values: Vec<_> = names.collect();
    let lifts = arguments.iter().map(|argument| argument.function("lift"));
    let ons = arguments.iter().map(|argument| argument.function("on"));
    let begin = (!arguments.is_empty())
        .then(|| quote_spanned!(Span::mixed_site()=> let under_way = ::interbind::abi::values::Call::new();));
    // An error of another type than ours is shown at the method's result.
    let call = quote_spanned! {Span::mixed_site().located_at(method.output_span())=>
        <__C as #interface>::#ident(this, #(#ons(#values?, &under_way)),*)
    };
    let answer = if method.fails { call } else { quote!(::core::result::Result::Ok(#call)) };
    quote_spanned! {Span::mixed_site()=>
        unsafe extern "C" fn #name(
            this: *const ::core::ffi::c_void,
            #(#values: #wires,)*
            out: *mut #out,
            fault: *mut ::interbind::abi::values::Fault,
        ) -> ::interbind::abi::core::Status {
            let call = move || -> ::core::result::Result<#result, ::interbind::Error> {
                // SAFETY: the consumer passes what `project` returned, borrowed for the call.
                let this = unsafe { &*this.cast::<__C>() };
                // SAFETY: the consumer lowered it with the same text (judged), for this call alone.
                #(let #values = unsafe { #lifts(#values) };)*
                #begin
                #answer
            };
            // SAFETY: the consumer passes a place for the result and a zeroed fault.
            unsafe { #answer_call(out, fault, call) }
        }
    }
}

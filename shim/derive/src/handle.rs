//! The consumer's side of an interface: a handle with the trait's methods, and the default bodies for missing slots.
//!
//! Every method returns a `Result`: the other side may fail or panic even where the trait says that it doesn't. A
//! default body is written against the trait, so it runs on an adapter that implements the trait by calling the handle;
//! a failure under an infallible method is kept, and becomes the failure of the whole call.
//!
//! A handle is neither `Clone` nor `Copy`, and has no constructor that safe code can call: user code has it behind the
//! reference that a borrow gives, so it can't outlive the borrow. Its parameter says on which threads it may be used, and
//! thereby which methods it has; the functions behind them, which a default body calls too, ask again.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, ReturnType, Visibility};

use crate::methods::Method;

/// Returns the handle's name.
pub(crate) fn name(interface: &Ident) -> Ident {
    format_ident!("{interface}Handle", span = interface.span())
}

/// Writes the handle's type.
pub(crate) fn declare(visibility: &Visibility, interface: &Ident) -> TokenStream {
    let handle = name(interface);
    let text = format!(
        " Calls a [`{interface}`] that this module or another one provides.\n\n Each method fails when the provider fails \
         or panics, and runs the trait's body when the provider lacks it. Functions that take a view for other threads \
         too are generic over `P: interbind::Threads`."
    );
    quote! {
        #[doc = #text]
        #visibility struct #handle<P: ::interbind::Threads = ::interbind::AttachedThread>(
            ::interbind::__private::Interface<P>,
        );
    }
}

/// Writes the handle's methods, and the adapters of the optional ones.
pub(crate) fn write(interface: &Ident, owner_thread: bool, methods: &[Method]) -> TokenStream {
    let handle = name(interface);
    let calls = methods.iter().map(|method| call(interface, method));
    let adapters =
        methods.iter().filter(|method| method.optional).map(|method| adapter(interface, method, methods));
    let detach = (!owner_thread).then(|| detach(&handle));
    quote! {
        #[allow(clippy::too_many_arguments, clippy::len_without_is_empty, clippy::should_implement_trait)]
        #[allow(missing_docs)]
        impl<__P: ::interbind::Threads> #handle<__P> {
            #(#calls)*
        }

        #[automatically_derived]
        // SAFETY: (1) `Interface` holds no more than the record and the data that it was made for; (2) its copies are unsafe.
        unsafe impl<__P: ::interbind::Threads> ::interbind::Handle for #handle<__P> {
            type Target = Self;

            #[inline(always)]
            unsafe fn new(
                __data: ::core::ptr::NonNull<::core::ffi::c_void>,
                __record: &::interbind::abi::types::TypeRecord,
            ) -> Self {
                // SAFETY: the caller's duties, passed on.
                Self(unsafe { ::interbind::__private::Interface::new(__data, __record) })
            }

            #[inline(always)]
            fn target(&self) -> &Self {
                self
            }
        }

        #detach

        #(#adapters)*
    }
}

/// Writes the way to the handle for other threads; an interface with `thread = owner` has none.
fn detach(handle: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        // SAFETY: (1) `Interface` refuses it.
        unsafe impl ::interbind::Detach for #handle {
            type On<__P: ::interbind::OtherThreads> = #handle<__P>;

            unsafe fn detached<__P: ::interbind::OtherThreads>(&self) -> #handle<__P> {
                // SAFETY: (1) the caller's duty; (2) the caller's, and the interface has `thread any`.
                #handle(unsafe { self.0.detached() })
            }
        }
    }
}

fn call(interface: &Ident, method: &Method) -> TokenStream {
    let Method { slot, ident, attributes, arguments, result, .. } = method;
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let types: Vec<_> = arguments.iter().map(|argument| &argument.ty).collect();
    let lowers = arguments.iter().map(|argument| argument.function("lower"));
    let (slot_name, needs_attached) = (method.slot_name(), method.needs_attached());
    let handle = name(interface);
    let absent = method.optional.then(|| {
        let adapter = adapter_name(method);
        let value = quote_spanned!(Span::mixed_site()=> absent.0.into_result(value));
        let value = if method.fails { quote!(#value?) } else { value };
        quote_spanned! {Span::mixed_site()=>
            if !self.0.has(#slot) {
                // SAFETY: it ends with this call, and the body gets the adapter around it by reference.
                let again = #handle(unsafe { self.0.again() });
                // SAFETY: (1) the handle's own mark; (2) as above.
                let absent = #adapter(unsafe { ::interbind::__private::Body::new::<__P>(again) });
                let value = <#adapter<__P> as #interface>::#ident(&absent, #(#names),*);
                return #value;
            }
        }
    });
    let passed = method.passed_name();
    quote_spanned! {Span::mixed_site()=>
        #(#attributes)*
        #[inline]
        pub fn #ident(&self, #(#names: #types),*) -> ::core::result::Result<#result, ::interbind::Error>
        where
            __P: ::interbind::Passes<{ #needs_attached }>,
        {
            self.#passed(#(#names),*)
        }

        #[inline(always)]
        fn #passed(&self, #(#names: #types),*) -> ::core::result::Result<#result, ::interbind::Error> {
            #absent
            const __NEEDS_ATTACHED: bool = #needs_attached;
            let call = |this, out, fault| {
                let table = self.0.table::<__Table>();
                // SAFETY: the judge saw the slot: it is needed, or `has` was asked.
                let slot = unsafe { (*table).#slot_name };
                // SAFETY: as above, it isn't NULL.
                let slot = unsafe { slot.unwrap_unchecked() };
                // SAFETY: the judge compared the signature; `call` gives the provider's pointer and both places.
                unsafe { slot(this, #(#lowers(#names),)* out, fault) }
            };
            // SAFETY: `call` writes its places as a slot does.
            unsafe { self.0.call::<#result>(__NEEDS_ATTACHED, call) }
        }
    }
}

fn adapter_name(method: &Method) -> Ident {
    format_ident!("__Absent{}", method.slot)
}

/// Writes what the body of `absent` runs on: every other method calls the handle.
fn adapter(interface: &Ident, absent: &Method, methods: &[Method]) -> TokenStream {
    let handle = name(interface);
    let adapter = adapter_name(absent);
    let forwards = methods.iter().filter(|method| method.slot != absent.slot).map(forward);
    quote! {
        struct #adapter<__P: ::interbind::Threads>(::interbind::__private::Body<#handle<__P>>);

        impl<__P: ::interbind::Threads> #interface for #adapter<__P> {
            #(#forwards)*
        }
    }
}

fn forward(method: &Method) -> TokenStream {
    let Method { ident, arguments, output, result, .. } = method;
    let passed = method.passed_name();
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let types = arguments.iter().map(|argument| &argument.ty);
    let output = match output {
        ReturnType::Default => None,
        written @ ReturnType::Type(..) => Some(written),
    };
    let call = quote_spanned! {Span::mixed_site()=>
        match self.0.handle() {
            ::core::result::Result::Ok(handle) => handle.#passed(#(#names),*),
            ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
        }
    };
    let body = if method.fails {
        call
    } else {
        let blank = quote_spanned! {syn::spanned::Spanned::span(result)=>
            <#result as ::interbind::abi::values::Blank>::blank()
        };
        quote_spanned! {Span::mixed_site()=>
            match #call {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => {
                    self.0.note(error);
                    #blank
                }
            }
        }
    };
    quote_spanned! {Span::mixed_site()=>
        fn #ident(&self, #(#names: #types),*) #output {
            #body
        }
    }
}

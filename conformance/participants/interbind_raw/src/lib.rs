//! interbind on bare pyo3-ffi, built twice. The provider's heap types can die; with `forge` come the tools by which a
//! case packs records from raw bytes and plants them. Memory that is planted stays readable for ever.

#![allow(clippy::missing_safety_doc, clippy::multiple_unsafe_ops_per_block)]

include!(env!("ZOO_RS"));

// Below the zoo, whose macro they use.
#[cfg(role = "consumer")]
mod consumer;
#[cfg(role = "provider")]
mod forge;
#[path = "../../../fixtures/kinds.rs"]
mod kinds;
#[cfg(role = "provider")]
mod provider;
mod python;

use python::{Args, Dict, Result, text, usage};

/// What both sides say about themselves.
fn identity(_: &Args) -> Result {
    let dict = Dict::new();
    dict.set("build", text(env!("CONFORMANCE_BUILD")));
    dict.set("role", text(env!("CONFORMANCE_ROLE")));
    dict.set("mutation", text(ZOO_MUTATION));
    Ok(dict.into_ptr())
}

/// The canonical descriptor of a type of the zoo, or of `kinds`.
fn descriptor(args: &Args) -> Result {
    macro_rules! of_zoo {
        ($($name:ident $id:literal ^$requires:tt;)+) => {
            match args.text(0)? {
                $($id => <$name as interbind::Shared>::DESCRIPTOR,)+
                "kinds" => <dyn kinds::Kinds as interbind::Shared>::DESCRIPTOR,
                other => return usage(other),
            }
        };
    }
    Ok(text(with_zoo!(of_zoo)))
}

/// The functions that Python calls, as both roles have them.
mod entry {
    crate::python::entries! { identity = crate::identity, descriptor = crate::descriptor }
}

/// Modules that support fewer interpreters.
#[cfg(role = "provider")]
mod support {
    mod main_only {
        interbind::raw_module! { name = "main_only", gil_used = false }
    }

    mod shared_only {
        interbind::raw_module! { name = "shared_only", gil_used = false, interpreters = shared_gil }
    }
}

/// Cases panic on purpose: nothing is printed.
fn silence() {
    std::panic::set_hook(Box::new(|_| {}));
}

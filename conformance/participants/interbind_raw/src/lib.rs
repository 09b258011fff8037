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

#[cfg(role = "provider")]
python::module! {
    PyInit_interbind_raw_provider c"interbind_raw_provider" |_module| Ok(());
    identity = crate::identity, descriptor = crate::descriptor,
    make = crate::provider::make, make_as = crate::provider::make_as, cls = crate::provider::cls,
    peek = crate::provider::peek, during = crate::provider::during, drop_all = crate::provider::drop_all,
    #[cfg(not(pypy))]
    fresh = crate::provider::fresh,
    publish_object = crate::provider::publish_object, live = crate::provider::live,
    plant = crate::forge::plant, address = crate::forge::address, put = crate::forge::put, get = crate::forge::get,
    functions = crate::forge::functions, core = crate::forge::core, set_core = crate::forge::set_core,
    set_core_object = crate::forge::set_core_object, set_service = crate::forge::set_service,
    publish_at = crate::forge::publish_at, record_of = crate::forge::record_of, bare = crate::forge::bare,
    registry = crate::forge::registry_at,
}

#[cfg(role = "consumer")]
python::module! {
    PyInit_interbind_raw_consumer c"interbind_raw_consumer" |module| {
        // SAFETY: Python executes the module attached.
        unsafe { interbind::bind::<consumer::__Interbind>(module.cast()) }
    };
    identity = crate::identity, descriptor = crate::descriptor,
    read = crate::consumer::read, read_raw = crate::consumer::read_raw, read_detached = crate::consumer::read_detached,
    write = crate::consumer::write, during = crate::consumer::during, own = crate::consumer::own,
    hold = crate::consumer::hold, let_go = crate::consumer::let_go, read_held = crate::consumer::read_held,
    call = crate::consumer::call, call_detached = crate::consumer::call_detached, live = crate::consumer::live,
}

//! Texts of C functions' types: read in any form, written in one.
#![no_main]

use interbind_abi::signature::{MAX_LENGTH, MAX_PARAMETERS, Signature, is_one_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Some(read) = Signature::parse(text) else { return };
    let form = read.as_str();
    assert!(form.is_ascii() && form.len() <= MAX_LENGTH && form.ends_with(')'), "{form}");
    assert_eq!(Signature::parse(form.as_bytes()), Some(read));
    assert!(read.parameters().count() <= MAX_PARAMETERS);
    // Taken apart and put together it is the same.
    let parameters: Vec<_> = read.parameters().collect();
    let inner = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
    assert_eq!(form, format!("{} ({inner})", read.result()));
    assert!(!is_one_of(form, &[]));
});

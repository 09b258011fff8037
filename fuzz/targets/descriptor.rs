//! Descriptors of both kinds: what parses prints back, and no two texts break the comparison.
#![no_main]

use interbind_abi::diff::{compare, entries};
use interbind_abi::interface::Interface;
use interbind_abi::types::Data;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (provider, consumer) = texts;
    for text in [provider, consumer] {
        if let Ok(data) = text.parse::<Data>() {
            assert_eq!(data.to_string(), text);
        }
        if let Ok(interface) = text.parse::<Interface>() {
            assert_eq!(interface.to_string(), text);
            assert_eq!(interface.methods.len(), entries(text).count());
        }
    }
    let mut found = 0;
    let known = compare(provider, consumer, &mut |_, _, _, _| found += 1);
    if known.is_ok() && provider == consumer && provider.parse::<Interface>().is_ok() {
        assert_eq!(found, 0);
    }
});

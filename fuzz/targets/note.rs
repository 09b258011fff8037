//! The build note: any bytes, and any text behind a sound frame.
#![no_main]

use interbind_abi::note::{Item, ModuleNote, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for item in read(bytes).into_iter().flatten() {
        if let Item::Module(module) = item {
            assert_eq!(module.to_string().parse::<ModuleNote>().as_ref(), Ok(&*module));
        }
    }
    let mut framed = Vec::new();
    for word in [10, bytes.len() as u32, u32::from(bytes.first().copied().unwrap_or(1))] {
        framed.extend(word.to_le_bytes());
    }
    framed.extend(b"interbind\0\0\0");
    framed.extend(bytes);
    let _ = read(&framed);
});

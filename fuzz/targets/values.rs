//! Foreign values: whatever crosses is refused or a value of its type.
#![no_main]

use interbind_abi::Str;
use interbind_abi::values::{Maybe, Slice, Value};
use libfuzzer_sys::fuzz_target;
use std::mem::MaybeUninit;

fuzz_target!(|input: (u8, u32, u64, Vec<u8>)| {
    let (byte, word, presence, bytes) = input;
    // SAFETY: nothing here is longer than what stands behind it.
    unsafe {
        assert_eq!(bool::lift(byte).is_ok(), byte < 2);
        assert_eq!(char::lift(word).is_ok(), char::from_u32(word).is_some());
        let maybe = Maybe { present: presence, value: MaybeUninit::new(byte) };
        assert_eq!(Option::<bool>::lift(maybe).is_ok(), presence == 0 || (presence == 1 && byte < 2));
        let text = Str { ptr: bytes.as_ptr(), len: bytes.len() as u64 };
        assert_eq!(<&str>::lift(text).is_ok(), std::str::from_utf8(&bytes).is_ok());
        let slice = Slice { ptr: bytes.as_ptr().cast(), len: bytes.len() as u64, stride: 1 };
        let valid = bytes.iter().all(|&byte| byte < 2);
        assert_eq!(<&[bool]>::lift(slice).is_ok(), valid);
        let wide = Slice { ptr: bytes.as_ptr().cast(), len: bytes.len() as u64 / 4, stride: 4 };
        if let Ok(chars) = <&[char]>::lift(wide) {
            assert!(chars.iter().all(|c| char::from_u32(u32::from(*c)).is_some()));
        }
        assert_eq!(String::lift(bytes.clone().lower()).is_ok(), std::str::from_utf8(&bytes).is_ok());
    }
});

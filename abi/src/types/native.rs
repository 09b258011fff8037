//! Native types: a class of C++, Rust or C that is known by its key, not by a declaration both sides compile.
//!
//! The key is text, and the registry finds records under it as under a name. What a pointer to such an object is worth to
//! another build depends on the ABI of its language, which is text as well and is held against the other side's part by
//! part. Belongs to the type contract.

use core::ffi::c_void;

use bytemuck::Zeroable;

use crate::diff::Sink;
use crate::platform::part;
use crate::reason::Reason;
use crate::record::record;
use crate::text::Str;

/// What a key of C++ starts with; then comes `std::type_info::name()`, and `@module` for a type of one module alone.
pub const CPP: &str = "c++:";
/// What a key of Rust starts with; then comes a path that its author chose.
pub const RUST: &str = "rust:";
/// What a key of C starts with; then comes a name that its author chose.
pub const C: &str = "c:";

record! {
    /// A base class of a native class.
    ///
    /// # ABI
    /// Frozen for ever. Lives in the provider's library until the process ends, the key's text included.
    #[derive(Clone, Copy, Debug, Zeroable)]
    pub struct Base [32, align 8] {
        /// The base's native key.
        @0  "1.0" key: Str,
        /// Bytes from the start of the derived object to the base, when there is no `cast`.
        @16 "1.0" offset: i64,
        /// Finds the base in an object, as a virtual one needs; must not call Python, nor unwind.
        @24 "1.0" cast: Option<unsafe extern "C" fn(derived: *mut c_void) -> *mut c_void>,
    }
}

// SAFETY: plain data and a function; whoever follows the text's pointer states in `Str::read` that it is valid.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

/// Tells whether a text is a native key: a language, a colon, and something behind it.
pub fn is_key(text: &str) -> bool {
    [CPP, RUST, C].iter().any(|language| text.strip_prefix(language).is_some_and(|rest| !rest.is_empty()))
}

/// The parts of a native ABI's text that must be equal for a pointer to mean the same: `abi=itanium lib=libstdc++ …`.
///
/// | part | values | source |
/// |---|---|---|
/// | `language` | `c++`, `rust`, `c` | the key's |
/// | `abi` | `itanium`, `msvc` | names, tables of virtual functions, layout |
/// | `lib` | `libstdc++`, `libc++`, `msvc`, `none` | the standard library |
/// | `libabi` | `gxx_abi_1xxx`, `libcpp_abi1`, `md_mscver19`, … | its binary version |
/// | `cxx11` | `1`, `0`, `-` | `_GLIBCXX_USE_CXX11_ABI` |
/// | `debug` | `no`, `yes` | `_GLIBCXX_DEBUG`, `_ITERATOR_DEBUG_LEVEL` |
pub const PARTS: [&str; 6] = ["language", "abi", "lib", "libabi", "cxx11", "debug"];

/// Tells `sink` each part in which two builds' native ABIs differ; whether there is none.
pub fn against_peer(provider: &str, consumer: &str, sink: Sink<'_>) -> bool {
    let mut same = true;
    for key in PARTS {
        let (theirs, ours) = (part(provider, key), part(consumer, key));
        if theirs != ours {
            same = false;
            sink(Reason::NativeAbi, key, theirs, ours);
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_key_has_a_language_and_something_behind_it() {
        for key in ["c++:3Foo", "rust:frame::Point", "c:point", "c++:*N12_GLOBAL__N_13FooE@frame"] {
            assert!(is_key(key), "{key}");
        }
        for none in ["", "c++:", "3Foo", "org.frame.Point", "d:foo"] {
            assert!(!is_key(none), "{none}");
        }
    }

    #[test]
    fn every_differing_part_is_told_with_both_values() {
        let theirs = "language=c++ abi=itanium lib=libstdc++ libabi=gxx_abi_1xxx cxx11=1 debug=no";
        let ours = "language=c++ abi=itanium lib=libc++ libabi=libcpp_abi1 cxx11=- debug=no";
        let mut found = Vec::new();
        let same = against_peer(theirs, ours, &mut |reason, part, a, b| {
            assert_eq!(reason, Reason::NativeAbi);
            found.push((String::from(part), String::from(a), String::from(b)));
        });
        assert!(!same);
        let parts: Vec<_> = found.iter().map(|(part, ..)| part.as_str()).collect();
        assert_eq!(parts, ["lib", "libabi", "cxx11"]);
        assert_eq!((found[0].1.as_str(), found[0].2.as_str()), ("libstdc++", "libc++"));
        assert!(against_peer(theirs, theirs, &mut |_, _, _, _| panic!("nothing differs")));
    }
}

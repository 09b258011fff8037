//! Native types: a class of C++, Rust or C that is known by its key, not by a declaration both sides compile.
//!
//! The key is text, and the registry finds records under it as under a name. What a pointer to such an object is worth to
//! another build depends on the ABI of its language and on the class's own shape. Both are text, compared with the other
//! side's part by part. Belongs to the type contract.

use core::ffi::c_void;

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
    /// Append-only: [`TypeRecord::base_size`](crate::types::TypeRecord) says how far the next one is. Lives in the provider's library until the process ends, the key's text included.
    #[derive(Clone, Copy, Debug)]
    pub struct Base [32, align 8, zeroable] {
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

/// The parts of a native descriptor that say what the language's ABI is: `language=c++ abi=itanium lib=libstdc++ …`.
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

/// What a consumer writes that passes pointers on and never looks behind one: the class's own parts aren't compared then.
pub const OPAQUE: &str = "class=opaque";

/// The part of a native descriptor that is the class's version or tag, as its author wrote it.
const TAG: &str = "tag";

/// What a part's key starts with that is compared only where both sides have it: what one of them can't always know.
const OPTIONAL: char = '~';

/// Tells `sink` each part in which two builds' native descriptors differ; true when they differ in no part.
///
/// Behind the language's [`PARTS`] come those of the class:
///
/// | part | values | meaning |
/// |---|---|---|
/// | `size`, `align` | bytes | of one object |
/// | `polymorphic` | `yes`, `no` | whether it has a table of virtual functions |
/// | `tag` | a word of the author's | which declaration of the class this is |
/// | `~bases` | `4Base@0,5Other@8` | direct bases and where they are |
/// | `~fields` | `x:d@0,y:d@8` | fields, their types and where they are |
///
/// Every part must be equal, also one that this build doesn't know; one that a side lacks is empty. A part whose key starts
/// with `~` counts only where both sides have it. [`OPAQUE`] on the consumer's side leaves out all but the language's.
pub fn against_peer(provider: &str, consumer: &str, sink: Sink<'_>) -> bool {
    let mut same = true;
    let opaque = consumer.split(' ').any(|word| word == OPAQUE);
    let mut compare = |key: &str| {
        let (theirs, ours) = (part(provider, key), part(consumer, key));
        let missing = theirs.is_empty() || ours.is_empty();
        if theirs == ours || (missing && key.starts_with(OPTIONAL)) {
            return;
        }
        same = false;
        let reason = match key {
            _ if PARTS.contains(&key) => Reason::NativeAbi,
            TAG => Reason::VersionDiffers,
            _ => Reason::LayoutDiffers,
        };
        sink(reason, key, shown(theirs), shown(ours));
    };
    PARTS.iter().for_each(|key| compare(key));
    if !opaque {
        for key in keys(provider).filter(|key| !PARTS.contains(key)) {
            compare(key);
        }
        for key in keys(consumer).filter(|key| !PARTS.contains(key) && part(provider, key).is_empty()) {
            compare(key);
        }
    }
    same
}

/// A part for people.
fn shown(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// The keys of a descriptor's parts.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter_map(|word| word.split_once('=').map(|(key, _)| key))
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

    /// What differs between two classes of one language: reason, part, both values.
    fn differences(theirs: &str, ours: &str) -> Vec<(Reason, String, String, String)> {
        let mut found = Vec::new();
        let same = against_peer(theirs, ours, &mut |reason, part, a, b| {
            found.push((reason, part.into(), a.into(), b.into()));
        });
        assert_eq!(same, found.is_empty());
        found
    }

    #[test]
    fn two_shapes_of_one_class_differ_in_each_part_that_says_so() {
        let found = differences(
            "language=c++ size=56 align=8 polymorphic=no tag=2",
            "language=c++ size=16 align=8 polymorphic=no",
        );
        let texts: Vec<_> = found.iter().map(|(r, part, a, b)| (*r, &**part, &**a, &**b)).collect();
        assert_eq!(
            texts,
            [(Reason::LayoutDiffers, "size", "56", "16"), (Reason::VersionDiffers, "tag", "2", "nothing")]
        );
    }

    #[test]
    fn a_part_that_nobody_knows_yet_counts_on_either_side() {
        assert_eq!(differences("size=8 vtable=3", "size=8").len(), 1);
        assert_eq!(differences("size=8", "size=8 vtable=3").len(), 1);
        assert!(differences("size=8 vtable=3", "size=8 vtable=3").is_empty());
    }

    #[test]
    fn an_optional_part_counts_where_both_sides_have_it() {
        assert!(differences("size=8 ~fields=x:d@0", "size=8").is_empty());
        assert_eq!(differences("size=8 ~fields=x:d@0", "size=8 ~fields=x:f@0").len(), 1);
    }

    #[test]
    fn a_consumer_that_looks_at_nothing_compares_the_language_alone() {
        assert!(differences("language=c++ size=8 tag=2", "language=c++ class=opaque").is_empty());
        assert_eq!(differences("language=c++ size=8", "language=rust class=opaque").len(), 1);
        // Nobody provides an opaque class.
        assert_eq!(differences("language=c++ class=opaque", "language=c++ size=8").len(), 2);
    }
}

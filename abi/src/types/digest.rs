//! The SHA-256 that names a descriptor: for people and tools, never what decides whether two types are one.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a canonical descriptor.
pub type Digest = [u8; 32];

/// Hashes a canonical descriptor, for readers of notes.
pub fn digest(descriptor: &str) -> Digest {
    Sha256::digest(descriptor.as_bytes()).into()
}

/// Hashes a canonical descriptor in constant context, for records.
pub const fn const_digest(descriptor: &str) -> Digest {
    sha2_const_stable::Sha256::new().update(descriptor.as_bytes()).finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn both_hashes_agree(text in "\\PC{0,300}") {
            prop_assert_eq!(digest(&text), const_digest(&text));
        }
    }
}

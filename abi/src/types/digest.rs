//! The SHA-256 that names a descriptor: for people and tools, never what decides whether two types are one.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a canonical descriptor.
pub type Digest = [u8; 32];

/// Hashes a canonical descriptor, for readers of notes.
pub fn digest(descriptor: &str) -> Digest {
    Sha256::digest(descriptor.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha_256_of_the_text() {
        // FIPS 180-4, the example of three bytes.
        assert_eq!(digest("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}

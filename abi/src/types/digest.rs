//! The SHA-256 that names a descriptor: a short cut for "equal", never the reason for "different".

use sha2::{Digest as _, Sha256};

/// SHA-256 of a canonical descriptor.
pub type Digest = [u8; 32];

/// Hashes a canonical descriptor.
pub fn digest(descriptor: &str) -> Digest {
    Sha256::digest(descriptor.as_bytes()).into()
}

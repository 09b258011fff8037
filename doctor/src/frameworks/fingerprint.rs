//! The bytes that are looked for, all in one pass: those of every framework's file. Each costs time in every file, so there is
//! one for a family of texts where that is enough, and who wants the text reads it round the place.

use std::sync::LazyLock;

use crate::facts::FrameworkKind;

use super::all::PROFILES;

/// Bytes that tell a framework.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// By this name the hits are asked for.
    pub name: &'static str,
    /// The bytes.
    pub bytes: &'static [u8],
    /// What they belong to.
    pub framework: FrameworkKind,
}

/// All of them.
pub static FINGERPRINTS: LazyLock<Vec<Fingerprint>> = LazyLock::new(|| {
    let of = |profile: &'static super::Profile| {
        let framework = profile.kind;
        profile.fingerprints.iter().map(move |&(name, bytes)| Fingerprint { name, bytes, framework })
    };
    PROFILES.into_iter().flat_map(of).collect()
});

/// The name of the fingerprint that tells a program with this table in it.
pub const THIS_TABLE: &str = "interbind-doctor";

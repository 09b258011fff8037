//! What this build says of itself in its owner record, and how a message shortens what another one's says.

/// This build's platform, as [`interbind_abi::Platform`] parses it.
pub const PLATFORM: &str = env!("INTERBIND_PLATFORM");
/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The compiler, for people.
pub const COMPILER: &str = env!("INTERBIND_COMPILER");

/// Where the implementation of this build is, for the build note.
pub const RUNTIME: &str = if cfg!(feature = "static") { "static" } else { "wheel" };

/// The last part of a path, for messages.
#[inline(never)]
pub(crate) fn file_name(path: &str) -> &str {
    let cut = path.bytes().rposition(|byte| byte == b'/' || byte == b'\\');
    cut.and_then(|cut| path.get(cut + 1..)).unwrap_or(path)
}

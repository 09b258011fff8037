//! Owner records: what this build says of itself, and what another one's record says, whose texts may be broken.

use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::{Str, judge};

/// This build's platform, as [`interbind_abi::Platform`] parses it.
pub const PLATFORM: &str = env!("INTERBIND_PLATFORM");
/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The compiler, for people.
pub const COMPILER: &str = env!("INTERBIND_COMPILER");

/// Reads another build's owner record: a placeholder when it is malformed.
#[inline(never)]
pub(crate) fn judged_owner(owner: *const OwnerRecord) -> &'static OwnerRecord {
    static UNKNOWN: OwnerRecord = {
        const QUESTION: Str = Str::new("?");
        OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: QUESTION,
            version: QUESTION,
            file: QUESTION,
            platform: QUESTION,
            interbind: QUESTION,
            compiler: QUESTION,
        }
    };
    // SAFETY: threat model: the pointer is NULL or leads to a readable header; owner records live until the process ends.
    unsafe { judge(owner) }.unwrap_or(&UNKNOWN)
}

/// Reads a text of an owner record for messages; broken text shows as `?`.
#[inline(never)]
pub(crate) fn readable(text: &Str) -> &'static str {
    // SAFETY: the records that carry it were judged; their texts live until the process ends.
    unsafe { text.read() }.unwrap_or("?")
}

/// The last part of a path, for messages.
#[inline(never)]
pub(crate) fn file_name(path: &str) -> &str {
    let cut = path.bytes().rposition(|byte| byte == b'/' || byte == b'\\');
    cut.map_or(path, |cut| &path[cut + 1..])
}

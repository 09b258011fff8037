//! Our own key: one for each major of the core, with nothing of the build in it.

use super::id::{Id, IdKind, leading_number};

/// Reads `__interbind_internals_v1__`.
pub(super) fn key(text: &str) -> Option<Id> {
    let prefix = interbind_abi::keys::CORE_PREFIX;
    let (number, rest) = leading_number(text.strip_prefix(prefix)?)?;
    let id = Id::new(IdKind::InterbindKey).fixed(prefix).with("internals", number);
    (rest == "__").then(|| id.fixed("__"))
}

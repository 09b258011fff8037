//! How long a core lives: it closes once, and its memory goes with the last user.
//!
//! The state dict's capsule, each registered type and each bound module are users. CPython clears the state dict before
//! its last garbage collection, so closing must not free anything. Knows nothing of Python; modelled with loom.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// State: look-ups and publication work. The same number as `abi::core::OPEN`.
pub(crate) const OPEN: u32 = 0;
/// State: the interpreter is ending. The same number as `abi::core::CLOSING`.
pub(crate) const CLOSING: u32 = 1;

/// Moves `state` from open to closing; true for the one call that did.
pub(crate) fn close(state: &AtomicU32) -> bool {
    state.compare_exchange(OPEN, CLOSING, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Tells whether publication still works.
pub(crate) fn is_open(state: &AtomicU32) -> bool {
    state.load(Ordering::Acquire) == OPEN
}

/// Adds a user; the caller is one already, or got the record from one that can't go meanwhile.
pub(crate) fn enter(users: &AtomicU64) {
    users.fetch_add(1, Ordering::Relaxed);
}

/// Takes a user away; true for the last one, who frees.
pub(crate) fn leave(users: &AtomicU64) -> bool {
    // Release: what this user did is done before the last one frees; Acquire: the last one sees it all.
    users.fetch_sub(1, Ordering::AcqRel) == 1
}

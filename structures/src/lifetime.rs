//! How long a core lives: it closes once, and its memory goes with the last user.
//!
//! The state dict's capsule, each registered type and each bound module are users. CPython clears the state dict before
//! its last garbage collection, so closing must not free anything. Knows nothing of Python; modelled with loom.

pub use interbind_abi::core::{CLOSING, OPEN};

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Moves `state` from open to closing; true for the one call that did.
#[inline]
pub fn close(state: &AtomicU32) -> bool {
    state.compare_exchange(OPEN, CLOSING, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Tells whether publication still works.
#[inline]
pub fn is_open(state: &AtomicU32) -> bool {
    state.load(Ordering::Acquire) == OPEN
}

/// Adds a user; the caller is one already, or got the record from one that can't go meanwhile.
#[inline]
pub fn enter(users: &AtomicU64) {
    users.fetch_add(1, Ordering::Relaxed);
}

/// Takes a user away; true for the last one, who frees.
#[inline]
pub fn leave(users: &AtomicU64) -> bool {
    // Release: what this user did is done before the last one frees; Acquire: the last one sees it all.
    users.fetch_sub(1, Ordering::AcqRel) == 1
}

#[cfg(test)]
mod tests {
    use crate::lifetime;
    use crate::models::{Arc, model, thread};
    use crate::sync::{AtomicU32, AtomicU64, Ordering};

    /// A core as far as its lifetime goes: freeing it makes the pointer NULL.
    struct Core {
        state: AtomicU32,
        users: AtomicU64,
        freed: AtomicU32,
    }

    fn leave(core: &Core) {
        if lifetime::leave(&core.users) {
            assert_eq!(core.freed.fetch_add(1, Ordering::Relaxed), 0, "freed once");
        }
    }

    #[test]
    fn closing_while_a_module_publishes_frees_the_core_once_and_with_the_last_user() {
        model(|| {
            // Users: the capsule, and one bound module.
            let core = Arc::new(Core {
                state: AtomicU32::new(lifetime::OPEN),
                users: AtomicU64::new(2),
                freed: AtomicU32::new(0),
            });
            let module = {
                let core = core.clone();
                thread::spawn(move || {
                    let published = lifetime::is_open(&core.state);
                    if published {
                        // A registered type becomes a user, and dies in the last collection.
                        lifetime::enter(&core.users);
                        assert_eq!(core.freed.load(Ordering::Relaxed), 0);
                        leave(&core);
                    }
                    assert_eq!(core.freed.load(Ordering::Relaxed), 0, "the module is a user");
                    leave(&core);
                    published
                })
            };
            assert!(lifetime::close(&core.state), "closes once");
            assert!(!lifetime::close(&core.state));
            leave(&core);
            module.join().unwrap();
            assert!(!lifetime::is_open(&core.state));
            assert_eq!(core.freed.load(Ordering::Relaxed), 1);
        });
    }
}

//! Which binding of a module serves an interpreter.
//!
//! One load while a single interpreter has imported the module; from the second one on, for ever, a look-up by the
//! interpreter's address, which callers remember together with a generation. The generation moves whenever a binding comes
//! or goes, so an address that is used again can't be taken for the interpreter that had it before. Knows nothing of Python;
//! modelled with loom in `tests/`.

use core::ptr;

use crate::sync::{AtomicPtr, AtomicU64, Mutex, Ordering, locked};

/// The bindings of a module, one for each living interpreter that has imported it; owned by somebody else.
#[derive(Debug)]
pub(crate) struct Bindings<B> {
    /// The only one that ever was; NULL before the first comes, after it went, and for ever once there was a second.
    sole: AtomicPtr<B>,
    generation: AtomicU64,
    all: Mutex<All<B>>,
}

#[derive(Debug)]
struct All<B> {
    /// Interpreter and binding.
    pairs: Vec<(usize, *mut B)>,
    /// How many ever came.
    seen: u64,
}

// SAFETY: the pointers are handed out as they came; who follows them says why they are valid.
unsafe impl<B: Sync> Send for All<B> {}

impl<B> Bindings<B> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            sole: AtomicPtr::new(ptr::null_mut()),
            generation: AtomicU64::new(0),
            all: Mutex::new(All { pairs: Vec::new(), seen: 0 }),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            sole: AtomicPtr::new(ptr::null_mut()),
            generation: AtomicU64::new(0),
            all: Mutex::new(All { pairs: Vec::new(), seen: 0 }),
        }
    }

    /// The only binding, or NULL: then ask [`Bindings::find`].
    ///
    /// Right for whoever runs code of the module: that code runs only in interpreters that have imported it.
    #[inline(always)]
    pub(crate) fn sole(&self) -> *const B {
        self.sole.load(Ordering::Acquire)
    }

    /// What an answer of [`Bindings::find`] is worth: it holds as long as this doesn't move.
    #[inline(always)]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The binding of an interpreter, or NULL, with the generation that it was found under.
    pub(crate) fn find(&self, interpreter: usize) -> (*const B, u64) {
        let all = locked(&self.all);
        let found = all.pairs.iter().find(|(address, _)| *address == interpreter);
        (found.map_or(ptr::null(), |(_, binding)| binding.cast_const()), self.generation())
    }

    /// Adds the binding of an interpreter; one that an ended interpreter of the same address has left is forgotten.
    pub(crate) fn add(&self, interpreter: usize, binding: *mut B) {
        let mut all = locked(&self.all);
        if all.pairs.contains(&(interpreter, binding)) {
            return;
        }
        all.pairs.retain(|(address, _)| *address != interpreter);
        all.pairs.push((interpreter, binding));
        all.seen += 1;
        self.moved(&all);
    }

    /// Takes a binding away.
    pub(crate) fn remove(&self, binding: *mut B) {
        let mut all = locked(&self.all);
        all.pairs.retain(|(_, other)| *other != binding);
        self.moved(&all);
    }

    /// Calls `visit` with each binding, under the lock.
    pub(crate) fn each(&self, mut visit: impl FnMut(*mut B)) {
        for (_, binding) in &locked(&self.all).pairs {
            visit(*binding);
        }
    }

    /// States what is true now. The lock is held.
    fn moved(&self, all: &All<B>) {
        let sole = match all.pairs[..] {
            [(_, only)] if all.seen == 1 => only,
            _ => ptr::null_mut(),
        };
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.sole.store(sole, Ordering::Release);
    }
}

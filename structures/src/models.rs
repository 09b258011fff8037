//! What the models in this crate's tests run in: loom, which goes through every interleaving that the memory model allows.
//!
//! Miri can't run loom. It runs each model once for a seed, on `std`'s threads, and the seed decides how they take turns and
//! what they see of each other's writes. Nothing but tests uses this file.

#[cfg(not(miri))]
pub(crate) use loom::{
    model,
    sync::{Arc, atomic::AtomicUsize},
    thread,
};

#[cfg(miri)]
pub(crate) use std::sync::{Arc, atomic::AtomicUsize};

/// A model of many steps: every interleaving with so few switches that a thread didn't ask for.
#[cfg(not(miri))]
pub(crate) fn bounded(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// As [`model`].
#[cfg(miri)]
pub(crate) fn bounded(body: impl Fn()) {
    body();
}

/// Runs a model once.
#[cfg(miri)]
pub(crate) fn model(body: impl Fn()) {
    body();
}

/// Threads that take what loom's take.
#[cfg(miri)]
pub(crate) mod thread {
    pub(crate) use std::thread::JoinHandle;

    struct Moved<F>(F);

    // SAFETY: as with loom, a model says itself what it shares; miri watches.
    unsafe impl<F> Send for Moved<F> {}

    impl<F: FnOnce() -> R, R> Moved<F> {
        fn run(self) -> R {
            (self.0)()
        }
    }

    pub(crate) fn spawn<F: FnOnce() -> R + 'static, R: Send + 'static>(body: F) -> JoinHandle<R> {
        let moved = Moved(body);
        std::thread::spawn(move || moved.run())
    }
}

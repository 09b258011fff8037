//! What runs in a group of its own doesn't hear the terminal's Ctrl-C: it is ended when this process is interrupted.

/// From now on an interrupt, a hang-up or a termination of this process ends the programs that it runs, then the process.
/// Called once, before other threads are started: those that exist already would take the signal as ever.
///
/// Nothing helps against SIGKILL: what a program is run for should end by itself then.
pub fn end_with_us() {
    #[cfg(unix)]
    unix::end_with_us();
}

/// Starts a program with the signals that [`end_with_us`] holds back let through: a program inherits what its parent's thread
/// holds back, and would hear no SIGTERM.
pub fn with_usual_signals<T>(start: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    return unix::with_usual_signals(start);
    #[cfg(not(unix))]
    start()
}

#[cfg(unix)]
mod unix {
    use nix::sys::signal::{SigSet, Signal, raise};

    use crate::group;

    fn held() -> SigSet {
        [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM].into_iter().collect()
    }

    pub(super) fn with_usual_signals<T>(start: impl FnOnce() -> T) -> T {
        let before = SigSet::thread_get_mask();
        let through = held().thread_unblock();
        let started = start();
        if let (Ok(before), Ok(())) = (before, through) {
            _ = before.thread_set_mask();
        }
        started
    }

    pub(super) fn end_with_us() {
        let signals = held();
        // Threads that come later inherit it.
        if signals.thread_block().is_err() {
            return;
        }
        std::thread::spawn(move || {
            let Ok(signal) = signals.wait() else { return };
            let _ended = group::end_all();
            // Ends this process as the signal would have.
            if signals.thread_unblock().is_ok() {
                _ = raise(signal);
            }
            std::process::exit(128 + signal as i32);
        });
    }
}

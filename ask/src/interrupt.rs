//! What runs in a group of its own doesn't hear the terminal's Ctrl-C: it is ended when this process is interrupted.

/// From now on an interrupt, a hang-up or a termination of this process ends the programs that it runs, then the process.
/// Called once, before other threads are started: those that exist already would take the signal as ever.
///
/// Nothing helps against SIGKILL: what a program is run for should end by itself then.
pub fn end_with_us() {
    #[cfg(unix)]
    unix::end_with_us();
}

#[cfg(unix)]
mod unix {
    use nix::sys::signal::{SigSet, Signal, raise};

    use crate::group;

    pub(super) fn end_with_us() {
        let mut signals = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM] {
            signals.add(signal);
        }
        // Threads that come later inherit it; a child of the standard library's starts with none blocked.
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

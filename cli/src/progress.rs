//! How far the reading is: a bar on stderr while many files are read, only on a terminal, and only when it takes long enough
//! to be asked about; and whether it should go on.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use interbind_doctor::inspect::Progress;

/// What is done sooner is done before a bar is read.
const PATIENCE: Duration = Duration::from_millis(250);

thread_local! {
    /// Set when what this thread began should stop.
    static STOP: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// Does work whose reading stops when `stop` is set.
pub fn until<T>(stop: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    let before = STOP.replace(stop);
    let done = work();
    STOP.set(before);
    done
}

/// The bar.
pub struct Bar {
    bar: ProgressBar,
    began: Instant,
    shown: AtomicBool,
    stop: Arc<AtomicBool>,
}

impl Bar {
    /// A bar that appears when it is needed; never, when nobody wants to be told.
    pub fn new(wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        // A target on stderr stays hidden by itself where stderr is no terminal.
        Self {
            bar,
            began: Instant::now(),
            shown: AtomicBool::new(!wanted),
            stop: STOP.with_borrow(Arc::clone),
        }
    }
}

impl Progress for Bar {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn found(&self, more: usize) {
        self.bar.inc_length(more as u64);
    }

    fn read(&self, path: &str, _bytes: u64) {
        self.bar.inc(1);
        if self.began.elapsed() > PATIENCE {
            if !self.shown.swap(true, Ordering::Relaxed) {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            // A name may hold what a terminal would obey.
            self.bar.set_message(path.replace(|c: char| c.is_control(), "?"));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

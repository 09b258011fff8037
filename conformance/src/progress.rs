//! What is said while a run goes on: a bar on a terminal, lines where stderr is a log. Never on stdout, which is for the
//! report.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::forge::{Forged, Order};
use crate::report::CellReport;

/// Of all cells, the part that goes by between two lines of a log.
const TENTHS: usize = 10;

/// How a run tells how far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Not at all.
    #[default]
    Nothing,
    /// As lines.
    Lines,
    /// As a bar that moves.
    Bar,
}

impl Show {
    /// What fits the stderr of this process.
    pub fn on_stderr() -> Self {
        if io::stderr().is_terminal() { Self::Bar } else { Self::Lines }
    }
}

/// One stage of a run.
pub(crate) struct Progress {
    show: Show,
    total: usize,
    done: AtomicUsize,
    red: AtomicUsize,
    bar: ProgressBar,
}

impl Progress {
    /// Begins a stage with this number of steps.
    pub(crate) fn begin(show: Show, total: usize, what: &'static str) -> Self {
        let bar = if show == Show::Bar { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{prefix:>7} {bar:30} {pos}/{len} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        let this = Self { show, total, done: AtomicUsize::new(0), red: AtomicUsize::new(0), bar };
        this.line(|| format!("{what}: {total}"));
        this
    }

    /// Says something that everybody should see who waits.
    pub(crate) fn say(what: &str) {
        write(what);
    }

    /// A build is there. One that was there before is no line.
    pub(crate) fn built(&self, order: &Order, forged: &Forged) {
        let done = self.step();
        self.bar.set_message(order.build.to_string());
        if forged.cached {
            return;
        }
        self.line(|| {
            let Order { build, role, mutation, host } = order;
            let host = host.as_deref().unwrap_or("any host");
            let end = match &forged.made {
                Ok(_) => String::new(),
                Err(why) => format!(": could not be built: {why}"),
            };
            let seconds = forged.millis as f64 / 1000.0;
            let total = self.total;
            format!(
                "build {done} of {total}: {build} {} {mutation} for {host}, {seconds:.1} s{end}",
                role.as_str()
            )
        });
    }

    /// A cell is done.
    pub(crate) fn judged(&self, cell: &CellReport) {
        let done = self.step();
        if cell.verdict.is_red() {
            self.red.fetch_add(1, Ordering::Relaxed);
            self.line(|| format!("{} {}: {}", cell.verdict, cell.id, cell.observed));
        }
        let tenth = |done: usize| done * TENTHS / self.total.max(1);
        if tenth(done) != tenth(done - 1) {
            self.line(|| {
                let red = self.red.load(Ordering::Relaxed);
                format!("cell {done} of {}, {red} not as expected", self.total)
            });
        }
    }

    /// Ends the stage.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn step(&self) -> usize {
        self.bar.inc(1);
        self.done.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn line(&self, text: impl FnOnce() -> String) {
        if self.show == Show::Lines {
            write(&text());
        }
    }
}

/// Without a stderr there is nobody to tell.
fn write(line: &str) {
    _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

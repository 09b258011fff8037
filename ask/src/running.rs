//! A program that runs in a process group of its own. It never outlives its [`Running`], and neither does what it started,
//! unless that left the group on purpose.

use std::io;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::group::Group;

/// How often a program that may have ended is looked for: one that is waited for is short, and its caller idle.
const PAUSE: Duration = Duration::from_millis(3);
/// How long a helper may take that ends together with its parent.
const GRACE: Duration = Duration::from_millis(100);

/// A running program. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Group,
    status: Option<ExitStatus>,
    /// Nothing is left of the group, so its number may be another's by now.
    is_over: bool,
}

impl Running {
    /// Starts a program in a group of its own.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let (child, group) = Group::start(command)?;
        Ok(Self { child, group, status: None, is_over: false })
    }

    /// Gives its output streams away, where they are piped.
    pub fn streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Tells how it ended, if it has.
    ///
    /// # Errors
    /// The system doesn't say.
    pub fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Waits until it has ended, until the deadline, or until `enough` says so; `None` = it still runs.
    ///
    /// # Errors
    /// The system doesn't say whether it runs.
    pub fn wait(
        &mut self,
        deadline: Instant,
        mut enough: impl FnMut() -> bool,
    ) -> io::Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self.status()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline || enough() {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Ends what its program left running; tells whether there was anything. For one that has ended by itself.
    pub fn left_behind(&mut self) -> bool {
        let mut left = self.group.has_processes();
        if left {
            thread::sleep(GRACE);
            left = self.group.has_processes();
        }
        if left {
            self.group.end();
        }
        self.is_over = true;
        left
    }

    /// Ends it and its group at once.
    pub fn end(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.group.end();
        if self.status.is_none() {
            // Where there are no groups; the wait collects it, and a killed process ends.
            _ = self.child.kill();
            self.status = self.child.wait().ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

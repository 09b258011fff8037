//! A process group: made for one child, ended as a whole. Where there are no groups only the child itself is ended.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

/// The groups that run, for [`end_all`].
static ALIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// A group, by the process that leads it.
#[derive(Debug)]
pub(crate) struct Group(u32);

impl Group {
    /// Starts a command in a group of its own. No group starts unseen while all are ended.
    pub(crate) fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        alive.insert(child.id());
        let group = Self(child.id());
        Ok((child, group))
    }

    /// Whether it has a process, one that nobody has waited for included.
    pub(crate) fn has_processes(&self) -> bool {
        exists(self.0)
    }

    /// Kills what is left of it.
    pub(crate) fn end(&self) {
        kill(self.0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Kills every group that runs. While what it gives is kept, none begins and nobody learns that one has ended: a build that
/// was killed is not taken for one that failed.
#[cfg(unix)]
pub(crate) fn end_all() -> impl Sized {
    let alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
    alive.iter().for_each(|leader| kill(*leader));
    alive
}

#[cfg(unix)]
fn pid(leader: u32) -> Option<nix::unistd::Pid> {
    // 0 would mean our own group.
    i32::try_from(leader).ok().filter(|leader| *leader > 0).map(nix::unistd::Pid::from_raw)
}

#[cfg(unix)]
fn exists(leader: u32) -> bool {
    pid(leader).is_some_and(|group| nix::sys::signal::killpg(group, None).is_ok())
}

#[cfg(unix)]
fn kill(leader: u32) {
    if let Some(group) = pid(leader) {
        // Already gone is as good.
        _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    false
}

#[cfg(not(unix))]
fn kill(_: u32) {}

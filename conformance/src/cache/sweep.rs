//! How much the cache may hold: when it has more, the entries that were used last stay. What was used within the last hour
//! stays in any case, because a process may still read it, and so does what somebody has locked. What target folders share goes
//! as a whole: a folder has copies of what it uses.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::entry::RECORD;
use super::{Cache, units};
use crate::work::Lock;

/// More than a run of all tests and of the quick matrix needs.
pub const ROOM: u64 = 4 << 30;

/// More than cargo compiles for them.
pub const UNITS: u64 = 2 << 30;

/// How long an entry stays after its last use, and how long a sweep is enough for.
pub const HOUR: Duration = Duration::from_secs(3600);

impl Cache {
    /// Sweeps, unless somebody did within the last hour.
    pub fn sweep_sometimes(&self) {
        let stamp = self.folder().join(".swept");
        let swept = fs::metadata(&stamp).and_then(|found| found.modified()).ok();
        if swept.is_some_and(|swept| swept.elapsed().is_ok_and(|age| age < HOUR)) {
            return;
        }
        if fs::create_dir_all(self.folder()).and_then(|()| fs::write(&stamp, "")).is_ok() {
            self.sweep(ROOM, HOUR);
            self.sweep_units(UNITS);
        }
    }

    /// Removes all that target folders share, when it is more than that; whether it went.
    pub fn sweep_units(&self, room: u64) -> bool {
        let Ok(_shared) = self.alone(units::SHARED) else { return false };
        size(&self.units()) > room && fs::remove_dir_all(self.units()).is_ok()
    }

    /// Removes what wasn't used for so long, the oldest first, until all together fits; how many entries went.
    pub fn sweep(&self, room: u64, idle: Duration) -> usize {
        let mut all: Vec<(SystemTime, u64, String)> = Vec::new();
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let path = entry.path();
            if !path.is_dir() {
                continue;
            }
            // Without a record it was never finished.
            let used =
                [path.join(RECORD), path.clone()].iter().find_map(|it| it.metadata().ok()?.modified().ok());
            let name = entry.file_name().to_string_lossy().into_owned();
            all.push((used.unwrap_or(SystemTime::UNIX_EPOCH), size(&path), name));
        }
        all.sort();
        let mut total: u64 = all.iter().map(|(_, size, _)| size).sum();
        let mut gone = 0;
        for (used, size, name) in all {
            if total <= room || used.elapsed().is_ok_and(|age| age < idle) {
                break;
            }
            let lock = self.lock_of(&name);
            if let Ok(Some(held)) = Lock::try_take(&lock) {
                let removed = fs::remove_dir_all(self.place(&name));
                held.remove(&lock);
                if removed.is_ok() {
                    total -= size;
                    gone += 1;
                }
            }
        }
        gone
    }
}

fn size(path: &Path) -> u64 {
    let Ok(found) = path.symlink_metadata() else { return 0 };
    if !found.is_dir() {
        return found.len();
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
}

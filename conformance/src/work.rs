//! The work folder: one run at a time, one builder of a thing at a time, files that are whole or not there at all, and a
//! disk that may be full. Called by whatever writes there; it knows nothing of what is written.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use fs4::{FileExt, TryLockError};

use crate::error::{Error, Result, is_full};

/// Enough for a file system to say that it has no room.
const PROBE: usize = 1 << 16;

/// A locked file. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a file, and writes into it who holds it. Another process that does is named to `waiting` once, then waited for.
    ///
    /// # Errors
    /// The file can't be made or locked.
    pub fn take(path: &Path, waiting: &dyn Fn(&str)) -> Result<Self> {
        let fail = |e| Error::io(path, e);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        loop {
            let mut file = open(path).map_err(fail)?;
            match FileExt::try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let other = fs::read_to_string(path).unwrap_or_default();
                    waiting(if other.trim().is_empty() { "another process" } else { other.trim() });
                    FileExt::lock(&file).map_err(fail)?;
                }
                Err(TryLockError::Error(e)) => return Err(fail(e)),
            }
            // Who had it may have removed it: then it is another file that counts.
            if is_at(&file, path) {
                file.set_len(0).and_then(|()| file.write_all(us().as_bytes())).map_err(fail)?;
                return Ok(Self { _file: file });
            }
        }
    }

    /// Locks a file, unless somebody else has.
    ///
    /// # Errors
    /// The file can't be made or locked.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let fail = |e| Error::io(path, e);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        let file = open(path).map_err(fail)?;
        match FileExt::try_lock(&file) {
            Ok(()) => Ok(is_at(&file, path).then_some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(fail(e)),
        }
    }

    /// Lets go of it, and removes the file where that is safe: who waits for it sees that it is gone, and makes another.
    pub fn remove(self, path: &Path) {
        if cfg!(unix) {
            _ = fs::remove_file(path);
        }
    }
}

/// Opens a lock's file as it is: until it is ours, it names who has it.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

/// Whether the file is still the one at that path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Nobody removes an open file there.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// This process, as another one names it.
fn us() -> String {
    let mut words = env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().map(PathBuf::from);
    let program = program.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let words: String = words.map(|word| format!(" {word}")).collect();
    format!("process {} (`{program}{words}`)\n", process::id())
}

/// Writes a file whole: another process sees the old one or the new one, also when this one is killed meanwhile. What isn't
/// a plain file, a pipe or a device, is written as it is.
///
/// # Errors
/// It can't be written; the old one is still there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|e| Error::io(path, e));
    }
    // Behind a link stands the file that is meant.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = real.with_file_name(format!(".{name}.{}", process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &real));
    written.map_err(|e| {
        _ = fs::remove_file(&beside);
        Error::io(path, e)
    })
}

/// Refuses to believe a failure that a full disk may have caused.
///
/// # Errors
/// The folder takes no more bytes.
pub fn refuse_full(work: &Path) -> Result<()> {
    let probe = work.join(format!(".probe.{}", process::id()));
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&[1; PROBE])?;
        file.sync_all()
    });
    _ = fs::remove_file(&probe);
    match written {
        Err(e) if is_full(&e) => Err(Error::io(work, e)),
        _ => Ok(()),
    }
}

/// Whether a program said that the disk is full.
pub fn says_full(said: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "not enough space on the disk"]
        .iter()
        .any(|words| said.contains(words))
}

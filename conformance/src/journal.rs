//! The finished cells of a run that has not finished: written one by one, so that the next run can go on where a killed one
//! was stopped. A cell is taken over only under the same key, which names everything that its verdict depends on.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::report::CellReport;
use crate::work;

/// The file, in the work folder.
const FILE: &str = "journal.jsonl";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    cell: CellReport,
}

/// What was finished before, and the file that takes what is finished now.
pub struct Journal {
    path: PathBuf,
    before: HashMap<String, Entry>,
    file: Mutex<File>,
}

impl Journal {
    /// Reads what a run that was stopped has left. A line that it could not end is no entry.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn open(work: &Path) -> Result<Self> {
        let path = work.join(FILE);
        let fail = |e| Error::io(&path, e);
        fs::create_dir_all(work).map_err(|e| Error::io(work, e))?;
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(fail)?,
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let entries = lines.filter_map(|line| serde_json::from_slice::<Entry>(line).ok());
        let before = entries.map(|entry| (entry.cell.id.to_string(), entry)).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(fail)?;
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n").map_err(fail)?;
        }
        Ok(Self { path, before, file: Mutex::new(file) })
    }

    /// The cell as it was finished before, under this key.
    pub fn finished(&self, id: &str, key: &str) -> Option<&CellReport> {
        self.before.get(id).filter(|entry| entry.key == key).map(|entry| &entry.cell)
    }

    /// Writes down a finished cell.
    ///
    /// # Errors
    /// It can't be written.
    pub fn add(&self, key: &str, cell: &CellReport) -> Result<()> {
        let line = line(&Entry { key: key.to_owned(), cell: cell.clone() });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).map_err(|e| Error::io(&self.path, e))
    }

    /// Forgets the cells of a run that is reported; those of other runs stay.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn forget(self, cells: &[CellReport]) -> Result<()> {
        let Self { path, mut before, file } = self;
        drop(file);
        for cell in cells {
            before.remove(&cell.id.to_string());
        }
        if before.is_empty() {
            return fs::remove_file(&path).map_err(|e| Error::io(&path, e));
        }
        let rest: String = before.values().map(line).collect();
        work::write(&path, rest.as_bytes())
    }
}

fn line(entry: &Entry) -> String {
    // Records of texts and numbers can be written as JSON; an empty line is no entry.
    serde_json::to_string(entry).unwrap_or_default() + "\n"
}

//! What a build has read: files, folders, and the names in folders where a new file would be found before an old one. Each is
//! hashed by its contents, after the build; one that was changed while the build ran makes its result good for this time only.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::house;

/// A file's time says nothing about changes that come so soon after it.
const COARSE: Duration = Duration::from_secs(2);

/// What of a path counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    /// What is in the file, or in everything below the folder.
    Contents,
    /// Which files are below the folder.
    Names,
}

/// One input as it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Input {
    path: PathBuf,
    what: What,
    /// Nothing where there was nothing.
    hash: Option<String>,
}

impl Input {
    /// Tells whether it is now what it was.
    pub(super) fn is_the_same(&self) -> bool {
        hash(&self.path, self.what) == self.hash
    }
}

/// The inputs of a build, as they become known.
#[derive(Clone, Debug)]
pub struct Inputs {
    started: SystemTime,
    all: BTreeSet<(PathBuf, What)>,
    written: BTreeSet<PathBuf>,
}

impl Inputs {
    /// Of a build that starts now.
    pub(super) fn from_now() -> Self {
        Self { started: SystemTime::now(), all: BTreeSet::new(), written: BTreeSet::new() }
    }

    /// A file, or everything below a folder. What isn't there is an input too: it may come.
    pub fn contents(&mut self, path: impl Into<PathBuf>) {
        self.all.insert((path.into(), What::Contents));
    }

    /// The names of the files below a folder: a header that is new may be found before another of its name.
    pub fn names(&mut self, folder: impl Into<PathBuf>) {
        self.all.insert((folder.into(), What::Names));
    }

    /// A file that the build itself may write, as cargo does with a lockfile.
    pub fn written(&mut self, path: impl Into<PathBuf>) {
        let path = path.into();
        self.written.insert(path.clone());
        self.contents(path);
    }

    /// The files that a compiler or cargo has listed in the syntax of `make`, without those below a folder that the build itself
    /// fills: what a build script writes there is made of the others.
    pub fn listed(&mut self, text: &str, own: Option<&Path>) {
        for path in prerequisites(text) {
            if !own.is_some_and(|own| path.starts_with(own)) {
                self.contents(path);
            }
        }
    }

    /// The paths whose contents count.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.all.iter().filter(|(_, what)| *what == What::Contents).map(|(path, _)| path.as_path())
    }

    /// Hashes them; nothing when one was changed since the build started.
    pub(super) fn settle(self) -> Option<Vec<Input>> {
        let late = |path: &Path| {
            let modified = fs::metadata(path).and_then(|found| found.modified());
            modified.is_ok_and(|modified| modified > self.started) && !self.written.contains(path)
        };
        let settle = |(path, what): &(PathBuf, What)| {
            let is_late = match what {
                What::Contents => files(path).iter().any(|file| late(file)),
                What::Names => false,
            };
            (!is_late).then(|| Input { path: path.clone(), what: *what, hash: hash(path, *what) })
        };
        self.all.iter().map(settle).collect()
    }
}

/// What stands behind the colons of a file in the syntax of `make`.
fn prerequisites(text: &str) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").lines() {
        // A colon in a path stands before a letter or a separator, the one that counts before a space or at the end.
        let Some(colon) = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len)) else { continue };
        let mut word = String::new();
        let mut letters = line.get(colon + 1..).unwrap_or_default().chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if letters.peek().is_some_and(|next| [' ', '#', ':'].contains(next)) => {
                    word.extend(letters.next());
                }
                '$' if letters.peek() == Some(&'$') => word.extend(letters.next()),
                letter if letter.is_whitespace() => {
                    if !word.is_empty() {
                        found.insert(PathBuf::from(std::mem::take(&mut word)));
                    }
                }
                letter => word.push(letter),
            }
        }
        if !word.is_empty() {
            found.insert(PathBuf::from(word));
        }
    }
    found
}

fn hash(path: &Path, what: What) -> Option<String> {
    if !path.exists() {
        return None;
    }
    if what == What::Contents && path.is_file() {
        return contents(path);
    }
    let mut all = Sha256::new();
    for file in files(path) {
        let below = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
        all.update(format!("{}:{below}:", below.len()));
        if what == What::Contents {
            all.update(contents(&file)?);
        }
    }
    Some(hexadecimal(all))
}

/// Every file at or below a path, sorted; build products and hidden files are no input.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    if root.is_file() {
        return vec![root.to_owned()];
    }
    let mut found = Vec::new();
    for path in house::entries(root).unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "__pycache__" {
            continue;
        }
        found.extend(files(&path));
    }
    found
}

/// The hash of a file. It is read once in a process while length and time stay: a header is an input of hundreds of builds.
fn contents(path: &Path) -> Option<String> {
    type Seen = (u64, SystemTime, String);
    static SEEN: Mutex<Option<HashMap<PathBuf, Seen>>> = Mutex::new(None);
    let found = fs::metadata(path).ok()?;
    let modified = found.modified().ok()?;
    let known = |seen: &Option<HashMap<PathBuf, Seen>>| {
        let (length, time, hash) = seen.as_ref()?.get(path)?;
        (*length == found.len() && *time == modified).then(|| hash.clone())
    };
    if let Some(hash) = known(&SEEN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Some(hash);
    }
    let hash = hexadecimal(Sha256::new_with_prefix(fs::read(path).ok()?));
    if modified.elapsed().is_ok_and(|age| age > COARSE) {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get_or_insert_default().insert(path.to_owned(), (found.len(), modified, hash.clone()));
    }
    Some(hash)
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::prerequisites;

    #[test]
    fn a_list_in_the_syntax_of_make_is_read_with_its_escapes() {
        let text = "out.o: /a/one.c \\\n /a/two\\ words.h /a/$$money.h \\\n  /a/hash\\#.h\n\n/a/one.c:\n\
                    C:/made.o: C:/read.c\nnothing here\n";
        let expected = ["/a/one.c", "/a/two words.h", "/a/$money.h", "/a/hash#.h", "C:/read.c"];
        assert_eq!(prerequisites(text), expected.map(PathBuf::from).into());
        assert!(prerequisites("").is_empty() && prerequisites("a:").is_empty());
    }
}

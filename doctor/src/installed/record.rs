//! `RECORD`: the list of files that installing a wheel left behind. Anybody can have written it: it is read up to a bound,
//! line by line, and a path that leaves its folder is never followed.

use std::path::{Component, Path, PathBuf};

/// The largest list that is read; the largest real ones have about 2 MiB.
pub(super) const MOST: u64 = 64 << 20;

/// The longest line that is taken for a path.
const LONGEST: usize = 8 << 10;

/// What a list says of native files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Native files inside the folder, as written there.
    pub(super) native: Vec<PathBuf>,
    /// Native files that would lie outside of it; the first of them.
    pub(super) outside: Option<String>,
    /// Lines that are no lines of such a list.
    pub(super) broken: usize,
}

impl Record {
    /// Reads a list that belongs to `folder`.
    pub(super) fn read(text: &str, folder: &Path) -> Self {
        let mut record = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some(path) = first_field(line).filter(|_| line.len() <= LONGEST) else {
                record.broken += 1;
                continue;
            };
            if !is_native(&path) {
                continue;
            }
            match inside(folder, Path::new(&path)) {
                Some(path) => record.native.push(path),
                None if record.outside.is_none() => record.outside = Some(path),
                None => {}
            }
        }
        record
    }
}

/// The first field of a line of comma-separated values; quotes are doubled inside quotes.
fn first_field(line: &str) -> Option<String> {
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next().filter(|path| !path.contains('\0')).map(str::to_owned);
    };
    let mut field = String::new();
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => return Some(field),
            '\0' => return None,
            c => field.push(c),
        }
    }
    None
}

/// Whether a name is one of a native library: `x.so`, `libx.so.1.2`, `x.pyd`, `x.dll`, `x.dylib`.
pub(super) fn is_native(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let ending = |end: &str| name.len() > end.len() && name.ends_with(end);
    [".so", ".pyd", ".dll", ".dylib"].into_iter().any(ending)
        || name
            .split_once(".so.")
            .is_some_and(|(_, rest)| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// Joins a path to a folder when it stays inside, without asking the file system.
pub(super) fn inside(folder: &Path, path: &Path) -> Option<PathBuf> {
    let mut parts: Vec<Component> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(_) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => {
                return plain(path).strip_prefix(plain(folder)).is_ok().then(|| plain(path));
            }
        }
    }
    (!parts.is_empty()).then(|| parts.iter().fold(plain(folder), |whole, part| whole.join(part)))
}

/// The path without `.` and with `..` taken back, without asking the file system.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(whole.components().next_back(), Some(Component::Normal(_))) => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Record {
        Record::read(text, Path::new("/env/site-packages"))
    }

    #[test]
    fn native_files_are_found_quoted_or_not() {
        let record =
            read("a/x.so,sha256=1,2\n\"b/y,\"\"z.pyd\",,\nc/lib.so.1.2,,\nd.py,,\nlibfoo.so.txt,,\n");
        let names: Vec<_> = record.native.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(
            names,
            [
                "/env/site-packages/a/x.so",
                "/env/site-packages/b/y,\"z.pyd",
                "/env/site-packages/c/lib.so.1.2"
            ]
        );
        assert_eq!(record.broken, 0);
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_reported_and_not_followed() {
        let record = read("../../etc/evil.so,,\n/etc/other.so,,\na/../../evil.so,,\na/../b.so,,\n");
        assert_eq!(record.native, [Path::new("/env/site-packages/b.so")]);
        assert_eq!(record.outside.as_deref(), Some("../../etc/evil.so"));
    }

    #[test]
    fn broken_lines_are_counted() {
        let long = format!("{}.so,,\n", "x".repeat(LONGEST));
        assert_eq!(read(&format!("\"never closed.so,,\na\0.so,,\n{long}")).broken, 3);
    }
}

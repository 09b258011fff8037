//! What is installed: the folders `*.dist-info` and `*.egg-info`, links to projects under development, `.pth` files. Says which
//! native file came with which distribution. Only reads; a file that isn't as it should be is a [`Problem`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::{self, Record};
use crate::facts::Problem;
use crate::source::{entries, text};

/// The largest `METADATA` that is read: its head is all that counts.
const MOST: u64 = 1 << 20;

/// The most distributions that are read in one folder.
const DISTRIBUTIONS: usize = 20_000;

/// How something is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionKind {
    /// From a wheel, with a list of its files.
    Wheel,
    /// Under development: its files are elsewhere.
    Editable,
    /// By an old installer, without a list that we read.
    Egg,
    /// A wheel that isn't installed, but looked into.
    NotInstalled,
}

/// A distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// Its name, normalised: lower case, `-` between words.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How it is installed.
    pub kind: DistributionKind,
    /// Where it is installed; for an editable one, where its project is.
    pub place: String,
    /// The distributions it asks for, normalised; extras left out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub requires: Vec<String>,
    /// The same as its metadata has it, with versions and markers.
    #[serde(skip)]
    #[schemars(skip)]
    pub asks: Vec<String>,
}

/// What is installed in some folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The folders that were read.
    pub folders: Vec<PathBuf>,
    /// Folders elsewhere that `.pth` files and links add to the path, and that exist; a reader of modules looks there too.
    pub elsewhere: Vec<PathBuf>,
    /// The distributions.
    pub distributions: Vec<Distribution>,
    /// What couldn't be read, or isn't followed.
    pub problems: Vec<Problem>,
    /// Which distributions list a native file: indices.
    owners: BTreeMap<PathBuf, Vec<usize>>,
}

impl Installed {
    /// Says which distributions brought a file: by their lists, else by the project's folder.
    pub fn owners(&self, file: &Path) -> Vec<usize> {
        let file = record::plain(file);
        if let Some(found) = self.owners.get(&file) {
            return found.clone();
        }
        let editable = |(at, found): (usize, &Distribution)| {
            let below = found.kind == DistributionKind::Editable && file.starts_with(&found.place);
            below.then_some((found.place.len(), at))
        };
        let nearest = self.distributions.iter().enumerate().filter_map(editable).max();
        nearest.map(|(_, at)| at).into_iter().collect()
    }

    /// The files that several distributions list.
    pub(crate) fn contested(&self) -> impl Iterator<Item = (&PathBuf, &[usize])> {
        self.owners
            .iter()
            .filter(|(_, owners)| owners.len() > 1)
            .map(|(path, owners)| (path, owners.as_slice()))
    }

    /// Adds a wheel that isn't installed: its modules have its path.
    pub fn add_wheel(&mut self, wheel: &Path, name: &str, version: &str) {
        let at = self.distributions.len();
        self.distributions.push(Distribution {
            name: normalised(name),
            version: version.to_owned(),
            kind: DistributionKind::NotInstalled,
            place: wheel.display().to_string(),
            requires: Vec::new(),
            asks: Vec::new(),
        });
        self.owners.entry(record::plain(wheel)).or_default().push(at);
    }

    #[cfg(test)]
    pub(crate) fn own(&mut self, file: &str, owner: usize) {
        self.owners.entry(record::plain(Path::new(file))).or_default().push(owner);
    }

    fn problem(&mut self, kind: &str, path: &Path, message: impl Into<String>) {
        let (kind, path) = (kind.to_owned(), path.display().to_string());
        self.problems.push(Problem { kind, path, message: message.into(), evidence: None });
    }
}

/// Normalises a distribution's name, as PEP 503 has it.
pub(crate) fn normalised(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Reads what is installed in some folders.
pub fn installed(folders: &[PathBuf]) -> Installed {
    let mut found = Installed { folders: folders.to_vec(), ..Installed::default() };
    for folder in folders {
        for (count, path) in entries(folder).into_iter().enumerate() {
            if count >= DISTRIBUTIONS {
                found.problem(
                    "too-many",
                    folder,
                    format!("more than {DISTRIBUTIONS} entries; the rest isn't read"),
                );
                break;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.rsplit_once('.') {
                Some((stem, "dist-info")) => dist_info(&path, stem, folder, &mut found),
                Some((stem, "egg-info")) => egg_info(&path, stem, folder, &mut found),
                Some((stem, "egg-link")) => egg_link(&path, stem, folder, &mut found),
                Some((_, "pth")) => path_file(&path, folder, &mut found),
                _ => {}
            }
        }
    }
    found.elsewhere.sort();
    found.elsewhere.dedup();
    let read = found.folders.clone();
    found.elsewhere.retain(|path| read.iter().all(|folder| !path.starts_with(folder)));
    found
}

/// The fields of a metadata file's head.
fn head(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        (!name.starts_with([' ', '\t'])).then(|| (name, value.trim()))
    })
}

/// The name and version that a folder's own name tells: `foo_bar-1.2`.
fn from_stem(stem: &str) -> (String, String) {
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    (normalised(name), version.split('-').next().unwrap_or_default().to_owned())
}

/// Reads the head of a `METADATA` or `PKG-INFO`.
fn metadata(file: &Path, stem: &str, kind: DistributionKind, place: &Path) -> Distribution {
    let (mut name, mut version) = from_stem(stem);
    let (mut requires, mut asks) = (Vec::new(), Vec::new());
    for (field, value) in head(&text(file, MOST).unwrap_or_default()) {
        match field {
            "Name" => name = normalised(value),
            "Version" => version = value.to_owned(),
            "Requires-Dist" if !value.contains("extra ==") => {
                let end =
                    value.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(value.len());
                requires.push(normalised(&value[..end]));
                asks.push(value.to_owned());
            }
            _ => {}
        }
    }
    requires.sort();
    requires.dedup();
    Distribution { name, version, kind, place: place.display().to_string(), requires, asks }
}

fn dist_info(path: &Path, stem: &str, folder: &Path, found: &mut Installed) {
    if !path.is_dir() {
        return found.problem("unreadable", path, "no folder, or a link to nowhere");
    }
    let at = found.distributions.len();
    let mut distribution = metadata(&path.join("METADATA"), stem, DistributionKind::Wheel, folder);
    if let Some(project) = editable(path) {
        distribution.kind = DistributionKind::Editable;
        distribution.place = project.display().to_string();
        if project.is_dir() {
            found.elsewhere.push(project);
        } else {
            found.problem(
                "link-to-nowhere",
                path,
                format!("its project `{}` isn't there", project.display()),
            );
        }
    }
    found.distributions.push(distribution);
    let file = path.join("RECORD");
    // One byte more tells that there is more.
    let Some(list) = text(&file, record::MOST + 1) else {
        return found.problem("no-record", path, "no RECORD: which files came with it isn't known");
    };
    if list.len() as u64 > record::MOST {
        found.problem(
            "too-large",
            &file,
            format!("larger than {} MiB; the rest isn't read", record::MOST >> 20),
        );
    }
    if list.contains(char::REPLACEMENT_CHARACTER) {
        found.problem("not-utf-8", &file, "isn't UTF-8; such names are read as far as they go");
    }
    let list = Record::read(&list, folder);
    if let Some(outside) = list.outside {
        found.problem(
            "path-outside",
            &file,
            format!("lists `{outside}`, which is outside of its folder; not followed"),
        );
    }
    if list.broken > 0 {
        found.problem("bad-record", &file, format!("{} lines aren't lines of such a list", list.broken));
    }
    for file in list.native {
        let owners = found.owners.entry(file).or_default();
        // A list may name a file twice.
        if owners.last() != Some(&at) {
            owners.push(at);
        }
    }
}

/// The project of an editable install, by `direct_url.json`.
fn editable(dist_info: &Path) -> Option<PathBuf> {
    let origin: serde_json::Value =
        serde_json::from_str(&text(&dist_info.join("direct_url.json"), MOST)?).ok()?;
    let is = origin.pointer("/dir_info/editable")?.as_bool()?;
    let path = origin.pointer("/url")?.as_str()?.strip_prefix("file://")?;
    is.then(|| record::plain(Path::new(&percent_decoded(path))))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn egg_info(path: &Path, stem: &str, folder: &Path, found: &mut Installed) {
    let file = if path.is_dir() { path.join("PKG-INFO") } else { path.to_owned() };
    let at = found.distributions.len();
    found.distributions.push(metadata(&file, stem, DistributionKind::Egg, folder));
    // pip leaves this list where it installs the old way; its paths start at the folder of the list.
    let list = text(&path.join("installed-files.txt"), record::MOST).unwrap_or_default();
    for line in list.lines().filter(|line| record::is_native(line)) {
        let file = record::plain(&path.join(line));
        if file.starts_with(record::plain(folder)) {
            found.owners.entry(file).or_default().push(at);
        }
    }
}

fn egg_link(path: &Path, stem: &str, folder: &Path, found: &mut Installed) {
    let text = text(path, MOST).unwrap_or_default();
    let Some(project) = text.lines().next().filter(|line| !line.is_empty()) else {
        return found.problem("link-to-nowhere", path, "names no folder");
    };
    let project = record::plain(&folder.join(project));
    let mut distribution = metadata(Path::new(""), stem, DistributionKind::Editable, &project);
    distribution.name = normalised(stem);
    found.distributions.push(distribution);
    if project.is_dir() && is_deep(&project) {
        found.elsewhere.push(project);
    } else {
        found.problem("link-to-nowhere", path, format!("its project `{}` isn't there", project.display()));
    }
}

/// Whether a folder is more than a whole disk or its first level.
fn is_deep(folder: &Path) -> bool {
    folder.components().filter(|part| matches!(part, std::path::Component::Normal(_))).count() > 1
}

fn path_file(path: &Path, folder: &Path, found: &mut Installed) {
    let text = text(path, MOST).unwrap_or_default();
    let mut runs = 0_usize;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with("import ") || line.starts_with("import\t") {
            runs += 1;
            continue;
        }
        let added = record::plain(&folder.join(line));
        if line.len() < 4096 && added.is_dir() && is_deep(&added) {
            found.elsewhere.push(added);
        }
    }
    // These two only set up import hooks of their own installers, which every environment may have.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if runs > 0 && !matches!(name.as_ref(), "distutils-precedence.pth" | "_virtualenv.pth") {
        found.problem(
            "runs-code",
            path,
            "runs code when Python starts, and may add modules; that code isn't followed",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Folder;

    fn kinds(found: &Installed) -> Vec<&str> {
        found.problems.iter().map(|problem| problem.kind.as_str()).collect()
    }

    #[test]
    fn a_file_belongs_to_the_wheel_that_lists_it() {
        let root = Folder::new();
        let info = "Name: Foo.Bar\nVersion: 1.2\nRequires-Dist: numpy>=1.0\nRequires-Dist: x ; extra == 'y'\n\nName: no";
        root.write("Foo_Bar-1.2.dist-info/METADATA", info);
        root.write("Foo_Bar-1.2.dist-info/RECORD", "foo/_core.so,,\nfoo/_core.so,,\n");
        let found = installed(&[root.path("")]);
        assert_eq!(found.distributions[0].name, "foo-bar");
        assert_eq!(found.distributions[0].requires, ["numpy"]);
        assert_eq!(found.owners(&root.path("foo/./_core.so")), [0]);
        assert!(found.owners(&root.path("foo/_other.so")).is_empty());
        assert_eq!(found.contested().count(), 0);
    }

    #[test]
    fn a_project_under_development_owns_what_lies_below_it() {
        let root = Folder::new();
        let project = root.folder("my project/pkg");
        let url = root.path("my%20project").display().to_string();
        let text = format!("{{\"url\": \"file://{url}\", \"dir_info\": {{\"editable\": true}}}}");
        root.write("site/foo-1.dist-info/direct_url.json", &text);
        root.write("site/foo-1.dist-info/RECORD", "");
        let found = installed(&[root.path("site")]);
        assert_eq!(found.distributions[0].kind, DistributionKind::Editable);
        assert_eq!(found.owners(&project.join("_core.so")), [0]);
        assert_eq!(found.elsewhere, [root.path("my project")]);
    }

    #[test]
    fn links_and_path_files_add_folders_and_code_is_reported() {
        let root = Folder::new();
        let project = root.folder("project");
        root.write("site/foo.egg-link", &format!("{}\n.\n", project.display()));
        root.write("site/more.pth", "../extra\n# comment\n/\n../absent\n");
        root.write("site/__editable__.pth", "import hook; hook.install()\n");
        let extra = root.folder("extra");
        let found = installed(&[root.path("site")]);
        assert_eq!(found.elsewhere, [extra, project]);
        assert_eq!(kinds(&found), ["runs-code"]);
    }

    #[test]
    fn hostile_metadata_is_reported_and_never_a_panic() {
        let root = Folder::new();
        root.write_bytes("a-1.dist-info/RECORD", b"\xff\xfe.so,,\n../../../etc/passwd.so,,\n\"open\n");
        root.write_bytes("a-1.dist-info/METADATA", b"\x00\xff:\nName\nRequires-Dist: \xe4\n");
        root.write("b.dist-info", "a file");
        root.write("c-1.dist-info/METADATA", "Name: c\n");
        root.write("d.egg-link", "");
        root.write(
            "e-1.dist-info/direct_url.json",
            "{\"url\": \"file://%zz%\", \"dir_info\": {\"editable\": true}}",
        );
        root.write("e-1.dist-info/RECORD", "");
        let found = installed(&[root.path("")]);
        let wanted = [
            "not-utf-8",
            "path-outside",
            "bad-record",
            "unreadable",
            "no-record",
            "link-to-nowhere",
            "link-to-nowhere",
        ];
        assert_eq!(kinds(&found), wanted);
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends() {
        let root = Folder::new();
        std::os::unix::fs::symlink(root.path("a-1.dist-info"), root.path("a-1.dist-info")).unwrap();
        root.folder("b-1.dist-info");
        std::os::unix::fs::symlink(root.path("b-1.dist-info/RECORD"), root.path("b-1.dist-info/RECORD"))
            .unwrap();
        assert_eq!(kinds(&installed(&[root.path("")])), ["unreadable", "no-record"]);
    }
}

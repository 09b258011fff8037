//! From what a user names (an executable, a virtual environment, a prefix, a folder of packages) to the Python and its folders,
//! by file names alone. What file names don't prove is left to those who may ask the interpreter.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::python::{HostPython, How};
use super::sysconfig::{self, LibraryName};
use crate::facts::{Claim, Evidence, Libc, LibcKind, Os, Source};
use crate::source::{entries, text};

/// The largest `pyvenv.cfg` that is read.
const MOST: u64 = 64 << 10;

/// A Python, as far as its files show it, and the folders from which it imports what is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The Python; none for a plain folder of packages.
    pub python: Option<HostPython>,
    /// The folders to read.
    pub folders: Vec<PathBuf>,
    /// What isn't looked at, and why.
    pub notes: Vec<String>,
}

/// Why there is no place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// Nothing has that name.
    Missing(PathBuf),
    /// A file that is no Python; a script that starts one is among them.
    NotPython(PathBuf),
    /// Several Pythons have their packages there.
    Several(PathBuf, Vec<PathBuf>),
    /// A Python without a folder for packages.
    NoPackages(PathBuf),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "no file or folder `{}`; name a Python, a virtual environment, a folder of packages, a requirements \
                 file or a lock file",
                path.display()
            ),
            Self::NotPython(path) => write!(
                f,
                "`{}` isn't a Python whose folders its place tells; name the environment's folder instead",
                path.display()
            ),
            Self::Several(path, folders) => {
                write!(f, "`{}` has packages of several Pythons; name one of", path.display())?;
                folders.iter().try_for_each(|folder| write!(f, " `{}`", folder.display()))
            }
            Self::NoPackages(path) => write!(
                f,
                "`{}` is a Python without a folder for packages; name the folder that has them",
                path.display()
            ),
        }
    }
}

impl std::error::Error for PlaceError {}

/// Finds the Python and its folders behind a path.
///
/// # Errors
/// See [`PlaceError`].
pub fn place(path: &Path) -> Result<Place, PlaceError> {
    let Ok(about) = fs::metadata(path) else { return Err(PlaceError::Missing(path.to_owned())) };
    if about.is_dir() {
        return folder(path);
    }
    let name = file_name(path);
    if !["python", "pypy", "graalpy"].iter().any(|start| name.starts_with(start)) {
        return Err(PlaceError::NotPython(path.to_owned()));
    }
    // `env/bin/python`, or `env\Scripts\python.exe`: a link, but the environment is where the link stands.
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    if let Some(env) = above(path).filter(|env| env.join("pyvenv.cfg").is_file()) {
        return virtual_environment(&env, Some(path));
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = real.parent().filter(|folder| folder.join("Lib").join("site-packages").is_dir());
    let found = beside.map(Path::to_owned).or_else(|| above(&real));
    match found {
        Some(prefix) => of_prefix(&prefix, Some(&real)),
        None => Err(PlaceError::NotPython(path.to_owned())),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn folder(path: &Path) -> Result<Place, PlaceError> {
    if path.join("pyvenv.cfg").is_file() {
        return virtual_environment(path, None);
    }
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if matches!(file_name(&full).as_str(), "site-packages" | "dist-packages") {
        return Ok(packages(path, &full));
    }
    if !libraries(path).is_empty() || path.join("Lib").join("site-packages").is_dir() {
        return of_prefix(path, None);
    }
    Ok(Place { python: None, folders: vec![path.to_owned()], notes: Vec::new() })
}

/// A folder of packages that stands inside a Python or an environment.
fn packages(path: &Path, full: &Path) -> Place {
    let mut place = Place { python: None, folders: vec![path.to_owned()], notes: Vec::new() };
    let Some(library) = full.parent() else { return place };
    let around = library.parent().and_then(Path::parent).or_else(|| library.parent());
    let Some(env) = around else { return place };
    let mut host = HostPython::unknown(How::Files);
    if env.join("pyvenv.cfg").is_file() {
        let Ok(found) = virtual_environment(env, None) else { return place };
        place.python = found.python;
    } else if let Some(name) = LibraryName::read(&file_name(library)) {
        name.state(&file_name(library), &mut host);
        sysconfig::state(library, &mut host);
        place.python = Some(host);
    }
    if let Some(python) = &mut place.python {
        python.site_packages = vec![path.display().to_string()];
    }
    place
}

/// The library folders of a prefix: `lib/python3.12`, `lib64/python3.12` when it isn't the same.
fn libraries(prefix: &Path) -> Vec<(PathBuf, LibraryName)> {
    let mut found: Vec<(PathBuf, LibraryName)> = Vec::new();
    let mut seen = Vec::new();
    for path in ["lib", "lib64"].iter().flat_map(|lib| entries(&prefix.join(lib))) {
        let Some(name) = LibraryName::read(&file_name(&path)).filter(|_| path.is_dir()) else { continue };
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if !seen.contains(&real) {
            seen.push(real);
            found.push((path, name));
        }
    }
    found
}

/// The folders for packages of a library folder, and of Debian, which keeps its own apart.
fn package_folders(library: &Path, prefix: &Path) -> Vec<PathBuf> {
    let name = file_name(library);
    let local = prefix.join("local").join("lib").join(&name).join("dist-packages");
    let debian = prefix.join("lib").join("python3").join("dist-packages");
    let mut found = vec![library.join("site-packages"), library.join("dist-packages"), local, debian];
    found.retain(|folder| folder.is_dir());
    found
}

/// A Python that isn't a virtual environment; `executable` tells which, where several have their library there.
fn of_prefix(prefix: &Path, executable: Option<&Path>) -> Result<Place, PlaceError> {
    let windows = prefix.join("Lib").join("site-packages");
    if windows.is_dir() && libraries(prefix).is_empty() {
        let python = of_windows(prefix, executable);
        return Ok(with_folders(python, vec![windows], Vec::new()));
    }
    let mut found = libraries(prefix);
    let named = executable.or(Some(prefix)).map(|path| {
        if executable.is_some() {
            return file_name(path);
        }
        // `python3` beside it is a link to the one that the prefix stands for.
        fs::canonicalize(path.join("bin").join("python3")).map(|real| file_name(&real)).unwrap_or_default()
    });
    if let Some(wanted) = named.as_deref().and_then(LibraryName::read) {
        let same = |name: &LibraryName| {
            (name.implementation, &name.version, &name.flags)
                == (wanted.implementation, &wanted.version, &wanted.flags)
        };
        if found.iter().any(|(_, name)| same(name)) {
            found.retain(|(_, name)| same(name));
        }
    }
    // A library without its standard modules is what another Python's packages left behind.
    if found.len() > 1 && found.iter().any(|(path, _)| path.join("os.py").is_file()) {
        found.retain(|(path, _)| path.join("os.py").is_file());
    }
    let mut paths: Vec<PathBuf> = found.iter().map(|(path, _)| path.clone()).collect();
    let Some((library, name)) = found.pop() else {
        return Err(PlaceError::NotPython(executable.unwrap_or(prefix).to_owned()));
    };
    if !found.is_empty() {
        paths = paths.iter().flat_map(|library| package_folders(library, prefix)).collect();
        paths.dedup();
        return Err(PlaceError::Several(prefix.to_owned(), paths));
    }
    let mut host = HostPython::unknown(How::Files);
    name.state(&file_name(&library), &mut host);
    sysconfig::state(&library, &mut host);
    host.executable = executable.map(|path| path.display().to_string());
    let folders = package_folders(&library, prefix);
    if folders.is_empty() {
        return Err(PlaceError::NoPackages(prefix.to_owned()));
    }
    let notes = vec![
        "the user's own packages (`pip install --user`) aren't looked at: only the interpreter knows \
                      whether it uses them"
            .to_owned(),
    ];
    Ok(with_folders(host, folders, notes))
}

fn with_folders(mut host: HostPython, folders: Vec<PathBuf>, notes: Vec<String>) -> Place {
    host.site_packages = folders.iter().map(|folder| folder.display().to_string()).collect();
    Place { python: Some(host), folders, notes }
}

/// Windows has no version in its folders' names, but in the library's: `python312.dll`, `python314t.dll`.
fn of_windows(prefix: &Path, executable: Option<&Path>) -> HostPython {
    let mut host = HostPython::unknown(How::Files);
    host.executable = executable.map(|path| path.display().to_string());
    for path in entries(prefix) {
        let name = file_name(&path).to_ascii_lowercase();
        let Some(tag) = name.strip_prefix("python3").and_then(|rest| rest.strip_suffix(".dll")) else {
            continue;
        };
        let minor = tag.trim_end_matches(['t', '_', 'd']);
        if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let seen = || [Evidence::new(Source::FileName, name.clone())];
        host.implementation = Claim::certain("cpython".to_owned(), seen());
        host.version = Claim::certain(format!("3.{minor}"), seen());
        host.free_threaded = Claim::certain(tag.contains('t'), seen());
        host.debug = Claim::certain(tag.contains("_d"), seen());
        host.os = Claim::certain(Os::Windows, seen());
        host.libc = Claim::certain(Libc { kind: LibcKind::Ucrt, floor: None }, seen());
    }
    sysconfig::state(&prefix.join("Lib"), &mut host);
    host
}

/// A virtual environment: its packages are its own, what it says of the interpreter stands in the one it was made from.
fn virtual_environment(env: &Path, executable: Option<&Path>) -> Result<Place, PlaceError> {
    let file = env.join("pyvenv.cfg");
    let text = text(&file, MOST).unwrap_or_default();
    let value = |wanted: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim().to_owned())
    };
    let mut notes = Vec::new();
    // `home` is the folder of the executable: `bin` beside `lib`, on Windows the prefix itself.
    let home = value("home").map(PathBuf::from);
    let base = home.as_deref().map(|home| {
        if home.join("Lib").is_dir() || file_name(home) != "bin" {
            home
        } else {
            home.parent().unwrap_or(home)
        }
    });
    let mut own = libraries(env);
    let version = value("version_info").or_else(|| value("version"));
    if own.len() > 1 {
        // An environment that was made again with another Python keeps the old one's folder.
        let wanted = version.as_deref().and_then(super::python::numbers);
        own.retain(|(_, name)| super::python::numbers(&name.version) == wanted);
    }
    let mut host = HostPython::unknown(How::Files);
    let mut folders = Vec::new();
    if let Some((library, name)) = own.pop() {
        name.state(&file_name(&library), &mut host);
        folders = package_folders(&library, env);
        let based = base.map(|base| base.join("lib").join(file_name(&library))).filter(|path| path.is_dir());
        match &based {
            Some(library) => sysconfig::state(library, &mut host),
            None => notes.push(
                "the Python that this environment was made from isn't where `pyvenv.cfg` says".to_owned(),
            ),
        }
    } else {
        let windows = env.join("Lib").join("site-packages");
        if windows.is_dir() {
            folders.push(windows);
        }
        if let Some(base) = base {
            host = of_windows(base, None);
        }
    }
    let seen = || [Evidence::new(Source::Metadata, "pyvenv.cfg").in_file(file.display().to_string())];
    if let (None, Some(version)) = (&host.version.value, version.as_deref().and_then(super::python::numbers))
    {
        host.version = Claim::certain(format!("{}.{}", version.0, version.1), seen());
    }
    if let (None, Some(name)) = (&host.implementation.value, value("implementation")) {
        host.implementation = Claim::certain(name.to_ascii_lowercase(), seen());
    }
    host.full_version = version.map(|text| text.split('.').take(3).collect::<Vec<_>>().join("."));
    host.executable = executable.map(|path| path.display().to_string());
    if value("include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        match base.map(|base| of_prefix(base, None)) {
            Some(Ok(base)) => folders.extend(base.folders),
            _ => notes.push(
                "the packages of the Python that this environment was made from couldn't be found".to_owned(),
            ),
        }
    }
    if folders.is_empty() {
        return Err(PlaceError::NoPackages(env.to_owned()));
    }
    Ok(with_folders(host, folders, notes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Folder;

    #[test]
    fn a_virtual_environment_is_described_by_its_files() {
        let root = Folder::new();
        let base = root.write(
            "base/lib/python3.14t/_sysconfigdata_t_linux_.py",
            "'Py_DEBUG': 0,\n'SOABI': 'cpython-314t-x86_64-linux-gnu',\n",
        );
        let home = base.ancestors().nth(3).unwrap().join("bin");
        root.write("env/pyvenv.cfg", &format!("home = {}\nversion = 3.14.1\n", home.display()));
        let packages = root.folder("env/lib/python3.14t/site-packages");
        root.write("env/bin/python", "");
        for named in ["env", "env/bin/python", "env/lib/python3.14t/site-packages"] {
            let place = place(&root.path(named)).unwrap();
            let python = place.python.unwrap();
            assert_eq!(python.describe(), "CPython 3.14.1 free-threaded, Linux x86_64", "{named}");
            assert_eq!(place.folders, std::slice::from_ref(&packages), "{named}");
        }
    }

    #[test]
    fn an_environment_without_its_python_keeps_what_folder_names_say() {
        let root = Folder::new();
        root.write("env/pyvenv.cfg", "home = /nowhere/at/all/bin\nversion_info = 3.12.4.final.0\n");
        root.folder("env/lib/python3.12/site-packages");
        let place = place(&root.path("env")).unwrap();
        let python = place.python.unwrap();
        assert_eq!(python.numbers(), Some((3, 12)));
        assert_eq!(python.debug.value, None);
        assert_eq!(place.notes.len(), 1);
    }

    #[test]
    fn the_system_packages_count_where_the_environment_takes_them() {
        let root = Folder::new();
        root.write("base/lib/python3.12/os.py", "");
        let system = root.folder("base/lib/python3.12/site-packages");
        let home = root.folder("base/bin");
        root.write(
            "env/pyvenv.cfg",
            &format!("home = {}\ninclude-system-site-packages = TRUE\n", home.display()),
        );
        let own = root.folder("env/lib/python3.12/site-packages");
        assert_eq!(place(&root.path("env")).unwrap().folders, [own, system]);
    }

    #[test]
    fn two_pythons_in_one_prefix_are_an_error_unless_one_is_named() {
        let root = Folder::new();
        root.folder("usr/lib/python3.11/site-packages");
        root.folder("usr/lib/python3.12/site-packages");
        root.write("usr/bin/python3.12", "");
        assert!(
            matches!(place(&root.path("usr")), Err(PlaceError::Several(_, folders)) if folders.len() == 2)
        );
        let named = place(&root.path("usr/bin/python3.12")).unwrap();
        assert_eq!(named.python.unwrap().numbers(), Some((3, 12)));
    }

    #[test]
    fn a_windows_python_tells_its_version_by_its_library() {
        let root = Folder::new();
        root.folder("py/Lib/site-packages");
        root.write("py/python314t.dll", "");
        root.write("py/python3.dll", "");
        let python = place(&root.path("py")).unwrap().python.unwrap();
        assert_eq!(python.numbers(), Some((3, 14)));
        assert_eq!(python.free_threaded.value, Some(true));
    }

    #[test]
    fn a_plain_folder_has_no_python_and_other_files_are_refused() {
        let root = Folder::new();
        root.folder("wheels");
        root.write("notes.md", "");
        assert_eq!(place(&root.path("wheels")).unwrap().python, None);
        assert!(matches!(place(&root.path("notes.md")), Err(PlaceError::NotPython(_))));
        assert!(matches!(place(&root.path("absent")), Err(PlaceError::Missing(_))));
    }
}

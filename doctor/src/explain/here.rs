//! What the machine itself tells of a message: the file that it names is here, so it is read, and so are the libraries that it
//! asks for. Nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use super::meaning::{Explanation, Meaning, Step};
use super::symbols;
use crate::binary::{Image, slices};
use crate::environment::obstacle;
use crate::facts::Inspection;
use crate::host::HostPython;
use crate::inspect::{Options, Quiet, inspect};
use crate::source::Input;

/// How many folders and files are looked into for one name.
const MOST: usize = 200_000;
/// How deep a package keeps its libraries: `nvidia/cusparse/lib`.
const DEEPEST: usize = 6;
/// Where the system's loader looks besides.
const SYSTEM: &[&str] = &[
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];

/// Adds to each meaning what this machine shows of it.
pub fn look(explanation: &mut Explanation, python: &HostPython) {
    for meaning in &mut explanation.meanings {
        of(meaning, python);
    }
}

fn of(meaning: &mut Meaning, python: &HostPython) {
    let file = file(meaning, python);
    let named = meaning.names.get("file").filter(|name| name.contains(['/', '\\']));
    let Some(file) = file else {
        if let Some(named) = named {
            meaning.here.push(format!("`{named}` isn't on this machine"));
        }
        if meaning.rule == "library-missing" {
            library(meaning, None, python);
        }
        return;
    };
    let found = inspect(std::slice::from_ref(&file), &Options::default(), &Quiet);
    if proved(meaning, &file, &found, python) {
        return;
    }
    match meaning.rule.as_str() {
        "undefined-cxx-symbol" | "undefined-symbol" => symbol(meaning, &file, &found, python),
        "library-missing" => library(meaning, Some(&file), python),
        _ => {}
    }
    if meaning.here.is_empty() {
        let it = file.display();
        meaning.here.push(format!(
            "`{it}` is here, is whole, and is for this Python: what is wrong isn't in the file alone"
        ));
    }
}

/// One cause, and no other: the file itself shows it.
fn certain(meaning: &mut Meaning, why: String, step: Step) {
    meaning.here.push(why.clone());
    meaning.causes = vec![why];
    meaning.next.insert(0, step);
}

fn step(say: impl Into<String>, command: Option<String>) -> Step {
    Step { say: say.into(), command }
}

/// Whether the file can't be loaded by this Python whatever else is there.
fn proved(meaning: &mut Meaning, file: &Path, found: &Inspection, python: &HostPython) -> bool {
    let reinstall = || {
        let package = package_of(file, python).unwrap_or_else(|| "PACKAGE".to_owned());
        let command = format!("python -m pip install --force-reinstall --no-cache-dir {package}");
        step("Install it anew with this Python", Some(command))
    };
    let it = file.display();
    if let Some(problem) = found.problems.first().filter(|_| found.modules.is_empty()) {
        let text = fs::read(file).ok().filter(|bytes| bytes.starts_with(b"version https://git-lfs"));
        let why = match text {
            Some(_) => format!("`{it}` is a pointer of Git LFS, not the file itself"),
            None => format!("`{it}` {}", problem.message),
        };
        certain(meaning, why, reinstall());
        return true;
    }
    let obstacles: Vec<_> = found.modules.iter().map(|module| obstacle(module, python)).collect();
    // Of a fat file one slice is enough.
    if obstacles.is_empty() || obstacles.iter().any(Option::is_none) {
        return false;
    }
    let Some(Some(first)) = obstacles.into_iter().next() else { return false };
    certain(meaning, format!("`{it}` can't be loaded by {}: {first}", python.describe()), reinstall());
    true
}

/// Which of the libraries that a file asks for has a symbol, and if none, which has it by another name.
fn symbol(meaning: &mut Meaning, file: &Path, found: &Inspection, python: &HostPython) {
    let Some(symbol) = meaning.names.get("symbol").cloned() else { return };
    let wanted = symbols::read(&symbol).declaration;
    let asked: Vec<String> = found.modules.iter().flat_map(|module| module.needed.iter().cloned()).collect();
    // Some ask for no library and count on the package that has it being imported before.
    let owners = symbols::read(&symbol).owner.map(|owner| owner.libraries.clone()).unwrap_or_default();
    let counted_on = owners.iter().map(|stem| format!("lib{stem}.so"));
    let needed: Vec<String> =
        asked.iter().cloned().chain(counted_on.filter(|name| !asked.contains(name))).collect();
    let mut read = Vec::new();
    for name in &needed {
        let Some(library) = find(name, Some(file), python) else {
            if !asked.contains(name) {
                continue;
            }
            meaning.here.push(format!("`{name}`, which the file asks for, isn't found here"));
            continue;
        };
        let Some(exports) = exports(&library) else { continue };
        if exports.contains(&symbol) {
            let why = format!(
                "`{}` has the symbol: another copy of `{name}`, or none, was loaded when the message was printed",
                library.display()
            );
            certain(
                meaning,
                why,
                step(
                    "See which copy is loaded",
                    Some(format!("LD_DEBUG=libs python script.py 2>&1 | grep {name}")),
                ),
            );
            return;
        }
        let same = |other: &&String| wanted.is_some() && symbols::read(other).declaration == wanted;
        if let Some(other) = exports.iter().filter(|name| name.starts_with("_Z")).find(same) {
            let why = format!(
                "`{}` has the same function under another name, `{other}`: the two were compiled with another C++ ABI",
                library.display()
            );
            let package = package_of(file, python).unwrap_or_else(|| "PACKAGE".to_owned());
            let command = format!(
                "python -m pip install --no-build-isolation --no-binary {package} --force-reinstall {package}"
            );
            certain(meaning, why, step("Build the module against the library that is here", Some(command)));
            return;
        }
        read.push(library.display().to_string());
    }
    if !read.is_empty() {
        let list = read.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        meaning.here.push(format!("none of the libraries that the file asks for has the symbol: {list}"));
    }
}

fn library(meaning: &mut Meaning, file: Option<&Path>, python: &HostPython) {
    let Some(library) = meaning.names.get("library").cloned() else { return };
    let name = library.rsplit(['/', '\\']).next().unwrap_or(&library).to_owned();
    let Some(place) = find(&name, file, python) else {
        meaning.here.push(format!("no `{name}` is in this Python's packages or in the system's folders"));
        return;
    };
    match package_of(&place, python) {
        Some(package) => {
            let why = format!(
                "`{}` is here, in the folder of `{package}`, where the loader doesn't look by itself: import `{package}` before",
                place.display()
            );
            let command = format!("python -c \"import {package}\"");
            certain(meaning, why, step(format!("Import `{package}` first"), Some(command)));
        }
        None => meaning
            .here
            .push(format!("`{}` is here: the process that failed didn't look there", place.display())),
    }
}

/// The file a message is about: named, or found by the module's name.
fn file(meaning: &Meaning, python: &HostPython) -> Option<PathBuf> {
    if let Some(named) = meaning.names.get("file") {
        let path = PathBuf::from(named);
        if path.is_file() {
            return Some(path);
        }
    }
    let module = meaning.names.get("module")?;
    let (folder, name) = match module.rsplit_once('.') {
        Some((package, name)) => (package.replace('.', "/"), name),
        None => (String::new(), module.as_str()),
    };
    let native = |entry: &fs::DirEntry| {
        let file = entry.file_name().to_string_lossy().into_owned();
        let rest = file.strip_prefix(name).filter(|rest| rest.starts_with('.'));
        rest.is_some_and(|rest| rest.ends_with(".so") || rest.ends_with(".pyd"))
    };
    python.site_packages.iter().find_map(|site| {
        let mut found: Vec<PathBuf> = fs::read_dir(Path::new(site).join(&folder))
            .into_iter()
            .flatten()
            .flatten()
            .filter(native)
            .map(|entry| entry.path())
            .collect();
        found.sort();
        found.into_iter().next()
    })
}

/// A library by its name: beside the file, in the system's folders, or among the packages.
fn find(name: &str, file: Option<&Path>, python: &HostPython) -> Option<PathBuf> {
    let beside = file.and_then(Path::parent).map(|folder| folder.join(name)).filter(|path| path.is_file());
    let system = || SYSTEM.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    let mut left = MOST;
    let mut packages = || sites(file, python).iter().find_map(|site| among(site, name, 0, &mut left));
    beside.or_else(&mut packages).or_else(system)
}

/// The folders of packages: the Python's, and the one that the file itself lies in.
fn sites(file: Option<&Path>, python: &HostPython) -> Vec<PathBuf> {
    let mut sites: Vec<PathBuf> = python.site_packages.iter().map(PathBuf::from).collect();
    let is_one = |folder: &&Path| folder.ends_with("site-packages") || folder.ends_with("dist-packages");
    let own = file.and_then(|file| file.ancestors().find(is_one)).map(Path::to_owned);
    sites.extend(own.filter(|own| !sites.contains(own)));
    sites
}

fn among(folder: &Path, name: &str, depth: usize, left: &mut usize) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        *left = left.checked_sub(1)?;
        let Ok(kind) = entry.file_type() else { continue };
        if entry.file_name() == name && !kind.is_dir() && entry.path().is_file() {
            return Some(entry.path());
        }
        if kind.is_dir() && depth < DEEPEST {
            folders.push(entry.path());
        }
    }
    folders.sort();
    folders.iter().find_map(|folder| among(folder, name, depth + 1, left))
}

/// The package a file lies in.
fn package_of(file: &Path, python: &HostPython) -> Option<String> {
    let sites = sites(Some(file), python);
    let inside = sites.iter().find_map(|site| file.strip_prefix(site).ok())?;
    let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
    let name = first.trim_end_matches(".libs").split('.').next().unwrap_or(&first).to_owned();
    (!name.is_empty()).then_some(name)
}

/// The symbols that a library offers.
fn exports(library: &Path) -> Option<Vec<String>> {
    let input = Input::open(library).ok().filter(|input| input.size <= Options::default().largest_member)?;
    let names = |bytes: &[u8]| -> Vec<String> {
        let slices = slices(bytes).map(|(slices, _)| slices).unwrap_or_default();
        let images = slices.into_iter().filter_map(|slice| Image::parse(slice.data).ok());
        images
            .flat_map(|image| {
                image.exports.into_iter().map(|export| export.name.into_owned()).collect::<Vec<_>>()
            })
            .collect()
    };
    input.with(names).ok()
}

//! What the name of a library tells that wasn't found, or that is too old: whose it is, which system it is of, and which of the
//! causes it leaves.

use super::meaning::Meaning;
use super::refine::{first, step};
use super::symbols;

/// The system that a library's name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Linux,
    Macos,
    Windows,
}

impl Kind {
    fn of(file: &str) -> Option<Self> {
        let name = file.to_ascii_lowercase();
        if name.ends_with(".dll") || name.ends_with(".pyd") {
            Some(Self::Windows)
        } else if name.ends_with(".dylib") || name.contains(".framework/") {
            Some(Self::Macos)
        } else if name.ends_with(".so") || name.contains(".so.") {
            Some(Self::Linux)
        } else {
            None
        }
    }
}

/// Takes the causes out that another system's libraries have.
fn of_its_system(meaning: &mut Meaning, file: &str) {
    let Some(kind) = Kind::of(file) else { return };
    meaning.causes.retain(|cause| match kind {
        Kind::Windows => !cause.starts_with("A wheel for glibc"),
        Kind::Macos => !cause.starts_with("A wheel for glibc") && !cause.starts_with("On Windows"),
        Kind::Linux => !cause.starts_with("On Windows"),
    });
}

/// Folders that only the machine has on which something is built.
const OF_BUILDS: &[&str] = &["/tmp/", "/var/folders/", "/runner/work/", "/pip-", "/build/", "\\Temp\\"];

/// A library that wasn't found. `behind` begins with the message.
pub(super) fn library(meaning: &mut Meaning, behind: &str) {
    let Some(library) = meaning.names.get("library").cloned() else {
        meaning.seen.push(
            "Windows doesn't say which library it is; a module's own libraries are the first to look at"
                .to_owned(),
        );
        first(meaning, &["Visual C++", "isn't installed"]);
        return;
    };
    let file = library.rsplit(['/', '\\']).next().unwrap_or(&library).to_owned();
    if file.starts_with("libc.musl") {
        first(meaning, &["musl"]);
        meaning.seen.push("it is musl's C library: the file is for Alpine, and this system isn't".to_owned());
        return;
    }
    if file.starts_with("ld-linux") || file.starts_with("ld-musl") {
        first(meaning, &["musl"]);
        meaning.seen.push(format!("`{file}` is another system's loader"));
        return;
    }
    of_its_system(meaning, &library);
    let python = file.starts_with("libpython") || file.starts_with("Python3") || file.starts_with("python3");
    if python {
        meaning.seen.push(format!("`{file}` is Python's own library"));
        meaning.causes.insert(
            0,
            "The module is linked to the library of one Python, which isn't there or isn't found: it was built for another version, \
             or this Python has no shared library (an extension module needs none)."
                .to_owned(),
        );
        return;
    }
    meaning.causes.retain(|cause| !cause.starts_with("A wheel for glibc"));
    let ours = symbols::of_library(&library);
    let whole = library.contains(['/', '\\']) && !library.starts_with('@');
    if whole && ours.is_none_or(|owner| owner.system.is_none()) {
        by_path(meaning, &library, behind);
        return;
    }
    if library.starts_with("@loader_path/") || library.starts_with("@executable_path/") {
        beside(meaning, &library);
        return;
    }
    if behind.lines().take(8).any(|line| line.contains("no LC_RPATH's found")) {
        meaning.seen.push(format!(
            "the file asks for `{library}` in its own list of folders (`LC_RPATH`), and has no such list"
        ));
        meaning.causes.insert(
            0,
            "The package counts on another package's library and was built without a path to it; or its own library was left out of \
             the wheel (delocate)."
                .to_owned(),
        );
    }
    let Some(owner) = ours else {
        other_release(meaning, &file);
        return;
    };
    meaning.seen.push(format!("`{file}` comes with {}", owner.name));
    meaning.names.insert("owner".to_owned(), owner.name.clone());
    match (&owner.package, owner.first) {
        (Some(package), true) => {
            meaning.causes.retain(|cause| !cause.starts_with("It comes with another package"));
            meaning.causes.insert(
                0,
                format!(
                    "`{package}` isn't imported yet: the library lies in its folder, where the loader finds it once `import {package}` \
                     has loaded it."
                ),
            );
            meaning
                .causes
                .insert(1, format!("`{package}` isn't installed, or in a release without this library."));
            meaning.next.insert(
                0,
                step(
                    format!("Import `{package}` first, and see whether the error stays"),
                    Some(format!(
                        "python -c \"import {package}; print({package}.__version__, {package}.__file__)\""
                    )),
                ),
            );
        }
        _ if owner.name.starts_with("NVIDIA") => {
            meaning.causes.insert(
                0,
                "The package wants another CUDA release than the one whose libraries are installed, or its `nvidia-…` wheels weren't \
                 installed with it."
                    .to_owned(),
            );
            meaning.next.insert(
                0,
                step(
                    "See which of them are installed",
                    Some("python -m pip list | grep -i -E 'nvidia|cuda|torch'".to_owned()),
                ),
            );
        }
        _ => match &owner.system {
            Some(why) => {
                meaning.causes.retain(|cause| {
                    !cause.starts_with("It comes with another package")
                        && !cause.starts_with("The wheel was built")
                });
                meaning.causes.insert(0, why.clone());
            }
            None => other_release(meaning, &file),
        },
    }
}

/// A library that was asked for by a path from the file that asks.
fn beside(meaning: &mut Meaning, library: &str) {
    let from = if library.starts_with("@loader") { "the file that asks for it" } else { "the program" };
    meaning.seen.push(format!(
        "`{library}` is a path that begins where {from} lies: the library is a part of the package"
    ));
    meaning.causes = vec![
        "The path was written for another folder than the one in which the file is installed: the wheel was laid out or repaired wrongly \
         (delocate, `install_name_tool`)."
            .to_owned(),
        "The library was left out of the wheel or of a bundled program, or removed since.".to_owned(),
        "The file was copied without the libraries beside it.".to_owned(),
    ];
}

/// A library that was asked for by its whole path: no list of folders is searched for it.
fn by_path(meaning: &mut Meaning, library: &str, behind: &str) {
    let first_line = behind.lines().next().unwrap_or("");
    let or_below =
        first_line.contains("Could not find module") || first_line.contains("or one of its dependencies");
    if or_below {
        first(meaning, &["Visual C++"]);
        // Windows gives one error for the file and for what it needs.
        meaning.seen.push(format!(
            "Windows doesn't say whether `{library}` itself is missing, or a DLL that it needs"
        ));
        return;
    }
    meaning.seen.push(format!("`{library}` is a path: there is no such file where it was looked for"));
    // PyInstaller unpacks a program there when it is started.
    let unpacked = library.contains("_MEI");
    if !unpacked && OF_BUILDS.iter().any(|folder| library.contains(folder)) {
        meaning.causes = vec![
            "The path is one of the machine or the folder in which the file was built: the library's place was written into the file \
             and wasn't changed when both were installed (auditwheel, delocate, `install_name_tool`, `patchelf`)."
                .to_owned(),
            "The package was installed from source, and its build folder has been removed since.".to_owned(),
        ];
    } else {
        meaning.causes = vec![
            "The file was never put there: left out of a wheel, an image, a bundled program or a layer, or it has another name."
                .to_owned(),
            "It was removed, moved or upgraded since the file that asks for it was built, or the path was typed or made wrongly."
                .to_owned(),
        ];
    }
}

/// The number behind `.so` is a release of the library, which another system has with another number.
fn other_release(meaning: &mut Meaning, file: &str) {
    let number = file.split_once(".so.").map(|(_, number)| number);
    if let Some(number) = number.filter(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
        let cause = format!(
            "It is there in another release, with another number behind `.so.` than {number}: the file was built on another system, or \
             the library was upgraded since."
        );
        meaning.causes.insert(1.min(meaning.causes.len()), cause);
    }
}

/// A C++ runtime that lacks a version. Its path says whose copy it is.
pub(super) fn runtime(meaning: &mut Meaning) {
    let Some(library) = meaning.names.get("library").cloned() else { return };
    let system =
        ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"].iter().any(|start| library.starts_with(start));
    if system {
        meaning.seen.push(format!("`{library}` is the system's own"));
        first(meaning, &["newer compiler than this system's"]);
        meaning.causes.retain(|cause| !cause.starts_with("A package or a conda environment brings"));
        meaning.causes.insert(
            1.min(meaning.causes.len()),
            "A conda environment or a newer compiler has a newer one, and the system's was found first: by a program that was started \
             without the environment, or through `LD_LIBRARY_PATH`."
                .to_owned(),
        );
        return;
    }
    let lower = library.to_ascii_lowercase();
    let whose = [
        ("matlab", "MATLAB's own, which is loaded before the module"),
        ("conda", "a conda environment's"),
        ("mamba", "a conda environment's"),
        ("miniforge", "a conda environment's"),
        ("/envs/", "a conda environment's"),
        ("site-packages", "a package's, which brought it along"),
        ("spack", "Spack's"),
        ("/opt/", "of a program or module system under `/opt`"),
    ];
    if let Some((_, whose)) = whose.iter().find(|(part, _)| lower.contains(part)) {
        meaning.seen.push(format!("`{library}` is {whose}"));
        first(meaning, &["brings an old libstdc++", "LD_LIBRARY_PATH"]);
        meaning.next.push(step(
            "Or load a newer one first, to see whether that is all",
            Some("LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libstdc++.so.6 python script.py".to_owned()),
        ));
    }
}

//! What one text tells beyond the kind of its message: each entry of the table says what such a message means, and here what
//! this one proves is added, and the causes are put in the order that it leaves.

use crate::needs::{Release, exported_since, since};

use super::meaning::{Meaning, Step};
use super::symbols::{self, StringAbi};
use super::{ended, libraries, numpy, signature, standard, table};

/// A Python that has been there for so long that each one which is used has what it has.
const OLDEST: Release = Release { major: 3, minor: 8 };

/// Adds what the text round a message tells: `before` is in front of its place, `behind` begins with it.
pub(super) fn refine(meaning: &mut Meaning, before: &str, behind: &str) {
    signature::refine(meaning, behind);
    match meaning.rule.as_str() {
        "undefined-cxx-symbol" | "undefined-symbol" => symbol(meaning, behind),
        "undefined-python-symbol" => python(meaning, behind),
        "library-missing" => libraries::library(meaning, behind),
        "libstdcxx-too-old" => libraries::runtime(meaning),
        "crash" => ended::refine(meaning),
        "dll-load-failed" => ended::of_dll(meaning),
        "numpy-abi" => numpy::blame(meaning, before, behind),
        "numpy-size" => numpy::size(meaning),
        "wrong-machine" => machine(meaning),
        "cython-argument-type" => twins(meaning),
        "capsule-name" => arrow(meaning),
        "dll-init-failed" => memory(meaning),
        _ => {}
    }
}

/// Puts the causes first that hold one of these words, in the order of the words.
pub(super) fn first(meaning: &mut Meaning, words: &[&str]) {
    meaning
        .causes
        .sort_by_key(|cause| words.iter().position(|word| cause.contains(word)).unwrap_or(words.len()));
}

pub(super) fn step(say: impl Into<String>, command: Option<String>) -> Step {
    Step { say: say.into(), command }
}

/// The missing symbol: what it stands for, whose it is, and which build asks for it.
fn symbol(meaning: &mut Meaning, behind: &str) {
    let Some(symbol) = meaning.names.get("symbol").cloned() else { return };
    let read = symbols::read(&symbol);
    if let Some(declaration) = &read.declaration {
        meaning.seen.push(format!("the name stands for `{declaration}`"));
        meaning.names.insert("declaration".to_owned(), declaration.clone());
    } else if read.broken {
        let cut = behind.find(&symbol).is_some_and(|at| behind[at + symbol.len()..].starts_with('\n'));
        let why = if cut {
            "it stands at the end of a line, which may have cut it off"
        } else {
            "it may be cut off"
        };
        meaning
            .seen
            .push(format!("`{symbol}` can't be read to its end: {why}; give the message on one line"));
    }
    let file = meaning.names.get("file").cloned();
    let of_version = || symbols::of_version(meaning.names.get("version")?);
    let whose = read
        .owner
        .or_else(of_version)
        .map(|owner| (owner, owner.package.clone().unwrap_or_else(|| owner.name.clone())));
    if let Some((owner, package)) = &whose {
        meaning.seen.push(format!("it belongs to {}", owner.name));
        meaning.names.insert("owner".to_owned(), owner.name.clone());
        meaning.causes.retain(|cause| {
            !cause.starts_with("The module was built against another") && !cause.starts_with("A source file")
        });
        meaning.causes.insert(
            0,
            format!(
                "The module was built against another release of {} than the one that is installed or was loaded first.",
                owner.name
            ),
        );
        if file.as_deref().is_some_and(|file| is_in(file, package)) {
            own_parts(meaning, &owner.name, package);
        } else if owner.first {
            meaning.causes.retain(|cause| !cause.starts_with("The library isn't loaded"));
            meaning.causes.push(format!(
                "{} isn't loaded yet: its package has to be imported before this module.",
                owner.name
            ));
            meaning.next.insert(
                0,
                step(
                    format!("Import `{package}` first, and see whether the error stays"),
                    Some(format!(
                        "python -c \"import {package}; print({package}.__version__, {package}.__file__)\""
                    )),
                ),
            );
            // A function of C that the whole library has in each release is missing because nobody loaded it.
            if symbol.starts_with("THP") {
                first(meaning, &["isn't loaded yet"]);
            }
        }
    }
    if read.owner.is_some_and(|owner| owner.name.starts_with("NVIDIA's CUDA")) {
        meaning.causes.insert(
            0,
            "Another release of that library is found first, or files of two lie in one folder: `nvidia-…-cu12` and `nvidia-…-cu13` \
             installed together, the system's CUDA through `LD_LIBRARY_PATH`, another package's copy."
                .to_owned(),
        );
        meaning.next.insert(
            0,
            step(
                "See which of NVIDIA's packages are installed, and remove those of the other CUDA release",
                Some("python -m pip list | grep -i -E 'nvidia|cuda|torch'".to_owned()),
            ),
        );
    }
    if let Some(version) =
        meaning.names.get("version").filter(|version| version.starts_with("GLIBC_")).cloned()
    {
        of_glibc(meaning, &version);
        return;
    }
    if let Some(version) = meaning.names.get("version").cloned() {
        // Some libraries call the version as they are called themselves, others as they like: `Qt_6`, `LIBFFI_BASE_7.0`.
        let own = version.split_once(".so").map(|(name, _)| name);
        let library = own.map_or(version.as_str(), |name| name.trim_start_matches("lib"));
        let called = own.map_or_else(|| "the library".to_owned(), |name| format!("`{name}`"));
        meaning.seen.push(format!("it is asked for in the version `{version}` of the library's symbols"));
        meaning.causes.insert(
            0,
            format!(
                "Another copy of {called} was loaded, older than the one that {} was made for: `LD_LIBRARY_PATH`, a \
                 module system or the system itself puts it before the package's own.",
                file.as_deref().unwrap_or("the file"),
            ),
        );
        meaning.next.insert(
            0,
            step(
                "See which copy is loaded, and try without the path",
                Some(match own {
                    Some(_) => {
                        format!("env -u LD_LIBRARY_PATH LD_DEBUG=libs python script.py 2>&1 | grep {library}")
                    }
                    None => "env -u LD_LIBRARY_PATH LD_DEBUG=libs python script.py".to_owned(),
                }),
            ),
        );
    }
    if behind.lines().next().is_some_and(|line| line.contains("flat namespace"))
        && whose.as_ref().is_none_or(|(owner, _)| !owner.first)
    {
        meaning.causes.insert(
            1.min(meaning.causes.len()),
            "The library was there for the other processor (arm64, x86-64) when the module was linked: macOS's linker passes over such \
             a file with a warning, and `-undefined dynamic_lookup` lets the module be made without it."
                .to_owned(),
        );
    }
    if standard::refine(meaning, &read, behind) {
        return;
    }
    if let Some(abi) = read.abi {
        string_abi(meaning, &symbol, abi, whose.as_ref().map(|(owner, _)| owner.name.as_str()));
    }
    ldd(meaning, behind);
}

/// Whether a file lies in a package's folder.
fn is_in(file: &str, package: &str) -> bool {
    let parts = |part: &str| part == package || part == format!("{package}.libs");
    file.split(['/', '\\']).any(parts)
}

/// The package's own file asks for what the package's own libraries have: importing it first can't help, as it is being imported.
fn own_parts(meaning: &mut Meaning, owner: &str, package: &str) {
    meaning.seen.push(format!(
        "the file that asks for it is {owner}'s own: `{package}` itself can't be loaded whole"
    ));
    meaning.causes = vec![
        format!(
            "Files of two releases of {owner} are mixed: an upgrade that was cut short, conda's and pip's, a source build over a wheel."
        ),
        format!(
            "Another copy of one of its libraries was found first: through `LD_LIBRARY_PATH` or `DYLD_LIBRARY_PATH`, from the system, or \
             loaded by another package."
        ),
    ];
    meaning.next.insert(
        0,
        step(
            format!("Remove `{package}` wholly, see that its folder is gone, and install it again"),
            Some(format!(
                "python -m pip uninstall -y {package} && python -m pip install --no-cache-dir {package}"
            )),
        ),
    );
    meaning.next.insert(
        1,
        step(
            "See which copies are loaded, and try without the path",
            Some(format!(
                "env -u LD_LIBRARY_PATH LD_DEBUG=libs python -c \"import {package}\" 2>&1 | grep -i {package}"
            )),
        ),
    );
}

fn string_abi(meaning: &mut Meaning, symbol: &str, abi: StringAbi, owner: Option<&str>) {
    let library = owner.map_or_else(|| "library".to_owned(), str::to_owned);
    // A result alone leaves no `__cxx11` among the parameters, and has a mark of its own.
    let tagged = symbol.contains("B5cxx11") && !symbol.contains("__cxx11");
    let (seen, cause) = match abi {
        StringAbi::New if tagged => (
            "`B5cxx11` in the name is the mark of the new C++ ABI, of functions with a `std::string` in the result: the module was \
             compiled with `_GLIBCXX_USE_CXX11_ABI=1`, as compilers do by themselves",
            format!(
                "The module is a build of the new C++ ABI, and the {library} that is there one of the old: then the same function \
                 has no `B5cxx11` in its name there."
            ),
        ),
        StringAbi::Old => (
            "`Ss` in the name is `std::string` of the old C++ ABI: the module was compiled with `_GLIBCXX_USE_CXX11_ABI=0`",
            format!(
                "The module is a build of the old C++ ABI, and the {library} that is there one of the new: then the same function \
                 has `__cxx11` in its name there."
            ),
        ),
        StringAbi::New => (
            "`__cxx11` in the name is `std::string` of the new C++ ABI: the module was compiled with `_GLIBCXX_USE_CXX11_ABI=1`, as \
             compilers do by themselves",
            format!(
                "The module is a build of the new C++ ABI, and the {library} that is there one of the old: then the same function \
                 has `Ss` in its name there."
            ),
        ),
        StringAbi::Llvm => (
            "`std::__1` in the name is LLVM's C++ library: the module was compiled with `-stdlib=libc++`, as on macOS",
            "The library that is there is compiled with GNU's C++ library, or an older one of LLVM's."
                .to_owned(),
        ),
    };
    meaning.seen.push(seen.to_owned());
    meaning.causes.insert(0, cause);
    if owner == Some("PyTorch") && abi != StringAbi::Llvm {
        meaning.seen.push(
            "pip's builds of PyTorch for x86-64 Linux are of the old ABI up to 2.5 and of the new from 2.7 on; in 2.6 it depends on \
             the index; those of conda-forge, of NVIDIA's containers and for aarch64 are of the new"
                .to_owned(),
        );
        let want = if abi == StringAbi::Old { "False" } else { "True" };
        meaning.next.insert(
            0,
            step(
                format!(
                    "See which ABI the installed PyTorch has: the module fits where this prints `{want}`"
                ),
                Some(
                    "python -c \"import torch; print(torch.__version__, torch._C._GLIBCXX_USE_CXX11_ABI)\""
                        .to_owned(),
                ),
            ),
        );
        let marked = if abi == StringAbi::Old { "cxx11abiTRUE" } else { "cxx11abiFALSE" };
        meaning.next.insert(
            1,
            step(
                format!(
                    "Take the package's build for that PyTorch (its wheel's name may say `{marked}`), or build it against the \
                     installed one"
                ),
                Some("python -m pip install --no-build-isolation --no-binary PACKAGE --force-reinstall PACKAGE".to_owned()),
            ),
        );
    }
}

/// Names that no Python 3 has.
const OF_PYTHON_2: &[&str] = &[
    "PyString_",
    "PyInt_",
    "Py_InitModule",
    "PyClass_",
    "PyInstance_",
    "PyCObject_",
    "PyFile_AsFile",
    "_Py_ZeroStruct",
];

/// Python's missing symbol: since when there is one, which decides whether versions can be the cause.
fn python(meaning: &mut Meaning, behind: &str) {
    ldd(meaning, behind);
    let Some(symbol) = meaning.names.get("symbol").cloned() else { return };
    let causes = [
        "A program embeds Python, and loaded Python's library for itself alone (`dlopen` without `RTLD_GLOBAL`: a plug-in host, a \
         module of another language), or was linked without `-rdynamic`. Extension modules aren't linked to Python's library; they \
         find its functions in the process.",
        "This Python isn't CPython: PyPy's functions are called `PyPy…`, and its modules are compiled for them.",
        "It is a Python 2 that loads a module for Python 3.",
    ];
    // That table begins with 3.9, so its 3.9 may be any before.
    let before = exported_since(&symbol).filter(|release| *release > Release { major: 3, minor: 9 });
    let first_with = before.into_iter().chain(since(&symbol)).min();
    if OF_PYTHON_2.iter().any(|start| symbol.starts_with(start)) {
        meaning.seen.push(format!("`{symbol}` is a name of Python 2: the file was built for it"));
        meaning.causes.retain(|cause| cause.starts_with("The file is for another version"));
    } else if symbol.starts_with("PyUnicodeUCS") {
        meaning.seen.push(format!(
            "`{symbol}` is a name of Pythons up to 3.2, whose builds had characters of two or of four bytes: the file was built \
             for a Python of the other kind, or for one so old"
        ));
        meaning.causes.retain(|cause| cause.starts_with("The file is for another version"));
    } else if let Some(release) = first_with.filter(|release| *release <= OLDEST) {
        meaning.seen.push(format!(
            "each CPython from {release} on has `{symbol}`, so a wrong version of Python 3 isn't the cause"
        ));
        meaning.causes.retain(|cause| {
            ![
                "The file is for another version",
                "It is for another kind",
                "It claims the stable ABI",
                "The program embeds",
            ]
            .iter()
            .any(|start| cause.starts_with(start))
        });
        meaning.causes.extend(causes.map(str::to_owned));
        meaning.next.retain(|step| !step.say.starts_with("Install it anew"));
        meaning.next.push(step(
            "As the author of the program: give Python's functions to what is loaded later, before the first import",
            Some("dlopen(\"libpython3.X.so.1.0\", RTLD_NOW | RTLD_GLOBAL)".to_owned()),
        ));
    } else if let Some(release) = first_with {
        meaning.seen.push(format!("CPython has `{symbol}` from {release} on"));
    }
}

/// `ldd` on musl tries to resolve a module without its interpreter.
fn ldd(meaning: &mut Meaning, behind: &str) {
    let line = behind.lines().next().unwrap_or("");
    if !line.starts_with("Error relocating ") {
        return;
    }
    let python = meaning.rule == "undefined-python-symbol";
    let raised = behind.get(..line.len()).is_some_and(|line| line.contains("ImportError"));
    if raised {
        return;
    }
    // Fortified functions, and a few others, are glibc's alone.
    let symbol = meaning.names.get("symbol").cloned().unwrap_or_default();
    if !python && crate::linking::is_of_glibc(&symbol) {
        meaning.seen.push(format!("`{symbol}` is a function of glibc's, which musl doesn't have"));
        meaning.causes = vec![
            "The file is built for glibc, and this system's C library is musl (Alpine): a wheel for `manylinux` or a file from another \
             system was put here."
                .to_owned(),
        ];
        meaning.next = vec![
            step(
                "Install the package anew on this system, so that a wheel for `musllinux` is taken, or it is built from source",
                Some("python -m pip install --force-reinstall --no-cache-dir PACKAGE".to_owned()),
            ),
            step("Or take an image with glibc: `python:3-slim` instead of `python:3-alpine`", None),
        ];
        return;
    }
    let cause = if python {
        "This is what `ldd` prints on Alpine (musl) for every extension module: it looks for Python's functions without an \
         interpreter that has them. As long as Python imports the module, nothing is wrong."
    } else {
        "Where this is the output of `ldd` on Alpine (musl): it resolves the file alone, without the program and the libraries that \
         load it."
    };
    meaning.causes.insert(0, cause.to_owned());
    meaning.next.insert(0, step("Import the module to see whether anything is wrong", None));
    if python {
        meaning.title = "`ldd` finds no interpreter for the module: usual on Alpine".to_owned();
    }
}

/// A function of the C library that is asked for in one of its files, which hasn't it in that version.
fn of_glibc(meaning: &mut Meaning, version: &str) {
    meaning.seen.push(format!("it is asked for as a function of the C library, of its version `{version}`"));
    meaning.causes = vec![
        "The function stands in another file of the C library here than where the module was linked: glibc moves functions between `libc`, \
         `libm` and `libpthread`, and a module keeps the file in which it found one."
            .to_owned(),
        "The module was linked on a system with another glibc, or with a stub of it, than the one that runs.".to_owned(),
        "Another copy of the C library is loaded: `LD_LIBRARY_PATH`, a container or a chroot brings it.".to_owned(),
    ];
    meaning.next.push(step("See this system's glibc", Some("ldd --version".to_owned())));
}

fn machine(meaning: &mut Meaning) {
    let have = meaning.names.get("have").cloned();
    let want = meaning.names.get("want").cloned();
    let what = meaning.names.get("what").cloned().unwrap_or_default();
    if let (Some(have), Some(want)) = (&have, &want) {
        meaning.seen.push(format!("the file is for {have}, and this process is {want}"));
        let mac = ["arm64", "x86_64"].iter().any(|arch| have.contains(arch)) && what.contains("architecture");
        if mac && want.contains("x86_64") {
            meaning.seen.push(
                "a process that is x86_64 on a Mac with an Apple processor runs under Rosetta".to_owned(),
            );
        }
        first(meaning, &["On a Mac", "for another processor"]);
        if mac {
            meaning.next.insert(
                1.min(meaning.next.len()),
                step(
                    "See for which processors this Python is",
                    Some(
                        "python -c \"import platform, sys; print(platform.machine(), sys.executable)\""
                            .to_owned(),
                    ),
                ),
            );
        }
    }
    if what.contains("too short") {
        first(meaning, &["isn't whole"]);
    } else if what.contains("invalid ELF header") {
        first(meaning, &["A wheel for another system", "isn't whole"]);
    } else if what.contains("ELFCLASS") || what.contains("Win32") || what.contains("193") {
        first(meaning, &["32-bit"]);
    }
    // Without both sides the general sentence has nothing to say.
    if have.is_none() || want.is_none() {
        meaning.causes.retain(|cause| !cause.starts_with("The file is for another processor"));
    }
}

fn twins(meaning: &mut Meaning) {
    let name = |key: &str| meaning.names.get(key).map(|name| table::last_part(name).to_owned());
    let (want, have) = (name("want"), name("have"));
    if want.is_some() && want == have {
        first(meaning, &["both names are the same", "subclass or a look-alike"]);
        meaning.seen.push("both print the same name, and are two classes".to_owned());
    } else {
        meaning.causes.retain(|cause| !cause.starts_with("Where both names"));
    }
}

/// Arrow's capsules come as pairs and streams, each with its method.
fn arrow(meaning: &mut Meaning) {
    let methods = [
        ("arrow_array_stream", "__arrow_c_stream__"),
        ("arrow_array", "__arrow_c_array__"),
        ("arrow_schema", "__arrow_c_schema__"),
        ("arrow_device_array", "__arrow_c_device_array__"),
    ];
    let method = |key: &str| {
        let name = meaning.names.get(key)?;
        methods.iter().find(|(kind, _)| kind == name).map(|(_, method)| *method)
    };
    if let (Some(want), Some(have)) = (method("want"), method("have")) {
        let seen = format!("the consumer asks for what `{want}` gives, and got what `{have}` gives");
        meaning.seen.push(seen);
        first(meaning, &["another of the protocol's forms"]);
    } else if meaning.names.get("have").is_some_and(|name| name.starts_with("used_")) {
        first(meaning, &["used once"]);
    }
}

fn memory(meaning: &mut Meaning) {
    let what = meaning.names.get("what").map(String::as_str).unwrap_or_default();
    if what.contains("1455") || what.contains("paging file") {
        first(meaning, &["Memory ran out"]);
    }
}

//! One run of a compiler of C or C++, through the cache: what it made of the same arguments and the same files is used again.
//! The compiler itself lists what it reads.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use interbind_conformance::cache::{Inputs, Key};

use crate::built::{cache, identity, seen_by_compilers, works};
use crate::package::repository;

/// The endings of what is compiled.
const SOURCES: &[&str] = &["c", "cc", "cpp", "cxx"];

/// Where the compiler lists what it has read.
const LISTED: &str = ".listed.d";

/// Compiles.
///
/// # Errors
/// What the compiler says.
pub fn compile(program: &Path, arguments: &[String]) -> Result<(), String> {
    let Some(Order { rest, file }) = Order::of(arguments) else {
        return run(program, arguments);
    };
    let made = file.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let key = Key::of("compiled")
        .piece("compiler", identity(program, "--version", &[]))
        .pieces("environment", seen_by_compilers())
        .piece("folder", env::current_dir().unwrap_or_default().as_os_str().as_encoded_bytes())
        .pieces("argument", &rest)
        .piece("file", made.as_deref().unwrap_or_default());
    let kept = match works(cache().entry(&key.name())).kept() {
        Ok(kept) => kept,
        Err(entry) => {
            let mut building = works(entry.build());
            let listed = building.folder().join(LISTED);
            let mut arguments = rest.clone();
            arguments.extend(["-MD".to_owned(), "-MF".to_owned(), listed.display().to_string()]);
            if let Some(name) = &made {
                arguments.extend(["-o".to_owned(), building.folder().join(name).display().to_string()]);
            }
            run(program, &arguments)?;
            let listed =
                fs::read_to_string(&listed).map_err(|error| format!("{program:?} lists nothing: {error}"))?;
            building.inputs.listed(&listed, None);
            named(&rest, &mut building.inputs);
            works(building.keep())
        }
    };
    match (file, made) {
        (Some(file), Some(name)) => kept.copy(&name, file).map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

/// What is asked of a compiler.
struct Order<'a> {
    /// All but where the result goes.
    rest: Vec<String>,
    /// Where that is; nowhere, when the source is only looked at.
    file: Option<&'a Path>,
}

impl<'a> Order<'a> {
    /// Nothing for what isn't kept: text for people, and several sources at once, of which the compiler lists only the last.
    fn of(arguments: &'a [String]) -> Option<Self> {
        let (mut rest, mut file) = (Vec::new(), None);
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-E" => return None,
                "-o" => file = Some(Path::new(words.next()?)),
                _ => rest.push(word.clone()),
            }
        }
        let is_kept = rest.iter().filter(|word| is_source(word)).count() == 1
            && (file.is_some() || rest.iter().any(|word| word == "-fsyntax-only"));
        is_kept.then_some(Self { rest, file })
    }
}

fn is_source(word: &str) -> bool {
    let ending = Path::new(word).extension();
    !word.starts_with('-') && ending.is_some_and(|ending| SOURCES.iter().any(|known| ending == *known))
}

/// What arguments name: libraries and objects by their contents, and in folders of headers the names. A new header there
/// would be found before another of its name further on.
fn named(arguments: &[String], inputs: &mut Inputs) {
    for word in arguments {
        for path in [word.as_str(), word.rsplit(['=', ',']).next().unwrap_or_default()] {
            if !path.starts_with('-') && Path::new(path).is_file() {
                inputs.contents(path);
            }
        }
        let libraries = word.strip_prefix("-l").into_iter().flat_map(|name| {
            let folders = arguments.iter().filter_map(|word| word.strip_prefix("-L"));
            folders.flat_map(move |folder| {
                ["so", "a"].map(|ending| Path::new(folder).join(format!("lib{name}.{ending}")))
            })
        });
        for library in libraries {
            inputs.contents(library);
        }
        // What stands beside a source is found first of all. Beside one that a test wrote stands everything else.
        let beside = Path::new(word).parent().filter(|_| is_source(word));
        if let Some(folder) = beside
            .filter(|folder| folder.strip_prefix(repository()).is_ok_and(|it| !it.starts_with("target")))
        {
            inputs.names(folder);
        }
        // Those of a system or a Python are installed once, and are large.
        let ours =
            word.strip_prefix("-I").map(PathBuf::from).filter(|folder| folder.starts_with(repository()));
        if let Some(folder) = ours {
            inputs.names(folder);
        }
    }
}

fn run(program: &Path, arguments: &[String]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{} {arguments:?}\n{said}", program.display())) }
}

//! The messages in the error index, as a CPython says them: the extensions that the book shows are built as a user builds them,
//! and a script for each error has them say it. The book's other sessions run in the same world.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use interbind_ask::{Answer, Limits, ask};

use super::Generated;
use crate::book::{cut, read, sections};
use crate::repository;

/// What is built: folder, package.
pub const EXTENSIONS: &[(&str, &str)] = &[
    ("examples/frame", "frame"),
    ("examples/stats", "stats"),
    ("examples/hello", "shapes"),
    ("examples/hello", "measure"),
    ("tests/fixtures/snippets", "snippets"),
    ("tests/fixtures/snippets", "stale"),
    ("tests/fixtures/snippets", "raw"),
    ("tests/fixtures/snippets", "tour"),
];

/// The page.
const PAGE: &str = "docs/src/errors.md";

/// The error index with today's messages.
pub(super) fn make() -> Result<Vec<Generated>, String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let world = World::build(&target.join("tmp/docs"), World::python()?)?;
    Ok(vec![world.error_index()?])
}

/// Extensions and the Python that they're built for.
pub struct World {
    python: PathBuf,
    folder: PathBuf,
    rustc: String,
    modules: usize,
}

impl World {
    /// The CPython that `PYO3_PYTHON` names, else `python3`.
    ///
    /// # Errors
    /// There is none.
    pub fn python() -> Result<PathBuf, String> {
        let question = "import sys; print(sys.executable); assert sys.implementation.name == 'cpython'";
        let name = env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
        let answer = ask(Command::new(&name).args(["-c", question]), Limits::ANSWER).and_then(Answer::stdout);
        let no = |why| format!("no CPython called `{}` on PATH: {why}", name.to_string_lossy());
        answer
            .map(|said| PathBuf::from(String::from_utf8_lossy(&said).trim()))
            .map_err(|why| no(why.to_string()))
    }

    /// Builds all extensions.
    ///
    /// # Errors
    /// One can't be built.
    pub fn build(target: &Path, python: PathBuf) -> Result<Self, String> {
        let folder = target.join("modules");
        let named = |error| format!("{}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(named)?;
        for together in EXTENSIONS.chunk_by(|a, b| a.0 == b.0) {
            let manifest = repository().join(together[0].0).join("Cargo.toml");
            let manifest = manifest.to_string_lossy();
            let mut words = vec!["build", "--manifest-path", &manifest];
            words.extend(together.iter().flat_map(|(_, package)| ["-p", package]));
            cargo(&words, target, &python)?;
        }
        for (_, package) in EXTENSIONS {
            let library = target.join("debug").join(format!("{DLL_PREFIX}{package}{DLL_SUFFIX}"));
            let ending = if cfg!(windows) { "pyd" } else { "so" };
            fs::copy(&library, folder.join(format!("{package}.{ending}"))).map_err(named)?;
        }
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let said = ask(Command::new(rustc).arg("--version"), Limits::ANSWER).and_then(Answer::stdout);
        let said = said.map_err(|why| format!("rustc {why}"))?;
        let rustc = String::from_utf8_lossy(&said).split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(Self { python, folder, rustc, modules: EXTENSIONS.len() })
    }

    /// How many modules were built.
    pub fn modules(&self) -> usize {
        self.modules
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs the Python with them.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.python);
        command.arg("-B").args(arguments).env("PYTHONPATH", &self.folder).env_remove("PYTHONHOME");
        command.env("RUST_BACKTRACE", "0").output().expect("python has answered before")
    }

    /// Puts the versions of this build in the place of those in the docs.
    pub fn of_today(&self, text: &str) -> String {
        let replaced = |text: String, word: &str, version: &str| {
            let mut parts = text.split(word);
            let mut out = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
                out += word;
                out += if rest.len() < part.len() { version } else { "" };
                out += if rest.len() < part.len() { rest } else { part };
            }
            out
        };
        let text = replaced(text.to_owned(), ", rustc ", &self.rustc);
        replaced(text, ", interbind ", env!("CARGO_PKG_VERSION"))
    }

    /// The error index with what Python says now. A message that is the same but for the versions of a build stays.
    ///
    /// # Errors
    /// A message has no script, a script no message, or one fails.
    pub fn error_index(&self) -> Result<Generated, String> {
        let scripts = repository().join("tests/fixtures/snippets/errors");
        let page = read(&repository().join(PAGE));
        let mut written = page.clone();
        for (slug, text) in sections(&page, "##") {
            let shown: Vec<_> = cut(text).1;
            let script = scripts.join(format!("{slug}.py"));
            if shown.len() != usize::from(script.exists()) {
                return Err(format!("{slug}: one message for each script, and the inverse"));
            }
            let Some(shown) = shown.into_iter().next() else { continue };
            let output = self.run(&[&scripts.join("show.py").to_string_lossy(), slug]);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if !output.status.success() {
                return Err(format!("{slug}: {said}{}", String::from_utf8_lossy(&output.stderr)));
            }
            if said.contains(|c: char| c.is_control() && c != '\n') {
                return Err(format!("{slug}: a message is text for people\n{said:?}"));
            }
            if said != self.of_today(&shown.text) {
                let old = format!("```text\n{}", shown.text);
                written = written.replace(text, &text.replace(&old, &format!("```text\n{said}")));
            }
        }
        Ok(Generated::text(PAGE, written))
    }
}

/// Runs cargo as a user does: without this build's own flags, offline if that will do.
fn cargo(arguments: &[&str], target: &Path, python: &Path) -> Result<(), String> {
    let mut said = String::new();
    for offline in [&["--offline"][..], &[]] {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).args(offline).env("CARGO_TARGET_DIR", target);
        command.env("PYO3_BUILD_EXTENSION_MODULE", "1").env("PYO3_PYTHON", python);
        for name in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "VIRTUAL_ENV", "PYTHONPATH"]
        {
            command.env_remove(name);
        }
        let answer = ask(&mut command, Limits::BUILD).map_err(|why| format!("cargo {why}"))?;
        if answer.status.success() {
            return Ok(());
        }
        said += &String::from_utf8_lossy(&answer.stderr);
    }
    Err(format!("cargo {arguments:?}\n{said}"))
}

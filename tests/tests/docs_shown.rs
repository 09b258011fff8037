//! What the book shows is true: shown code is compiled, shown Python is run, and each message in the error index is what
//! Python says.
//!
//! Extensions are built once, as a user builds them: the examples that the pages include, and the crates in
//! `fixtures/snippets`. `INTERBIND_DOCS=write cargo test -p interbind-tests --test docs_shown` writes the error index's
//! messages anew. Without a `python3` the tests that need one say so on stderr and pass.

use std::collections::BTreeSet;
use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use interbind_abi::Reason;
use interbind_tests::book::{cut, pages, read, root, sections, slug};

/// What is built: folder, package, module.
const EXTENSIONS: &[(&str, &str)] = &[
    ("examples/frame", "frame"),
    ("examples/stats", "stats"),
    ("tests/fixtures/snippets", "snippets"),
    ("tests/fixtures/snippets", "stale"),
    ("tests/fixtures/snippets", "raw"),
];

/// Folders whose sources are compiled with the extensions.
const COMPILED: &[&str] = &[
    "examples/frame-api",
    "examples/frame",
    "examples/stats",
    "examples/rawframe",
    "tests/fixtures/snippets",
];

#[test]
fn every_rust_block_is_an_anchored_part_of_a_crate_that_is_built() {
    let mut included = BTreeSet::new();
    for (name, page) in pages() {
        for block in cut(&page).1.into_iter().filter(|block| block.word.starts_with("rust")) {
            let place = format!("{name}:{}", block.line);
            let mut lines = block.text.lines();
            let first = lines.next().unwrap_or_default();
            let target = first.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
            let target = target.unwrap_or_else(|| panic!("{place}: a rust block starts with an include"));
            let (path, anchor) = target.rsplit_once(':').unwrap_or_else(|| panic!("{place}: no anchor"));
            // What may follow closes braces that the part leaves open.
            assert!(lines.all(|line| ["}", "// …"].contains(&line.trim())), "{place}");
            let file = root().join("docs/src").join(&name).with_file_name("").join(path);
            let file =
                file.canonicalize().unwrap_or_else(|error| panic!("{place}: {}: {error}", file.display()));
            assert!(
                COMPILED.iter().any(|folder| file.starts_with(root().join(folder))),
                "{place}: isn't built"
            );
            let text = read(&file);
            let count = |mark: &str| {
                text.lines().filter(|line| line.trim() == format!("// {mark}: {anchor}")).count()
            };
            assert_eq!(
                (count("ANCHOR"), count("ANCHOR_END")),
                (1, 1),
                "{place}: `{anchor}` in {}",
                file.display()
            );
            included.insert((file, anchor.to_owned()));
        }
    }
    assert!(included.len() > 10);
    if let Some(world) = world() {
        assert_eq!(world.modules, EXTENSIONS.len());
    }
}

/// Extensions and the Python that they're built for.
struct World {
    python: PathBuf,
    folder: PathBuf,
    rustc: String,
    modules: usize,
}

/// Builds all extensions once; `None`, and a line on stderr, without a CPython.
fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Option<World>> = OnceLock::new();
    WORLD.get_or_init(build).as_ref()
}

fn build() -> Option<World> {
    let ask = "import sys; print(sys.executable); assert sys.implementation.name == 'cpython'";
    let name = env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
    let asked = Command::new(&name).args(["-c", ask]).output();
    let Some(asked) = asked.ok().filter(|output| output.status.success()) else {
        // Straight to the stream: the harness hides what passing tests print.
        let text = "skip: what the docs show: no CPython called `python3` on PATH\n";
        let _ = std::io::stderr().write_all(text.as_bytes());
        return None;
    };
    let python = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs");
    let folder = target.join("modules");
    fs::create_dir_all(&folder).expect("a writable target folder");
    for (path, package) in EXTENSIONS {
        let manifest = root().join(path).join("Cargo.toml");
        cargo(&["build", "--manifest-path", &manifest.to_string_lossy(), "-p", package], &target, &python);
        let library = target.join("debug").join(format!("{DLL_PREFIX}{package}{DLL_SUFFIX}"));
        let ending = if cfg!(windows) { "pyd" } else { "so" };
        fs::copy(&library, folder.join(format!("{package}.{ending}"))).expect("the extension was built");
    }
    let rustc =
        Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    let rustc = String::from_utf8_lossy(&rustc.expect("a compiler").stdout)
        .split(' ')
        .nth(1)
        .expect("a version")
        .to_owned();
    Some(World { python, folder, rustc, modules: EXTENSIONS.len() })
}

/// Runs cargo as a user does: without this build's own flags, offline if that will do.
fn cargo(arguments: &[&str], target: &Path, python: &Path) {
    let mut said = String::new();
    for offline in [&["--offline"][..], &[]] {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).args(offline).env("CARGO_TARGET_DIR", target);
        command.env("PYO3_BUILD_EXTENSION_MODULE", "1").env("PYO3_PYTHON", python);
        for name in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "VIRTUAL_ENV", "PYTHONPATH"]
        {
            command.env_remove(name);
        }
        let output = command.output().expect("cargo runs");
        if output.status.success() {
            return;
        }
        said += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("cargo {arguments:?}\n{said}");
}

impl World {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.python);
        command.arg("-B").args(arguments).env("PYTHONPATH", &self.folder).env_remove("PYTHONHOME");
        command.env("RUST_BACKTRACE", "0").output().expect("python runs")
    }

    /// Puts the versions of this build in the place of those in the docs.
    fn of_today(&self, text: &str) -> String {
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
}

const DOCTEST: &str = r#"
import doctest, re, sys
class Checker(doctest.OutputChecker):
    # PyO3's note on the argument is shown by Python 3.11 and newer only.
    def check_output(self, want, got, flags):
        want, got = (re.sub(r"(?m)^while processing '\w+'\n", '', text) for text in (want, got))
        return super().check_output(want, got, flags)
test = doctest.DocTestParser().get_doctest(open(sys.argv[1], encoding='utf-8').read(), {}, sys.argv[2], sys.argv[2], 0)
runner = doctest.DocTestRunner(Checker(), optionflags=doctest.REPORT_NDIFF)
runner.run(test)
sys.exit(runner.failures > 0 or runner.tries == 0)
"#;

#[test]
fn what_the_docs_show_of_python_is_what_python_does() {
    let Some(world) = world() else { return };
    let mut run = 0;
    for (name, page) in pages() {
        let blocks = cut(&page).1;
        let session: Vec<_> =
            blocks.iter().filter(|block| block.word == "pycon").map(|block| &*block.text).collect();
        assert!(
            blocks.iter().all(|block| block.word != "python"),
            "{name}: show Python as a session (`pycon`)"
        );
        if session.is_empty() {
            continue;
        }
        run += 1;
        let file = world.folder.join(format!("{}.txt", slug(&name)));
        fs::write(&file, world.of_today(&session.join("\n"))).unwrap();
        let output = world.run(&["-c", DOCTEST, &file.to_string_lossy(), &name]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(run > 0);
}

#[test]
fn every_message_in_the_error_index_is_what_python_says() {
    let Some(world) = world() else { return };
    let scripts = root().join("tests/fixtures/snippets/errors");
    let (path, mut wrong) = (root().join("docs/src/errors.md"), Vec::new());
    let writes = env::var_os("INTERBIND_DOCS").is_some_and(|mode| mode == "write");
    let page = read(&path);
    let mut written = page.clone();
    for (slug, text) in sections(&page, "##") {
        let shown: Vec<_> = cut(text).1;
        let script = scripts.join(format!("{slug}.py"));
        assert_eq!(
            shown.len(),
            usize::from(script.exists()),
            "{slug}: one message for each script, and the inverse"
        );
        let Some(shown) = shown.into_iter().next() else { continue };
        let output = world.run(&[&scripts.join("show.py").to_string_lossy(), slug]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{slug}: {said}{}", String::from_utf8_lossy(&output.stderr));
        if said.contains(|c: char| c.is_control() && c != '\n') {
            wrong.push(format!("{slug}: a message is text for people\n{said:?}"));
        } else if said != world.of_today(&shown.text) {
            written = written.replace(
                text,
                &text.replace(&format!("```text\n{}", shown.text), &format!("```text\n{said}")),
            );
            if !writes {
                wrong.push(format!("{slug}\n{said}"));
            }
        }
    }
    if writes {
        fs::write(&path, written).unwrap();
    }
    assert!(wrong.is_empty(), "{}\nIf that is meant: run again with INTERBIND_DOCS=write", wrong.join("\n"));
}

#[test]
fn every_script_of_an_error_names_a_reason() {
    for entry in fs::read_dir(root().join("tests/fixtures/snippets/errors")).expect("the scripts") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(["show", "forge"].contains(&&*name) || name.parse::<Reason>().is_ok(), "{name}");
    }
}

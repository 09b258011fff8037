//! The docs say what is: links lead somewhere, tables agree with the frozen records, shown code is compiled, and shown
//! Python is run.
//!
//! Extensions are built once, as a user builds them: the examples that the pages include, and the crates in
//! `fixtures/snippets`. `INTERBIND_DOCS=write cargo test -p interbind-tests --test docs` writes the error index's messages
//! anew. Without a `python3` the tests that need one say so on stderr and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use interbind_abi::core::CORE;
use interbind_abi::interface::{Interface, TABLE};
use interbind_abi::owner::OWNER;
use interbind_abi::runtime::{EXPECTATION, REFUSAL, RUNTIME};
use interbind_abi::services::exceptions::{EXCEPTIONS, TRANSLATOR};
use interbind_abi::services::instances::INSTANCES;
use interbind_abi::services::userdata::USERDATA;
use interbind_abi::types::Data;
use interbind_abi::types::record::TYPE;
use interbind_abi::types::registry::TYPES;
use interbind_abi::{FROZEN, Platform, Reason, keys};

/// The words of the house; each has an entry in the glossary.
const WORDS: &[&str] = &[
    "provider",
    "consumer",
    "record",
    "table",
    "slot",
    "descriptor",
    "digest",
    "key",
    "tag",
    "publish",
    "find",
    "judge",
    "borrow",
    "release",
    "explain",
];

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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace's folder")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page below `docs/src`, by its path from there, with `/`.
fn pages() -> BTreeMap<String, String> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), found);
            } else if name.ends_with(".md") {
                found.insert(format!("{prefix}{name}"), read(&path));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join("docs/src"), "", &mut found);
    found
}

/// A fenced block: its word, its text, and the line on which it opens.
struct Block<'a> {
    word: &'a str,
    text: String,
    line: usize,
}

/// Cuts a page into prose (blocks become empty lines) and blocks.
fn cut(page: &str) -> (String, Vec<Block<'_>>) {
    let (mut prose, mut blocks, mut open) = (String::new(), Vec::new(), None::<Block<'_>>);
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(word), None) => open = Some(Block { word, text: String::new(), line: index + 1 }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => prose += line,
        }
        prose.push('\n');
    }
    assert!(open.is_none(), "a block isn't closed");
    (prose, blocks)
}

/// A heading's anchor, as mdBook makes it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

/// The anchors of a page, each once.
fn anchors(page: &str) -> BTreeSet<String> {
    let (prose, _) = cut(page);
    let mut found = BTreeSet::new();
    for line in prose.lines() {
        let heading = line.strip_prefix('#').map(|rest| slug(rest.trim_start_matches('#')));
        let explicit = line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for anchor in heading.into_iter().chain(explicit.map(str::to_owned)) {
            assert!(found.insert(anchor.clone()), "#{anchor} stands twice on a page");
        }
    }
    found
}

/// The targets of a page's inline links.
fn links(page: &str) -> Vec<String> {
    let (prose, _) = cut(page);
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let source = root().join("docs/src");
    let mut files: Vec<_> = pages().into_keys().map(|name| source.join(name)).collect();
    files.extend(
        ["README.md", "CHANGELOG.md"].map(|name| root().join(name)).into_iter().filter(|path| path.exists()),
    );
    let mut broken = Vec::new();
    for file in files {
        let text = read(&file);
        for link in links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) =
                link.split_once('#').map_or((&*link, None), |(path, anchor)| (path, Some(anchor)));
            let target =
                if path.is_empty() { file.clone() } else { file.parent().expect("a folder").join(path) };
            let fine = match anchor {
                None => target.exists(),
                Some(anchor) => target.is_file() && anchors(&read(&target)).contains(anchor),
            };
            if !fine {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_is_in_the_summary_once() {
    let mut pages = pages();
    let mut listed = links(&pages.remove("SUMMARY.md").expect("a summary"));
    listed.sort();
    assert_eq!(listed, pages.into_keys().collect::<Vec<_>>());
}

/// Cuts a page at its headings of one level; what stands before the first is left out.
fn sections<'a>(page: &'a str, mark: &str) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for part in page.split(&format!("\n{mark} ")).skip(1) {
        found.push(part.split_once('\n').expect("a section under its heading"));
    }
    found
}

#[test]
fn every_reason_has_a_section_in_the_order_of_the_check() {
    let pages = pages();
    let sections = sections(&pages["errors.md"], "##");
    let slugs: Vec<_> = sections.iter().map(|(slug, _)| *slug).collect();
    assert_eq!(slugs, Reason::ALL.iter().map(|reason| reason.slug()).collect::<Vec<_>>());
    for (slug, text) in sections {
        assert!(text.contains("**Likely causes**") && text.contains("**What to do.**"), "{slug}");
    }
}

#[test]
fn every_reasons_number_stands_in_the_chapter_on_values() {
    let pages = pages();
    let rows: Vec<_> =
        pages["spec/values.md"].lines().filter(|line| line.contains("](../errors.md#")).collect();
    let wanted = Reason::ALL.iter().map(|r| format!("| {} | [`{r}`](../errors.md#{r}) |", r.code()));
    assert_eq!(rows, wanted.collect::<Vec<_>>());
}

#[test]
fn the_glossary_defines_the_words_of_the_house_in_order() {
    let pages = pages();
    let entries: Vec<_> = sections(&pages["glossary.md"], "###").into_iter().map(|(word, _)| word).collect();
    let missing: Vec<_> = WORDS.iter().filter(|word| !entries.contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(entries.is_sorted(), "{entries:?}");
}

#[test]
fn no_page_has_a_second_word_for_a_side() {
    for (name, page) in pages() {
        let mut words = page.split(|c: char| !c.is_alphanumeric());
        let found = words.find(|word| ["exporter", "exporters", "clients", "client"].contains(word));
        assert_eq!(found, None, "{name}");
    }
}

/// A cell of a table without its backticks.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

#[test]
fn every_frozen_record_has_one_table_with_its_own_offsets() {
    let mut found = BTreeMap::new();
    for (name, page) in pages() {
        for (heading, text) in sections(&page, "###") {
            let Some(rest) = heading.strip_prefix("Record `") else { continue };
            let (record, size) = rest.split_once('`').expect("a record's name in backticks");
            let table: Vec<_> = text.lines().skip_while(|line| !line.starts_with('|')).collect();
            let rows = table.iter().take_while(|line| line.starts_with('|')).skip(2);
            let rows: Vec<String> = rows
                .map(|row| {
                    let cells = cells(row);
                    format!("{} {} {} {}", cells[0], cells[1], cells[2], cells[5])
                })
                .collect();
            assert!(
                found.insert(record.to_owned(), (size.to_owned(), rows)).is_none(),
                "{name}: {record} again"
            );
        }
    }
    let mut wanted = BTreeMap::new();
    for (name, size, align, fields) in FROZEN {
        let rows = fields.iter().map(|f| format!("{} {} {} {}", f.offset, f.size, f.name, f.since)).collect();
        wanted.insert((*name).to_owned(), (format!(" (size {size}, align {align})"), rows));
    }
    assert_eq!(found, wanted);
}

#[test]
fn keys_magics_and_examples_in_the_spec_are_the_codes() {
    let pages = pages();
    let text = &pages["spec/keys.md"];
    let mut wanted = vec![keys::CORE.to_str().unwrap(), keys::CORE_PREFIX];
    wanted.extend([keys::RUNTIME, keys::RUNTIME_MODULE].map(|key| key.to_str().unwrap()));
    wanted.extend([keys::TYPES, keys::INSTANCES, keys::USERDATA, keys::EXCEPTIONS]);
    wanted.push(keys::REASON_ATTRIBUTE.to_str().unwrap());
    wanted.extend(keys::RESERVED_SERVICES);
    for word in wanted {
        assert!(text.contains(&format!("`{word}`")), "{word}");
    }
    let services = [TYPES, INSTANCES, USERDATA, EXCEPTIONS];
    let others = [CORE, OWNER, TRANSLATOR, RUNTIME, EXPECTATION, REFUSAL, TYPE, TABLE];
    for kind in services.iter().chain(&others) {
        let magic = std::str::from_utf8(&kind.magic).unwrap();
        let short = magic.trim_end_matches('\0');
        let zero = if short.len() == 8 { "" } else { " and a zero byte" };
        assert!(text.contains(&format!("| `{short}`{zero} |")), "{short}");
    }
    let mut examples = 0;
    for block in pages.values().flat_map(|page| cut(page).1) {
        for line in block.text.lines() {
            let canonical = match line.split(' ').next() {
                Some("data") if line.contains(" size ") && line.ends_with('}') => {
                    line.parse::<Data>().is_ok()
                }
                Some("interface") if line.ends_with('}') => line.parse::<Interface>().is_ok(),
                Some(word) if word.starts_with("os=") => line.parse::<Platform>().is_ok(),
                _ => continue,
            };
            examples += 1;
            assert!(canonical || line.contains(" = "), "line {}: {line}", block.line);
        }
    }
    assert!(examples >= 2);
}

/// The numbers of a chapter's duties.
fn duties(name: &str, page: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for line in cut(page).0.lines() {
        let Some((number, rest)) = line.split_once(". ") else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        assert!(rest.starts_with(&format!("<a id=\"{number}\"></a>")), "{name}: {line}");
        assert!(found.insert(number), "{name}: {number} stands twice");
    }
    found
}

#[test]
fn the_duties_of_a_chapter_are_numbered_without_gaps_and_each_is_one() {
    for (name, page) in
        pages().into_iter().filter(|(name, _)| name.starts_with("spec/") && !name.contains("overview"))
    {
        let numbers = duties(&name, &page);
        assert!(
            !numbers.is_empty() && numbers.iter().copied().eq(1..=numbers.len() as u32),
            "{name}: {numbers:?}"
        );
        let (_, semantics) =
            page.split_once("## Semantics\n").unwrap_or_else(|| panic!("{name}: no semantics"));
        for duty in semantics.split("<a id=\"").skip(1) {
            let text = duty.split("\n\n").next().unwrap();
            assert!(text.contains("MUST") || text.contains("MAY"), "{name}: {text}");
        }
        let mut headings = page.lines().filter(|line| line.starts_with("## "));
        for part in ["Goals", "Non-goals", "Definitions", "Structures", "Semantics"] {
            assert_eq!(headings.next(), Some(&*format!("## {part}")), "{name}");
        }
        assert_eq!(headings.next(), Some("## What never changes, may grow, starts a new major"), "{name}");
    }
}

#[test]
fn every_conformance_case_cites_duties_that_exist() {
    let (pages, mut wrong) = (pages(), Vec::new());
    let groups = fs::read_dir(root().join("conformance/cases")).expect("the cases").flatten();
    for case in groups.flat_map(|group| fs::read_dir(group.path()).into_iter().flatten().flatten()) {
        let path = case.path();
        if path.extension().is_none_or(|found| found != "toml") {
            continue;
        }
        for cited in read(&path).split("\"spec/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let duty = cited.split_once('#').and_then(|(chapter, number)| {
                let page = pages.get(&format!("spec/{chapter}.md"))?;
                Some(duties(chapter, page).contains(&number.parse().ok()?))
            });
            // The surface of a participant is the conformance suite's own contract.
            if duty != Some(true) && !cited.starts_with("conformance#") {
                wrong.push(format!("{}: spec/{cited}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_platform_answers_the_same_questions() {
    let pages = pages();
    let questions = |text| sections(text, "###").into_iter().map(|(heading, _)| heading).collect::<Vec<_>>();
    let platforms = sections(&pages["platforms.md"], "##");
    assert!(platforms.iter().all(|(_, text)| questions(text) == questions(platforms[0].1)));
}

#[test]
fn the_changelog_names_the_abi_first() {
    let changelog = read(&root().join("CHANGELOG.md"));
    let (heading, text) = sections(&changelog, "##")[0];
    let version = env!("CARGO_PKG_VERSION");
    let services =
        [("types", TYPES), ("instances", INSTANCES), ("userdata", USERDATA), ("exceptions", EXCEPTIONS)];
    let numbers = services.map(|(name, kind)| format!(", {name} {}.{}", kind.major, kind.minor)).concat();
    assert_eq!(heading, format!("{version} (core {}{numbers})", CORE.major));
    assert_eq!(sections(text, "###")[0].0, "ABI");
}

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

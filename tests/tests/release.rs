//! What is published is complete, and what publishes it does as the repository says: packages, licences, versions, workflows.
//!
//! The packages themselves are built by the workflow (`cargo publish --workspace --dry-run`); here each is listed, which takes
//! no compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use interbind_tests::package::repository;
use interbind_tests::skip::skip;
use xtask::book::cut;
use xtask::house::sources;

/// What crates.io gets, by folder.
const PUBLISHED: [(&str, &str); 9] = [
    ("abi", "interbind-abi"),
    ("ask", "interbind-ask"),
    ("cli", "interbind-cli"),
    ("conformance", "interbind-conformance"),
    ("doctor", "interbind-doctor"),
    ("pickle", "interbind-pickle"),
    ("shim", "interbind"),
    ("shim/derive", "interbind-derive"),
    ("structures", "interbind-structures"),
];

/// The licences, as files.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The strings of a list in a table.
fn strings(value: Option<&toml::Value>) -> Vec<&str> {
    value.and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

#[test]
fn what_is_published_is_the_workspace_without_its_own_tools() {
    let root = toml("Cargo.toml");
    let members = strings(root["workspace"].get("members"));
    let is_published =
        |folder: &&str| toml(&format!("{folder}/Cargo.toml"))["package"].get("publish").is_none();
    let found: BTreeSet<_> = members.into_iter().filter(is_published).collect();
    assert_eq!(found, PUBLISHED.map(|(folder, _)| folder).into());
}

#[test]
fn every_published_crate_says_what_it_is() {
    for (folder, name) in PUBLISHED {
        let manifest = toml(&format!("{folder}/Cargo.toml"));
        let package = &manifest["package"];
        assert_eq!(package["name"].as_str(), Some(name));
        let description = package["description"].as_str().expect("a description");
        assert!(description.len() > 40 && !description.ends_with('.'), "{name}: {description}");
        for inherited in ["version", "license", "repository", "rust-version"] {
            assert_eq!(package[inherited]["workspace"].as_bool(), Some(true), "{name}: {inherited}");
        }
        assert_eq!(package["readme"].as_str(), Some("README.md"), "{name}");
        let readme = read(&format!("{folder}/README.md"));
        assert!(readme.len() > 300, "{name}: README.md says nothing");
        let keywords = strings(package.get("keywords"));
        assert!((1..=5).contains(&keywords.len()), "{name}: crates.io takes five keywords");
        assert!(keywords.iter().all(|word| word.len() <= 20), "{name}: {keywords:?}");
        assert!((1..=5).contains(&strings(package.get("categories")).len()), "{name}: categories");
        let docs = package.get("metadata").and_then(|all| all.get("docs")?.get("rs"));
        assert!(docs.is_some(), "{name}: what docs.rs shows");
    }
    let shim = toml("shim/Cargo.toml");
    assert_eq!(strings(shim["package"]["metadata"]["docs"]["rs"].get("features")), ["pyo3"]);
}

#[test]
fn every_package_lists_its_licences_and_its_page_and_nothing_of_others() {
    for (folder, name) in PUBLISHED {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["package", "--list", "--allow-dirty", "--offline", "-p", name]).current_dir(repository());
        let output = cargo.stdin(Stdio::null()).output().expect("cargo runs these tests");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed: BTreeSet<_> = listed.lines().map(|line| line.replace('\\', "/")).collect();
        for file in LICENCES.into_iter().chain(["README.md", "src/lib.rs", "Cargo.toml"]) {
            assert!(listed.contains(file), "{name}: {file} isn't in the package");
        }
        for file in &listed {
            let is_binary = [".so", ".pyd", ".whl", ".a"].iter().any(|ending| file.ends_with(ending));
            assert!(!is_binary, "{name}: {file} is somebody else's, or built");
            let size = fs::metadata(repository().join(folder).join(file)).map_or(0, |found| found.len());
            assert!(size < 1 << 20, "{name}: {file} has {size} bytes");
        }
    }
    let headers = fs::read_dir(repository().join("shim/include/interbind")).expect("the headers").count();
    assert!(headers > 10, "the headers are in the package of the shim, below its folder");
}

#[test]
fn every_copy_of_a_licence_is_the_same() {
    let folders = PUBLISHED.iter().map(|(folder, _)| *folder).chain(["shim/capi", "python"]);
    for folder in folders {
        for licence in LICENCES {
            assert!(read(licence) == read(&format!("{folder}/{licence}")), "{folder}/{licence}");
        }
    }
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
}

#[test]
fn the_wheel_says_the_same_from_both_folders_and_brings_the_licences() {
    let (root, own) = (toml("pyproject.toml"), toml("python/pyproject.toml"));
    let (mut root, mut own) = (root["project"].clone(), own["project"].clone());
    assert_eq!(own["license"].as_str(), Some("MIT OR Apache-2.0"));
    let files: BTreeSet<_> = strings(own.get("license-files")).into_iter().collect();
    assert_eq!(files, LICENCES.into());
    assert_eq!(
        (root["readme"].as_str(), own["readme"].as_str()),
        (Some("python/README.md"), Some("README.md"))
    );
    for project in [&mut root, &mut own] {
        project.as_table_mut().expect("a table").remove("readme");
    }
    assert_eq!(root, own);
}

#[test]
fn one_version_is_everywhere() {
    let root = toml("Cargo.toml");
    let version = root["workspace"]["package"]["version"].as_str().expect("a version");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    for (name, dependency) in root["workspace"]["dependencies"].as_table().expect("dependencies") {
        if dependency.get("path").is_some() {
            assert_eq!(dependency["version"].as_str(), Some(version), "{name}");
        }
    }
    assert_eq!(toml("python/Cargo.toml")["package"]["version"].as_str(), Some(version));
    assert_eq!(toml("shim/capi/Cargo.toml")["package"]["version"].as_str(), Some(version));
    for file in ["pyproject.toml", "python/pyproject.toml"] {
        assert_eq!(toml(file)["project"]["version"].as_str(), Some(version), "{file}");
    }
    let changes = read("CHANGELOG.md");
    assert!(changes.contains(&format!("\n## {version} ")), "the changelog has no entry for {version}");
}

#[test]
fn a_published_crate_needs_only_published_ones() {
    let ours: BTreeSet<_> = PUBLISHED.iter().map(|(_, name)| *name).collect();
    for (folder, name) in PUBLISHED {
        let manifest = toml(&format!("{folder}/Cargo.toml"));
        let needed =
            manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for (dependency, how) in needed {
            // By a path alone crates.io can't find it: ours come from the workspace, which states path and version.
            assert!(how.get("path").is_none() && how.get("git").is_none(), "{name} → {dependency}");
            if dependency.starts_with("interbind") {
                assert!(ours.contains(dependency.as_str()), "{name} → {dependency} isn't published");
            }
        }
    }
}

#[test]
fn the_command_is_interbind_of_the_package_interbind_cli() {
    let manifest = toml("cli/Cargo.toml");
    assert_eq!(manifest["package"]["name"].as_str(), Some("interbind-cli"));
    let programs: Vec<_> =
        manifest["bin"].as_array().into_iter().flatten().map(|program| program["name"].as_str()).collect();
    assert_eq!(programs, [Some("interbind")]);
    // The workspace's own program is meant: `cargo run` from the root finds it, as the README types it.
    let root = toml("Cargo.toml");
    assert_eq!(strings(root["workspace"].get("default-members")), ["cli"]);
}

// ---- Workflows. ----

/// Each workflow by its file's name.
fn workflows() -> BTreeMap<String, String> {
    let folder = repository().join(".github/workflows");
    let files =
        fs::read_dir(folder).expect("there are workflows").map(|entry| entry.expect("a readable folder"));
    let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    files.map(|entry| (name(&entry), fs::read_to_string(entry.path()).expect("a text"))).collect()
}

/// The jobs of a workflow, with their lines.
fn jobs(workflow: &str) -> BTreeMap<&str, Vec<&str>> {
    let (mut found, mut current) = (BTreeMap::new(), None);
    for line in workflow.lines().skip_while(|line| *line != "jobs:").skip(1) {
        let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
        if let Some(name) = name.filter(|name| !name.starts_with([' ', '#'])) {
            current = Some(name);
            found.insert(name, Vec::new());
        } else if let Some(current) = current {
            found.get_mut(current).expect("it was inserted").push(line);
        }
    }
    found
}

#[test]
fn the_last_job_of_every_workflow_needs_all_others_and_looks_at_their_results() {
    let workflows = workflows();
    assert!(workflows.keys().eq(["ci.yml", "docs.yml", "release.yml"]), "{:?}", workflows.keys());
    for (file, text) in &workflows {
        let mut jobs = jobs(text);
        let last = jobs.remove("conclusion").unwrap_or_else(|| panic!("{file}: no `conclusion`"));
        let line = |start: &str| last.iter().find_map(|line| line.trim().strip_prefix(start));
        let needs = line("needs: [").and_then(|rest| rest.strip_suffix(']')).expect("it needs jobs");
        let needs: BTreeSet<_> = needs.split(", ").collect();
        assert_eq!(needs, jobs.keys().copied().collect(), "{file}");
        assert_eq!(
            line("if: "),
            Some("always()"),
            "{file}: a failed job would skip it, which counts as green"
        );
        assert!(last.iter().any(|line| line.contains("needs.*.result")), "{file}");
        for (name, lines) in jobs.iter().chain([(&"conclusion", &last)]) {
            assert!(lines.iter().any(|line| line.starts_with("    timeout-minutes: ")), "{file}: {name}");
        }
    }
}

#[test]
fn ci_has_a_job_for_each_thing_that_must_hold() {
    let workflows = workflows();
    let found: BTreeSet<_> = jobs(&workflows["ci.yml"]).into_keys().collect();
    let wanted = [
        "run",
        "test",
        "compilers",
        "no_std",
        "miri",
        "loom",
        "sanitizers",
        "fuzz",
        "matrix",
        "dependencies",
        "package",
        "docs",
        "conclusion",
    ];
    assert_eq!(found, wanted.into());
    let ci = &workflows["ci.yml"];
    for command in [
        ".ci/run",
        "cargo test --workspace --no-fail-fast",
        "cargo run --release -- matrix",
        "cargo deny check",
        "cargo hack check",
        "cargo semver-checks",
        "cargo publish --workspace --dry-run",
        "cargo install --locked --path cli",
        "mdbook build docs",
        "fuzz/run",
    ] {
        assert!(ci.contains(command), "ci.yml doesn't call `{command}`");
    }
    let oldest = toml("Cargo.toml")["workspace"]["package"]["rust-version"].as_str().map(str::to_owned);
    let oldest = oldest.expect("the manifests promise a compiler");
    assert!(ci.contains(&format!("toolchain: \"{oldest}\"\n")), "ci.yml doesn't try Rust {oldest}");
}

#[test]
fn every_action_is_pinned_by_a_commit_and_says_which_version_that_is() {
    let mut found = Vec::new();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let action = ("action.yml".to_owned(), read("action.yml"));
    for (file, text) in workflows().into_iter().chain([action]) {
        for (number, line) in text.lines().enumerate() {
            let Some(uses) = line.trim().trim_start_matches("- ").strip_prefix("uses: ") else { continue };
            let place = format!("{file}:{}: {uses}", number + 1);
            let Some((name, rest)) = uses.split_once('@') else {
                found.push(place);
                continue;
            };
            let (commit, version) = rest.split_once(" # v").unwrap_or((rest, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_version =
                version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
            if !is_commit || !is_version {
                found.push(place);
            }
            versions.entry(name.to_owned()).or_default().insert(rest.to_owned());
        }
    }
    assert!(
        found.is_empty(),
        "pin a commit and name its version, `owner/action@40 digits # v1.2.3`:\n{}",
        found.join("\n")
    );
    assert!(versions.len() > 5);
    for (name, pins) in versions {
        assert_eq!(pins.len(), 1, "{name} is pinned in several ways: {pins:?}");
    }
}

#[test]
fn what_workflows_call_is_in_the_repository() {
    let (mut scripts, mut tests) = (0, 0);
    for (file, text) in workflows() {
        let words: Vec<_> = text.split_whitespace().collect();
        for two in words.windows(2) {
            if [".ci/", "fuzz/run"].iter().any(|start| two[1].starts_with(start)) {
                let path = repository().join(two[1].trim_end_matches([',', '.', '`']));
                assert!(path.is_file(), "{file}: {}", two[1]);
                scripts += 1;
            }
            if two[0] == "--test" {
                let source = repository().join("tests/tests").join(format!("{}.rs", two[1]));
                assert!(source.is_file(), "{file}: --test {}", two[1]);
                tests += 1;
            }
            if two[0] == "-p" && two[1].starts_with("interbind") {
                let known = PUBLISHED.iter().any(|(_, name)| *name == two[1]) || two[1] == "interbind-tests";
                assert!(known, "{file}: -p {}", two[1]);
            }
        }
        // A token that only one job needs isn't given to all.
        assert!(text.contains("\npermissions:"), "{file}: states no permissions");
    }
    assert!(scripts > 1 && tests > 3, "{scripts} {tests}");
}

#[cfg(unix)]
#[test]
fn scripts_can_be_run_as_they_are_typed() {
    use std::os::unix::fs::PermissionsExt;
    for script in [".ci/run", "fuzz/run"] {
        let mode = fs::metadata(repository().join(script)).expect("it is there").permissions().mode();
        assert!(mode & 0o111 == 0o111, "{script} isn't executable");
    }
}

#[test]
fn a_job_that_installs_something_fails_when_a_test_lacks_it() {
    let workflows = workflows();
    let jobs = jobs(&workflows["ci.yml"]);
    for (name, required) in [
        ("run", "python:3.13t python:pypy3.11 toolchain"),
        ("no_std", "toolchain"),
        ("miri", "toolchain"),
        ("sanitizers", "python:3.13t"),
    ] {
        let line = format!("          INTERBIND_REQUIRE: {required}");
        assert!(jobs[name].iter().any(|found| *found == line), "{name}: no `{}`", line.trim());
    }
}

#[test]
fn ci_run_uses_what_lies_beside_the_repository_only_where_it_is_there() {
    let run = read(".ci/run");
    for (number, line) in run.lines().enumerate() {
        let code = line.split(" #").next().unwrap_or_default();
        let outside = code.contains("../") && !code.contains("$(dirname \"$0\")/..");
        // A name may be given to such a place; then it is looked for before it is used.
        let named = code.split_once('=').map(|(name, _)| name).filter(|_| outside);
        let looked_for = named.is_some_and(|name| run.contains(&format!("if [ -x \"${name}\" ]; then")));
        assert!(!outside || looked_for, ".ci/run:{}: {line}", number + 1);
    }
}

// ---- What people read first. ----

#[test]
fn issue_forms_ask_for_what_the_doctor_says() {
    let folder = repository().join(".github/ISSUE_TEMPLATE");
    let mut forms = 0;
    for entry in fs::read_dir(folder).expect("there are forms").flatten() {
        let text = fs::read_to_string(entry.path()).expect("a form");
        if entry.file_name() == "config.yml" {
            continue;
        }
        forms += 1;
        assert!(text.contains("interbind doctor --json"), "{}", entry.path().display());
    }
    assert_eq!(forms, 3);
    let bug = read(".github/ISSUE_TEMPLATE/bug.yml");
    let asked = bug.split("id: doctor").nth(1).and_then(|rest| rest.split("- type:").next());
    assert!(asked.is_some_and(|asked| asked.contains("required: true")), "a bug comes with it");
}

#[test]
fn the_pages_that_people_look_for_are_there_and_in_the_readme() {
    let readme = read("README.md");
    for (page, section) in [
        ("CONTRIBUTING.md", "## Build and test"),
        ("SECURITY.md", "## What is a vulnerability"),
        ("CODE_OF_CONDUCT.md", "**Not accepted:**"),
        ("CHANGELOG.md", "### ABI"),
    ] {
        assert!(read(page).contains(section), "{page}");
        assert!(page == "CODE_OF_CONDUCT.md" || readme.contains(page), "README.md doesn't lead to {page}");
    }
    for way in ["a frozen record", "a service", "the doctor a framework", "a case to"] {
        assert!(read("CONTRIBUTING.md").contains(way), "CONTRIBUTING.md doesn't say how to add {way}");
    }
}

#[test]
fn the_readme_opens_with_what_it_is_an_example_and_two_commands() {
    let readme = read("README.md");
    let (first, rest) = readme.split_once("\n## ").expect("sections");
    assert!(first.lines().count() <= 8, "five lines say what it is");
    assert!(first.contains("doctor"), "the doctor is half of what it is");
    let headings: Vec<_> = rest.split("\n## ").map(|part| part.lines().next().unwrap_or_default()).collect();
    assert_eq!(headings[..2], ["In 30 seconds", "Two commands"]);
    let (_, two) = readme.split_once("## Two commands").expect("it was found");
    let (_, blocks) = cut(two.split("\n## ").next().expect("a section"));
    let typed: Vec<_> =
        blocks.iter().flat_map(|block| block.text.lines()).map(|line| line.split("  ").next()).collect();
    assert_eq!(typed, [Some("cargo run --release -- matrix"), Some("cargo xtask test")]);
}

#[test]
fn what_the_readme_says_of_costs_is_what_the_benches_page_says() {
    let (readme, measured) = (read("README.md"), read("tests/benches/README.md"));
    let (_, table) = readme.split_once("## What it costs").expect("a section");
    let rows: Vec<_> = table
        .split("\n## ")
        .next()
        .expect("a section")
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    assert!(rows.len() > 5);
    let numbers = |text: &str| -> BTreeSet<String> {
        let parts = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != '+');
        parts.map(|part| part.trim_matches(['.', '+']).to_owned()).filter(|part| !part.is_empty()).collect()
    };
    let known = numbers(&measured);
    for row in &rows[1..] {
        let figures = row.trim_end_matches(['|', ' ']).rsplit('|').next().map(numbers).unwrap_or_default();
        assert!(!figures.is_empty(), "{row}");
        let unknown: Vec<_> = figures.difference(&known).collect();
        assert!(unknown.is_empty(), "tests/benches/README.md has no {unknown:?}: {row}");
    }
}

/// The lines of a page's shell blocks that start with `cargo`.
fn typed(page: &str) -> Vec<String> {
    let blocks = cut(page).1;
    let lines = blocks.iter().filter(|block| block.word == "sh").flat_map(|block| block.text.lines());
    lines.filter(|line| line.starts_with("cargo ")).map(str::to_owned).collect()
}

#[test]
fn the_guides_commands_work_as_they_are_typed() {
    const PLACE: &str = "https://github.com/interbind/interbind";
    let page = read("docs/src/guide/share-a-type.md");
    let what = "the guide's first commands";
    let git =
        Command::new("git").args(["rev-parse", "--is-shallow-repository"]).current_dir(repository()).output();
    if !git.is_ok_and(|output| output.stdout.starts_with(b"false")) {
        return skip(what, "the sources aren't in a git repository with its history");
    }
    // Below the repository `cargo new` would take the packages for members of its workspace.
    let folder = env::temp_dir().join(format!("interbind-guide-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a place for temporary files");
    // `maturin new` isn't here for every run; what the guide goes on with is an ordinary package.
    let lines = typed(&page);
    assert!(lines.len() >= 6 && lines[0].starts_with("cargo new --lib frame-api"), "{lines:?}");
    for line in ["cargo new --lib frame", "cargo new --lib stats"].map(str::to_owned).iter().chain(&lines) {
        let mut command = Command::new(env!("CARGO"));
        command.args(line.split_whitespace().skip(1)).current_dir(&folder).stdin(Stdio::null());
        command.args(if line.contains(" new ") { &["--vcs", "none"][..] } else { &[] });
        // The repository's place on the network is this clone; nothing is left in the user's own cargo folder.
        command.env("CARGO_HOME", folder.join("home")).env("CARGO_NET_GIT_FETCH_WITH_CLI", "true");
        command.env("CARGO_NET_RETRY", "0");
        command.env("GIT_CONFIG_COUNT", "2").env("GIT_CONFIG_VALUE_0", PLACE);
        command.env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", place(repository())));
        // The clone may belong to another user.
        command.env("GIT_CONFIG_KEY_1", "safe.directory").env("GIT_CONFIG_VALUE_1", "*");
        for name in ["CARGO_TARGET_DIR", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let output = command.output().expect("cargo runs these tests");
        let said = String::from_utf8_lossy(&output.stderr);
        // The manifest is written before cargo looks for the other crates' newest versions; it is read below.
        if !output.status.success() && said.contains("failed to download") {
            skip("the guide's lockfile", "no network");
            continue;
        }
        assert!(output.status.success(), "{line}\n{said}");
    }
    for name in ["frame-api", "frame", "stats"] {
        let manifest = fs::read_to_string(folder.join(name).join("Cargo.toml")).expect("cargo wrote it");
        let manifest: toml::Table = manifest.parse().expect("cargo wrote it");
        let added = &manifest["dependencies"]["interbind"];
        assert_eq!(added["git"].as_str(), Some(PLACE), "{name}");
        assert_eq!(added.get("default-features").is_some(), name == "frame-api", "{name}");
    }
    let _ = fs::remove_dir_all(&folder);
}

/// A folder as git's addresses have it.
fn place(folder: &Path) -> String {
    let path = folder.display().to_string().replace('\\', "/");
    format!("file://{}{path}", if path.starts_with('/') { "" } else { "/" })
}

#[test]
fn no_file_for_people_speaks_in_the_houses_old_words() {
    // Put together here, or this file would break its own rule.
    let words = [
        concat!("who", "ever "),
        concat!("is no", "ne of"),
        concat!("stands in ", "for"),
        concat!("is tol", "d "),
        concat!("held aga", "inst"),
        concat!("so ma", "ny "),
        concat!("tells no", "body"),
        concat!("nobod", "y's"),
        concat!("beside its riv", "al"),
    ];
    let mut found = Vec::new();
    for source in sources(&[".md", ".yml", ".snap"]) {
        for (number, line) in source.text.lines().enumerate() {
            let low = line.to_lowercase();
            found.extend(
                words.iter().filter(|word| low.contains(**word)).map(|word| {
                    format!("{}:{}: `{}`: {}", source.path, number + 1, word.trim(), line.trim())
                }),
            );
        }
    }
    assert!(found.is_empty(), "plain words, as in a manual:\n{}", found.join("\n"));
}

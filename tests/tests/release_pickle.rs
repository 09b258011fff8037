//! What the release workflow builds of `interbind.pickle`: for which Pythons, from which manifest, and that it's merged.

use std::env;
use std::fs;
use std::process::{Command, Stdio};

use interbind_tests::package::repository;
use interbind_tests::python::Python;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a workflow's job.
fn job<'a>(workflow: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("  {name}:");
    let lines = workflow.lines().skip_while(|line| *line != start).skip(1);
    let found: Vec<_> = lines.take_while(|line| line.is_empty() || line.starts_with("    ")).collect();
    assert!(!found.is_empty(), "the workflow has no job `{name}`");
    found
}

/// The versions of CPython for which the native half of `interbind.pickle` is written, as the wheel's backend has them.
fn pickled_versions() -> Vec<String> {
    let backend = read("python/backend/interbind_build.py");
    let range =
        backend.split("MINORS = range(").nth(1).and_then(|rest| rest.split(')').next()).expect("a range");
    let (first, end) = range.split_once(", ").expect("two numbers");
    let number = |text: &str| text.parse::<u32>().expect("a number");
    (number(first)..number(end)).map(|minor| format!("3.{minor}")).collect()
}

#[test]
fn released_wheels_get_the_pickler_of_every_supported_python() {
    let workflow = read(".github/workflows/release.yml");
    let versions = pickled_versions();
    assert_eq!((versions[0].as_str(), versions.len()), ("3.9", 7));
    let mut rows = 0;
    for line in job(&workflow, "wheels").iter().filter(|line| line.contains(", target: ")) {
        let row = line.split("versions: \"").nth(1).unwrap_or_else(|| panic!("no versions: {line}"));
        let found: Vec<_> = row.split('"').next().expect("it was split").split("\\n").collect();
        // The limited API on Windows starts with 3.10, and Windows on ARM has no Python before 3.11 there.
        let without = if line.contains("windows-x86_64") {
            1
        } else if line.contains("windows-aarch64") {
            2
        } else {
            0
        };
        assert_eq!(found, versions[without..], "{line}");
        rows += 1;
    }
    assert_eq!(rows, 8);
    let merged = "python python/backend/interbind_merge.py dist/*.whl pickled/*.whl";
    assert!(
        job(&workflow, "wheels").iter().any(|line| line.ends_with(merged)),
        "nothing puts the modules into the wheel"
    );
    // Made from `python/` alone it would lack the pickler's sources.
    assert!(
        !job(&workflow, "sdist").iter().any(|line| line.contains("--manifest-path")),
        "packed from the root"
    );
    for name in ["wheels", "sdist"] {
        assert!(
            job(&workflow, name).iter().any(|line| line.contains("own.dumps([1")),
            "{name}: nothing is pickled"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_row_of_the_release_builds_the_pickler_for_its_pythons() {
    let workflow = read(".github/workflows/release.yml");
    let lines =
        job(&workflow, "wheels").into_iter().skip_while(|line| !line.contains("name: Choose the build"));
    let lines = lines.skip_while(|line| line.trim() != "run: |").skip(1);
    let script: Vec<_> = lines.map_while(|line| line.strip_prefix("          ")).collect();
    assert!(script.len() > 15, "{script:?}");
    let script = script.join("\n");
    let output = env::temp_dir().join(format!("interbind-release-{}", std::process::id()));
    let versions = pickled_versions();
    let all = versions.iter().map(|version| format!("python{version}")).collect::<Vec<_>>().join(" ");
    for (python, crate_folder, interpreters) in [
        ("3.12", "pickle/native", all.as_str()),
        ("3.13t", "pickle/native/free-threaded-3.13", "python3.13t"),
        ("3.14t", "pickle/native", "python3.14t"),
    ] {
        fs::write(&output, "").expect("a place for temporary files");
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", &script])
            .env("PYTHON", python)
            .env("SYSTEM", "manylinux-x86_64")
            .env("LIBC", "2_17");
        bash.env("VERSIONS", versions.join("\n")).env("GITHUB_OUTPUT", &output).stdin(Stdio::null());
        assert!(bash.status().expect("bash runs the workflow's steps").success(), "{python}");
        let said = fs::read_to_string(&output).expect("it was written");
        let line = said.lines().find_map(|line| line.strip_prefix("pickle=")).expect("arguments");
        let wanted = format!(
            "--release --locked --out pickled --manifest-path {crate_folder}/Cargo.toml --interpreter {interpreters}"
        );
        assert_eq!(line.trim_end(), wanted, "{python}");
        assert!(repository().join(crate_folder).join("Cargo.lock").is_file(), "{crate_folder}");
    }
    let _ = fs::remove_file(&output);
}

#[test]
fn the_runners_own_pythons_are_found_by_version_and_a_missing_one_is_named() {
    let Some(python) = Python::default("the runner's Pythons") else { return };
    let cache = env::temp_dir().join(format!("interbind-runner-{}", std::process::id()));
    let _ = fs::remove_dir_all(&cache);
    let places =
        ["3.13.5/x64/python.exe", "3.13.5/x64-freethreaded/python.exe", "3.9.13/arm64/bin/python3.9"];
    for place in places.map(|place| cache.join("Python").join(place)) {
        fs::create_dir_all(place.parent().expect("it was joined")).expect("a place for temporary files");
        fs::write(place, "").expect("a place for temporary files");
    }
    let ask = |versions: &[&str]| {
        let mut ask = Command::new(&python.executable);
        ask.arg(repository().join(".github/pythons.py")).args(versions).env("RUNNER_TOOL_CACHE", &cache);
        let output = ask.stdin(Stdio::null()).output().expect("an interpreter");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
    };
    let found = ask(&["3.9", "3.13"]);
    let found: Vec<_> = found.split(' ').collect();
    assert!(found.len() == 2 && found[0].ends_with(places[2]) && found[1].ends_with(places[0]), "{found:?}");
    assert!(ask(&["3.1"]).starts_with("error: no Python 3.1 in "), "a version isn't a prefix");
    let _ = fs::remove_dir_all(&cache);
}

//! Extensions in C++: by which compiler, what is said of one that isn't here, and what is compiled once for several.

mod house;

use std::path::Path;
use std::process::Command;

use house::{TestHouse, of};
use interbind_conformance::outcome::Outcome;
use interbind_conformance::report::Report;

const CASE: &str = "needs = { provider = [\"provide\"], consumer = [\"consume\"] }\nalone = true\n[[expect]]\noutcome = \"interop\"\n";
const BODY: &str =
    "def act(p, type):\n    p.check_equal(p.consumer.identity()['role'], 'consumer', 'role')\n";

/// A house whose participant is `plain_c`, built with several compilers.
fn built(flags: &str, builds: &[&str], objects: &str) -> Option<(TestHouse, Report)> {
    if !Command::new("g++").arg("--version").output().is_ok_and(|answer| answer.status.success()) {
        eprintln!("skipped: no `g++` on PATH");
        return None;
    }
    let house = TestHouse::new();
    house.case("group.case", CASE, BODY);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("participants/plain_c/src/module.cpp");
    let description = format!(
        "name = \"compiled\"\nmaintainer = \"us\"\nlanguage = \"c++\"\ncapabilities = [\"provide\", \"consume\"]\nbuilds = {builds:?}\n\
         [modules]\nprovider = \"compiled_provider\"\nconsumer = \"compiled_consumer\"\n\
         [build]\nkind = \"c++\"\nsource = {source:?}\nobjects = [{objects}]\ninclude = []\nflags = [\"{{more}}\"]\ninputs = []\n\
         [versions.\"1\"]\nset = {{ more = \"\" }}\n{flags}"
    );
    house.write("participants/compiled/participant.toml", &description);
    house.write("participants/compiled/object.cpp", "int compiled_once = 1;\n");
    let report = house.run(&[])?;
    Some((house, report))
}

#[test]
fn a_compiler_or_a_standard_library_that_is_not_here_is_named_and_what_is_here_builds() {
    // g++ knows no other standard library than its own, so that one is surely lacking.
    let flags = "[flags.missing]\ncompiler = \"no-such-compiler++\"\n\
                 [flags.named]\ncompiler = \"g++\"\n\
                 [flags.library]\ncompiler = \"g++\"\nset = { more = \"-stdlib=libc++\" }\n";
    let builds = ["1", "1+missing", "1+named", "1+library"];
    let Some((_house, report)) = built(flags, &builds, "") else { return };
    let told = |flag: &str| {
        let cell = report.cells.iter().find(|cell| match flag {
            "" => cell.id.provider.flags().next().is_none(),
            flag => cell.id.provider.has(flag),
        });
        let cell = cell.unwrap_or_else(|| panic!("no cell of `{flag}`"));
        (cell.observed.clone(), cell.detail.clone())
    };
    let absent = Outcome::Absent("not found".to_owned());
    assert_eq!(told("missing"), (absent.clone(), "not here: no-such-compiler++".to_owned()));
    assert_eq!(told("library"), (absent, "not here: g++ -stdlib=libc++".to_owned()));
    assert_eq!(told("named"), (Outcome::Interop, String::new()));
    assert_eq!(told(""), (Outcome::Interop, String::new()));
}

#[test]
fn an_object_is_compiled_once_for_both_roles_and_again_when_its_source_changes() {
    let Some((house, report)) = built("", &["1"], "\"{src}/object.cpp\"") else { return };
    assert_eq!(of(&report, "1").observed, Outcome::Interop, "{}", of(&report, "1").detail);
    let objects = || {
        let built = std::fs::read_dir(house.house().work.join("built")).expect("something was built");
        let files = built.flatten().map(|entry| entry.path().join("object.o"));
        files.filter_map(|file| std::fs::read(file).ok()).collect::<Vec<_>>()
    };
    let first = objects();
    assert_eq!(first.len(), 1);
    house.write("participants/compiled/object.cpp", "int compiled_once[4] = {1, 2, 3, 4};\n");
    house.run(&[]).expect("it ran before");
    assert_eq!(objects().len(), 1);
    assert_ne!(objects(), first);
}

//! What the book shows is true: shown code is compiled, shown Python is run, and each message in the error index is what
//! Python says.
//!
//! Extensions are built once, as a user builds them: the examples that the pages include, and the crates in
//! `fixtures/snippets`. `cargo xtask generate docs` writes the error index's messages anew, `generate shown` the code. Without a `python3` the tests that
//! need one say so on stderr and pass.

use std::fs;
use std::sync::OnceLock;

use interbind_abi::Reason;
use interbind_tests::native::{Compiler, include, includes};
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;
use xtask::book::{cut, read, root, slug};
use xtask::generate::docs::{EXTENSIONS, World};
use xtask::generate::shown::everywhere;
use xtask::generate::{What, settle};

#[test]
fn shown_code_is_a_part_of_what_is_compiled_and_called() {
    settle(What::Shown, None, true).unwrap_or_else(|why| panic!("{why}"));
    let pages = everywhere();
    let shown = pages.values().flat_map(|page| cut(page).1).filter(|block| block.source.is_some()).count();
    assert!(shown > 20, "{shown}");
    if let Some(world) = world() {
        assert_eq!(world.modules(), EXTENSIONS.len());
    }
}

#[test]
fn the_guides_cpp_compiles() {
    let (what, source) = ("the guide's C++", root().join("tests/fixtures/snippets/guide.cpp"));
    let (Some(compiler), Some(python)) = (Compiler::of(true, what), Python::default(what)) else { return };
    let Some(headers) = include(python, what) else { return };
    let mut arguments =
        ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"].map(str::to_owned).to_vec();
    arguments.extend(includes(&headers));
    arguments.push(source.display().to_string());
    compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
}

/// Builds all extensions once; `None`, and a line on stderr, without a CPython.
fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Option<World>> = OnceLock::new();
    WORLD
        .get_or_init(|| {
            let python = World::python().map_err(|why| skip("what the docs show", &why)).ok()?;
            Some(World::build(&workshop!().join("docs"), python).unwrap_or_else(|why| panic!("{why}")))
        })
        .as_ref()
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
    for (name, page) in everywhere() {
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
        let file = world.folder().join(format!("{}.txt", slug(&name)));
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
    let written = world.error_index().unwrap_or_else(|why| panic!("{why}"));
    assert!(
        written.is_there(),
        "{}\nfix: cargo xtask generate docs",
        String::from_utf8_lossy(&written.bytes)
    );
}

#[test]
fn the_examples_of_the_crates_documentation_do_what_they_say() {
    let Some(world) = world() else { return };
    let script = root().join("tests/fixtures/snippets/call_tour.py");
    let output = world.run(&[&script.to_string_lossy()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let called = read(&script);
    let source = read(&root().join("tests/fixtures/snippets/tour/src/lib.rs"));
    let methods =
        source.split_once("methods = [").and_then(|(_, rest)| rest.split_once("\n    ],")).expect("a list").0;
    let names: Vec<_> =
        methods.lines().filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name).collect();
    assert!(names.len() > 15);
    for name in names {
        assert!(called.contains(&format!("tour.{name}(")), "nobody calls `{name}`");
    }
}

#[test]
fn every_script_of_an_error_names_a_reason() {
    for entry in fs::read_dir(root().join("tests/fixtures/snippets/errors")).expect("the scripts") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(["show", "forge"].contains(&&*name) || name.parse::<Reason>().is_ok(), "{name}");
    }
}

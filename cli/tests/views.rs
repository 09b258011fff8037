//! Whole views as they stand on the screen, at several widths, with colours and without.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod hand_made;

use interbind_cli::view::{self, Page, Screen};
use interbind_doctor::environment::survey;
use interbind_doctor::installed::Installed;
use interbind_doctor::report::inspected;

/// A view on a screen.
fn show(width: Option<usize>, colour: bool, view: impl FnOnce(&mut Page)) -> String {
    let mut page = Page::new(Screen { width, colour });
    view(&mut page);
    page.finish()
}

/// The view on every screen, one below the other: lines that are too wide would stand out.
fn everywhere(view: impl Fn(&mut Page)) -> String {
    let mut out = String::new();
    for width in [60, 80, 120] {
        let text = show(Some(width), false, &view);
        for line in text.lines() {
            // What is to be copied is in one piece: a path, a command.
            let copied = ["/", "python ", "interbind ", "pip "].iter().any(|mark| line.contains(mark));
            assert!(copied || line.chars().count() <= width, "{width}: {line}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
        out += &format!("{}\n{text}", "─".repeat(width));
    }
    out += &format!("{} a pipe\n{}", "─".repeat(20), show(None, false, &view));
    // Escape sequences as text, so that the snapshot can be read.
    let coloured = show(Some(80), true, &view).replace('\u{1b}', "␛");
    out + &format!("{} in colour\n{coloured}", "─".repeat(20))
}

#[test]
fn one_module_is_a_headline_and_rows() {
    let inspection = hand_made::inspection(vec![hand_made::module("_core.cpython-312-x86_64-linux-gnu.so")]);
    insta::assert_snapshot!(
        "inspect-one",
        everywhere(|page| view::inspect::view(page, &inspection, &inspected(&inspection), false))
    );
}

#[test]
fn verbose_rows_carry_their_evidence() {
    let mut module = hand_made::module("_core.cpython-312-x86_64-linux-gnu.so");
    module.frameworks.push(hand_made::nanobind());
    let inspection = hand_made::inspection(vec![module]);
    insta::assert_snapshot!(
        "inspect-verbose",
        everywhere(|page| view::inspect::view(page, &inspection, &inspected(&inspection), true))
    );
}

#[test]
fn several_modules_are_a_table() {
    let inspection = hand_made::mixed();
    insta::assert_snapshot!(
        "inspect-many",
        everywhere(|page| view::inspect::view(page, &inspection, &inspected(&inspection), false))
    );
}

#[test]
fn an_environment_is_its_groups_each_framework_with_what_joins_it() {
    let older = hand_made::module("lib/one/_core.cpython-312-x86_64-linux-gnu.so");
    let mut newer = hand_made::module("lib/two/_core.cpython-312-x86_64-linux-gnu.so");
    newer.name = Some("two._core".into());
    for id in newer.frameworks.iter_mut().flat_map(|framework| &mut framework.ids) {
        let id = id.value.as_mut().unwrap();
        id.text = id.text.replace("_v11_", "_v12_");
        id.parts[0].value = "v12".into();
    }
    let mut other = hand_made::module("lib/three/_core.cpython-312-x86_64-linux-gnu.so");
    other.name = Some("three._core".into());
    other.frameworks = vec![hand_made::nanobind()];
    let inspection = hand_made::inspection(vec![older, newer, other, hand_made::mixed().modules.remove(0)]);
    let environment = survey(&inspection, None, &Installed::default());
    insta::assert_snapshot!("doctor", everywhere(|page| view::doctor::view(page, &environment, false)));
}

#[test]
fn nothing_found_is_said() {
    let inspection = hand_made::inspection(Vec::new());
    assert_eq!(
        show(None, false, |page| view::inspect::view(page, &inspection, &inspected(&inspection), false)),
        "no native modules\n"
    );
}

#[test]
fn two_modules_apart_are_a_sentence_both_keys_and_a_fix() {
    let a = hand_made::module("a/_core.cpython-312-x86_64-linux-gnu.so");
    let mut b = hand_made::module("b/_core.cpython-312-x86_64-linux-gnu.so");
    let id = b.frameworks[0].ids[0].value.as_mut().unwrap();
    id.text = id.text.replace("abi_1__", "abi_0__");
    id.parts[3].value = "gxx_abi_1xxx_use_cxx11_abi_0".into();
    let modules = [a, b];
    let checks = interbind_doctor::check::check_all(&modules);
    assert!(!checks.findings().is_empty());
    insta::assert_snapshot!(
        "check-two",
        everywhere(|page| view::check::view(page, &checks, &modules, false))
    );
}

#[test]
fn a_message_is_explained_with_causes_and_next_steps() {
    let said = interbind_doctor::explain::explain("TypeError: 'Base' object is not an instance of 'Base'");
    insta::assert_snapshot!("explain-message", everywhere(|page| view::explain::view(page, &said, false)));
}

#[test]
fn a_release_that_breaks_sharing_says_so_first() {
    let a = hand_made::inspection(vec![hand_made::module("_core.cpython-312-x86_64-linux-gnu.so")]);
    let mut b = a.clone();
    b.modules[0].frameworks = vec![hand_made::pyo3()];
    let changed = interbind_doctor::diff::diff(&a, &b);
    assert!(changed.breaking);
    insta::assert_snapshot!("diff-modules", everywhere(|page| view::diff::view(page, &changed, false)));
}

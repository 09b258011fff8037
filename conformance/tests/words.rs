//! Ids, patterns and outcomes: printing and parsing are inverses, whatever the words.

use interbind_conformance::axes::{Mode, Mutation, Order};
use interbind_conformance::cell::{Build, CellId};
use interbind_conformance::outcome::Outcome;
use interbind_conformance::pattern::{Pattern, extends};
use proptest::prelude::*;
use proptest::sample::select;

fn build() -> impl Strategy<Value = Build> {
    let flag = "[a-z][a-z0-9]{0,4}(-[0-9]\\.[0-9]{1,2})?";
    (
        "[a-z][a-z0-9_]{0,8}",
        "(work|[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9](-rc1)?)",
        proptest::collection::vec(flag, 0..3),
    )
        .prop_map(|(participant, version, flags)| {
            let flags: String = flags.iter().map(|flag| format!("+{flag}")).collect();
            Build::new(&participant, &format!("{version}{flags}")).expect("the words are names")
        })
}

fn cell() -> impl Strategy<Value = CellId> {
    (
        "[a-z]{1,6}\\.[a-z]{1,6}(-[a-z]{1,4})?",
        build(),
        build(),
        select(vec!["cp39", "cp315", "cp313t", "cp314d", "pp311"]),
        select(Order::ALL),
        select(Mode::ALL),
        select(Mutation::ALL),
    )
        .prop_map(|(case, provider, consumer, host, order, mode, mutation)| CellId {
            case,
            provider,
            consumer,
            host: host.to_owned(),
            order,
            mode,
            mutation,
        })
}

proptest! {
    #[test]
    fn a_cell_id_is_what_it_prints(cell in cell()) {
        let text = cell.to_string();
        prop_assert_eq!(&text.parse::<CellId>().expect("it was printed"), &cell);
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+:".contains(&b)));
    }

    #[test]
    fn a_complete_id_is_a_pattern_for_that_cell_alone(a in cell(), b in cell()) {
        let pattern: Pattern = a.to_string().parse().expect("an id is a pattern");
        prop_assert!(pattern.matches(&a));
        prop_assert_eq!(pattern.matches(&b), a == b);
    }

    #[test]
    fn no_cell_s_folder_holds_another_s(cell in cell(), mutation in select(Mutation::ALL)) {
        let other = CellId { mutation, ..cell.clone() };
        let inside = other.folder().starts_with(&format!("{}/", cell.folder()));
        prop_assert!(!inside, "{} in {}", other.folder(), cell.folder());
    }

    #[test]
    fn leaving_parts_out_only_widens_a_pattern(cell in cell(), kept in proptest::bits::u8::masked(0b11_1111)) {
        let parts = [
            format!("{}..{}", cell.provider, cell.consumer),
            cell.host.clone(),
            cell.order.to_string(),
            cell.mode.to_string(),
            cell.mutation.to_string(),
        ];
        let mut text = if kept & 1 == 0 { String::new() } else { cell.group().to_owned() };
        for (index, part) in parts.iter().enumerate() {
            if kept & (2 << index) != 0 {
                text.push_str("::");
                text.push_str(part);
            }
        }
        let pattern: Pattern = text.parse().expect("parts of an id are a pattern");
        prop_assert!(pattern.matches(&cell), "{} and {}", text, cell);
        prop_assert_eq!(pattern.to_string(), text);
    }

    #[test]
    fn any_text_is_refused_or_prints_as_a_fixed_point(text in "[a-z0-9.+:_-]{0,40}") {
        if let Ok(cell) = text.parse::<CellId>() {
            prop_assert_eq!(cell.to_string().parse::<CellId>().expect("it was printed"), cell);
        }
        if let Ok(pattern) = text.parse::<Pattern>() {
            prop_assert_eq!(pattern.to_string(), text);
        }
    }

    #[test]
    fn an_outcome_is_what_it_prints(kind in 0..5usize, word in "[A-Za-z0-9-]{1,12}") {
        let outcome = [
            Outcome::Detected(word.clone()), Outcome::Crash(word.clone()), Outcome::Exit(word.clone()),
            Outcome::Interop, Outcome::Silent,
        ][kind].clone();
        prop_assert_eq!(outcome.to_string().parse::<Outcome>().expect("it was printed"), outcome);
    }
}

#[test]
fn a_name_matches_itself_and_what_extends_it_at_a_joint() {
    assert!(extends("pyo3-0.30.1+abi3", "pyo3"));
    assert!(extends("pyo3-0.30.1+abi3", "pyo3-0.30"));
    assert!(extends("pyo3-0.30.1+abi3", "pyo3-0.30.1"));
    assert!(!extends("pyo3-0.30.1", "pyo3-0.3"));
    assert!(!extends("interbind_raw-work", "interbind"));
}

#[test]
fn the_words_of_the_documentation_are_patterns() {
    for text in
        ["borrow", "::pybind11..", "::..nanobind-3", "::with.pyo3", "::cp314t::sub", "borrow::with.pyo3::c1"]
    {
        assert!(text.parse::<Pattern>().is_ok(), "{text}");
    }
    for text in ["::nonsense", "borrow::p1::c1", "::cp39::cp310", "a b"] {
        assert!(text.parse::<Pattern>().is_err(), "{text}");
    }
}

#[test]
fn flags_are_sorted_so_that_a_build_has_one_name() {
    let build: Build = "interbind-work+panic-abort+abi3+abi3".parse().expect("a build");
    assert_eq!(build.as_str(), "interbind-work+abi3+panic-abort");
    assert_eq!((build.participant(), build.version()), ("interbind", "work"));
}

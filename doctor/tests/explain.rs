//! What people paste, and what `explain` takes it for: texts as they stand in issue trackers and logs, with their noise.

use std::collections::BTreeSet;

use interbind_doctor::explain::{Explanation, Meaning, explain, explain_bytes};
use interbind_doctor::facts::FrameworkKind;

mod pasted;

use pasted::PASTED;

/// The first meaning of a text.
#[track_caller]
fn first(text: &str) -> Meaning {
    let said = explain(text);
    said.meanings.into_iter().next().unwrap_or_else(|| panic!("nothing is known of {text}"))
}

#[test]
fn each_message_is_taken_for_what_it_is() {
    for (text, rule, name, value) in PASTED {
        let meaning = first(text);
        assert_eq!(&meaning.rule, rule, "{text}");
        if !value.is_empty() {
            assert_eq!(meaning.names.get(*name).map(String::as_str), Some(*value), "{text}: {meaning:#?}");
        }
    }
}

#[test]
fn no_words_are_left_unfilled() {
    for (text, ..) in PASTED {
        let said = explain(text);
        let json = serde_json::to_string(&said.meanings).unwrap();
        for meaning in &said.meanings {
            let steps = meaning.next.iter().flat_map(|step| [Some(&step.say), step.command.as_ref()]);
            let words = [&meaning.title, &meaning.means].into_iter().chain(&meaning.causes);
            for words in words.chain(steps.flatten()) {
                assert!(!words.contains("{type") && !words.contains("|the"), "{text}: {words}\n{json}");
            }
        }
    }
}

#[test]
fn noise_doesnt_change_what_a_message_is() {
    let noises: [fn(&str) -> String; 6] = [
        |text| text.replace('\n', "\r\n"),
        |text| format!("\x1b[1;31m{}\x1b[0m", text.replace(' ', " \x1b[0m\x1b[31m")),
        |text| text.lines().map(|line| format!("2026-01-02T03:04:05.6Z web-1  | E   {line}\n")).collect(),
        |text| text.lines().map(|line| format!("│ {line} │\n")).collect(),
        |text| {
            format!(
                "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    import x\n{text}\n\nDuring handling"
            )
        },
        |text| text.replace('\'', "\u{2019}").replace('"', "\u{201d}"),
    ];
    for (text, rule, ..) in PASTED {
        for (number, noise) in noises.iter().enumerate() {
            let noisy = noise(text);
            let said = explain(&noisy);
            assert!(
                said.meanings.iter().any(|meaning| meaning.rule == *rule),
                "noise {number}: {noisy}\n{said:#?}"
            );
        }
    }
}

/// A type of C++ is taken with its brackets; for one of the standard library a converter's header is what misses.
#[test]
fn a_template_in_a_signature_is_taken_whole() {
    let said = first(
        "TypeError: f(): incompatible function arguments. The following argument types are supported:\n    1. (self: m.A, arg0: std::vector<ns::B, std::allocator<ns::B> >, n: int) -> None\n\nInvoked with: 3",
    );
    let raw = said.names.get("raw-type").map(String::as_str);
    assert_eq!(raw, Some("std::vector<ns::B, std::allocator<ns::B> >"));
    assert!(said.causes[0].contains("pybind11/stl.h"), "{:?}", said.causes);
}

/// What one process counts at its end is one event.
#[test]
fn what_nanobind_counts_is_one_block() {
    let said = explain(
        "nanobind: leaked 1 instances!\n - leaked instance 0x10 of type \"a.T\"\nnanobind: leaked 1 keep_alive records!\nnanobind: leaked 2 types!\n - leaked type \"Axis\"",
    );
    assert_eq!(said.meanings.len(), 1, "{said:#?}");
}

/// A terminal breaks at words or at columns; what was one line is several.
#[test]
fn a_message_in_wrapped_lines_is_found() {
    let text = "TypeError: getx(): incompatible function arguments. The following argument types are supported: 1. (x: int)";
    for width in [20, 33, 40, 61, 80] {
        let letters: Vec<char> = text.chars().collect();
        let hard: String = letters.chunks(width).map(|line| line.iter().collect::<String>() + "\n").collect();
        let said = explain(&hard);
        assert_eq!(
            said.meanings.first().map(|meaning| meaning.rule.as_str()),
            Some("incompatible-arguments"),
            "{hard}"
        );
        let soft = text.replace(' ', "\n");
        assert_eq!(first(&soft).rule, "incompatible-arguments");
    }
    assert!(
        explain("incompatible function arguments. The follo\nwing argument types are supported")
            .unknown
            .is_some()
    );
}

#[test]
fn a_cplusplus_name_in_the_signature_says_that_no_class_was_registered() {
    let meaning = first(
        "TypeError: norm(): incompatible function arguments. The following argument types are supported:\n    1. (arg0: geo::Point) -> float\n\nInvoked with: <geo.Point object at 0x7f7a>\n",
    );
    assert_eq!(meaning.framework, Some(FrameworkKind::Pybind11));
    assert_eq!(meaning.names["raw-type"], "geo::Point");
    assert_eq!(meaning.seen.len(), 2, "{:#?}", meaning.seen);
    assert!(meaning.causes[0].contains("`geo::Point` has no Python class"), "{:#?}", meaning.causes);
}

#[test]
fn classes_that_are_called_alike_say_that_there_are_two() {
    let meaning = first(
        "TypeError: norm(): incompatible function arguments. The following argument types are supported:\n    1. norm(arg: b.Point, /) -> float\n\nInvoked with types: a.Point\n",
    );
    assert_eq!(meaning.framework, Some(FrameworkKind::Nanobind));
    assert!(meaning.seen[0].contains("`a.Point`") && meaning.seen[0].contains("`b.Point`"));
    let meaning = first(
        "TypeError: set(): incompatible function arguments. The following argument types are supported:\n    1. (self: a.Point, x: float) -> None\n\nInvoked with: <a.Point object at 0x7f>, 'three'\n",
    );
    assert!(meaning.seen.is_empty(), "{:#?}", meaning.seen);
}

#[test]
fn the_most_telling_message_of_a_log_comes_first() {
    let said = explain(
        "ModuleNotFoundError: No module named 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nImportError: generic_type: type \"A\" is already registered!\n",
    );
    let rules: Vec<_> = said.meanings.iter().map(|meaning| meaning.rule.as_str()).collect();
    assert_eq!(rules, ["pybind11-already-registered", "module-missing"]);
    assert_eq!(said.meanings[0].line, 5);
}

#[test]
fn what_isnt_known_is_said_to_be_unknown() {
    let said = explain("Traceback (most recent call last):\nValueError: the moon is full\n");
    assert!(said.meanings.is_empty() && said.ids.is_empty());
    let unknown = said.unknown.unwrap();
    assert_eq!(unknown.error.as_deref(), Some("ValueError: the moon is full"));
    assert!(!unknown.helps.is_empty());
    assert!(explain("").unknown.is_some());
    assert!(explain("it doesn't work").unknown.is_some());
}

#[test]
fn ids_keys_tags_and_reasons_are_explained() {
    let id = |text: &str| explain(text).ids.into_iter().next().unwrap_or_else(|| panic!("{text}"));
    assert_eq!(id("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__").kind, "internals-key");
    assert_eq!(id("v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable").kind, "tag");
    assert_eq!(id("_core.cpython-312-x86_64-linux-gnu.so").kind, "file-suffix");
    assert_eq!(id("frame-2.0.4-cp39-abi3-manylinux_2_28_x86_64.whl").kind, "wheel-tag");
    assert_eq!(first("layout-differs").rule, "layout-differs");
    assert!(explain("hello").unknown.is_some());
}

#[test]
fn an_id_tells_the_releases_that_write_it() {
    let releases = |id: &str| {
        let versions = explain(id).ids.remove(0).versions?;
        Some(format!("{} {}", versions.lowest, versions.highest.unwrap_or_default()))
    };
    assert_eq!(
        releases("__pybind11_internals_v5_gcc_libstdcpp_cxxabi1016__").as_deref(),
        Some("2.11.0 2.13.6")
    );
    let nanobind = releases("v16_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1");
    assert_eq!(nanobind.as_deref(), Some("2.6.0 2.9.2"));
    assert_eq!(releases("__pybind11_internals_v99_gcc_libstdcpp_cxxabi1016__"), None, "no release writes it");
    assert_eq!(releases("_gcc_libstdcpp_cxxabi1016"), None, "many write it, with different internals");
}

#[test]
fn ten_megabytes_of_a_log_with_one_message_at_the_end_are_read() {
    let mut log = "2026-01-01 00:00:00 INFO: step 1 of a long training run, loss 0.3: No module here, nothing already registered\n".repeat(100_000);
    log.push_str("ImportError: generic_type: type \"A\" is already registered!\n");
    assert!(log.len() > 10_000_000);
    let said = explain(&log);
    assert_eq!(
        (said.meanings[0].rule.as_str(), said.meanings[0].line),
        ("pybind11-already-registered", 100_001)
    );
}

#[test]
fn hostile_bytes_are_no_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    // Messages cut, doubled and spoiled at places that no plan would choose.
    for round in 0..3000 {
        let (text, ..) = PASTED[round % PASTED.len()];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..next() % 8 {
            let at = next() as usize % bytes.len();
            match next() % 4 {
                0 => bytes[at] = next() as u8,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, b"\xff\x1b'\"{}\n\r("[next() as usize % 9]),
                _ => bytes.extend_from_within(at..),
            }
        }
        let said = explain_bytes(&bytes);
        let json = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), said);
    }
    for bytes in [
        &b"\x1b["[..],
        b"\xff\xfe",
        b"\xff\xfe\x00",
        b"\xfe\xff\xd8",
        b"Invoked with:",
        b"__nb_internals_",
        &[0; 1000],
    ] {
        explain_bytes(bytes);
    }
}

#[test]
fn the_pasted_messages_cover_most_of_the_table() {
    let told: BTreeSet<_> = PASTED.iter().map(|(_, rule, ..)| *rule).collect();
    assert!(told.len() > 45, "{}", told.len());
}

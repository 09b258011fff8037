//! The book says what is: links lead somewhere, tables agree with the frozen records, and numbers are the code's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use interbind_abi::core::CORE;
use interbind_abi::interface::{Interface, TABLE};
use interbind_abi::owner::OWNER;
use interbind_abi::runtime::{EXPECTATION, REFUSAL, RUNTIME};
use interbind_abi::services::exceptions::{EXCEPTIONS, TRANSLATOR};
use interbind_abi::services::functions::{FUNCTION, FUNCTION_CLASS, FUNCTIONS, NATIVE_ENTRY, OVERLOAD};
use interbind_abi::services::instances::INSTANCES;
use interbind_abi::services::userdata::USERDATA;
use interbind_abi::types::Data;
use interbind_abi::types::record::TYPE;
use interbind_abi::types::registry::TYPES;
use interbind_abi::{FROZEN, Platform, Reason, keys};
use xtask::book::{anchors, cut, links, pages, read, root, sections};
use xtask::generate::header;

/// The words of the house; each has an entry in the glossary.
const WORDS: &[&str] = &[
    "provider",
    "consumer",
    "record",
    "table",
    "slot",
    "descriptor",
    "key",
    "tag",
    "publish",
    "find",
    "judge",
    "borrow",
    "release",
    "explain",
];

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
    assert!(entries.is_sorted_by_key(|word| word.to_lowercase()), "{entries:?}");
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
fn every_prototype_in_the_spec_is_a_records_function() {
    let mut found = BTreeMap::new();
    for (name, page) in pages() {
        for (heading, text) in sections(&page, "###") {
            let Some((record, _)) = heading.strip_prefix("Record `").and_then(|rest| rest.split_once('`'))
            else {
                continue;
            };
            // A table's slots aren't fields: the block there shows their form.
            if record == "TableHead" {
                continue;
            }
            let text = text.split("\n## ").next().expect("a first part");
            for block in cut(text).1.into_iter().filter(|block| block.word == "c") {
                for prototype in block.text.split(';').filter(|prototype| !prototype.trim().is_empty()) {
                    let words: Vec<_> = prototype.split_whitespace().collect();
                    // A class is an object.
                    let prototype = words.join(" ").replace("PyTypeObject", "PyObject");
                    let called = prototype.split('(').next().expect("a first part");
                    let field = called.rsplit([' ', '*']).next().expect("a last part").to_owned();
                    let before = found.insert((record.to_owned(), field), prototype);
                    assert_eq!(before, None, "{name}: {record}");
                }
            }
        }
    }
    assert_eq!(found, header::prototypes());
}

#[test]
fn keys_magics_and_examples_in_the_spec_are_the_codes() {
    let pages = pages();
    let text = &pages["spec/keys.md"];
    let mut wanted = vec![keys::CORE.to_str().unwrap(), keys::CORE_PREFIX];
    wanted.extend([keys::RUNTIME, keys::FUNCTIONS, keys::RUNTIME_MODULE].map(|key| key.to_str().unwrap()));
    wanted.extend([keys::TYPES, keys::INSTANCES, keys::USERDATA, keys::EXCEPTIONS]);
    wanted.push(keys::REASON_ATTRIBUTE.to_str().unwrap());
    wanted.extend(keys::RESERVED_SERVICES);
    for word in wanted {
        assert!(text.contains(&format!("`{word}`")), "{word}");
    }
    let services =
        [TYPES, INSTANCES, USERDATA, EXCEPTIONS, FUNCTIONS, FUNCTION_CLASS, FUNCTION, OVERLOAD, NATIVE_ENTRY];
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
            let is_duty = ["MUST", "MAY", "Withdrawn: "].iter().any(|word| text.contains(word));
            assert!(is_duty, "{name}: {text}");
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
    let services = [
        ("types", TYPES),
        ("instances", INSTANCES),
        ("userdata", USERDATA),
        ("exceptions", EXCEPTIONS),
        ("functions", FUNCTIONS),
    ];
    let numbers = services.map(|(name, kind)| format!(", {name} {}.{}", kind.major, kind.minor)).concat();
    assert_eq!(heading, format!("{version} (core {}{numbers})", CORE.major));
    assert_eq!(sections(text, "###")[0].0, "ABI");
}

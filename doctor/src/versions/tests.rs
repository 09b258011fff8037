//! What holds of the table, whatever the releases were.

use std::collections::BTreeSet;

use super::*;

fn frameworks() -> [(&'static str, &'static Framework); 3] {
    [("pybind11", &TABLE.pybind11), ("nanobind", &TABLE.nanobind), ("swig", &TABLE.swig)]
}

#[test]
fn each_release_stands_once_and_numbers_never_fall() {
    for (name, framework) in frameworks() {
        let versions: BTreeSet<_> = framework.releases.iter().map(|r| &r.version).collect();
        assert_eq!(versions.len(), framework.releases.len(), "{name}");
        let numbers: Vec<_> = framework.releases.iter().filter_map(|r| r.internals.any).collect();
        assert!(numbers.is_sorted(), "{name}: {numbers:?}");
        assert!(!framework.source.is_empty());
    }
}

#[test]
fn each_mark_is_in_some_releases_and_not_in_all() {
    for (name, framework) in frameworks() {
        let texts: BTreeSet<_> = framework.marks.iter().map(|m| &m.text).collect();
        assert_eq!(texts.len(), framework.marks.len(), "{name}");
        for mark in &framework.marks {
            for end in mark.releases.iter().flat_map(|span| span.split(" .. ")) {
                assert!(framework.position(end).is_some(), "{name}: {end} of {:?}", mark.text);
            }
            let having = Candidates::all(framework).having(mark).releases().count();
            assert!((1..framework.releases.len()).contains(&having), "{name}: {:?}", mark.text);
            assert_eq!(
                having + Candidates::all(framework).lacking(mark).releases().count(),
                framework.releases.len()
            );
        }
    }
}

#[test]
fn a_number_gives_the_releases_that_wrote_it() {
    let range = |framework: &Framework, number| {
        Candidates::all(framework).keep(|r| r.internals.has(number)).range().map(|r| r.to_string())
    };
    let pybind11 = |number| range(&TABLE.pybind11, number);
    assert_eq!(pybind11(1).as_deref(), Some("2.2.0 – 2.2.3"));
    assert_eq!(pybind11(4).as_deref(), Some("2.5.0 – 2.13.6"));
    assert_eq!(pybind11(5).as_deref(), Some("2.11.0 – 2.13.6"));
    assert_eq!(pybind11(7), None);
    assert_eq!(pybind11(11).as_deref(), Some("3.0.0rc4 – 3.0.4"));
    let nanobind = |number| range(&TABLE.nanobind, number);
    assert_eq!(nanobind(15).as_deref(), Some("2.2.0 – 2.5.0"));
    assert_eq!(nanobind(17).as_deref(), Some("2.10.0 – 2.10.2"));
    assert_eq!(range(&TABLE.swig, 5).as_deref(), Some("≥ 4.4.0"));
}

#[test]
fn the_conduit_came_to_three_old_lines_in_their_last_releases() {
    let with: Vec<_> =
        TABLE.pybind11.releases.iter().filter(|r| r.conduit).map(|r| r.version.as_str()).collect();
    assert!(with.starts_with(&["2.11.2", "2.12.1", "2.13.6", "3.0.0rc1"]), "{with:?}");
    let last = TABLE.pybind11.releases.iter().skip_while(|r| r.version != "3.0.0rc1");
    assert!(last.clone().all(|r| r.conduit) && last.count() > 3);
}

#[test]
fn a_range_with_the_newest_release_has_no_end() {
    let newest = TABLE.pybind11.releases.last().unwrap();
    let range = Candidates::all(&TABLE.pybind11).keep(|r| r.version == newest.version).range().unwrap();
    assert_eq!((range.lowest.as_str(), range.highest), (newest.version.as_str(), None));
    let none = Candidates::all(&TABLE.pybind11).keep(|_| false);
    assert!(none.is_empty() && none.range().is_none());
}

//! The scan finds what a search for each fingerprint by itself would find.

mod pack;

use interbind_doctor::binary::Image;
use interbind_doctor::facts::FrameworkKind;
use interbind_doctor::frameworks::FINGERPRINTS;
use interbind_doctor::inspect::{Options, inspect_bytes};
use interbind_doctor::scan::{MOST_OF_ONE, scan};
use proptest::prelude::*;

/// Pieces of fingerprints, whole ones, and bytes between them.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = (0..FINGERPRINTS.len(), any::<prop::sample::Index>(), any::<bool>(), any::<u8>());
    let piece = piece.prop_map(|(index, cut, whole, between)| {
        let bytes = FINGERPRINTS[index].bytes;
        let mut piece = if whole { bytes.to_vec() } else { bytes[..cut.index(bytes.len())].to_vec() };
        if between > 100 {
            piece.push(between);
        }
        piece
    });
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_occurrence_is_found_overlapping_or_not(texts in pieces()) {
        let file = pack::elf(&[(0, 0)], &texts);
        let image = Image::parse(&file).expect("it is packed well");
        let hits = scan(&image);
        let constants = image.section(".rodata").expect("it has constants");
        for fingerprint in FINGERPRINTS.iter() {
            let found = hits.of(fingerprint.name);
            let windows = texts.windows(fingerprint.bytes.len()).enumerate();
            let naive: Vec<u64> = windows
                .filter(|(_, window)| *window == fingerprint.bytes)
                .map(|(at, _)| constants.offset + at as u64)
                .collect();
            prop_assert_eq!(found, naive, "{}", fingerprint.name);
        }
    }
}

#[test]
fn no_more_places_are_kept_than_promised() {
    let fingerprint = FINGERPRINTS[0];
    let file = pack::elf(&[(0, 0)], &fingerprint.bytes.repeat(MOST_OF_ONE + 10));
    let hits = scan(&Image::parse(&file).expect("it is packed well"));
    assert!(hits.cut() && hits.of(fingerprint.name).len() == MOST_OF_ONE);
}

#[test]
fn instructions_are_searched_only_where_there_are_no_constants() {
    let mut file = pack::elf(&[(0, 0)], b"x\0");
    let bytes = FINGERPRINTS[0].bytes;
    // Behind the tables, in no section.
    file[0x760..0x760 + bytes.len()].copy_from_slice(bytes);
    let places =
        |file: &[u8]| scan(&Image::parse(file).expect("it is packed well")).of(FINGERPRINTS[0].name).to_vec();
    assert_eq!(places(&file), Vec::<u64>::new());
    file[0x28..0x30].fill(0);
    file[0x3c..0x40].fill(0);
    assert_eq!(places(&file), [0x760]);
}

#[test]
fn a_program_with_the_table_of_fingerprints_in_it_is_made_with_none_of_them() {
    let table: Vec<u8> = FINGERPRINTS.iter().flat_map(|fingerprint| fingerprint.bytes.to_vec()).collect();
    let known = b"\0__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1__\0";
    let read = |texts: &[u8]| {
        let file = pack::elf(&[(0, 0)], texts);
        let (modules, _) = inspect_bytes("a.so", &file, &Options::default());
        let kinds = modules[0].frameworks.iter().map(|framework| (framework.kind, framework.present.value));
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(read(known), [(FrameworkKind::Pybind11, Some(true))]);
    assert_eq!(read(&[&table, &known[..]].concat()), [(FrameworkKind::Plain, None)]);
    let ours = read(&[&table, &b"\0__interbind_internals_v1__\0"[..]].concat());
    assert_eq!(ours, [(FrameworkKind::Interbind, Some(true))]);
}

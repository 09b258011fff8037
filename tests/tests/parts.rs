//! The parts of the shim that know nothing of Python, tested without one: its files are compiled here.

#![allow(missing_docs, dead_code, reason = "the included files serve the shim")]

#[path = "../../shim/src/runtime/own/table.rs"]
mod table;
#[path = "../../shim/src/runtime/own/upcast.rs"]
mod upcast;

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;

use interbind_abi::Str;
use interbind_abi::core::Status;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::native::Base;
use table::{Hashed, Table, hash_address, hash_text};

/// A thing whose hash the test chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Thing {
    hash: u64,
    name: u32,
}

impl Hashed for Thing {
    fn hash(&self) -> u64 {
        self.hash
    }
}

#[test]
fn a_table_agrees_with_a_list_after_any_sequence_of_additions_and_removals() {
    // Few hashes, so that runs are long, wrap around the end and share homes.
    for spread in [1, 3, 40, 100_000] {
        let (mut table, mut list) = (Table::default(), Vec::<Thing>::new());
        let mut state = 1_u64;
        // Under miri each step costs a thousand times as much.
        for name in 0..if cfg!(miri) { 150 } else { 4000 } {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 33 & 3 == 0 && !list.is_empty() {
                let gone = list.swap_remove((state >> 40) as usize % list.len());
                assert_eq!(table.remove(gone.hash, |thing| *thing == gone), Some(gone));
                assert_eq!(table.remove(gone.hash, |thing| *thing == gone), None);
            } else if list.len() < 300 || spread > 100 {
                let thing = Thing { hash: ((state >> 33) % spread) << 47, name };
                assert!(table.add(thing).is_ok());
                list.push(thing);
            }
            assert_eq!(table.len(), list.len());
        }
        for thing in &list {
            assert_eq!(table.find(thing.hash, |found| found == thing), Some(thing));
            let same = Cell::new(0);
            table.each(thing.hash, |found| same.set(same.get() + usize::from(found.hash == thing.hash)));
            assert_eq!(same.get(), list.iter().filter(|other| other.hash == thing.hash).count());
        }
        assert_eq!(table.iter().count(), list.len());
    }
}

#[test]
fn an_empty_table_takes_no_memory_and_finds_nothing() {
    let mut table = Table::<Thing>::default();
    assert_eq!((table.len(), table.iter().count()), (0, 0));
    assert_eq!(table.find(0, |_| true), None);
    assert_eq!(table.remove(0, |_| true), None);
}

#[test]
fn a_reserved_place_is_enough_for_one_more() {
    let mut table = Table::default();
    for name in 0..100 {
        assert!(table.reserve().is_ok());
        assert!(table.add(Thing { hash: u64::from(name) << 57, name }).is_ok());
    }
    assert_eq!(table.len(), 100);
}

#[test]
fn addresses_a_power_of_two_apart_have_homes_of_their_own() {
    for step in [8_usize, 16, 48, 64, 4096, 1 << 20] {
        let mut homes: Vec<_> = (1..=1024_usize).map(|i| hash_address(i * step) >> 53).collect();
        homes.sort_unstable();
        homes.dedup();
        assert!(homes.len() > 1024 / 2, "{step}: {}", homes.len());
    }
    assert_ne!(hash_text("org.frame.Point"), hash_text("org.frame.Points"));
}

/// Classes by their keys, and the one that is looked for.
struct Classes {
    records: HashMap<&'static str, TypeRecord>,
    target: &'static str,
}

impl upcast::Classes for Classes {
    fn is_target(&self, key: &str) -> bool {
        key == self.target
    }

    fn record(&self, key: &str) -> Option<&TypeRecord> {
        self.records.get(key)
    }
}

fn at(key: &'static str, offset: i64) -> Base {
    Base { key: Str::new(key), offset, cast: None }
}

fn through(key: &'static str, cast: unsafe extern "C" fn(*mut c_void) -> *mut c_void) -> Base {
    Base { key: Str::new(key), offset: 0, cast: Some(cast) }
}

/// Reads an address at the start of the object, as a table of virtual bases holds it.
unsafe extern "C" fn first_word(object: *mut c_void) -> *mut c_void {
    // SAFETY: the tests' virtual classes begin with an address.
    unsafe { object.cast::<*mut c_void>().read() }
}

fn record(key: &'static str, bases: Vec<Base>) -> TypeRecord {
    // SAFETY: a record of zeros is one without text, type and functions.
    let mut record = unsafe { std::mem::zeroed::<TypeRecord>() };
    record.native = Str::new(key);
    record.base_count = bases.len() as u32;
    record.bases = if bases.is_empty() { ptr::null() } else { bases.leak().as_ptr() };
    record
}

/// Looks for a base of the first class, in an object at that address.
fn find(
    classes: Vec<(&'static str, Vec<Base>)>,
    target: &'static str,
    object: *mut c_void,
) -> Result<usize, Status> {
    let first = classes[0].0;
    let records = classes.into_iter().map(|(key, bases)| (key, record(key, bases))).collect();
    let classes = Classes { records, target };
    upcast::find(&classes, &classes.records[first], object).map(|found| found as usize)
}

const OBJECT: *mut c_void = 1000 as *mut c_void;

#[test]
fn offsets_add_up_along_the_way_to_a_base() {
    let classes = || {
        vec![
            ("c++:1C", vec![at("c++:1B", 16)]),
            ("c++:1B", vec![at("c++:1X", 0), at("c++:1A", -8)]),
            ("c++:1A", vec![]),
        ]
    };
    assert_eq!(find(classes(), "c++:1C", OBJECT), Ok(1000));
    assert_eq!(find(classes(), "c++:1B", OBJECT), Ok(1016));
    assert_eq!(find(classes(), "c++:1A", OBJECT), Ok(1008));
    // A base that nobody publishes is found all the same, what is behind it isn't.
    assert_eq!(find(classes(), "c++:1X", OBJECT), Ok(1016));
    assert_eq!(find(classes(), "c++:1Y", OBJECT), Err(Status::MISSING));
}

#[test]
fn a_base_at_two_addresses_differs_and_a_virtual_one_is_one() {
    let diamond = |left: Base, right: Base| {
        vec![
            ("c++:1D", vec![at("c++:1L", 0), at("c++:1R", 8)]),
            ("c++:1L", vec![left]),
            ("c++:1R", vec![right]),
            ("c++:1A", vec![]),
        ]
    };
    assert_eq!(find(diamond(at("c++:1A", 0), at("c++:1A", 0)), "c++:1A", OBJECT), Err(Status::DIFFERS));
    let mut object = [ptr::null_mut::<c_void>(); 3];
    let base = (&raw mut object[2]).cast::<c_void>();
    object[..2].fill(base);
    let (left, right) = (through("c++:1A", first_word), through("c++:1A", first_word));
    assert_eq!(find(diamond(left, right), "c++:1A", object.as_mut_ptr().cast()), Ok(base as usize));
}

#[test]
fn a_walk_ends_for_any_graph() {
    let own = vec![("c++:1A", vec![at("c++:1A", 8)])];
    assert_eq!(find(own, "c++:1Z", OBJECT), Err(Status::INVALID));
    let circle = vec![("c++:1A", vec![at("c++:1B", 0), at("c++:1B", 0)]), ("c++:1B", vec![at("c++:1A", 0)])];
    assert_eq!(find(circle, "c++:1Z", OBJECT), Err(Status::INVALID));
    // Not deep, but with a million millions of ways through it.
    let name = |i: usize| -> &'static str { String::leak(format!("c++:{i}")) };
    let ladder = (0..40).map(|i| (name(i), vec![at(name(i + 1), 0), at(name(i + 1), 0)])).collect();
    assert_eq!(find(ladder, "c++:1Z", OBJECT), Err(Status::INVALID));
}

#[test]
fn bases_that_cant_be_read_are_invalid() {
    let mut classes = vec![("c++:1A", vec![at("c++:1B", 0)])];
    classes[0].1[0].key = Str { ptr: ptr::null(), len: 4 };
    assert_eq!(find(classes, "c++:1Z", OBJECT), Err(Status::INVALID));
    let classes = Classes { records: HashMap::new(), target: "c++:1Z" };
    for bases in [ptr::null::<Base>(), ptr::dangling::<Base>().wrapping_byte_add(1)] {
        let mut spoiled = record("c++:1A", Vec::new());
        (spoiled.base_count, spoiled.bases) = (1, bases);
        assert_eq!(upcast::find(&classes, &spoiled, OBJECT), Err(Status::INVALID));
    }
}

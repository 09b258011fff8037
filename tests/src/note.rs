//! The build note of a finished file, read without loading it.

use std::fs;
use std::path::Path;

use interbind_abi::note::{self, Item, ModuleNote};
use object::{Object, ObjectSection};

/// Reads every note of a file; each must be understood.
pub fn items(file: &Path) -> Vec<Item> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let object = object::File::parse(&*bytes).expect("the linker wrote a sound file");
    let name = match object.format() {
        object::BinaryFormat::MachO => "__interbind",
        object::BinaryFormat::Pe => note::PE_SECTION,
        _ => note::ELF_SECTION,
    };
    let section = object.section_by_name(name).unwrap_or_else(|| panic!("{}: no {name}", file.display()));
    let found = note::read(section.data().expect("a sound section"));
    found.into_iter().map(|item| item.unwrap_or_else(|error| panic!("{}: {error}", file.display()))).collect()
}

/// Reads what the module says about itself: there is one, however many types it knows.
pub fn module(file: &Path) -> ModuleNote {
    let modules: Vec<_> = items(file)
        .into_iter()
        .filter_map(|item| match item {
            Item::Module(note) => Some(*note),
            Item::Type { .. } => None,
        })
        .collect();
    match <[ModuleNote; 1]>::try_from(modules) {
        Ok([note]) => note,
        Err(found) => panic!("{}: {} modules", file.display(), found.len()),
    }
}

/// The descriptors of the types that the file knows, sorted: the linker promises no order.
pub fn descriptors(file: &Path) -> Vec<String> {
    let mut found: Vec<_> = items(file)
        .into_iter()
        .filter_map(|item| match item {
            Item::Type { descriptor, .. } => Some(descriptor),
            Item::Module(_) => None,
        })
        .collect();
    found.sort();
    found
}

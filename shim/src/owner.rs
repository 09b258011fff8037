//! Who made a record, as a record that lives for ever: one for each module of this library, however often it's bound.
//!
//! A table names its maker until the process ends, also when the maker's interpreter is long gone. So owner records are
//! never freed, and never made twice. Called when a module binds; must not call Python.

use std::sync::Mutex;

use interbind_abi::Str;
use interbind_abi::owner::{OWNER, OwnerRecord};

use crate::identity::{COMPILER, PLATFORM, VERSION};
use crate::refusal::readable;

static OWNERS: Mutex<Vec<&'static OwnerRecord>> = Mutex::new(Vec::new());

/// Finds the record of that module, or makes it.
pub(crate) fn of(name: &'static str, version: &'static str, file: String) -> &'static OwnerRecord {
    let mut owners = OWNERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let same = |owner: &&&'static OwnerRecord| {
        readable(&owner.name) == name && readable(&owner.version) == version && readable(&owner.file) == file
    };
    if let Some(owner) = owners.iter().find(same) {
        return owner;
    }
    let owner = Box::leak(Box::new(OwnerRecord {
        header: OWNER.header::<OwnerRecord>(),
        name: Str::new(name),
        version: Str::new(version),
        file: Str::new(String::leak(file)),
        platform: Str::new(PLATFORM),
        interbind: Str::new(VERSION),
        compiler: Str::new(COMPILER),
    }));
    owners.push(owner);
    owner
}

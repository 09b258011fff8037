//! The doctor from the first byte to the published JSON: any bytes under a name that the bytes themselves give.
#![no_main]

use interbind_doctor::facts::Inspection;
use interbind_doctor::inspect::{Options, SCHEMA, inspect_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (name, bytes) = input;
    let options = Options { largest_member: 1 << 20, largest_archive: 4 << 20, memory: 1 << 20 };
    let (modules, problems) = inspect_bytes(name, bytes, &options);
    let said = Inspection { schema: SCHEMA.to_owned(), modules, problems };
    let json = serde_json::to_string(&said).expect("facts are plain data");
    assert_eq!(serde_json::from_str::<Inspection>(&json).expect("and can be read back"), said);
});

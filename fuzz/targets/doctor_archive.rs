//! The doctor's reader of wheels: any bytes as an archive, within bounds that a bomb would break.
#![no_main]

use interbind_doctor::inspect::{Options, inspect_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = Options { largest_member: 1 << 20, largest_archive: 4 << 20, memory: 1 << 20 };
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(bytes.strip_prefix(b"PK\x03\x04").unwrap_or(bytes));
    let (modules, _) = inspect_bytes("x-1.0-cp38-abi3-manylinux_2_17_x86_64.whl", &archive, &options);
    for module in modules {
        assert!(module.member.is_some() && module.size <= options.largest_member);
    }
});

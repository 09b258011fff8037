//! The doctor's reader of PE: any bytes behind its first ones, through everything that is said of a module.
#![no_main]

use interbind_doctor::inspect::{Options, inspect_bytes};
use libfuzzer_sys::fuzz_target;

const MAGIC: &[u8] = b"MZ";

fuzz_target!(|bytes: &[u8]| {
    let mut file = MAGIC.to_vec();
    file.extend(bytes.strip_prefix(MAGIC).unwrap_or(bytes));
    let (modules, problems) = inspect_bytes("x.cp313-win_amd64.pyd", &file, &Options::default());
    assert!(!modules.is_empty() || !problems.is_empty(), "something is said of every file");
});

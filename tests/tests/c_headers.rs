//! The C headers: what is checked in is what the records say, and every compiler reads it alike.
//!
//! `INTERBIND_HEADER=write cargo test -p interbind-tests --test c_headers` writes the generated one anew.

use std::{env, fs};

use interbind_tests::header;
use interbind_tests::package::repository;

#[test]
fn the_header_is_what_the_records_say() {
    let file = repository().join("shim/include/interbind/abi.h");
    let written = header::header();
    if env::var_os("INTERBIND_HEADER").is_some_and(|mode| mode == "write") {
        fs::write(&file, &written).expect("the header is writable");
    }
    let found = fs::read_to_string(&file).expect("the header is in the repository");
    assert!(found == written, "abi.h isn't what the records say; see the head of this file");
}

//! `fuzz/seeds`: what the fuzzers of the doctor begin with, packed as its tests pack what they spoil.

use super::Generated;

#[path = "../../../doctor/tests/pack/mod.rs"]
mod pack;

use pack::Member;

/// A seed for each of the doctor's fuzzers.
pub fn make() -> Vec<Generated> {
    let elf = pack::elf(&[(3, 2), (4, 1), (0, 0)], b"__nb_internals_%s_%s__\0");
    let pe = pack::pe(b"constants\0");
    let macho = pack::macho(Some(b"\0\x01_PyInit_x\0\x0c\x02\0\x04\0"), b"constants\0");
    let archive = pack::zip(&[Member::deflated("p/x.abi3.so", &elf), Member::stored("q/x.pyd", &pe)]);
    let mut named = b"x.abi3.so".to_vec();
    named.extend(&elf);
    let seeds = [
        ("doctor_elf/module", elf),
        ("doctor_macho/module", macho),
        ("doctor_pe/module", pe),
        ("doctor_archive/wheel", archive),
        ("doctor_whole/module", named),
    ];
    seeds.map(|(name, bytes)| Generated { path: format!("fuzz/seeds/{name}"), bytes }).into()
}

//! NumPy's C API: for which generation of it a module was compiled, and from which release on it is served.
//!
//! NumPy's headers leave a function in each module that fetches the table of the API. From 2.0 on it looks in `numpy._core` first, and
//! its message names the oldest NumPy that will do; such a module runs under NumPy 1 and 2. Headers before that look in
//! `numpy.core` alone, where NumPy 2 answers with an error. pybind11 has its own copy of a part of the API: before 2.12 it reads
//! NumPy's records as NumPy 1 lays them out.

use crate::binary::Image;
use crate::domain::loads;
use crate::facts::{
    Claim, Evidence, Format, Framework, FrameworkKind, Partner, PartnerKind, PartnerRole, Source,
};
use crate::frameworks::Seen;

/// The last series of NumPy 1.
const LAST_OF_1: &str = "1.26";
/// The modules that have the table, as headers of NumPy 1 name them.
const OLD: [&str; 2] = ["numpy.core._multiarray_umath", "numpy.core.multiarray"];
/// How far from the place where the message is loaded the number beside it may be.
const NEAR: usize = 64;

/// The number of the C API's state, and the first release that has it.
const RELEASES: [(u32, &str); 15] = [
    (0x6, "1.6"),
    (0x7, "1.7"),
    (0x8, "1.8"),
    (0x9, "1.9"),
    (0xa, "1.10"),
    (0xb, "1.13"),
    (0xc, "1.14"),
    (0xd, "1.16"),
    (0xe, "1.20"),
    (0xf, "1.22"),
    (0x10, "1.23"),
    (0x11, "1.25"),
    (0x12, "2.0"),
    (0x13, "2.1"),
    (0x14, "2.3"),
];

pub(super) fn find(seen: &Seen<'_, '_>, frameworks: &[Framework]) -> Option<Partner> {
    let whole = |mark: &str, text: &str| seen.places(mark).find(|at| seen.is_whole(*at, text));
    // Without the table's name nobody asks for it.
    let table = Evidence::bytes(whole("numpy-table", "_ARRAY_API")?, "_ARRAY_API");
    // Any character may come before it: a module that has this name was not compiled for NumPy 1 alone.
    let new = seen.places("numpy-new").find(|at| seen.is_at(*at, "numpy._core._multiarray_umath"));
    let old = OLD.iter().find_map(|name| Some((whole("numpy-old", name)?, *name)));
    let says = seen.holding("numpy-built-new").find(|(_, text)| text.contains("(NumPy "));
    let asks = |framework: FrameworkKind| frameworks.iter().any(|found| found.kind == framework);
    let through = [FrameworkKind::F2py, FrameworkKind::Cython].into_iter().find(|kind| asks(*kind));
    let mut partner = Partner {
        kind: PartnerKind::Numpy,
        role: PartnerRole::Needs,
        present: Claim::certain(true, [table.clone()]),
        generation: None,
        lowest: None,
        highest: None,
        through: Some(through.unwrap_or(FrameworkKind::Plain)),
    };
    let own = seen.exports(|name| name == "PyInit__multiarray_umath" || name == "PyInit_multiarray");
    if !own.is_empty() {
        return Some(Partner {
            role: PartnerRole::Brings,
            present: Claim::certain(true, own),
            through: None,
            ..partner
        });
    }
    if let Some(at) = new {
        let evidence = Evidence::bytes(at, "numpy._core._multiarray_umath");
        partner.generation = Some(Claim::certain("2".to_owned(), [evidence]));
        partner.lowest = says.and_then(|(at, text)| {
            let behind = text.split_once("(NumPy ")?.1.split_once(')')?.0;
            is_release(behind).then(|| Claim::certain(behind.to_owned(), [Evidence::bytes(at, text)]))
        });
        return Some(partner);
    }
    let (at, name) = old?;
    let evidence = Evidence::bytes(at, name);
    let built = seen.beginning("numpy-built-old").next();
    let of_1 = |evidence: Vec<Evidence>| {
        (
            Some(Claim::certain("1".to_owned(), evidence.clone())),
            Some(Claim::certain(LAST_OF_1.to_owned(), evidence)),
        )
    };
    if built.is_some() || says.is_some() {
        let proofs =
            vec![evidence, Evidence::new(Source::Table, "`numpy._core._multiarray_umath` is missing")];
        (partner.generation, partner.highest) = of_1(proofs);
        partner.lowest = match says {
            Some((at, text)) => text.split_once("(NumPy ").and_then(|(_, behind)| {
                let release = behind.split_once(')')?.0;
                is_release(release).then(|| Claim::certain(release.to_owned(), [Evidence::bytes(at, text)]))
            }),
            None => from_code(seen),
        };
        return Some(partner);
    }
    // pybind11 has no such function: it looks the table up by itself, and from 2.12 on asks `numpy.lib` for the version first.
    if asks(FrameworkKind::Pybind11) && name == OLD[1] && whole("numpy-lib", "numpy.lib").is_none() {
        let proofs =
            vec![evidence, Evidence::new(Source::Table, "`numpy.lib` is missing: pybind11 before 2.12")];
        (partner.generation, partner.highest) = of_1(proofs);
        partner.through = Some(FrameworkKind::Pybind11);
        return Some(partner);
    }
    None
}

fn is_release(text: &str) -> bool {
    let mut parts = text.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| {
            !part.is_empty() && part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    number(parts.next()) && number(parts.next()) && parts.clone().count() <= 1
}

/// Headers before 1.25 give the number to the message as an argument: it stands beside the place where the message is loaded.
fn from_code(seen: &Seen<'_, '_>) -> Option<Claim<String>> {
    let image = seen.image;
    let (at, text) = seen
        .beginning("numpy-built-old")
        .find(|(_, text)| text.starts_with("module compiled against API"))?;
    let mut found = Vec::new();
    for load in loads(image, image.address_of(at)?, 8) {
        found.extend(arguments(image, load));
    }
    found.dedup();
    let [(number, offset)] = found[..] else { return None };
    let (_, release) = RELEASES.iter().find(|(known, _)| *known == number)?;
    let proofs = [
        Evidence::bytes(at, text),
        Evidence { offset: Some(offset), ..Evidence::new(Source::Code, format!("C API {number:#x}")) },
    ];
    Some(Claim::likely(
        (*release).to_owned(),
        proofs,
        "the number stands beside the message that it belongs to; the code wasn't followed",
    ))
}

/// Numbers that are put into the third argument's register near a place.
fn arguments(image: &Image<'_>, near: u64) -> Vec<(u32, u64)> {
    let start = near.saturating_sub(NEAR as u64);
    let (Some(code), Some(offset)) = (image.at(start), image.offset_of(start)) else { return Vec::new() };
    let code = &code[..code.len().min(2 * NEAR)];
    let known = |number: &u32| RELEASES.iter().any(|(known, _)| known == number);
    let number = |at: usize| Some(u32::from_le_bytes(code.get(at..at + 4)?.try_into().ok()?));
    let mut found: Vec<(u32, u64)> = match (image.arch.name.as_str(), image.format) {
        // `mov edx, number`; Windows passes the third in `r8d`.
        ("x86_64", Format::Pe) => memchr::memmem::find_iter(code, &[0x41, 0xb8])
            .filter_map(|at| Some((number(at + 2)?, offset + at as u64)))
            .collect(),
        ("x86_64", _) => memchr::memchr_iter(0xba, code)
            .filter_map(|at| Some((number(at + 1)?, offset + at as u64)))
            .collect(),
        // `mov w2, number`.
        ("aarch64", _) => code
            .chunks_exact(4)
            .enumerate()
            .filter_map(|(at, word)| {
                let word = u32::from_le_bytes(word.try_into().ok()?);
                (word & 0xffe0_001f == 0x5280_0002).then_some((word >> 5 & 0xffff, offset + at as u64 * 4))
            })
            .collect(),
        _ => Vec::new(),
    };
    found.retain(|(number, _)| known(number));
    found.dedup_by_key(|(number, _)| *number);
    found
}

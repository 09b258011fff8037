//! The domain that a front end of nanobind names: it asks its back end for the state of that domain, in a call through the back end's table.
//!
//! `PyInit_x` hands the table's `module_new` the function that fills the module, and that function's first call is
//! `nb_module_init(domain, module)`: both through the table, whose slots no import fills. Other calls may lie between in no release.

use crate::binary::Image;
use crate::facts::{Claim, Domain, Evidence, Source};

use super::calls::{Argument, Calls, Made, To};
use super::resolve::{processor, text};

/// The arguments of the table's `module_new`: a name, a text, the function that fills the module, flags.
const FILL: usize = 2;

/// Says which domain a front end names, where its code proves it.
pub fn front_end_domain(image: &Image<'_>) -> Claim<Domain> {
    if processor(image).is_none() {
        return Claim::unknown(format!(
            "code for {} isn't followed, only for x86-64 and arm64",
            image.arch.name
        ));
    }
    match named(image) {
        Ok((name, evidence)) => Claim::certain(Domain { name }, evidence),
        Err(why) => Claim::unknown(why),
    }
}

/// A call through the table: one whose function isn't known.
fn by_table(made: &&Made<'_>) -> bool {
    made.to == To::Unknown
}

fn named(image: &Image<'_>) -> Result<(String, Vec<Evidence>), &'static str> {
    let calls = Calls::of(image).ok_or("code of this format isn't followed")?;
    let mut entries = image.exports.iter().filter(|export| export.name.starts_with("PyInit_"));
    let (Some(entry), None) = (entries.next(), entries.next()) else {
        return Err("the file has no entry point, or several");
    };
    let lost = "the code that asks the back end can't be followed";
    let at_start = calls.made(entry.address).ok_or(lost)?;
    let mut fills = at_start.iter().filter(by_table).filter_map(|made| {
        let function = made.number(FILL)?;
        calls.is_function(function).then_some(function)
    });
    let (Some(fill), None) = (fills.next(), fills.next()) else {
        return Err("its entry point hands the back end no function that fills the module");
    };
    let inside = calls.made(fill).ok_or(lost)?;
    let first =
        inside.first().filter(by_table).ok_or("the function that fills the module asks no back end first")?;
    let Some(Argument::Number(address)) = first.arguments.first().copied() else {
        return Err("what it passes to the back end is no constant");
    };
    let name = text(image, address).ok_or("what it passes to the back end is no text of this file")?;
    let call = format!("the call at {:#x} asks the back end for its state", first.address);
    let mut evidence =
        vec![Evidence { offset: image.offset_of(first.address), ..Evidence::new(Source::Code, call) }];
    if let Some(offset) = image.offset_of(address) {
        evidence.push(Evidence::bytes(offset, if name.is_empty() { "(empty)" } else { &name }));
    }
    Ok((name, evidence))
}

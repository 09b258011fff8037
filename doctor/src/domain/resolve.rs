//! The domain itself: what stands in the key's third place, followed from the call that builds the key back to a text.

use std::cell::RefCell;
use std::collections::BTreeSet;

use memchr::memmem;

use crate::binary::{Image, text_at};
use crate::facts::{Claim, Domain, Evidence, Format, Source};

use super::arm64::Arm64;
use super::functions::Functions;
use super::machine::{Atom, Processor, Value};
use super::place;
use super::trace::{Call, Code};
use super::x86::X86;

/// What the key is made of.
const FORMAT: &[u8] = b"__nb_internals_%s_%s__\0";

/// How the key starts in releases that have no domain.
const WHOLE_KEY: &[u8] = b"__nb_internals_v";

/// The domain's place among the arguments of the call that builds the key: behind the format and the tag.
const PLACE: usize = 2;

/// How many functions call each other between a module's start and the key, at most; two are usual.
const MOST_LEVELS: usize = 5;

/// More places than any module has; a file with more isn't followed to its end.
const MOST_PLACES: usize = 4096;

/// A domain is a word of a build script.
const LONGEST: usize = 256;

/// Says which domain a nanobind module is in, where the code that builds its key proves it.
pub fn domain(image: &Image<'_>) -> Claim<Domain> {
    let formats: Vec<u64> =
        memmem::find_iter(image.data, FORMAT).filter_map(|offset| image.address_of(offset as u64)).collect();
    if formats.is_empty() {
        return match memmem::find(image.data, WHOLE_KEY) {
            Some(offset) => {
                let evidence = Evidence::bytes(offset as u64, "a key without a domain: nanobind ≤ 1.3");
                Claim::certain(Domain { name: String::new() }, [evidence])
            }
            None => Claim::unknown("the key isn't built in this file"),
        };
    }
    let Some(processor) = processor(image) else {
        return Claim::unknown(format!(
            "code for {} isn't followed, only for x86-64 and arm64",
            image.arch.name
        ));
    };
    let code = Code { image, functions: Functions::of(image), processor, returning: RefCell::default() };
    match prove(&code, &formats) {
        Ok((name, evidence)) => Claim::certain(Domain { name }, evidence),
        Err(why) => Claim::unknown(why),
    }
}

pub(super) fn processor(image: &Image<'_>) -> Option<Box<dyn Processor>> {
    Some(match (image.arch.name.as_str(), image.format) {
        ("x86_64", Format::Pe) => Box::new(X86::Windows),
        ("x86_64", _) => Box::new(X86::SystemV),
        ("aarch64", Format::MachO) => Box::new(Arm64::Apple),
        ("aarch64", _) => Box::new(Arm64::Standard),
        _ => return None,
    })
}

/// The domain and what proves it, or why it isn't proved.
fn prove(code: &Code<'_, '_>, formats: &[u64]) -> Result<(String, Vec<Evidence>), String> {
    let loads: Vec<u64> =
        formats.iter().flat_map(|format| place::loads(code.image, *format, MOST_PLACES)).collect();
    if loads.is_empty() {
        return Err("no code was found that builds the key".to_owned());
    }
    let mut builders = BTreeSet::new();
    for load in loads {
        let piece = code.functions.holding(load);
        builders.insert(
            piece.ok_or("the code that builds the key lies in no function that the file lists")?.entry,
        );
    }
    let mut addresses = BTreeSet::new();
    let mut evidence = Vec::new();
    for builder in builders {
        let (call, found) = in_builder(code, formats, builder)?;
        let text = format!("the call at {call:#x} builds the key");
        evidence.push(Evidence { offset: code.image.offset_of(call), ..Evidence::new(Source::Code, text) });
        addresses.extend(found);
    }
    let mut names = BTreeSet::new();
    for address in addresses {
        let name =
            text(code.image, address).ok_or("what stands in the domain's place is no text of this file")?;
        if let Some(offset) = code.image.offset_of(address) {
            evidence.push(Evidence::bytes(offset, if name.is_empty() { "(empty)" } else { &name }));
        }
        names.insert(name);
    }
    let mut names = names.into_iter();
    match (names.next(), names.next()) {
        (Some(name), None) => Ok((name, evidence)),
        (Some(one), Some(other)) => Err(format!("the file has several domains: `{one}`, `{other}`")),
        (None, _) => Err("nobody in this file asks for the key".to_owned()),
    }
}

/// The text at an address; a null pointer is none.
pub(super) fn text(image: &Image<'_>, address: u64) -> Option<String> {
    let offset = usize::try_from(image.offset_of(address)?).ok()?;
    let bytes = image.data.get(offset..image.data.len().min(offset + LONGEST))?;
    let text = text_at(bytes, 0)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    plain.then(|| text.to_owned())
}

/// What stands in the domain's place in the function that builds the key: addresses of texts.
fn in_builder(code: &Code<'_, '_>, formats: &[u64], builder: u64) -> Result<(u64, BTreeSet<u64>), String> {
    let (call, value) = at_key(code, formats, builder, None)?;
    let argument = match value {
        Value::One(Atom::Const(address)) => return Ok((call, BTreeSet::from([address]))),
        Value::One(Atom::Arg(argument)) | Value::Two(Atom::Arg(argument), Atom::Const(_)) => argument,
        Value::Two(Atom::Const(_), Atom::Arg(argument)) => argument,
        _ => {
            return Err(format!("the domain at the call at {call:#x} comes from where it can't be followed"));
        }
    };
    let mut given = BTreeSet::new();
    callers(code, builder, argument, &mut BTreeSet::new(), &mut given)?;
    // With the argument known, so are the ways that depend on it: a null pointer stands for the empty text.
    let mut found = BTreeSet::new();
    for number in given {
        match at_key(code, formats, builder, Some((argument, number)))?.1 {
            Value::One(Atom::Const(address)) => found.insert(address),
            _ => {
                return Err(format!(
                    "the domain at the call at {call:#x} isn't what its function was called with"
                ));
            }
        };
    }
    Ok((call, found))
}

/// The call that builds the key, and what stands in the domain's place there.
fn at_key(
    code: &Code<'_, '_>,
    formats: &[u64],
    builder: u64,
    given: Option<(u8, u64)>,
) -> Result<(u64, Value), String> {
    let format = code.processor.arguments()[0];
    let mut found: Option<(u64, Value)> = None;
    let builds_key = |call: &Call<'_>| match call.state.get(format) {
        Value::One(Atom::Const(address)) => formats.contains(&address),
        _ => false,
    };
    let followed = code.follow(builder, given, &builds_key, &mut |call: &Call<'_>| {
        if builds_key(call) {
            let value = code.processor.variable(call.state, PLACE, 1);
            found = Some(match found {
                Some((first, before)) => (first, before.join(value)),
                None => (call.address, value),
            });
        }
    });
    followed.map_err(|lost| lost.to_string())?;
    found.ok_or_else(|| format!("the function at {builder:#x} doesn't visibly call with the key's format"))
}

/// Collects what a function is called with in an argument's place, through as many levels as it takes.
fn callers(
    code: &Code<'_, '_>,
    function: u64,
    argument: u8,
    seen: &mut BTreeSet<(u64, u8)>,
    found: &mut BTreeSet<u64>,
) -> Result<(), String> {
    if !seen.insert((function, argument)) {
        return Ok(());
    }
    if seen.len() > MOST_LEVELS {
        return Err("the domain is handed through too many functions".to_owned());
    }
    let taken = code.image.pointers().to(code.image, &[function], MOST_PLACES);
    let is_loaded = !place::loads(code.image, function, 1).is_empty();
    if is_loaded || taken.iter().any(|slot| !in_unused_table(code, *slot)) {
        return Err(format!("the function at {function:#x} may be called by its address"));
    }
    let sites = place::calls(code.image, function, MOST_PLACES);
    if sites.is_empty() {
        return Err(format!("nobody visibly calls the function at {function:#x}"));
    }
    let register =
        *code.processor.arguments().get(usize::from(argument)).ok_or("an argument without a register")?;
    let mut entries = BTreeSet::new();
    for site in &sites {
        let piece = code.functions.holding(*site);
        entries.insert(piece.ok_or("a caller lies in no function that the file lists")?.entry);
    }
    let (mut followed, mut values) = (BTreeSet::new(), Vec::new());
    for entry in entries {
        let here = sites
            .iter()
            .filter(|site| code.functions.holding(**site).is_some_and(|piece| piece.entry == entry));
        let is_only = here.count() == 1;
        let last = |call: &Call<'_>| is_only && call.target == Some(function);
        let done = code.follow(entry, None, &last, &mut |call: &Call<'_>| {
            if call.target == Some(function) {
                followed.insert(call.address);
                values.push((entry, call.state.get(register)));
            }
        });
        done.map_err(|lost| lost.to_string())?;
    }
    if let Some(missed) = sites.iter().find(|site| !followed.contains(site)) {
        return Err(format!("the call at {missed:#x} isn't on any way that can be followed"));
    }
    for (entry, value) in values {
        match value {
            Value::One(Atom::Const(number)) => {
                found.insert(number);
            }
            Value::One(Atom::Arg(argument)) => callers(code, entry, argument, seen, found)?,
            _ => return Err(format!("what the function at {function:#x} is called with can't be followed")),
        }
    }
    Ok(())
}

/// Whether a pointer stands in a table of a back end's functions that nothing in the file refers to: builds without
/// optimization keep one.
///
/// The table starts with the number of slots, a version below 100, and four zeros, each function being a slot.
fn in_unused_table(code: &Code<'_, '_>, slot: u64) -> bool {
    let is_start = |start: u64| {
        let Some([low, high, minor, 0, 0, 0, 0, 0]) = code.image.at(start).and_then(|bytes| bytes.get(..8))
        else {
            return false;
        };
        let count = u64::from(u16::from_le_bytes([*low, *high]));
        *minor < 100 && count > 0 && start + 8 * count >= slot
    };
    let start = (1..512).filter_map(|slots| slot.checked_sub(slots * 8)).find(|start| is_start(*start));
    start.is_some_and(|start| {
        let points_there = code.image.pointers().to(code.image, &[start], 1);
        place::loads(code.image, start, 1).is_empty() && points_there.is_empty()
    })
}

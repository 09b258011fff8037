//! The calls by which modules hand functions, classes and capsules to each other, read from the constants that they pass. Cython
//! puts a helper into each module for each of these; a helper is known by what it is called with.
//!
//! | what | called with |
//! |---|---|
//! | a function is given | its name, its address, its signature |
//! | functions are given or taken, from 3.2 on | in a loop: a module or a dict, a name, an address, a signature |
//! | a function is taken | a module that was imported, the name, a place for the address, the signature |
//! | a class is taken | a module, its name, the class, the size, the alignment, what to do where it differs |

use std::collections::{BTreeMap, BTreeSet};

use crate::binary::{Image, Kind, Section};
use crate::domain::{Argument, Calls, Made, To};
use crate::facts::{CApi, CFunction, Capsule, Evidence, ExpectedClass, Larger, Source, TakenFunction};

use super::classes::is_identifier;
use super::packed::{Place, Texts};

/// More bytes of code than are worth following in one file.
const MOST_FOLLOWED: u64 = 1 << 19;
/// No signature is longer.
const LONGEST: usize = 4096;
/// No object of a class is larger.
const LARGEST: u64 = 1 << 20;
/// More pointers than any table has.
const MOST_ENTRIES: u64 = 4096;

/// Fills in what the calls tell.
pub(super) fn read(image: &Image<'_>, cython: bool, found: &mut CApi) {
    const CAPSULES: [&str; 2] = ["PyCapsule_New", "PyCapsule_Import"];
    let asks = |name: &&str| CAPSULES.contains(name) || cython && *name == "PyImport_ImportModule";
    let asked: Vec<&str> = image.imports.iter().copied().filter(asks).collect();
    if asked.is_empty() {
        return;
    }
    let Some(calls) = Calls::of(image) else { return };
    let mut entries = calls.callers_of(&asked);
    if cython {
        for text in memchr::memmem::find_iter(image.data, b"\0__pyx_capi__\0").take(4) {
            for helper in
                image.address_of(text as u64 + 1).into_iter().flat_map(|text| calls.loaders_of(text))
            {
                entries.extend(calls.callers(helper));
            }
        }
    }
    let reader = Reader { image, cython };
    let mut packed: Vec<Packed> = Vec::new();
    let mut texts: Option<Texts<'_>> = None;
    // A helper gives functions if all its calls can be read: else some may be missing.
    let mut given: BTreeMap<u64, Vec<CFunction>> = BTreeMap::new();
    let mut read: BTreeMap<u64, usize> = BTreeMap::new();
    let mut done = BTreeSet::new();
    let mut followed = 0;
    for entry in entries {
        followed += calls.length(entry);
        let made = if followed > MOST_FOLLOWED { None } else { calls.made(entry) };
        let Some(made) = made else { continue };
        done.insert(entry);
        let modules: BTreeMap<u64, &str> =
            made.iter().filter_map(|call| Some((call.address, reader.imported_module(call)?))).collect();
        for call in &made {
            if let To::Here(helper) = call.to {
                *read.entry(helper).or_default() += 1;
                if let Some(function) = reader.given(call) {
                    given.entry(helper).or_default().push(function);
                }
                packed.extend(reader.packed(call, &made, &modules));
                if let Some((place, length, whole)) = reader.compressed(call) {
                    let texts = texts.get_or_insert_with(|| Texts::of(image));
                    texts.add(image.at(place).unwrap_or_default(), length, whole);
                }
            }
            found.takes.extend(reader.taken(call, &modules));
            found.expects.extend(reader.expected(call));
            reader.capsules(call, found);
        }
    }
    let mut whole = true;
    for (helper, functions) in given {
        whole &= read.get(&helper) == Some(&functions.len()) && calls.callers(helper).is_subset(&done);
        found.gives.extend(functions);
    }
    if !packed.is_empty() {
        whole &= unpack(packed, texts.unwrap_or_else(|| Texts::of(image)), found);
    }
    // A part of a list would have others missing.
    if !whole {
        found.gives.clear();
        found.open.clear();
    }
    found.gives.sort();
    found.gives.dedup();
    found.takes.sort();
    found.takes.dedup();
    for capsules in [&mut found.capsules, &mut found.asks] {
        capsules.sort();
        capsules.dedup();
    }
}

/// Functions that are given, or taken from a module, packed in one text.
struct Packed {
    /// None: they are given.
    module: Option<String>,
    /// How long the signatures are.
    length: usize,
}

/// Whether all that is given was found.
fn unpack(packed: Vec<Packed>, texts: Texts<'_>, found: &mut CApi) -> bool {
    let mut whole = true;
    for Packed { module, length } in packed {
        let functions = match texts.functions(length) {
            Place::One(functions) => functions,
            // Variables are packed in the same way, with types instead of signatures.
            Place::None => continue,
            Place::Several => {
                whole &= module.is_some();
                continue;
            }
        };
        if module.is_none() {
            found.open.push(functions.open);
        }
        for (name, signature) in functions.whole {
            match &module {
                None => found.gives.push(CFunction { name, signature }),
                Some(module) => {
                    found.takes.push(TakenFunction { module: module.clone(), name, signature });
                }
            }
        }
    }
    whole
}

struct Reader<'i, 'a> {
    image: &'i Image<'a>,
    cython: bool,
}

impl<'a> Reader<'_, 'a> {
    /// The text that an argument points to.
    fn text(&self, call: &Made<'_>, place: usize) -> Option<&'a str> {
        let bytes = self.image.at(call.number(place)?)?;
        let end = bytes.iter().take(LONGEST).position(|byte| *byte == 0)?;
        let text = std::str::from_utf8(&bytes[..end]).ok()?;
        text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)).then_some(text)
    }

    fn kind(&self, address: u64) -> Option<Kind> {
        let inside = |section: &&Section<'_>| {
            address.checked_sub(section.address).is_some_and(|distance| distance < section.size)
        };
        self.image.sections.iter().find(inside).map(|section| section.kind)
    }

    fn imported_module(&self, call: &Made<'_>) -> Option<&'a str> {
        (call.to == To::Import("PyImport_ImportModule")).then(|| self.text(call, 0))?
    }

    fn given(&self, call: &Made<'_>) -> Option<CFunction> {
        if !self.cython || self.kind(call.number(1)?) != Some(Kind::Code) {
            return None;
        }
        let (name, signature) = (self.text(call, 0)?, self.text(call, 2)?);
        (is_identifier(name) && is_signature(signature))
            .then(|| CFunction { name: name.to_owned(), signature: signature.to_owned() })
    }

    fn taken(&self, call: &Made<'_>, modules: &BTreeMap<u64, &str>) -> Option<TakenFunction> {
        let Argument::Result(import) = call.arguments.first()? else { return None };
        let module = modules.get(import).filter(|_| matches!(call.to, To::Here(_)))?;
        let (name, signature) = (self.text(call, 1)?, self.text(call, 3)?);
        call.number(2).filter(|place| self.image.is_loaded(*place))?;
        (is_identifier(name) && is_signature(signature)).then(|| TakenFunction {
            module: (*module).to_owned(),
            name: name.to_owned(),
            signature: signature.to_owned(),
        })
    }

    /// A call in a loop over a text of names and signatures: where in the text the first of each stand says how long the signatures
    /// are.
    fn packed(&self, call: &Made<'_>, made: &[Made<'_>], modules: &BTreeMap<u64, &str>) -> Option<Packed> {
        let [Argument::Result(from), Argument::Loaded(text, name), _, Argument::Loaded(same, signature), ..] =
            call.first[..]
        else {
            return None;
        };
        // The bytes of a `bytes` object begin behind its head.
        if !self.cython || text != same || !matches!(signature, 32 | 48) {
            return None;
        }
        let length = usize::try_from(name.checked_sub(signature)?.checked_sub(1)?).ok()?;
        let module = modules.get(&from).map(|module| (*module).to_owned());
        // What isn't taken from a module by its name goes into the module's own dict.
        let imported = made.iter().any(|call| {
            call.address == from && matches!(call.to, To::Import(name) if name.starts_with("PyImport_"))
        });
        (module.is_some() || !imported).then_some(Packed { module, length })
    }

    /// A call that decompresses the module's texts: where they stand, how long they are, and how long they become.
    fn compressed(&self, call: &Made<'_>) -> Option<(u64, usize, usize)> {
        let (place, length, whole) = (call.number(0)?, call.number(1)?, call.number(2)?);
        let is = self.cython && self.kind(place) == Some(Kind::ReadOnly) && length > 16 && length < whole;
        Some((place, usize::try_from(length).ok()?, usize::try_from(whole).ok()?)).filter(|_| is)
    }

    fn expected(&self, call: &Made<'_>) -> Option<ExpectedClass> {
        if !self.cython || !matches!(call.to, To::Here(_)) {
            return None;
        }
        let (module, class, size) = (self.text(call, 1)?, self.text(call, 2)?, call.number(3)?);
        if !module.split('.').all(is_identifier) || !is_identifier(class) || !(8..=LARGEST).contains(&size) {
            return None;
        }
        let larger = |value: Option<u64>| match value {
            Some(0) => Some(Larger::Refused),
            Some(1) => Some(Larger::Warned),
            Some(2) => Some(Larger::Taken),
            _ => None,
        };
        let (alignment, larger) = match call.number(4) {
            Some(alignment @ (4 | 8 | 16 | 32 | 64)) => (alignment, larger(call.number(5))),
            // Compilers leave out what is the same in all calls; releases before 0.29.31 had no alignment.
            value => (8, Some(larger(value)?)),
        };
        let text = format!("the call at {:#x} takes {module}.{class} to be of {size} bytes", call.address);
        let offset = self.image.offset_of(call.address);
        let evidence = Evidence { offset, ..Evidence::new(Source::Code, text) };
        let (module, class) = (module.to_owned(), class.to_owned());
        Some(ExpectedClass { module, class, size, alignment, larger, evidence })
    }

    fn capsules(&self, call: &Made<'_>, found: &mut CApi) {
        let (to, place) = match call.to {
            To::Import("PyCapsule_Import") => (&mut found.asks, 0),
            To::Import("PyCapsule_New") => (&mut found.capsules, 1),
            _ => return,
        };
        // Names without a dot can't be asked for.
        let Some(name) = self.text(call, place).filter(|name| name.contains('.')) else { return };
        if name.split('.').all(is_identifier) {
            let entries = if place == 1 { self.entries(call) } else { None };
            to.push(Capsule { name: name.to_owned(), entries });
        }
    }

    /// How many pointers stand one behind the other in the table that a capsule holds.
    fn entries(&self, call: &Made<'_>) -> Option<u64> {
        let table = call.number(0)?;
        let width = u64::from(self.image.arch.bits / 8);
        let pointers = self.image.pointers();
        let is = |at: &u64| pointers.at(self.image, table.wrapping_add(at * width)).is_some();
        let count = (0..MOST_ENTRIES).take_while(is).count() as u64;
        (count > 0).then_some(count)
    }
}

/// Cython writes a function's signature as C does, without names.
pub(super) fn is_signature(text: &str) -> bool {
    text.contains('(') && (text.ends_with(')') || text.ends_with("nogil"))
}

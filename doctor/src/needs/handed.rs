//! What an entry point's code hands to Python, as statements: for modules whose slots are written when they are imported.

use crate::binary::Image;
use crate::facts::{Claim, EntryPoint, Evidence, Gil, Interpreters, Source};
use crate::init::{self, Handed};

use super::slots::{GIL, MULTIPLE_INTERPRETERS};

const LOST: &str =
    "the entry point's code says so as far as it was followed, but not every way through it was";

/// What was handed over at the end of every way that was followed.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    handed: Handed,
    /// Whether every way was followed.
    whole: bool,
    evidence: Evidence,
}

/// Follows the entry point that is called as the file.
pub(super) fn followed(image: &Image<'_>, entries: &[EntryPoint], file: &str) -> Option<Followed> {
    let stem = file.split('.').next().unwrap_or(file);
    let named = |entry: &&EntryPoint| entry.symbol.starts_with("PyInit_");
    let entry = entries.iter().filter(named).find(|entry| entry.module == stem).or_else(|| {
        let mut all = entries.iter().filter(named);
        all.next().filter(|_| all.next().is_none())
    })?;
    let address = image.exports.iter().find(|export| export.name == entry.symbol)?.address;
    let (handed, whole) = init::handed_over(image, address, &entry.module)?;
    let text = match &handed {
        Handed::Slots(slots) => {
            let slot = |(number, value): &(u16, Option<u64>)| match value {
                Some(value) if *value < 16 => format!("{number} = {value}"),
                _ => number.to_string(),
            };
            let slots: Vec<String> = slots.iter().map(slot).collect();
            format!("{} hands over the slots {}", entry.symbol, slots.join(", "))
        }
        Handed::Module(Some(value)) => {
            format!("{} calls PyUnstable_Module_SetGIL with {value}", entry.symbol)
        }
        Handed::Module(None) => format!("{} makes the module in one step", entry.symbol),
    };
    let evidence = Evidence { offset: image.offset_of(address), ..Evidence::new(Source::Code, text) };
    Some(Followed { handed, whole, evidence })
}

impl Followed {
    /// What it says of the GIL.
    pub(super) fn gil(&self) -> Option<Claim<Gil>> {
        let value = match &self.handed {
            Handed::Slots(slots) => match slots.iter().find(|(number, _)| GIL.contains(number)) {
                Some((_, Some(1))) => Gil::NotUsed,
                Some((_, Some(0))) | None => Gil::Used,
                Some(_) => return None,
            },
            Handed::Module(Some(1)) => Gil::NotUsed,
            Handed::Module(Some(0)) => Gil::Used,
            Handed::Module(_) => return None,
        };
        Some(self.claim(value))
    }

    /// What it says of sub-interpreters.
    pub(super) fn interpreters(&self) -> Option<Claim<Interpreters>> {
        let Handed::Slots(slots) = &self.handed else { return None };
        let value = match slots.iter().find(|(number, _)| MULTIPLE_INTERPRETERS.contains(number)) {
            Some((_, Some(0))) => Interpreters::MainOnly,
            // What Python takes where nothing is said.
            Some((_, Some(1))) | None => Interpreters::SharedGil,
            Some((_, Some(2))) => Interpreters::PerInterpreterGil,
            Some(_) => return None,
        };
        Some(self.claim(value))
    }

    fn claim<T>(&self, value: T) -> Claim<T> {
        let evidence = [self.evidence.clone()];
        if self.whole { Claim::certain(value, evidence) } else { Claim::likely(value, evidence, LOST) }
    }
}

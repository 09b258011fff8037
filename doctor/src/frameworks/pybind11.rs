//! pybind11: one statement for each number of shared state in the file. Only a key, or a function record's type name, is
//! proof: headers of libraries that use pybind11 leave its name in many files that hold nothing of it.

use std::collections::BTreeMap;

use crate::facts::{Claim, Conduit, Evidence, Framework, FrameworkKind};
use crate::ids::{self, Id};
use crate::versions::{Candidates, Form, TABLE};

use super::releases;
use super::seen::{Seen, framework, text_evidence};

/// What gil_safe_call_once puts behind the key, with the key's own end: `call_once_storage__`, of late
/// `call_onl_once_storage__`.
const CALL_ONCE: &str = "___call_on";

/// What releases from 3.0.1 on put before the function record's name.
const QUALIFIER: &str = "pybind11_builtins.";

/// An id and its place.
type Placed = (u64, Id);

pub(super) fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let keys = keys(seen);
    let locals: Vec<Placed> = read(seen.from("pybind11-local"), ids::pybind11_module_local);
    let records: Vec<Placed> = records(seen);
    let mut groups: BTreeMap<Option<u32>, Vec<&Placed>> = BTreeMap::new();
    for placed in keys.iter().chain(&locals) {
        groups.entry(placed.1.number()).or_default().push(placed);
    }
    if groups.is_empty() && !records.is_empty() {
        groups.insert(None, Vec::new());
    }
    let alone = groups.len() == 1;
    groups.into_iter().map(|(number, ids)| group(seen, number, &ids, &records, alone)).collect()
}

fn read<'t>(texts: impl Iterator<Item = (u64, &'t str)>, parse: fn(&str) -> Option<Id>) -> Vec<Placed> {
    let mut found: Vec<Placed> = texts.filter_map(|(at, text)| Some((at, parse(text)?))).collect();
    let mut known = Vec::new();
    found.retain(|(_, id)| {
        let new = !known.contains(id);
        if new {
            known.push(id.clone());
        }
        new
    });
    found
}

/// The keys of shared state; those from before 2.2 where there is no other.
fn keys(seen: &Seen<'_, '_>) -> Vec<Placed> {
    let whole = seen.from("pybind11-internals").map(|(at, text)| {
        let end = text.find(CALL_ONCE).map_or(text.len(), |end| end + "__".len());
        (at, &text[..end])
    });
    let found = read(whole, ids::pybind11_key);
    if found.is_empty() { read(seen.beginning("pybind11-own"), ids::pybind11_key) } else { found }
}

/// The function record's type names. The qualified one ends in the other, and linkers may keep only the longer.
fn records(seen: &Seen<'_, '_>) -> Vec<Placed> {
    let whole = seen.from("pybind11-record").map(|(at, text)| match at.checked_sub(QUALIFIER.len() as u64) {
        Some(start) if seen.printable(start, QUALIFIER.len()) == QUALIFIER => {
            (start, seen.text(start).unwrap_or(text))
        }
        _ => (at, text),
    });
    read(whole, ids::pybind11_function_record)
}

fn group(
    seen: &Seen<'_, '_>,
    number: Option<u32>,
    ids: &[&Placed],
    records: &[Placed],
    alone: bool,
) -> Framework {
    // Type names have no number; they belong to the one group there is.
    let records: &[Placed] = if alone { records } else { &[] };
    let evidence = |placed: &Placed| text_evidence(placed.0, &placed.1.to_string());
    let proofs: Vec<Evidence> = ids.iter().copied().chain(records).take(2).map(evidence).collect();
    let mut found = framework(FrameworkKind::Pybind11, Claim::certain(true, proofs.clone()));
    found.internals = Some(match number {
        Some(number) => Claim::certain(number, proofs.first().cloned()),
        None => Claim::unknown("the file has no key with a number"),
    });
    let (version, left) = releases::range(seen, &TABLE.pybind11, candidates(ids, records), proofs, alone);
    found.version = version;
    if let Some(number) = number.filter(|_| found.version.value.is_none()) {
        found.version.why = Some(format!("no release that we know has internals {number}"));
    }
    found.conduit = Some(conduit(seen, &left, ids, records));
    for placed in ids.iter().copied().chain(records) {
        found.ids.push(Claim::certain(placed.1.facts(), [evidence(placed)]));
    }
    found.warnings = ids.first().map_or_else(Vec::new, |(_, id)| warnings(id));
    if matches!(number, Some(9 | 10)) {
        found.warnings.push(format!("internals {} were written by pre-releases alone", number.unwrap_or(0)));
    }
    found
}

/// The releases that write such an id.
pub(super) fn writers(id: &Id) -> Candidates<'static> {
    let all = Candidates::all(&TABLE.pybind11);
    let left = match id.number() {
        Some(number) => all.keep(|r| r.internals.has(number)),
        None => {
            let line = format!("{}.{}.", id.part("major"), id.part("minor"));
            all.keep(|r| r.version.starts_with(&line))
        }
    };
    if id.overridden().is_empty() { left.keep(|r| fits(id, r.form)) } else { left }
}

/// The releases that write such ids.
fn candidates(ids: &[&Placed], records: &[Placed]) -> Candidates<'static> {
    let mut left = match ids.first() {
        Some((_, id)) => writers(id),
        None => Candidates::all(&TABLE.pybind11).keep(|r| r.form == Form::System),
    };
    // From 3.0.1 on there are both names, before that only the bare one.
    if let (false, Some(mark)) = (records.is_empty(), TABLE.pybind11.mark("__pybind11_module_cache")) {
        let qualified = records.iter().any(|(_, id)| id.to_string().starts_with(QUALIFIER));
        left = if qualified { left.having(mark) } else { left.lacking(mark) };
    }
    left
}

/// Whether a release of this form writes such an id.
fn fits(id: &Id, form: Form) -> bool {
    match (id.part("compiler"), id.part("build-abi")) {
        ("", _) => form == Form::Bare || form == Form::Debug,
        (_, abi) if abi.starts_with("mscver") => form == Form::NamedMscver,
        ("msvc", "") => form == Form::Named,
        _ => form != Form::Bare && form != Form::Debug,
    }
}

fn conduit(seen: &Seen<'_, '_>, left: &[String], ids: &[&Placed], records: &[Placed]) -> Claim<Conduit> {
    let method = seen.places("pybind11-conduit").find(|at| seen.is_at(*at, "_pybind11_conduit_v1_"));
    let absent = Conduit { present: false, platform: None };
    if let Some(at) = method {
        let platform = platform(ids, records);
        return Claim::certain(
            Conduit { present: true, platform },
            [text_evidence(at, "_pybind11_conduit_v1_")],
        );
    }
    let of = |version: &String| TABLE.pybind11.position(version).map(|at| &TABLE.pybind11.releases[at]);
    let releases = || left.iter().filter_map(of);
    if releases().next().is_some() && releases().all(|r| r.conduit) {
        return Claim::likely(
            absent,
            [],
            "its release has the conduit, but the name of its method is nowhere in the file",
        );
    }
    let missing = Evidence::new(crate::facts::Source::Table, "`_pybind11_conduit_v1_` is missing");
    Claim::certain(absent, [missing])
}

/// What the conduit compares. A type name ends in it, to the letter; in a key an underscore may be missing.
fn platform(ids: &[&Placed], records: &[Placed]) -> Option<String> {
    if let Some((_, id)) = records.first() {
        let text = id.to_string();
        let from = text.find(ids::FUNCTION_RECORD_PREFIX)? + ids::FUNCTION_RECORD_PREFIX.len();
        let digits = text[from..].bytes().take_while(u8::is_ascii_digit).count();
        return text[from + digits..].strip_prefix('_').map(str::to_owned);
    }
    let (_, id) = ids.first()?;
    let text = id.to_string();
    let middle = text.strip_prefix(ids::INTERNALS_PREFIX)?.strip_suffix("__")?;
    let platform = middle.trim_start_matches(|c: char| c.is_ascii_digit());
    let system = id.number().is_some_and(|n| n >= 9) && !id.overridden().contains(&"compiler");
    Some(if system { platform.strip_prefix('_').unwrap_or(platform) } else { platform }.to_owned())
}

/// What weakens an id, or isolates its module from most others.
pub(super) fn warnings(id: &Id) -> Vec<String> {
    let mut found = Vec::new();
    let (compiler, abi) = (id.part("compiler"), id.part("build-abi"));
    if compiler == "msvc" && abi.is_empty() {
        found.push(
            "its key names no compiler version: builds by any Microsoft compiler share it, fitting or not"
                .to_owned(),
        );
    }
    if abi.starts_with("mt_mscver") {
        found.push(
            "it links the C runtime statically (/MT): it shares with the same compiler version alone"
                .to_owned(),
        );
    }
    if abi.ends_with("use_cxx11_abi_0") {
        found.push("it is built with libstdc++'s old ABI (_GLIBCXX_USE_CXX11_ABI=0): it shares with no build of today's".to_owned());
    }
    if id.part("debug") == "debug" {
        found.push("it is a debug build for the C++ library: it shares with no release build".to_owned());
    }
    if !id.overridden().is_empty() {
        found.push(format!("set by hand in its id: {}", id.overridden().join(", ")));
    }
    found
}

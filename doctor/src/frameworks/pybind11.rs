//! pybind11: one statement for each number of shared state in the file. Only a key, or a function record's type name, is
//! proof: headers of libraries that use pybind11 leave its name in many files that hold nothing of it.

use std::collections::BTreeMap;

use crate::compare::{State, Verdict, align, ids as ids_of, proved, tell};
use crate::facts::{AbiId, Claim, Conduit, Evidence, Framework, FrameworkKind, Module, Picklable};
use crate::ids::{self, Id, IdKind};
use crate::versions::{Candidates, Form, TABLE};

use super::profile::{By, Pickling, Profile, Registry, Shared};
use super::releases;
use super::seen::{Seen, framework, text_evidence};

/// What gil_safe_call_once puts behind the key, with the key's own end: `call_once_storage__`, of late
/// `call_onl_once_storage__`.
const CALL_ONCE: &str = "___call_on";

/// What releases from 3.0.1 on put before the function record's name.
const QUALIFIER: &str = "pybind11_builtins.";

/// An id and its place.
type Placed = (u64, Id);

/// What there is to know of pybind11.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("pybind11-internals", b"__pybind11_internals_v"),
        ("pybind11-local", b"__pybind11_module_local_v"),
        ("pybind11-own", b"__pybind11_"),
        ("pybind11-record", b"pybind11_detail_function_record_v"),
        ("pybind11-conduit", b"_pybind11_conduit_v1_"),
        // The seeds of marks; see `releases`.
        ("pybind11-detail", b"pybind11::detail::"),
        ("pybind11-get", b"get_internals: "),
        ("pybind11-nested", b"Caught an unknown nested exception!"),
        ("pybind11-module", b"Internal error in module"),
        ("pybind11-init", b"__init__(self, ...) called with"),
        ("pybind11-ready", b"PyType_Ready failed in make_object_base_type"),
        ("pybind11-capsule", b"pybind11_function_record_capsule"),
        ("pybind11-patients", b"FATAL: Internal consistency check failed"),
        ("pybind11-buffer", b"FATAL UNEXPECTED SITUATION: tinfo"),
        ("pybind11-numpy", b"FAILURE obtaining numpy _ARRAY_API"),
    ],
    ids: &[
        IdKind::Pybind11Key,
        IdKind::Pybind11ModuleLocal,
        IdKind::Pybind11FunctionRecord,
        IdKind::Pybind11Platform,
    ],
    writers: |id| match id.kind {
        IdKind::Pybind11Platform => None,
        _ => writers(id).range(),
    },
    pickling,
    package: Some("pybind11"),
    ..Profile::of(
        FrameworkKind::Pybind11,
        find,
        Registry::Shared(Shared {
            by: By::Id,
            state,
            conduit: true,
            live: true,
            unknown_base: "a class on the other's base fails: `referenced unknown base type`",
            newer: "pybind11>=3.1",
            together,
        }),
    )
};

/// The functions became picklable with the change of the internals from 8 to 9.
fn pickling(framework: &Framework) -> Pickling {
    let (functions, why) = match framework.internals.as_ref().and_then(|claim| claim.value) {
        Some(internals) if internals >= 9 => {
            (Picklable::Yes, "functions load by `eval`; methods: cannot pickle 'instancemethod' object")
        }
        Some(_) => (Picklable::No, "cannot pickle 'PyCapsule' object"),
        None => (Picklable::Unknown, "functions only from pybind11 3.0 on"),
    };
    Pickling { functions, methods: Picklable::No, why }
}

/// What keeps two packages together.
fn together(differ: &[&str], both: &str) -> Option<String> {
    let has = |name: &str| differ.iter().any(|part| part.contains(name));
    Some(if has("build-abi") || has("stdlib") || has("compiler") {
        format!(
            "build {both} with one compiler family and one C++ library; on Linux the same `_GLIBCXX_USE_CXX11_ABI`"
        )
    } else {
        format!("build {both} with pybind11 3.0 or newer; its conduit passes objects between releases")
    })
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let keys = keys(seen);
    let locals: Vec<Placed> = read(seen.from("pybind11-local"), ids::pybind11_module_local);
    let records: Vec<Placed> = records(seen);
    // Other layers give their classes the local key, so that pybind11 asks them; pybind11's own code always has its state's key too.
    let locals = if keys.is_empty() && records.is_empty() { Vec::new() } else { locals };
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

/// The kind of id that decides.
const KEY: &str = "internals-key";

/// The first release whose state fits free-threaded builds of today: 2.13.0 and 2.13.1 lay it out otherwise under one key.
const FREE_THREADED_SINCE: (u32, u32, u32) = (2, 13, 2);

/// Compares both keys.
fn state(a: (&Module, &Framework), b: (&Module, &Framework)) -> State {
    let (first, second) = (proved_keys(a.1), proved_keys(b.1));
    let all_known = |framework: &Framework, known: &[&AbiId]| {
        ids_of(framework, KEY).len() == known.len() && !known.is_empty()
    };
    if !all_known(a.1, &first) || !all_known(b.1, &second) {
        let key = align(FrameworkKind::Pybind11, KEY, first.first().copied(), second.first().copied());
        let keys = if key.a.is_none() && key.b.is_none() { Vec::new() } else { vec![key] };
        return State::new(Verdict::Unknown, "but no internals key is certain in at least one of them", keys);
    }
    // A file with several copies of pybind11 has several keys; which function belongs to which isn't known.
    let common = first.iter().find(|key| second.iter().any(|other| other.text == key.text));
    let (one, other) = match common {
        Some(&key) => (key, key),
        None => (first[0], second[0]),
    };
    let key = align(FrameworkKind::Pybind11, KEY, Some(one), Some(other));
    match common {
        None => State::new(Verdict::Isolated, format!("but {}", tell(&key)), vec![key]),
        Some(_) if first.len() > 1 || second.len() > 1 => State::new(
            Verdict::Unknown,
            "and one holds several copies of it, of which one would share",
            vec![key],
        ),
        Some(_) if hides_a_break(a, b) => State::new(
            Verdict::Unknown,
            "with equal keys, but on free-threaded Pythons 2.13.2 changed the state without changing the key",
            vec![key],
        ),
        Some(_) => State::new(Verdict::Share, "with equal internals keys", vec![key]),
    }
}

fn proved_keys(framework: &Framework) -> Vec<&AbiId> {
    let mut found: Vec<&AbiId> = ids_of(framework, KEY).into_iter().filter_map(proved).collect();
    found.dedup_by(|a, b| a.text == b.text);
    found
}

/// Whether both are free-threaded and may stand on either side of the change that no key tells.
fn hides_a_break(a: (&Module, &Framework), b: (&Module, &Framework)) -> bool {
    if a.0.python.free_threaded.value != Some(true) || b.0.python.free_threaded.value != Some(true) {
        return false;
    }
    let number = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    };
    let side = |framework: &Framework| {
        let versions = framework.version.value.as_ref()?;
        let highest = versions.highest.as_deref().map(number);
        match highest {
            _ if number(&versions.lowest) >= FREE_THREADED_SINCE => Some(true),
            Some(highest) if highest < FREE_THREADED_SINCE => Some(false),
            _ => None,
        }
    };
    let (first, second) = (side(a.1), side(b.1));
    first.is_none() || first != second
}

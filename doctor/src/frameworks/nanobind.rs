//! nanobind: by its tag, its key or the words from which it makes the key. From 3.0 a module can be a front end, which has the
//! platform's tag alone and asks a back end; before that its code can stand in a shared library beside it.

use memchr::memmem;

use crate::compare::{
    AlignedKey, AlignedPart, State, Verdict, align, doubt, ids as ids_of, is_whole, proved, tell,
};
use crate::domain::{domain, front_end_domain};
use crate::facts::{
    AbiId, Claim, Domain, Evidence, Framework, FrameworkKind, Module, Part, Picklable, PythonNeeds, Role,
};
use crate::ids::{self, Id, IdKind};
use crate::versions::{Candidates, Form, TABLE};

use super::profile::{By, Pickling, Profile, Registry, Shared};
use super::pybind11::warnings;
use super::releases;
use super::seen::{Seen, framework, text_evidence};

/// The words from which the key is made.
const KEY_FORMATS: [&str; 2] = ["__nb_internals_%s_%s__", "__nb_internals_%s_%s%s__"];

/// What there is to know of nanobind.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("nanobind-internals", b"__nb_internals_"),
        ("nanobind-tag", b"nanobind_"),
        ("nanobind-backend", b"Fill a split-mode extension's function table"),
        // Tags before 3.0 begin with a `v`; these are their ends, and those of pybind11's platforms.
        ("abi-gxx", b"_gxx_abi_1xxx_use_cxx11_abi_"),
        ("abi-libcpp", b"_libcpp_abi"),
        ("abi-cxxabi", b"_cxxabi1"),
        ("abi-mscver", b"_mscver"),
        ("nanobind-says", b"nanobind: "),
        ("nanobind-detail", b"nanobind::detail::"),
        ("nanobind-types", b"nanobind types do not"),
        ("nanobind-fatal", b"encountered an unrecoverable error condition"),
    ],
    ids: &[IdKind::NanobindTag, IdKind::NanobindKey, IdKind::NanobindPlatform],
    writers: |id| match id.kind {
        IdKind::NanobindPlatform => None,
        _ => writers(id).range(),
    },
    in_libraries: true,
    unfit,
    pickling: |_| Pickling {
        functions: Picklable::No,
        methods: Picklable::No,
        why: "cannot pickle 'nanobind.nb_func' object",
    },
    package: Some("nanobind"),
    ..Profile::of(
        FrameworkKind::Nanobind,
        find,
        Registry::Shared(Shared {
            by: By::IdAndDomain,
            state: |a, b| state(a.1, b.1),
            conduit: false,
            live: true,
            unknown_base: "a class on the other's base ends the process: nanobind doesn't know the base",
            newer: "nanobind>=3.0",
            together: |differ, both| {
                let domain = differ.len() == 1 && differ[0].contains("domain");
                domain.then(|| format!("build {both} with one NB_DOMAIN, if they are meant to share"))
            },
        }),
    )
};

/// The package that has the back end of front ends.
pub(crate) const BACK_END: &str = "nanobind_backend";

/// Whether a front end asks the back end's wheel: one that keeps nanobind in a library beside it shows the internals' number.
pub(crate) fn asks_a_wheel(module: &Module) -> bool {
    let found = module.frameworks.iter().filter(|found| found.kind == FrameworkKind::Nanobind);
    let mut parts =
        found.flat_map(|found| &found.ids).filter_map(|id| id.value.as_ref()).flat_map(|id| &id.parts);
    let numbered = parts.any(|part| part.name == "internals" && !part.value.is_empty());
    let beside = module.needed.iter().any(|needed| needed.contains("nanobind"));
    !numbered && !beside
}

fn unfit(framework: &Framework, python: &PythonNeeds) -> Option<&'static str> {
    let silent = |part: &Part| part.name == "free-threaded" && part.value.is_empty();
    let tags = framework.ids.iter().filter_map(|id| id.value.as_ref());
    let weak = python.free_threaded.value == Some(true) && tags.flat_map(|tag| &tag.parts).any(silent);
    weak.then_some(
        "it is for a free-threaded Python, but its tag lacks `_ft`: it isn't built for running without the GIL",
    )
}

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let ids = ids(seen);
    let format = format(seen);
    let library = library(seen);
    if ids.is_empty() && format.is_none() && library.is_empty() {
        return Vec::new();
    }
    let place = |placed: &(u64, Id)| text_evidence(placed.0, &placed.1.to_string());
    let keyed = ids.iter().find(|(_, id)| id.kind != IdKind::NanobindPlatform);
    let first = keyed.or(ids.first());
    let mut proofs: Vec<Evidence> = first.iter().map(|placed| place(placed)).chain(format).collect();
    proofs.extend(library.iter().cloned());
    let mut found = framework(FrameworkKind::Nanobind, Claim::certain(true, proofs));
    let back = seen.places("nanobind-backend").next();
    found.role = match (keyed, back, first) {
        (_, Some(_), _) => Role::BackEnd,
        (None, None, Some(_)) => Role::FrontEnd,
        (None, None, None) if !library.is_empty() => Role::FrontEnd,
        _ => Role::Whole,
    };
    for placed in &ids {
        found.ids.push(Claim::certain(placed.1.facts(), [place(placed)]));
    }
    let Some(first) = first else {
        found.internals = Some(Claim::unknown("no tag of nanobind stands in the file"));
        found.domain = Some(domain(seen.image));
        let why = if library.is_empty() {
            "no tag of nanobind stands in the file"
        } else {
            "it is in another library"
        };
        found.version = Claim::unknown(why);
        return vec![found];
    };
    let number = first.1.number();
    found.internals = Some(match number {
        Some(number) => Claim::certain(number, [place(first)]),
        None => Claim::unknown("a front end has no state of its own; the back end it asks has"),
    });
    let tags = ids.iter().filter(|(_, id)| id.number() == number).count();
    let by_ids = writers(&first.1);
    found.version = releases::range(seen, &TABLE.nanobind, by_ids, vec![place(first)], tags == 1).0;
    if !first.1.part("dev").is_empty() && number.is_some_and(|n| n < 22) {
        let why = "a development snapshot from near these releases";
        found.version.confidence = found.version.confidence.min(crate::facts::Confidence::Likely);
        found.version.why = Some(why.to_owned());
    }
    found.domain = Some(match &first.1 {
        id if id.kind == IdKind::NanobindKey => {
            Claim::certain(Domain { name: String::new() }, [place(first)])
        }
        _ if found.role == Role::BackEnd => Claim::unknown("a back end serves every domain"),
        _ if found.role == Role::FrontEnd => front_end_domain(seen.image),
        _ => domain(seen.image),
    });
    if found.role == Role::FrontEnd {
        found.back_end = Some(back_end(seen));
    }
    found.warnings = warnings(&first.1);
    let dev = first.1.part("dev");
    if !dev.is_empty() {
        found
            .warnings
            .push(format!("it is built with a development snapshot ({dev}): it shares with no release"));
    }
    vec![found]
}

/// Tags and keys in the file, each once, those with a number first.
fn ids(seen: &Seen<'_, '_>) -> Vec<(u64, Id)> {
    let ends = ["abi-gxx", "abi-libcpp", "abi-cxxabi", "abi-mscver"];
    let old = ends.iter().flat_map(|name| seen.holding(name)).filter_map(|(at, text)| tag_in(at, text));
    let new = seen.beginning("nanobind-tag").filter_map(|(at, text)| Some((at, ids::nanobind_tag(text)?)));
    let tags = old.chain(new);
    // From 1.4 on a key is made at run time; a whole one is of an older release.
    let keys = seen.beginning("nanobind-internals").filter(|(_, text)| !text.contains('%'));
    let keys = keys.filter_map(|(at, text)| Some((at, ids::nanobind_key(text)?)));
    let mut found: Vec<(u64, Id)> = Vec::new();
    for (at, id) in keys.chain(tags).filter(clean) {
        if !found.iter().any(|(_, known)| *known == id) {
            found.push((at, id));
        }
    }
    found.sort_by_key(|(at, id)| (id.number().is_none(), *at));
    found
}

/// A tag at the end of a text. What stands before it may be a constant whose bytes happen to be printable; an underscore
/// would make it the end of another id.
fn tag_in(at: u64, text: &str) -> Option<(u64, Id)> {
    let starts = text.match_indices('v').filter(|(start, _)| !text[..*start].ends_with('_'));
    starts.filter_map(|(start, _)| Some((at + start as u64, ids::nanobind_tag(&text[start..])?))).find(clean)
}

/// nanobind gives no way to set a part by hand, so another text only looks like a tag.
fn clean((_, id): &(u64, Id)) -> bool {
    id.overridden().is_empty()
}

fn format(seen: &Seen<'_, '_>) -> Option<Evidence> {
    let (at, text) = seen.beginning("nanobind-internals").find(|(_, text)| KEY_FORMATS.contains(text))?;
    Some(text_evidence(at, text))
}

/// nanobind's own functions, asked of another library.
fn library(seen: &Seen<'_, '_>) -> Vec<Evidence> {
    let functions = seen.imports(|name| {
        ["_ZN8nanobind6detail", "__ZN8nanobind6detail"].iter().any(|p| name.starts_with(p))
            || (name.starts_with('?') && name.contains("@detail@nanobind@@"))
    });
    if functions.is_empty() {
        return functions;
    }
    let libraries = seen.needed(|name| name.to_ascii_lowercase().contains("nanobind"));
    functions.into_iter().take(2).chain(libraries).collect()
}

/// The releases that write such a tag.
pub(super) fn writers(id: &Id) -> Candidates<'static> {
    let all = Candidates::all(&TABLE.nanobind);
    let left = match id.number() {
        Some(number) => all.keep(|r| r.internals.has(number)),
        None => all.keep(|r| r.form == Form::Tagged),
    };
    let dev = id.part("dev");
    let left = if id.number().is_none_or(|n| n >= 22) {
        // Snapshots of 3.0 put their version into the tag, and releases none.
        let version = dev.replacen('_', ".", 2).replacen("_dev", ".dev", 1);
        left.keep(|r| if dev.is_empty() { !r.version.contains("dev") } else { r.version == version })
    } else {
        left
    };
    match (id.part("compiler"), id.part("build-abi")) {
        (_, abi) if abi.starts_with("mscver") => left.keep(|r| r.form == Form::NamedMscver),
        ("msvc", "") => left.keep(|r| r.form == Form::Named),
        _ => left,
    }
}

/// The kinds of id that decide, with the domain beside them: a front end has the platform alone, and releases up to 1.3 the
/// whole key.
const TAGS: [&str; 3] = ["tag", "platform-id", "internals-key"];

/// Parts of a tag that a front end leaves to its back end.
const OF_THE_BACK_END: [&str; 3] = ["backend-abi", "internals", "stable"];

/// The number of 3.0's state: before that there were no front ends.
const FIRST_WITH_FRONT_ENDS: u32 = 22;

/// What a front end says where the module that it asks isn't installed, around that one's name.
const NOT_INSTALLED: [&[u8]; 2] = [b"failed because the nanobind backend module '", b"' is not installed"];

/// The module that a front end asks, which its own message names.
fn back_end(seen: &Seen<'_, '_>) -> Claim<String> {
    let data = seen.image.data;
    let mut names = memmem::find_iter(data, NOT_INSTALLED[0]).filter_map(|at| {
        let start = at + NOT_INSTALLED[0].len();
        let rest = data.get(start..data.len().min(start + LONGEST_NAME))?;
        let name = rest.get(..memmem::find(rest, NOT_INSTALLED[1])?)?;
        Some((start, String::from_utf8(name.to_vec()).ok()?))
    });
    match (names.next(), names.next()) {
        (Some((at, name)), None) => Claim::certain(name.clone(), [text_evidence(at as u64, &name)]),
        _ => Claim::unknown("the file doesn't say which back end it asks"),
    }
}

/// More bytes than a module's name has.
const LONGEST_NAME: usize = 256;

/// Compares tags and domains.
fn state(a: &Framework, b: &Framework) -> State {
    let (first, second) = (own_tag(a), own_tag(b));
    let mut key = align(FrameworkKind::Nanobind, "tag", first, second);
    let tags_differ = differ(a, b, &key);
    let domain = domains(a, b);
    let why_domain = domain.why.clone();
    let domain_same = domain.part.same;
    key.parts.push(domain.part);
    key.same = match (key.same, domain_same) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    if first.is_none() || second.is_none() {
        return State::new(Verdict::Unknown, "but no tag is certain in at least one of them", vec![key]);
    }
    if tags_differ || domain_same == Some(false) {
        let why = if tags_differ { format!("but {}", tell(&key)) } else { why_domain };
        return State::new(Verdict::Isolated, why, vec![key]);
    }
    if domain_same.is_none() {
        return State::new(Verdict::Unknown, why_domain, vec![key]);
    }
    match (is_whole(a), is_whole(b)) {
        (true, true) => State::new(Verdict::Share, format!("with equal tags, {why_domain}"), vec![key]),
        (false, false) => {
            let asked = |one: &Framework| one.back_end.as_ref().and_then(proved).cloned();
            // Python has one module of a name, so it's the same back end whatever is installed.
            if let (Some(first), Some(second)) = (asked(a), asked(b))
                && first == second
            {
                let why = format!("and ask the back end `{first}` for their state, {why_domain}");
                return State::new(Verdict::Share, why, vec![key]);
            }
            let why = format!("and ask one back end for their state, {why_domain}");
            State::new(Verdict::Unknown, format!("{why}, if the same back end serves both"), vec![key])
        }
        _ => {
            let why = "but one asks a back end for its state, and which one is installed isn't in the file";
            State::new(Verdict::Unknown, why, vec![key])
        }
    }
}

fn own_tag(framework: &Framework) -> Option<&AbiId> {
    // The first kind that the file has: a whole one's tag starts with a front end's text.
    match TAGS.iter().map(|kind| ids_of(framework, kind)).find(|found| !found.is_empty())?[..] {
        [claim] => proved(claim),
        _ => None,
    }
}

/// Whether the tags can't belong to one state: a front end's is compared with the parts it has.
fn differ(a: &Framework, b: &Framework, key: &AlignedKey) -> bool {
    if is_whole(a) && is_whole(b) {
        return key.same == Some(false);
    }
    let is_older = |number: &String| number.parse().is_ok_and(|number: u32| number < FIRST_WITH_FRONT_ENDS);
    key.differing().any(|part| match part.name.as_str() {
        "internals" => is_older(&part.a) || is_older(&part.b),
        name => !OF_THE_BACK_END.contains(&name),
    })
}

struct Domains {
    part: AlignedPart,
    why: String,
}

/// Compares the domains, which stand outside the tag.
fn domains(a: &Framework, b: &Framework) -> Domains {
    let value = |framework: &'_ Framework| {
        framework.domain.as_ref().and_then(proved).map(|domain| domain.name.clone())
    };
    let text = |name: &Option<String>| match name.as_deref() {
        None => "unknown".to_owned(),
        Some("") => "(default)".to_owned(),
        Some(name) => name.to_owned(),
    };
    let (first, second) = (value(a), value(b));
    let (same, why) = match (&first, &second) {
        (Some(first), Some(second)) if first == second && first.is_empty() => {
            (Some(true), "in the default domain".to_owned())
        }
        (Some(first), Some(second)) if first == second => (Some(true), format!("in the domain `{first}`")),
        (Some(first), Some(second)) => {
            let quote =
                |name: &str| if name.is_empty() { "the default".to_owned() } else { format!("`{name}`") };
            let (one, other) = if first.is_empty() { (second, first) } else { (first, second) };
            (Some(false), format!("but domain {} differs from {}", quote(one), quote(other)))
        }
        _ => {
            let unsure = if first.is_none() { a } else { b };
            let why = unsure.domain.as_ref().map_or("the file doesn't tell".to_owned(), doubt);
            (None, format!("but the domain isn't known: {why}"))
        }
    };
    Domains { part: AlignedPart { name: "domain".to_owned(), a: text(&first), b: text(&second), same }, why }
}

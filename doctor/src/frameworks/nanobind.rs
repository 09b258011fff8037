//! nanobind: by its tag, its key or the words from which it makes the key. From 3.0 a module can be a front end, which has the
//! platform's tag alone and asks a back end; before that its code can stand in a shared library beside it.

use crate::domain::domain;
use crate::facts::{Claim, Domain, Evidence, Framework, FrameworkKind, Role};
use crate::ids::{self, Id, IdKind};
use crate::versions::{Candidates, Form, TABLE};

use super::pybind11::warnings;
use super::releases;
use super::seen::{Seen, framework, text_evidence};

/// The words from which the key is made.
const KEY_FORMATS: [&str; 2] = ["__nb_internals_%s_%s__", "__nb_internals_%s_%s%s__"];

pub(super) fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
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
        _ => domain(seen.image),
    });
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

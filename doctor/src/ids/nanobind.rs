//! nanobind's ids. A tag becomes the state's key as `__nb_internals_` + tag + `_` + domain + `__`.
//!
//! | releases | tag |
//! |---|---|
//! | – 1.3 | none; the key is `__nb_internals_v` + number + toolchain + `_debug`, `_limited` + `__` |
//! | 1.4 – 2.0 | `v` + number + toolchain + `_debug`, `_stable` |
//! | 2.1 | the same; `_devN` before the ABI |
//! | 2.2 – 2.5 | `v` + number, `_devN`, toolchain, `_debug`, `_stable`, `_ft` |
//! | 2.6 – 2.15 | the same, with the system's compiler |
//! | from 3.0 | `nanobind`, `_X_Y_Z_devN`, toolchain, `_debug`, `_ft`, then `_a` + backend ABI, `_v` + number, `_stable` |
//!
//! Front ends from 3.0 have the text up to `_ft` alone. A domain may hold underscores, so a tag takes all it can and the
//! domain what is left.

use super::id::{Id, IdKind, leading_number, trailing, trailing_numbered};
use super::toolchain::{Era, Toolchain};

/// What a key of shared state starts with.
pub const NANOBIND_KEY_PREFIX: &str = "__nb_internals_";

/// The first number whose tag has the system's compiler.
const SYSTEM_SINCE: u32 = 16;

/// Reads a tag: `v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable`.
pub fn nanobind_tag(text: &str) -> Option<Id> {
    let id = tag(Id::new(IdKind::NanobindTag), text)?;
    // Without a toolchain it could be any text that starts alike.
    if id.part("compiler").is_empty() {
        return None;
    }
    let numbered = !id.part("internals").is_empty();
    Some(if numbered { id } else { id.of_kind(IdKind::NanobindPlatform) })
}

/// Reads a key of shared state.
pub fn nanobind_key(text: &str) -> Option<Id> {
    let rest = text.strip_prefix(NANOBIND_KEY_PREFIX)?.strip_suffix("__")?;
    let start = || Id::new(IdKind::NanobindKey).fixed(NANOBIND_KEY_PREFIX);
    // Releases up to 1.3 have no domain, nor the underscore before it.
    if let Some(id) = first_form(start(), rest) {
        return Some(id.fixed("__"));
    }
    let cut = (0..rest.len()).rev().filter(|i| rest.as_bytes()[*i] == b'_');
    let mut known = cut.filter_map(|i| {
        let id = tag(start(), &rest[..i])?;
        let clean = id.overridden().is_empty() && !id.part("compiler").is_empty();
        clean.then(|| id.fixed("_").with("domain", &rest[i + 1..]).fixed("__"))
    });
    if let Some(id) = known.next() {
        return Some(id);
    }
    // A tag of no known form: where it ends can't be told.
    Some(start().with("opaque", rest).fixed("__").overriding(vec!["opaque"]))
}

/// Reads `v7_gcc_libstdcpp_cxxabi1017_limited`.
fn first_form(id: Id, text: &str) -> Option<Id> {
    let (number, rest) = leading_number(text.strip_prefix('v')?)?;
    if number.parse::<u32>().is_ok_and(|n| n > 8) {
        return None;
    }
    let (rest, limited) = trailing(rest, "_limited");
    let (rest, debug) = trailing(rest, "_debug");
    let cut = Toolchain::cut(rest);
    let id = cut.add(id.fixed("v").with("internals", number)).behind("debug", debug);
    Some(id.behind("limited", limited).overriding(cut.overridden(Era::Named)))
}

fn tag(id: Id, text: &str) -> Option<Id> {
    if let Some(rest) = text.strip_prefix("nanobind_") {
        return Some(third_form(id, rest));
    }
    let (number, rest) = leading_number(text.strip_prefix('v')?)?;
    let (dev, rest) = leading_dev(rest);
    let (rest, ft) = trailing(rest, "_ft");
    let (rest, stable) = trailing(rest, "_stable");
    let (rest, debug) = trailing(rest, "_debug");
    let system = number.parse::<u32>().is_ok_and(|n| n >= SYSTEM_SINCE);
    let cut = Toolchain::cut(rest);
    let id = cut.add(id.fixed("v").with("internals", number).when("dev", dev)).behind("debug", debug);
    let id = id.behind("stable", stable).behind("free-threaded", ft);
    Some(id.overriding(cut.overridden(if system { Era::System } else { Era::Named })))
}

/// Reads what stands behind `nanobind_`.
fn third_form(id: Id, text: &str) -> Id {
    let (rest, stable) = trailing(text, "_stable");
    let numbers =
        trailing_numbered(rest, "_v").and_then(|(r, v)| trailing_numbered(r, "_a").map(|(r, a)| (r, a, v)));
    // `_stable` only follows the numbers; else it is no part of a tag we know.
    let (rest, backend, number, stable) = match numbers {
        Some((rest, a, v)) => (rest, &a["_a".len()..], &v["_v".len()..], stable),
        None => (text, "", "", ""),
    };
    let (rest, ft) = trailing(rest, "_ft");
    let (rest, debug) = trailing(rest, "_debug");
    let (release, rest) = leading_release(rest);
    let cut = Toolchain::cut(rest);
    let id = id.fixed("nanobind_").when("dev", release);
    let id = if release.is_empty() { id } else { id.fixed("_") };
    let id = cut.add(id).behind("debug", debug).behind("free-threaded", ft);
    let id = if backend.is_empty() { id } else { id.fixed("_a").with("backend-abi", backend) };
    let id = if number.is_empty() {
        id
    } else {
        id.fixed("_v").with("internals", number).behind("stable", stable)
    };
    id.overriding(cut.overridden(Era::System))
}

/// Splits `_dev3` off the front.
fn leading_dev(text: &str) -> (&str, &str) {
    let length = text.strip_prefix("_dev").and_then(leading_number).map(|(n, _)| "_dev".len() + n.len());
    text.split_at(length.unwrap_or(0))
}

/// Splits `3_0_0_dev4` off the front, and drops the underscore behind it, which the caller writes.
fn leading_release(text: &str) -> (&str, &str) {
    let mut rest = text;
    for separator in ["_", "_", "_dev"] {
        let Some(next) = leading_number(rest).and_then(|(_, r)| r.strip_prefix(separator)) else {
            return ("", text);
        };
        rest = next;
    }
    match leading_number(rest).and_then(|(_, r)| r.strip_prefix('_')) {
        Some(after) => (&text[..text.len() - after.len() - 1], after),
        None => ("", text),
    }
}

//! How a function is called, as text: for `inspect` and for people.
//!
//! `repr` of a default runs Python code; nothing is locked then.

use interbind_abi::services::functions::{
    PARAMETER_KEYWORD, PARAMETER_KEYWORDS, PARAMETER_POSITIONAL, PARAMETER_REST,
};

use super::function::{Field, Function, Place, Way};
use crate::ffi::{Attached, Raised, Strong, error, scalar, unicode};

/// For whom a signature is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum For {
    /// With what people call the types, and the defaults as they show.
    People,
    /// `inspect`, which reads it back.
    Inspect,
}

/// How an overload is called: `(text: str, times: int = 1)`, or `(text, times=1)`.
pub(super) fn signature(at: Attached, way: Way<'_>, reader: For) -> Result<Strong, Raised> {
    let mut parts = Vec::new();
    let mut places = (0..).zip(way.parameters()).peekable();
    let mut has_star = false;
    while let Some((number, place)) = places.next() {
        let kind = place.kind();
        has_star |= kind == PARAMETER_REST;
        if kind == PARAMETER_KEYWORD && !has_star {
            has_star = true;
            parts.push(Strong::text(at, "*")?);
        }
        parts.push(parameter(at, place, number, reader)?);
        let is_last = places.peek().is_none_or(|(_, next)| next.kind() != PARAMETER_POSITIONAL);
        // To people a type without a name says it already.
        if kind == PARAMETER_POSITIONAL && is_last && (reader == For::Inspect || place.name().is_some()) {
            parts.push(Strong::text(at, "/")?);
        }
    }
    let inner = unicode::join(at, ", ", &parts.iter().collect::<Vec<_>>())?;
    let open = Strong::text(at, "(")?;
    let result = way.text(&way.overload.result);
    if reader == For::Inspect || result.is_empty() {
        return unicode::concat(at, &[&open, &inner, &Strong::text(at, ")")?]);
    }
    unicode::concat(at, &[&open, &inner, &Strong::text(at, ") -> ")?, &unicode::shown(at, result)?])
}

fn parameter(at: Attached, place: Place<'_>, number: u32, reader: For) -> Result<Strong, Raised> {
    let stars = Strong::text(
        at,
        match place.kind() {
            PARAMETER_REST => "*",
            PARAMETER_KEYWORDS => "**",
            _ => "",
        },
    )?;
    let kind = Some(place.text()).filter(|kind| reader == For::People && !kind.is_empty());
    let kind = kind.map(|kind| unicode::shown(at, kind)).transpose()?;
    let all = match (place.name(), &kind) {
        (None, Some(kind)) => unicode::concat(at, &[&stars, kind])?,
        (None, None) => unicode::concat(at, &[&stars, &Strong::text(at, &format!("arg{number}"))?])?,
        (Some(name), Some(kind)) => unicode::concat(at, &[&stars, &name, &Strong::text(at, ": ")?, kind])?,
        (Some(name), None) => unicode::concat(at, &[&stars, &name])?,
    };
    let Some(fallback) = place.fallback() else { return Ok(all) };
    let equals = Strong::text(at, if kind.is_some() { " = " } else { "=" })?;
    unicode::concat(at, &[&all, &equals, &default(at, &fallback, reader)?])
}

/// A default; `...` for one that can't be read back.
fn default(at: Attached, fallback: &Strong, reader: For) -> Result<Strong, Raised> {
    if reader == For::Inspect && !scalar::is_literal(fallback) {
        return Strong::text(at, "...");
    }
    unicode::repr(at, fallback).or_else(|raised| {
        // Of a number of very many digits, too.
        if error::says_no_text(at, reader == For::Inspect) {
            at.clear();
            return Strong::text(at, "...");
        }
        Err(raised)
    })
}

/// The documentation of a function that has none of its own: how each overload is called, and what it says of itself.
pub(super) fn documentation(function: Function<'_>) -> Result<Strong, Raised> {
    let at = function.at();
    let name = super::attributes::text(function, Field::Name)?;
    let mut lines = Vec::new();
    for way in function.overloads() {
        lines.push(unicode::concat(at, &[&name, &signature(at, way, For::People)?])?);
        let doc = way.text(&way.overload.doc);
        if !doc.is_empty() {
            lines.push(unicode::shown(at, doc)?);
        }
    }
    unicode::join(at, "\n", &lines.iter().collect::<Vec<_>>())
}

//! The parameters of a function of PyO3, as its `__text_signature__` lists them.

use interbind_abi::services::functions::{
    PARAMETER_KEYWORD, PARAMETER_KEYWORDS, PARAMETER_NAMED, PARAMETER_POSITIONAL, PARAMETER_REST,
};

/// A parameter as it's written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    /// One of `PARAMETER_…`.
    pub(super) kind: u32,
    /// The default.
    pub(super) default: Option<&'a str>,
}

/// Reads `(x, y=1.0, /, *rest, times=3, **others)`; `None` for what isn't one.
pub(super) fn read(text: &str) -> Option<Vec<Written<'_>>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut found: Vec<Written<'_>> = Vec::new();
    let mut plain = PARAMETER_NAMED;
    for part in parts(inner) {
        let part = part.trim();
        match part {
            "" => continue,
            "/" => found.iter_mut().for_each(|each| each.kind = PARAMETER_POSITIONAL),
            "*" => plain = PARAMETER_KEYWORD,
            _ => {
                let (head, default) = match part.split_once('=') {
                    Some((head, default)) => (head, Some(default.trim())),
                    None => (part, None),
                };
                let head = head.split(':').next().unwrap_or(head).trim();
                let (name, kind) = if let Some(name) = head.strip_prefix("**") {
                    (name, PARAMETER_KEYWORDS)
                } else if let Some(name) = head.strip_prefix('*') {
                    plain = PARAMETER_KEYWORD;
                    (name, PARAMETER_REST)
                } else if head.starts_with('$') {
                    // The module itself, which Python passes.
                    continue;
                } else {
                    (head, plain)
                };
                found.push(Written { name, kind, default });
            }
        }
    }
    is_sound(&found).then_some(found)
}

/// What stands between the commas that aren't in a text or in brackets.
fn parts(inner: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote, mut is_escaped) = (Vec::new(), 0, 0_u32, None, false);
    for (at, letter) in inner.char_indices() {
        match (quote, letter) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) => quote = (letter != open).then_some(open),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

/// The rules of the record: kinds never go down, those for the rest stand once, and a default isn't followed by none.
fn is_sound(found: &[Written<'_>]) -> bool {
    let is_name = |name: &str| {
        name.chars().enumerate().all(|(at, letter)| {
            letter == '_' || letter.is_alphabetic() || (at > 0 && letter.is_alphanumeric())
        }) && !name.is_empty()
    };
    let by_place = |each: &Written<'_>| each.kind <= PARAMETER_NAMED;
    let is_rest = |each: &Written<'_>| [PARAMETER_REST, PARAMETER_KEYWORDS].contains(&each.kind);
    found.iter().enumerate().all(|(at, each)| {
        is_name(each.name)
            && found[..at].iter().all(|before| before.name != each.name)
            && !(is_rest(each) && each.default.is_some())
    }) && found.windows(2).all(|two| {
        two[0].kind <= two[1].kind
            && !(two[0].kind == two[1].kind && is_rest(&two[0]))
            && !(by_place(&two[1]) && two[0].default.is_some() && two[1].default.is_none())
    })
}

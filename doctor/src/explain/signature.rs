//! What the list of overloads in a message tells. pybind11 and nanobind print each overload and then what it was called
//! with; names in C++ spelling, and classes that are called alike, tell which of the causes it was.

use std::sync::LazyLock;

use regex::Regex;

use super::meaning::{Meaning, Step};
use super::table::last_part;
use crate::facts::FrameworkKind;

/// How much of the text behind the message is read, and how many types of it.
const LONGEST: usize = 16 << 10;
const MOST: usize = 200;

static CALLED_WITH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Invoked with(?P<types> types)?:[ \n](?P<rest>[^\n]*)").expect("a checked pattern")
});
/// An argument's type in a signature: `self: frame.Series`, `arg0: typing.SupportsInt`.
static ARGUMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[(,][ \n]?\*{0,2}\w+: ").expect("a checked pattern"));
/// An object in the list of arguments: `<frame.Series object at 0x7f…>`.
static OBJECT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<([\w.]+) object at 0x[0-9a-fA-F]+>").expect("a checked pattern"));

/// Adds what the text behind a message tells.
pub(super) fn refine(meaning: &mut Meaning, behind: &str) {
    match meaning.rule.as_str() {
        "incompatible-arguments" => overloads(meaning, behind),
        "return-value-not-convertible" => result(meaning),
        _ => {}
    }
}

/// The type that a text begins with, with all that is in its brackets: `std::vector<a::B, std::allocator<a::B> >`.
fn one_type(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' if depth > 0 => depth -= 1,
            ')' if depth > 0 => depth -= 1,
            ',' | ')' | '=' | '\n' if depth == 0 => return text[..at].trim_end(),
            _ => {}
        }
        if at > 400 {
            return &text[..at];
        }
    }
    text
}

fn overloads(meaning: &mut Meaning, behind: &str) {
    let mut end = behind.len().min(LONGEST);
    while !behind.is_char_boundary(end) {
        end -= 1;
    }
    let behind = &behind[..end];
    let called = CALLED_WITH.captures(behind);
    let listed =
        called.as_ref().and_then(|called| called.get(0)).map_or(behind, |all| &behind[..all.start()]);
    let mut wanted: Vec<&str> =
        ARGUMENT.find_iter(listed).take(MOST).map(|found| one_type(&listed[found.end()..])).collect();
    wanted.retain(|name| !name.is_empty());
    if let Some(raw) = wanted.iter().find(|name| name.contains("::") && !name.contains("numpy.")) {
        meaning.names.insert("raw-type".to_owned(), (*raw).to_owned());
        unregistered(meaning, raw);
        meaning.seen.push(format!(
            "`{raw}` in the signature is a C++ name, not a Python one: when `{}` was bound, no class was registered for it \
             in this module's registry",
            meaning.names.get("function").map_or("the function", String::as_str),
        ));
    }
    let Some(called) = called else { return };
    let by_type = called.name("types").is_some();
    meaning.framework = Some(if by_type { FrameworkKind::Nanobind } else { FrameworkKind::Pybind11 });
    let rest = called.name("rest").map_or("", |rest| rest.as_str());
    meaning.names.insert("invoked-with".to_owned(), super::search::shown(rest));
    let given: Vec<&str> = if by_type {
        rest.split(',').map(str::trim).take(MOST).collect()
    } else {
        OBJECT.captures_iter(rest).take(MOST).map(|found| found.extract::<1>().1[0]).collect()
    };
    // The first argument of a method is its own object, whose class the signature names as it is.
    let mut alike: Vec<(&str, &str)> = Vec::new();
    for have in &given {
        let same = |want: &&&str| last_part(want) == last_part(have) && !have.is_empty();
        if let Some(want) = wanted.iter().find(same) {
            let own = meaning.names.get("function").is_some_and(|name| name.starts_with(have));
            let is_self = *want == *have && (own || listed.contains(&format!("(self: {want}")));
            if !is_self && !alike.contains(&(want, have)) {
                alike.push((want, have));
            }
        }
    }
    for (want, have) in alike {
        let what = if want == have {
            format!(
                "a `{have}` was passed where a `{want}` is asked for: two classes of one name, in two registries, or from two copies of the module"
            )
        } else {
            format!(
                "a `{have}` was passed where a `{want}` is asked for: it may be the same C++ class, bound by another module in another registry"
            )
        };
        meaning.seen.push(what);
        let raw = meaning.names.contains_key("raw-type");
        // What is second in the table is then the likeliest.
        if !raw {
            meaning.causes.sort_by_key(|cause| !cause.contains("another extension module"));
        }
    }
}

/// A raw C++ name among the parameters: what the caller passed hardly matters, since nothing can be converted to it.
fn unregistered(meaning: &mut Meaning, raw: &str) {
    let cause = format!(
        "`{raw}` has no Python class in this module's registry: the module that binds it isn't imported, it keeps another registry (its \
         ABI id differs), or nobody binds it."
    );
    meaning
        .causes
        .retain(|cause| !cause.contains("isn't imported yet") && !cause.contains("another extension module"));
    meaning.causes.insert(0, cause);
    converter(meaning, raw);
    torch_flags(meaning, raw);
}

/// A type of a library that a header of the binding library converts: nobody binds it as a class.
fn converter(meaning: &mut Meaning, raw: &str) {
    let header = [
        ("std::", "stl.h`, `pybind11/functional.h`, `nanobind/stl/….h"),
        ("Eigen::", "eigen.h`, `nanobind/eigen/….h"),
    ];
    if let Some((_, header)) = header.iter().find(|(space, _)| raw.starts_with(space)) {
        meaning.causes.insert(
            0,
            format!("The header that converts `{raw}` wasn't included where the function was bound: `pybind11/{header}`."),
        );
    }
}

/// PyTorch's types are registered under pybind11's id of its own build, which extensions have to repeat.
fn torch_flags(meaning: &mut Meaning, raw: &str) {
    if !["torch::", "at::", "c10::", "c10d::"].iter().any(|space| raw.starts_with(space)) {
        return;
    }
    meaning.causes.insert(
        1.min(meaning.causes.len()),
        "It is PyTorch's, which registers it under the pybind11 id of its own build. A module has to be compiled with the same \
         compiler type, standard library and build ABI, and a pybind11 of the same internals version."
            .to_owned(),
    );
    meaning.next.insert(
        0,
        Step {
            say: "Import torch first, and see with which flags it was built (`torch._C._PYBIND11_COMPILER_TYPE`, `…_STDLIB`, \
                  `…_BUILD_ABI`; absent in newer releases); give the module the same as `-DPYBIND11_…`"
                .to_owned(),
            command: Some(
                "python -c \"import torch; print({n: getattr(torch._C, n) for n in dir(torch._C) if 'PYBIND11' in n})\"".to_owned(),
            ),
        },
    );
}

/// The first C++ name in a type, with all that is in its brackets: `ns::T` of `Tuple[ns::T, bool]`.
fn raw_name(text: &str) -> Option<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let colons = text.find("::")?;
    let start = text[..colons].rfind(|letter| !is_word(letter)).map_or(0, |at| at + 1);
    let mut depth = 0_usize;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if depth > 0 => depth -= 1,
            _ if depth > 0 || is_word(letter) || letter == ':' => {}
            _ => return Some(&text[start..start + at]),
        }
    }
    (depth == 0).then(|| &text[start..])
}

/// The result's type: of one that Python spells, only the part that is C++ has no class.
fn result(meaning: &mut Meaning) {
    let whole = meaning.names.get("type").cloned().unwrap_or_default();
    let Some(name) = raw_name(&whole).map(str::to_owned) else { return };
    if name != whole {
        let (old, new) = (format!("`{whole}`"), format!("`{name}`"));
        meaning.means = meaning.means.replace(&old, &new);
        for cause in &mut meaning.causes {
            *cause = cause.replace(&old, &new);
        }
        meaning.names.insert("type".to_owned(), name.clone());
    }
    torch_flags(meaning, &name);
    meaning.seen.push(format!(
        "`{name}` is a C++ name: when the function was bound, no class was registered for it in this module's registry"
    ));
    converter(meaning, &name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_type_that_is_cplusplus_is_taken_whole() {
        for (text, name) in [
            ("Tuple[DlQuantization::TfEncoding, bool]", Some("DlQuantization::TfEncoding")),
            ("Dict[float, Eigen::Matrix<double,-1,1,0,-1,1>]", Some("Eigen::Matrix<double,-1,1,0,-1,1>")),
            ("ns::T", Some("ns::T")),
            ("std::vector<a::B, std::allocator<a::B> >", Some("std::vector<a::B, std::allocator<a::B> >")),
            ("a::B<c", None),
            ("DataVector", None),
            ("::", Some("::")),
        ] {
            assert_eq!(raw_name(text), name, "{text}");
        }
    }
}

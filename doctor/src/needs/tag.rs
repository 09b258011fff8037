//! The part of a file's name that says which Python loads it: `cpython-312-x86_64-linux-gnu`, `cp313t-win_amd64`, `abi3`.

use crate::facts::StableKind;

use super::stable_abi::Release;

/// What a tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// One release of CPython.
    CPython { release: Release, free_threaded: bool, debug: bool },
    /// A stable ABI.
    Stable(StableKind),
    /// One release of Python on PyPy or GraalPy.
    Other { implementation: &'static str, release: Option<Release> },
}

/// The tag in a file's name as it stands there, and what it says.
pub(super) fn of_file(file: &str) -> Option<(&str, Tag)> {
    let (stem, ending) = file.rsplit_once('.')?;
    if !["so", "pyd", "dll", "dylib"].contains(&ending) {
        return None;
    }
    let (_, text) = stem.split_once('.')?;
    Some((text, read(text)?))
}

fn read(text: &str) -> Option<Tag> {
    let mut parts = text.split('-');
    let (first, second) = (parts.next()?, parts.next());
    // From 3.15 on the platform may follow: `abi3-x86_64-linux-gnu`.
    match first {
        "abi3" => return Some(Tag::Stable(StableKind::Abi3)),
        "abi3t" => return Some(Tag::Stable(StableKind::Abi3t)),
        _ => {}
    }
    if first == "cpython" {
        return cpython(second?);
    }
    if let Some(release) = first.strip_prefix("cp") {
        return cpython(release);
    }
    if let Some(release) = first.strip_prefix("pypy") {
        return Some(Tag::Other { implementation: "pypy", release: Release::of_digits(release) });
    }
    if first.starts_with("graalpy") {
        // `graalpy-38-native-…` before 23.1, `graalpy231-310-native-…` since.
        return Some(Tag::Other { implementation: "graalpy", release: second.and_then(Release::of_digits) });
    }
    None
}

/// The release with its flags: `312`, `313t`, `313td`, and `37m` before 3.8.
fn cpython(text: &str) -> Option<Tag> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let flags = &text[digits.len()..];
    if !flags.bytes().all(|flag| b"tdmu".contains(&flag)) {
        return None;
    }
    let release = Release::of_digits(digits)?;
    Some(Tag::CPython { release, free_threaded: flags.contains('t'), debug: flags.contains('d') })
}

/// What a wheel's ABI tag says of the same: `cp312`, `cp313t`, `abi3`, `pypy39_pp73`.
pub(super) fn of_wheel(abi: &str, python: &str) -> Option<Tag> {
    match abi {
        "abi3" => return Some(Tag::Stable(StableKind::Abi3)),
        "abi3t" => return Some(Tag::Stable(StableKind::Abi3t)),
        _ => {}
    }
    if let Some(release) = abi.strip_prefix("cp") {
        return cpython(release);
    }
    let implementation = if abi.starts_with("pypy") { "pypy" } else { "graalpy" };
    if implementation == "graalpy" && !abi.starts_with("graalpy") {
        return None;
    }
    let digits = python.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    Some(Tag::Other { implementation, release: Release::of_digits(digits) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpython(release: &str, free_threaded: bool, debug: bool) -> Tag {
        Tag::CPython { release: Release::of(release).expect("a release"), free_threaded, debug }
    }

    #[test]
    fn names_say_which_python_loads_them() {
        let tag = |file| of_file(file).map(|(_, tag)| tag);
        assert_eq!(tag("a.cpython-312-x86_64-linux-gnu.so"), Some(cpython("3.12", false, false)));
        assert_eq!(tag("a.cpython-37m-darwin.so"), Some(cpython("3.7", false, false)));
        assert_eq!(tag("a.cpython-313td-x86_64-linux-gnu.so"), Some(cpython("3.13", true, true)));
        assert_eq!(tag("a.cp314t-win_amd64.pyd"), Some(cpython("3.14", true, false)));
        assert_eq!(tag("a.abi3.so"), Some(Tag::Stable(StableKind::Abi3)));
        assert_eq!(tag("a.abi3t.pyd"), Some(Tag::Stable(StableKind::Abi3t)));
        assert_eq!(tag("a.abi3-x86_64-linux-gnu.so"), Some(Tag::Stable(StableKind::Abi3)));
        assert_eq!(tag("a.abi3t-darwin.so"), Some(Tag::Stable(StableKind::Abi3t)));
        let other =
            |implementation, release| Some(Tag::Other { implementation, release: Release::of(release) });
        assert_eq!(tag("a.pypy311-pp73-darwin.so"), other("pypy", "3.11"));
        assert_eq!(tag("a.graalpy-38-native-x86_64-linux.so"), other("graalpy", "3.8"));
        assert_eq!(tag("a.graalpy231-310-native-x86_64-linux.so"), other("graalpy", "3.10"));
        for file in ["a.so", "liba.so.1.2", "a.cpython-xyz.so", "a.cp.pyd", "a", "a.cpython-é.so", "a.cp3.so"]
        {
            assert_eq!(tag(file), None, "{file}");
        }
    }

    #[test]
    fn wheels_say_it_too() {
        assert_eq!(of_wheel("cp313t", "cp313"), Some(cpython("3.13", true, false)));
        assert_eq!(of_wheel("none", "py3"), None);
        let pypy = Tag::Other { implementation: "pypy", release: Release::of("3.11") };
        assert_eq!(of_wheel("pypy311_pp73", "pp311"), Some(pypy));
    }
}

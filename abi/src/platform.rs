//! The platform contract: what kind of build this is, as canonical text that parses back.
//!
//! Written by the shim into core, owner and note; judged part by part, never as a whole and never as a hash. Two
//! questions are asked of it: may this build run in that Python ([`against_host`]), and may these two builds
//! call each other in one process ([`against_peer`]). Recorded elsewhere and never compared: compiler, panic
//! strategy, allocator, the binding library's version.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::diff::Sink;
use crate::reason::Reason;

/// Which of Python's C APIs a build uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// The full API of one version, as `3.13`.
    Full(u8, u8),
    /// The limited API from a version on, as `abi3-3.9`.
    Abi3(u8, u8),
    /// The limited API for builds with and without GIL, as `abi3t-3.15`.
    Abi3t(u8, u8),
}

/// What kind of build something is.
///
/// | part | values | a difference means |
/// |---|---|---|
/// | `os`, `arch`, `bits`, `endian` | as Rust names them | can't be in one process: for files only |
/// | `c` | `sysv`, `msvc`, `mingw` | fatal between two builds in one process |
/// | `python` | `cpython`, `pypy`, `graalpy` | fatal against the running Python |
/// | `api` | `3.13`, `abi3-3.9`, `abi3t-3.15` | the running Python must be that version, or at least that |
/// | `gil` | `on`, `off`, `any` | fatal for whatever touches an object's header |
/// | `debug` | `no`, `yes` | a debug build needs a debug Python; the inverse is fine since 3.8 |
/// | `refs` | `no`, `yes` | `Py_TRACE_REFS`: fatal up to 3.12 |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// Operating system, as in `std::env::consts::OS`.
    pub os: String,
    /// Processor, as in `std::env::consts::ARCH`.
    pub arch: String,
    /// Bits of a pointer.
    pub bits: u8,
    /// `little` or `big`.
    pub endian: String,
    /// C calling convention and runtime family.
    pub c: String,
    /// Implementation of Python.
    pub python: String,
    /// C API.
    pub api: Api,
    /// `Some(true)` with a GIL, `Some(false)` without, `None` for builds that serve both.
    pub gil: Option<bool>,
    /// `Py_DEBUG`.
    pub debug: bool,
    /// `Py_TRACE_REFS`.
    pub refs: bool,
}

/// The Python that runs, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host<'a> {
    /// `sys.implementation.name`.
    pub python: &'a str,
    /// The version, starting with major and minor: `3.13`, `3.13.0rc1 (main…`.
    pub version: &'a str,
    /// Built with a GIL, whether or not it is enabled.
    pub gil: bool,
    /// `Py_TRACE_REFS`: `sys.getobjects` exists.
    pub refs: bool,
}

/// A part of a canonical platform text; empty when it isn't there.
#[inline(never)]
pub fn part<'a>(text: &'a str, key: &str) -> &'a str {
    let (bytes, mut start) = (text.as_bytes(), 0);
    for end in 0..=bytes.len() {
        if end == bytes.len() || bytes[end] == b' ' {
            let value =
                bytes[start..end].strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            if let Some(value) = value {
                return text.get(end - value.len()..end).unwrap_or("");
            }
            start = end + 1;
        }
    }
    ""
}

/// Finds what keeps a build from running in `host`; all of it, in the order of the check.
///
/// `sink` is told the reason, the part, what the build has, and what the running Python has.
pub fn against_host(build: &str, host: &Host<'_>, sink: Sink<'_>) {
    let api = part(build, "api");
    let limited = api.strip_prefix("abi3t-").or_else(|| api.strip_prefix("abi3-"));
    let (built, running) = (numbers(limited.unwrap_or(api)), numbers(host.version));
    let serves = match limited {
        Some(_) => built.0 == running.0 && built.1 <= running.1,
        None => built == running,
    };
    let gil = part(build, "gil");
    // What the build has, what the running Python has, and whether it will do when the build says otherwise.
    let rules = [
        (Reason::Implementation, "python", part(build, "python"), host.python, false),
        (Reason::PythonVersion, "api", api, host.version, serves),
        (Reason::GilBuild, "gil", gil, gil_word(Some(host.gil)), gil == "any"),
        (Reason::TraceRefs, "refs", part(build, "refs"), yes(host.refs), running > (3, 12)),
    ];
    for (reason, key, built, has, will_do) in rules {
        if built != has && !will_do {
            sink(reason, key, built, has);
        }
    }
}

/// The first two numbers of a version; 0 for one that is missing.
#[inline(never)]
pub fn numbers(version: &str) -> (u32, u32) {
    let mut parts = [0_u32; 2];
    let mut at = 0;
    for byte in version.bytes() {
        match byte {
            b'0'..=b'9' => parts[at] = parts[at].wrapping_mul(10).wrapping_add(u32::from(byte - b'0')),
            b'.' if at == 0 => at = 1,
            _ => break,
        }
    }
    (parts[0], parts[1])
}

/// Finds what keeps two builds in one process from calling each other: only what can differ there.
pub fn against_peer<'a>(
    provider: &'a str,
    consumer: &'a str,
) -> Option<(Reason, &'static str, &'a str, &'a str)> {
    [(Reason::CAbi, "c"), (Reason::GilBuild, "gil")].into_iter().find_map(|(reason, key)| {
        let (theirs, ours) = (part(provider, key), part(consumer, key));
        let differ = theirs != ours && !(key == "gil" && (theirs == "any" || ours == "any"));
        differ.then_some((reason, key, theirs, ours))
    })
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn gil_word(gil: Option<bool>) -> &'static str {
    match gil {
        Some(true) => "on",
        Some(false) => "off",
        None => "any",
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(major, minor) => write!(f, "{major}.{minor}"),
            Self::Abi3(major, minor) => write!(f, "abi3-{major}.{minor}"),
            Self::Abi3t(major, minor) => write!(f, "abi3t-{major}.{minor}"),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { os, arch, bits, endian, c, python, api, gil, debug, refs } = self;
        write!(f, "os={os} arch={arch} bits={bits} endian={endian} c={c} python={python} api={api}")?;
        write!(f, " gil={} debug={} refs={}", gil_word(*gil), yes(*debug), yes(*refs))
    }
}

/// A platform text that isn't canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformError {
    /// The part that is missing, unknown, out of order or has an unknown value.
    pub part: String,
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "platform text: `{}` is missing, out of order or has an unknown value", self.part)
    }
}

impl FromStr for Api {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let (make, rest): (fn(u8, u8) -> Self, &str) = if let Some(rest) = text.strip_prefix("abi3t-") {
            (Self::Abi3t, rest)
        } else if let Some(rest) = text.strip_prefix("abi3-") {
            (Self::Abi3, rest)
        } else {
            (Self::Full, text)
        };
        let version = rest.split_once('.').and_then(|(a, b)| Some(make(a.parse().ok()?, b.parse().ok()?)));
        version.filter(|api| api.to_string() == text).ok_or_else(|| PlatformError { part: "api".to_owned() })
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split(' ');
        let mut next = |key: &str| {
            let wrong = || PlatformError { part: key.to_owned() };
            let (found, value) = parts.next().and_then(|part| part.split_once('=')).ok_or_else(wrong)?;
            let word =
                !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if found == key && word { Ok(value.to_owned()) } else { Err(wrong()) }
        };
        let platform = Self {
            os: next("os")?,
            arch: next("arch")?,
            bits: next("bits")?.parse().map_err(|_| PlatformError { part: "bits".to_owned() })?,
            endian: next("endian")?,
            c: next("c")?,
            python: next("python")?,
            api: next("api")?.parse()?,
            gil: match next("gil")?.as_str() {
                "on" => Some(true),
                "off" => Some(false),
                "any" => None,
                _ => return Err(PlatformError { part: "gil".to_owned() }),
            },
            debug: flag(&next("debug")?, "debug")?,
            refs: flag(&next("refs")?, "refs")?,
        };
        // One text, one platform: also refuses `bits=064` and anything after the last part.
        if platform.to_string() == text { Ok(platform) } else { Err(PlatformError { part: text.to_owned() }) }
    }
}

fn flag(value: &str, part: &str) -> Result<bool, PlatformError> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(PlatformError { part: part.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn apis() -> impl Strategy<Value = Api> {
        (0..3, any::<u8>(), any::<u8>()).prop_map(|(kind, a, b)| match kind {
            0 => Api::Full(a, b),
            1 => Api::Abi3(a, b),
            _ => Api::Abi3t(a, b),
        })
    }

    prop_compose! {
        fn platforms()(
            words in prop::collection::vec("[a-z0-9_.-]{1,8}", 5), bits: u8, api in apis(), gil: Option<bool>,
            debug: bool, refs: bool,
        ) -> Platform {
            let [os, arch, endian, c, python] = words.try_into().unwrap();
            Platform { os, arch, bits, endian, c, python, api, gil, debug, refs }
        }
    }

    fn linux(api: &str, gil: &str) -> String {
        let text = "os=linux arch=x86_64 bits=64 endian=little c=sysv python=cpython";
        format!("{text} api={api} gil={gil} debug=no refs=no")
    }

    fn found(build: &str, python: &str, version: &str, gil: bool, refs: bool) -> Vec<&'static str> {
        let mut slugs = Vec::new();
        against_host(build, &Host { python, version, gil, refs }, &mut |reason, _, _, _| {
            slugs.push(reason.slug())
        });
        slugs
    }

    #[test]
    fn a_build_with_a_gil_is_refused_by_a_free_threaded_python_and_the_other_way_round() {
        assert_eq!(found(&linux("3.14", "on"), "cpython", "3.14.0", false, false), ["gil-build"]);
        assert_eq!(found(&linux("3.13", "off"), "cpython", "3.13.1 (main)", true, false), ["gil-build"]);
        assert_eq!(found(&linux("abi3t-3.15", "any"), "cpython", "3.15.0a1", false, false), [""; 0]);
    }

    #[test]
    fn a_limited_build_runs_in_every_later_version_and_a_full_one_in_its_own() {
        assert_eq!(found(&linux("abi3-3.9", "on"), "cpython", "3.15.2", true, false), [""; 0]);
        assert_eq!(found(&linux("abi3-3.12", "on"), "cpython", "3.11.7", true, false), ["python-version"]);
        assert_eq!(found(&linux("3.12", "on"), "cpython", "3.13.0", true, false), ["python-version"]);
        assert_eq!(found(&linux("3.12", "on"), "cpython", "3.12.0rc1", true, false), [""; 0]);
    }

    #[test]
    fn traced_references_change_objects_up_to_3_12_only() {
        for (version, expected) in [("3.12.4", &["trace-refs"][..]), ("3.13.0", &[]), ("3.14.1", &[])] {
            let own = linux(&version[..4], "on");
            assert_eq!(found(&own, "cpython", version, true, true), expected, "{version}");
            assert_eq!(found(&own.replace("refs=no", "refs=yes"), "cpython", version, true, false), expected);
        }
    }

    #[test]
    fn all_differences_to_the_host_are_listed() {
        let all = ["implementation", "python-version", "gil-build", "trace-refs"];
        assert_eq!(found(&linux("3.12", "on"), "pypy", "3.11.13", false, true), all);
    }

    #[test]
    fn builds_with_and_without_a_gil_meet_only_where_one_serves_both() {
        let (on, off, any) = (linux("3.14", "on"), linux("3.14", "off"), linux("abi3t-3.15", "any"));
        assert_eq!(against_peer(&on, &off), Some((Reason::GilBuild, "gil", "on", "off")));
        assert_eq!(against_peer(&off, &on), Some((Reason::GilBuild, "gil", "off", "on")));
        for (a, b) in [(&on, &on), (&off, &off), (&any, &on), (&on, &any), (&any, &off), (&off, &any)] {
            assert_eq!(against_peer(a, b), None, "{a} {b}");
        }
        // `any` is a word of the GIL alone.
        let odd = on.replace("c=sysv", "c=any");
        assert_eq!(against_peer(&odd, &on), Some((Reason::CAbi, "c", "any", "sysv")));
    }

    #[test]
    fn the_part_that_is_wrong_is_named() {
        let text = linux("3.14", "on");
        for (changed, part) in [
            ("os=linux".to_owned(), "arch"),
            (text.replace("os=linux", "os="), "os"),
            (text.replace("os=linux", "os=lin%x"), "os"),
            (text.replace("os=linux", "so=linux"), "os"),
            (text.replace("debug=no", "debug=maybe"), "debug"),
        ] {
            let said = changed.parse::<Platform>().unwrap_err().to_string();
            assert_eq!(
                said,
                format!("platform text: `{part}` is missing, out of order or has an unknown value")
            );
        }
    }

    #[test]
    fn builds_by_msvc_and_mingw_do_not_call_each_other() {
        let mingw = linux("3.12", "on").replace("c=sysv", "c=mingw");
        assert_eq!(against_peer(&linux("3.12", "on"), &mingw), Some((Reason::CAbi, "c", "sysv", "mingw")));
        assert_eq!(against_peer(&linux("3.12", "on"), &linux("abi3-3.9", "on")), None);
    }

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn platforms_parse_back(platform in platforms()) {
            prop_assert_eq!(platform.to_string().parse(), Ok(platform.clone()));
            let text = platform.to_string();
            prop_assert_eq!(part(&text, "endian"), platform.endian);
        }

        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn what_parses_is_canonical(text in "\\PC{0,120}|os=[a-z ]{0,3} arch=x bits=0?8 endian=l c=c python=p api=(abi3-)?0?3.9 gil=on debug=no refs=no ?") {
            let _ = found(&text, &text, &text, true, false);
            if let Ok(platform) = text.parse::<Platform>() {
                prop_assert_eq!(platform.to_string(), text);
            }
        }
    }
}

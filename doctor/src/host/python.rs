//! The Python that is to load the modules: described from its files, from its own answer, or from what most modules ask for.
//! Nothing here runs it: `QUESTION` is for whoever may.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Claim, Evidence, Libc, LibcKind, Module, Os, Source};

/// What an interpreter is asked, by those who may run one; the answer goes into [`HostPython::from_answer`].
pub const QUESTION: &str = "import json, platform, site, struct, sys, sysconfig
v = sysconfig.get_config_var
libc = platform.libc_ver() if sys.platform.startswith('linux') else ('', '')
folders = [p for p in sys.path if p.rstrip('/\\\\').endswith(('site-packages', 'dist-packages'))]
print(json.dumps({
    'executable': sys.executable,
    'implementation': sys.implementation.name,
    'version': '%d.%d' % sys.version_info[:2],
    'full_version': platform.python_version(),
    'free_threaded': bool(v('Py_GIL_DISABLED')),
    'debug': hasattr(sys, 'gettotalrefcount'),
    'platform': sys.platform,
    'machine': platform.machine(),
    'bits': 8 * struct.calcsize('P'),
    'soabi': v('SOABI') or '',
    'libc': libc[0],
    'libc_version': libc[1],
    'folders': folders,
}))";

/// How it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// From its files.
    Files,
    /// It was run and asked.
    Asked,
    /// From what most of the modules are built for: there was no Python to look at.
    Assumed,
}

/// The Python that is to load the modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostPython {
    /// How it is known.
    pub how: How,
    /// Its executable, or the folder it was found by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executable: Option<String>,
    /// `cpython`, `pypy`, `graalpy`.
    pub implementation: Claim<String>,
    /// Major and minor: `3.12`.
    pub version: Claim<String>,
    /// With the rest: `3.12.1`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub full_version: Option<String>,
    /// Whether it is a free-threaded build.
    pub free_threaded: Claim<bool>,
    /// Whether it is a debug build.
    pub debug: Claim<bool>,
    /// Its system.
    pub os: Claim<Os>,
    /// Its processor, by the name Linux wheels use.
    pub arch: Claim<String>,
    /// Its C library; the floor is the release it runs on.
    pub libc: Claim<Libc>,
    /// The folders from which it imports what is installed.
    pub site_packages: Vec<String>,
}

/// The answer to [`QUESTION`].
#[derive(Deserialize)]
struct Answer {
    executable: String,
    implementation: String,
    version: String,
    full_version: String,
    free_threaded: bool,
    debug: bool,
    platform: String,
    machine: String,
    bits: u8,
    soabi: String,
    libc: String,
    libc_version: String,
    folders: Vec<String>,
}

impl HostPython {
    /// A Python of which nothing is known yet.
    pub(crate) fn unknown(how: How) -> Self {
        let why = "no file of the interpreter says";
        Self {
            how,
            executable: None,
            implementation: Claim::unknown(why),
            version: Claim::unknown(why),
            full_version: None,
            free_threaded: Claim::unknown(why),
            debug: Claim::unknown(why),
            os: Claim::unknown(why),
            arch: Claim::unknown(why),
            libc: Claim::unknown(why),
            site_packages: Vec::new(),
        }
    }

    /// Reads an interpreter's answer to [`QUESTION`].
    ///
    /// # Errors
    /// The answer isn't the JSON that the question prints.
    pub fn from_answer(text: &str) -> Result<Self, serde_json::Error> {
        let answer: Answer = serde_json::from_str(text.trim())?;
        let seen = || [Evidence::new(Source::Metadata, "the interpreter's own answer")];
        let os = system(&answer.platform);
        let libc = match os {
            Os::Linux if answer.soabi.ends_with("-musl") => Some((LibcKind::Musl, None)),
            Os::Linux if answer.libc == "glibc" => Some((LibcKind::Glibc, Some(answer.libc_version))),
            Os::Macos => Some((LibcKind::System, None)),
            Os::Windows => Some((LibcKind::Ucrt, None)),
            _ => None,
        };
        Ok(Self {
            how: How::Asked,
            executable: Some(answer.executable),
            implementation: Claim::certain(answer.implementation, seen()),
            version: Claim::certain(answer.version, seen()),
            full_version: Some(answer.full_version),
            free_threaded: Claim::certain(answer.free_threaded, seen()),
            debug: Claim::certain(answer.debug, seen()),
            os: Claim::certain(os, seen()),
            arch: Claim::certain(processor(&answer.machine, answer.bits), seen()),
            libc: libc.map_or_else(
                || Claim::unknown("the interpreter doesn't say"),
                |(kind, floor)| Claim::certain(Libc { kind, floor }, seen()),
            ),
            site_packages: answer.folders,
        })
    }

    /// Takes for granted the Python that most of the modules are built for.
    pub(crate) fn assumed(modules: &[Module]) -> Option<Self> {
        let extensions = || modules.iter().filter(|module| module.extension);
        extensions().next()?;
        let mut host = Self::unknown(How::Assumed);
        host.implementation = most(extensions().map(|module| &module.python.implementation));
        host.version = most(extensions().map(|module| &module.python.version));
        host.free_threaded = most(extensions().map(|module| &module.python.free_threaded));
        host.os = most(extensions().map(|module| &module.target.os));
        host.arch = most_values(extensions().map(|module| module.target.arch.name.clone()));
        let kinds = extensions().filter_map(|module| module.target.libc.value.as_ref().map(|libc| libc.kind));
        host.libc = most_values(kinds.map(|kind| format!("{kind:?}")))
            .value
            .and_then(|name| {
                let mut all = extensions().filter_map(|module| module.target.libc.value.as_ref());
                all.find(|libc| format!("{:?}", libc.kind) == name).map(|libc| libc.kind)
            })
            .map_or_else(
                || Claim::unknown("no module says"),
                |kind| Claim::likely(Libc { kind, floor: None }, [], MOST),
            );
        Some(host)
    }

    /// Its version as numbers.
    pub fn numbers(&self) -> Option<(u32, u32)> {
        self.version.value.as_deref().and_then(numbers)
    }

    /// Says in a few words who it is: `CPython 3.14 free-threaded, linux x86_64`.
    pub fn describe(&self) -> String {
        let mut words = match self.implementation.value.as_deref() {
            Some("cpython") => "CPython".to_owned(),
            Some("pypy") => "PyPy".to_owned(),
            Some("graalpy") => "GraalPy".to_owned(),
            Some(other) => other.to_owned(),
            None => "Python".to_owned(),
        };
        if let Some(version) = self.full_version.as_ref().or(self.version.value.as_ref()) {
            words.push(' ');
            words.push_str(version);
        }
        if self.free_threaded.value == Some(true) {
            words.push_str(" free-threaded");
        }
        if self.debug.value == Some(true) {
            words.push_str(" debug");
        }
        let os = self.os.value.map(system_name);
        let place: Vec<&str> = os.into_iter().chain(self.arch.value.as_deref()).collect();
        if !place.is_empty() {
            words.push_str(", ");
            words.push_str(&place.join(" "));
        }
        words
    }
}

const MOST: &str = "most of the modules are built for it; no Python was looked at";

/// The value that occurs most often, the smallest of equals.
fn most_values<T: Ord>(values: impl Iterator<Item = T>) -> Claim<T> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0_usize) += 1;
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or_else(|| Claim::unknown("no module says"), |(value, _)| Claim::likely(value, [], MOST))
}

fn most<'a, T: Clone + std::fmt::Debug + 'a>(claims: impl Iterator<Item = &'a Claim<T>>) -> Claim<T> {
    let values: Vec<&T> = claims.filter_map(|claim| claim.value.as_ref()).collect();
    let name = most_values(values.iter().map(|value| format!("{value:?}"))).value;
    let value = values.into_iter().find(|value| Some(format!("{value:?}")) == name);
    value.map_or_else(|| Claim::unknown("no module says"), |value| Claim::likely(value.clone(), [], MOST))
}

/// Reads `3.12` or `3.12.1`.
pub(crate) fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    Some((major, minor))
}

/// Compares dotted numbers; what isn't a number counts as 0.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<u64> { text.split('.').map(|part| part.parse().unwrap_or(0)).collect() };
    let (mut a, mut b) = (parts(a), parts(b));
    let longest = a.len().max(b.len());
    a.resize(longest, 0);
    b.resize(longest, 0);
    a.cmp(&b)
}

/// A system by `sys.platform`'s name.
pub(crate) fn system(platform: &str) -> Os {
    match platform {
        "darwin" => Os::Macos,
        "win32" | "cygwin" => Os::Windows,
        "android" => Os::Android,
        "ios" => Os::Ios,
        "emscripten" => Os::Emscripten,
        name if name.starts_with("linux") => Os::Linux,
        _ => Os::Other,
    }
}

/// A system's name for people.
pub(crate) fn system_name(os: Os) -> &'static str {
    match os {
        Os::Linux => "Linux",
        Os::Macos => "macOS",
        Os::Windows => "Windows",
        Os::Android => "Android",
        Os::Ios => "iOS",
        Os::Emscripten => "Emscripten",
        Os::Other => "another system",
    }
}

/// A processor by the name Linux wheels use.
pub(crate) fn processor(machine: &str, bits: u8) -> String {
    let machine = machine.to_ascii_lowercase();
    match (machine.as_str(), bits) {
        ("amd64" | "x86_64", 32) => "i686".to_owned(),
        ("amd64" | "x86_64", _) => "x86_64".to_owned(),
        ("i386" | "i486" | "i586" | "i686" | "x86", _) => "i686".to_owned(),
        ("arm64" | "aarch64", 32) => "armv7l".to_owned(),
        ("arm64" | "aarch64", _) => "aarch64".to_owned(),
        _ => machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_certain_statements() {
        let answer = r#"{"executable": "/opt/python", "implementation": "cpython", "version": "3.14",
            "full_version": "3.14.2", "free_threaded": true, "debug": false, "platform": "linux",
            "machine": "AMD64", "bits": 64, "soabi": "cpython-314t-x86_64-linux-gnu", "libc": "glibc",
            "libc_version": "2.36", "folders": ["/opt/lib/python3.14t/site-packages"]}"#;
        let host = HostPython::from_answer(answer).unwrap();
        assert_eq!(host.describe(), "CPython 3.14.2 free-threaded, Linux x86_64");
        assert!(host.free_threaded.is_certain());
        assert_eq!(host.libc.value.unwrap().floor.as_deref(), Some("2.36"));
    }

    #[test]
    fn another_answer_is_an_error_not_a_guess() {
        assert!(HostPython::from_answer("Traceback (most recent call last):").is_err());
    }

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(compare("2.9", "2.17"), Ordering::Less);
        assert_eq!(compare("3.12", "3.12.0"), Ordering::Equal);
    }
}

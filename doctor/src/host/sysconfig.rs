//! What a Python's own data files say of how it was built: the name of its library folder, `build-details.json`,
//! `_sysconfigdata*.py`. They are read as text, never run; each is read up to a bound.

use std::path::Path;

use super::python::{HostPython, numbers, processor, system};
use crate::facts::{Claim, Evidence, Libc, LibcKind, Os, Source};
use crate::source::{entries, text};

/// The largest data file that is read; CPython's have about 50 KiB.
const MOST: u64 = 4 << 20;

/// What a library folder's name says: `python3.14t`, `pypy3.11`.
pub(super) struct LibraryName {
    pub(super) implementation: &'static str,
    pub(super) version: String,
    pub(super) flags: String,
}

impl LibraryName {
    /// Reads the name, as a folder's or as an executable's.
    pub(super) fn read(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let (implementation, rest) = [("cpython", "python"), ("pypy", "pypy"), ("graalpy", "graalpy")]
            .into_iter()
            .find_map(|(implementation, prefix)| Some((implementation, name.strip_prefix(prefix)?)))?;
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
        let (version, flags) = rest.split_at(end);
        numbers(version)?;
        let known = flags.chars().all(|flag| matches!(flag, 't' | 'd' | 'm' | 'u'));
        known.then(|| Self { implementation, version: version.to_owned(), flags: flags.to_owned() })
    }

    /// States what the name says.
    pub(super) fn state(&self, name: &str, host: &mut HostPython) {
        let seen = || [Evidence::new(Source::FileName, name)];
        host.implementation = Claim::certain(self.implementation.to_owned(), seen());
        host.version = Claim::certain(self.version.clone(), seen());
        // Since 3.13 the letter is part of the folder's name exactly in free-threaded builds.
        host.free_threaded = Claim::certain(self.flags.contains('t'), seen());
    }
}

/// States what the data files in a library folder say.
pub(super) fn state(library: &Path, host: &mut HostPython) {
    let mut data = entries(library);
    data.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("_sysconfigdata") && name.ends_with(".py")
    });
    let text_of = |path: &Path| text(path, MOST).map(|text| (path.display().to_string(), text));
    for (file, text) in data.iter().filter_map(|path| text_of(path)) {
        from_variables(&file, &text, host);
    }
    if let Some((file, text)) = text_of(&library.join("build-details.json")) {
        from_details(&file, &text, host);
    }
}

/// `'NAME': 'value'` or `'NAME': 1`, as `_sysconfigdata*.py` is written.
fn variable<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.split_once(&format!("'{name}': "))?.1;
    let line = rest.lines().next()?.trim_end().trim_end_matches(['}', ',']);
    Some(line.trim_matches('\''))
}

fn from_variables(file: &str, text: &str, host: &mut HostPython) {
    let seen = |name: &str, value: &str| {
        [Evidence::new(Source::Metadata, format!("{name} = {value}")).in_file(file)]
    };
    for (name, claim) in [("Py_GIL_DISABLED", &mut host.free_threaded), ("Py_DEBUG", &mut host.debug)] {
        if let Some(value @ ("0" | "1")) = variable(text, name) {
            *claim = Claim::certain(value == "1", seen(name, value));
        }
    }
    if let Some(soabi) = variable(text, "SOABI") {
        from_soabi(soabi, &seen("SOABI", soabi), host);
    }
    if let Some(machine) = variable(text, "MACHDEP") {
        host.os = Claim::certain(system(machine), seen("MACHDEP", machine));
    }
}

/// `cpython-312-x86_64-linux-gnu`, `cpython-314t-darwin`, `pypy311-pp73-x86_64-linux-gnu`.
fn from_soabi(soabi: &str, seen: &[Evidence], host: &mut HostPython) {
    let parts: Vec<&str> = soabi.split('-').collect();
    let Some(at) = parts.iter().position(|part| matches!(*part, "linux" | "darwin")) else { return };
    let seen = || seen.to_vec();
    host.os = Claim::certain(system(parts[at]), seen());
    if parts[at] == "darwin" {
        host.libc = Claim::certain(Libc { kind: LibcKind::System, floor: None }, seen());
        return;
    }
    let bits = if parts.last() == Some(&"gnux32") { 32 } else { 64 };
    if let Some(machine) = at.checked_sub(1).and_then(|at| parts.get(at)) {
        host.arch = Claim::certain(processor(machine, bits), seen());
    }
    let kind = match parts.last().copied().unwrap_or_default() {
        "musl" => LibcKind::Musl,
        last if last.starts_with("gnu") => LibcKind::Glibc,
        _ => return,
    };
    host.libc = Claim::certain(Libc { kind, floor: None }, seen());
}

/// The file that PEP 739 describes.
fn from_details(file: &str, text: &str, host: &mut HostPython) {
    let Ok(details) = serde_json::from_str::<serde_json::Value>(text) else { return };
    let seen = |what: &str| [Evidence::new(Source::Metadata, what).in_file(file)];
    let at = |path: &str| details.pointer(path).and_then(serde_json::Value::as_str).map(str::to_owned);
    if let Some(name) = at("/implementation/name") {
        host.implementation = Claim::certain(name, seen("implementation.name"));
    }
    if let Some(version) = at("/language/version") {
        host.version = Claim::certain(version, seen("language.version"));
    }
    if let Some(flags) = details.pointer("/abi/flags").and_then(serde_json::Value::as_array) {
        let has = |flag: &str| flags.iter().any(|found| found.as_str() == Some(flag));
        host.free_threaded = Claim::certain(has("t"), seen("abi.flags"));
        host.debug = Claim::certain(has("d"), seen("abi.flags"));
    }
    if let Some((os, machine)) = at("/platform").as_deref().and_then(|platform| platform.split_once('-')) {
        let os = if os.starts_with("macos") { Os::Macos } else { system(os.trim_start_matches("win-")) };
        host.os = Claim::certain(os, seen("platform"));
        if os == Os::Linux {
            host.arch = Claim::certain(processor(machine, 64), seen("platform"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::How;

    #[test]
    fn a_library_folders_name_says_version_and_threads() {
        let read =
            |name| LibraryName::read(name).map(|found| (found.implementation, found.version, found.flags));
        assert_eq!(read("python3.14t"), Some(("cpython", "3.14".to_owned(), "t".to_owned())));
        assert_eq!(read("pypy3.11"), Some(("pypy", "3.11".to_owned(), String::new())));
        for none in ["python", "python3", "pythonic", "python3.x", "python3.12-config", "lib"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn the_variables_are_read_as_text() {
        let mut host = HostPython::unknown(How::Files);
        let text = "build_time_vars = {'MACHDEP': 'linux',\n 'Py_DEBUG': 0,\n 'Py_GIL_DISABLED': 1,\n \
                    'SOABI': 'cpython-313t-aarch64-linux-musl'}\n";
        from_variables("_sysconfigdata.py", text, &mut host);
        assert_eq!(host.free_threaded.value, Some(true));
        assert_eq!(host.debug.value, Some(false));
        assert_eq!(host.arch.value.as_deref(), Some("aarch64"));
        assert_eq!(host.libc.value.map(|libc| libc.kind), Some(LibcKind::Musl));
    }

    #[test]
    fn broken_data_says_nothing() {
        let mut host = HostPython::unknown(How::Files);
        from_variables("x", "'SOABI': ", &mut host);
        from_variables("x", "'Py_DEBUG': yes", &mut host);
        from_soabi("linux", &[], &mut host);
        from_details("x", "{\"abi\": 3, \"platform\": []}", &mut host);
        assert_eq!(host.debug.value, None);
        assert_eq!(host.version.value, None);
    }
}

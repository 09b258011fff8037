//! What a wheel's file name says, and whether a Python takes it. Platform tags are compared as installers do, as far as the Python
//! is known: what isn't known isn't held against a wheel.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{LibcKind, Os};
use crate::host::{HostPython, compare, processor};

/// The parts of a wheel's file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// The distribution's name, as written.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The build number, where there is one.
    pub build: Option<String>,
    /// The Pythons: `cp312`, `py3`.
    pub pythons: Vec<String>,
    /// The ABIs: `cp312`, `cp314t`, `abi3`, `none`.
    pub abis: Vec<String>,
    /// The platforms: `manylinux_2_28_x86_64`, `any`.
    pub platforms: Vec<String>,
}

/// How well a wheel fits a Python; the best comes last, so that fits sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Not at all.
    Not,
    /// Without native code for a certain Python.
    Pure,
    /// By a stable ABI.
    Stable,
    /// Built for just this Python.
    Exact,
}

impl WheelName {
    /// Reads a file name; anything else is none.
    pub fn read(file: &str) -> Option<Self> {
        let name = file.rsplit(['/', '\\']).next()?.strip_suffix(".whl")?;
        let parts: Vec<&str> = name.split('-').collect();
        let (build, tags) = match parts.len() {
            5 => (None, &parts[2..]),
            6 => (Some(parts[2].to_owned()), &parts[3..]),
            _ => return None,
        };
        let split = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let whole = parts.iter().all(|part| !part.is_empty());
        whole.then(|| Self {
            name: parts[0].to_owned(),
            version: parts[1].to_owned(),
            build,
            pythons: split(tags[0]),
            abis: split(tags[1]),
            platforms: split(tags[2]),
        })
    }

    /// Whether it has no native code, by its tags.
    pub fn is_pure(&self) -> bool {
        self.abis.iter().all(|abi| abi == "none") && self.platforms.iter().all(|platform| platform == "any")
    }

    /// Says how well a Python takes it.
    pub fn fit(&self, host: &HostPython) -> Fit {
        if !self.platforms.iter().any(|platform| takes_platform(platform, host)) {
            return Fit::Not;
        }
        let pairs = self.pythons.iter().flat_map(|python| self.abis.iter().map(move |abi| (python, abi)));
        pairs.map(|(python, abi)| fit_of(python, abi, host)).max().unwrap_or(Fit::Not)
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags = [self.pythons.join("."), self.abis.join("."), self.platforms.join(".")];
        f.write_str(&tags.join("-"))
    }
}

/// `cp312` as implementation and numbers; `py3` has no minor.
fn python_tag(tag: &str) -> Option<(&str, u32, Option<u32>)> {
    let end = tag.find(|c: char| c.is_ascii_digit())?;
    let (implementation, digits) = tag.split_at(end);
    let major = digits.get(..1)?.parse().ok()?;
    let minor = digits.get(1..).filter(|minor| !minor.is_empty());
    match minor {
        Some(minor) => Some((implementation, major, Some(minor.parse().ok()?))),
        None => Some((implementation, major, None)),
    }
}

fn fit_of(python: &str, abi: &str, host: &HostPython) -> Fit {
    let Some((implementation, major, minor)) = python_tag(python) else { return Fit::Not };
    let short = match host.implementation.value.as_deref() {
        Some("cpython") | None => "cp",
        Some("pypy") => "pp",
        Some("graalpy") => "graalpy",
        Some(_) => return Fit::Not,
    };
    let Some((host_major, host_minor)) = host.numbers() else { return Fit::Not };
    let same = major == host_major && minor.is_none_or(|minor| minor == host_minor);
    let older = major == host_major && minor.is_none_or(|minor| minor <= host_minor);
    let free_threaded = host.free_threaded.value.unwrap_or(false);
    match abi {
        "none" if implementation == "py" && older => Fit::Pure,
        "none" if implementation == short && older => Fit::Pure,
        "abi3" if implementation == short && older && !free_threaded => Fit::Stable,
        "abi3t" if implementation == short && older && free_threaded => Fit::Stable,
        _ if implementation == short && same => {
            let debug = host.debug.value.unwrap_or(false);
            let flags = format!("{}{}", if free_threaded { "t" } else { "" }, if debug { "d" } else { "" });
            let own = format!("{short}{host_major}{host_minor}");
            // Up to 3.7 an `m` stood behind; PyPy and GraalPy have words of their own.
            let exact = if short == "cp" { abi == format!("{own}{flags}") } else { abi != "abi3" };
            if exact { Fit::Exact } else { Fit::Not }
        }
        _ => Fit::Not,
    }
}

/// Whether a platform tag is one for this Python's machine.
fn takes_platform(tag: &str, host: &HostPython) -> bool {
    if tag == "any" {
        return true;
    }
    let arch = host.arch.value.as_deref();
    let arch_is = |name: &str| arch.is_none_or(|arch| processor(name, 64) == arch);
    let libc = host.libc.value.as_ref();
    let os = host.os.value;
    let on = |wanted: Os| os.is_none_or(|os| os == wanted);
    if let Some(rest) = tag.strip_prefix("manylinux") {
        let glibc = libc.is_none_or(|libc| libc.kind == LibcKind::Glibc);
        let Some((floor, machine)) = manylinux(rest) else { return false };
        let release = libc.and_then(|libc| libc.floor.as_deref());
        let new_enough = release.is_none_or(|release| compare(&floor, release) != Ordering::Greater);
        return on(Os::Linux) && glibc && new_enough && arch_is(machine);
    }
    if let Some(rest) = tag.strip_prefix("musllinux_") {
        let musl = libc.is_none_or(|libc| libc.kind == LibcKind::Musl);
        return on(Os::Linux) && musl && rest.splitn(3, '_').nth(2).is_some_and(arch_is);
    }
    if let Some(machine) = tag.strip_prefix("linux_") {
        return on(Os::Linux) && arch_is(machine);
    }
    if let Some(rest) = tag.strip_prefix("macosx_") {
        let machine = rest.splitn(3, '_').nth(2).unwrap_or_default();
        let arch = match machine {
            "universal2" => arch.is_none_or(|arch| matches!(arch, "x86_64" | "aarch64")),
            "universal" | "intel" | "fat64" => arch_is("x86_64"),
            machine => arch_is(machine),
        };
        return on(Os::Macos) && arch;
    }
    match tag {
        "win32" => on(Os::Windows) && arch_is("i686"),
        "win_amd64" => on(Os::Windows) && arch_is("x86_64"),
        "win_arm64" => on(Os::Windows) && arch_is("aarch64"),
        _ => false,
    }
}

/// The glibc and the machine of what follows `manylinux`: `_2_28_x86_64`, `2014_x86_64`.
pub(crate) fn manylinux(rest: &str) -> Option<(String, &str)> {
    for (old, floor) in [("1_", "2.5"), ("2010_", "2.12"), ("2014_", "2.17")] {
        if let Some(machine) = rest.strip_prefix(old) {
            return Some((floor.to_owned(), machine));
        }
    }
    let mut parts = rest.strip_prefix('_')?.splitn(3, '_');
    let (major, minor, machine) = (parts.next()?, parts.next()?, parts.next()?);
    Some((format!("{major}.{minor}"), machine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Claim;
    use crate::samples::host;

    fn fit(tags: &str) -> Fit {
        WheelName::read(&format!("x-1.0-{tags}.whl")).unwrap().fit(&host())
    }

    #[test]
    fn a_wheel_fits_as_installers_have_it() {
        assert_eq!(fit("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"), Fit::Exact);
        assert_eq!(fit("cp39-abi3-manylinux_2_28_x86_64"), Fit::Stable);
        assert_eq!(fit("py3-none-any"), Fit::Pure);
        assert_eq!(fit("py2.py3-none-manylinux1_x86_64"), Fit::Pure);
        for not in [
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp313-abi3-manylinux_2_17_x86_64",
            "cp312-cp312t-manylinux_2_17_x86_64",
            "cp312-cp312-manylinux_2_39_x86_64",
            "cp312-cp312-musllinux_1_2_x86_64",
            "cp312-cp312-macosx_11_0_arm64",
            "cp312-cp312-win_amd64",
            "cp312-cp312-manylinux_2_17_aarch64",
            "pp312-pypy312_pp73-manylinux_2_17_x86_64",
            "py2-none-any",
        ] {
            assert_eq!(fit(not), Fit::Not, "{not}");
        }
    }

    #[test]
    fn a_free_threaded_python_takes_its_own_wheels_alone() {
        let mut free = host();
        free.version = Claim::certain("3.15".to_owned(), []);
        free.free_threaded = Claim::certain(true, []);
        let fit = |tags: &str| WheelName::read(&format!("x-1.0-2-{tags}.whl")).unwrap().fit(&free);
        assert_eq!(fit("cp315-cp315t-linux_x86_64"), Fit::Exact);
        assert_eq!(fit("cp315-abi3.abi3t-linux_x86_64"), Fit::Stable);
        assert_eq!(fit("cp315-abi3-linux_x86_64"), Fit::Not);
        assert_eq!(fit("cp315-cp315-linux_x86_64"), Fit::Not);
    }

    #[test]
    fn other_file_names_are_no_wheels() {
        for name in
            ["x.whl", "x-1.0.whl", "x-1.0-py3-none-any.zip", "a-b-c-d-e-f-g.whl", "x--py3-none-any.whl", ""]
        {
            assert_eq!(WheelName::read(name), None, "{name}");
        }
    }
}

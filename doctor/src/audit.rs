//! One wheel before it is released: everything in it that contradicts its own tags, that its users couldn't load, and what it
//! breaks for those who share with its last release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diff;
use crate::facts::{Inspection, LibcKind, Module, Os};
use crate::finding::{Finding, Level};
use crate::report::inspected;
use crate::requirements::WheelName;

/// The answer of `interbind audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The schema's name and version: `interbind-audit/1`.
    pub schema: String,
    /// The wheel.
    pub wheel: String,
    /// Its tags: `cp312-cp312-manylinux_2_28_x86_64`.
    pub tags: String,
    /// The release that it was compared with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub against: Option<String>,
    /// How many native files it has.
    pub native: u64,
    /// What a release should not have, the worst first.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// The schema's name and version.
    pub const SCHEMA: &'static str = "interbind-audit/1";
}

/// Why a wheel can't be audited: its file name isn't a wheel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoWheelName;

/// Looks at one wheel, and at its last release where there is one.
///
/// # Errors
/// The file's name isn't a wheel's, so it has no tags.
pub fn audit(
    wheel: &str,
    found: &Inspection,
    last: Option<(&str, &Inspection)>,
) -> Result<Audit, NoWheelName> {
    let name = WheelName::read(wheel).ok_or(NoWheelName)?;
    let mut findings = inspected(found);
    findings.extend(found.modules.iter().flat_map(|module| tags(&name, module)));
    findings.extend(found.modules.iter().filter_map(elsewhere));
    findings.extend(untagged(wheel, &name, found));
    findings.extend(pure(wheel, &name, found));
    if let Some((_, last)) = last {
        findings.extend(diff::diff(last, found).findings());
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Audit {
        schema: Audit::SCHEMA.to_owned(),
        wheel: wheel.to_owned(),
        tags: name.to_string(),
        against: last.map(|(name, _)| name.to_owned()),
        native: found.modules.len() as u64,
        findings,
    })
}

fn finding(rule: &str, level: Level, message: String, file: String, fix: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        level,
        message,
        files: vec![file],
        details: Vec::new(),
        fix: Some(fix.to_owned()),
    }
}

fn place(module: &Module) -> String {
    match &module.member {
        Some(member) => format!("{}!{member}", module.path),
        None => module.path.clone(),
    }
}

/// What a module contradicts of the wheel's tags.
fn tags(name: &WheelName, module: &Module) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut wrong = |what: &str, is: String, says: String| {
        found.push(finding(
            "wheel-tag",
            Level::Error,
            format!("{what}: the file is for {is}, and the wheel's tag says {says}"),
            place(module),
            "build the wheel where its tags are true, or give it the tags of what is in it",
        ));
    };
    let platforms: Vec<Platform> = name.platforms.iter().filter_map(|tag| Platform::read(tag)).collect();
    if let Some(os) = module.target.os.value
        && !platforms.is_empty()
        && platforms.iter().all(|platform| platform.os != os)
    {
        wrong("system", format!("{os:?}").to_lowercase(), name.platforms.join("."));
    }
    let machines: Vec<&str> =
        platforms.iter().flat_map(|platform| platform.machines.iter().copied()).collect();
    let machine = module.target.arch.name.as_str();
    if !machines.is_empty() && !machines.contains(&machine) {
        wrong("processor", machine.to_owned(), machines.join(", "));
    }
    // Of several platform tags a system takes any, so the lowest floor is the promise.
    let promised = platforms
        .iter()
        .filter_map(|platform| platform.floor.clone())
        .min_by(|a, b| numbers(a).cmp(&numbers(b)));
    if let Some(libc) = &module.target.libc.value {
        let kind = platforms.iter().find_map(|platform| platform.libc);
        let floor = libc.floor.as_ref().zip(promised.as_ref());
        if let Some(kind) = kind.filter(|kind| *kind != libc.kind) {
            wrong("C library", format!("{:?}", libc.kind).to_lowercase(), format!("{kind:?}").to_lowercase());
        } else if let Some((floor, promised)) =
            floor.filter(|(floor, promised)| numbers(floor) > numbers(promised))
        {
            wrong("oldest system", format!("{floor} and newer"), format!("{promised} and newer"));
        }
    }
    if module.extension {
        python(name, module, &mut wrong);
    }
    found
}

fn python(name: &WheelName, module: &Module, wrong: &mut impl FnMut(&str, String, String)) {
    let exact = |abi: &String| abi.starts_with("cp");
    let free = module.python.free_threaded.value;
    let version = module.python.version.value.as_deref();
    if let (Some(version), true) = (version, module.python.stable.is_none() && name.abis.iter().all(exact)) {
        let tag = format!("cp{}", version.replace('.', ""));
        if !name.pythons.contains(&tag) {
            wrong("Python", version.to_owned(), name.pythons.join("."));
        }
        let threaded = name.abis.iter().any(|abi| abi.trim_end_matches('d').ends_with('t'));
        if let Some(free) = free.filter(|free| *free != threaded) {
            let kind = |free| if free { "a free-threaded Python" } else { "a Python with a GIL" };
            wrong("GIL", kind(free).to_owned(), name.abis.join("."));
        }
    }
    // Installers give such a wheel to every version and kind of Python.
    if name.abis.iter().all(|abi| abi == "none") {
        let is =
            version.map_or_else(|| "one kind of Python".to_owned(), |version| format!("Python {version}"));
        wrong("Python", is, "`none`: any".to_owned());
    }
    if module.python.debug.value == Some(true) && !name.abis.iter().any(|abi| abi.ends_with('d')) {
        wrong("debug build", "a debug Python".to_owned(), name.abis.join("."));
    }
}

/// Libraries at places of the machine that the wheel was built on.
fn elsewhere(module: &Module) -> Option<Finding> {
    let first = module.links.missing.iter().find(|name| name.starts_with('/'))?;
    Some(finding(
        "wheel-not-portable",
        Level::Error,
        format!("the file asks for `{first}`, which only the machine has that built it"),
        place(module),
        "put the library into the wheel: `auditwheel repair`, or `delocate-wheel` on macOS",
    ))
}

/// A platform tag that no index takes.
fn untagged(wheel: &str, name: &WheelName, found: &Inspection) -> Option<Finding> {
    let bare = name.platforms.iter().find(|tag| tag.starts_with("linux_"))?;
    (!found.modules.is_empty()).then(|| {
        finding(
            "wheel-not-portable",
            Level::Warning,
            format!("`{bare}` promises nothing for other systems than the one it was built on, and PyPI refuses it"),
            wheel.to_owned(),
            "build it in a manylinux or musllinux image, and repair it: `auditwheel repair`",
        )
    })
}

/// Native files in a wheel that says it has none.
fn pure(wheel: &str, name: &WheelName, found: &Inspection) -> Option<Finding> {
    let native = found.modules.first().filter(|_| name.platforms.iter().all(|tag| tag == "any"))?;
    Some(finding(
        "wheel-tag",
        Level::Error,
        format!("the wheel's tag says that it runs anywhere, and it has `{}`", place(native)),
        wheel.to_owned(),
        "let the build back end know of the native code, so that it gives the wheel a platform's tag",
    ))
}

/// What a platform tag promises.
struct Platform {
    os: Os,
    libc: Option<LibcKind>,
    floor: Option<String>,
    /// The processors, as binaries name them.
    machines: Vec<&'static str>,
}

impl Platform {
    fn read(tag: &str) -> Option<Self> {
        let machine = |name: &str| -> Vec<&'static str> {
            match name {
                "x86_64" | "amd64" => vec!["x86_64"],
                "aarch64" | "arm64" => vec!["aarch64"],
                "universal2" => vec!["x86_64", "aarch64"],
                "i686" | "i386" => vec!["i686"],
                "armv7l" => vec!["armv7l"],
                "ppc64le" => vec!["ppc64le"],
                "s390x" => vec!["s390x"],
                "riscv64" => vec!["riscv64"],
                "wasm32" => vec!["wasm32"],
                // One that isn't known is compared with nothing.
                _ => Vec::new(),
            }
        };
        let floor = |major: &str, minor: &str| Some(format!("{major}.{minor}"));
        for (old, promised) in
            [("manylinux1_", "2.5"), ("manylinux2010_", "2.12"), ("manylinux2014_", "2.17")]
        {
            if let Some(rest) = tag.strip_prefix(old) {
                let libc = Some(LibcKind::Glibc);
                return Some(Self {
                    os: Os::Linux,
                    libc,
                    floor: Some(promised.to_owned()),
                    machines: machine(rest),
                });
            }
        }
        for (start, os, libc) in [
            ("manylinux_", Os::Linux, Some(LibcKind::Glibc)),
            ("musllinux_", Os::Linux, Some(LibcKind::Musl)),
            ("macosx_", Os::Macos, None),
        ] {
            if let Some(rest) = tag.strip_prefix(start) {
                let mut parts = rest.splitn(3, '_');
                let (major, minor, name) = (parts.next()?, parts.next()?, parts.next()?);
                // musl has no versions of its symbols, so a file doesn't tell its floor.
                let floor = if libc == Some(LibcKind::Musl) { None } else { floor(major, minor) };
                return Some(Self { os, libc, floor, machines: machine(name) });
            }
        }
        // `emscripten_3_1_58_wasm32`, Pyodide's own `pyodide_2024_0_wasm32`, and PEP 783's `pyemscripten_2026_0_wasm32`.
        if ["emscripten_", "pyodide_", "pyemscripten_"].iter().any(|start| tag.starts_with(start)) {
            let name = tag.rsplit('_').next()?;
            return Some(Self { os: Os::Emscripten, libc: None, floor: None, machines: machine(name) });
        }
        if let Some(name) = tag.strip_prefix("linux_") {
            return Some(Self { os: Os::Linux, libc: None, floor: None, machines: machine(name) });
        }
        let name = match tag {
            "win32" => "i686",
            tag => tag.strip_prefix("win_")?,
        };
        Some(Self { os: Os::Windows, libc: None, floor: None, machines: machine(name) })
    }
}

/// `2.17` as numbers, so that 2.5 is lower.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Options, inspect_bytes};

    /// A real module: CPython 3.14, riscv64, glibc.
    fn markupsafe() -> Option<Inspection> {
        let name = "_speedups.cpython-314-riscv64-linux-gnu.so";
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/corpus/fixtures/markupsafe-3.0.3/_speedups.cpython-314-riscv64-linux-gnu.so"
        );
        let bytes = std::fs::read(file).ok()?;
        let (modules, problems) = inspect_bytes(name, &bytes, &Options::default());
        Some(Inspection { schema: "interbind-inspect/1".to_owned(), modules, problems })
    }

    fn said(wheel: &str) -> Vec<String> {
        let found = markupsafe().expect("the corpus has it");
        audit(wheel, &found, None)
            .expect("a wheel's name")
            .findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_wheel_whose_tags_are_true_is_fine() {
        assert_eq!(said("m-3.0.3-cp314-cp314-manylinux_2_39_riscv64.whl"), Vec::<String>::new());
    }

    #[test]
    fn each_tag_that_is_not_true_is_told() {
        for (wheel, piece) in [
            ("m-3.0.3-cp313-cp313-manylinux_2_39_riscv64.whl", "Python: the file is for 3.14"),
            ("m-3.0.3-cp314-cp314t-manylinux_2_39_riscv64.whl", "GIL: the file is for a Python with a GIL"),
            ("m-3.0.3-cp314-cp314-manylinux_2_39_x86_64.whl", "processor: the file is for riscv64"),
            ("m-3.0.3-cp314-cp314-manylinux_2_5_riscv64.whl", "oldest system: the file is for"),
            ("m-3.0.3-cp314-cp314-musllinux_1_2_riscv64.whl", "C library"),
            ("m-3.0.3-cp314-cp314-win_amd64.whl", "system: the file is for linux"),
            ("m-3.0.3-py3-none-manylinux_2_39_riscv64.whl", "`none`: any"),
            ("m-3.0.3-py3-none-any.whl", "runs anywhere"),
            ("m-3.0.3-cp314-cp314-linux_riscv64.whl", "PyPI refuses it"),
        ] {
            let found = said(wheel);
            assert!(found.iter().any(|message| message.contains(piece)), "{wheel}: {found:#?}");
        }
        let mut found = markupsafe().expect("the corpus has it");
        found.modules[0].links.missing = vec!["libother.so.1".to_owned(), "/opt/lib/libz.1.dylib".to_owned()];
        let told =
            audit("m-3.0.3-cp314-cp314-manylinux_2_39_riscv64.whl", &found, None).expect("a wheel's name");
        let rules: Vec<&str> = told.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["wheel-not-portable"]);
        assert!(audit("m.zip", &markupsafe().expect("the corpus has it"), None).is_err());
    }
}

//! Facts in words: what several views say the same way.

use interbind_doctor::facts::{
    Claim, Confidence, Evidence, Framework, Libc, LibcKind, Module, Os, PythonNeeds, Role as Half, Source,
    Stable, StableKind, Target, Versions,
};

use super::line::{Line, Role};

/// A claim's value in words, coloured by how sure it is.
pub fn claim<T>(claim: &Claim<T>, words: impl FnOnce(&T) -> String) -> Line {
    match (&claim.value, claim.confidence) {
        (Some(value), Confidence::Certain) => Line::plain(words(value)),
        (Some(value), _) => Line::plain(words(value)).with(Role::Warn, " (likely)"),
        (None, _) => Line::of(Role::Dim, "unknown"),
    }
}

/// How a module is called in a list: the member of an archive, or the path.
pub fn place(module: &Module) -> String {
    module.member.clone().unwrap_or_else(|| module.path.clone())
}

/// The same with the archive in front.
pub fn full_place(module: &Module) -> String {
    match &module.member {
        Some(member) => format!("{}!{member}", module.path),
        None => module.path.clone(),
    }
}

/// The same without what every module of that Python has in its name: `example/_core`.
pub fn short_place(module: &Module) -> String {
    let place = place(module);
    let tag = module.python.tag.as_deref().unwrap_or_default();
    let ending = [".so", ".pyd"].iter().find_map(|ending| place.strip_suffix(ending));
    match ending.and_then(|stem| stem.strip_suffix(tag)?.strip_suffix('.')) {
        Some(stem) if module.extension && !tag.is_empty() => stem.to_owned(),
        _ => place,
    }
}

/// A module's frameworks in a few words: `pybind11 3.0.1 – 3.0.4 + Cython`.
pub fn frameworks(module: &Module) -> Line {
    if module.frameworks.is_empty() {
        let words = match (module.extension, module.program) {
            (true, _) => "unknown",
            (false, true) => "a program",
            (false, false) => "a library, no extension module",
        };
        return Line::of(Role::Dim, words);
    }
    let each = module.frameworks.iter().map(|framework| name(framework).and(release(framework)).together());
    Line::join(each, " + ")
}

/// A framework's name, and which half it is.
pub fn name(framework: &Framework) -> Line {
    let half = match framework.role {
        Half::Whole => "",
        Half::FrontEnd => " front end",
        Half::BackEnd => " back end",
    };
    let name = Line::of(Role::Strong, framework.kind.name()).with(Role::Plain, half);
    if framework.present.is_certain() { name } else { name.with(Role::Warn, " (likely)") }
}

/// A framework's releases behind a space; nothing where they aren't known.
pub fn release(framework: &Framework) -> Line {
    match &framework.version.value {
        Some(versions) => {
            let line = Line::plain(format!(" {}", releases(versions)));
            if framework.version.is_certain() { line } else { line.with(Role::Warn, " (likely)") }
        }
        None => Line::new(),
    }
}

/// Releases, both ends of a range together: `3.0.1–3.0.4`.
pub fn releases(versions: &Versions) -> String {
    match &versions.highest {
        None => format!("≥ {}", versions.lowest),
        Some(_) if versions.is_exact() => versions.lowest.clone(),
        Some(highest) => format!("{}–{highest}", versions.lowest),
    }
}

/// The number or tag by which a framework's modules find each other, short.
pub fn internals(framework: &Framework) -> Option<String> {
    let claim = framework.internals.as_ref()?;
    claim.value.map(|number| format!("internals v{number}"))
}

/// The tag of the Python a module is for: `cp312`, `cp313t`, `pp311`, `abi3 ≥ 3.9`.
pub fn python_tag(python: &PythonNeeds) -> Option<String> {
    if let Some(stable) = &python.stable {
        return Some(stable_tag(stable));
    }
    let version = python.version.value.as_deref()?;
    let digits = version.replace('.', "");
    let free_threaded = if python.free_threaded.value == Some(true) { "t" } else { "" };
    let debug = if python.debug.value == Some(true) { "d" } else { "" };
    Some(match python.implementation.value.as_deref() {
        None | Some("cpython") => format!("cp{digits}{free_threaded}{debug}"),
        Some("pypy") => format!("pp{digits}"),
        Some(other) => format!("{other} {version}"),
    })
}

/// A stable ABI with its floor: what is claimed, else what the symbols need.
pub fn stable_tag(stable: &Stable) -> String {
    let name = stable_name(stable.kind);
    match stable.claimed.value.as_ref().or(stable.needed.value.as_ref()) {
        Some(floor) => format!("{name} ≥ {floor}"),
        None => name.to_owned(),
    }
}

/// A stable ABI's name, as tags write it.
pub fn stable_name(kind: StableKind) -> &'static str {
    match kind {
        StableKind::Abi3 => "abi3",
        StableKind::Abi3t => "abi3t",
    }
}

/// System and processor: `linux x86_64`.
pub fn machine(target: &Target) -> String {
    match target.os.value {
        Some(os) => format!("{} {}", os_name(os), target.arch.name),
        None => target.arch.name.clone(),
    }
}

/// A system's name.
pub fn os_name(os: Os) -> &'static str {
    match os {
        Os::Linux => "linux",
        Os::Macos => "macOS",
        Os::Windows => "windows",
        Os::Android => "android",
        Os::Ios => "iOS",
        Os::Emscripten => "Emscripten",
        Os::Other => "another system",
    }
}

/// A C library with its floor: `glibc ≥ 2.17`. Apple's floor is the system's.
pub fn libc(libc: &Libc) -> String {
    let name = match libc.kind {
        LibcKind::Glibc => "glibc",
        LibcKind::Musl => "musl",
        LibcKind::System => "macOS",
        LibcKind::Ucrt => "UCRT",
        LibcKind::Bionic => "bionic",
    };
    match &libc.floor {
        Some(floor) => format!("{name} ≥ {floor}"),
        None => name.to_owned(),
    }
}

/// A module in one line: what it is built with, for which Python, for which machine.
pub fn headline(module: &Module) -> Line {
    let mut parts = vec![frameworks(module)];
    parts.extend(module.frameworks.iter().filter_map(internals).map(Line::plain));
    if module.extension {
        parts.extend(python_tag(&module.python).map(Line::plain));
    }
    parts.push(Line::plain(machine(&module.target)));
    parts.extend(module.target.libc.value.as_ref().map(libc).map(Line::plain));
    let rest = parts.split_off(1).into_iter().map(Line::together);
    Line::join(parts.into_iter().chain(rest), " · ")
}

/// Where a piece of evidence is, and what was seen there.
pub fn evidence(evidence: &Evidence) -> Line {
    let source = match evidence.source {
        Source::Bytes => "bytes",
        Source::Symbol => "symbol",
        Source::Section => "section",
        Source::Needed => "needs",
        Source::FileName => "file name",
        Source::Metadata => "metadata",
        Source::Code => "code",
        Source::Note => "build note",
        Source::Table => "releases",
    };
    let offset = evidence.offset.map(|offset| format!(" at {offset:#x}")).unwrap_or_default();
    let file = evidence.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
    Line::of(Role::Dim, format!("{source}{offset}{file}: ")).with(Role::Code, &evidence.text)
}

/// A number of things: `1 module`, `2 modules`.
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A size in bytes for people.
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

//! What mends a part that differs: the command or setting, as one types it.

use crate::compare::{AlignedKey, AlignedPart};
use crate::facts::{Framework, FrameworkKind, Versions};
use crate::frameworks::{Registry, profile};

/// What makes two keys of a framework equal; one line, the most effective step first.
pub(super) fn of_keys(a: (&str, &Framework), b: (&str, &Framework), keys: &[AlignedKey]) -> Option<String> {
    let differing: Vec<_> = keys.iter().flat_map(AlignedKey::differing).collect();
    let has = |name: &str| differing.iter().any(|part| part.name == name);
    let mut steps = Vec::new();
    if has("internals") || has("major") || has("minor") || has("backend-abi") || has("dev") || has("opaque") {
        steps.push(releases(a, b));
    } else if has("compiler") && both(&differing, "compiler", |text| text != "msvc" && text != "mingw") {
        // One release, one scheme: only compilers named by old releases are left.
        steps.push(newer_ids(a.1.kind));
    }
    for part in &differing {
        steps.extend(step(a, b, part, &steps));
    }
    steps.dedup();
    (!steps.is_empty()).then(|| steps.join("; "))
}

fn both(parts: &[&AlignedPart], name: &str, holds: impl Fn(&str) -> bool) -> bool {
    parts.iter().filter(|part| part.name == name).all(|part| holds(&part.a) && holds(&part.b))
}

/// The releases that would have one state.
fn releases(a: (&str, &Framework), b: (&str, &Framework)) -> String {
    let number = |framework: &Framework| framework.internals.as_ref().and_then(|claim| claim.value);
    let kind = a.1.kind;
    let (older, newer) = if number(a.1) > number(b.1) { (b, a) } else { (a, b) };
    let Some(package) = profile(kind).package else {
        return format!("rebuild `{}` with the {kind} that `{}` has", older.0, newer.0);
    };
    let range = match &newer.1.version.value {
        Some(versions) if versions.is_exact() => format!("=={}", versions.lowest),
        Some(Versions { lowest, highest: Some(highest) }) => format!(">={lowest},<={highest}"),
        Some(Versions { lowest, highest: None }) => format!(">={lowest}"),
        None => return format!("rebuild `{}` with the {kind} that `{}` has", older.0, newer.0),
    };
    format!("rebuild `{}` with `{package}{range}`", older.0)
}

/// Releases whose ids no longer tell compilers apart that fit each other.
fn newer_ids(kind: FrameworkKind) -> String {
    let newer = profile(kind).registry.shared().map_or("", |shared| shared.newer);
    format!("rebuild both with one release of `{newer}`, whose id doesn't name the compiler")
}

/// What mends one part, unless an earlier step does.
fn step(
    a: (&str, &Framework),
    b: (&str, &Framework),
    part: &AlignedPart,
    before: &[String],
) -> Option<String> {
    let name = |first: bool| if first { a.0 } else { b.0 };
    let contains = |text: &str| (part.a.contains(text), part.b.contains(text));
    match part.name.as_str() {
        "domain" => Some(domain(a.0, b.0, part)),
        "build-abi" => match (contains("use_cxx11_abi_0"), contains("use_cxx11_abi_1")) {
            ((true, false), (false, true)) | ((false, true), (true, false)) => {
                let old = name(part.a.contains("use_cxx11_abi_0"));
                Some(format!("rebuild `{old}` with `-D_GLIBCXX_USE_CXX11_ABI=1`, as on manylinux_2_28"))
            }
            _ => build_abi(a, b, part, before),
        },
        "stdlib" if part.a.is_empty() || part.b.is_empty() => None,
        "stdlib" => Some(
            "build both against one C++ library: `-stdlib=libstdc++` or `-stdlib=libc++` in both".to_owned(),
        ),
        "compiler" if contains("mingw") != (false, false) || contains("msvc") != (false, false) => {
            Some("build both with MSVC, or both with MinGW".to_owned())
        }
        "debug" => {
            Some(format!("build `{}` as a release, not with the debug runtime", name(!part.a.is_empty())))
        }
        "stable" | "limited" => {
            Some("set `STABLE_ABI` in both `nanobind_add_module` calls, or in neither".to_owned())
        }
        "free-threaded" => Some("set `FREE_THREADED` in both `nanobind_add_module` calls".to_owned()),
        "threads" => Some("build both with `WITH_THREAD`".to_owned()),
        _ => None,
    }
}

fn build_abi(
    a: (&str, &Framework),
    b: (&str, &Framework),
    part: &AlignedPart,
    before: &[String],
) -> Option<String> {
    let starts = |prefix: &str| (part.a.starts_with(prefix), part.b.starts_with(prefix));
    if let (true, false) | (false, true) = starts("mt_mscver") {
        let fixed = if starts("mt_mscver").0 { a.0 } else { b.0 };
        return Some(format!(
            "rebuild `{fixed}` with the runtime as a DLL: `/MD`, `CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreadedDLL`"
        ));
    }
    if starts("mt_mscver") == (true, true) {
        return Some("build both with `/MD`: a static runtime ties them to one compiler version".to_owned());
    }
    if starts("mscver") == (true, true) || starts("cxxabi") == (true, true) {
        // Only releases with named compilers write these; a newer one has an id in which they don't differ.
        return before.is_empty().then(|| newer_ids(a.1.kind));
    }
    if starts("abi") == (true, true) {
        return Some("build both with one `_LIBCPP_ABI_VERSION`".to_owned());
    }
    // The two schemes side by side: the release that mends the number mends this too.
    before.is_empty().then(|| releases(a, b))
}

fn domain(a: &str, b: &str, part: &AlignedPart) -> String {
    let default = "(default)";
    if part.a == default || part.b == default {
        let (named, with) = if part.a == default { (b, &part.b) } else { (a, &part.a) };
        let other = if named == a { b } else { a };
        return format!(
            "add `NB_DOMAIN {with}` to `nanobind_add_module` of `{other}`, or take it off `{named}`"
        );
    }
    format!("set one `NB_DOMAIN` in `nanobind_add_module` of `{a}` and `{b}`")
}

/// What lets two modules of one framework without a registry exchange objects.
pub(super) fn without_registry(kind: FrameworkKind) -> String {
    match profile(kind).registry {
        Registry::None { instead } => instead.to_owned(),
        // The library that holds the state is linked into one of them.
        Registry::OfInterpreter { .. } | Registry::Shared(_) => {
            "share the type through interbind's C API, or pass a capsule".to_owned()
        }
    }
}

/// What lets modules of two frameworks exchange objects.
pub(super) fn across(a: FrameworkKind, b: FrameworkKind) -> String {
    format!("bind the shared type with one of {a} and {b}, or share it through interbind")
}

//! pybind11's ids. The state's key is `__pybind11_internals_v` + number + platform + `__`:
//!
//! | releases | platform |
//! |---|---|
//! | 2.2 | nothing, or `_without_thread` |
//! | 2.3 | the same, and `_debug` |
//! | 2.4 – 2.11 | compiler, library, `_cxxabi…`, `_debug` |
//! | 2.12 – 2.13 | also `_mscver…` |
//! | from 3.0 | `_` + compiler family, library and its ABI, `_debug` |
//!
//! Before 2.2 the key was `__pybind11_` + version + `__`. The module-local key differs in its first words, and gets an
//! address behind it at run time. The conduit compares the platform alone.

use super::id::{Id, IdKind, leading_number, trailing};
use super::toolchain::{Era, Toolchain};

/// What a key of shared state starts with.
pub const INTERNALS_PREFIX: &str = "__pybind11_internals_v";
/// What a module's own key starts with.
pub const MODULE_LOCAL_PREFIX: &str = "__pybind11_module_local_v";
/// What the function record's type name starts with; some releases write `pybind11_builtins.` before it.
pub const FUNCTION_RECORD_PREFIX: &str = "pybind11_detail_function_record_v";

const QUALIFIER: &str = "pybind11_builtins.";
const NO_THREAD: &str = "_without_thread";
/// The first number whose platform part has the form of 3.x.
const SYSTEM_SINCE: u32 = 9;

/// Reads the key of shared state: `__pybind11_internals_v4_gcc_libstdcpp_cxxabi1018__`, or the form before 2.2.
pub fn pybind11_key(text: &str) -> Option<Id> {
    if let Some(rest) = text.strip_prefix(INTERNALS_PREFIX) {
        let (number, rest) = leading_number(rest)?;
        let platform = rest.strip_suffix("__")?;
        let id = Id::new(IdKind::Pybind11Key).fixed(INTERNALS_PREFIX).with("internals", number);
        return Some(numbered(id, number, platform).fixed("__"));
    }
    let rest = text.strip_prefix("__pybind11_")?.strip_suffix("__")?;
    let (major, rest) = leading_number(rest)?;
    let (minor, rest) = leading_number(rest.strip_prefix('_')?)?;
    let id = Id::new(IdKind::Pybind11Key).fixed("__pybind11_").with("major", major).fixed("_");
    rest.is_empty().then(|| id.with("minor", minor).fixed("__"))
}

/// Reads a module's own key, as it stands in a file or, with an address behind it, in an interpreter.
pub fn pybind11_module_local(text: &str) -> Option<Id> {
    let (number, rest) = leading_number(text.strip_prefix(MODULE_LOCAL_PREFIX)?)?;
    let key = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    let (key, address) = match key.strip_suffix("__") {
        Some(_) => rest.split_at(key.len()),
        None => (rest, ""),
    };
    let platform = key.strip_suffix("__")?;
    let id = Id::new(IdKind::Pybind11ModuleLocal).fixed(MODULE_LOCAL_PREFIX).with("internals", number);
    let id = numbered(id, number, platform).fixed("__");
    Some(if address.is_empty() { id } else { id.with("address", address) })
}

/// Reads the function record's type name.
pub fn pybind11_function_record(text: &str) -> Option<Id> {
    let (qualifier, rest) = match text.strip_prefix(QUALIFIER) {
        Some(rest) => (QUALIFIER, rest),
        None => ("", text),
    };
    let (number, rest) = leading_number(rest.strip_prefix(FUNCTION_RECORD_PREFIX)?)?;
    let id = Id::new(IdKind::Pybind11FunctionRecord).fixed(qualifier).fixed(FUNCTION_RECORD_PREFIX);
    Some(platform_of(id.with("record", number), rest, Era::System))
}

/// Reads the platform id that the conduit compares. Only a text with a library's or ABI's form is one: anything else could
/// be any text.
pub fn pybind11_platform(text: &str) -> Option<Id> {
    let (body, _) = trailing(text, "_debug");
    let body = body.strip_prefix(NO_THREAD).unwrap_or(body);
    let cut = Toolchain::cut(body);
    let known = cut.overridden(Era::Either).is_empty() && !(cut.compiler.is_empty() || cut.abi.is_empty());
    known.then(|| platform_of(Id::new(IdKind::Pybind11Platform), text, Era::Either))
}

fn numbered(id: Id, number: &str, platform: &str) -> Id {
    match number.parse::<u32>() {
        // 2.2 and 2.3 name no compiler, so none is missing.
        Ok(1..=3) if matches!(platform, "" | "_debug" | NO_THREAD) => {
            id.when("threads", trailing(platform, NO_THREAD).1).when("debug", trailing(platform, "_debug").1)
        }
        Ok(n) if n >= SYSTEM_SINCE => platform_of(id, platform, Era::System),
        _ => platform_of(id, platform, Era::Named),
    }
}

fn platform_of(id: Id, text: &str, era: Era) -> Id {
    let (body, debug) = trailing(text, "_debug");
    let (threads, body) = match body.strip_prefix(NO_THREAD) {
        Some(rest) => (NO_THREAD, rest),
        None => ("", body),
    };
    let cut = Toolchain::cut(body);
    cut.add(id.when("threads", threads)).behind("debug", debug).overriding(cut.overridden(era))
}

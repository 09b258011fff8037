//! What a release's headers say.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use interbind_doctor::versions::{Form, Numbers, Release};
use regex::Regex;

use super::index::Sources;

/// Reads a release; `None` where it leaves no id that could be told from others.
pub(super) type Reader = fn(&str, &Sources) -> Option<Release>;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are constants")
}

/// pybind11's headers.
pub(super) fn pybind11(version: &str, sources: &Sources) -> Option<Release> {
    let all = joined(sources);
    let internals = conditional(&all, "PYBIND11_INTERNALS_VERSION");
    let form = if all.contains("_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_") {
        Form::System
    } else if all.contains("\"_mscver\"") {
        Form::NamedMscver
    } else if all.contains("define PYBIND11_COMPILER_TYPE") {
        Form::Named
    } else if all.contains("define PYBIND11_BUILD_TYPE") {
        Form::Debug
    } else if all.contains("define PYBIND11_INTERNALS_ID") {
        Form::Bare
    } else {
        return None;
    };
    let conduit = all.contains("\"_pybind11_conduit_v1_\"");
    Some(Release { version: version.into(), internals, form, conduit, backend: None })
}

/// nanobind's sources.
pub(super) fn nanobind(version: &str, sources: &Sources) -> Option<Release> {
    let all = joined(sources);
    let internals = conditional(&all, "NB_INTERNALS_VERSION");
    internals.any?;
    let form = if all.contains("define NB_PLATFORM_ABI_TAG \"nanobind\"") {
        Form::Tagged
    } else if all.contains("_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_") {
        Form::System
    } else if all.contains("\"_mscver\"") {
        Form::NamedMscver
    } else {
        Form::Named
    };
    let backend = number(&all, "NB_BACKEND_ABI_MAJOR");
    Some(Release { version: version.into(), internals, form, conduit: false, backend })
}

/// SWIG's runtime.
pub(super) fn swig(version: &str, sources: &Sources) -> Option<Release> {
    static RUNTIME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"#define SWIG_RUNTIME_VERSION "(\d+)""#));
    let text = sources.iter().find(|(path, _)| path.ends_with("/swigrun.swg")).map(|(_, text)| text)?;
    let any = RUNTIME.captures(text)?[1].parse().ok();
    let internals = Numbers { any, ..Numbers::default() };
    Some(Release { version: version.into(), internals, form: Form::Bare, conduit: false, backend: None })
}

/// The sources as one text, with continued lines joined and runs of blanks as one.
fn joined(sources: &Sources) -> String {
    static BLANKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[ \t]+"));
    let text = sources.values().map(|t| t.replace("\\\n", " ")).collect::<Vec<_>>().join("\n");
    BLANKS.replace_all(&text, " ").replace("# ", "#").replace("#define", "# define")
}

fn number(text: &str, name: &str) -> Option<u32> {
    let found = pattern(&format!(r"(?m)^# define {name} (\d+)")).captures(text)?;
    found[1].parse().ok()
}

/// A number that is defined under conditions: for a Python, for a compiler, and for all others.
fn conditional(text: &str, name: &str) -> Numbers {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^#(if|elif|else|endif)\b(.*)"));
    let define = pattern(&format!(r"^# define {name} (\d+)"));
    let mut numbers = Numbers::default();
    let mut condition = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(found) = CONDITION.captures(line) {
            // `#else`, `#endif` and the guard of the definition itself are no condition of a build.
            condition = if &found[1] == "if" { found[2].to_owned() } else { String::new() };
        } else if let Some(found) = define.captures(line) {
            let number = found[1].parse().ok();
            let python = condition.contains("PY_VERSION_HEX >= 0x030C0000");
            let msvc = condition.contains("defined(_MSC_VER)");
            if python {
                numbers.python312 = number;
            }
            if msvc {
                numbers.msvc = number;
            }
            if !python && !msvc {
                numbers.any = number;
            }
        }
    }
    numbers
}

/// The texts of a release's code, each as a compiler writes it into a binary.
pub(super) fn literals(sources: &Sources) -> BTreeSet<String> {
    sources.values().flat_map(|text| literals_of(text)).collect()
}

fn literals_of(text: &str) -> Vec<String> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        // A text, a character, a comment, or what separates texts that the compiler joins.
        pattern(
            r#"(?s)"(?P<text>(?:[^"\\\n]|\\.)*)"|'(?:[^'\\\n]|\\.)'|//[^\n]*|/\*.*?\*/|(?P<code>[^\s"'/]+|/|')"#,
        )
    });
    let mut found = Vec::new();
    let mut current: Option<String> = None;
    for token in TOKEN.captures_iter(&text.replace("\\\n", "")) {
        if let Some(text) = token.name("text") {
            current.get_or_insert_default().push_str(&unescaped(text.as_str()));
        } else if token.name("code").is_some() {
            found.extend(current.take());
        }
    }
    found.extend(current);
    found
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_side_by_side_are_one() {
        let code = "f(\"one \" /* and */\n  \"two\\n\"); // \"no\"\n c = '\"'; g(\"three\");";
        assert_eq!(literals_of(code), ["one two\n", "three"]);
    }

    #[test]
    fn a_number_may_depend_on_the_build() {
        let text = "#if PY_VERSION_HEX >= 0x030C0000 || defined(_MSC_VER)\n# define N 5\n#else\n# define N 4\n#endif";
        assert_eq!(conditional(text, "N"), Numbers { any: Some(4), python312: Some(5), msvc: Some(5) });
        assert_eq!(conditional("#ifndef N\n# define N 12\n#endif", "N").any, Some(12));
    }
}

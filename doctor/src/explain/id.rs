//! Ids in a text: keys of shared state, tags, platform ids, and the tags in the names of files and wheels. The grammars are
//! `ids`'; here is what their parts mean in words.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::meaning::{IdMeaning, PartMeaning};
use super::text::Text;
use crate::facts::FrameworkKind;
use crate::frameworks;
use crate::ids::{self, Id, IdKind};

/// How many different ids of one text are told, and how long one can be.
const MOST: usize = 64;
const LONGEST: usize = 400;

/// One of these stands in every id.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = [
        "__pybind11_",
        "pybind11_detail_function_record_v",
        "__nb_internals_",
        "__interbind_internals_v",
        "_libstdcpp",
        "_libcpp",
        "mscver",
        "_cxxabi",
    ];
    AhoCorasick::new(marks).expect("a few words")
});

/// The ending of an extension module's name, and a wheel's three tags.
static ENDING: LazyLock<Regex> = LazyLock::new(|| {
    let endings = r"(?:^|[./\\])((?:cpython-\d+[td]*|pypy\d+-pp\d+|graalpy\d+-\d+-native|cp\d+[td]*|abi3t?)(?:-[\w-]+)?)\.(?:so|pyd)$";
    Regex::new(endings).expect("a checked pattern")
});
static WHEEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|-)((?:cp|pp|py|graalpy)[\w.]+-(?:cp\d+\w*|abi3t?(?:\.abi3t?)*|none|pypy\w+|graalpy\w+)-[\w.]+?)(?:\.whl)?$").expect("a checked pattern")
});

/// Finds the ids in a text, each once.
pub(super) fn all(text: &Text) -> Vec<IdMeaning> {
    let mut found: Vec<IdMeaning> = Vec::new();
    let mut until = 0;
    for mark in MARKS.find_iter(&text.clean) {
        if mark.start() < until || found.len() == MOST {
            continue;
        }
        let word = word_round(&text.clean, mark.start());
        until = mark.start() + 1;
        let Some(id) = longest(word) else { continue };
        until = mark.start() + id.to_string().len();
        if found.iter().all(|other| other.text != id.to_string()) {
            found.push(in_words(&id));
        }
    }
    found
}

/// The word a place is in: ids hold no white space, quotes or brackets. Empty where it is longer than any id; no more than
/// that is looked at.
fn word_round(text: &str, place: usize) -> &str {
    let ends = |c: char| c.is_whitespace() || "'\"`,;()[]{}<>|=&".contains(c);
    let mut start = place;
    for (at, c) in text[..place].char_indices().rev() {
        if ends(c) {
            break;
        }
        start = at;
        if place - start > LONGEST {
            return "";
        }
    }
    let bounded = text[place..].char_indices().take_while(|&(at, _)| at <= LONGEST);
    let end =
        bounded.take_while(|&(_, c)| !ends(c)).last().map_or(place, |(at, c)| place + at + c.len_utf8());
    if end - start > LONGEST { "" } else { &text[start..end] }
}

/// Reads a word as an id, without the full stop or colon behind it.
fn longest(word: &str) -> Option<Id> {
    let bare = word.trim_end_matches(['.', ':', '!', '?', '…']);
    let bare = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
    [word, bare].into_iter().filter(|word| !word.is_empty()).find_map(ids::parse)
}

/// Says what an id and its parts mean.
fn in_words(id: &Id) -> IdMeaning {
    let (framework, means) = kind(id.kind);
    let part = |(name, value): (&'static str, &str)| PartMeaning {
        name: name.to_owned(),
        value: value.to_owned(),
        means: part_means(framework, name, value),
    };
    let mut warnings: Vec<String> = id
        .overridden()
        .iter()
        .map(|name| format!("`{name}` has a value that no compiler sets by itself: the build overrode it"))
        .collect();
    warnings.extend(weaknesses(id));
    IdMeaning {
        text: id.to_string(),
        kind: id.kind.slug().to_owned(),
        framework: Some(framework),
        means: means.to_owned(),
        parts: id.parts().map(part).collect(),
        versions: frameworks::writers(id),
        warnings,
    }
}

fn kind(kind: IdKind) -> (FrameworkKind, &'static str) {
    match kind {
        IdKind::Pybind11Key => (
            FrameworkKind::Pybind11,
            "The key under which pybind11 keeps its shared registry, in the interpreter's dict (up to internals 4, and on PyPy, in `builtins`). Modules share bound classes exactly when their keys are equal.",
        ),
        IdKind::Pybind11ModuleLocal => (
            FrameworkKind::Pybind11,
            "The attribute under which pybind11 finds a class that is bound `module_local`: modules with an equal one may still exchange such objects.",
        ),
        IdKind::Pybind11Platform => (
            FrameworkKind::Pybind11,
            "The platform part, which pybind11's conduit compares: with equal ones raw pointers cross even between different internals versions.",
        ),
        IdKind::Pybind11FunctionRecord => (
            FrameworkKind::Pybind11,
            "The type that holds a function of pybind11 ≥ 3.0; it is what pickle sees.",
        ),
        IdKind::NanobindTag => (
            FrameworkKind::Nanobind,
            "nanobind's ABI tag. Modules share when their tags and their domains are equal; the domain isn't in the tag.",
        ),
        IdKind::NanobindPlatform => (
            FrameworkKind::Nanobind,
            "The platform tag that front ends and back ends of nanobind ≥ 3.0 compare.",
        ),
        IdKind::NanobindKey => (
            FrameworkKind::Nanobind,
            "The key under which nanobind keeps its shared registry, in the interpreter's dict: tag and domain. Modules share bound classes exactly when their keys are equal.",
        ),
        IdKind::InterbindKey => (
            FrameworkKind::Interbind,
            "The key of interbind's core: one for each major, with nothing of the build in it. What can be shared is checked type by type.",
        ),
    }
}

fn part_means(framework: FrameworkKind, name: &str, value: &str) -> String {
    let known = match (name, value) {
        ("internals", _) if framework == FrameworkKind::Interbind => "the major version of the core",
        ("internals", _) => "the version of the registry's layout; another number never shares",
        ("major" | "minor", _) => "the release itself: before 2.2 every one had a registry of its own",
        ("compiler", "system") => "GCC, Clang and others that follow the system's C++ ABI",
        ("compiler", "msvc") => "Microsoft's compiler",
        ("compiler", "gcc_cygwin") => "GCC on Cygwin",
        ("compiler", "mingw") => "GCC or Clang for MinGW",
        ("compiler", "") | ("stdlib", "") => "not told",
        ("compiler", _) => "the compiler's name, as old releases write it: GCC and Clang don't share",
        ("stdlib", "libstdcpp") => "GNU's C++ library",
        ("stdlib", "libcpp") => "LLVM's C++ library",
        ("build-abi", abi) if abi.ends_with("use_cxx11_abi_1") => {
            "GNU's C++ library with the new `std::string` (`_GLIBCXX_USE_CXX11_ABI=1`, the default since GCC 5)"
        }
        ("build-abi", abi) if abi.ends_with("use_cxx11_abi_0") => {
            "GNU's C++ library with the old `std::string` (`_GLIBCXX_USE_CXX11_ABI=0`: manylinux2014, older PyTorch)"
        }
        ("build-abi", abi) if abi.starts_with("cxxabi1") => {
            "`__GXX_ABI_VERSION`, which rises with compilers though objects stay compatible"
        }
        ("build-abi", abi) if abi.starts_with("md_mscver") => "Microsoft's runtime as a DLL (`/MD`)",
        ("build-abi", abi) if abi.starts_with("mt_mscver") => {
            "Microsoft's runtime linked in (`/MT`): only the very same compiler version shares"
        }
        ("build-abi", abi) if abi.starts_with("none_mscver") => {
            "Microsoft's compiler without its runtime's setting"
        }
        ("build-abi", abi) if abi.starts_with("mscver") => "Microsoft's compiler version",
        ("build-abi", abi) if abi.starts_with("abi") => "LLVM's C++ library's ABI version",
        ("debug", "debug") => "a debug build, which shares with debug builds only",
        ("stable" | "limited", v) if !v.is_empty() => {
            "built for Python's stable ABI, which has a registry of its own"
        }
        ("free-threaded", "ft") => "built for a free-threaded Python",
        ("dev", _) => "a development snapshot: it joins no release",
        ("backend-abi", _) => "the version of the interface between front end and back end",
        ("domain", "") => "the default domain",
        ("domain", _) => "`NB_DOMAIN`: modules of other domains keep their own registry",
        ("address", _) => {
            "the address of a static in the module that owns it, put behind the key at run time"
        }
        ("threads", _) => "built without thread support",
        ("record", _) => "the version of the function record",
        ("opaque", _) => "text of no known form",
        _ => "",
    };
    known.to_owned()
}

/// Forms of ids that promise less than they seem to.
fn weaknesses(id: &Id) -> Vec<String> {
    let mut warnings = Vec::new();
    let abi = id.part("build-abi");
    if id.part("compiler") == "msvc" && abi.is_empty() {
        warnings.push(
            "the id says nothing of Microsoft's compiler version or runtime: equal ids may not fit together"
                .to_owned(),
        );
    }
    if !id.part("dev").is_empty() {
        warnings.push(
            "a development snapshot: its layout may differ from a release's of the same number".to_owned(),
        );
    }
    warnings
}

/// Reads the tag in an extension module's or wheel's name.
pub(super) fn of_file(word: &str) -> Option<IdMeaning> {
    if word.contains(char::is_whitespace) || word.len() > LONGEST {
        return None;
    }
    if let Some(found) = ENDING.captures(word) {
        return Some(ending(&found[1]));
    }
    let found = WHEEL.captures(word)?;
    let mut tags = found[1].split('-');
    let (python, abi, platform) = (tags.next()?, tags.next()?, tags.next()?);
    let part = |name: &str, value: &str, means: String| PartMeaning {
        name: name.to_owned(),
        value: value.to_owned(),
        means,
    };
    Some(IdMeaning {
        text: found[1].to_owned(),
        kind: "wheel-tag".to_owned(),
        framework: None,
        means: "The tags of a wheel: pip takes it when it knows all three.".to_owned(),
        parts: vec![
            part("python", python, python_means(python, abi)),
            part("abi", abi, abi_means(abi)),
            part(
                "platform",
                platform,
                platform.split('.').map(platform_means).collect::<Vec<_>>().join("; "),
            ),
        ],
        versions: None,
        warnings: Vec::new(),
    })
}

fn ending(tag: &str) -> IdMeaning {
    let cut =
        tag.char_indices().find(|&(at, c)| c == '-' && tag[..at].contains(|c: char| c.is_ascii_digit()));
    let (python, platform) = match cut {
        Some((at, _)) => (&tag[..at], &tag[at + 1..]),
        None => (tag, ""),
    };
    let mut parts = vec![PartMeaning {
        name: "abi".to_owned(),
        value: python.to_owned(),
        means: abi_means(&python.replace("cpython-", "cp")),
    }];
    if !platform.is_empty() {
        parts.push(PartMeaning {
            name: "platform".to_owned(),
            value: platform.to_owned(),
            means: "the machine; `-gnu` is glibc, `-musl` is musl".to_owned(),
        });
    }
    IdMeaning {
        text: tag.to_owned(),
        kind: "file-suffix".to_owned(),
        framework: None,
        means: "The tag in an extension module's file name: a Python loads files with its own tag, `abi3`, or none.".to_owned(),
        parts,
        versions: None,
        warnings: Vec::new(),
    }
}

/// `312` is `3.12`.
fn dotted(digits: &str) -> String {
    if digits.len() < 2 { digits.to_owned() } else { format!("{}.{}", &digits[..1], &digits[1..]) }
}

fn python_means(tag: &str, abi: &str) -> String {
    let digits: String = tag.chars().filter(char::is_ascii_digit).collect();
    let who = if tag.starts_with("cp") {
        "CPython"
    } else if tag.starts_with("pp") {
        "PyPy"
    } else {
        "Python"
    };
    let more = if abi.starts_with("abi3") { " and later" } else { "" };
    if tag.contains('.') { String::new() } else { format!("{who} {}{more}", dotted(&digits)) }
}

fn abi_means(tag: &str) -> String {
    match tag {
        "none" => "no native code that depends on Python's ABI".to_owned(),
        "abi3" => "Python's stable ABI: one build for many versions, with a GIL".to_owned(),
        "abi3t" => "the stable ABI of free-threaded Pythons, from 3.15".to_owned(),
        "abi3.abi3t" | "abi3t.abi3" => "the stable ABI with and without a GIL, from 3.15".to_owned(),
        _ => {
            let digits: String =
                tag.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
            let flags = tag.trim_start_matches("cp").trim_start_matches(|c: char| c.is_ascii_digit());
            let free = if flags.contains('t') { ", free-threaded" } else { "" };
            let debug = if flags.contains('d') { ", a debug build" } else { "" };
            if tag.starts_with("cp") {
                format!("CPython {}{free}{debug}, and no other version", dotted(&digits))
            } else {
                format!("another implementation than CPython, for Python {}", dotted(&digits))
            }
        }
    }
}

fn platform_means(tag: &str) -> String {
    let numbers = |rest: &str| rest.split('_').take(2).collect::<Vec<_>>().join(".");
    if let Some(rest) = tag.strip_prefix("manylinux_") {
        return format!("Linux with glibc {} or newer", numbers(rest));
    }
    if let Some(rest) = tag.strip_prefix("musllinux_") {
        return format!("Linux with musl {} or newer", numbers(rest));
    }
    if let Some(rest) = tag.strip_prefix("macosx_") {
        return format!("macOS {} or newer", numbers(rest));
    }
    let known = [
        ("manylinux1", "Linux with glibc 2.5 or newer"),
        ("manylinux2010", "Linux with glibc 2.12 or newer"),
        ("manylinux2014", "Linux with glibc 2.17 or newer"),
        ("linux", "the Linux it was built on; no promise for others"),
        ("win", "Windows"),
        ("any", "any system"),
    ];
    known
        .iter()
        .find(|(start, _)| tag.starts_with(start))
        .map_or(String::new(), |(_, means)| (*means).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<IdMeaning> {
        all(&Text::new(text.as_bytes()))
    }

    #[test]
    fn an_id_is_found_in_any_sentence_and_told_once() {
        let text = "keys: {'__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__': <capsule>}, and again \
                    __pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__.";
        let found = ids(text);
        let [id] = &found[..] else { panic!("{found:#?}") };
        assert_eq!(id.framework, Some(FrameworkKind::Pybind11));
        let abi = id.parts.iter().find(|part| part.name == "build-abi").unwrap();
        assert!(abi.means.contains("_GLIBCXX_USE_CXX11_ABI=0"));
    }

    #[test]
    fn a_tag_alone_a_platform_and_a_domain_are_read() {
        let tag = ids("v17_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_stable");
        assert_eq!((tag[0].kind.as_str(), tag[0].parts[0].value.as_str()), ("tag", "17"));
        let key = ids("__nb_internals_v21_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_my_project__");
        let domain = key[0].parts.iter().find(|part| part.name == "domain").unwrap();
        assert_eq!(domain.value, "my_project");
        assert_eq!(ids("_gcc_libstdcpp_cxxabi1018")[0].kind, "platform-id");
    }

    #[test]
    fn the_tags_of_files_and_wheels_are_read() {
        let file = of_file("_core.cpython-313t-x86_64-linux-gnu.so").unwrap();
        assert_eq!(file.parts[0].means, "CPython 3.13, free-threaded, and no other version");
        assert_eq!(file.parts[1].value, "x86_64-linux-gnu");
        let file = of_file("a.abi3.so").unwrap();
        assert_eq!((file.text.as_str(), file.parts.len()), ("abi3", 1));
        let wheel =
            of_file("numpy-2.3.4-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl").unwrap();
        assert_eq!(wheel.parts[2].means, "Linux with glibc 2.27 or newer; Linux with glibc 2.28 or newer");
        assert_eq!(
            of_file("x-1-cp39-abi3-macosx_11_0_arm64.whl").unwrap().parts[0].means,
            "CPython 3.9 and later"
        );
        assert_eq!(of_file("hello.txt"), None);
    }
}

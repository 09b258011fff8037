//! What the name of a missing symbol, or of a missing library, tells: the C++ declaration that it stands for, whose it is,
//! and with which C++ ABI it was compiled.

use std::sync::LazyLock;

use cpp_demangle::{DemangleOptions, ParseOptions, Symbol};
use serde::Deserialize;

/// Longer names than this aren't read: each letter can open a level of a declaration.
const LONGEST: usize = 4096;
/// Of Microsoft's names; their reader has no bound of its own for how deep it goes.
const LONGEST_MSVC: usize = 512;
/// Of a declaration this much is shown.
const SHOWN: usize = 240;
/// How deep a declaration may be.
const DEEPEST: u32 = 128;

/// Whose symbols and libraries are known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    pub(super) name: String,
    /// What one installs and imports.
    #[serde(default)]
    pub(super) package: Option<String>,
    spaces: Vec<String>,
    starts: Vec<String>,
    pub(super) libraries: Vec<String>,
    /// Why the system, and no package, has to have it.
    #[serde(default)]
    pub(super) system: Option<String>,
    /// How its symbols' versions begin.
    #[serde(default)]
    versions: Vec<String>,
    /// Whether importing the package brings the library.
    #[serde(default)]
    pub(super) first: bool,
}

static OWNERS: LazyLock<Vec<Owner>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        owner: Vec<Owner>,
    }
    let file: File = toml::from_str(include_str!("symbols.toml")).expect("a test reads it");
    file.owner
});

/// With which `std::string` a function was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringAbi {
    /// GNU's before GCC 5: `_GLIBCXX_USE_CXX11_ABI=0`.
    Old,
    /// GNU's since: `_GLIBCXX_USE_CXX11_ABI=1`.
    New,
    /// LLVM's library.
    Llvm,
}

/// A symbol, read.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// The C++ declaration; none: it's no C++ name, or one that is cut off.
    pub(super) declaration: Option<String>,
    /// Whether it starts as a C++ name does and can't be read to its end.
    pub(super) broken: bool,
    pub(super) owner: Option<&'static Owner>,
    pub(super) abi: Option<StringAbi>,
}

/// Reads a symbol.
pub(super) fn read(symbol: &str) -> Read {
    // A version may follow: `memcpy@GLIBC_2.14`.
    let itanium = symbol.starts_with("_Z");
    let bare = if itanium { symbol.split('@').next().unwrap_or(symbol) } else { symbol };
    let whole = if bare.len() > LONGEST {
        None
    } else if itanium {
        of_itanium(bare)
    } else if bare.starts_with('?') && bare.len() <= LONGEST_MSVC {
        msvc_demangler::demangle(bare, msvc_demangler::DemangleFlags::llvm()).ok()
    } else {
        None
    };
    let cxx = itanium || bare.starts_with('?');
    Read {
        broken: cxx && whole.is_none(),
        owner: owner(bare, whole.as_deref()),
        abi: if itanium { abi(bare) } else { None },
        declaration: whole.map(|text| cut(&short(&text))),
    }
}

fn of_itanium(symbol: &str) -> Option<String> {
    let options = ParseOptions::default().recursion_limit(DEEPEST);
    let read = Symbol::new_with_options(symbol, &options).ok()?;
    let text = read.demangle_with_options(&DemangleOptions::new().recursion_limit(DEEPEST)).ok()?;
    Some(plain(&text))
}

/// What the reader writes as `{vtable(X)}` is `vtable for X` to everybody else.
fn plain(text: &str) -> String {
    let known = [("{vtable(", "vtable for "), ("{vtt(", "VTT for "), ("{typeinfo(", "typeinfo for ")];
    let found = known
        .iter()
        .find_map(|(start, word)| Some(format!("{word}{}", text.strip_prefix(start)?.strip_suffix(")}")?)));
    found.unwrap_or_else(|| text.to_owned())
}

/// The long forms of `std::string`, as people write them.
fn short(declaration: &str) -> String {
    let forms = [
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
        "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >",
        "std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
    ];
    let text = forms.iter().fold(declaration.to_owned(), |text, form| text.replace(form, "std::string"));
    text.replace(" >", ">")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Which `std::string` stands among a function's parameters.
fn abi(symbol: &str) -> Option<StringAbi> {
    if symbol.contains("NSt3__1") || symbol.contains("NSt6__ndk1") {
        return Some(StringAbi::Llvm);
    }
    if symbol.contains("__cxx11") || symbol.contains("B5cxx11") {
        return Some(StringAbi::New);
    }
    // `Ss` is the old string where it is a type: behind the name's end or another type.
    let old = [
        "ESs", "RKSs", "RSs", "OSs", "PSs", "PKSs", "ISs", "iSs", "bSs", "lSs", "mSs", "jSs", "SsSs", "_Ss",
        "cSs", "dSs", "fSs",
    ];
    (old.iter().any(|mark| symbol.contains(mark)) || symbol.ends_with("Ss")).then_some(StringAbi::Old)
}

fn owner(symbol: &str, declaration: Option<&str>) -> Option<&'static Owner> {
    let by_name = || {
        let starts = |owner: &&Owner| owner.starts.iter().any(|start| symbol.starts_with(start.as_str()));
        OWNERS.iter().find(starts)
    };
    // Where the declaration can't be read, the first name in the symbol can: `_ZN3c105Error…`.
    let first = || {
        let digits = symbol.strip_prefix("_Z")?.trim_start_matches(['N', 'K', 'T', 'V', 'I', 'S']);
        let length: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.get(length.len()..length.len() + length.parse::<usize>().ok().filter(|&n| n < 200)?)
    };
    let by_space = |name: &str| {
        let fits = |space: &String| {
            name == space
                || name.strip_prefix(space.as_str()).is_some_and(|rest| rest.starts_with(['_', ':']))
        };
        OWNERS.iter().find(|owner| owner.spaces.iter().any(fits))
    };
    let declared = declaration.and_then(|text| {
        let text = text.trim_start_matches("typeinfo for ").trim_start_matches("vtable for ");
        let text = text.trim_start_matches("guard variable for ");
        // Of a template function the result comes first.
        let name = text.split('(').next().unwrap_or(text);
        let name = name.rsplit(' ').next().unwrap_or(name);
        by_space(name).or_else(|| by_space(name.split("::").next().unwrap_or(name)))
    });
    declared.or_else(|| first().and_then(by_space)).or_else(by_name)
}

/// Whose a version of symbols is: `Qt_6`, `OPENSSL_3.0.0`.
pub(super) fn of_version(version: &str) -> Option<&'static Owner> {
    OWNERS.iter().find(|owner| owner.versions.iter().any(|start| version.starts_with(start.as_str())))
}

/// Whose a library is: `libc10.so`, `libcusparse.so.12`, `@rpath/libomp.dylib`, `fbgemm.dll`.
pub(super) fn of_library(name: &str) -> Option<&'static Owner> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let bare = file.strip_prefix("lib").unwrap_or(file);
    let stem = bare.split('.').next().unwrap_or(bare);
    // auditwheel's copies have a hash: `libgomp-d22c30c5`.
    let stem = stem.split_once('-').map_or(stem, |(stem, _)| stem);
    let same = |known: &String| known == stem || known.eq_ignore_ascii_case(stem);
    OWNERS.iter().find(|owner| owner.libraries.iter().any(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_tells_its_declaration_its_owner_and_its_abi() {
        for (symbol, declaration, owner, abi) in [
            (
                "_ZN3c105ErrorC2ENS_14SourceLocationESs",
                "c10::Error::Error(c10::SourceLocation, std::string)",
                "PyTorch",
                Some(StringAbi::Old),
            ),
            (
                "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
                "c10::Error::Error(c10::SourceLocation, std::string)",
                "PyTorch",
                Some(StringAbi::New),
            ),
            ("_ZN3c104cuda9SetDeviceEi", "c10::cuda::SetDevice(int)", "PyTorch", None),
            (
                "_ZN3c106detail14torchCheckFailEPKcS2_jRKSs",
                "c10::detail::torchCheckFail",
                "PyTorch",
                Some(StringAbi::Old),
            ),
            ("_ZN5arrow6Status8CopyFromERKS0_", "arrow::Status::CopyFrom", "Apache Arrow", None),
            ("_ZN6google8protobuf7Message11SerializeToEv", "google::protobuf::Message", "protobuf", None),
            ("_ZTIN2cv9ExceptionE", "cv::Exception", "OpenCV", None),
            ("?fail@Error@c10@@QEAAXXZ", "c10::Error::fail", "PyTorch", None),
            ("THPVariableClass", "", "PyTorch", None),
            ("__nvJitLinkAddData_12_1", "", "NVIDIA's CUDA libraries", None),
        ] {
            let read = read(symbol);
            assert!(read.declaration.as_deref().unwrap_or("").contains(declaration), "{symbol}: {read:?}");
            assert_eq!(read.owner.map(|owner| owner.name.as_str()), Some(owner), "{symbol}");
            assert_eq!(read.abi, abi, "{symbol}");
            assert!(!read.broken, "{symbol}");
        }
    }

    #[test]
    fn a_symbol_that_is_cut_is_broken_and_its_owner_is_known_all_the_same() {
        let read = read("_ZN3c105Error");
        assert!(read.broken && read.declaration.is_none());
        assert_eq!(read.owner.map(|owner| owner.name.as_str()), Some("PyTorch"));
    }

    #[test]
    fn what_is_deeper_than_any_declaration_is_broken() {
        assert!(read(&format!("_Z1f{}", "P".repeat(100_000))).broken);
        assert!(read(&format!("_Z1f{}i", "P".repeat(4000))).broken);
        assert!(
            read(&format!("?f@@YAX{}H@Z", "PEA".repeat(1300)))
                .declaration
                .is_none_or(|text| text.len() < 2000)
        );
    }

    #[test]
    fn a_library_tells_whose_it_is() {
        let name = |library| of_library(library).map(|owner| owner.name.as_str());
        assert_eq!(name("libc10.so"), Some("PyTorch"));
        assert_eq!(name("/x/libcusparse.so.12"), Some("NVIDIA's CUDA libraries"));
        assert_eq!(name("@rpath/libomp.dylib"), Some("OpenMP's runtime"));
        assert_eq!(name("libgomp-d22c30c5.so.1.0.0"), Some("OpenMP's runtime"));
        assert_eq!(name("libfoo.so"), None);
    }
}

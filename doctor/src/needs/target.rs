//! The machine a module is for: system, C library and its floor, C++ runtime and its.

use std::cmp::Reverse;

use crate::binary::{Image, Need};
use crate::facts::{Claim, CxxRuntime, Evidence, Format, Libc, LibcKind, Os, Source, Strings, Target};
use crate::scan::Hits;

use super::compilers::compilers;
use super::place::Place;

/// The machine a module is for.
pub(crate) fn target(image: &Image<'_>, hits: &Hits, place: &Place<'_>) -> Target {
    let libc = libc(image, place);
    Target {
        format: image.format,
        os: os(image, &libc, place),
        arch: image.arch.clone(),
        libc,
        cxx: cxx(image, hits),
        strings: strings(image),
        compilers: compilers(image, hits),
    }
}

fn os(image: &Image<'_>, libc: &Claim<Libc>, place: &Place<'_>) -> Claim<Os> {
    let header = |text: &str| [Evidence::new(Source::Section, text)];
    match (image.format, image.os) {
        (Format::Pe, _) => return Claim::certain(Os::Windows, header("PE header")),
        (Format::MachO, Some(os)) => return Claim::certain(os, header("LC_BUILD_VERSION")),
        (Format::MachO, None) => {
            let why = "no load command names the system";
            return Claim::likely(Os::Macos, header("Mach-O header"), why);
        }
        (Format::Wasm, _) => return emscripten(image, place),
        (Format::Elf, Some(Os::Linux)) => return Claim::certain(Os::Linux, header("ELF header: GNU/Linux")),
        (Format::Elf, Some(os)) => return Claim::certain(os, header("ELF header")),
        (Format::Elf, None) => {}
    }
    if image.section(".note.android.ident").is_some() {
        return Claim::certain(Os::Android, header(".note.android.ident"));
    }
    let by_libc = libc.value.as_ref().and_then(|libc| match libc.kind {
        LibcKind::Glibc | LibcKind::Musl => Some(Os::Linux),
        LibcKind::Bionic => Some(Os::Android),
        _ => None,
    });
    if let Some(os) = by_libc {
        let why = "the system follows from its C library";
        return match libc.is_certain() {
            true => Claim::certain(os, libc.evidence.clone()),
            false => Claim::likely(os, libc.evidence.clone(), why),
        };
    }
    let file = place.file();
    match ["linux-gnu", "linux-musl", "-linux."].iter().find(|part| file.contains(**part)) {
        Some(part) => Claim::likely(
            Os::Linux,
            [Evidence::new(Source::FileName, *part)],
            "its name says so; it asks for no C library that would prove it",
        ),
        None => Claim::unknown("neither its header nor its libraries name a system"),
    }
}

/// Emscripten by the functions that its loader alone has, else by the name.
fn emscripten(image: &Image<'_>, place: &Place<'_>) -> Claim<Os> {
    let own = |name: &&&str| name.starts_with("emscripten_") || name.starts_with("invoke_");
    if let Some(name) = image.imports.iter().find(own) {
        return Claim::certain(Os::Emscripten, [Evidence::new(Source::Symbol, format!("imports {name}"))]);
    }
    if let Some(section) = image.section("dylink.0").or(image.section("dylink")) {
        let why =
            "it is made to be loaded by another module, which of all systems with Python Emscripten does";
        return Claim::likely(Os::Emscripten, [Evidence::new(Source::Section, &*section.name)], why);
    }
    match place.file().contains("emscripten") {
        true => Claim::likely(
            Os::Emscripten,
            [Evidence::new(Source::FileName, "emscripten")],
            "its name says so; nothing in it proves it",
        ),
        false => Claim::unknown("nothing in it names a system"),
    }
}

fn libc(image: &Image<'_>, place: &Place<'_>) -> Claim<Libc> {
    match image.format {
        Format::MachO => {
            let floor = image.minimum_os.clone();
            let evidence =
                floor.as_ref().map(|floor| Evidence::new(Source::Section, format!("minimum system {floor}")));
            let system = image.needed.iter().find(|library| library.contains("libSystem"));
            let evidence = evidence.into_iter().chain(system.map(|name| Evidence::new(Source::Needed, name)));
            Claim::certain(Libc { kind: LibcKind::System, floor }, evidence)
        }
        Format::Pe => windows(image),
        Format::Wasm => {
            Claim::unknown("a WebAssembly module takes its C library from the program that loads it")
        }
        Format::Elf => elf(image, place),
    }
}

fn windows(image: &Image<'_>) -> Claim<Libc> {
    let named =
        |test: &dyn Fn(&str) -> bool| image.needed.iter().find(|name| test(&name.to_ascii_lowercase()));
    if let Some(name) = named(&|name| {
        name.starts_with("api-ms-win-crt-") || name == "ucrtbase.dll" || name == "ucrtbased.dll"
    }) {
        let libc = Libc { kind: LibcKind::Ucrt, floor: None };
        return Claim::certain(libc, [Evidence::new(Source::Needed, name)]);
    }
    match named(&|name| name.starts_with("msvcr")) {
        Some(name) => {
            Claim::unknown(format!("it asks for {name}, which is older than the universal runtime"))
        }
        None => Claim::unknown("it asks for no C library: it has its own, or needs none"),
    }
}

fn elf(image: &Image<'_>, place: &Place<'_>) -> Claim<Libc> {
    let mut versions: Vec<(Vec<u32>, &Need<'_>)> = image
        .needs
        .iter()
        // libgcc_s itself gives out functions as `GLIBC_2.0`, on musl too.
        .filter(|need| !need.library.starts_with("libgcc_s"))
        .filter_map(|need| {
            let number = match need.version {
                // Relocations packed by the linker, which the loader knows from here on.
                "GLIBC_ABI_DT_RELR" => "2.36",
                version => version.strip_prefix("GLIBC_")?,
            };
            Some((numbers(number)?, need))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(version.clone()));
    if let Some((version, need)) = versions.first() {
        let floor = version.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        let text = format!("{} {}", need.library, need.version);
        let evidence = Evidence { offset: Some(need.offset), ..Evidence::new(Source::Section, text) };
        return Claim::certain(Libc { kind: LibcKind::Glibc, floor: Some(floor) }, [evidence]);
    }
    let needed = |test: &dyn Fn(&str) -> bool| image.needed.iter().find(|name| test(name));
    let by = |kind, name: &String| {
        Claim::certain(Libc { kind, floor: None }, [Evidence::new(Source::Needed, name)])
    };
    if let Some(name) = needed(&|name| name.starts_with("libc.musl-") || name.starts_with("ld-musl-")) {
        return by(LibcKind::Musl, name);
    }
    if image.section(".note.android.ident").is_some() {
        let evidence = [Evidence::new(Source::Section, ".note.android.ident")];
        return Claim::certain(Libc { kind: LibcKind::Bionic, floor: None }, evidence);
    }
    if let Some(name) = needed(&|name| name == "libc.so.6") {
        return by(LibcKind::Glibc, name);
    }
    if let Some(name) = needed(&|name| name == "libc.so") {
        let why = "musl and Android's have this name; nothing says Android";
        let libc = Libc { kind: LibcKind::Musl, floor: None };
        return Claim::likely(libc, [Evidence::new(Source::Needed, name)], why);
    }
    by_tag(place).unwrap_or_else(|| Claim::unknown("it asks for no C library"))
}

/// What the wheel's platform tag or the file's name says, where the file itself asks for nothing.
fn by_tag(place: &Place<'_>) -> Option<Claim<Libc>> {
    let why = "the tag says so; the file itself asks for no C library";
    let kind = |text: &str| {
        if text.contains("musllinux") || text.contains("linux-musl") {
            Some(LibcKind::Musl)
        } else if text.contains("manylinux") || text.contains("linux-gnu") {
            Some(LibcKind::Glibc)
        } else {
            None
        }
    };
    let file = place.file();
    if let Some(wheel) = place.wheel {
        if let Some((kind, platform)) =
            wheel.each().find_map(|(_, _, platform)| Some((kind(platform)?, platform)))
        {
            let evidence = Evidence::new(Source::Metadata, platform).in_file(&*wheel.from);
            return Some(Claim::likely(Libc { kind, floor: None }, [evidence], why));
        }
    }
    let kind = kind(file)?;
    Some(Claim::likely(Libc { kind, floor: None }, [Evidence::new(Source::FileName, file)], why))
}

/// `2.17` as numbers; none where something else stands there, as in `GLIBC_PRIVATE`.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

fn cxx(image: &Image<'_>, hits: &Hits) -> Option<Claim<CxxRuntime>> {
    let needed = |test: &dyn Fn(&str) -> bool| {
        let file = |name: &String| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        image.needed.iter().find(|name| test(&file(name)))
    };
    let runtime = |name: &str, floors: Vec<String>| CxxRuntime { name: name.to_owned(), floors };
    if let Some(name) = needed(&|name| name.starts_with("libstdc++")) {
        let floors = ["GLIBCXX_", "CXXABI_"].iter().filter_map(|prefix| floor(image, prefix)).collect();
        return Some(Claim::certain(runtime("libstdc++", floors), [Evidence::new(Source::Needed, name)]));
    }
    if let Some(name) = needed(&|name| name.starts_with("libc++")) {
        return Some(Claim::certain(runtime("libc++", Vec::new()), [Evidence::new(Source::Needed, name)]));
    }
    if let Some(name) = needed(&|name| name.starts_with("msvcp")) {
        return Some(Claim::certain(runtime("msvc", Vec::new()), [Evidence::new(Source::Needed, name)]));
    }
    let inside = [("mark-libstdcxx", "libstdc++ static"), ("mark-libcxx", "libc++ static")];
    for (mark, name) in inside {
        if let Some(at) = hits.of(mark).first() {
            let evidence = Evidence::bytes(*at, "a text of the runtime's own");
            let why = "it asks for no C++ runtime and holds a text that the runtime writes";
            return Some(Claim::likely(runtime(name, Vec::new()), [evidence], why));
        }
    }
    if image.format == Format::Pe {
        let at = hits.of("mark-msvc-exception").first()?;
        let evidence = Evidence::bytes(*at, ".?AVexception@std@@");
        return Some(match needed(&|name| name.starts_with("vcruntime")) {
            Some(name) => {
                Claim::certain(runtime("msvc", Vec::new()), [evidence, Evidence::new(Source::Needed, name)])
            }
            None => {
                let why = "it has C++ exceptions and asks for no runtime";
                Claim::likely(runtime("msvc static", Vec::new()), [evidence], why)
            }
        });
    }
    // A module can leave it to its own libraries to bring the runtime.
    let libcxx =
        image.imports.iter().find(|name| name.starts_with("_ZNSt3__1") || name.starts_with("_ZNKSt3__1"));
    let libstdcxx = image.imports.iter().find(|name| name.starts_with("_ZSt") || name.starts_with("_ZNSt"));
    let (name, symbol) = match (libcxx, libstdcxx) {
        (Some(symbol), _) => ("libc++", symbol),
        (None, Some(symbol)) => ("libstdc++", symbol),
        (None, None) => return None,
    };
    let why = "it asks for symbols of the runtime, and leaves it to another library to bring it";
    Some(Claim::likely(runtime(name, Vec::new()), [Evidence::new(Source::Symbol, *symbol)], why))
}

/// Which `std::string` the names of functions have in them: the string's own functions, and those with one as an argument.
fn strings(image: &Image<'_>) -> Option<Claim<Strings>> {
    let new = |name: &str| name.contains("NSt7__cxx1112basic_string");
    // `Ss` is the old one where a function's own arguments are written, and in names of its own functions.
    let old = |name: &str| name.starts_with("_ZNSs") || name.starts_with("_ZNKSs") || old_argument(name);
    let names = || image.imports.iter().copied().chain(image.exports.iter().map(|export| &*export.name));
    let names = || names().filter(|name| name.starts_with("_Z"));
    let seen = |name: &str| Evidence::new(Source::Symbol, crate::binary::cut_text(name));
    match (names().find(|name| old(name)), names().find(|name| new(name))) {
        (Some(one), Some(other)) => Some(Claim::certain(Strings::Both, [seen(one), seen(other)])),
        (Some(name), None) => Some(Claim::certain(Strings::Old, [seen(name)])),
        (None, Some(name)) => Some(Claim::certain(Strings::New, [seen(name)])),
        (None, None) => None,
    }
}

/// Whether a function's arguments begin or end with the old string: `…ERKSs` and `…ESs`, where no name can stand.
fn old_argument(name: &str) -> bool {
    // The standard library's own functions for old strings are in every libstdc++.
    let own = name.starts_with("_ZNSt") || name.starts_with("_ZNKSt") || name.starts_with("_ZSt");
    !own && name.starts_with("_ZN") && (name.ends_with("ERKSs") || name.ends_with("ESs"))
}

/// The newest version of this kind that is asked for.
fn floor(image: &Image<'_>, prefix: &str) -> Option<String> {
    let versions =
        image.needs.iter().filter_map(|need| Some((numbers(need.version.strip_prefix(prefix)?)?, need)));
    versions.max_by(|a, b| a.0.cmp(&b.0)).map(|(_, need)| need.version.to_owned())
}

//! What a wheel's platform tag promises of the system, and the file's own symbols contradict.

use std::cmp::Ordering;

use crate::binary::Image;
use crate::facts::{Evidence, Libc, LibcKind, Source, Target};
use crate::host::compare;
use crate::requirements::manylinux;

/// Symbols of glibc's that no musl has.
const OF_GLIBC: [&str; 16] = [
    "gnu_get_libc_version",
    "__register_atfork",
    "backtrace",
    "backtrace_symbols",
    "backtrace_symbols_fd",
    "mallinfo",
    "mallinfo2",
    "malloc_trim",
    "mallopt",
    "rawmemchr",
    "__rawmemchr",
    "__strdup",
    "__strtol_internal",
    "_IO_getc",
    "dlmopen",
    "__fdelt_chk",
];

/// A contradiction: what is wrong, and what it rests on.
pub(crate) struct Broken {
    pub(crate) message: String,
    pub(crate) evidence: Evidence,
}

/// Compares each platform that a wheel is tagged for with what a file of it needs.
pub(crate) fn promises<'t>(
    image: &Image<'_>,
    target: &Target,
    platforms: impl Iterator<Item = &'t str>,
    musl_by_name: bool,
) -> Vec<Broken> {
    let libc = target.libc.value.as_ref().filter(|_| target.libc.is_certain());
    let mut found = Vec::new();
    let mut platforms: Vec<&str> = platforms.collect();
    platforms.sort_unstable();
    platforms.dedup();
    let many: Vec<(&str, String)> = platforms
        .iter()
        .filter_map(|tag| Some((*tag, manylinux(tag.strip_prefix("manylinux")?)?.0)))
        .collect();
    // A wheel with several tags is for each of them, so the lowest is what it promises.
    let lowest = many.iter().min_by(|a, b| compare(&a.1, &b.1));
    if let (Some((tag, promised)), Some(Libc { kind: LibcKind::Glibc, floor: Some(floor) })) = (lowest, libc)
    {
        if compare(floor, promised) == Ordering::Greater {
            found.push(Broken {
                message: format!("is tagged `{tag}`, for glibc {promised}, and needs glibc {floor}"),
                evidence: target
                    .libc
                    .evidence
                    .first()
                    .cloned()
                    .unwrap_or_else(|| Evidence::new(Source::Section, floor)),
            });
        }
    }
    let musl = platforms.iter().find(|tag| tag.starts_with("musllinux"));
    match (musl, libc) {
        (Some(tag), Some(Libc { kind: LibcKind::Glibc, .. })) => found.push(Broken {
            message: format!("is tagged `{tag}`, and is built for glibc"),
            evidence: target
                .libc
                .evidence
                .first()
                .cloned()
                .unwrap_or_else(|| Evidence::new(Source::Needed, "libc.so.6")),
        }),
        (Some(_), _) | (None, Some(Libc { kind: LibcKind::Musl, .. })) => found.extend(of_glibc(image)),
        (None, _) if musl_by_name => found.extend(of_glibc(image)),
        (None, _) => {}
    }
    let macos = platforms.iter().filter_map(|tag| {
        let mut parts = tag.strip_prefix("macosx_")?.splitn(3, '_');
        Some((*tag, format!("{}.{}", parts.next()?, parts.next()?)))
    });
    let lowest = macos.min_by(|a, b| compare(&a.1, &b.1));
    if let (Some((tag, promised)), Some(minimum)) = (lowest, &image.minimum_os) {
        // Tags say 11.0 for all of 11; arm64 begins there whatever an older tag of a universal wheel says.
        let least = if image.arch.name == "aarch64" && compare(&promised, "11.0") == Ordering::Less {
            "11.0"
        } else {
            &promised
        };
        if compare(minimum, least) == Ordering::Greater {
            found.push(Broken {
                message: format!("is tagged `{tag}`, and is built for macOS {minimum} or newer"),
                evidence: Evidence::new(Source::Section, format!("minimum system {minimum}")),
            });
        }
    }
    found
}

/// Whether no musl has a function.
pub(crate) fn is_of_glibc(name: &str) -> bool {
    OF_GLIBC.contains(&name) || name.starts_with("__") && name.ends_with("_chk") && name != "__stack_chk_fail"
}

/// What only glibc has, in a file for musl.
fn of_glibc(image: &Image<'_>) -> Option<Broken> {
    let mut names: Vec<&str> = image
        .imports
        .iter()
        .filter(|name| !image.weak.contains(name))
        .filter(|name| is_of_glibc(name))
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    let first = names.first()?;
    Some(Broken {
        message: format!(
            "is for musl, and asks for {} of glibc's, such as `{first}`",
            match names.len() {
                1 => "a symbol".to_owned(),
                count => format!("{count} symbols"),
            }
        ),
        evidence: Evidence::new(Source::Symbol, format!("imports {first}")),
    })
}

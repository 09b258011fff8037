//! The record `PyABIInfo`, which a module made with the headers of 3.15 hands to Python in the slot `Py_mod_abi`.

use crate::binary::Image;
use crate::facts::{AbiInfo, Claim, Evidence, StableKind};

use super::definition::Definition;
use super::stable_abi::Release;
use super::tag::Tag;

// Its flags.
const STABLE: u16 = 1;
const GIL: u16 = 2;
const FREE_THREADED: u16 = 4;
const INTERNAL: u16 = 8;

/// The record, where the module's list of slots has one of a form that is known.
pub(super) fn abi_info(image: &Image<'_>, definition: &Definition) -> Option<Claim<AbiInfo>> {
    let (address, slot) = definition.abi()?;
    let bytes: [u8; 12] = image.at(address)?.get(..12)?.try_into().ok()?;
    let info = read(bytes, image.arch.little_endian)?;
    let mut text = String::from("PyABIInfo");
    for byte in bytes {
        text.push_str(&format!(" {byte:02x}"));
    }
    let evidence =
        [Evidence::bytes(slot, "slot 109, Py_mod_abi"), Evidence::bytes(image.offset_of(address)?, text)];
    Some(Claim::certain(info, evidence))
}

/// Its own major and minor version, flags, and two versions of Python as `PY_VERSION_HEX` writes them.
fn read(bytes: [u8; 12], little_endian: bool) -> Option<AbiInfo> {
    let four = |at: usize| {
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if little_endian { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }
    };
    let two = [bytes[2], bytes[3]];
    let flags = if little_endian { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) };
    let (build, api) = (four(4), four(8));
    if bytes[0] != 1 || build >> 24 != 3 || (api != 0 && api >> 24 != 3) {
        return None;
    }
    let minor = |version: u32| format!("{}.{}", version >> 24, version >> 16 & 0xff);
    let phase = match version_phase(build) {
        Some((letter, serial)) => format!("{letter}{serial}"),
        None => String::new(),
    };
    Some(AbiInfo {
        build: format!("{}.{}{phase}", minor(build), build >> 8 & 0xff),
        api: minor(if api == 0 { build } else { api }),
        stable: flags & STABLE != 0,
        gil: flags & GIL != 0,
        free_threaded: flags & FREE_THREADED != 0,
        internal: flags & INTERNAL != 0,
    })
}

/// `b2` of `3.15.0b2`; none for a final release.
fn version_phase(version: u32) -> Option<(&'static str, u32)> {
    let letter = match version >> 4 & 0xf {
        0xa => "a",
        0xb => "b",
        0xc => "rc",
        _ => return None,
    };
    Some((letter, version & 0xf))
}

/// What it says of the Python that loads the module, as a tag would.
pub(super) fn tag(info: &AbiInfo) -> Option<Tag> {
    if info.stable {
        let kind = if info.free_threaded { StableKind::Abi3t } else { StableKind::Abi3 };
        return Some(Tag::Stable(kind));
    }
    let release = Release::of(&info.api)?;
    Some(Tag::CPython { release, free_threaded: info.free_threaded && !info.gil, debug: false })
}

/// How the record contradicts what the file's name says.
pub(super) fn contradicts(info: &AbiInfo, tag: &Tag) -> Option<String> {
    let built = &info.build;
    match tag {
        Tag::CPython { release, free_threaded, .. } => {
            if !info.stable && info.api != release.to_string() {
                return Some(format!(
                    "is named for Python {release}, and was built for {} ({built})",
                    info.api
                ));
            }
            let floor = Release::of(&info.api).filter(|floor| info.stable && floor > release);
            if let Some(floor) = floor {
                return Some(format!("is named for Python {release}, and was built for {floor} and newer"));
            }
            let serves = if *free_threaded { info.free_threaded } else { info.gil };
            let kind = if *free_threaded { "without a GIL" } else { "with a GIL" };
            (!serves).then(|| format!("is named for a Python {kind}, and was built for the other kind"))
        }
        Tag::Stable(kind) => {
            let name = if *kind == StableKind::Abi3 { "abi3" } else { "abi3t" };
            if !info.stable {
                return Some(format!(
                    "is named for the stable ABI `{name}`, and was built for Python {} alone",
                    info.api
                ));
            }
            let serves = if *kind == StableKind::Abi3t { info.free_threaded } else { info.gil };
            (!serves).then(|| format!("is named for `{name}`, and was built for the other kind of Python"))
        }
        Tag::Other { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it is in a file that was built for both kinds.
    const BOTH: [u8; 12] = [1, 0, 7, 0, 0xb2, 0, 0x0f, 3, 0, 0, 0x0f, 3];

    #[test]
    fn the_record_says_build_floor_and_kinds() {
        let info = read(BOTH, true).expect("a record");
        assert_eq!((info.build.as_str(), info.api.as_str()), ("3.15.0b2", "3.15"));
        assert!(info.stable && info.gil && info.free_threaded && !info.internal);
        assert_eq!(tag(&info), Some(Tag::Stable(StableKind::Abi3t)));
        let mut unknown = BOTH;
        unknown[0] = 2;
        assert_eq!(read(unknown, true), None);
    }

    #[test]
    fn a_name_that_says_otherwise_is_a_contradiction() {
        let mut bytes = BOTH;
        // Neither stable nor free-threaded, final.
        (bytes[2], bytes[4]) = (2, 0xf0);
        let info = read(bytes, true).expect("a record");
        assert_eq!(info.build, "3.15.0");
        let named = |release: &str, free_threaded| Tag::CPython {
            release: Release::of(release).expect("a release"),
            free_threaded,
            debug: false,
        };
        assert_eq!(contradicts(&info, &named("3.15", false)), None);
        assert!(contradicts(&info, &named("3.15", true)).is_some_and(|text| text.contains("without a GIL")));
        assert!(contradicts(&info, &named("3.14", false)).is_some_and(|text| text.contains("3.14")));
        assert!(contradicts(&info, &Tag::Stable(StableKind::Abi3)).is_some());
        let both = read(BOTH, true).expect("a record");
        assert_eq!(contradicts(&both, &Tag::Stable(StableKind::Abi3)), None);
        assert!(
            contradicts(&both, &named("3.14", false)).is_some_and(|text| text.contains("3.15 and newer"))
        );
    }
}

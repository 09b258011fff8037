//! Platform texts, versions and requirements.
#![no_main]

use interbind_abi::platform::{Host, against_host, against_peer};
use interbind_abi::{Platform, RecordHeader, Requirement, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, [u8; 16])| {
    let (build, other, header) = input;
    if let Ok(platform) = build.parse::<Platform>() {
        assert_eq!(platform.to_string(), build);
    }
    if let Ok(version) = build.parse::<Version>() {
        assert_eq!(version.to_string(), build);
    }
    if let Ok(requirement) = build.parse::<Requirement>() {
        assert_eq!(requirement.to_string().parse(), Ok(requirement));
    }
    against_host(
        build,
        &Host { python: other, version: other, gil: true, refs: false },
        &mut |_, _, _, _| {},
    );
    let _ = against_peer(build, other);
    let header = RecordHeader {
        magic: header[..8].try_into().unwrap_or_default(),
        struct_size: u32::from_ne_bytes(header[8..12].try_into().unwrap_or_default()),
        major: u16::from_ne_bytes([header[12], header[13]]),
        minor: u16::from_ne_bytes([header[14], header[15]]),
    };
    if interbind_abi::types::record::TYPE.check(&header).is_ok() {
        assert!(header.struct_size >= 208 && header.magic == *b"ib.type\0" && header.major == 1);
    }
});

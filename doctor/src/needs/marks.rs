//! Texts that tell of protocols, compilers and runtimes; found in the same pass as the frameworks' fingerprints.

/// Each with the name by which the hits are asked for.
pub(crate) const MARKS: &[(&str, &[u8])] = &[
    ("mark-arrow", b"__arrow_c_"),
    ("mark-dlpack", b"__dlpack__"),
    ("mark-pymetabind", b"__pymetabind_registry__"),
    ("mark-rustc", b"/rustc/"),
    ("mark-gcc", b"GCC: ("),
    // Written by the runtime itself, so that it is in the file only where that is linked in.
    ("mark-libstdcxx", b"terminate called after throwing an instance of '"),
    ("mark-libcxx", b"libc++abi: "),
    ("mark-msvc-exception", b".?AVexception@std@@"),
];

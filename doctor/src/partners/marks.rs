//! Texts that partners' headers leave in a module; found in the same pass as the frameworks' fingerprints.

/// Each with the name by which the hits are asked for.
pub(crate) const MARKS: &[(&str, &[u8])] = &[
    ("numpy-new", b"numpy._core"),
    ("numpy-old", b"numpy.core."),
    ("numpy-lib", b"numpy.lib"),
    ("numpy-table", b"_ARRAY_API"),
    ("numpy-built-old", b"module compiled against A"),
    ("numpy-built-new", b"NumPy C-API version"),
];

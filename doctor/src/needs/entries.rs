//! The functions by which Python loads a module.

use crate::binary::Image;
use crate::facts::EntryPoint;

/// What entry points start with. `PyInitU_` and `PyModExportU_` are for names that aren't ASCII.
const PREFIXES: &[&str] =
    &["PyInit_", "PyInitU_", "PyModExport_", "PyModExportU_", "_cffi_pypyinit__", "HPyInit_"];

/// More than any module has; static builds of Python export some hundred.
const MOST: usize = 1024;

/// The entry points, in the file's order.
pub(super) fn entries(image: &Image<'_>) -> Vec<EntryPoint> {
    let entry = |name: &str| {
        let prefix = PREFIXES.iter().find(|prefix| name.starts_with(**prefix))?;
        let module = &name[prefix.len()..];
        (!module.is_empty()).then(|| EntryPoint { symbol: name.to_owned(), module: module.to_owned() })
    };
    image.exports.iter().filter_map(|export| entry(&export.name)).take(MOST).collect()
}

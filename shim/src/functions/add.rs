//! A record becomes a module's: under its name, and in `__all__`, as PyO3 adds a function.
//!
//! Not by PyO3's own way, which panics where there is no memory, or waits for itself without end.

use crate::ffi::{Attached, Raised, Strong, error, scalar};

use super::wrap::wrap;

/// Adds a function of PyO3 to a module, as a record.
pub(crate) fn add(at: Attached, module: &Strong, inner: &Strong) -> Result<(), Raised> {
    let record = wrap(at, module, inner)?;
    let set = scalar::of_module(at, c"builtins", "setattr")?;
    let name = inner.attribute(at, "__name__")?;
    let key = Strong::text(at, "__all__")?;
    let all = match module.attribute_of(at, &key) {
        Ok(all) => all,
        Err(_) if error::is_attribute_error(at) => {
            at.clear();
            let made = scalar::of_module(at, c"builtins", "list")?.call_tuple(at, &[])?;
            set.call_tuple(at, &[module, &key, &made])?;
            made
        }
        Err(raised) => return Err(raised),
    };
    all.attribute(at, "append")?.call1(at, &name)?;
    set.call_tuple(at, &[module, &name, &record]).map(drop)
}

//! What a module asks for itself: to be bound while it is imported, and how much it shares.

use crate::ffi::{Attached, Raised, Strong, error};
use crate::shared::Module;
use crate::text::Text;
use crate::types::Counts;

/// Binds a module to the current interpreter while it is imported; `module` is the module object, where there is one.
///
/// # Errors
/// As [`bind`](crate::bind).
pub(crate) fn bind<M: Module>(at: Attached, module: Option<&Strong>) -> Result<(), Raised> {
    let identity = M::identity();
    if identity.is_new(at)? {
        let file = module.map_or_else(|| Ok(Text::new()), |module| file(at, module))?;
        identity.bind(at, file)?;
    }
    Ok(())
}

/// The module object's file, empty when it doesn't know it yet (multi-phase initialisation sets it before the module runs).
fn file(at: Attached, module: &Strong) -> Result<Text, Raised> {
    let file = module.attribute(at, "__file__").ok().and_then(|file| file.to_text(at)).unwrap_or_default();
    at.clear();
    if file.is_lost() { Err(error::no_memory(at)) } else { Ok(file) }
}

/// Counts the records in the current interpreter.
///
/// # Errors
/// As [`count_records`](crate::count_records).
pub(crate) fn count_records<M: Module>(at: Attached) -> Result<Counts, Raised> {
    Ok(M::identity().binding(at)?.types.count(at))
}

//! Our own build note.

use interbind_abi::note::{Item, read};

use crate::binary::Image;
use crate::facts::OurNote;

/// What the module's own note says; what can't be understood of it is told to `wrong`.
pub(crate) fn note(image: &Image<'_>, wrong: &mut dyn FnMut(String)) -> Option<OurNote> {
    let mut found = OurNote { module: Vec::new(), types: Vec::new() };
    for section in &image.notes {
        for item in read(section) {
            match item {
                Ok(Item::Module(module)) => {
                    found.module.extend(module.to_string().lines().map(str::to_owned));
                }
                Ok(Item::Type { descriptor, .. }) => found.types.push(descriptor),
                Err(error) => wrong(error.to_string()),
            }
        }
    }
    (!found.module.is_empty() || !found.types.is_empty()).then_some(found)
}

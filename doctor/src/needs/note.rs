//! Our own build note.

use interbind_abi::note::{Item, ModuleNote, read};

use crate::binary::Image;
use crate::facts::{ConsumedType, DeclaredType, OurNote, ProvidedType};

/// What the module's own note says; what can't be understood of it is told to `wrong`.
pub(crate) fn note(image: &Image<'_>, wrong: &mut dyn FnMut(String)) -> Option<OurNote> {
    let mut found = OurNote::default();
    for section in &image.notes {
        for item in read(section) {
            match item {
                Ok(Item::Module(module)) => add(&mut found, &module),
                Ok(Item::Type { version, descriptor }) => {
                    let name = descriptor.split(' ').nth(1).unwrap_or_default().to_owned();
                    let declared =
                        DeclaredType { name, version: version.to_string(), descriptor: descriptor.clone() };
                    if !found.declared.contains(&declared) {
                        found.declared.push(declared);
                    }
                    found.types.push(descriptor);
                }
                Err(error) => wrong(error.to_string()),
            }
        }
    }
    (!found.module.is_empty() || !found.types.is_empty()).then_some(found)
}

/// Adds a module's note; a file that was linked of several modules has several.
fn add(found: &mut OurNote, module: &ModuleNote) {
    found.module.extend(module.to_string().lines().map(str::to_owned));
    found.name.get_or_insert_with(|| module.name.clone());
    found.version.get_or_insert_with(|| module.version.clone());
    found.interbind.get_or_insert_with(|| module.interbind.clone());
    found.panic.get_or_insert_with(|| module.panic.clone());
    found.compiler.get_or_insert_with(|| module.compiler.clone());
    found.platform.get_or_insert_with(|| module.platform.to_string());
    found.runtime = found.runtime.take().or_else(|| module.runtime.clone());
    found.provides.extend(
        module
            .provides
            .iter()
            .map(|(name, version)| ProvidedType { name: name.clone(), version: version.to_string() }),
    );
    found.consumes.extend(module.consumes.iter().map(|(name, requirement)| ConsumedType {
        name: name.clone(),
        requirement: requirement.to_string(),
    }));
}

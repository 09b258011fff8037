//! What the loader joins an image by, kept after the image itself is gone. Names that are given out are kept as digests: a large
//! library has some hundred thousand.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::binary::Image;
use crate::facts::{Format, Import, Links, Symbols};

use super::system::{is_python, is_versioned};

/// More names than are worth asking for.
const MOST_IMPORTS: usize = 1 << 17;
/// A namespace of which a library has fewer names isn't its own.
const OWN_NAMESPACE: u32 = 8;

/// A name's digest.
pub(super) fn digest(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// How an image is joined with others.
pub(crate) fn links(image: &Image<'_>) -> Links {
    let linking = &image.linking;
    let mut exports: Vec<u64> = image.exports.iter().map(|export| digest(&export.name)).collect();
    exports.sort_unstable();
    exports.dedup();
    let mut namespaces: BTreeMap<&str, u32> = BTreeMap::new();
    for name in image.exports.iter().filter_map(|export| namespace(&export.name)) {
        *namespaces.entry(name).or_default() += 1;
    }
    namespaces.retain(|name, count| {
        *count >= OWN_NAMESPACE && !matches!(*name, "std" | "__gnu_cxx" | "__cxxabiv1")
    });
    let namespaces = namespaces.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    let needs = image.needs.iter().filter(|need| !is_versioned(need.library));
    let search = if linking.runpath.is_empty() { &linking.rpath } else { &linking.runpath };
    Links {
        own_name: linking.own_name.clone(),
        search: search.clone(),
        unresolved: None,
        missing: Vec::new(),
        symbols: Symbols {
            exports,
            namespaces,
            imports: imports(image),
            versions: linking.versions.iter().map(|version| (*version).to_owned()).collect(),
            needs: needs.map(|need| (need.library.to_owned(), need.version.to_owned())).collect(),
            // With a RUNPATH of its own the loader takes no notice of RPATH.
            inherited: if linking.runpath.is_empty() { linking.rpath.clone() } else { Vec::new() },
            reexports: linking.reexports.clone(),
            late: linking.late.clone(),
        },
    }
}

fn imports(image: &Image<'_>) -> Vec<Import> {
    let weak: HashSet<&str> = image.weak.iter().copied().collect();
    let linking = &image.linking;
    let keep = |(at, name): (usize, &&str)| -> Option<Import> {
        if weak.contains(*name) || is_python(name) {
            return None;
        }
        let library = match image.format {
            Format::Elf => {
                let library = linking.bindings.get(at).and_then(|binding| binding.library);
                if library.is_some_and(is_versioned) {
                    return None;
                }
                library.and_then(|library| image.needed.iter().position(|needed| needed == library))
            }
            // A name that isn't bound to a library is whatever is loaded.
            Format::MachO | Format::Pe | Format::Wasm => Some((*linking.ordinals.get(at)?)?),
        };
        Some(Import { name: (*name).into(), library: library.and_then(|at| u32::try_from(at).ok()) })
    };
    image.imports.iter().enumerate().filter_map(keep).take(MOST_IMPORTS).collect()
}

/// The outermost namespace or class of a C++ name, as the Itanium ABI mangles it: `c10` of `_ZN3c105ErrorC2E…`.
pub(super) fn namespace(symbol: &str) -> Option<&str> {
    let rest = symbol.strip_prefix("_ZN")?.trim_start_matches(['K', 'V', 'R', 'O']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let length: usize = rest.get(..digits).filter(|digits| digits.len() < 4)?.parse().ok()?;
    rest.get(digits..digits + length).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_the_outermost_one() {
        assert_eq!(namespace("_ZN3c105ErrorC2ENS_14SourceLocationESs"), Some("c10"));
        assert_eq!(namespace("_ZNK2at10TensorBase4sizeEl"), Some("at"));
        for none in ["_ZNSt6vectorIiE", "printf", "_ZN", "_ZN999x", "_Z3fooi", "_ZN0"] {
            assert_eq!(namespace(none), None, "{none}");
        }
    }
}

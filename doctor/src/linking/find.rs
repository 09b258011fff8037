//! The file that a name means: by the folders that a file has searched, by the name alone where its package loads the library first.

use std::collections::HashMap;

use crate::facts::{Format, Module};

use super::system::is_versioned;

/// All files that were read, by where they are and by their names.
pub(super) struct Files<'m> {
    modules: &'m [Module],
    places: HashMap<(&'m str, String), Vec<usize>>,
    names: HashMap<String, Vec<usize>>,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The file at the place where the loader looks, or all files of that name where it doesn't find one there.
    Files(Vec<usize>),
    /// A library of the system, whose symbols have versions.
    System,
    /// It wasn't read.
    Unknown,
}

impl<'m> Files<'m> {
    pub(super) fn new(modules: &'m [Module]) -> Self {
        let (mut places, mut names) = (HashMap::<_, Vec<usize>>::new(), HashMap::<_, Vec<usize>>::new());
        for (at, module) in modules.iter().enumerate() {
            places.entry((archive(module), plain(file(module)))).or_default().push(at);
            let own = module.links.own_name.iter().map(|name| key(module.target.format, base(name)));
            let mut all: Vec<String> = own.chain([key(module.target.format, base(file(module)))]).collect();
            all.dedup();
            for name in all {
                names.entry(name).or_default().push(at);
            }
        }
        Self { modules, places, names }
    }

    /// What `name` means to the file `at`, which came to be loaded because of `parents`.
    pub(super) fn find(&self, at: usize, parents: &[usize], name: &str) -> Found {
        let module = &self.modules[at];
        let fits = |other: &usize| {
            let other = &self.modules[*other];
            *other.target.arch.name == module.target.arch.name
                && other.target.format == module.target.format
                && archive(other) == archive(module)
        };
        let own = module.links.search.iter().map(|folder| (at, folder));
        let inherited = parents.iter().flat_map(|parent| {
            self.modules[*parent].links.symbols.inherited.iter().map(|folder| (*parent, folder))
        });
        let at_place = |path: String| -> Option<Vec<usize>> {
            let found = self.places.get(&(archive(module), path))?;
            let found: Vec<usize> = found.iter().copied().filter(fits).collect();
            (!found.is_empty()).then_some(found)
        };
        let relative = name.strip_prefix("@rpath/").or((!name.contains('/')).then_some(name));
        if let Some(relative) = relative {
            for (from, folder) in own.chain(inherited) {
                let folder = self.expanded(folder, from);
                if let Some(found) = at_place(plain(&format!("{folder}/{relative}"))) {
                    return Found::Files(found);
                }
            }
        } else if let Some(found) = at_place(plain(&self.expanded(name, at))) {
            return Found::Files(found);
        }
        // A library that is loaded already serves whoever asks for its name; Windows looks in folders that packages add.
        let by_name = self.names.get(&key(module.target.format, base(name)));
        let by_name: Vec<usize> = by_name.into_iter().flatten().copied().filter(fits).collect();
        if !by_name.is_empty() {
            return Found::Files(by_name);
        }
        if module.target.format == Format::Elf && is_versioned(name) { Found::System } else { Found::Unknown }
    }

    /// A folder or path with what the loader puts in for the file that names it.
    fn expanded(&self, text: &str, from: usize) -> String {
        let own = file(&self.modules[from]);
        let folder = own.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        ["${ORIGIN}", "$ORIGIN", "@loader_path", "@executable_path"]
            .iter()
            .fold(text.to_owned(), |text, word| {
                text.replace(word, if folder.is_empty() { "." } else { folder })
            })
    }
}

/// What a file is looked for by: Windows doesn't tell capitals apart.
fn key(format: Format, name: &str) -> String {
    if format == Format::Pe { name.to_ascii_lowercase() } else { name.to_owned() }
}

pub(super) fn file(module: &Module) -> &str {
    module.member.as_deref().unwrap_or(&module.path)
}

/// The archive a file is in; nothing: it stands alone.
fn archive(module: &Module) -> &str {
    if module.member.is_some() { &module.path } else { "" }
}

pub(super) fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A path without `.` and `..`, by its letters alone.
fn plain(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_plain_by_its_letters() {
        assert_eq!(plain("/a/b/./../c//d.so"), "/a/c/d.so");
        assert_eq!(plain("a/../../b"), "b");
    }
}

//! Over all files that were read: which symbols nobody has, and which libraries weren't among them.

use std::collections::BTreeSet;

use crate::facts::{Claim, Confidence, Evidence, Format, Import, Module, Source, Unmet, Unresolved};

use super::find::{Files, Found, base, file};
use super::symbols::{digest, namespace};
use super::system::{is_common, is_of_system};

/// Symbols that are named; the rest is counted.
const SHOWN: usize = 12;
/// Libraries that are followed from one file; more is no file that we know.
const MOST_LIBRARIES: usize = 512;

/// Fills in, for each module, the symbols and libraries that it is not given.
pub(crate) fn resolve(modules: &mut [Module]) {
    let files = Files::new(modules);
    // Names that some file gives out at all: it may be loaded before, and for all.
    let anywhere = anywhere(modules);
    let said: Vec<_> =
        (0..modules.len()).map(|at| Closure::of(&files, modules, at).judge(modules, &anywhere)).collect();
    for (module, (unresolved, missing, not_python)) in modules.iter_mut().zip(said) {
        if let Some(stable) = module.python.stable.as_mut().filter(|stable| !stable.outside.is_empty()) {
            stable.outside.retain(|name| !not_python.contains(name));
            if let (true, Some(_)) = (stable.outside.is_empty(), &stable.needed.value) {
                stable.needed.confidence = Confidence::Certain;
                stable.needed.why = None;
            }
        }
        module.links.unresolved = unresolved;
        module.links.missing = missing;
    }
}

fn anywhere(modules: &[Module]) -> Vec<u64> {
    let mut all: Vec<u64> =
        modules.iter().flat_map(|module| module.links.symbols.exports.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A file and all that comes with it.
struct Closure {
    at: usize,
    /// The files that can serve each of what it asks for itself.
    direct: Vec<Found>,
    /// All files that come with it, itself included.
    all: Vec<usize>,
    /// Whether all libraries were read, or have versions for all they give.
    whole: bool,
    /// The same for names of C++.
    whole_of_cxx: bool,
    missing: BTreeSet<String>,
    /// Whether it asks for a library that isn't a system's or Python's, and wasn't read.
    others: bool,
}

/// Symbols that nobody has, libraries that are missing, and names that aren't Python's.
type Judged = (Option<Claim<Unresolved>>, Vec<String>, Vec<String>);

impl Closure {
    fn of(files: &Files<'_>, modules: &[Module], at: usize) -> Self {
        let mut closure = Self {
            at,
            direct: Vec::new(),
            all: vec![at],
            whole: true,
            whole_of_cxx: true,
            missing: BTreeSet::new(),
            others: false,
        };
        // Each with the files on the way to it, the nearest first.
        let mut pending = vec![(at, Vec::new())];
        while let Some((from, parents)) = pending.pop() {
            for name in &modules[from].needed {
                let found = files.find(from, &parents, name);
                match &found {
                    Found::Files(found) => {
                        for next in found {
                            if !closure.all.contains(next) && closure.all.len() < MOST_LIBRARIES {
                                closure.all.push(*next);
                                let mut parents = parents.clone();
                                parents.insert(0, from);
                                pending.push((*next, parents));
                            }
                        }
                    }
                    Found::System => {}
                    Found::Unknown => {
                        // Those that every system has are written in C, and have no name of C++.
                        closure.whole = false;
                        closure.whole_of_cxx &= is_common(name);
                        closure.others |= from == at && !is_of_system(modules[at].target.format, name);
                        // On Windows the system's own libraries are too many to be known by name.
                        let absent = match modules[at].target.format {
                            Format::Elf => !is_common(name),
                            format @ Format::MachO => !is_of_system(format, name),
                            Format::Pe | Format::Wasm => false,
                        };
                        if from == at && absent && !modules[at].links.symbols.late.contains(name) {
                            closure.missing.insert(name.clone());
                        }
                    }
                }
                if from == at {
                    closure.direct.push(found);
                }
            }
        }
        closure.whole &= closure.all.len() < MOST_LIBRARIES;
        closure.whole_of_cxx &= closure.all.len() < MOST_LIBRARIES;
        closure
    }

    fn judge(self, modules: &[Module], anywhere: &[u64]) -> Judged {
        let module = &modules[self.at];
        let not_python = self.not_python(modules);
        let (mut sure, mut unsure) = (Vec::new(), Vec::new());
        for import in &module.links.symbols.imports {
            match module.target.format {
                Format::Elf => self.elf(modules, anywhere, import, &mut sure, &mut unsure),
                Format::MachO | Format::Pe | Format::Wasm => {
                    let Some((unmet, late)) = self.bound(modules, import) else { continue };
                    if late { unsure.push(unmet) } else { sure.push(unmet) }
                }
            }
        }
        sure.extend(self.versions(modules));
        let missing = self.missing.into_iter().collect();
        let certain = !sure.is_empty();
        let mut all = if certain { sure } else { unsure };
        all.sort();
        all.dedup();
        if all.is_empty() {
            return (None, missing, not_python);
        }
        let names = all
            .iter()
            .take(3)
            .map(|unmet| Evidence::new(Source::Symbol, format!("imports {}", unmet.symbol)));
        let libraries: BTreeSet<&str> = self.all.iter().skip(1).map(|at| base(file(&modules[*at]))).collect();
        let read =
            libraries.iter().take(8).map(|name| Evidence::new(Source::Needed, format!("{name} was read")));
        let evidence: Vec<Evidence> = names.chain(read).collect();
        let value = Unresolved { count: all.len(), symbols: all.into_iter().take(SHOWN).collect() };
        let claim = if certain {
            Claim::certain(value, evidence)
        } else {
            let why = match module.target.format {
                Format::Elf => "no library that it asks for has them; something else in the process could",
                Format::MachO | Format::Pe | Format::Wasm => {
                    "it can be loaded without that library, and fails when it calls them"
                }
            };
            Claim::likely(value, evidence, why)
        };
        (Some(claim), missing, not_python)
    }

    /// Names that look like Python's and are another library's: one that was read has them, or one that wasn't read may have.
    fn not_python(&self, modules: &[Module]) -> Vec<String> {
        let outside = modules[self.at].python.stable.iter().flat_map(|stable| &stable.outside);
        let given = |name: &&String| {
            let name = digest(name);
            let has = |at: &usize| modules[*at].links.symbols.exports.binary_search(&name).is_ok();
            self.others || self.all.iter().skip(1).any(has)
        };
        outside.filter(given).cloned().collect()
    }

    /// ELF looks a name up in all that is loaded.
    fn elf(
        &self,
        modules: &[Module],
        anywhere: &[u64],
        import: &Import,
        sure: &mut Vec<Unmet>,
        unsure: &mut Vec<Unmet>,
    ) {
        let name = digest(&import.name);
        let has = |exports: &[u64]| exports.binary_search(&name).is_ok();
        // A library without versions of all it gives could have what isn't anywhere; so could one of a system with musl.
        let whole = if namespace(&import.name).is_some() { self.whole_of_cxx } else { self.whole };
        if !whole || has(anywhere) {
            return;
        }
        let bound = import.library.and_then(|at| modules[self.at].needed.get(at as usize));
        let owner = namespace(&import.name).and_then(|wanted| {
            let owns = |at: &&usize| {
                let own = modules[**at].links.symbols.namespaces.iter();
                **at != self.at && own.clone().any(|(name, _)| name == wanted)
            };
            self.all.iter().find(owns).map(|at| base(file(&modules[*at])).to_owned())
        });
        let library = bound.cloned().or(owner);
        // What C libraries give without being asked by name, such as `sqrt`, the interpreter itself has brought.
        if library.is_none() && namespace(&import.name).is_none() {
            return;
        }
        let into = if library.is_some() { sure } else { unsure };
        into.push(Unmet { symbol: import.name.to_string(), library, version: None });
    }

    /// Mach-O and PE bind a name to one library. The second value says that the library may be absent, or is loaded when it is first
    /// called: the file itself can be loaded all the same.
    fn bound(&self, modules: &[Module], import: &Import) -> Option<(Unmet, bool)> {
        let at = import.library? as usize;
        let library = modules[self.at].needed.get(at)?;
        let Found::Files(found) = self.direct.get(at)? else { return None };
        let late = modules[self.at].links.symbols.late.contains(library);
        let name = digest(&import.name);
        // What a library takes from another and gives out as its own would have to be followed.
        let has = |at: &usize| {
            let symbols = &modules[*at].links.symbols;
            symbols.exports.binary_search(&name).is_ok()
                || !symbols.reexports.is_empty()
                || symbols.exports.is_empty()
        };
        let nobody = !found.iter().any(has);
        nobody.then(|| {
            let symbol = import.name.to_string();
            (Unmet { symbol, library: Some(library.clone()), version: None }, late)
        })
    }

    /// Versions that a library should have and hasn't; one without any versions takes all.
    fn versions(&self, modules: &[Module]) -> Vec<Unmet> {
        let module = &modules[self.at];
        let lacks = |(library, version): &(String, String)| {
            let at = module.needed.iter().position(|needed| needed == library)?;
            let Found::Files(found) = self.direct.get(at)? else { return None };
            let has = |at: &usize| {
                let own = &modules[*at].links.symbols.versions;
                own.is_empty() || own.contains(version)
            };
            let nobody = !found.iter().any(has);
            let symbol = format!("version {version}");
            nobody.then(|| Unmet { symbol, library: Some(library.clone()), version: Some(version.clone()) })
        };
        module.links.symbols.needs.iter().filter_map(lacks).collect()
    }
}

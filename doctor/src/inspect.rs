//! Reads modules, wheels and folders, in parallel, and gives what is known of them.
//!
//! Every file is read, every member of a wheel inflated into memory by the thread that works on it. How much is in memory
//! at the same time has a bound. The result stands in the order of the paths, whoever finished first.

use std::cmp::Reverse;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::binary::{self, Image};
use crate::capi;
use crate::facts::{CApi, Evidence, Inspection, Module, Problem, Source};
use crate::frameworks;
use crate::linking;
use crate::needs::{self, Place, WheelTags};
use crate::partners;
use crate::scan;
use crate::source::{self, Archive, Budget, Found, Input, Reader};

/// The name and version of the JSON that [`inspect`] gives.
pub const SCHEMA: &str = "interbind-inspect/1";

/// How much of a file is read to see what it is.
const FIRST: usize = 64;

/// Bounds of what is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The largest file that is read, and the largest member of an archive that is inflated, in bytes.
    pub largest_member: u64,
    /// What the members of one archive may have in all.
    pub largest_archive: u64,
    /// How many bytes are read and inflated at the same time.
    pub memory: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { largest_member: 2 << 30, largest_archive: 16 << 30, memory: 2 << 30 }
    }
}

/// Hears how far the reading is. Called from several threads.
pub trait Progress: Sync {
    /// So many more files or members were found.
    fn found(&self, _more: usize) {}
    /// One of them was read.
    fn read(&self, _path: &str, _bytes: u64) {}
    /// Whether nobody waits for the result any more: what isn't read yet is left out of it.
    fn stopped(&self) -> bool {
        false
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {}

/// Reads files, wheels and folders.
///
/// A file that is named is read whatever its name is; in a folder and in a wheel those are read whose names say that they
/// are native. What can't be read is a problem of the result, never an error or a panic.
pub fn inspect(paths: &[PathBuf], options: &Options, progress: &dyn Progress) -> Inspection {
    let run = Run { options, budget: &Budget::new(options.memory), progress };
    let (found, mut problems) = source::walk(paths);
    progress.found(found.len());
    let read = largest_first(&found, |found| found.size, |found| run.file(found));
    let mut modules = Vec::new();
    for mut read in read {
        modules.append(&mut read.modules);
        problems.append(&mut read.problems);
    }
    frameworks::add_needed(&mut modules);
    linking::resolve(&mut modules);
    Inspection { schema: SCHEMA.to_owned(), modules, problems }
}

/// Reads bytes that stand in no file: a module or a wheel, named as `path` says.
pub fn inspect_bytes(path: &str, bytes: &[u8], options: &Options) -> (Vec<Module>, Vec<Problem>) {
    let run = Run { options, budget: &Budget::new(options.memory), progress: &Quiet };
    let mut read = run.bytes(path, None, bytes);
    frameworks::add_needed(&mut read.modules);
    linking::resolve(&mut read.modules);
    (read.modules, read.problems)
}

/// Works on all items in parallel and gives the results in the order of the items. The largest are begun first: one that is
/// begun last would be waited for while the other threads have nothing to do.
fn largest_first<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> u64,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| Reverse(size(&items[*index])));
    let mut done: Vec<(usize, R)> =
        order.into_iter().par_bridge().map(|index| (index, work(&items[index]))).collect();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[derive(Default)]
struct Read {
    modules: Vec<Module>,
    problems: Vec<Problem>,
}

#[derive(Clone, Copy)]
struct Run<'a> {
    options: &'a Options,
    budget: &'a Budget,
    progress: &'a dyn Progress,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("options", self.options).finish_non_exhaustive()
    }
}

impl Run<'_> {
    fn file(&self, found: &Found) -> Read {
        if self.progress.stopped() {
            return Read::default();
        }
        let path = found.path.display().to_string();
        let read = Input::open(&found.path).and_then(|input| self.input(&path, found, &input));
        read.unwrap_or_else(|error| Read {
            modules: Vec::new(),
            problems: vec![source::unreadable(&found.path, &error)],
        })
    }

    fn input(&self, path: &str, found: &Found, input: &Input) -> io::Result<Read> {
        let first = input.first(FIRST)?;
        if source::is_archive(&first) {
            return Ok(self.archive(path, input, input.size));
        }
        let name = import_name(found);
        let place = Place { path, member: None, name: name.as_deref(), wheel: None };
        // What no reader is for needn't be read to its end.
        let known = binary::is_known(&first);
        if known && input.size > self.options.largest_member {
            let message =
                format!("has {} bytes; files above {} are not read", input.size, self.options.largest_member);
            let problems = vec![place.problem("too-large", message, None)];
            return Ok(Read { modules: Vec::new(), problems });
        }
        let read = if known {
            let _taken = self.budget.take(input.size);
            input.with(|bytes| native(&place, bytes))?
        } else {
            native(&place, &first)
        };
        self.progress.read(path, input.size);
        Ok(read)
    }

    fn bytes(&self, path: &str, name: Option<&str>, bytes: &[u8]) -> Read {
        if source::is_archive(bytes) {
            return self.archive(path, &bytes, bytes.len() as u64);
        }
        let place = Place { path, member: None, name, wheel: None };
        native(&place, bytes)
    }

    fn archive(&self, path: &str, reader: Reader<'_>, length: u64) -> Read {
        let Options { largest_member, largest_archive, .. } = *self.options;
        let archive = match Archive::open(path, reader, length, largest_member, largest_archive) {
            Ok(archive) => archive,
            Err(problem) => return Read { modules: Vec::new(), problems: vec![*problem] },
        };
        let tags = WheelTags::read(path, archive.wheel.as_deref());
        self.progress.found(archive.members.len());
        let read = |member: &source::Member| {
            if self.progress.stopped() {
                return Read::default();
            }
            // Held while one thread works on one member; it waits for nobody meanwhile.
            let _taken = self.budget.take(member.memory());
            let name = name_in_wheel(&member.name);
            let place =
                Place { path, member: Some(&member.name), name: name.as_deref(), wheel: tags.as_ref() };
            let read = archive.read(path, member, |bytes| native(&place, bytes));
            self.progress.read(&member.name, member.size);
            read.unwrap_or_else(|problem| Read { modules: Vec::new(), problems: vec![*problem] })
        };
        let members = largest_first(&archive.members, |member| member.size, read);
        let mut all = Read { modules: Vec::new(), problems: archive.problems };
        for mut read in members {
            all.modules.append(&mut read.modules);
            all.problems.append(&mut read.problems);
        }
        all
    }
}

/// Reads one native file: each of its slices.
fn native(place: &Place<'_>, bytes: &[u8]) -> Read {
    let mut read = Read::default();
    let (slices, flaws) = match binary::slices(bytes) {
        Ok(found) => found,
        // A script among an archive's programs.
        Err(_) if place.member.is_some_and(|member| !source::is_native(member)) => return read,
        Err(error) => {
            read.problems.push(place.problem(error.kind(), error.to_string(), first_bytes(bytes)));
            return read;
        }
    };
    for flaw in flaws {
        read.problems.push(place.problem(flaw.kind, flaw.message, None));
    }
    for slice in slices {
        match Image::parse(slice.data) {
            Ok(image) => read.modules.push(module(place, bytes.len() as u64, &image)),
            Err(error) => {
                let bytes = first_bytes(slice.data);
                read.problems.push(place.problem(error.kind(), error.to_string(), bytes));
            }
        }
    }
    read
}

fn module(place: &Place<'_>, size: u64, image: &Image<'_>) -> Module {
    let hits = scan::scan(image).telling();
    let python = needs::python(image, &hits, place);
    let mut problems: Vec<Problem> =
        image.flaws.iter().map(|flaw| place.problem(flaw.kind, flaw.message.clone(), None)).collect();
    let note = needs::note(image, &mut |message| problems.push(place.problem("malformed", message, None)));
    if hits.cut() {
        let message = "holds more fingerprints than a program would; some were not looked at".to_owned();
        problems.push(place.problem("too-many", message, None));
    }
    let target = needs::target(image, &hits, place);
    let own = place.wheel.into_iter().flat_map(|wheel| wheel.each().map(|(_, _, platform)| platform));
    // Installers go by the file's name, whatever `WHEEL` says.
    let named = place.path.strip_suffix(".whl").filter(|_| place.member.is_some());
    let named = named.and_then(|stem| stem.rsplit('-').next()).into_iter().flat_map(|tag| tag.split('.'));
    for broken in linking::promises(image, &target, own.chain(named), place.path.contains("linux-musl")) {
        let mut problem = place.problem("wheel-tag", broken.message, Some(broken.evidence));
        problem.kind =
            if problem.message.contains("is for musl") { "musl-symbols".to_owned() } else { problem.kind };
        problems.push(problem);
    }
    if let Some((message, evidence)) = needs::contradiction(&python, place.file()) {
        problems.push(place.problem("abi-info-differs", message, Some(evidence)));
    }
    let mut frameworks = frameworks::recognise(image, &hits);
    frameworks::warn_of_python(&mut frameworks, &python);
    let capi = if python.entries.is_empty() { CApi::default() } else { capi::capi(image, &frameworks) };
    Module {
        path: place.path.to_owned(),
        member: place.member.map(str::to_owned),
        name: place.name.map(str::to_owned),
        size,
        extension: !python.entries.is_empty(),
        program: image.program && python.entries.is_empty(),
        target,
        python,
        partners: partners::partners(image, &hits, &frameworks),
        capi,
        frameworks,
        needed: image.needed.clone(),
        links: linking::links(image),
        note,
        problems,
    }
}

fn first_bytes(bytes: &[u8]) -> Option<Evidence> {
    use std::fmt::Write;
    let mut text = String::new();
    for byte in bytes.iter().take(8) {
        let _ = write!(text, "{byte:02x} ");
    }
    let text = if text.is_empty() { "nothing".to_owned() } else { text.trim_end().to_owned() };
    Some(Evidence { source: Source::Bytes, text, offset: Some(0), file: None })
}

/// The name by which a file on disk is imported: from the folder it was found in, `site-packages`, or the outermost
/// package around it.
fn import_name(found: &Found) -> Option<String> {
    let module = module_name(found.path.file_name()?.to_str()?)?;
    let folders = |path: &Path| -> Option<Vec<String>> {
        path.components().map(|part| part.as_os_str().to_str().map(str::to_owned)).collect()
    };
    let parent = found.path.parent()?;
    let inside = folders(parent)?;
    let site = inside.iter().rposition(|part| part == "site-packages" || part == "dist-packages");
    let mut parts = match (site, &found.root) {
        (Some(site), _) => inside[site + 1..].to_vec(),
        (None, Some(root)) => {
            let mut parts = packages_around(root);
            parts.extend(folders(parent.strip_prefix(root).ok()?)?);
            parts
        }
        (None, None) => packages_around(parent),
    };
    parts.push(module.to_owned());
    Some(parts.join("."))
}

/// The packages that a folder lies in, itself included, the outermost first: folders with an `__init__.py`.
fn packages_around(folder: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    let mut at = Some(folder);
    while let Some(folder) = at.filter(|folder| folder.join("__init__.py").exists()) {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { break };
        parts.insert(0, name.to_owned());
        at = folder.parent();
    }
    parts
}

/// The same for a member of a wheel, whose folders are those of `site-packages`.
fn name_in_wheel(member: &str) -> Option<String> {
    let (folders, file) = member.rsplit_once('/').unwrap_or(("", member));
    let module = module_name(file)?;
    let mut parts: Vec<&str> = folders.split('/').filter(|part| !part.is_empty()).collect();
    if parts.first().is_some_and(|first| first.ends_with(".data")) {
        match parts.get(1) {
            Some(&"platlib" | &"purelib") => parts.drain(..2),
            // Scripts, headers and data are imported by nobody.
            _ => return None,
        };
    }
    parts.push(module);
    Some(parts.join("."))
}

/// `_core` of `_core.cpython-312-x86_64-linux-gnu.so`; none for a library.
fn module_name(file: &str) -> Option<&str> {
    let native = [".so", ".pyd"].iter().any(|ending| file.ends_with(ending));
    let name = file.split('.').next()?;
    (native && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_as_they_are_imported() {
        let name = |member| name_in_wheel(member);
        assert_eq!(name("a/b/_c.cpython-312-x86_64-linux-gnu.so").as_deref(), Some("a.b._c"));
        assert_eq!(name("_c.abi3.so").as_deref(), Some("_c"));
        assert_eq!(name("x-1.data/platlib/a/_c.pyd").as_deref(), Some("a._c"));
        assert_eq!(name("x-1.data/scripts/c.so"), None);
        assert_eq!(name("a.libs/libz-1234.so.1"), None);
    }
}

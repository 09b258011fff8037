//! What one file can't tell by itself: a framework that stands in a library beside the module, and what the interpreter that a
//! module is for makes of its ids.

use crate::facts::{Claim, Evidence, Framework, FrameworkKind, Module, PythonNeeds, Role, Source};

use super::all::profile;
use super::boost;

/// Adds to each module what the libraries that it asks for tell. A library is found by its file's name, as the loader would;
/// of several, the one that stands nearest in the tree of folders. A member of an archive finds those of the same archive.
pub fn add_needed(modules: &mut [Module]) {
    modules.iter_mut().for_each(name_release);
    let libraries: Vec<Module> =
        modules.iter().filter(|m| m.frameworks.iter().any(is_library)).cloned().collect();
    if libraries.is_empty() {
        return;
    }
    for module in modules {
        for library in beside(module, &libraries) {
            for framework in library.frameworks.iter().filter(|f| is_library(f)) {
                add(module, framework, file_name(library));
            }
        }
    }
}

/// Warns of ids that don't fit the interpreter a module is for.
pub fn warn_of_python(frameworks: &mut [Framework], python: &PythonNeeds) {
    for framework in frameworks {
        let warning = (profile(framework.kind).unfit)(framework, python);
        framework.warnings.extend(warning.map(str::to_owned));
    }
}

/// Whether a framework stands in this library for others.
fn is_library(framework: &Framework) -> bool {
    profile(framework.kind).in_libraries && framework.role != Role::FrontEnd
}

fn add(module: &mut Module, from: &Framework, file: &str) {
    let needed = Evidence::new(Source::Needed, file);
    if let Some(own) = module.frameworks.iter_mut().find(|f| f.kind == from.kind) {
        // Its own bytes come before what another file says.
        if own.version.value.is_none() && from.version.value.is_some() {
            own.version = moved(&from.version, file);
        }
        if own.role == Role::FrontEnd && own.ids.is_empty() {
            own.internals = from.internals.as_ref().map(|claim| moved(claim, file));
            own.ids = from.ids.iter().map(|claim| moved(claim, file)).collect();
            own.domain = from.domain.as_ref().map(|claim| moved(claim, file));
            own.warnings.extend(from.warnings.iter().cloned());
        }
        return;
    }
    let bare = module.frameworks.iter().all(|f| f.kind == FrameworkKind::Plain);
    if !module.extension || !bare {
        return;
    }
    let why = "a library it asks for holds the framework; the module itself shows no trace of it";
    let mut evidence = vec![needed];
    evidence.extend(from.present.evidence.iter().map(|e| placed(e, file)));
    let added = Framework {
        present: Claim::likely(true, evidence, why),
        role: Role::FrontEnd,
        version: moved(&from.version, file),
        internals: from.internals.as_ref().map(|claim| moved(claim, file)),
        ids: from.ids.iter().map(|claim| moved(claim, file)).collect(),
        domain: from.domain.as_ref().map(|claim| moved(claim, file)),
        back_end: None,
        adapts: Vec::new(),
        conduit: None,
        kind: from.kind,
        warnings: from.warnings.clone(),
    };
    module.frameworks = vec![added];
}

/// The same claim, with evidence that stands in another file.
fn moved<T: Clone>(claim: &Claim<T>, file: &str) -> Claim<T> {
    Claim { evidence: claim.evidence.iter().map(|e| placed(e, file)).collect(), ..claim.clone() }
}

fn placed(evidence: &Evidence, file: &str) -> Evidence {
    match evidence.file {
        Some(_) => evidence.clone(),
        None => evidence.clone().in_file(file),
    }
}

/// The libraries a module asks for, one for each name.
fn beside<'l>(module: &Module, libraries: &'l [Module]) -> Vec<&'l Module> {
    let mut found: Vec<&Module> = Vec::new();
    for needed in &module.needed {
        let fits = |library: &&Module| asked(module, library) && base(file_name(library)) == base(needed);
        found.extend(libraries.iter().filter(fits).max_by_key(|library| nearness(module, library)));
    }
    found
}

fn asked(module: &Module, library: &Module) -> bool {
    let here = (&module.path, &module.member) == (&library.path, &library.member);
    let archive = module.path == library.path || (module.member.is_none() && library.member.is_none());
    let target = (&module.target.arch, module.target.format) == (&library.target.arch, library.target.format);
    !here && archive && target
}

/// How many folders two files have in common.
fn nearness(a: &Module, b: &Module) -> usize {
    let folders = |module: &Module| file_name(module).replace('\\', "/");
    let (a, b) = (folders(a), folders(b));
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

fn file_name(module: &Module) -> &str {
    module.member.as_deref().unwrap_or(&module.path)
}

fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Fills in what a library's own file name tells: Boost.Python's release.
fn name_release(module: &mut Module) {
    let Some((versions, evidence)) = boost::release_of_file(file_name(module)) else { return };
    let own = module.frameworks.iter_mut().find(|f| f.kind == FrameworkKind::BoostPython);
    if let Some(own) = own.filter(|f| f.version.value.is_none()) {
        own.version = Claim::certain(versions, [evidence]);
    }
}

//! What the loader misses: symbols that no library has, and libraries that aren't here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::imports;
use super::member::Member;
use crate::facts::{Arch, Confidence, Module, Os};
use crate::finding::{Finding, Level, few};
use crate::host::HostPython;

/// Finds both, for each package.
pub(super) fn findings(modules: &[Module], members: &[Member], host: Option<&HostPython>) -> Vec<Finding> {
    let mut found = unresolved(modules, members);
    found.extend(missing(modules, members, host));
    found
}

fn unresolved(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    // A module can't be loaded either where a library that it asks for can't.
    let base = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    let asking =
        modules.iter().zip(members).filter(|(module, member)| module.extension && member.obstacle.is_none());
    let asked: BTreeSet<String> =
        asking.flat_map(|(module, _)| module.needed.iter().map(|name| base(name))).collect();
    let mut packages: BTreeMap<(&str, Level), Vec<usize>> = BTreeMap::new();
    for (at, module) in modules.iter().enumerate().filter(|(at, _)| members[*at].obstacle.is_none()) {
        let Some(claim) = &module.links.unresolved else { continue };
        let file = module.member.as_deref().unwrap_or(&module.path);
        let level = match (claim.confidence, module.extension || asked.contains(&base(file))) {
            (Confidence::Certain, true) => Level::Error,
            // Whether anybody loads a library isn't seen.
            (Confidence::Certain, false) => Level::Warning,
            _ => Level::Note,
        };
        packages.entry((members[at].owner_or_label(), level)).or_default().push(at);
    }
    let finding = |((package, level), all): ((&str, Level), Vec<usize>)| {
        let claims = || all.iter().filter_map(|at| modules[*at].links.unresolved.as_ref()?.value.as_ref());
        let count: usize = claims().map(|unresolved| unresolved.count).sum();
        let first = claims().flat_map(|unresolved| &unresolved.symbols).next();
        let whose = first.and_then(|unmet| unmet.library.as_deref());
        let symbols =
            claims().flat_map(|unresolved| &unresolved.symbols).take(8).map(|unmet| match &unmet.library {
                Some(library) => format!("{}, of {library}", unmet.symbol),
                None => unmet.symbol.clone(),
            });
        let mut details: Vec<String> = symbols.collect();
        details.extend(all.iter().find_map(|at| modules[*at].links.unresolved.as_ref()?.why.clone()));
        let what = if count == 1 { "a symbol".to_owned() } else { format!("{count} symbols") };
        Finding {
            rule: "unresolved-symbols".to_owned(),
            level,
            message: match whose {
                Some(library) => format!("`{package}` asks for {what} that `{library}` here doesn't have"),
                None => format!("`{package}` asks for {what} that no library that it asks for has"),
            },
            files: all.iter().map(|at| members[*at].path.clone()).collect(),
            details,
            fix: Some(format!(
                "install a release of `{package}` that was built for the libraries that are here"
            )),
        }
    };
    packages.into_iter().map(finding).collect()
}

/// Files of one package, and the libraries that they ask for in vain.
#[derive(Default)]
struct Absent<'m> {
    files: Vec<usize>,
    names: Vec<&'m str>,
}

/// Libraries that are neither here nor in a folder where this system looks; said only of a system that this is.
fn missing(modules: &[Module], members: &[Member], host: Option<&HostPython>) -> Vec<Finding> {
    let here = cfg!(target_os = "linux")
        && host.is_some_and(|host| {
            host.os.value == Some(Os::Linux) && host.arch.value.as_deref() == Some(std::env::consts::ARCH)
        });
    if !here {
        return Vec::new();
    }
    let mut packages: BTreeMap<(&str, bool), Absent<'_>> = BTreeMap::new();
    for (at, module) in modules.iter().enumerate().filter(|(at, _)| members[*at].obstacle.is_none()) {
        let absent: Vec<&str> = module
            .links
            .missing
            .iter()
            .map(String::as_str)
            .filter(|name| !on_system(name, &module.target.arch))
            .collect();
        if !absent.is_empty() {
            // What a package does without, or only some of its users load, isn't in the way of the rest.
            let loaded = module.extension && imports::loads(module);
            let of = packages.entry((members[at].owner_or_label(), loaded)).or_default();
            of.files.push(at);
            of.names.extend(absent);
        }
    }
    let finding = |((package, loaded), absent): ((&str, bool), Absent<'_>)| {
        let Absent { files, mut names } = absent;
        names.sort_unstable();
        names.dedup();
        let labels = few(files.iter().map(|at| members[*at].label.as_str()));
        let parts = if loaded {
            format!("importing `{package}` loads {labels}")
        } else {
            format!("importing `{package}` loads none of these: {labels}")
        };
        Finding {
            rule: "missing-library".to_owned(),
            level: if loaded { Level::Warning } else { Level::Note },
            message: format!(
                "`{package}` asks for {}, which no package here and no folder of this system has",
                few(names.iter().copied())
            ),
            files: files.iter().map(|at| members[*at].path.clone()).collect(),
            details: vec![
                parts,
                "a program can name more folders, in LD_LIBRARY_PATH or by loading the library itself"
                    .to_owned(),
            ],
            fix: Some("install what brings the library, with pip or the system's packages".to_owned()),
        }
    };
    packages.into_iter().map(finding).collect()
}

/// Whether a folder where Linux looks without being told has a file of that name.
fn on_system(name: &str, arch: &Arch) -> bool {
    let multi = format!("{}-linux-gnu", arch.name);
    let folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/local/cuda/lib64"];
    let own = ["/lib", "/usr/lib", "/usr/local/lib"].map(|folder| format!("{folder}/{multi}"));
    let is = |folder: &str| Path::new(folder).join(name).exists();
    folders.into_iter().any(is) || own.iter().any(|folder| is(folder)) || cached(name)
}

/// Whether the loader's cache has the name, which stands there as a text.
fn cached(name: &str) -> bool {
    use std::sync::LazyLock;
    static CACHE: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read("/etc/ld.so.cache").unwrap_or_default());
    let text = format!("{name}\0");
    memchr::memmem::find(&CACHE, text.as_bytes()).is_some()
}

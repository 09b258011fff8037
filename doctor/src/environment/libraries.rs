//! The same library brought along by several packages. Each copy has its own threads, caches and types; how bad that is depends on
//! the library, and the table says so.

use std::collections::{BTreeMap, BTreeSet};

use super::member::Member;
use crate::facts::{Format, Module};
use crate::finding::{Finding, Level, few};

/// A library of which two copies are more than a waste.
struct Known {
    /// What its file names begin with, without `lib`; a hash and a version may follow.
    stems: &'static [&'static str],
    name: &'static str,
    level: Level,
    harm: &'static str,
    fix: &'static str,
}

const OPENMP: &str = "OpenMP";

/// Ordered: the first that fits counts.
const KNOWN: &[Known] = &[
    Known {
        stems: &["gomp", "omp", "iomp", "vcomp"],
        name: OPENMP,
        level: Level::Note,
        harm: "each copy starts a thread for each processor, and forking while one runs can hang",
        fix: "limit the threads with OMP_NUM_THREADS or threadpoolctl",
    },
    Known {
        stems: &["openblas", "scipy_openblas", "mkl_rt", "mkl_core", "blis"],
        name: "BLAS",
        level: Level::Note,
        harm: "each copy starts a thread for each processor",
        fix: "limit the threads with OPENBLAS_NUM_THREADS, MKL_NUM_THREADS or threadpoolctl",
    },
    Known {
        stems: &["protobuf"],
        name: "Protocol Buffers",
        level: Level::Note,
        harm: "messages of one copy are unknown to the other, and a file registered twice ends the process",
        fix: "use releases of these packages that were built together, or pass serialised messages",
    },
    Known {
        stems: &["arrow", "arrow_python"],
        name: "Arrow",
        level: Level::Note,
        harm: "arrays of one copy are unknown to the other",
        fix: "pass arrays through the Arrow PyCapsule protocol",
    },
    Known {
        stems: &["hdf", "hdf5"],
        name: "HDF5",
        level: Level::Note,
        harm: "the copies lock files against each other, and identifiers of one mean nothing to the other",
        fix: "don't open one file with both; or take both packages from one distributor",
    },
    Known {
        stems: &["qt5core", "qt6core"],
        name: "Qt",
        level: Level::Warning,
        harm: "the copies take each other's plugins, and the program ends at its first window",
        fix: "use one binding of Qt in a program (PyQt5, PyQt6, PySide6); of OpenCV, install the variant without windows (opencv-python-headless)",
    },
    Known {
        stems: &["stdc++", "c++", "c++abi"],
        name: "the C++ library",
        level: Level::Warning,
        harm: "exceptions of one copy aren't caught by the other, and typeid differs",
        fix: "ask the package that bundles it for a wheel that uses the system's",
    },
    Known {
        stems: &["tbb"],
        name: "TBB",
        level: Level::Note,
        harm: "each copy starts a thread for each processor",
        fix: "nothing to do, unless there are too many threads",
    },
    Known {
        stems: &["boost_python"],
        name: "Boost.Python",
        level: Level::Warning,
        harm: "each copy has its own registry: types of one are unknown to the other",
        fix: "use packages that were built against one Boost.Python",
    },
    Known {
        stems: &["proj"],
        name: "PROJ",
        level: Level::Note,
        harm: "PROJ_LIB and PROJ_DATA reach both copies, and a database of one can be wrong for the other",
        fix: "leave PROJ_LIB and PROJ_DATA unset",
    },
];

/// The stem of a library's file name: without `lib`, the hash that repairing a wheel adds, and the version.
fn stem(file: &str) -> Option<String> {
    let name = file.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let end = [".so", ".dylib", ".dll"].iter().filter_map(|ending| name.find(ending)).min()?;
    let name = name[..end].strip_prefix("lib").unwrap_or(&name[..end]);
    // `libfoo-0a1b2c3d.so.1`, `libfoo-r0-0a1b2c3d.3.2.dev.so`, `foo-1.2.dll`.
    let added = |rest: &str| {
        let word = rest.split(['-', '.']).next().unwrap_or(rest);
        let hash = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let counter = word.strip_prefix('r').unwrap_or(word).bytes().all(|byte| byte.is_ascii_digit());
        !word.is_empty() && (hash || counter)
    };
    let cut = name.match_indices('-').find(|(at, _)| added(&name[at + 1..])).map_or(name.len(), |(at, _)| at);
    let name = name[..cut].trim_end_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c));
    (!name.is_empty()).then(|| name.to_owned())
}

fn known(stem: &str) -> Option<&'static Known> {
    let fits = |wanted: &&str| {
        stem.strip_prefix(*wanted)
            .is_some_and(|rest| rest.is_empty() || !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    KNOWN.iter().find(|known| known.stems.iter().any(&fits))
}

/// A file that stands for a copy.
struct Copy {
    member: usize,
    stem: String,
    file: String,
}

/// Finds libraries that several packages bring along.
pub(super) fn findings(modules: &[Module], members: &[Member]) -> Vec<Finding> {
    let mut families: BTreeMap<String, Vec<Copy>> = BTreeMap::new();
    for (at, (module, member)) in modules.iter().zip(members).enumerate() {
        if module.extension || module.program || member.obstacle.is_some() {
            continue;
        }
        let path = module.member.as_deref().unwrap_or(&module.path);
        let Some(stem) = stem(path) else { continue };
        let family = known(&stem).map_or_else(|| stem.clone(), |known| known.name.to_owned());
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        families.entry(family).or_default().push(Copy { member: at, stem, file });
    }
    let (known, others): (Vec<_>, Vec<_>) =
        families.into_iter().partition(|(_, copies)| known(&copies[0].stem).is_some());
    let one = |(family, copies): &(String, Vec<Copy>)| finding(family, copies, modules, members);
    let (mut harmless, mut found): (Vec<Finding>, Vec<Twice>) = (Vec::new(), Vec::new());
    for twice in others.iter().filter_map(one) {
        if twice.finding.level == Level::Note { harmless.push(twice.finding) } else { found.push(twice) }
    }
    found.splice(0..0, known.iter().filter_map(one));
    let mut found = by_packages(found);
    if harmless.len() > 1 {
        harmless = vec![together(&harmless)];
    }
    found.extend(harmless);
    found
}

/// One note for all libraries of which two copies are merely a waste.
fn together(findings: &[Finding]) -> Finding {
    Finding {
        rule: "library-twice".to_owned(),
        level: Level::Note,
        message: format!(
            "{} more libraries are brought along by several packages, each its own",
            findings.len()
        ),
        files: findings.iter().flat_map(|finding| finding.files.iter().cloned()).collect(),
        details: findings.iter().map(|finding| finding.message.replace(", each its own", "")).collect(),
        fix: Some(NOTHING.to_owned()),
    }
}

/// A library that several packages bring along.
struct Twice {
    family: String,
    packages: Vec<String>,
    /// Whether all copies have one name, so that a process has only one of them.
    once: bool,
    finding: Finding,
}

/// Two packages that bring many libraries of one name along, as two releases of Qt do, are one cause: the first entry, the best
/// known library, takes the others in.
fn by_packages(all: Vec<Twice>) -> Vec<Finding> {
    let mut merged: Vec<(Twice, Vec<Twice>)> = Vec::new();
    for twice in all {
        let same = |first: &Twice| first.once && twice.once && first.packages == twice.packages;
        match merged.iter_mut().find(|(first, _)| same(first)) {
            Some((_, others)) => others.push(twice),
            None => merged.push((twice, Vec::new())),
        }
    }
    let whole = |(first, others): (Twice, Vec<Twice>)| {
        let mut finding = first.finding;
        if !others.is_empty() {
            let more = others.len();
            finding.message = format!(
                "{} bring {} and {more} more {} along, each its own",
                few(first.packages.iter().map(String::as_str)),
                first.family,
                if more == 1 { "library" } else { "libraries" }
            );
            let names = few(others.iter().map(|twice| twice.family.as_str())).replace('`', "");
            finding.details.push(format!("and {names}"));
        }
        for other in others {
            finding.level = finding.level.max(other.finding.level);
            finding.files.extend(other.finding.files);
        }
        finding
    };
    merged.into_iter().map(whole).collect()
}

const NOTHING: &str = "nothing to do, unless the packages pass its objects to each other";

fn finding(family: &str, copies: &[Copy], modules: &[Module], members: &[Member]) -> Option<Twice> {
    let packages: BTreeSet<&str> = copies.iter().map(|copy| members[copy.member].owner_or_label()).collect();
    if packages.len() < 2 {
        return None;
    }
    // ELF and Windows load a library once for each name, and a name with a hash means one content; macOS goes by the path.
    let by_path = copies.iter().any(|copy| modules[copy.member].target.format == Format::MachO);
    let names: BTreeSet<&str> = copies.iter().map(|copy| copy.file.as_str()).collect();
    let once = names.len() == 1 && !by_path;
    let same_content = once && {
        let sizes: BTreeSet<u64> = copies.iter().map(|copy| modules[copy.member].size).collect();
        sizes.len() == 1
    };
    if same_content {
        return None;
    }
    let known = known(&copies[0].stem);
    let stems: BTreeSet<&str> = copies.iter().map(|copy| copy.stem.as_str()).collect();
    let mixed = family == OPENMP && stems.iter().any(|stem| !stem.starts_with("gomp")) && stems.len() > 1;
    let mut level = known.map_or(Level::Note, |known| known.level);
    let mut details = Vec::new();
    if mixed {
        level = Level::Warning;
        details.push("different OpenMP runtimes in one process hang or end it (`OMP: Error #15`)".to_owned());
    } else if once {
        level = level.max(Level::Warning);
        details.push(
            "one name, other contents: the package imported first decides which one all of them use"
                .to_owned(),
        );
    } else if let Some(known) = known {
        details.push(known.harm.to_owned());
    }
    for copy in copies {
        details.push(format!("{}: {}", members[copy.member].owner_or_label(), copy.file));
    }
    details.sort_by_key(|line| line.contains(": lib"));
    details.dedup();
    let finding = Finding {
        rule: "library-twice".to_owned(),
        level,
        message: format!("{} bring {family} along, each its own", few(packages.iter().copied())),
        files: copies.iter().map(|copy| members[copy.member].path.clone()).collect(),
        details,
        fix: Some(
            known
                .map_or("nothing to do, unless the packages pass its objects to each other", |known| {
                    known.fix
                })
                .to_owned(),
        ),
    };
    let packages = packages.into_iter().map(str::to_owned).collect();
    Some(Twice { family: family.to_owned(), packages, once, finding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_has_neither_hash_nor_version() {
        for (file, wanted) in [
            ("numpy.libs/libgomp-a34b3233.so.1.0.0", "gomp"),
            ("libscipy_openblas64_-6bb31eeb.so", "scipy_openblas"),
            ("libopenblas64_p-r0-0cf96a72.3.23.dev.so", "openblas64_p"),
            ("libopenblasp-r0-5c61d332.3.18.so", "openblasp"),
            ("libarrow.so.2100", "arrow"),
            ("msvcp140-0f2ea95580b32bcfc81c235d5751ce78.dll", "msvcp"),
            ("libstdc++-4b1e9d3a.so.6.0.30", "stdc++"),
            ("libomp.dylib", "omp"),
        ] {
            assert_eq!(stem(file).as_deref(), Some(wanted), "{file}");
        }
        assert_eq!(stem("libx"), None);
        assert_eq!(stem(".so"), None);
    }

    #[test]
    fn the_table_takes_names_as_whole_words() {
        assert_eq!(known("scipy_openblas64").map(|known| known.name), Some("BLAS"));
        assert_eq!(known("arrow_dataset").map(|known| known.name), Some("Arrow"));
        assert_eq!(known("protobuf-lite").map(|known| known.name), Some("Protocol Buffers"));
        assert!(known("ompl").is_none());
        assert!(known("arrowhead").is_none());
    }
}

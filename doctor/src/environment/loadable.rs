//! Whether a Python can load a module at all: asked before any key is compared. Only what is certain on the module's side, and
//! known on the Python's, stands in the way.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Claim, LibcKind, Module, Os, StableKind};
use crate::host::{HostPython, compare, numbers, system_name};

/// What keeps a Python from loading a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Obstacle {
    /// Its kind: `system`, `processor`, `libc`, `implementation`, `gil-build`, `python-version`, `debug-build`, `stable-abi`.
    pub reason: String,
    /// What the module is for.
    pub module: String,
    /// What the Python is.
    pub python: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "built for {}, this is {}", self.module, self.python)
    }
}

fn obstacle_of(reason: &str, module: impl Into<String>, python: impl Into<String>) -> Option<Obstacle> {
    Some(Obstacle { reason: reason.to_owned(), module: module.into(), python: python.into() })
}

fn known<T>(claim: &Claim<T>) -> Option<&T> {
    claim.value.as_ref().filter(|_| claim.is_certain())
}

/// Says what keeps the Python from loading the module: the first in the order of harm, or nothing that is known.
pub fn obstacle(module: &Module, host: &HostPython) -> Option<Obstacle> {
    machine(module, host).or_else(|| if module.extension { interpreter(module, host) } else { None })
}

fn machine(module: &Module, host: &HostPython) -> Option<Obstacle> {
    if let (Some(module), Some(host)) = (known(&module.target.os), &host.os.value) {
        if module != host {
            return obstacle_of("system", system_name(*module), system_name(*host));
        }
    }
    if let Some(arch) = &host.arch.value {
        // A fat file has a slice for each processor; the macOS loader also translates x86_64 for a whole process, and that
        // shows in the interpreter's own answer.
        if *arch != module.target.arch.name {
            return obstacle_of("processor", module.target.arch.name.clone(), arch.clone());
        }
    }
    let (module, host) = (known(&module.target.libc)?, host.libc.value.as_ref()?);
    if module.kind != host.kind && known_libc(module.kind) && known_libc(host.kind) {
        return obstacle_of("libc", libc_name(module.kind), libc_name(host.kind));
    }
    let (floor, release) = (module.floor.as_ref()?, host.floor.as_ref()?);
    let comparable = module.kind == LibcKind::Glibc;
    if comparable && compare(floor, release) == Ordering::Greater {
        return obstacle_of("libc", format!("glibc {floor} or newer"), format!("glibc {release}"));
    }
    None
}

/// The two C libraries of Linux exclude each other; the others come with their system.
fn known_libc(kind: LibcKind) -> bool {
    matches!(kind, LibcKind::Glibc | LibcKind::Musl)
}

fn libc_name(kind: LibcKind) -> &'static str {
    match kind {
        LibcKind::Glibc => "glibc",
        LibcKind::Musl => "musl",
        LibcKind::System => "libSystem",
        LibcKind::Ucrt => "the universal C runtime",
        LibcKind::Bionic => "Bionic",
    }
}

fn interpreter(module: &Module, host: &HostPython) -> Option<Obstacle> {
    let needs = &module.python;
    if let (Some(module), Some(host)) = (known(&needs.implementation), &host.implementation.value) {
        if module != host {
            return obstacle_of("implementation", implementation_name(module), implementation_name(host));
        }
    }
    let free_threaded = host.free_threaded.value;
    if let Some(stable) = &needs.stable {
        if stable.kind == StableKind::Abi3 && free_threaded == Some(true) {
            return obstacle_of(
                "gil-build",
                "abi3, which is for Pythons with a GIL",
                "a free-threaded Python",
            );
        }
        let floor = stable
            .exported
            .as_ref()
            .and_then(known)
            .or_else(|| known(&stable.needed))
            .or_else(|| known(&stable.claimed))
            .filter(|floor| numbers(floor).is_some());
        if let (Some(floor), Some(version)) = (floor, host.numbers()) {
            if numbers(floor) > Some(version) {
                let module = format!("the stable ABI of Python {floor} or newer");
                return obstacle_of("stable-abi", module, format!("Python {}.{}", version.0, version.1));
            }
        }
        return None;
    }
    if let (Some(module), Some(version)) = (known(&needs.version), host.numbers()) {
        if numbers(module).is_some_and(|module| module != version) {
            let python = format!("Python {}.{}", version.0, version.1);
            return obstacle_of("python-version", format!("Python {module}"), python);
        }
    }
    if let (Some(module), Some(host)) = (known(&needs.free_threaded), free_threaded) {
        let name = |free: bool| if free { "a free-threaded Python" } else { "a Python with a GIL" };
        if *module != host {
            return obstacle_of("gil-build", name(*module), name(host));
        }
    }
    if let (Some(module), Some(host), Some(_)) = (known(&needs.debug), host.debug.value, &needs.tag) {
        // A file without a tag loads into both since Python 3.8; one with a tag isn't even seen by the other.
        let name = |debug: bool| if debug { "a debug build of Python" } else { "a release build of Python" };
        let differs = *module != host && host_os(&needs.tag) != Some(Os::Windows);
        if differs || (*module != host && *module) {
            return obstacle_of("debug-build", name(*module), name(host));
        }
    }
    None
}

fn host_os(tag: &Option<String>) -> Option<Os> {
    tag.as_deref().filter(|tag| tag.contains("-win")).map(|_| Os::Windows)
}

fn implementation_name(name: &str) -> String {
    match name {
        "cpython" => "CPython".to_owned(),
        "pypy" => "PyPy".to_owned(),
        "graalpy" => "GraalPy".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Libc, Stable};
    use crate::samples::{extension, host, library};

    fn sure<T>(value: T) -> Claim<T> {
        Claim::certain(value, [])
    }

    fn reason(module: &Module, host: &HostPython) -> Option<String> {
        obstacle(module, host).map(|found| found.reason)
    }

    #[test]
    fn a_module_for_this_python_has_no_obstacle() {
        assert_eq!(obstacle(&extension("a"), &host()), None);
        assert_eq!(obstacle(&library("/site/liba.so"), &host()), None);
    }

    #[test]
    fn each_difference_that_is_certain_stands_in_the_way() {
        let spoilt = |spoil: &dyn Fn(&mut Module)| {
            let mut module = extension("a");
            spoil(&mut module);
            reason(&module, &host()).unwrap_or_default()
        };
        assert_eq!(spoilt(&|m| m.target.os = sure(Os::Macos)), "system");
        assert_eq!(spoilt(&|m| m.target.arch.name = "aarch64".to_owned()), "processor");
        assert_eq!(spoilt(&|m| m.target.libc = sure(Libc { kind: LibcKind::Musl, floor: None })), "libc");
        let newer = Libc { kind: LibcKind::Glibc, floor: Some("2.38".to_owned()) };
        assert_eq!(spoilt(&|m| m.target.libc = sure(newer.clone())), "libc");
        assert_eq!(spoilt(&|m| m.python.implementation = sure("pypy".to_owned())), "implementation");
        assert_eq!(spoilt(&|m| m.python.version = sure("3.9".to_owned())), "python-version");
        assert_eq!(spoilt(&|m| m.python.free_threaded = sure(true)), "gil-build");
        assert_eq!(spoilt(&|m| m.python.debug = sure(true)), "debug-build");
    }

    #[test]
    fn what_is_only_likely_stands_in_nobodys_way() {
        let mut module = extension("a");
        module.python.version = Claim::likely("3.9".to_owned(), [], "no tag");
        assert_eq!(obstacle(&module, &host()), None);
    }

    #[test]
    fn a_stable_abi_counts_by_what_it_needs_and_not_by_the_version() {
        let mut module = extension("a");
        let stable = |claimed: &str, needed: &str| Stable {
            kind: StableKind::Abi3,
            claimed: sure(claimed.to_owned()),
            needed: sure(needed.to_owned()),
            exported: None,
            outside: Vec::new(),
        };
        module.python.version = Claim::unknown("stable ABI");
        module.python.stable = Some(stable("3.9", "3.11"));
        assert_eq!(reason(&module, &host()), None);
        module.python.stable = Some(stable("3.9", "3.13"));
        assert_eq!(reason(&module, &host()).as_deref(), Some("stable-abi"));
        let mut free = host();
        free.free_threaded = sure(true);
        module.python.stable = Some(stable("3.9", "3.9"));
        assert_eq!(reason(&module, &free).as_deref(), Some("gil-build"));
    }
}

//! What tests have compiled before: the cache of the matrix's forge, and what of a compiler, a Python or an environment
//! belongs to the name of an entry.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use interbind_conformance::cache::Cache;
use interbind_conformance::house::House;

use crate::package::repository;
use crate::python::Python;

/// What compilers look at besides their arguments.
const OF_COMPILERS: &[&str] = &[
    "COMPILER_PATH",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "GCC_EXEC_PREFIX",
    "LIBRARY_PATH",
    "SOURCE_DATE_EPOCH",
];

/// How the variables begin that cargo, rustc and build scripts look at.
const OF_CARGO: &[&str] =
    &["AR", "CARGO_", "CC", "CFLAGS", "CXX", "HOST_", "PYO3_", "RUST", "SOURCE_DATE_EPOCH", "TARGET_"];

/// What cargo says to a program that it runs, which differs from test to test, and what is set anew for each build.
const NOT_OF_CARGO: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_BUILD_JOBS",
    "CARGO_CRATE_",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
    "CARGO_TERM_",
    "PYO3_BUILD_EXTENSION_MODULE",
    "PYO3_PYTHON",
    "RUST_",
];

/// The cache, the matrix's own.
pub fn cache() -> &'static Cache {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    CACHE.get_or_init(|| {
        let cache = Cache::of(&House::at(repository()).work);
        cache.sweep_sometimes();
        cache
    })
}

/// What the cache answers; it has a folder that can be written.
pub fn works<T>(answer: interbind_conformance::Result<T>) -> T {
    answer.unwrap_or_else(|why| panic!("what was built can't be kept: {why}"))
}

/// The variables of a compiler.
pub fn seen_by_compilers() -> Vec<String> {
    let set = OF_COMPILERS.iter().filter_map(|name| Some(format!("{name}={:?}", env::var_os(name)?)));
    set.collect()
}

/// The variables of cargo, without those that are removed for a build.
pub fn seen_by_cargo(removed: &[&str]) -> Vec<String> {
    let is_seen = |name: &str| {
        OF_CARGO.iter().any(|start| name.starts_with(start))
            && !NOT_OF_CARGO.iter().any(|start| name.starts_with(start))
            && !removed.contains(&name)
    };
    let sorted: BTreeMap<OsString, OsString> = env::vars_os().collect();
    let seen = sorted.iter().filter(|(name, _)| name.to_str().is_some_and(is_seen));
    seen.map(|(name, value)| format!("{name:?}={value:?}")).collect()
}

/// Who a program is: its file, and what it says of its version. It is asked once in a process.
pub fn identity(program: &Path, word: &str, variables: &[(&str, &str)]) -> String {
    static ASKED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let question = format!("{program:?} {word} {variables:?}");
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let identity = asked.entry(question.clone()).or_insert_with(|| {
        let mut command = Command::new(program);
        command.arg(word).envs(variables.iter().copied()).stdin(Stdio::null());
        let said = command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        format!("{question} {} {said:?}", file(program))
    });
    identity.clone()
}

/// Which file stands at a path, without reading all of it.
fn file(path: &Path) -> String {
    let found = path.canonicalize().and_then(|real| Ok((real.clone(), fs::metadata(real)?)));
    found.map_or_else(
        |why| why.to_string(),
        |(real, found)| format!("{real:?} {} {:?}", found.len(), found.modified().ok()),
    )
}

impl Python {
    /// What of an interpreter reaches that which is built for it.
    pub fn identity(&self) -> String {
        format!("{self:?} {}", file(&self.executable))
    }
}

//! One operation with one fault after the other, as `tests/hostile/fault.py` drives it: what came of each, without what Python
//! does by itself.
//!
//! A *control* is an operation without interbind. Where memory ends, Python has crashes and wordless errors of its own. What
//! a control of the same run shows is subtracted: an operation may show it as often as the control does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::attempt::script;
use super::child;
use crate::interpreters::raw_modules;
use crate::modules::Modules;
use crate::native::{Compiler, Linked, Native};
use crate::package::repository;
use crate::python::Python;

/// What messages of this file are about.
const WHAT: &str = "faults in every operation";

/// All tries of all operations in one mode.
const PATIENCE: Duration = Duration::from_secs(1200);

/// Modes that need the allocator's hook.
pub const HOOKED: &[&str] = &["malloc", "alloc", "allocs", "collect"];

/// Every other mode.
pub const OTHERS: &[&str] = &["depth", "gc", "trace", "profile", "pending", "thread", "interpreter"];

/// The tries of an operation in a mode.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// The operation.
    pub operation: String,
    /// The mode.
    pub mode: String,
    /// The provider.
    pub kind: String,
    /// How many there were.
    pub tries: usize,
    /// In how many the fault was met.
    pub met: usize,
    /// The most allocations that were seen.
    pub allocations: usize,
    /// How often each outcome came.
    pub outcomes: BTreeMap<String, usize>,
    /// What was wrong, and at which fault.
    pub bad: Vec<(usize, String)>,
    /// Errors of Python's own machinery.
    pub wordless: Vec<(usize, String)>,
    /// Why there were none.
    pub skip: Option<String>,
}

impl Tries {
    fn is_control(&self) -> bool {
        self.operation.starts_with("control")
    }

    /// Whether the fault was met, or there was nothing to fail: no allocation, or no event for a tracing function.
    pub fn proves_something(&self) -> bool {
        let counts =
            HOOKED.contains(&self.mode.as_str()) || ["trace", "profile"].contains(&self.mode.as_str());
        self.skip.is_some() || self.met > 0 || (self.allocations == 0 && counts)
    }
}

/// The examples on bare pyo3-ffi, clients in C and C++, and what is broken on purpose, for one interpreter.
pub fn build(workshop: &Path, python: &'static Python) -> Option<Modules> {
    let pyo3_ffi = if python.version >= (3, 15) { "0.30" } else { "0.28" };
    let mut modules = raw_modules(workshop, python, pyo3_ffi, "");
    let clients = [
        ("tests/fixtures/capi/client.c", "other", Linked::Statically),
        ("tests/fixtures/capi/client.c", "client", Linked::Statically),
        ("examples/cclient/cclient.c", "cclient", Linked::Statically),
        ("tests/hostile/broken.c", "broken", Linked::ByHeaders),
    ];
    for (source, module, linked) in clients {
        modules = Native::new(source, module, linked).add_to(modules, workshop, WHAT)?;
    }
    if super::kinds::Maker::Layer.serves(python) {
        for module in ["layer", "layer_other"] {
            modules = Native::bound("tests/hostile/layer.cpp", module).add_to(modules, workshop, WHAT)?;
        }
    }
    Some(modules)
}

/// Compiles the allocator's hook; says so where there is no compiler.
pub fn hook(workshop: &Path) -> Option<PathBuf> {
    let compiler = Compiler::of(false, WHAT)?;
    let file = workshop.join("hostile-hook.so");
    let source = repository().join("tests/hostile/failmalloc.c");
    let mut arguments: Vec<String> =
        ["-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"].map(str::to_owned).into();
    arguments.extend([
        source.display().to_string(),
        "-o".to_owned(),
        file.display().to_string(),
        "-ldl".to_owned(),
    ]);
    compiler.run(&arguments).unwrap_or_else(|said| panic!("{said}"));
    Some(file)
}

/// Runs all operations of a kind in a mode, or those that are named.
pub fn run(modules: &Modules, hook: &Path, kind: &str, mode: &str, operations: &[&str]) -> Vec<Tries> {
    let mut python = script(modules, "fault.py");
    python.args([kind, mode]).args(operations);
    if HOOKED.contains(&mode) {
        python.env("LD_PRELOAD", hook);
    }
    if mode.starts_with("alloc") || (mode == "collect" && !modules.python().free_threaded) {
        python.env("PYTHONMALLOC", "malloc");
    }
    let output = modules.folder().join("output");
    fs::create_dir_all(&output).expect("the workshop is writable");
    let ended = child::run(python, PATIENCE, &output.join(format!("fault-{kind}-{mode}")));
    assert!(
        ended.badly().is_none(),
        "{kind} {mode} ended by {:?}:\n{}{}",
        ended.badly(),
        ended.stdout,
        ended.stderr
    );
    let parse = |line: &str| serde_json::from_str::<Tries>(line).expect("a line for each operation");
    let mut found: Vec<_> = ended.stdout.lines().map(parse).collect();
    subtract(&mut found);
    found
}

/// Runs several kinds and modes, as many at once as there are processors.
pub fn run_all(modules: &Modules, hook: &Path, wanted: &[(&str, &str)]) -> Vec<Tries> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((kind, mode)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tries = run(modules, hook, kind, mode, &[]);
                    found.lock().expect("no worker panics with it").extend(tries);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no worker has panicked");
    found.sort_by(|a, b| (&a.kind, &a.mode, &a.operation).cmp(&(&b.kind, &b.mode, &b.operation)));
    found
}

/// Takes away what Python does by itself: as many of a sort as the worst control has.
fn subtract(found: &mut [Tries]) {
    let mut own: BTreeMap<String, usize> = BTreeMap::new();
    for control in found.iter().filter(|tries| tries.is_control()) {
        for (sort, count) in sorts(control) {
            let known = own.entry(sort).or_default();
            *known = count.max(*known);
        }
    }
    for tries in found.iter_mut().filter(|tries| !tries.is_control()) {
        let counts = sorts(tries);
        let is_ours =
            |sort: &str| counts.get(sort).copied().unwrap_or(0) > own.get(sort).copied().unwrap_or(0);
        tries.bad.retain(|(_, why)| is_ours(why));
        if !is_ours("wordless") {
            tries.wordless.clear();
        }
    }
    // A control isn't judged itself.
    for control in found.iter_mut().filter(|tries| tries.is_control()) {
        control.bad.clear();
        control.wordless.clear();
    }
}

fn sorts(tries: &Tries) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, why) in &tries.bad {
        *counts.entry(why.clone()).or_insert(0) += 1;
    }
    counts.insert("wordless".to_owned(), tries.wordless.len());
    counts
}

/// What is bad as a table, a line for each operation.
pub fn table(python: &Python, found: &[Tries]) -> String {
    let mut text = String::new();
    for tries in found {
        let Tries { operation, mode, kind, bad, wordless, .. } = tries;
        if !tries.proves_something() {
            let _ =
                writeln!(text, "Python {python:<6} {kind:<16} {mode:<11} {operation:<34} no fault was met");
        }
        let first = |list: &[(usize, String)], what: &str| {
            let numbers: Vec<_> = list.iter().map(|(n, _)| n.to_string()).collect();
            format!("{what} at {}: {}", numbers.join(" "), list[0].1)
        };
        for (list, what) in [(bad, "bad"), (wordless, "without a word")] {
            if !list.is_empty() {
                let line = first(list, what);
                let _ = writeln!(text, "Python {python:<6} {kind:<16} {mode:<11} {operation:<34} {line}");
            }
        }
    }
    text
}

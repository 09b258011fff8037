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
use super::forge::pyo3_ffi;
use super::kinds::{Kind, Maker};
use crate::interpreters::raw_modules;
use crate::modules::Modules;
use crate::native::{Compiler, Linked, Native};
use crate::package::repository;
use crate::python::Python;

/// What messages of this file are about.
const WHAT: &str = "faults in every operation";

/// All tries of all operations in one mode.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Modes that need the allocator's hook.
pub const HOOKED: &[&str] = &["malloc", "alloc", "allocs", "pymem", "pymems", "collect"];

/// Every other mode.
pub const OTHERS: &[&str] = &["depth", "gc", "trace", "profile", "pending", "thread", "interpreter"];

/// Every mode.
pub fn modes() -> impl Iterator<Item = &'static str> {
    HOOKED.iter().chain(OTHERS).copied()
}

/// Why a kind has no faults of a mode on any Python, if so.
pub fn never(kind: &Kind, mode: &str) -> Option<&'static str> {
    let why = match mode {
        "malloc" | "alloc" | "allocs" => {
            "what the matrix's modules allocate for themselves ends their process, as Rust's and C++'s standard libraries do"
        }
        "pymems" => {
            "each of the matrix's classes is read by a module with PyO3 too, which ends the process where it can't raise its panic"
        }
        _ => return None,
    };
    kind.is_of_the_matrix().then_some(why)
}

/// Whether a kind has the faults of a mode on an interpreter.
pub fn fits(kind: &Kind, mode: &str, python: &Python) -> bool {
    // Builds without a GIL have allocators of their own: `pymem` is what fails there. And their collector runs when so much of
    // all has changed, whatever its threshold is: `collect` asks for it.
    let has = !python.free_threaded || !(mode.starts_with("alloc") || mode == "gc");
    kind.maker.serves(python) && has && never(kind, mode).is_none()
}

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
    /// Whether nothing of interbind's is in it.
    pub fn is_control(&self) -> bool {
        self.operation.starts_with("control")
    }

    /// Whether the fault was met, or there was nothing to fail: no allocation, or no event for a tracing function.
    pub fn proves_something(&self) -> bool {
        let counts =
            HOOKED.contains(&self.mode.as_str()) || ["trace", "profile"].contains(&self.mode.as_str());
        self.skip.is_some() || self.met > 0 || (self.allocations == 0 && counts)
    }
}

/// The examples on bare pyo3-ffi, clients in C, the layer, and what is broken on purpose, for one interpreter.
pub fn build(workshop: &Path, python: &'static Python) -> Option<Modules> {
    let mut modules = raw_modules(workshop, python, pyo3_ffi(python), "");
    let clients = [
        ("tests/fixtures/capi/client.c", "other", Linked::Statically),
        ("tests/fixtures/capi/client.c", "client", Linked::Statically),
        ("examples/cclient/cclient.c", "cclient", Linked::Statically),
        ("tests/hostile/broken.c", "broken", Linked::ByHeaders),
    ];
    for (source, module, linked) in clients {
        modules = Native::new(source, module, linked).add_to(modules, workshop, WHAT)?;
    }
    if Maker::Layer.serves(python) {
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

/// Lists the operations, and the kinds that have each, without the controls.
pub fn plan(modules: &Modules, kinds: &[&Kind]) -> Vec<(String, Vec<String>)> {
    let mut asked = script(modules, "fault.py");
    asked.arg("--plan").args(kinds.iter().map(|kind| kind.name));
    let output = asked.output().expect("the interpreter starts: it has answered before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut plan: Vec<(String, Vec<String>)> =
        serde_json::from_slice(&output.stdout).expect("the kinds of each operation");
    plan.retain(|(operation, _)| !operation.starts_with("control"));
    plan
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
    let parse = |line: &str| serde_json::from_str::<Tries>(line);
    let mut found: Vec<_> = ended.stdout.lines().map_while(|line| parse(line).ok()).collect();
    subtract(&mut found);
    if let Some(how) = ended.badly() {
        // Behind the last that it told of.
        let last = ended.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let bad = vec![(0, format!("the process of all tries ended by {how}: {last}"))];
        let operation = format!("what follows {}", found.last().map_or("nothing", |tries| &tries.operation));
        found.push(Tries {
            operation,
            mode: mode.to_owned(),
            kind: kind.to_owned(),
            bad,
            met: 1,
            ..Tries::default()
        });
    }
    found
}

/// What a run is to try: a kind, a mode, and operations if not all.
pub type Wanted = (&'static str, &'static str, &'static [&'static str]);

/// Runs several kinds and modes, as many at once as there are processors.
pub fn run_all(modules: &Modules, hook: &Path, wanted: &[Wanted]) -> Vec<Tries> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((kind, mode, operations)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tries = run(modules, hook, kind, mode, operations);
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
        for (sort, mut count) in sorts(control) {
            if sort == "hang" && count > 0 {
                // It stops trying at the third.
                count = usize::MAX;
            }
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

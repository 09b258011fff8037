//! One attempt on one kind: how its process ended and what it said, and whether that is good. And all of them, two at once.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::child;
use super::kinds::Kind;
use crate::modules::Modules;
use crate::package::repository;
use crate::python::{FOREIGN, Python};

/// Python's own clock in the child is shorter, so that it says where it hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// What an attempt's process says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    outcome: String,
    wrong: Option<String>,
    leaks: Option<BTreeMap<String, serde_json::Value>>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A value, a refusal or an exception, and everything is as before.
    Good(String),
    /// It isn't for this kind or this interpreter.
    Skipped(String),
    /// Why it isn't good, in a line.
    Bad(String),
}

/// An attempt that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// `death.in_a_collection`.
    pub attempt: String,
    /// The kind that it was made on.
    pub kind: &'static str,
    /// What came of it.
    pub verdict: Verdict,
}

/// Where the attempts stand.
pub fn folder() -> PathBuf {
    repository().join("tests/hostile")
}

/// Prepares a script of the attempts' folder on an interpreter, with its modules.
pub fn script(modules: &Modules, name: &str) -> Command {
    let mut python = Command::new(&modules.python().executable);
    python.args(["-s", "-S"]).arg(folder().join(name)).current_dir(modules.folder());
    for name in FOREIGN {
        python.env_remove(name);
    }
    python
        .env("PYTHONPATH", modules.folder())
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env("PYTHONPYCACHEPREFIX", modules.bytecode())
        .env("PYTHONIOENCODING", "utf-8");
    python.envs(modules.variables().iter().map(|(name, value)| (name, value)));
    if let Ok(allocator) = env::var("INTERBIND_HOSTILE_MALLOC") {
        // What is freed is overwritten, by Python's allocators and by the C library's.
        python.env("PYTHONMALLOC", allocator).env("MALLOC_PERTURB_", "165");
    }
    python
}

/// Lists the attempts that are for each of these kinds.
pub fn plan(modules: &Modules, kinds: &[&Kind]) -> BTreeMap<String, Vec<String>> {
    let mut asked = script(modules, "run.py");
    asked.arg("--plan").args(kinds.iter().map(|kind| kind.name));
    let output = asked.output().expect("the interpreter starts: it has answered before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a list of attempts for each kind")
}

/// Makes attempts on kinds, as many at once as there are processors.
pub fn make(modules: &Modules, wanted: &[(&'static Kind, String)]) -> Vec<Made> {
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut maker = Maker::default();
                while let Some((kind, attempt)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = maker.make(modules, kind, attempt);
                    let one = Made { attempt: attempt.clone(), kind: kind.name, verdict };
                    made.lock().expect("no worker panics with it").push(one);
                }
            });
        }
    });
    let mut made = made.into_inner().expect("no worker has panicked");
    made.sort_by(|a, b| (&a.attempt, a.kind).cmp(&(&b.attempt, b.kind)));
    made
}

/// What a worker makes attempts with: a server of the kind that it is at.
#[derive(Default)]
struct Maker {
    #[cfg(unix)]
    server: Option<super::server::Server>,
}

impl Maker {
    fn make(&mut self, modules: &Modules, kind: &'static Kind, attempt: &str) -> Verdict {
        let letters = attempt.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let output = modules.folder().join("output");
        fs::create_dir_all(&output).expect("the workshop is writable");
        let name = output.join(format!("{}-{letters}", kind.name));
        #[cfg(unix)]
        if !starts_anew(modules) {
            use super::server::Server;
            let server = self.server.take().filter(|server| server.kind == kind);
            let mut server = server.unwrap_or_else(|| Server::start(modules, kind, PATIENCE));
            let ended = server.make(attempt, &name);
            if let Some(ended) = ended {
                self.server = Some(server);
                return judge(&ended);
            }
            return Verdict::Bad("the process that forks one for each attempt has ended".to_owned());
        }
        let mut python = script(modules, "run.py");
        python.args([kind.name, attempt]);
        judge(&child::run(python, PATIENCE, &name))
    }
}

/// Whether each attempt is made in a Python that starts anew: in a full run; with another allocator, which says at the end of a
/// process what it has found; and under a sanitizer, which doesn't live through a fork.
#[cfg(unix)]
fn starts_anew(modules: &Modules) -> bool {
    let is_full = env::var_os("INTERBIND_HOSTILE").is_some_and(|mode| mode == "full");
    is_full || env::var_os("INTERBIND_HOSTILE_MALLOC").is_some() || !modules.variables().is_empty()
}

fn judge(ended: &child::Ended) -> Verdict {
    let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("").to_owned();
    let report = ended.stdout.lines().find_map(|line| serde_json::from_str::<Report>(line).ok());
    if let Some(how) = ended.badly() {
        let said = report
            .map_or_else(|| "before its report".to_owned(), |report| format!("after {}", report.outcome));
        return Verdict::Bad(format!("{how}, {said}; {}", where_it_was(&ended.stderr)));
    }
    let Some(report) = report else { return Verdict::Bad(format!("no report: {}", last(&ended.stderr))) };
    if let Some(reason) = report.outcome.strip_prefix("skip(") {
        return Verdict::Skipped(reason.trim_end_matches(')').to_owned());
    }
    if let Some(wrong) = report.wrong {
        return Verdict::Bad(format!("wrong: {wrong}"));
    }
    if let Some(leaks) = report.leaks.filter(|leaks| !leaks.is_empty()) {
        return Verdict::Bad(format!("leak: {}", serde_json::json!(leaks)));
    }
    if !ended.stderr.trim().is_empty() && ended.stderr.contains("Fatal Python error") {
        return Verdict::Bad(format!("fatal: {}", last(&ended.stderr)));
    }
    Verdict::Good(report.outcome)
}

/// The place in Python code where a process was when it ended, as `faulthandler` prints it.
fn where_it_was(stderr: &str) -> String {
    for word in ["SUMMARY: AddressSanitizer", "AddressSanitizer"] {
        if let Some(line) = stderr.lines().find(|line| line.contains(word)) {
            return line.to_owned();
        }
    }
    let mut frames = stderr.lines().filter(|line| line.trim_start().starts_with("File "));
    let frame = frames.find(|line| !line.contains("kit.py") && !line.contains("threading.py"));
    let short = |line: &str| line.trim().rsplit('/').next().unwrap_or("").replace('"', "");
    frame.map_or_else(|| "no place was said".to_owned(), short)
}

/// The bad ones as a table, a line each.
pub fn table(python: &Python, made: &[Made]) -> String {
    let mut text = String::new();
    for one in made {
        if let Verdict::Bad(why) = &one.verdict {
            let _ = writeln!(text, "Python {python:<9} {:<52} {:<16} {why}", one.attempt, one.kind);
        }
    }
    text
}

//! `cargo xtask test`: what `cargo test --workspace` runs, several programs at once, and how long each test took.
//!
//! 1. `programs`: cargo builds all, and says which they are;
//! 2. `one`: one of them runs, and each line that it prints is kept with its time, and what it cost;
//! 3. this file: those that took longest last time, or else may take longest, start first; the last one, alone, is that which sums up what was skipped.
//!
//! What is printed is in the words of `cargo test`, so that whatever reads those can read these.

mod one;
mod programs;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use one::Ran;
use programs::Program;

use crate::repository;
use crate::times::{self, Budgets};

/// The group that goes through what the others have left.
const LAST: &str = "tests/z_skips";

/// Runs all tests, or the groups with one of these words in their names, `jobs` programs at once.
///
/// # Errors
/// Something can't be built or run, or a test failed.
pub fn run(words: &[String], jobs: usize) -> Result<(), String> {
    let start = Instant::now();
    let all = programs::build()?;
    let is_wanted = |program: &Program| {
        words.is_empty() || words.iter().any(|word| program.group.contains(word.as_str()))
    };
    let (mut wanted, last): (Vec<_>, Vec<_>) =
        all.into_iter().filter(is_wanted).partition(|program| program.group != LAST);
    if wanted.is_empty() && last.is_empty() {
        return Err(format!("no group of tests has one of these words in its name: {}", words.join(" ")));
    }
    println!("built in {:.0} s", start.elapsed().as_secs_f64());
    let (earlier, budgets) = (earlier(), budgets()?);
    let expected = |program: &Program| {
        let known = earlier.get(&program.group).or_else(|| budgets.get(&program.group));
        known.or_else(|| budgets.get("others")).copied().unwrap_or_default()
    };
    wanted.sort_by(|a, b| expected(b).total_cmp(&expected(a)));
    let mut ran = at_once(wanted, jobs)?;
    ran.extend(at_once(last, 1)?);
    remember(earlier, &ran);
    let seconds = ran.iter().map(|ran| ran.seconds).sum::<f64>();
    print!("{}", said(&ran, &budgets));
    println!("{:.0} s, of {seconds:.0} s that they took together", start.elapsed().as_secs_f64());
    if let Some(seconds) = ran.iter().map(|ran| ran.processor).sum::<Option<f64>>() {
        println!("{seconds:.0} s of processor time, without the build");
    }
    let failed: Vec<_> = ran.iter().filter(|ran| !ran.is_good).map(|ran| ran.group.as_str()).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("tests failed in {}", failed.join(", "))) }
}

/// Runs programs, `jobs` at once, and prints each when it has ended.
fn at_once(programs: Vec<Program>, jobs: usize) -> Result<Vec<Ran>, String> {
    let waiting = Mutex::new(VecDeque::from(programs));
    let ran = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Result<(), String> {
        while let Some(program) = next() {
            let one = one::run(&program)?;
            let mut ran = ran.lock().unwrap_or_else(PoisonError::into_inner);
            println!("{}\n{}", program.heading, one.text);
            ran.push(one);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|one| one.join().map_err(|_| "a worker panicked".to_owned())?)
    })?;
    Ok(ran.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The slowest groups beside their budgets, and the slowest tests.
fn said(ran: &[Ran], budgets: &Budgets) -> String {
    let groups = ran
        .iter()
        .map(|ran| times::Group { name: ran.group.clone(), seconds: ran.seconds, processor: ran.processor })
        .collect();
    let tests = ran.iter().flat_map(|ran| ran.tests.iter().map(|test| (ran.group.as_str(), test)));
    let tests = tests.map(|(group, test)| (test.seconds, format!("{group} {}", test.name))).collect();
    times::table_of(groups, budgets) + &times::slowest(tests)
}

/// How many seconds each group took when it ran last.
fn earlier() -> BTreeMap<String, f64> {
    let text = fs::read_to_string(record()).unwrap_or_default();
    text.parse::<toml::Table>().map_or_else(
        |_| BTreeMap::new(),
        |found| found.into_iter().filter_map(|(name, value)| Some((name, value.as_float()?))).collect(),
    )
}

/// How many seconds each group may take.
fn budgets() -> Result<Budgets, String> {
    let path = repository().join("tests/budgets.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    times::budgets(&text)
}

/// Keeps how long they took; without it the next run only starts them in another order.
fn remember(mut earlier: BTreeMap<String, f64>, ran: &[Ran]) {
    earlier.extend(ran.iter().map(|ran| (ran.group.clone(), ran.seconds)));
    let _ = fs::write(record(), toml::to_string(&earlier).unwrap_or_default());
}

fn record() -> PathBuf {
    programs::target().join("test-times.toml")
}

//! Runs children in turn, in a shuffled order with a fixed seed, and gathers what they measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Stop;
use super::python::Python;
use super::samples::Samples;

/// Times the rows of a program at the speed of C, and prints them.
const TIMING: &str = include_str!("timing.py");

/// A program that is run again and again, each time in a fresh process.
#[derive(Debug)]
pub(crate) struct Child<'a> {
    python: &'a Python,
    program: String,
    folders: Vec<PathBuf>,
}

impl<'a> Child<'a> {
    /// A program that times `rows`: `name: (statement, globals, calls in the statement)`.
    pub(crate) fn timing(python: &'a Python, rows: &str, folders: &[&Path]) -> Self {
        Self::printing(python, &format!("{rows}\n{TIMING}"), folders)
    }

    /// A program that prints `name<TAB>number` itself; its arguments are a seed and the folders that it imports from.
    pub(crate) fn printing(python: &'a Python, program: &str, folders: &[&Path]) -> Self {
        let program = format!("import sys\nsys.path[:0] = sys.argv[2:]\n{program}");
        Self { python, program, folders: folders.iter().map(|&folder| folder.to_owned()).collect() }
    }

    fn run(&self, seed: u64) -> Result<Vec<(String, f64)>, Stop> {
        let output = Command::new(&self.python.exe)
            .args(["-I", "-S", "-B", "-c", &self.program, &seed.to_string()])
            .args(&self.folders)
            .output()
            .map_err(|error| Stop::broken("cannot start Python", error))?;
        if !output.status.success() {
            return Err(Stop::broken("a child failed", String::from_utf8_lossy(&output.stderr)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let parsed = text.lines().map(|line| {
            let (name, number) = line.split_once('\t')?;
            Some((name.to_owned(), number.parse().ok()?))
        });
        parsed.collect::<Option<_>>().ok_or_else(|| Stop::broken("a child printed", text))
    }
}

/// Runs every child `rounds` times, one process at a time, in another order each round.
pub(crate) fn interleave(children: &[Child<'_>], rounds: u64) -> Result<Vec<Samples>, Stop> {
    let mut samples: Vec<Samples> = children.iter().map(|_| Samples::default()).collect();
    let mut order: Vec<usize> = (0..children.len()).collect();
    let mut state = 0x1d87_2b41_u64;
    for round in 0..rounds {
        for place in (1..order.len()).rev() {
            // splitmix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            order.swap(place, ((bits ^ (bits >> 31)) % (place as u64 + 1)) as usize);
        }
        for &child in &order {
            samples[child].add(children[child].run(round)?);
        }
    }
    Ok(samples)
}

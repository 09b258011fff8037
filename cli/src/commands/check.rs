//! `interbind check`: whether modules can share.

use std::path::PathBuf;

use clap::Args;
use interbind_doctor::check::{Checks, check_all};
use interbind_doctor::facts::{Inspection, Module};
use interbind_doctor::finding::Finding;

use crate::commands::inspect::read;
use crate::output::Output;
use crate::{Error, Result, view};

/// What to hold against each other.
#[derive(Args, Debug)]
pub struct Check {
    /// Two binaries, wheels or folders, or more
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<PathBuf>,
    /// Also show the parts and conditions that are the same
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

impl Check {
    pub fn judge(&self) -> Result<(Checks, Vec<Finding>)> {
        let (_, checks) = self.check()?;
        let findings = checks.findings();
        Ok((checks, findings))
    }

    pub fn run(self) -> Result<u8> {
        let (modules, checks) = self.check()?;
        let findings = checks.findings();
        self.output.write(&checks, &findings, |page| view::check::view(page, &checks, &modules, self.verbose))
    }

    fn check(&self) -> Result<(Vec<Module>, Checks)> {
        let mut modules = Vec::new();
        // Which of the words each module came with.
        let mut words = Vec::new();
        for (i, path) in self.paths.iter().enumerate() {
            let inspection = read(std::slice::from_ref(path), !self.output.quiet)?;
            let found = extensions(inspection).map_err(|why| {
                let fix = "name an extension module, or a wheel or folder with some; `interbind inspect` shows what is in it";
                Error::word(path.display().to_string(), why, fix)
            })?;
            words.extend(std::iter::repeat_n(i, found.len()));
            modules.extend(found);
        }
        let mut checks = check_all(&modules);
        // What came together was asked about together: only what is between two words is a question.
        let word = |place: &str| {
            let at = modules.iter().position(|module| view::words::full_place(module) == place);
            at.map(|at| words[at])
        };
        checks.pairs.retain(|pair| word(&pair.a) != word(&pair.b));
        Ok((modules, checks))
    }
}

/// The extension modules among what was read.
fn extensions(inspection: Inspection) -> std::result::Result<Vec<Module>, String> {
    let problem = inspection.problems.first().map(|problem| format!(": {}", problem.message));
    let found: Vec<_> = inspection.modules.into_iter().filter(|module| module.extension).collect();
    if found.is_empty() {
        Err(format!("has no extension module{}", problem.unwrap_or_default()))
    } else {
        Ok(found)
    }
}

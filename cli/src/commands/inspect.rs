//! `interbind inspect`: what files are made with.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use interbind_doctor::facts::Inspection;
use interbind_doctor::finding::Finding;
use interbind_doctor::{inspect, report};

use crate::output::Output;
use crate::progress::Bar;
use crate::{Error, Result, view};

/// What to read.
#[derive(Args, Debug)]
pub struct Inspect {
    /// Binaries, wheels, and folders that contain them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Also show what each statement is based on: which bytes, where
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

impl Inspect {
    pub fn judge(&self) -> Result<(Inspection, Vec<Finding>)> {
        let inspection = read(&self.paths, !self.output.quiet)?;
        let findings = report::inspected(&inspection);
        Ok((inspection, findings))
    }

    pub fn run(self) -> Result<u8> {
        let (inspection, findings) = self.judge()?;
        self.output.write(&inspection, &findings, |page| {
            view::inspect::view(page, &inspection, &findings, self.verbose)
        })
    }
}

/// Reads what was named; a name that means nothing is bad use, whatever is wrong inside is a finding.
pub fn read(paths: &[PathBuf], bar: bool) -> Result<Inspection> {
    for path in paths {
        fs::metadata(path).map_err(|error| Error::read(path, error))?;
    }
    Ok(inspect::inspect(paths, &inspect::Options::default(), &Bar::new(bar)))
}

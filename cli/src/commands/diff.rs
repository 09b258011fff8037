//! `interbind diff`: what changed, in the terms by which modules share.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use interbind_doctor::diff::{self, diff_ids};
use interbind_doctor::finding::Finding;

use crate::commands::inspect::read;
use crate::output::Output;
use crate::{Result, view};

/// What to compare.
#[derive(Args, Debug)]
pub struct Diff {
    /// The first: an id, a binary, a wheel, a folder
    #[arg(value_name = "A")]
    a: OsString,
    /// The second
    #[arg(value_name = "B")]
    b: OsString,
    /// Also show the parts that are the same, and the files
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

impl Diff {
    pub fn judge(&self) -> Result<(diff::Diff, Vec<Finding>)> {
        let (a, b) = (PathBuf::from(&self.a), PathBuf::from(&self.b));
        // A file that is called like an id is named with its folder.
        let ids = if a.exists() && b.exists() { None } else { self.a.to_str().zip(self.b.to_str()) };
        let found = match ids.and_then(|(a, b)| diff_ids(a, b)) {
            Some(found) => found,
            None => {
                let bar = !self.output.quiet;
                diff::diff(&read(&[a], bar)?, &read(&[b], bar)?)
            }
        };
        let findings = found.findings();
        Ok((found, findings))
    }

    pub fn run(self) -> Result<u8> {
        let (found, findings) = self.judge()?;
        self.output.write(&found, &findings, |page| view::diff::view(page, &found, self.verbose))
    }
}

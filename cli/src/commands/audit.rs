//! `interbind audit`: a wheel before it is released.

use std::path::PathBuf;

use clap::Args;
use interbind_doctor::audit::{self, audit};

use crate::commands::inspect::read;
use crate::output::Output;
use crate::{Error, Result, view};

/// The wheel.
#[derive(Args, Debug)]
pub struct Audit {
    /// The wheel that is to be released
    #[arg(value_name = "WHEEL")]
    wheel: PathBuf,
    /// Its last release, for the same tags
    #[arg(long, value_name = "WHEEL")]
    against: Option<PathBuf>,
    /// Also show the notes, and every file
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

impl Audit {
    pub fn judge(&self) -> Result<audit::Audit> {
        let bar = !self.output.quiet;
        let found = read(std::slice::from_ref(&self.wheel), bar)?;
        let last = self
            .against
            .as_ref()
            .map(|last| Ok::<_, Error>((last.display().to_string(), read(std::slice::from_ref(last), bar)?)));
        let last = last.transpose()?;
        let last = last.as_ref().map(|(name, found)| (name.as_str(), found));
        audit(&self.wheel.display().to_string(), &found, last).map_err(|_| {
            let fix = "name a wheel as it will be uploaded: `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`";
            Error::word(self.wheel.display().to_string(), "has no wheel's name, so it has no tags", fix)
        })
    }

    pub fn run(self) -> Result<u8> {
        let found = self.judge()?;
        self.output.write(&found, &found.findings, |page| view::audit::view(page, &found, self.verbose))
    }
}

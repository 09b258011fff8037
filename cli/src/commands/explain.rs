//! `interbind explain`: what an id or a message means.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use interbind_doctor::explain::{Explanation, explain, explain_bytes, look};

use crate::output::{Place, json};
use crate::{Error, FINDING, FINE, Result, interpreter, view};

/// How much of what comes in is kept; `explain` reads the end of it.
const MOST: u64 = 64 << 20;

/// What to explain.
#[derive(Args, Debug)]
pub struct Explain {
    /// An id, a key or an error message; read from stdin by default
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Read the text from a file: a log, a traceback
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Look on this machine: at the files that a message names, and the libraries they ask for
    #[arg(long)]
    here: bool,
    /// The Python that is meant by `--here`; else the active environment's, or `python3`
    #[arg(long, value_name = "PYTHON", requires = "here")]
    python: Option<PathBuf>,
    /// Also show which releases write a message
    #[arg(short, long)]
    verbose: bool,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl Explain {
    pub fn judge(&self) -> Result<Explanation> {
        let mut explanation = self.read()?;
        if self.here {
            let python = self.python.clone().unwrap_or_else(interpreter::active_python);
            look(&mut explanation, &interpreter::ask(&python)?);
        }
        Ok(explanation)
    }

    fn read(&self) -> Result<Explanation> {
        if let Some(file) = &self.file {
            let open = fs::File::open(file).map_err(|error| Error::read(file, error))?;
            return bytes(open, file);
        }
        match self.text.as_slice() {
            [] if io::stdin().is_terminal() => Err(Error::word(
                "explain",
                "has no text to explain",
                "type it behind the command in quotes, or pipe it in: `python script.py 2>&1 | interbind explain`",
            )),
            [] => bytes(io::stdin().lock(), Path::new("-")),
            [dash] if dash == "-" => bytes(io::stdin().lock(), Path::new("-")),
            words => Ok(explain(&words.join(" "))),
        }
    }

    pub fn run(self) -> Result<u8> {
        let explanation = self.judge()?;
        let text = match self.json {
            true => json(&explanation),
            false => self.place.view(|page| view::explain::view(page, &explanation, self.verbose)),
        };
        self.place.write(&text)?;
        // Nothing that is known is what the caller didn't hope for.
        Ok(if explanation.unknown.is_some() { FINDING } else { FINE })
    }
}

fn bytes(from: impl Read, path: &Path) -> Result<Explanation> {
    let mut all = Vec::new();
    from.take(MOST).read_to_end(&mut all).map_err(|error| Error::read(path, error))?;
    Ok(explain_bytes(&all))
}

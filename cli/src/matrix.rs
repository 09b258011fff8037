//! `interbind matrix`: a face for `interbind_conformance`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use interbind_conformance::cell::CellId;
use interbind_conformance::house::House;
use interbind_conformance::pattern::Pattern;
use interbind_conformance::report::{Report, diff, junit, text};
use interbind_conformance::run::{Options, Suite};
use interbind_conformance::{Error, Result};

use crate::{FINDING, FINE};

/// What `matrix` takes: a subcommand, or the words of `run`.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Matrix {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Run cells: the quick set, or what the patterns mean
    Run(Run),
    /// Print the ids that `run` would run
    List(Run),
    /// Print every rule that speaks about a cell; the last one decides
    Why {
        /// A full cell id
        cell: String,
    },
    /// Print a JSON report as text
    Show {
        /// A report written by `--json`
        report: PathBuf,
    },
    /// Print what changed between two reports; exit 1 if anything did
    Diff {
        /// The older report
        old: PathBuf,
        /// The newer report
        new: PathBuf,
    },
}

#[derive(Args)]
struct Run {
    /// Cell ids with parts left out: `borrow`, `::with.pyo3`, `::cp314::sub`
    patterns: Vec<Pattern>,
    /// Everything that the participants can do
    #[arg(long, conflicts_with = "smoke")]
    full: bool,
    /// The small set: one Python, a few builds
    #[arg(long)]
    smoke: bool,
    /// Keep the folder of every cell: description, event log, output, `repro.sh`
    #[arg(long)]
    keep: bool,
    /// Run each cell N times; one that differs is wrong
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeat: usize,
    /// Only the cells that were red last time
    #[arg(long, conflicts_with_all = ["full", "smoke", "patterns"])]
    again: bool,
    /// Write the report as JSON; `-` is stdout, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Only on these hosts: `cp314`, `default`, `newest`
    #[arg(long, value_name = "NAME", num_args = 1)]
    host: Vec<String>,
    /// How many builds and cells at once
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Build again what could not be built before
    #[arg(long)]
    retry_forge: bool,
    /// A participant that stands in another folder
    #[arg(long, value_name = "DIR")]
    participant: Vec<PathBuf>,
}

impl Matrix {
    /// Does what was asked.
    ///
    /// # Errors
    /// Bad use or bad data; findings are no error but exit code 1.
    pub fn run(self) -> Result<u8> {
        match self.command {
            None => self.run.run(),
            Some(Command::Run(run)) => run.run(),
            Some(Command::List(run)) => run.list(),
            Some(Command::Why { cell }) => why(&cell),
            Some(Command::Show { report }) => {
                let report = read_report(&report)?;
                anstream::print!("{}", text::render(&report));
                Ok(exit(report.is_red()))
            }
            Some(Command::Diff { old, new }) => {
                let (text, changed) = diff::render(&read_report(&old)?, &read_report(&new)?);
                anstream::print!("{text}");
                Ok(exit(changed))
            }
        }
    }
}

impl Run {
    fn options(&self) -> Options {
        let set = match (self.full, self.smoke) {
            (true, _) => "full",
            (_, true) => "smoke",
            _ => "quick",
        };
        Options {
            set: set.to_owned(),
            patterns: self.patterns.clone(),
            hosts: self.host.clone(),
            jobs: self.jobs,
            repeat: self.repeat,
            again: self.again,
            keep: self.keep,
            retry_forge: self.retry_forge,
            participants: self.participant.clone(),
            patience: None,
        }
    }

    fn run(self) -> Result<u8> {
        let options = self.options();
        let suite = Suite::read(house()?, &options.participants)?;
        let plan = suite.plan(&options)?;
        let report = suite.run(&options, &plan)?;
        if let Some(path) = &self.junit {
            write(path, &junit::render(&report))?;
        }
        let json = || serde_json::to_string_pretty(&report).map_err(|e| Error::word("report", e.to_string()));
        match &self.json {
            Some(path) if path.as_os_str() == "-" => anstream::println!("{}", json()?),
            Some(path) => {
                write(path, &json()?)?;
                anstream::print!("{}", text::render(&report));
            }
            None => anstream::print!("{}", text::render(&report)),
        }
        Ok(exit(report.is_red()))
    }

    fn list(self) -> Result<u8> {
        let options = self.options();
        let suite = Suite::read(house()?, &options.participants)?;
        let plan = suite.plan(&options)?;
        let mut out = io::stdout().lock();
        for cell in &plan.cells {
            if writeln!(out, "{cell}").is_err() {
                // The reader has seen enough.
                return Ok(FINE);
            }
        }
        for cell in &plan.absent {
            anstream::eprintln!("absent(not found) {cell}");
        }
        anstream::eprintln!("{} of {} candidates", plan.cells.len(), plan.candidates);
        Ok(FINE)
    }
}

fn why(cell: &str) -> Result<u8> {
    let cell: CellId = cell.parse()?;
    let suite = Suite::read(house()?, &[])?;
    let chain = suite.why(&cell);
    if chain.is_empty() {
        anstream::println!("no rule speaks about {cell}");
        return Ok(FINDING);
    }
    for rule in &chain {
        let today = rule.text.today.as_ref().map(|today| format!(", today {today}")).unwrap_or_default();
        anstream::println!("{}: {}{today}", rule.place, rule.text.outcome);
        if let Some(because) = &rule.text.because {
            anstream::println!("  because {because}");
        }
        if let Some(issue) = rule.text.issue {
            anstream::println!("  issue {issue}");
        }
    }
    let decided = suite.expectations.of(&cell, &suite.facts())?;
    if let Some(expected) = decided {
        anstream::println!("expected: {} by {}", expected.outcome, expected.place);
    }
    Ok(FINE)
}

fn house() -> Result<House> {
    let here = std::env::current_dir().map_err(|e| Error::io(".", e))?;
    // Outside of the repository the one this was built from is meant, if it is still there.
    House::find(&here).or_else(|| House::find(Path::new(env!("CARGO_MANIFEST_DIR")))).ok_or_else(|| {
        Error::word(
            here.display().to_string(),
            "inside a copy of the repository, where `matrix` has its cases",
        )
    })
}

fn read_report(path: &Path) -> Result<Report> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    serde_json::from_str(&text).map_err(|e| Error::data(path, format!("no report of schema 1: {e}")))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io(path, e))
}

fn exit(finding: bool) -> u8 {
    if finding { FINDING } else { FINE }
}

//! `interbind matrix`: a face for `interbind_conformance`. `junit` is its report for CI.

mod junit;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use interbind_conformance::cell::CellId;
use interbind_conformance::house::House;
use interbind_conformance::pattern::Pattern;
use interbind_conformance::progress::Show;
use interbind_conformance::report::{Report, diff, text};
use interbind_conformance::run::{Options, Suite};
use interbind_conformance::{Error, work};

use crate::output;
use crate::{FINDING, FINE, Result};

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
        /// List what participants can't do
        #[arg(long)]
        unsupported: bool,
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
    /// Run all cells, also those that an interrupted run has finished
    #[arg(long)]
    fresh: bool,
    /// List what participants can't do
    #[arg(long)]
    unsupported: bool,
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
            Some(Command::Show { report, unsupported }) => {
                let report = read_report(&report)?;
                show(&report, unsupported)?;
                Ok(exit(report.is_red()))
            }
            Some(Command::Diff { old, new }) => {
                let (text, changed) = diff::render(&read_report(&old)?, &read_report(&new)?);
                output::print(&text)?;
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
            fresh: self.fresh,
            show: Show::on_stderr(),
        }
    }

    fn run(self) -> Result<u8> {
        let options = self.options();
        let suite = Suite::read(house()?, &options.participants)?;
        let plan = suite.plan(&options)?;
        let report = suite.run(&options, &plan)?;
        let kept = suite.house.last();
        let to = |path: &Path, text: &str| {
            let written = work::write(path, text.as_bytes());
            written.map_err(|source| crate::Error::Report { source, kept: kept.clone() })
        };
        let json = || serde_json::to_string_pretty(&report).map_err(|e| Error::word("report", e.to_string()));
        // People see what was found also when a file can't be written.
        match &self.json {
            Some(path) if path.as_os_str() == "-" => output::print(&(json()? + "\n"))?,
            _ => show(&report, self.unsupported)?,
        }
        if let Some(path) = &self.junit {
            to(path, &junit::render(&report))?;
        }
        if let Some(path) = self.json.as_ref().filter(|path| path.as_os_str() != "-") {
            to(path, &json()?)?;
        }
        Ok(exit(report.is_red()))
    }

    fn list(self) -> Result<u8> {
        let options = self.options();
        let suite = Suite::read(house()?, &options.participants)?;
        let plan = suite.plan(&options)?;
        let cells: String = plan.cells.iter().map(|cell| format!("{cell}\n")).collect();
        output::print(&cells)?;
        for cell in &plan.absent {
            output::tell(&format!("absent(not found) {cell}"));
        }
        output::tell(&format!("{} of {} candidates", plan.cells.len(), plan.candidates));
        Ok(FINE)
    }
}

fn why(cell: &str) -> Result<u8> {
    let cell: CellId = cell.parse()?;
    let suite = Suite::read(house()?, &[])?;
    let chain = suite.why(&cell);
    if chain.is_empty() {
        output::print(&format!("no rule speaks about {cell}\n"))?;
        return Ok(FINDING);
    }
    let mut text = String::new();
    for rule in &chain {
        let today = rule.text.today.as_ref().map(|today| format!(", today {today}")).unwrap_or_default();
        _ = writeln!(text, "{}: {}{today}", rule.place, rule.text.outcome);
        if let Some(because) = &rule.text.because {
            _ = writeln!(text, "  because {because}");
        }
        if let Some(issue) = rule.text.issue {
            _ = writeln!(text, "  issue {issue}");
        }
    }
    let decided = suite.expectations.of(&cell, &suite.facts())?;
    if let Some(expected) = decided {
        _ = writeln!(text, "expected: {} by {}", expected.outcome, expected.place);
    }
    output::print(&text)?;
    Ok(FINE)
}

fn house() -> Result<House> {
    let here = std::env::current_dir().map_err(|e| Error::io(".", e))?;
    // Outside of the repository the one this was built from is meant, if it is still there.
    let found = House::find(&here).or_else(|| House::find(Path::new(env!("CARGO_MANIFEST_DIR"))));
    let expected = "inside a copy of the repository, where `matrix` has its cases";
    Ok(found.ok_or_else(|| Error::word(here.display().to_string(), expected))?)
}

fn show(report: &Report, all: bool) -> Result<()> {
    output::print_styled(&text::render(report, all))
}

fn read_report(path: &Path) -> Result<Report> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    Ok(serde_json::from_str(&text).map_err(|e| Error::data(path, format!("no report of schema 1: {e}")))?)
}

fn exit(finding: bool) -> u8 {
    if finding { FINDING } else { FINE }
}

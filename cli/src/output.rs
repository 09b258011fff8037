//! Where a result goes and in which format, and what the exit code is then.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use interbind_doctor::finding::{Finding, Level};
use interbind_doctor::report;
use serde::Serialize;

use crate::view::{Page, Screen};
use crate::{Error, FINDING, FINE, Result};

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// Everything, as `interbind schema` describes it
    Json,
    /// Findings for code scanning: SARIF 2.1.0
    Sarif,
    /// Findings as a test report: JUnit XML
    Junit,
    /// Findings as annotations: GitHub's workflow commands
    Github,
}

/// When to write colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On terminals, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where to, and how it looks: for commands that only tell.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub struct Place {
    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to write colours
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto", hide_possible_values = true)]
    color: Colour,
}

/// The formats of commands that judge.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Write `text`, `json`, `sarif`, `junit` or `github`
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text", hide_possible_values = true)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, group = "shorthand", conflicts_with = "format")]
    json: bool,
    /// The same as `--format sarif`
    #[arg(long, group = "shorthand", conflicts_with = "format")]
    sarif: bool,
    /// The same as `--format junit`
    #[arg(long, group = "shorthand", conflicts_with = "format")]
    junit: bool,
    /// The same as `--format github`
    #[arg(long, group = "shorthand", conflicts_with = "format")]
    github: bool,
    /// Print only errors; the exit code has the result
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    place: Place,
}

impl Output {
    fn format(&self) -> Format {
        let asked = [
            (self.json, Format::Json),
            (self.sarif, Format::Sarif),
            (self.junit, Format::Junit),
            (self.github, Format::Github),
        ];
        asked.into_iter().find(|(asked, _)| *asked).map_or(self.format, |(_, format)| format)
    }

    /// Writes a result in the format that was asked for.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(
        &self,
        document: &impl Serialize,
        findings: &[Finding],
        view: impl FnOnce(&mut Page),
    ) -> Result<u8> {
        let text = match self.format() {
            // Work that nobody reads.
            Format::Text if self.quiet && self.place.output.is_none() => String::new(),
            Format::Text => self.place.view(view),
            Format::Json => json(document),
            Format::Sarif => report::sarif(findings),
            Format::Junit => report::junit(findings),
            Format::Github => report::github(findings),
        };
        if !self.quiet || self.place.output.is_some() {
            self.place.write(&text)?;
        }
        Ok(if findings.iter().any(|finding| finding.level > Level::Note) { FINDING } else { FINE })
    }
}

impl Place {
    /// A file, or stdout.
    pub fn to(output: Option<PathBuf>) -> Self {
        Self { output, color: Colour::Auto }
    }

    /// Text as a view writes it.
    pub fn view(&self, view: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(self.screen());
        view(&mut page);
        page.finish()
    }

    /// Writes a text to its place.
    ///
    /// # Errors
    /// It can't be written; that the reader of a pipe has seen enough is none.
    pub fn write(&self, text: &str) -> Result<()> {
        match &self.output {
            Some(path) => fs::write(path, text).map_err(|error| Error::write(path, error)),
            None => print(text),
        }
    }

    fn screen(&self) -> Screen {
        let out = io::stdout();
        let to_terminal = self.output.is_none() && out.is_terminal();
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let measured = || Some(usize::from(terminal_size::terminal_size()?.0.0));
        let width = if to_terminal { columns.or_else(measured).or(Some(80)) } else { columns };
        let colour = match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if self.output.is_some() => false,
            Colour::Auto => anstream::AutoStream::choice(&out) != ColorChoice::Never,
        };
        Screen { width: width.filter(|width| *width > 0), colour }
    }
}

/// A result as JSON.
pub fn json(document: &impl Serialize) -> String {
    match serde_json::to_string_pretty(document) {
        Ok(text) => text + "\n",
        // Ours are records of texts, numbers and lists.
        Err(error) => unreachable!("a document can be written as JSON: {error}"),
    }
}

/// Writes to stdout; a reader that has seen enough is no error.
///
/// # Errors
/// Anything else that keeps it from being written.
pub fn print(text: &str) -> Result<()> {
    print_to(io::stdout().lock(), text)
}

/// Writes text with ANSI styles to stdout, without them where they don't belong.
///
/// # Errors
/// As for [`print`].
#[cfg(feature = "matrix")]
pub fn print_styled(text: &str) -> Result<()> {
    print_to(anstream::stdout().lock(), text)
}

/// Writes a line to stderr. Without one, or where it is full, there is nobody to tell.
pub fn tell(line: &str) {
    let mut to = anstream::stderr().lock();
    _ = writeln!(to, "{line}");
}

fn print_to(mut out: impl Write, text: &str) -> Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::write(Path::new("-"), error)),
        _ => Ok(()),
    }
}

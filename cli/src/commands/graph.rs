//! `interbind graph`: the sharing groups as a picture.

use std::path::{Path, PathBuf};

use clap::Args;
use interbind_doctor::graph;

use crate::commands::doctor::Target;
use crate::output::Place;
use crate::{FINE, Result};

/// What to draw, and how.
#[derive(Args, Debug)]
pub struct Graph {
    #[command(flatten)]
    target: Target,
    /// Draw an SVG picture; `-` is stdout
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write Mermaid, which many sites show as a picture; printed by default
    #[arg(long, value_name = "FILE")]
    mermaid: Option<PathBuf>,
    /// Write a report with everything in one file, for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show no progress bar
    #[arg(short, long)]
    quiet: bool,
}

impl Graph {
    pub fn run(self) -> Result<u8> {
        let (environment, inspection) = self.target.survey(!self.quiet)?;
        let write = |file: &Path, text: String| {
            let output = (file.as_os_str() != "-").then(|| file.to_owned());
            Place::to(output).write(&text)
        };
        if let Some(file) = &self.svg {
            write(file, graph::svg(&environment))?;
        }
        if let Some(file) = &self.html {
            write(file, graph::html(&environment, &inspection))?;
        }
        let unasked = self.svg.is_none() && self.html.is_none();
        if let Some(file) = self.mermaid.as_deref().or_else(|| unasked.then(|| Path::new("-"))) {
            write(file, graph::mermaid(&environment))?;
        }
        Ok(FINE)
    }
}

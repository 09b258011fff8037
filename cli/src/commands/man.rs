//! `interbind man`: the manual, a page for the whole and one for each command.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use crate::{Error, FINE, Result, output};

/// Which page, and where to.
#[derive(Args, Debug)]
pub struct Man {
    /// The command whose page is printed; by default the page of `interbind`
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write all pages to a folder instead: interbind.1, interbind-inspect.1, …
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    all: Option<PathBuf>,
}

impl Man {
    pub fn run(self, mut all: clap::Command) -> Result<u8> {
        all.build();
        if let Some(folder) = &self.all {
            fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
            let commands = all.get_subcommands().filter(|command| command.get_name() != "help");
            for command in std::iter::once(&all).chain(commands) {
                let page = page(command);
                let path = folder.join(page.get_filename());
                fs::write(&path, render(&page)).map_err(|error| Error::write(&path, error))?;
            }
            return Ok(FINE);
        }
        let command = match &self.command {
            None => &all,
            Some(name) => all
                .find_subcommand(name)
                .ok_or_else(|| Error::word(name, "is no command", "`interbind --help` lists them"))?,
        };
        output::print(&String::from_utf8_lossy(&render(&page(command))))?;
        Ok(FINE)
    }
}

/// A command's page, under the name that it is typed with.
fn page(command: &clap::Command) -> Page {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    Page::new(command.clone()).title(name)
}

fn render(page: &Page) -> Vec<u8> {
    let mut text = Vec::new();
    match page.render(&mut text) {
        Ok(()) => text,
        Err(error) => unreachable!("memory takes any page: {}", io::Error::other(error)),
    }
}

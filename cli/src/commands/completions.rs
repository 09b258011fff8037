//! `interbind completions`: what makes a shell complete our words.

use clap::Args;
use clap_complete::Shell;

use crate::{FINE, Result, output};

/// Which shell.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self, mut all: clap::Command) -> Result<u8> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut all, "interbind", &mut text);
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(FINE)
    }
}

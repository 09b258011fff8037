//! `interbind schema`: the schemas of what `--json` prints.

use clap::Args;

use crate::schema::{DOCUMENTS, text};
use crate::{Error, FINE, Result, output};

/// Which schema.
#[derive(Args, Debug)]
pub struct Schema {
    /// The command whose JSON is described; without one, their names are listed
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

impl Schema {
    pub fn run(self) -> Result<u8> {
        let names = || DOCUMENTS.iter().map(|document| document.command);
        let Some(command) = &self.command else {
            let list: String = names().map(|name| format!("{name}\n")).collect();
            output::print(&list)?;
            return Ok(FINE);
        };
        let found = DOCUMENTS.iter().find(|document| document.command == command);
        let document = found.ok_or_else(|| {
            let names: Vec<_> = names().collect();
            Error::word(command, "has no schema", format!("name one of {}", names.join(", ")))
        })?;
        output::print(&text(document))?;
        Ok(FINE)
    }
}

//! `kind = "command"`: any program that leaves an extension at `{out}`. What it prints is the log.

use std::collections::BTreeMap;
use std::process::Command;

use interbind_ask::{Limits, ask};

use crate::error::Result;
use crate::forge::{Job, Made, fill};
use crate::house;

pub(crate) fn build(job: &Job<'_>, template: &[String]) -> Result<Made> {
    house::write_if_changed(&job.out.join("zoo.rs"), &job.zoo_text)?;
    let command: Vec<String> = template.iter().map(|word| fill(word, &job.placeholders)).collect();
    let mut made = Made {
        built: Err("no command".to_owned()),
        command: command.clone(),
        environment: BTreeMap::new(),
        log: String::new(),
    };
    let Some((program, arguments)) = command.split_first() else { return Ok(made) };
    // A program beside the description is meant before one on the PATH.
    let beside = job.participant.folder.join(program);
    let program = if beside.is_file() { beside } else { program.into() };
    let mut process = Command::new(&program);
    process.args(arguments).current_dir(&job.participant.folder);
    made.built = match ask(&mut process, Limits::BUILD) {
        Err(why) => Err(format!("{} {why}", program.display())),
        Ok(output) => {
            made.log = [output.stdout, output.stderr]
                .iter()
                .map(|b| String::from_utf8_lossy(b).into_owned())
                .collect();
            let out = job.placeholders.get("out").map(std::path::PathBuf::from).filter(|out| out.is_file());
            match out {
                Some(out) if output.status.success() => Ok(out),
                Some(_) => Err(format!("ended with {}", output.status)),
                None => Err(format!("left nothing at {{out}}, ended with {}", output.status)),
            }
        }
    };
    Ok(made)
}

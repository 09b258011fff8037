//! `kind = "c++"`: interbind's static library by cargo, once for all extensions of a host's flavour, then the extension by
//! `$CXX` (else `c++`). Only this file knows that compiler.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use interbind_ask::{Answer, Limits, ask};

use super::library::Built;
use super::{Job, Made, builder, fill, instruments};
use crate::error::Result;
use crate::house;

/// The file in which the compiler lists what it has read.
pub(crate) const LISTED: &str = "listed.d";

/// What a description says of the build, with placeholders.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cplusplus {
    /// The crate of the static library.
    pub library: String,
    /// The source.
    pub source: String,
    /// Folders of headers; Python's own comes last.
    pub include: Vec<String>,
    /// More words for the compiler.
    #[serde(default)]
    pub flags: Vec<String>,
    /// What the cache key hashes: paths from the participant's folder, or from the repository with `{repo}/`.
    pub inputs: Vec<String>,
}

/// Builds one extension; a failure of cargo or of the compiler is an answer, not an error.
pub(crate) fn build(job: &Job<'_>, recipe: &Cplusplus, library: Built) -> Result<Made> {
    let zoo = job.out.join("zoo.hpp");
    house::write_if_changed(&zoo, &job.zoo_text)?;
    let mut made = Made {
        built: Err("no compiler ran".to_owned()),
        command: Vec::new(),
        environment: BTreeMap::new(),
        log: library.log,
    };
    let library = match library.file {
        Ok(file) => file,
        Err(why) => {
            made.built = Err(why);
            return Ok(made);
        }
    };
    let include = match headers(&job.python.executable) {
        Ok(include) => include,
        Err(why) => {
            made.built = Err(why);
            return Ok(made);
        }
    };
    let word = |text: &String| fill(text, &job.placeholders);
    let out = job.out.join(format!("{}.so", job.participant.module(job.order.role)));
    let mut command = vec![env::var("CXX").unwrap_or_else(|_| "c++".to_owned())];
    command
        .extend(["-std=c++17", "-O0", "-g0", "-fPIC", "-fvisibility=hidden", "-shared"].map(str::to_owned));
    command.extend(["-Wall", "-Wextra", "-Werror", "-DINTERBIND_STATIC"].map(str::to_owned));
    command.extend(
        recipe
            .flags
            .iter()
            .map(word)
            .flat_map(|flags| flags.split_whitespace().map(str::to_owned).collect::<Vec<_>>()),
    );
    command.push(format!("-DROLE_{}", job.order.role.as_str().to_uppercase()));
    command.push(format!("-DMODULE={}", job.participant.module(job.order.role)));
    command.push(format!("-DCONFORMANCE_BUILD=\"{}\"", job.order.build));
    command.push(format!("-DZOO_HPP=\"{}\"", zoo.display()));
    command.extend(recipe.include.iter().map(|folder| format!("-I{}", word(folder))));
    command.push(format!("-I{include}"));
    // Every header that was read, as an input.
    command.extend(["-MD".to_owned(), "-MF".to_owned(), job.out.join(LISTED).display().to_string()]);
    command.extend(["-o".to_owned(), out.display().to_string(), word(&recipe.source)]);
    command.extend([
        library.display().to_string(),
        "-Wl,--gc-sections".into(),
        "-Wl,--exclude-libs,ALL".into(),
    ]);
    if job.instruments.is_some() {
        command.extend(instruments::CPLUSPLUS.map(str::to_owned));
    } else {
        command.push("-s".to_owned());
    }
    made.built = builder::run(&command, &made.environment, &mut made.log).map(|_| out);
    made.command = command;
    Ok(made)
}

/// Who the compiler is, or why there is none.
pub(crate) fn identity() -> String {
    builder::identity(&env::var("CXX").unwrap_or_else(|_| "c++".to_owned()), "--version")
}

/// Where a Python's headers are.
fn headers(python: &Path) -> std::result::Result<String, String> {
    let code = "import sysconfig; print(sysconfig.get_path('include'))";
    let answer = ask(Command::new(python).args(["-I", "-c", code]), Limits::ANSWER).and_then(Answer::stdout);
    let stdout = answer.map_err(|why| format!("{} {why}", python.display()))?;
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}

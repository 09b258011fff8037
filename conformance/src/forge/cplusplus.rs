//! `kind = "c++"`: the extension by `$CXX` (else `c++`), with what it needs: interbind's static library, which cargo builds once for
//! all extensions of a host's flavour, or a binding library's package. Only this file knows that compiler.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use interbind_ask::{Answer, Limits, ask};

use super::{Job, Made, builder, fill, instruments, objects, package};
use crate::cache::Cache;
use crate::error::Result;
use crate::house;

/// The file in which the compiler lists what it has read.
pub(crate) const LISTED: &str = "listed.d";

/// What a description says of the build, with placeholders.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cplusplus {
    /// The crate of the static library, if there is one.
    pub library: Option<String>,
    /// A release in the package index, `name==version`, if it needs one: its folder is `{package}`.
    pub package: Option<String>,
    /// What Python is started with to make C++ of the source, which comes behind it: the package's compiler, if it has one.
    #[serde(default)]
    pub translate: Vec<String>,
    /// The source.
    pub source: String,
    /// Sources of the package that are linked with it.
    #[serde(default)]
    pub objects: Vec<String>,
    /// Folders of headers; Python's own comes last.
    pub include: Vec<String>,
    /// Folders of headers that aren't warned about.
    #[serde(default)]
    pub system: Vec<String>,
    /// More words for the compiler.
    #[serde(default)]
    pub flags: Vec<String>,
    /// What the cache key hashes: paths from the participant's folder, or from the repository with `{repo}/`.
    pub inputs: Vec<String>,
}

/// What was built or fetched for an extension, or why it wasn't.
pub(crate) struct Needs {
    pub found: std::result::Result<Found, String>,
    pub log: String,
}

/// Where that is.
#[derive(Default)]
pub(crate) struct Found {
    pub library: Option<PathBuf>,
    pub package: Option<PathBuf>,
    /// Has what the objects are else.
    pub beside: Option<PathBuf>,
}

/// Builds one extension; a failure of cargo or of the compiler is an answer, not an error.
pub(crate) fn build(cache: &Cache, job: &Job<'_>, recipe: &Cplusplus, needs: Needs) -> Result<Made> {
    let zoo = job.out.join("zoo.hpp");
    house::write_if_changed(&zoo, &job.zoo_text)?;
    let mut made = Made {
        built: Err("no compiler ran".to_owned()),
        command: Vec::new(),
        environment: BTreeMap::new(),
        log: needs.log,
    };
    let Found { library, package, beside } = match needs.found {
        Ok(found) => found,
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
    let mut placeholders = job.placeholders.clone();
    placeholders.extend(package.map(|package| ("package".to_owned(), package.display().to_string())));
    let word = |text: &String| fill(text, &placeholders);
    let words = |texts: &[String]| -> Vec<String> {
        // What a placeholder alone stands for may be several words.
        let split = |text: &String| -> Vec<String> {
            let filled = word(text);
            if text.starts_with('{') && text.ends_with('}') {
                filled.split_whitespace().map(str::to_owned).collect()
            } else {
                vec![filled]
            }
        };
        texts.iter().flat_map(split).collect()
    };
    let out = job.out.join(format!("{}.so", job.participant.module(job.order.role)));
    let mut common = vec![job.participant.compiler(&job.order.build).map_or_else(usual, str::to_owned)];
    common.extend(["-std=c++17", "-O0", "-g0", "-fPIC", "-fvisibility=hidden"].map(str::to_owned));
    common.extend(["-Wall", "-Wextra", "-Werror", "-DINTERBIND_STATIC"].map(str::to_owned));
    common.extend(words(&recipe.flags));
    common.extend(recipe.include.iter().map(|folder| format!("-I{}", word(folder))));
    common.extend(recipe.system.iter().flat_map(|folder| ["-isystem".to_owned(), word(folder)]));
    common.push(format!("-I{include}"));
    let mut command = common.clone();
    command.push("-shared".to_owned());
    command.push(format!("-DROLE_{}", job.order.role.as_str().to_uppercase()));
    command.push(format!("-DMODULE={}", job.participant.module(job.order.role)));
    command.push(format!("-DCONFORMANCE_BUILD=\"{}\"", job.order.build));
    command.push(format!("-DZOO_HPP=\"{}\"", zoo.display()));
    // Every header that was read, as an input.
    command.extend(["-MD".to_owned(), "-MF".to_owned(), job.out.join(LISTED).display().to_string()]);
    command.extend(["-o".to_owned(), out.display().to_string()]);
    if recipe.translate.is_empty() {
        command.push(word(&recipe.source));
    } else {
        let made_of_it = job.out.join("translated.cpp").display().to_string();
        let mut translate = vec![job.python.executable.display().to_string()];
        translate.extend(words(&recipe.translate));
        translate.extend([word(&recipe.source), "-o".to_owned(), made_of_it.clone()]);
        let path = placeholders.get("package").map(|package| ("PYTHONPATH".to_owned(), package.clone()));
        made.environment.extend(path);
        if let Err(why) = builder::run(&translate, &made.environment, &mut made.log) {
            made.built = Err(why);
            return Ok(made);
        }
        // What a compiler wrote isn't warned about.
        command.extend(["-w".to_owned(), made_of_it]);
    }
    let mut read = String::new();
    if let Some(folder) = &beside {
        package::lay_out(folder, &job.out)?;
    }
    for source in recipe.objects.iter().filter(|_| beside.is_none()) {
        match objects::compiled(cache, &identity(&common[0]), &common, &word(source), &mut made.log)? {
            Ok(compiled) => {
                command.push(compiled.object.display().to_string());
                read.push_str(&compiled.read);
            }
            Err(why) => {
                made.built = Err(why);
                return Ok(made);
            }
        }
    }
    command.extend(library.map(|library| library.display().to_string()));
    command.extend(["-Wl,--gc-sections".into(), "-Wl,--exclude-libs,ALL".into()]);
    if job.instruments.is_some() {
        command.extend(instruments::CPLUSPLUS.map(str::to_owned));
    } else {
        command.push("-s".to_owned());
    }
    made.built = builder::run(&command, &made.environment, &mut made.log).map(|_| out);
    if !read.is_empty() && made.built.is_ok() {
        let listed = job.out.join(LISTED);
        house::write_if_changed(&listed, &(house::read(&listed)? + &read))?;
    }
    made.command = command;
    Ok(made)
}

/// Whether a compiler that a build names can be run, with the standard library that its flags choose; else what isn't here.
pub(crate) fn is_here(
    job: &Job<'_>,
    recipe: &Cplusplus,
    compiler: &str,
    log: &mut String,
) -> Result<std::result::Result<(), String>> {
    if !builder::is_here(compiler, "--version") {
        return Ok(Err(compiler.to_owned()));
    }
    let flags: Vec<String> = recipe.flags.iter().map(|flag| fill(flag, &job.placeholders)).collect();
    let Some(library) =
        flags.iter().flat_map(|flag| flag.split_whitespace()).find(|flag| flag.starts_with("-stdlib="))
    else {
        return Ok(Ok(()));
    };
    let trial = job.out.join("trial.cpp");
    house::write_if_changed(&trial, "#include <string>\n")?;
    let command = [compiler, "-std=c++17", library, "-fsyntax-only", &trial.display().to_string()];
    let tried = builder::run(&command.map(str::to_owned), &BTreeMap::new(), log);
    Ok(tried.map(|_| ()).map_err(|_| format!("{compiler} {library}")))
}

/// The compiler that is used unless a build names one.
pub(crate) fn usual() -> String {
    env::var("CXX").unwrap_or_else(|_| "c++".to_owned())
}

/// What a compiler says of itself, or why it can't be run.
pub(crate) fn identity(compiler: &str) -> String {
    builder::identity(compiler, "--version")
}

/// Where a Python's headers are.
fn headers(python: &Path) -> std::result::Result<String, String> {
    let code = "import sysconfig; print(sysconfig.get_path('include'))";
    let answer = ask(Command::new(python).args(["-I", "-c", code]), Limits::ANSWER).and_then(Answer::stdout);
    let stdout = answer.map_err(|why| format!("{} {why}", python.display()))?;
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}

//! `interbind doctor`: a whole environment.

use std::path::{Path, PathBuf};

use clap::Args;
use interbind_doctor::environment::{Environment, survey};
use interbind_doctor::facts::Inspection;
use interbind_doctor::host::{HostPython, PlaceError, place};
use interbind_doctor::installed::installed;
use interbind_doctor::live::Live;
use interbind_doctor::requirements::{is_requirements, requirements};

use crate::commands::inspect::read;
use crate::live::{self, Code};
use crate::output::{Output, json};
use crate::{Error, Result, interpreter, view};

/// What to look at.
#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    target: Target,
    /// Run a script, `doctor --live script.py …`, and read the interpreter when it has ended
    #[arg(long)]
    live: bool,
    /// Run code instead of a script
    #[arg(short = 'c', value_name = "CODE", requires = "live")]
    code: Option<String>,
    /// Arguments for the script, its `sys.argv`
    #[arg(value_name = "ARGUMENTS", requires = "live", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Also show the notes, and every file
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

/// An environment.
#[derive(Args, Debug)]
pub struct Target {
    /// A Python, an environment's folder, a folder of packages, a requirements or lock file; without one, the active
    /// environment, `.venv` or `python3`
    #[arg(value_name = "PYTHON|FOLDER|FILE")]
    target: Option<PathBuf>,
    /// The Python for a requirements or lock file, and for `--live`; else the active environment's, or `python3`
    #[arg(long, value_name = "PYTHON")]
    python: Option<PathBuf>,
    /// Download the wheels that a requirements or lock file names, with that Python's own pip, and read them
    #[arg(long)]
    fetch: bool,
}

impl Doctor {
    pub fn document(&self) -> Result<String> {
        if self.live { Ok(json(&self.watch()?)) } else { Ok(json(&self.judge()?)) }
    }

    fn judge(&self) -> Result<Environment> {
        Ok(self.target.survey(!self.output.quiet)?.0)
    }

    pub fn run(self) -> Result<u8> {
        if self.live {
            let live = self.watch()?;
            return self
                .output
                .write(&live, &live.findings, |page| view::live::view(page, &live, self.verbose));
        }
        let environment = self.judge()?;
        let findings = &environment.findings;
        self.output.write(&environment, findings, |page| view::doctor::view(page, &environment, self.verbose))
    }
}

impl Doctor {
    /// Runs a program, and reads what it leaves.
    fn watch(&self) -> Result<Live> {
        let words = self.target.target.iter().map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<_> = words.chain(self.arguments.iter().cloned()).collect();
        let code = match (&self.code, words.is_empty()) {
            (Some(code), _) => Code::Text(code.clone()),
            (None, false) => {
                words.remove(0);
                Code::Script(self.target.target.clone().unwrap_or_default())
            }
            (None, true) => {
                let fix = "`interbind doctor --live script.py`, or `interbind doctor --live -c \"import …\"`";
                return Err(Error::word("--live", "has nothing to run", fix));
            }
        };
        live::run(&self.target.python(), &code, &words)
    }
}

impl Target {
    /// Reads an environment.
    pub fn survey(&self, bar: bool) -> Result<(Environment, Inspection)> {
        if let Some(file) = self.target.as_deref().filter(|path| path.is_file() && is_requirements(path)) {
            return self.named(file, bar);
        }
        let (python, folders) = self.find()?;
        let installed = installed(&folders);
        let paths: Vec<_> = installed.folders.iter().chain(&installed.elsewhere).cloned().collect();
        let inspection = read(&paths, bar)?;
        Ok((survey(&inspection, python.as_ref(), &installed), inspection))
    }

    fn python(&self) -> PathBuf {
        self.python.clone().unwrap_or_else(interpreter::active_python)
    }

    /// What a file names: what can be said of names alone, and of the wheels where they may be fetched.
    fn named(&self, file: &Path, bar: bool) -> Result<(Environment, Inspection)> {
        let asked = requirements(file).map_err(|error| {
            let fix = "name a requirements file, a lock file, or an environment";
            Error::word(file.display().to_string(), format!("can't be looked at: {error}"), fix)
        })?;
        let python = interpreter::ask(&self.python())?;
        let folder = tempfile::tempdir().map_err(|error| Error::write(std::env::temp_dir(), error))?;
        let found = if self.fetch {
            interpreter::download(&self.python(), &asked.pip_words(Some(&python)), folder.path())?;
            asked.find_in(folder.path(), Some(&python))
        } else {
            Vec::new()
        };
        let paths: Vec<_> = found.iter().map(|(_, wheel)| wheel.clone()).collect();
        let inspection = read(&paths, bar)?;
        let mut environment = survey(&inspection, Some(&python), &asked.installed(&found));
        environment.add(asked.findings(Some(&python), &found));
        Ok((environment, inspection))
    }

    /// The Python and its folders: by their names, and by asking a Python only where names don't tell.
    fn find(&self) -> Result<(Option<HostPython>, Vec<PathBuf>)> {
        let Some(target) = self.target.clone().or_else(interpreter::active) else {
            return asked(Path::new("python3"));
        };
        match place(&target) {
            Ok(place) => Ok((place.python, place.folders)),
            Err(PlaceError::NotPython(path) | PlaceError::NoPackages(path)) if path.is_file() => asked(&path),
            Err(PlaceError::Missing(path)) => {
                Err(Error::read(path, std::io::Error::from(std::io::ErrorKind::NotFound)))
            }
            Err(error) => {
                let fix = "name a Python, its environment's folder, or a folder of packages";
                Err(Error::word(target.display().to_string(), format!("can't be looked at: {error}"), fix))
            }
        }
    }
}

fn asked(python: &Path) -> Result<(Option<HostPython>, Vec<PathBuf>)> {
    let host = interpreter::ask(python)?;
    let folders = host.site_packages.iter().map(PathBuf::from).collect();
    Ok((Some(host), folders))
}

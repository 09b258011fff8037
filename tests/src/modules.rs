//! Built extensions in one folder, and scripts that import them: each script is a child process of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::thread;

use crate::extension::Extension;
use crate::python::{FOREIGN, Python};

/// What every script may use.
const PRELUDE: &str = include_str!("prelude.py");

/// Extensions for one interpreter.
#[derive(Clone, Debug)]
pub struct Modules {
    python: &'static Python,
    workshop: PathBuf,
    folder: Arc<Folder>,
    environment: Vec<(String, String)>,
}

/// A folder that no other test has, in this process or in another; it goes with the last of its owners, unless a test failed.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(workshop: &Path, name: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        static SWEPT: Once = Once::new();
        let all = workshop.join("modules");
        SWEPT.call_once(|| sweep(&all));
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = all.join(format!("{name}.{}.{number}", process::id()));
        // The number of a process comes again.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the workshop is writable");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Removes what processes left behind that have ended: folders in a `static`, and those of failed tests. Where the system
/// doesn't say which processes there are, they stay.
fn sweep(all: &Path) {
    let Ok(folders) = fs::read_dir(all) else { return };
    if !Path::new("/proc/self").exists() {
        return;
    }
    for folder in folders.flatten() {
        let name = folder.file_name();
        let process = name.to_str().and_then(|name| name.rsplit('.').nth(1)?.parse::<u32>().ok());
        if process.is_none_or(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

impl Modules {
    /// Starts an empty folder for an interpreter; its name says whose it is.
    pub fn new(workshop: &Path, name: &str, python: &'static Python) -> Self {
        let folder = Arc::new(Folder::new(workshop, &format!("{name}-{python}")));
        Self { python, workshop: workshop.to_owned(), folder, environment: Vec::new() }
    }

    /// Builds an extension for this interpreter, and puts it in.
    pub fn with(self, extension: &Extension) -> Self {
        extension.build_to(&self.workshop, self.python, &self.file(extension.name()));
        self
    }

    /// Puts in an extension that was built for another interpreter.
    pub fn with_built(self, name: &str, library: &Path) -> Self {
        fs::copy(library, self.file(name)).expect("the workshop is writable");
        self
    }

    /// Sets a variable for the scripts.
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The variables that were set for the scripts.
    pub fn variables(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The interpreter.
    pub fn python(&self) -> &'static Python {
        self.python
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Where Python keeps what it has compiled, of all tests: reading the files of Python code anew takes longer than most
    /// scripts.
    pub fn bytecode(&self) -> PathBuf {
        self.workshop.join("bytecode")
    }

    /// Where a module of that name lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.0.join(format!("{name}{}", self.python.suffix))
    }

    /// Runs a script behind the prelude.
    pub fn run(&self, script: &str) -> Outcome {
        self.start(&["-c", &format!("{PRELUDE}\n{script}")])
    }

    /// Runs a script that is a file, as a user does.
    pub fn run_file(&self, script: &Path) -> Outcome {
        self.start(&[script.to_str().expect("a path in UTF-8")])
    }

    /// Runs a script of laws that is a file, with these arguments, beside the modules and `more` folders of packages; returns what
    /// it printed.
    ///
    /// # Panics
    /// A law doesn't hold.
    pub fn run_laws(&self, script: &Path, arguments: &[&str], more: &[&Path]) -> String {
        let path = [self.folder()].into_iter().chain(more.iter().copied());
        let output = Command::new(&self.python.executable)
            .args(["-s", "-B"])
            .arg(script)
            .args(arguments)
            .env_remove("PYTHONHOME")
            .env("PYTHONPATH", env::join_paths(path).expect("paths without colons"))
            .env("PYTHONFAULTHANDLER", "1")
            .output()
            .expect("the interpreter starts: it has answered before");
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let (name, python) = (script.display(), self.python);
        assert!(output.status.success(), "{name} on Python {python}: {}\n{said}{complained}", output.status);
        said.into_owned()
    }

    fn start(&self, arguments: &[&str]) -> Outcome {
        let mut python = Command::new(&self.python.executable);
        python.arg("-s").args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        for name in FOREIGN {
            python.env_remove(name);
        }
        python
            .env("PYTHONPATH", self.folder())
            .env("PYTHONFAULTHANDLER", "1")
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .env("PYTHONPYCACHEPREFIX", self.bytecode());
        python.env("PYTHONIOENCODING", "utf-8");
        python.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = python.output().expect("the interpreter starts: it has answered before");
        Outcome {
            what: format!("Python {}", self.python),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// How a script ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    what: String,
    /// The child's exit status.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Outcome {
    /// Asserts that the script ended well, and returns what it printed.
    #[track_caller]
    pub fn passed(self) -> String {
        let Self { what, status, stdout, stderr } = &self;
        assert!(status.success(), "{what} ended with {status}\n{stdout}{stderr}");
        self.stdout
    }

    /// Returns why the script skipped itself, if it did.
    pub fn skipped(&self) -> Option<&str> {
        self.stdout.lines().find_map(|line| line.strip_prefix("skip: "))
    }
}

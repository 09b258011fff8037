//! One child process with a clock. What it prints goes to files: a grandchild that hangs would keep a pipe open.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How a child ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit status; nothing when the clock ended it.
    pub status: Option<ExitStatus>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    /// Where a child's output is.
    fn files(name: &Path) -> [PathBuf; 2] {
        ["out", "err"].map(|ending| name.with_extension(ending))
    }

    /// Reads what a child has printed to the two files of that name, and removes them.
    pub(super) fn of(status: Option<ExitStatus>, name: &Path) -> Self {
        let [stdout, stderr] = Self::files(name).map(|path| {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            let _ = fs::remove_file(&path);
            text
        });
        Self { status, stdout, stderr }
    }

    /// Says how it ended when that wasn't by itself with code 0.
    pub fn badly(&self) -> Option<String> {
        // The child's own clock, which says where it hangs.
        if self.stderr.contains("Timeout (") {
            return Some("hang".to_owned());
        }
        match self.status {
            None => Some("hang".to_owned()),
            Some(status) if status.success() => None,
            // `exit status: 1`, `signal: 11 (SIGSEGV)`.
            Some(status) => Some(status.to_string()),
        }
    }
}

/// Runs a command that writes its output to two files of that name, and ends it when its time is over.
pub fn run(mut command: Command, patience: Duration, name: &Path) -> Ended {
    let [stdout, stderr] = Ended::files(name);
    let create = |path: &Path| File::create(path).expect("the workshop is writable");
    command.stdin(Stdio::null()).stdout(create(&stdout)).stderr(create(&stderr));
    let mut child = command.spawn().expect("the interpreter starts: it has answered before");
    let process = child.id().to_string();
    let (say, ended) = mpsc::channel();
    let waiting = thread::spawn(move || say.send(child.wait().expect("it is our child")));
    let status = ended.recv_timeout(patience).ok();
    if status.is_none() {
        let _ = Command::new("kill").args(["-9", &process]).status();
    }
    let _ = waiting.join();
    Ended::of(status, name)
}

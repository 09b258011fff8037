//! A process that has imported everything for a kind, and forks one of its own for each attempt: starting Python and loading the
//! modules takes longer than most attempts.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use super::attempt::script;
use super::child::Ended;
use super::kinds::Kind;
use crate::modules::Modules;

/// A server that waits for attempts.
#[derive(Debug)]
pub struct Server {
    /// Whose attempts it makes.
    pub kind: &'static Kind,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one.
    pub fn start(modules: &Modules, kind: &'static Kind, patience: Duration) -> Self {
        let mut python = script(modules, "run.py");
        python.args(["--serve", kind.name, &patience.as_secs().to_string()]);
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = python.spawn().expect("the interpreter starts: it has answered before");
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let requests = requests.expect("it is a pipe");
        let answers = BufReader::new(answers.expect("it is a pipe"));
        Self { kind, child, requests, answers }
    }

    /// Has an attempt made, whose output goes to two files of that name; nothing when the server has ended.
    pub fn make(&mut self, attempt: &str, name: &Path) -> Option<Ended> {
        writeln!(self.requests, "{attempt}\t{}", name.display()).ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        let status = match answer.trim_end() {
            "hang" => None,
            status => Some(ExitStatus::from_raw(status.parse().ok()?)),
        };
        Some(Ended::of(status, name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when nobody can ask any more; nobody waits for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

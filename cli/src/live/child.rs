//! Starts the Python and waits for it. What `reader.py` tells comes through a file that only this process and that one know,
//! so it can't be mixed with what the program prints.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use interbind_doctor::live::{Events, Ran};

use super::Code;
use crate::{Error, Result};

const READER: &str = include_str!("reader.py");

/// How much of stderr is kept, from its end.
const KEPT: usize = 1 << 20;

/// Runs the program.
pub(super) fn run(python: &Path, what: &Code, arguments: &[String]) -> Result<Ran> {
    let failed = |said: String| Error::Program {
        program: python.to_owned(),
        said,
        fix: "name a Python that runs here: `interbind doctor --live PYTHON …`".to_owned(),
    };
    let folder = tempfile::tempdir().map_err(|error| failed(format!("no temporary folder: {error}")))?;
    let told: PathBuf = folder.path().join("told");
    let mut command = Command::new(python);
    command.arg("-c").arg(READER).arg(&told);
    match what {
        Code::Text(text) => command.arg("code").arg(text),
        Code::Script(script) => command.arg("script").arg(script),
    };
    command.args(arguments).stdout(std::io::stderr()).stderr(Stdio::piped());
    let mut child =
        interbind_ask::with_usual_signals(|| command.spawn()).map_err(|error| failed(error.to_string()))?;
    let stderr = child.stderr.take().map(pass_on);
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    // A process that the program left behind may hold stderr open for ever.
    let stderr = stderr.and_then(|end| end.recv_timeout(Duration::from_secs(2)).ok()).unwrap_or_default();
    let told = fs::read(&told).unwrap_or_default();
    if told.is_empty() {
        let said = String::from_utf8_lossy(&stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        return Err(failed(last.map_or_else(|| status.to_string(), str::to_owned)));
    }
    Ok(Ran { code: status.code(), status: status.to_string(), stderr, events: Events::read(&told) })
}

/// Passes on what the child writes, and keeps its end.
fn pass_on(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            // Whoever reads ours may have gone; the child is read to its end all the same.
            let _ = std::io::stderr().write_all(&buffer[..count]);
            kept.extend_from_slice(&buffer[..count]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        let _ = send.send(kept);
    });
    receive
}

//! A program that is run for what it prints. Whatever it does, the asker goes on: after the time, after the bytes, and also when
//! a process that left the group holds the streams open.

use std::fmt;
use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::Running;

/// How often a program is looked for while its streams are open: it may have ended and left them to others.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the streams of a program that has ended may take to say their last.
const GRACE: Duration = Duration::from_millis(200);

/// What a program may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From its start to its end.
    pub time: Duration,
    /// Of what it prints, both streams together.
    pub bytes: usize,
}

impl Limits {
    /// For a question that a program answers at once. A cold Python on a slow disk takes more than five seconds.
    pub const ANSWER: Self = Self { time: Duration::from_secs(10), bytes: 1 << 20 };
    /// For a build.
    pub const BUILD: Self = Self { time: Duration::from_secs(30 * 60), bytes: 64 << 20 };
    /// For what comes over the network.
    pub const DOWNLOAD: Self = Self { time: Duration::from_secs(10 * 60), bytes: 16 << 20 };
}

/// What a program printed, and how it ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// Its stdout.
    pub stdout: Vec<u8>,
    /// Its stderr.
    pub stderr: Vec<u8>,
}

impl Answer {
    /// Takes the stdout of a program that ended well.
    ///
    /// # Errors
    /// It ended otherwise.
    pub fn stdout(self) -> Result<Vec<u8>, Unanswered> {
        if self.status.success() {
            return Ok(self.stdout);
        }
        let said = String::from_utf8_lossy(&self.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Err(Unanswered::Failed { status: self.status, said: last.unwrap_or_default().trim().to_owned() })
    }
}

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unanswered {
    /// The program can't be run.
    Run(io::Error),
    /// It took longer than this.
    Late(Duration),
    /// It printed more bytes than this.
    Long(usize),
    /// It failed.
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The last line of its stderr.
        said: String,
    },
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => write!(f, "can't be run: {error}"),
            Self::Late(time) => write!(f, "didn't end within {} s", time.as_secs_f64()),
            Self::Long(bytes) if *bytes >= 1 << 20 => write!(f, "printed more than {} MiB", bytes >> 20),
            Self::Long(bytes) => write!(f, "printed more than {bytes} bytes"),
            Self::Failed { status, said } if said.is_empty() => write!(f, "ended with {status}"),
            Self::Failed { status, said } => write!(f, "ended with {status}: {said}"),
        }
    }
}

impl std::error::Error for Unanswered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Run(error) => Some(error),
            _ => None,
        }
    }
}

/// Which of the two streams.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Runs a program without a stdin and collects what it prints. Streams that the caller has not chosen are piped; its process
/// group is ended before this returns.
///
/// # Errors
/// It can't be run, or it went beyond its limits. That it failed is no error: [`Answer::status`] and [`Answer::stdout`] tell.
pub fn ask(command: &mut Command, limits: Limits) -> Result<Answer, Unanswered> {
    let deadline = Instant::now() + limits.time;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command).map_err(Unanswered::Run)?;
    let (send, receive) = mpsc::sync_channel(16);
    let (stdout, stderr) = running.streams();
    if let Some(stdout) = stdout {
        pump(stdout, Stream::Out, send.clone());
    }
    if let Some(stderr) = stderr {
        pump(stderr, Stream::Err, send.clone());
    }
    drop(send);

    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut last = deadline;
    loop {
        let now = Instant::now();
        if now >= last {
            break;
        }
        match receive.recv_timeout(PAUSE.min(last - now)) {
            Ok((Stream::Out, mut bytes)) => out.append(&mut bytes),
            Ok((Stream::Err, mut bytes)) => err.append(&mut bytes),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if last == deadline && running.status().map_err(Unanswered::Run)?.is_some() {
                    running.end();
                    last = deadline.min(now + GRACE);
                }
            }
        }
        if out.len() + err.len() > limits.bytes {
            return Err(Unanswered::Long(limits.bytes));
        }
    }
    let status = running.wait(deadline, || false).map_err(Unanswered::Run)?;
    let Some(status) = status else { return Err(Unanswered::Late(limits.time)) };
    Ok(Answer { status, stdout: out, stderr: err })
}

/// Passes a stream on from a thread of its own, which ends with the stream or with its listener.
fn pump(mut from: impl Read + Send + 'static, stream: Stream, to: SyncSender<(Stream, Vec<u8>)>) {
    thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    if to.send((stream, buffer[..count].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
}

//! One child process a cell: clean environment, own folder, own process group, a clock. Says how it ended;
//! what that means is [`judge`](crate::judge)'s to say. The runner never imports an extension itself.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use interbind_ask::Running;
use serde_json::json;

use crate::axes::Mutation;
use crate::case::Case;
use crate::cell::CellId;
use crate::error::{Error, Result};
use crate::events::Log;
use crate::forge::{Extension, package};
use crate::host::Python;
use crate::house::{self, House};
use crate::zoo::ZooSource;

/// How long a cell may take.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How much a child's output may be before the rest is cut.
const OUTPUT: u64 = 64 * 1024;
/// Address space of a child: plenty for any case, little for a runaway.
const ADDRESS_SPACE: u64 = 16 << 30;

/// How much a child may write into one of its files before it is ended. It limits itself to less; this is for one that
/// doesn't come so far.
const FLOOD: u64 = 128 << 20;
/// How many looks at a running child go by between two looks at its files.
const LOOKS: u32 = 32;

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal, or this status.
    Signal(String),
    /// By the clock.
    Clock,
    /// By us, because this file grew without end.
    Flood(String),
}

/// Everything known of a finished child.
#[derive(Clone, Debug)]
pub struct Observation {
    /// How it ended.
    pub ended: Ended,
    /// What it said.
    pub log: Log,
    /// Its stdout, the beginning.
    pub stdout: String,
    /// Its stderr, the beginning.
    pub stderr: String,
    /// Whether processes of its group were still there.
    pub left_behind: bool,
    /// How long it took.
    pub took: Duration,
    /// Its folder.
    pub folder: PathBuf,
}

/// What a launch needs.
#[derive(Clone, Copy)]
pub struct Launch<'a> {
    /// Where things are.
    pub house: &'a House,
    /// The cell.
    pub id: &'a CellId,
    /// Its case.
    pub case: &'a Case,
    /// Its interpreter.
    pub python: &'a Python,
    /// The zoo.
    pub zoo: &'a ZooSource,
    /// The provider's extension.
    pub provider: &'a Extension,
    /// The consumer's extension.
    pub consumer: &'a Extension,
    /// How long it may take.
    pub patience: Duration,
    /// Where the child's own modules are kept compiled.
    pub compiled: &'a Path,
}

impl Launch<'_> {
    /// The cell's folder.
    pub fn folder(&self) -> PathBuf {
        self.house.work.join("cells").join(self.id.folder())
    }

    /// Names everything that the cell's verdict depends on; `also` is what its judge knows besides.
    pub fn key(&self, also: &str) -> Result<String> {
        let body = house::read(&self.case.body)?;
        let sides = [self.provider, self.consumer].map(|side| side.sha256.as_str());
        let all = format!(
            "{}\0{body}\0{sides:?}\0{:?}\0{}\0{:?}\0{:?}\0{also}",
            self.describe()?,
            self.python,
            self.compiled.display(),
            self.case.stderr,
            self.patience,
        );
        Ok(house::sha256(all.as_bytes()))
    }

    /// Runs the cell and waits for its end.
    pub fn run(&self) -> Result<Observation> {
        let folder = self.folder();
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        }
        let temporary = folder.join("tmp");
        fs::create_dir_all(&temporary).map_err(|e| Error::io(&temporary, e))?;
        let description = folder.join("cell.json");
        let text = serde_json::to_string_pretty(&self.describe()?).unwrap_or_default();
        fs::write(&description, text).map_err(|e| Error::io(&description, e))?;
        let events = folder.join("events.jsonl");

        let arguments = self.arguments(&description);
        let environment = self.environment(&events, &temporary);
        self.write_repro(&folder, &arguments, &environment)?;
        let open = |name: &str| {
            let path = folder.join(name);
            File::create(&path).map_err(|e| Error::io(&path, e))
        };
        let mut command = Command::new(&self.python.executable);
        command.args(&arguments).env_clear().envs(environment).current_dir(&temporary);
        command.stdin(Stdio::null()).stdout(open("stdout")?).stderr(open("stderr")?);

        let start = Instant::now();
        let mut child = Running::start(&mut command).map_err(|e| Error::io(&self.python.executable, e))?;
        let mut looks = 0;
        let mut flood = None;
        let status = child.wait(start + self.patience, || {
            looks += 1;
            if looks % LOOKS == 0 {
                flood = flooded(&folder);
            }
            flood.is_some()
        });
        let status = status.map_err(|e| Error::io(&folder, e))?;
        let took = start.elapsed();
        let left_behind = status.is_some() && child.left_behind();
        if status.is_none() {
            child.end();
        }
        let ended = match (status, flood) {
            (Some(status), _) => ended(status),
            (None, Some(file)) => Ended::Flood(file),
            (None, None) => Ended::Clock,
        };
        let log = Log::read(&first(&events, FLOOD));
        Ok(Observation {
            ended,
            log,
            stdout: beginning(&folder.join("stdout")),
            stderr: beginning(&folder.join("stderr")),
            left_behind,
            took,
            folder,
        })
    }

    /// The types the body runs for: under a mutation only those that it changes.
    fn types(&self) -> Vec<String> {
        let mutation = self.id.mutation;
        let changed = |id: &&String| mutation == Mutation::Same || self.zoo.changes(id, mutation);
        self.case.types.iter().filter(changed).cloned().collect()
    }

    fn describe(&self) -> Result<serde_json::Value> {
        let side = |extension: &Extension| json!({ "module": extension.module, "file": extension.file });
        Ok(json!({
            "cell": self.id.to_string(),
            "body": self.case.body,
            "order": self.id.order.as_str(),
            "mode": self.id.mode.as_str(),
            "mutation": self.id.mutation.as_str(),
            "builds": { "provider": self.id.provider, "consumer": self.id.consumer },
            "provider": side(self.provider),
            "consumer": side(self.consumer),
            "types": self.types(),
            "zoo": {
                "provider": self.zoo.mutated(Mutation::Same)?.for_child(&self.case.types),
                "consumer": self.zoo.mutated(self.id.mutation)?.for_child(&self.case.types),
            },
            "address_space": ADDRESS_SPACE,
            // Its own clock, for a child whose launcher was killed.
            "alarm": 2 * self.patience.as_secs() + 10,
        }))
    }

    fn arguments(&self, description: &Path) -> Vec<String> {
        let script = self.house.data.join("child").join("run_cell.py");
        // Not `-I`: it would ignore PYTHONHASHSEED. The environment is empty anyway, and the child takes its
        // own folder off the path.
        let mut all: Vec<String> = ["-s", "-S", "-B", "-X", "faulthandler"].map(String::from).to_vec();
        all.push(script.display().to_string());
        all.push(description.display().to_string());
        all
    }

    fn environment(&self, events: &Path, temporary: &Path) -> Vec<(String, String)> {
        let mut all = vec![
            ("INTERBIND_EVENTS".to_owned(), events.display().to_string()),
            ("INTERBIND_COMPILED".to_owned(), self.compiled.display().to_string()),
            ("PYTHONHASHSEED".to_owned(), "0".to_owned()),
            ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ("TMPDIR".to_owned(), temporary.display().to_string()),
            ("HOME".to_owned(), temporary.display().to_string()),
            ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
        ];
        // What an extension without an implementation asks stands beside it.
        let beside =
            [self.provider, self.consumer].into_iter().filter_map(|extension| extension.file.parent());
        let beside = beside.filter(|folder| package::IMPORTED.iter().any(|name| folder.join(name).is_dir()));
        let path = std::env::join_paths(beside).map(|path| path.to_string_lossy().into_owned());
        all.extend(path.ok().filter(|path| !path.is_empty()).map(|path| ("PYTHONPATH".to_owned(), path)));
        // Windows finds no DLL and no entropy without it.
        all.extend(std::env::var("SYSTEMROOT").ok().map(|root| ("SYSTEMROOT".to_owned(), root)));
        all
    }

    fn write_repro(
        &self,
        folder: &Path,
        arguments: &[String],
        environment: &[(String, String)],
    ) -> Result<()> {
        let mut text = String::from("#!/bin/sh\n# Runs this cell again, by itself.\nexec env -i");
        for (name, value) in environment {
            text.push_str(&format!(" {name}={}", quote(value)));
        }
        text.push_str(&format!(" {}", quote(&self.python.executable.display().to_string())));
        for argument in arguments {
            text.push_str(&format!(" {}", quote(argument)));
        }
        text.push('\n');
        let path = folder.join("repro.sh");
        fs::write(&path, text).map_err(|e| Error::io(&path, e))
    }
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The file that a child has written more into than any cell has to say.
fn flooded(folder: &Path) -> Option<String> {
    let is_flood = |name: &&str| fs::metadata(folder.join(name)).is_ok_and(|file| file.len() > FLOOD);
    ["stdout", "stderr", "events.jsonl"].into_iter().find(is_flood).map(str::to_owned)
}

fn beginning(path: &Path) -> String {
    String::from_utf8_lossy(&first(path, OUTPUT)).into_owned()
}

fn first(path: &Path, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // A file that can't be read to its end is shown as far as it goes.
        _ = file.take(most).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(unix)]
fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, Some(signal)) => Ended::Signal(
            nix::sys::signal::Signal::try_from(signal)
                .map_or_else(|_| format!("signal {signal}"), |signal| signal.as_str().to_owned()),
        ),
        (None, None) => Ended::Signal("unknown".to_owned()),
    }
}

#[cfg(not(unix))]
fn ended(status: ExitStatus) -> Ended {
    match status.code() {
        // NTSTATUS of severity "error": the process didn't choose it.
        Some(code) if code as u32 >= 0xC000_0000 => Ended::Signal(format!("{:#010X}", code as u32)),
        Some(code) => Ended::Code(code),
        None => Ended::Signal("unknown".to_owned()),
    }
}

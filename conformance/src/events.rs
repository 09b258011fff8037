//! The child's event log: JSON lines, appended one write each. Reads any bytes; what doesn't parse is told,
//! never guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One event.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "t", rename_all = "kebab-case")]
pub enum Event {
    /// The child has started.
    Begin {},
    /// A phase begins.
    Phase {
        /// `load`, `act`, `unload`.
        phase: String,
    },
    /// A step is about to be taken.
    Step {
        /// `provider.make`.
        step: String,
    },
    /// The body starts for a type.
    Type {
        /// The type; `None` for a case without.
        r#type: Option<String>,
    },
    /// Live counts of both sides.
    Live {
        /// `start`, `end`.
        when: String,
        /// Side → name → count.
        counts: BTreeMap<String, BTreeMap<String, i64>>,
    },
    /// A check of the body.
    Check {
        /// Whether it held.
        ok: bool,
        /// What was checked.
        what: String,
        /// What came.
        got: String,
        /// What should have come.
        want: String,
        /// The fields whose bytes differ.
        fields: Vec<String>,
    },
    /// An exception that carries a reason.
    Refused {
        /// The slug.
        reason: String,
        /// The exception's type.
        kind: String,
        /// Its text.
        message: String,
        /// Whether foreign memory had been read.
        touched: bool,
    },
    /// A block that had to be refused was not.
    NotRefused {},
    /// An exception without a reason.
    Raised {
        /// The exception's type.
        kind: String,
        /// Its text.
        message: String,
        /// The traceback.
        trace: String,
    },
    /// Something needed isn't there.
    Unsupported {
        /// What.
        what: String,
    },
    /// The body itself is wrong.
    Bug {
        /// The exception's type.
        kind: String,
        /// Its text.
        message: String,
        /// The traceback.
        trace: String,
    },
    /// A foreign payload was read.
    Touch {},
    /// The next call panics on purpose.
    Panic {},
    /// A second interpreter was made.
    Second {},
    /// Everything was done.
    Done {},
}

#[derive(Deserialize)]
struct Line {
    pid: u32,
    #[serde(flatten)]
    event: Event,
}

/// A log as read.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The events in order.
    pub events: Vec<Event>,
    /// Processes that wrote.
    pub writers: Vec<u32>,
    /// Lines that don't parse, with whether the last one only lacks its end.
    pub torn: Vec<String>,
    /// Whether the only torn line is an unfinished last one: that of a process that died while writing.
    pub torn_at_the_end_only: bool,
}

impl Log {
    /// Reads a log.
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut log = Self::default();
        let finished = text.is_empty() || text.ends_with('\n');
        for line in text.lines() {
            match serde_json::from_str::<Line>(line) {
                Ok(Line { pid, event }) => {
                    if !log.writers.contains(&pid) {
                        log.writers.push(pid);
                    }
                    log.events.push(event);
                }
                Err(_) => log.torn.push(line.to_owned()),
            }
        }
        let last = text.lines().next_back();
        log.torn_at_the_end_only =
            !finished && log.torn.len() == 1 && last == log.torn.first().map(String::as_str);
        log
    }

    /// The last phase begun.
    pub fn phase(&self) -> Option<&str> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Phase { phase } => Some(phase.as_str()),
            _ => None,
        })
    }

    /// The last step begun.
    pub fn step(&self) -> Option<&str> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Step { step } => Some(step.as_str()),
            _ => None,
        })
    }

    /// Whether the child got to its end.
    pub fn is_done(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Done {}))
    }

    /// Whether a panic was announced.
    pub fn panics(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Panic {}))
    }
}

//! What a reader inside the interpreter tells: a line of JSON for each event. A line that is cut off, because the process ended while it wrote,
//! is left out.

use serde::Deserialize;

use super::report::{LiveKey, LiveModule, LivePython, Published, Registry, Twin};

/// An extension that was loaded.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Load {
    pub(super) module: String,
    pub(super) file: String,
    /// Whether the GIL was off before and on behind it.
    pub(super) gil_enabled: bool,
}

/// An error or a warning.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RaisedEvent {
    #[serde(rename = "where")]
    pub(super) place: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) text: String,
    #[serde(default)]
    pub(super) module: Option<String>,
    #[serde(default)]
    pub(super) file: Option<String>,
}

/// What stands in the interpreter in the end.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct State {
    pub(super) keys: Vec<LiveKey>,
    pub(super) modules: Vec<LiveModule>,
    pub(super) mapped: Vec<String>,
    pub(super) registries: Vec<Registry>,
    pub(super) twins: Vec<Twin>,
    pub(super) interpreters: Option<Vec<i64>>,
    pub(super) gil: Option<bool>,
    pub(super) published: Option<Vec<Published>>,
    pub(super) unreadable: Vec<String>,
    pub(super) swig: Vec<String>,
    pub(super) python: LivePython,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    Started {},
    Loaded(Load),
    Raised(RaisedEvent),
    Exit { code: Option<i64> },
    Ran {},
    Failed { text: String },
    End(Box<State>),
}

/// All that was told.
#[derive(Clone, Debug, Default)]
pub struct Events {
    pub(super) loads: Vec<Load>,
    pub(super) raised: Vec<RaisedEvent>,
    /// The code the program gave to `sys.exit`.
    pub(super) exit: Option<Option<i64>>,
    pub(super) ran: bool,
    /// Why the end couldn't be read.
    pub(super) failed: Option<String>,
    pub(super) end: Option<State>,
}

impl Events {
    /// Reads all lines.
    pub fn read(told: &[u8]) -> Self {
        let mut events = Self::default();
        for line in told.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Event::Started {}) => {}
                Ok(Event::Loaded(load)) => events.loads.push(load),
                Ok(Event::Raised(raised)) => events.raised.push(raised),
                Ok(Event::Exit { code }) => events.exit = Some(code),
                Ok(Event::Ran {}) => events.ran = true,
                Ok(Event::Failed { text }) => events.failed = Some(text),
                Ok(Event::End(state)) => events.end = Some(*state),
                Err(error) => {
                    events.failed.get_or_insert_with(|| format!("a line isn't understood: {error}"));
                }
            }
        }
        events
    }
}

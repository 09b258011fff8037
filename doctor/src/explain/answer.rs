//! Puts the answer together: our own errors, known messages, ids; or what would help.

use std::sync::LazyLock;

use interbind_abi::reason::Reason;
use regex::Regex;

use super::meaning::{Explanation, Given, Meaning, Step, Unknown};
use super::text::Text;
use super::{id, ours, refine, rules, search};

/// How many messages of one text are told.
const MOST: usize = 50;
/// From here on a message is telling enough that lines needn't be joined in search of another.
const TELLING: u32 = 50;

/// How much of the text round a message is read for what it tells of it.
const ROUND: usize = 16 << 10;

/// A line that looks like an error.
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^.{0,200}?\b(?:\w+(?:Error|Exception|Warning)|error|fatal)\b: .*$")
        .expect("a checked pattern")
});

/// Says what a text means: an id, a key, an error message, a whole log.
///
/// ```
/// use interbind_doctor::explain::explain;
/// let said = explain("ImportError: generic_type: type \"Matrix\" is already registered!");
/// assert_eq!(said.meanings[0].rule, "pybind11-already-registered");
/// assert_eq!(said.meanings[0].names["type"], "Matrix");
/// ```
pub fn explain(text: &str) -> Explanation {
    explain_bytes(text.as_bytes())
}

/// Says what a text means that may be of any bytes: a file, a pipe.
pub fn explain_bytes(bytes: &[u8]) -> Explanation {
    let mut text = Text::new(bytes);
    let (mut found, mut wrapped) = (messages(&text, false), false);
    if let Some(whole) = Text::unwrapped(bytes) {
        let joined = messages(&whole, false);
        // A terminal broke the lines, so what stands in whole ones is what was printed.
        if most_telling(&joined) >= most_telling(&found) && !joined.is_empty() {
            (text, found, wrapped) = (whole, joined, true);
        }
    }
    if most_telling(&found) < TELLING {
        let glued = text.glued();
        let joined = messages(&glued, true);
        if most_telling(&joined) >= TELLING {
            (found, wrapped) = (joined, true);
        }
    }
    let mut meanings: Vec<Meaning> =
        ours::ours(&text).into_iter().chain(found.into_iter().map(|(meaning, _)| meaning)).collect();
    meanings.truncate(MOST);
    let mut ids = id::all(&text);
    let word = text.clean.trim();
    if meanings.is_empty() && ids.is_empty() {
        let bare = word.trim_matches(['`', '\'', '"', '(', ')', '[', ']', '.', ':']);
        meanings.extend(bare.parse::<Reason>().ok().map(ours::of));
        meanings.extend(rules::of(bare));
        ids.extend(id::of_file(word));
    }
    let known = !(meanings.is_empty() && ids.is_empty());
    Explanation {
        schema: Explanation::SCHEMA.to_owned(),
        given: Given { bytes: text.bytes, lines: lines(&text), cut: text.cut, lossy: text.lossy, wrapped },
        unknown: (!known).then(|| unknown(&text)),
        meanings,
        ids,
    }
}

/// The highest rank among messages.
fn most_telling(found: &[(Meaning, u32)]) -> u32 {
    found.iter().map(|(_, rank)| *rank).max().unwrap_or(0)
}

/// The known messages, each with how telling it is.
fn messages(text: &Text, glued: bool) -> Vec<(Meaning, u32)> {
    let mut all = Vec::new();
    for (mut meaning, rank, place) in search::search(text, glued) {
        let (start, before) = text.window(place.start, ROUND, 0);
        let (_, behind) = text.window(place.start, 0, ROUND);
        refine::refine(&mut meaning, &before[..place.start - start], behind);
        all.push((meaning, rank));
    }
    all
}

fn lines(text: &Text) -> u64 {
    // The text's last line is empty where it ends with a newline.
    text.lines().saturating_sub(u64::from(text.clean.ends_with("\n\n")))
}

fn unknown(text: &Text) -> Unknown {
    let error = ERROR.find_iter(&text.clean).last().map(|line| search::shown(line.as_str()));
    let step =
        |say: &str, command: Option<&str>| Step { say: say.to_owned(), command: command.map(str::to_owned) };
    let mut helps = Vec::new();
    if text.clean.trim().is_empty() {
        helps.push(step("There is nothing to read: give the whole message, or `-` and a pipe", None));
    } else if error.is_none() {
        helps.push(step(
            "No line looks like an error: give the whole output from `Traceback` to its last line",
            None,
        ));
    }
    helps.push(step(
        "Run it again and read the interpreter afterwards",
        Some("interbind doctor --live script.py"),
    ));
    helps.push(step("Look at the modules that are involved", Some("interbind check A B")));
    Unknown { error, helps }
}

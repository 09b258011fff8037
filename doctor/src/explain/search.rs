//! Which known messages stand in a text: one pass finds their literal pieces, and round each piece the entry's patterns are
//! tried on a bounded window, so that no text takes longer than its length allows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regex::Captures;

use super::meaning::{Meaning, Step};
use super::table::{Entry, Pattern, TABLE};
use super::text::Text;
use super::windows;

/// How much is looked at before and behind a piece.
const BEFORE: usize = 900;
const BEHIND: usize = 2000;
/// How many pieces are looked at for one entry: a log can hold the same message a million times.
const TRIES: usize = 2000;
/// How many events of one entry are told apart.
const MOST: usize = 64;
/// How much of a message is shown.
const SHOWN: usize = 300;

/// A message in a text.
#[derive(Debug)]
struct Found {
    entry: &'static Entry,
    /// Where in the cleaned text.
    place: Range<usize>,
    names: BTreeMap<String, String>,
}

/// Finds the known messages and says them, with their ranks and places: the most telling first.
pub(super) fn search(text: &Text, glued: bool) -> Vec<(Meaning, u32, Range<usize>)> {
    in_words(text, events(find(text, glued)))
}

/// Finds the known messages; of two for one piece of text the one with the higher rank.
fn find(text: &Text, glued: bool) -> Vec<Found> {
    let mut tried = vec![0usize; TABLE.entries.len()];
    let mut until = vec![0usize; TABLE.entries.len()];
    let mut found = Vec::new();
    let mut look = |piece: usize, place: usize| {
        let owner = TABLE.owners[piece];
        if tried[owner] == TRIES || place < until[owner] {
            return;
        }
        tried[owner] += 1;
        if let Some(message) = at(&TABLE.entries[owner], text, place, glued) {
            until[owner] = message.place.end;
            found.push(message);
        }
    };
    if glued {
        // Which spaces are lost can't be known, so none is asked for.
        let (dense, places): (Vec<u8>, Vec<usize>) = text
            .clean
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte != b' ')
            .map(|(at, byte)| (byte, at))
            .unzip();
        TABLE
            .dense
            .find_overlapping_iter(&dense)
            .for_each(|hit| look(hit.pattern().as_usize(), places[hit.start()]));
    } else {
        // The pieces have spaces where the text may have line ends; both are one byte.
        let flat = text.clean.replace('\n', " ");
        TABLE.pieces.find_overlapping_iter(&flat).for_each(|hit| look(hit.pattern().as_usize(), hit.start()));
    }
    without_lower_ranks(found)
}

/// Tries an entry's patterns round a piece.
fn at(entry: &'static Entry, text: &Text, piece: usize, glued: bool) -> Option<Found> {
    let (start, window) = text.window(piece, BEFORE, BEHIND);
    let patterns = if glued { &entry.glued } else { &entry.patterns };
    for pattern in patterns.iter().map(Pattern::regex) {
        for groups in pattern.captures_iter(window) {
            let place = groups.get(0)?.range();
            // The window may hold a neighbour of the same kind.
            let covers = (start + place.start..start + place.end).contains(&piece);
            if covers && entry.fits(|name| groups.name(name).map(|group| tidy(group.as_str()))) {
                let names = names(pattern.capture_names().flatten(), &groups);
                return Some(Found { entry, place: start + place.start..start + place.end, names });
            }
        }
    }
    None
}

fn names<'a>(known: impl Iterator<Item = &'a str>, groups: &Captures<'_>) -> BTreeMap<String, String> {
    let value = |name: &str| Some(tidy(groups.name(name)?.as_str()));
    let told = |text: String| windows::in_english(&text).map_or(text, str::to_owned);
    let named = known.filter_map(|name| Some((name.to_owned(), told(value(name)?))));
    named.filter(|(name, value)| name != "file" || is_file(value)).collect()
}

/// A message without a file begins with the exception's name: `ImportError: undefined symbol: f`.
fn is_file(name: &str) -> bool {
    name.contains(['/', '\\', '.']) || !(name.ends_with("Error") || name.ends_with("Exception"))
}

/// Takes line ends out of a name, and the marks round it.
fn tidy(name: &str) -> String {
    name.replace('\n', " ").trim().to_owned()
}

fn without_lower_ranks(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|message| std::cmp::Reverse(message.entry.message.rank));
    let mut kept: Vec<Found> = Vec::new();
    // Places that are taken, by their starts; they don't overlap.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for message in found {
        let Range { start, end } = message.place;
        let overlaps = taken.range(..end).next_back().is_some_and(|(_, &other)| other > start);
        if !overlaps {
            taken.insert(start, end);
            kept.push(message);
        }
    }
    kept.sort_by_key(|message| (std::cmp::Reverse(message.entry.message.rank), message.place.start));
    kept
}

/// Messages of one event: the same entry, and names that don't contradict each other.
#[derive(Debug)]
struct Event {
    entry: &'static Entry,
    /// The first place.
    place: Range<usize>,
    names: BTreeMap<String, String>,
    /// The values of the name that is gathered, each once.
    gathered: Vec<String>,
    times: u64,
}

impl Event {
    /// Takes a message in, if it is of this event.
    fn takes(&mut self, found: &Found) -> bool {
        let gather = self.entry.message.gather.as_deref();
        let fits = |(name, value): (&String, &String)| {
            let varies = Some(name.as_str()) == gather || self.entry.message.vary.contains(name);
            varies || found.names.get(name).is_none_or(|other| other == value)
        };
        if !self.names.iter().all(fits) {
            return false;
        }
        if let Some(value) = gather.and_then(|gather| found.names.get(gather))
            && !self.gathered.contains(value)
            && self.gathered.len() < TRIES
        {
            self.gathered.push(value.clone());
        }
        for (name, value) in &found.names {
            self.names.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self.times += 1;
        true
    }
}

/// Puts the messages of one event together, and leaves out what another says better.
fn events(found: Vec<Found>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut of_entry: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for found in found {
        let known = of_entry.entry(found.entry.message.id.as_str()).or_default();
        if known.iter().any(|&at| events[at].takes(&found)) {
            continue;
        }
        if known.len() < MOST {
            known.push(events.len());
            let Found { entry, place, names } = found;
            let gather = entry.message.gather.as_ref();
            let gathered = gather.and_then(|gather| names.get(gather)).cloned().into_iter().collect();
            events.push(Event { entry, place, names, gathered, times: 1 });
        }
    }
    let covered: BTreeSet<&str> =
        events.iter().flat_map(|event| event.entry.message.covers.iter().map(String::as_str)).collect();
    events.retain(|event| !covered.contains(event.entry.message.id.as_str()));
    let inner: Vec<usize> =
        events.iter().filter(|event| !event.entry.message.outer).map(|event| event.place.start).collect();
    events.retain(|event| {
        let near = |place: &usize| place.abs_diff(event.place.start) <= BEHIND;
        !(event.entry.message.outer && inner.iter().any(near))
    });
    events
}

/// Writes events in words.
fn in_words(text: &Text, events: Vec<Event>) -> Vec<(Meaning, u32, Range<usize>)> {
    let mut all: Vec<(Meaning, u32, Range<usize>)> = Vec::new();
    for Event { entry, place, names, gathered, times } in events {
        let message = &entry.message;
        let say = |words: &String| fill(words, &names);
        let step = |step: &Step| Step { say: say(&step.say), command: step.command.as_ref().map(say) };
        let meaning = Meaning {
            rule: message.id.clone(),
            framework: message.framework,
            title: say(&message.title),
            text: shown(&text.clean[place.clone()]),
            line: text.line_of(place.start),
            times,
            means: say(&message.means),
            seen: message.gather.iter().filter_map(|name| several(name, &gathered)).collect(),

            here: Vec::new(),
            causes: message.causes.iter().map(say).collect(),
            next: message.next.iter().map(step).collect(),
            sources: message.sources.clone(),
            names,
        };
        all.push((meaning, message.rank, place));
    }
    all
}

/// The values of one name, where there are several.
fn several(name: &str, values: &[String]) -> Option<String> {
    const SHOWN: usize = 5;
    if values.len() < 2 {
        return None;
    }
    let first: Vec<String> = values.iter().take(SHOWN).map(|value| format!("`{value}`")).collect();
    let more = values.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{} names as {name}: {}{more}", values.len(), first.join(", ")))
}

/// Puts names into words: `{name}`, or `{name|words}` where there may be none. What stands for a name is no code: it loses the backticks
/// right around it.
fn fill(words: &str, names: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((inside, mut after)) = behind.split_once('}') else { break };
        filled.push_str(before);
        let (name, otherwise) = inside.split_once('|').unwrap_or((inside, "…"));
        match names.get(name).filter(|name| !name.is_empty()) {
            // A sentence that is a name ends once.
            Some(name) if after.starts_with('.') => filled.push_str(name.trim_end_matches('.')),
            Some(name) => filled.push_str(name),
            None => {
                if let (true, Some(unquoted)) = (before.ends_with('`'), after.strip_prefix('`')) {
                    filled.pop();
                    after = unquoted;
                }
                filled.push_str(otherwise);
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// One line of it, not too long.
pub(super) fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_the_words_and_what_is_missing_has_its_own() {
        let names = BTreeMap::from([("type".to_owned(), "Foo".to_owned())]);
        assert_eq!(fill("`{type}` of {module|a module} {x", &names), "`Foo` of a module {x");
        assert_eq!(fill("`{type}` of `{module|a module}`, `{x", &names), "`Foo` of a module, `{x");
        let names = BTreeMap::from([("message".to_owned(), "It failed.".to_owned())]);
        assert_eq!(fill("Rust said: {message}. Then", &names), "Rust said: It failed. Then");
    }

    #[test]
    fn the_same_message_a_million_times_is_one_meaning() {
        let text = Text::new(
            "ImportError: generic_type: type \"A\" is already registered!\n".repeat(10_000).as_bytes(),
        );
        let meanings = search(&text, false);
        assert_eq!(meanings.len(), 1);
        assert_eq!(meanings[0].0.times, TRIES as u64);
    }
}

//! Messages as people have them in public threads of many projects, with their noise: each is taken for what it is, in any wrapping. Names
//! that don't matter are made up or shortened. `threads.toml` has them.

use interbind_doctor::explain::{Meaning, explain};
use serde::Deserialize;

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thread {
    /// What it is taken for.
    rule: String,
    /// What must be said of it.
    says: Vec<String>,
    text: String,
}

fn threads() -> Vec<Thread> {
    #[derive(Deserialize)]
    struct File {
        thread: Vec<Thread>,
    }
    let file: File = toml::from_str(include_str!("threads.toml")).expect("the file beside this one");
    file.thread
}

/// All that is said of a meaning.
fn words(meaning: &Meaning) -> String {
    let steps = meaning.next.iter().flat_map(|step| [Some(step.say.clone()), step.command.clone()]).flatten();
    let all = [meaning.title.clone(), meaning.means.clone()].into_iter().chain(meaning.seen.clone());
    all.chain(meaning.causes.clone()).chain(steps).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_thread_has_its_answer_in_one_block() {
    let mut wrong = Vec::new();
    let threads = threads();
    for Thread { rule, says, text } in &threads {
        let answer = explain(text);
        let found: Vec<&str> = answer.meanings.iter().map(|meaning| meaning.rule.as_str()).collect();
        if found != [rule.as_str()] {
            wrong.push(format!("{text}\n  is {found:?}, not {rule}"));
            continue;
        }
        let words = words(&answer.meanings[0]);
        for piece in says.iter().filter(|piece| !words.contains(piece.as_str())) {
            wrong.push(format!("{text}\n  doesn't say `{piece}`:\n{words}"));
        }
        if words.contains("{") && words.contains("|the") {
            wrong.push(format!("{text}\n  has words that weren't filled in:\n{words}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), threads.len(), wrong.join("\n\n"));
}

/// How another program passes a text on, with its name.
type Noise = (&'static str, fn(&str) -> String);

/// A text as other programs pass it on.
fn noises() -> Vec<Noise> {
    fn each(text: &str, line: impl Fn(&str) -> String) -> String {
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }
    fn broken(text: &str, width: usize) -> String {
        let lines = text.lines().flat_map(|line| {
            let letters: Vec<char> = line.chars().collect();
            letters.chunks(width).map(|piece| piece.iter().collect::<String>()).collect::<Vec<_>>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
    fn json(text: &str) -> String {
        format!("{{\"level\":\"error\",\"msg\":{}}}", serde_json::to_string(text).expect("a text"))
    }
    vec![
        ("a log's prefix", |text| each(text, |line| format!("2026-01-02 03:04:05,678 ERROR: {line}"))),
        ("a container's prefix", |text| each(text, |line| format!("worker-1  | {line}"))),
        ("GitHub's prefix", |text| each(text, |line| format!("2026-01-02T03:04:05.6789012Z {line}"))),
        ("pytest's margin", |text| each(text, |line| format!("E       {line}"))),
        ("a quote", |text| each(text, |line| format!("> {line}"))),
        ("Windows' line ends", |text| text.replace('\n', "\r\n")),
        ("HTML", |text| {
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#x27;")
        }),
        ("JSON", json),
        ("JSON in JSON", |text| json(&json(text))),
        ("a repr", |text| format!("['{}\\n']", text.replace('\\', "\\\\").replace('\n', "\\n"))),
        ("a chain", |text| {
            format!(
                "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\n{text}\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in <module>\nRuntimeError: it failed"
            )
        }),
        ("lines of 60", |text| broken(text, 60)),
        ("lines of 80", |text| broken(text, 80)),
        ("lines of 100", |text| broken(text, 100)),
    ]
}

#[test]
fn noise_doesnt_change_what_a_thread_says() {
    let mut wrong = Vec::new();
    for (name, noise) in noises() {
        for Thread { rule, text, .. } in threads() {
            let noisy = noise(&text);
            let answer = explain(&noisy);
            if !answer.meanings.iter().any(|meaning| meaning.rule == rule) {
                let found: Vec<&str> = answer.meanings.iter().map(|meaning| meaning.rule.as_str()).collect();
                wrong.push(format!("{name}: {rule} is {found:?}: {noisy}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n\n"));
}

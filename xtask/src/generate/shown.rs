//! Code that pages and the crate's documentation show: parts of crates that tests build and call.
//!
//! Right above a block a comment names where it is from, `<!-- examples/frame/src/lib.rs:publish -->`: a file, and a part of it
//! between `ANCHOR: publish` and `ANCHOR_END: publish`. GitHub, docs.rs and the book show no comment, and the block's text is
//! in the page itself.

use std::collections::BTreeMap;
use std::fs;

use super::Generated;
use crate::book::{anchored, cut, pages, read};
use crate::house::{Source, sources};
use crate::repository;

/// Crates and modules that tests build and whose functions they call: `functions.rs`, `casters.rs`, `docs_shown.rs`, `examples.rs`, `services.rs`,
/// `pyo3_range.rs`, `c_clients.rs` and `c_wheel.rs`.
const RUN: &[&str] = &[
    "examples/",
    "python/src/",
    "shim/capi/src/",
    "tests/fixtures/capi/",
    "tests/fixtures/casters/",
    "tests/fixtures/foreign/",
    "tests/fixtures/extensions/range/",
    "tests/fixtures/extensions/services/",
    "tests/fixtures/snippets/",
];

/// The pages of the book, and those that people read on GitHub and in the registries, by their path from the root.
pub fn everywhere() -> BTreeMap<String, String> {
    let book = pages().into_iter().map(|(name, page)| (format!("docs/src/{name}"), page));
    let others = ["README.md", "shim/README.md", "python/README.md"];
    let others = others.map(|name| (name.to_owned(), read(&repository().join(name))));
    book.chain(others).collect()
}

/// The sources of the shim and of its macros.
pub fn shim() -> Vec<Source> {
    let ours =
        |source: &Source| ["shim/src/", "shim/derive/src/"].iter().any(|at| source.path.starts_with(at));
    sources(&[".rs"]).into_iter().filter(ours).collect()
}

/// Every page and source that shows code, with the code as it is.
///
/// # Errors
/// A block names no source, or one that no test calls or that isn't there.
pub(super) fn make() -> Result<Vec<Generated>, String> {
    let pages = everywhere().into_iter().map(|(name, text)| page(&name, &text).map(|text| (name, text)));
    let crates = shim().into_iter().map(|source| documentation(&source).map(|text| (source.path, text)));
    pages.chain(crates).map(|made| made.map(|(path, text)| Generated::text(&path, text))).collect()
}

/// The part of a source that a block shows.
fn part(place: &str, path: &str, anchor: &str) -> Result<String, String> {
    if !RUN.iter().any(|folder| path.starts_with(folder)) {
        return Err(format!("{place}: no test builds and calls {path}"));
    }
    let text =
        fs::read_to_string(repository().join(path)).map_err(|why| format!("{place}: {path}: {why}"))?;
    anchored(&text.replace("\r\n", "\n"), anchor).map_err(|why| format!("{place}: {path}: {why}"))
}

/// A page as it should be.
fn page(name: &str, text: &str) -> Result<String, String> {
    if text.contains("{{#") {
        return Err(format!("{name}: GitHub shows no includes"));
    }
    let mut written = text.to_owned();
    for block in cut(text).1.into_iter().filter(|block| ["rust", "c", "cpp"].contains(&block.word)) {
        // The prototypes of the spec, which a test compares with the records.
        if block.word == "c" && name.starts_with("docs/src/spec/") {
            continue;
        }
        let place = format!("{name}:{}", block.line);
        let Some((path, anchor)) = block.source else {
            return Err(format!(
                "{place}: say above the block where it is from, as `<!-- examples/frame/src/lib.rs:publish -->`"
            ));
        };
        let part = part(&place, path, anchor)?;
        // What follows `// …` closes what the part leaves open.
        let end = block.text.find("    // …\n").map_or("", |at| &block.text[at..]);
        let head = format!("<!-- {path}:{anchor} -->\n```{}\n", block.word);
        written = written.replace(&format!("{head}{}```", block.text), &format!("{head}{part}{end}```"));
    }
    Ok(written)
}

/// A source with its documentation as it should be.
fn documentation(source: &Source) -> Result<String, String> {
    let (mut out, mut lines) = (String::new(), source.text.lines().enumerate());
    while let Some((number, line)) = lines.next() {
        out += line;
        out.push('\n');
        let place = format!("{}:{}", source.path, number + 1);
        let Some((margin, text)) = line.split_once("/// ").filter(|(margin, _)| margin.trim().is_empty())
        else {
            continue;
        };
        if text.starts_with("```ignore") {
            return Err(format!(
                "{place}: an example says where it is from, as `<!-- examples/stats/src/lib.rs:norm -->`"
            ));
        }
        let Some(named) = text.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let (path, anchor) =
            named.rsplit_once(':').ok_or_else(|| format!("{place}: {named} names no part"))?;
        let fence = format!("{margin}/// ```");
        if lines.next().map(|(_, line)| line) != Some(&*fence) {
            return Err(format!("{place}: a block follows"));
        }
        if !lines.by_ref().any(|(_, line)| line == fence) {
            return Err(format!("{place}: the block doesn't end"));
        }
        out += &format!("{fence}\n");
        for line in part(&place, path, anchor)?.lines() {
            out += format!("{margin}/// {line}").trim_end();
            out.push('\n');
        }
        out += &format!("{fence}\n");
    }
    Ok(out)
}

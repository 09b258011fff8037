//! `interbind explain`: what a text means, its likely causes in order, and what to look at next.

use interbind_doctor::explain::{Explanation, IdMeaning, Meaning, Step};

use super::line::{Line, Role};
use super::page::Page;
use super::table::{Column, Cut, Table};
use super::words;

/// Writes an explanation.
pub fn view(page: &mut Page, explanation: &Explanation, verbose: bool) {
    for meaning in &explanation.meanings {
        page.gap();
        message(page, meaning, verbose);
    }
    for id in &explanation.ids {
        page.gap();
        show_id(page, id);
    }
    if let Some(unknown) = &explanation.unknown {
        page.gap();
        page.prose(0, 2, &Line::of(Role::Warn, "nothing in this text is known"));
        if let Some(error) = &unknown.error {
            page.prose(2, 2, &Line::of(Role::Code, error));
        }
        steps(page, "what would help", &unknown.helps);
    }
    if explanation.given.cut {
        page.gap();
        page.prose(0, 2, &Line::of(Role::Dim, "only the end of the text was read: it is very long"));
    }
}

fn message(page: &mut Page, meaning: &Meaning, verbose: bool) {
    page.prose(0, 2, &Line::of(Role::Strong, &meaning.title));
    let whose = meaning.framework.map(|kind| Line::plain(kind.name())).unwrap_or_default();
    let line = Line::of(Role::Dim, format!("line {}", meaning.line));
    let times = (meaning.times > 1).then(|| Line::of(Role::Dim, format!("{} times", meaning.times)));
    let rule = Line::of(Role::Dim, &meaning.rule);
    page.prose(0, 2, &Line::join([whose, line, times.unwrap_or_default(), rule], " · "));
    page.gap();
    page.prose(2, 2, &Line::of(Role::Code, &meaning.text));
    page.gap();
    page.prose(2, 0, &Line::plain(&meaning.means));
    for seen in &meaning.seen {
        page.prose(2, 2, &Line::of(Role::Warn, "→ ").with(Role::Plain, seen));
    }
    for here in &meaning.here {
        page.prose(2, 2, &Line::of(Role::Strong, "here: ").with(Role::Plain, here));
    }
    // What the machine shows needs no second telling.
    let proved = meaning.causes.len() == 1 && meaning.here.contains(&meaning.causes[0]);
    if !meaning.causes.is_empty() && !proved {
        page.gap();
        page.prose(2, 0, &Line::of(Role::Dim, "likely causes, the likeliest first"));
        for (i, cause) in meaning.causes.iter().enumerate() {
            page.prose(2, 3, &Line::plain(format!("{}. {cause}", i + 1)));
        }
    }
    steps(page, "what to look at next", &meaning.next);
    if verbose {
        page.gap();
        for source in &meaning.sources {
            let text = format!("written by {} {} to {}: ", source.project, source.first, source.last);
            page.prose(2, 2, &Line::of(Role::Dim, text).with(Role::Code, &source.text));
        }
    }
}

fn steps(page: &mut Page, heading: &str, steps: &[Step]) {
    if steps.is_empty() {
        return;
    }
    page.gap();
    page.prose(2, 0, &Line::of(Role::Dim, heading));
    for step in steps {
        page.prose(2, 2, &Line::plain("· ").with(Role::Plain, &step.say));
        if let Some(command) = &step.command {
            page.command(6, command);
        }
    }
}

fn show_id(page: &mut Page, id: &IdMeaning) {
    page.prose(0, 2, &Line::of(Role::Strong, &id.text));
    let whose = id.framework.map(|kind| Line::plain(kind.name())).unwrap_or_default();
    let kind = Line::plain(id.kind.replace('-', " "));
    let versions =
        id.versions.as_ref().map(|versions| Line::plain(words::releases(versions))).unwrap_or_default();
    page.prose(0, 2, &Line::join([Line::join([whose, versions], " "), kind], " · "));
    page.gap();
    page.prose(2, 0, &Line::plain(&id.means));
    if !id.parts.is_empty() {
        page.gap();
        let mut table = Table::new(vec![
            Column::new("part", Cut::Never, 0),
            Column::new("value", Cut::End, 16),
            Column::new("says", Cut::End, 20),
        ]);
        // What a part says may be longer than a column.
        let narrow = page.screen().width.is_some_and(|width| width < 100);
        for part in &id.parts {
            let value = if part.value.is_empty() {
                Line::of(Role::Dim, "–")
            } else {
                Line::of(Role::Code, &part.value)
            };
            let means = if narrow { "" } else { part.means.as_str() };
            table.row(vec![Line::plain(&part.name), value, Line::plain(means)]);
        }
        page.table(2, &table);
        if narrow {
            page.gap();
            for part in id.parts.iter().filter(|part| !part.means.is_empty()) {
                page.prose(
                    2,
                    4,
                    &Line::of(Role::Dim, format!("{}: ", part.name)).with(Role::Plain, &part.means),
                );
            }
        }
    }
    for warning in &id.warnings {
        page.gap();
        page.prose(2, 2, &Line::of(Role::Warn, format!("warning: {warning}")));
    }
}

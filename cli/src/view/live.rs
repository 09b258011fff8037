//! `interbind doctor --live`: what stood in the interpreter when the program ended, and what went wrong in it.

use interbind_doctor::finding::Level;
use interbind_doctor::live::{Live, LiveClass};

use super::findings;
use super::line::{Line, Role};
use super::page::Page;
use super::words;

/// Where the second column begins.
const COLUMN: usize = 15;

/// Writes what was read from a live interpreter.
pub fn view(page: &mut Page, live: &Live, verbose: bool) {
    page.prose(0, 2, &super::findings::verdict(&live.findings));
    page.gap();
    match &live.python {
        Some(python) => {
            let build = if python.free_threaded { " free-threaded" } else { "" };
            let text = format!("{} {}{build} · {}", python.implementation, python.version, python.platform);
            page.prose(0, 2, &Line::of(Role::Strong, text));
            page.prose(0, 2, &Line::of(Role::Dim, &python.executable));
        }
        None => page.prose(0, 2, &Line::of(Role::Warn, "the interpreter could not be read")),
    }
    let role = if live.ended.how == "finished" { Role::Good } else { Role::Warn };
    page.prose(
        0,
        2,
        &Line::plain("the program ended: ")
            .with(role, &live.ended.how)
            .with(Role::Dim, format!(" ({})", live.ended.status)),
    );
    if let Some(why) = &live.ended.why {
        page.prose(2, 2, &Line::of(Role::Dim, why));
    }
    if !live.keys.is_empty() {
        page.gap();
    }
    for key in &live.keys {
        page.prose(0, 2, &Line::of(Role::Code, &key.key).with(Role::Dim, format!(" · {}", key.place)));
        let owner = key.owner.as_ref().or(key.pointer_in.as_ref()).or(key.appeared_from.as_ref());
        if let Some(owner) = owner {
            let with = key
                .appeared_with
                .as_ref()
                .map(|name| format!(", when `{name}` was imported"))
                .unwrap_or_default();
            page.prose(2, 2, &Line::plain(format!("made by {owner}{with}")));
        }
    }
    for registry in &live.registries {
        page.gap();
        let owner = registry.owner.as_deref().unwrap_or("an unknown file");
        let head = format!("{} registry {}", registry.framework.name(), registry.number);
        let number = words::count(registry.classes.len(), "class").replace("classs", "classes");
        page.prose(0, 2, &Line::of(Role::Strong, head).with(Role::Dim, format!(" · {number} · {owner}")));
        if verbose {
            for class in &registry.classes {
                page.prose(2, 2, &Line::plain(name(class)).with(Role::Dim, place(class)));
            }
        }
    }
    for twin in &live.twins {
        page.gap();
        let head = Line::of(Role::Warn, format!("`{}` is there {} times", twin.name, twin.classes.len()));
        page.prose(0, 2, &head);
        for class in &twin.classes {
            page.prose(2, 4, &Line::plain(name(class)).with(Role::Dim, place(class)));
        }
    }
    let turned = &live.gil_turned_on_by;
    if !turned.is_empty() {
        page.gap();
        page.row(0, "GIL", COLUMN, &Line::of(Role::Warn, format!("turned on by {}", turned.join(", "))));
    }
    for raised in &live.raised {
        page.gap();
        let role = if raised.place == "uncaught" { Role::Bad } else { Role::Warn };
        let head = Line::of(role, &raised.kind)
            .with(Role::Plain, format!(": {}", raised.message))
            .with(Role::Dim, format!(" · {}", raised.place));
        page.prose(0, 2, &head);
        for meaning in &raised.meanings {
            page.prose(2, 2, &Line::of(Role::Strong, &meaning.title));
            page.prose(2, 2, &Line::plain(&meaning.means));
        }
    }
    if verbose {
        for text in &live.unreadable {
            page.gap();
            page.prose(0, 2, &Line::of(Role::Dim, format!("not read: {text}")));
        }
    }
    findings::view(page, &live.findings, verbose);
    page.gap();
    let hidden = live.findings.iter().filter(|finding| finding.level == Level::Note).count();
    if hidden > 0 && !verbose {
        page.prose(
            0,
            2,
            &Line::of(Role::Dim, format!("{}; --verbose shows them", words::count(hidden, "note"))),
        );
    }
}

fn name(class: &LiveClass) -> String {
    format!("{}.{}", class.module, class.name)
}

fn place(class: &LiveClass) -> String {
    let registry = class.registry.map(|number| format!(" · registry {number}")).unwrap_or_default();
    let file = class.file.as_ref().map(|file| format!(" · {file}")).unwrap_or_default();
    format!("{registry}{file}")
}

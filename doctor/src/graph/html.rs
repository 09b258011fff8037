//! The report as one HTML file. It asks for nothing else, works without scripts, and can be read with a keyboard or a screen reader;
//! its small script only sorts and filters. A policy in its head keeps anything else from running, should a text escape.

use std::fmt::{self, Write};

use super::svg::svg;
use super::table::{Cell, Table};
use super::text::counted;
use crate::environment::{Environment, Group, Member, Picklable};
use crate::facts::{Confidence, Framework, Gil, Inspection, Interpreters, Module};
use crate::finding::{Finding, Level};
use crate::xml::Xml;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Files that are listed with a finding; the rest is counted.
const MOST_FILES: usize = 40;

/// Writes the report on an environment as a self-contained HTML page.
pub fn html(environment: &Environment, inspection: &Inspection) -> String {
    let mut out = String::new();
    Page { environment, inspection }.write(&mut out).expect("a String takes any text");
    out
}

const UNKNOWN: &str = "not known";

struct Page<'a> {
    environment: &'a Environment,
    inspection: &'a Inspection,
}

fn level(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::Error => ("error", "Error"),
        Level::Warning => ("warning", "Warning"),
        Level::Note => ("note", "Note"),
    }
}

impl Page<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        let python = self.environment.python.as_ref();
        let python = python.map_or_else(|| "an unknown Python".to_owned(), |python| python.describe());
        writeln!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Native modules of {}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            Xml(&python)
        )?;
        self.header(out, &python)?;
        out.push_str("<main>\n");
        self.findings(out)?;
        self.sharing(out)?;
        self.modules(out)?;
        self.pickling(out)?;
        self.unread(out)?;
        writeln!(
            out,
            "</main>\n<footer><p>Made by interbind {}, which read the files and ran none of them.</p></footer>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>",
            env!("CARGO_PKG_VERSION")
        )
    }

    fn extensions(&self) -> impl Iterator<Item = (&Module, &Member)> {
        let all = self.inspection.modules.iter().zip(&self.environment.modules);
        all.filter(|(_, member)| member.extension)
    }

    fn header(&self, out: &mut String, python: &str) -> fmt::Result {
        let environment = self.environment;
        writeln!(
            out,
            "<header>\n<p class=\"brand\">interbind doctor</p>\n<h1>Native modules of {}</h1>",
            Xml(python)
        )?;
        let extensions = self.extensions().count();
        let loadable = self.extensions().filter(|(_, member)| member.obstacle.is_none()).count();
        let programs = self.inspection.modules.iter().filter(|module| module.program).count();
        let libraries = environment.modules.len() - extensions - programs;
        out.push_str("<dl class=\"counts\">\n");
        let many =
            |one: &str, many: &str, count: usize| if count == 1 { one.to_owned() } else { many.to_owned() };
        let numbers = [
            (extensions, many("extension module", "extension modules", extensions)),
            (extensions - loadable, "can't be loaded".to_owned()),
            (libraries, many("library beside", "libraries beside", libraries)),
            (environment.distributions.len(), many("package", "packages", environment.distributions.len())),
            (environment.groups.len(), many("sharing group", "sharing groups", environment.groups.len())),
        ];
        let programs = (programs, many("program", "programs", programs));
        for (count, name) in numbers.into_iter().chain((programs.0 > 0).then_some(programs)) {
            writeln!(out, "<div><dt>{name}</dt><dd>{count}</dd></div>")?;
        }
        out.push_str("</dl>\n");
        if !environment.places.is_empty() {
            out.push_str("<p class=\"soft\">Read: ");
            for (at, place) in environment.places.iter().enumerate() {
                write!(out, "{}<code>{}</code>", if at > 0 { ", " } else { "" }, Xml(place))?;
            }
            out.push_str("</p>\n");
        }
        out.push_str(
            "<nav aria-label=\"Sections\"><a href=\"#findings\">Findings</a> <a href=\"#sharing\">Who shares</a> \
             <a href=\"#modules\">Modules</a> <a href=\"#pickling\">Pickling</a> <a href=\"#unread\">Not read</a></nav>\n</header>\n",
        );
        Ok(())
    }

    fn findings(&self, out: &mut String) -> fmt::Result {
        let findings = &self.environment.findings;
        let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings, notes) = (count(Level::Error), count(Level::Warning), count(Level::Note));
        out.push_str("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
        if errors + warnings == 0 {
            out.push_str("<p>Nothing is wrong that files can show.</p>\n");
        }
        if !findings.is_empty() {
            writeln!(
                out,
                "<p>{}, {}, {}; the most harmful first.</p>",
                counted(errors, "error"),
                counted(warnings, "warning"),
                counted(notes, "note")
            )?;
        }
        let (harm, notes): (Vec<&Finding>, Vec<&Finding>) =
            findings.iter().partition(|finding| finding.level > Level::Note);
        harm.iter().try_for_each(|finding| write_finding(out, finding))?;
        // Notes are no finding by the exit code: they don't stand in the way here either.
        if !notes.is_empty() {
            let open = if harm.is_empty() { " open" } else { "" };
            writeln!(
                out,
                "<details class=\"notes\"{open}><summary>{}</summary>",
                counted(notes.len(), "note")
            )?;
            notes.iter().try_for_each(|finding| write_finding(out, finding))?;
            out.push_str("</details>\n");
        }
        out.push_str("</section>\n");
        Ok(())
    }

    fn sharing(&self, out: &mut String) -> fmt::Result {
        let environment = self.environment;
        out.push_str(
            "<section aria-labelledby=\"sharing\">\n<h2 id=\"sharing\">Who shares with whom</h2>\n\
             <p>Modules in one box find each other's types. Dashed lines: no sharing, and the part of the key that \
             differs. Arrows and dots: pybind11's conduit passes arguments between groups.</p>\n\
             <figure class=\"scroll\" role=\"region\" aria-label=\"Picture of the groups\" tabindex=\"0\">\n",
        );
        out.push_str(&svg(environment));
        out.push_str("</figure>\n");
        if !environment.groups.is_empty() {
            let rows =
                environment.groups.iter().enumerate().map(|(at, group)| self.group_row(at, group)).collect();
            Table {
                id: "groups",
                caption: "The groups and their keys",
                columns: &["Group", "Framework", "Modules", "Packages", "Shares", "Key"],
                rows,
            }
            .write(out)?;
        }
        out.push_str("</section>\n");
        Ok(())
    }

    fn group_row(&self, at: usize, group: &Group) -> Vec<Cell> {
        let mut owners: Vec<&str> =
            group.modules.iter().map(|at| self.environment.modules[*at].owner_or_label()).collect();
        owners.sort_unstable();
        owners.dedup();
        let shares = match (group.confidence, &group.why) {
            (Confidence::Certain, _) => Cell::new("yes"),
            (Confidence::Likely, why) => {
                Cell::unknown(format!("likely: {}", why.as_deref().unwrap_or("not proved")))
            }
            (Confidence::Unknown, why) => {
                Cell::unknown(format!("not known: {}", why.as_deref().unwrap_or("no evidence")))
            }
        };
        let domain = group.parts.iter().find(|part| part.name == "domain");
        let key = match domain {
            Some(domain) if !domain.value.is_empty() => format!("{}, domain {}", group.key, domain.value),
            _ => group.key.clone(),
        };
        vec![
            Cell::number(at + 1),
            Cell::new(group.framework.name()),
            Cell::number(group.modules.len()),
            Cell::new(owners.join(", ")),
            shares,
            Cell::code(key),
        ]
    }

    fn modules(&self, out: &mut String) -> fmt::Result {
        out.push_str("<section aria-labelledby=\"modules\">\n<h2 id=\"modules\">Modules</h2>\n");
        // Columns that say nothing in this environment are left out.
        let free_threaded =
            self.environment.python.as_ref().is_some_and(|python| python.free_threaded.value == Some(true));
        let interpreters = self.extensions().any(|(_, member)| member.interpreters.is_some());
        let mut columns = vec!["Module", "Package", "Made with", "Built for", "Loads here"];
        columns.extend(free_threaded.then_some("GIL"));
        columns.extend(interpreters.then_some("Interpreters"));
        let row = |(module, member): (&Module, &Member)| {
            let frameworks: Vec<String> = module
                .frameworks
                .iter()
                .filter(|found| found.present.value == Some(true))
                .map(version)
                .collect();
            let mut row = vec![
                Cell::new(member.label.clone()),
                Cell::new(member.owner.clone().unwrap_or_default()),
                if frameworks.is_empty() { Cell::unknown(UNKNOWN) } else { Cell::new(frameworks.join(", ")) },
                built_for(module).map_or_else(|| Cell::unknown(UNKNOWN), Cell::new),
                match &member.obstacle {
                    None => Cell::new("yes"),
                    Some(obstacle) => Cell::bad(format!("no: {obstacle}")),
                },
            ];
            row.extend(free_threaded.then(|| match member.gil {
                Some(Gil::NotUsed) => Cell::new("not needed"),
                Some(Gil::Used) => Cell::bad("turned on"),
                None => Cell::unknown(UNKNOWN),
            }));
            row.extend(interpreters.then(|| match member.interpreters {
                Some(Interpreters::MainOnly) => Cell::new("main only"),
                Some(Interpreters::SharedGil) => Cell::new("shared GIL"),
                Some(Interpreters::PerInterpreterGil) => Cell::new("each"),
                None => Cell::unknown(UNKNOWN),
            }));
            row
        };
        let rows = self.extensions().map(row).collect();
        let caption = "Extension modules, in the order of their files";
        Table { id: "module-list", caption, columns: &columns, rows }.write(out)?;
        out.push_str("</section>\n");
        Ok(())
    }

    fn pickling(&self, out: &mut String) -> fmt::Result {
        let says = |picklable: Picklable| match picklable {
            Picklable::Yes => Cell::new("yes"),
            Picklable::WithModuleName => Cell::new("where the class names its module"),
            Picklable::No => Cell::bad("no"),
            Picklable::Unknown => Cell::unknown("not known"),
        };
        out.push_str("<section aria-labelledby=\"pickling\">\n<h2 id=\"pickling\">Pickling functions</h2>\n");
        let row = |found: &crate::environment::Pickles| {
            vec![
                Cell::new(found.framework.name()),
                Cell::number(found.modules.len()),
                says(found.functions),
                says(found.methods),
                Cell::new(found.why.clone()),
            ]
        };
        Table {
            id: "pickles",
            caption: "What frameworks do by themselves; an author can add more",
            columns: &["Framework", "Modules", "Functions", "Methods", "Remark"],
            rows: self.environment.pickles.iter().map(row).collect(),
        }
        .write(out)?;
        out.push_str("</section>\n");
        Ok(())
    }

    fn unread(&self, out: &mut String) -> fmt::Result {
        let problems = &self.environment.problems;
        out.push_str("<section aria-labelledby=\"unread\">\n<h2 id=\"unread\">What wasn't read</h2>\n");
        if problems.is_empty() {
            out.push_str("<p>Everything was read.</p>\n</section>\n");
            return Ok(());
        }
        const MOST: usize = 500;
        let row = |problem: &crate::facts::Problem| {
            vec![
                Cell::code(problem.path.clone()),
                Cell::new(problem.kind.clone()),
                Cell::new(problem.message.clone()),
            ]
        };
        Table {
            id: "problems",
            caption: "Files that weren't read to their end, or whose contents aren't followed",
            columns: &["File", "Kind", "What"],
            rows: problems.iter().take(MOST).map(row).collect(),
        }
        .write(out)?;
        if problems.len() > MOST {
            writeln!(out, "<p>And {} more.</p>", problems.len() - MOST)?;
        }
        out.push_str("</section>\n");
        Ok(())
    }
}

/// A framework and what is known of its release.
fn version(framework: &Framework) -> String {
    match &framework.version.value {
        Some(version) => format!("{} {version}", framework.kind),
        None => framework.kind.name().to_owned(),
    }
}

fn built_for(module: &Module) -> Option<String> {
    let needs = &module.python;
    if let Some(stable) = &needs.stable {
        let name = match stable.kind {
            crate::facts::StableKind::Abi3 => "abi3",
            crate::facts::StableKind::Abi3t => "abi3t",
        };
        let floor = stable.needed.value.as_ref().or(stable.claimed.value.as_ref());
        return Some(floor.map_or_else(|| name.to_owned(), |floor| format!("{name} ≥ {floor}")));
    }
    let free = if needs.free_threaded.value == Some(true) { "t" } else { "" };
    let name = match needs.implementation.value.as_deref() {
        Some("cpython") | None => "",
        Some("pypy") => "PyPy ",
        Some("graalpy") => "GraalPy ",
        Some(_) => "another ",
    };
    needs.version.value.as_ref().map(|version| format!("{name}{version}{free}"))
}

fn write_finding(out: &mut String, finding: &Finding) -> fmt::Result {
    let (class, name) = level(finding.level);
    writeln!(
        out,
        "<article class=\"finding {class}\"><h3><span class=\"level\">{name}</span> {}</h3>",
        with_code(&finding.message)
    )?;
    const SHOWN: usize = 6;
    if !finding.details.is_empty() {
        let (shown, hidden) = finding.details.split_at(finding.details.len().min(SHOWN));
        write_list(out, "", shown)?;
        if !hidden.is_empty() {
            writeln!(out, "<details><summary>{} more</summary>", hidden.len())?;
            write_list(out, "", hidden)?;
            out.push_str("</details>\n");
        }
    }
    if let Some(fix) = &finding.fix {
        writeln!(out, "<p class=\"fix\"><b>Fix:</b> {}</p>", with_code(fix))?;
    }
    if !finding.files.is_empty() {
        writeln!(out, "<details><summary>{}</summary>", counted(finding.files.len(), "file"))?;
        let shown = &finding.files[..finding.files.len().min(MOST_FILES)];
        write_list(out, " class=\"files\"", shown)?;
        if finding.files.len() > MOST_FILES {
            writeln!(out, "<p>And {} more.</p>", finding.files.len() - MOST_FILES)?;
        }
        out.push_str("</details>\n");
    }
    writeln!(out, "<p class=\"rule\">{}</p></article>", Xml(&finding.rule))
}

fn write_list(out: &mut String, class: &str, lines: &[String]) -> fmt::Result {
    writeln!(out, "<ul{class}>")?;
    lines.iter().try_for_each(|line| writeln!(out, "<li>{}</li>", with_code(line)))?;
    out.push_str("</ul>\n");
    Ok(())
}

/// Escapes a text; what stands between backticks is code, and so is a whole command.
fn with_code(text: &str) -> String {
    if text.starts_with("pip ") && !text.contains(", ") {
        return format!("<code>{}</code>", Xml(text));
    }
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick is just one.
    if parts.len() % 2 == 0 {
        return Xml(text).to_string();
    }
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let part = Xml(part);
        let _ = if at % 2 == 1 { write!(out, "<code>{part}</code>") } else { write!(out, "{part}") };
    }
    out
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

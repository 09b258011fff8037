//! `interbind inspect`: one module as rows, several as a table; `--verbose` shows what each statement rests on.

use std::collections::{BTreeMap, HashSet};

use interbind_doctor::facts::{
    Capsule, Claim, Evidence, ExpectedClass, Framework, FrameworkKind, Gil, Inspection, Interpreters, Module,
    PartnerRole, Problem, PythonNeeds, StableKind, Strings,
};

use interbind_doctor::finding::{Finding, Level};

use super::findings;
use super::line::{Line, Role};
use super::page::Page;
use super::table::{Column, Cut, Table};
use super::words;

/// Where the second column of rows begins.
const COLUMN: usize = 20;

/// Writes what was read, and what of it is wrong.
pub fn view(page: &mut Page, inspection: &Inspection, found: &[Finding], verbose: bool) {
    // What can't be read is listed below, with its file.
    let wrong: Vec<Finding> = found
        .iter()
        .filter(|finding| finding.level > Level::Note && finding.rule != "unreadable")
        .cloned()
        .collect();
    if !wrong.is_empty() {
        page.prose(0, 2, &findings::verdict(found));
        page.gap();
    }
    facts(page, inspection, verbose);
    findings::view(page, &wrong, verbose);
}

fn facts(page: &mut Page, inspection: &Inspection, verbose: bool) {
    match inspection.modules.as_slice() {
        [] if inspection.problems.is_empty() => page.prose(0, 0, &Line::plain("no native modules")),
        [] => {}
        [one] => details(page, one, verbose),
        many if verbose => {
            for module in many {
                page.gap();
                details(page, module, verbose);
            }
        }
        many => tables(page, many),
    }
    if inspection.modules.len() > 1 {
        page.gap();
        page.prose(0, 2, &summary(inspection));
    }
    let own = inspection.modules.iter().filter(|_| inspection.modules.len() > 1 && !verbose);
    problems(page, own.flat_map(|module| &module.problems).chain(&inspection.problems));
}

/// A table for each archive, and one for all files outside of one.
fn tables(page: &mut Page, modules: &[Module]) {
    let mut groups: Vec<(Option<&str>, Vec<&Module>)> = Vec::new();
    for module in modules {
        let archive = module.member.as_ref().map(|_| module.path.as_str());
        match groups.iter_mut().find(|(name, _)| *name == archive) {
            Some((_, members)) => members.push(module),
            None => groups.push((archive, vec![module])),
        }
    }
    // Who reads a pipe wants to find the file.
    let to_screen = page.screen().width.is_some();
    for (archive, members) in groups {
        page.gap();
        if let Some(archive) = archive {
            page.prose(0, 2, &Line::of(Role::Strong, archive));
        }
        let mut table = Table::new(vec![
            Column::new("module", Cut::Start, 18),
            Column::new("made with", Cut::End, 20),
            Column::new("shares by", Cut::End, 14).leaves(2),
            Column::new("python", Cut::Never, 0).leaves(1),
            Column::new("system", Cut::End, 12).leaves(3),
            Column::new("floor", Cut::Never, 0).leaves(4),
        ]);
        for module in members {
            let python = if module.extension { words::python_tag(&module.python) } else { None };
            let libc = module.target.libc.value.as_ref();
            table.row(vec![
                Line::plain(if to_screen { words::short_place(module) } else { words::place(module) }),
                made_with(module),
                shares_by(module),
                Line::plain(python.unwrap_or_default()),
                Line::plain(words::machine(&module.target)),
                Line::plain(libc.map(words::libc).unwrap_or_default()),
            ]);
        }
        page.table(if archive.is_some() { 2 } else { 0 }, &table);
    }
}

/// A module's frameworks in a cell; a question mark stands where it is likely only.
fn made_with(module: &Module) -> Line {
    if module.frameworks.is_empty() {
        let words = match (module.extension, module.program) {
            (true, _) => "unknown",
            (false, true) => "program",
            (false, false) => "library",
        };
        return Line::of(Role::Dim, words);
    }
    let of = |framework: &Framework| {
        let mut cell = Line::of(Role::Strong, framework.kind.name());
        let version = framework.version.value.as_ref();
        if let Some(version) = version {
            cell.push(Role::Plain, format!(" {}", words::releases(version)));
        }
        if !framework.present.is_certain() || (version.is_some() && !framework.version.is_certain()) {
            cell.push(Role::Warn, "?");
        }
        cell
    };
    Line::join(module.frameworks.iter().map(of), " + ")
}

/// What makes modules of one framework find each other, short.
fn shares_by(module: &Module) -> Line {
    let of = |framework: &Framework| {
        let internals = words::internals(framework).map(Line::plain).unwrap_or_default();
        let domain = framework.domain.as_ref().map(|claim| match &claim.value {
            Some(domain) if domain.name.is_empty() => Line::new(),
            Some(domain) => Line::plain(format!("domain {}", domain.name)),
            None => Line::of(Role::Warn, "domain unknown"),
        });
        Line::join([internals, domain.unwrap_or_default()], ", ")
    };
    Line::join(module.frameworks.iter().map(of), " + ")
}

fn summary(inspection: &Inspection) -> Line {
    let mut kinds = BTreeMap::new();
    let (mut libraries, mut programs) = (0, 0);
    for module in &inspection.modules {
        if module.program {
            programs += 1;
        } else if module.frameworks.is_empty() && !module.extension {
            libraries += 1;
        }
        for framework in &module.frameworks {
            *kinds.entry(framework.kind).or_insert(0_usize) += 1;
        }
    }
    let modules = Line::of(Role::Strong, words::count(inspection.modules.len(), "native module"));
    let kinds = kinds.into_iter().map(|(kind, number)| Line::plain(format!("{} {number}", kind.name())));
    let rest = [("libraries", libraries), ("programs", programs)];
    let rest = rest.into_iter().filter(|(_, number)| *number > 0);
    let rest = rest.map(|(what, number)| Line::plain(format!("{what} {number}")));
    Line::join(std::iter::once(modules).chain(kinds).chain(rest).map(Line::together), " · ")
}

/// One module as rows.
pub fn details(page: &mut Page, module: &Module, verbose: bool) {
    page.prose(0, 2, &Line::of(Role::Strong, words::full_place(module)));
    page.prose(0, 2, &words::headline(module));
    page.gap();
    let mut rows = Rows { page, verbose, shown: HashSet::new() };
    for framework in &module.frameworks {
        show_framework(&mut rows, framework);
    }
    if module.extension {
        python(&mut rows, &module.python);
    }
    partners(&mut rows, module);
    c_api(&mut rows, module);
    machine(&mut rows, module);
    if let Some(note) = &module.note {
        for (i, line) in note.module.iter().chain(&note.types).enumerate() {
            rows.row(2, if i == 0 { "build note" } else { "" }, &Line::of(Role::Code, line));
        }
    }
    problems(rows.page, &module.problems);
}

/// The rows of one module. What several statements rest on is shown with the first.
struct Rows<'a> {
    page: &'a mut Page,
    verbose: bool,
    shown: HashSet<&'a Evidence>,
}

impl<'a> Rows<'a> {
    fn row(&mut self, indent: usize, label: &str, line: &Line) {
        self.page.row(indent, label, COLUMN, line);
    }

    /// Why a statement is no surer, which `doubts` shows always, and with `--verbose` what it rests on.
    fn grounds<T>(&mut self, claim: &'a Claim<T>, doubts: bool) {
        if let (true, Some(text)) = (doubts || self.verbose, &claim.why) {
            self.page.prose(COLUMN, 2, &Line::of(Role::Dim, text));
        }
        claim.evidence.iter().for_each(|evidence| self.evidence(evidence));
    }

    /// What was seen, each once.
    fn evidence(&mut self, evidence: &'a Evidence) {
        if self.verbose && self.shown.insert(evidence) {
            self.page.prose(COLUMN, 4, &Line::of(Role::Dim, "← ").and(words::evidence(evidence)));
        }
    }
}

fn show_framework<'a>(rows: &mut Rows<'a>, framework: &'a Framework) {
    rows.row(2, "made with", &words::name(framework).and(words::release(framework)));
    rows.grounds(&framework.present, false);
    rows.grounds(&framework.version, true);
    if let Some(internals) = &framework.internals {
        rows.row(4, "internals", &words::claim(internals, |number| format!("v{number}")));
        rows.grounds(internals, true);
    }
    for id in &framework.ids {
        let label = id.value.as_ref().map_or("id", |id| kind_of_id(&id.kind));
        let text = words::claim(id, |id| id.text.clone());
        rows.row(4, label, &text);
        if let Some(id) = &id.value {
            if rows.verbose {
                let set = id.parts.iter().filter(|part| !part.value.is_empty());
                let parts =
                    set.map(|part| format!("{} {}", part.name, part.value)).collect::<Vec<_>>().join(" · ");
                rows.row(4, "", &Line::of(Role::Dim, parts));
            }
            if !id.overridden.is_empty() {
                let text = format!("overridden: {}", id.overridden.join(", "));
                rows.row(4, "", &Line::of(Role::Warn, text));
            }
        }
        rows.grounds(id, true);
    }
    if let Some(domain) = &framework.domain {
        let name = |name: &str| if name.is_empty() { "the default one".to_owned() } else { name.to_owned() };
        rows.row(4, "domain", &words::claim(domain, |domain| name(&domain.name)));
        rows.grounds(domain, true);
    }
    if let Some(conduit) = &framework.conduit {
        let text = words::claim(conduit, |conduit| match (&conduit.platform, conduit.present) {
            (_, false) => "no".to_owned(),
            (None, true) => "yes".to_owned(),
            (Some(platform), true) => format!("yes, for {platform}"),
        });
        rows.row(4, "conduit", &text);
        rows.grounds(conduit, true);
    }
    for adapted in &framework.adapts {
        rows.row(4, "adapter for", &words::claim(adapted, ToString::to_string));
        rows.grounds(adapted, true);
    }
    for warning in &framework.warnings {
        rows.row(4, "", &Line::of(Role::Warn, format!("warning: {warning}")));
    }
}

/// What an id is called in a row.
fn kind_of_id(kind: &str) -> &str {
    match kind {
        "internals-key" => "key",
        "module-local-key" => "local key",
        "platform-id" => "platform",
        other => other,
    }
}

fn python<'a>(rows: &mut Rows<'a>, needs: &'a PythonNeeds) {
    let implementation = match needs.implementation.value.as_deref() {
        Some("cpython") => "CPython",
        Some("pypy") => "PyPy",
        Some("graalpy") => "GraalPy",
        Some(other) => other,
        None => "Python",
    };
    let mut text = Line::plain(implementation);
    match (&needs.stable, &needs.version.value) {
        (Some(stable), _) => text = text.with(Role::Plain, format!(", {}", words::stable_tag(stable))),
        (None, Some(version)) => text = text.with(Role::Plain, format!(" {version}")),
        (None, None) => text = text.with(Role::Dim, ", version unknown"),
    }
    if needs.free_threaded.value == Some(true) {
        text = text.with(Role::Plain, ", free-threaded");
    }
    if needs.stable.as_ref().is_some_and(|stable| stable.kind == StableKind::Abi3t) {
        text = text.with(Role::Plain, ", with and without a GIL");
    }
    if needs.debug.value == Some(true) {
        text = text.with(Role::Plain, ", debug build");
    }
    rows.row(2, "Python", &text);
    if needs.stable.is_none() {
        rows.grounds(&needs.version, true);
    }
    rows.grounds(&needs.implementation, false);
    rows.grounds(&needs.free_threaded, false);
    if let Some(stable) = &needs.stable {
        let floor = |floor: &String| format!("Python {floor}");
        rows.row(4, "claims", &words::claim(&stable.claimed, floor));
        rows.grounds(&stable.claimed, true);
        rows.row(4, "needs", &words::claim(&stable.needed, floor));
        rows.grounds(&stable.needed, true);
        if let Some(exported) = &stable.exported {
            rows.row(4, "loads from", &words::claim(exported, floor));
            rows.grounds(exported, false);
        }
        if !stable.outside.is_empty() {
            let text =
                format!("outside of {}: {}", words::stable_name(stable.kind), stable.outside.join(", "));
            rows.row(4, "", &Line::of(Role::Warn, text));
        }
    }
    if let Some(built) = &needs.built {
        let text = words::claim(built, |info| {
            let kinds = match (info.gil, info.free_threaded) {
                (true, true) => "with and without a GIL",
                (false, true) => "without a GIL",
                _ => "with a GIL",
            };
            let api = if info.stable {
                format!("stable ABI from {}", info.api)
            } else {
                format!("API of {}", info.api)
            };
            format!("Python {}, {api}, {kinds}", info.build)
        });
        rows.row(4, "built with", &text);
        rows.grounds(built, false);
    }
    if !needs.entries.is_empty() {
        let entries: Vec<_> = needs.entries.iter().map(|entry| entry.symbol.as_str()).collect();
        rows.row(4, "entry", &Line::plain(entries.join(", ")));
    }
    let gil = words::claim(&needs.gil, |gil| {
        let text = match gil {
            Gil::NotUsed => "works without: a free-threaded Python stays so",
            Gil::Used => "needed: a free-threaded Python turns it on",
        };
        text.to_owned()
    });
    rows.row(4, "GIL", &gil);
    rows.grounds(&needs.gil, false);
    let interpreters = words::claim(&needs.interpreters, |support| {
        let text = match support {
            Interpreters::MainOnly => "the main one only",
            Interpreters::SharedGil => "those that share the main one's GIL",
            Interpreters::PerInterpreterGil => "all, each with its own GIL",
        };
        text.to_owned()
    });
    rows.row(4, "interpreters", &interpreters);
    rows.grounds(&needs.interpreters, false);
    if !needs.protocols.is_empty() {
        let all = needs.protocols.iter().map(|protocol| words::claim(protocol, String::clone));
        rows.row(4, "protocols", &Line::join(all, ", "));
        for protocol in &needs.protocols {
            rows.grounds(protocol, false);
        }
    }
}

/// Libraries beside Python, each with the releases that serve the module.
fn partners<'a>(rows: &mut Rows<'a>, module: &'a Module) {
    for partner in &module.partners {
        let stated =
            |claim: &'a Option<Claim<String>>| claim.as_ref().map(|claim| words::claim(claim, String::clone));
        let text = match (partner.role, stated(&partner.lowest), stated(&partner.highest)) {
            (PartnerRole::Brings, Some(release), _) => Line::plain("is it, release ").and(release),
            (PartnerRole::Brings, ..) => Line::plain("is it, or a part of it"),
            (PartnerRole::Exports, Some(release), _) => {
                Line::plain("gives out a copy of its own, release ").and(release)
            }
            (PartnerRole::Exports, ..) => Line::plain("gives out a copy of its own"),
            (PartnerRole::Needs, Some(release), Some(_)) if partner.lowest == partner.highest => release,
            (PartnerRole::Needs, Some(lowest), Some(highest)) => lowest.with(Role::Plain, " – ").and(highest),
            (PartnerRole::Needs, Some(lowest), None) => Line::plain("≥ ").and(lowest),
            (PartnerRole::Needs, None, Some(highest)) => Line::plain("≤ ").and(highest),
            (PartnerRole::Needs, None, None) => Line::of(Role::Dim, "any release, as far as the file tells"),
        };
        let through = partner.through.filter(|kind| *kind != FrameworkKind::Plain);
        let through = through.map(|kind| format!(", through {kind}")).unwrap_or_default();
        rows.row(2, partner.kind.name(), &text.with(Role::Plain, through));
        rows.grounds(&partner.present, false);
        for claim in [&partner.generation, &partner.lowest, &partner.highest].into_iter().flatten() {
            rows.grounds(claim, false);
        }
    }
}

/// What the module gives to others in C, and asks of them.
fn c_api<'a>(rows: &mut Rows<'a>, module: &'a Module) {
    let api = &module.capi;
    let several = |names: Vec<String>| {
        let more = names.len().saturating_sub(6);
        let shown = names.into_iter().take(6).collect::<Vec<_>>().join(", ");
        if more == 0 { shown } else { format!("{shown}, and {more} more") }
    };
    let capsule = |capsule: &Capsule| match capsule.entries {
        Some(entries) => format!("{} ({})", capsule.name, words::count(entries as usize, "pointer")),
        None => capsule.name.clone(),
    };
    let mut taken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for function in &api.takes {
        taken.entry(&function.module).or_default().push(function.name.clone());
    }
    let taken = taken.into_iter().map(|(module, names)| format!("{module}: {}", several(names)));
    let size = |class: &ExpectedClass| format!("{}.{} of {} bytes", class.module, class.class, class.size);
    let lines = [
        ("gives", several(api.gives.iter().map(|function| function.name.clone()).collect())),
        ("takes", taken.collect::<Vec<_>>().join("; ")),
        ("expects", several(api.expects.iter().map(size).collect())),
        ("gives capsules", several(api.capsules.iter().map(capsule).collect())),
        ("takes capsules", several(api.asks.iter().map(capsule).collect())),
    ];
    let mut first = true;
    for (what, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
        rows.row(2, if first { "C API" } else { "" }, &Line::plain(format!("{what} {text}")));
        first = false;
    }
    for expected in &api.expects {
        rows.evidence(&expected.evidence);
    }
}

fn machine<'a>(rows: &mut Rows<'a>, module: &'a Module) {
    let target = &module.target;
    let libc = target.libc.value.as_ref().map(|libc| format!(", {}", words::libc(libc))).unwrap_or_default();
    rows.row(2, "system", &Line::plain(format!("{}{libc}", words::machine(target))));
    rows.grounds(&target.os, false);
    rows.grounds(&target.libc, false);
    if let Some(cxx) = &target.cxx {
        let text = words::claim(cxx, |cxx| match cxx.floors.is_empty() {
            true => cxx.name.clone(),
            false => format!("{}, {}", cxx.name, cxx.floors.join(", ")),
        });
        rows.row(4, "C++", &text);
        rows.grounds(cxx, false);
    }
    if let Some(strings) = &target.strings {
        let text = words::claim(strings, |strings| {
            let text = match strings {
                Strings::Old => "of the old ABI",
                Strings::New => "of the new ABI",
                Strings::Both => "of the old ABI and of the new",
            };
            text.to_owned()
        });
        rows.row(4, "std::string", &text);
        rows.grounds(strings, false);
    }
    for (i, compiler) in target.compilers.iter().enumerate() {
        let label = if i == 0 { "compiler" } else { "" };
        rows.row(4, label, &words::claim(compiler, String::clone));
        rows.grounds(compiler, false);
    }
    if !module.needed.is_empty() {
        rows.row(4, "loads", &Line::plain(module.needed.join(", ")));
    }
    if let Some(claim) = &module.links.unresolved {
        let text = words::claim(claim, |unresolved| {
            let names = unresolved.symbols.iter().take(4).map(|unmet| match &unmet.library {
                Some(library) => format!("{} of {library}", unmet.symbol),
                None => unmet.symbol.clone(),
            });
            let more = unresolved.count.saturating_sub(4);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("{}{more}", names.collect::<Vec<_>>().join(", "))
        });
        rows.row(4, "unresolved", &text);
        rows.grounds(claim, true);
    }
    rows.row(4, "size", &Line::plain(words::size(module.size)));
}

fn problems<'a>(page: &mut Page, problems: impl IntoIterator<Item = &'a Problem>) {
    for (i, problem) in problems.into_iter().enumerate() {
        if i == 0 {
            page.gap();
        }
        let text = Line::of(Role::Warn, &problem.kind)
            .with(Role::Plain, format!(" {}: {}", problem.path, problem.message));
        page.prose(0, 2, &text);
    }
}

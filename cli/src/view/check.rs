//! `interbind check`: one sentence, both keys one below the other with the part that differs marked, what works, the fix.

use interbind_doctor::check::{AlignedKey, Check, Checks, Verdict};
use interbind_doctor::facts::Module;

use super::line::{Line, Role};
use super::page::Page;
use super::table::{Column, Cut, Table};
use super::words;

/// The most answers that are shown in full; of more, each sentence stands once.
const IN_FULL: usize = 6;

/// The most names of one archive that are shown in a list.
const NAMES: usize = 12;

/// Writes the answers: one in full, more under the groups that share.
pub fn view(page: &mut Page, checks: &Checks, modules: &[Module], verbose: bool) {
    let module = |place: &str| modules.iter().find(|module| words::full_place(module) == place);
    if let [check] = checks.pairs.as_slice() {
        return pair(page, check, module(&check.a).zip(module(&check.b)), verbose);
    }
    if checks.pairs.is_empty() {
        return page.prose(0, 2, &Line::plain("no two modules that one process could load"));
    }
    page.prose(0, 2, &verdict(checks));
    page.gap();
    groups(page, checks, modules, verbose);
    // The same answer for many pairs is read once, whatever the modules are called.
    let name = |place: &str| {
        module(place).and_then(|module| module.name.clone()).unwrap_or_else(|| place.to_owned())
    };
    let nameless = |check: &Check| {
        check
            .sentence
            .replace(&format!("`{}`", name(&check.a)), "A")
            .replace(&format!("`{}`", name(&check.b)), "B")
    };
    let mut answers: Vec<(String, &Check, Vec<&Check>)> = Vec::new();
    for check in &checks.pairs {
        let sentence = nameless(check);
        match answers.iter_mut().find(|(known, first, _)| *known == sentence && first.keys == check.keys) {
            Some((.., same)) => same.push(check),
            None => answers.push((sentence, check, Vec::new())),
        }
    }
    answers.sort_by_key(|(_, check, same)| (order(check.verdict), usize::MAX - same.len()));
    let in_full = verbose || answers.len() <= IN_FULL;
    for (_, first, same) in &answers {
        page.gap();
        if in_full && first.verdict != Verdict::Share {
            pair(page, first, module(&first.a).zip(module(&first.b)), verbose);
        } else {
            page.prose(0, 2, &sentence(first));
            page.prose(2, 2, &Line::plain(short(first, modules)));
        }
        if !same.is_empty() {
            let text = format!("the same for {}", words::count(same.len(), "other pair"));
            page.prose(2, 2, &Line::of(Role::Dim, text));
        }
    }
}

/// How things stand, in one line.
fn verdict(checks: &Checks) -> Line {
    let of = |verdict| checks.pairs.iter().filter(|check| check.verdict == verdict).count();
    let parts = [
        (Verdict::Share, Role::Good, "share"),
        (Verdict::Isolated, Role::Bad, "isolated"),
        (Verdict::NeverLoadedTogether, Role::Bad, "never loaded together"),
        (Verdict::Unknown, Role::Warn, "unknown"),
    ];
    let each = parts
        .into_iter()
        .filter(|(verdict, ..)| of(*verdict) > 0)
        .map(|(verdict, role, word)| Line::of(role, format!("{} {word}", of(verdict))).together());
    Line::plain(format!("{}: ", words::count(checks.pairs.len(), "pair"))).and(Line::join(each, " · "))
}

/// Worst first.
fn order(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NeverLoadedTogether => 0,
        Verdict::Isolated => 1,
        Verdict::Unknown => 2,
        Verdict::Share => 3,
    }
}

/// Who shares with whom.
fn groups(page: &mut Page, checks: &Checks, modules: &[Module], verbose: bool) {
    let (shared, alone): (Vec<_>, Vec<_>) = checks.groups.iter().partition(|group| group.members.len() > 1);
    for group in &shared {
        let number = words::count(group.members.len(), "module");
        page.prose(0, 2, &Line::of(Role::Good, "share").with(Role::Dim, format!(" · {number}")));
        members(page, &group.members, modules, verbose);
    }
    if !alone.is_empty() {
        let number = format!(" · {}", words::count(alone.len(), "module"));
        let head = Line::of(Role::Warn, "in no group that surely shares").with(Role::Dim, number);
        page.prose(0, 2, &head);
        let all: Vec<_> = alone.iter().flat_map(|group| group.members.clone()).collect();
        members(page, &all, modules, verbose);
    }
}

/// Modules by the names they're imported by, those of one archive behind its name.
fn members(page: &mut Page, places: &[String], modules: &[Module], verbose: bool) {
    let mut archives: Vec<(&str, Vec<Line>)> = Vec::new();
    for place in places {
        let module = modules.iter().find(|module| words::full_place(module) == *place);
        match module.and_then(|module| Some((module, module.member.as_ref()?))) {
            Some((module, member)) => {
                let name = Line::plain(module.name.as_ref().unwrap_or(member)).together();
                match archives.iter_mut().find(|(archive, _)| *archive == module.path) {
                    Some((_, names)) => names.push(name),
                    None => archives.push((&module.path, vec![name])),
                }
            }
            None => page.prose(2, 2, &Line::plain(place)),
        }
    }
    for (archive, names) in archives {
        page.prose(2, 4, &Line::of(Role::Dim, archive));
        let total = names.len();
        let most = if verbose { total } else { NAMES };
        let mut line = Line::join(names.into_iter().take(most), ", ");
        if total > most {
            line.push(Role::Dim, format!(" and {} more", total - most));
        }
        page.prose(4, 0, &line);
    }
}

/// How a pair is named where it isn't shown in full.
fn short(check: &Check, modules: &[Module]) -> String {
    let name = |place: &str| {
        let module = modules.iter().find(|module| words::full_place(module) == place);
        module.and_then(|module| module.name.clone()).unwrap_or_else(|| place.to_owned())
    };
    format!("{} – {}", name(&check.a), name(&check.b))
}

/// Writes one answer; the modules are described where they are given.
fn pair(page: &mut Page, check: &Check, modules: Option<(&Module, &Module)>, verbose: bool) {
    page.prose(0, 2, &sentence(check));
    page.gap();
    let (a, b) = (modules.map(|(a, _)| a), modules.map(|(_, b)| b));
    for (letter, place, module) in [("a", &check.a, a), ("b", &check.b, b)] {
        match module {
            Some(module) => {
                let name = module.name.as_ref().map(|name| Line::of(Role::Strong, name)).unwrap_or_default();
                page.row(2, letter, 5, &Line::join([name, words::headline(module)], " · "));
                page.prose(5, 2, &Line::of(Role::Dim, place));
            }
            None => page.row(2, letter, 5, &Line::of(Role::Strong, place)),
        }
    }
    let conditions =
        check.loadable.conditions.iter().filter(|condition| verbose || condition.met != Some(true));
    let mut table = Table::new(vec![
        Column::new("one process", Cut::Never, 0),
        Column::new("a", Cut::End, 8),
        Column::new("b", Cut::End, 8),
        Column::new("", Cut::End, 12).leaves(1),
    ]);
    let mut any = false;
    for condition in conditions {
        any = true;
        let role =
            role_of(condition.met.map(|met| if met { Verdict::Share } else { Verdict::NeverLoadedTogether }));
        table.row(vec![
            Line::plain(&condition.name),
            Line::of(role, &condition.a),
            Line::of(role, &condition.b),
            Line::of(Role::Dim, condition.why.as_deref().unwrap_or_default()),
        ]);
    }
    if any {
        page.gap();
        page.table(2, &table);
    }
    for key in &check.keys {
        page.gap();
        aligned(page, key, verbose);
    }
    if !check.operations.is_empty() {
        page.gap();
        operations(page, check);
    }
    for (i, bridge) in check.bridges.iter().enumerate() {
        if i == 0 {
            page.gap();
        }
        let direction = direction(&bridge.direction);
        let text = Line::of(Role::Good, "way round: ")
            .with(Role::Strong, &bridge.name)
            .with(Role::Plain, format!(" {direction}: {}", bridge.what));
        page.prose(2, 2, &text);
    }
    if let Some(fix) = &check.fix {
        page.gap();
        page.prose(0, 5, &Line::of(Role::Code, "fix: ").with(Role::Plain, fix));
    }
}

/// The sentence, its first words in the verdict's colour.
pub fn sentence(check: &Check) -> Line {
    let words = check.verdict.words();
    match check.sentence.strip_prefix(words) {
        Some(rest) => Line::of(role_of(Some(check.verdict)), words).with(Role::Strong, rest),
        None => Line::of(Role::Strong, &check.sentence),
    }
}

/// How a verdict looks.
pub fn role_of(verdict: Option<Verdict>) -> Role {
    match verdict {
        Some(Verdict::Share) => Role::Good,
        Some(Verdict::Isolated | Verdict::NeverLoadedTogether) => Role::Bad,
        Some(Verdict::Unknown) | None => Role::Warn,
    }
}

fn direction(name: &str) -> &str {
    match name {
        "a-to-b" => "a → b",
        "b-to-a" => "b → a",
        "both" => "a ↔ b",
        other => other,
    }
}

fn operations(page: &mut Page, check: &Check) {
    let named = |name: &str| {
        let name = name.replace("-a-to-b", " a → b").replace("-b-to-a", " b → a");
        name.replace('-', " ")
    };
    let widest =
        check.operations.iter().map(|operation| named(&operation.name).chars().count()).max().unwrap_or(0);
    for operation in &check.operations {
        let word = match operation.verdict {
            Verdict::Share => "yes",
            Verdict::Isolated | Verdict::NeverLoadedTogether => "no",
            Verdict::Unknown => "unknown",
        };
        let text = Line::of(role_of(Some(operation.verdict)), word)
            .with(Role::Dim, format!(" · {}: {}", operation.framework, operation.why));
        page.row(2, &named(&operation.name), widest + 4, &text);
    }
}

/// A column of both keys: a letter or blank of each, and whether the part differs.
type Pair = (char, char, bool);

/// Both keys, part below part.
fn aligned(page: &mut Page, key: &AlignedKey, verbose: bool) {
    let kind = key.kind.replace('-', " ");
    page.prose(2, 2, &Line::of(Role::Dim, format!("{} {kind}", key.framework)));
    if let (Some(a), Some(b)) = (&key.a, &key.b) {
        let pairs = pairs(key, a, b);
        let room = page.screen().width.map_or(usize::MAX, |width| width.saturating_sub(5).max(16));
        for chunk in pairs.chunks(room) {
            for (letter, of) in [("a", 0), ("b", 1)] {
                let mut line = Line::of(Role::Dim, format!("{letter}  "));
                let mut rest = chunk;
                while let Some((_, _, differs)) = rest.first() {
                    let same = rest.iter().take_while(|(_, _, next)| next == differs).count();
                    let (run, left) = rest.split_at(same);
                    let text: String = run.iter().map(|(a, b, _)| if of == 0 { *a } else { *b }).collect();
                    let role = if *differs { Role::Differs } else { Role::Plain };
                    // The blanks that line it up aren't part of the text.
                    let kept = text.trim_end();
                    line = line.with(role, kept).with(Role::Plain, &text[kept.len()..]);
                    rest = left;
                }
                page.raw(2, &line.trimmed());
            }
            if chunk.iter().any(|(_, _, differs)| *differs) {
                let carets: String =
                    chunk.iter().map(|(_, _, differs)| if *differs { '^' } else { ' ' }).collect();
                page.raw(5, &Line::of(Role::Bad, carets.trim_end()));
            }
        }
    } else {
        for (letter, text) in [("a", &key.a), ("b", &key.b)] {
            let text = text.as_ref().map_or_else(|| Line::of(Role::Warn, "unknown"), Line::plain);
            page.row(2, letter, 5, &text);
        }
    }
    let shown = key.parts.iter().filter(|part| verbose || part.same != Some(true));
    let mut table = Table::new(vec![
        Column::new("part", Cut::Never, 0),
        Column::new("a", Cut::End, 12),
        Column::new("b", Cut::End, 12),
    ]);
    let mut any = false;
    for part in shown {
        any = true;
        let role =
            if part.same == Some(true) { Role::Plain } else { role_of(part.same.map(|_| Verdict::Isolated)) };
        let of = |text: &str| if text.is_empty() { Line::of(Role::Dim, "–") } else { Line::of(role, text) };
        table.row(vec![Line::plain(&part.name), of(&part.a), of(&part.b)]);
    }
    if any {
        page.gap();
        page.table(2, &table);
    }
}

/// Lines both texts up: what stands between the parts, and the parts themselves, each below its like. Parts that don't
/// stand in the texts are left to the table.
///
/// Read from the end: the first part is a number, which the name in front of it may hold too.
fn pairs(key: &AlignedKey, a: &str, b: &str) -> Vec<Pair> {
    let (mut out, mut rest_a, mut rest_b) = (Vec::new(), a, b);
    for part in key.parts.iter().rev() {
        let (at_a, at_b) = (rest_a.rfind(&part.a), rest_b.rfind(&part.b));
        let (Some(at_a), Some(at_b)) = (at_a, at_b) else { continue };
        let (mut gap_a, mut gap_b) = (&rest_a[at_a + part.a.len()..], &rest_b[at_b + part.b.len()..]);
        let (mut left_a, mut left_b) = (&rest_a[..at_a], &rest_b[..at_b]);
        match (part.a.is_empty(), part.b.is_empty()) {
            (true, true) => continue,
            // What stands behind a part that the other side lacks stands there too, or doesn't.
            (true, false) => {
                let kept = rest_a.strip_suffix(gap_b).unwrap_or(rest_a);
                (left_a, gap_a) = rest_a.split_at(kept.len());
            }
            (false, true) => {
                let kept = rest_b.strip_suffix(gap_a).unwrap_or(rest_b);
                (left_b, gap_b) = rest_b.split_at(kept.len());
            }
            (false, false) => {}
        }
        lay(&mut out, gap_a, gap_b);
        lay(&mut out, &part.a, &part.b);
        (rest_a, rest_b) = (left_a, left_b);
    }
    lay(&mut out, rest_a, rest_b);
    out.reverse();
    out
}

/// Lays two texts below each other, last letters first.
fn lay(out: &mut Vec<Pair>, a: &str, b: &str) {
    let (differs, width) = (a != b, a.chars().count().max(b.chars().count()));
    let letters = |text: &str| {
        let blanks = std::iter::repeat_n(' ', width - text.chars().count());
        text.chars().chain(blanks).collect::<Vec<_>>()
    };
    let both = letters(a).into_iter().zip(letters(b));
    out.extend(both.rev().map(|(a, b)| (a, b, differs)));
}

#[cfg(test)]
mod tests {
    use interbind_doctor::check::AlignedPart;
    use interbind_doctor::facts::FrameworkKind;

    use super::*;

    fn shown(a: &str, b: &str, parts: &[(&str, &str, &str)]) -> [String; 3] {
        let part = |(name, a, b): &(&str, &str, &str)| AlignedPart {
            name: (*name).into(),
            a: (*a).into(),
            b: (*b).into(),
            same: Some(a == b),
        };
        let key = AlignedKey {
            framework: FrameworkKind::Pybind11,
            kind: "internals-key".into(),
            a: Some(a.into()),
            b: Some(b.into()),
            same: Some(a == b),
            parts: parts.iter().map(part).collect(),
        };
        let pairs = pairs(&key, a, b);
        [
            pairs.iter().map(|pair| pair.0).collect(),
            pairs.iter().map(|pair| pair.1).collect(),
            pairs.iter().map(|pair| if pair.2 { '^' } else { ' ' }).collect::<String>().trim_end().to_owned(),
        ]
    }

    #[test]
    fn equal_parts_stand_below_each_other_whatever_is_in_front() {
        let (a, b) = (
            "__pybind11_internals_v5_gcc_libstdcpp_abi1__",
            "__pybind11_internals_v11_system_libstdcpp_abi1__",
        );
        let parts =
            [("internals", "5", "11"), ("compiler", "gcc", "system"), ("stdlib", "libstdcpp", "libstdcpp")];
        assert_eq!(
            shown(a, b, &parts),
            [
                "__pybind11_internals_v5 _gcc   _libstdcpp_abi1__",
                "__pybind11_internals_v11_system_libstdcpp_abi1__",
                "                      ^^ ^^^^^^",
            ]
        );
    }

    #[test]
    fn a_part_that_one_side_lacks_is_marked_alone() {
        let parts = [("internals", "11", "11"), ("debug", "", "_debug")];
        assert_eq!(
            shown("__v11__", "__v11_debug__", &parts),
            ["__v11      __", "__v11_debug__", "     ^^^^^^"]
        );
        let parts = [("internals", "11", "11"), ("debug", "_debug", "")];
        assert_eq!(shown("__v11_debug", "__v11", &parts)[2], "     ^^^^^^");
    }

    #[test]
    fn parts_that_stand_in_neither_text_change_nothing() {
        assert_eq!(shown("a1", "a2", &[("domain", "x", "y")]), ["a1", "a2", "^^"]);
    }
}

//! Whether importing a package loads a native module of it: followed through the imports in its Python files that stand under no
//! condition, in no function and in no `try`. A module that isn't reached so is one that the package does without, or that
//! its users import by themselves. The files are read as text, and nothing runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::facts::Module;
use crate::source::text;

/// The largest Python file that is read.
const LARGEST: u64 = 2 << 20;
/// More files than importing a package reads.
const MOST_FILES: usize = 2048;

/// Whether the package that a module stands in loads it with itself; so it is said too where its files don't tell.
pub(super) fn loads(module: &Module) -> bool {
    let Some(name) = module.name.as_deref().filter(|_| module.member.is_none()) else { return true };
    let parts: Vec<&str> = name.split('.').collect();
    let Some(root) = Path::new(&module.path).ancestors().nth(parts.len()) else { return true };
    if parts.len() < 2 || !root.join(parts[0]).join("__init__.py").is_file() {
        return true;
    }
    reached(root, parts[0]).contains(name)
}

/// All modules that importing `package` reaches, native ones among them.
fn reached(root: &Path, package: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([package.to_owned()]);
    let mut pending = vec![package.to_owned()];
    let mut files = 0;
    while let Some(name) = pending.pop() {
        let place = name.split('.').fold(root.to_owned(), |place, part| place.join(part));
        let Some((file, is_package)) = source(&place) else { continue };
        files += 1;
        let Some(text) = text(&file, LARGEST).filter(|_| files <= MOST_FILES) else { continue };
        let around =
            if is_package { name.as_str() } else { name.rsplit_once('.').map_or("", |(package, _)| package) };
        for import in imports(&text, around) {
            // A module's packages come first.
            for (at, _) in import.match_indices('.').chain([(import.len(), "")]) {
                let part = &import[..at];
                let of_it = part.split('.').next() == Some(package);
                if of_it && found.insert(part.to_owned()) {
                    pending.push(part.to_owned());
                }
            }
        }
    }
    found
}

/// The Python file of a module, and whether it is a package's.
fn source(place: &Path) -> Option<(PathBuf, bool)> {
    let package = place.join("__init__.py");
    if package.is_file() {
        return Some((package, true));
    }
    let file = place.with_extension("py");
    file.is_file().then_some((file, false))
}

/// The modules that a file of the package `around` imports in any case. What is imported from a module may be one itself.
fn imports(text: &str, around: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in statements(text).iter().flat_map(|line| line.split(';')) {
        let line = line.trim();
        if let Some(names) = line.strip_prefix("import ") {
            found.extend(names.split(',').filter_map(first_word));
        } else if let Some((from, names)) =
            line.strip_prefix("from ").and_then(|line| line.split_once(" import"))
        {
            let Some(from) = absolute(from.trim(), around) else { continue };
            let names = names.split(['(', ')', ',']).filter_map(first_word);
            found.extend(names.filter(|name| name != "*").map(|name| format!("{from}.{name}")));
            found.push(from);
        }
    }
    found
}

fn first_word(text: &str) -> Option<String> {
    text.split_whitespace().next().map(str::to_owned)
}

/// `..a` as seen from inside the package `x.y`: `x.a`.
fn absolute(from: &str, around: &str) -> Option<String> {
    let name = from.trim_start_matches('.');
    let dots = from.len() - name.len();
    if dots == 0 {
        return Some(name.to_owned());
    }
    let mut package = around;
    for _ in 1..dots {
        package = package.rsplit_once('.')?.0;
    }
    Some(if name.is_empty() { package.to_owned() } else { format!("{package}.{name}") })
}

/// The statements that begin at the left margin, each on one line, without comments and what stands in quotes.
fn statements(text: &str) -> Vec<String> {
    let (mut found, mut line) = (Vec::new(), String::new());
    let (mut depth, mut rest) = (0_u32, text);
    while let Some(next) = rest.chars().next() {
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes));
        if let Some(quotes) = quotes {
            rest = behind_quotes(&rest[quotes.len()..], quotes);
            line.push_str("\"\"");
            continue;
        }
        rest = &rest[next.len_utf8()..];
        match next {
            '#' => rest = rest.find('\n').map_or("", |end| &rest[end..]),
            '\\' if rest.starts_with(['\n', '\r']) => {
                rest = rest.trim_start_matches('\r');
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                line.push(' ');
            }
            '\n' if depth == 0 => {
                if line.starts_with(|c: char| !c.is_whitespace()) {
                    found.push(std::mem::take(&mut line));
                }
                line.clear();
            }
            '\n' => line.push(' '),
            '(' | '[' | '{' => {
                depth += 1;
                line.push(next);
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                line.push(next);
            }
            next => line.push(next),
        }
    }
    if line.starts_with(|c: char| !c.is_whitespace()) {
        found.push(line);
    }
    found
}

fn behind_quotes<'t>(mut rest: &'t str, quotes: &str) -> &'t str {
    while let Some(at) = rest.find(['\\', '\n', '"', '\'']) {
        if rest[at..].starts_with(quotes) {
            return &rest[at + quotes.len()..];
        }
        match rest.as_bytes()[at] {
            b'\\' => {
                let mut behind = rest[at + 1..].chars();
                behind.next();
                rest = behind.as_str();
            }
            // A text in single quotes ends with its line, whatever comes.
            b'\n' if quotes.len() == 1 => return &rest[at..],
            _ => rest = &rest[at + 1..],
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Folder, extension};

    #[test]
    fn imports_under_no_condition_are_found() {
        let text = "'''A text\nimport no.one\n'''\nimport a.b, c as d  # import e\nfrom . import f; from .g import (\n    h,\n    \
                    i as j,\n)\nfrom ..k import *\ntry:\n    import l\nexcept ImportError:\n    pass\nx = \"import m\"\nfrom n \\\n  \
                    import o\nif x: import p\n";
        let found = imports(text, "q.r");
        let wanted = ["a.b", "c", "q.r.f", "q.r", "q.r.g.h", "q.r.g.i", "q.r.g", "q.k", "n.o", "n"];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_module_is_loaded_where_its_package_imports_it_in_any_case() {
        let folder = Folder::new();
        folder.write("p/__init__.py", "from . import tools\n");
        folder
            .write("p/tools/__init__.py", "from ._core import run\ndef threads():\n    from . import _tbb\n");
        let loads = |name: &str| {
            let mut module = extension(name);
            module.path = folder.path(&format!("{}.so", name.replace('.', "/"))).display().to_string();
            super::loads(&module)
        };
        assert!(loads("p.tools._core"));
        assert!(!loads("p.tools._tbb"));
        // Nothing is known of a module alone, or of a package without a file.
        assert!(loads("alone") && loads("q.r._core"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[a-z .\\\\\n'\"#()é]*") {
            imports(&text, "a.b");
        }
    }
}

//! Requirements files, as pip reads them: lines that go on after a backslash, comments, options, files within files.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};

use super::wanted::{Candidate, Requirements, Wanted};
use super::wheel::WheelName;
use crate::facts::Problem;
use crate::installed::normalised;
use crate::source;

/// The largest file that is read.
pub(super) const MOST: u64 = 64 << 20;

/// How many files deep files are followed.
const DEPTH: usize = 16;

/// How many files are read in all.
const FILES: usize = 256;

/// The longest line that is taken for a requirement.
const LONGEST: usize = 16 << 10;

/// A reading under way.
#[derive(Default)]
struct Reading {
    found: Requirements,
    constraints: Vec<Wanted>,
    seen: Vec<PathBuf>,
}

pub(super) fn read(path: &Path, text: &str) -> Requirements {
    let mut reading = Reading::default();
    reading.found.file = path.display().to_string();
    reading.seen.push(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    reading.file(path, text, 0, false);
    let Reading { mut found, constraints, .. } = reading;
    // A constraint gives a version to what is asked for, and asks for nothing itself.
    for wanted in found.wanted.iter_mut().filter(|wanted| wanted.version.is_none()) {
        let same = constraints.iter().find(|constraint| constraint.name == wanted.name);
        wanted.version = same.and_then(|constraint| constraint.version.clone());
    }
    found
}

impl Reading {
    fn problem(&mut self, kind: &str, place: &str, message: impl Into<String>) {
        let (kind, path) = (kind.to_owned(), place.to_owned());
        self.found.problems.push(Problem { kind, path, message: message.into(), evidence: None });
    }

    fn file(&mut self, path: &Path, text: &str, depth: usize, constraints: bool) {
        for (number, line) in logical_lines(text) {
            let place = format!("{}:{number}", path.display());
            if line.len() > LONGEST {
                self.problem("bad-requirement", &place, "the line is too long");
            } else if line.starts_with('-') {
                self.option(path, &line, &place, depth, constraints);
            } else {
                match requirement(&line, &place) {
                    Ok(wanted) if constraints => self.constraints.push(wanted),
                    Ok(wanted) => self.found.wanted.push(wanted),
                    Err(why) => self.problem("bad-requirement", &place, why),
                }
            }
        }
    }

    fn option(&mut self, path: &Path, line: &str, place: &str, depth: usize, constraints: bool) {
        let value = |names: &[&str]| {
            names.iter().find_map(|name| {
                let rest = line.strip_prefix(name)?;
                // `-rfile`, `-r file`, `--requirement=file`, `--requirement file`.
                let short = name.len() == 2;
                let cut = rest.starts_with([' ', '=', '\t']) || short;
                cut.then(|| rest.trim_start_matches([' ', '=', '\t']).trim().to_owned())
            })
        };
        if let Some(file) = value(&["--requirement", "-r"]) {
            self.inner(path, &file, place, depth, constraints);
        } else if let Some(file) = value(&["--constraint", "-c"]) {
            self.inner(path, &file, place, depth, true);
        } else if let Some(project) = value(&["--editable", "-e"]) {
            self.problem(
                "not-followed",
                place,
                format!("`{project}` is under development: its files aren't looked at"),
            );
        }
        // The others say where packages come from, which is the installer's concern.
    }

    fn inner(&mut self, path: &Path, file: &str, place: &str, depth: usize, constraints: bool) {
        if file.contains("://") {
            return self.problem("not-followed", place, format!("`{file}` isn't on this machine"));
        }
        let inner = path.parent().unwrap_or(Path::new("")).join(file);
        let Ok(real) = std::fs::canonicalize(&inner) else {
            return self.problem("not-followed", place, format!("`{file}` isn't there"));
        };
        if self.seen.contains(&real) {
            return;
        }
        if depth >= DEPTH || self.seen.len() >= FILES {
            return self.problem("not-followed", place, "too many files within files");
        }
        self.seen.push(real);
        match source::text(&inner, MOST) {
            Some(text) => self.file(&inner, &text, depth + 1, constraints),
            None => self.problem("not-followed", place, format!("`{file}` can't be read")),
        }
    }
}

/// Joins lines that end in a backslash and cuts comments; with the number of each one's first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let comment = line.trim_start().starts_with('#');
        let (number, mut whole) = open.take().unwrap_or((at + 1, String::new()));
        if let Some(start) = line.strip_suffix('\\').filter(|_| !comment) {
            whole.push_str(start);
            open = Some((number, whole));
            continue;
        }
        if !comment {
            whole.push_str(line);
        }
        found.push((number, whole));
    }
    found.extend(open);
    let cut = |line: String| {
        let end = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
        line[..end].trim().to_owned()
    };
    found.into_iter().map(|(number, line)| (number, cut(line))).filter(|(_, line)| !line.is_empty()).collect()
}

/// Reads one requirement: PEP 508, or the path or address of a file.
fn requirement(line: &str, place: &str) -> Result<Wanted, String> {
    // Options of the one requirement stand behind it.
    let end = [" --hash", " --config-settings", " --global-option"]
        .iter()
        .filter_map(|option| line.find(option))
        .min();
    let text = line[..end.unwrap_or(line.len())].trim();
    let file = text.split([';', '#', '?']).next().unwrap_or(text).trim();
    let by_file = |file: &str| {
        let wheel = WheelName::read(file)?;
        Some(Wanted {
            name: normalised(&wheel.name),
            version: Some(wheel.version),
            wheels: Some(vec![Candidate {
                file: file.rsplit(['/', '\\']).next().unwrap_or(file).to_owned(),
            }]),
            place: place.to_owned(),
            ..Wanted::default()
        })
    };
    if let Some(wanted) = by_file(file).filter(|_| !text.contains(" @ ")) {
        return Ok(wanted);
    }
    let parsed = Requirement::<VerbatimUrl>::from_str(text).map_err(|error| {
        let error = error.to_string();
        format!("`{text}`: {}", error.lines().next().unwrap_or_default())
    })?;
    let mut wanted =
        Wanted { name: normalised(parsed.name.as_ref()), place: place.to_owned(), ..Wanted::default() };
    match &parsed.version_or_url {
        None => {}
        Some(VersionOrUrl::Url(url)) => {
            let address = url.to_string();
            let path = address.split(['#', '?']).next().unwrap_or(&address);
            match by_file(path) {
                Some(found) => {
                    wanted.version = found.version;
                    wanted.wheels = found.wheels;
                }
                None => wanted.sources = true,
            }
        }
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => {
            let exact =
                specifiers.iter().find(|one| matches!(one.operator().to_string().as_str(), "==" | "==="));
            wanted.version =
                exact.filter(|one| !one.to_string().ends_with(".*")).map(|one| one.version().to_string());
        }
    }
    wanted.marker =
        text.split_once(';').map(|(_, marker)| marker.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Folder;

    fn names(found: &Requirements) -> Vec<(&str, Option<&str>)> {
        found.wanted.iter().map(|wanted| (wanted.name.as_str(), wanted.version.as_deref())).collect()
    }

    #[test]
    fn lines_are_read_as_pip_reads_them() {
        let text = "# pinned\nNumPy==2.1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n-i https://example.org/simple\n\
                    scipy >=1.0 ; python_version > '3.8'  # why\nfoo.bar[extra]==1.*\n\
                    ./wheels/a_b-1.2-py3-none-any.whl\nc @ https://example.org/c-3.0-cp312-abi3-linux_x86_64.whl#sha256=0\n";
        let found = read(Path::new("requirements.txt"), text);
        let wanted = [
            ("numpy", Some("2.1.0")),
            ("scipy", None),
            ("foo-bar", None),
            ("a-b", Some("1.2")),
            ("c", Some("3.0")),
        ];
        assert_eq!(names(&found), wanted);
        assert_eq!(found.wanted[1].marker.as_deref(), Some("python_version > '3.8'"));
        assert_eq!(found.wanted[1].place, "requirements.txt:6");
        assert_eq!(found.problems, []);
    }

    #[test]
    fn files_within_files_are_followed_once_and_constraints_give_versions() {
        let root = Folder::new();
        let path = root.write(
            "a.txt",
            "-r more/b.txt\n--requirement=more/b.txt\n-c pins.txt\nd\n-e ./project\n-r absent.txt\n",
        );
        root.write("more/b.txt", "b==1\n-r ../a.txt\n");
        root.write("pins.txt", "d==4\ne==5\n");
        let found = super::super::requirements(&path).unwrap();
        assert_eq!(names(&found), [("b", Some("1")), ("d", Some("4"))]);
        let kinds: Vec<_> = found.problems.iter().map(|problem| problem.kind.as_str()).collect();
        assert_eq!(kinds, ["not-followed", "not-followed"]);
    }

    #[test]
    fn a_line_that_isnt_understood_is_a_problem_of_that_line() {
        let found = read(Path::new("r.txt"), "===\na==1\n\u{0}\n(((\nb @\n");
        assert_eq!(names(&found), [("a", Some("1"))]);
        assert_eq!(found.problems.len(), 4);
        assert_eq!(found.problems[0].path, "r.txt:1");
    }
}

//! The lock files of installers: which package at which version, and the names of its wheels where the file lists them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::wanted::{Candidate, Requirements, Wanted};
use crate::facts::Problem;
use crate::installed::normalised;

/// Whose lock file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Uv,
    Poetry,
    Pdm,
    /// PEP 751.
    Pylock,
    Pipfile,
}

/// Reads a lock file; the error is the reader's own words.
pub(super) fn read(lock: Lock, path: &Path, text: &str) -> Result<Requirements, String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    // Both languages give the same tree, so that there is one way to look into it.
    let tree: Value = match lock {
        Lock::Pipfile => serde_json::from_str(text).map_err(|error| first_line(error.to_string()))?,
        _ => toml::from_str(text).map_err(|error| first_line(error.to_string()))?,
    };
    let place = path.display().to_string();
    let mut found = Requirements { file: place, ..Requirements::default() };
    match lock {
        Lock::Pipfile => pipfile(&tree, &mut found),
        Lock::Uv => packages(&tree["package"], &edges(&tree["package"]), &mut found),
        Lock::Poetry | Lock::Pdm => packages(&tree["package"], &BTreeMap::new(), &mut found),
        Lock::Pylock => packages(&tree["packages"], &BTreeMap::new(), &mut found),
    }
    if lock == Lock::Poetry {
        old_poetry(&tree["metadata"]["files"], &mut found);
    }
    Ok(found)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The file name of an entry: `file`, `name`, or the end of `url` or `path`.
fn file_name(entry: &Value) -> Option<String> {
    let keys = ["file", "filename", "name", "url", "path"];
    let whole = keys.iter().find_map(|key| text(entry, key)).or_else(|| entry.as_str())?;
    let path = whole.split(['#', '?']).next()?;
    path.rsplit(['/', '\\']).next().map(|name| name.replace("%2B", "+"))
}

/// The packages of uv's, poetry's, PDM's and PEP 751's files: they differ in few words.
fn packages(all: &Value, edges: &BTreeMap<String, String>, found: &mut Requirements) {
    for package in list(all) {
        let Some(name) = text(package, "name").map(normalised) else {
            problem(found, "bad-requirement", "a package without a name");
            continue;
        };
        if let Some(elsewhere) = source(package) {
            problem(
                found,
                "not-followed",
                &format!("`{name}` comes from {elsewhere}: its files aren't looked at"),
            );
            continue;
        }
        let mut files: Vec<String> = list(&package["files"]).filter_map(file_name).collect();
        files.extend(list(&package["wheels"]).filter_map(file_name));
        let lists = package.get("files").is_some()
            || package.get("wheels").is_some()
            || package.get("sdist").is_some();
        let sources = package.get("sdist").is_some() || files.iter().any(|file| !file.ends_with(".whl"));
        files.retain(|file| file.ends_with(".whl"));
        found.wanted.push(Wanted {
            version: text(package, "version").map(str::to_owned),
            marker: own_marker(package).or_else(|| edges.get(&name).cloned()),
            wheels: lists.then(|| files.into_iter().map(|file| Candidate { file }).collect()),
            sources,
            place: found.file.clone(),
            name,
        });
    }
}

fn problem(found: &mut Requirements, kind: &str, message: &str) {
    let (kind, path) = (kind.to_owned(), found.file.clone());
    found.problems.push(Problem { kind, path, message: message.to_owned(), evidence: None });
}

/// Where a package comes from, when that is no index of files.
fn source(package: &Value) -> Option<&'static str> {
    let source = &package["source"];
    let has = |key: &str| source.get(key).is_some() || package.get(key).is_some_and(Value::is_object);
    if ["editable", "virtual", "directory"].iter().any(|key| has(key)) {
        return Some("a project of its own");
    }
    if has("git") || has("vcs") {
        return Some("a repository");
    }
    match text(source, "type") {
        Some("git") => Some("a repository"),
        Some("directory") => Some("a project of its own"),
        _ => None,
    }
}

/// The marker of a package: one text, one for each group, or several of which one has to hold.
fn own_marker(package: &Value) -> Option<String> {
    for key in ["marker", "markers", "resolution-markers"] {
        let all: Vec<&str> = match package.get(key) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Object(groups)) => groups.values().filter_map(Value::as_str).collect(),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        return any_of(&all);
    }
    None
}

fn any_of(markers: &[&str]) -> Option<String> {
    let wrapped: Vec<String> = markers.iter().map(|marker| format!("({marker})")).collect();
    (!wrapped.is_empty()).then(|| wrapped.join(" or "))
}

/// uv writes markers at the edges: a package counts where one of those that lead to it does, and always when one has none.
fn edges(all: &Value) -> BTreeMap<String, String> {
    let mut markers: BTreeMap<String, Vec<Option<&str>>> = BTreeMap::new();
    for package in list(all) {
        let groups = ["optional-dependencies", "dev-dependencies"];
        let grouped =
            groups.iter().filter_map(|key| package.get(key)?.as_object()).flat_map(|groups| groups.values());
        for edge in grouped.chain(package.get("dependencies")).flat_map(list) {
            if let Some(name) = text(edge, "name") {
                markers.entry(normalised(name)).or_default().push(text(edge, "marker"));
            }
        }
    }
    let whole = |(name, markers): (String, Vec<Option<&str>>)| {
        let mut all = markers.into_iter().collect::<Option<Vec<&str>>>()?;
        all.sort_unstable();
        all.dedup();
        Some((name, any_of(&all)?))
    };
    markers.into_iter().filter_map(whole).collect()
}

/// Older files of poetry list all files in one place.
fn old_poetry(files: &Value, found: &mut Requirements) {
    let Some(files) = files.as_object() else { return };
    for (name, all) in files {
        let name = normalised(name);
        for wanted in found.wanted.iter_mut().filter(|wanted| wanted.name == name && wanted.wheels.is_none())
        {
            let names: Vec<String> = list(all).filter_map(file_name).collect();
            wanted.sources = names.iter().any(|file| !file.ends_with(".whl"));
            let wheels = names.into_iter().filter(|file| file.ends_with(".whl"));
            wanted.wheels = Some(wheels.map(|file| Candidate { file }).collect());
        }
    }
}

/// Pipenv's file lists digests and no file names.
fn pipfile(tree: &Value, found: &mut Requirements) {
    let Some(groups) = tree.as_object() else { return };
    for (name, package) in
        groups.iter().filter(|(key, _)| *key != "_meta").filter_map(|(_, all)| all.as_object()).flatten()
    {
        let name = normalised(name);
        if package.get("git").is_some() || package.get("path").is_some() || package.get("editable").is_some()
        {
            problem(
                found,
                "not-followed",
                &format!("`{name}` comes from a project of its own: its files aren't looked at"),
            );
            continue;
        }
        let version = text(package, "version").and_then(|version| version.strip_prefix("=="));
        if found.wanted.iter().all(|wanted| wanted.name != name) {
            found.wanted.push(Wanted {
                version: version.filter(|version| !version.contains('*')).map(str::to_owned),
                marker: text(package, "markers").map(str::to_owned),
                place: found.file.clone(),
                name,
                ..Wanted::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(lock: Lock, text: &str) -> Requirements {
        read(lock, Path::new("x.lock"), text).unwrap()
    }

    fn wheels(wanted: &Wanted) -> Vec<&str> {
        wanted.wheels.iter().flatten().map(|wheel| wheel.file.as_str()).collect()
    }

    #[test]
    fn uvs_file_lists_wheels_and_markers_at_the_edges() {
        let found = read_as(
            Lock::Uv,
            r#"
            [[package]]
            name = "app"
            source = { virtual = "." }
            dependencies = [{ name = "a" }, { name = "b", marker = "sys_platform == 'win32'" }]
            [[package]]
            name = "a"
            version = "1.0"
            source = { registry = "https://example.org/simple" }
            sdist = { url = "https://example.org/a-1.0.tar.gz" }
            wheels = [{ url = "https://example.org/a-1.0%2Bcpu-cp312-cp312-win_amd64.whl" }]
            [[package]]
            name = "b"
            version = "2.0"
            "#,
        );
        assert_eq!(found.wanted.len(), 2);
        assert_eq!(wheels(&found.wanted[0]), ["a-1.0+cpu-cp312-cp312-win_amd64.whl"]);
        assert!(found.wanted[0].sources);
        assert_eq!(found.wanted[0].marker, None);
        assert_eq!(found.wanted[1].marker.as_deref(), Some("(sys_platform == 'win32')"));
        assert_eq!(found.wanted[1].wheels, None);
        assert_eq!(found.problems.len(), 1);
    }

    #[test]
    fn poetrys_files_are_read_in_their_old_and_their_new_form() {
        let new = "[[package]]\nname = \"A\"\nversion = \"1\"\nmarkers = \"os_name == 'nt'\"\n\
                   files = [{file = \"a-1-py3-none-any.whl\"}, {file = \"a-1.tar.gz\"}]\n";
        let old = "[[package]]\nname = \"A\"\nversion = \"1\"\n[metadata.files]\nA = [{file = \"a-1-py3-none-any.whl\"}]\n";
        for (text, sources) in [(new, true), (old, false)] {
            let found = read_as(Lock::Poetry, text);
            assert_eq!(wheels(&found.wanted[0]), ["a-1-py3-none-any.whl"]);
            assert_eq!(found.wanted[0].sources, sources);
        }
    }

    #[test]
    fn pdms_and_the_standards_files_are_read() {
        let pdm = "[[package]]\nname = \"a\"\nversion = \"1\"\nmarker = \"os_name == 'nt'\"\n\
                   files = [{url = \"https://example.org/a-1-py3-none-any.whl\", hash = \"0\"}]\n";
        let standard = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nmarker = \"os_name == 'nt'\"\n\
                        [[packages.wheels]]\nname = \"a-1-py3-none-any.whl\"\n[[packages]]\nname = \"b\"\n\
                        [packages.vcs]\ntype = \"git\"\n";
        for (lock, text) in [(Lock::Pdm, pdm), (Lock::Pylock, standard)] {
            let found = read_as(lock, text);
            assert_eq!(found.wanted.len(), 1);
            assert_eq!(wheels(&found.wanted[0]), ["a-1-py3-none-any.whl"]);
            assert!(found.wanted[0].marker.is_some());
        }
    }

    #[test]
    fn pipenvs_file_has_versions_and_no_files() {
        let text = r#"{"_meta": {"x": {}}, "default": {"A": {"version": "==1", "markers": "os_name == 'nt'"},
            "p": {"path": "."}}, "develop": {"a": {"version": "==1"}, "b": {"version": "*"}}}"#;
        let found = read_as(Lock::Pipfile, text);
        let names: Vec<_> =
            found.wanted.iter().map(|wanted| (wanted.name.as_str(), wanted.version.as_deref())).collect();
        assert_eq!(names, [("a", Some("1")), ("b", None)]);
        assert_eq!(found.wanted[0].wheels, None);
        assert_eq!(found.problems.len(), 1);
    }

    #[test]
    fn wrong_shapes_are_passed_over() {
        for text in [
            "package = 3",
            "[[package]]\nname = 3",
            "[[package]]\nname = \"a\"\nwheels = 7\nfiles = [1, \"x\"]",
        ] {
            assert!(read_as(Lock::Uv, text).wanted.len() < 2);
        }
        assert_eq!(read_as(Lock::Pipfile, "[1]").wanted, []);
    }
}

//! Releases on the package index, as `pip` sees it, and the sources in their wheels.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use super::root;

/// Source files by their path in the wheel.
pub(super) type Sources = BTreeMap<String, String>;

/// A version's parts, so that they sort: `3.0.0rc1` comes before `3.0.0`.
type Order = (Vec<u32>, u8, u32);

/// All releases that are listed, and those in `known` that aren't any more; the oldest first.
pub(super) fn versions(name: &str, known: &[String]) -> Result<Vec<String>, String> {
    let output = pip(&["index", "versions", "--pre", name])?;
    let line = output.lines().find_map(|l| l.trim().strip_prefix("Available versions: "));
    let line = line
        .ok_or_else(|| format!("`pip index versions {name}` lists none; fix: look at pip's configuration"))?;
    let mut versions: Vec<String> = line.split(", ").map(str::to_owned).collect();
    versions.extend(known.iter().filter(|k| !line.split(", ").any(|v| v == *k)).cloned());
    versions.retain(|v| order(v).is_some());
    versions.sort_by_key(|v| order(v));
    Ok(versions)
}

/// Reads `3.0.0rc1` as (3, 0, 0), release candidate, 1; `None` for forms that no release of ours needs.
fn order(version: &str) -> Option<Order> {
    let version = version.replace(".dev", "dev").replace(".post", "post");
    let numbers = version.trim_end_matches(|c: char| c.is_ascii_digit());
    let word = numbers.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let rank = ["dev", "a", "b", "rc", "", "post"].iter().position(|w| *w == word)?;
    let (release, last) = if word.is_empty() {
        (version.as_str(), "0")
    } else {
        version.split_at_checked(numbers.len() - word.len()).map(|(r, l)| (r, &l[word.len()..]))?
    };
    let release: Option<Vec<u32>> = release.split('.').map(|n| n.parse().ok()).collect();
    Some((release?, u8::try_from(rank).ok()?, last.parse().ok()?))
}

/// The C and C++ sources in a release's wheel; empty where it has none that this Python can fetch.
pub(super) fn sources(name: &str, version: &str) -> Result<Sources, String> {
    let folder = root().join("target/releases").join(format!("{name}-{version}"));
    let wheel = match wheel_in(&folder) {
        Some(wheel) => wheel,
        None => {
            let requirement = format!("{name}=={version}");
            let into = folder.display().to_string();
            let done =
                pip(&["download", "-q", "--no-deps", "--only-binary=:all:", "-d", &into, &requirement]);
            match (done, wheel_in(&folder)) {
                (Ok(_), Some(wheel)) => wheel,
                // The oldest releases have no wheel: there is nothing to read, which isn't an error of ours.
                (Err(why), _) if why.contains("No matching distribution") => {
                    eprintln!("note: {requirement} has no wheel for this machine and Python");
                    return Ok(Sources::new());
                }
                (Err(why), _) => return Err(why),
                (Ok(_), None) => return Err(format!("`pip download {requirement}` left no wheel in {into}")),
            }
        }
    };
    read(&wheel).map_err(|e| format!("can't read {}: {e}; fix: delete it and try again", wheel.display()))
}

fn wheel_in(folder: &PathBuf) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| path.extension().is_some_and(|e| e == "whl"))
}

fn read(wheel: &PathBuf) -> Result<Sources, Box<dyn std::error::Error>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?)?;
    let mut sources = Sources::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        if [".h", ".cpp", ".swg"].iter().any(|e| file.name().ends_with(e)) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            sources.insert(file.name().to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(sources)
}

fn pip(words: &[&str]) -> Result<String, String> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip"]).args(words).arg("--disable-pip-version-check");
    let output = interbind_ask::ask(&mut command, interbind_ask::Limits::DOWNLOAD)
        .map_err(|why| format!("python3 {why}; fix: put a Python 3 with pip on PATH"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`pip {}` failed:\n{}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_the_index_means_them() {
        let sorted =
            ["2.9.2", "2.10.0", "3.0.0.dev6", "3.0.0b1", "3.0.0rc1", "3.0.0", "3.0.0.post1", "3.0.1"];
        assert!(sorted.is_sorted_by_key(|v| order(v)));
        assert!(sorted.iter().all(|v| order(v).is_some()));
        assert_eq!(order("whatever"), None);
    }
}

//! `kind = "cargo"`: a generated package per extension, one target folder for all that share their
//! dependencies' flags. `cargo rustc` hands role and flags to the extension alone, so dependencies compile
//! once. Only this file knows cargo.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::axes::RECORD_FLAGS;
use crate::error::{Error, Result};
use crate::forge::instruments::Instruments;
use crate::forge::{Job, Made, Order, builder, fill, network};
use crate::house::{self, House};
use crate::participant::{Participant, Recipe};

/// The folder of the target directory: one for each Python, because build scripts ask which that is. Cargo keeps versions,
/// features and profiles apart by itself, and what they have in common, as the crates of macros, is compiled once. Extensions that are
/// linked with the same objects are built one after the other.
pub fn target_name(participant: &Participant, order: &Order) -> String {
    let host = order.host.as_deref().unwrap_or("any");
    match participant.build {
        Recipe::Cargo { .. } => host.to_owned(),
        Recipe::Cplusplus(ref recipe) if !recipe.objects.is_empty() => {
            format!("{host}-{}-{}", participant.name, order.build.version())
        }
        _ => format!("{host}-{}-{}", participant.name, order.role.as_str()),
    }
}

/// Builds one extension; a failure of cargo is an answer, not an error.
pub(crate) fn build(
    house: &House,
    job: &Job<'_>,
    profile: &BTreeMap<String, toml::Value>,
    target: &Path,
) -> Result<Made> {
    let folder = house.work.join("sources").join(folder_name(job));
    let template = job.participant.folder.join("Cargo.toml.in");
    let manifest = folder.join("Cargo.toml");
    let text = manifest_text(&house::read(&template)?, job, profile);
    house::write_if_changed(&manifest, &text)?;
    let zoo = folder.join("zoo.rs");
    house::write_if_changed(&zoo, &job.zoo_text)?;
    let lock = folder.join("Cargo.lock");
    let committed = job.participant.folder.join("locks").join(format!("{}.lock", lock_name(job)));
    if committed.is_file() {
        house::write_if_changed(&lock, &house::read(&committed)?)?;
    }

    let environment: BTreeMap<String, String> = [
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("ZOO_RS", zoo.display().to_string()),
        ("CONFORMANCE_BUILD", job.order.build.to_string()),
        ("CONFORMANCE_ROLE", job.order.role.as_str().to_owned()),
        ("CONFORMANCE_RECORD", record(job).unwrap_or_default().to_owned()),
        ("PYO3_PYTHON", job.python.executable.display().to_string()),
        ("PYO3_BUILD_EXTENSION_MODULE", "1".to_owned()),
        ("PYO3_USE_ABI3_FORWARD_COMPATIBILITY", if job.abi3 { "1" } else { "" }.to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .chain(job.instruments.map(Instruments::environment).into_iter().flatten())
    .collect();

    let mut log = String::new();
    let mut built = Err("cargo did not run".to_owned());
    let mut command = Vec::new();
    // Offline first: a warm machine needs no network, and a registry that answers slowly is no cost.
    for offline in [true, false] {
        command = arguments(job, &manifest, offline);
        built = builder::run(&command, &environment, &mut log).and_then(|messages| built_library(&messages));
        if built.is_ok() || !network::is_wanted(&log) {
            break;
        }
    }
    if built.is_ok() && !committed.exists() && lock.is_file() {
        house::write_if_changed(&committed, &house::read(&lock)?)?;
    }
    Ok(Made { built, command, environment, log })
}

/// `rustc -Vv`, or why there is none.
pub fn compiler_identity() -> String {
    builder::identity(&std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()), "-Vv")
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn folder_name(job: &Job<'_>) -> String {
    let Order { build, role, mutation, host } = job.order;
    format!("{build}-{}-{mutation}-{}", role.as_str(), host.as_deref().unwrap_or("any"))
}

/// Version, and those flags that choose other dependencies.
fn lock_name(job: &Job<'_>) -> String {
    let mut name = job.order.build.version().to_owned();
    for flag in job.order.build.flags() {
        if job.participant.flags.get(flag).is_some_and(|variant| !variant.set.is_empty()) {
            _ = write!(name, "+{flag}");
        }
    }
    name
}

fn record<'j>(job: &'j Job<'_>) -> Option<&'j str> {
    job.order.build.flags().find(|flag| RECORD_FLAGS.contains(flag))
}

fn manifest_text(template: &str, job: &Job<'_>, profile: &BTreeMap<String, toml::Value>) -> String {
    let mut text = fill(template, &job.placeholders);
    let mut lines = profile.clone();
    for variant in job.participant.variants(&job.order.build) {
        lines.extend(variant.profile.clone());
    }
    text.push_str("\n# Written by the forge.\n[workspace]\n\n[profile.release]\n");
    for (line, value) in lines {
        _ = writeln!(text, "{line} = {value}");
    }
    text
}

fn arguments(job: &Job<'_>, manifest: &Path, offline: bool) -> Vec<String> {
    let mut all = vec![cargo(), "rustc".into(), "--lib".into(), "--release".into()];
    all.extend(["--message-format=json-render-diagnostics".into(), "--manifest-path".into()]);
    all.push(manifest.display().to_string());
    if offline {
        all.push("--offline".into());
    }
    all.extend(["--".into(), "--cfg".into(), format!("role=\"{}\"", job.order.role.as_str())]);
    for flag in job.order.build.flags() {
        all.extend(["--cfg".into(), format!("flag=\"{flag}\"")]);
    }
    if let Some(record) = record(job) {
        all.extend(["--cfg".into(), format!("record=\"{record}\"")]);
    }
    all
}

/// The library that cargo's messages name last.
fn built_library(messages: &str) -> std::result::Result<PathBuf, String> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| {
            message["target"]["crate_types"].as_array().is_some_and(|k| k.iter().any(|k| k == "cdylib"))
        })
        .filter_map(|message| {
            let files = message["filenames"].as_array()?;
            let library = |name: &&str| [".so", ".dylib", ".dll"].iter().any(|ending| name.ends_with(ending));
            files.iter().filter_map(|file| file.as_str()).find(library).map(PathBuf::from)
        })
        .next_back()
        .ok_or_else(|| "cargo built no cdylib".to_owned())
}

/// Removes the target folders: the next run is a cold one.
pub fn clean(house: &House) -> Result<()> {
    for folder in ["cargo", "built", "sources", "units"] {
        let path = house.work.join(folder);
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(|e| Error::io(&path, e))?;
        }
    }
    Ok(())
}

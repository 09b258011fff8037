//! The cache key: SHA-256 over everything that reaches the binary, each piece under its name, so that no
//! two different inputs can spell the same text.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Order;
use crate::error::{Error, Result};
use crate::house;
use crate::participant::Participant;

/// What goes into a build.
#[derive(Clone)]
pub struct Inputs<'a> {
    /// The forge's own format.
    pub format: u32,
    /// Build, role, mutation and host.
    pub order: &'a Order,
    /// Whose sources and variants.
    pub participant: &'a Participant,
    /// For inputs outside the participant's folder.
    pub repo: &'a Path,
    /// `rustc -Vv`, and of extensions in C++ that compiler too.
    pub compilers: &'a str,
    /// The ending of the host's extensions; `any` for abi3.
    pub host_tag: &'a str,
    /// The host's full version; `any` for abi3.
    pub host_version: &'a str,
    /// The generated declarations.
    pub zoo_text: &'a str,
}

/// Hashes the inputs; the key is the first 32 hexadecimal digits.
pub fn of(inputs: &Inputs<'_>) -> Result<String> {
    let Inputs { format, order, participant, repo, compilers, host_tag, host_version, zoo_text } = inputs;
    let mut hash = Sha256::new();
    let mut piece = |name: &str, bytes: &[u8]| {
        hash.update(format!("{name}:{}:", bytes.len()));
        hash.update(bytes);
    };
    piece("format", &format.to_le_bytes());
    piece("build", order.build.as_str().as_bytes());
    piece("role", order.role.as_str().as_bytes());
    piece("mutation", order.mutation.as_str().as_bytes());
    piece("rustc", compilers.as_bytes());
    piece("host", host_tag.as_bytes());
    piece("host-version", host_version.as_bytes());
    piece("zoo", zoo_text.as_bytes());
    piece("module", participant.module(order.role).as_bytes());
    // What versions and flags mean, and how it is built, stand in the description.
    for variant in participant.variants(&order.build) {
        piece(
            "variant",
            format!(
                "{:?} {:?} {:?} {} {:?}",
                variant.set, variant.features, variant.profile, variant.abi3, variant.runtime
            )
            .as_bytes(),
        );
    }
    piece("recipe", format!("{:?}", participant.build).as_bytes());
    for input in participant.build.inputs() {
        let input = input.replace("{role}", order.role.as_str()).replace("{version}", order.build.version());
        let root = match input.strip_prefix("{repo}/") {
            Some(below) => repo.join(below),
            None => participant.folder.join(&input),
        };
        for file in files(&root)? {
            let below = file.strip_prefix(&root).unwrap_or(&file);
            let bytes = std::fs::read(&file).map_err(|e| Error::io(&file, e))?;
            piece(&format!("file {input} {}", below.display()), &bytes);
        }
    }
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// Every file at or below a path, sorted; build products and hidden files are no input.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    if root.is_file() {
        return Ok(vec![root.to_owned()]);
    }
    if !root.is_dir() {
        return Err(Error::data(root, "listed in `inputs`, but it isn't there"));
    }
    let mut found = Vec::new();
    for path in house::entries(root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

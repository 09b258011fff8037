//! The key of an extension in the cache: everything that reaches the binary and is known before it is built.

use std::path::Path;

use super::Order;
use super::instruments::Instruments;
use crate::cache::Key;
use crate::cache::inputs::files;
use crate::error::{Error, Result};
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
    /// A sanitizer's, if any.
    pub instruments: Option<&'a Instruments>,
}

/// Hashes the inputs.
///
/// # Errors
/// One that the description lists isn't there, or can't be read.
pub fn of(inputs: &Inputs<'_>) -> Result<String> {
    let Inputs { format, order, participant, repo, compilers, host_tag, host_version, zoo_text, instruments } =
        inputs;
    let mut key = Key::of("forge")
        .piece("forge", format.to_le_bytes())
        .piece("build", order.build.as_str())
        .piece("role", order.role.as_str())
        .piece("mutation", order.mutation.as_str())
        .piece("rustc", compilers)
        .piece("host", host_tag)
        .piece("host-version", host_version)
        .piece("zoo", zoo_text)
        .piece("module", participant.module(order.role));
    if let Some(instruments) = instruments {
        key = key.piece("instruments", instruments.identity());
    }
    // What versions and flags mean, and how it is built, stand in the description.
    for variant in participant.variants(&order.build) {
        let described = (&variant.set, &variant.features, &variant.profile, variant.abi3, &variant.runtime);
        key = key.piece("variant", format!("{described:?}"));
        key = key.pieces("beside", &variant.beside);
    }
    key = key.piece("recipe", format!("{:?}", participant.build));
    for input in participant.build.inputs() {
        let input = input.replace("{role}", order.role.as_str()).replace("{version}", order.build.version());
        let root = match input.strip_prefix("{repo}/") {
            Some(below) => repo.join(below),
            None => participant.folder.join(&input),
        };
        if !root.exists() {
            return Err(Error::data(root, "listed in `inputs`, but it isn't there"));
        }
        for file in files(&root) {
            let below = file.strip_prefix(&root).unwrap_or(&file);
            let bytes = std::fs::read(&file).map_err(|e| Error::io(&file, e))?;
            key = key.piece(&format!("file {input} {}", below.display()), bytes);
        }
    }
    Ok(key.name())
}

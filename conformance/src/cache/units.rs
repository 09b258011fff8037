//! What cargo has compiled, shared between target folders.
//!
//! Extensions for two Pythons can't have one target folder: cargo would build what looks at Python again at each change. Most
//! crates don't look at it. Cargo calls a compiled crate a unit, and names it by a hash of its features, its profile and all
//! that it depends on; so a unit with the same name is for the same purpose in any folder. A [`Target`] begins with the units
//! that other folders have, and gives them its own. Cargo itself decides which of them are still right, by its fingerprints: a
//! unit for another Python, or of an older source, is built again.
//!
//! A library is in all these folders one file with many names, so they take little more space than one folder.
//! Units that can't be copied, or that aren't where they are looked for, only take the time to build them.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Cache, Key};
use crate::error::Result;
use crate::work::Lock;

/// The lock of what all folders share.
pub(super) const SHARED: &str = "units";

/// Where cargo notes in a profile's folder, for each unit, what it was made from.
const FINGERPRINTS: &str = ".fingerprint";

/// A target folder of cargo, which nobody else has meanwhile.
#[derive(Debug)]
pub struct Target<'c> {
    cache: &'c Cache,
    own: PathBuf,
    shared: PathBuf,
    _alone: Lock,
}

impl Cache {
    /// Takes a target folder, and puts in what others have compiled in that profile, `debug` or `release`.
    ///
    /// # Errors
    /// The work folder can't be written.
    pub fn target(&self, folder: &Path, profile: &str) -> Result<Target<'_>> {
        let name = Key::of("target").piece("folder", folder.as_os_str().as_encoded_bytes()).name();
        let alone = self.alone(&format!("target-{name}"))?;
        let shared = self.units().join(profile);
        let target = Target { cache: self, own: folder.join(profile), shared, _alone: alone };
        let _shared = self.alone(SHARED)?;
        copy_units(&target.shared, &target.own, |_, there| there.is_none());
        Ok(target)
    }

    /// Where the shared units are.
    pub fn units(&self) -> PathBuf {
        self.work.join("units")
    }
}

impl Target<'_> {
    /// Gives others what was compiled, after a build that succeeded.
    ///
    /// # Errors
    /// The work folder can't be written.
    pub fn share(self) -> Result<()> {
        let _shared = self.cache.alone(SHARED)?;
        copy_units(&self.own, &self.shared, |own, there| there.is_none_or(|there| there < own));
        Ok(())
    }
}

/// Copies those units of a profile's folder that are `wanted`, by the time of each and of the one that is there.
fn copy_units(from: &Path, to: &Path, wanted: impl Fn(SystemTime, Option<SystemTime>) -> bool) {
    let (units, there) = (made(from), made(to));
    let is_wanted = |unit: &&String| wanted(units[*unit], there.get(*unit).copied());
    let copied: BTreeSet<_> = units.keys().filter(is_wanted).collect();
    if copied.is_empty() {
        return;
    }
    let outputs = outputs(from);
    for unit in copied {
        let none = Vec::new();
        let compiled = hash_of(unit).and_then(|hash| outputs.get(hash)).unwrap_or(&none);
        let built = Path::new("build").join(unit);
        // A library for Python has a name without a hash, and belongs to its own folder.
        if !compiled.is_empty() || from.join(&built).is_dir() {
            _ = copy_unit(from, to, unit, compiled, &built);
        }
    }
}

/// Each unit, with the time when it was finished.
fn made(profile: &Path) -> BTreeMap<String, SystemTime> {
    let time = |unit: &Path| {
        let files = fs::read_dir(unit).ok()?.flatten();
        files.filter_map(|file| file.metadata().ok()?.modified().ok()).max()
    };
    let units = fs::read_dir(profile.join(FINGERPRINTS)).into_iter().flatten().flatten();
    units
        .filter_map(|unit| Some((unit.file_name().into_string().ok()?, time(&unit.path())?)))
        .filter(|(unit, _)| hash_of(unit).is_some())
        .collect()
}

/// The files that the compiler wrote, by the hash in their names.
fn outputs(profile: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for file in fs::read_dir(profile.join("deps")).into_iter().flatten().flatten() {
        let name = file.file_name();
        let hash = name.to_str().and_then(|name| hash_of(name.split('.').next()?));
        if let Some(hash) = hash {
            all.entry(hash.to_owned()).or_default().push(Path::new("deps").join(&name));
        }
    }
    all
}

/// What is behind the last hyphen of a unit's name.
fn hash_of(name: &str) -> Option<&str> {
    let (_, hash) = name.rsplit_once('-')?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

/// Copies a unit, its fingerprint last: one that is killed meanwhile leaves a unit that cargo takes for not built.
fn copy_unit(from: &Path, to: &Path, unit: &str, compiled: &[PathBuf], built: &Path) -> io::Result<()> {
    let fingerprint = Path::new(FINGERPRINTS).join(unit);
    for old in [&fingerprint, built] {
        if to.join(old).exists() {
            fs::remove_dir_all(to.join(old))?;
        }
    }
    fs::create_dir_all(to.join("deps"))?;
    for file in compiled {
        copy_file(&from.join(file), &to.join(file))?;
    }
    if from.join(built).is_dir() {
        copy_folder(&from.join(built), &to.join(built))?;
    }
    let whole = to.join(FINGERPRINTS).join(".copied");
    if whole.exists() {
        fs::remove_dir_all(&whole)?;
    }
    copy_folder(&from.join(&fingerprint), &whole)?;
    fs::rename(&whole, to.join(&fingerprint))
}

/// Whether the compiler and the linker give a file its name when it's finished, and never write into the one that is there: a
/// further name of it is as good as a copy, and takes no space. It's nearly all that a unit has, in tens of folders.
fn is_replaced(file: &Path) -> bool {
    let extension = file.extension().and_then(OsStr::to_str);
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let is_build_script = ["build-script-", "build_script_"].iter().any(|start| name.starts_with(start));
    match extension {
        Some("rlib" | "rmeta") => true,
        Some(extension) => extension == DLL_EXTENSION,
        None => is_build_script,
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &place)?;
        } else {
            copy_file(&entry.path(), &place)?;
        }
    }
    Ok(())
}

/// Puts a file there with its time, by which cargo sees what is older than its source.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    // What is there may be another name of a file that is used.
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if is_replaced(from) && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    let modified = from.metadata()?.modified()?;
    File::options().append(true).open(to)?.set_modified(modified)
}

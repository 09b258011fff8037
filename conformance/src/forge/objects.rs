//! Sources of a package that extensions are linked with, as nanobind's own: each is compiled once for all of the same flags, and
//! both roles and every mutation of the zoo take it from the [cache](crate::cache).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::builder;
use crate::cache::{Cache, Key};
use crate::error::{Error, Result};

/// The file of an entry.
const OBJECT: &str = "object.o";
/// The file in which the compiler lists what it has read.
const LISTED: &str = "listed.d";

/// A compiled source.
pub(super) struct Compiled {
    /// The object.
    pub object: PathBuf,
    /// What was read for it, in the syntax of `make`.
    pub read: String,
}

/// Compiles a source, or finds it compiled. A failure of the compiler is an answer, not an error.
///
/// `compiler` is what it says of itself, and `words` begins with its name.
pub(super) fn compiled(
    cache: &Cache,
    compiler: &str,
    words: &[String],
    source: &str,
    log: &mut String,
) -> Result<std::result::Result<Compiled, String>> {
    let key = Key::of("object").piece("compiler", compiler).pieces("word", words).piece("source", source);
    let entry = match cache.entry(&key.name())?.kept() {
        Ok(kept) => {
            let (object, listed) = (kept.file(OBJECT), kept.file(LISTED));
            let read = fs::read_to_string(&listed).map_err(|e| Error::io(&listed, e))?;
            return Ok(Ok(Compiled { object, read }));
        }
        Err(entry) => entry,
    };
    let mut building = entry.build()?;
    let (object, listed) = (building.folder().join(OBJECT), building.folder().join(LISTED));
    let mut command = words.to_vec();
    command.extend(["-w", "-c"].map(str::to_owned));
    command.extend(["-MD".to_owned(), "-MF".to_owned(), listed.display().to_string()]);
    command.extend(["-o".to_owned(), object.display().to_string(), source.to_owned()]);
    if let Err(why) = builder::run(&command, &BTreeMap::new(), log) {
        return Ok(Err(why));
    }
    let read = fs::read_to_string(&listed).map_err(|e| Error::io(&listed, e))?;
    building.inputs.listed(&read, None);
    building.keep()?;
    Ok(Ok(Compiled { object, read }))
}

//! Files that are made from others in this repository. Each is made as a text; [`settle`] writes it or says that the
//! checked-in one is another. A test holds the same text against the file, so none goes out of date unseen.
//!
//! - [`header`]: the C header of the records; [`lock`]: the promise that they are;
//! - [`docs`]: the messages in the error index; [`schema`] and [`classes`]: what `--json` prints;
//! - [`shown`]: the code that pages and documentation show;
//! - [`unsafe_list`]: the files with unsafe code, and which boundary each of the shim's is;
//! - [`seeds`]: what the fuzzers begin with; [`stable_abi`]: the symbols of Python's stable ABI.

use std::fs;
use std::path::Path;

use clap::ValueEnum;

use crate::repository;

pub mod classes;
pub mod docs;
pub mod header;
pub mod lock;
pub mod schema;
pub mod seeds;
pub mod shown;
pub mod stable_abi;
pub mod unsafe_list;

/// What can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// `shim/include/interbind/abi.h`: the records as C reads them
    Header,
    /// `abi/abi.lock`: the records as they are promised; refuses to break a promise
    Lock,
    /// The messages in the error index of the book, as a CPython says them
    Docs,
    /// `docs/schema` and the Python classes made from it: what `--json` prints
    Schema,
    /// The code that the book, the READMEs and the crate's documentation show, from the crates that it is a part of
    Shown,
    /// `tests/unsafe-files.txt` and the book's page on it: the files with unsafe code, and which boundary each of the shim's is
    UnsafeList,
    /// `fuzz/seeds`: what the fuzzers of the doctor begin with
    Seeds,
    /// `doctor/data/stable_abi.txt`: the symbols of Python's stable ABI
    StableAbi,
    /// Everything that needs no source from elsewhere
    All,
}

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Its path from the repository's root.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

impl Generated {
    pub(crate) fn text(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), bytes: text.into().into_bytes() }
    }

    /// Whether the checked-in file says the same; line ends are git's.
    pub fn is_there(&self) -> bool {
        let plain = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => text.replace("\r\n", "\n").into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        fs::read(repository().join(&self.path)).is_ok_and(|found| plain(&found) == plain(&self.bytes))
    }
}

impl What {
    /// Its word on the command line.
    pub fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Makes the files; `source` is where CPython's list of the stable ABI is.
    ///
    /// # Errors
    /// What they are made from is missing, or a promise would be broken.
    pub fn make(self, source: Option<&Path>) -> Result<Vec<Generated>, String> {
        match self {
            Self::Header => Ok(vec![Generated::text("shim/include/interbind/abi.h", header::header())]),
            Self::Lock => lock::make(),
            Self::Docs => docs::make(),
            Self::Schema => Ok(schema::make()),
            Self::Shown => shown::make(),
            Self::UnsafeList => Ok(vec![
                Generated::text("tests/unsafe-files.txt", unsafe_list::text()),
                Generated::text("docs/src/design/unsafe.md", unsafe_list::page()?),
            ]),
            Self::Seeds => Ok(seeds::make()),
            Self::StableAbi => stable_abi::make(source.ok_or("name CPython's `Misc/stable_abi.toml`")?),
            Self::All => {
                let own =
                    Self::value_variants().iter().filter(|what| !matches!(what, Self::StableAbi | Self::All));
                own.map(|what| what.make(None)).collect::<Result<Vec<_>, _>>().map(|made| made.concat())
            }
        }
    }
}

/// Makes files and writes those that are others than the checked-in ones, or only says which those are.
///
/// # Errors
/// They can't be made or written; with `check`, one is out of date.
pub fn settle(what: What, source: Option<&Path>, check: bool) -> Result<(), String> {
    let made = what.make(source)?;
    let stale: Vec<_> = made.iter().filter(|file| !file.is_there()).collect();
    if check && !stale.is_empty() {
        let paths: Vec<_> = stale.iter().map(|file| file.path.as_str()).collect();
        return Err(format!("out of date: {}; fix: cargo xtask generate {}", paths.join(", "), what.word()));
    }
    for file in &stale {
        let path = repository().join(&file.path);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&path, &file.bytes));
        written.map_err(|error| format!("can't write {}: {error}", path.display()))?;
        println!("wrote {}", file.path);
    }
    if stale.is_empty() {
        println!("{}: up to date", what.word());
    }
    Ok(())
}

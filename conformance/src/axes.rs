//! Names and values of the axes: the only place that knows the words. Hosts, builds and cases are open
//! sets (data decides), so only their *form* is known here; orders, modes and mutations are closed.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

macro_rules! axis {
    ($(#[$doc:meta])* $name:ident: $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word used in ids, files and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(word: &str) -> Result<Self, Error> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Error::word(word, concat!($what, ", one of: ", $($word, " "),+).trim_end())),
                }
            }
        }
    };
}

axis! {
    /// Who is imported first.
    Order: "an import order" {
        /// The provider.
        ProviderFirst = "p1",
        /// The consumer.
        ConsumerFirst = "c1",
    }
}

axis! {
    /// Where and how the case's body runs.
    Mode: "a mode" {
        /// In the main interpreter, one thread.
        Main = "main",
        /// Again in a second interpreter with its own GIL.
        Sub = "sub",
        /// Again in a second interpreter which shares the GIL.
        Shared = "shared",
        /// In several threads at once.
        Threads = "thr",
        /// Imported, dropped, imported again.
        Reload = "reload",
        /// The interpreter ends while things are alive.
        Exit = "exit",
    }
}

axis! {
    /// How the consumer's types differ from the provider's.
    Mutation: "a type mutation" {
        /// Not at all.
        Same = "same",
        /// One more field at the end.
        FieldAdded = "field-added",
        /// Two fields have changed places.
        Reordered = "reordered",
        /// A field is wider.
        Widened = "widened",
        /// A field has another name, the layout is the same.
        Renamed = "renamed",
        /// The alignment is higher.
        AlignUp = "align-up",
        /// The next major: nothing else changes.
        SemverMajor = "semver-major",
        /// The next minor: nothing else changes.
        SemverMinor = "semver-minor",
    }
}

/// Flags that make a build write mutated records; used only by cases which name them.
pub const RECORD_FLAGS: &[&str] =
    &["older-minor", "newer-minor", "other-major", "bad-magic", "short-size", "null-slot"];

/// Whether a word has the form of a host: `cp311`, `cp313t`, `cp314d`, `pp311`.
pub fn is_host(word: &str) -> bool {
    let Some(rest) = word.strip_prefix("cp").or_else(|| word.strip_prefix("pp")) else { return false };
    let digits = rest.trim_end_matches(['t', 'd']);
    (2..=3).contains(&digits.len())
        && rest.len() - digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a word can be a name in an id: letters, digits, `.`, `_`, `-`; never `..`.
pub fn is_name(word: &str) -> bool {
    !word.is_empty()
        && !word.contains("..")
        && !word.starts_with(['.', '-'])
        && !word.ends_with(['.', '-'])
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

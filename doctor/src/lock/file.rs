//! The file: TOML that people can read in a review, one table for each type, in the order of the names.

use std::fmt;

use interbind_abi::version::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of the file.
const FORM: u32 = 1;

const HEAD: &str =
    "# The shared types of this crate as they were released: written by `interbind lock`, compared by
# `interbind lock --check`. Keep it under version control.
";

/// A type's version, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeVersion(pub Version);

impl Default for TypeVersion {
    fn default() -> Self {
        Self(Version::new(0, 0, 0))
    }
}

impl std::str::FromStr for TypeVersion {
    type Err = interbind_abi::version::VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for TypeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for TypeVersion {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TypeVersion {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for TypeVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TypeVersion".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// A type as it is locked, or as it was built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedType {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: TypeVersion,
    /// Its layout or signatures.
    pub descriptor: String,
}

/// Why a lock can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockError {
    /// It isn't of this form; with the reader's own words.
    Broken(String),
    /// It is of a form that only a newer interbind knows.
    Newer(u32),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(why) => write!(f, "isn't a lock: {}", why.trim_end()),
            Self::Newer(form) => write!(f, "has form {form}, and this interbind knows {FORM}: upgrade it"),
        }
    }
}

impl std::error::Error for LockError {}

/// What a lock holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    /// The types, by name and version.
    pub types: Vec<LockedType>,
}

impl LockFile {
    /// Reads a lock.
    ///
    /// # Errors
    /// See [`LockError`].
    pub fn parse(text: &str) -> Result<Self, LockError> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[expect(dead_code, reason = "read before")]
            form: u32,
            #[serde(default, rename = "type")]
            types: Vec<LockedType>,
        }
        let broken = |error: toml::de::Error| LockError::Broken(error.to_string());
        let Form { form } = toml::from_str(text).map_err(broken)?;
        if form > FORM {
            return Err(LockError::Newer(form));
        }
        let mut types = toml::from_str::<File>(text).map_err(broken)?.types;
        types.sort();
        Ok(Self { types })
    }
}

impl fmt::Display for LockFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}form = {FORM}")?;
        for LockedType { name, version, descriptor } in &self.types {
            let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
            write!(
                f,
                "\n[[type]]\nname = {}\nversion = {}\ndescriptor = {}\n",
                text(name),
                text(&version.to_string()),
                text(descriptor)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let of = |name: &str, descriptor: &str| LockedType {
            name: name.to_owned(),
            version: "1.2.0".parse().expect("a version"),
            descriptor: descriptor.to_owned(),
        };
        let lock =
            LockFile { types: vec![of("a.P", "data a.P \"x\" \\ '''"), of("b.Q", "interface b.Q { }")] };
        assert_eq!(LockFile::parse(&lock.to_string()), Ok(lock));
        assert_eq!(LockFile::parse("form = 2"), Err(LockError::Newer(2)));
        assert!(matches!(LockFile::parse("type = 3"), Err(LockError::Broken(_))));
        assert!(matches!(LockFile::parse("form = 1\ncolour = 3"), Err(LockError::Broken(_))));
    }
}

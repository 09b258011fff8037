//! Versions of types, and what a consumer requires of them.
//!
//! Read by the judge (as integers) and by diagnoses (as text). Belongs to the type contract. A version is three
//! numbers: pre-releases and build metadata are refused, because "is it compatible" has no answer for them.

use core::fmt;
use core::str::FromStr;

use semver::{Comparator, Op, VersionReq};

use crate::record::bytes;

/// A type's semantic version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Version {
    /// Moves when the layout or a needed method's meaning changes.
    pub major: u32,
    /// Moves when something is added.
    pub minor: u32,
    /// Moves otherwise.
    pub patch: u32,
}

bytes! { pod Version: u32, u32, u32 }

impl Version {
    /// Makes a version.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Compares as `Ord` does, in constant context.
    pub const fn is_below(self, other: Self) -> bool {
        if self.major != other.major {
            return self.major < other.major;
        }
        if self.minor != other.minor {
            return self.minor < other.minor;
        }
        self.patch < other.patch
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a consumer accepts: every version from `least` up to, and without, `below`.
///
/// Two forms are written: `^2.1` and `>=2.1, <3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The first version that will do.
    pub least: Version,
    /// The first version that won't.
    pub below: Version,
}

impl Requirement {
    /// Makes `^least`: nothing that semantic versioning lets break.
    pub const fn compatible(least: Version) -> Self {
        let Version { major, minor, patch } = least;
        let below = if major > 0 {
            Version::new(major.saturating_add(1), 0, 0)
        } else if minor > 0 {
            Version::new(0, minor.saturating_add(1), 0)
        } else {
            Version::new(0, 0, patch.saturating_add(1))
        };
        Self { least, below }
    }

    /// Tells whether `version` will do.
    pub const fn accepts(&self, version: Version) -> bool {
        !version.is_below(self.least) && version.is_below(self.below)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::compatible(self.least) {
            return write!(f, "^{}", self.least);
        }
        write!(f, ">={}, <{}", self.least, self.below)
    }
}

/// Why a text is no version or requirement of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionError {
    /// Not `major.minor.patch`.
    Version,
    /// A pre-release or build metadata.
    Extra,
    /// A part doesn't fit 32 bits.
    Range,
    /// Neither `^1.2` nor `>=1.2, <2`.
    Requirement,
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "expected a version as `1.2.0`",
            Self::Extra => "pre-releases and build metadata have no place in a type's version",
            Self::Range => "a part of the version is larger than 4294967295",
            Self::Requirement => "expected `^1.2` or `>=1.2, <2`",
        })
    }
}

fn number(part: u64) -> Result<u32, VersionError> {
    u32::try_from(part).map_err(|_| VersionError::Range)
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let parsed = semver::Version::parse(text).map_err(|_| VersionError::Version)?;
        if !parsed.pre.is_empty() || !parsed.build.is_empty() {
            return Err(VersionError::Extra);
        }
        Ok(Self::new(number(parsed.major)?, number(parsed.minor)?, number(parsed.patch)?))
    }
}

impl FromStr for Requirement {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let parsed = VersionReq::parse(text).map_err(|_| VersionError::Requirement)?;
        let bound = |c: &Comparator| {
            if !c.pre.is_empty() {
                return Err(VersionError::Extra);
            }
            Ok(Version::new(number(c.major)?, number(c.minor.unwrap_or(0))?, number(c.patch.unwrap_or(0))?))
        };
        match parsed.comparators.as_slice() {
            [caret] if caret.op == Op::Caret => match (caret.major, caret.minor, caret.patch) {
                // `^0` and `^0.0` are wider than `^0.0.0`.
                (0, None, _) => Ok(Self { least: bound(caret)?, below: Version::new(1, 0, 0) }),
                (0, Some(0), None) => Ok(Self { least: bound(caret)?, below: Version::new(0, 1, 0) }),
                _ => Ok(Self::compatible(bound(caret)?)),
            },
            [from, to] if from.op == Op::GreaterEq && to.op == Op::Less => {
                let (least, below) = (bound(from)?, bound(to)?);
                if least < below { Ok(Self { least, below }) } else { Err(VersionError::Requirement) }
            }
            _ => Err(VersionError::Requirement),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn only_the_two_forms_are_requirements() {
        for bad in [
            "1.2",
            "=1.2.3",
            "~1.2",
            "*",
            ">=1.2",
            "<2",
            "^1.2, ^1.3",
            ">=2, <1",
            ">=2, <2",
            ">2, <3",
            ">=2, <=3",
            "=2, <3",
            "^1.2.0-rc1",
            "",
            "^99999999999",
        ] {
            let parsed = bad.parse::<Requirement>();
            // `1.2` is the caret form in Cargo's reading.
            assert_eq!(parsed.is_ok(), bad == "1.2", "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_version_is_said() {
        for (text, expected) in [
            ("1.2", "expected a version as `1.2.0`"),
            ("1.2.0-rc1", "pre-releases and build metadata have no place in a type's version"),
            ("1.2.0+local", "pre-releases and build metadata have no place in a type's version"),
            ("1.2.4294967296", "a part of the version is larger than 4294967295"),
        ] {
            assert_eq!(text.parse::<Version>().unwrap_err().to_string(), expected);
        }
        assert_eq!("~1".parse::<Requirement>().unwrap_err().to_string(), "expected `^1.2` or `>=1.2, <2`");
    }

    #[test]
    fn a_caret_stops_at_the_leftmost_number_that_is_not_zero() {
        for (requirement, inside, outside) in [
            ("^1.2", (1, 9, 0), (2, 0, 0)),
            ("^0.3", (0, 3, 9), (0, 4, 0)),
            ("^0.0.3", (0, 0, 3), (0, 0, 4)),
            ("^0", (0, 9, 1), (1, 0, 0)),
            ("^0.0", (0, 0, 7), (0, 1, 0)),
            (">=1.2, <2", (1, 2, 0), (2, 0, 0)),
            (">=1.2, <2", (1, 9, 9), (1, 1, 9)),
        ] {
            let requirement: Requirement = requirement.parse().unwrap();
            let version = |(a, b, c)| Version::new(a, b, c);
            assert!(requirement.accepts(version(inside)) && !requirement.accepts(version(outside)));
        }
    }

    fn versions() -> impl Strategy<Value = Version> {
        (0..9_u32, 0..9_u32, any::<u32>()).prop_map(|(a, b, c)| Version::new(a, b, c))
    }

    proptest! {
        #[cfg_attr(miri, ignore = "a pattern takes minutes there, and nothing of this is unsafe")]
        #[test]
        fn versions_parse_back(version in versions()) {
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }

        #[test]
        fn requirements_parse_back(a in versions(), b in versions(), caret: bool) {
            prop_assume!(a < b && a.patch < u32::MAX);
            let requirement = if caret { Requirement::compatible(a) } else { Requirement { least: a, below: b } };
            prop_assert_eq!(requirement.to_string().parse(), Ok(requirement));
        }

        #[test]
        fn accepting_agrees_with_the_semver_crate(a in versions(), b in versions()) {
            let ours = Requirement::compatible(a).accepts(b);
            let theirs = VersionReq::parse(&Requirement::compatible(a).to_string()).unwrap();
            prop_assert_eq!(ours, theirs.matches(&semver::Version::new(b.major.into(), b.minor.into(), b.patch.into())));
        }
    }
}

//! What a package's metadata asks of others: one line of `Requires-Dist`, for a Python that is described.

use std::str::FromStr;

use pep508_rs::pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, Requirement, VerbatimUrl, VersionOrUrl};

use super::marker;
use crate::host::HostPython;
use crate::installed::normalised;

/// The longest line that is read.
const LONGEST: usize = 4096;

/// What is asked of one package.
pub(crate) struct Asked {
    /// Its name, normalised.
    pub(crate) name: String,
    /// The line without its marker.
    pub(crate) text: String,
    requirement: Requirement<VerbatimUrl>,
}

impl Asked {
    /// The variables of markers, as this Python has them.
    pub(crate) fn environment(host: &HostPython) -> Option<MarkerEnvironment> {
        marker::environment(host)
    }

    /// Reads a line; nothing where it isn't for this Python, belongs to an extra, or can't be read.
    pub(crate) fn read(line: &str, environment: Option<&MarkerEnvironment>) -> Option<Self> {
        if line.len() > LONGEST {
            return None;
        }
        let (text, marker) = line.split_once(';').unwrap_or((line, ""));
        // Whether an extra was asked for isn't known.
        if marker.contains("extra")
            || (!marker.trim().is_empty() && !marker::applies(marker.trim(), environment))
        {
            return None;
        }
        let text = text.trim();
        let requirement = Requirement::<VerbatimUrl>::from_str(text).ok()?;
        Some(Self { name: normalised(requirement.name.as_ref()), text: text.to_owned(), requirement })
    }

    /// Whether a version will do; none: it can't be read, or the requirement is an address.
    pub(crate) fn takes(&self, version: &str) -> Option<bool> {
        let version = Version::from_str(version).ok()?;
        match &self.requirement.version_or_url {
            None => Some(true),
            // A pre-release that is installed was wanted, as installers have it.
            Some(VersionOrUrl::VersionSpecifier(wanted)) => {
                Some(wanted.iter().all(|one| one.contains(&version)))
            }
            Some(VersionOrUrl::Url(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::host;

    #[test]
    fn a_requirement_is_met_or_isnt_or_isnt_for_this_python() {
        let environment = Asked::environment(&host());
        let read = |line| Asked::read(line, environment.as_ref());
        let asked = read("NumPy (>=1.23.5,<2)").or_else(|| read("NumPy>=1.23.5,<2")).unwrap();
        assert_eq!(
            (asked.name.as_str(), asked.takes("1.26.4"), asked.takes("2.0.0")),
            ("numpy", Some(true), Some(false))
        );
        assert!(read("x; extra == 'test'").is_none());
        assert!(read("x>=1; python_version < '3.8'").is_none());
        assert!(read("x>=1; python_version >= '3.8'").is_some());
        assert!(read("not a requirement").is_none());
        assert_eq!(read("x").unwrap().takes("nonsense"), None);
    }
}

//! Where a module was found, as far as its name says something about it.

use crate::facts::{Evidence, Problem};

/// Where a module was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The file.
    pub(crate) path: &'a str,
    /// The member of it.
    pub(crate) member: Option<&'a str>,
    /// The name it is imported by.
    pub(crate) name: Option<&'a str>,
    /// The tags of the wheel around it.
    pub(crate) wheel: Option<&'a WheelTags>,
}

impl Place<'_> {
    /// The file's own name, without folders.
    pub(crate) fn file(&self) -> &str {
        let whole = self.member.unwrap_or(self.path);
        whole.rsplit(['/', '\\']).next().unwrap_or(whole)
    }

    pub(crate) fn problem(&self, kind: &str, message: String, evidence: Option<Evidence>) -> Problem {
        let path = match self.member {
            Some(member) => format!("{}!{member}", self.path),
            None => self.path.to_owned(),
        };
        Problem { kind: kind.to_owned(), path, message, evidence }
    }
}

/// What a wheel says it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WheelTags {
    /// `cp312-cp312-manylinux_2_17_x86_64`, as each line of `WHEEL` or the file's name has it.
    pub(crate) tags: Vec<String>,
    /// Where they were read.
    pub(crate) from: String,
}

impl WheelTags {
    /// The tags of `WHEEL`, else those of the wheel's name.
    pub(crate) fn read(path: &str, wheel: Option<&str>) -> Option<Self> {
        let tags: Vec<String> = wheel
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("Tag:"))
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| tag.matches('-').count() == 2)
            .take(256)
            .collect();
        if !tags.is_empty() {
            return Some(Self { tags, from: "WHEEL".to_owned() });
        }
        let file = path.rsplit(['/', '\\']).next()?;
        let name = file.strip_suffix(".whl")?;
        let mut parts = name.rsplitn(4, '-');
        let (platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next()?;
        Some(Self { tags: vec![format!("{python}-{abi}-{platform}")], from: file.to_owned() })
    }

    /// The parts of each tag, unfolded: `cp38.cp39-abi3-any` is two.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.tags.iter().flat_map(|tag| {
            let mut parts = tag.splitn(3, '-');
            let (pythons, abis, platform) =
                (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            pythons.split('.').flat_map(move |python| abis.split('.').map(move |abi| (python, abi, platform)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_from_the_metadata_and_else_from_the_name() {
        let name = "dir/a_b-1.0-cp38.cp39-abi3-manylinux_2_17_x86_64.whl";
        let tags = WheelTags::read(name, None).expect("the name has them");
        let pythons: Vec<_> = tags.each().map(|(python, abi, _)| (python, abi)).collect();
        assert_eq!(pythons, [("cp38", "abi3"), ("cp39", "abi3")]);
        let tags = WheelTags::read(name, Some("Wheel-Version: 1.0\nTag: cp312-cp312-win_amd64\n"));
        assert_eq!(tags.expect("the text has one").tags, ["cp312-cp312-win_amd64"]);
        assert_eq!(WheelTags::read("a.whl", Some("Tag: x\n")), None);
    }
}

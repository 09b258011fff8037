//! What built a file, as far as it says: `.comment`, the Rich header and the linker's version, Rust's own paths.

use crate::binary::{Image, cut_text, text_round};
use crate::facts::{Claim, Evidence, Source};
use crate::scan::Hits;

/// More than a real file names.
const MOST: usize = 16;
/// The Rich header's numbers for the compilers of C and C++ since Visual Studio 2015.
const TOOLS: &[(u16, &str)] = &[(0x0104, "MSVC C"), (0x0105, "MSVC C++")];

/// The compilers and linkers that a file names.
pub(super) fn compilers(image: &Image<'_>, hits: &Hits) -> Vec<Claim<String>> {
    let mut found: Vec<Claim<String>> = Vec::new();
    let mut add = |text: String, evidence: Evidence| {
        let known = found.iter().any(|claim| claim.value.as_deref() == Some(&*text));
        if !known && found.len() < MOST {
            found.push(Claim::certain(text, [evidence]));
        }
    };
    for (offset, text) in &image.comments {
        add(text.clone(), Evidence { offset: Some(*offset), ..Evidence::new(Source::Section, ".comment") });
    }
    for (product, name) in TOOLS {
        let builds = image.tools.iter().filter(|(found, _)| found == product).map(|(_, build)| *build);
        if let Some(build) = builds.max() {
            add(format!("{name} build {build}"), Evidence::new(Source::Section, "Rich header"));
        }
    }
    if let Some(version) = &image.linker {
        add(format!("linker {version}"), Evidence::new(Source::Section, "PE optional header"));
    }
    for at in hits.of("mark-gcc").iter().take(MOST) {
        if let Some((start, text)) = text_round(image.data, *at, 128) {
            add(cut_text(text), Evidence::bytes(start, cut_text(text)));
        }
    }
    for at in hits.of("mark-rustc").iter().take(64) {
        // `/rustc/<commit>/library/…`: the path that releases are built with.
        let commit = text_round(image.data, *at, 64).map(|(start, text)| &text[(*at - start) as usize..]);
        let commit = commit.and_then(|text| text["/rustc/".len()..].get(..40));
        if let Some(commit) = commit.filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            add(format!("rustc ({})", &commit[..10]), Evidence::bytes(*at, format!("/rustc/{commit}")));
        }
    }
    found
}

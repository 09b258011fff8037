//! From what is in a file to a range of releases. A mark that is there proves; a mark that is missing, though all modules of
//! a release have it, makes others likely: a compiler could have hidden it.

use crate::facts::{Claim, Evidence, Source, Versions};
use crate::ids::{Id, IdKind};
use crate::versions::{Candidates, Framework, Mark};

use super::all::PROFILES;
use super::fingerprint::FINGERPRINTS;
use super::profile::Profile;
use super::seen::{MOST_EVIDENCE, Seen, text_evidence};

/// A mark, and where it was found.
#[derive(Clone, Copy, Debug)]
struct Found<'t> {
    mark: &'t Mark,
    at: Option<u64>,
}

/// The fingerprint by which a mark is found, and where in the mark's text it begins.
pub(super) fn seed(mark: &Mark) -> Option<(&'static str, u64)> {
    // The longest: it has the fewest hits that are something else.
    let inside = FINGERPRINTS.iter().filter_map(|print| {
        let at = memchr::memmem::find(mark.text.as_bytes(), print.bytes)?;
        Some((print.bytes.len(), print.name, at as u64))
    });
    inside.max_by_key(|(length, ..)| *length).map(|(_, name, at)| (name, at))
}

/// The range of releases, from candidates that the ids left and the marks in the file.
///
/// `read_marks`: whether marks can be told apart from those of another copy of the framework in the same file.
pub(super) fn range(
    seen: &Seen<'_, '_>,
    table: &Framework,
    by_ids: Candidates<'_>,
    evidence: Vec<Evidence>,
    read_marks: bool,
) -> (Claim<Versions>, Vec<String>) {
    let Some(by_ids_range) = by_ids.range() else {
        return (Claim::unknown("no release that we know writes such an id"), Vec::new());
    };
    let left = |candidates: &Candidates<'_>| candidates.releases().map(|r| r.version.clone()).collect();
    if !read_marks {
        let releases = left(&by_ids);
        return (Claim::certain(by_ids_range, evidence), releases);
    }
    let found: Vec<Found<'_>> =
        table.marks.iter().map(|mark| Found { mark, at: place(seen, mark) }).collect();
    let present = || found.iter().filter_map(|found| Some((found.mark, found.at?)));
    let proved = present().fold(by_ids.clone(), |left, (mark, _)| left.having(mark));
    let Some(proved_range) = proved.range() else {
        let why = "its ids and its texts are of different releases: a build from between two, or two copies in one file";
        let releases = left(&by_ids);
        return (Claim::likely(by_ids_range, evidence, why), releases);
    };
    let narrowing = |mark: &Mark| left(&by_ids) != left(&by_ids.clone().having(mark));
    let mut evidence = evidence;
    let marks = present().filter(|(mark, _)| narrowing(mark)).take(MOST_EVIDENCE);
    evidence.extend(marks.map(|(mark, at)| text_evidence(at, &mark.text)));
    let missing =
        || found.iter().filter(|found| found.at.is_none() && found.mark.every).map(|found| found.mark);
    let likely = missing().fold(proved.clone(), |left, mark| left.lacking(mark));
    let releases = left(&proved);
    match likely.range() {
        Some(range) if range != proved_range => {
            let tells = missing().find(|mark| left(&proved) != left(&proved.clone().lacking(mark)));
            let text = tells.map_or("", |mark| mark.text.as_str());
            let why = format!(
                "certain is {proved_range}; the rest follows from texts that are missing, such as `{text}`, which each \
                 module of the other releases has"
            );
            evidence.push(Evidence::new(Source::Table, format!("`{text}` is missing")));
            (Claim::likely(range, evidence, why), releases)
        }
        _ => (Claim::certain(proved_range, evidence), releases),
    }
}

/// Where a mark stands in the file.
fn place(seen: &Seen<'_, '_>, mark: &Mark) -> Option<u64> {
    let (name, inside) = seed(mark)?;
    let mut starts = seen.places(name).filter_map(|at| at.checked_sub(inside));
    starts.find(|start| seen.is_at(*start, &mark.text))
}

/// The framework whose ids are of this kind.
pub(crate) fn of_id(kind: IdKind) -> &'static Profile {
    let own = PROFILES.into_iter().find(|profile| profile.ids.contains(&kind));
    own.unwrap_or_else(|| panic!("no framework has ids of the kind {kind:?}"))
}

/// The releases that write such an id. `None`: it doesn't tell, or no release that we know writes it.
pub fn writers(id: &Id) -> Option<Versions> {
    (of_id(id.kind).writers)(id)
}

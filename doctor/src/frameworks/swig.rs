//! SWIG: by the module in which its modules share types; its name ends in the version of the shared data.

use crate::facts::{AbiId, Claim, Framework, FrameworkKind, Part};
use crate::versions::{Candidates, TABLE};

use super::seen::{Seen, framework, text_evidence};

pub(super) fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let read = |(at, text): (u64, &str)| {
        let name = text.split('.').next().unwrap_or(text);
        let number: u32 = name.strip_prefix("swig_runtime_data")?.parse().ok()?;
        Some((at, name.to_owned(), number))
    };
    let Some((at, name, number)) = seen.beginning("swig-runtime").find_map(read) else { return Vec::new() };
    let evidence = text_evidence(at, &name);
    let mut found = framework(FrameworkKind::Swig, Claim::certain(true, [evidence.clone()]));
    found.internals = Some(Claim::certain(number, [evidence.clone()]));
    let candidates = Candidates::all(&TABLE.swig).keep(|r| r.internals.has(number));
    let oldest = candidates.releases().next().is_some_and(|r| Some(r) == TABLE.swig.releases.first());
    found.version = match candidates.range() {
        Some(range) if oldest => {
            Claim::likely(range, [evidence.clone()], "releases from before our table wrote the same number")
        }
        Some(range) => Claim::certain(range, [evidence.clone()]),
        None => Claim::unknown(format!("no release that we know shares data of version {number}")),
    };
    let part = Part { name: "internals".into(), value: number.to_string() };
    let id = AbiId { text: name, kind: "internals-key".into(), parts: vec![part], overridden: Vec::new() };
    found.ids.push(Claim::certain(id, [evidence]));
    vec![found]
}

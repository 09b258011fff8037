//! gopy, which makes modules of Go packages: by the functions that every such module gives out, and by gopy's own package in it. Each
//! module has a Go runtime and a table of handles of its own, so that what one makes is a number to the other.

use crate::facts::{Claim, Framework, FrameworkKind, Picklable};

use super::profile::{Pickling, Profile, Registry};
use super::seen::{Seen, framework, text_evidence};

/// What there is to know of gopy.
pub(super) const PROFILE: Profile = Profile {
    fingerprints: &[
        ("gopy-package", b"github.com/go-python/gopy/gopyh."),
        ("gopy-handle", b"gopy: nil handle"),
    ],
    pickling: |_| Pickling {
        functions: Picklable::Yes,
        methods: Picklable::Unknown,
        why: "functions go by module and name; an object holds a number of its own process's table",
    },
    ..Profile::of(
        FrameworkKind::Gopy,
        find,
        Registry::None { instead: "pass plain data: two Go runtimes share no objects" },
    )
};

fn find(seen: &Seen<'_, '_>) -> Vec<Framework> {
    let own = |name: &str| matches!(name, "GoPyInit" | "NumHandles" | "IncRef" | "DecRef");
    let given = seen.exports(own);
    let entry = seen.image.exports.iter().any(|export| export.name == "GoPyInit");
    let (literal, text) =
        [("gopy-package", "github.com/go-python/gopy/gopyh"), ("gopy-handle", "gopy: nil handle")]
            .into_iter()
            .find_map(|(name, text)| Some((seen.places(name).next()?, text)))
            .map_or((None, ""), |(at, text)| (Some(at), text));
    // A Python module written in C asks the library in which Go's code is.
    let asks = seen.imports(|name| name == "GoPyInit");
    let proofs = match (entry, literal) {
        (true, Some(at)) => given.into_iter().chain([text_evidence(at, text)]).collect::<Vec<_>>(),
        (true, None) if given.len() >= 3 => given,
        _ if !asks.is_empty() => asks,
        _ => return Vec::new(),
    };
    let mut found = framework(FrameworkKind::Gopy, Claim::certain(true, proofs));
    found.version = Claim::unknown("gopy leaves no release in what it makes");
    vec![found]
}

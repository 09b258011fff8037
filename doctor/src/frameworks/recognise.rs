//! All frameworks over one image.

use crate::binary::Image;
use crate::facts::{Framework, FrameworkKind};
use crate::scan::Hits;

use super::all::PROFILES;
use super::seen::Seen;

/// The frameworks in an image; none: it is no extension module, and holds nothing of one.
pub fn recognise(image: &Image<'_>, hits: &Hits) -> Vec<Framework> {
    let seen = Seen::new(image, hits);
    let mut found = Vec::new();
    for profile in PROFILES {
        // The C API is what is left where nothing else is.
        if profile.kind != FrameworkKind::Plain || found.is_empty() {
            found.extend((profile.find)(&seen));
        }
    }
    found
}

//! Libraries beside Python whose binary interface a module was built for: which of their releases serve it, and by what that is
//! known. A partner is claimed only by what its own headers leave in a module, never by a mention of its name.
//!
//! `numpy` has rules of its own, `native` are those that libraries and C++ namespaces tell, and `torch` the releases of one of them; `marks` is what they look for in texts.

mod marks;
mod native;
mod numpy;
mod torch;

use crate::binary::Image;
use crate::facts::{Framework, Partner};
use crate::frameworks::Seen;
use crate::scan::Hits;

pub(crate) use marks::MARKS;

/// The partners of a module.
pub(crate) fn partners(image: &Image<'_>, hits: &Hits, frameworks: &[Framework]) -> Vec<Partner> {
    let seen = Seen::new(image, hits);
    numpy::find(&seen, frameworks).into_iter().chain(native::find(&seen)).collect()
}

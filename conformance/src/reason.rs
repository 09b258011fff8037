//! The one place that knows `interbind_abi::Reason`: which slugs exist, and what their messages must hold.

use interbind_abi::Reason;

/// What a refusal's message has to name before `detected` is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owes {
    /// Two builds disagree: both sides and a fix.
    BothSidesAndAFix,
    /// One side's own doing: a message that says so.
    AMessage,
}

/// What a slug's message owes; `None` = there is no such reason.
pub fn owes(slug: &str) -> Option<Owes> {
    let reason: Reason = slug.parse().ok()?;
    Some(match reason {
        // Of another major little can be read: who made it need not be in it.
        Reason::ServiceTooOld
        | Reason::CAbi
        | Reason::NativeAbi
        | Reason::NameDiffers
        | Reason::VersionDiffers
        | Reason::KindDiffers
        | Reason::SlotMissing
        | Reason::LayoutDiffers
        | Reason::SignatureDiffers => Owes::BothSidesAndAFix,
        _ => Owes::AMessage,
    })
}

/// Every slug, for the test that asks for a case each.
pub fn slugs() -> impl Iterator<Item = &'static str> {
    Reason::ALL.iter().map(|reason| reason.slug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_owes_something_and_a_made_up_one_owes_nothing() {
        assert!(slugs().all(|slug| owes(slug).is_some()));
        assert_eq!(owes("because-i-say-so"), None);
        assert_eq!(owes("layout-differs"), Some(Owes::BothSidesAndAFix));
        assert_eq!(owes("not-published"), Some(Owes::AMessage));
    }
}

//! The facts of one side that are sure enough to decide.

use crate::facts::{AbiId, Claim, Framework, Role};

/// What is stated, when it is proved.
pub(crate) fn proved<T>(claim: &Claim<T>) -> Option<&T> {
    claim.value.as_ref().filter(|_| claim.is_certain())
}

/// Why a statement can't decide.
pub(crate) fn doubt<T>(claim: &Claim<T>) -> String {
    claim.why.clone().unwrap_or_else(|| "the file doesn't tell".to_owned())
}

/// The ids of that kind.
pub(crate) fn ids<'a>(framework: &'a Framework, kind: &str) -> Vec<&'a Claim<AbiId>> {
    let of_kind = |claim: &&Claim<AbiId>| claim.value.as_ref().is_some_and(|id| id.kind == kind);
    framework.ids.iter().filter(of_kind).collect()
}

/// Whether it keeps its state in the module: a front end asks a back end.
pub(crate) fn is_whole(framework: &Framework) -> bool {
    framework.role != Role::FrontEnd
}

//! pybind11's conduit: what crosses between two states of pybind11. It takes an object whose class the receiver binds too,
//! in one direction at a time, between equal platform ids; exceptions and base classes don't go through it.

use crate::compare::{Verdict, doubt, proved};
use crate::facts::{Conduit, Framework};

/// Whether an object of the giver's reaches a function of the taker's, and why.
pub(super) fn crosses(giver: (&str, &Framework), taker: (&str, &Framework)) -> (Verdict, String) {
    let known = |(_, framework): (&str, &Framework)| framework.conduit.as_ref().and_then(proved).cloned();
    let (Some(from), Some(to)) = (known(giver), known(taker)) else {
        let unsure = if known(giver).is_none() { giver } else { taker };
        let why = unsure.1.conduit.as_ref().map_or("the file doesn't tell".to_owned(), doubt);
        return (Verdict::Unknown, format!("whether `{}` has the conduit isn't known: {why}", unsure.0));
    };
    for (has, name) in [(from.present, giver.0), (to.present, taker.0)] {
        if !has {
            return (
                Verdict::Isolated,
                format!("`{name}` has no conduit: pybind11 has it in 2.11.2, 2.12.1, 2.13.6 and from 3.0 on"),
            );
        }
    }
    let platform = |conduit: &Conduit| conduit.platform.clone();
    match (platform(&from), platform(&to)) {
        (Some(one), Some(other)) if one == other => (
            Verdict::Share,
            format!(
                "both have the conduit and the platform id `{one}`; the receiver must bind the type too{}",
                left_out(giver, taker)
            ),
        ),
        (Some(one), Some(other)) => (
            Verdict::Isolated,
            format!("both have the conduit, but platform id `{one}` differs from `{other}`"),
        ),
        _ => (Verdict::Unknown, "a platform id isn't known".to_owned()),
    }
}

/// What goes wrong without a word where objects cross, or doesn't cross at all.
fn left_out((giver, from): (&str, &Framework), (taker, to): (&str, &Framework)) -> String {
    let internals = |framework: &Framework| framework.internals.as_ref().and_then(proved).copied();
    let mut said = String::new();
    // Since 3.1, whose internals are version 12, a receiver keeps the Python object; before it takes no holder of a stranger's.
    if internals(to).is_some_and(|version| version < 12) {
        said.push_str(&format!(
            "; a `std::shared_ptr` parameter of `{taker}` is empty then, as before pybind11 3.1"
        ));
    }
    if internals(from).is_some_and(|version| version >= 12) {
        said.push_str(&format!(
            "; classes that `{giver}` binds `module_local` answer nobody, since pybind11 3.1"
        ));
    }
    said
}

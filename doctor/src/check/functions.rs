//! Functions: whether those of a module pickle, and whether C functions behind those of one module are called by another's code.
//!
//! Two things decide about a lent function. One is the name that both builds have for C's calling convention: their notes say it. The
//! other is the text of its type: what is offered and what is asked for is code, which no note lists. Who asks here says both.

use interbind_abi::signature::Signature;
use interbind_abi::{Reason, platform};

use crate::facts::{Framework, FrameworkKind, Module, OurNote, Picklable};
use crate::frameworks::{Pickling, profile};

/// Whether functions of a module pickle: what the frameworks that were found say, and nothing where one says that they don't know it.
pub fn pickled(module: &Module) -> Picklable {
    let present = |framework: &&Framework| framework.present.value == Some(true);
    let found = module.frameworks.iter().filter(present).map(|framework| {
        let Pickling { functions, .. } = (profile(framework.kind).pickling)(framework);
        (framework.kind, functions)
    });
    // Our own layer makes functions in some modules and none in others; where it makes none, they're the other framework's.
    let said = found.filter(|said| *said != (FrameworkKind::Interbind, Picklable::Unknown));
    said.map(|(_, functions)| functions).reduce(worse).unwrap_or(Picklable::Unknown)
}

fn worse(a: Picklable, b: Picklable) -> Picklable {
    [Picklable::No, Picklable::Unknown, Picklable::WithModuleName]
        .into_iter()
        .find(|word| [a, b].contains(word))
        .unwrap_or(Picklable::Yes)
}

/// What comes of a look-up of a C function in another module.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NativeCall {
    /// Its pointer is given.
    Given,
    /// It is refused.
    Refused(Reason),
    /// A note isn't understood, or a text isn't the type of a C function.
    Unknown,
}

/// What comes of it when code of one module looks for a C function of the type `wanted`, where another offers those of the types
/// `offered`; `None` where a module has no note. In the order of the check: whether there is any, how it is called, its type.
pub fn native_call(
    provider: &Module,
    consumer: &Module,
    offered: &[&str],
    wanted: &str,
) -> Option<NativeCall> {
    let conventions = |note: &OurNote| {
        let note = note.read().ok()?;
        Some(platform::part(&note.platform.to_string(), "c").to_owned())
    };
    let said = |module: &Module| module.note.as_ref().map(conventions);
    let (theirs, ours) = (said(provider)?, said(consumer)?);
    let read = |text: &&str| Signature::parse(text.as_bytes());
    let types: Option<Vec<Signature>> = offered.iter().map(read).collect();
    let (Some(theirs), Some(ours), Some(types), Some(wanted)) = (theirs, ours, types, read(&wanted)) else {
        return Some(NativeCall::Unknown);
    };
    Some(if types.is_empty() {
        NativeCall::Refused(Reason::WrongObject)
    } else if theirs != ours {
        NativeCall::Refused(Reason::CAbi)
    } else if !types.contains(&wanted) {
        NativeCall::Refused(Reason::SignatureDiffers)
    } else {
        NativeCall::Given
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_framework_whose_functions_do_not_pickle_is_enough() {
        let words = [Picklable::Yes, Picklable::WithModuleName, Picklable::Unknown, Picklable::No];
        for (at, word) in words.iter().enumerate() {
            for other in &words[..=at] {
                assert_eq!((worse(*word, *other), worse(*other, *word)), (*word, *word));
            }
        }
    }
}

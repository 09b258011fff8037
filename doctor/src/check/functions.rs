//! Functions: whether those of a module pickle, and whether C functions behind those of one module are called by another's code.
//!
//! Two things decide about a lent function. One is the name that both builds have for C's calling convention: their notes say it. The
//! other is the text of its type: the caller asks for it, and no file has it. So what is said here holds where the right type is asked for.

use interbind_abi::note::ModuleNote;
use interbind_abi::platform;

use crate::compare::Verdict;
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

/// Whether code of one module calls C functions that another one lends; `None` where a module has no note.
pub fn native_calls(provider: &Module, consumer: &Module) -> Option<(Verdict, String)> {
    let conventions = |note: &OurNote| {
        let note = note.module.join("\n").parse::<ModuleNote>().ok()?;
        Some(platform::part(&note.platform.to_string(), "c").to_owned())
    };
    let said = |module: &Module| module.note.as_ref().map(conventions);
    let (Some(theirs), Some(ours)) = (said(provider)?, said(consumer)?) else {
        return Some((Verdict::Unknown, "a note isn't understood".to_owned()));
    };
    Some(if theirs == ours {
        (Verdict::Share, format!("both call C as `{ours}` does"))
    } else {
        (Verdict::Isolated, format!("c: `{theirs}` differs from `{ours}` (c-abi)"))
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

//! Two modules: the questions in their order, and the one answer.

use crate::capi::misfits;
use crate::compare::{State, Verdict, doubt, proved};
use crate::facts::{Framework, FrameworkKind, Module};
use crate::frameworks::{Registry, Shared, profile};

use super::verdict::{Bridge, Check, Condition, Loadable, Operation};
use super::{conduit, fixes, loadable, ours, side};

/// Says whether two modules can share, per operation, and what mends it where they can't.
pub fn check(a: &Module, b: &Module) -> Check {
    let (a_name, b_name) = side::names(a, b);
    let loadable = loadable::loadable(a, b);
    let mut found = Found::default();
    for (first, second) in common(a, b) {
        found.framework((&a_name, a, first), (&b_name, b, second));
    }
    found.notes((&a_name, a), (&b_name, b));
    found.c_api((&a_name, a), (&b_name, b));
    found.protocols(a, b);
    if loadable.possible == Some(false) {
        found.operations.clear();
        found.bridges.clear();
    }
    let (verdict, reason) = found.judge((&a_name, a), (&b_name, b), &loadable);
    let fix = found.fix(verdict, (&a_name, a), (&b_name, b), &loadable);
    Check {
        a: side::long(a),
        b: side::long(b),
        verdict,
        sentence: format!("{verdict}: {reason}"),
        loadable,
        operations: found.operations,
        keys: found.states.into_iter().flat_map(|(_, state)| state.keys).collect(),
        bridges: found.bridges,
        fix,
    }
}

/// The frameworks both have, each with its two sides; our own is asked by its notes.
fn common<'a>(a: &'a Module, b: &'a Module) -> Vec<(&'a Framework, &'a Framework)> {
    let others = side::frameworks(a).filter(|framework| framework.kind != FrameworkKind::Interbind);
    others.filter_map(|first| Some((first, side::framework(b, first.kind)?))).collect()
}

/// What was found out, before it is weighed.
#[derive(Default)]
struct Found {
    /// Of each framework both have: who both are, and whether they join one state.
    states: Vec<(String, State)>,
    /// What the states' differences take to mend.
    state_fixes: Vec<String>,
    /// What the notes promise, in a sentence, and what mends what they don't.
    promises: Vec<(Verdict, String)>,
    note_fix: Option<String>,
    operations: Vec<Operation>,
    bridges: Vec<Bridge>,
}

impl Found {
    fn framework(&mut self, a: (&str, &Module, &Framework), b: (&str, &Module, &Framework)) {
        let kind = a.2.kind;
        let registry = &profile(kind).registry;
        let mut state = match registry {
            Registry::Shared(shared) => (shared.state)((a.1, a.2), (b.1, b.2)),
            // What crosses by a registry of the interpreter's is asked by the notes.
            Registry::OfInterpreter { .. } | Registry::None { .. } => {
                let why = format!("{kind} has no registry across modules");
                State::new(Verdict::Isolated, why, Vec::new())
            }
        };
        let both_certain = [a.2, b.2].iter().all(|framework| proved(&framework.present) == Some(&true));
        if !both_certain && state.verdict != Verdict::Unknown {
            state =
                State::new(Verdict::Unknown, format!("but that one is {kind} is only likely"), state.keys);
        }
        if let Some(shared) = registry.shared() {
            self.operations(kind, shared, &state, (a.0, a.2), (b.0, b.2));
            self.state_fixes.extend(fixes::of_keys((a.0, a.2), (b.0, b.2), &state.keys));
        }
        self.states.push((side::called_both(a.2, b.2), state));
    }

    fn operations(
        &mut self,
        kind: FrameworkKind,
        shared: &Shared,
        state: &State,
        a: (&str, &Framework),
        b: (&str, &Framework),
    ) {
        let mut add = |name: &str, verdict, why: String| {
            self.operations.push(Operation { name: name.to_owned(), framework: kind, verdict, why });
        };
        let told = format!("both are {kind}, {}", state.why);
        add("same-internals", state.verdict, told);
        let (exceptions, inheritance) = consequences(shared, state.verdict);
        add("exceptions", state.verdict, exceptions);
        add("inheritance", state.verdict, inheritance);
        if !shared.conduit {
            return;
        }
        for (giver, taker, direction) in [(a, b, "a-to-b"), (b, a, "b-to-a")] {
            let (verdict, why) = if state.verdict == Verdict::Share {
                (Verdict::Share, "not needed: the state is one".to_owned())
            } else {
                conduit::crosses(giver, taker)
            };
            add(&format!("conduit-{direction}"), verdict, why);
            if verdict == Verdict::Share && state.verdict == Verdict::Isolated {
                let what = format!(
                    "pybind11's conduit takes objects of `{}` to functions of `{}`, where `{}` binds the type too",
                    giver.0, taker.0, taker.0
                );
                self.bridges.push(Bridge {
                    name: "pybind11-conduit".to_owned(),
                    direction: direction.to_owned(),
                    what,
                });
            }
        }
    }

    fn notes(&mut self, a: (&str, &Module), b: (&str, &Module)) {
        let (Some(first), Some(second)) = (&a.1.note, &b.1.note) else { return };
        let (a, b) = ((a.0, first), (b.0, second));
        for (provider, consumer, direction) in [(a, b, "a-to-b"), (b, a, "b-to-a")] {
            let Some(promise) = ours::promise(provider, consumer) else { continue };
            self.operations.push(Operation {
                name: format!("interbind-{direction}"),
                framework: FrameworkKind::Interbind,
                verdict: promise.verdict,
                why: promise.why.clone(),
            });
            if !promise.fits.is_empty() {
                let what = format!("interbind takes {} across", promise.fits.join(", "));
                self.bridges.push(Bridge {
                    name: "interbind".to_owned(),
                    direction: direction.to_owned(),
                    what,
                });
            }
            self.note_fix = self.note_fix.take().or(promise.fix);
            self.promises.push((promise.verdict, promise.why));
        }
    }

    /// What one asks of the other in C.
    fn c_api(&mut self, a: (&str, &Module), b: (&str, &Module)) {
        for (provider, consumer, direction) in [(a, b, "a-to-b"), (b, a, "b-to-a")] {
            let fit = misfits(consumer.1, provider.1);
            if fit.compared == 0 {
                continue;
            }
            let refused: Vec<String> =
                fit.misfits.iter().filter(|misfit| misfit.is_refused()).map(ToString::to_string).collect();
            let (verdict, why) = match &refused[..] {
                [] => (
                    Verdict::Share,
                    format!(
                        "`{}` takes C functions or classes of `{}`, and what it was compiled for is what is there",
                        consumer.0, provider.0
                    ),
                ),
                [first, ..] => (
                    Verdict::Isolated,
                    format!("`{}` can't be imported beside `{}`: {first}", consumer.0, provider.0),
                ),
            };
            self.operations.push(Operation {
                name: format!("c-api-{direction}"),
                framework: FrameworkKind::Cython,
                verdict,
                why: why.clone(),
            });
            if verdict == Verdict::Isolated {
                self.note_fix.get_or_insert_with(|| {
                    format!("build `{}` for the release of `{}` that is there", consumer.0, provider.0)
                });
            }
            self.promises.push((verdict, why));
        }
    }

    /// Protocols that were seen in both; one that is only likely is said to be.
    fn protocols(&mut self, a: &Module, b: &Module) {
        for claim in &a.python.protocols {
            let Some(name) = &claim.value else { continue };
            let Some(other) = b.python.protocols.iter().find(|other| other.value.as_ref() == Some(name))
            else {
                continue;
            };
            let what = match name.as_str() {
                "arrow" => "Arrow's capsules take arrays and tables across without a copy",
                "dlpack" => "DLPack's capsules take tensors across without a copy",
                "buffer" => "the buffer protocol takes memory across without a copy",
                "pymetabind" => {
                    "objects cross by pymetabind's registry, where both were built with one version of it, which no file tells"
                }
                other => other,
            };
            let likely =
                if claim.is_certain() && other.is_certain() { "" } else { " (likely: seen, not proved)" };
            let what = format!("{what}{likely}");
            self.bridges.push(Bridge { name: name.clone(), direction: "both".to_owned(), what });
        }
    }

    /// Weighs what was found: one way to share is enough, one doubt keeps the rest from being certain.
    fn judge(&self, a: (&str, &Module), b: (&str, &Module), loadable: &Loadable) -> (Verdict, String) {
        if loadable.possible == Some(false) {
            return (Verdict::NeverLoadedTogether, never(a.0, b.0, loadable));
        }
        let (verdict, reason) = self.weigh(a, b);
        let open = loadable.conditions.iter().find(|condition| condition.met.is_none());
        match (verdict, open) {
            // Whether they share depends on meeting; that they don't holds if they meet or not.
            (Verdict::Share, Some(condition)) => {
                let why = condition.why.as_deref().unwrap_or("the files don't tell");
                (
                    Verdict::Unknown,
                    format!("{reason}, but whether one process can load both isn't known: {why}"),
                )
            }
            _ => (verdict, reason),
        }
    }

    fn weigh(&self, a: (&str, &Module), b: (&str, &Module)) -> (Verdict, String) {
        let states = || {
            self.states
                .iter()
                .filter(|(_, state)| !state.keys.is_empty() || state.verdict != Verdict::Isolated)
        };
        let find = |verdict| states().find(|(_, state)| state.verdict == verdict);
        let told = |(called, state): &(String, State)| format!("both are {called}, {}", state.why);
        if let Some(found) = find(Verdict::Share) {
            return (Verdict::Share, told(found).replacen(", with", " with", 1));
        }
        if let Some((_, why)) = self.promises.iter().find(|(verdict, _)| *verdict == Verdict::Share) {
            return (Verdict::Share, why.clone());
        }
        if let Some(found) = find(Verdict::Unknown) {
            return (Verdict::Unknown, told(found));
        }
        if let Some((_, why)) = self.promises.iter().find(|(verdict, _)| *verdict == Verdict::Unknown) {
            return (Verdict::Unknown, why.clone());
        }
        if let Some(name) = without_note(a, b) {
            let why = format!(
                "both use interbind, and `{name}` has no build note: which types it provides or consumes isn't in the file"
            );
            return (Verdict::Unknown, why);
        }
        if let Some(why) = adapter(a.0, a.1, b.1).or_else(|| adapter(b.0, b.1, a.1)) {
            return (Verdict::Unknown, why);
        }
        if let Some((called, state)) = find(Verdict::Isolated).or(self.states.first()) {
            let across = if self.bridges.iter().any(|bridge| bridge.name == "pybind11-conduit") {
                "; objects still cross by the conduit"
            } else {
                ""
            };
            if let Some((_, why)) = self.promises.first() {
                return (Verdict::Isolated, why.clone());
            }
            return (Verdict::Isolated, format!("both are {called}, {}{across}", connect(&state.why)));
        }
        if let Some((_, why)) = self.promises.first() {
            return (Verdict::Isolated, why.clone());
        }
        different(a, b)
    }

    fn fix(
        &self,
        verdict: Verdict,
        a: (&str, &Module),
        b: (&str, &Module),
        loadable: &Loadable,
    ) -> Option<String> {
        match verdict {
            Verdict::Share => self.note_fix.clone(),
            Verdict::NeverLoadedTogether => mend(a.0, b.0, loadable),
            Verdict::Unknown => None,
            Verdict::Isolated => {
                let first = self.state_fixes.first().cloned().or(self.note_fix.clone());
                first.or_else(|| match self.states.first() {
                    Some((_, state)) if state.keys.is_empty() => {
                        let kind =
                            common(a.1, b.1).first().map_or(FrameworkKind::Plain, |(first, _)| first.kind);
                        Some(fixes::without_registry(kind))
                    }
                    Some(_) => None,
                    None => Some(fixes::across(main(a.1)?, main(b.1)?)),
                })
            }
        }
    }
}

/// Of two modules that use interbind the first one without a build note, as builds from the C headers of 0.1.0 are.
fn without_note<'a>(a: (&'a str, &Module), b: (&'a str, &Module)) -> Option<&'a str> {
    let uses = |module: &Module| {
        side::framework(module, FrameworkKind::Interbind).is_some() || module.note.is_some()
    };
    if !(uses(a.1) && uses(b.1)) {
        return None;
    }
    let silent = |module: &Module| module.note.as_ref().is_none_or(|note| note.module.is_empty());
    [a, b].into_iter().find(|(_, module)| silent(module)).map(|(name, _)| name)
}

/// That a module can take objects of the other's framework, or give it its own, by an adapter of this project's layer.
fn adapter(name: &str, module: &Module, other: &Module) -> Option<String> {
    let ours = side::framework(module, FrameworkKind::Interbind)?;
    let adapted = |kind: &&FrameworkKind| side::framework(other, **kind).is_some();
    let kind = ours.adapts.iter().filter_map(|claim| claim.value.as_ref()).find(adapted)?;
    Some(format!(
        "`{name}` has interbind's adapter for {kind}: objects cross for the types that its author gave to the adapter, and which they are \
         isn't in the file"
    ))
}

/// Puts a reason that stands by itself behind a comma.
fn connect(why: &str) -> String {
    if why.starts_with("but ") || why.starts_with("and ") || why.starts_with("with ") {
        return why.to_owned();
    }
    format!("and {why}")
}

/// What follows for exceptions and base classes; they live in the same state as the types.
fn consequences(shared: &Shared, verdict: Verdict) -> (String, String) {
    let (exceptions, inheritance) = match verdict {
        Verdict::Share => ("a translator of one serves both", "a class can have a base of the other's"),
        Verdict::Isolated => {
            ("a C++ exception that the other registered arrives as a plain RuntimeError", shared.unknown_base)
        }
        _ => ("it goes as the internals go", "it goes as the internals go"),
    };
    (exceptions.to_owned(), inheritance.to_owned())
}

/// The framework that a module is known by; nothing when none is certain.
fn main(module: &Module) -> Option<FrameworkKind> {
    let mut kinds = side::frameworks(module).map(|framework| framework.kind);
    kinds
        .find(|kind| *kind != FrameworkKind::Interbind)
        .or_else(|| side::frameworks(module).map(|f| f.kind).next())
}

/// Two modules without a framework in common.
fn different(a: (&str, &Module), b: (&str, &Module)) -> (Verdict, String) {
    for (name, module) in [a, b] {
        if !module.extension {
            return (Verdict::Unknown, format!("`{name}` is no extension module"));
        }
        let unsure = module.frameworks.iter().find(|framework| !framework.present.is_certain());
        if let (None, Some(unsure)) = (main(module), unsure) {
            return (
                Verdict::Unknown,
                format!("that `{name}` is {} isn't certain: {}", unsure.kind, doubt(&unsure.present)),
            );
        }
    }
    match (main(a.1), main(b.1)) {
        (Some(first), Some(second)) if first == second => {
            (Verdict::Isolated, "neither consumes what the other provides".to_owned())
        }
        (Some(first), Some(second)) => (
            Verdict::Isolated,
            format!("`{}` is {first}, `{}` is {second}: they don't know each other's types", a.0, b.0),
        ),
        (first, _) => {
            let name = if first.is_none() { a.0 } else { b.0 };
            (Verdict::Unknown, format!("what made `{name}` leaves no trace in it"))
        }
    }
}

fn unmet(loadable: &Loadable) -> impl Iterator<Item = &Condition> {
    loadable.conditions.iter().filter(|condition| condition.met == Some(false))
}

/// Says which demand of which side can't be met.
fn never(a: &str, b: &str, loadable: &Loadable) -> String {
    let told = |condition: &Condition| {
        let name = match condition.name.as_str() {
            "python" => "Python ",
            _ => "",
        };
        format!("{name}{} in `{a}`, {name}{} in `{b}`", condition.a, condition.b)
    };
    let found: Vec<_> = unmet(loadable).map(told).collect();
    found.join("; ")
}

/// What has to be built anew, so that one process can load both.
fn mend(a: &str, b: &str, loadable: &Loadable) -> Option<String> {
    let first = unmet(loadable).next()?;
    Some(match first.name.as_str() {
        "python" => format!("install `{a}` and `{b}` for one Python"),
        "gil" => format!("install `{a}` and `{b}` for one Python, with or without GIL"),
        "implementation" => format!("install `{a}` and `{b}` for one implementation of Python"),
        "debug" => format!("build `{a}` and `{b}` both for a debug Python, or both for a release one"),
        _ => format!("install `{a}` and `{b}` for one platform: {} differs", first.name),
    })
}

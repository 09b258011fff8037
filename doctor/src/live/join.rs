//! Puts together what was live, what the loaded files say, and what the messages mean.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::explain::{Meaning, explain, explain_bytes};
use crate::facts::{Framework, FrameworkKind, Inspection, Role};
use crate::frameworks::profile;
use crate::inspect::{Options, Quiet, inspect};

use super::Ran;
use super::events::{Events, RaisedEvent};
use super::findings;
use super::report::{Compared, Ended, Live, LiveKey, LiveModule, Raised, Registry};

/// Concludes from a run.
pub fn conclude(ran: Ran) -> Live {
    let ended = ended(&ran);
    let Events { loads, raised, failed, end, .. } = ran.events;
    let turned_on: Vec<String> =
        loads.iter().filter(|load| load.gil_enabled).map(|load| load.module.clone()).collect();
    let read = end.is_some();
    let mut unreadable: Vec<String> = failed.into_iter().collect();
    let modules;
    let (mut keys, mut mapped, mut registries, mut twins) = Default::default();
    let (mut interpreters, mut gil, mut swig, mut python, mut published) = Default::default();
    if let Some(state) = end {
        (keys, modules, mapped) = (state.keys, state.modules, state.mapped);
        (registries, twins, swig) = (state.registries, state.twins, state.swig);
        (interpreters, gil, python) = (state.interpreters, state.gil, Some(state.python));
        published = state.published;
        unreadable.extend(state.unreadable);
    } else {
        // What was told before the end is all there is.
        modules = loaded(&loads);
    }
    let inspection = read_files(&modules);
    let compared = compare(&inspection, &modules, read.then_some(&keys[..]));
    let raised: Vec<Raised> = raised.into_iter().map(|event| said(event, &registries)).collect();
    let printed = printed(&ran.stderr, &raised, &registries);
    let mut live = Live {
        schema: Live::SCHEMA.to_owned(),
        ended,
        python,
        keys,
        modules,
        mapped,
        registries,
        twins,
        published,
        swig,
        interpreters,
        gil,
        gil_turned_on_by: once(turned_on),
        raised,
        printed,
        compared,
        inspection,
        unreadable,
        findings: Vec::new(),
    };
    live.findings = findings::of(&live);
    live
}

fn ended(ran: &Ran) -> Ended {
    let events = &ran.events;
    let uncaught = events.raised.iter().any(|raised| raised.place == "uncaught");
    let how = match () {
        () if events.end.is_none() && events.failed.is_none() => "cut-off",
        () if uncaught => "raised",
        () if events.exit.is_some() => "exit",
        () => "finished",
    };
    let cut_off = "the process ended at once, by `os._exit`, a signal, an abort, or by starting another program in its place: \
                   the report has what was loaded and raised until then, and the interpreter could not be read";
    let why = if how == "cut-off" { Some(cut_off.to_owned()) } else { events.failed.clone() };
    Ended { how: how.to_owned(), code: ran.code, status: ran.status.clone(), why }
}

fn loaded(loads: &[super::events::Load]) -> Vec<LiveModule> {
    let mut seen = BTreeSet::new();
    let module = |load: &super::events::Load| LiveModule {
        name: load.module.clone(),
        file: load.file.clone(),
        version: None,
        python_own: false,
    };
    loads.iter().filter(|load| seen.insert(load.file.clone())).map(module).collect()
}

/// Reads the files of what was loaded; Python's own have no bindings.
fn read_files(modules: &[LiveModule]) -> Inspection {
    let files: BTreeSet<PathBuf> = modules
        .iter()
        .filter(|module| !module.python_own)
        .map(|module| PathBuf::from(&module.file))
        .collect();
    inspect(&files.into_iter().collect::<Vec<_>>(), &Options::default(), &Quiet)
}

/// Compares the keys that the files predict with those that are there.
fn compare(inspection: &Inspection, modules: &[LiveModule], keys: Option<&[LiveKey]>) -> Vec<Compared> {
    let mut compared = Vec::new();
    for file in &inspection.modules {
        let Some(live) = modules.iter().find(|live| live.file == file.path) else { continue };
        for framework in file.frameworks.iter().filter(|framework| joins(framework)) {
            let predicted = predicted(framework);
            let found =
                keys.zip(predicted.as_ref()).map(|(keys, text)| keys.iter().any(|key| &key.key == text));
            compared.push(Compared {
                module: live.name.clone(),
                file: live.file.clone(),
                framework: framework.kind,
                predicted,
                found,
            });
        }
    }
    compared
}

/// Whether a module of this framework makes or joins a state of the interpreter by itself.
fn joins(framework: &Framework) -> bool {
    let keyed = profile(framework.kind).registry.shared().is_some_and(|shared| shared.live);
    keyed && framework.present.value == Some(true) && framework.role != Role::FrontEnd
}

/// The key that a file predicts, if it predicts just one.
fn predicted(framework: &Framework) -> Option<String> {
    let ids = |kind: &str| -> Vec<&str> {
        let known = framework.ids.iter().filter_map(|claim| claim.value.as_ref());
        known.filter(|id| id.kind == kind).map(|id| id.text.as_str()).collect()
    };
    if let [key] = ids("internals-key")[..] {
        return Some(key.to_owned());
    }
    let domain = framework.domain.as_ref()?.value.as_ref()?;
    match ids("tag")[..] {
        [tag] => Some(format!("__nb_internals_{tag}_{}__", domain.name)),
        _ => None,
    }
}

fn said(event: RaisedEvent, registries: &[Registry]) -> Raised {
    let mut meanings = explain(&event.text).meanings;
    for meaning in &mut meanings {
        by_whom(meaning, registries);
    }
    Raised {
        place: event.place,
        kind: event.kind,
        message: event.message,
        module: event.module,
        file: event.file,
        meanings,
    }
}

/// Who registered the class that a message is about.
fn by_whom(meaning: &mut Meaning, registries: &[Registry]) {
    let kind = match meaning.rule.as_str() {
        "pybind11-already-registered" => FrameworkKind::Pybind11,
        "nanobind-already-registered" => FrameworkKind::Nanobind,
        _ => return,
    };
    let Some(name) = meaning.names.get("type").cloned() else { return };
    for registry in registries.iter().filter(|registry| registry.framework == kind) {
        for class in registry.classes.iter().filter(|class| class.name == name) {
            let file = class.file.as_deref().unwrap_or("a file that can't be told");
            meaning.seen.push(format!("`{}.{name}` was registered before, by {file}", class.module));
        }
    }
}

/// What stderr tells that no error or warning told.
fn printed(stderr: &[u8], raised: &[Raised], registries: &[Registry]) -> Vec<Meaning> {
    let known = |meaning: &Meaning| {
        let same = |other: &Meaning| other.rule == meaning.rule && other.names == meaning.names;
        raised.iter().any(|raised| raised.meanings.iter().any(same))
    };
    let mut meanings = explain_bytes(stderr).meanings;
    meanings.retain(|meaning| !known(meaning));
    for meaning in &mut meanings {
        by_whom(meaning, registries);
    }
    meanings
}

fn once(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

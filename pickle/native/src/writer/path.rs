//! Where in the object something failed: the steps that are open say it, from the innermost outwards. As notes in Python's own
//! words, which has them from 3.14; before 3.11 there are no notes, and the text of the exception says it.

use crate::python::{Object, Owned, Raised};

use super::step::{Step, Steps};

/// How many notes an exception gets at either end of a deep path.
const NOTES: usize = 50;

/// How many characters of a key a note shows.
const KEY: usize = 500;

/// Adds the path to an exception.
pub(crate) fn explain(steps: &Steps, raised: Raised) -> Raised {
    if raised.is_memory_error() || steps.len() == 0 {
        return raised;
    }
    let Some(exception) = raised.take() else { return Raised::system("an exception was lost") };
    let length = steps.len();
    let mut left_out = 0;
    for (at, step) in steps.iter().enumerate() {
        if at >= NOTES && length - at > NOTES {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            note(&exception, &format!("... {left_out} steps left out ..."));
            left_out = 0;
        }
        for text in notes(step).into_iter().flatten() {
            note(&exception, &text);
        }
    }
    Raised::restore(exception)
}

/// Says in an exception which object it is about.
pub(crate) fn about_object(object: &Object, raised: Raised) -> Raised {
    let Some(exception) = raised.take() else { return Raised::system("an exception was lost") };
    note(&exception, &format!("when serializing {} object", object.class_name()));
    Raised::restore(exception)
}

fn note(exception: &Owned, text: &str) {
    if crate::python::add_note(exception, text).is_err() {
        // The exception itself is what matters.
        Raised::forget();
    }
}

/// What one step says: at most the part, and the whole.
fn notes(step: &Step) -> [Option<String>; 2] {
    let item =
        |container: &Object, what: &str| Some(format!("when serializing {} {what}", container.class_name()));
    match step {
        Step::List { list, at, .. } => [item(list, &format!("item {}", at.saturating_sub(1))), None],
        Step::Only { container, at, .. } => [item(container, &format!("item {at}")), None],
        Step::Items(items) => {
            let owner = items.owner.as_ref().unwrap_or(&items.iterator);
            [item(owner, &format!("item {}", items.at.saturating_sub(1))), None]
        }
        Step::Dict(dict) => [pair(&dict.dict, dict.key.as_ref(), dict.value.is_some()), None],
        Step::Pairs(pairs) => {
            let owner = pairs.owner.as_ref().unwrap_or(&pairs.iterator);
            [pair(owner, pairs.key.as_ref(), pairs.value.is_some()), None]
        }
        Step::Members(members) => [item(&members.set, "element"), None],
        Step::Tuple { tuple, at } => [item(tuple, &format!("item {}", at.saturating_sub(1))), None],
        Step::Reduce(reduce) => match &reduce.object {
            Some(object) => [
                reduce.part().and_then(|part| item(object, part)),
                reduce.asked.then(|| item(object, "object")).flatten(),
            ],
            None => [None, None],
        },
        Step::PlainClass { object, .. } => [item(object, "class"), item(object, "object")],
        Step::PlainState { object } => [item(object, "state"), item(object, "object")],
        Step::Identified { class, .. } => {
            [Some(format!("when serializing class {}, to find its id", name_of(class).trim_end())), None]
        }
        Step::Sorting(sorting) => [item(&sorting.owner, "element, to find an order"), None],
        Step::Sorted(sorted) => [item(&sorted.owner, "element"), None],
        Step::Program(program) => {
            let name = name_of(&program.whose);
            let what = match program.label.shown() {
                Some(part) => format!("when serializing {} {name}{part}", program.kind),
                None => format!("when serializing {} {name}", program.kind).trim_end().to_owned(),
            };
            [Some(what), None]
        }
        Step::Begin(_)
        | Step::Global { .. }
        | Step::Attributes(_)
        | Step::Emit { .. }
        | Step::Put { .. }
        | Step::Swaps(_)
        | Step::Leave { .. } => [None, None],
    }
}

/// The name that a function, a class or a module has, and a space.
fn name_of(object: &Object) -> String {
    for name in ["__qualname__", "__name__", "co_name"] {
        let found = crate::python::interned(name).and_then(|name| object.find(&name));
        match found {
            Ok(Some(name)) if name.is_text() => return format!("'{}' ", name.shown()),
            Ok(_) => {}
            Err(raised) => raised.dismiss(),
        }
    }
    String::new()
}

fn pair(container: &Object, key: Option<&Owned>, in_key: bool) -> Option<String> {
    let key = key?;
    let mut shown = key.repr().map(|text| text.shown()).unwrap_or_else(|raised| {
        raised.dismiss();
        format!("<{}>", key.class_name())
    });
    if let Some((at, _)) = shown.char_indices().nth(KEY) {
        shown.truncate(at);
        shown.push_str("...");
    }
    let what = if in_key { "key" } else { "item" };
    Some(format!("when serializing {} {what} {shown}", container.class_name()))
}

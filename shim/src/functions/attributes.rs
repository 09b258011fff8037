//! The attributes of a function: names, module, documentation, dict, as those of a function of Python code.

use core::ffi::CStr;

use super::describe::{self, For};
use super::function::{Field, Function};
use crate::ffi::{Raised, Strong, dictionary, error, section, unicode};

/// `__name__` or `__qualname__`.
pub(super) fn text(function: Function<'_>, field: Field) -> Result<Strong, Raised> {
    function.take(field).map_or_else(|| Strong::text(function.at(), "?"), Ok)
}

/// Sets one of them: to a text, as Python's own functions want.
pub(super) fn set_text(function: Function<'_>, field: Field, value: Option<Strong>) -> Result<(), Raised> {
    let at = function.at();
    match value {
        Some(value) if unicode::is_text(&value) => {
            // A subclass's instance may lead anywhere.
            function.put(field, Some(unicode::plain(at, &value)?));
            Ok(())
        }
        value => refuse(function, "the name of a function must be a str, not ", value),
    }
}

/// Raises a TypeError that says what kind of object was given.
fn refuse(function: Function<'_>, what: &str, value: Option<Strong>) -> Result<(), Raised> {
    let at = function.at();
    let kind = value.map_or_else(
        || Strong::text(at, "None"),
        |value| unicode::repr(at, &crate::ffi::live::Live::of(at, &value).class().held(at)),
    )?;
    let text = unicode::concat(at, &[&Strong::text(at, what)?, &kind])?;
    Err(error::say_text(at, error::Class::Type, &text))
}

/// `__dict__`, made when it is needed.
pub(super) fn dict(function: Function<'_>) -> Result<Strong, Raised> {
    let made = dictionary::new(function.at())?;
    let known = section::locked(function.live(), || {
        function.peek(Field::Dict).or_else(|| {
            // It was nothing.
            drop(function.exchange(Field::Dict, Some(made.share(function.at()))));
            None
        })
    });
    Ok(known.unwrap_or(made))
}

/// Sets it.
pub(super) fn set_dict(function: Function<'_>, value: Option<Strong>) -> Result<(), Raised> {
    match value {
        Some(value) if dictionary::is_one(&value) => {
            function.put(Field::Dict, Some(value));
            Ok(())
        }
        value => refuse(function, "__dict__ must be set to a dictionary, not ", value),
    }
}

/// Reads `__module__` or `__doc__`. A text is in the record's field. Any other value is in `__dict__`, which the collector traverses.
/// Both are looked at in one section, so that no thread sees neither. `None`: it was never set.
fn any(function: Function<'_>, field: Field, name: &CStr) -> Result<Option<Strong>, Raised> {
    let at = function.at();
    let mut raised = None;
    let found = function.take_or(field, || {
        let found = function.peek(Field::Dict).map(|dict| dictionary::get(at, &dict, name));
        found.transpose().unwrap_or_else(|error| {
            raised = Some(error);
            None
        })?
    });
    raised.map_or(Ok(found), Err)
}

/// Sets one of them, to any object; to None when it's deleted.
fn set_any(function: Function<'_>, field: Field, name: &CStr, value: Option<Strong>) -> Result<(), Raised> {
    let at = function.at();
    let dict = dict(function)?;
    let before = section::locked(function.live(), || match value {
        Some(value) if unicode::is_plain(&value) => {
            dictionary::remove(at, &dict, name)?;
            Ok(function.exchange(field, Some(value)))
        }
        value => {
            let value = value.unwrap_or_else(|| dictionary::none(at));
            let before = function.exchange(field, None);
            match dictionary::set(at, &dict, name, &value) {
                Ok(()) => Ok(before),
                Err(raised) => {
                    drop(function.exchange(field, before));
                    Err(raised)
                }
            }
        }
    })?;
    drop(before);
    Ok(())
}

/// `__module__`.
pub(super) fn module(function: Function<'_>) -> Result<Strong, Raised> {
    Ok(any(function, Field::Module, c"__module__")?.unwrap_or_else(|| dictionary::none(function.at())))
}

/// Sets it.
pub(super) fn set_module(function: Function<'_>, value: Option<Strong>) -> Result<(), Raised> {
    set_any(function, Field::Module, c"__module__", value)
}

/// `__doc__`; as long as nobody has set it, it's made of the overloads.
pub(super) fn doc(function: Function<'_>) -> Result<Strong, Raised> {
    if let Some(doc) = any(function, Field::Doc, c"__doc__")? {
        return Ok(doc);
    }
    if function.overloads().next().is_none() {
        return Ok(dictionary::none(function.at()));
    }
    describe::documentation(function)
}

/// Sets it.
pub(super) fn set_doc(function: Function<'_>, value: Option<Strong>) -> Result<(), Raised> {
    set_any(function, Field::Doc, c"__doc__", value)
}

/// `__text_signature__`: None where there are several.
pub(super) fn signature(function: Function<'_>) -> Result<Strong, Raised> {
    let mut overloads = function.overloads();
    match (overloads.next(), overloads.next()) {
        (Some(one), None) => describe::signature(function.at(), one, For::Inspect),
        _ => Ok(dictionary::none(function.at())),
    }
}

/// What it shows as.
pub(super) fn repr(function: Function<'_>) -> Result<Strong, Raised> {
    let at = function.at();
    let qualname = text(function, Field::Qualname)?;
    let (start, end) = (Strong::text(at, "<native function ")?, Strong::text(at, ">")?);
    if function.is_module() {
        let start = Strong::text(at, "<native reference to module ")?;
        return unicode::concat(at, &[&start, &qualname, &end]);
    }
    match function.take(Field::Module) {
        Some(module) => unicode::concat(at, &[&start, &module, &Strong::text(at, ".")?, &qualname, &end]),
        None => unicode::concat(at, &[&start, &qualname, &end]),
    }
}

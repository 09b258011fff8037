//! How a function pickles: by name, when the name leads back to this very function.
//!
//! The stream holds the names of the module and of the function, as Python's own functions', and nothing of interbind. What has no
//! path is refused when it is pickled, with the step that failed; nothing else is ever found in its place.

use super::attributes;
use super::class;
use super::function::{Field, Function};
use crate::ffi::{Raised, Strong, error, scalar, type_object, unicode};

/// How far around a module its path is looked for: each step takes time by the name's length.
const MAX_MODULE_STEPS: usize = 100;

/// Raises a PicklingError for a function, with why.
fn refuse(function: Function<'_>, why: &[&Strong]) -> Raised {
    let at = function.at();
    let refuse = || {
        let class = scalar::of_module(at, c"pickle", "PicklingError")?;
        let shown = attributes::repr(function)?;
        let (start, between) = (Strong::text(at, "can't pickle ")?, Strong::text(at, ": ")?);
        let why = unicode::concat(at, why)?;
        let text = unicode::concat(at, &[&start, &shown, &between, &why])?;
        Ok(error::raise_of(at, &class, &text))
    };
    refuse().unwrap_or_else(|raised| raised)
}

/// `__reduce_ex__`.
pub(super) fn reduce(function: Function<'_>, protocol: i64) -> Result<Strong, Raised> {
    let at = function.at();
    if function.is_module() {
        let load = scalar::of_module(at, c"importlib", "import_module")?;
        let name = attributes::text(function, Field::Name)?;
        return unicode::tuple(at, &[&load, &unicode::tuple(at, &[&name])?]);
    }
    let module = function.held().attribute(at, "__module__")?;
    if !unicode::is_plain(&module) {
        let (start, end) = (Strong::text(at, "its __module__ is ")?, Strong::text(at, ", not a str")?);
        let shown = unicode::repr(at, &module)?;
        return Err(refuse(function, &[&start, &shown, &end]));
    }
    let qualname = attributes::text(function, Field::Qualname)?;
    by_name(function, start(function, module, qualname)?, protocol)
}

/// Where a path starts, and what it is.
struct Start {
    object: Strong,
    name: Strong,
    path: Strong,
    is_registered: bool,
}

/// Finds the module, or the nearest one around it that's registered.
fn start(function: Function<'_>, module: Strong, qualname: Strong) -> Result<Start, Raised> {
    let at = function.at();
    if let Some(object) = unicode::registered(at, &module)? {
        return Ok(Start { object, name: module, path: qualname, is_registered: true });
    }
    let whole = unicode::length(&module);
    let mut end = whole;
    for _ in 0..MAX_MODULE_STEPS {
        let Some(dot) = unicode::last_dot(&module, end) else { break };
        end = dot;
        let outer = unicode::part(at, &module, 0, end)?;
        if let Some(object) = unicode::registered(at, &outer)? {
            let rest = unicode::part(at, &module, end + 1, whole)?;
            let path = unicode::join(at, ".", &[&rest, &qualname])?;
            return Ok(Start { object, name: outer, path, is_registered: false });
        }
    }
    let (quote, end) = (Strong::text(at, "'")?, Strong::text(at, "' isn't in sys.modules")?);
    Err(refuse(function, &[&quote, &module, &end]))
}

/// What a path led to, and the object before its last step.
struct Walked {
    object: Strong,
    parent: Strong,
}

/// Goes from an object along a path of attributes, as pickle does.
fn walk(function: Function<'_>, start: &Start) -> Result<Walked, Raised> {
    let at = function.at();
    let steps = unicode::steps(at, &start.path)?;
    let mut walked = Walked { object: start.object.share(at), parent: start.object.share(at) };
    for (done, step) in steps.iter().enumerate() {
        let next = match walked.object.attribute_of(at, step) {
            Ok(next) => next,
            Err(_) if error::is_attribute_error(at) => {
                at.clear();
                let mut before = vec![&start.name];
                before.extend(&steps[..done]);
                let before = unicode::join(at, ".", &before)?;
                let (has, end) = (Strong::text(at, " has no attribute '")?, Strong::text(at, "'")?);
                return Err(refuse(function, &[&before, &has, step, &end]));
            }
            Err(raised) => return Err(raised),
        };
        walked.parent = core::mem::replace(&mut walked.object, next);
    }
    Ok(walked)
}

/// Tells whether what a path led to is a class's method around this function, as of a class method.
fn is_method_of(function: Function<'_>, found: &Strong) -> Result<bool, Raised> {
    let at = function.at();
    match found.attribute(at, "__func__") {
        Ok(inner) => Ok(inner.as_ptr() == function.as_ptr()),
        Err(_) if error::is_attribute_error(at) => {
            at.clear();
            Ok(false)
        }
        Err(raised) => Err(raised),
    }
}

fn by_name(function: Function<'_>, mut start: Start, protocol: i64) -> Result<Strong, Raised> {
    let at = function.at();
    let walked = walk(function, &start)?;
    let is_same = walked.object.as_ptr() == function.as_ptr();
    let is_method = !is_same && is_method_of(function, &walked.object)?;
    if is_method {
        start.path = unicode::join(at, ".", &[&start.path, &Strong::text(at, "__func__")?])?;
    } else if !is_same {
        let end = Strong::text(at, " is now another object")?;
        return Err(refuse(function, &[&start.name, &Strong::text(at, ".")?, &start.path, &end]));
    }
    // Before protocol 4 pickle writes the object before the last step too: not a module, and not a method, of which dill and
    // cloudpickle write this function.
    let is_top = walked.parent.as_ptr() == start.object.as_ptr();
    let is_in_class = !is_method && !type_object::is_module(&walked.parent);
    if start.is_registered && (protocol >= 4 || is_top || is_in_class) {
        return Ok(start.path);
    }
    let getter = scalar::of_module(at, c"operator", "attrgetter")?.call1(at, &start.path)?;
    let alike = class::for_module(function, &start.name)?;
    unicode::tuple(at, &[&getter, &unicode::tuple(at, &[&alike])?])
}

//! `dump` and `dumps`.

use core::ffi::CStr;
use std::sync::Arc;

use crate::python::{Arguments, Function, Functions, Many, Object, Owned, Raised, Result, none};
use crate::state;

use super::held::Held;
use super::session::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL, Options, Session};
use super::value::Choices;

static FUNCTIONS: Functions<6> = Functions::new([
    Function::fast::<Dump>(
        c"dump($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)\n--\n\n\
          Write an object to a file, as Python's own pickle.dump() does.",
    ),
    Function::fast::<Dumps>(
        c"dumps($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None)\n--\n\n\
          Return an object as bytes, as Python's own pickle.dumps() does.",
    ),
    Function::fast::<ValueDigest>(
        c"value_digest($module, obj, update, options, /)\n--\n\nGive an object's canonical stream to a hash, piece by piece.",
    ),
    Function::fast::<ValueDump>(
        c"dump($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None, **options)\n--\n\n\
          Write an object to a file; functions and classes that can't be imported go by value.",
    ),
    Function::fast::<ValueDumps>(
        c"dumps($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None, **options)\n--\n\n\
          Return an object as bytes; functions and classes that can't be imported go by value.",
    ),
    Function::END,
]);

/// Puts the functions into the module.
pub(crate) fn add(module: &Object) -> Result<()> {
    module.add_functions(&FUNCTIONS)
}

/// Reads what all ways to begin have in common.
pub(crate) fn options(
    protocol: Option<&Object>,
    fix_imports: Option<&Object>,
    buffer_callback: Option<&Object>,
) -> Result<Options> {
    let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
        None => DEFAULT_PROTOCOL,
        Some(protocol) => match protocol.int()? {
            ..0 => HIGHEST_PROTOCOL,
            given => match u8::try_from(given).ok().filter(|given| *given <= HIGHEST_PROTOCOL) {
                Some(given) => given,
                None => return Err(Raised::value(&format!("pickle protocol must be <= {HIGHEST_PROTOCOL}"))),
            },
        },
    };
    let buffer_callback = buffer_callback.filter(|callback| !callback.is_none()).map(Object::own);
    if buffer_callback.is_some() && protocol < 5 {
        return Err(Raised::value("buffer_callback needs protocol >= 5"));
    }
    let fix_imports = match fix_imports {
        Some(given) => given.truth()?,
        None => true,
    };
    Ok(Options { protocol, fix_imports, buffer_callback, ..Options::default() })
}

/// The `write` of what is to be written to.
pub(crate) fn writer_of(held: &Held, file: &Object) -> Result<Owned> {
    match file.find(&held.names.write)? {
        Some(write) => Ok(write),
        None => Err(Raised::type_error("file must have a 'write' attribute")),
    }
}

/// The options that say what goes by value, and how.
const CHOICES: [&str; 7] =
    ["portable", "deterministic", "identity", "positions", "by_value", "locks", "engine"];

/// Reads those options.
fn choices(held: &Held, given: &[Option<&Object>]) -> Result<Arc<Choices>> {
    if given.iter().all(Option::is_none) {
        return Ok(held.choices.usual.clone());
    }
    // What isn't given is told from what is `None`.
    let missing = crate::python::ellipsis();
    let given: Vec<&Object> = given.iter().map(|given| given.unwrap_or(&missing)).collect();
    read(&*held.attached()?.options.call(&given)?)
}

/// Reads options that the Python half has checked.
fn read(options: &Object) -> Result<Arc<Choices>> {
    Choices::read(options).map(Choices::shared)
}

struct ValueDump;

impl Many for ValueDump {
    const NAME: &'static CStr = c"value_dump";

    fn call(module: &Object, given: Arguments<'_>) -> Result<Owned> {
        let [a, b, c, d, e, f, g] = CHOICES;
        let names = ["obj", "file", "protocol", "fix_imports", "buffer_callback", a, b, c, d, e, f, g];
        let given = given.read("dump", names, 3)?;
        let (Some(object), Some(file)) = (given[0], given[1]) else {
            return Err(Raised::type_error("dump() takes an object and a file"));
        };
        let held = &state::of(module)?.writer;
        let options = options(given[2], given[3], given[4])?;
        let choices = choices(held, &given[5..])?;
        let file = writer_of(held, file)?;
        let mut session = Session::new(held, options, Some(file))?;
        session.choices = choices;
        session.dump(object).0?;
        Ok(none())
    }
}

struct ValueDumps;

impl Many for ValueDumps {
    const NAME: &'static CStr = c"value_dumps";

    fn call(module: &Object, given: Arguments<'_>) -> Result<Owned> {
        value(module, given, ["obj", "protocol", "fix_imports", "buffer_callback"], 2)
    }
}

/// The drop-in's `dumps` where an option of this engine was given: its third parameter is the callback.
pub(crate) fn dropin_dumps(module: &Object, given: Arguments<'_>) -> Result<Owned> {
    value(module, given, ["obj", "protocol", "buffer_callback", "fix_imports"], 3)
}

fn value(module: &Object, given: Arguments<'_>, usual: [&str; 4], positional: usize) -> Result<Owned> {
    let [obj, protocol, third, fourth] = usual;
    let [a, b, c, d, e, f, engine] = CHOICES;
    let names = [obj, protocol, third, fourth, a, b, c, d, e, f, engine];
    let given = given.read("dumps", names, positional)?;
    let Some(object) = given[0] else { return Err(Raised::type_error("dumps() takes an object")) };
    let held = &state::of(module)?.writer;
    let (fix_imports, callback) =
        if third == "fix_imports" { (given[2], given[3]) } else { (given[3], given[2]) };
    let options = options(given[1], fix_imports, callback)?;
    let mut session = Session::new(held, options, None)?;
    session.choices = choices(held, &given[4..])?;
    session.dump(object).0?.ok_or_else(|| Raised::system("a dump into memory gave nothing"))
}

struct ValueDigest;

impl Many for ValueDigest {
    const NAME: &'static CStr = c"value_digest";

    fn call(module: &Object, given: Arguments<'_>) -> Result<Owned> {
        let [object, update, options] = given.positional() else {
            return Err(Raised::type_error("value_digest() takes three arguments"));
        };
        let held = &state::of(module)?.writer;
        let protocol = Options { protocol: HIGHEST_PROTOCOL, fix_imports: true, ..Options::default() };
        let mut session = Session::new(held, protocol, None)?;
        session.choices = read(options)?;
        session.digest(object, update.own())?;
        Ok(none())
    }
}

struct Dump;

impl Many for Dump {
    const NAME: &'static CStr = c"dump";

    fn call(module: &Object, given: Arguments<'_>) -> Result<Owned> {
        let names = ["obj", "file", "protocol", "fix_imports", "buffer_callback"];
        let [object, file, protocol, fix_imports, callback] = given.read("dump", names, 3)?;
        let (Some(object), Some(file)) = (object, file) else {
            return Err(Raised::type_error("dump() takes an object and a file"));
        };
        let held = &state::of(module)?.writer;
        let options = options(protocol, fix_imports, callback)?;
        let file = writer_of(held, file)?;
        Session::new(held, options, Some(file))?.dump(object).0?;
        Ok(none())
    }
}

struct Dumps;

impl Many for Dumps {
    const NAME: &'static CStr = c"dumps";

    fn call(module: &Object, given: Arguments<'_>) -> Result<Owned> {
        let names = ["obj", "protocol", "fix_imports", "buffer_callback"];
        let [object, protocol, fix_imports, callback] = given.read("dumps", names, 2)?;
        let Some(object) = object else { return Err(Raised::type_error("dumps() takes an object")) };
        let held = &state::of(module)?.writer;
        let options = options(protocol, fix_imports, callback)?;
        let stream = Session::new(held, options, None)?.dump(object).0?;
        stream.ok_or_else(|| Raised::system("a dump into memory gave nothing"))
    }
}

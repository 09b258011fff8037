//! `dumps`: one object to bytes, through a pickler that no object ever gets to see.

use crate::python::{
    Arguments, Definitions, Many, Object, One, Owned, Raised, Result, dict, interned, last, none, one, tuple,
};
use crate::state;

use super::Held;
use super::options::Options;
use super::session::{self, Session};

/// `dumps(obj, protocol=None, buffer_callback=None, *, strict, compat, config, by_value)`.
pub(crate) struct Dumps;

impl Many for Dumps {
    const NAME: &'static core::ffi::CStr = c"dumps";

    fn call(module: &Object, arguments: Arguments<'_>) -> Result<Owned> {
        let held = &state::of(module)?.dropin;
        let names = ["obj", "protocol", "buffer_callback", "strict", "compat", "config", "by_value"];
        let [object, protocol, callback, strict, compat, config, by_value] =
            arguments.read("dumps", names, 3)?;
        let Some(object) = object else {
            return Err(Raised::type_error("dumps() missing 1 required positional argument: 'obj'"));
        };
        let options = if strict.or(compat).or(config).or(by_value).is_none() {
            Options::usual()
        } else {
            let none = none();
            let given = [strict, compat, config, by_value].map(|given| given.unwrap_or(&none));
            Options::read(&held.names, &*held.attached()?.options.call(&given)?)?
        };
        super::reduce::refresh(held)?;
        let session = held.sessions.hold(Session::new(module, options, true)?)?;
        run(held, &session, object, protocol, callback)
    }
}

fn run(
    held: &Held,
    session: &Object,
    object: &Object,
    protocol: Option<&Object>,
    callback: Option<&Object>,
) -> Result<Owned> {
    let inner = session::of(session)?;
    if callback.is_some_and(|callback| !callback.is_none()) {
        inner.is_seen();
    }
    loop {
        let pickler = pickler(held, session, protocol, callback)?;
        let reducer = REDUCE.bind_first(session)?;
        pickler.set(&held.names.reducer_override, &reducer)?;
        match held.dump.call(&[&pickler, object]) {
            Ok(_) => return inner.stream(),
            Err(raised) => {
                if inner.start_again() {
                    raised.dismiss();
                    let old = inner.globals.dict_keys()?;
                    for at in 0..old.list_len() {
                        inner.globals.dict_remove(&*old.list_item(at)?)?;
                    }
                    continue;
                }
                return Err(raised.or_too_deep());
            }
        }
    }
}

fn pickler(
    held: &Held,
    session: &Object,
    protocol: Option<&Object>,
    callback: Option<&Object>,
) -> Result<Owned> {
    let highest;
    let protocol = match protocol.filter(|protocol| !protocol.is_none()) {
        Some(protocol) => protocol,
        None => {
            highest = crate::python::int(-1)?;
            &*highest
        }
    };
    match callback.filter(|callback| !callback.is_none()) {
        None => held.hidden.call(&[session, protocol]),
        Some(callback) => {
            let keywords = dict()?;
            keywords.dict_set(&*interned("buffer_callback")?, callback)?;
            held.hidden.call_with(&*tuple(&[session, protocol])?, Some(&keywords))
        }
    }
}

/// `reducer_override` of the hidden pickler: bound to the session.
struct Reduce;

impl One for Reduce {
    const NAME: &'static core::ffi::CStr = c"reducer_override";

    fn call(this: &Object, object: &Object) -> Result<Owned> {
        let session = session::of(this)?;
        super::reduce::answer(session.held()?, session, None, object)
    }
}

static REDUCE: Definitions<2> = Definitions::new([one::<Reduce>(), last()]);

//! `dumps`: one object to bytes. Nobody can see the pickler, so it is the engine of [`crate::writer`], which writes what Python's
//! own would, and asks here for each object.

use crate::python::{Arguments, Many, Object, Owned, Raised, Result, int, none};
use crate::state;
use crate::writer;

use super::Held;
use super::options::Options;
use super::session::{self, Session};

/// Options of the writer: where one of them is given, it writes the stream.
const WRITERS: [&str; 6] = ["portable", "deterministic", "identity", "positions", "locks", "engine"];

/// `dumps(obj, protocol=None, buffer_callback=None, *, strict, compat, config, by_value)`.
pub(crate) struct Dumps;

impl Many for Dumps {
    const NAME: &'static core::ffi::CStr = c"dumps";

    fn call(module: &Object, arguments: Arguments<'_>) -> Result<Owned> {
        if arguments.has_one_of(&WRITERS) {
            // The other engine's options choose it.
            return crate::writer::dumps(module, arguments);
        }
        let held = state::of(module)?;
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
            Options::read(&held.dropin.names, &*held.dropin.attached()?.options.call(&given)?)?
        };
        super::reduce::refresh(&held.dropin)?;
        let whole = held.dropin.sessions.hold(Session::new(module, options, true)?)?;
        let reducer = Reducer { held: &held.dropin, session: session::of(&whole)?, whole: &whole };
        reducer.session.set_root(Some(object));
        // Where nothing is said, the protocol is cloudpickle's, which is the highest.
        let highest = int(-1)?;
        let protocol = protocol.filter(|protocol| !protocol.is_none()).unwrap_or(&highest);
        let options = writer::options(Some(protocol), None, callback)?;
        let mut engine = writer::Session::new(&held.writer, options, None)?;
        engine.reducer = Some(&reducer);
        let stream = engine.dump(object).0.map_err(Raised::or_too_deep)?;
        stream.ok_or_else(|| Raised::system("nothing was written"))
    }
}

/// The answers of one session.
struct Reducer<'s> {
    held: &'s Held,
    session: &'s Session,
    whole: &'s Object,
}

impl writer::Reducer for Reducer<'_> {
    fn reduce(&self, object: &Object) -> Result<writer::Answer> {
        super::reduce::answer(self.held, self.session, self.whole, None, object)
    }
}

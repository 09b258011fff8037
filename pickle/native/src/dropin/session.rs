//! What one pickler keeps between two questions. It belongs to the pickler and ends with it: nothing here outlives a dump.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::python::{
    Arguments, Class, Content, Definitions, Many, Object, One, Owned, Raised, Result, Visit, dict, import,
    last, none, one, truth,
};
use crate::state;

use super::Held;
use super::address::{AddressSet, Addresses};
use super::cells::Seen;
use super::facts::Facts;
use super::options::Options;
use super::orphans::Orphans;
use super::submodules::Index;

/// What one pickler keeps.
pub(crate) struct Session {
    module: Owned,
    /// What was asked for.
    pub(crate) options: Options,
    /// `id` of a function's globals → the dict that its copy will have: functions that share globals share them after loading.
    pub(crate) globals: Owned,
    /// No object knows the pickler: what is made for it alone needs no collector.
    pub(crate) hidden: bool,
    caches: Mutex<Caches>,
    out: Mutex<Out>,
}

/// What has been seen.
#[derive(Default)]
pub(crate) struct Caches {
    /// Code objects, by address; each keeps its own alive.
    pub(crate) codes: Addresses<Arc<Facts>>,
    /// Cells, by address; each keeps its own alive.
    pub(crate) cells: Addresses<Seen>,
    /// Cells that all functions must share, as an attempt found too late.
    pub(crate) shared: AddressSet,
    /// All of them: a second attempt found another one too late.
    pub(crate) share_all: bool,
    /// Classes whose objects are pickled without code of their own, kept because they are known by their addresses.
    pub(crate) plain: Addresses<Owned>,
    /// The dump can be started again: nothing of it has been seen from outside.
    pub(crate) may_start_again: bool,
    /// It must be.
    pub(crate) starts_again: bool,
    /// The submodules, where they were asked for.
    pub(crate) index: Option<Arc<Index>>,
    /// Where functions without `__module__` may live.
    pub(crate) orphans: Orphans,
}

/// What the pickler has written.
enum Out {
    /// Nothing yet.
    Nothing,
    /// One piece: the stream itself, if no other one follows.
    Piece(Owned),
    /// A `BytesIO` and its `write`.
    Pieces(Owned, Owned),
    /// A user's file: its `write`, and whether it was called.
    File(Owned, bool),
}

impl Content for Session {
    const NAME: &'static core::ffi::CStr = c"interbind._pickle.Session";

    fn methods() -> *mut pyo3_ffi::PyMethodDef {
        METHODS.as_ptr()
    }

    fn visit(&self, visit: &mut Visit) {
        visit.see(&self.module);
        visit.see(&self.globals);
        self.options.visit(visit);
        // Who has the lock is in the middle of a change: then nothing of it is shown, which keeps all of it alive.
        if let Ok(caches) = self.caches.try_lock() {
            for seen in caches.cells.values() {
                seen.visit(visit);
            }
            for class in caches.plain.values() {
                visit.see(class);
            }
        }
        if let Ok(out) = self.out.try_lock() {
            match &*out {
                Out::Nothing => {}
                Out::Piece(one) | Out::File(one, _) => visit.see(one),
                Out::Pieces(file, write) => {
                    visit.see(file);
                    visit.see(write);
                }
            }
        }
    }
}

impl Session {
    /// Starts one for a dump into memory.
    pub(crate) fn new(module: &Object, options: Options, hidden: bool) -> Result<Self> {
        let caches = Caches { may_start_again: true, ..Caches::default() };
        Ok(Self {
            module: module.own(),
            options,
            globals: dict()?,
            hidden,
            caches: Mutex::new(caches),
            out: Mutex::new(Out::Nothing),
        })
    }

    /// Says that a user's code has run, or will: a second attempt would run it again, and it may answer otherwise.
    pub(crate) fn is_seen(&self) {
        self.caches().may_start_again = false;
    }

    /// The module's state.
    pub(crate) fn held(&self) -> Result<&Held> {
        Ok(&state::of(&self.module)?.dropin)
    }

    /// What has been seen. The lock is short: no Python runs under it.
    pub(crate) fn caches(&self) -> MutexGuard<'_, Caches> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a piece of the stream.
    fn write(&self, piece: &Object) -> Result<()> {
        let write = {
            let mut out = self.out();
            match &mut *out {
                Out::Nothing => None,
                Out::Piece(first) => Some(Err(first.own())),
                Out::Pieces(_, write) => Some(Ok(write.own())),
                Out::File(write, used) => {
                    *used = true;
                    Some(Ok(write.own()))
                }
            }
        };
        if matches!(*self.out(), Out::File(..)) {
            // What is in the user's file stays there.
            self.caches().may_start_again = false;
        }
        match write {
            None => {
                let piece = piece.to_bytes()?;
                *self.out() = Out::Piece(piece);
            }
            Some(Ok(write)) => drop(write.call(&[piece])?),
            Some(Err(first)) => {
                let held = self.held()?;
                let file = import(c"_io")?.get(&*crate::python::interned("BytesIO")?)?.call(&[])?;
                let write = file.get(&held.names.write)?;
                write.call(&[&first])?;
                write.call(&[piece])?;
                let old = core::mem::replace(&mut *self.out(), Out::Pieces(file, write));
                drop(old);
            }
        }
        Ok(())
    }

    /// The stream.
    pub(crate) fn stream(&self) -> Result<Owned> {
        let out = core::mem::replace(&mut *self.out(), Out::Nothing);
        match out {
            Out::Piece(stream) => Ok(stream),
            Out::Pieces(file, _) => file.call_method(&self.held()?.names.getvalue, &[]),
            Out::Nothing | Out::File(..) => Err(Raised::system("the pickler wrote nothing")),
        }
    }

    /// Forgets what was written and seen, for another attempt: says whether it was asked for.
    pub(crate) fn start_again(&self) -> bool {
        let old = {
            let mut caches = self.caches();
            if !caches.starts_again {
                return false;
            }
            let fresh = Caches {
                shared: caches.shared.clone(),
                share_all: caches.share_all,
                may_start_again: true,
                ..Caches::default()
            };
            core::mem::replace(&mut *caches, fresh)
        };
        drop(old);
        let written = {
            let mut out = self.out();
            if matches!(*out, Out::File(..)) {
                Out::Nothing
            } else {
                core::mem::replace(&mut *out, Out::Nothing)
            }
        };
        drop(written);
        true
    }
}

/// Makes a session: `start(options, write)`, the latter a file's.
pub(crate) struct Start;

impl Many for Start {
    const NAME: &'static core::ffi::CStr = c"start";

    fn call(module: &Object, arguments: Arguments<'_>) -> Result<Owned> {
        let held = &state::of(module)?.dropin;
        let [options, write] = arguments.positional() else {
            return Err(Raised::type_error("start() takes two arguments"));
        };
        let mut session = Session::new(module, Options::read(&held.names, options)?, false)?;
        session.out = Mutex::new(Out::File(write.own(), false));
        held.sessions.hold(session)
    }
}

/// `write`: where a pickler puts its stream.
struct Write;

impl One for Write {
    const NAME: &'static core::ffi::CStr = c"write";

    fn call(this: &Object, piece: &Object) -> Result<Owned> {
        of(this)?.write(piece)?;
        Ok(none())
    }
}

/// `begin(first)`: a dump starts; it can start again if it is the pickler's first.
struct Begin;

impl One for Begin {
    const NAME: &'static core::ffi::CStr = c"begin";

    fn call(this: &Object, first: &Object) -> Result<Owned> {
        let session = of(this)?;
        let first = first.truth()?;
        let unused = !matches!(*session.out(), Out::File(_, true));
        session.caches().may_start_again = first && unused;
        super::reduce::refresh(session.held()?)?;
        Ok(session.globals.own())
    }
}

/// `again(_)`: whether the dump that has just failed is to be started again.
struct Again;

impl One for Again {
    const NAME: &'static core::ffi::CStr = c"again";

    fn call(this: &Object, _none: &Object) -> Result<Owned> {
        Ok(truth(of(this)?.start_again()))
    }
}

/// `function(f)`: a function by value, whatever its name says.
struct Function;

impl One for Function {
    const NAME: &'static core::ffi::CStr = c"function";

    fn call(this: &Object, function: &Object) -> Result<Owned> {
        if !function.is_function() {
            return Err(Raised::type_error("not a function"));
        }
        let session = of(this)?;
        super::function::by_value(session.held()?, session, function)
    }
}

static METHODS: Definitions<5> =
    Definitions::new([one::<Write>(), one::<Begin>(), one::<Again>(), one::<Function>(), last()]);

/// The session in an object of its class.
pub(crate) fn of(object: &Object) -> Result<&Session> {
    Class::content(object)
}

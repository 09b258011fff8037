//! What one pickler keeps between two questions. It belongs to the pickler and ends with it: nothing here outlives a dump.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::python::{
    Arguments, Class, Content, Definitions, Many, Object, One, Owned, Raised, Result, Visit, dict, int, last,
    list, none, one, truth,
};
use crate::state;

use super::address::Addresses;
use super::cells::Seen;
use super::facts::Facts;
use super::options::Options;
use super::orphans::Orphans;
use super::scan::Scan;
use super::submodules::Index;
use super::{Held, scan};

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
    /// A file's `write`, where Python's own pickler writes the stream.
    write: Option<Owned>,
    /// What the pickler asked about last, for the path in an error.
    pub(crate) asked: Asked,
    /// The pickler's class has its own way to reduce functions.
    pub(crate) hooked: AtomicBool,
}

/// How many addresses are remembered.
const LATEST: usize = 16;

/// The addresses of the objects that were asked about last. They are compared with objects that live, and nothing more.
#[derive(Default)]
pub(crate) struct Asked {
    next: AtomicUsize,
    latest: [AtomicUsize; LATEST],
}

impl Asked {
    /// Remembers one.
    pub(crate) fn about(&self, object: &Object) {
        let at = self.next.load(Relaxed);
        self.next.store(at.wrapping_add(1), Relaxed);
        if let Some(place) = self.latest.get(at % LATEST) {
            place.store(object.ptr().addr(), Relaxed);
        }
    }

    /// The latest first.
    fn latest(&self) -> impl Iterator<Item = usize> {
        let next = self.next.load(Relaxed);
        (1..=LATEST)
            .filter_map(move |back| self.latest.get(next.wrapping_sub(back) % LATEST))
            .map(|place| place.load(Relaxed))
            .filter(|address| *address != 0)
    }
}

/// What has been seen.
#[derive(Default)]
pub(crate) struct Caches {
    /// Code objects, by address; each keeps its own alive.
    pub(crate) codes: Addresses<(Owned, Arc<Facts>)>,
    /// Cells, by address; each keeps its own alive.
    pub(crate) cells: Addresses<Seen>,
    /// Reducers for classes that inherit from one of a family, or nothing; the classes are kept because they are known by their
    /// addresses.
    pub(crate) families: Addresses<(Owned, Option<Owned>)>,
    /// What is being dumped.
    pub(crate) root: Option<Owned>,
    /// What that reaches, where somebody has asked.
    pub(crate) scan: Option<Arc<Scan>>,
    /// The submodules, where they were asked for.
    pub(crate) index: Option<Arc<Index>>,
    /// Where functions without `__module__` may live.
    pub(crate) orphans: Orphans,
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
            for (class, reducer) in caches.families.values() {
                visit.see(class);
                if let Some(reducer) = reducer {
                    visit.see(reducer);
                }
            }
            if let Some(root) = &caches.root {
                visit.see(root);
            }
        }
        if let Some(write) = &self.write {
            visit.see(write);
        }
    }
}

impl Session {
    /// Starts one for a dump into memory.
    pub(crate) fn new(module: &Object, options: Options, hidden: bool) -> Result<Self> {
        Ok(Self {
            module: module.own(),
            options,
            globals: dict()?,
            hidden,
            caches: Mutex::new(Caches::default()),
            write: None,
            asked: Asked::default(),
            hooked: AtomicBool::new(false),
        })
    }

    /// A dump of this object begins; nothing says that it ends.
    pub(crate) fn set_root(&self, root: Option<&Object>) {
        let old = {
            let mut caches = self.caches();
            (caches.scan.take(), core::mem::replace(&mut caches.root, root.map(Object::own)))
        };
        drop(old);
    }

    /// The module's state.
    pub(crate) fn held(&self) -> Result<&Held> {
        Ok(&state::of(&self.module)?.dropin)
    }

    /// What has been seen. The lock is short: no Python runs under it.
    pub(crate) fn caches(&self) -> MutexGuard<'_, Caches> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
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
        session.write = Some(write.own());
        held.sessions.hold(session)
    }
}

/// `write`: where a pickler puts its stream.
struct Write;

impl One for Write {
    const NAME: &'static core::ffi::CStr = c"write";

    fn call(this: &Object, piece: &Object) -> Result<Owned> {
        match &of(this)?.write {
            Some(write) => write.call(&[piece]),
            None => Err(Raised::system("a session without a file")),
        }
    }
}

/// `begin(obj)`: a dump of an object begins.
struct Begin;

impl One for Begin {
    const NAME: &'static core::ffi::CStr = c"begin";

    fn call(this: &Object, root: &Object) -> Result<Owned> {
        let session = of(this)?;
        session.set_root(Some(root));
        super::reduce::refresh(session.held()?)?;
        Ok(session.globals.own())
    }
}

/// `end(_)`: it has ended.
struct End;

impl One for End {
    const NAME: &'static core::ffi::CStr = c"end";

    fn call(this: &Object, _none: &Object) -> Result<Owned> {
        of(this)?.set_root(None);
        Ok(none())
    }
}

/// `reaches(obj)`: whether the object that is being dumped reaches another one, by more than weak references.
struct Reaches;

impl One for Reaches {
    const NAME: &'static core::ffi::CStr = c"reaches";

    fn call(this: &Object, object: &Object) -> Result<Owned> {
        let session = of(this)?;
        Ok(truth(scan::of(session.held()?, session)?.is_some_and(|scan| scan.has(object))))
    }
}

/// `comes_back(start, obj)`: whether an object reaches another one, in a dump or not.
struct ComesBack;

impl One for ComesBack {
    const NAME: &'static core::ffi::CStr = c"comes_back";

    fn call(this: &Object, pair: &Object) -> Result<Owned> {
        let session = of(this)?;
        let (Some(start), Some(object)) = (pair.tuple_item(0), pair.tuple_item(1)) else {
            return Err(Raised::type_error("comes_back() takes a pair"));
        };
        Ok(truth(scan::from(session.held()?, session, start.own())?.has(object)))
    }
}

/// `asked(_)`: the addresses of the objects that were asked about last, the latest first.
struct Latest;

impl One for Latest {
    const NAME: &'static core::ffi::CStr = c"asked";

    fn call(this: &Object, _none: &Object) -> Result<Owned> {
        let addresses = list()?;
        for address in of(this)?.asked.latest() {
            addresses.list_append(&*int(i64::try_from(address).unwrap_or(0))?)?;
        }
        Ok(addresses)
    }
}

/// `hooked(yes)`: whether the pickler's class has its own way to reduce functions.
struct Hooked;

impl One for Hooked {
    const NAME: &'static core::ffi::CStr = c"hooked";

    fn call(this: &Object, yes: &Object) -> Result<Owned> {
        of(this)?.hooked.store(yes.truth()?, Relaxed);
        Ok(none())
    }
}

/// `by_name(obj)`: whether a function or a class goes by name.
struct ByName;

impl One for ByName {
    const NAME: &'static core::ffi::CStr = c"by_name";

    fn call(this: &Object, object: &Object) -> Result<Owned> {
        let session = of(this)?;
        Ok(truth(super::lookup::by_reference(session.held()?, session, object)?))
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
        super::function::in_any_case(session.held()?, session, function)
    }
}

static METHODS: Definitions<10> = Definitions::new([
    one::<Write>(),
    one::<Begin>(),
    one::<End>(),
    one::<Reaches>(),
    one::<ComesBack>(),
    one::<Latest>(),
    one::<Hooked>(),
    one::<ByName>(),
    one::<Function>(),
    last(),
]);

/// The session in an object of its class.
pub(crate) fn of(object: &Object) -> Result<&Session> {
    Class::content(object)
}

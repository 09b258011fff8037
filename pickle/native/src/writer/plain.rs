//! Plain instances: those for which `object.__reduce_ex__` would give `copyreg.__newobj__`, their class, and their dict. That
//! is known from the class, so it isn't called. Whatever could make a difference sends the object the usual way.

use crate::python::{Found, Object, Owned, Result};

use super::held::Held;
use super::session::{ById, Session};
use super::step::{Step, op};
use crate::room::Room as _;

/// Classes that were asked about, by identity; an answer holds for one version of the class.
#[derive(Default)]
pub(crate) struct PlainClasses {
    last: Option<(usize, u32, bool)>,
    known: ById<(u32, bool)>,
}

impl PlainClasses {
    /// Tells whether a class is known to be plain: then no table has to be asked.
    pub(super) fn is_known(&self, class: &Object) -> bool {
        match (self.last, class.class_version()) {
            (Some((known, version, plain)), Some(now)) => {
                plain && (known, version) == (class.ptr().addr(), now)
            }
            _ => false,
        }
    }

    fn ask(&mut self, held: &Held, class: &Object) -> Result<bool> {
        let id = class.ptr().addr();
        if let (Some((known, version, plain)), Some(now)) = (self.last, class.class_version()) {
            if (known, version) == (id, now) {
                return Ok(plain);
            }
        }
        if let (Some((version, plain)), Some(now)) = (self.known.get(&id).copied(), class.class_version()) {
            if version == now {
                self.last = Some((id, version, plain));
                return Ok(plain);
            }
        }
        let plain = is_plain(held, class)?;
        // The look-ups have given it a version; one that has none is asked again each time.
        if let Some(version) = class.class_version() {
            self.last = Some((id, version, plain));
            self.known.room()?.insert(id, (version, plain));
        }
        Ok(plain)
    }
}

/// Tells whether `object.__reduce_ex__` does nothing of its own for instances of this class.
fn is_plain(held: &Held, class: &Object) -> Result<bool> {
    let (names, object) = (&held.names, &held.object);
    let has = |name: &Object| class.class_lookup(name);
    let plain = class.class_is_plain()
        && !class.class_has_items()
        && has(&names.reduce_ex).is(&object.reduce_ex)
        && has(&names.reduce).is(&object.reduce)
        && has(&names.class).is(&object.class)
        && has(&names.getnewargs) == Found::NOTHING
        && has(&names.getnewargs_ex) == Found::NOTHING
        && match &object.getstate {
            Some(getstate) => has(&names.getstate).is(getstate),
            None => has(&names.getstate) == Found::NOTHING,
        };
    if !plain {
        return Ok(false);
    }
    if !class.is_plain_class() {
        // `object.__reduce_ex__` asks the class itself, whose metaclass may say something else.
        match class.find(&names.reduce) {
            Ok(Some(found)) if found.is(&object.reduce) => {}
            Ok(_) => return Ok(false),
            Err(raised) => {
                raised.dismiss();
                return Ok(false);
            }
        }
    }
    // As Python does, which keeps the answer in the class.
    let slots = held.slotnames.call(&[class])?;
    Ok(slots.is_exact_list() && slots.list_len() == 0)
}

impl Session<'_> {
    /// Begins with a plain instance; gives back one that isn't.
    pub(super) fn plain(&mut self, object: Owned, class: &Owned) -> Result<Option<Owned>> {
        // A hook for persistent ids sees the empty tuple of arguments too.
        if self.options.protocol < 2
            || self.options.persistent_id.is_some()
            || !self.plain.ask(self.held, class)?
        {
            return Ok(Some(object));
        }
        let names = &self.held.names;
        let Some(dict) = object.instance_dict(&names.dict)? else { return Ok(Some(object)) };
        if !dict.is_exact_dict() {
            return Ok(Some(object));
        }
        let mut state = None;
        if dict.dict_len() > 0 {
            for name in [&names.reduce_ex, &names.reduce, &names.getstate] {
                if dict.dict_has(name)? {
                    return Ok(Some(object));
                }
            }
            state = Some(dict);
        }
        let quick = self.quick(class);
        if let Ok(true) = quick {
            return self.plain_made(object, state).map(|()| None);
        }
        self.steps.push(Step::PlainClass { object, state })?;
        quick?;
        self.later(class.clone()).map(|()| None)
    }

    /// Goes on with a plain instance whose class is written.
    pub(super) fn plain_made(&mut self, object: Owned, state: Option<Owned>) -> Result<()> {
        self.out.boundary()?;
        self.out.put(&[op::EMPTY_TUPLE, op::NEWOBJ])?;
        if self.memo.get(&object).is_some() {
            self.out.op(op::POP)?;
            return self.get(&object).map(drop);
        }
        self.put_once(&object, 1)?;
        let Some(state) = state else { return Ok(()) };
        self.steps.push(Step::PlainState { object })?;
        self.later(state)
    }
}

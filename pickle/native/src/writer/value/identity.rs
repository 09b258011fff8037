//! By what a class is known again where it is loaded twice: an id, under which the first one that was loaded is kept, weakly, in
//! a registry that hangs on a module of the standard library. So no library is needed, and nothing leaks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::python::{Object, Owned, Raised, Result, text, truth};
use crate::writer::session::{ById, Session};
use crate::writer::step::{Step, op};

use super::choice::Identity;
use super::program::{Do, Program, save};
use super::standard::Standard;

impl Session<'_> {
    /// Writes the registry of classes.
    pub(super) fn registry(&mut self, program: &mut Program) -> Result<()> {
        if let Some(number) = self.memo.registry {
            return self.get_number(number);
        }
        program.then(vec![
            Do::Standard(Standard::SetDefault),
            Do::Standard(Standard::CopyReg),
            save(&self.held.class_names.registry),
            Do::Standard(Standard::WeakValues),
            Do::Bytes(&[op::EMPTY_TUPLE, op::REDUCE, op::TUPLE3, op::REDUCE]),
            Do::PutRegistry,
        ]);
        Ok(())
    }

    /// Finds out what a class is made of, if that isn't known: says whether that has begun, to come back here.
    pub(super) fn identify(&mut self, class: &Owned) -> Result<bool> {
        if self.identity == Identity::Nothing || self.class_contents.contains_key(&class.ptr().addr()) {
            return Ok(false);
        }
        let shallow = self.identity == Identity::Tracked;
        if shallow {
            if let Some(hash) = self.plain_content(class)? {
                self.class_contents.insert(class.ptr().addr(), (class.clone(), hash));
                return Ok(false);
            }
        }
        self.steps.push(Step::Identified { class: class.clone() })?;
        self.suspend_alone(class.clone(), shallow)?;
        Ok(true)
    }

    /// Goes on with a class whose stream has been hashed.
    pub(in crate::writer) fn identified(&mut self, class: Owned) -> Result<()> {
        let Some(hash) = self.hashed.take() else { return Err(Raised::system("a hash was lost")) };
        self.class_contents.insert(class.ptr().addr(), (class.clone(), hash));
        self.begin(class)
    }

    /// The id of a class.
    pub(super) fn class_id(&mut self, class: &Object) -> Result<Owned> {
        let Some((_, hash)) = self.class_contents.get(&class.ptr().addr()) else {
            return Err(Raised::system("a class without an id"));
        };
        let mut content = [0; 16];
        content.copy_from_slice(&hash[..16]);
        let tracked = self.identity == Identity::Tracked;
        let known = if tracked { self.held.tracked.find(class, &content)? } else { None };
        let id = match known {
            Some(id) => id,
            None => {
                let shown = text(&base64(&content))?;
                let id = self.held.attached()?.track.call(&[class, &shown, &truth(tracked)])?;
                if tracked {
                    self.held.tracked.keep(class, content, &id)?;
                }
                id
            }
        };
        // Twins have one id: a loader that meets one of them takes it for the other. In one stream they stay two.
        let base = id.utf8()?;
        if self.memo.ids.insert(base.to_owned()) {
            return Ok(id);
        }
        let mut count = 2;
        loop {
            let unique = format!("{base}#{count}");
            if self.memo.ids.insert(unique.clone()) {
                return text(&unique);
            }
            count += 1;
        }
    }
}

/// Bytes in base 64, without what fills the end: as short as text can have them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 1);
    for three in bytes.chunks(3) {
        let number =
            three.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(char::from(digit));
        }
    }
    text
}

/// How many classes are remembered at most.
const TRACKED_MOST: usize = 4096;

/// The ids of this process's classes, which are known weakly: the Python half has them too, this is the short way.
#[derive(Default)]
pub(crate) struct Tracked(Mutex<ById<Known>>);

struct Known {
    weak: Owned,
    content: [u8; 16],
    id: Owned,
}

impl Tracked {
    fn lock(&self) -> MutexGuard<'_, ById<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of a class that is still made of the same.
    fn find(&self, class: &Object, content: &[u8; 16]) -> Result<Option<Owned>> {
        let found = self
            .lock()
            .get(&class.ptr().addr())
            .and_then(|known| (known.content == *content).then(|| (known.weak.clone(), known.id.clone())));
        let Some((weak, id)) = found else { return Ok(None) };
        Ok(weak.weakly()?.is_some_and(|known| known.is(class)).then_some(id))
    }

    fn keep(&self, class: &Object, content: [u8; 16], id: &Owned) -> Result<()> {
        let known = Known { weak: class.weak()?, content, id: id.clone() };
        let mut all = self.lock();
        // Forgotten now and then as a whole: the Python half knows the ids again. Dropped when the lock is free.
        let old = if all.len() >= TRACKED_MOST { core::mem::take(&mut *all) } else { ById::default() };
        let before = all.insert(class.ptr().addr(), known);
        drop(all);
        drop((old, before));
        Ok(())
    }
}

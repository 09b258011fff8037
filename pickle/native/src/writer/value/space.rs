//! The copies of functions' globals: functions that share globals share the copy, which has the names that they read. What is in
//! them comes when the function has its number.

use std::sync::Arc;

use crate::python::{Object, Owned, Raised, Result, dict};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::code::Facts;
use super::program::{Do, Label, Program, save};
use super::standard::Standard;
use crate::room::Room as _;

/// The copy of a function's globals: all functions that share globals share it.
pub(crate) struct Space {
    /// Its number in the memo.
    pub(crate) number: usize,
    /// Kept, because they are known by their address.
    globals: Owned,
    /// The names that have been written, as the keys of a dict; nothing where all of them are there.
    filled: Option<Owned>,
}

impl Space {
    /// What it holds.
    pub(crate) fn into_objects(self) -> impl Iterator<Item = Owned> {
        [Some(self.globals), self.filled].into_iter().flatten()
    }

    /// What it holds.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Owned> {
        [Some(&self.globals), self.filled.as_ref()].into_iter().flatten()
    }
}

/// Globals that are being filled.
pub(crate) struct Filling {
    globals: Owned,
    facts: Arc<Facts>,
    at: usize,
    /// The copy is on the stack.
    open: bool,
    /// What comes next, if it is known.
    next: Option<(Owned, Owned)>,
}

impl Session<'_> {
    /// Writes the copy of a function's globals, or makes it.
    pub(super) fn space(&mut self, program: &mut Program, globals: Owned) -> Result<()> {
        let address = globals.ptr().addr();
        if let Some(number) = self.memo.spaces.get(&address).map(|space| space.number) {
            if self.watches() {
                self.watch_number(None, number)?;
            }
            return self.get_number(number);
        }
        let held = self.held;
        let name = globals.dict_find(&held.names.name)?.filter(|name| name.is_text());
        if let Some(name) = &name {
            if held.attached()?.may_be_standard(name)?
                && self.is_of_module(&globals, name)?
                && held.attached()?.is_standard.call(&[name])?.truth()?
            {
                // The functions of the standard library have its own globals: they are there wherever Python is.
                program.then(vec![
                    save(name),
                    save(&held.names.dict),
                    Do::Bytes(&[op::STACK_GLOBAL]),
                    Do::PutSpace(globals),
                ]);
                return Ok(());
            }
        }
        self.out.op(op::EMPTY_DICT)?;
        let number = self.put_nothing()?;
        let space = Space { number, globals: globals.clone(), filled: Some(dict()?) };
        self.memo.spaces.room()?.insert(address, space);
        let mut steps = Vec::new();
        if let Some(name) = name {
            steps.extend([save(&held.names.name), save(&*self.home(&name)?), Do::Bytes(&[op::SETITEM])]);
        }
        let key = &held.names.builtins;
        if let Some(own) = self.own_builtins(&globals)?.filter(|own| self.memo.get(own).is_some()) {
            steps.extend([save(key), Do::Get(own), Do::Bytes(&[op::SETITEM])]);
        } else if let Some(own) = self.own_builtins(&globals)? {
            // Functions keep it when they are made: it is there by then, and filled afterwards.
            steps.extend([
                save(key),
                Do::Bytes(&[op::EMPTY_DICT]),
                Do::Put(own.clone()),
                Do::Bytes(&[op::SETITEM]),
            ]);
            let content = own.dict_copy()?;
            let mut pairs = Vec::with_capacity(content.dict_len());
            let mut at = 0;
            while let Some(pair) = content.dict_next(&mut at) {
                pairs.room()?.push(pair);
            }
            if !pairs.is_empty() {
                steps.extend([Do::Get(own), Do::Bytes(&[op::MARK])]);
                for (name, value) in pairs {
                    steps.extend([save(&name), Do::Save(Label::Global(name), value)]);
                }
                steps.room()?.push(Do::Bytes(&[op::SETITEMS, op::POP]));
            }
        } else if self.choices.source || !cfg!(Py_3_10) {
            // Before 3.10, functions find what is built in by their globals alone.
            steps.extend([save(key), Do::Standard(Standard::Builtins), Do::Bytes(&[op::SETITEM])]);
        }
        if let Some(package) = globals.dict_find(&held.names.package)?.filter(|name| name.is_text()) {
            if package.text_len() > 0 {
                steps.extend([save(&held.names.package), save(&package), Do::Bytes(&[op::SETITEM])]);
            }
        }
        program.then(steps);
        Ok(())
    }

    /// What is built in for functions with these globals, where that isn't what Python has.
    fn own_builtins(&self, globals: &Object) -> Result<Option<Owned>> {
        let Some(found) = globals.dict_find(&self.held.names.builtins)? else { return Ok(None) };
        let own = if found.is_module() { found.get(&self.held.names.dict)? } else { found };
        let pythons = &self.held.standards.get(Standard::Builtins)?.object;
        Ok(Some(own).filter(|own| own.is_exact_dict() && !own.is(pythons)))
    }

    /// Gives the globals of a module that is there wherever Python is their number.
    pub(super) fn put_space(&mut self, globals: Owned) -> Result<()> {
        let number = self.put_nothing()?;
        self.memo.spaces.room()?.insert(globals.ptr().addr(), Space { number, globals, filled: None });
        Ok(())
    }

    /// Takes the dict of a module that goes by value for the globals of its functions.
    pub(super) fn put_module_space(&mut self, globals: Owned) -> Result<()> {
        let number = self.put_nothing()?;
        self.memo
            .spaces
            .room()?
            .insert(globals.ptr().addr(), Space { number, globals, filled: Some(dict()?) });
        Ok(())
    }

    /// Tells whether a dict is the one of the module with that name.
    fn is_of_module(&self, globals: &Object, name: &Object) -> Result<bool> {
        let modules = self.held.sys.get(&self.held.names.modules)?;
        let Some(module) = modules.find_item(name)? else { return Ok(false) };
        Ok(module.is_module() && module.get(&self.held.names.dict)?.is(globals))
    }

    /// What adds the globals that a function reads and its copy of the globals doesn't have, if there are any.
    pub(super) fn missing_globals(&self, globals: &Owned, facts: &Arc<Facts>) -> Result<Option<Do>> {
        let mut at = 0;
        let Some(next) = self.next_global(globals, facts, &mut at)? else { return Ok(None) };
        let (globals, facts) = (globals.clone(), facts.clone());
        Ok(Some(Do::Globals(Box::new(Filling { globals, facts, at, open: false, next: Some(next) }))))
    }

    /// The next global that a function reads and its copy of the globals doesn't have.
    fn next_global(&self, globals: &Object, facts: &Facts, at: &mut usize) -> Result<Option<(Owned, Owned)>> {
        if *at == facts.reads.globals.len() {
            return Ok(None);
        }
        let Some(space) = self.memo.spaces.get(&globals.ptr().addr()) else {
            return Err(Raised::system("globals without a copy"));
        };
        let Some(filled) = &space.filled else { return Ok(None) };
        while let Some(name) = facts.reads.globals.get(*at) {
            *at += 1;
            if filled.dict_has(name)? || name.is(&self.held.names.name) {
                continue;
            }
            if name.is(&self.held.names.builtins) && self.own_builtins(globals)?.is_some() {
                continue;
            }
            if let Some(value) = globals.dict_find(name)? {
                return Ok(Some((name.clone(), value)));
            }
        }
        Ok(None)
    }

    /// Goes on with the globals that a function reads.
    pub(super) fn fill_globals(&mut self, program: &mut Program, mut filling: Box<Filling>) -> Result<()> {
        let next = match filling.next.take() {
            Some(next) => Some(next),
            None => self.next_global(&filling.globals, &filling.facts, &mut filling.at)?,
        };
        let Some((name, value)) = next else {
            return if filling.open { self.out.op(op::POP) } else { Ok(()) };
        };
        let Some(space) = self.memo.spaces.get(&filling.globals.ptr().addr()) else {
            return Err(Raised::system("globals without a copy"));
        };
        if let Some(filled) = &space.filled {
            filled.dict_set(&name, &name)?;
        }
        let mut steps = Vec::with_capacity(5);
        if !filling.open {
            filling.open = true;
            steps.room()?.push(Do::Number(space.number));
        }
        steps.room()?.push(save(&name));
        steps.room()?.push(match name.is(&self.held.names.builtins) && !value.is_module() {
            true => Do::Standard(Standard::Builtins),
            false => Do::Save(Label::Global(name), value),
        });
        steps.room()?.push(Do::Bytes(&[op::SETITEM]));
        steps.room()?.push(Do::Globals(filling));
        program.then(steps);
        Ok(())
    }
}

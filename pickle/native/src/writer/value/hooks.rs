//! Hooks of bases, `__init_subclass__`, which hear of each new class. What they did to a class that is written, its attributes say,
//! and what they keep of it goes along where it is reached. So a hook that goes by value is set when all classes of the stream
//! are there; one of a base that was there before hears of a class that is new, and of none that has been loaded already.
//!
//! And hooks that were registered for a base, which say how classes that inherit from it are written: what is left out or replaced,
//! and what is called with the class when everything is there.

use crate::python::{Object, Owned, Result};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::class::Set;
use super::program::{Do, Label, Program, save};
use super::standard::Standard;
use crate::room::Room as _;

/// What is done with a class when everything else of the stream is there.
pub(crate) struct Late {
    pub(super) class: Owned,
    pub(super) made: Option<usize>,
    pub(super) what: What,
}

pub(super) enum What {
    /// The hook of the class itself is set, in this way.
    Set(Set, Owned),
    /// A function is called with the class.
    Call(Owned),
}

impl Session<'_> {
    /// Tells whether a base wants to know of the class when it is made; refuses one that wants what isn't known any more.
    pub(super) fn subclass_hook(&self, class: &Object) -> Result<bool> {
        let names = &self.held.class_names;
        let order = class.through(&self.held.of_types.mro)?;
        for at in 1..order.tuple_len().saturating_sub(1) {
            let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
            if base.class_dict()?.dict_has(&names.init_subclass)? {
                return self.held.attached()?.subclass_hook.call(&[class])?.truth();
            }
        }
        Ok(false)
    }

    /// Writes the bases of a class; none where it has been loaded before: what is made then is thrown away, and no hook of a base
    /// should hear of it.
    pub(super) fn bases_or_none(&mut self, class: &Owned, bases: Do, steps: &mut Vec<Do>) -> Result<()> {
        let id = self.early_id(class)?;
        steps.extend([
            Do::Standard(Standard::DictGet),
            Do::Bytes(&[op::EMPTY_DICT, op::NEWTRUE, op::EMPTY_TUPLE, op::SETITEM]),
            Do::Standard(Standard::Contains),
            Do::Registry,
            Do::Alone(id),
            Do::Bytes(&[op::TUPLE2, op::REDUCE]),
            bases,
            Do::Bytes(&[op::TUPLE3, op::REDUCE]),
        ]);
        Ok(())
    }

    /// The id of a class that is begun, maybe again inside itself.
    pub(super) fn early_id(&mut self, class: &Owned) -> Result<Owned> {
        if let Some((_, id)) = self.early_ids.get(&class.ptr().addr()) {
            return Ok(id.clone());
        }
        let id = self.class_id(class)?;
        self.early_ids.room()?.insert(class.ptr().addr(), (class.clone(), id.clone()));
        Ok(id)
    }

    /// Tells whether a hook was registered for a base of a class, or for an attribute that it has.
    pub(super) fn has_registered_hook(&self, class: &Object) -> Result<bool> {
        let hooks = &self.held.attached()?.class_hooks;
        if hooks.dict_len() == 0 {
            return Ok(false);
        }
        let order = class.through(&self.held.of_types.mro)?;
        let content = class.class_dict()?;
        let hooks = hooks.dict_keys()?;
        for hook in (0..hooks.list_len()).filter_map(|at| hooks.list_get(at)) {
            let is_base = |base: &Object| base.is(&hook);
            let found = if hook.is_class() {
                (0..order.tuple_len()).filter_map(|at| order.tuple_item(at)).any(is_base)
            } else {
                content.dict_has(&hook)?
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Does what comes when everything else is there. A class's own hook, which hears of new classes that inherit from it, is among
    /// that: what those classes are it has said already.
    pub(in crate::writer) fn late_hook(&mut self, late: Late) -> Result<()> {
        let Late { class, made, what } = late;
        let names = &self.held.class_names;
        let the_class = made.map_or_else(|| Do::Get(class.clone()), Do::Number);
        let steps = match what {
            What::Set(set, hook) => vec![
                Do::Standard(if set == Set::AsType { Standard::TypeSetAttr } else { Standard::SetAttr }),
                the_class,
                save(&names.init_subclass),
                Do::Save(Label::Attribute(names.init_subclass.clone()), hook),
                Do::Bytes(&[op::TUPLE3, op::REDUCE, op::POP]),
            ],
            What::Call(function) => {
                let function = Do::Save(Label::Part("registered hook"), function);
                let mut steps = match made {
                    None => vec![function],
                    // Only where what was just made is the class: what has been loaded before has been through it.
                    Some(_) => vec![
                        Do::Standard(Standard::DictGet),
                        Do::Bytes(&[op::EMPTY_DICT, op::NEWTRUE]),
                        function,
                        Do::Bytes(&[op::SETITEM]),
                        Do::Standard(Standard::Is),
                        the_class,
                        Do::Get(class.clone()),
                        Do::Bytes(&[op::TUPLE2, op::REDUCE]),
                        Do::Standard(Standard::Type),
                        Do::Bytes(&[op::TUPLE3, op::REDUCE]),
                    ],
                };
                steps.extend([Do::Get(class.clone()), Do::Bytes(&[op::TUPLE1, op::REDUCE, op::POP])]);
                steps
            }
        };
        self.run(Program::new(class, "class", steps))
    }
}

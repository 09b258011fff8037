//! Which way an object goes that this engine doesn't know by its exact class: hooks, tables, `__reduce_ex__`, in the order of
//! Python's own picklers.

use crate::python::{Kind, Object, Owned, Raised, Result, int};

use super::session::{Answer, Session};
use crate::room::Room as _;

/// Who has answers of their own to what they are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// Nobody: asking them is right. What goes by name is asked as Python's own pickler asks it.
    Usual,
    /// The instances of a class.
    OfInstances,
    /// Its metaclass answers for the class.
    OfClass,
}

impl Session<'_> {
    /// Asks how an object is to be written, and begins with that.
    pub(super) fn other(&mut self, object: Owned, kind: Kind) -> Result<()> {
        if let Some(reducer) = self.reducer {
            match reducer.reduce(&object)? {
                Answer::Usual => {}
                Answer::Named(named) => return self.named(object, named),
                Answer::Value(value) => return self.reduced(object, value),
            }
        }
        if let Some(hook) = self.options.reducer_override.clone() {
            let value = hook.call(&[&object])?;
            if !value.is_not_implemented() {
                return self.reduced(object, value);
            }
        }
        let values = self.choices.values && self.options.protocol >= 4;
        match kind {
            Kind::Class => return self.class(object),
            Kind::Function if values => return self.function(object),
            Kind::Function => return self.global(object, None),
            _ => {}
        }
        let class = object.class();
        let reducer = match self.options.dispatch_table.clone() {
            None => self.held.dispatch_table.dict_find(&class)?,
            Some(table) => table.find_item(&class)?,
        };
        if let Some(reducer) = reducer {
            let value = reducer.call(&[&object])?;
            return self.reduced(object, value);
        }
        if object.type_is_metaclass() {
            return self.class(object);
        }
        let object = if values && !self.plain.is_known(&class) {
            match self.by_value(object, &class)? {
                Some(object) => object,
                None => return Ok(()),
            }
        } else {
            object
        };
        let Some(object) = self.plain(object, &class)? else { return Ok(()) };
        if values && class.is_heap_class() {
            let answers = self.answers(&class)?;
            if answers != Answers::OfClass && !self.slotted.contains_key(&class.ptr().addr()) {
                self.held.attached()?.slot_names.call(&[&class])?;
                self.slotted.room()?.insert(class.ptr().addr(), class.clone());
            }
            if answers != Answers::Usual {
                let protocol = int(self.options.protocol.into())?;
                let value = self.held.attached()?.reduced.call(&[&object, &protocol])?;
                return self.reduced(object, value);
            }
        }
        let names = &self.held.names;
        let value = if let Some(reduce) = object.find(&names.reduce_ex)? {
            reduce.call(&[&*int(self.options.protocol.into())?])?
        } else if let Some(reduce) = object.find(&names.reduce)? {
            reduce.call(&[])?
        } else {
            let before = format!("can't pickle '{}' object: ", object.class_name());
            return Err(Raised::about(&self.held.pickling_error, &before, &object, ""));
        };
        self.reduced(object, value)
    }

    /// Finds out whether instances of a class answer what they are asked for by themselves.
    fn answers(&self, class: &Object) -> Result<Answers> {
        let names = &self.held.class_names;
        let meta = class.class();
        let asked =
            meta.is_exactly_type() || meta.class_lookup(&names.getattribute).is(&self.held.type_getattribute);
        let whole = class.class_lookup(&self.held.names.class).is(&self.held.object.class);
        if asked && whole && class.class_is_generic() || self.goes_by_name(class)? {
            return Ok(Answers::Usual);
        }
        if !asked {
            return Ok(Answers::OfClass);
        }
        if !whole {
            return Ok(Answers::OfInstances);
        }
        let order = class.through(&self.held.of_types.mro)?;
        for base in (0..order.tuple_len()).filter_map(|at| order.tuple_item(at)) {
            if base.is_heap_class() {
                let content = base.class_dict()?;
                if content.dict_has(&names.getattr)? || content.dict_has(&names.getattribute)? {
                    return Ok(Answers::OfInstances);
                }
            }
        }
        Ok(Answers::Usual)
    }

    /// Begins with what a reducer returned: a name, or how to make the object.
    pub(super) fn reduced(&mut self, object: Owned, value: Owned) -> Result<()> {
        if value.is_text() {
            return self.global(object, Some(value));
        }
        if !value.is_tuple() {
            let text = format!("__reduce__ must return a string or tuple, not {}", value.class_name());
            let raised = Raised::new(&self.held.pickling_error, &text);
            return Err(super::path::about_object(&object, raised));
        }
        self.begin_reduce(&value, object)
    }
}

//! What functions and classes are made of: cells, modules, methods, properties. And which objects go by value at all.

use super::choice::Identity;
use crate::python::{Kind, Object, Owned, Raised, Result, dict, interned, list};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::program::{Do, Label, Program, save};
use super::standard::Standard;
use crate::room::Room as _;

/// What a module's dict has that belongs to the interpreter, or is made again with the module.
const OF_MODULES: &[&str] = &[
    "__warningregistry__",
    "__conditional_annotations__",
    "__builtins__",
    "__name__",
    "__doc__",
    "__loader__",
    "__package__",
    "__spec__",
    "__file__",
    "__cached__",
];

impl Session<'_> {
    /// Writes an object that goes by value in a way of its own; gives back one that doesn't.
    pub(in crate::writer) fn by_value(&mut self, object: Owned, class: &Object) -> Result<Option<Owned>> {
        let held = self.held;
        if object.is_code() {
            return self.code(object).map(|()| None);
        }
        if object.is_cell() {
            self.turn()?;
            let steps = vec![
                Do::Standard(Standard::Cell),
                Do::Bytes(&[op::EMPTY_TUPLE, op::REDUCE]),
                Do::Put(object.clone()),
                Do::Get(object.clone()),
                Do::Fill(object.clone(), Label::Part("content")),
            ];
            return self.run(Program::new(object, "cell", steps)).map(|()| None);
        }
        if object.is_module() {
            return self.module(object).map(|()| None);
        }
        if object.is_method() {
            if let Some((class, name)) = self.found_in_class(&object)? {
                return self.reduce_call(&held.getattr, &[&class, &name], object).map(|()| None);
            }
        }
        let attached = held.attached()?;
        if let Some(reducer) = attached.reducers.dict_find(class)? {
            let reduced = if attached.rooted.dict_has(&reducer)? {
                let kept = self.kept()?;
                reducer.call(&[&object, &self.choices.object, &kept])?
            } else {
                reducer.call(&[&object, &self.choices.object])?
            };
            if reduced.is_not_implemented() {
                return Ok(Some(object));
            }
            self.turn()?;
            if self.identity != Identity::Nothing && attached.known.dict_has(&reducer)? {
                return self.known_again(object, reduced).map(|()| None);
            }
            return self.reduced(object, reduced).map(|()| None);
        }
        let meta = class.class();
        if !meta.is_exactly_type() && attached.metas.dict_find(&meta)?.is_some()
            || attached.is_special(class)?
        {
            let reduced = attached.instance.call(&[&object, &self.choices.object])?;
            if reduced.is_not_implemented() {
                return Ok(Some(object));
            }
            return self.reduced(object, reduced).map(|()| None);
        }
        Ok(Some(object))
    }

    /// The class by value that a method is bound to, and its name there, where the class is written as a whole before it is asked
    /// for that: where the class is known by then, the method is its own.
    fn found_in_class(&self, method: &Object) -> Result<Option<(Owned, Owned)>> {
        let names = &self.held.function_names;
        let class = method.get(&names.bound_to)?;
        if !class.is_heap_class()
            || self.open_classes.contains_key(&class.ptr().addr())
            || self.goes_by_name(&class)?
        {
            return Ok(None);
        }
        let Some(name) = method.get(&names.func)?.find(&self.held.names.name)?.filter(|name| name.is_text())
        else {
            return Ok(None);
        };
        match class.find(&name) {
            Ok(found) => Ok(found
                .filter(|found| {
                    found.is_method()
                        && found.equals(method).unwrap_or_else(|raised| {
                            raised.dismiss();
                            false
                        })
                })
                .map(|_| (class, name))),
            Err(raised) if raised.is_exception() => {
                raised.dismiss();
                Ok(None)
            }
            Err(raised) => Err(raised),
        }
    }

    /// Writes a module: by its name, or with what is in it.
    fn module(&mut self, module: Owned) -> Result<()> {
        let held = self.held;
        let name = module.get(&held.names.name)?;
        if !name.is_text() {
            return Err(Raised::type_error(
                "a module whose name is no text: it is found by nothing, and made from that",
            ));
        }
        let modules = held.sys.get(&held.names.modules)?;
        let known = modules.find_item(&name)?.is_some_and(|known| known.is(&module));
        if known && !self.registered(&name)? {
            let steps = vec![
                Do::Standard(Standard::ImportModule),
                save(&*self.home(&name)?),
                Do::Bytes(&[op::TUPLE1, op::REDUCE]),
                Do::Put(module.clone()),
            ];
            return self.run(Program::new(module, "module", steps));
        }
        self.turn()?;
        let content = module.get(&held.names.dict)?;
        if !content.is_exact_dict() {
            return Err(Raised::type_error(
                "a module that gives something else than its dict for its __dict__",
            ));
        }
        let (own, now) = (dict()?, content.dict_copy()?);
        let mut at = 0;
        while let Some((key, value)) = now.dict_next(&mut at) {
            if key.is_text() && OF_MODULES.contains(&key.shown().as_str()) {
                continue;
            }
            if key.is_text() && key.equals(&held.names.path)? {
                // A package stays one, without the folders that it was found in.
                own.dict_set(&key, &*list()?)?;
                continue;
            }
            own.dict_set(&key, &value)?;
        }
        let class = module.class();
        let exact = class.is(&self.held.standards.get(Standard::Module)?.object);
        let make = if exact { Do::Standard(Standard::Module) } else { Do::Save(Label::Part("class"), class) };
        let mut steps = vec![
            make,
            save(&name),
            Do::Bytes(&[op::TUPLE1, op::REDUCE]),
            Do::Put(module.clone()),
            Do::Standard(Standard::GetAttr),
            Do::Get(module.clone()),
            save(&held.names.dict),
            Do::Bytes(&[op::TUPLE2, op::REDUCE]),
            Do::PutModuleSpace(content.clone()),
            Do::Bytes(&[op::POP]),
        ];
        if !exact {
            steps.room()?.push(Do::Standard(Standard::DictUpdate));
            steps.room()?.push(Do::Space(content.clone()));
        }
        let doc = interned("__doc__")?;
        let said = content.dict_find(&doc)?.filter(|said| !said.is_none());
        let mut state = Vec::new();
        if let Some(said) = said {
            state.room()?.push((doc, said));
        }
        let mut at = 0;
        while let Some(pair) = own.dict_next(&mut at) {
            state.room()?.push(pair);
        }
        if self.deterministic {
            // Loading fills in what functions read before the rest.
            state.sort_by(|(one, _), (other, _)| super::members::by_name(one, other));
        }
        if exact {
            super::function::build(state, &mut steps);
        } else {
            // It may answer what the opcode asks for before it is ready.
            super::function::items(state, &mut steps);
            steps.room()?.push(Do::Bytes(&[op::TUPLE2, op::REDUCE, op::POP]));
        }
        self.run(Program::new(module, "module", steps))
    }

    /// Tells whether an object is one that no other object is in.
    pub(super) fn is_atom(object: &Object) -> bool {
        matches!(object.kind(), Kind::Int | Kind::Float | Kind::Text | Kind::Bytes)
            || object.is_none()
            || object.is_true()
            || object.is_false()
    }
}

//! Classes and functions by their names: the module is imported and the name looked up, so that what is loaded is this very
//! object.

use crate::python::{Object, Owned, Raised, Result, import_object, text, tuple};

use super::session::{Named, Session};
use super::step::{Step, op};

/// Python 3.14 said these errors anew.
const NEW: bool = cfg!(Py_3_14);

/// Since Python 3.13, protocols without dotted names get a chain of `getattr`; before, each class is written by itself.
const CHAINS: bool = cfg!(Py_3_13);

/// Python 3.15 finds private names in classes.
const MANGLES: bool = cfg!(Py_3_15);

/// An attribute of a class in a protocol without dotted names, as Python 3.13 writes it: `getattr` for each dot, the outermost
/// name, then the rest of the names.
pub(crate) struct Attributes {
    object: Owned,
    module: Owned,
    path: Vec<Owned>,
    /// How many `getattr` are written, then how many names.
    at: usize,
    names: bool,
}

impl Session<'_> {
    /// Writes a class; three of them have no name anywhere.
    pub(super) fn class(&mut self, class: Owned) -> Result<()> {
        for singleton in crate::python::singletons() {
            if class.ptr() == singleton.type_ptr().cast() {
                let meta = class.class();
                return self.reduce_call(&meta, &[&singleton], class);
            }
        }
        if self.choices.values && self.options.protocol >= 4 && !self.goes_by_name(&class)? {
            return self.class_value(class);
        }
        self.global(class, None)
    }

    /// Writes an object by its name.
    pub(super) fn global(&mut self, object: Owned, name: Option<Owned>) -> Result<()> {
        let names = &self.held.names;
        let name = match name {
            Some(name) => name,
            None => match object.find(&names.qualname)? {
                Some(name) => name,
                None => object.get(&names.name)?,
            },
        };
        let path = self.dotted(&object, &name)?;
        let (name, path) = if MANGLES { mangled(name, path)? } else { (name, path) };
        let module_name = self.module_of(&object, &path)?;
        let module = match import_object(&module_name) {
            Ok(module) => module,
            Err(raised) => return Err(self.not_imported(&object, &module_name, raised)),
        };
        let (found, parent) = match deep(&module, &path) {
            Ok(both) => both,
            Err(raised) if raised.is_attribute_error() => {
                let Some(cause) = raised.take() else { return Err(Raised::system("an exception was lost")) };
                let (module, name) = (module_name.shown(), name.shown());
                let raised = if NEW {
                    self.about(&object, &[": it's not found as ", &module, ".", &name])
                } else {
                    self.about(&object, &[": attribute lookup ", &name, " on ", &module, " failed"])
                };
                return Err(raised.because_of(cause));
            }
            Err(raised) => return Err(raised),
        };
        if !found.is(&object) {
            let (module, name) = (module_name.shown(), name.shown());
            return Err(self.about(&object, &[": it's not the same object as ", &module, ".", &name]));
        }
        if self.options.protocol >= 2 && self.extension(&object, &module_name, &name)? {
            return Ok(());
        }
        let last = path.last().unwrap_or(&name).clone();
        let nested = !parent.is(&module);
        match self.options.protocol {
            4.. => {
                let name = if CHAINS || nested { name } else { last };
                self.by_stack(object, module_name, name)
            }
            _ if nested && CHAINS => self.steps.push(Step::Attributes(Box::new(Attributes {
                object,
                module: module_name,
                path,
                at: 0,
                names: false,
            }))),
            _ if nested => {
                self.steps.push(Step::Put { object: object.clone() })?;
                let getattr = self.held.getattr.clone();
                self.reduce_part(&getattr, &[&parent, &last], object)
            }
            _ => {
                self.by_lines(&object, module_name, last)?;
                self.put(&object)
            }
        }
    }

    /// Writes an object by a name under which it has just been found.
    pub(super) fn named(&mut self, object: Owned, named: Named) -> Result<()> {
        let Named { module, name } = named;
        let whole =
            name.is_text() && name.utf8().map_err(Raised::dismiss).is_ok_and(|name| !name.contains('.'));
        if !whole || self.options.protocol < 4 || self.held.extension_registry.dict_len() > 0 {
            return self.global(object, Some(name));
        }
        self.by_stack(object, module, name)
    }

    fn by_stack(&mut self, object: Owned, module: Owned, name: Owned) -> Result<()> {
        let quick = self.quick(&module);
        if let Ok(true) = quick {
            return self.global_named(object, Some(name));
        }
        self.steps.push(Step::Global { object, name: Some(name) })?;
        quick?;
        self.later(module)
    }

    /// Goes on with a name whose module is written, or with both written.
    pub(super) fn global_named(&mut self, object: Owned, name: Option<Owned>) -> Result<()> {
        if let Some(name) = name {
            let quick = self.quick(&name);
            if !matches!(quick, Ok(true)) {
                self.steps.push(Step::Global { object, name: None })?;
                quick?;
                return self.later(name);
            }
        }
        self.out.op(op::STACK_GLOBAL)?;
        self.put(&object)
    }

    /// GLOBAL, with Python 2's names where it is asked for.
    fn by_lines(&mut self, object: &Object, module: Owned, name: Owned) -> Result<()> {
        self.out.op(op::GLOBAL)?;
        let (module, name) = if self.options.protocol < 3 && self.options.fix_imports {
            self.fixed(module, name)?
        } else {
            (module, name)
        };
        for (what, part) in [("module", &module), ("global", &name)] {
            let encoded = match part.encode(self.options.protocol < 3) {
                Ok(encoded) => encoded,
                Err(raised) if raised.is_unicode_error() => {
                    let Some(cause) = raised.take() else {
                        return Err(Raised::system("an exception was lost"));
                    };
                    let (part, protocol) = (part.repr()?.shown(), self.options.protocol);
                    let text =
                        format!("can't pickle {what} identifier {part} using pickle protocol {protocol}");
                    return Err(Raised::new(&self.held.pickling_error, &text).because_of(cause));
                }
                Err(raised) => return Err(raised),
            };
            let encoded = encoded.bytes()?;
            if encoded.contains(&b'\n') {
                return Err(
                    self.about(object, &[": its name has a line break, which protocols below 4 can't hold"])
                );
            }
            self.out.put(encoded)?;
            self.out.put(b"\n")?;
        }
        Ok(())
    }

    /// Goes on with an attribute of a class.
    pub(super) fn attributes(&mut self, mut going: Box<Attributes>) -> Result<()> {
        let dots = going.path.len() - 1;
        if !going.names {
            if going.at > 0 && self.options.protocol < 2 {
                self.out.op(op::MARK)?;
            }
            if going.at < dots {
                going.at += 1;
                self.steps.push(Step::Attributes(going))?;
                return self.begin(self.held.getattr.clone());
            }
            self.by_lines(&going.object, going.module.clone(), going.path[0].clone())?;
            (going.names, going.at) = (true, 0);
        } else {
            self.out.put(&[if self.options.protocol < 2 { op::TUPLE } else { op::TUPLE2 }, op::REDUCE])?;
        }
        if going.at == dots {
            return self.put(&going.object);
        }
        going.at += 1;
        let name = going.path[going.at].clone();
        self.steps.push(Step::Attributes(going))?;
        self.begin(name)
    }

    fn about(&self, object: &Object, parts: &[&str]) -> Raised {
        Raised::about(&self.held.pickling_error, "Can't pickle ", object, &parts.concat())
    }

    fn not_imported(&self, object: &Object, module: &Object, raised: Raised) -> Raised {
        if !raised.is_about_import() {
            return raised;
        }
        let Some(cause) = raised.take() else { return Raised::system("an exception was lost") };
        let why = cause.shown();
        let raised = if NEW {
            self.about(object, &[": ", &why])
        } else {
            let module = module.repr().map_or_else(
                |raised| {
                    raised.dismiss();
                    String::new()
                },
                |module| module.shown(),
            );
            self.about(object, &[": import of module ", &module, " failed"])
        };
        raised.because_of(cause)
    }

    /// The parts of a dotted name.
    fn dotted(&self, object: &Object, name: &Object) -> Result<Vec<Owned>> {
        let parts = name.split(&self.held.names.dot)?;
        let parts: Vec<Owned> = (0..parts.list_len()).filter_map(|at| parts.list_get(at)).collect();
        if !parts.iter().any(|part| part.shown() == "<locals>") {
            return Ok(parts);
        }
        if NEW {
            return Err(Raised::about(&self.held.pickling_error, "Can't pickle local object ", object, ""));
        }
        Err(Raised::attribute_about("Can't pickle local object ", name, ""))
    }

    /// The name of the module that an object says it is from, or of one that has it under its name.
    fn module_of(&self, object: &Object, path: &[Owned]) -> Result<Owned> {
        let names = &self.held.names;
        if let Some(module) = object.find(&names.module)?.filter(|module| !module.is_none()) {
            return Ok(module);
        }
        let modules = self.held.sys.get(&names.modules)?;
        // Look-ups may import, and so change what is gone through.
        let modules = if modules.is_exact_dict() {
            modules.dict_copy()?
        } else {
            modules.call_method(&names.copy, &[])?
        };
        let items = modules.call_method(&names.items, &[])?.iterate()?;
        while let Some(pair) = items.next()? {
            let (Some(name), Some(module)) = (pair.tuple_item(0), pair.tuple_item(1)) else { continue };
            let shown = name.shown();
            if module.is_none() || shown == "__main__" || (NEW && shown == "__mp_main__") {
                continue;
            }
            match deep(module, path) {
                Ok((found, _)) if found.is(object) => return Ok(name.own()),
                Ok(_) => {}
                Err(raised) if raised.is_attribute_error() => raised.dismiss(),
                Err(raised) => return Err(raised),
            }
        }
        Ok(names.main.clone())
    }

    /// Writes the number that `copyreg` has for a name, if it has one.
    fn extension(&mut self, object: &Object, module: &Object, name: &Object) -> Result<bool> {
        let key = tuple(&[module, name])?;
        let Some(code) = self.held.extension_registry.dict_find(&key)? else { return Ok(false) };
        let out_of_range =
            |code: &Object| Ok([": extension code ", &code.repr()?.shown(), " is out of range"].concat());
        let number = if CHAINS {
            // Python 3.13 gave each of these faults its own exception.
            let number = code.int()?;
            match u32::try_from(number).ok().filter(|number| (1..=0x7fff_ffff).contains(number)) {
                Some(number) => number,
                None => return Err(Raised::runtime(&out_of_range(&code)?[2..])),
            }
        } else if !code.is_int() {
            let shown = code.repr()?.shown();
            return Err(self.about(object, &[": extension code ", &shown, " isn't an integer"]));
        } else {
            let number = code.small_int()?.and_then(|code| u32::try_from(code).ok());
            match number.filter(|number| (1..=0x7fff_ffff).contains(number)) {
                Some(number) => number,
                None => return Err(self.about(object, &[&out_of_range(&code)?])),
            }
        };
        let [a, b, c, d] = number.to_le_bytes();
        match number {
            ..=0xff => self.out.put(&[op::EXT1, a]),
            0x100..=0xffff => self.out.put(&[op::EXT2, a, b]),
            _ => self.out.put(&[op::EXT4, a, b, c, d]),
        }?;
        Ok(true)
    }

    /// The names that Python 2 had.
    fn fixed(&self, module: Owned, name: Owned) -> Result<(Owned, Owned)> {
        let wrong = |what: &str| Err(Raised::runtime(&format!("_compat_pickle.{what}")));
        if let Some(both) = self.held.name_mapping.dict_find(&*tuple(&[&module, &name])?)? {
            let (2, Some(module), Some(name)) = (both.tuple_len(), both.tuple_item(0), both.tuple_item(1))
            else {
                return wrong("REVERSE_NAME_MAPPING values should be 2-tuples");
            };
            if !module.is_text() || !name.is_text() {
                return wrong("REVERSE_NAME_MAPPING values should be pairs of str");
            }
            return Ok((module.own(), name.own()));
        }
        match self.held.import_mapping.dict_find(&module)? {
            Some(module) if module.is_text() => Ok((module, name)),
            Some(_) => wrong("REVERSE_IMPORT_MAPPING values should be strings"),
            None => Ok((module, name)),
        }
    }
}

/// What stands at the end of a path of attributes, and what holds it.
fn deep(object: &Object, path: &[Owned]) -> Result<(Owned, Owned)> {
    let (mut parent, mut found) = (object.own(), object.own());
    for name in path {
        parent = found;
        found = parent.get(name)?;
    }
    Ok((found, parent))
}

/// Gives private names in classes the form that Python compiles them to.
fn mangled(name: Owned, mut path: Vec<Owned>) -> Result<(Owned, Vec<Owned>)> {
    let parts: Vec<String> = path.iter().map(|part| part.shown()).collect();
    let mut changed = false;
    for at in 1..parts.len() {
        let (class, part) = (parts[at - 1].trim_start_matches('_'), &parts[at]);
        if part.starts_with("__") && !part.ends_with("__") && !class.is_empty() {
            path[at] = text(&format!("_{class}{part}"))?;
            changed = true;
        }
    }
    if !changed {
        return Ok((name, path));
    }
    let whole: Vec<String> = path.iter().map(|part| part.shown()).collect();
    Ok((text(&whole.join("."))?, path))
}

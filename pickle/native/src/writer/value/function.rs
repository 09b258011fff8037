//! Functions by value. A function is made from its code, a dict for its globals and its cells, and gets its number; only then
//! come the values of its globals and cells, because those may lead back to it, and at last what else it has.

use std::sync::Arc;

use crate::python::{FunctionParts, Object, Owned, Raised, Result, dict, interned};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::canon::Known;
use super::code::Facts;
use super::program::{Do, Label, Program, save};
use super::standard::Standard;

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

/// A function that has just been made.
pub(crate) struct Body {
    function: Owned,
    parts: FunctionParts,
    facts: Arc<Facts>,
    /// Cells that are empty so far, each with its variable.
    cells: Vec<(Owned, Owned)>,
    /// It was made with its defaults.
    early: bool,
}

/// Globals that are being filled.
pub(crate) struct Filling {
    globals: Owned,
    facts: Arc<Facts>,
    at: usize,
    /// The copy is on the stack.
    open: bool,
}

impl Session<'_> {
    /// Writes a function, by name or by value.
    pub(in crate::writer) fn function(&mut self, function: Owned) -> Result<()> {
        if self.goes_by_name(&function)? {
            return self.global(function, None);
        }
        if let Some(own) = function.function_dict().filter(|own| own.dict_len() > 0) {
            if own.dict_has(&*interned("registry")?)? {
                let attached = self.held.attached()?;
                let reduced = attached.singledispatch.call(&[&function, &own])?;
                if reduced.is_tuple() {
                    return self.begin_reduce(&reduced, function);
                }
            }
        }
        let parts = function.function_parts()?;
        let facts = self.facts(&parts.code)?;
        if self.shallow {
            return self.function_content(function, parts, &facts);
        }
        let mut steps = Vec::with_capacity(16);
        steps.push(Do::Standard(Standard::Function));
        let closure = !parts.closure.is_none();
        let named = closure || self.choices.source || !same_text(&parts.name, &facts.name)?;
        // Defaults that lead back to the function are set when it is there.
        let early = !parts.defaults.is_none() && !self.choices.source && self.is_short(&parts.defaults)?;
        if closure || early {
            steps.push(Do::Bytes(&[op::MARK]));
        }
        if self.choices.source {
            let code = self.held.attached()?.source.call(&[&function, &self.choices.object])?;
            steps.push(Do::Save(Label::Part("source"), code));
        } else {
            steps.push(save(&parts.code));
        }
        steps.push(Do::Space(parts.globals.clone()));
        if named {
            steps.push(save(&parts.name));
        } else if early {
            steps.push(Do::Bytes(&[op::NONE]));
        }
        let mut cells = Vec::new();
        if early {
            steps.push(Do::Save(
                Label::Attribute(self.held.function_names.defaults.clone()),
                parts.defaults.clone(),
            ));
        } else if closure {
            steps.push(Do::Bytes(&[op::NONE]));
        }
        if closure {
            let count = parts.closure.tuple_len();
            if count > 3 {
                steps.push(Do::Bytes(&[op::MARK]));
            }
            for at in 0..count {
                let (Some(cell), Some(variable)) =
                    (parts.closure.tuple_item(at), facts.freevars.tuple_item(at))
                else {
                    return Err(Raised::system("a function whose closure isn't filled"));
                };
                self.new_cell(cell, variable, &mut steps, &mut cells)?;
            }
            steps.push(Do::Op(super::code::tuple_of(count)));
        }
        steps.push(Do::Bytes(match (closure || early, named) {
            (true, _) => &[op::TUPLE, op::REDUCE],
            (false, true) => &[op::TUPLE3, op::REDUCE],
            (false, false) => &[op::TUPLE2, op::REDUCE],
        }));
        steps.push(Do::Put(function.clone()));
        let body = Body { function: function.clone(), parts, facts, cells, early };
        steps.push(Do::Body(Box::new(body)));
        self.run(Program::new(function, "function", steps))
    }

    /// What a function is, but for its globals: this process alone compares it.
    fn function_content(&mut self, function: Owned, parts: FunctionParts, facts: &Arc<Facts>) -> Result<()> {
        self.put(&function)?;
        let mut steps = Vec::new();
        let content = match facts.flat_content()? {
            Some(content) => Some(content),
            None => self.value(&parts.code)?,
        };
        match content {
            Some(content) => {
                facts.content.get_or_init(|| content);
                self.out.op(b'F')?;
                self.out.put(&content)?;
            }
            None => steps.push(save(&parts.code)),
        }
        let mut cells = Vec::new();
        for at in 0..parts.closure.tuple_len() {
            let (Some(cell), Some(variable)) = (parts.closure.tuple_item(at), facts.freevars.tuple_item(at))
            else {
                return Err(Raised::system("a function whose closure isn't filled"));
            };
            self.new_cell(cell, variable, &mut steps, &mut cells)?;
        }
        for (cell, variable) in cells {
            steps.push(Do::Get(cell.clone()));
            steps.push(Do::Fill(cell, Label::Variable(variable)));
        }
        if !same_text(&parts.name, &facts.name)? {
            steps.push(save(&parts.name));
        }
        self.function_state(&function, &parts, facts, false, &mut steps)?;
        if steps.is_empty() {
            return Ok(());
        }
        self.run(Program::new(function, "function", steps))
    }

    /// Writes a cell of a closure: with its content where that can't lead back, else empty, to be filled later.
    fn new_cell(
        &mut self,
        cell: &Object,
        variable: &Object,
        steps: &mut Vec<Do>,
        later: &mut Vec<(Owned, Owned)>,
    ) -> Result<()> {
        if self.memo.get(cell).is_some() || later.iter().any(|(known, _)| known.is(cell)) {
            steps.push(Do::Get(cell.own()));
            return Ok(());
        }
        steps.push(Do::Standard(Standard::Cell));
        match cell.cell_content()? {
            Some(content) if self.is_short(&content)? => {
                let label = Label::Variable(variable.own());
                steps.push(Do::Save(label, content));
                steps.push(Do::Bytes(&[op::TUPLE1, op::REDUCE]));
            }
            _ => {
                steps.push(Do::Bytes(&[op::EMPTY_TUPLE, op::REDUCE]));
                later.push((cell.own(), variable.own()));
            }
        }
        steps.push(Do::Put(cell.own()));
        Ok(())
    }

    /// Tells whether an object can't lead anywhere: it is an atom or a tuple of atoms, or has been written.
    fn is_short(&mut self, object: &Object) -> Result<bool> {
        if Self::is_atom(object) || super::code::is_flat(object, 0) {
            return Ok(true);
        }
        if !self.deterministic {
            return Ok(self.memo.get(object).is_some());
        }
        // Which of two equal objects it is doesn't count.
        Ok(match self.known(object)? {
            Known::Value(value) => self.memo.values.contains_key(&value),
            Known::Here(value) => self.aliases.contains_key(&value),
            Known::Nothing => self.memo.get(object).is_some(),
        })
    }

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
        self.memo.spaces.insert(address, space);
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
                pairs.push(pair);
            }
            if !pairs.is_empty() {
                steps.extend([Do::Get(own), Do::Bytes(&[op::MARK])]);
                for (name, value) in pairs {
                    steps.extend([save(&name), Do::Save(Label::Global(name), value)]);
                }
                steps.push(Do::Bytes(&[op::SETITEMS, op::POP]));
            }
        } else if self.choices.source || !cfg!(Py_3_10) {
            // Before 3.10, functions find what is built in by their globals alone.
            steps.extend([save(key), Do::Standard(Standard::Builtins), Do::Bytes(&[op::SETITEM])]);
        }
        if let Some(package) = globals.dict_find(&*interned("__package__")?)?.filter(|name| name.is_text()) {
            if package.text_len() > 0 {
                let key = interned("__package__")?;
                steps.extend([save(&key), save(&package), Do::Bytes(&[op::SETITEM])]);
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
        self.memo.spaces.insert(globals.ptr().addr(), Space { number, globals, filled: None });
        Ok(())
    }

    /// Takes the dict of a module that goes by value for the globals of its functions.
    pub(super) fn put_module_space(&mut self, globals: Owned) -> Result<()> {
        let number = self.put_nothing()?;
        self.memo.spaces.insert(globals.ptr().addr(), Space { number, globals, filled: Some(dict()?) });
        Ok(())
    }

    /// Tells whether a dict is the one of the module with that name.
    fn is_of_module(&self, globals: &Object, name: &Object) -> Result<bool> {
        let modules = self.held.sys.get(&self.held.names.modules)?;
        let Some(module) = modules.find_item(name)? else { return Ok(false) };
        Ok(module.is_module() && module.get(&self.held.names.dict)?.is(globals))
    }

    /// Goes on with a function that has its number.
    pub(super) fn function_body(&mut self, program: &mut Program, body: Body) -> Result<()> {
        let Body { function, parts, facts, cells, early } = body;
        let mut steps = Vec::new();
        if !facts.reads.globals.is_empty() && !self.shallow {
            let globals = parts.globals.clone();
            let filling = Filling { globals, facts: facts.clone(), at: 0, open: false };
            steps.push(Do::Globals(Box::new(filling)));
        }
        self.submodules(&parts, &facts, &mut steps)?;
        for (cell, variable) in cells {
            steps.push(Do::Get(cell.clone()));
            steps.push(Do::Fill(cell, Label::Variable(variable)));
        }
        self.function_state(&function, &parts, &facts, early, &mut steps)?;
        program.then(steps);
        Ok(())
    }

    /// Goes on with the globals that a function reads.
    pub(super) fn fill_globals(&mut self, program: &mut Program, mut filling: Box<Filling>) -> Result<()> {
        let address = filling.globals.ptr().addr();
        loop {
            let Some(name) = filling.facts.reads.globals.get(filling.at).cloned() else {
                if filling.open {
                    self.out.op(op::POP)?;
                }
                return Ok(());
            };
            filling.at += 1;
            let Some(space) = self.memo.spaces.get(&address) else {
                return Err(Raised::system("globals without a copy"));
            };
            let Some(filled) = &space.filled else { return Ok(()) };
            let number = space.number;
            if filled.dict_has(&name)? || name.is(&self.held.names.name) {
                continue;
            }
            let builtins = name.is(&self.held.names.builtins);
            if builtins && self.own_builtins(&filling.globals)?.is_some() {
                continue;
            }
            let Some(value) = filling.globals.dict_find(&name)? else { continue };
            filled.dict_set(&name, &name)?;
            let mut steps = Vec::with_capacity(5);
            if !filling.open {
                filling.open = true;
                steps.push(Do::Number(number));
            }
            steps.push(save(&name));
            steps.push(match builtins && !value.is_module() {
                true => Do::Standard(Standard::Builtins),
                false => Do::Save(Label::Global(name), value),
            });
            steps.push(Do::Bytes(&[op::SETITEM]));
            steps.push(Do::Globals(filling));
            program.then(steps);
            return Ok(());
        }
    }

    /// Imports the submodules that a function reaches through packages, by what its code says.
    fn submodules(&mut self, parts: &FunctionParts, facts: &Facts, steps: &mut Vec<Do>) -> Result<()> {
        for chain in &facts.reads.chains {
            let root = if chain.free {
                free(parts, facts, &chain.root)?
            } else {
                parts.globals.dict_find(&chain.root)?
            };
            let Some(root) = root.filter(|root| root.is_module()) else { continue };
            let Some(name) = root.find(&self.held.names.name)?.filter(|name| name.is_text()) else {
                continue;
            };
            let mut path = name.shown();
            let modules = self.held.sys.get(&self.held.names.modules)?;
            for attribute in &chain.attributes {
                path.push('.');
                path.push_str(&attribute.shown());
                let name = interned(&path)?;
                if modules.find_item(&name)?.is_none() {
                    break;
                }
                if self.memo.imported.insert(path.clone()) {
                    steps.extend([
                        Do::Standard(Standard::ImportModule),
                        save(&name),
                        Do::Bytes(&[op::TUPLE1, op::REDUCE, op::POP]),
                    ]);
                }
            }
        }
        Ok(())
    }

    /// What a function has beside code, globals and closure; `early`: and defaults.
    fn function_state(
        &mut self,
        function: &Object,
        parts: &FunctionParts,
        facts: &Facts,
        early: bool,
        steps: &mut Vec<Do>,
    ) -> Result<()> {
        let mut state: Vec<(Owned, Owned)> = Vec::new();
        let names = &self.held.function_names;
        if !parts.defaults.is_none() && !early {
            state.push((names.defaults.clone(), parts.defaults.clone()));
        }
        if !parts.kwdefaults.is_none() {
            state.push((names.kwdefaults.clone(), parts.kwdefaults.clone()));
        }
        let home = parts.globals.dict_find(&self.held.names.name)?;
        let same = match &home {
            Some(home) => same_text(home, &parts.module)?,
            None => parts.module.is_none(),
        };
        if !same {
            let module =
                if parts.module.is_text() { self.home(&parts.module)? } else { parts.module.clone() };
            state.push((self.held.names.module.clone(), module));
        }
        if self.choices.source || !same_text(&parts.qualname, &facts.qualname)? {
            state.push((self.held.names.qualname.clone(), parts.qualname.clone()));
        }
        let same = match &facts.doc {
            Some(doc) => same_text(doc, &parts.doc)?,
            None => parts.doc.is_none(),
        };
        if !same {
            state.push((names.doc.clone(), parts.doc.clone()));
        }
        if self.choices.source {
            let annotations = self.held.attached()?.annotations.call(&[function])?;
            if annotations.dict_len() > 0 {
                state.push((names.annotations.clone(), annotations));
            }
        } else if cfg!(Py_3_14) {
            let annotate = function.get(&names.annotate)?;
            let changed = !annotate.is_none()
                && function.has_annotations()
                && !self.held.attached()?.annotations_now.call(&[function])?.is_none();
            if !annotate.is_none() && !changed {
                state.push((names.annotate.clone(), annotate));
            } else if function.has_annotations() {
                let annotations = function.get(&names.annotations)?;
                if annotations.dict_len() > 0 {
                    state.push((names.annotations.clone(), annotations));
                }
            }
        } else if function.has_annotations() {
            let annotations = function.get(&names.annotations)?;
            if annotations.dict_len() > 0 {
                state.push((names.annotations.clone(), annotations));
            }
        }
        if cfg!(Py_3_12) {
            let parameters = function.get(&names.type_params)?;
            if parameters.tuple_len() > 0 {
                state.push((names.type_params.clone(), parameters));
            }
        }
        if let Some(own) = function.function_dict() {
            let own = if cfg!(Py_GIL_DISABLED) { own.dict_copy()? } else { own };
            let mut at = 0;
            while let Some(pair) = own.dict_next(&mut at) {
                state.push(pair);
            }
        }
        build(state, steps);
        Ok(())
    }

    /// Fills a cell that is on the stack, and takes it away.
    pub(super) fn fill_cell(&mut self, program: &mut Program, cell: &Object, label: Label) -> Result<()> {
        let Some(content) = cell.cell_content()? else { return self.out.op(op::POP) };
        let mut steps = if self.choices.source {
            // PyPy's cells have a way of their own to be set by the opcode.
            vec![Do::Standard(Standard::SetAttr), Do::Get(cell.own())]
        } else {
            vec![Do::Bytes(&[op::NONE, op::EMPTY_DICT])]
        };
        steps.push(save(&self.held.function_names.cell_contents));
        let scope = match &label {
            Label::Variable(name) => name.equals(&self.held.class_names.classdict)?,
            _ => false,
        };
        let class = if scope { self.class_of_scope(&content)? } else { None };
        match class {
            Some(class) => steps.extend([
                Do::Standard(Standard::GetAttr),
                save(&class),
                save(&self.held.names.dict),
                Do::Bytes(&[op::TUPLE2, op::REDUCE]),
            ]),
            None if scope => steps.push(Do::Save(label, self.plain_scope(&content)?)),
            None => steps.push(Do::Save(label, content)),
        }
        steps.push(Do::Bytes(if self.choices.source {
            &[op::TUPLE3, op::REDUCE, op::POP, op::POP]
        } else {
            &[op::SETITEM, op::TUPLE2, op::BUILD, op::POP]
        }));
        program.then(steps);
        Ok(())
    }
}

/// Sets attributes of what is on the stack. What isn't named by text goes into its dict.
pub(super) fn build(state: Vec<(Owned, Owned)>, steps: &mut Vec<Do>) {
    let (named, other): (Vec<_>, Vec<_>) = state.into_iter().partition(|(name, _)| name.is_text());
    match (named.is_empty(), other.is_empty()) {
        (true, true) => {}
        (true, false) => {
            items(other, steps);
            steps.push(Do::Bytes(&[op::BUILD]));
        }
        (false, none) => {
            if none {
                steps.push(Do::Bytes(&[op::NONE]));
            } else {
                items(other, steps);
            }
            items(named, steps);
            steps.push(Do::Bytes(&[op::TUPLE2, op::BUILD]));
        }
    }
}

/// A dict with these items.
fn items(items: Vec<(Owned, Owned)>, steps: &mut Vec<Do>) {
    let one = items.len() == 1;
    steps.push(Do::Bytes(if one { &[op::EMPTY_DICT] } else { &[op::EMPTY_DICT, op::MARK] }));
    for (name, value) in items {
        steps.push(save(&name));
        steps.push(Do::Save(Label::Attribute(name), value));
    }
    steps.push(Do::Bytes(if one { &[op::SETITEM] } else { &[op::SETITEMS] }));
}

/// What a variable of a function's closure holds.
fn free(parts: &FunctionParts, facts: &Facts, name: &Object) -> Result<Option<Owned>> {
    for at in 0..facts.freevars.tuple_len() {
        let (Some(known), Some(cell)) = (facts.freevars.tuple_item(at), parts.closure.tuple_item(at)) else {
            break;
        };
        if known.equals(name)? {
            return cell.cell_content();
        }
    }
    Ok(None)
}

/// Tells whether both are the same text.
pub(super) fn same_text(one: &Object, other: &Object) -> Result<bool> {
    Ok(one.is(other) || one.is_text() && other.is_text() && one.equals(other)?)
}

//! Functions by value. A function is made from its code, a dict for its globals and its cells, and gets its number; only then
//! come the values of its globals and cells, because those may lead back to it, and at last what else it has.

use std::sync::Arc;

use crate::python::{FunctionParts, Object, Owned, Raised, Result, interned};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::code::Facts;
use super::program::{Do, Label, Program, Writing, save};
use super::reads::Start;
use super::standard::Standard;
use crate::room::Room as _;

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

impl Session<'_> {
    /// Writes a function, by name or by value.
    pub(in crate::writer) fn function(&mut self, function: Owned) -> Result<()> {
        let parts = function.function_parts()?;
        if self.is_found(&function, &parts.qualname, &parts.module)? {
            return self.global(function, None);
        }
        self.turn()?;
        if let Some(own) = function.function_dict().filter(|own| own.dict_len() > 0) {
            if own.dict_has(&self.held.names.registry)? {
                let attached = self.held.attached()?;
                let reduced = attached.singledispatch.call(&[&function, &own])?;
                if reduced.is_tuple() {
                    return self.begin_reduce(&reduced, function);
                }
            }
        }
        let facts = self.facts(&parts.code)?;
        if self.shallow {
            return self.function_content(function, parts, &facts);
        }
        let mut writing = self.writing(&function, "function", false);
        let done = self.function_itself(&mut writing, function, parts, facts);
        self.written(writing, done)
    }

    /// Writes what makes a function, and what else it has.
    fn function_itself(
        &mut self,
        writing: &mut Writing,
        function: Owned,
        parts: FunctionParts,
        facts: Arc<Facts>,
    ) -> Result<()> {
        self.write(writing, Do::Standard(Standard::Function))?;
        let closure = !parts.closure.is_none();
        let named = closure || self.choices.source || !same_text(&parts.name, &facts.name)?;
        // Defaults that lead back to the function are set when it is there.
        let early = !parts.defaults.is_none() && !self.choices.source && self.is_short(&parts.defaults)?;
        if closure || early {
            self.write(writing, Do::Bytes(&[op::MARK]))?;
        }
        if self.choices.source {
            let code = self.held.attached()?.source.call(&[&function, &self.choices.object])?;
            self.write(writing, Do::Save(Label::Part("source"), code))?;
        } else {
            self.write(writing, Do::Code(parts.code.clone(), facts.clone()))?;
        }
        self.write(writing, Do::Space(parts.globals.clone()))?;
        if named {
            self.write(writing, save(&parts.name))?;
        } else if early {
            self.write(writing, Do::Bytes(&[op::NONE]))?;
        }
        let mut cells = Vec::new();
        if early {
            let label = Label::Attribute(self.held.function_names.defaults.clone());
            self.write(writing, Do::Save(label, parts.defaults.clone()))?;
        } else if closure {
            self.write(writing, Do::Bytes(&[op::NONE]))?;
        }
        if closure {
            let count = parts.closure.tuple_len();
            if count > 3 {
                self.write(writing, Do::Bytes(&[op::MARK]))?;
            }
            let mut steps = Vec::new();
            for at in 0..count {
                self.new_cell(&parts.closure, &facts.freevars, at, &mut steps, &mut cells)?;
                for step in steps.drain(..) {
                    self.write(writing, step)?;
                }
            }
            self.write(writing, Do::Op(super::code::tuple_of(count)))?;
        }
        let make: &[u8] = match (closure || early, named) {
            (true, _) => &[op::TUPLE, op::REDUCE],
            (false, true) => &[op::TUPLE3, op::REDUCE],
            (false, false) => &[op::TUPLE2, op::REDUCE],
        };
        self.write(writing, Do::Bytes(make))?;
        self.write(writing, Do::Put(function.clone()))?;
        let body = Body { function, parts, facts, cells, early };
        if !writing.is_done() {
            return self.write(writing, Do::Body(Box::new(body)));
        }
        for step in self.function_body(body)? {
            self.write(writing, step)?;
        }
        Ok(())
    }

    /// What a function is, but for its globals: this process alone compares it.
    fn function_content(&mut self, function: Owned, parts: FunctionParts, facts: &Arc<Facts>) -> Result<()> {
        self.put(&function)?;
        let mut steps = Vec::new();
        let content = match self.flat_code(facts)? {
            Some(content) => Some(content),
            None => self.value(&parts.code)?,
        };
        match content {
            Some(content) => {
                self.out.op(b'F')?;
                self.out.put(&content)?;
            }
            None => steps.room()?.push(save(&parts.code)),
        }
        let mut cells = Vec::new();
        for at in 0..parts.closure.tuple_len() {
            self.new_cell(&parts.closure, &facts.freevars, at, &mut steps, &mut cells)?;
        }
        for (cell, variable) in cells {
            steps.room()?.push(Do::Get(cell.clone()));
            steps.room()?.push(Do::Fill(cell, Label::Variable(variable)));
        }
        if !same_text(&parts.name, &facts.name)? {
            steps.room()?.push(save(&parts.name));
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
        closure: &Object,
        variables: &Object,
        at: usize,
        steps: &mut Vec<Do>,
        later: &mut Vec<(Owned, Owned)>,
    ) -> Result<()> {
        let (Some(cell), Some(variable)) = (closure.tuple_item(at), variables.tuple_item(at)) else {
            return Err(Raised::system("a function whose closure isn't filled"));
        };
        // Two variables may have one cell.
        let before = (0..at).any(|before| closure.tuple_item(before).is_some_and(|known| known.is(cell)));
        if before || self.memo.get(cell).is_some() {
            steps.room()?.push(Do::Get(cell.own()));
            return Ok(());
        }
        steps.room()?.push(Do::Standard(Standard::Cell));
        match cell.cell_content()? {
            Some(content) if self.is_short(&content)? => {
                let label = Label::Variable(variable.own());
                steps.room()?.push(Do::Save(label, content));
                steps.room()?.push(Do::Bytes(&[op::TUPLE1, op::REDUCE]));
            }
            _ => {
                steps.room()?.push(Do::Bytes(&[op::EMPTY_TUPLE, op::REDUCE]));
                later.room()?.push((cell.own(), variable.own()));
            }
        }
        steps.room()?.push(Do::Put(cell.own()));
        Ok(())
    }

    /// Tells whether an object can't lead anywhere: it is an atom or a tuple of atoms, or has been written.
    fn is_short(&mut self, object: &Object) -> Result<bool> {
        if Self::is_atom(object) || super::code::is_flat(object, 0) {
            return Ok(true);
        }
        // Which of two equal objects it is doesn't count.
        Ok(self.memo.get(object).is_some() || self.deterministic && self.value_number(object)?.is_some())
    }

    /// What is written when a function has its number.
    pub(super) fn function_body(&mut self, body: Body) -> Result<Vec<Do>> {
        let Body { function, parts, facts, cells, early } = body;
        let mut steps = Vec::new();
        if !self.shallow {
            steps.extend(self.missing_globals(&parts.globals, &facts)?);
        }
        self.submodules(&parts, &facts, &mut steps)?;
        for (cell, variable) in cells {
            steps.room()?.push(Do::Get(cell.clone()));
            steps.room()?.push(Do::Fill(cell, Label::Variable(variable)));
        }
        self.function_state(&function, &parts, &facts, early, &mut steps)?;
        Ok(steps)
    }

    /// Imports the submodules that a function reaches through packages, by what its code says.
    fn submodules(&mut self, parts: &FunctionParts, facts: &Facts, steps: &mut Vec<Do>) -> Result<()> {
        let with_parameters = match has_module(parts) {
            true => {
                let held = self.held;
                Some(super::reads::reads(held.opcodes()?, &held.code_names, &parts.code, true)?)
            }
            false => None,
        };
        for chain in &with_parameters.as_ref().unwrap_or(&facts.reads).chains {
            let root = match chain.start {
                Start::Global => parts.globals.dict_find(&chain.root)?,
                Start::Free => match free(parts, facts, &chain.root)? {
                    None if with_parameters.is_some() => default(parts, facts, &chain.root)?,
                    found => found,
                },
                Start::Parameter => default(parts, facts, &chain.root)?,
            };
            let Some(root) = root.filter(|root| root.is_module()) else { continue };
            let Some(name) = root.find(&self.held.names.name)?.filter(|name| name.is_text()) else {
                continue;
            };
            let mut path = name.shown();
            let modules = self.held.sys.get(&self.held.names.modules)?;
            let mut package = name;
            for attribute in &chain.attributes {
                path.push('.');
                path.push_str(&attribute.shown());
                let name = interned(&path)?;
                if modules.find_item(&name)?.is_none() {
                    // Whether somebody has imported it by now doesn't count where equal input gives equal bytes.
                    let whole = self.deterministic && !self.shallow;
                    if !whole || self.no_submodules.contains(&path) {
                        break;
                    }
                    if !self.held.attached()?.submodule.call(&[&package, attribute, &name])?.truth()? {
                        self.no_submodules.room()?.insert(path);
                        break;
                    }
                }
                package = name.clone();
                if self.memo.imported.room()?.insert(path.clone()) {
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
            state.room()?.push((names.defaults.clone(), parts.defaults.clone()));
        }
        if !parts.kwdefaults.is_none() {
            state.room()?.push((names.kwdefaults.clone(), parts.kwdefaults.clone()));
        }
        let home = parts.globals.dict_find(&self.held.names.name)?;
        let same = match &home {
            Some(home) => same_text(home, &parts.module)?,
            None => parts.module.is_none(),
        };
        if !same {
            let module =
                if parts.module.is_text() { self.home(&parts.module)? } else { parts.module.clone() };
            state.room()?.push((self.held.names.module.clone(), module));
        }
        if self.choices.source || !same_text(&parts.qualname, &facts.qualname)? {
            state.room()?.push((self.held.names.qualname.clone(), parts.qualname.clone()));
        }
        let same = match &facts.doc {
            Some(doc) => same_text(doc, &parts.doc)?,
            None => parts.doc.is_none(),
        };
        if !same {
            state.room()?.push((names.doc.clone(), parts.doc.clone()));
        }
        if self.choices.source {
            let annotations = self.held.attached()?.annotations.call(&[function])?;
            if annotations.dict_len() > 0 {
                state.room()?.push((names.annotations.clone(), annotations));
            }
        } else if cfg!(Py_3_14) {
            let annotate = function.get(&names.annotate)?;
            let changed = !annotate.is_none()
                && function.has_annotations()
                && !self.held.attached()?.annotations_now.call(&[function])?.is_none();
            if !annotate.is_none() && !changed {
                state.room()?.push((names.annotate.clone(), annotate));
            } else if function.has_annotations() {
                let annotations = function.get(&names.annotations)?;
                if annotations.dict_len() > 0 {
                    state.room()?.push((names.annotations.clone(), annotations));
                }
            }
        } else if function.has_annotations() {
            let annotations = function.get(&names.annotations)?;
            if annotations.dict_len() > 0 {
                state.room()?.push((names.annotations.clone(), annotations));
            }
        }
        if cfg!(Py_3_12) {
            let parameters = function.get(&names.type_params)?;
            if parameters.tuple_len() > 0 {
                state.room()?.push((names.type_params.clone(), parameters));
            }
        }
        if let Some(own) = function.function_dict() {
            let own = if cfg!(Py_GIL_DISABLED) { own.dict_copy()? } else { own };
            let mut at = 0;
            while let Some(pair) = own.dict_next(&mut at) {
                state.room()?.push(pair);
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
        steps.room()?.push(save(&self.held.function_names.cell_contents));
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
            None if scope => steps.room()?.push(Do::Save(label, self.plain_scope(&content)?)),
            None => steps.room()?.push(Do::Save(label, content)),
        }
        steps.room()?.push(Do::Bytes(if self.choices.source {
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
pub(super) fn items(items: Vec<(Owned, Owned)>, steps: &mut Vec<Do>) {
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

/// Tells whether a default of a function is a module.
fn has_module(parts: &FunctionParts) -> bool {
    let mut places = 0..parts.defaults.tuple_len();
    if places.any(|at| parts.defaults.tuple_item(at).is_some_and(Object::is_module)) {
        return true;
    }
    let mut at = 0;
    while parts.kwdefaults.is_dict() {
        match parts.kwdefaults.dict_next(&mut at) {
            Some((_, value)) if value.is_module() => return true,
            Some(_) => {}
            None => break,
        }
    }
    false
}

/// The default of a function's parameter.
fn default(parts: &FunctionParts, facts: &Facts, name: &Object) -> Result<Option<Owned>> {
    if parts.kwdefaults.is_dict() {
        if let Some(found) = parts.kwdefaults.dict_find(name)? {
            return Ok(Some(found));
        }
    }
    if !parts.defaults.is_tuple() {
        return Ok(None);
    }
    let (count, names) = facts.parameters()?;
    let first = count.saturating_sub(parts.defaults.tuple_len());
    for at in first..count {
        if let Some(known) = names.tuple_item(at) {
            if known.equals(name)? {
                return Ok(parts.defaults.tuple_item(at - first).map(Object::own));
            }
        }
    }
    Ok(None)
}

/// Tells whether both are the same text.
pub(super) fn same_text(one: &Object, other: &Object) -> Result<bool> {
    Ok(one.is(other) || one.is_text() && other.is_text() && one.equals(other)?)
}

//! What is to be written for one object, one after the other. A program is a step of the session: where something that it
//! writes needs steps of its own, it waits for them.

use std::sync::Arc;

use crate::python::{Kind, Object, Owned, Raised, Result};
use crate::writer::session::Session;
use crate::writer::step::{Step, op};

use super::class::ClassBody;
use super::code::Facts;
use super::function::Body;
use super::space::Filling;
use super::standard::Standard;
use crate::room::Room as _;

/// Which part of the object is being written, for the path.
#[derive(Clone)]
pub(crate) enum Label {
    Nothing,
    Part(&'static str),
    Attribute(Owned),
    Global(Owned),
    Variable(Owned),
}

impl Label {
    /// The part in words.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Part(part) => Some((*part).to_owned()),
            Self::Attribute(name) => Some(format!("attribute {}", shown(name))),
            Self::Global(name) => Some(format!("global {}", shown(name))),
            Self::Variable(name) => Some(format!("closure variable {}", shown(name))),
        }
    }
}

fn shown(name: &Object) -> String {
    format!("'{}'", name.shown())
}

/// One thing to be done.
pub(crate) enum Do {
    /// Writes an object.
    Save(Label, Owned),
    /// Writes opcodes.
    Bytes(&'static [u8]),
    /// Writes an opcode.
    Op(u8),
    /// Writes a name of the standard library.
    Standard(Standard),
    /// Gives what has just been written a number.
    Put(Owned),
    /// Gives the globals of a module of the standard library their number.
    PutSpace(Owned),
    /// Gives the dict of a module that goes by value its number.
    PutModuleSpace(Owned),
    /// Writes an object that has a number.
    Get(Owned),
    /// Writes what has this number.
    Number(usize),
    /// Writes the copy of a function's globals.
    Space(Owned),
    /// Where the object has been written meanwhile, throws away what was written for it, down to a mark and this many values
    /// below it, and the program ends.
    Unless(Owned, usize),
    /// Writes the code of a function.
    Code(Owned, Arc<Facts>),
    /// Writes what follows the constants of a code object.
    CodeEnd(Owned, Arc<Facts>),
    /// Writes text without giving it a number, unless somebody is asked about it: nothing refers to it.
    Alone(Owned),
    /// Fills a function that has just been made.
    Body(Box<Body>),
    /// Fills the copy of a function's globals.
    Globals(Box<Filling>),
    /// Fills a cell.
    Fill(Owned, Label),
    /// Goes on with a class that has just been made.
    Class(Box<ClassBody>),
    /// Does this while the object has another number.
    As(Owned, usize, Vec<Do>),
    /// From here on the object has this number.
    Renumber(Owned, usize),
    /// Writes the registry of classes.
    Registry,
    /// Gives the registry of classes its number.
    PutRegistry,
    /// The class is finished.
    Leave(Owned),
}

/// The program of one object.
pub(crate) struct Program {
    /// Whose it is.
    pub(crate) whose: Owned,
    /// What that is, in words.
    pub(crate) kind: &'static str,
    /// What is being written.
    pub(crate) label: Label,
    /// What is left to do, the last first.
    left: Vec<Do>,
}

impl Program {
    pub(crate) fn new(whose: Owned, kind: &'static str, first: Vec<Do>) -> Box<Self> {
        let mut program = Box::new(Self { whose, kind, label: Label::Nothing, left: first });
        program.left.reverse();
        program
    }

    /// Does this before what is left.
    pub(crate) fn then(&mut self, mut next: Vec<Do>) {
        next.reverse();
        self.left.append(&mut next);
    }
}

/// Shorthand: writes an object.
pub(crate) fn save(object: &Object) -> Do {
    Do::Save(Label::Nothing, object.own())
}

/// What is written for one object, in order: at once as long as nothing has to be begun for that, then as steps.
pub(super) struct Writing {
    program: Program,
    /// What waits, the first first.
    after: Vec<Do>,
    /// Something waits.
    waits: bool,
    /// What has to be begun before that.
    first: Option<Owned>,
    /// Functions are begun at once too. They begin nothing that way, so this lies one deep in itself.
    functions: bool,
    /// How many steps there were before the function that isn't finished.
    below: Option<usize>,
}

impl Writing {
    fn new(whose: &Owned, kind: &'static str, waits: bool, functions: bool) -> Self {
        let program = Program { whose: whose.clone(), kind, label: Label::Nothing, left: Vec::new() };
        // What a function takes, where everything waits.
        let after = if waits { Vec::with_capacity(16) } else { Vec::new() };
        Self { program, after, waits, first: None, functions, below: None }
    }

    /// Nothing waits.
    pub(super) fn is_done(&self) -> bool {
        !self.waits
    }
}

impl Session<'_> {
    /// Begins a program. What it reaches waits: a chain of functions, of whatever length, isn't one of calls.
    pub(super) fn run(&mut self, program: Box<Program>) -> Result<()> {
        match self.advance(program)? {
            Some(object) => self.later(object),
            None => Ok(()),
        }
    }

    /// Begins with what is written for an object.
    pub(super) fn writing(&self, whose: &Owned, kind: &'static str, functions: bool) -> Writing {
        let waits = self.hashing || self.choices.source || self.options.fast;
        Writing::new(whose, kind, waits, functions)
    }

    /// Writes one thing more, or lets it wait.
    pub(super) fn write(&mut self, writing: &mut Writing, next: Do) -> Result<()> {
        if writing.waits {
            writing.after.room()?.push(next);
            return Ok(());
        }
        let mut next = next;
        loop {
            if let Some(object) = self.instruct(&mut writing.program, next)? {
                if !self.begun(writing, object)? {
                    writing.waits = true;
                    return Ok(());
                }
            }
            match writing.program.left.pop() {
                Some(left) => next = left,
                None => return Ok(()),
            }
        }
    }

    /// Begins with a function, where that is done at once; says whether it is finished. Everything else waits.
    fn begun(&mut self, writing: &mut Writing, object: Owned) -> Result<bool> {
        if !writing.functions || object.kind() != Kind::Function {
            writing.first = Some(object);
            return Ok(false);
        }
        let below = self.steps.len();
        writing.below = Some(below);
        self.begin(object)?;
        let finished = self.steps.len() == below;
        if finished {
            writing.below = None;
        }
        Ok(finished)
    }

    /// Writes what waits as steps. Where something has failed, the object is opened for the path to it.
    pub(super) fn written(&mut self, writing: Writing, done: Result<()>) -> Result<()> {
        let Writing { mut program, mut after, waits, first, below, .. } = writing;
        if done.is_ok() && !waits {
            return Ok(());
        }
        after.reverse();
        after.append(&mut program.left);
        program.left = after;
        if done.is_ok() && first.is_none() && below.is_none() {
            return self.run(Box::new(program));
        }
        let below = below.unwrap_or(self.steps.len());
        self.steps.insert(below, Step::Program(Box::new(program)))?;
        done?;
        match first {
            Some(object) => self.later(object),
            None => Ok(()),
        }
    }

    /// Goes on with a program.
    pub(in crate::writer) fn program(&mut self, program: Box<Program>) -> Result<()> {
        match self.advance(program)? {
            Some(object) => self.begin(object),
            None => Ok(()),
        }
    }

    /// Does what can be done; returns an object that is to be written before the rest, which waits.
    fn advance(&mut self, mut program: Box<Program>) -> Result<Option<Owned>> {
        while let Some(next) = program.left.pop() {
            match self.instruct(&mut program, next) {
                Ok(None) => {}
                Ok(Some(object)) => {
                    self.steps.push(Step::Program(program))?;
                    return Ok(Some(object));
                }
                Err(raised) => {
                    self.steps.push(Step::Program(program))?;
                    return Err(raised);
                }
            }
        }
        Ok(None)
    }

    /// Does one thing; returns an object that is to be written first.
    fn instruct(&mut self, program: &mut Program, next: Do) -> Result<Option<Owned>> {
        match next {
            Do::Save(label, object) => {
                let quick = self.quick(&object);
                if let Ok(true) = quick {
                    return Ok(None);
                }
                program.label = label;
                quick?;
                return if self.value_at_once(&object)? { Ok(None) } else { Ok(Some(object)) };
            }
            Do::Bytes(bytes) => self.out.put(bytes)?,
            Do::Op(op) => self.out.op(op)?,
            Do::Standard(which) => return self.standard(program, which),
            Do::Put(object) => self.put_always(&object)?,
            Do::PutSpace(globals) => self.put_space(globals)?,
            Do::PutModuleSpace(globals) => self.put_module_space(globals)?,
            Do::Get(object) => drop(self.get(&object)?),
            Do::Number(number) => self.get_number(number)?,
            Do::Space(globals) => self.space(program, globals)?,
            Do::Unless(object, below) => {
                if self.memo.get(&object).is_some() {
                    self.out.op(op::POP_MARK)?;
                    for _ in 0..below {
                        self.out.op(op::POP)?;
                    }
                    self.get(&object)?;
                    self.leave_class(&object);
                    program.left.clear();
                }
            }
            Do::Code(code, facts) => {
                if !self.code_at_once(&code, &facts)? {
                    program.label = Label::Nothing;
                    return Ok(Some(code));
                }
            }
            Do::CodeEnd(code, facts) => {
                self.leave_class(&code);
                self.code_end(&code, &facts)?;
            }
            Do::Alone(text) => {
                if self.options.persistent_id.is_some() {
                    return Ok(Some(text));
                }
                self.text_alone(&text)?;
            }
            Do::Body(body) => program.then(self.function_body(*body)?),
            Do::Globals(filling) => self.fill_globals(program, filling)?,
            Do::Fill(cell, label) => self.fill_cell(program, &cell, label)?,
            Do::Class(body) => self.class_body(program, *body)?,
            Do::As(object, number, mut steps) => {
                let Some(before) = self.memo.get(&object) else {
                    return Err(Raised::system("a class without a number"));
                };
                self.memo.set(&object, number)?;
                steps.room()?.push(Do::Renumber(object, before));
                program.then(steps);
            }
            Do::Renumber(object, number) => self.memo.set(&object, number)?,
            Do::Registry => self.registry(program)?,
            Do::PutRegistry => self.memo.registry = Some(self.put_nothing()?),
            Do::Leave(class) => self.leave_class(&class),
        }
        Ok(None)
    }

    /// Where equal input gives equal bytes: writes a tuple of atoms, or that an equal value has been written; says whether it has.
    /// What is done at once mustn't depend on which of two equal objects it is.
    fn value_at_once(&mut self, object: &Object) -> Result<bool> {
        if !self.deterministic || self.hashing || self.options.persistent_id.is_some() {
            return Ok(false);
        }
        if Self::is_flat(object) {
            return self.flat_tuple(object).map(|()| true);
        }
        self.same_value(object, object.kind())
    }

    /// Writes a name of the standard library.
    fn standard(&mut self, program: &mut Program, which: Standard) -> Result<Option<Owned>> {
        if self.options.persistent_id.is_none() {
            return self.standard_at_once(which).map(|()| None);
        }
        let known = self.held.standards.get(which)?;
        // It is the same wherever it comes from: nobody has to ask which one it is.
        if let Some(number) = self.memo.get(&known.object) {
            return self.get_number(number).map(|()| None);
        }
        program.then(vec![
            save(&known.module),
            save(&known.path),
            Do::Bytes(&[op::STACK_GLOBAL]),
            Do::Put(known.object.clone()),
        ]);
        Ok(None)
    }

    /// Writes a name of the standard library where nobody is asked for persistent ids.
    pub(super) fn standard_at_once(&mut self, which: Standard) -> Result<()> {
        let known = self.held.standards.get(which)?;
        if let Some(number) = self.memo.get(&known.object) {
            return self.get_number(number);
        }
        for part in [&known.module, &known.path] {
            if !self.quick(part)? {
                return Err(Raised::system("a name of the standard library that isn't text"));
            }
        }
        self.out.op(op::STACK_GLOBAL)?;
        self.put(&known.object)
    }
}

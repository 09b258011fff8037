//! Classes by value. A class is made from its metaclass, name and bases, with what must be there when it is made; it gets its
//! number, and only then come its attributes, because those may lead back to it.

use crate::python::{Found, Object, Owned, Raised, Result, dict, ellipsis, list_from, tuple};
use crate::writer::session::Session;
use crate::writer::step::op;

use super::choice::Identity;
use super::function::build;
use super::hooks::{Late, What};
use super::members::{by_name, is_slots, slots, without_addresses};
use super::program::{Do, Label, Program, save};
use super::standard::Standard;
use crate::room::Room as _;

/// How often a class may be begun inside itself: each time, more of it is in the memo.
const OPEN_MOST: u32 = 100;

/// What Python makes by itself, or only remembers.
const SKIPPED: &[&str] =
    &["__classcell__", "__classdictcell__", "__slotnames__", "__annotations_cache__", "__annotate_func__"];

/// What `type` keeps of a class under these names isn't in the class's dict, and setting them changes that. Where a class has such
/// a name in its dict, it was there when the class was made.
const OF_TYPE: &[&str] = &[
    "__base__",
    "__bases__",
    "__basicsize__",
    "__class__",
    "__dict__",
    "__dictoffset__",
    "__flags__",
    "__itemsize__",
    "__mro__",
    "__name__",
    "__text_signature__",
    "__weakrefoffset__",
];

/// A class that has just been made.
pub(crate) struct ClassBody {
    class: Owned,
    state: Vec<(Owned, Owned)>,
    /// Calls that are made when its attributes are there.
    after: Option<Owned>,
    /// Functions that are called with it when everything is there.
    late: Option<Owned>,
    /// It is registered under an id: what calls that is on the stack below it.
    known: bool,
    set: Set,
}

/// How attributes are set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// All at once, by an opcode.
    Build,
    /// One by one: the opcode would find a `__setstate__` that is for instances.
    OneByOne,
    /// One by one, past a metaclass that has its own way.
    AsType,
}

impl Session<'_> {
    /// Writes a class by value.
    pub(in crate::writer) fn class_value(&mut self, class: Owned) -> Result<()> {
        let held = self.held;
        let attached = held.attached()?;
        let named = if class.is_plain_class() { attached.type_names.dict_find(&class)? } else { None };
        if let Some(home) = named {
            let (Some(module), Some(name)) = (home.tuple_item(0), home.tuple_item(1)) else {
                return Err(Raised::system("a class of the standard library is found by module and name"));
            };
            let steps =
                vec![save(module), save(name), Do::Bytes(&[op::STACK_GLOBAL]), Do::Put(class.clone())];
            return self.run(Program::new(class, "class", steps));
        }
        if !class.is_heap_class() {
            // Made in C, and found nowhere: the error says so.
            return self.global(class, None);
        }
        self.turn()?;
        if self.identify(&class)? {
            return Ok(());
        }
        if self.shallow && class.is_plain_class() {
            return self.class_content(class);
        }
        self.opens(&class, OPEN_MOST, ": what makes it can't be made before the class itself is there")?;
        self.class_stack.room()?.push(class.clone());
        let content = class.class_dict()?;
        self.class_dicts.room()?.insert(content.ptr().addr(), class.clone());
        let content = content.dict_copy()?;
        let hooked = self.subclass_hook(&class)?;
        let meta = class.class();
        let plan = if meta.is_exactly_type() && !self.has_registered_hook(&class)? {
            None
        } else {
            let plan = attached.plan.call(&[&class, &self.choices.object])?;
            if plan.tuple_len() != 8 {
                return Err(Raised::system("a plan for a class has eight parts"));
            }
            Some(plan)
        };
        let part = |at: usize| plan.as_ref().and_then(|plan| plan.tuple_item(at)).map(Object::own);
        let names = &held.class_names;
        let name = class.through(&held.of_types.name)?;
        let bases = class.through(&held.of_types.bases)?;
        let mut namespace = self.namespace(&class, &content, &name)?;
        let own_slots = slots(&content, &class)?;
        let mut state = Vec::new();
        let declared = content.dict_find(&names.slots)?;
        if declared.is_some() || !own_slots.is_empty() {
            // What makes its slots again, which isn't always what the class says now.
            let making = attached.slots.call(&[&class])?;
            if let Some(declared) = declared.filter(|declared| !declared.is(&making) && is_slots(declared)) {
                state.room()?.push((names.slots.clone(), declared));
            }
            if !making.is_none() {
                namespace.room()?.push((names.slots.clone(), making));
            }
        }
        let given = namespace.len();
        let skipped = part(4);
        let changes = part(6).filter(|changes| changes.dict_len() > 0);
        // What a hook of a base finds in the class.
        let mut early = Vec::new();
        // What is set while an enum is made would become a member.
        let hooked = hooked && !content.dict_has(&names.member_map)?;
        let mut at = 0;
        let mut annotate = content.dict_find(&names.annotate_func)?.filter(|found| !found.is_none());
        if annotate.is_some() && content.dict_has(&names.annotations_cache)? && !self.choices.source {
            let changed = !attached.annotations_now.call(&[&class])?.is_none();
            annotate = annotate.filter(|_| !changed);
        }
        if let Some(annotate) = &annotate {
            self.class_scope(annotate, &class)?;
        }
        while let Some((key, value)) = content.dict_next(&mut at) {
            if !key.is_text() {
                namespace.room()?.push((key, value));
                continue;
            }
            if skipped.as_ref().map_or(Ok(false), |skipped| skipped.set_contains(&key))? {
                continue;
            }
            let value = match changes.as_ref().map_or(Ok(None), |changes| changes.dict_find(&key))? {
                Some(changed) if changed.is(&ellipsis()) => continue,
                Some(changed) => changed,
                None => value,
            };
            let mut key = key;
            let is_made = key.is(&names.annotate_func)
                || matches!(key.utf8().map_err(Raised::dismiss), Ok("__annotate_func__"));
            if is_made {
                key = names.annotate.clone();
            }
            let shown = key.utf8().map_err(Raised::dismiss).unwrap_or_default();
            // Most names are the class's own; those of Python's have underscores around them.
            let special = shown.starts_with('_');
            let skip = special && (SKIPPED.contains(&shown) || is_given(&namespace[..given], shown))
                || matches!(shown, "__module__" | "__qualname__")
                || matches!(shown, "__dict__" | "__weakref__") && value.is_getset()
                || shown == "__doc__" && value.is_none()
                || is_made && annotate.is_none()
                || cfg!(Py_3_14) && shown == "__annotate__" && value.is_none()
                || shown == "__annotations__"
                    && (annotate.is_some() || value.is_exact_dict() && value.dict_len() == 0)
                || shown == "__firstlineno__" && (self.choices.strip || self.choices.source)
                || self.choices.source
                    && matches!(shown, "__annotate__" | "__annotations__" | "__static_attributes__")
                || own_slots.iter().any(|(name, slot)| slot.is(&value) && name.is(&key));
            if skip {
                continue;
            }
            let of_type = OF_TYPE.contains(&shown)
                || shown == "__annotations__" && !value.is_exact_dict()
                || cfg!(Py_3_14) && shown == "__annotate__" && !value.is_function();
            if of_type || !meta.is_exactly_type() && self.is_set_by(&meta, &key)? {
                namespace.room()?.push((key, value));
                continue;
            }
            let value = if self.deterministic && shown == "__static_attributes__" && value.is_tuple() {
                // In the order of a set.
                let sorted = list_from(&value)?;
                sorted.list_sort()?;
                sorted.list_tuple()?
            } else {
                value
            };
            // A class finds names of other classes than `str` as those of `str`.
            let key = if key.kind() == crate::python::Kind::Text { key } else { key.fresh()? };
            if hooked && may_come_first(&value) && !key.is(&names.init_subclass) {
                let key = if key.is(&names.annotate) { names.annotate_func.clone() } else { key.clone() };
                early.room()?.push((key, value.clone()));
            }
            state.room()?.push((key, value));
        }
        if self.choices.source {
            let found = attached.annotations.call(&[&class])?;
            if found.dict_len() > 0 {
                state.room()?.push((names.annotations.clone(), found));
            }
        } else if cfg!(Py_3_14) && annotate.is_none() {
            if let Some(kept) = content
                .dict_find(&names.annotations_cache)?
                .filter(|kept| kept.is_exact_dict() && kept.dict_len() > 0)
            {
                state.room()?.push((names.annotations.clone(), kept));
            }
        }
        if self.deterministic {
            // A bound method, say, is found in the class when it is loaded: what can't do so stands before it.
            state.sort_by(|(one, first), (other, second)| {
                asks_for_attributes(first).cmp(&asks_for_attributes(second)).then_with(|| by_name(one, other))
            });
            early.sort_by(|(one, _), (other, _)| by_name(one, other));
        }
        namespace.append(&mut early);
        if let Some(more) = part(3) {
            let mut at = 0;
            while let Some(pair) = more.dict_next(&mut at) {
                namespace.room()?.push(pair);
            }
        }
        let mut steps = Vec::with_capacity(namespace.len() * 2 + 16);
        let id = if self.identity == Identity::Nothing { None } else { Some(self.early_id(&class)?) };
        // What is below the arguments if the class turns out to be there by then.
        let mut below = 1;
        if let Some(id) = id {
            below += 3;
            steps.extend([Do::Standard(Standard::WeakSetDefault), Do::Registry, Do::Alone(id)]);
        }
        let (make, first) = match (part(0), part(1)) {
            (Some(make), Some(first)) => (make, first),
            _ => (meta.clone(), tuple(&[&name, &bases])?),
        };
        steps.extend([Do::Save(Label::Part("metaclass"), make), Do::Bytes(&[op::MARK])]);
        let last = first.tuple_len().saturating_sub(1);
        let like = self.base_of_same_meta(&meta, &first)?;
        for part in (0..last).filter_map(|at| first.tuple_item(at)) {
            match &like {
                // Its copy is the base's, however many copies of it there are where this is loaded.
                Some(base) if part.is(&meta) => steps.extend([
                    Do::Standard(Standard::Type),
                    save(base),
                    Do::Bytes(&[op::TUPLE1, op::REDUCE]),
                ]),
                _ => steps.room()?.push(save(part)),
            }
        }
        let only_object = bases.tuple_len() == 1
            && bases.tuple_item(0).is_some_and(Object::is_exactly_object)
            && meta.is_exactly_type();
        if only_object && part(1).is_none() {
            // `type` adds it.
            steps.room()?.push(Do::Bytes(&[op::EMPTY_TUPLE]));
        } else if let Some(bases) = first.tuple_item(last) {
            let bases = Do::Save(Label::Part("bases"), bases.own());
            if hooked && self.identity != Identity::Nothing {
                self.bases_or_none(&class, bases, &mut steps)?;
            } else {
                steps.room()?.push(bases);
            }
        }
        steps.room()?.push(Do::Unless(class.clone(), below));
        match part(2).filter(|prepare| !prepare.is_none()) {
            Some(prepare) => steps.room()?.push(save(&prepare)),
            None => steps.room()?.push(Do::Bytes(&[op::EMPTY_DICT])),
        }
        if !namespace.is_empty() {
            steps.room()?.push(Do::Bytes(&[op::MARK]));
            for (name, value) in namespace {
                steps.extend([save(&name), Do::Save(Label::Attribute(name), value)]);
            }
            steps.room()?.push(Do::Bytes(&[op::SETITEMS]));
        }
        steps.room()?.push(Do::Unless(class.clone(), below));
        steps.room()?.push(Do::Bytes(&[op::TUPLE, op::REDUCE]));
        let set = self.way_to_set(&class, &meta, hooked)?;
        let body =
            ClassBody { class: class.clone(), state, after: part(5), late: part(7), known: below > 1, set };
        steps.room()?.push(Do::Class(Box::new(body)));
        let mut writing = self.writing(&class, "class", true);
        let done = steps.into_iter().try_for_each(|step| self.write(&mut writing, step));
        self.written(writing, done)
    }

    /// What a class is, as far as this process alone compares it.
    fn class_content(&mut self, class: Owned) -> Result<()> {
        let held = self.held;
        let names = &held.class_names;
        self.put(&class)?;
        let content = class.class_dict()?;
        self.class_dicts.room()?.insert(content.ptr().addr(), class.clone());
        let content = content.dict_copy()?;
        let mut steps = Vec::with_capacity(content.dict_len() * 2 + 4);
        for descriptor in [&held.of_types.name, &held.of_types.qualname, &held.of_types.bases] {
            steps.room()?.push(save(&*class.through(descriptor)?));
        }
        let mut annotate = None;
        let mut at = 0;
        while let Some((key, value)) = content.dict_next(&mut at) {
            if key.is(&names.annotations_cache)
                || key.is(&names.slotnames)
                || names.is_asked_for(&content, &key, &value)?
            {
                // Only remembered; what it says is looked at below.
                continue;
            }
            if key.is(&names.annotate_func) && !value.is_none() {
                annotate = Some(value.clone());
            }
            steps.room()?.push(save(&key));
            // Where a slot, a dict or weak references are doesn't count: that they are does.
            let used_up = key.is(&names.slots) && !is_slots(&value);
            if !value.is_member_of(&class) && !value.is_getset() && !used_up {
                steps.room()?.push(Do::Save(Label::Attribute(key), value));
            }
        }
        let kept = content.dict_find(&names.annotations_cache)?;
        let asked = |kept: &Owned| names.is_asked_for(&content, &names.annotations_cache, kept);
        if let Some(kept) = kept.filter(|kept| !matches!(asked(kept), Ok(true))) {
            let changed = match &annotate {
                Some(_) => held.attached()?.annotations_now.call(&[&class])?,
                None => kept,
            };
            if !changed.is_none() {
                steps.room()?.push(Do::Save(Label::Attribute(names.annotations.clone()), changed));
            }
        }
        if let Some(annotate) = &annotate {
            self.class_scope(annotate, &class)?;
        }
        self.class_stack.room()?.push(class.clone());
        steps.room()?.push(Do::Leave(class.clone()));
        self.run(Program::new(class, "class", steps))
    }

    /// What a class is made with.
    fn namespace(&self, class: &Object, content: &Object, name: &Object) -> Result<Vec<(Owned, Owned)>> {
        let names = &self.held.class_names;
        let mut namespace = Vec::with_capacity(5);
        if let Some(module) = content.dict_find(&self.held.names.module)? {
            let module = if module.is_text() { self.home(&module)? } else { module };
            namespace.room()?.push((self.held.names.module.clone(), module));
        }
        let qualname = class.through(&self.held.of_types.qualname)?;
        if !super::function::same_text(&qualname, name)? {
            namespace.room()?.push((self.held.names.qualname.clone(), qualname));
        }
        for name in [&names.orig_bases, &names.doc] {
            if let Some(value) = content.dict_find(name)?.filter(|value| !value.is_none()) {
                let shown = self.deterministic && name.is(&names.doc) && content.dict_has(&names.fields)?;
                let value = if shown { without_addresses(value)? } else { value };
                namespace.room()?.push((name.clone(), value));
            }
        }
        Ok(namespace)
    }

    /// Tells whether a metaclass has something under a name that is asked when a class's attribute is set.
    fn is_set_by(&self, meta: &Object, name: &Object) -> Result<bool> {
        let order = meta.through(&self.held.of_types.mro)?;
        for at in 0..order.tuple_len() {
            let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
            if base.is_exactly_type() {
                break;
            }
            if let Some(found) = base.class_dict()?.dict_find(name)? {
                return Ok(found.sets_attributes());
            }
        }
        Ok(false)
    }

    /// How the attributes of a class are set.
    fn way_to_set(&self, class: &Object, meta: &Object, hooked: bool) -> Result<Set> {
        let names = &self.held.class_names;
        if !meta.is_exactly_type() {
            if !meta.class_lookup(&names.setattr).is(&self.held.type_setattr) {
                return Ok(Set::AsType);
            }
            for name in [&names.setstate, &names.getattr, &names.getattribute] {
                let found = meta.class_lookup(name);
                if found != Found::NOTHING && !found.is(&self.held.type_getattribute) {
                    return Ok(Set::OneByOne);
                }
            }
        }
        let order = class.through(&self.held.of_types.mro)?;
        for at in usize::from(!hooked)..order.tuple_len() {
            let Some(base) = order.tuple_item(at).filter(|base| base.is_class()) else { continue };
            if base.class_dict()?.dict_has(&names.setstate)? {
                return Ok(Set::OneByOne);
            }
        }
        Ok(Set::Build)
    }

    /// The base that has the metaclass which is given to what makes a class, where that goes by value.
    fn base_of_same_meta(&self, meta: &Object, first: &Object) -> Result<Option<Owned>> {
        if meta.is_exactly_type() || first.tuple_len() < 3 || self.goes_by_name(meta)? {
            return Ok(None);
        }
        let Some(bases) = first.tuple_item(first.tuple_len() - 1) else { return Ok(None) };
        let mut found = (0..bases.tuple_len()).filter_map(|at| bases.tuple_item(at));
        Ok(found.find(|base| base.class().is(meta)).map(Object::own))
    }

    /// Goes on with a class that is on the stack.
    pub(super) fn class_body(&mut self, program: &mut Program, body: ClassBody) -> Result<()> {
        let ClassBody { class, mut state, after, late, known, set } = body;
        let mut steps = Vec::new();
        let mut made = None;
        let hook = state.iter().position(|(name, _)| name.is(&self.held.class_names.init_subclass));
        let hook = hook.map(|at| state.remove(at).1);
        if known {
            // What is just made is filled; what follows uses the class that came first.
            let number = self.put_nothing()?;
            made = Some(number);
            steps.extend([Do::Bytes(&[op::TUPLE3, op::REDUCE]), Do::Put(class.clone()), Do::Number(number)]);
        } else {
            self.put_always(&class)?;
        }
        if let Some(hook) = hook {
            self.late.push_back(Late { class: class.clone(), made, what: What::Set(set, hook) });
        }
        for call in late.iter().flat_map(|late| (0..late.tuple_len()).filter_map(|at| late.tuple_item(at))) {
            self.late.push_back(Late { class: class.clone(), made, what: What::Call(call.own()) });
        }
        match set {
            Set::Build => build(state, &mut steps),
            Set::OneByOne | Set::AsType => {
                let setter = if set == Set::AsType { Standard::TypeSetAttr } else { Standard::SetAttr };
                for (name, value) in state {
                    steps.room()?.push(Do::Standard(setter));
                    steps.room()?.push(made.map_or_else(|| Do::Get(class.clone()), Do::Number));
                    steps.room()?.push(save(&name));
                    steps.room()?.push(Do::Save(Label::Attribute(name), value));
                    steps.room()?.push(Do::Bytes(&[op::TUPLE3, op::REDUCE, op::POP]));
                }
            }
        }
        let mut calls = Vec::new();
        if let Some(after) = after {
            for at in 0..after.tuple_len() {
                if let Some(call) = after.tuple_item(at) {
                    calls.extend([save(call), Do::Bytes(&[op::POP])]);
                }
            }
        }
        match made {
            None => steps.extend(calls),
            Some(number) => {
                if !calls.is_empty() {
                    steps.room()?.push(Do::As(class.clone(), number, calls));
                }
                steps.room()?.push(Do::Bytes(&[op::POP]));
            }
        }
        steps.room()?.push(Do::Leave(class));
        program.then(steps);
        Ok(())
    }

    /// The cell in which a class's annotations find what else is in it: it may be the dict of a class that a decorator has
    /// replaced by this one.
    fn class_scope(&mut self, annotate: &Object, class: &Owned) -> Result<()> {
        if !annotate.is_function() {
            return Ok(());
        }
        let parts = annotate.function_parts()?;
        let facts = self.facts(&parts.code)?;
        for at in 0..facts.freevars.tuple_len() {
            let (Some(name), Some(cell)) = (facts.freevars.tuple_item(at), parts.closure.tuple_item(at))
            else {
                break;
            };
            if name.equals(&self.held.class_names.classdict)? {
                if let Some(content) = cell.cell_content()?.filter(|content| content.is_exact_dict()) {
                    self.class_dicts.room()?.entry(content.ptr().addr()).or_insert_with(|| class.clone());
                }
            }
        }
        Ok(())
    }

    /// A class is begun, or code: at most so often inside itself; `endless` says why not.
    pub(super) fn opens(&mut self, object: &Object, most: u32, endless: &str) -> Result<()> {
        let times = self.open_classes.room()?.entry(object.ptr().addr()).or_default();
        *times += 1;
        if *times > most {
            return Err(Raised::about(&self.held.pickling_error, "can't pickle ", object, endless));
        }
        Ok(())
    }

    /// A class is finished, or was finished elsewhere; or code is.
    pub(super) fn leave_class(&mut self, class: &Object) {
        let address = class.ptr().addr();
        if let Some(times) = self.open_classes.get_mut(&address) {
            *times -= 1;
            if *times == 0 {
                self.open_classes.remove(&address);
            }
        }
        if self.class_stack.last().is_some_and(|last| last.is(class)) {
            self.class_stack.pop();
        }
    }

    /// The class in whose scope a cell of annotations lies: that whose own dict, or a view of it, the cell holds; or the one that
    /// is being written, where a function of the standard library made it from the class that the cell is of.
    pub(super) fn class_of_scope(&self, content: &Object) -> Result<Option<Owned>> {
        let own = content.proxied();
        let content = own.as_deref().unwrap_or(content);
        if let Some(known) = self.class_dicts.get(&content.ptr().addr()) {
            return Ok(Some(known.clone()));
        }
        if !content.is_exact_dict() {
            return Ok(None);
        }
        let names = &self.held.names;
        let Some(qualname) = content.dict_find(&names.qualname)? else { return Ok(None) };
        for class in self.class_stack.iter().rev() {
            if super::function::same_text(&*class.through(&self.held.of_types.qualname)?, &qualname)? {
                return Ok(Some(class.clone()));
            }
        }
        Ok(None)
    }

    /// What annotations may find in a scope whose class isn't there.
    pub(super) fn plain_scope(&self, content: &Object) -> Result<Owned> {
        let own = content.proxied();
        let content = own.as_deref().unwrap_or(content);
        let plain = dict()?;
        if !content.is_dict() {
            return Ok(plain);
        }
        let mut at = 0;
        while let Some((name, value)) = content.dict_next(&mut at) {
            let shown = name.shown();
            let own = SKIPPED.contains(&shown.as_str()) || shown.starts_with("__") && shown.ends_with("__");
            if !own {
                plain.dict_set(&name, &value)?;
            }
        }
        Ok(plain)
    }
}

/// Tells whether a name is among those.
fn is_given(given: &[(Owned, Owned)], name: &str) -> bool {
    given.iter().any(|(given, _)| given.utf8().map_err(Raised::dismiss).is_ok_and(|given| given == name))
}

/// Tells whether a value may ask the class for its other attributes when it is loaded.
fn asks_for_attributes(value: &Object) -> bool {
    use crate::python::Kind;
    !(Session::is_atom(value) || value.kind() == Kind::Function || value.is_method_maker())
}

/// Tells whether a hook of a base finds a value in the class that is being made: not an object of which nobody knows what it
/// does when a class is made with it.
fn may_come_first(value: &Object) -> bool {
    use crate::python::Kind;
    Session::is_atom(value)
        || matches!(
            value.kind(),
            Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet | Kind::Function
        )
        || value.is_method_maker()
}

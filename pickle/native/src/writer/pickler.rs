//! The class `Pickler`, and its memo as Python sees it. Several threads may use one pickler: what it holds is locked for the
//! moment in which it is read or changed, never while anything of Python's runs; a second dump at the same time is an error.

use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3_ffi as ffi;

use crate::python::making::{Attributes, Class, Content, NO_ATTRIBUTES, content, instance};
use crate::python::{
    Arguments, Function, Functions, Object, Owned, Raised, Result, Sign, Visit, dict, entry, int, none, tuple,
};
use crate::state;

use super::functions::{options, writer_of};
use super::held::Held;
use super::memo::Memo;
use super::session::{Options, Session};
use super::value::Choices;

/// What a pickler holds.
#[derive(Default)]
struct Inner {
    /// Nothing before `__init__`.
    write: Option<Owned>,
    protocol: u8,
    fix_imports: bool,
    fast: bool,
    buffer_callback: Option<Owned>,
    persistent_id: Option<Owned>,
    dispatch_table: Option<Owned>,
    /// What goes by value; nothing where all goes by name.
    choices: Option<Arc<Choices>>,
    memo: Memo,
    /// A dump is going on, which has the memo.
    writing: bool,
}

#[derive(Default)]
struct Pickler(Mutex<Inner>);

impl Pickler {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks it between two dumps.
    fn idle(&self) -> Result<MutexGuard<'_, Inner>> {
        let inner = self.lock();
        if !inner.writing {
            return Ok(inner);
        }
        drop(inner);
        Err(Raised::runtime("this Pickler is writing an object: use another one, or wait until it is done"))
    }
}

impl Content for Pickler {
    fn visit(&self, visit: &mut Visit) {
        // The collector never runs while one of us has it: nothing of Python's runs then.
        let Ok(inner) = self.0.try_lock() else { return };
        for held in [&inner.write, &inner.buffer_callback, &inner.persistent_id, &inner.dispatch_table] {
            visit.see_some(held.as_ref());
        }
        for (object, _) in inner.memo.entries() {
            visit.see(object);
        }
        for object in inner.memo.spaces.values().flat_map(super::value::Space::objects) {
            visit.see(object);
        }
        for object in inner.choices.iter().flat_map(|choices| choices.objects()) {
            visit.see(object);
        }
    }

    fn clear(&self) {
        let mut inner = self.lock();
        let memo = inner.memo.clear();
        let hooks = [
            inner.write.take(),
            inner.buffer_callback.take(),
            inner.persistent_id.take(),
            inner.dispatch_table.take(),
        ];
        let choices = inner.choices.take();
        drop(inner);
        drop((memo, hooks, choices));
    }
}

/// The memo of a pickler, as an object.
#[derive(Default)]
struct Proxy(Mutex<Option<Owned>>);

impl Proxy {
    fn pickler(&self) -> Result<Owned> {
        let pickler = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        pickler.ok_or_else(|| Raised::runtime("the memo's Pickler is gone"))
    }
}

impl Content for Proxy {
    fn visit(&self, visit: &mut Visit) {
        let Ok(pickler) = self.0.try_lock() else { return };
        visit.see_some(pickler.as_ref());
    }

    fn clear(&self) {
        let pickler = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pickler);
    }
}

static METHODS: Functions<5> = Functions::new([
    Function::one(c"_choose", choose, c"_choose($self, options, /)\n--\n\nSay what goes by value."),
    Function::one(c"dump", dump, c"dump($self, obj, /)\n--\n\nWrite an object to the file."),
    Function::none(
        c"clear_memo",
        clear_memo,
        c"clear_memo($self, /)\n--\n\nForget which objects have been written, before the next dump.",
    ),
    Function::none(c"__sizeof__", sizeof, c"__sizeof__($self, /)\n--\n\nThe size in memory, in bytes."),
    Function::END,
]);

static ATTRIBUTES: Attributes<6> = Attributes::new([
    Attributes::<6>::entry(c"memo", get_memo, Some(set_memo)),
    Attributes::<6>::entry(c"persistent_id", get_persistent_id, Some(set_persistent_id)),
    Attributes::<6>::entry(c"dispatch_table", get_dispatch_table, Some(set_dispatch_table)),
    Attributes::<6>::entry(c"fast", get_fast, Some(set_fast)),
    Attributes::<6>::entry(c"bin", get_bin, None),
    Attributes::<6>::END,
]);

static PROXY_METHODS: Functions<4> = Functions::new([
    Function::none(c"clear", proxy_clear, c"clear($self, /)\n--\n\nRemove everything."),
    Function::none(c"copy", proxy_copy, c"copy($self, /)\n--\n\nReturn a dict: id to number and object."),
    Function::none(c"__reduce__", proxy_reduce, c"__reduce__($self, /)\n--\n\nIt pickles as its copy."),
    Function::END,
]);

static NO_PERSISTENT_ID: Functions<2> = Functions::new([
    Function::one(c"persistent_id", no_persistent_id, c"persistent_id(obj, /)\n--\n\nNo object has one."),
    Function::END,
]);

/// Makes the class, and that of its memo.
pub(crate) fn classes(module: &Object) -> Result<(Owned, Owned)> {
    let mut pickler = Class::<Pickler>::new(
        c"interbind._pickle.Pickler",
        c"Pickler(file, protocol=None, fix_imports=True, buffer_callback=None)\n--\n\n\
          Writes objects to a file, as Python's own Pickler does, however deep they are.",
        &METHODS,
        &ATTRIBUTES,
    );
    pickler.init = Some(init);
    pickler.inherited = true;
    let proxy = Class::<Proxy>::new(
        c"interbind._pickle.PicklerMemoProxy",
        c"The memo of a Pickler.",
        &PROXY_METHODS,
        &NO_ATTRIBUTES,
    );
    Ok((pickler.make(module)?, proxy.make(module)?))
}

/// The function that a pickler of Python 3.13 has for a persistent id when nobody gave it one.
pub(crate) fn no_persistent_id_of(module: &Object) -> Result<Owned> {
    Object::make_function(&NO_PERSISTENT_ID, module)
}

/// What a slot of the class gets: the object, what it holds, and what the module holds.
fn with<'a>(object: *mut ffi::PyObject) -> Result<(&'a Object, &'a Pickler, &'a Held)> {
    // SAFETY: Python passes a live object to a slot of its class, and calls attached.
    let object = unsafe { Object::from_ptr(object) };
    // SAFETY: these slots are only in the class made for it.
    let pickler = unsafe { content::<Pickler>(object) };
    // SAFETY: a live class, which its instance keeps.
    let class = unsafe { Object::from_ptr(object.type_ptr().cast()) };
    Ok((object, pickler, &state::of_type(class)?.writer))
}

unsafe extern "C" fn init(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> c_int {
    entry(-1, || {
        let (object, pickler, held) = with(object)?;
        // SAFETY: Python passes a tuple.
        let arguments = unsafe { Object::from_ptr(arguments) };
        // SAFETY: Python passes a dict, or NULL.
        let keywords = unsafe { Object::from_ptr_or_none(keywords) };
        let names = ["file", "protocol", "fix_imports", "buffer_callback"];
        let given = Arguments::of_init("Pickler", names, arguments, keywords)?;
        let [file, protocol, fix_imports, callback] = &given;
        let Some(file) = file else {
            return Err(Raised::type_error("Pickler() missing required argument 'file' (pos 1)"));
        };
        let options = options(protocol.as_deref(), fix_imports.as_deref(), callback.as_deref())?;
        let write = writer_of(held, file)?;
        let mut fresh = Inner {
            write: Some(write),
            protocol: options.protocol,
            fix_imports: options.fix_imports,
            buffer_callback: options.buffer_callback,
            ..Inner::default()
        };
        fresh.dispatch_table = object.find(&held.names.dispatch_table)?;
        let old = core::mem::replace(&mut *pickler.idle()?, fresh);
        drop(old);
        Ok(0)
    })
}

unsafe extern "C" fn dump(object: *mut ffi::PyObject, what: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (object, pickler, held) = with(object)?;
        // SAFETY: Python passes a live object.
        let what = unsafe { Object::from_ptr(what) };
        let names = &held.names;
        // What a subclass has, or an instance was given.
        let reducer_override = object.find(&names.reducer_override)?;
        let persistent_id = object.find(&names.persistent_id)?;
        let persistent_id = persistent_id.filter(|hook| !held.is_no_persistent_id(hook));
        let dispatch_table = object.find(&names.dispatch_table)?;
        let mut inner = pickler.idle()?;
        let Some(write) = inner.write.clone() else {
            drop(inner);
            let name = object.class_name();
            let text = format!("Pickler.__init__() was not called by {name}.__init__()");
            return Err(Raised::new(&held.pickling_error, &text));
        };
        let options = Options {
            protocol: inner.protocol,
            fix_imports: inner.fix_imports,
            fast: inner.fast,
            persistent_id,
            reducer_override,
            dispatch_table,
            buffer_callback: inner.buffer_callback.clone(),
        };
        let choices = inner.choices.clone();
        inner.writing = true;
        let memo = core::mem::take(&mut inner.memo);
        drop(inner);
        let (result, memo) = write_out(held, options, choices, memo, write, what);
        let mut inner = pickler.lock();
        inner.memo = memo;
        inner.writing = false;
        drop(inner);
        result.map(|_| none().into_ptr())
    })
}

/// A dump, the memo back in any case.
fn write_out(
    held: &Held,
    options: Options,
    choices: Option<Arc<Choices>>,
    memo: Memo,
    file: Owned,
    what: &Object,
) -> (Result<()>, Memo) {
    match Session::new(held, options, Some(file)) {
        Ok(mut session) => {
            session.memo = memo;
            if let Some(choices) = choices {
                session.choices = choices;
            }
            let (result, memo) = session.dump(what);
            (result.map(drop), memo)
        }
        Err(raised) => (Err(raised), memo),
    }
}

unsafe extern "C" fn choose(object: *mut ffi::PyObject, given: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, _) = with(object)?;
        // SAFETY: Python passes a live object.
        let given = unsafe { Object::from_ptr(given) };
        let choices = if given.is_none() { Choices::usual() } else { Choices::read(given)? };
        let old = pickler.idle()?.choices.replace(choices.shared());
        drop(old);
        Ok(none().into_ptr())
    })
}

unsafe extern "C" fn clear_memo(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, _) = with(object)?;
        let memo = pickler.idle()?.memo.clear();
        drop(memo);
        Ok(none().into_ptr())
    })
}

unsafe extern "C" fn sizeof(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (object, pickler, _) = with(object)?;
        // SAFETY: a live class.
        let own = unsafe { (*object.type_ptr()).tp_basicsize };
        let memo = pickler.lock().memo.size();
        Ok(int(i64::try_from(own.turned() + memo).unwrap_or(i64::MAX))?.into_ptr())
    })
}

unsafe extern "C" fn get_memo(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (object, _, held) = with(object)?;
        let Some(class) = &held.proxy else { return Err(Raised::runtime("the module isn't filled yet")) };
        // SAFETY: the class that was made for it.
        let proxy = unsafe { instance(class, Proxy(Mutex::new(Some(object.own())))) }?;
        Ok(proxy.into_ptr())
    })
}

unsafe extern "C" fn set_memo(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    entry(-1, || {
        let (_, pickler, held) = with(object)?;
        // SAFETY: Python passes a live object, or NULL.
        let Some(value) = (unsafe { Object::from_ptr_or_none(value) }) else {
            return Err(Raised::type_error("attribute deletion is not supported"));
        };
        let is_proxy = held.proxy.as_ref().is_some_and(|class| class.ptr() == value.type_ptr().cast());
        let copy = if is_proxy {
            // SAFETY: of the class that was made for it.
            memo_as_dict(&*unsafe { content::<Proxy>(value) }.pickler()?)?
        } else if value.is_dict() {
            value.dict_copy()?
        } else {
            let name = value.class_name();
            return Err(Raised::type_error(&format!(
                "'memo' attribute must be a PicklerMemoProxy object or dict, not {name}"
            )));
        };
        let (mut memo, mut at) = (Memo::default(), 0);
        while let Some((_, entry)) = copy.dict_next(&mut at) {
            let (2, Some(number), Some(object)) =
                (entry.tuple_len(), entry.tuple_item(0), entry.tuple_item(1))
            else {
                return Err(Raised::type_error("'memo' values must be 2-item tuples"));
            };
            let number = usize::try_from(number.int()?)
                .map_err(|_| Raised::value("a memo's numbers aren't negative"))?;
            memo.set(object, number)?;
        }
        let old = core::mem::replace(&mut pickler.idle()?.memo, memo);
        drop(old);
        Ok(0)
    })
}

unsafe extern "C" fn get_persistent_id(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, held) = with(object)?;
        let own = pickler.lock().persistent_id.clone();
        match own.or_else(|| held.no_persistent_id.clone()) {
            Some(hook) => Ok(hook.into_ptr()),
            None => Err(Raised::attribute_error("persistent_id")),
        }
    })
}

unsafe extern "C" fn set_persistent_id(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    entry(-1, || {
        let (_, pickler, held) = with(object)?;
        // SAFETY: Python passes a live object, or NULL.
        let value = unsafe { Object::from_ptr_or_none(value) };
        if value.is_none() && held.no_persistent_id.is_none() {
            return Err(Raised::type_error("attribute deletion is not supported"));
        }
        if value.is_some_and(|value| !value.is_callable()) {
            return Err(Raised::type_error("persistent_id must be a callable taking one argument"));
        }
        let old = core::mem::replace(&mut pickler.lock().persistent_id, value.map(Object::own));
        drop(old);
        Ok(0)
    })
}

unsafe extern "C" fn get_dispatch_table(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, _) = with(object)?;
        let table = pickler.lock().dispatch_table.clone();
        table.map(Owned::into_ptr).ok_or_else(|| Raised::attribute_error("dispatch_table"))
    })
}

unsafe extern "C" fn set_dispatch_table(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    entry(-1, || {
        let (_, pickler, _) = with(object)?;
        // SAFETY: Python passes a live object, or NULL.
        let value = unsafe { Object::from_ptr_or_none(value) };
        let old = core::mem::replace(&mut pickler.lock().dispatch_table, value.map(Object::own));
        if value.is_none() && old.is_none() {
            return Err(Raised::attribute_error("dispatch_table"));
        }
        drop(old);
        Ok(0)
    })
}

unsafe extern "C" fn get_fast(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, _) = with(object)?;
        let fast = pickler.lock().fast;
        Ok(int(fast.into())?.into_ptr())
    })
}

unsafe extern "C" fn set_fast(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    entry(-1, || {
        let (_, pickler, _) = with(object)?;
        // SAFETY: Python passes a live object, or NULL.
        let Some(value) = (unsafe { Object::from_ptr_or_none(value) }) else {
            return Err(Raised::type_error("can't delete numeric/char attribute"));
        };
        let fast = value.truth()?;
        pickler.lock().fast = fast;
        Ok(0)
    })
}

unsafe extern "C" fn get_bin(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let (_, pickler, _) = with(object)?;
        let binary = pickler.lock().protocol > 0;
        Ok(int(binary.into())?.into_ptr())
    })
}

unsafe extern "C" fn no_persistent_id(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    none().into_ptr()
}

/// The pickler of a memo.
fn of_proxy(object: *mut ffi::PyObject) -> Result<Owned> {
    // SAFETY: Python passes a live object to a slot of its class, and calls attached.
    let object = unsafe { Object::from_ptr(object) };
    // SAFETY: these slots are only in the class made for it, from which nothing inherits.
    unsafe { content::<Proxy>(object) }.pickler()
}

fn memo_as_dict(pickler: &Object) -> Result<Owned> {
    // SAFETY: a proxy holds nothing but a pickler.
    let inner = unsafe { content::<Pickler>(pickler) }.idle()?;
    // Making objects may run the collector, which must find the lock free.
    let entries: Vec<_> = inner.memo.entries().map(|(object, number)| (object.own(), number)).collect();
    drop(inner);
    let copy = dict()?;
    for (object, number) in entries {
        let id = int(object.ptr().addr().turned() as i64)?;
        let number = int(i64::try_from(number).unwrap_or(i64::MAX))?;
        copy.dict_set(&id, &*tuple(&[&number, &object])?)?;
    }
    Ok(copy)
}

unsafe extern "C" fn proxy_clear(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let pickler = of_proxy(object)?;
        // SAFETY: a proxy holds nothing but a pickler.
        let memo = unsafe { content::<Pickler>(&pickler) }.idle()?.memo.clear();
        drop(memo);
        Ok(none().into_ptr())
    })
}

unsafe extern "C" fn proxy_copy(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || Ok(memo_as_dict(&*of_proxy(object)?)?.into_ptr()))
}

unsafe extern "C" fn proxy_reduce(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    entry(ptr::null_mut(), || {
        let copy = memo_as_dict(&*of_proxy(object)?)?;
        let class = copy.class();
        Ok(tuple(&[&class, &*tuple(&[&copy])?])?.into_ptr())
    })
}

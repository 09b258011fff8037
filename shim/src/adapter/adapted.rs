//! What adapters share: a record for a class of another framework, which says what the consumer declared and whose class it is. It
//! is untracked, since C++ code may write at any time. What differs between frameworks is how an object is borrowed.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use interbind_abi::core::Status;
use interbind_abi::owner::{OWNER, OwnerRecord};
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{
    ALIASING_UNTRACKED, BorrowObject, FLAG_SUBCLASSABLE, SHARED, STATE_CLAIMED, THREAD_ATTACHED, TYPE,
};
use interbind_abi::{Reason, Str};
use interbind_structures::chain::Chain;
use interbind_structures::claim;
use interbind_structures::memory::boxed;

use super::{Declared, nanobind, pybind11};
use crate::ffi::conduit::Conduit;
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::nanobind::State;
use crate::ffi::{Attached, Raised, Strong, thunk, type_object};
use crate::fits::inherits;
use crate::interpreters::Binding;
use crate::judged::readable;
use crate::owner::{COMPILER, PLATFORM, VERSION};
use crate::publish::{never_exclusive, wrong_object};
use crate::refusal::{Sides, refuse};
use crate::sync::{AtomicPtr, Ordering};
use crate::text::{Text, number};

/// What is said of an object whose class was made and which wasn't.
pub(super) const EMPTY: &str =
    "the object has no value: `__init__` of its class was not called, or its value was given away";

/// What one can do then.
pub(super) const MAKE: &str =
    "make objects by calling their class, and don't use those that a function took over";

/// A `std::type_info` as the Itanium C++ ABI lays it out. Who reads it reads the name alone, and may keep its address.
#[repr(C)]
#[derive(Debug)]
struct CppType {
    table: AtomicPtr<c_void>,
    name: AtomicPtr<c_char>,
}

/// What takes objects of pybind11 and of nanobind as a shared type: a static, one for each type.
#[derive(Debug)]
pub struct Adapter {
    cpp_type: CppType,
    pub(super) name: &'static CStr,
    pub(super) size: usize,
    pub(super) align: usize,
    /// Through a pointer, so that a module whose types name no C++ class has nothing of this folder.
    adapt: fn(&'static Self, &Declared, Live<'_>, &Binding, Raised) -> Result<(), Raised>,
    pub(super) records: Chain<&'static Adapted>,
}

/// What the objects of a class are asked for their value by.
pub(super) enum Source {
    /// The class's conduit, of pybind11.
    Conduit(Conduit),
    /// The state of nanobind that the class belongs to, and the address of its C++ type.
    State(&'static State, usize),
}

/// A record of a class, and what stands behind it, at one address. Never freed.
#[repr(C)]
pub(super) struct Adapted {
    pub(super) record: TypeRecord,
    pub(super) adapter: &'static Adapter,
    pub(super) source: Source,
    serial: [u8; 16],
    /// Of pybind11: its conduit has said that the value is where an object of the very class has a word for it.
    #[cfg(feature = "known-layouts")]
    pub(super) is_word: crate::sync::AtomicU32,
}

impl core::fmt::Debug for Adapted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Adapted").finish_non_exhaustive()
    }
}

impl Adapter {
    /// Names the C++ class, mangled, and says the bytes and the alignment of the type.
    pub const fn new(name: &'static CStr, size: usize, align: usize) -> Self {
        Self {
            cpp_type: CppType {
                table: AtomicPtr::new(ptr::null_mut()),
                name: AtomicPtr::new(name.as_ptr().cast_mut()),
            },
            name,
            size,
            align,
            adapt,
            records: Chain::new(),
        }
    }

    /// Publishes the class of an object that was refused, if it's one of pybind11 or nanobind that holds this C++ class.
    ///
    /// # Errors
    /// The refusal, where the class is another; it is such a class, and can't be taken.
    pub(crate) fn adapt(
        &'static self,
        declared: &Declared,
        object: Live<'_>,
        binding: &Binding,
        refusal: Raised,
    ) -> Result<(), Raised> {
        (self.adapt)(self, declared, object, binding, refusal)
    }

    /// The address of the C++ type.
    pub(super) fn cpp_type(&'static self) -> *mut c_void {
        (&raw const self.cpp_type).cast_mut().cast()
    }

    /// Tells whether a class is published by this.
    pub(super) fn has(&self, class: &Strong) -> bool {
        let is_it = |one: &&'static Adapted| {
            ptr::eq(one.record.py_type.load(Ordering::Acquire), class.as_ptr().cast())
        };
        self.records.find(|one| is_it(one)).is_some()
    }
}

fn adapt(
    adapter: &'static Adapter,
    declared: &Declared,
    object: Live<'_>,
    binding: &Binding,
    refusal: Raised,
) -> Result<(), Raised> {
    let at = object.at();
    let Some(refused) = error::take(at) else { return Err(refusal) };
    let unpublished = [Reason::NotPublished, Reason::WrongObject].map(Reason::slug);
    let reason = error::reason_of(at, &refused);
    let asked = Asked { adapter, declared, object, binding };
    let may_be = reason.is_some_and(|reason| unpublished.contains(&&*reason));
    if may_be && (pybind11::adapt(&asked)? || nanobind::adapt(&asked)?) {
        return Ok(());
    }
    Err(error::restore(at, refused))
}

/// What an adapter is asked about.
pub(super) struct Asked<'a> {
    pub(super) adapter: &'static Adapter,
    pub(super) declared: &'a Declared,
    pub(super) object: Live<'a>,
    pub(super) binding: &'a Binding,
}

impl Asked<'_> {
    /// Refuses the object, in the name of the consumer.
    pub(super) fn refused(&self, reason: Reason, line: &str, fix: &str) -> Raised {
        let template = "cannot borrow '{0}' as {1}\n{2}\n{3}";
        let values = [&*name_of(self.object), self.declared.name, line, fix];
        refuse(self.object.at(), Class::Type, reason, template, &values, Sides::consumer(self.binding.owner))
    }

    /// Compares the size and the alignment that a framework has of a class with those that are expected. That they are equal proves
    /// nothing of the fields.
    pub(super) fn measure(&self, (size, align): (usize, usize)) -> Result<(), Raised> {
        let mut lines = Text::new();
        for (part, found, expected) in
            [("size", size, self.adapter.size), ("alignment", align, self.adapter.align)]
        {
            if found != expected {
                let line = if lines.is_empty() { "" } else { "\n" };
                let (found, expected) = (number(found as u64), number(expected as u64));
                lines.push(&[line, part, ": provider has ", &found, ", this module expects ", &expected]);
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let fix = "declare the type as the C++ class that the object's module was compiled with";
        Err(self.refused(Reason::LayoutDiffers, &lines, fix))
    }

    /// Publishes a class of `framework`, which calls its platform `id`: by a free record of a source that `is_it` knows, or a new
    /// one.
    pub(super) fn publish(
        &self,
        class: &Strong,
        is_it: impl Fn(&Source) -> bool,
        source: impl FnOnce() -> Source,
        borrow: BorrowObject,
        by: (&str, &str),
    ) -> Result<bool, Raised> {
        let at = self.object.at();
        let serial = self.binding.core.serial();
        // Only with the source that it has: a thread that is about to borrow through it may be anywhere.
        let is_ours = |one: &&'static Adapted| is_it(&one.source) && one.serial == serial;
        let free = self.adapter.records.iter().find(|one| is_ours(one) && claim::claim(&one.record.state));
        let made = match free {
            Some(free) => free,
            None => self.make(at, class, source(), borrow, by).ok_or_else(|| error::no_memory(at))?,
        };
        match self.binding.types.publish(at, &made.record, class) {
            Status::OK => Ok(true),
            // The record is lost: nobody knows who has it by now.
            _ => Err(self.refused(
                Reason::WrongObject,
                "the registry refuses the object's class",
                "use shared objects before the interpreter ends",
            )),
        }
    }

    /// Makes a record; none without memory.
    fn make(
        &self,
        at: Attached,
        class: &Strong,
        source: Source,
        borrow: BorrowObject,
        (framework, id): (&str, &str),
    ) -> Option<&'static Adapted> {
        let (adapter, declared) = (self.adapter, self.declared);
        let module =
            type_object::own_part(at, class, "__module__").ok().and_then(|module| module.to_text(at));
        at.clear();
        let owner = OwnerRecord {
            header: OWNER.header::<OwnerRecord>(),
            name: Str::new(module.and_then(Text::into_string).map_or("?", |name| name.leak())),
            version: Str::new(Text::of_parts(&["(", framework, ", ", id, ")"]).into_string()?.leak()),
            file: Str::new(""),
            platform: Str::new(PLATFORM),
            interbind: Str::new(VERSION),
            compiler: Str::new(COMPILER),
        };
        let owner: &'static OwnerRecord = Box::leak(boxed(owner).ok()?);
        let made = Adapted {
            record: TypeRecord {
                header: TYPE.header::<TypeRecord>(),
                name: Str::new(declared.name),
                version_text: Str::new(declared.version_text),
                version: declared.version,
                kind: declared.kind,
                aliasing: ALIASING_UNTRACKED,
                thread: THREAD_ATTACHED,
                flags: FLAG_SUBCLASSABLE.into(),
                base_count: 0,
                serial: [0, 0].map(Into::into),
                py_type: ptr::null_mut::<c_void>().into(),
                data_offset: 0.into(),
                borrow: Some(borrow),
                release: Some(release),
                wrap: None,
                vtable: ptr::null(),
                descriptor: Str::new(declared.descriptor),
                owner,
                core: ptr::null_mut::<interbind_abi::core::CoreRecord>().into(),
                native: Str::new(""),
                bases: ptr::null(),
                state: STATE_CLAIMED.into(),
                base_size: 0,
                size: adapter.size as u64,
                reserved: 0,
            },
            adapter,
            source,
            serial: self.binding.core.serial(),
            #[cfg(feature = "known-layouts")]
            is_word: 0.into(),
        };
        let made: &'static Adapted = Box::leak(boxed(made).ok()?);
        adapter.records.add(made, |_| false).ok()?;
        Some(made)
    }
}

/// Starts every borrow: the object's class is the record's, and the mode is one that everybody may have.
///
/// # Errors
/// What a borrow returns then: NULL, with an exception.
#[inline]
pub(super) fn starts(own: &Adapted, object: Live<'_>, mode: u32) -> Result<(), *mut c_void> {
    if !inherits(&own.record, object.class()) {
        return Err(wrong_object(object, &own.record));
    }
    if mode != SHARED {
        return Err(never_exclusive(object, &own.record));
    }
    Ok(())
}

/// The name of an object's class. What is set stays set, and becomes the cause.
fn name_of(object: Live<'_>) -> Text {
    let at = object.at();
    let raised = error::take(at);
    let name = object.class_name();
    if let Some(raised) = raised {
        let _ = error::restore(at, raised);
    }
    name
}

/// Why an object gives no value.
#[cold]
#[inline(never)]
pub(super) fn refuse_value(object: Live<'_>, record: &TypeRecord, line: &str) -> *mut c_void {
    let template = "cannot borrow '{0}' as {1}\n{2}\n{3}";
    let values = [&*name_of(object), readable(&record.name), line, MAKE];
    let sides = Sides::provider(record.owner);
    let _ = refuse(object.at(), Class::Type, Reason::WrongObject, template, &values, sides);
    ptr::null_mut()
}

thunk! {
    /// There is nothing to give back.
    fn release(_record: *const TypeRecord, _object: *mut c_void, _data: *mut c_void, _mode: u32), else (), {}
}

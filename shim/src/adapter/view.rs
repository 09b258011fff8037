//! A nanobind object that refers to the data of another module's object and keeps that alive: what unmodified functions of nanobind
//! take. `interbind.view` of the wheel.
//!
//! C++ code may write through it, and keep it, so only data of a class that tracks no borrows is lent so. That the data is the C++ class
//! of the nanobind class has been said by an author: of the object's class, which answers pybind11 as that class, or of the
//! nanobind class, which is published as the same type. Size and alignment are compared besides.
//!
//! **Boundary**: a call of the object's class's loader or borrow, and of nanobind's table.

use core::ffi::{CStr, c_char, c_void};
use core::ptr::NonNull;

use interbind_abi::Reason;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::record::{ALIASING_UNTRACKED, KIND_DATA, SHARED};

use super::answers::{LOADERS, Loader};
use crate::ffi::conduit;
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::nanobind::{self, State, Unreached};
use crate::ffi::{Attached, PyObject, Raised, Strong, type_object};
use crate::interpreters::Binding;
use crate::judged::readable;
use crate::refusal::{Sides, refuse};
use crate::shared::Module;
use crate::sync::Ordering;
use crate::text::{Text, number};

/// Makes a nanobind object of `class` that refers to the data of `object`, and keeps it alive.
///
/// # Errors
/// TypeError: `class` was not made by nanobind 3, or the object's data isn't known to be of its C++ class, or isn't lent so.
///
/// # Safety
/// 1. The thread is attached; both are live objects.
pub unsafe fn view<M: Module>(
    object: NonNull<PyObject>,
    class: NonNull<PyObject>,
) -> Result<NonNull<PyObject>, Raised> {
    // SAFETY: duty 1.
    let object = unsafe { Live::new(object) };
    let at = object.at();
    // SAFETY: duty 1.
    let class = unsafe { Strong::from_borrowed(at, class.as_ptr()) };
    // SAFETY: attached, a live object.
    if !unsafe { type_object::is_type(class.as_ptr()) } {
        return Err(error::say(
            at,
            Class::Type,
            "interbind.view takes an object and a class that nanobind made",
        ));
    }
    let asked = Asked { object, class, binding: M::identity().binding(at)? };
    let state = asked.state()?;
    let Some((size, align)) = state.measures(at, &asked.class) else { return Err(asked.strange()) };
    let (record, address) = asked.found(state)?;
    let misplaced = if align == 0 { 1 } else { address as usize % align };
    if record.size != size as u64 || misplaced != 0 {
        return Err(asked.differs(record, size, misplaced));
    }
    // Whatever ran meanwhile, the object has its class, and its data is where it was: the class tracks no borrows.
    state.refer(at, &asked.class, address, object)
}

/// What is asked for.
struct Asked<'a> {
    object: Live<'a>,
    class: Strong,
    binding: &'a Binding,
}

impl Asked<'_> {
    fn at(&self) -> Attached<'_> {
        self.object.at()
    }

    fn refused(&self, reason: Reason, sides: Sides, line: &str, fix: &str) -> Raised {
        let at = self.at();
        let raised = error::take(at);
        let class = type_object::type_name(at, &self.class);
        let name = self.object.class_name();
        if let Some(raised) = raised {
            // It becomes the cause.
            let _ = error::restore(at, raised);
        }
        let template = "cannot view '{0}' as '{1}'\n{2}\n{3}";
        refuse(at, Class::Type, reason, template, &[&*name, &*class, line, fix], sides)
    }

    fn strange(&self) -> Raised {
        let line = "nanobind 3 did not make it: a class of Python code, or of another framework, can't refer to foreign data";
        self.refused(
            Reason::WrongObject,
            Sides::NONE,
            line,
            "name the class that the module's author made of the C++ class",
        )
    }

    /// The state of the nanobind class.
    fn state(&self) -> Result<&'static State, Raised> {
        let at = self.at();
        if !nanobind::may_be(at, &self.class) {
            return Err(self.strange());
        }
        let state = nanobind::state_of(at, &self.class, self.binding.core.serial());
        let state = state.map_err(|Unreached(line)| {
            self.refused(Reason::WrongObject, Sides::NONE, line, "install nanobind-backend")
        })?;
        if state.is_made(at, &self.class) { Ok(state) } else { Err(self.strange()) }
    }

    /// A record that says that the object's data is of the nanobind class's C++ class, and the address of the data.
    fn found(&self, state: &State) -> Result<(&'static TypeRecord, *mut c_void), Raised> {
        let at = self.at();
        let class = self.object.class().held(at);
        let ancestors = conduit::ancestors(at, &class);
        let mut other = None;
        for record in ancestors.iter().flat_map(|one| self.binding.types.of_type(at, one)) {
            if record.kind != KIND_DATA {
                continue;
            }
            other = other.or(Some(record));
            if record.aliasing != ALIASING_UNTRACKED {
                continue;
            }
            if let Some(address) = self.answered(state, &ancestors) {
                return Ok((record, address));
            }
            let mut published = self.binding.types.of_type(at, &self.class);
            let is_same = |one: &'static TypeRecord| {
                one.kind == KIND_DATA
                    && readable(&one.name) == readable(&record.name)
                    && readable(&one.descriptor) == readable(&record.descriptor)
            };
            if published.any(is_same) {
                return Ok((record, self.borrowed(record)?));
            }
        }
        let (reason, sides, line, fix) = match other {
            None => (
                Reason::NotPublished,
                Sides::NONE,
                "the object's class is published as no data type",
                "pass an object of a class that is shared",
            ),
            Some(record) if record.aliasing == ALIASING_UNTRACKED => (
                Reason::NameDiffers,
                Sides::provider(record.owner),
                "nobody has said that the object's data is of that C++ class",
                "have the object's class answer as it (`conduit`, and `cpp`), or publish the nanobind class as the same type",
            ),
            Some(record) => (
                Reason::NotShareable,
                Sides::provider(record.owner),
                "the object's class is frozen or tracks its borrows, and C++ code writes whenever it likes",
                "publish the object's class as one that tracks no borrows, or copy the values into an object of the nanobind class",
            ),
        };
        Err(self.refused(reason, sides, line, fix))
    }

    /// The data of an object whose class answers pybind11 as the nanobind class's C++ class.
    fn answered(&self, state: &State, ancestors: &[Strong]) -> Option<*mut c_void> {
        let at = self.at();
        let name = Strong::text(at, LOADERS[0]).ok()?;
        let capsule = ancestors.iter().find_map(|one| conduit::own_entry(at, one, &name))?;
        let loader = conduit::address(at, &capsule, Some(c"interbind.conduit")).cast::<Loader>();
        // SAFETY: only interbind makes capsules of that name, around a static that is never freed.
        let loader = unsafe { loader.as_ref() }?;
        let cpp_type = loader.cpp_type.load(Ordering::Acquire).cast::<[*const c_char; 2]>();
        // SAFETY: as above: a `type_info`.
        let said = unsafe { cpp_type.as_ref() }?[1];
        // SAFETY: a terminated text, which lives as long.
        let said = (!said.is_null()).then(|| unsafe { CStr::from_ptr(said) })?;
        state.cpp_type(at, &self.class, said)?;
        // SAFETY: attached, a live object, its own record; it looks for the object's class itself, whosever attribute this is.
        let found = unsafe { (loader.load)(self.object.as_ptr().cast(), core::ptr::from_ref(loader).cast()) };
        (!found.is_null()).then_some(found)
    }

    /// The data of an object of a published class, which stays where it is while the object lives.
    fn borrowed(&self, record: &'static TypeRecord) -> Result<*mut c_void, Raised> {
        let (Some(borrow), Some(release)) = (record.borrow, record.release) else {
            return Err(self.strange());
        };
        let object = self.object.as_ptr().cast();
        // SAFETY: conduit v1: a live object, attached, a mode that every class has.
        let found = unsafe { borrow(record, object, SHARED) };
        if found.is_null() {
            return Err(Raised::at(self.at()));
        }
        // SAFETY: conduit v1: once, for the borrow above.
        unsafe { release(record, object, found, SHARED) };
        Ok(found)
    }

    fn differs(&self, record: &TypeRecord, size: usize, misplaced: usize) -> Raised {
        let (theirs, ours) = (number(record.size), number(size as u64));
        let mut lines = Text::new();
        let mut reason = Reason::LayoutDiffers;
        if record.size == size as u64 {
            reason = Reason::Misaligned;
            lines.push(&[
                "address (bytes beyond a multiple): provider has ",
                &number(misplaced as u64),
                ", the class expects 0",
            ]);
        } else {
            lines.push(&["size: provider has ", &theirs, ", the class expects ", &ours]);
        }
        let fix = "name the class of the C++ type that the object's data is";
        self.refused(reason, Sides::provider(record.owner), &lines, fix)
    }
}

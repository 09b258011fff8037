//! The `exceptions` table that this build serves: the maker's side.
//!
//! Belongs to the internals contract.
//!
//! **Boundary**: the functions of the `exceptions` table, which modules of other builds call, and their translators.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use interbind_abi::core::{CoreRecord, Status};
use interbind_abi::owner::OwnerRecord;
use interbind_abi::services::exceptions::{EXCEPTIONS, VisitTranslator};
use interbind_abi::services::{ExceptionsService, ServiceHead, Translator};
use interbind_abi::{Str, judge, keys};
use interbind_structures::memory::boxed;
use interbind_structures::translators::Translators;

use crate::ffi::{Attached, error, thunk};
use crate::internals::Home;

/// What a maker keeps behind its table, which comes first.
#[derive(Debug)]
#[repr(C)]
struct Service {
    table: ExceptionsService,
    core: Home,
    translators: Translators<*const Translator>,
}

thunk! {
    /// Makes the table for [`CoreRecord::service`]; `context` is the maker's owner record, which lives for ever.
    pub(super) fn make(core: *mut CoreRecord, context: *mut c_void, out: *mut *mut ServiceHead) -> Status, else Status::FAILED, {
        let Some(core) = NonNull::new(core) else { return Status::INVALID };
        let service = boxed(Service {
            table: ExceptionsService {
                head: ServiceHead {
                    header: EXCEPTIONS.header::<ExceptionsService>(),
                    name: Str::new(keys::EXCEPTIONS),
                    owner: context.cast_const().cast::<OwnerRecord>(),
                    close: None,
                    destroy,
                },
                register,
                unregister,
                translate,
                visit,
                private: ptr::null_mut(),
            },
            // SAFETY: `MakeService`'s contract: the core that this service belongs to, which frees it.
            core: unsafe { Home::of(core) },
            translators: Translators::new(),
        });
        let Ok(service) = service else { return Status::FAILED };
        // SAFETY: `MakeService`'s contract.
        unsafe { out.write(Box::into_raw(service).cast()) };
        Status::OK
    }

    /// Frees the list; translators are their modules'.
    fn destroy(service: *mut ServiceHead), else (), {
        // SAFETY: the core calls this once, with the table that `make` made, which starts the box.
        drop(unsafe { Box::from_raw(service.cast::<Service>()) });
    }

    fn register(service: *const ExceptionsService, translator: *const Translator) -> Status, else Status::FAILED, {
        let (Some(service), Some(kind)) = (behind(service), judged_kind(translator)) else { return Status::INVALID };
        if !service.core.is_open() {
            return Status::ENDING;
        }
        match service.translators.register(kind, translator) {
            Ok(true) => Status::OK,
            Ok(false) => Status::DIFFERS,
            Err(_) => {
                // SAFETY: the table's contract.
                let _ = error::no_memory(unsafe { Attached::assume() });
                Status::FAILED
            }
        }
    }

    fn unregister(service: *const ExceptionsService, translator: *const Translator) -> Status, else Status::FAILED, {
        let (Some(service), false) = (behind(service), translator.is_null()) else { return Status::INVALID };
        if service.translators.unregister(translator) { Status::OK } else { Status::MISSING }
    }

    fn translate(
        service: *const ExceptionsService,
        kind: Str,
        exception: *const c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(kind), false) = (behind(service), text(&kind), exception.is_null()) else {
            return Status::INVALID;
        };
        // SAFETY: the table's contract.
        let at = unsafe { Attached::assume() };
        if at.has_raised() {
            return Status::INVALID;
        }
        let known = service.translators.walk(Some(kind), |translator| {
            // SAFETY: `register` judged it; it stays readable while it is registered and during this call.
            let translator = unsafe { &*translator };
            // SAFETY: `Translate`'s contract; no lock is held, no exception set.
            let status = unsafe { (translator.translate)(translator.context, exception) };
            if status == Status::OK && at.has_raised() {
                return Some(());
            }
            // Whoever doesn't know it, or says so by half, leaves nothing behind.
            at.clear();
            None
        });
        known.map_or(Status::MISSING, |()| Status::OK)
    }

    fn visit(
        service: *const ExceptionsService,
        visit: Option<VisitTranslator>,
        context: *mut c_void,
    ) -> Status, else Status::FAILED, {
        let (Some(service), Some(visit)) = (behind(service), visit) else { return Status::INVALID };
        let stopped = service.translators.walk(None, |translator| {
            // SAFETY: `VisitTranslator`'s contract; no lock is held.
            let status = unsafe { visit(translator, context) };
            (status != Status::OK).then_some(status)
        });
        stopped.unwrap_or(Status::OK)
    }
}

/// Judges a translator; its kind.
fn judged_kind<'a>(translator: *const Translator) -> Option<&'a str> {
    // SAFETY: threat model: NULL, or a record that stays readable while it is registered.
    let translator = unsafe { judge(translator) }.ok()?;
    let kind = text(&translator.kind)?;
    (!kind.is_empty() && !translator.owner.is_null()).then_some(kind)
}

/// Reads an argument's text, or that of a record that was judged.
fn text<'a>(text: &Str) -> Option<&'a str> {
    // SAFETY: the table's contract: texts are readable during the call.
    unsafe { text.read() }
}

/// Returns what stands behind one of our own tables.
fn behind<'a>(service: *const ExceptionsService) -> Option<&'a Service> {
    // SAFETY: the table's contract: NULL, or the table that the function stands in, which starts a `Service`.
    unsafe { service.cast::<Service>().as_ref() }
}

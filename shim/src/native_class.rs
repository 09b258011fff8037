//! Native classes as a module on bare pyo3-ffi consumes them: found by key, judged by the ABI of their language.
//!
//! There is no declaration that both sides compile, so what a borrow gives is an address; what it's worth, the two builds'
//! native ABIs say, which are equal once the record was judged.

use core::ffi::c_void;
use core::fmt;
use core::ptr::NonNull;

use interbind_abi::types::record::SHARED;

use crate::ffi::Raised;
use crate::ffi::live::Live;
use crate::foreign::Loan;
use crate::judge::{Request, judge_object};
use crate::judged::Records;
use crate::shared::Module;

/// A native class that a module consumes; a static of it.
///
/// # Examples
///
/// <!-- tests/fixtures/extensions/services/src/types.rs:native -->
/// ```
/// /// `(object, compiler)`: the address in a wrapped `c++:1W`, as a build by one compiler or the other sees it, and how many
/// /// borrows are open meanwhile and after.
/// pub fn native<'a>(args: &Args<'a>) -> Answer<'a> {
///     static GCCS: NativeClass = NativeClass::new("c++:1W", GCC);
///     static CLANGS: NativeClass = NativeClass::new("c++:1W", CLANG);
///     let py = args.py;
///     let class = if args.truth(1)? { &CLANGS } else { &GCCS };
///     let object = NonNull::new(args.object(0)?.cast()).ok_or_else(|| py.failed())?;
///     // SAFETY: attached; the arguments hold the object.
///     let borrowed = unsafe { class.borrow::<__Interbind>(object) }?;
///     let address = borrowed.as_ptr() as u64;
///     let during = BORROWS.load(Ordering::Relaxed);
///     drop(borrowed);
///     py.tuple([py.number(address), py.number(during), py.number(BORROWS.load(Ordering::Relaxed))])
/// }
/// ```
#[derive(Debug)]
pub struct NativeClass {
    key: &'static str,
    abi: &'static str,
    records: Records,
}

/// A shared borrow of a native object; ended when dropped. Neither `Send` nor `Sync`.
///
/// # Examples
///
/// <!-- tests/fixtures/extensions/services/src/types.rs:native -->
/// ```
/// /// `(object, compiler)`: the address in a wrapped `c++:1W`, as a build by one compiler or the other sees it, and how many
/// /// borrows are open meanwhile and after.
/// pub fn native<'a>(args: &Args<'a>) -> Answer<'a> {
///     static GCCS: NativeClass = NativeClass::new("c++:1W", GCC);
///     static CLANGS: NativeClass = NativeClass::new("c++:1W", CLANG);
///     let py = args.py;
///     let class = if args.truth(1)? { &CLANGS } else { &GCCS };
///     let object = NonNull::new(args.object(0)?.cast()).ok_or_else(|| py.failed())?;
///     // SAFETY: attached; the arguments hold the object.
///     let borrowed = unsafe { class.borrow::<__Interbind>(object) }?;
///     let address = borrowed.as_ptr() as u64;
///     let during = BORROWS.load(Ordering::Relaxed);
///     drop(borrowed);
///     py.tuple([py.number(address), py.number(during), py.number(BORROWS.load(Ordering::Relaxed))])
/// }
/// ```
pub struct NativeRef<'a> {
    data: NonNull<c_void>,
    _loan: Loan<'a, SHARED>,
}

impl NativeClass {
    /// Names a class by its key, as `c++:5Point`, and the ABI that this build has of its language, as
    /// [`abi::types::native`](interbind_abi::types::native) writes it.
    pub const fn new(key: &'static str, abi: &'static str) -> Self {
        Self { key, abi, records: Records::new() }
    }

    /// As [`borrow`](Self::borrow).
    pub(crate) fn lent<'a, M: Module>(&'static self, object: Live<'a>) -> Result<NativeRef<'a>, Raised> {
        let request = Request::of_native(&self.records, M::identity(), self.key, self.abi);
        let (data, loan) = Loan::take(judge_object(object, &request)?, 1)?;
        Ok(NativeRef { data, _loan: loan })
    }
}

impl NativeRef<'_> {
    /// The native object's address; valid during the borrow.
    pub fn as_ptr(&self) -> *mut c_void {
        self.data.as_ptr()
    }
}

impl fmt::Debug for NativeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NativeRef").field(&self.data).finish()
    }
}

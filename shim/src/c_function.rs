//! C functions as Rust's types have them: what C calls the type `extern "C" fn(f64) -> f64`, and who may call one.
//!
//! Known at compile time, so that an attribute compares it with what its author wrote. Calls no Python.
//!
//! **Boundary**: which type of Rust is passed as which of C, and pointers that become functions.

use core::ffi::c_void;
use core::fmt;
use core::mem::{size_of, transmute_copy};
use core::ptr::NonNull;

use interbind_abi::Piece;
use interbind_abi::signature::digest;
use interbind_abi::values::PlainData;
use pyo3_ffi::PyObject;

use crate::shared::Shared;

/// What C calls a type, in the form of [`abi::signature`](interbind_abi::signature): the name that is written, then others of
/// types that are passed alike.
///
/// # Safety
/// 1. Each name is C's for a type that is passed and returned as this one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a C function",
    note = "these are: numbers, `bool`, types that derive `Shared`, and pointers to them and to `c_void`"
)]
pub unsafe trait CName: Sized + 'static {
    /// The names.
    const NAMES: &'static [&'static [Piece]];
    /// True for a pointer.
    const IS_POINTER: bool = false;
    /// How Python's objects become values and back; `None`: it's no number.
    #[doc(hidden)]
    const NUMBER: Option<Number<Self>> = None;
}

impl<T> fmt::Debug for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number")
    }
}

/// How Python calls a function.
#[doc(hidden)]
pub type Call =
    unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;

/// How a number comes from Python and goes there, without code of Python.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Number<T> {
    /// `None`: it's an object of another class, or doesn't fit. No exception is set then.
    #[cfg_attr(not(interbind_records), allow(dead_code, reason = "function records convert"))]
    pub(crate) read: unsafe fn(*mut PyObject) -> Option<T>,
    /// A new reference; NULL with an exception.
    #[cfg_attr(not(interbind_records), allow(dead_code, reason = "as above"))]
    pub(crate) made: unsafe fn(T) -> *mut PyObject,
}

/// A type that safe code may hand to a C function: no pointers.
///
/// # Safety
/// 1. Each value that such a function returns is one of the type's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type that safe code hands to a C function",
    note = "these are: numbers, `bool` and types that derive `Shared`; an `unsafe extern \"C\" fn` takes pointers to them too"
)]
pub unsafe trait CValue: CName + Copy {}

/// What a C function returns that safe code may call: a [`CValue`] or nothing.
///
/// # Safety
/// 1. As of [`CValue`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a C function returns to safe code",
    note = "these are: nothing, numbers, `bool` and types that derive `Shared`"
)]
pub unsafe trait CResult: CName + Copy {}

/// The numbers' ways, where PyO3's face is there.
macro_rules! number {
    ($ty:ty) => {
        #[cfg(interbind_records)]
        const NUMBER: Option<Number<$ty>> = Some(Number {
            read: <$ty as crate::ffi::number::Number>::read,
            made: <$ty as crate::ffi::number::Number>::made,
        });
    };
}

macro_rules! names {
    (@ $name:literal) => { $name };
    // No type has an empty name.
    (@ $name:literal, $when:expr) => { if $when { $name } else { "" } };
    ($($ty:ty: $($name:literal $(if $when:expr)?),+;)+) => { $(
        // SAFETY: (1) the sizes are as C's on every target with 64-bit pointers, where the conditions hold.
        unsafe impl CName for $ty {
            const NAMES: &'static [&'static [Piece]] = &[$(&[Piece::Text(names!(@ $name $(, $when)?))]),+];
            number!($ty);
        }
        // SAFETY: (1) a number, of which every pattern is a value; or `bool`, and C's `_Bool` is 0 or 1.
        unsafe impl CValue for $ty {}
    )+ };
}

/// C's `long` has 64 bits.
const LONG_IS_64: bool = cfg!(not(windows));
/// C's `int64_t` is `long`, and not `long long`.
const INT64_IS_LONG: bool = cfg!(not(any(windows, target_vendor = "apple")));

names! {
    f32: "float";
    f64: "double";
    bool: "_Bool";
    i8: "signed char", "int8_t";
    u8: "unsigned char", "uint8_t";
    i16: "short", "int16_t";
    u16: "unsigned short", "uint16_t";
    i32: "int", "int32_t", "long" if !LONG_IS_64;
    u32: "unsigned int", "uint32_t", "unsigned long" if !LONG_IS_64;
}

macro_rules! wide {
    ($($ty:ty, $prefix:literal: $($name:literal),+;)+) => { $(
        // SAFETY: (1) 64 bits, as each of these types of C has where its condition holds.
        unsafe impl CName for $ty {
            const NAMES: &'static [&'static [Piece]] = &[
                &[Piece::Text(if INT64_IS_LONG { concat!($prefix, "long") } else { concat!($prefix, "long long") })],
                &[Piece::Text(concat!($prefix, "long long"))],
                &[Piece::Text(if LONG_IS_64 { concat!($prefix, "long") } else { "" })],
                $(&[Piece::Text($name)]),+
            ];
            number!($ty);
        }
        // SAFETY: (1) a number, of which every pattern is a value.
        unsafe impl CValue for $ty {}
    )+ };
}

wide! {
    i64, "": "int64_t";
    u64, "unsigned ": "uint64_t";
    isize, "": "Py_ssize_t", "ssize_t", "intptr_t", "ptrdiff_t";
    usize, "unsigned ": "size_t", "uintptr_t";
}

// SAFETY: (1) a shared type is called by its name, and by the digest of what is compared of it; its layout is C's.
unsafe impl<T: Shared + PlainData + Copy> CName for T {
    const NAMES: &'static [&'static [Piece]] =
        &[&[Piece::Text(T::NAME), Piece::Text("@"), Piece::Number(digest(T::DESCRIPTOR))]];
}

// SAFETY: (1) as where the type is borrowed: who lends the function has the type of that descriptor.
unsafe impl<T: Shared + PlainData + Copy> CValue for T {}

// SAFETY: (1) nothing behind a pointer, and nothing as a result.
unsafe impl CName for c_void {
    const NAMES: &'static [&'static [Piece]] = &[&[Piece::Text("void")]];
}

// SAFETY: (1) no result.
unsafe impl CName for () {
    const NAMES: &'static [&'static [Piece]] = &[&[Piece::Text("void")]];
    number!(());
}

// SAFETY: (1) there is no value to return.
unsafe impl CResult for () {}

// SAFETY: (1) as of `CValue`.
unsafe impl<T: CValue> CResult for T {}

// SAFETY: (1) C's pointer to what `T` is called.
unsafe impl<T: CName> CName for *mut T {
    const NAMES: &'static [&'static [Piece]] =
        &[&[Piece::Nested(T::NAMES[0]), Piece::Text(if T::IS_POINTER { "*" } else { " *" })]];
    const IS_POINTER: bool = true;
}

// SAFETY: (1) C's pointer to what `T` is called, with `const`.
unsafe impl<T: CName> CName for *const T {
    const NAMES: &'static [&'static [Piece]] =
        &[&[Piece::Nested(T::NAMES[0]), Piece::Text(if T::IS_POINTER { "const *" } else { " const *" })]];
    const IS_POINTER: bool = true;
}

/// A C function: `extern "C" fn` of numbers and shared data, or `unsafe extern "C" fn`, which may have pointers too.
///
/// # Safety
/// 1. `RESULT` and `PARAMETERS` are what the function's types are called.
/// 2. The type is a function pointer.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:any -->
/// ```
/// /// Has a pointer, so who calls it vouches for that.
/// unsafe extern "C" fn weighted(x: f64, weight: *mut c_void) -> f64 {
///     // SAFETY: the caller passes a number.
///     x * unsafe { *weight.cast::<f64>() }
/// }
///
/// /// Has data that builds share.
/// extern "C" fn norm(point: Point) -> f64 {
///     point.x.hypot(point.y)
/// }
///
/// /// Lends a function of any type of C's.
/// fn lend_twice<F: CFunction>(m: &Bound<'_, PyModule>, name: &str, function: F) -> PyResult<()> {
///     lend(m, name, function)?;
///     lend(m, &format!("{name}_too"), function)
/// }
///
/// fn lend_others(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     lend_twice(m, "norm", norm as extern "C" fn(Point) -> f64)?;
///     lend::<unsafe extern "C" fn(f64, *mut c_void) -> f64>(m, "weighted", weighted)
/// }
/// ```
pub unsafe trait CFunction: Copy + 'static {
    /// What the result may be called.
    #[doc(hidden)]
    const RESULT: &'static [&'static [Piece]];
    /// What each parameter may be called.
    #[doc(hidden)]
    const PARAMETERS: &'static [&'static [&'static [Piece]]];
    /// The same function as Rust calls it.
    #[doc(hidden)]
    type Plain: Copy + 'static;
    /// How Python calls it without PyO3; `None`: one of its types is no number's.
    #[doc(hidden)]
    const QUICK: Option<Call> = None;

    /// The function's address.
    #[doc(hidden)]
    fn address(self) -> NonNull<c_void> {
        const { assert!(size_of::<Self>() == size_of::<NonNull<c_void>>()) };
        // SAFETY: duty 2: of that size, and never NULL.
        unsafe { transmute_copy(&self) }
    }

    /// The function at an address.
    ///
    /// # Safety
    /// 1. A function of this type is there.
    #[doc(hidden)]
    unsafe fn at(address: NonNull<c_void>) -> Self {
        const { assert!(size_of::<Self>() == size_of::<NonNull<c_void>>()) };
        // SAFETY: duty 1, and duty 2 of the trait.
        unsafe { transmute_copy(&address) }
    }
}

/// The address of a function of Rust.
#[cfg(feature = "pyo3")]
pub(crate) fn address<P: Copy + 'static>(plain: P) -> NonNull<c_void> {
    const { assert!(size_of::<P>() == size_of::<NonNull<c_void>>()) };
    // SAFETY: of that size, and never NULL: a function pointer, as each `CFunction::Plain` is.
    unsafe { transmute_copy(&plain) }
}

/// What `#[interbind::function]` writes beside a function: its C function, and how it is called in both languages.
pub struct Lent<F, P> {
    #[cfg_attr(not(feature = "pyo3"), allow(dead_code, reason = "PyO3's face lends"))]
    pub(crate) function: F,
    /// As Rust calls it; `None`: PyO3 was asked to do more than to convert its arguments.
    #[cfg_attr(not(interbind_records), allow(dead_code, reason = "function records call it"))]
    pub(crate) plain: Option<P>,
    pub(crate) name: &'static str,
    pub(crate) signature: Option<&'static str>,
}

impl<F, P> fmt::Debug for Lent<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("name", &self.name).field("signature", &self.signature).finish()
    }
}

impl<F, P> Lent<F, P> {
    /// Says what is lent. The attribute has compared the text with the function's types.
    pub const fn new(
        name: &'static str,
        signature: Option<&'static str>,
        function: F,
        plain: Option<P>,
    ) -> Self {
        Self { name, signature, function, plain }
    }
}

/// Writes something for each number of arguments.
macro_rules! each_arity {
    ($write:ident) => {
        $write! {
            ()
            (A a)
            (A a, B b)
            (A a, B b, C c)
            (A a, B b, C c, D d)
            (A a, B b, C c, D d, E e)
            (A a, B b, C c, D d, E e, G g)
            (A a, B b, C c, D d, E e, G g, H h)
            (A a, B b, C c, D d, E e, G g, H h, I i)
            (A a, B b, C c, D d, E e, G g, H h, I i, J j)
            (A a, B b, C c, D d, E e, G g, H h, I i, J j, K k)
            (A a, B b, C c, D d, E e, G g, H h, I i, J j, K k, L l)
            (A a, B b, C c, D d, E e, G g, H h, I i, J j, K k, L l, M m)
        }
    };
}
#[cfg(feature = "pyo3")]
pub(crate) use each_arity;

macro_rules! functions {
    ($(($($name:ident $argument:ident),*))+) => { $(
        // SAFETY: (1) of these types; (2) as it says.
        unsafe impl<Z: CResult $(, $name: CValue)*> CFunction for extern "C" fn($($name),*) -> Z {
            const RESULT: &'static [&'static [Piece]] = Z::NAMES;
            const PARAMETERS: &'static [&'static [&'static [Piece]]] = &[$($name::NAMES),*];
            type Plain = fn($($name),*) -> Z;
            #[cfg(interbind_records)]
            const QUICK: Option<Call> = crate::functions::quick::Quick::<Self>::CALL;
        }

        // SAFETY: (1) of these types; (2) as it says.
        unsafe impl<Z: CName + Copy $(, $name: CName + Copy)*> CFunction for unsafe extern "C" fn($($name),*) -> Z {
            const RESULT: &'static [&'static [Piece]] = Z::NAMES;
            const PARAMETERS: &'static [&'static [&'static [Piece]]] = &[$($name::NAMES),*];
            type Plain = unsafe fn($($name),*) -> Z;
        }
    )+ };
}
each_arity!(functions);

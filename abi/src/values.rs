//! How values cross between two builds: wire records, and the conversion on each side.
//!
//! Called by the code that `#[interface]` generates, on both sides of every call. Belongs to the type contract.
//! Ownership never crosses allocators: what is borrowed is borrowed for the call, what is owned carries the function
//! of its maker that frees it, and the receiver copies. Every foreign value is checked before it becomes a Rust one.

mod words;

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::fmt;
use core::mem::{MaybeUninit, align_of, size_of};
use core::slice;

use bytemuck::Zeroable;

use crate::record::record;
use crate::text::{Piece, Str};
use crate::types::data::{Field, Reserved};

record! {
    /// Elements of another library, borrowed for the call.
    ///
    /// # ABI
    /// Frozen for ever. `ptr` may be NULL only when `len` is 0.
    #[derive(Clone, Copy, Debug)]
    pub struct Slice [24, align 8, zeroable] {
        /// First element, aligned for its type.
        @0  "1.0" ptr: *const c_void,
        /// Elements.
        @8  "1.0" len: u64,
        /// Bytes from one element to the next.
        @16 "1.0" stride: u64,
    }
}

record! {
    /// A buffer that its receiver reads and then gives back to its maker.
    ///
    /// # ABI
    /// Frozen for ever. `drop` frees everything behind `ptr`; called exactly once, on any thread. NULL: nothing to free.
    #[derive(Clone, Copy, Debug)]
    pub struct Owned [32, align 8, zeroable] {
        /// First element, aligned for its type; NULL only when `len` is 0.
        @0  "1.0" ptr: *mut c_void,
        /// Elements.
        @8  "1.0" len: u64,
        /// The maker's own; elements that the allocation holds, for `Vec`.
        @16 "1.0" cap: u64,
        /// The maker's function that frees it.
        @24 "1.0" drop: Option<unsafe extern "C" fn(owned: *mut Owned)>,
    }
}

record! {
    /// A value that may be absent: a word of presence, never a niche.
    ///
    /// # ABI
    /// Frozen for ever. `value` is read only when `present` is 1; 0 is absence, anything else is invalid.
    #[derive(Debug)]
    pub struct Maybe<W: Sized = u64> [16, align 8] {
        /// 0 or 1.
        @0 "1.0" present: u64,
        /// The value, or zero bytes.
        @8 "1.0" value: MaybeUninit<W>,
    }
}

impl<W: Copy> Clone for Maybe<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W: Copy> Copy for Maybe<W> {}

record! {
    /// Why a call failed: data, so that an interface can be called detached.
    ///
    /// # ABI
    /// Frozen for ever. Uninitialised when passed; a callee that returns
    /// [`Status::FAULT`](crate::core::Status::FAULT) has written all of it, and the caller owns `message` and
    /// `exception`.
    #[derive(Clone, Copy, Debug)]
    pub struct Fault [64, align 8, zeroable] {
        /// [`Reason::code`](crate::Reason::code), or one that only a newer build knows.
        @0  "1.0" code: u32,
        /// Written as zero, never read.
        @4  "1.0" reserved: [u8; 4],
        /// The reason's slug; lives as long as the process.
        @8  "1.0" reason: Str,
        /// UTF-8 for people.
        @24 "1.0" message: Owned,
        /// A Python exception, owned, only when the callee was attached; else NULL.
        @56 "1.0" exception: *mut c_void,
    }
}

/// A foreign value that is none of its type's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// What was expected.
    pub expected: &'static str,
}

impl InvalidValue {
    /// What a value is that there is no memory for.
    pub const NO_MEMORY: Self = Self { expected: "one that there is memory for" };
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value that crossed an interface is not {}", self.expected)
    }
}

/// A type that an interface's methods may take or return.
///
/// # Safety
/// 1. `PIECES` renders to the canonical text of exactly this `Wire` and meaning.
/// 2. `Wire` is `repr(C)` or a machine type, and the same on both sides.
/// 3. `lift` makes a valid value of every wire that another build's `lower` of the same text can make, or refuses.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't cross an interface",
    note = "methods take and return numbers, `bool`, `char`, `&str`, `String`, slices and `Vec` of plain data, arrays, \
            `Option` of these, `interbind::Object`, and types with `#[derive(interbind::Shared)]`"
)]
pub unsafe trait Value: Sized {
    /// What crosses.
    type Wire;

    /// The value as a method gets it: what it borrows lives as long as the call, whatever the method's author wrote.
    type On<'call>
    where
        Self: 'call;

    /// The canonical text, for constant context.
    const PIECES: &'static [Piece];

    /// True when the value is a Python object, which only attached threads may touch.
    const NEEDS_ATTACHED: bool = false;

    /// True when no byte crosses, as for `()`: C has no such argument.
    const IS_EMPTY: bool = size_of::<Self::Wire>() == 0;

    /// Turns the value into what crosses; ownership goes with it.
    fn lower(self) -> Self::Wire;

    /// Takes over what crossed.
    ///
    /// # Errors
    /// [`InvalidValue`]; what the wire owned is freed all the same.
    ///
    /// # Safety
    /// 1. `wire` came from a `lower` of the same canonical text and is lifted once.
    /// 2. What it borrows is alive and unchanged for the lifetime in `Self`.
    unsafe fn lift(wire: Self::Wire) -> Result<Self, InvalidValue>;

    /// Ends what the value borrows with the call.
    fn on<'call>(self, call: &'call Call) -> Self::On<'call>
    where
        Self: 'call;
}

/// A call under way: a value on the callee's stack, so nothing that borrows it can be kept.
#[derive(Debug)]
pub struct Call(());

impl Call {
    /// Begins a call.
    #[allow(clippy::new_without_default, reason = "made by `#[interface]` only")]
    pub fn new() -> Self {
        Self(())
    }
}

/// A value that can be made of nothing: what an interface's default body sees after a failed call, before the whole
/// call fails.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made of nothing",
    note = "a default body goes on with a blank value after a failed call: return `Result<…, interbind::Error>` instead"
)]
pub trait Blank {
    /// Makes the blank value.
    fn blank() -> Self;
}

impl<T: Blank, const N: usize> Blank for [T; N] {
    fn blank() -> Self {
        core::array::from_fn(|_| T::blank())
    }
}

impl<const N: usize> Blank for Reserved<N> {
    fn blank() -> Self {
        Self::new()
    }
}

/// A plain data type made by `#[derive(Shared)]`.
///
/// # Safety
/// 1. As [`Field`].
pub unsafe trait PlainData: Field {}

// SAFETY: (1) its word; (2) a frozen record; (3) NULL with a length, over-long and non-UTF-8 texts are refused.
unsafe impl Value for &str {
    type Wire = Str;
    type On<'call>
        = &'call str
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("str")];

    fn lower(self) -> Str {
        Str { ptr: self.as_ptr(), len: self.len() as u64 }
    }

    unsafe fn lift(wire: Str) -> Result<Self, InvalidValue> {
        let long = Slice { ptr: wire.ptr.cast(), len: wire.len, stride: 1 };
        // SAFETY: duty 2 of `lift`, passed on.
        let bytes: &[u8] = unsafe { elements(long) }?;
        core::str::from_utf8(bytes).map_err(|_| InvalidValue { expected: "UTF-8" })
    }

    fn on<'call>(self, _: &'call Call) -> &'call str
    where
        Self: 'call,
    {
        self
    }
}

// SAFETY: (1) its word and the element's; (2) a frozen record; (3) `elements` checks pointer, stride and each element.
unsafe impl<T: Field> Value for &[T] {
    type Wire = Slice;
    type On<'call>
        = &'call [T]
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("slice "), Piece::Nested(T::PIECES)];

    fn lower(self) -> Slice {
        Slice { ptr: self.as_ptr().cast(), len: self.len() as u64, stride: size_of::<T>() as u64 }
    }

    unsafe fn lift(wire: Slice) -> Result<Self, InvalidValue> {
        // SAFETY: duty 2 of `lift`, passed on.
        unsafe { elements(wire) }
    }

    fn on<'call>(self, _: &'call Call) -> &'call [T]
    where
        Self: 'call,
    {
        self
    }
}

/// Checks a foreign slice and borrows it.
///
/// # Safety
/// 1. If `ptr` isn't NULL, `len` elements of `T`'s size are readable there and unchanged during `'a`.
unsafe fn elements<'a, T: Field>(wire: Slice) -> Result<&'a [T], InvalidValue> {
    if wire.len == 0 {
        return Ok(&[]);
    }
    let first: *const T = wire.ptr.cast();
    let bytes = wire.len.checked_mul(size_of::<T>().max(1) as u64);
    if wire.stride != size_of::<T>() as u64
        || first.is_null()
        || !first.is_aligned()
        || bytes.is_none_or(|bytes| bytes > isize::MAX as u64)
    {
        return Err(InvalidValue { expected: "a slice of elements of this size and alignment" });
    }
    let count = wire.len as usize;
    for i in 0..count {
        // SAFETY: duty 1, and the whole length fits an isize.
        let element = unsafe { first.add(i) };
        // SAFETY: duty 1.
        if !unsafe { T::is_valid(element.cast()) } {
            return Err(InvalidValue { expected: "a slice of valid elements" });
        }
    }
    // SAFETY: not NULL, aligned, the length fits, every element was checked; duty 1 for the rest.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

// SAFETY: (1) `vec` and the element's; (2) a frozen record; (3) checked like a slice, copied, then freed by its maker.
unsafe impl<T: Field> Value for Vec<T> {
    type Wire = Owned;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("vec "), Piece::Nested(T::PIECES)];

    fn lower(self) -> Owned {
        let mut vec = core::mem::ManuallyDrop::new(self);
        Owned {
            ptr: vec.as_mut_ptr().cast(),
            len: vec.len() as u64,
            cap: vec.capacity() as u64,
            drop: Some(free_vec::<T>),
        }
    }

    unsafe fn lift(wire: Owned) -> Result<Self, InvalidValue> {
        let guard = Guard(wire);
        let borrowed = Slice { ptr: wire.ptr, len: wire.len, stride: size_of::<T>() as u64 };
        // SAFETY: duty 2 of `lift`; the guard keeps the buffer until the copy is made.
        let copied = unsafe { elements::<T>(borrowed) }.and_then(|elements| {
            let mut copy = Self::new();
            copy.try_reserve_exact(elements.len()).map_err(|_| InvalidValue::NO_MEMORY)?;
            let to: *mut T = copy.as_mut_ptr();
            // SAFETY: as many are readable, and there is room for them; a new allocation is no part of another one.
            unsafe { to.copy_from_nonoverlapping(elements.as_ptr(), elements.len()) };
            // SAFETY: just written; `T` has no destructor and no reference, so its bytes are all of it.
            unsafe { copy.set_len(elements.len()) };
            Ok(copy)
        });
        drop(guard);
        copied
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

impl<T> Blank for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }
}

// SAFETY: (1) its word; (2) a frozen record; (3) bytes as in `Vec`, then UTF-8.
unsafe impl Value for String {
    type Wire = Owned;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("string")];

    fn lower(self) -> Owned {
        self.into_bytes().lower()
    }

    unsafe fn lift(wire: Owned) -> Result<Self, InvalidValue> {
        // SAFETY: the caller's duties, passed on.
        let bytes = unsafe { Vec::<u8>::lift(wire) }?;
        Self::from_utf8(bytes).map_err(|_| InvalidValue { expected: "UTF-8" })
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

impl Blank for String {
    fn blank() -> Self {
        Self::new()
    }
}

// SAFETY: (1) `option` and the value's; (2) a frozen record around the value's wire; (3) only 0 and 1 pass, the value is
// lifted only when present.
unsafe impl<V: Value> Value for Option<V> {
    type Wire = Maybe<V::Wire>;
    type On<'call>
        = Option<V::On<'call>>
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("option "), Piece::Nested(V::PIECES)];
    const NEEDS_ATTACHED: bool = V::NEEDS_ATTACHED;
    /// C has no member of no bytes either.
    const IS_EMPTY: bool = V::IS_EMPTY;

    fn lower(self) -> Maybe<V::Wire> {
        match self {
            Some(value) => Maybe { present: 1, value: MaybeUninit::new(value.lower()) },
            None => Maybe { present: 0, value: MaybeUninit::zeroed() },
        }
    }

    unsafe fn lift(wire: Maybe<V::Wire>) -> Result<Self, InvalidValue> {
        match wire.present {
            0 => Ok(None),
            1 => {
                // SAFETY: `present` says that the maker wrote it.
                let value = unsafe { wire.value.assume_init() };
                // SAFETY: the caller's duties, passed on.
                unsafe { V::lift(value) }.map(Some)
            }
            _ => Err(InvalidValue { expected: "an option (presence 0 or 1)" }),
        }
    }

    fn on<'call>(self, call: &'call Call) -> Option<V::On<'call>>
    where
        Self: 'call,
    {
        self.map(|value| value.on(call))
    }
}

impl<V> Blank for Option<V> {
    fn blank() -> Self {
        None
    }
}

/// An array as it crosses: the C struct whose only member it is, because C passes and returns no array by value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Array<T, const N: usize>([T; N]);

// SAFETY: (1) the element's text in brackets; (2) a C struct of the array; (3) each element is checked.
unsafe impl<T: Field, const N: usize> Value for [T; N] {
    type Wire = MaybeUninit<Array<T, N>>;
    type On<'call>
        = Self
    where
        Self: 'call;
    const PIECES: &'static [Piece] = <Self as Field>::PIECES;

    fn lower(self) -> Self::Wire {
        MaybeUninit::new(Array(self))
    }

    unsafe fn lift(wire: Self::Wire) -> Result<Self, InvalidValue> {
        // SAFETY: the struct has the array's size and alignment, and `MaybeUninit` asks nothing of the bytes.
        let array = unsafe { wire.as_ptr().cast::<MaybeUninit<Self>>().read() };
        // SAFETY: the caller's duties, passed on.
        unsafe { lift_data(array) }
    }

    fn on<'call>(self, _: &'call Call) -> Self
    where
        Self: 'call,
    {
        self
    }
}

/// Lifts plain data: the bytes are looked at before they become a `T`.
///
/// # Errors
/// [`InvalidValue`] when a field holds what isn't its type's.
///
/// # Safety
/// 1. Every byte of `wire` that isn't declared padding is initialised.
pub unsafe fn lift_data<T: Field>(wire: MaybeUninit<T>) -> Result<T, InvalidValue> {
    // SAFETY: duty 1.
    if unsafe { T::is_valid(wire.as_ptr().cast()) } {
        // SAFETY: just checked.
        Ok(unsafe { wire.assume_init() })
    } else {
        Err(InvalidValue { expected: "plain data with valid bools, chars and enums" })
    }
}

// SAFETY: (1) `ref` and the data's; (2) a pointer; (3) NULL, misaligned and invalid data are refused.
unsafe impl<'a, T: PlainData> Value for &'a T {
    type Wire = *const c_void;
    type On<'call>
        = &'call T
    where
        Self: 'call;
    const PIECES: &'static [Piece] = &[Piece::Text("ref "), Piece::Nested(T::PIECES)];

    fn lower(self) -> *const c_void {
        core::ptr::from_ref(self).cast()
    }

    unsafe fn lift(wire: *const c_void) -> Result<&'a T, InvalidValue> {
        let one = Slice { ptr: wire, len: 1, stride: size_of::<T>() as u64 };
        // SAFETY: duty 2 of `lift`.
        let found: &'a [T] = unsafe { elements(one) }?;
        Ok(&found[0])
    }

    fn on<'call>(self, _: &'call Call) -> &'call T
    where
        Self: 'call,
    {
        self
    }
}

/// Frees a foreign buffer when it is no longer needed.
struct Guard(Owned);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(free) = self.0.drop {
            // SAFETY: `Owned` says: exactly once, any thread; this guard is the only one that calls it.
            unsafe { free(&mut self.0) }
        }
    }
}

unsafe extern "C" fn free_vec<T: Field>(owned: *mut Owned) {
    // SAFETY: whoever frees passes the `Owned` that `lower` made.
    let Owned { ptr, len, cap, .. } = unsafe { *owned };
    debug_assert!(ptr.cast::<T>().is_aligned(), "align {}", align_of::<T>());
    // SAFETY: the three parts come from a `Vec<T>` of this library's allocator, in `lower`; `T` has no destructor.
    drop(unsafe { Vec::<T>::from_raw_parts(ptr.cast(), len as usize, cap as usize) });
}

impl Fault {
    /// Makes a fault that says nothing yet.
    pub fn empty() -> Self {
        Self::zeroed()
    }

    /// Takes the message out.
    ///
    /// # Errors
    /// It isn't UTF-8, or there is no memory for a copy.
    ///
    /// # Safety
    /// 1. The fault was filled by a callee, and its message wasn't taken before.
    pub unsafe fn take_message(&mut self) -> Result<String, InvalidValue> {
        let message = core::mem::replace(&mut self.message, Owned::zeroed());
        // SAFETY: duty 1; `message` is replaced, so it is lifted once.
        unsafe { String::lift(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use core::sync::atomic::{AtomicU32, Ordering};
    use proptest::prelude::*;

    fn there_and_back<V: Value>(value: V) -> V {
        // SAFETY: lowered here, lifted once.
        unsafe { V::lift(value.lower()) }.unwrap()
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_went(text: String, numbers: Vec<u32>, maybe: Option<i64>, letter: char, array: [u16; 5]) {
            prop_assert_eq!(there_and_back(text.as_str()), text.as_str());
            prop_assert_eq!(there_and_back(numbers.as_slice()), numbers.as_slice());
            prop_assert_eq!(there_and_back(text.clone()), text);
            prop_assert_eq!(there_and_back(numbers.clone()), numbers);
            prop_assert_eq!(there_and_back(maybe), maybe);
            prop_assert_eq!(there_and_back(letter), letter);
            prop_assert_eq!(there_and_back(array), array);
        }
    }

    #[test]
    #[allow(clippy::multiple_unsafe_ops_per_block, reason = "one proof serves them all")]
    fn a_value_that_is_none_of_its_types_is_refused() {
        // SAFETY: nothing here leads anywhere.
        unsafe {
            assert!(bool::lift(2).is_err());
            assert!(char::lift(0xd800).is_err());
            assert!(Option::<u8>::lift(Maybe { present: 7, value: MaybeUninit::zeroed() }).is_err());
            assert!(<&str>::lift(Str { ptr: core::ptr::null(), len: 1 }).is_err());
            assert!(<&[u32]>::lift(Slice { ptr: 2 as *const c_void, len: 1, stride: 4 }).is_err());
            assert!(<&[u32]>::lift(Slice { ptr: 4 as *const c_void, len: u64::MAX, stride: 4 }).is_err());
            assert!(<&[u32]>::lift(Slice { ptr: 4 as *const c_void, len: 1, stride: 8 }).is_err());
            assert!(<&[bool]>::lift([0_u8, 2].as_slice().lower()).is_err());
        }
    }

    #[test]
    fn what_c_has_no_argument_for_is_empty() {
        let empty = [
            <() as Value>::IS_EMPTY,
            <[u8; 0]>::IS_EMPTY,
            Option::<()>::IS_EMPTY,
            Option::<[f64; 0]>::IS_EMPTY,
        ];
        assert_eq!(empty, [true; 4]);
        assert_eq!([u8::IS_EMPTY, <[u8; 1]>::IS_EMPTY, Option::<u8>::IS_EMPTY], [false; 3]);
    }

    #[test]
    fn an_array_crosses_as_a_struct_of_its_size() {
        assert_eq!(size_of::<<[u16; 3] as Value>::Wire>(), 6);
        assert_eq!(align_of::<<[u16; 3] as Value>::Wire>(), 2);
        // SAFETY: every byte is written; 2 is no bool.
        assert!(unsafe { <[bool; 2]>::lift(MaybeUninit::new(Array([false, false]))) }.is_ok());
        let wrong = MaybeUninit::new(Array([0_u8, 2]));
        // SAFETY: of the same size, and bytes that aren't a value yet.
        let wrong = unsafe { wrong.as_ptr().cast::<<[bool; 2] as Value>::Wire>().read() };
        // SAFETY: every byte is written.
        assert!(unsafe { <[bool; 2]>::lift(wrong) }.is_err());
    }

    static FREED: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C" fn count_free(_: *mut Owned) {
        FREED.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn a_foreign_buffer_is_freed_once_by_its_maker_also_when_it_is_refused() {
        let bytes = *b"ok\xff";
        for len in [2, 3] {
            let foreign =
                Owned { ptr: bytes.as_ptr().cast_mut().cast(), len, cap: 77, drop: Some(count_free) };
            // SAFETY: `bytes` is alive, `count_free` frees nothing.
            assert_eq!(unsafe { String::lift(foreign) }.is_ok(), len == 2);
        }
        assert_eq!(FREED.load(Ordering::Relaxed), 2);
    }

    #[test]
    #[allow(clippy::multiple_unsafe_ops_per_block, reason = "one proof serves them all")]
    fn a_fault_gives_its_message_once() {
        let mut fault = Fault { message: "why".to_string().lower(), ..Fault::empty() };
        // SAFETY: filled above; the second message is empty, not dangling.
        let messages = unsafe { (fault.take_message(), fault.take_message()) };
        assert_eq!(messages, (Ok("why".to_string()), Ok(String::new())));
    }
}

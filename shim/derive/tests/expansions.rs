//! What the macros write, run: descriptors and notes against the readers in `interbind_abi`, calls through tables.

// The macros name `::interbind`; here that is this file.
extern crate self as interbind;

#[allow(clippy::missing_safety_doc, clippy::new_without_default, reason = "the shim has the documentation")]
mod stand_in;

use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of, zeroed};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use interbind_abi as abi;
use interbind_abi::types::Reserved;
use interbind_derive::{Provide, Shared, interface, module};

use interbind_abi::core::Status;
use interbind_abi::interface::{Interface, TableHead};
use interbind_abi::types::data::{Data, FieldType};
use interbind_abi::types::record::{KIND_DATA, KIND_INTERFACE};
use interbind_abi::types::{Field, TypeRecord};
use interbind_abi::values::{Blank, Fault, Owned, Value};
use interbind_abi::{Requirement, Str, Version};

use stand_in::{
    __private, AnyThread, AttachedThread, CheckedThread, Consumer, Detach, Error, Handle, Module, Object,
    OtherThreads, Passes, ProvidedBy, Provider, Shared, Threads,
};

const TWO: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, interbind::Shared)]
#[repr(i16)]
enum Colour {
    Red = -3,
    r#Green,
}

#[derive(Clone, Copy, Debug, PartialEq, interbind::Shared)]
#[shared(name = "org.frame.Inner", version = "0.1.0")]
#[repr(C)]
struct Inner {
    letter: char,
    flag: bool,
    pad: Reserved<3>,
}

#[derive(Clone, Copy, Debug, PartialEq, interbind::Shared)]
#[shared(name = "org.frame.Point", version = "1.2.0")]
#[repr(C)]
struct Point {
    x: f64,
    r#type: Colour,
    y: [u16; TWO],
    pad: Reserved<2>,
    inner: Inner,
}

fn point() -> Point {
    let inner = Inner { letter: 'ä', flag: true, pad: Reserved::new() };
    Point { x: 1.5, r#type: Colour::Green, y: [7, 8], pad: Reserved::new(), inner }
}

#[test]
fn a_data_descriptor_says_what_the_compiler_laid_out() {
    let inner = "data org.frame.Inner size 8 align 4 { letter: char @0; flag: bool @4; pad: reserved 3 @5 }";
    let fields =
        "x: f64 @0; type: enum i16 { Red = -3, Green = -2 } @8; y: [u16; 2] @10; pad: reserved 2 @14";
    let expected = format!("data org.frame.Point size 24 align 8 {{ {fields}; inner: {inner} @16 }}");
    assert_eq!(<Point as interbind::Shared>::DESCRIPTOR, expected);
    let parsed: Data = expected.parse().unwrap();
    assert_eq!(parsed.fields[4].offset, offset_of!(Point, inner) as u64);
    assert!(matches!(&parsed.fields[4].ty, FieldType::Data(inner) if inner.to_string() == Inner::DESCRIPTOR));
    assert_eq!(
        (Point::NAME, Point::VERSION_TEXT, Point::VERSION),
        ("org.frame.Point", "1.2.0", Version::new(1, 2, 0))
    );
}

#[test]
fn a_handle_of_data_is_the_data() {
    let mut point = point();
    // SAFETY: a record is `Zeroable`.
    let record: TypeRecord = unsafe { zeroed() };
    // SAFETY: the point outlives the handle.
    let handle =
        unsafe { <Point as interbind::Shared>::Handle::new(NonNull::from(&mut point).cast(), &record) };
    assert_eq!(handle.target(), &point);
    assert_eq!((Point::KIND, Point::ALIGN), (KIND_DATA, align_of::<Point>()));
}

/// Lifts a point whose byte at `at` was overwritten.
fn spoiled(at: usize, byte: u8) -> Option<Point> {
    let mut wire = point().lower();
    // SAFETY: inside the wire.
    unsafe { wire.as_mut_ptr().cast::<u8>().wrapping_add(at).write(byte) };
    // SAFETY: every byte is initialised.
    unsafe { Point::lift(wire) }.ok()
}

#[test]
fn data_is_lifted_only_when_every_field_is_valid() {
    assert_eq!(spoiled(0, 0).map(|point| point.r#type), Some(Colour::Green));
    assert_eq!(spoiled(offset_of!(Point, pad), 9).map(|point| point.y), Some([7, 8]));
    for at in [offset_of!(Point, r#type), offset_of!(Point, inner.flag), offset_of!(Point, inner.letter) + 3]
    {
        assert_eq!(spoiled(at, 77), None, "byte {at}");
    }
}

#[test]
fn an_enum_is_one_of_its_numbers() {
    // SAFETY: numbers.
    let lifted = [-3, -2, -1].map(|number| unsafe { Colour::lift(number) }.ok());
    assert_eq!(lifted, [Some(Colour::Red), Some(Colour::Green), None]);
    assert_eq!(Colour::Green.lower(), -2);
}

#[test]
fn a_blank_is_made_field_by_field() {
    let blank = Point::blank();
    assert_eq!((blank.x, blank.r#type, blank.y, blank.inner.letter), (0.0, Colour::Red, [0, 0], '\0'));
}

/// A series.
#[interbind::interface(name = "org.frame.Series", version = "2.3.0")]
pub(crate) trait Series {
    /// How many.
    fn len(&self) -> u64;
    fn get(&self, i: u64) -> Result<f64, Error>;
    fn join(&self, out: &str, this: &[Point], fault: Option<&str>, bytes: Vec<u8>) -> Result<String, Error>;
    fn keep(&self, object: Object, _: &Point) -> Option<Object>;
    #[since("2.2")]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[since("2.3.0")]
    fn last(&self, mut default: f64) -> Result<f64, Error> {
        if self.is_empty() {
            default += 1.0;
            return Ok(default);
        }
        self.get(self.len() - 1)
    }
}

#[interbind::interface(name = "org.frame.Own", version = "1.0.0", thread = owner)]
trait Own {}

#[test]
fn an_interface_descriptor_is_canonical() {
    let (point, text) = (Point::DESCRIPTOR, <dyn Series>::DESCRIPTOR);
    let expected = format!(
        "interface org.frame.Series thread any {{ 0 len() -> u64; 1 get(u64) -> f64 fails; \
         2 join(str, slice {point}, option str, vec u8) -> string fails; 3 keep(object, ref {point}) -> option object; \
         4 is_empty() -> bool since 2.2.0 optional; 5 last(f64) -> f64 fails since 2.3.0 optional }}"
    );
    assert_eq!(text, expected);
    assert_eq!(text.parse::<Interface>().unwrap().to_string(), expected);
    assert_eq!(<dyn Own>::DESCRIPTOR, "interface org.frame.Own thread owner { }");
    assert_eq!((<dyn Own>::KIND, <dyn Own>::ALIGN), (KIND_INTERFACE, 1));
    assert_eq!((<dyn Series>::OWNER_THREAD, <dyn Own>::OWNER_THREAD), (false, true));
}

struct List(Vec<f64>);

impl Series for List {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn get(&self, i: u64) -> Result<f64, Error> {
        self.0.get(i as usize).copied().ok_or_else(|| Error(format!("no element {i}")))
    }

    fn join(&self, out: &str, this: &[Point], fault: Option<&str>, bytes: Vec<u8>) -> Result<String, Error> {
        Ok(format!("{out} {} {fault:?} {bytes:?}", this.len()))
    }

    fn keep(&self, object: Object, _: &Point) -> Option<Object> {
        Some(object)
    }

    fn is_empty(&self) -> bool {
        panic!("only a table with this slot leads here")
    }

    fn last(&self, _: f64) -> Result<f64, Error> {
        Ok(-1.0)
    }
}

/// A table, seen by somebody who doesn't know the methods.
#[repr(C)]
struct Slots<const N: usize> {
    head: TableHead,
    slots: [*const (); N],
}

impl<const N: usize> Slots<N> {
    /// Copies a table of `N` slots and leaves the first `known`, as an older provider has them.
    fn older(table: *const TableHead, known: usize) -> Self {
        // SAFETY: a head and `N` slots: the tests count them.
        let mut slots: Self = unsafe { table.cast::<Self>().read() };
        assert_eq!(slots.head.slots, N as u64);
        slots.head.slots = known as u64;
        slots.slots[known..].fill(core::ptr::null());
        slots
    }

    /// Makes a record that leads to the table, which stays for ever.
    fn record(self) -> TypeRecord {
        // SAFETY: a record is `Zeroable`.
        let mut record: TypeRecord = unsafe { zeroed() };
        record.vtable = core::ptr::from_ref(Box::leak(Box::new(self))).cast();
        record
    }
}

/// Makes the handle of a provider that knows only the first `known` methods.
fn handle(list: &List, known: usize) -> SeriesHandle {
    let record = Slots::<6>::older(<dyn Series as ProvidedBy<List>>::TABLE, known).record();
    let data = <dyn Series as ProvidedBy<List>>::project(core::ptr::from_ref(list).cast_mut());
    let data = NonNull::new(data).expect("a reference isn't NULL");
    // SAFETY: a table of this interface, and the list that outlives the handle in each test.
    unsafe { SeriesHandle::new(data, &record) }
}

#[test]
fn a_call_goes_through_the_table_and_back() {
    let list = List(vec![1.0, 2.5]);
    let series = handle(&list, 6);
    assert_eq!(series.target().len(), Ok(2));
    assert_eq!(series.get(1), Ok(2.5));
    assert_eq!(series.get(2), Err(Error("no element 2".into())));
    let joined = series.join("a", &[point()], Some("b"), vec![1, 2]);
    assert_eq!(joined.as_deref(), Ok("a 1 Some(\"b\") [1, 2]"));
    assert_eq!(series.keep(Object(4), &point()), Ok(Some(Object(4))));
    assert_eq!(series.last(0.0), Ok(-1.0));
}

#[test]
fn a_table_says_its_size_and_its_slots() {
    // SAFETY: the table that the macro made.
    let head = unsafe { *<dyn Series as ProvidedBy<List>>::TABLE };
    assert_eq!(interbind_abi::interface::TABLE.check(&head.header), Ok(()));
    assert_eq!(
        (head.slots, head.header.struct_size as usize),
        (6, (24 + 6 * size_of::<*const ()>()).next_multiple_of(8))
    );
    assert_eq!(<dyn Series as ProvidedBy<List>>::SIZE, size_of::<List>());
}

#[test]
fn only_methods_that_pass_objects_ask_for_an_attached_thread() {
    let list = List(vec![]);
    let attached = handle(&list, 6);
    // SAFETY: (1) dropped before `attached`; (2) `List` is `Sync`.
    let series: SeriesHandle<CheckedThread> = unsafe { attached.detached() };
    assert_eq!(series.len(), Ok(0));
    assert_eq!(series.keep(Object(4), &point()), Err(Error("not attached".into())));
    let lengths: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..2).map(|_| scope.spawn(|| series.target().len())).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(lengths, [Ok(0), Ok(0)]);
}

#[test]
fn a_missing_slot_runs_the_default_body() {
    for (values, last) in [(vec![], 8.0), (vec![3.0, 4.0], 4.0)] {
        let list = List(values);
        let series = handle(&list, 4);
        assert_eq!(series.is_empty(), Ok(list.0.is_empty()));
        assert_eq!(series.last(7.0), Ok(last));
        // SAFETY: (1) dropped before `series`; (2) `List` is `Sync`.
        let view: SeriesHandle<AnyThread> = unsafe { series.detached() };
        assert_eq!((view.is_empty(), view.last(7.0)), (Ok(list.0.is_empty()), Ok(last)));
    }
}

/// Fails wherever it can, and reports a length that leads a default body on.
#[interbind::interface(name = "org.frame.Weak", version = "1.1.0")]
trait Weak {
    fn ok(&self) -> u8;
    fn broken(&self) -> Colour;
    #[since("1.1")]
    fn both(&self) -> Result<u8, Error> {
        let _blank = self.broken();
        Err(Error(format!("after {}", self.ok())))
    }
}

struct Weakling;

impl Weak for Weakling {
    fn ok(&self) -> u8 {
        1
    }

    fn broken(&self) -> Colour {
        Colour::Red
    }
}

/// What a hostile or broken provider puts into slot 1.
unsafe extern "C" fn nonsense(_: *const c_void, out: *mut i16, _: *mut Fault) -> Status {
    // SAFETY: the caller's place for a colour.
    unsafe { out.write(99) };
    Status::OK
}

#[test]
fn a_failure_under_a_default_body_fails_the_whole_call() {
    let mut table = Slots::<3>::older(<dyn Weak as ProvidedBy<Weakling>>::TABLE, 2);
    table.slots[1] = nonsense as *const ();
    let record = table.record();
    // SAFETY: a table of this interface; no method reads the data.
    let weak: WeakHandle = unsafe { WeakHandle::new(NonNull::dangling(), &record) };
    assert_eq!(weak.ok(), Ok(1));
    let Err(Error(first)) = weak.both() else { panic!("the failure was lost") };
    assert!(first.contains("not a `Colour`"), "{first}");
}

static FREED: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn count_free(_: *mut Owned) {
    FREED.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn what_a_refused_call_owned_is_freed() {
    type Join = unsafe extern "C" fn(
        *const c_void,
        Str,
        interbind_abi::values::Slice,
        <Option<&'static str> as Value>::Wire,
        Owned,
        *mut Owned,
        *mut Fault,
    ) -> Status;
    let list = List(vec![]);
    let table = Slots::<6>::older(<dyn Series as ProvidedBy<List>>::TABLE, 6);
    // SAFETY: slot 2 has this type.
    let join = unsafe { core::mem::transmute::<*const (), Join>(table.slots[2]) };
    let bytes = [1_u8, 2];
    let owned = Owned { ptr: bytes.as_ptr().cast_mut().cast(), len: 2, cap: 2, drop: Some(count_free) };
    let broken = Str { ptr: core::ptr::null(), len: 1 };
    let (mut out, mut fault) = (MaybeUninit::uninit(), Fault::empty());
    let this = core::ptr::from_ref(&list).cast();
    // SAFETY: the slot's own types; everything is alive, the text is what is refused.
    let status = unsafe {
        join(
            this,
            broken,
            (&[] as &[Point]).lower(),
            None::<&str>.lower(),
            owned,
            out.as_mut_ptr(),
            &mut fault,
        )
    };
    assert_eq!((status, FREED.load(Ordering::Relaxed)), (Status::FAULT, 1));
}

#[derive(interbind::Provide)]
struct Class {
    _other: u64,
    #[shared(from)]
    point: Point,
    #[shared]
    inner: Inner,
}

impl From<Point> for Class {
    fn from(point: Point) -> Self {
        Self { _other: 0, inner: point.inner, point }
    }
}

#[derive(interbind::Provide)]
struct Tuple(#[allow(dead_code)] u8, #[shared] Inner);

#[test]
fn data_is_found_at_its_field() {
    let mut class = Class::from(point());
    let this: *mut Class = &mut class;
    assert_eq!(<Point as ProvidedBy<Class>>::project(this), (&raw mut class.point).cast());
    assert_eq!(<Inner as ProvidedBy<Class>>::project(this), (&raw mut class.inner).cast());
    assert_eq!(<Inner as ProvidedBy<Class>>::SIZE, size_of::<Inner>());
    const { assert!(!<Inner as ProvidedBy<Class>>::IS_UNTRACKED && !<Inner as Shared>::IS_ANSWERED) };
    assert!(<Inner as ProvidedBy<Class>>::TABLE.is_null() && <Inner as ProvidedBy<Class>>::WRAP.is_none());
    let mut tuple = Tuple(0, class.inner);
    assert_eq!(<Inner as ProvidedBy<Tuple>>::project(&mut tuple), (&raw mut tuple.1).cast());
}

#[test]
fn an_object_is_made_through_from() {
    let wrap = <Point as ProvidedBy<Class>>::WRAP.unwrap();
    let point = point();
    // SAFETY: a point is read.
    let object = unsafe { wrap(core::ptr::null(), (&raw const point).cast()) };
    // SAFETY: the stand-in boxes a `Class`.
    let class = unsafe { Box::from_raw(object.cast::<Class>()) };
    assert_eq!(class.point, point);
}

interbind::module! {
    name = "frame._native",
    provides = [Point, dyn Series],
    consumes = [Point ^1.2, dyn Series ">=2.1, <4", dyn Own ^1 from "other"],
}

#[test]
fn a_module_has_its_roles() {
    fn provides<M: Provider<T>, T: interbind::Shared + ?Sized>() {}
    provides::<Face, Point>();
    provides::<Face, dyn Series>();
    let identity = Face::identity();
    assert_eq!((identity.0, identity.1), ("frame._native", env!("CARGO_PKG_VERSION")));
    assert_eq!(<Face as Consumer<Point>>::REQUIREMENT, "^1.2".parse::<Requirement>().unwrap());
    assert_eq!(<Face as Consumer<dyn Series>>::REQUIREMENT, ">=2.1, <4".parse::<Requirement>().unwrap());
    assert_eq!(<Face as Consumer<dyn Series>>::REQUIREMENT_TEXT, ">=2.1.0, <4.0.0");
    assert_eq!((<Face as Consumer<Point>>::FROM, <Face as Consumer<dyn Own>>::FROM), (None, Some("other")));
}

#[test]
fn every_consumed_type_has_its_own_site() {
    // SAFETY: statics, which nobody follows here.
    let point = || unsafe { <Face as Consumer<Point>>::site() };
    // SAFETY: as above.
    let series = unsafe { <Face as Consumer<dyn Series>>::site() };
    assert!(!core::ptr::eq(point(), series) && core::ptr::eq(point(), point()));
}

#[cfg(target_os = "linux")]
#[test]
fn every_item_has_a_note_in_the_file() {
    use interbind_abi::note::{ELF_SECTION, Item, read};
    use object::{Object as _, ObjectSection as _};

    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let section = file.section_by_name(ELF_SECTION).unwrap();
    let found: Vec<_> = read(section.data().unwrap()).into_iter().map(Result::unwrap).collect();
    let described = |text: &str| {
        found.iter().any(|item| matches!(item, Item::Type { descriptor, .. } if descriptor == text))
    };
    for descriptor in [Inner::DESCRIPTOR, Point::DESCRIPTOR, <dyn Series>::DESCRIPTOR, <dyn Own>::DESCRIPTOR]
    {
        assert!(described(descriptor), "{descriptor}");
    }
    let modules: Vec<_> = found
        .iter()
        .filter_map(|item| if let Item::Module(module) = item { Some(module) } else { None })
        .collect();
    let [module] = modules[..] else { panic!("{found:#?}") };
    let panic = if cfg!(panic = "abort") { "abort" } else { "unwind" };
    assert_eq!((&*module.name, &*module.interbind, &*module.panic), ("frame._native", "9.8.7", panic));
    assert_eq!(module.provides[1], ("org.frame.Series".into(), Version::new(2, 3, 0)));
    assert_eq!(module.consumes[1], ("org.frame.Series".into(), ">=2.1.0, <4.0.0".parse().unwrap()));
    assert_eq!(module.consumes.len(), 3);
}

#[test]
fn a_field_that_is_not_aligned_is_asked_all_the_same() {
    let mut bytes = [0_u8; size_of::<Point>() + 1];
    // SAFETY: one byte behind the start, the point fits.
    let at = unsafe { bytes.as_mut_ptr().add(1) };
    // SAFETY: as above; unaligned on purpose.
    unsafe { at.cast::<Point>().write_unaligned(point()) };
    // SAFETY: as above: one byte behind the start, the point fits.
    assert!(unsafe { Point::is_valid(at) });
}

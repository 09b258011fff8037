//! From a native object to one of its bases: a walk over what published records say of their classes.
//!
//! Called by the registry, which knows the records; a class's bases may be published by other modules, or by nobody. Must
//! end for any graph: a wrong record may name itself as its base.

use core::ffi::c_void;
use core::mem::size_of;

use interbind_abi::core::Status;
use interbind_abi::types::TypeRecord;
use interbind_abi::types::native::Base;

/// No class inherits deeper; what does is a circle.
const DEEPEST: usize = 64;

/// No class has more bases, each counted as often as it's reached; who says so is wrong, or wants to keep us busy.
const MOST: usize = 4096;

/// What the walk needs of the registry.
pub trait Classes {
    /// Tells whether `key` is the key that is looked for.
    fn is_target(&self, key: &str) -> bool;

    /// Finds a record of a class by its key.
    fn record(&self, key: &str) -> Option<&TypeRecord>;
}

/// Finds the one base that is looked for.
///
/// # Errors
/// [`Status::MISSING`]: it is no base. [`Status::DIFFERS`]: it is one at several addresses. [`Status::INVALID`]: a record
/// says something impossible of its bases.
pub fn find(classes: &impl Classes, record: &TypeRecord, object: *mut c_void) -> Result<*mut c_void, Status> {
    // SAFETY: a record's text.
    let own = unsafe { record.native.read() }.ok_or(Status::INVALID)?;
    if classes.is_target(own) {
        return Ok(object);
    }
    let mut walk = Walk { classes, found: None, steps: 0 };
    walk.bases_of(record, object, 0)?;
    walk.found.ok_or(Status::MISSING)
}

/// A walk under way.
struct Walk<'a, C> {
    classes: &'a C,
    found: Option<*mut c_void>,
    steps: usize,
}

impl<C: Classes> Walk<'_, C> {
    fn bases_of(&mut self, record: &TypeRecord, object: *mut c_void, depth: usize) -> Result<(), Status> {
        if depth == DEEPEST {
            return Err(Status::INVALID);
        }
        for base in bases(record)? {
            self.steps += 1;
            if self.steps > MOST {
                return Err(Status::INVALID);
            }
            // SAFETY: a record's text.
            let key = unsafe { base.key.read() }.ok_or(Status::INVALID)?;
            let pointer = match base.cast {
                // SAFETY: the record's contract: `object` is one of its class.
                Some(cast) => unsafe { cast(object) },
                None => object.wrapping_byte_offset(base.offset as isize),
            };
            if self.classes.is_target(key) {
                if self.found.is_some_and(|other| other != pointer) {
                    return Err(Status::DIFFERS);
                }
                self.found = Some(pointer);
            } else if let Some(record) = self.classes.record(key) {
                self.bases_of(record, pointer, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// A class's bases, which a newer build may have made larger than ours.
fn bases(record: &TypeRecord) -> Result<impl Iterator<Item = &Base>, Status> {
    let (count, stride) = (record.base_count as usize, record.base_size as usize);
    let sound = !record.bases.is_null()
        && record.bases.is_aligned()
        && stride >= size_of::<Base>()
        && stride % 8 == 0;
    if count != 0 && !sound {
        return Err(Status::INVALID);
    }
    Ok((0..count).map(move |place| {
        let base = record.bases.wrapping_byte_add(place * stride);
        // SAFETY: threat model: that number of bases of this size is there, in the provider's library.
        unsafe { &*base }
    }))
}

#[cfg(test)]
mod tests {
    use core::ffi::c_void;
    use core::ptr;
    use std::collections::HashMap;

    use interbind_abi::Str;
    use interbind_abi::core::Status;
    use interbind_abi::types::TypeRecord;
    use interbind_abi::types::native::Base;

    use crate::upcast;

    /// Classes by their keys, and the one that is looked for.
    struct Classes {
        records: HashMap<&'static str, TypeRecord>,
        target: &'static str,
    }

    impl upcast::Classes for Classes {
        fn is_target(&self, key: &str) -> bool {
            key == self.target
        }

        fn record(&self, key: &str) -> Option<&TypeRecord> {
            self.records.get(key)
        }
    }

    fn at(key: &'static str, offset: i64) -> Base {
        Base { key: Str::new(key), offset, cast: None }
    }

    fn through(key: &'static str, cast: unsafe extern "C" fn(*mut c_void) -> *mut c_void) -> Base {
        Base { key: Str::new(key), offset: 0, cast: Some(cast) }
    }

    /// Reads an address at the start of the object, as a table of virtual bases holds it.
    unsafe extern "C" fn first_word(object: *mut c_void) -> *mut c_void {
        // SAFETY: the tests' virtual classes begin with an address.
        unsafe { object.cast::<*mut c_void>().read() }
    }

    fn record(key: &'static str, bases: Vec<Base>) -> TypeRecord {
        // SAFETY: a record of zeros is one without text, type and functions.
        let mut record = unsafe { std::mem::zeroed::<TypeRecord>() };
        record.native = Str::new(key);
        record.base_count = bases.len() as u32;
        record.base_size = size_of::<Base>() as u32;
        record.bases = if bases.is_empty() { ptr::null() } else { bases.leak().as_ptr() };
        record
    }

    /// Looks for a base of the first class, in an object at that address.
    fn find(
        classes: Vec<(&'static str, Vec<Base>)>,
        target: &'static str,
        object: *mut c_void,
    ) -> Result<usize, Status> {
        let first = classes[0].0;
        let records = classes.into_iter().map(|(key, bases)| (key, record(key, bases))).collect();
        let classes = Classes { records, target };
        upcast::find(&classes, &classes.records[first], object).map(|found| found as usize)
    }

    const OBJECT: *mut c_void = 1000 as *mut c_void;

    #[test]
    fn offsets_add_up_along_the_way_to_a_base() {
        let classes = || {
            vec![
                ("c++:1C", vec![at("c++:1B", 16)]),
                ("c++:1B", vec![at("c++:1X", 0), at("c++:1A", -8)]),
                ("c++:1A", vec![]),
            ]
        };
        assert_eq!(find(classes(), "c++:1C", OBJECT), Ok(1000));
        assert_eq!(find(classes(), "c++:1B", OBJECT), Ok(1016));
        assert_eq!(find(classes(), "c++:1A", OBJECT), Ok(1008));
        // A base that nobody publishes is found all the same, what is behind it isn't.
        assert_eq!(find(classes(), "c++:1X", OBJECT), Ok(1016));
        assert_eq!(find(classes(), "c++:1Y", OBJECT), Err(Status::MISSING));
    }

    #[test]
    fn a_base_at_two_addresses_differs_and_a_virtual_one_is_one() {
        let diamond = |left: Base, right: Base| {
            vec![
                ("c++:1D", vec![at("c++:1L", 0), at("c++:1R", 8)]),
                ("c++:1L", vec![left]),
                ("c++:1R", vec![right]),
                ("c++:1A", vec![]),
            ]
        };
        assert_eq!(find(diamond(at("c++:1A", 0), at("c++:1A", 0)), "c++:1A", OBJECT), Err(Status::DIFFERS));
        let mut object = [ptr::null_mut::<c_void>(); 3];
        let base = (&raw mut object[2]).cast::<c_void>();
        object[..2].fill(base);
        let (left, right) = (through("c++:1A", first_word), through("c++:1A", first_word));
        assert_eq!(find(diamond(left, right), "c++:1A", object.as_mut_ptr().cast()), Ok(base as usize));
    }

    #[test]
    fn a_walk_ends_for_any_graph() {
        let own = vec![("c++:1A", vec![at("c++:1A", 8)])];
        assert_eq!(find(own, "c++:1Z", OBJECT), Err(Status::INVALID));
        let circle =
            vec![("c++:1A", vec![at("c++:1B", 0), at("c++:1B", 0)]), ("c++:1B", vec![at("c++:1A", 0)])];
        assert_eq!(find(circle, "c++:1Z", OBJECT), Err(Status::INVALID));
        // Not deep, but with a million millions of ways through it.
        let name = |i: usize| -> &'static str { String::leak(format!("c++:{i}")) };
        let ladder = (0..40).map(|i| (name(i), vec![at(name(i + 1), 0), at(name(i + 1), 0)])).collect();
        assert_eq!(find(ladder, "c++:1Z", OBJECT), Err(Status::INVALID));
    }

    #[test]
    fn bases_that_cant_be_read_are_invalid() {
        let mut classes = vec![("c++:1A", vec![at("c++:1B", 0)])];
        classes[0].1[0].key = Str { ptr: ptr::null(), len: 4 };
        assert_eq!(find(classes, "c++:1Z", OBJECT), Err(Status::INVALID));
        let classes = Classes { records: HashMap::new(), target: "c++:1Z" };
        for bases in [ptr::null::<Base>(), ptr::dangling::<Base>().wrapping_byte_add(1)] {
            let mut spoiled = record("c++:1A", Vec::new());
            (spoiled.base_count, spoiled.base_size, spoiled.bases) = (1, size_of::<Base>() as u32, bases);
            assert_eq!(upcast::find(&classes, &spoiled, OBJECT), Err(Status::INVALID));
        }
    }
}

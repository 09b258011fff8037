//! How a frozen record is declared: struct, assertions and lock entry from one list.
//!
//! Used by every file that holds a record. Belongs to the internals contract. Rules for editing a list: never
//! move, retype or remove a line; a new field goes to the end with the minor that brings it, and the `since` of the
//! record's newest field *is* the record's version. `frozen.rs` names every record, `tests/lock.rs` holds `abi.lock` against the
//! lists.

/// One field of a frozen record, as `abi.lock` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// The field's name.
    pub name: &'static str,
    /// The field's type, as written in the source.
    pub ty: &'static str,
    /// Bytes from the start of the record.
    pub offset: usize,
    /// Bytes that the field takes.
    pub size: usize,
    /// `major.minor` of the record that brought the field.
    pub since: &'static str,
}

/// A record whose layout is a promise.
pub trait Frozen {
    /// The record's name in `abi.lock`.
    const NAME: &'static str;
    /// Bytes on targets with 64-bit pointers.
    const SIZE: usize;
    /// Alignment in bytes.
    const ALIGN: usize;
    /// Every field, in order of offset, without gaps.
    const FIELDS: &'static [FieldLayout];
}

/// Declares a frozen record: `@offset since name: Type`, one line a field. `zeroable` or `pod` behind the alignment says what
/// its bytes may be.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(<$param:ident : $bound:ident = $default:ty>)?
                [$size:literal, align $align:literal $(, $bytes:ident)?] {
            $( $(#[$doc:meta])* @ $offset:literal $since:literal $field:ident : $ty:ty, )+
        }
    ) => {
        $(#[$meta])*
        #[repr(C)]
        pub struct $name $(<$param: $bound>)? {
            $( $(#[$doc])* pub $field: $ty, )+
        }

        #[cfg(target_pointer_width = "64")]
        const _: () = {
            type Checked = $name $(<$default>)?;
            static_assertions::const_assert_eq!(::core::mem::size_of::<Checked>(), $size);
            static_assertions::const_assert_eq!(::core::mem::align_of::<Checked>(), $align);
            $( static_assertions::const_assert_eq!(::core::mem::offset_of!(Checked, $field), $offset); )+
        };

        $crate::record::bytes! { $($bytes)? $name: $($ty),+ }

        impl $crate::record::Frozen for $name $(<$default>)? {
            const NAME: &'static str = stringify!($name);
            const SIZE: usize = $size;
            const ALIGN: usize = $align;
            const FIELDS: &'static [$crate::record::FieldLayout] = {
                $(type $param = $default;)?
                &[ $( $crate::record::FieldLayout {
                    name: stringify!($field),
                    ty: stringify!($ty),
                    offset: $offset,
                    size: ::core::mem::size_of::<$ty>(),
                    since: $since,
                }, )+ ]
            };
        }
    };
}
pub(crate) use record;

/// Says what the bytes of a struct may be, which has these fields and no others: zeroes are a value, or (`pod`) all bytes are, and
/// it has no padding. `bytemuck`'s own derive would bring a second `syn` into every build that has PyO3's.
macro_rules! bytes {
    (zeroable $name:ident: $($field:ty),+) => {
        const _: () = {
            const fn zeroes_are_a_value<T: bytemuck::Zeroable>() {}
            $( zeroes_are_a_value::<$field>(); )+
            // SAFETY: zeroes are a value of each field, by its type, and padding may hold anything.
            unsafe impl bytemuck::Zeroable for $name {}
        };
    };
    (pod $name:ident: $($field:ty),+) => {
        $crate::record::bytes! { zeroable $name: $($field),+ }
        const _: () = {
            const fn bytes_are_a_value<T: bytemuck::Pod>() {}
            $( bytes_are_a_value::<$field>(); )+
            static_assertions::const_assert_eq!(
                ::core::mem::size_of::<$name>(),
                0 $( + ::core::mem::size_of::<$field>() )+
            );
            // SAFETY: any bytes are a value of each field, by its type; the fields fill it, as was asserted.
            unsafe impl bytemuck::Pod for $name {}
        };
    };
    // Nothing.
    ($name:ident: $($field:ty),+) => {};
}
pub(crate) use bytes;

//! How each format says what the loader would write into places of the image: as data. `pointers` reads them.

/// Where [`Pointers`] reads from; parsed when somebody asks.
#[derive(Clone, Debug, Default)]
pub(crate) enum Relocations<'a> {
    /// There are none, or none we understand: nothing is resolved.
    #[default]
    None,
    /// ELF: the tables as they stand, and the dynamic symbols they index.
    Elf(Tables<'a>),
    /// Mach-O: rebase and bind codes, or chained fixups.
    MachO(Fixups<'a>),
    /// PE: what stands in the file is what the loader would write, less the slide.
    InPlace,
}

/// Tables that the loader walks, each as offset and size; read by [`Pointers`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables<'a> {
    /// `.rela.dyn`, `.rel.dyn` and the like.
    pub(crate) tables: Vec<Table>,
    /// `.rela.plt`: what calls go through.
    pub(crate) jumps: Option<Table>,
    /// The names of dynamic symbols come from here.
    pub(crate) symbols: &'a [u8],
    pub(crate) strings: &'a [u8],
    pub(crate) machine: u16,
}

/// One table of relocations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) kind: TableKind,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// How a table's records look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    /// Address and what to do; the addend stands in the place.
    Rel,
    /// The addend stands in the record.
    Rela,
    /// Addresses alone, packed.
    Relr,
}

/// How pointers in data are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixups<'a> {
    /// The chained fixups, where there are any; else a pointer stands in its place as it is.
    pub(crate) chained: Option<&'a [u8]>,
    /// The address of the header, from which offsets in chains count.
    pub(crate) base: u64,
}

/// What stands in a place once the image is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer<'a> {
    /// An address of this image.
    Here(u64),
    /// A symbol of another.
    Import(&'a str),
}

/// What the loader would write, for each place.
#[derive(Clone, Debug, Default)]
pub struct Pointers<'a> {
    /// ELF: place and value, in the order of places.
    pub(super) table: Vec<(u64, Pointer<'a>)>,
    pub(super) chains: Chains,
}

/// How a pointer is written where no table tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Chains {
    /// Not at all: it is in the table or nowhere.
    #[default]
    None,
    /// As it is.
    InPlace,
    /// Mach-O's `DYLD_CHAINED_PTR_64`: 36 bits of address.
    Address,
    /// `DYLD_CHAINED_PTR_64_OFFSET`: 36 bits counted from the header's address.
    Offset(u64),
    /// `DYLD_CHAINED_PTR_ARM64E` and the like: 43 bits, or 32 where it is signed.
    Signed,
    /// The same, counted from the header's address.
    SignedOffset(u64),
}

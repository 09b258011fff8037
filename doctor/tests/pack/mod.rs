//! Packs small files by hand, byte by byte, so that each test can spoil one of them at the place it is about.

#![allow(dead_code, reason = "each test file uses some of them")]

/// Bytes that grow, with numbers in the order of little-endian machines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn u16(&mut self, number: u16) -> &mut Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn u32(&mut self, number: u32) -> &mut Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn u64(&mut self, number: u64) -> &mut Self {
        self.raw(&number.to_le_bytes())
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    /// A text of a fixed width, filled with zeros.
    pub(crate) fn padded(&mut self, text: &str, width: usize) -> &mut Self {
        self.raw(text.as_bytes()).raw(&vec![0; width - text.len()])
    }

    pub(crate) fn at(&mut self, place: usize) -> &mut Self {
        assert!(self.0.len() <= place, "{:#x} is behind {:#x}", self.0.len(), place);
        self.0.resize(place, 0);
        self
    }
}

/// Where things stand in [`elf`]; addresses and offsets are the same.
pub(crate) const PROGRAM_HEADERS: usize = 0x40;
pub(crate) const STRINGS: usize = 0x100;
pub(crate) const SYMBOLS: usize = 0x200;
pub(crate) const RELOCATIONS: usize = 0x280;
pub(crate) const DYNAMIC: usize = 0x400;
pub(crate) const NEEDS: usize = 0x500;
pub(crate) const CODE: usize = 0x540;
pub(crate) const DEFINITION: usize = 0x580;
pub(crate) const SLOTS: usize = 0x600;
pub(crate) const TEXTS: usize = 0x680;
pub(crate) const SECTIONS: usize = 0x800;

/// An extension module `x` for x86-64 Linux: `PyInit_x` gives a definition with these slots to `PyModuleDef_Init`, glibc
/// 2.17 is asked for, and `texts` stand among its constants.
pub(crate) fn elf(slots: &[(u32, u64)], texts: &[u8]) -> Vec<u8> {
    let mut out = Bytes::default();
    out.raw(b"\x7fELF\x02\x01\x01").at(16);
    out.u16(3).u16(62).u32(1).u64(0).u64(PROGRAM_HEADERS as u64).u64(SECTIONS as u64);
    out.u32(0).u16(64).u16(56).u16(2).u16(64).u16(4).u16(3);
    let end = (TEXTS + 0x100 + texts.len()).max(SECTIONS + 0x200 + texts.len()) as u64;
    let segment = |out: &mut Bytes, kind: u32, at: u64, size: u64| {
        out.u32(kind).u32(6).u64(at).u64(at).u64(at).u64(size).u64(size).u64(8);
    };
    segment(&mut out, 1, 0, end);
    segment(&mut out, 2, DYNAMIC as u64, 0xd0);

    out.at(STRINGS).raw(b"\0PyInit_x\0PyModuleDef_Init\0libc.so.6\0GLIBC_2.17\0.rodata\0.data\0.shstrtab\0");
    let string = |text: &str| {
        let all = "\0PyInit_x\0PyModuleDef_Init\0libc.so.6\0GLIBC_2.17\0.rodata\0.data\0.shstrtab\0";
        all.find(&format!("\0{text}\0")).expect("it is there") as u32 + 1
    };
    let symbol = |out: &mut Bytes, name: u32, section: u16, value: u64| {
        out.u32(name).raw(&[0x12, 0]).u16(section).u64(value).u64(0);
    };
    out.at(SYMBOLS);
    symbol(&mut out, 0, 0, 0);
    symbol(&mut out, string("PyInit_x"), 1, CODE as u64);
    symbol(&mut out, string("PyModuleDef_Init"), 0, 0);

    out.at(RELOCATIONS);
    for (place, value) in [(DEFINITION + 40, TEXTS), (DEFINITION + 72, SLOTS)] {
        out.u64(place as u64).u64(8).u64(value as u64);
    }

    out.at(DYNAMIC);
    let entries = [
        (1, string("libc.so.6") as u64),
        (5, STRINGS as u64),
        (10, 0x100),
        (6, SYMBOLS as u64),
        (11, 24),
        (4, 0x4e0),
        (7, RELOCATIONS as u64),
        (8, 48),
        (9, 24),
        (0x6fff_fffe, NEEDS as u64),
        (0x6fff_ffff, 1),
        (0, 0),
    ];
    for (tag, value) in entries {
        out.u64(tag).u64(value);
    }
    // The old hash table: only its number of chains, which is that of the symbols, is of use here.
    out.at(0x4e0).u32(0).u32(3);
    out.at(NEEDS).u16(1).u16(1).u32(string("libc.so.6")).u32(16).u32(0);
    out.u32(0).u16(0).u16(2).u32(string("GLIBC_2.17")).u32(0);

    // lea rdi, [rip + definition]; jmp elsewhere
    out.at(CODE).raw(&[0x48, 0x8d, 0x3d]).u32((DEFINITION - CODE - 7) as u32).raw(&[0xe9, 0, 0, 0, 0]);
    out.at(DEFINITION).u64(1).at(DEFINITION + 40).u64(TEXTS as u64).at(DEFINITION + 72).u64(SLOTS as u64);
    out.at(SLOTS);
    for (number, value) in slots {
        out.u32(*number).u32(0).u64(*value);
    }
    out.at(TEXTS).raw(b"x\0");

    out.at(SECTIONS).at(SECTIONS + 64);
    let section = |out: &mut Bytes, name: &str, kind: u32, flags: u64, at: u64, size: u64| {
        out.u32(string(name)).u32(kind).u64(flags).u64(at).u64(at).u64(size).u32(0).u32(0).u64(1).u64(0);
    };
    let far = (SECTIONS + 0x180) as u64;
    section(&mut out, ".rodata", 1, 2, far, texts.len() as u64);
    section(&mut out, ".data", 1, 3, DEFINITION as u64, 0x180);
    section(&mut out, ".shstrtab", 3, 0, STRINGS as u64, 0x100);
    out.at(far as usize).raw(texts);
    out.at(end as usize);
    out.0
}

/// Where things stand in [`macho`].
pub(crate) const MACHO_STRINGS: usize = 0x400;

/// An extension module `x` for macOS 11 on arm64; its name stands in the symbol table, or in an export trie.
pub(crate) fn macho(trie: Option<&[u8]>, texts: &[u8]) -> Vec<u8> {
    let mut out = Bytes::default();
    let size = (0x500 + texts.len()) as u64;
    out.u32(0xfeed_facf).u32(0x0100_000c).u32(0).u32(8);
    out.u32(4).u32(72 + 80 + 24 + 24 + 48).u32(0).u32(0);
    out.u32(0x19).u32(72 + 80).padded("__TEXT", 16).u64(0).u64(size).u64(0).u64(size);
    out.u32(5).u32(5).u32(1).u32(0);
    out.padded("__cstring", 16).padded("__TEXT", 16).u64(0x500).u64(texts.len() as u64).u32(0x500).u32(0);
    out.u32(0).u32(0).u32(2).u32(0).u32(0).u32(0);
    out.u32(0x32).u32(24).u32(1).u32(11 << 16).u32(14 << 16).u32(0);
    out.u32(2).u32(24).u32(0x300).u32(if trie.is_some() { 0 } else { 2 }).u32(MACHO_STRINGS as u32).u32(64);
    out.u32(0x8000_0022).u32(48).raw(&[0; 32]);
    out.u32(0x440).u32(trie.map_or(0, <[u8]>::len) as u32);
    out.at(0x300);
    out.u32(1).raw(&[0x0f, 1]).u16(0).u64(0x480);
    out.u32(11).raw(&[0x01, 0]).u16(0).u64(0);
    out.at(MACHO_STRINGS).raw(b"\0_PyInit_x\0_PyModule_Create2\0");
    out.at(0x440).raw(trie.unwrap_or(&[]));
    out.at(0x500).raw(texts);
    out.0
}

/// A fat file of these slices, each with the place and size it is said to have.
pub(crate) fn fat(slices: &[(u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut out = Bytes::default();
    let mut big = |number: u32| {
        out.raw(&number.to_be_bytes());
    };
    big(0xcafe_babe);
    big(slices.len() as u32);
    for (offset, size) in slices {
        [0x0100_000c, 0, *offset, *size, 0].into_iter().for_each(&mut big);
    }
    out.at(0x100).raw(data);
    out.0
}

/// Where things stand in [`pe`]: RVAs and offsets are the same.
pub(crate) const PE_EXPORTS: usize = 0x400;
pub(crate) const PE_IMPORTS: usize = 0x500;

/// An extension module `x` for Windows on x86-64, which asks `python312.dll` for `PyModuleDef_Init`.
pub(crate) fn pe(texts: &[u8]) -> Vec<u8> {
    let mut out = Bytes::default();
    out.raw(b"MZ").at(0x3c).u32(0x80).at(0x80).raw(b"PE\0\0");
    out.u16(0x8664).u16(1).u32(0).u32(0).u32(0).u16(240).u16(0x2022);
    out.u16(0x20b).raw(&[14, 44]).u32(0).u32(0).u32(0).u32(0).u32(0);
    out.u64(0x1_8000_0000).u32(0x200).u32(0x200).u16(6).u16(0).u16(0).u16(0).u16(6).u16(0);
    out.u32(0).u32(0x1000).u32(0x200).u32(0).u16(2).u16(0).u64(0).u64(0).u64(0).u64(0).u32(0).u32(16);
    out.u32(PE_EXPORTS as u32).u32(0x80).u32(PE_IMPORTS as u32).u32(0x80).raw(&[0; 14 * 8]);
    let size = (0x400 + texts.len()) as u32;
    out.padded(".rdata", 8).u32(size).u32(0x300).u32(size).u32(0x300).u32(0).u32(0).u32(0).u32(0x4000_0040);
    out.at(PE_EXPORTS).at(PE_EXPORTS + 20).u32(1).u32(1).u32(0x440).u32(0x444).u32(0x448);
    out.at(0x440).u32(0x600).u32(0x450).u16(0).at(0x450).raw(b"PyInit_x\0");
    out.at(PE_IMPORTS).u32(0x540).u32(0).u32(0).u32(0x560).u32(0x540);
    out.at(0x540).u64(0x580).u64(0).at(0x560).raw(b"python312.dll\0");
    out.at(0x580).u16(0).raw(b"PyModuleDef_Init\0");
    out.at(0x700).raw(texts);
    out.0
}

/// A member of an archive, each field as the directory says it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) packed: Vec<u8>,
    /// Shares the bytes of the member before it.
    pub(crate) shared: bool,
}

impl Member {
    /// Bytes as they are.
    pub(crate) fn stored(name: &'static str, bytes: &[u8]) -> Self {
        let crc = libdeflater::crc32(bytes);
        Self {
            name,
            method: 0,
            flags: 0,
            crc,
            size: bytes.len() as u32,
            packed: bytes.to_vec(),
            shared: false,
        }
    }

    /// Bytes packed by deflate.
    pub(crate) fn deflated(name: &'static str, bytes: &[u8]) -> Self {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
        let mut packed = vec![0; compressor.deflate_compress_bound(bytes.len())];
        let size = compressor.deflate_compress(bytes, &mut packed).expect("the bound holds");
        packed.truncate(size);
        Self { method: 8, packed, ..Self::stored(name, bytes) }
    }
}

/// An archive of these members.
pub(crate) fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Bytes::default(), Bytes::default());
    let mut last = 0;
    for member in members {
        let at = if member.shared { last } else { out.0.len() as u32 };
        last = at;
        let fields = |out: &mut Bytes| {
            out.u16(20).u16(member.flags).u16(member.method).u32(0);
            out.u32(member.crc).u32(member.packed.len() as u32).u32(member.size);
            out.u16(member.name.len() as u16).u16(0);
        };
        if !member.shared {
            out.raw(b"PK\x03\x04");
            fields(&mut out);
            out.raw(member.name.as_bytes()).raw(&member.packed);
        }
        directory.raw(b"PK\x01\x02").u16(20);
        fields(&mut directory);
        directory.u16(0).u16(0).u16(0).u32(0).u32(at).raw(member.name.as_bytes());
    }
    let (at, size, count) = (out.0.len() as u32, directory.0.len() as u32, members.len() as u16);
    out.raw(&directory.0);
    out.raw(b"PK\x05\x06").u16(0).u16(0).u16(count).u16(count).u32(size).u32(at).u16(0);
    out.0
}

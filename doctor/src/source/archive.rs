//! The native members of a wheel, inflated one at a time into a buffer that is used again.
//!
//! What an archive says about a member is a claim. A member is refused, with a problem, when it is larger than we read,
//! when no compression could make its bytes of so few, when it shares its bytes with another, or when the bytes that come
//! out aren't as many as promised or don't sum up. Nothing is ever written to disk, so a name that leads out of the
//! archive does no harm here; it is told all the same, because installers would meet it.

use std::cell::RefCell;
use std::collections::HashSet;

use libdeflater::Decompressor;
use rawzip::{
    CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator,
};

use crate::facts::Problem;

use super::scratch::Scratch;
use super::walk::{is_native, is_program};

/// Deflate makes at most 1032 bytes of one.
const HIGHEST_RATIO: u64 = 1032;
/// More members than any archive we read; with this many names the memory stays below some hundred megabytes.
const MOST_MEMBERS: usize = 1 << 20;
/// `WHEEL` is a few lines.
const LARGEST_METADATA: u64 = 64 * 1024;

/// What one thread needs to inflate: the packed bytes, and the others.
struct Inflating {
    decompressor: Decompressor,
    packed: Scratch,
    whole: Scratch,
}

thread_local! {
    static INFLATING: RefCell<Inflating> = RefCell::new(Inflating {
        decompressor: Decompressor::new(),
        packed: Scratch::default(),
        whole: Scratch::default(),
    });
}

/// Where the bytes of an archive are read from.
pub(crate) type Reader<'a> = &'a (dyn ReaderAt + Sync);

/// A member that is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name; what isn't UTF-8 of it is replaced.
    pub(crate) name: String,
    /// How many bytes it claims to have.
    pub(crate) size: u64,
    /// How many bytes of the archive they take.
    packed: u64,
    method: CompressionMethod,
    place: ZipArchiveEntryWayfinder,
    crc: u32,
}

impl Member {
    /// How much memory reading it takes.
    pub(crate) fn memory(&self) -> u64 {
        match self.method {
            CompressionMethod::STORE => self.size,
            _ => self.size.saturating_add(self.packed),
        }
    }
}

/// An archive whose directory was read.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Reader<'a>>,
    /// How many bytes the archive has.
    length: u64,
    /// The native members, in the order of their names.
    pub(crate) members: Vec<Member>,
    /// The text of `WHEEL`, if there is one.
    pub(crate) wheel: Option<String>,
    /// What is wrong with the directory.
    pub(crate) problems: Vec<Problem>,
}

/// Whether these bytes start as a zip archive does.
pub(crate) fn is_archive(data: &[u8]) -> bool {
    data.starts_with(b"PK\x03\x04") || data.starts_with(b"PK\x05\x06")
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive; members larger than `largest` are refused.
    pub(crate) fn open(
        path: &str,
        reader: Reader<'a>,
        length: u64,
        largest: u64,
        in_all: u64,
    ) -> Result<Self, Box<Problem>> {
        let bad = |message: String| problem("bad-archive", path, None, message);
        let refused = |message| Box::new(bad(message));
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = ZipLocator::new()
            .locate_in_reader(reader, &mut buffer, length)
            .map_err(|(_, error)| refused(format!("is no zip archive: {error}")))?;
        let mut archive = Self { zip, length, members: Vec::new(), wheel: None, problems: Vec::new() };
        let (mut found, mut wheel, mut problems) = (Vec::new(), None, Vec::new());
        let mut seen = HashSet::new();
        let mut sum = 0u64;
        let mut entries = archive.zip.entries(&mut buffer);
        for index in 0.. {
            let entry = match entries.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    problems.push(bad(format!("its directory is broken: {error}")));
                    break;
                }
            };
            if index == MOST_MEMBERS {
                problems.push(bad(format!("has more than {MOST_MEMBERS} members; the rest is not read")));
                break;
            }
            let raw = entry.file_path();
            let name = String::from_utf8_lossy(raw.as_ref());
            let metadata = name.ends_with(".dist-info/WHEEL") && name.matches('/').count() == 1;
            if entry.is_dir() || !(is_native(&name) || is_program(&name) || metadata) {
                continue;
            }
            let mut tell = |kind: &str, message: String| {
                problems.push(problem(kind, path, Some(&name), message));
            };
            if leads_out(&name) {
                tell("path-in-archive", "its name leads out of the folder it is unpacked into".to_owned());
            }
            if !seen.insert(name.clone().into_owned()) {
                tell("duplicate-in-archive", "the archive holds several members of this name".to_owned());
            }
            let (size, packed) = (entry.uncompressed_size_hint(), entry.compressed_size_hint());
            let most = match entry.compression_method() {
                CompressionMethod::STORE => packed,
                CompressionMethod::DEFLATE => packed.saturating_mul(HIGHEST_RATIO),
                other => {
                    tell("bad-archive", format!("is compressed by method {other}, which wheels don't use"));
                    continue;
                }
            };
            if entry.flags().is_encrypted() {
                tell("bad-archive", "is encrypted".to_owned());
                continue;
            }
            if size > most {
                tell("bad-archive", format!("claims {size} bytes, but can't have more than {most}"));
                continue;
            }
            if size > largest {
                tell("too-large", format!("has {size} bytes; members above {largest} are not read"));
                continue;
            }
            sum = sum.saturating_add(size);
            if sum > in_all {
                tell("too-large", format!("the archive's members have more than {in_all} bytes in all"));
                break;
            }
            let member = Member {
                name: name.into_owned(),
                size,
                packed,
                method: entry.compression_method(),
                place: entry.wayfinder(),
                crc: entry.crc32(),
            };
            if metadata {
                wheel = Some(member);
            } else {
                found.push(member);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        archive.members = found;
        archive.problems = problems;
        archive.refuse_overlaps(path);
        if let Some(member) = wheel.filter(|member| member.size <= LARGEST_METADATA) {
            let read = archive.read(path, &member, |bytes| String::from_utf8(bytes.to_vec()).ok());
            match read {
                Ok(text) => archive.wheel = text,
                Err(problem) => archive.problems.push(*problem),
            }
        }
        Ok(archive)
    }

    /// Members that share bytes make an archive unfold into more than its size allows; none of them is read.
    fn refuse_overlaps(&mut self, path: &str) {
        let mut ranges: Vec<(u64, u64, usize)> = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            if let Ok(entry) = self.zip.get_entry(member.place) {
                let (start, end) = entry.compressed_data_range();
                ranges.push((start, end, index));
            }
        }
        ranges.sort_unstable();
        let (mut reached, mut shared) = (0, HashSet::new());
        let mut last = None;
        for (start, end, index) in ranges {
            if start < reached {
                shared.extend(last);
                shared.insert(index);
            }
            if end > reached {
                (reached, last) = (end, Some(index));
            }
        }
        let mut index = 0;
        let problems = &mut self.problems;
        self.members.retain(|member| {
            let keep = !shared.contains(&index);
            if !keep {
                let message = "shares its bytes with another member".to_owned();
                problems.push(problem("bad-archive", path, Some(&member.name), message));
            }
            index += 1;
            keep
        });
    }

    /// Gives the bytes of a member to `reader`.
    pub(crate) fn read<R>(
        &self,
        path: &str,
        member: &Member,
        reader: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Box<Problem>> {
        let bad = |message: String| Box::new(problem("bad-archive", path, Some(&member.name), message));
        let entry = self.zip.get_entry(member.place).map_err(|error| bad(format!("is cut off: {error}")))?;
        let (start, end) = entry.compressed_data_range();
        if end > self.length {
            return Err(bad(format!(
                "is cut off: it should end at {end}, the archive ends at {}",
                self.length
            )));
        }
        let fits = |size: u64| usize::try_from(size).map_err(|_| bad("is larger than memory".to_owned()));
        let (size, packed) = (fits(member.size)?, fits(end - start)?);
        let no_memory = |size: usize, error| format!("no memory for {size} bytes: {error}");
        let source = self.zip.get_ref();
        INFLATING.with_borrow_mut(|inflating| {
            let Inflating { decompressor, packed: first, whole } = inflating;
            let read = first.with(packed, |bytes| {
                source.read_exact_at(bytes, start).map_err(|error| format!("is cut off: {error}"))?;
                if member.method == CompressionMethod::STORE {
                    return self.checked(member, bytes, reader);
                }
                let inflate = |out: &mut [u8]| match decompressor.deflate_decompress(bytes, out) {
                    Ok(written) if written == size => self.checked(member, out, reader),
                    Ok(written) => Err(format!("claims {size} bytes, but has {written}")),
                    Err(error) => Err(format!("can't be inflated to the {size} bytes it claims: {error}")),
                };
                whole.with(size, inflate).map_err(|error| no_memory(size, error))?
            });
            read.map_err(|error| no_memory(packed, error)).and_then(|read| read).map_err(bad)
        })
    }

    fn checked<R>(
        &self,
        member: &Member,
        bytes: &[u8],
        reader: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, String> {
        if bytes.len() as u64 != member.size {
            return Err(format!("claims {} bytes, but has {}", member.size, bytes.len()));
        }
        let crc = libdeflater::crc32(bytes);
        if crc != member.crc {
            return Err(format!("its check sum is {crc:08x}, the archive says {:08x}", member.crc));
        }
        Ok(reader(bytes))
    }
}

fn leads_out(name: &str) -> bool {
    name.starts_with(['/', '\\'])
        || name.as_bytes().get(1) == Some(&b':')
        || name.split(['/', '\\']).any(|part| part == "..")
}

fn problem(kind: &str, path: &str, member: Option<&str>, message: String) -> Problem {
    let path = member.map_or_else(|| path.to_owned(), |member| format!("{path}!{member}"));
    Problem { kind: kind.to_owned(), path, message, evidence: None }
}

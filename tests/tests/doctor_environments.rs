//! What the doctor says of environments of real wheels, half of which are broken. Each was laid out and imported with CPython
//! 3.11 on Linux x86-64, and what is expected here is what Python said then.

use std::fs;
use std::path::{Path, PathBuf};

use interbind_doctor::environment::survey;
use interbind_doctor::finding::Level;
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_doctor::installed::installed;
use interbind_tests::corpus::truth::folder;
use interbind_tests::corpus::wheels::Named;
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use serde::Deserialize;

/// What Python said; the words are those of `doctor/corpus/environments/numpy.toml`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    Nothing,
    NumpyRefuses,
    SizeChanged,
    Silent,
}

/// A package, with what was said beside NumPy 1 and beside NumPy 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Package {
    wheel: Named,
    beside_numpy_1: Said,
    beside_numpy_2: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Environments {
    numpy_1: Named,
    numpy_2: Named,
    package: Vec<Package>,
}

impl Environments {
    fn read() -> Self {
        let file = folder().join("environments/numpy.toml");
        let text = fs::read_to_string(&file).expect("the environments can be read");
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
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
    let environments = Environments::read();
    let one = environments.numpy_1.found(python);
    let (Some(one), Some(two)) = (one, environments.numpy_2.found(python)) else { return };
    let mut wrong = Vec::new();
    for package in environments.package {
        let Some(file) = package.wheel.found(python) else { continue };
        for (numpy, release, said) in
            [(&one, "1", package.beside_numpy_1), (&two, "2", package.beside_numpy_2)]
        {
            let name = format!("{}-{}-numpy-{release}", package.wheel.project, package.wheel.version);
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

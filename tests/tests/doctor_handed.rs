//! What the doctor says of the GIL and of sub-interpreters, beside what real modules hand to Python: their entry points are called, and
//! the slots of what they return are read. A statement that is certain has to be true.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use interbind_doctor::facts::{Confidence, Gil, Interpreters, Module};
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_tests::corpus::truth::folder;
use interbind_tests::corpus::wheels::Named;
use interbind_tests::package::repository;
use interbind_tests::python::Python;
use serde::Deserialize;

/// Modules that one process calls: some can't be in it with others.
const AT_ONCE: usize = 15;
/// As many as the corpus has to have.
const FEWEST: usize = 300;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wheels {
    wheel: Vec<Named>,
}

/// What an entry point handed over.
#[derive(Debug, Deserialize)]
struct Handed {
    path: String,
    phase: Option<String>,
    #[serde(default)]
    slots: BTreeMap<u32, u64>,
    error: Option<String>,
}

impl Handed {
    fn gil(&self) -> Gil {
        // `Py_mod_gil`; a module without it needs the GIL.
        if self.slots.get(&4) == Some(&1) { Gil::NotUsed } else { Gil::Used }
    }

    fn interpreters(&self) -> Interpreters {
        match self.slots.get(&3) {
            _ if self.phase.as_deref() == Some("single") => Interpreters::MainOnly,
            Some(0) => Interpreters::MainOnly,
            Some(2) => Interpreters::PerInterpreterGil,
            // CPython takes one that says nothing for one that shares the GIL.
            _ => Interpreters::SharedGil,
        }
    }
}

/// All wheels, laid out in one folder; none, visibly, where one can't be had.
fn lay_out(python: &Python) -> Option<PathBuf> {
    let file = folder().join("environments/handed.toml");
    let text = fs::read_to_string(&file).expect("the list can be read");
    let wheels: Wheels = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let place = repository().join("target/doctor-handed");
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).expect("a folder under target");
    for wheel in wheels.wheel {
        let found = wheel.found(python)?;
        let code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
        let done = Command::new(&python.executable).args(["-c", code]).args([&found, &place]).status();
        assert!(done.is_ok_and(|status| status.success()), "{} can't be laid out", found.display());
    }
    Some(place)
}

/// Calls the entry points of these files; a process that ends early takes its last one along.
fn handed(python: &Python, site: &Path, asked: &[(&Module, String)]) -> Vec<Handed> {
    let mut all = Vec::new();
    let mut rest = asked;
    while !rest.is_empty() {
        let batch = &rest[..rest.len().min(AT_ONCE)];
        let mut child = Command::new(&python.executable)
            .arg(repository().join("tests/fixtures/handed.py"))
            .env("PYTHONPATH", site)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the interpreter starts");
        let lines: String =
            batch.iter().map(|(module, symbol)| format!("{}\t{symbol}\n", module.path)).collect();
        let mut input = child.stdin.take().expect("it is piped");
        // It may have ended already.
        let _ = input.write_all(lines.as_bytes());
        drop(input);
        let output = child.wait_with_output().expect("it was started");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = text.lines().filter_map(|line| serde_json::from_str::<Handed>(line).ok());
        let before = all.len();
        all.extend(said);
        // The one that ended the process is passed over.
        let answered = all.len() - before;
        rest = &rest[batch.len().min(answered + 1)..];
    }
    all
}

#[test]
fn what_is_certain_of_the_gil_and_of_interpreters_is_what_modules_hand_over() {
    let Some(python) = Python::find("3.13", "calling entry points of modules for it") else { return };
    let Some(site) = lay_out(python) else { return };
    let read = inspect(std::slice::from_ref(&site), &Options::default(), &Quiet);
    let entry = |module: &Module| {
        let stem = Path::new(&module.path).file_name()?.to_str()?.split('.').next()?.to_owned();
        let symbol = format!("PyInit_{stem}");
        module.python.entries.iter().any(|entry| entry.symbol == symbol).then_some(symbol)
    };
    let asked: Vec<(&Module, String)> =
        read.modules.iter().filter_map(|module| Some((module, entry(module)?))).collect();
    let truth: BTreeMap<String, Handed> =
        handed(python, &site, &asked).into_iter().map(|said| (said.path.clone(), said)).collect();
    let (mut compared, mut certain, mut wrong) = (0, 0, Vec::new());
    for (module, _) in &asked {
        let Some(handed) = truth.get(&module.path).filter(|handed| handed.error.is_none()) else { continue };
        compared += 1;
        let (gil, interpreters) = (&module.python.gil, &module.python.interpreters);
        certain += usize::from(gil.confidence == Confidence::Certain);
        certain += usize::from(interpreters.confidence == Confidence::Certain);
        if gil.is_certain() && gil.value != Some(handed.gil()) {
            wrong.push(format!("{}: {gil:?}, and hands over {handed:?}", module.path));
        }
        if interpreters.is_certain() && interpreters.value != Some(handed.interpreters()) {
            wrong.push(format!("{}: {interpreters:?}, and hands over {handed:?}", module.path));
        }
    }
    println!("{compared} modules were called, and {certain} certain statements compared");
    assert!(wrong.is_empty(), "{} false statements:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= FEWEST, "{compared} of {} modules could be called", asked.len());
    assert!(certain * 10 >= compared * 2 * 9, "{certain} statements on {compared} modules are certain");
}

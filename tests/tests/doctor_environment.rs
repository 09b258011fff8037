//! What the doctor says of a whole environment is what its Python does: a virtual environment with real wheels, read by the doctor, and
//! asked module by module for the keys under which their frameworks keep their types.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use interbind_doctor::environment::{Environment, RULES, survey};
use interbind_doctor::facts::{Confidence, FrameworkKind, Inspection};
use interbind_doctor::graph;
use interbind_doctor::host::{HostPython, QUESTION, place};
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_doctor::installed::installed;
use interbind_tests::python::{FOREIGN, Python};
use interbind_tests::skip::{Lack, missing, skip};
use interbind_tests::workshop;

/// Small wheels of several frameworks and releases.
const WHEELS: &[&str] = &[
    "contourpy",
    "optree",
    "kiwisolver",
    "boost-histogram",
    "gemmi",
    "numpy",
    "rpds-py",
    "typing_extensions",
];

/// Imports a module, and prints the keys that frameworks have put into the interpreter since.
const KEYS: &str = "import builtins, ctypes, importlib, sys
api = ctypes.pythonapi
api.PyInterpreterState_Get.restype = ctypes.c_void_p
api.PyInterpreterState_GetDict.restype = ctypes.c_void_p
api.PyInterpreterState_GetDict.argtypes = [ctypes.c_void_p]
importlib.import_module(sys.argv[1])
state = ctypes.cast(api.PyInterpreterState_GetDict(api.PyInterpreterState_Get()), ctypes.py_object).value
for key in [*state, *vars(builtins)]:
    if isinstance(key, str) and key.startswith(('__pybind11_internals_v', '__nb_internals_')):
        print(key)";

fn run(python: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(python);
    command.args(args);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.output().expect("an interpreter that was found starts")
}

/// An environment with the wheels in it, made once; none, visibly, where they can't be had.
fn environment(what: &str) -> Option<PathBuf> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    MADE.get_or_init(|| make(what)).clone()
}

fn make(what: &str) -> Option<PathBuf> {
    let python = Python::default(what)?;
    let folder = workshop!().join(format!("doctor-environment-{python}"));
    let inside = folder.join("bin").join("python");
    if !inside.is_file() {
        let made = run(&python.executable, &["-m", "venv", &folder.to_string_lossy()]);
        if !made.status.success() {
            missing(what, Lack::Package("venv"), &format!("{python} makes no virtual environment"));
            return None;
        }
    }
    let mut args =
        vec!["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--disable-pip-version-check"];
    args.extend(WHEELS);
    let output = run(&inside, &args);
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        let said = error.lines().last().unwrap_or_default();
        missing(what, Lack::Package("wheels"), &format!("pip has no wheels: {said}"));
        return None;
    }
    Some(folder)
}

fn look(folder: &Path) -> (Environment, Inspection) {
    let place = place(folder).expect("a virtual environment has its place");
    let installed = installed(&place.folders);
    let inspection = inspect(&place.folders, &Options::default(), &Quiet);
    (survey(&inspection, place.python.as_ref(), &installed), inspection)
}

#[test]
fn the_python_that_files_describe_is_the_one_that_answers() {
    let what = "the Python behind an environment";
    let Some(folder) = environment(what) else { return };
    let answer = run(&folder.join("bin").join("python"), &["-c", QUESTION]);
    let asked =
        HostPython::from_answer(&String::from_utf8_lossy(&answer.stdout)).expect("the question's answer");
    let read =
        place(&folder).expect("a virtual environment has its place").python.expect("a Python is behind it");
    assert_eq!(read.implementation.value, asked.implementation.value);
    assert_eq!(read.version.value, asked.version.value);
    assert_eq!(read.free_threaded.value, asked.free_threaded.value);
    assert_eq!(read.debug.value, asked.debug.value);
    assert_eq!(read.os.value, asked.os.value);
    assert_eq!(read.arch.value, asked.arch.value);
    let kind = |host: &HostPython| host.libc.value.as_ref().map(|libc| libc.kind);
    assert_eq!(kind(&read), kind(&asked));
    assert_eq!(read.site_packages, asked.site_packages);
}

#[test]
fn every_python_of_this_machine_is_described_by_its_files() {
    for python in Python::all().iter().filter(|python| python.implementation == "cpython") {
        let Some(read) = place(&python.executable).ok().and_then(|place| place.python) else {
            skip("a Python's files", &format!("{python} has no folder of packages by its place"));
            continue;
        };
        assert_eq!(read.numbers(), Some(python.version), "{python}");
        assert_eq!(read.free_threaded.value, Some(python.free_threaded), "{python}");
        assert_eq!(read.debug.value, Some(python.debug), "{python}");
    }
}

#[test]
fn groups_are_the_keys_that_the_interpreter_has() {
    let what = "groups against live keys";
    let Some(folder) = environment(what) else { return };
    let (environment, _) = look(&folder);
    let python = folder.join("bin").join("python");
    let mut live: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut asked = 0;
    for (at, group) in environment.groups.iter().enumerate() {
        let prefix = match group.framework {
            FrameworkKind::Pybind11 => "__pybind11_internals_v",
            FrameworkKind::Nanobind => "__nb_internals_",
            _ => continue,
        };
        for &module in &group.modules {
            let name = &environment.modules[module].label;
            let output = run(&python, &["-c", KEYS, name]);
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let keys: Vec<&str> = text.lines().filter(|key| key.starts_with(prefix)).collect();
            let domain =
                group.parts.iter().find(|part| part.name == "domain").map_or("", |part| part.value.as_str());
            let fits = |key: &&&str| match group.framework {
                FrameworkKind::Pybind11 => **key == group.key,
                // The domain is the end of nanobind's key, and not always known.
                _ if group.confidence == Confidence::Unknown => {
                    key.starts_with(&format!("{prefix}{}_", group.key))
                }
                _ => **key == format!("{prefix}{}_{domain}__", group.key),
            };
            let key = keys.iter().find(fits).unwrap_or_else(|| panic!("{name}: {keys:?} isn't {group:?}"));
            live.entry((*key).to_owned()).or_default().insert(at);
            asked += 1;
        }
    }
    assert!(asked >= 4, "only {asked} modules have a key");
    for (key, groups) in live {
        let known = |at: &&usize| environment.groups[**at].confidence != Confidence::Unknown;
        assert!(groups.iter().filter(known).count() <= 1, "{key} is in several groups: {groups:?}");
    }
}

#[test]
fn every_module_that_is_said_to_load_is_found_by_its_package() {
    let what = "modules and their packages";
    let Some(folder) = environment(what) else { return };
    let (environment, _) = look(&folder);
    let extensions = || environment.modules.iter().filter(|member| member.extension);
    assert!(extensions().count() > 10);
    for member in extensions() {
        assert_eq!(member.obstacle, None, "{}", member.path);
        assert!(member.owner.is_some(), "{}", member.path);
    }
    for name in WHEELS {
        let name = name.replace('_', "-");
        assert!(environment.distributions.iter().any(|found| found.name == name), "{name}");
    }
}

#[test]
fn a_real_environment_is_drawn_in_all_three_ways() {
    let what = "pictures of a real environment";
    let Some(folder) = environment(what) else { return };
    let (environment, inspection) = look(&folder);
    let (svg, mermaid, page) =
        (graph::svg(&environment), graph::mermaid(&environment), graph::html(&environment, &inspection));
    for member in
        environment.groups.iter().flat_map(|group| &group.modules).map(|at| &environment.modules[*at])
    {
        for text in [&svg, &page] {
            assert!(text.contains(&member.label), "{}", member.label);
        }
    }
    assert_eq!(mermaid.matches("subgraph").count(), svg.matches("class=\"ib-area\"").count());
}

#[test]
fn each_rule_has_its_section_in_the_documentation() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/doctor/findings.md"))
        .expect("the page of the findings");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let (first, rest) = sections.split_at(RULES.len());
    assert_eq!(first, RULES, "the page begins with the rules of environments, in their order");
    // Then those of the other commands, which `explain` knows too: a test of the doctor compares its list with the page.
    assert!(rest.iter().all(|rule| !RULES.contains(rule)), "{rest:?}");
    for section in page.split("\n## ").skip(1) {
        let name = section.lines().next().unwrap_or_default();
        assert!(section.contains("**Harm.**") && section.contains("**Fix.**"), "{name}");
    }
}

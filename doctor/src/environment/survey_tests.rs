//! A law for each kind of finding, on facts made by hand.

use super::*;
use crate::facts::*;
use crate::installed::DistributionKind;
use crate::samples::*;

/// Distributions of those names, with what each asks for.
fn installed(packages: &[(&str, &[&str])]) -> Installed {
    let mut found = Installed::default();
    for (name, requires) in packages {
        found.distributions.push(Distribution {
            name: (*name).to_owned(),
            version: "1.0".to_owned(),
            kind: DistributionKind::Wheel,
            place: "/site".to_owned(),
            requires: requires.iter().map(|name| (*name).to_owned()).collect(),
            asks: Vec::new(),
        });
    }
    found
}

fn look(modules: Vec<Module>, host: &HostPython, installed: &Installed) -> Environment {
    survey(&inspection(modules), Some(host), installed)
}

fn rules(environment: &Environment) -> Vec<(&str, Level)> {
    environment.findings.iter().map(|finding| (finding.rule.as_str(), finding.level)).collect()
}

fn finding<'a>(environment: &'a Environment, rule: &str) -> &'a Finding {
    let found = environment.findings.iter().find(|finding| finding.rule == rule);
    found.unwrap_or_else(|| panic!("no {rule} in {:#?}", environment.findings))
}

fn free_threaded() -> HostPython {
    HostPython { free_threaded: Claim::certain(true, []), ..host() }
}

fn for_free_threaded(mut module: Module) -> Module {
    module.python.free_threaded = Claim::certain(true, []);
    module
}

#[test]
fn modules_with_one_key_are_no_finding() {
    let found = look(vec![pybind11("a", 11, 1), pybind11("b", 11, 1)], &host(), &Installed::default());
    assert_eq!(found.groups.len(), 1);
    assert!(found.findings.iter().all(|finding| finding.rule == "functions-not-pickled"));
}

#[test]
fn a_module_for_another_python_is_an_error() {
    let mut old = extension("a");
    old.python.version = Claim::certain("3.9".to_owned(), []);
    let found = look(vec![old], &host(), &Installed::default());
    assert_eq!(rules(&found), [("not-loadable", Level::Error)]);
    assert_eq!(
        found.findings[0].message,
        "1 modules of `a` can't be loaded: built for Python 3.9, this is Python 3.12"
    );
}

#[test]
fn a_module_that_cant_be_loaded_is_in_no_group() {
    let mut old = pybind11("a", 11, 1);
    old.python.version = Claim::certain("3.9".to_owned(), []);
    assert_eq!(look(vec![old], &host(), &Installed::default()).groups, []);
}

#[test]
fn builds_for_other_pythons_beside_the_right_one_are_a_note() {
    let mut old = extension("a");
    old.path = "/site/a.cpython-39-x86_64-linux-gnu.so".to_owned();
    old.python.version = Claim::certain("3.9".to_owned(), []);
    let found = look(vec![extension("a"), old], &host(), &Installed::default());
    assert_eq!(rules(&found), [("spare-files", Level::Note)]);
}

#[test]
fn the_other_slice_of_a_fat_file_is_no_fault() {
    let mut slice = extension("a");
    slice.target.arch.name = "aarch64".to_owned();
    let found = look(vec![extension("a"), slice], &host(), &Installed::default());
    assert_eq!(rules(&found), [("spare-files", Level::Note)]);
}

#[test]
fn packages_that_ask_for_each_other_and_dont_share_are_a_note_of_their_own() {
    let mut packages = installed(&[("user", &["base"]), ("base", &[])]);
    let modules = vec![pybind11("user", 4, 1), pybind11("base", 4, 0)];
    packages.own(&modules[0].path, 0);
    packages.own(&modules[1].path, 1);
    let found = look(modules, &host(), &packages);
    let isolated = finding(&found, "isolated-packages");
    assert_eq!(isolated.level, Level::Note);
    assert_eq!(isolated.message, "`user` asks for `base`, but they can't share pybind11 types");
    assert!(isolated.details[0].starts_with("build-abi: "), "{:?}", isolated.details);
    assert!(isolated.fix.as_ref().unwrap().contains("_GLIBCXX_USE_CXX11_ABI"));
}

#[test]
fn a_conduit_between_them_is_said_with_what_it_cant_do() {
    let mut packages = installed(&[("user", &["base"]), ("base", &[])]);
    let modules = vec![pybind11("user", 12, 1), pybind11("base", 11, 1)];
    packages.own(&modules[0].path, 0);
    packages.own(&modules[1].path, 1);
    let found = look(modules, &host(), &packages);
    let isolated = finding(&found, "isolated-packages");
    assert!(isolated.details.iter().any(|line| line.contains("inheritance and exceptions don't")));
    assert_eq!(found.bridges.len(), 1);
}

#[test]
fn a_package_that_is_split_over_groups_is_a_warning() {
    let mut packages = installed(&[("one", &[])]);
    let modules = vec![nanobind("one.a", Some("x")), nanobind("one.b", Some("y"))];
    packages.own(&modules[0].path, 0);
    packages.own(&modules[1].path, 0);
    let found = look(modules, &host(), &packages);
    let split = finding(&found, "isolated-packages");
    assert_eq!(split.message, "modules of `one` don't share nanobind types with each other");
    assert_eq!(split.fix.as_deref(), Some("build `one` with one NB_DOMAIN, if they are meant to share"));
}

#[test]
fn packages_that_merely_stand_beside_each_other_are_one_note_for_all() {
    let modules = (0..30).map(|at| pybind11(&format!("m{at}"), at, 1)).collect();
    let found = look(modules, &host(), &Installed::default());
    let notes: Vec<_> = found.findings.iter().filter(|finding| finding.rule == "isolated-groups").collect();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].level, Level::Note);
    assert_eq!(notes[0].details.len(), 29);
}

#[test]
fn an_unknown_domain_is_said_and_never_a_warning() {
    let found = look(vec![nanobind("a", None), nanobind("b", Some(""))], &host(), &Installed::default());
    assert_eq!(finding(&found, "sharing-unknown").level, Level::Note);
    assert!(found.findings.iter().all(|finding| finding.level == Level::Note));
}

#[test]
fn a_front_end_without_its_back_end_is_an_error() {
    let mut front = nanobind("a", Some(""));
    front.frameworks[0].role = Role::FrontEnd;
    let mut beside = front.clone();
    front.frameworks[0].ids.clear();
    let mut back = nanobind("nanobind_backend", Some(""));
    back.frameworks[0].role = Role::BackEnd;
    let alone = look(vec![front.clone()], &host(), &Installed::default());
    assert_eq!(finding(&alone, "missing-back-end").level, Level::Error);
    // Its own library beside it has the internals, and so their number.
    beside.name = Some("beside".to_owned());
    let own = look(vec![beside], &host(), &Installed::default());
    assert!(own.findings.iter().all(|finding| finding.rule != "missing-back-end"));
    let both = look(vec![front, back], &host(), &Installed::default());
    assert!(both.findings.iter().all(|finding| finding.rule != "missing-back-end"));
}

#[test]
fn two_openmp_runtimes_are_a_warning_and_two_copies_of_one_a_note() {
    let two = |first: &str, second: &str| {
        let mut packages = installed(&[("one", &[]), ("two", &[])]);
        let modules = vec![library(first), library(second)];
        packages.own(first, 0);
        packages.own(second, 1);
        look(modules, &host(), &packages).findings.iter().map(|finding| finding.level).next()
    };
    let (gomp, other) =
        ("/site/one.libs/libgomp-a34b3233.so.1.0.0", "/site/two.libs/libgomp-24e2ab19.so.1.0.0");
    assert_eq!(two(gomp, other), Some(Level::Note));
    assert_eq!(two(gomp, "/site/two/libiomp5.so"), Some(Level::Warning));
    assert_eq!(
        two(gomp, "/site/two.libs/libgomp-a34b3233.so.1.0.0"),
        None,
        "loaded once: the name is the content"
    );
}

#[test]
fn one_file_name_with_other_contents_is_a_warning() {
    let mut packages = installed(&[("one", &[]), ("two", &[])]);
    let mut modules = vec![library("/site/one/libfoo.so.1"), library("/site/two/libfoo.so.1")];
    modules[1].size += 1;
    packages.own(&modules[0].path, 0);
    packages.own(&modules[1].path, 1);
    assert_eq!(rules(&look(modules, &host(), &packages)), [("library-twice", Level::Warning)]);
}

#[test]
fn two_packages_with_many_libraries_of_one_name_are_one_finding() {
    let mut packages = installed(&[("pyqt6-qt6", &[]), ("pyside6", &[])]);
    let mut modules = Vec::new();
    for name in ["libQt6Core.so.6", "libQt6Gui.so.6", "libQt6Widgets.so.6", "libicui18n.so.73"] {
        for (at, package) in ["PyQt6/Qt6/lib", "PySide6/Qt/lib"].into_iter().enumerate() {
            let mut module = library(&format!("/site/{package}/{name}"));
            module.size += at as u64;
            packages.own(&module.path, at);
            modules.push(module);
        }
    }
    let found = look(modules, &host(), &packages);
    assert_eq!(rules(&found), [("library-twice", Level::Warning)]);
    let twice = finding(&found, "library-twice");
    assert!(twice.message.contains("bring Qt and 3 more libraries along"), "{}", twice.message);
    assert_eq!(twice.files.len(), 8);
}

#[test]
fn a_program_is_no_library_that_is_brought_twice() {
    let mut packages = installed(&[("one", &[]), ("two", &[])]);
    let mut modules = vec![library("/site/one/bin/libtool.so"), library("/site/two/bin/libtool.so")];
    for (at, module) in modules.iter_mut().enumerate() {
        module.program = true;
        module.size += at as u64;
        packages.own(&module.path, at);
    }
    assert_eq!(rules(&look(modules, &host(), &packages)), []);
}

#[test]
fn what_a_module_asks_of_another_in_c_is_compared() {
    let mut packages = installed(&[("blas", &[]), ("user", &[])]);
    let (mut provider, mut consumer) = (extension("blas.core"), extension("user._core"));
    packages.own(&provider.path, 0);
    packages.own(&consumer.path, 1);
    let own = str::to_owned;
    provider.capi.gives = vec![CFunction { name: own("dot"), signature: own("double (int *)") }];
    consumer.capi.takes =
        vec![TakenFunction { module: own("blas.core"), name: own("dot"), signature: own("double (int *)") }];
    let modules = vec![provider, consumer];
    assert_eq!(rules(&look(modules.clone(), &host(), &packages)), []);
    let mut other = modules.clone();
    other[0].capi.gives[0].signature = own("double (long *)");
    let found = look(other, &host(), &packages);
    assert_eq!(rules(&found), [("c-api-differs", Level::Error)]);
    assert!(
        finding(&found, "c-api-differs").message.starts_with("`user` asks `blas` for a C function or class")
    );
    // Two files that could be the one: which is loaded isn't known.
    let mut twice = modules;
    twice[0].capi.gives.clear();
    twice[0].capi.gives.push(CFunction { name: own("axpy"), signature: own("void (int *)") });
    let copy = Module { path: own("/other/blas/core.so"), ..twice[0].clone() };
    twice.push(copy);
    let found = look(twice, &host(), &packages);
    assert!(found.findings.iter().all(|finding| finding.rule != "c-api-differs"));
}

#[test]
fn a_file_of_two_packages_is_an_error() {
    let mut packages = installed(&[("opencv-python", &[]), ("opencv-python-headless", &[])]);
    let module = extension("cv2.cv2");
    packages.own(&module.path, 0);
    packages.own(&module.path, 1);
    let found = look(vec![module], &host(), &packages);
    assert_eq!(rules(&found), [("file-twice", Level::Error)]);
}

#[test]
fn a_package_with_two_sets_of_metadata_is_a_warning() {
    let packages = installed(&[("one", &[]), ("one", &[])]);
    assert_eq!(rules(&look(Vec::new(), &host(), &packages)), [("package-twice", Level::Warning)]);
}

#[test]
fn of_two_files_for_one_module_the_one_that_python_takes_is_named() {
    let mut stable = extension("a");
    stable.path = "/site/a.abi3.so".to_owned();
    stable.python.tag = Some("abi3".to_owned());
    stable.python.version = Claim::unknown("stable ABI");
    let found = look(vec![stable, extension("a")], &host(), &Installed::default());
    let twice = finding(&found, "module-twice");
    assert_eq!(twice.details, ["Python takes /site/a.cpython-312-x86_64-linux-gnu.so"]);
}

#[test]
fn a_type_that_two_modules_provide_is_a_warning() {
    let with_note = |name: &str| {
        let mut module = plain(name, FrameworkKind::Interbind);
        module.note =
            Some(OurNote { module: vec!["provides=geo.Point 1.0.0".to_owned()], ..OurNote::default() });
        module
    };
    let found = look(vec![with_note("a"), with_note("b")], &host(), &Installed::default());
    assert_eq!(rules(&found), [("type-twice", Level::Warning)]);
}

#[test]
fn who_turns_the_gil_on_is_named_on_a_free_threaded_python_alone() {
    let mut module = for_free_threaded(extension("a.b"));
    module.python.gil = Claim::certain(Gil::Used, []);
    let found = look(vec![module.clone()], &free_threaded(), &Installed::default());
    assert_eq!(rules(&found), [("gil-enabled", Level::Warning)]);
    module.python.gil = Claim::certain(Gil::NotUsed, []);
    assert_eq!(rules(&look(vec![module.clone()], &free_threaded(), &Installed::default())), []);
    let mut ordinary = extension("a");
    ordinary.python.gil = Claim::certain(Gil::Used, []);
    assert_eq!(rules(&look(vec![ordinary], &host(), &Installed::default())), []);
}

#[test]
fn a_module_for_the_main_interpreter_alone_is_a_note() {
    let mut module = extension("a");
    module.python.interpreters = Claim::certain(Interpreters::MainOnly, []);
    let found = look(vec![module], &host(), &Installed::default());
    assert_eq!(rules(&found), [("main-interpreter-only", Level::Note)]);
}

#[test]
fn pickling_goes_by_framework_and_release() {
    let modules = vec![
        pybind11("old", 4, 1),
        pybind11("new", 11, 1),
        nanobind("nb", Some("")),
        plain("po", FrameworkKind::Pyo3),
        plain("cy", FrameworkKind::Cython),
    ];
    let found = look(modules, &host(), &Installed::default());
    let functions: Vec<_> = found.pickles.iter().map(|found| (found.framework, found.functions)).collect();
    use crate::environment::Picklable::{No, Yes};
    let wanted = [
        (FrameworkKind::Pybind11, Yes),
        (FrameworkKind::Pybind11, No),
        (FrameworkKind::Nanobind, No),
        (FrameworkKind::Pyo3, Yes),
        (FrameworkKind::Cython, Yes),
    ];
    assert_eq!(functions, wanted);
    assert_eq!(found.findings.iter().filter(|finding| finding.rule == "functions-not-pickled").count(), 3);
}

#[test]
fn a_frameworks_warning_is_a_note_once_for_all_modules() {
    let mut modules = vec![pybind11("a", 11, 0), pybind11("b", 11, 0)];
    for module in &mut modules {
        module.frameworks[0].warnings = vec!["uses the old C++ ABI".to_owned()];
    }
    let found = look(modules, &host(), &Installed::default());
    assert_eq!(found.findings.iter().filter(|finding| finding.rule == "weak-id").count(), 1);
}

#[test]
fn what_couldnt_be_read_is_a_warning_and_what_isnt_followed_a_note() {
    let mut modules = inspection(Vec::new());
    let problem = |kind: &str| Problem {
        kind: kind.to_owned(),
        path: "/site/x".to_owned(),
        message: "broken".to_owned(),
        evidence: None,
    };
    modules.problems = vec![problem("truncated"), problem("runs-code")];
    let found = survey(&modules, Some(&host()), &Installed::default());
    assert_eq!(rules(&found), [("unreadable", Level::Warning), ("not-followed", Level::Note)]);
}

#[test]
fn without_a_python_the_modules_majority_is_taken_and_said() {
    let mut old = extension("c");
    old.python.version = Claim::certain("3.9".to_owned(), []);
    let modules = inspection(vec![extension("a"), extension("b"), old]);
    let found = survey(&modules, None, &Installed::default());
    assert_eq!(rules(&found), [("not-loadable", Level::Error), ("python-assumed", Level::Note)]);
    assert_eq!(found.python.unwrap().numbers(), Some((3, 12)));
}

#[test]
fn frameworks_without_a_registry_are_listed_apart() {
    let modules = vec![
        plain("a", FrameworkKind::Pyo3),
        plain("b", FrameworkKind::Cython),
        plain("c", FrameworkKind::Cython),
    ];
    let found = look(modules, &host(), &Installed::default());
    let listed: Vec<_> = found.no_registry.iter().map(|one| (one.framework, one.modules.len())).collect();
    assert_eq!(listed, [(FrameworkKind::Cython, 2), (FrameworkKind::Pyo3, 1)]);
}

#[test]
fn findings_stand_in_the_order_of_their_harm() {
    let mut packages = installed(&[("one", &[]), ("one", &[])]);
    let module = nanobind("a", Some(""));
    packages.own(&module.path, 0);
    let mut old = extension("b");
    old.python.version = Claim::certain("3.9".to_owned(), []);
    let found = look(vec![module, old], &host(), &packages);
    let rules: Vec<_> = rules(&found).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["not-loadable", "package-twice", "functions-not-pickled"]);
}

#[test]
fn every_finding_has_a_known_rule_and_ends_in_an_action() {
    let mut front = nanobind("a", None);
    front.frameworks[0].role = Role::FrontEnd;
    front.frameworks[0].ids.clear();
    let modules = vec![front, pybind11("b", 4, 0), pybind11("c", 11, 1), nanobind("d", Some("x"))];
    for finding in look(modules, &host(), &Installed::default()).findings {
        assert!(RULES.contains(&finding.rule.as_str()), "{}", finding.rule);
        assert!(finding.fix.is_some(), "{}", finding.rule);
    }
}

#[test]
fn the_document_reads_back() {
    let found =
        look(vec![pybind11("a", 11, 1), nanobind("b", None)], &host(), &installed(&[("one", &["two"])]));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Environment>(&text).unwrap(), found);
}

fn numpy(through: FrameworkKind, lowest: Option<Claim<String>>, highest: Option<&str>) -> Partner {
    Partner {
        kind: PartnerKind::Numpy,
        role: PartnerRole::Needs,
        present: Claim::certain(true, []),
        generation: None,
        lowest,
        highest: highest.map(|highest| Claim::certain(highest.to_owned(), [])),
        through: Some(through),
    }
}

#[test]
fn a_partner_of_another_release_is_an_error_and_a_likely_one_a_note() {
    let level = |partner: Partner, here: &str| {
        let mut module = extension("a._a");
        module.partners = vec![partner];
        let mut found = Installed::default();
        found.distributions.push(crate::installed::Distribution {
            name: "numpy".to_owned(),
            version: here.to_owned(),
            kind: DistributionKind::Wheel,
            place: "/site".to_owned(),
            requires: Vec::new(),
            asks: Vec::new(),
        });
        let environment = survey(&inspection(vec![module]), Some(&host()), &found);
        let own = environment.findings.iter().find(|finding| finding.rule == "partner-release");
        own.map(|finding| finding.level)
    };
    let of_1 = || numpy(FrameworkKind::Plain, None, Some("1.26"));
    assert_eq!((level(of_1(), "2.0.1"), level(of_1(), "1.26.4")), (Some(Level::Error), None));
    let from = |claim| numpy(FrameworkKind::Cython, Some(claim), None);
    let certain = || Claim::certain("2.1".to_owned(), []);
    assert_eq!(
        (level(from(certain()), "2.0.1"), level(from(certain()), "2.1.0")),
        (Some(Level::Error), None)
    );
    let likely = Claim::likely("1.23".to_owned(), [], "by the code");
    assert_eq!(level(from(likely), "1.20.0"), Some(Level::Note));
}

#[test]
fn symbols_that_nobody_has_are_an_error_of_a_module_and_a_warning_of_a_library() {
    let unresolved = |mut module: crate::facts::Module, sure: bool| {
        let unmet = Unmet {
            symbol: "_ZN3c105ErrorEv".to_owned(),
            library: Some("libc10.so".to_owned()),
            version: None,
        };
        let value = Unresolved { count: 1, symbols: vec![unmet] };
        module.links.unresolved =
            Some(if sure { Claim::certain(value, []) } else { Claim::likely(value, [], "another could") });
        let environment = survey(&inspection(vec![module]), Some(&host()), &Installed::default());
        environment
            .findings
            .iter()
            .find(|finding| finding.rule == "unresolved-symbols")
            .map(|finding| finding.level)
    };
    assert_eq!(unresolved(extension("a._a"), true), Some(Level::Error));
    assert_eq!(unresolved(library("/site/a/libx.so"), true), Some(Level::Warning));
    assert_eq!(unresolved(extension("a._a"), false), Some(Level::Note));
}

#[test]
fn no_interpreter_checks_sub_interpreters_before_3_12() {
    let mut module = extension("a._a");
    module.python.version = Claim::certain("3.11".to_owned(), []);
    module.python.interpreters = Claim::certain(crate::facts::Interpreters::MainOnly, []);
    let rule = |version: &str| {
        let mut module = module.clone();
        module.python.version = Claim::certain(version.to_owned(), []);
        let python = HostPython { version: Claim::certain(version.to_owned(), []), ..host() };
        let environment = survey(&inspection(vec![module]), Some(&python), &Installed::default());
        environment.findings.iter().any(|finding| finding.rule == "main-interpreter-only")
    };
    assert_eq!((rule("3.11"), rule("3.12")), (false, true));
}

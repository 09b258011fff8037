//! What the doctor says of two modules is what happens when both are loaded: real pairs of pybind11, nanobind, PyO3 and
//! interbind, each built as people build them, read by the doctor and then run.
//!
//! `INTERBIND_PAIRS=all` builds more releases and interpreters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use interbind_doctor::check::{Check, Verdict, check};
use interbind_doctor::facts::Module;
use interbind_doctor::inspect::{Options, Quiet, inspect};
use interbind_tests::examples::examples;
use interbind_tests::extension::Extension;
use interbind_tests::modules::Modules;
use interbind_tests::package::Package;
use interbind_tests::pairs::{Library, Side, in_process, module_name, observe};
use interbind_tests::skip::skip;
use interbind_tests::workshop;

use Library::{Nanobind, Pybind11};
use Verdict::{Isolated, NeverLoadedTogether, Share, Unknown};

/// The parts of the id as one known distribution of another library sets them.
const OVERRIDDEN: &[&str] = &[
    "-DPYBIND11_COMPILER_TYPE=\"_gcc\"",
    "-DPYBIND11_STDLIB=\"_libstdcpp\"",
    "-DPYBIND11_BUILD_ABI=\"_cxxabi1011\"",
];
const OLD_STRINGS: &[&str] = &["-D_GLIBCXX_USE_CXX11_ABI=0"];
const LIMITED: &[&str] = &["-DPy_LIMITED_API=0x030C0000"];
const FREE_THREADED: &[&str] = &["-DNB_FREE_THREADED"];

const SIDES: &[Side] = &[
    Side::new("p_210", Pybind11, "2.10.4"),
    Side::new("p_2135", Pybind11, "2.13.5"),
    Side::new("p_2136", Pybind11, "2.13.6"),
    Side::new("p_2136_over", Pybind11, "2.13.6").flags(OVERRIDDEN),
    Side::new("p_301", Pybind11, "3.0.1"),
    Side::new("p_304", Pybind11, "3.0.4"),
    Side::new("p_310", Pybind11, "3.1.0"),
    Side::new("p_310_old", Pybind11, "3.1.0").flags(OLD_STRINGS),
    Side::new("n_29", Nanobind, "2.9.2"),
    Side::new("n_31", Nanobind, "3.1.0"),
    Side::new("n_31_too", Nanobind, "3.1.0"),
    Side::new("n_31_a", Nanobind, "3.1.0").domain("a"),
    Side::new("n_31_a_too", Nanobind, "3.1.0").domain("a"),
    Side::new("p_310_312", Pybind11, "3.1.0").python("3.12"),
    Side::new("n_29_312", Nanobind, "2.9.2").python("3.12"),
    Side::new("n_29_limited", Nanobind, "2.9.2").python("3.12").flags(LIMITED),
];

/// First, second, and what the doctor must say of them.
const PAIRS: &[(&str, &str, Verdict)] = &[
    ("p_210", "p_2136", Share),
    ("p_2135", "p_2136", Share),
    ("p_2136", "p_2136_over", Isolated),
    ("p_2136", "p_310", Isolated),
    ("p_301", "p_304", Share),
    ("p_304", "p_310", Isolated),
    ("p_310", "p_310_old", Isolated),
    ("p_310", "n_31", Isolated),
    ("n_29", "n_31", Isolated),
    ("n_31", "n_31_too", Share),
    ("n_31", "n_31_a", Isolated),
    ("n_31_a", "n_31_a_too", Share),
    ("p_310", "p_310_312", NeverLoadedTogether),
    ("n_31", "n_29_limited", NeverLoadedTogether),
    ("n_29_312", "n_29_limited", Isolated),
    ("p_310_312", "n_29_limited", Isolated),
];

const MORE_SIDES: &[Side] = &[
    Side::new("p_25", Pybind11, "2.5.0").python("3.9"),
    Side::new("p_210_39", Pybind11, "2.10.4").python("3.9"),
    Side::new("p_2111", Pybind11, "2.11.1"),
    Side::new("p_2112", Pybind11, "2.11.2"),
    Side::new("p_2120", Pybind11, "2.12.0"),
    Side::new("p_2121_312", Pybind11, "2.12.1").python("3.12"),
    Side::new("p_2136_312", Pybind11, "2.13.6").python("3.12"),
    Side::new("p_310_t", Pybind11, "3.1.0").python("3.13t"),
    Side::new("p_304_t", Pybind11, "3.0.4").python("3.13t"),
    Side::new("n_20", Nanobind, "2.0.0"),
    Side::new("n_215", Nanobind, "2.15.0"),
    Side::new("n_215_torch", Nanobind, "2.15.0").domain("torch_like"),
    Side::new("n_30", Nanobind, "3.0.1"),
    Side::new("n_29_t", Nanobind, "2.9.2").python("3.13t").flags(FREE_THREADED),
    Side::new("n_29_t_too", Nanobind, "2.9.2").python("3.13t").flags(FREE_THREADED),
];

const MORE_PAIRS: &[(&str, &str, Verdict)] = &[
    ("p_25", "p_210_39", Share),
    ("p_25", "p_2136", NeverLoadedTogether),
    ("p_2111", "p_2120", Share),
    ("p_2112", "p_2136_over", Isolated),
    ("p_2112", "p_310", Isolated),
    ("p_2121_312", "p_2136_312", Share),
    ("p_2136_312", "p_310_312", Isolated),
    ("p_310_312", "p_310_t", NeverLoadedTogether),
    ("p_304_t", "p_310_t", Isolated),
    ("n_20", "n_215", Isolated),
    ("n_215", "n_215_torch", Isolated),
    ("n_215", "n_29", Isolated),
    ("n_30", "n_31", Share),
    ("n_29_t", "n_29_t_too", Share),
    ("n_29_t", "p_310_t", Isolated),
];

/// Every side that could be built, by name.
fn built() -> &'static BTreeMap<&'static str, PathBuf> {
    static BUILT: OnceLock<BTreeMap<&'static str, PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let all = std::env::var_os("INTERBIND_PAIRS").is_some_and(|mode| mode == "all");
        let more = if all { MORE_SIDES } else { &[] };
        let waiting = Mutex::new(SIDES.iter().chain(more).rev().collect::<Vec<_>>());
        let finished = Mutex::new(BTreeMap::new());
        let work = || {
            loop {
                let Some(side) = waiting.lock().expect("nobody panics while holding it").pop() else {
                    return;
                };
                if let Some(file) = side.build(workshop!()) {
                    finished.lock().expect("nobody panics while holding it").insert(side.name, file);
                }
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
        finished.into_inner().expect("nobody panics while holding it")
    })
}

/// What the doctor reads in a file.
fn read(file: &Path) -> Module {
    let found = inspect(&[file.to_owned()], &Options::default(), &Quiet);
    let [module] = <[Module; 1]>::try_from(found.modules)
        .unwrap_or_else(|found| panic!("{}: {} modules, {:?}", file.display(), found.len(), found));
    module
}

/// nanobind's own code is in another package.
const SPLIT: &[&str] = &["-DNB_BACKEND_MODULE=nanobind_backend", "-DPy_LIMITED_API=0x030b0000"];

/// The same, in a module that asks a back end of its own name.
const SPLIT_FURTHER: &[&str] = &["-DNB_BACKEND_MODULE=another_backend", "-DPy_LIMITED_API=0x030b0000"];

#[test]
fn the_code_of_a_front_end_says_its_domain_and_its_back_end() {
    let sides = [
        Side::new("n_split", Nanobind, "3.1.0").flags(SPLIT),
        Side::new("n_split_a", Nanobind, "3.1.0").flags(SPLIT).domain("a"),
        Side::new("n_split_further", Nanobind, "3.1.0").flags(SPLIT_FURTHER),
        Side::new("n_whole", Nanobind, "3.1.0"),
    ];
    let built: Option<Vec<PathBuf>> = sides.iter().map(|side| side.build(workshop!())).collect();
    let Some(built) = built else { return };
    let [front, apart, further, whole] =
        <[Module; 4]>::try_from(built.iter().map(|file| read(file)).collect::<Vec<_>>()).expect("four");
    for (module, domain, back_end) in [
        (&front, "", "nanobind_backend"),
        (&apart, "a", "nanobind_backend"),
        (&further, "", "another_backend"),
    ] {
        let found = &module.frameworks[0];
        let said = found.domain.as_ref().and_then(|claim| claim.value.as_ref());
        assert_eq!(said.map(|domain| domain.name.as_str()), Some(domain), "{found:#?}");
        let asked = found.back_end.as_ref().and_then(|claim| claim.value.as_deref());
        assert_eq!(asked, Some(back_end), "{found:#?}");
    }
    assert_eq!(whole.frameworks[0].back_end, None);
    let verdict = |a: &Module, b: &Module| check(a, b).verdict;
    assert_eq!(verdict(&front, &front), Share);
    assert_eq!((verdict(&front, &apart), verdict(&apart, &whole)), (Isolated, Isolated));
    assert_eq!((verdict(&front, &further), verdict(&front, &whole)), (Unknown, Unknown));
}

/// The wrongs of one pair: what the doctor says against what happens.
fn wrongs(a: &Side, b: &Side, expected: Verdict, files: (&Path, &Path)) -> Vec<String> {
    let told = check(&read(files.0), &read(files.1));
    let mut wrongs = Vec::new();
    let mut wrong =
        |text: String| wrongs.push(format!("{} and {}: {text}\n  {}", a.name, b.name, told.sentence));
    if told.verdict != expected {
        wrong(format!("expected {expected}"));
    }
    for (giver, taker, direction) in [(a, b, "a-to-b"), (b, a, "b-to-a")] {
        let (from, to) = if direction == "a-to-b" { files } else { (files.1, files.0) };
        let hosts = [a.interpreter(), b.interpreter()];
        let seen = hosts.into_iter().flatten().find_map(|python| observe(python, from, to));
        let Some(seen) = seen else {
            if told.verdict != NeverLoadedTogether {
                wrong("no Python here imports both".to_owned());
            }
            continue;
        };
        if told.verdict == NeverLoadedTogether {
            wrong("one Python imports both".to_owned());
        }
        for (operation, observed) in seen {
            if observed.ended && (operation != "inheritance" || taker.library != Nanobind) {
                wrong(format!("{operation}: the process ended: {}", observed.why));
            }
            let name = if operation == "conduit" { format!("conduit-{direction}") } else { operation };
            let said = match told.operation(&name) {
                Some(operation) => operation.verdict,
                // Without a conduit it goes as the internals go, and not at all where the frameworks differ.
                None => told.operation("same-internals").map_or(Isolated, |operation| operation.verdict),
            };
            if said != if observed.works { Share } else { Isolated } {
                let (giver, taker) = (giver.name, taker.name);
                wrong(format!("{name} is said to be {said}, {giver} to {taker} it is: {}", observed.why));
            }
        }
    }
    wrongs
}

#[track_caller]
fn assert_pairs(sides: &[&Side], pairs: &[(&str, &str, Verdict)]) {
    let side =
        |name: &str| *sides.iter().find(|side| side.name == name).expect("the pair names a side of the list");
    let mut found = Vec::new();
    for (a, b, expected) in pairs {
        // What isn't there was said to be missing.
        let (Some(first), Some(second)) = (built().get(a), built().get(b)) else { continue };
        found.extend(wrongs(side(a), side(b), *expected, (first, second)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_said_of_two_modules_is_what_happens() {
    assert_pairs(&SIDES.iter().collect::<Vec<_>>(), PAIRS);
}

#[test]
fn what_is_said_of_more_modules_is_what_happens() {
    if std::env::var_os("INTERBIND_PAIRS").is_none_or(|mode| mode != "all") {
        return skip("more pairs of binding libraries", "`INTERBIND_PAIRS=all` builds them");
    }
    assert_pairs(&SIDES.iter().chain(MORE_SIDES).collect::<Vec<_>>(), MORE_PAIRS);
}

/// Checks two that were built, if they were.
fn of(a: &str, b: &str) -> Option<Check> {
    Some(check(&read(built().get(a)?), &read(built().get(b)?)))
}

#[test]
fn the_sentence_names_the_part_and_the_fix_is_what_one_types() {
    for (a, b, part, fix) in [
        ("p_304", "p_310", "internals `11` differs from `12`", "rebuild `p_304` with `pybind11>=3.1.0`"),
        ("p_310", "p_310_old", "use_cxx11_abi_0", "rebuild `p_310_old` with `-D_GLIBCXX_USE_CXX11_ABI=1`"),
        ("n_31", "n_31_a", "domain `a` differs from the default", "NB_DOMAIN a"),
        ("n_29_312", "n_29_limited", "stable", "STABLE_ABI"),
        ("p_310", "p_310_312", "Python 3.11 in `p_310`, Python 3.12 in `p_310_312`", "for one Python"),
    ] {
        let Some(told) = of(a, b) else { continue };
        assert!(told.sentence.contains(part), "{}", told.sentence);
        let told_fix = told.fix.as_deref().unwrap_or("nothing");
        assert!(told_fix.contains(fix), "{}\n{told_fix}", told.sentence);
    }
}

#[test]
fn the_conduit_is_named_as_the_way_round_where_it_is_one() {
    let Some(told) = of("p_304", "p_310") else { return };
    let bridges: Vec<_> = told.bridges.iter().map(|bridge| (&*bridge.name, &*bridge.direction)).collect();
    assert_eq!(bridges, [("pybind11-conduit", "a-to-b"), ("pybind11-conduit", "b-to-a")]);
}

#[test]
fn extensions_with_interbind_share_what_their_notes_promise() {
    let Some(modules) = examples(workshop!(), "doctor-pairs") else { return };
    let file = |name: &str| modules.file(name);
    let told = check(&read(&file("frame")), &read(&file("stats")));
    let (there, back) = (told.operation("interbind-a-to-b"), told.operation("interbind-b-to-a"));
    assert_eq!(there.map(|operation| operation.verdict), Some(Share), "{}", told.sentence);
    assert_eq!(back, None, "`stats` provides nothing");
    assert_eq!(told.verdict, Share, "{}", told.sentence);
    modules.run("import frame, stats\nassert stats.norm(frame.Point(3, 4)) == 5.0").passed();
    // Two consumers have nothing for each other.
    let told = check(&read(&file("stats")), &read(&file("rawstats")));
    assert_ne!(told.verdict, Share, "{}", told.sentence);
}

/// A class and a function that takes it, without interbind.
const ALONE: &str = "//! A class of its own.
use pyo3::prelude::*;

#[pyclass]
struct Base(i64);

#[pymethods]
impl Base {
    #[new]
    fn new(value: i64) -> Self {
        Self(value)
    }
}

#[pymodule]
mod NAME {
    #[pymodule_export]
    use super::Base;
    use super::*;

    #[pyfunction]
    fn take(base: &Base) -> i64 {
        base.0
    }
}
";

#[test]
fn extensions_of_pyo3_alone_are_isolated_and_interbind_is_named_as_the_way() {
    let Some(python) = interbind_tests::examples::python("pairs of PyO3") else { return };
    let modules =
        ["alone_a", "alone_b"].iter().fold(Modules::new(workshop!(), "alone", python), |modules, name| {
            let package = Package::new(name, ALONE.replace("NAME", name)).dependency("pyo3 = \"=0.29.3\"");
            modules.with(&Extension::of(&package, workshop!()))
        });
    let told = check(&read(&modules.file("alone_a")), &read(&modules.file("alone_b")));
    assert_eq!(told.verdict, Isolated, "{}", told.sentence);
    assert!(told.sentence.contains("no registry across modules"), "{}", told.sentence);
    assert!(told.fix.as_deref().is_some_and(|fix| fix.contains("interbind")), "{:?}", told.fix);
    let script = "import alone_a, alone_b\nassert alone_b.take(alone_b.Base(3)) == 3\ntry:\n    alone_b.take(alone_a.Base(3))\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('they share')";
    modules.run(script).passed();
}

#[test]
fn a_domain_that_was_read_is_the_one_in_the_interpreter() {
    for (name, domain) in [("n_31", ""), ("n_31_a", "a"), ("n_29", ""), ("n_215_torch", "torch_like")] {
        let sides = SIDES.iter().chain(MORE_SIDES);
        let Some((side, file)) = sides.into_iter().find(|side| side.name == name).zip(built().get(name))
        else {
            continue;
        };
        let read = read(file);
        let claims = read.frameworks.iter().filter_map(|framework| framework.domain.as_ref());
        let found: Vec<_> =
            claims.map(|claim| (claim.is_certain(), claim.value.clone().map(|d| d.name))).collect();
        assert_eq!(found, [(true, Some(domain.to_owned()))], "{name}: {:?}", read.frameworks);
        let Some(python) = side.interpreter() else { continue };
        let script = format!(
            "import ctypes, {module}\nf = ctypes.pythonapi.PyInterpreterState_GetDict\n\
             g = ctypes.pythonapi.PyInterpreterState_Get\ng.restype = ctypes.c_void_p\n\
             f.restype, f.argtypes = ctypes.py_object, [ctypes.c_void_p]\n\
             print(*[key for key in f(g()) if '__nb_internals_' in str(key)])",
            module = module_name(file)
        );
        let output = in_process(python, &[file]).args(["-c", &script]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(
            said.ends_with(&format!("_{domain}__")),
            "{name}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn what_is_unknown_is_never_said_of_these_pairs() {
    // Each fact of them can be read; a reader that got worse would hide behind `unknown`.
    let pairs = PAIRS.iter().filter_map(|(a, b, _)| of(a, b));
    let unknown: Vec<_> = pairs.filter(|told| told.verdict == Unknown).map(|told| told.sentence).collect();
    assert_eq!(unknown, [""; 0]);
}

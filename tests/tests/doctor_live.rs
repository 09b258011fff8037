//! `interbind doctor --live` on real pairs: what is said of an interpreter must be what stands in it.
//!
//! Each program runs in a process of its own; extensions are built for the interpreters of this machine.

use std::fs;
use std::path::{Path, PathBuf};

use interbind_cli::live::{Code, run};
use interbind_doctor::facts::FrameworkKind;
use interbind_doctor::live::Live;
use interbind_tests::examples;
use interbind_tests::extension::Extension;
use interbind_tests::native;
use interbind_tests::pairs::{Library, Side};
use interbind_tests::python::Python;
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// Runs code with these modules on the path.
fn live(python: &Python, modules: &[&Path], code: &str) -> Live {
    let folders: Vec<String> =
        modules.iter().map(|file| format!("{:?}", file.parent().expect("it lies in a folder"))).collect();
    let code = format!("import sys\nsys.path[:0] = [{}]\n{code}", folders.join(", "));
    run(&python.executable, &Code::Text(code), &[]).expect("it runs")
}

/// Builds sides for one interpreter; `None` where something is missing, which is said.
fn built<const N: usize>(sides: [Side; N]) -> Option<([PathBuf; N], &'static Python)> {
    let python = sides[0].interpreter()?;
    let files: Option<Vec<PathBuf>> = sides.iter().map(|side| side.build(workshop!())).collect();
    Some((files?.try_into().expect("as many as there were"), python))
}

fn real(path: &Path) -> String {
    path.canonicalize().expect("it was built").display().to_string()
}

#[track_caller]
fn rules(live: &Live) -> Vec<&str> {
    live.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

/// The Pythons on which pairs are tried: the default one, one whose dict pybind11 5 uses, a free-threaded one.
const PYTHONS: [Option<&str>; 3] = [None, Some("3.13"), Some("3.13t")];

const NEW: Side = Side::new("live_new", Library::Pybind11, "3.1.0");
const NEW_TOO: Side = Side::new("live_new_too", Library::Pybind11, "3.1.0");
const OLD: Side = Side::new("live_old", Library::Pybind11, "2.13.6");

fn on(side: Side, python: Option<&'static str>) -> Side {
    python.map_or(side, |name| side.python(name))
}

#[test]
fn two_modules_of_one_key_have_one_registry_and_the_second_class_is_refused() {
    for name in PYTHONS {
        let Some(([one, other], python)) = built([on(NEW, name), on(NEW_TOO, name)]) else { continue };
        let live = live(
            python,
            &[&one, &other],
            "import live_new, live_new_too\nlive_new.bind()\nlive_new_too.bind()",
        );
        let keys: Vec<_> =
            live.keys.iter().filter(|key| key.key.starts_with("__pybind11_internals_")).collect();
        let [key] = &keys[..] else { panic!("{python}: {:#?}", live.keys) };
        assert_eq!(key.appeared_from.as_deref(), Some(real(&one).as_str()), "{python}: {key:#?}");
        assert_eq!(key.place, "interpreter");
        let [registry] = &live.registries[..] else { panic!("{python}: {:#?}", live.registries) };
        assert_eq!(
            (registry.framework, registry.owner.as_deref()),
            (FrameworkKind::Pybind11, Some(&*real(&one)))
        );
        assert_eq!(registry.classes.len(), 1, "{python}: {registry:#?}");
        assert_eq!(live.ended.how, "raised");
        assert_eq!(live.ended.code, Some(1));
        let said = &live.raised.last().expect("it was refused").meanings[0];
        assert_eq!(said.rule, "pybind11-already-registered", "{python}");
        assert!(said.seen.iter().any(|seen| seen.contains(&real(&one))), "{python}: by whom? {said:#?}");
        assert!(
            live.compared.len() == 2 && live.compared.iter().all(|compared| compared.found == Some(true)),
            "{python}: {:#?}",
            live.compared
        );
        assert!(live.unreadable.is_empty(), "{python}: {:?}", live.unreadable);
    }
}

#[test]
fn two_modules_of_different_keys_have_two_registries_and_twins() {
    for name in PYTHONS {
        if name == Some("3.13t") {
            // pybind11 2.13 there is tried by the pairs themselves.
            continue;
        }
        let Some(([one, other], python)) = built([on(NEW, name), on(OLD, name)]) else { continue };
        let code = "import live_new, live_old\nlive_new.bind()\nlive_old.bind()\ntry:\n    live_old.take(live_new.make(3))\nexcept TypeError as error:\n    import sys\n    print(error, file=sys.stderr)";
        let live = live(python, &[&one, &other], code);
        assert_eq!(live.ended.how, "finished", "{live:#?}");
        assert_eq!(live.registries.len(), 2, "{python}: {:#?}", live.registries);
        let owners: Vec<_> =
            live.compared.iter().map(|compared| (compared.predicted.is_some(), compared.found)).collect();
        assert_eq!(owners, [(true, Some(true)), (true, Some(true))], "{python}: {:#?}", live.compared);
        assert_ne!(live.compared[0].predicted, live.compared[1].predicted);
        let [twin] = &live.twins[..] else { panic!("{python}: {:#?}", live.twins) };
        assert_eq!(twin.name, "Thing");
        let files: Vec<_> = twin.classes.iter().filter_map(|class| class.file.clone()).collect();
        assert!(files.contains(&real(&one)) && files.contains(&real(&other)), "{python}: {twin:#?}");
        assert!(rules(&live).contains(&"registered-twice"));
        // The program caught the error and printed it.
        let printed: Vec<_> = live.printed.iter().map(|meaning| meaning.rule.as_str()).collect();
        assert_eq!(printed, ["incompatible-arguments"], "{python}");
    }
}

#[test]
fn nanobind_in_two_domains_has_two_registries_in_one_it_warns() {
    const ONE: Side = Side::new("live_nb", Library::Nanobind, "2.9.2");
    const SAME: Side = Side::new("live_nb_same", Library::Nanobind, "2.9.2");
    const APART: Side = Side::new("live_nb_apart", Library::Nanobind, "2.9.2").domain("apart");
    for name in [None, Some("3.13t")] {
        let Some(([one, same, apart], python)) = built([on(ONE, name), on(SAME, name), on(APART, name)])
        else {
            continue;
        };
        let live_apart = live(
            python,
            &[&one, &apart],
            "import live_nb, live_nb_apart\nlive_nb.bind()\nlive_nb_apart.bind()",
        );
        let mut keys: Vec<_> =
            live_apart.keys.iter().filter(|key| key.capsule.as_deref() == Some("nb_internals")).collect();
        keys.sort_by_key(|key| key.key.len());
        assert_eq!(keys.len(), 2, "{python}: {:#?}", live_apart.keys);
        assert!(keys[1].key.ends_with("_apart__"), "{python}: {}", keys[1].key);
        assert_eq!(keys[1].appeared_from.as_deref(), Some(&*real(&apart)));
        assert_eq!(
            (live_apart.registries.len(), live_apart.twins.len()),
            (2, 1),
            "{python}: {:#?}",
            live_apart.registries
        );

        let live_same =
            live(python, &[&one, &same], "import live_nb, live_nb_same\nlive_nb.bind()\nlive_nb_same.bind()");
        assert_eq!(
            (live_same.registries.len(), live_same.twins.len()),
            (1, 0),
            "{python}: {:#?}",
            live_same.registries
        );
        let mut meanings = live_same.raised.iter().flat_map(|raised| &raised.meanings);
        let said = meanings.find(|meaning| meaning.rule == "nanobind-already-registered");
        let said = said.unwrap_or_else(|| panic!("{python}: {:#?}", live_same.raised));
        assert!(said.seen.iter().any(|seen| seen.contains(&real(&one))), "{python}: {said:#?}");
    }
}

#[test]
fn who_turned_the_gil_on_is_told() {
    let Some(([one], python)) = built([NEW.python("3.13t")]) else { return };
    let live = live(python, &[&one], "import live_new");
    assert_eq!(live.gil_turned_on_by, ["live_new"]);
    assert_eq!(live.gil, Some(true));
    assert!(rules(&live).contains(&"gil-enabled"));
    let silent = run(&python.executable, &Code::Text("import json".to_owned()), &[]).unwrap();
    assert_eq!((silent.gil, silent.gil_turned_on_by.len()), (Some(false), 0));
}

/// Files may be read on every Python; what can't be read somewhere is said.
#[test]
fn every_python_of_this_machine_can_be_read() {
    for python in Python::all() {
        let live = run(&python.executable, &Code::Text("import json".to_owned()), &[]).unwrap();
        assert_eq!(live.ended.how, "finished", "{python}: {live:#?}");
        let told = live.python.as_ref().unwrap_or_else(|| panic!("{python}: {live:#?}"));
        assert_eq!(told.free_threaded, python.free_threaded, "{python}");
        assert_eq!(told.implementation, python.implementation);
        assert_eq!(
            live.unreadable.is_empty(),
            python.implementation == "cpython",
            "{python}: {:?}",
            live.unreadable
        );
        assert!(live.raised.is_empty(), "{python}: {:#?}", live.raised);
        assert_eq!(live.schema, "interbind-live/1");
    }
}

fn script(name: &str, text: &str) -> PathBuf {
    let folder = workshop!().join("live scripts");
    fs::create_dir_all(&folder).expect("the workshop is writable");
    let file = folder.join(name);
    fs::write(&file, text).expect("the workshop is writable");
    file
}

/// What a program says of itself under the reader, and without it, must be the same.
#[test]
fn a_program_sees_itself_as_without_us() {
    let asks = "import sys, os, json, pickle
class Named: pass
me = dict(name=__name__, file=globals().get('__file__'), argv=sys.argv, path=sys.path, doc=__doc__, spec=repr(__spec__),
          package=__package__, same=sys.modules['__main__'].__dict__ is globals(), pickled=type(pickle.loads(pickle.dumps(Named()))) is Named,
          names=sorted(name for name in globals() if not name.startswith('_')))
open(os.environ['ANSWER'], 'w').write(json.dumps(me))
";
    let file = script("who am i.py", asks);
    let answer = workshop!().join("live scripts/answer.json");
    for python in Python::all() {
        let plain = |under_us: bool| {
            let _ = fs::remove_file(&answer);
            if under_us {
                let program =
                    format!("import os, runpy\nos.environ['ANSWER'] = {:?}", answer.display().to_string());
                // The variable is set for both in the same way: by a script that is the program itself.
                let file = script("who am i.py", &format!("{program}\n{asks}"));
                let live = run(&python.executable, &Code::Script(file), &["a b".to_owned(), "-c".to_owned()])
                    .unwrap();
                assert_eq!(live.ended.how, "finished", "{python}: {:#?}", live.raised);
            } else {
                let program =
                    format!("import os, runpy\nos.environ['ANSWER'] = {:?}", answer.display().to_string());
                let file = script("who am i.py", &format!("{program}\n{asks}"));
                let status = std::process::Command::new(&python.executable)
                    .arg(file)
                    .args(["a b", "-c"])
                    .status()
                    .unwrap();
                assert!(status.success());
            }
            fs::read_to_string(&answer).expect("the program wrote it")
        };
        assert_eq!(plain(true), plain(false), "{python}");
    }
    assert!(file.exists());
}

#[test]
fn however_a_program_ends_it_is_told() {
    let Some(python) = Python::default("how a program ends") else { return };
    let ends = |code: &str| {
        let live = run(&python.executable, &Code::Text(code.to_owned()), &[]).unwrap();
        (live.ended.how.clone(), live.ended.code, live.python.is_some())
    };
    let all = |how: &str, code, read| (how.to_owned(), code, read);
    assert_eq!(ends("pass"), all("finished", Some(0), true));
    assert_eq!(ends("import sys; sys.exit(7)"), all("exit", Some(7), true));
    assert_eq!(ends("raise SystemExit"), all("exit", Some(0), true));
    assert_eq!(ends("import sys; sys.exit('no')"), all("exit", Some(1), true));
    assert_eq!(ends("1 / 0"), all("raised", Some(1), true));
    assert_eq!(ends("what is this"), all("raised", Some(1), true));
    assert_eq!(ends("import os; os._exit(5)"), all("cut-off", Some(5), false));
    assert_eq!(ends("import os; os.abort()"), all("cut-off", None, false));
    let threaded = "import threading, time\ndef work():\n    time.sleep(0.2)\n    import _elementtree\nthreading.Thread(target=work).start()";
    let live = run(&python.executable, &Code::Text(threaded.to_owned()), &[]).unwrap();
    assert!(live.modules.iter().any(|module| module.name == "_elementtree"), "what threads do is waited for");
    let forked = "import os\nif os.fork() == 0:\n    raise SystemExit(0)\nos.wait()";
    let live = run(&python.executable, &Code::Text(forked.to_owned()), &[]).unwrap();
    assert_eq!(
        (live.ended.how.as_str(), live.raised.len()),
        ("finished", 0),
        "a child's end isn't the program's"
    );
}

#[test]
fn what_a_program_prints_is_kept_apart_from_the_answer() {
    let Some(python) = Python::default("what a program prints") else { return };
    let code = "print('{\"event\": \"end\"}'); import sys; sys.stderr.write('{\"event\": \"started\"}\\n'); sys.stdout.buffer.write(b'\\xff\\x00')";
    let live = run(&python.executable, &Code::Text(code.to_owned()), &[]).unwrap();
    assert_eq!(live.ended.how, "finished");
    assert!(live.unreadable.is_empty());
}

#[test]
fn what_is_no_python_is_an_error() {
    let no = Path::new("/bin/false");
    if !no.exists() {
        skip("what is no Python", "no /bin/false");
        return;
    }
    let error = run(no, &Code::Text("pass".to_owned()), &[]).expect_err("it isn't Python");
    assert!(error.in_full().contains("fix: "), "{}", error.in_full());
    assert!(run(Path::new("/nowhere/python"), &Code::Text(String::new()), &[]).is_err());
    let Some(python) = Python::default("a script that isn't there") else { return };
    assert!(run(&python.executable, &Code::Script("/nowhere.py".into()), &[]).is_err());
}

/// The project's own examples: what shares there has one core, and its owner is who came first.
#[test]
fn our_own_core_is_found_and_whose_it_is() {
    let Some(modules) = interbind_tests::examples::examples(workshop!(), "doctor-live") else { return };
    let code = "import stats, frame\nstats.norm(frame.Point(3, 4))\ntry:\n    stats.norm(7)\nexcept TypeError as error:\n    import sys; print('TypeError:', error, file=sys.stderr)";
    let frame = modules.file("frame");
    let live = live(modules.python(), &[&frame], code);
    let ours: Vec<_> =
        live.keys.iter().filter(|key| key.key.starts_with("__interbind_internals_v1__")).collect();
    let [core] = &ours[..] else { panic!("{:#?}", live.keys) };
    assert_eq!(core.appeared_with.as_deref(), Some("stats"), "{core:#?}");
    let printed: Vec<_> = live.printed.iter().map(|meaning| meaning.rule.as_str()).collect();
    assert_eq!(printed, ["wrong-object"], "{:#?}", live.printed);
}

/// A module in C whose note promises a type, and which publishes none.
const PROMISE: &str = "#include <interbind/interbind.h>
INTERBIND_NOTE(\"promise\", \"1.0.0\", INTERBIND_PROVIDES(\"org.promise.Point\", \"1.2.0\"));
INTERBIND_NOTE_TYPE(point, \"1.2.0\", \"data org.promise.Point size 8 align 8 { x: f64 @0 }\");
static struct PyModuleDef promise = {PyModuleDef_HEAD_INIT, \"promise\", NULL, 0, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_promise(void) { return PyModule_Create(&promise); }
";

#[test]
fn a_type_that_is_promised_and_not_published_is_told() {
    let what = "a promise that isn't kept";
    let Some(python) = Python::default(what) else { return };
    let Some(headers) = native::include(python, what) else { return };
    let folder = workshop!().join("promise");
    fs::create_dir_all(&folder).expect("the target folder is writable");
    let (source, file) = (folder.join("promise.c"), folder.join("promise.so"));
    fs::write(&source, PROMISE).expect("the folder is writable");
    let Some(compiler) = native::Compiler::all(what).into_iter().find(|compiler| !compiler.is_cpp) else {
        return;
    };
    let mut words: Vec<String> = native::includes(&headers);
    let paths = [source.display().to_string(), "-o".to_owned(), file.display().to_string()];
    words.extend(["-shared", "-fPIC", "-O1"].map(str::to_owned).into_iter().chain(paths));
    compiler.run(&words).unwrap_or_else(|said| panic!("{said}"));
    let found = live(python, &[&file], "import promise");
    assert_eq!(found.published.as_deref(), Some(&[][..]), "{:?}", found.unreadable);
    let told: Vec<_> = found.findings.iter().filter(|finding| finding.rule == "type-not-published").collect();
    let [finding] = told[..] else { panic!("{:#?}", found.findings) };
    assert!(
        finding.message.contains("`promise` says that it provides `org.promise.Point 1.2.0`"),
        "{finding:#?}"
    );
    // What isn't loaded promises nothing.
    assert!(!rules(&live(python, &[&file], "pass")).contains(&"type-not-published"));
}

#[test]
fn what_is_published_is_read_from_the_registry() {
    let Some(python) = examples::python("a promise that is kept") else { return };
    let file = workshop!().join("published/frame.so");
    Extension::example("frame").build_to(workshop!(), python, &file);
    let found = live(python, &[&file], "import frame");
    let names: Vec<_> = found.published.iter().flatten().map(|published| published.name.as_str()).collect();
    assert_eq!(
        names,
        ["org.frame.Point", "org.frame.Span", "org.frame.Tally", "org.frame.Series"],
        "{:?}",
        found.unreadable
    );
    assert!(!rules(&found).contains(&"type-not-published"), "{:#?}", found.findings);
}

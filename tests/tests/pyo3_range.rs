//! The range of PyO3 that the shim promises: each release builds against it, and shares with each other one in one process,
//! with and without the limited API.
//!
//! A small extension, provider and consumer in one, is written for each release (`src/range.rs`). Not run: a free-threaded 3.14, of which
//! only the build and its note are looked at.

use interbind_abi::platform;
use interbind_tests::modules::Modules;
use interbind_tests::native::with_runtime;
use interbind_tests::note;
use interbind_tests::package::write_if_changed;
use interbind_tests::python::Python;
use interbind_tests::range::{Api, RANGE, extension, limited, name, python};
use interbind_tests::skip::skip;
use interbind_tests::workshop;

/// Every module as consumer with every module as provider; `NAMES` comes first.
const PAIRS: &str = r#"
import importlib, os
modules = [importlib.import_module(name) for name in NAMES]
points = {module.Point for module in modules}
assert len(points) == len(modules), 'each has classes of its own'
for provider in modules:
    class Named(provider.Point):
        pass
    for consumer in modules:
        pair = f'{consumer.__name__} <- {provider.__name__}'
        for point in provider.Point(3, 4), Named(3, 4):
            before = counts(point)
            assert consumer.norm(point) == 5.0, pair
            assert type(consumer.again(point)) in points, pair
            assert counts(point) == before, pair
        span, series = provider.Span(), provider.Series('s', [1, 2])
        consumer.stretch(span, point)
        assert span.to() == (3.0, 4.0), pair
        span.while_borrowed(lambda: refused('already-borrowed', consumer.stretch, span, point))
        before = counts(series)
        assert consumer.total(series) == 3.0, pair
        assert consumer.each(series, lambda value: [value]) == [2.0], pair
        class Softer(provider.Series):
            pass
        class Louder(provider.Loud):
            pass
        for _ in range(2):
            # The nearest published class answers, whichever was seen first.
            assert consumer.total(series) == consumer.total(Softer('s', [1, 2])) == 3.0, pair
            assert consumer.total(provider.Loud('s', [1, 2])) == consumer.total(Louder('s', [1, 2])) == -1.0, pair
        error = refused('provider-raised', consumer.each, series, lambda value: value / 0)
        assert isinstance(error.__cause__, ZeroDivisionError), pair
        error = refused('provider-panicked', consumer.label, series)
        assert f'no label in {provider.__name__}' in str(error), pair
        refused('wrong-object', consumer.norm, series)
        error = refused('wrong-object', consumer.total, point)
        # Whoever published the type first is named as the provider; a file is known of every side.
        sides = [line for line in str(error).splitlines() if line.startswith(('  provider: ', '  consumer: '))]
        assert len(sides) == 2 and all('.so), ' in side for side in sides), (pair, sides)
        assert f'({os.path.basename(consumer.__file__)})' in sides[1], (pair, sides)
        del error
        keeper = consumer.Keeper(series)
        assert keeper.total() == 3.0, pair
        del keeper
        collect()
        assert counts(series) == before, pair
print(len(modules))
"#;

fn run_pairs(modules: &Modules, names: &[String]) {
    let outcome = modules.run(&format!("NAMES = {names:?}\n{PAIRS}"));
    assert_eq!(outcome.passed().trim(), names.len().to_string());
}

#[test]
fn every_pyo3_of_the_range_shares_with_every_other_under_both_apis() {
    let (Some(python), Some(limited)) = (python(), limited(workshop!())) else { return };
    let mut modules = Modules::new(workshop!(), "range", python);
    let mut names = Vec::new();
    for (version, _) in RANGE {
        modules = modules.with(&extension(workshop!(), version, Api::Full));
        names.push(name(version, Api::Full));
    }
    for (name, file) in limited {
        modules = modules.with_built(name, file);
        names.push(name.clone());
    }
    run_pairs(&modules, &names);
    names.reverse();
    run_pairs(&modules, &names);
}

#[test]
fn a_limited_build_shares_in_every_cpython_it_is_for() {
    let Some(limited) = limited(workshop!()) else { return };
    for minor in 9..=15 {
        let Some(python) = Python::find(&format!("3.{minor}"), "limited builds in each CPython") else {
            continue;
        };
        let mut modules = Modules::new(workshop!(), "limited-range", python);
        for (name, file) in limited {
            modules = modules.with_built(name, file);
        }
        let names: Vec<_> = limited.iter().map(|(name, _)| name.clone()).collect();
        run_pairs(&modules, &names);
    }
}

#[test]
fn a_build_for_the_newest_cpython_shares_with_limited_builds_that_do_not_know_it() {
    let Some(limited) = limited(workshop!()) else { return };
    let Some(python) = Python::find("3.15", "a full build for the newest CPython") else { return };
    let (version, _) = RANGE.last().unwrap();
    let mut modules =
        Modules::new(workshop!(), "newest", python).with(&extension(workshop!(), version, Api::Full));
    let mut names = vec![name(version, Api::Full)];
    for (name, file) in limited {
        modules = modules.with_built(name, file);
        names.push(name.clone());
    }
    run_pairs(&modules, &names);
}

#[test]
fn both_ends_of_the_range_share_with_the_wheel_s_runtime() {
    let (Some(python), Some(limited)) = (python(), limited(workshop!())) else { return };
    // Built apart from those of the same names that have an implementation.
    let folder = workshop!().join("lean-range");
    let (oldest, newest) = (RANGE[0].0, RANGE[RANGE.len() - 1].0);
    let lean = |version, api| extension(&folder, version, api).without_implementation();
    let modules = Modules::new(&folder, "lean-range", python)
        .with(&lean(oldest, Api::Abi3))
        .with(&lean(newest, Api::Full));
    let (own, file) = &limited[1];
    let modules = with_runtime(modules.with_built(own, file), workshop!());
    let mut names = vec![name(oldest, Api::Abi3), name(newest, Api::Full), own.clone()];
    run_pairs(&modules, &names);
    names.reverse();
    run_pairs(&modules, &names);
}

/// What `interbind::names` and `submodule` have named; prints pickles for a process that has imported nothing.
const NAMED: &str = r#"
import importlib, pickle, sys
module = importlib.import_module(NAME)
assert module.__name__ == NAME
for path in ('plain', 'plain.deep', 'geometry'):
    inner = module
    for part in path.split('.'):
        inner = getattr(inner, part)
    assert sys.modules[f'{NAME}.{path}'] is inner and inner.__name__ == f'{NAME}.{path}', path
    assert importlib.import_module(f'{NAME}.{path}') is inner
assert f'{NAME}.json' not in sys.modules and module.json is sys.modules['json'] and module.json.__name__ == 'json'
assert f'{NAME}.plain.around' not in sys.modules
plain = module.plain
values = [
    module.norm, module.Point, module.Keeper, module.Point.__new__, module.geometry.norm,
    plain.twice, plain.bare, plain.deep.thrice, plain.Nested, plain.Nested.method, plain.Nested.alone, plain.Nested.of,
]
assert module.norm.__module__ == module.Keeper.__module__ == NAME
assert plain.bare.__module__ == plain.Nested.__module__ == f'{NAME}.plain'
# What isn't the module's own, and what its author says.
assert ValueError.__module__ == 'builtins' and plain.ValueError is ValueError
assert plain.Elsewhere.__module__ == 'json'
streams = []
for value in values:
    for protocol in range(2 if value == module.Point.__new__ else 0, 6):
        for dumps in pickle.dumps, pickle._dumps:
            stream = dumps(value, protocol)
            assert pickle.loads(stream) == value, (value, protocol)
            streams.append(stream.hex())
print(' '.join(streams))
"#;

/// Loads them.
const LOADED: &str = r#"
import pickle, sys
for stream in STREAMS.split():
    loaded = pickle.loads(bytes.fromhex(stream))
    assert callable(loaded)
assert sys.modules[NAME].plain.Nested.method(sys.modules[NAME].plain.Nested()) == 1
print('loaded')
"#;

#[test]
fn every_pyo3_of_the_range_names_what_its_modules_hold() {
    let Some(limited) = limited(workshop!()) else { return };
    for python in
        ["3.9", "3.13", "3.15"].into_iter().filter_map(|name| Python::find(name, "names of PyO3's modules"))
    {
        let mut modules = Modules::new(workshop!(), "named", python);
        for (name, file) in limited {
            modules = modules.with_built(name, file);
            // In a package too: no name is a literal.
            let package = modules.folder().join(format!("around_{name}"));
            std::fs::create_dir_all(&package).expect("the workshop is writable");
            std::fs::write(package.join("__init__.py"), "").expect("the workshop is writable");
            std::fs::copy(file, package.join(modules.file(name).file_name().expect("it has a name")))
                .expect("the workshop is writable");
            for full in [name.clone(), format!("around_{name}.{name}")] {
                let streams = modules.run(&format!("NAME = {full:?}\n{NAMED}")).passed();
                let loaded = modules
                    .run(&format!("NAME = {full:?}\nSTREAMS = {:?}\n{LOADED}", streams.trim()))
                    .passed();
                assert_eq!(loaded.trim(), "loaded", "{full} on Python {python}");
            }
        }
    }
}

/// A CPython with a GIL loads what was built for both kinds: no field of an object may be touched in there.
#[test]
fn a_build_for_pythons_with_and_without_a_gil_shares_with_full_and_limited_builds() {
    let Some(limited) = limited(workshop!()) else { return };
    let Some(python) = Python::find("3.15", "a build under abi3t") else { return };
    let mut modules = Modules::new(workshop!(), "abi3t", python);
    let mut names = Vec::new();
    let knowing = || RANGE.iter().filter(|(_, newest)| *newest >= python.version).map(|(version, _)| version);
    for (version, api) in knowing().flat_map(|version| [(version, Api::Abi3t), (version, Api::Full)]) {
        modules = modules.with(&extension(workshop!(), version, api));
        names.push(name(version, api));
    }
    for (name, file) in limited {
        modules = modules.with_built(name, file);
        names.push(name.clone());
    }
    // Whoever is imported first owns the core and serves the registry.
    for _ in 0..names.len() {
        run_pairs(&modules, &names);
        names.rotate_left(1);
    }
    for version in knowing() {
        let said = note::module(&modules.file(&name(version, Api::Abi3t)));
        assert_eq!((said.platform.gil, said.platform.api), (None, platform::Api::Abi3t(3, 15)));
        assert!(said.platform.to_string().contains(" api=abi3t-3.15 gil=any "), "{}", said.platform);
    }
}

#[test]
fn the_note_tells_the_limited_api_from_the_full_one() {
    let (Some(python), Some(limited)) = (python(), limited(workshop!())) else { return };
    for (name, file) in limited {
        assert_eq!(note::module(file).platform.api, platform::Api::Abi3(3, 9), "{name}");
    }
    for (version, _) in RANGE {
        let file = extension(workshop!(), version, Api::Full).build(workshop!(), python);
        let (major, minor) = python.version;
        let api = platform::Api::Full(u8::try_from(major).unwrap(), u8::try_from(minor).unwrap());
        assert_eq!(note::module(&file).platform.api, api, "{version}");
    }
}

#[test]
fn a_build_for_a_free_threaded_3_14_says_so_in_its_note() {
    let Some(python) = python() else { return };
    skip("a free-threaded 3.14", "only built, for a configuration written by hand; not run");
    let config = workshop!().join("free-threaded-3.14.txt");
    write_if_changed(
        &config,
        "implementation=CPython\nversion=3.14\nshared=true\nabi3=false\npointer_width=64\nbuild_flags=Py_GIL_DISABLED\n\
         suppress_build_script_link_lines=true\n",
    );
    // A folder of its own: the configuration isn't the interpreter's.
    let free_threaded = Python { version: (3, 14), free_threaded: true, ..python.clone() };
    let extension = extension(workshop!(), RANGE.last().unwrap().0, Api::Full)
        .variable("PYO3_CONFIG_FILE", config.to_str().unwrap());
    let said = note::module(&extension.build(workshop!(), &free_threaded));
    assert_eq!((said.platform.gil, said.platform.api), (Some(false), platform::Api::Full(3, 14)));
    assert!(said.platform.to_string().contains(" gil=off "), "{}", said.platform);
}

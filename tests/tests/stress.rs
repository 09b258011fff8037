//! A stress of loaded extensions: many threads share, borrow, wrap and drop objects of another build, while types come and
//! go. `INTERBIND_STRESS_SECONDS` says how long; the plain test run takes one second, or five under the thread sanitizer.

use std::env;

use interbind_tests::copies::{copies, copies_with_one_allocator};
use interbind_tests::interpreters::{BEFORE, raw_modules, raw_modules_as};
use interbind_tests::modules::{Modules, Outcome};
use interbind_tests::python::Python;
use interbind_tests::thread_sanitizer::{ThreadSanitizer, none_in};
use interbind_tests::workshop;

const SCRIPT: &str = "
import os, random, time
import frame, stats, rawstats
seconds = float(os.environ['INTERBIND_STRESS_SECONDS'])
shared_point, shared_span = frame.Point(3, 4), frame.Span(0, 0, 3, 4)
series = frame.Series('shared', [1.0, 2.0, 3.0])
stop = time.monotonic() + seconds
done, failed = [], []

def work(seed):
    rng = random.Random(seed)
    rounds = 0
    try:
        while rounds == 0 or time.monotonic() < stop:
            rounds += 1
            cls = type('Brief', (frame.Point,), {})
            mine = cls(6, 8)
            assert stats.norm(mine) == rawstats.norm(mine) == 10.0
            assert stats.norm(shared_point) == 5.0
            assert stats.total(series) == rawstats.total(series) == 6.0
            try:
                if rng.random() < 0.5:
                    stats.shift(shared_span, 1, 1)
                assert stats.length(shared_span) == 5.0
            except RuntimeError as error:
                assert slug_of(error) == 'already-borrowed', error
            middle = stats.midpoint(shared_point, mine)
            assert type(middle) is frame.Point and middle.x == 4.5
            keeper = stats.Keeper(series)
            assert keeper.total() == 6.0
            if rounds % 50 == 0:
                gc.collect()
            refused('wrong-object', stats.norm, rounds)
    except BaseException as error:
        failed.append(error)
    done.append(rounds)

before = counts(shared_point, shared_span, series)
threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
assert len(done) == 16 and min(done) > 0, done
del threads
collect()
assert counts(shared_point, shared_span, series) == before
print(sum(done), 'rounds')
";

/// Interpreters come and go, each with classes of its own, while others use and drop theirs.
const COMING_AND_GOING: &str = "
exec(USE)
stop = time.monotonic() + float(os.environ['INTERBIND_STRESS_SECONDS'])
# CPython before 3.13 doesn't survive by itself what threads do in interpreters with a GIL of their own.
own_gil = sys.version_info >= (3, 13)
done, failed = [], []
def share():
    rounds = 0
    try:
        while rounds == 0 or time.monotonic() < stop:
            rounds += 1
            cls = type('Brief', (rawframe.Point,), {})
            assert rawstats.norm(cls(3, 4)) == rawstats.norm(keeper.make()) / 2 == 5.0
            keeper.hold(cls(1, 2))
            (keeper.let_go, keeper.let_go_detached, keeper.let_go_elsewhere)[rounds % 3]()
            refused('wrong-object', rawstats.norm, rounds)
    except BaseException as error:
        failed.append(error)
    done.append(rounds)
def come_and_go():
    rounds = 0
    try:
        while rounds == 0 or time.monotonic() < stop:
            rounds += 1
            with Interpreter(own_gil) as other:
                other.run(USE + 'keeper.hold(Named(3, 4))')
    except BaseException as error:
        failed.append(error)
    done.append(rounds)
threads = [threading.Thread(target=target) for target in [share] * 15 + [come_and_go]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
assert len(done) == 16 and min(done) > 0, done
exec(USE)
print(sum(done), 'rounds')
";

fn run(modules: &Modules, script: &str, seconds: &str) -> Outcome {
    let seconds = env::var("INTERBIND_STRESS_SECONDS").unwrap_or_else(|_| seconds.to_owned());
    let script = format!("import os\nos.environ['INTERBIND_STRESS_SECONDS'] = '{seconds}'\n{script}");
    let outcome = modules.run(&script);
    eprintln!("stress on Python {}: {}", modules.python(), outcome.stdout.trim());
    outcome
}

fn stress(modules: &Modules, script: &str) {
    run(modules, script, "1").passed();
}

#[test]
fn sixteen_threads_share_everything_under_a_gil() {
    if let Some(python) = Python::default("the stress under a GIL") {
        stress(&copies(workshop!(), python), SCRIPT);
    }
}

#[test]
fn sixteen_threads_share_everything_without_a_gil() {
    if let Some(python) = Python::find("3.13t", "the stress without a GIL") {
        stress(&copies(workshop!(), python), SCRIPT);
    }
}

fn come_and_go(python: &'static Python) {
    let modules = raw_modules(workshop!(), python, "0.28", "");
    stress(&modules, &format!("{BEFORE}\n{COMING_AND_GOING}"));
}

#[test]
fn interpreters_come_and_go_while_fifteen_threads_share() {
    for name in ["3.11", "3.13", "3.14"] {
        if let Some(python) = Python::find(name, "the stress of interpreters") {
            come_and_go(python);
        }
    }
}

#[test]
fn interpreters_come_and_go_while_fifteen_threads_share_without_a_gil() {
    if let Some(python) = Python::find("3.13t", "the stress of interpreters without a GIL") {
        come_and_go(python);
    }
}

#[test]
fn sixteen_threads_share_everything_and_the_thread_sanitizer_finds_no_race() {
    let what = "the stress under the thread sanitizer";
    let Some(sanitizer) = ThreadSanitizer::find(what) else { return };
    let instrument = |extension| sanitizer.instrument(extension);
    let modules = copies_with_one_allocator("races", workshop!(), sanitizer.python, instrument);
    sanitizer.prove(&modules, workshop!());
    none_in(&run(&sanitizer.watch(modules), SCRIPT, "5"));
}

#[test]
fn interpreters_come_and_go_and_the_thread_sanitizer_finds_no_race() {
    let what = "the stress of interpreters under the thread sanitizer";
    let Some(sanitizer) = ThreadSanitizer::find(what) else { return };
    let instrument = |extension| sanitizer.instrument(extension);
    let modules = sanitizer.watch(raw_modules_as(workshop!(), sanitizer.python, "0.28", "", instrument));
    none_in(&run(&modules, &format!("{BEFORE}\n{COMING_AND_GOING}"), "5"));
}

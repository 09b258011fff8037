//! A stress of loaded extensions: many threads share, borrow, wrap and drop objects of another build, while types come and
//! go. `INTERBIND_STRESS_SECONDS` says how long; the plain test run takes one second.

use std::env;

use interbind_tests::copies::copies;
use interbind_tests::modules::Modules;
use interbind_tests::python::Python;
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

fn seconds() -> String {
    env::var("INTERBIND_STRESS_SECONDS").unwrap_or_else(|_| "1".to_owned())
}

fn stress(modules: &Modules) {
    let script = format!("import os\nos.environ['INTERBIND_STRESS_SECONDS'] = '{}'\n{SCRIPT}", seconds());
    eprintln!("stress on Python {}: {}", modules.python(), modules.run(&script).passed().trim());
}

#[test]
fn sixteen_threads_share_everything_under_a_gil() {
    if let Some(python) = Python::default("the stress under a GIL") {
        stress(&copies(workshop!(), python));
    }
}

#[test]
fn sixteen_threads_share_everything_without_a_gil() {
    if let Some(python) = Python::find("3.13t", "the stress without a GIL") {
        stress(&copies(workshop!(), python));
    }
}

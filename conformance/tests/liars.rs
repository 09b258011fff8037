//! The runner against liars: participants in plain Python, each with one lie, each with exactly one right
//! answer. No compiler; without a `python3` a visible skip.

mod house;

use house::{TestHouse, of};
use interbind_conformance::outcome::Verdict;

const CASE: &str = "needs = { provider = [\"provide\"], consumer = [\"consume\"] }\ntypes = [\"point2d\"]\n\
                    orders = [\"p1\"]\nalone = true\n[[expect]]\noutcome = \"interop\"\n";
const BODY: &str = "def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), 'read', type)
";

/// Lie, code, outcome, and a piece of the finding that goes with it.
const LIES: &[(&str, &str, &str, Option<&str>)] = &[
    ("honest", "", "interop", None),
    ("aborts", "def read(type, obj): os.abort()", "crash(SIGABRT)", None),
    (
        "segfaults",
        "import signal\ndef read(type, obj): os.kill(os.getpid(), signal.SIGSEGV)",
        "crash(SIGSEGV)",
        None,
    ),
    ("hangs", "import time\ndef read(type, obj): time.sleep(60)", "hang", None),
    (
        "forks",
        "def read(type, obj):\n    if os.fork():\n        os.wait()\n    return obj.data",
        "corrupt",
        None,
    ),
    (
        "leaves-a-child",
        "import time\ndef read(type, obj):\n    if not os.fork():\n        time.sleep(60)\n    return obj.data",
        "hang",
        None,
    ),
    ("exits-0-early", "def read(type, obj): os._exit(0)", "exit(0)", None),
    ("exits-3", "def read(type, obj): sys.exit(3)", "exit(3)", None),
    (
        "prints",
        "def read(type, obj):\n    print('hello')\n    return obj.data",
        "interop",
        Some("stdout: hello"),
    ),
    (
        "warns",
        "def read(type, obj):\n    print('careful', file=sys.stderr)\n    return obj.data",
        "interop",
        Some("stderr: careful"),
    ),
    (
        "leaks",
        "def read(type, obj):\n    KEPT.append(Box(type, obj.data))\n    return obj.data",
        "leak",
        None,
    ),
    ("wrong-bytes", "def read(type, obj): return obj.data[::-1]", "corrupt", None),
    (
        "bare-error",
        "def read(type, obj): raise TypeError(\"'Box' object is not an instance of 'Box'\")",
        "silent",
        None,
    ),
    (
        "detects",
        "def read(type, obj): raise Refusal('layout-differs', FULL)",
        "detected(layout-differs)",
        None,
    ),
    ("false-reason", "def read(type, obj): raise Refusal('gil-build', FULL)", "detected(gil-build)", None),
    ("unknown-reason", "def read(type, obj): raise Refusal('bad-weather', FULL)", "silent", None),
    (
        "names-one-side",
        "def read(type, obj): raise Refusal('layout-differs', 'x\\n  provider: one\\n  fix: y')",
        "silent",
        None,
    ),
    (
        "names-no-fix",
        "def read(type, obj): raise Refusal('layout-differs', 'x\\n  provider: a\\n  consumer: b')",
        "silent",
        None,
    ),
    ("says-nothing", "def read(type, obj): raise Refusal('wrong-object', '')", "silent", None),
    (
        "touches-first",
        "def read(type, obj):\n    COUNTS['touched'] += 1\n    raise Refusal('layout-differs', FULL)",
        "silent",
        None,
    ),
    (
        "half-an-event",
        "def read(type, obj):\n    with open(os.environ['INTERBIND_EVENTS'], 'a') as log: log.write('{\"t\": \"st')\n    return obj.data",
        "harness(event-log)",
        None,
    ),
    (
        "half-an-event-and-dies",
        "def read(type, obj):\n    with open(os.environ['INTERBIND_EVENTS'], 'a') as log: log.write('{\"t\": \"st')\n    os.abort()",
        "crash(SIGABRT)",
        None,
    ),
    ("not-implemented", "def read(type, obj): raise NotImplementedError", "unsupported(consumer.read)", None),
    ("fails-to-import", "raise ImportError('no such symbol')", "silent", None),
    (
        "refuses-at-import",
        "raise Refusal('not-a-capsule', 'something else stands there')",
        "detected(not-a-capsule)",
        None,
    ),
    ("dies-at-exit", "import atexit\natexit.register(os.abort)", "crash(SIGABRT)", None),
];

#[test]
fn each_liar_gets_exactly_its_outcome() {
    let house = TestHouse::new();
    house.case("lie.read", CASE, BODY);
    let lies: Vec<(&str, &str)> = LIES.iter().map(|(lie, code, ..)| (*lie, *code)).collect();
    house.participant("liar", false, &[], &lies);
    let Some(report) = house.run(&[]) else { return };
    let mut wrong = Vec::new();
    for (lie, _, outcome, finding) in LIES {
        let cell = of(&report, lie);
        let found = cell.findings.join("\n");
        let right = cell.observed.to_string() == *outcome
            && found.contains(finding.unwrap_or_default())
            && found.is_empty() == finding.is_none();
        if !right {
            wrong.push(format!(
                "{lie}: {} {:?}, not {outcome}\n{}",
                cell.observed, cell.findings, cell.detail
            ));
        }
        let verdict = match *outcome {
            "interop" if finding.is_none() => Verdict::Ok,
            o if o.starts_with("unsupported") => Verdict::NotRun,
            _ => Verdict::Wrong,
        };
        if cell.verdict != verdict {
            wrong.push(format!("{lie}: the verdict is {}, not {verdict}", cell.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(report.is_red());
}

#[test]
fn an_abort_is_exit_abort_only_after_an_announced_panic_of_a_panic_abort_build() {
    let house = TestHouse::new();
    let case = CASE.replace("interop", "exit(abort)");
    house.case("lie.panic", &case, &BODY.replace("obj =", "p.expect_panic()\n    obj ="));
    house.case("lie.quiet", &case, BODY);
    house.participant("liar", false, &["panic-abort"], &[("aborts", "def read(type, obj): os.abort()")]);
    let Some(report) = house.run(&[]) else { return };
    for cell in &report.cells {
        let announced = cell.id.case == "lie.panic" && cell.id.provider.has("panic-abort");
        let outcome = if announced { "exit(abort)" } else { "crash(SIGABRT)" };
        assert_eq!(cell.observed.to_string(), outcome, "{}", cell.id);
        assert_eq!(cell.verdict == Verdict::Ok, announced, "{}", cell.id);
    }
    assert_eq!(report.cells.len(), 4);
}

#[test]
fn between_interbind_builds_silence_is_red_although_it_happened() {
    let house = TestHouse::new();
    house.case("lie.read", CASE, BODY);
    house.participant("liar", true, &[], &[("bare-error", "def read(type, obj): raise TypeError('no')")]);
    let Some(report) = house.run(&[]) else { return };
    assert_eq!(of(&report, "bare-error").verdict, Verdict::Wrong);
}

#[test]
fn a_gap_is_a_gap_until_it_is_gone_and_then_red_until_its_line_is_deleted() {
    let house = TestHouse::new();
    house.case("lie.read", CASE, BODY);
    house.participant(
        "liar",
        false,
        &[],
        &[("bare-error", "def read(type, obj): raise TypeError('no')"), ("honest", "")],
    );
    house.write(
        "expect/liar.toml",
        "schema = 1\n[[rule]]\ncells = [\"lie\"]\noutcome = \"interop\"\ntoday = \"silent\"\nissue = 1\n",
    );
    let Some(report) = house.run(&[]) else { return };
    assert_eq!(of(&report, "bare-error").verdict, Verdict::Gap);
    assert_eq!(of(&report, "honest").verdict, Verdict::Fixed);
}

#[test]
fn who_fails_the_harness_gets_no_other_verdict() {
    let house = TestHouse::new();
    house.case("harness.read", CASE, BODY);
    house.case("lie.read", CASE, BODY);
    house.participant(
        "liar",
        false,
        &[],
        &[("wrong-bytes", "def read(type, obj): return b''"), ("honest", "")],
    );
    let Some(report) = house.run(&[]) else { return };
    let verdict = |version: &str, case: &str| {
        let mut found =
            report.cells.iter().filter(|c| c.id.provider.version() == version && c.id.case == case);
        found.next().map(|cell| (cell.observed.to_string(), cell.verdict))
    };
    assert_eq!(verdict("wrong-bytes", "lie.read"), Some(("absent(harness)".to_owned(), Verdict::NotRun)));
    assert_eq!(verdict("honest", "lie.read"), Some(("interop".to_owned(), Verdict::Ok)));
}

#[test]
fn a_body_with_a_bug_is_the_harness_own_fault() {
    let house = TestHouse::new();
    house.case("lie.read", CASE, "def act(p, type):\n    undefined_name\n");
    house.participant("liar", false, &[], &[("honest", "")]);
    let Some(report) = house.run(&[]) else { return };
    assert_eq!(of(&report, "honest").observed.to_string(), "harness(NameError)");
}

#[test]
fn what_had_to_be_refused_and_was_not_is_no_detection() {
    let house = TestHouse::new();
    let case = CASE.replace("interop", "detected(wrong-object)");
    house.case("lie.refuse", &case, "def act(p, type):\n    with p.refused():\n        p.consumer.read(type, p.provider.make(type, b''))\n");
    house.participant(
        "liar",
        false,
        &[],
        &[
            ("honest", ""),
            ("refuses", "def read(type, obj): raise Refusal('wrong-object', 'not one of mine')"),
        ],
    );
    let Some(report) = house.run(&[]) else { return };
    assert_eq!(of(&report, "honest").observed.to_string(), "interop");
    assert_eq!(of(&report, "honest").verdict, Verdict::Wrong);
    assert_eq!(of(&report, "refuses").verdict, Verdict::Ok);
}

#[test]
fn every_mode_runs_the_body_or_says_that_it_cannot() {
    let house = TestHouse::new();
    let modes = "modes = [\"main\", \"thr\", \"exit\", \"shared\", \"sub\", \"reload\"]\n";
    house.case("lie.modes", &format!("{modes}{CASE}"), BODY);
    house.participant("liar", false, &[], &[("honest", "")]);
    let Some(report) = house.run(&[]) else { return };
    assert_eq!(report.cells.len(), 6);
    for cell in &report.cells {
        let fine = matches!(cell.verdict, Verdict::Ok | Verdict::NotRun);
        assert!(fine, "{}: {} {:?} {}", cell.id, cell.observed, cell.findings, cell.detail);
    }
}

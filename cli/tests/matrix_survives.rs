//! The matrix survives what it runs and where it runs: Pythons that don't answer, a second run in the same folder, a kill at
//! any moment, a disk without room. Its participants are plain Python, so nothing is compiled.
#![cfg(all(unix, feature = "matrix"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "../../conformance/tests/house/mod.rs"]
mod house;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use house::TestHouse;
use interbind_conformance::report::Report;

const CASE: &str = "needs = { provider = [\"provide\"], consumer = [\"consume\"] }\ntypes = [\"point2d\"]\n\
                    orders = [\"p1\"]\nalone = true\n[[expect]]\noutcome = \"interop\"\n";
const BODY: &str = "def act(p, type):
    obj = p.provider.make(type, p.graffiti(type, 1))
    p.check_equal(p.consumer.read(type, obj), p.graffiti(type, 1), 'read', type)
";

/// The `python3` of this machine, behind a version manager's shim; `None` where the machine has no such program, which is printed as a skip.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let asked = asked.ok().filter(|output| output.status.success())?;
        Some(PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim()))
    });
    if found.is_none() {
        std::io::stderr().write_all(b"skip: what the matrix survives: no `python3` on PATH\n").unwrap();
    }
    found.as_deref()
}

/// A house with this machine's `python3`, and no other Python but the system's.
fn with_python(house: TestHouse) -> Option<TestHouse> {
    fs::create_dir(house.repo().join("bin")).unwrap();
    std::os::unix::fs::symlink(python()?, house.repo().join("bin/python3")).unwrap();
    Some(house)
}

/// A house whose cells are all right; each of them writes its name into `ran`, then does something.
fn honest(cells: usize, also: &str) -> Option<TestHouse> {
    let house = TestHouse::new();
    house.case("honest.read", CASE, BODY);
    let ran = house.repo().join("ran");
    let code = |name: &str| {
        format!(
            "def read(type, obj):\n    with open({ran:?}, 'a') as file: file.write({name:?} + '\\n')\n    {also}\n    \
             return obj.data"
        )
    };
    let names: Vec<String> = (0..cells).map(|cell| format!("v{cell}")).collect();
    let codes: Vec<String> = names.iter().map(|name| code(name)).collect();
    let lies: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(codes.iter().map(String::as_str)).collect();
    house.participant("honest", false, &[], &lies);
    with_python(house)
}

fn matrix(house: &TestHouse, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
    command.arg("matrix").arg("run").args(["--full", "--host", "default"]).args(words);
    command.current_dir(house.repo()).stdin(Stdio::null());
    for name in ["INTERBIND_CONFORMANCE_DIR", "PYENV_ROOT", "PYTHONS_HOME"] {
        command.env_remove(name);
    }
    command.env("HOME", house.repo()).env("PATH", path(house, ""));
    command
}

/// A PATH for a house, with `first` at its front unless that is empty.
fn path(house: &TestHouse, first: &str) -> String {
    let rest = format!("{}:/usr/bin:/bin", house.repo().join("bin").display());
    if first.is_empty() { rest } else { format!("{first}:{rest}") }
}

fn work(house: &TestHouse) -> PathBuf {
    house.repo().join("target/conformance")
}

fn report(house: &TestHouse) -> Report {
    serde_json::from_str(&fs::read_to_string(work(house).join("last.json")).unwrap()).unwrap()
}

fn started(house: &TestHouse) -> Vec<String> {
    let text = fs::read_to_string(house.repo().join("ran")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn green(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
}

/// The lines of a file that another process writes, once it has at least that many.
fn wait_for(file: &Path, lines: usize, child: &mut Child) {
    while fs::read(file).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() < lines {
        assert!(child.try_wait().unwrap().is_none(), "it ended before {} had {lines} lines", file.display());
        std::thread::yield_now();
    }
}

fn script(path: &Path, text: &str) {
    interbind_ask::write_script(path, text).unwrap();
}

#[test]
fn a_python_that_does_not_answer_is_a_skipped_host_beside_the_others() {
    let Some(house) = honest(1, "pass") else { return };
    let fakes = house.repo().join("fakes");
    fs::create_dir(&fakes).unwrap();
    let kinds = [
        ("python3.9", "sleep 600", "didn't end within 10 s"),
        ("python3.10", "exec yes", "printed more than 1 MiB"),
        ("pypy3.11", "kill -9 $$", "signal: 9"),
        ("python3.14", "echo 'no codec' >&2; exit 1", "no codec"),
        ("python3", "echo hello", "no answer"),
    ];
    for (name, text, _) in kinds {
        script(&fakes.join(name), text);
    }
    let path = path(&house, &fakes.display().to_string());
    let output = matrix(&house, &["--json", "report.json"]).env("PATH", path).output().unwrap();
    green(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    for (name, _, why) in kinds {
        let file = fakes.join(name).display().to_string();
        let is_its = |line: &&str| line.starts_with("skipped ") && line.contains(&format!("`{file}`"));
        let line = text.lines().find(is_its).unwrap_or_else(|| panic!("no line of {file} in\n{text}"));
        assert!(line.contains(why), "{line}");
    }
    assert!(text.contains("1 cells: 1 interop; 1 ok, 0 wrong"), "{text}");
    let json = fs::read_to_string(house.repo().join("report.json")).unwrap();
    assert!(json.contains("didn't end within 10 s"), "{json}");
}

/// A Python that answers and then, for a cell, prints without end: the cell is wrong, the disk isn't full.
#[test]
fn a_cell_that_prints_without_end_is_stopped() {
    let Some(house) = honest(1, "pass") else { return };
    let fakes = house.repo().join("fakes");
    fs::create_dir(&fakes).unwrap();
    let Some(real) = python() else { return };
    let me = fakes.join("python3");
    // It answers with its own name, so that it is started for the cells too.
    let text = format!(
        "case \"$*\" in *run_cell.py*) exec yes;; esac\n'{}' \"$@\" | sed 's|\"executable\": \"[^\"]*\"|\"executable\": \"{}\"|'",
        real.display(),
        me.display()
    );
    script(&me, &text);
    let path = path(&house, &fakes.display().to_string());
    let output = matrix(&house, &[]).env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("exit(too-much-output)"), "{}", said(&output));
}

#[test]
fn two_runs_in_one_folder_wait_for_each_other_and_both_are_right() {
    let gate = tempfile::tempdir().unwrap();
    let open = gate.path().join("open");
    let also = format!("import time\n    while not os.path.exists({open:?}): time.sleep(0.01)");
    let Some(house) = honest(2, &also) else { return };
    let mut first = matrix(&house, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&house.repo().join("ran"), 1, &mut first);
    let log = house.repo().join("second.log");
    let stderr = fs::File::create(&log).unwrap();
    let mut second = matrix(&house, &[]).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    wait_for(&log, 1, &mut second);
    let line = fs::read_to_string(&log).unwrap();
    let expected =
        format!("waiting for process {} (`interbind matrix run --full --host default`): ", first.id());
    assert!(line.starts_with(&expected), "{line}");
    assert_eq!(started(&house).iter().filter(|name| *name == "v0").count(), 1, "the second one ran a cell");
    fs::write(&open, "").unwrap();
    green(&first.wait_with_output().unwrap());
    green(&second.wait_with_output().unwrap());
    for name in ["v0", "v1"] {
        assert_eq!(started(&house).iter().filter(|it| *it == name).count(), 2, "{name}");
    }
}

#[test]
fn a_killed_run_is_resumed_and_loses_no_finished_cell() {
    let Some(house) = honest(12, "pass") else { return };
    let journal = work(&house).join("journal.jsonl");
    // Killed again and again, each time a little further.
    for finished in [1, 4, 7] {
        let mut run = matrix(&house, &["--jobs", "2"]).stderr(Stdio::null()).spawn().unwrap();
        wait_for(&journal, finished, &mut run);
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let text = fs::read_to_string(&journal).unwrap();
    let kept = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let kept: Vec<String> = kept.map(|entry| entry["cell"]["id"].as_str().unwrap().to_owned()).collect();
    // Another run's end doesn't take them away.
    green(&matrix(&house, &["honest::honest-v11..honest-v11"]).output().unwrap());
    let before = started(&house);
    // Half a line, as a kill may leave it.
    fs::OpenOptions::new().append(true).open(&journal).unwrap().write_all(b"{\"key\": \"ab").unwrap();

    let output = matrix(&house, &[]).output().unwrap();
    green(&output);
    let report = report(&house);
    assert_eq!(report.cells.len(), 12);
    // The cell that the other run reported is no longer waiting for this one.
    let left = kept.iter().filter(|cell| !cell.contains("honest-v11.")).count();
    assert!(left >= 6 && report.resumed == left, "{left} of {kept:?}\n{}", said(&output));
    assert!(said(&output).contains("finished by a run that was stopped"), "{}", said(&output));
    let after = started(&house);
    for cell in &report.cells {
        let name = cell.id.provider.version();
        let again = after[before.len()..].iter().filter(|it| *it == name).count();
        let was_kept = kept.contains(&cell.id.to_string()) && name != "v11";
        assert_eq!(again, usize::from(!was_kept), "{}", cell.id);
    }
    // What is reported is finished: the next run runs all of it.
    assert!(!journal.exists());
    green(&matrix(&house, &[]).output().unwrap());
    assert_eq!(started(&house).len(), after.len() + 12);
}

/// What a process is doing; a killed one that nobody has collected yet is gone too.
fn is_alive(process: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ") && !state.contains(") X ")
}

#[test]
fn an_interrupted_run_takes_its_builds_along() {
    let Some(house) = with_python(TestHouse::new()) else { return };
    house.case("honest.read", CASE, BODY);
    house.write("participants/slow/build.sh", "");
    script(
        &house.repo().join("conformance/participants/slow/build.sh"),
        "grep SigBlk /proc/self/status >\"$1/mask\"\nsleep 600 &\necho $$ >\"$1/pid\"\necho $! >>\"$1/pid\"\nwait",
    );
    house.write(
        "participants/slow/participant.toml",
        "name = \"slow\"\nmaintainer = \"a test\"\nlanguage = \"sh\"\ninterbind = false\n\
         capabilities = [\"provide\", \"consume\"]\nbuilds = [\"one\"]\n[versions.one]\n\
         [modules]\nprovider = \"one\"\nconsumer = \"two\"\n\
         [build]\nkind = \"command\"\ncommand = [\"build.sh\", \"{repo}\"]\ninputs = []\n",
    );
    for signal in ["-INT", "-TERM", "-HUP"] {
        let pids = house.repo().join("pid");
        _ = fs::remove_file(&pids);
        let mut run = matrix(&house, &["--jobs", "1"]).stderr(Stdio::null()).spawn().unwrap();
        wait_for(&pids, 2, &mut run);
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        assert!(!run.wait().unwrap().success());
        for process in fs::read_to_string(&pids).unwrap().lines() {
            // The signal is on its way: it ends without our doing.
            while is_alive(process) {
                std::thread::yield_now();
            }
        }
        // A build starts as if nothing were blocked.
        let mask = fs::read_to_string(house.repo().join("mask")).unwrap();
        assert!(mask.trim().ends_with("0000000000000000"), "{mask}");
    }
}

#[test]
fn a_finished_cell_is_run_again_when_anything_about_it_changed() {
    let Some(house) = honest(3, "pass") else { return };
    let kill = || {
        let mut run = matrix(&house, &["--jobs", "1"]).stderr(Stdio::null()).spawn().unwrap();
        wait_for(&work(&house).join("journal.jsonl"), 1, &mut run);
        run.kill().unwrap();
        run.wait().unwrap();
    };
    kill();
    house.case("honest.read", CASE, &format!("{BODY}    p.collect()\n"));
    green(&matrix(&house, &[]).output().unwrap());
    assert_eq!(report(&house).resumed, 0);
    kill();
    green(&matrix(&house, &["--fresh"]).output().unwrap());
    assert_eq!(report(&house).resumed, 0);
}

/// A small file system of the test's own; `None` = this machine allows none, said where everybody sees it.
fn on_a_small_disk(house: &TestHouse, size: &str, script: &str) -> Option<Output> {
    let disk = house.repo().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let mounted = format!("mount -t tmpfs -o size={size} none '{}' || exit 99\n{script}", disk.display());
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mounted]).current_dir(house.repo());
    command.env("INTERBIND_CONFORMANCE_DIR", disk.join("work")).env("DISK", &disk);
    command.env("INTERBIND", env!("CARGO_BIN_EXE_interbind"));
    command.env("HOME", house.repo()).env("PATH", path(house, ""));
    let output = command.stdin(Stdio::null()).output().ok().filter(|it| it.status.code() != Some(99));
    if output.is_none() {
        let line = "skip: a full disk: this machine lets no user mount a file system\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    output
}

#[test]
fn a_full_disk_is_one_clear_error_and_the_next_run_goes_on() {
    // Each cell takes some of the disk for good, so it is full before the last one.
    let Some(house) = with_python(TestHouse::new()) else { return };
    let disk = house.repo().join("disk");
    house.case("honest.read", CASE, BODY);
    let code = format!(
        "def read(type, obj):\n    if not os.path.exists({:?}):\n        with open(os.path.join({disk:?}, 'b%d' % os.getpid()), 'wb') as file: \
         file.write(b'1' * 600000)\n    return obj.data",
        disk.join("roomy")
    );
    let names: Vec<String> = (0..8).map(|cell| format!("v{cell}")).collect();
    let lies: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), code.as_str())).collect();
    house.participant("honest", false, &[], &lies);
    let run = "\"$INTERBIND\" matrix run --full --host default --jobs 1";
    let script =
        format!("{run} >first 2>&1\necho $? >code\nrm $DISK/b*\ntouch $DISK/roomy\n{run} --json report.json");
    let Some(output) = on_a_small_disk(&house, "3m", &script) else { return };
    let first = fs::read_to_string(house.repo().join("first")).unwrap();
    assert_eq!(fs::read_to_string(house.repo().join("code")).unwrap(), "2\n", "{first}");
    assert_eq!(first.matches("error: ").count(), 1, "{first}");
    assert!(first.contains("o space left on device") || first.contains("no storage space"), "{first}");
    assert!(first.contains("\nfix: make room on that disk"), "{first}");
    assert!(!first.contains("wrong honest"), "{first}");
    green(&output);
    let report: Report =
        serde_json::from_str(&fs::read_to_string(house.repo().join("report.json")).unwrap()).unwrap();
    assert!(report.resumed > 0 && report.cells.len() == 8, "{}", said(&output));
}

#[test]
fn a_disk_that_is_full_from_the_start_is_named() {
    let Some(house) = honest(1, "pass") else { return };
    let script = "head -c 2000000 /dev/zero >$DISK/ballast\n\"$INTERBIND\" matrix run --full --host default";
    let Some(output) = on_a_small_disk(&house, "1m", script) else { return };
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let disk = house.repo().join("disk/work").display().to_string();
    let last = said(&output);
    assert!(last.contains("No space left on device") && last.contains(&disk), "{last}");
}

#[test]
fn a_report_that_can_not_be_written_is_an_error_and_the_run_is_kept() {
    let Some(house) = honest(1, "pass") else { return };
    for words in [["--json", "/dev/full"], ["--junit", "/dev/full"], ["--json", "no/such/folder.json"]] {
        let output = matrix(&house, &words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", said(&output));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(&format!("the report can't be written: `{}`", words[1])), "{stderr}");
        let shown = format!("interbind matrix show {}", work(&house).join("last.json").display());
        assert!(stderr.contains(&shown), "{stderr}");
        assert!(said(&output).contains("1 cells: 1 interop"), "{}", said(&output));
    }
    // Where even the terminal's place is full.
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for words in [&[][..], &["--json", "-"]] {
        let output = matrix(&house, words).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("cannot write `-`: No space left on device"), "{}", said(&output));
    }
    let output = matrix(&house, &[]).stdout(full()).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_report_takes_the_place_of_an_older_one_whole() {
    let Some(house) = honest(1, "pass") else { return };
    let real = house.repo().join("real.json");
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, house.repo().join("link.json")).unwrap();
    green(&matrix(&house, &["--json", "link.json"]).output().unwrap());
    let report: Report = serde_json::from_str(&fs::read_to_string(&real).unwrap()).unwrap();
    assert_eq!(report.cells.len(), 1);
    let left: Vec<_> = fs::read_dir(house.repo()).unwrap().flatten().map(|it| it.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn a_log_has_a_line_for_each_build_and_for_each_tenth_of_the_cells() {
    let Some(house) = honest(12, "pass") else { return };
    let output = matrix(&house, &[]).output().unwrap();
    green(&output);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let builds: Vec<&str> = log.lines().filter(|line| line.starts_with("build ")).collect();
    assert_eq!(builds.len(), 24, "{log}");
    assert!(builds.iter().any(|line| line.starts_with("build 24 of 24: honest-v")), "{log}");
    assert!(log.contains("cell 12 of 12, 0 not as expected"), "{log}");
    // What is there already is no news.
    let again = matrix(&house, &[]).output().unwrap();
    assert!(!String::from_utf8_lossy(&again.stderr).contains("\nbuild "), "{}", said(&again));
}

#[test]
fn what_is_unsupported_is_listed_on_request() {
    let Some(house) = honest(1, "pass") else { return };
    house.case("honest.lacks", "needs = { provider = [\"fly\"] }\n", BODY);
    let words = |more: &[&str]| said(&matrix(&house, more).output().unwrap());
    let list = "unsupported(fly): honest, 1 cases";
    let brief = words(&[]);
    assert!(!brief.contains(list) && brief.contains("`--unsupported` lists them"), "{brief}");
    assert!(words(&["--unsupported"]).contains(list));
    let last = work(&house).join("last.json");
    let show = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_interbind"));
        said(&command.args(["matrix", "show"]).arg(&last).args(more).output().unwrap())
    };
    assert!(!show(&[]).contains(list) && show(&["--unsupported"]).contains(list));
}

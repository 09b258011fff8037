//! The cache of built things: what is seen to have changed, what a build that was killed leaves, what two processes do at once.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use interbind_conformance::cache::{Cache, Kept};
use interbind_conformance::work::Lock;
use tempfile::TempDir;

/// A folder with a cache and something that builds are made of.
struct Place {
    folder: TempDir,
    cache: Cache,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a writable folder");
        let cache = Cache::of(&folder.path().join("work"));
        let place = Self { folder, cache };
        place.write("headers/a.h", "one");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that is older than what is built next.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it was joined")).expect("a writable folder");
        fs::write(&path, text).expect("a writable folder");
        let file = File::options().append(true).open(path).expect("it was written");
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("it is ours");
    }

    /// Whether the entry had to be built, and what it holds then: the text of a header.
    fn built(&self, key: &str) -> bool {
        let entry = match self.cache.entry(key).expect("a writable folder").kept() {
            Ok(kept) => {
                assert!(kept.file("out").is_file());
                return false;
            }
            Err(entry) => entry,
        };
        let mut building = entry.build().expect("a writable folder");
        let text = fs::read(self.path("headers/a.h")).unwrap_or_default();
        fs::write(building.folder().join("out"), text).expect("a writable folder");
        building.inputs.contents(self.path("headers/a.h"));
        building.inputs.names(self.path("headers"));
        building.keep().expect("a writable folder");
        true
    }

    fn kept(&self, key: &str) -> Option<Kept> {
        self.cache.entry(key).expect("a writable folder").kept().ok()
    }
}

#[test]
fn what_was_built_is_used_until_a_file_that_it_was_made_of_changes() {
    let place = Place::new();
    assert!(place.built("k"));
    assert!(!place.built("k"));
    // A file's time alone says nothing, and a text of the same length does.
    place.write("headers/a.h", "one");
    assert!(!place.built("k"));
    place.write("headers/a.h", "two");
    assert!(place.built("k"));
    assert_eq!(fs::read(place.kept("k").expect("it was built").file("out")).expect("it is there"), b"two");
    fs::remove_file(place.path("headers/a.h")).expect("it is ours");
    assert!(place.built("k"));
    assert!(!place.built("k"), "what isn't there stays so");
    place.write("headers/a.h", "two");
    assert!(place.built("k"), "and what comes is seen");
}

#[test]
fn a_new_file_that_would_be_found_before_another_is_seen() {
    let place = Place::new();
    assert!(place.built("k"));
    place.write("headers/deeper/b.h", "");
    assert!(place.built("k"));
    assert!(!place.built("k"));
}

#[test]
fn an_entry_that_was_changed_or_is_half_there_is_built_again() {
    let place = Place::new();
    let (out, record) = (place.cache.place("k").join("out"), place.cache.place("k").join(".record.json"));
    let spoil: [&dyn Fn(); 6] = [
        &|| fs::write(&out, "onE").expect("it is ours"),
        &|| fs::write(&out, "").expect("it is ours"),
        &|| fs::remove_file(&out).expect("it is ours"),
        &|| fs::remove_file(&record).expect("it is ours"),
        &|| fs::write(&record, "{\"inputs\": [").expect("it is ours"),
        &|| fs::write(&record, "").expect("it is ours"),
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        place.built("k");
        spoil();
        assert!(place.built("k"), "{number}");
        assert!(!place.built("k"), "{number}");
        assert_eq!(fs::read(&out).expect("it was built"), b"one", "{number}");
    }
}

#[test]
fn a_build_that_was_killed_leaves_nothing_that_is_believed() {
    let place = Place::new();
    let entry = place.cache.entry("k").expect("a writable folder");
    let building = entry.build().expect("a writable folder");
    fs::write(building.folder().join("out"), "hal").expect("a writable folder");
    fs::write(building.folder().join("other"), "from the half").expect("a writable folder");
    drop(building);
    assert!(place.built("k"));
    assert!(!place.cache.place("k").join("other").exists(), "a build starts in an empty folder");
}

#[test]
fn what_was_changed_while_it_was_read_is_built_again() {
    let place = Place::new();
    let mut building = place.cache.entry("k").expect("a writable folder").build().expect("a writable folder");
    building.inputs.contents(place.path("headers/a.h"));
    let header = File::options().append(true).open(place.path("headers/a.h")).expect("it is there");
    header.set_modified(SystemTime::now() + Duration::from_secs(1)).expect("it is ours");
    fs::write(building.folder().join("out"), "one").expect("a writable folder");
    drop(building.keep().expect("a writable folder"));
    assert!(place.kept("k").is_none());
}

#[test]
fn a_file_that_the_build_writes_itself_is_no_change() {
    let place = Place::new();
    let mut building = place.cache.entry("k").expect("a writable folder").build().expect("a writable folder");
    let lock = place.path("Cargo.lock");
    building.inputs.written(&lock);
    fs::write(&lock, "versions").expect("a writable folder");
    drop(building.keep().expect("a writable folder"));
    assert!(place.kept("k").is_some());
    fs::write(&lock, "others").expect("a writable folder");
    assert!(place.kept("k").is_none());
}

#[test]
fn what_a_build_script_writes_is_no_input_and_what_it_reads_is() {
    let place = Place::new();
    let mut building = place.cache.entry("k").expect("a writable folder").build().expect("a writable folder");
    let (target, header) = (place.path("target"), place.path("headers/a.h"));
    let written = target.join("out/name.rs");
    building.inputs.listed(&format!("lib.so: {} {}", written.display(), header.display()), Some(&target));
    assert_eq!(building.inputs.files().collect::<Vec<_>>(), [&header]);
    fs::create_dir_all(target.join("out")).and_then(|()| fs::write(&written, "")).expect("a writable folder");
    drop(building.keep().expect("a writable folder"));
    assert!(place.kept("k").is_some());
    place.write("headers/a.h", "two");
    assert!(place.kept("k").is_none());
}

#[test]
fn a_copy_may_be_changed_and_the_entry_stays() {
    let place = Place::new();
    place.built("k");
    let copy = place.path("elsewhere/out.so");
    place.kept("k").expect("it was built").copy("out", &copy).expect("a writable folder");
    fs::write(&copy, "changed").expect("it is ours");
    assert!(!place.built("k"));
    place.kept("k").expect("it was built").copy("out", &copy).expect("a writable folder");
    assert_eq!(fs::read(&copy).expect("it was copied"), b"one");
}

#[test]
fn what_was_used_last_stays_when_there_is_too_much() {
    let place = Place::new();
    for (key, minutes) in [("new", 10), ("old", 300), ("older", 600), ("oldest", 900)] {
        place.built(key);
        let record = File::options().append(true).open(place.cache.place(key).join(".record.json"));
        let used = SystemTime::now() - Duration::from_secs(60 * minutes);
        record.expect("it was built").set_modified(used).expect("it is ours");
    }
    let hour = Duration::from_secs(3600);
    assert_eq!(place.cache.sweep(1 << 20, hour), 0, "there is room");
    let held = Lock::try_take(&place.path("work/locks/older")).expect("a writable folder");
    assert!(held.is_some());
    assert_eq!(place.cache.sweep(0, hour), 2, "what is new stays, and what somebody has");
    let there = ["new", "old", "older", "oldest"].map(|key| place.cache.place(key).exists());
    assert_eq!(there, [true, false, true, false]);
    drop(held);
    // A use makes it new.
    assert!(!place.built("older"));
    assert_eq!(place.cache.sweep(0, hour), 0);
    assert_eq!(place.cache.sweep(0, Duration::ZERO), 2);
    assert!(place.built("new"));
}

/// Where the processes of one run of this file meet.
fn meeting() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache-meeting")
}

/// What [`several_processes_build_a_thing_once`] starts several of; alone it is one more that wants the thing.
#[test]
fn one_process_finds_or_builds_the_thing() {
    let entry = Cache::of(&meeting()).entry("shared").expect("a writable folder");
    if let Err(entry) = entry.kept() {
        let building = entry.build().expect("a writable folder");
        fs::write(building.folder().join("out"), "made").expect("a writable folder");
        let log = OpenOptions::new().create(true).append(true).open(meeting().join("builds"));
        writeln!(log.expect("a writable folder"), "{}", std::process::id()).expect("a writable folder");
        building.keep().expect("a writable folder");
    }
}

#[test]
fn several_processes_build_a_thing_once() {
    let cache = Cache::of(&meeting());
    let builds = || fs::read_to_string(meeting().join("builds")).unwrap_or_default().lines().count();
    // Emptied while nobody else has it; from then on it is built once.
    let emptied = cache.entry("shared").expect("a writable folder").build().expect("a writable folder");
    let before = builds();
    drop(emptied);
    let program = std::env::current_exe().expect("this is one");
    let start = |_| {
        let mut child = Command::new(&program);
        child.args(["--exact", "one_process_finds_or_builds_the_thing"]).stdout(Stdio::null()).spawn()
    };
    let children: Vec<_> = (0..4).map(start).collect();
    for child in children {
        let ended = child.expect("this program starts").wait().expect("it is our child");
        assert!(ended.success(), "{ended}");
    }
    assert_eq!(builds() - before, 1);
    let kept = cache.entry("shared").expect("a writable folder").kept().expect("it was built");
    assert_eq!(fs::read(kept.file("out")).expect("it was built"), b"made");
}

#[test]
fn threads_that_want_the_same_wait_for_the_one_that_builds_it() {
    let place = Place::new();
    let built: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| usize::from(place.built("k")))).collect();
        all.into_iter().map(|one| one.join().expect("it ends")).sum()
    });
    assert_eq!(built, 1);
}

/// A unit as cargo leaves it in a profile's folder, finished so many seconds ago.
fn compiled(target: &Path, unit: &str, text: &str, ago: u64) {
    let (name, hash) = unit.rsplit_once('-').expect("a unit has a hash");
    let files = [
        format!("deps/lib{name}-{hash}.rlib"),
        format!(".fingerprint/{unit}/lib-{name}"),
        format!("build/{unit}/out/made"),
    ];
    for file in files {
        let file = target.join("debug").join(file);
        fs::create_dir_all(file.parent().expect("it was joined")).expect("a writable folder");
        // As the compiler does: under another name first.
        let unnamed = file.with_extension("new");
        fs::write(&unnamed, text).expect("a writable folder");
        fs::rename(&unnamed, &file).expect("a writable folder");
        let time = SystemTime::now() - Duration::from_secs(ago);
        File::options().append(true).open(&file).expect("it was written").set_modified(time).expect("ours");
    }
}

/// What a target folder has of a unit, and how many seconds ago it was made.
fn found(target: &Path, unit: &str) -> Option<(String, u64)> {
    let (name, hash) = unit.rsplit_once('-').expect("a unit has a hash");
    let library = target.join(format!("debug/deps/lib{name}-{hash}.rlib"));
    let fingerprint = target.join(format!("debug/.fingerprint/{unit}/lib-{name}"));
    let built = target.join(format!("debug/build/{unit}/out/made"));
    let text = fs::read_to_string(&library).ok()?;
    assert_eq!(
        [fs::read_to_string(fingerprint).ok()?, fs::read_to_string(built).ok()?],
        [text.clone(), text.clone()]
    );
    let time = library.metadata().and_then(|it| it.modified()).expect("it is there");
    Some((text, time.elapsed().expect("it is past").as_secs()))
}

#[test]
fn what_cargo_compiled_in_one_target_folder_is_in_the_next() {
    let place = Place::new();
    let [first, second, third] = ["first", "second", "third"].map(|name| place.path(name));
    let unit = "syn-0123456789abcdef";
    let built = |target: &Path, text: Option<(&str, u64)>| {
        let units = place.cache.target(target, "debug").expect("a writable folder");
        if let Some((text, ago)) = text {
            compiled(target, unit, text, ago);
        }
        units.share().expect("a writable folder");
        found(target, unit).map(|(text, ago)| (text, ago / 100))
    };
    assert_eq!(built(&third, None), None);
    assert_eq!(built(&first, Some(("one", 500))), Some(("one".into(), 5)));
    assert_eq!(
        built(&second, None),
        Some(("one".into(), 5)),
        "with its time, by which cargo sees what is older"
    );
    // Cargo decides what of its own folder is right; others begin with what is newest.
    assert_eq!(built(&second, Some(("two", 300))), Some(("two".into(), 3)));
    assert_eq!(built(&first, None), Some(("one".into(), 5)));
    assert_eq!(built(&third, None), Some(("two".into(), 3)));
    assert!(!place.cache.sweep_units(1 << 20));
    assert!(place.cache.sweep_units(1), "it has more than a byte");
    assert_eq!(built(&place.path("fourth"), None), None);
}

#[cfg(unix)]
#[test]
fn a_library_takes_its_space_once_and_what_cargo_writes_again_is_a_copy() {
    use std::os::unix::fs::MetadataExt;

    let place = Place::new();
    let [first, second] = ["first", "second"].map(|name| place.path(name));
    let units = place.cache.target(&first, "debug").expect("a writable folder");
    compiled(&first, "syn-0123456789abcdef", "one", 9);
    units.share().expect("a writable folder");
    drop(place.cache.target(&second, "debug").expect("a writable folder"));
    let is_one = |file: &str| {
        let [first, second] = [&first, &second].map(|target| target.join("debug").join(file));
        first.metadata().expect("it is there").ino() == second.metadata().expect("it is there").ino()
    };
    assert!(is_one("deps/libsyn-0123456789abcdef.rlib"));
    assert!(!is_one(".fingerprint/syn-0123456789abcdef/lib-syn"));
    assert!(!is_one("build/syn-0123456789abcdef/out/made"), "a build script may write into it");
}

#[test]
fn a_library_without_a_hash_and_a_torn_unit_stay_where_they_are() {
    let place = Place::new();
    let [first, second] = ["first", "second"].map(|name| place.path(name));
    let units = place.cache.target(&first, "debug").expect("a writable folder");
    compiled(&first, "torn-0123456789abcdef", "whole", 9);
    compiled(&first, "module-fedcba9876543210", "whole", 9);
    let debug = first.join("debug");
    fs::rename(debug.join("deps/libmodule-fedcba9876543210.rlib"), debug.join("deps/libmodule.so"))
        .expect("ours");
    fs::remove_dir_all(debug.join("build/module-fedcba9876543210")).expect("ours");
    units.share().expect("a writable folder");
    // Killed before its fingerprint was there.
    let torn = place.cache.units().join("debug/.fingerprint/torn-0123456789abcdef");
    fs::remove_dir_all(torn).expect("it was shared");
    drop(place.cache.target(&second, "debug").expect("a writable folder"));
    let fingerprints = fs::read_dir(second.join("debug/.fingerprint")).map_or(0, Iterator::count);
    assert_eq!(fingerprints, 0);
    assert!(!second.join("debug/deps/libmodule.so").exists());
}

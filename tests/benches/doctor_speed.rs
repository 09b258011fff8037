//! How fast the doctor reads: bytes per second on plain binaries, wheels held against the tools people use for the same
//! question today, and an environment of some 300 native modules.
//!
//! Wheels and rivals are fetched by `pip`, as it is configured, into the target folder; what can't be had is skipped. Every
//! rival gets the same wheels in the same order, warm, in a process of its own, and so does the doctor: it prints the JSON
//! that its users get.

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use common::python::Python;
use common::samples::{Samples, Spread};
use common::table::head;
use common::{Stop, bench, made, quietly};
use interbind_doctor::inspect::{Options, Quiet, inspect};

/// Set in the process that is the doctor: the paths to read.
const PATHS: &str = "INTERBIND_BENCH_DOCTOR";
const ROUNDS: usize = 5;

/// What is fetched: requirement, platform and Python. Together as mixed as an index is.
const WHEELS: &[(&str, &str, &str)] = &[
    ("cffi==2.0.0", "manylinux2014_x86_64", "311"),
    ("cffi==2.0.0", "musllinux_1_2_x86_64", "313"),
    ("contourpy==1.3.3", "manylinux_2_27_x86_64", "311"),
    ("contourpy==1.3.3", "manylinux_2_26_aarch64", "313"),
    ("cryptography==46.0.3", "manylinux_2_34_x86_64", "311"),
    ("cryptography==46.0.3", "manylinux2014_aarch64", "311"),
    ("cryptography==46.0.3", "musllinux_1_2_x86_64", "311"),
    ("bcrypt==5.0.0", "manylinux_2_34_x86_64", "39"),
    ("rpds-py==0.28.0", "manylinux2014_x86_64", "313"),
    ("psutil==7.1.0", "manylinux2014_x86_64", "313"),
    ("kiwisolver==1.4.8", "manylinux2014_x86_64", "313"),
    ("kiwisolver==1.4.8", "manylinux2014_aarch64", "313"),
    ("numpy==2.2.6", "manylinux2014_x86_64", "313"),
    ("orjson==3.11.3", "manylinux2014_x86_64", "313"),
    ("orjson==3.11.3", "manylinux2014_aarch64", "313"),
    ("pydantic-core==2.41.5", "manylinux2014_x86_64", "313"),
    ("PyYAML==6.0.3", "manylinux2014_x86_64", "313"),
    ("markupsafe==3.0.3", "manylinux2014_x86_64", "313"),
    ("lxml==6.0.2", "manylinux_2_26_x86_64", "313"),
    ("Pillow==11.3.0", "manylinux2014_x86_64", "313"),
];

/// And the environment: what these install.
const ENVIRONMENT: &[(&str, &str, &str)] = &[
    ("numpy==2.2.6", "manylinux2014_x86_64", "313"),
    ("scipy==1.17.1", "manylinux_2_27_x86_64", "313"),
    ("pandas==2.3.2", "manylinux2014_x86_64", "313"),
    ("scikit-learn==1.9.1", "manylinux_2_27_x86_64", "313"),
    ("scikit-image==0.25.2", "manylinux2014_x86_64", "313"),
    ("matplotlib==3.10.6", "manylinux2014_x86_64", "313"),
];

/// What one would write with pyelftools: libraries, symbols, versions and the fingerprints of each module.
const PYELFTOOLS: &str = "
import io, re, sys, zipfile
from elftools.elf.elffile import ELFFile
prints = re.compile(rb'__pybind11_internals_v|__nb_internals_|pyo3_runtime|cython_runtime|_cffi_backend')
for wheel in sys.argv[1:]:
    archive = zipfile.ZipFile(wheel)
    for name in archive.namelist():
        if '.so' not in name:
            continue
        data = archive.read(name)
        elf = ELFFile(io.BytesIO(data))
        needed = [tag.needed for tag in elf.get_section_by_name('.dynamic').iter_tags() if tag.entry.d_tag == 'DT_NEEDED']
        symbols = [symbol.name for symbol in elf.get_section_by_name('.dynsym').iter_symbols()]
        versions = elf.get_section_by_name('.gnu.version_r')
        floors = [aux.name for _, all in versions.iter_versions() for aux in all] if versions else []
        print(name, needed, len(symbols), floors, set(prints.findall(data)))
";

fn main() -> ExitCode {
    if let Some(paths) = env::var_os(PATHS) {
        let paths: Vec<PathBuf> = env::split_paths(&paths).collect();
        let found = inspect(&paths, &Options::default(), &Quiet);
        println!("{}", serde_json::to_string(&found).expect("facts are plain data"));
        return ExitCode::SUCCESS;
    }
    bench("doctor_speed", run)
}

fn run() -> Result<(), Stop> {
    let python = Python::find()?;
    let folder = made().join("doctor");
    println!(
        "doctor_speed: {}, {} threads",
        python.name,
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    environment(&python, &folder)?;
    wheels(&python, &folder)
}

/// Plain binaries, on one thread and on all.
fn environment(python: &Python, folder: &Path) -> Result<(), Stop> {
    let wheels = fetch(python, &folder.join("environment"), ENVIRONMENT);
    if wheels.is_empty() {
        println!("skipped: plain binaries: no wheel can be fetched");
        return Ok(());
    }
    let site = folder.join("site-packages");
    for wheel in &wheels {
        let unpacked = site.join(wheel.file_name().expect("a wheel has a name")).with_extension("unpacked");
        if !unpacked.exists() {
            quietly(Command::new(&python.exe).args(["-m", "zipfile", "-e"]).args([wheel, &site]))
                .map_err(|()| Stop::broken("cannot unpack", wheel.display()))?;
            fs::write(&unpacked, "").map_err(|error| Stop::broken("cannot write", error))?;
        }
    }
    let measure = |threads: usize| -> Result<(usize, f64, f64), Stop> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Stop::broken("cannot start threads", error))?;
        let mut best = f64::INFINITY;
        let (mut modules, mut bytes) = (0, 0);
        for _ in 0..ROUNDS {
            let (found, time) = pool.install(|| {
                // By the processor's time where the system tells it: other work on the machine isn't the doctor's.
                let (start, worked) = (Instant::now(), processor_time());
                let found = inspect(std::slice::from_ref(&site), &Options::default(), &Quiet);
                let worked = processor_time().zip(worked).filter(|_| threads == 1);
                (found, worked.map_or(start.elapsed().as_secs_f64(), |(end, start)| end - start))
            });
            best = best.min(time);
            modules = found.modules.len();
            bytes = found.modules.iter().map(|module| module.size).sum::<u64>();
        }
        Ok((modules, bytes as f64 / 1e9, best))
    };
    let (modules, gigabytes, one) = measure(1)?;
    let (_, _, two) = measure(2)?;
    head(&format!(
        "a folder of {modules} native modules, {:.0} MB, warm, the best of {ROUNDS}",
        gigabytes * 1e3
    ));
    let met = |met: bool| if met { "met" } else { "missed" };
    println!(
        "  one thread   {:>8.1} ms  {:.2} GB/s  ≥ 1: {}",
        one * 1e3,
        gigabytes / one,
        met(gigabytes / one >= 1.0)
    );
    let scaled = two / modules as f64 * 300.0;
    println!("  two threads  {:>8.1} ms  {:.3} s for 300  ≤ 1: {}", two * 1e3, scaled, met(scaled <= 1.0));
    Ok(())
}

/// How long this thread has run, in seconds; Linux tells.
fn processor_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 / 1e9)
}

/// Wheels, against each rival on those it can read.
fn wheels(python: &Python, folder: &Path) -> Result<(), Stop> {
    let wheels = fetch(python, &folder.join("wheels"), WHEELS);
    if wheels.is_empty() {
        println!("skipped: wheels: none can be fetched");
        return Ok(());
    }
    let size: u64 = wheels.iter().filter_map(|wheel| Some(wheel.metadata().ok()?.len())).sum();
    let stable: Vec<PathBuf> =
        wheels.iter().filter(|wheel| wheel.to_string_lossy().contains("-abi3-")).cloned().collect();
    head(&format!(
        "{} wheels, {:.0} MB, warm, {ROUNDS} rounds; {} of them abi3",
        wheels.len(),
        size as f64 / 1e6,
        stable.len()
    ));
    let rivals = rivals(python, folder, &wheels, &stable);
    let mut samples = Samples::default();
    for round in 0..=ROUNDS {
        let mut measured = Vec::new();
        for (row, set) in [("doctor", &wheels), ("doctor on abi3", &stable)] {
            if set.is_empty() {
                continue;
            }
            let paths =
                env::join_paths(set.iter()).map_err(|error| Stop::broken("cannot name the wheels", error))?;
            let program =
                env::current_exe().map_err(|error| Stop::broken("cannot find this program", error))?;
            measured.push((row.to_owned(), seconds(Command::new(program).env(PATHS, paths))?));
        }
        // The first round warms caches; the slow rivals are measured in three.
        for rival in rivals.iter().filter(|rival| round > 0 && (round <= 3 || !rival.slow)) {
            let all = rival.commands.iter().map(|command| {
                let (program, arguments) = command.split_first().expect("a command has a program");
                seconds(Command::new(program).args(arguments))
            });
            measured.push((rival.name.to_owned(), all.sum::<Result<f64, Stop>>()?));
        }
        if round > 0 {
            samples.add(measured);
        }
    }
    for row in ["doctor", "doctor on abi3"] {
        println!("  {row:<24} {:>9.1} ms", samples.median(row) * 1e3);
    }
    for rival in &rivals {
        let Spread { low, median, high } = samples.ratio(rival.name, rival.row);
        println!(
            "  {:<24} {:>9.1} ms  {median:.1} × what the {} takes ({low:.1} to {high:.1})  ≥ {}: {}",
            rival.name,
            samples.median(rival.name) * 1e3,
            rival.row,
            rival.bound,
            if median >= rival.bound { "met" } else { "missed" }
        );
    }
    Ok(())
}

/// A tool that is asked about the same wheels.
struct Rival {
    name: &'static str,
    /// The row of the doctor's that it is held against.
    row: &'static str,
    bound: f64,
    slow: bool,
    commands: Vec<Vec<PathBuf>>,
}

fn rivals(python: &Python, folder: &Path, wheels: &[PathBuf], stable: &[PathBuf]) -> Vec<Rival> {
    let mut found = Vec::new();
    let venv = folder.join(format!("venv-{}", python.tag));
    let bin = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let install = |requirement: &str| {
        let made = bin.exists() || quietly(Command::new(&python.exe).args(["-m", "venv"]).arg(&venv)).is_ok();
        let installed = made
            && quietly(Command::new(bin.join("python")).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                requirement,
            ]))
            .is_ok();
        if !installed {
            println!("skipped: {requirement}: can't be installed");
        }
        installed
    };
    let path = |text: &str| PathBuf::from(text);
    if install("auditwheel==6.4.2") {
        // It takes one wheel a run.
        let command = |wheel: &PathBuf| vec![bin.join("auditwheel"), path("show"), wheel.clone()];
        let commands = wheels.iter().map(command).collect();
        found.push(Rival { name: "auditwheel", row: "doctor", bound: 20.0, slow: true, commands });
    }
    if install("pyelftools==0.32") {
        let mut command = vec![bin.join("python"), path("-c"), path(PYELFTOOLS)];
        command.extend(wheels.iter().cloned());
        let commands = vec![command];
        found.push(Rival { name: "a pyelftools script", row: "doctor", bound: 20.0, slow: true, commands });
    }
    if !stable.is_empty() && install("abi3audit==0.0.22") {
        let mut command = vec![bin.join("abi3audit")];
        command.extend(stable.iter().cloned());
        let commands = vec![command];
        found.push(Rival { name: "abi3audit", row: "doctor on abi3", bound: 10.0, slow: true, commands });
    }
    let tools = ["unzip", "strings", "grep"].map(|tool| Command::new(tool).arg("--help").output().is_ok());
    if tools == [true; 3] {
        let script = "for wheel; do unzip -p \"$wheel\" '*.so*' | strings -n 8 | grep -cE \
                      '__pybind11_internals_v|__nb_internals_|pyo3_runtime|cython_runtime|_cffi_backend'; done; true";
        let mut command = vec![path("sh"), path("-c"), path(script), path("sh")];
        command.extend(wheels.iter().cloned());
        found.push(Rival {
            name: "strings | grep",
            row: "doctor",
            bound: 1.0,
            slow: false,
            commands: vec![command],
        });
    } else {
        println!("skipped: strings | grep: unzip, strings or grep isn't there");
    }
    found
}

/// How long a program takes whose output nobody reads: the better of two runs in a row, because the first one's memory may have
/// to be found by the machine that this one is a part of. Some rivals end with an error when they find something.
fn seconds(command: &mut Command) -> Result<f64, Stop> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        command.status().map_err(|error| Stop::broken(format!("cannot run {command:?}"), error))?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Fetches wheels that aren't there yet; those that can't be had are told and left out.
fn fetch(python: &Python, folder: &Path, wanted: &[(&str, &str, &str)]) -> Vec<PathBuf> {
    for (requirement, platform, version) in wanted {
        let mark = folder.join(format!("{requirement}-{platform}-{version}.fetched"));
        if mark.exists() {
            continue;
        }
        let mut command = Command::new(&python.exe);
        command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        command.args(["--only-binary=:all:", "--platform", platform, "--python-version", version]);
        command.arg("--dest").arg(folder).arg(requirement);
        match quietly(&mut command) {
            Ok(()) => drop(fs::write(mark, "")),
            Err(()) => println!("skipped: {requirement} for {platform}: can't be fetched"),
        }
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "whl")).collect();
    found.sort();
    found
}

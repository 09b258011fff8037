//! Learns from pyo3-ffi which Python this build is for, and states it as platform text and as `cfg`s.
//!
//! pyo3-ffi hands its configuration to direct dependents as `DEP_PYTHON_PYO3_CONFIG`: `key=value` lines in hexadecimal. 0.27 and 0.28 write `abi3=true|false`; from 0.29 on it's `target_abi=CPython-abi3-3.9`.

use std::env;
use std::process::Command;

fn main() {
    for name in [
        "limited",
        "pypy",
        "free_threaded",
        "try_incref",
        "pyo3_0_29",
        "fastcall",
        "slots_3_15",
        "module_slots",
        "utf8",
        "raised",
        "records",
        "tp_call",
    ] {
        println!("cargo::rustc-check-cfg=cfg(interbind_{name})");
    }
    println!("cargo::rerun-if-env-changed=DEP_PYTHON_PYO3_CONFIG");

    let config = env::var("DEP_PYTHON_PYO3_CONFIG").ok().and_then(|hex| unescape(&hex));
    let Some(config) = config else {
        panic!("DEP_PYTHON_PYO3_CONFIG is missing or not hexadecimal: this pyo3-ffi is none of 0.27 to 0.30");
    };
    let value = |key: &str| {
        config.lines().filter_map(|line| line.split_once('=')).find(|(k, _)| *k == key).map_or("", |(_, v)| v)
    };
    let target_abi = value("target_abi");
    let mut parts = target_abi.splitn(3, '-').skip(1);
    let (kind, abi_version) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let flags: Vec<&str> = value("build_flags").split(',').collect();

    let implementation = value("implementation").to_lowercase();
    let limited = value("abi3") == "true" || kind.starts_with("abi3");
    let both = kind == "abi3t";
    let free_threaded = !both && (kind == "free_threaded" || flags.contains(&"Py_GIL_DISABLED"));
    let version =
        if target_abi.is_empty() { value("version") } else { abi_version.trim_end_matches("-debug") };
    let api = match (limited, both) {
        (true, true) => format!("abi3t-{version}"),
        (true, false) => format!("abi3-{version}"),
        (false, _) => version.to_owned(),
    };

    set("limited", limited);
    set("pypy", implementation == "pypy");
    set("free_threaded", free_threaded || both);
    let minor: u8 = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    // `PyUnstable_TryIncRef` came with 3.14, METH_FASTCALL to the limited API with 3.10; 3.15 gave the module slots numbers
    // of their own.
    set("try_incref", (free_threaded || both) && minor >= 14);
    set("fastcall", !limited || minor >= 10);
    set("slots_3_15", minor >= 15);
    // `PyUnicode_AsUTF8AndSize` came to the limited API with 3.10, `PyErr_GetRaisedException` to every Python with 3.12. PyO3
    // links both, and each name that it doesn't is one more that the dynamic linker looks up at the import.
    set("utf8", !limited || minor >= 10);
    set("raised", minor >= 12);
    // PyO3's functions become records where their objects have a layout that both sides know; and where `PyVectorcall_Call` isn't in the
    // limited API, the class calls by itself.
    let is_face = env::var_os("CARGO_FEATURE_PYO3").is_some();
    set("records", is_face && implementation == "cpython" && !both);
    set("tp_call", limited && minor < 12);
    // `PyModuleDef` has no layout there.
    set("module_slots", both);
    // The release that renamed the key also brought `PyClassGuard: TryFrom<&Bound<T>>`.
    set("pyo3_0_29", !target_abi.is_empty());

    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let c = match (target("OS").as_str(), target("ENV").as_str()) {
        ("windows", "msvc") => "msvc",
        ("windows", _) => "mingw",
        _ => "sysv",
    };
    let gil = if both {
        "any"
    } else if free_threaded {
        "off"
    } else {
        "on"
    };
    let yes = |flag: &str| if flags.contains(&flag) { "yes" } else { "no" };
    let (os, arch, bits, endian) = (target("OS"), target("ARCH"), target("POINTER_WIDTH"), target("ENDIAN"));
    let (debug, refs) = (yes("Py_DEBUG"), yes("Py_TRACE_REFS"));
    println!(
        "cargo::rustc-env=INTERBIND_PLATFORM=os={os} arch={arch} bits={bits} endian={endian} c={c} python={implementation} api={api} gil={gil} debug={debug} refs={refs}"
    );
    // As the name of a class, as C's headers write it.
    let api = api.replace(['-', '.'], "_");
    println!(
        "cargo::rustc-env=INTERBIND_PLATFORM_NAME={os}_{arch}_{bits}_{endian}_{c}_{implementation}_{api}_gil_{gil}_debug_{debug}_refs_{refs}"
    );
    println!("cargo::rustc-env=INTERBIND_COMPILER={}", compiler());
}

fn unescape(hex: &str) -> Option<String> {
    let digits = |i| hex.get(i..i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(digits).collect();
    String::from_utf8(bytes?).ok().filter(|text| text.contains("implementation="))
}

fn set(name: &str, on: bool) {
    if on {
        println!("cargo::rustc-cfg=interbind_{name}");
    }
}

/// Returns `rustc 1.95.0`, for people to read.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let text = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    if words.len() == 2 { words.join(" ") } else { "an unknown rustc".to_owned() }
}

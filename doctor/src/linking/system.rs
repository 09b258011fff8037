//! Libraries that belong to every system of a kind, so that wheels don't bring them.

use crate::facts::Format;

/// Whether a name is of glibc or of GCC's run time, whose symbols all have versions: what has none isn't theirs.
pub(super) fn is_versioned(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "libc.so.6",
        "libm.so.6",
        "libmvec.so.1",
        "libpthread.so.0",
        "libdl.so.2",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "libgcc_s.so.1",
        "libstdc++.so.6",
        "libnsl.so.1",
        "libgomp.so.1",
        "libquadmath.so.0",
    ];
    NAMES.contains(&name) || name.starts_with("ld-linux") || name.starts_with("ld64.so")
}

/// Whether a name is of a library that every system has, or that belongs to Python or to a driver: its absence from a wheel
/// or an environment says nothing.
pub(super) fn is_common(name: &str) -> bool {
    const STEMS: [&str; 22] = [
        "libc.so",
        "libc.musl-",
        "ld-musl-",
        "libX11.so",
        "libXext.so",
        "libXrender.so",
        "libICE.so",
        "libSM.so",
        "libGL.so",
        "libEGL.so",
        "libGLX.so",
        "libOpenGL.so",
        "libgobject-2.0.so",
        "libgthread-2.0.so",
        "libglib-2.0.so",
        "libexpat.so",
        "libz.so",
        "libatomic.so",
        "libpython",
        "libnsl.so",
        "libcrypt.so",
        "liblog.so",
    ];
    is_versioned(name) || STEMS.iter().any(|stem| name.starts_with(stem))
}

/// Whether a symbol is the interpreter's by its name.
pub(super) fn is_python(symbol: &str) -> bool {
    let name = symbol.strip_prefix('_').unwrap_or(symbol);
    name.strip_prefix("Py").is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()))
}

/// Whether a library is the system's or Python's own, on any system.
pub(super) fn is_of_system(format: Format, name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match format {
        Format::Elf => is_common(base),
        // What a Python in a browser brings along can't be told by a name.
        Format::Wasm => true,
        Format::MachO => {
            name.starts_with("/usr/lib/")
                || name.starts_with("/System/")
                || base.starts_with("libpython")
                || base == "Python"
        }
        Format::Pe => {
            let name = base.to_ascii_lowercase();
            let of_windows = [
                "api-ms-",
                "kernel32",
                "user32",
                "advapi32",
                "ws2_32",
                "vcruntime",
                "msvcp",
                "ucrtbase",
                "ole32",
                "ntdll",
                "shell32",
                "bcrypt",
                "crypt32",
                "gdi32",
            ];
            name.starts_with("python") || of_windows.iter().any(|stem| name.starts_with(stem))
        }
    }
}

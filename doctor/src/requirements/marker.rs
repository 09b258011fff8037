//! Environment markers, evaluated for a Python that is described, not run. What isn't known of it is left empty; a marker that isn't
//! understood lets its package in.

use std::str::FromStr;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};

use crate::facts::Os;
use crate::host::HostPython;

/// The longest marker that is evaluated: they nest, and only hostile ones are long.
const LONGEST: usize = 16 << 10;

/// The variables of a marker, as this Python has them; none without a version.
pub(super) fn environment(python: &HostPython) -> Option<MarkerEnvironment> {
    let version = python.version.value.as_deref()?;
    let full = python.full_version.clone().unwrap_or_else(|| format!("{version}.0"));
    let implementation = python.implementation.value.as_deref().unwrap_or("cpython");
    let (os_name, sys_platform, platform_system) = match python.os.value {
        Some(Os::Windows) => ("nt", "win32", "Windows"),
        Some(Os::Macos) => ("posix", "darwin", "Darwin"),
        Some(Os::Android) => ("posix", "android", "Android"),
        Some(Os::Ios) => ("posix", "ios", "iOS"),
        Some(Os::Emscripten) => ("posix", "emscripten", "Emscripten"),
        Some(Os::Linux | Os::Other) | None => ("posix", "linux", "Linux"),
    };
    let arch = python.arch.value.as_deref().unwrap_or_default();
    let machine = match (python.os.value, arch) {
        (Some(Os::Macos), "aarch64") => "arm64",
        (Some(Os::Windows), "x86_64") => "AMD64",
        (Some(Os::Windows), "aarch64") => "ARM64",
        (_, arch) => arch,
    };
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: implementation,
        implementation_version: &full,
        os_name,
        platform_machine: machine,
        platform_python_implementation: match implementation {
            "cpython" => "CPython",
            "pypy" => "PyPy",
            "graalpy" => "GraalVM",
            other => other,
        },
        platform_release: "",
        platform_system,
        platform_version: "",
        python_full_version: &full,
        python_version: version,
        sys_platform,
    })
    .ok()
}

/// Says whether a marker lets its package in.
pub(super) fn applies(text: &str, environment: Option<&MarkerEnvironment>) -> bool {
    let shallow = text.len() <= LONGEST && text.bytes().filter(|byte| *byte == b'(').count() <= 100;
    match (environment, MarkerTree::from_str(if shallow { text } else { "" })) {
        (Some(environment), Ok(marker)) => marker.evaluate(environment, &[]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::host;

    #[test]
    fn markers_count_for_the_python_that_is_described() {
        let environment = environment(&host());
        let says = |text: &str| applies(text, environment.as_ref());
        assert!(says("python_version >= '3.9' and sys_platform == 'linux'"));
        assert!(!says("platform_system == 'Windows'"));
        assert!(!says("platform_machine == 'arm64'"));
        assert!(!says("implementation_name == 'pypy'"));
    }

    #[test]
    fn a_marker_that_isnt_understood_lets_its_package_in() {
        let environment = environment(&host());
        assert!(applies("'x' in extras", environment.as_ref()));
        assert!(applies(&"(".repeat(100_000), environment.as_ref()));
        assert!(applies("python_version < '3'", None));
    }
}

//! Small extensions whose manifest a test writes itself, in a folder of the workshop: their source is one of
//! `fixtures/extensions`, which tests build under several names, or a text of few lines.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the crates are that tests build under several names.
const EXTENSIONS: &str = "tests/fixtures/extensions";

/// The folder of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` lies in the repository")
}

/// A package in the making.
#[derive(Clone, Debug)]
pub struct Package {
    name: String,
    version: &'static str,
    crate_type: &'static str,
    dependencies: Vec<String>,
    profile: Vec<String>,
    features: Vec<String>,
    source: Source,
    build_dependencies: Vec<String>,
    shares: bool,
}

/// Where a package's code is.
#[derive(Clone, Debug)]
enum Source {
    /// In this text.
    Text(String),
    /// In a crate of this repository.
    Crate {
        library: PathBuf,
        /// Its build script.
        script: Option<PathBuf>,
    },
}

impl Package {
    /// Starts a package whose library is what Python imports under `name`.
    pub fn new(name: &str, source: impl Into<String>) -> Self {
        Self::from(name, Source::Text(source.into()))
    }

    /// Starts a package of a crate in `fixtures/extensions`, under another name: its library, and its build script.
    pub fn of(extension: &str, name: &str) -> Self {
        let folder = repository().join(EXTENSIONS).join(extension);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it is in the repository");
        let manifest: toml::Table = manifest.parse().expect("cargo reads it too");
        let named = manifest["package"].get("build").and_then(|script| script.as_str()).unwrap_or("build.rs");
        let script = Some(folder.join(named)).filter(|script| script.is_file());
        Self::from(name, Source::Crate { library: folder.join("src/lib.rs"), script })
    }

    fn from(name: &str, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            version: "0.1.0",
            crate_type: "cdylib",
            dependencies: Vec::new(),
            profile: Vec::new(),
            features: Vec::new(),
            source,
            build_dependencies: Vec::new(),
            shares: false,
        }
    }

    /// Gives it another version than 0.1.0.
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Makes another kind of library.
    pub fn crate_type(mut self, crate_type: &'static str) -> Self {
        self.crate_type = crate_type;
        self
    }

    /// Adds a line of `[dependencies]`.
    pub fn dependency(mut self, line: impl Into<String>) -> Self {
        self.dependencies.push(line.into());
        self
    }

    /// Adds a crate of this repository, by its folder; `more` are further keys, as `features = ["pyo3"]`.
    pub fn ours(self, name: &str, folder: &str, more: &str) -> Self {
        let path = repository().join(folder);
        let comma = if more.is_empty() { "" } else { ", " };
        self.dependency(format!("{name} = {{ path = {path:?}{comma}{more} }}"))
    }

    /// Adds this repository's `interbind`, whose implementation the package's default feature brings, with features of it.
    pub fn interbind(mut self, features: &str) -> Self {
        self.shares = true;
        self.ours("interbind", "shim", &format!("default-features = false, features = [{features}]"))
    }

    /// Adds a line of `[build-dependencies]`.
    pub fn build_dependency(mut self, line: impl Into<String>) -> Self {
        self.build_dependencies.push(line.into());
        self
    }

    /// Adds a line of `[features]`.
    pub fn feature(mut self, line: impl Into<String>) -> Self {
        self.features.push(line.into());
        self
    }

    /// Adds a line of both profiles.
    pub fn profile(mut self, line: impl Into<String>) -> Self {
        self.profile.push(line.into());
        self
    }

    /// Returns what Python imports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes manifest and source under `workshop`, leaving alone what is there already, and returns the folder.
    pub fn write(&self, workshop: &Path) -> PathBuf {
        let folder = workshop.join("packages").join(&self.name);
        let Self { name, version, crate_type, dependencies, profile, source, build_dependencies, .. } = self;
        let (library, script) = match source {
            Source::Text(_) => (Path::new("lib.rs"), None),
            Source::Crate { library, script } => (library.as_path(), script.as_ref()),
        };
        // Without one, what lies in the folder from an earlier package of the name is nobody's.
        let script = script.map_or_else(|| "false".to_owned(), |script| format!("{script:?}"));
        let mut manifest = format!(
            "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\npublish = false\nbuild = {script}\n\n\
             [lib]\npath = {library:?}\ncrate-type = [{crate_type:?}]\n\n[workspace]\n"
        );
        let mut section = |name: &str, lines: &[String]| {
            let _ = write!(
                manifest,
                "\n[{name}]\n{}{}",
                lines.join("\n"),
                if lines.is_empty() { "" } else { "\n" }
            );
        };
        let mut features = self.features.clone();
        if self.shares {
            features.extend(["default = [\"static\"]", "static = [\"interbind/static\"]"].map(str::to_owned));
        }
        section("dependencies", dependencies);
        section("features", &features);
        section("build-dependencies", build_dependencies);
        // Nobody looks at these with a debugger, unless a test does.
        let quiet =
            (!profile.iter().any(|line| line.starts_with("debug "))).then(|| "debug = false".to_owned());
        let dev: Vec<_> = quiet.into_iter().chain(profile.iter().cloned()).collect();
        section("profile.dev", &dev);
        section("profile.release", profile);
        write_if_changed(&folder.join("Cargo.toml"), &manifest);
        if let Source::Text(text) = source {
            write_if_changed(&folder.join("lib.rs"), text);
        }
        folder
    }
}

/// Writes a file unless it holds that text already: its time is what cargo looks at.
pub fn write_if_changed(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(file.parent().expect("a file lies in a folder")).expect("the workshop is writable");
    // Whole or not at all: another thread or process may build the same.
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let fresh = file.with_extension(format!("{}.{number}", std::process::id()));
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, file)).expect("the workshop is writable");
}

//! `participant.toml`: what can be built, on which hosts it runs, with which capabilities. Which PyO3 runs
//! on which Python is data there, never code here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cell::Build;
use crate::error::{Error, Result};
use crate::host::Hosts;
use crate::house::{self, House};

/// Which of its two extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Owns the objects.
    Provider,
    /// Asks for them.
    Consumer,
}

impl Role {
    /// `provider`, `consumer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

/// A library that takes part, as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Participant {
    /// The name in ids: no `-`.
    pub name: String,
    /// Who to ask.
    pub maintainer: String,
    /// What it is written in.
    pub language: String,
    /// Whether the hard rules for interbind builds hold for it.
    #[serde(default)]
    pub interbind: bool,
    /// What it can do; what a case needs and isn't here is `unsupported`.
    pub capabilities: BTreeSet<String>,
    /// The values of the build axis: `version[+flag…]`.
    pub builds: Vec<String>,
    /// Its two top-level modules.
    pub modules: Modules,
    /// What a version means.
    pub versions: BTreeMap<String, Variant>,
    /// What a flag means.
    #[serde(default)]
    pub flags: BTreeMap<String, Variant>,
    /// How an extension is made.
    pub build: Recipe,
    /// The folder it stands in.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The names under which the two extensions are imported.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    provider: String,
    consumer: String,
}

/// What a version or a flag brings along.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// Hosts it runs on: names and ranges; absent = no restriction.
    pub hosts: Option<Vec<String>>,
    /// Capabilities it takes away.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Values for placeholders.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Features for the placeholder `{features}`.
    #[serde(default)]
    pub features: Vec<String>,
    /// Lines of the cargo profile.
    #[serde(default)]
    pub profile: BTreeMap<String, toml::Value>,
    /// Whether one binary serves every host.
    #[serde(default)]
    pub abi3: bool,
    /// The C++ compiler, where it isn't the usual one.
    pub compiler: Option<String>,
    /// A release of a package, `name==version`, that has what `objects` are else: it is importable beside the extension.
    pub beside: Option<String>,
    /// The crate of the wheel's runtime, for what has no implementation of its own: its package is importable.
    pub runtime: Option<String>,
}

/// How an extension is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum Recipe {
    /// A cargo package from `Cargo.toml.in`, built by the forge.
    #[serde(rename_all = "kebab-case")]
    Cargo {
        /// Which declarations `ZOO_RS` holds.
        #[serde(default)]
        zoo: crate::zoo::Dialect,
        /// What the cache key hashes: paths from the participant's folder, or from the repository with `{repo}/`.
        inputs: Vec<String>,
        /// Lines of the cargo profile for every build.
        #[serde(default)]
        profile: BTreeMap<String, toml::Value>,
    },
    /// C++ on the static library of interbind, built by the forge.
    #[serde(rename = "c++")]
    Cplusplus(crate::forge::cplusplus::Cplusplus),
    /// Any program; it must leave the extension at `{out}`.
    #[serde(rename_all = "kebab-case")]
    Command {
        /// Program and arguments, with placeholders.
        command: Vec<String>,
        /// What the cache key hashes.
        inputs: Vec<String>,
        /// Which declarations `{zoo}` holds.
        #[serde(default)]
        zoo: crate::zoo::Dialect,
    },
    /// Plain Python files, copied; the runner's own liars are made so.
    Copy {
        /// The file, with placeholders.
        file: String,
    },
}

impl Recipe {
    /// What the cache key hashes.
    pub fn inputs(&self) -> &[String] {
        match self {
            Self::Cargo { inputs, .. } | Self::Command { inputs, .. } => inputs,
            Self::Cplusplus(recipe) => &recipe.inputs,
            Self::Copy { file } => std::slice::from_ref(file),
        }
    }

    /// Which declarations of the zoo it takes.
    pub fn zoo(&self) -> crate::zoo::Dialect {
        match self {
            Self::Cargo { zoo, .. } | Self::Command { zoo, .. } => *zoo,
            Self::Cplusplus(_) | Self::Copy { .. } => crate::zoo::Dialect::Plain,
        }
    }
}

impl Participant {
    /// Reads the description in a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("participant.toml");
        let mut this: Self = house::read_toml(&path)?;
        this.folder = folder.canonicalize().map_err(|e| Error::io(folder, e))?;
        if !crate::axes::is_name(&this.name) || this.name.contains('-') {
            return Err(Error::data(
                &path,
                format!("the name `{}` needs letters, digits, `_` and no `-`", this.name),
            ));
        }
        for build in this.all_builds()? {
            if !this.versions.contains_key(build.version()) {
                return Err(Error::data(
                    &path,
                    format!("`{build}`: add `[versions.\"{}\"]`", build.version()),
                ));
            }
            if let Some(flag) = build.flags().find(|flag| !this.flags.contains_key(*flag)) {
                return Err(Error::data(&path, format!("`{build}`: add `[flags.{flag}]`")));
            }
        }
        Ok(this)
    }

    /// Every build the participant declares.
    pub fn all_builds(&self) -> Result<Vec<Build>> {
        self.builds.iter().map(|text| Build::new(&self.name, text)).collect()
    }

    /// The module name of a role.
    pub fn module(&self, role: Role) -> &str {
        match role {
            Role::Provider => &self.modules.provider,
            Role::Consumer => &self.modules.consumer,
        }
    }

    /// Version first, then the flags.
    pub fn variants<'a>(&'a self, build: &'a Build) -> impl Iterator<Item = &'a Variant> {
        let version = self.versions.get(build.version());
        version.into_iter().chain(build.flags().filter_map(|flag| self.flags.get(flag)))
    }

    /// The C++ compiler of a build, where it isn't the usual one.
    pub fn compiler<'a>(&'a self, build: &'a Build) -> Option<&'a str> {
        self.variants(build).find_map(|variant| variant.compiler.as_deref())
    }

    /// Whether one binary of this build serves every host.
    pub fn is_abi3(&self, build: &Build) -> bool {
        self.variants(build).any(|variant| variant.abi3)
    }

    /// Whether the build runs on a host: every variant with a list must allow it. A flag that sets what the
    /// version sets (another PyO3) brings its own list, and the version's doesn't count.
    pub fn runs_on(&self, build: &Build, host: &str, hosts: &Hosts) -> bool {
        let version = self.versions.get(build.version());
        let replaced = version.is_some_and(|version| {
            build.flags().filter_map(|flag| self.flags.get(flag)).any(|flag| {
                flag.hosts.is_some() && flag.set.keys().any(|name| version.set.contains_key(name))
            })
        });
        let counted = self.variants(build).skip(usize::from(replaced && version.is_some()));
        counted.filter_map(|variant| variant.hosts.as_ref()).all(|allowed| {
            allowed.iter().any(|range| match range.split_once("..") {
                None => range == host,
                Some((first, last)) => {
                    let at = |name| hosts.position(name);
                    at(first).is_some() && at(first) <= at(host) && at(host).is_some() && at(host) <= at(last)
                }
            })
        })
    }

    /// The first needed capability that the build lacks.
    pub fn lacks<'n>(&self, build: &Build, needs: &'n [String]) -> Option<&'n str> {
        needs
            .iter()
            .find(|need| {
                !self.capabilities.contains(*need)
                    || self.variants(build).any(|variant| variant.lacks.contains(need))
            })
            .map(String::as_str)
    }
}

/// All participants, by name.
#[derive(Clone, Debug, Default)]
pub struct Participants(pub BTreeMap<String, Participant>);

impl Participants {
    /// Reads those of the house and the folders given beside it.
    pub fn read(house: &House, beside: &[PathBuf]) -> Result<Self> {
        let mut folders: Vec<PathBuf> = house::entries(&house.data.join("participants"))?;
        folders.retain(|folder| folder.join("participant.toml").is_file());
        folders.extend(beside.iter().cloned());
        let mut all = BTreeMap::new();
        for folder in folders {
            let participant = Participant::read(&folder)?;
            let name = participant.name.clone();
            if all.insert(name.clone(), participant).is_some() {
                return Err(Error::data(folder, format!("a second participant is called `{name}`")));
            }
        }
        Ok(Self(all))
    }

    /// The participant of a build.
    pub fn of(&self, build: &Build) -> Option<&Participant> {
        self.0.get(build.participant())
    }

    /// Whether the hard rules for interbind builds hold for both.
    pub fn are_interbind(&self, provider: &Build, consumer: &Build) -> bool {
        [provider, consumer].iter().all(|build| self.of(build).is_some_and(|p| p.interbind))
    }

    /// Every declared build, in a fixed order.
    pub fn builds(&self) -> Result<Vec<Build>> {
        let mut all = Vec::new();
        for participant in self.0.values() {
            all.extend(participant.all_builds()?);
        }
        Ok(all)
    }
}

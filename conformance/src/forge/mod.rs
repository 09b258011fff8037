//! Builds an extension for each (participant, version, flags, role, mutation, host tag), once, into the
//! [cache](crate::cache). [`key`] names it by everything that went in; [`cargo`], [`cplusplus`] and `command` make it. Failures are cached too: a log
//! that was read once needn't be waited for again.

mod builder;
pub mod cargo;
mod command;
pub mod cplusplus;
pub mod instruments;
pub mod key;
mod library;
pub mod network;
mod objects;
pub(crate) mod package;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env::consts;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::axes::Mutation;
use crate::cache::{Cache, Kept};
use crate::cell::{Build, CellId};
use crate::error::{Error, Result};
use crate::host::{Hosts, Python};
use crate::house::{self, House};
use crate::participant::{Participant, Participants, Recipe, Role};
use crate::work;
use crate::zoo::ZooSource;

use self::instruments::Instruments;

/// Raised whenever the forge makes something else of the same input.
const FORMAT: u32 = 2;

/// Cargo's name of the profile that all are built with.
const PROFILE: &str = "release";

/// The file of an entry that says what came of it.
pub const BUILD: &str = "build.json";

/// One extension to build.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Order {
    /// Whose.
    pub build: Build,
    /// Which of the two.
    pub role: Role,
    /// The zoo it is built with.
    pub mutation: Mutation,
    /// The host it is built for; `None` = one binary for all (abi3, plain Python).
    pub host: Option<String>,
}

/// A finished extension.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Extension {
    /// The module's name.
    pub module: String,
    /// The file.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What came of an order: `build.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forged {
    /// The cache key.
    pub key: String,
    /// The extension, or why there is none.
    pub made: std::result::Result<Extension, String>,
    /// How it was built, to repeat by hand.
    pub command: Vec<String>,
    /// The environment that was added.
    pub environment: BTreeMap<String, String>,
    /// How long it took.
    pub millis: u64,
    /// Whether it stood in the cache.
    #[serde(skip)]
    pub cached: bool,
}

/// The forge of a run.
pub struct Forge<'a> {
    house: &'a House,
    cache: Cache,
    participants: &'a Participants,
    hosts: &'a Hosts,
    zoo: &'a ZooSource,
    rustc: String,
    cplusplus: String,
    retry: bool,
    instruments: Option<Instruments>,
}

/// Everything one recipe needs.
pub(crate) struct Job<'a> {
    pub order: &'a Order,
    pub participant: &'a Participant,
    pub python: &'a Python,
    pub abi3: bool,
    pub instruments: Option<&'a Instruments>,
    pub zoo_text: String,
    pub out: PathBuf,
    pub placeholders: BTreeMap<String, String>,
}

/// What a recipe hands back: the built file, or why not, with the command and the environment it used.
pub(crate) struct Made {
    pub built: std::result::Result<PathBuf, String>,
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub log: String,
}

impl<'a> Forge<'a> {
    /// Makes the forge; asks the compiler who it is.
    pub fn new(
        house: &'a House,
        participants: &'a Participants,
        hosts: &'a Hosts,
        zoo: &'a ZooSource,
        retry: bool,
    ) -> Self {
        let cache = Cache::of(&house.work);
        cache.sweep_sometimes();
        Self {
            house,
            cache,
            participants,
            hosts,
            zoo,
            rustc: cargo::compiler_identity(),
            cplusplus: cplusplus::identity(&cplusplus::usual()),
            retry,
            instruments: None,
        }
    }

    /// Has everything built with a sanitizer's instruments.
    #[must_use]
    pub fn instrumented(mut self, instruments: Instruments) -> Self {
        self.instruments = Some(instruments);
        self
    }

    /// The two orders of a cell: a type mutation is the consumer's.
    pub fn orders(&self, cell: &CellId) -> [Order; 2] {
        let order = |build: &Build, role, mutation| {
            let shared = self
                .participants
                .of(build)
                .is_some_and(|p| p.is_abi3(build) || matches!(p.build, Recipe::Copy { .. }));
            Order { build: build.clone(), role, mutation, host: (!shared).then(|| cell.host.clone()) }
        };
        [
            order(&cell.provider, Role::Provider, Mutation::Same),
            order(&cell.consumer, Role::Consumer, cell.mutation),
        ]
    }

    /// Builds every order the cells need, `jobs` at a time. `seen` is told after each.
    pub fn forge_all(
        &self,
        cells: &[CellId],
        jobs: usize,
        seen: &(dyn Fn(&Order, &Forged) + Sync),
    ) -> Result<HashMap<Order, Forged>> {
        let wanted: BTreeSet<Order> = cells.iter().flat_map(|cell| self.orders(cell)).collect();
        // Orders of one target folder wait for each other: spread them, so that workers meet different ones.
        let mut queues: BTreeMap<String, Vec<Order>> = BTreeMap::new();
        for order in wanted {
            let participant = self.participant(&order)?;
            queues.entry(cargo::target_name(participant, &order)).or_default().push(order);
        }
        let queues: Vec<Vec<Order>> = queues.into_values().collect();
        let next = AtomicUsize::new(0);
        let done = Mutex::new(HashMap::new());
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..jobs.max(1).min(queues.len().max(1)) {
                scope.spawn(|| {
                    while let Some(queue) = queues.get(next.fetch_add(1, Ordering::Relaxed)) {
                        for order in queue {
                            if locked(&failed).is_some() {
                                return;
                            }
                            match self.forge(order) {
                                Ok(forged) => {
                                    seen(order, &forged);
                                    locked(&done).insert(order.clone(), forged);
                                }
                                Err(error) => {
                                    locked(&failed).get_or_insert(error);
                                    return;
                                }
                            }
                        }
                    }
                });
            }
        });
        match locked(&failed).take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut *locked(&done))),
        }
    }

    fn participant(&self, order: &Order) -> Result<&'a Participant> {
        let missing = || Error::word(order.build.as_str(), "a build of a known participant");
        self.participants.of(&order.build).ok_or_else(missing)
    }

    /// The Python an order is built with: its host, else the default one, else any that the build runs on.
    fn python(&self, order: &Order, participant: &Participant) -> Option<&'a Python> {
        if let Some(host) = &order.host {
            return self.hosts.python(host);
        }
        let fits = |name: &str| participant.runs_on(&order.build, name, self.hosts);
        let default = self.hosts.resolve("default").filter(|host| fits(&host.name));
        default
            .or_else(|| self.hosts.all.iter().find(|host| host.python.is_some() && fits(&host.name)))?
            .python
            .as_ref()
    }

    /// Builds one order, or finds it built.
    pub fn forge(&self, order: &Order) -> Result<Forged> {
        let participant = self.participant(order)?;
        let Some(python) = self.python(order, participant) else {
            return Err(Error::word(
                order.build.as_str(),
                "a build with a Python to build it: none is found",
            ));
        };
        let abi3 = order.host.is_none();
        let zoo = self.zoo.mutated(order.mutation)?;
        let is_cplusplus = matches!(participant.build, Recipe::Cplusplus(_));
        let zoo_text = match &participant.build {
            Recipe::Cplusplus(_) => crate::zoo::cplusplus::declare(&zoo),
            recipe => crate::zoo::rust::declare(&zoo, recipe.zoo()),
        };
        let named = participant.compiler(&order.build).map(cplusplus::identity);
        let compiler = named.as_ref().unwrap_or(&self.cplusplus);
        let compilers = [self.rustc.as_str(), if is_cplusplus { compiler } else { "" }].concat();
        let key = key::of(&key::Inputs {
            format: FORMAT,
            order,
            participant,
            repo: &self.house.repo,
            compilers: &compilers,
            host_tag: if abi3 { "any" } else { &python.suffix },
            host_version: if abi3 { "any" } else { &python.full },
            zoo_text: &zoo_text,
            instruments: self.instruments.as_ref(),
        })?;
        let mut building = match self.cache.entry(&key)?.kept() {
            Ok(kept) => match self.kept(&kept) {
                Some(forged) => return Ok(forged),
                None => kept.again()?,
            },
            Err(entry) => entry.build()?,
        };
        let out = building.folder().to_owned();
        // Two builds in one target folder would overwrite each other's uplifted library.
        let target = self.target_folder(&cargo::target_name(participant, order));
        let units = match &participant.build {
            Recipe::Cargo { .. } => Some(self.cache.target(&target, PROFILE)?),
            _ => None,
        };
        let start = Instant::now();
        let placeholders = self.placeholders(participant, order, python, &out);
        let instruments = self.instruments.as_ref();
        let job =
            Job { order, participant, python, abi3, instruments, zoo_text, out: out.clone(), placeholders };
        let made = match &participant.build {
            Recipe::Cargo { profile, .. } => {
                let made = cargo::build(self.house, &job, profile, &target)?;
                if let (Some(units), Ok(_)) = (units, &made.built) {
                    units.share()?;
                }
                let made = self.beside(&job, made)?;
                self.keep(&job, made)?
            }
            Recipe::Cplusplus(recipe) => {
                let needs = self.needs(&job, recipe)?;
                let made = cplusplus::build(&self.cache, &job, recipe, needs)?;
                self.keep(&job, made)?
            }
            Recipe::Command { command, .. } => self.keep(&job, command::build(&job, command)?)?,
            Recipe::Copy { file } => {
                let source = participant.folder.join(fill(file, &job.placeholders));
                let made = Made {
                    built: Ok(source),
                    command: vec![],
                    environment: BTreeMap::new(),
                    log: String::new(),
                };
                self.keep(&job, made)?
            }
        };
        let (made, command, environment) = made;
        if let Err(why) = &made {
            if why.starts_with(package::MISSING) {
                // It may be there next time.
                return Ok(Forged { key, made, command, environment, millis: 0, cached: false });
            }
            // Kept, it would be believed when there is room again.
            work::refuse_full(&self.house.work)?;
            let log = out.join("log.txt");
            if fs::read_to_string(&log).is_ok_and(|log| work::says_full(&log)) {
                return Err(Error::full(&log));
            }
        }
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let forged = Forged { key, made, command, environment, millis, cached: false };
        let text = serde_json::to_string_pretty(&forged).unwrap_or_default();
        work::write(&out.join(BUILD), text.as_bytes())?;
        if let Ok(listed) = fs::read_to_string(out.join(cplusplus::LISTED)) {
            building.inputs.listed(&listed, None);
        }
        building.keep()?;
        Ok(forged)
    }

    /// What was built before, or could not be.
    fn kept(&self, kept: &Kept) -> Option<Forged> {
        let text = fs::read_to_string(kept.file(BUILD)).ok()?;
        let mut forged: Forged = serde_json::from_str(&text).ok()?;
        let usable = match &forged.made {
            Ok(extension) => extension.file.is_file(),
            Err(_) => !self.retry,
        };
        forged.cached = true;
        usable.then_some(forged)
    }

    /// Where cargo builds: what has instruments is kept apart.
    fn target_folder(&self, name: &str) -> PathBuf {
        let with = if self.instruments.is_some() { "-address" } else { "" };
        self.house.work.join("cargo").join(format!("{name}{with}"))
    }

    /// Builds a crate that extensions need besides, unless somebody else is doing it.
    fn library(&self, job: &Job<'_>, name: &str, folder: &str, file: &str) -> Result<library::Built> {
        let target = self.target_folder(&format!("{name}-{}", library::flavour(job)));
        let units = self.cache.target(&target, PROFILE)?;
        let built = library::build(job, folder, file, &target);
        if built.file.is_ok() {
            units.share()?;
        }
        Ok(built)
    }

    /// What an extension in C++ needs besides.
    fn needs(&self, job: &Job<'_>, recipe: &cplusplus::Cplusplus) -> Result<cplusplus::Needs> {
        let mut needs = cplusplus::Needs { found: Ok(cplusplus::Found::default()), log: String::new() };
        let mut found = cplusplus::Found::default();
        if let Some(compiler) = job.participant.compiler(&job.order.build) {
            if let Err(lacking) = cplusplus::is_here(job, recipe, compiler, &mut needs.log)? {
                return Ok(cplusplus::Needs {
                    found: Err(format!("{}{lacking}", package::MISSING)),
                    ..needs
                });
            }
        }
        if let Some(folder) = &recipe.library {
            let built = self.library(job, "capi", folder, "libinterbind.a")?;
            needs.log.push_str(&built.log);
            match built.file {
                Ok(file) => found.library = Some(file),
                Err(why) => return Ok(cplusplus::Needs { found: Err(why), ..needs }),
            }
        }
        if let Some(package) = &recipe.package {
            let wanted = fill(package, &job.placeholders);
            match package::find(self.house, &job.python.executable, &wanted, "", &mut needs.log)? {
                Ok(folder) => found.package = Some(folder),
                Err(why) => return Ok(cplusplus::Needs { found: Err(why), ..needs }),
            }
        }
        if let Some(wanted) =
            job.participant.variants(&job.order.build).find_map(|variant| variant.beside.as_ref())
        {
            // It is built for one Python.
            let suffix = &job.python.suffix;
            match package::find(self.house, &job.python.executable, wanted, suffix, &mut needs.log)? {
                Ok(folder) => found.beside = Some(folder),
                Err(why) => return Ok(cplusplus::Needs { found: Err(why), ..needs }),
            }
        }
        needs.found = Ok(found);
        Ok(needs)
    }

    /// Tells whether a build wasn't made for want of a package or a compiler.
    pub fn is_wanting(why: &str) -> bool {
        why.starts_with(package::MISSING)
    }

    /// Puts the wheel's runtime beside an extension that has no implementation.
    fn beside(&self, job: &Job<'_>, mut made: Made) -> Result<Made> {
        let folder =
            job.participant.variants(&job.order.build).find_map(|variant| variant.runtime.as_deref());
        if let (Some(folder), Ok(_)) = (folder, &made.built) {
            let file = format!("{}_runtime{}", consts::DLL_PREFIX, consts::DLL_SUFFIX);
            let runtime = self.library(job, "runtime", folder, &file)?;
            made.log.push_str(&runtime.log);
            match runtime.file {
                Ok(file) => library::lay_out(self.house, job, &file)?,
                Err(why) => made.built = Err(why),
            }
        }
        Ok(made)
    }

    /// Copies what was built to where it is imported from, under the name that Python asks for.
    fn keep(&self, job: &Job<'_>, made: Made) -> Result<Finished> {
        let Made { built, command, environment, log } = made;
        let log_file = job.out.join("log.txt");
        fs::write(&log_file, &log).map_err(|e| Error::io(&log_file, e))?;
        let file = match built {
            Err(why) => return Ok((Err(why), command, environment)),
            Ok(file) => file,
        };
        let module = job.participant.module(job.order.role).to_owned();
        let suffix = match job.participant.build {
            Recipe::Copy { .. } => ".py",
            _ if job.abi3 && cfg!(windows) => ".pyd",
            _ if job.abi3 => ".abi3.so",
            _ => &job.python.suffix,
        };
        let kept = job.out.join(format!("{module}{suffix}"));
        if file != kept {
            fs::copy(&file, &kept).map_err(|e| Error::io(&kept, e))?;
        }
        let bytes = fs::read(&kept).map_err(|e| Error::io(&kept, e))?;
        Ok((Ok(Extension { module, file: kept, sha256: house::sha256(&bytes) }), command, environment))
    }

    fn placeholders(
        &self,
        participant: &Participant,
        order: &Order,
        python: &Python,
        out: &Path,
    ) -> BTreeMap<String, String> {
        let shown = |path: &Path| path.display().to_string();
        let mut all = BTreeMap::new();
        let mut features: Vec<String> = Vec::new();
        for variant in participant.variants(&order.build) {
            all.extend(variant.set.clone());
            features.extend(variant.features.iter().map(|feature| format!("\"{feature}\"")));
        }
        let flags: Vec<&str> = order.build.flags().collect();
        for (name, value) in [
            ("repo", shown(&self.house.repo)),
            ("src", shown(&participant.folder)),
            ("role", order.role.as_str().to_owned()),
            ("module", participant.module(order.role).to_owned()),
            ("version", order.build.version().to_owned()),
            ("flags", flags.join(" ")),
            ("features", features.join(", ")),
            ("host", shown(&python.executable)),
            ("mutation", order.mutation.to_string()),
            ("out", shown(&out.join(format!("{}{}", participant.module(order.role), python.suffix)))),
            ("zoo", shown(&out.join("zoo.rs"))),
        ] {
            all.insert(name.to_owned(), value);
        }
        all
    }
}

type Finished = (std::result::Result<Extension, String>, Vec<String>, BTreeMap<String, String>);

/// Fills `{name}` wherever such a placeholder exists; other braces stay.
pub(crate) fn fill(text: &str, placeholders: &BTreeMap<String, String>) -> String {
    placeholders
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

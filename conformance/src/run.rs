//! Drives the stages: read the data, plan, forge, launch, judge, report. The one place where threads live, and where the
//! work folder is taken: two runs in one folder would judge each other's files.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cache::Cache;
use crate::case::{self, Case};
use crate::cell::{Build, CellId};
use crate::error::{Error, Result};
use crate::expect::{Expectations, Expected, Facts, Rule};
use crate::forge::{self, Forge, Forged};
use crate::host::Hosts;
use crate::house::House;
use crate::journal::Journal;
use crate::judge::{self, Judged};
use crate::launch::{self, Launch};
use crate::outcome::{Outcome, Verdict};
use crate::participant::Participants;
use crate::pattern::Pattern;
use crate::plan::{Plan, Product};
use crate::predict::{Doctor, Prediction};
use crate::progress::{Progress, Show};
use crate::report::{CellReport, FailedBuild, HostReport, Report, Stage};
use crate::sets::Set;
use crate::work::{self, Lock};
use crate::zoo::ZooSource;

/// The file that a run holds, in the work folder.
const LOCK: &str = "lock";

/// What to run, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `quick`, `smoke`, `full`.
    pub set: String,
    /// Patterns; none = the set.
    pub patterns: Vec<Pattern>,
    /// Only these hosts; none = all that are here.
    pub hosts: Vec<String>,
    /// How many cells and builds at once; 0 = as many as there are processors.
    pub jobs: usize,
    /// How often each cell runs.
    pub repeat: usize,
    /// Only what was red last time.
    pub again: bool,
    /// Keep every cell's folder, not only the red ones'.
    pub keep: bool,
    /// Build again what could not be built.
    pub retry_forge: bool,
    /// Participants beside those of the house.
    pub participants: Vec<PathBuf>,
    /// How long a cell may take; `None` = the usual.
    pub patience: Option<Duration>,
    /// Run all cells, also those that an interrupted run has finished.
    pub fresh: bool,
    /// What is said meanwhile.
    pub show: Show,
}

/// Everything read from files, ready to plan with.
pub struct Suite {
    /// Where things are.
    pub house: House,
    /// The cases.
    pub cases: Vec<Case>,
    /// The participants.
    pub participants: Participants,
    /// The host axis, looked for.
    pub hosts: Hosts,
    /// The types.
    pub zoo: ZooSource,
    /// The rules.
    pub expectations: Expectations,
}

impl Suite {
    /// Reads everything and refuses data that contradicts itself.
    pub fn read(house: House, beside: &[PathBuf]) -> Result<Self> {
        let cases = case::read_all(&house)?;
        let participants = Participants::read(&house, beside)?;
        let hosts = Hosts::find(&house)?;
        let zoo = ZooSource::read(&house.data.join("fixtures/zoo.toml"))?;
        let expectations = Expectations::read(&house, &cases, &participants)?;
        let suite = Self { house, cases, participants, hosts, zoo, expectations };
        for case in &suite.cases {
            if let Some(id) = case.types.iter().find(|id| !suite.zoo.has(id)) {
                return Err(Error::data(&case.file, format!("`{id}` is no type of the zoo")));
            }
        }
        suite.expectations.refuse_unused(suite.product().cells()?, &suite.facts())?;
        Ok(suite)
    }

    /// The product of all axes.
    pub fn product(&self) -> Product<'_> {
        Product { cases: &self.cases, participants: &self.participants, hosts: &self.hosts, zoo: &self.zoo }
    }

    /// What rules may name.
    pub fn facts(&self) -> Facts<'_> {
        Facts::new(&self.participants, &self.hosts)
    }

    /// Every rule that speaks about a cell; the last decides.
    pub fn why(&self, cell: &CellId) -> Vec<&Rule> {
        self.expectations.chain(cell, &self.facts())
    }

    /// Chooses the cells.
    pub fn plan(&self, options: &Options) -> Result<Plan> {
        if self.hosts.all.iter().all(|host| host.python.is_none()) {
            return Err(Error::NoHost { skipped: self.hosts.skipped.clone() });
        }
        for word in &options.hosts {
            if self.hosts.resolve(word).is_none() {
                return Err(Error::word(word, "a host of hosts.toml, `default` or `newest`"));
            }
        }
        let red = self.last_red();
        if options.again {
            let product = self.product();
            let mut cells: Vec<CellId> = Vec::new();
            for cell in product.cells()?.filter(|cell| red.contains(cell)) {
                cells.push(cell);
            }
            let candidates = cells.len();
            return Ok(Plan { cells, candidates, ..Plan::default() });
        }
        let set = match options.set.as_str() {
            "full" => None,
            name => Some(Set::read(&self.house, name)?),
        };
        if !options.patterns.is_empty() {
            return self.product().by_patterns(&options.patterns, set.as_ref(), &options.hosts);
        }
        match set {
            Some(set) => {
                let red = if options.set == "quick" { red } else { Vec::new() };
                self.product().by_set(&set, &options.hosts, &red)
            }
            None => self.product().by_set(&Set::read(&self.house, "full")?, &options.hosts, &[]),
        }
    }

    fn last_red(&self) -> Vec<CellId> {
        let text = fs::read_to_string(self.house.last()).unwrap_or_default();
        let Ok(report) = serde_json::from_str::<Report>(&text) else { return Vec::new() };
        report.cells.into_iter().filter(|cell| cell.verdict.is_red()).map(|cell| cell.id).collect()
    }

    /// Runs a plan. The report is also kept as the last one.
    pub fn run(&self, options: &Options, plan: &Plan) -> Result<Report> {
        let jobs = match options.jobs {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            jobs => jobs,
        };
        let _alone = Lock::take(&self.house.work.join(LOCK), &|other| {
            Progress::say(&format!("waiting for {other}: it runs in `{}`", self.house.work.display()));
        })?;
        work::refuse_full(&self.house.work)?;
        let mut expected = HashMap::new();
        for cell in &plan.cells {
            expected.insert(cell, self.expectations.of(cell, &self.facts())?);
        }

        let start = Instant::now();
        let forge = Forge::new(&self.house, &self.participants, &self.hosts, &self.zoo, options.retry_forge);
        let forged = self.forge(&forge, plan, jobs, options.show)?;
        let forge_took = start.elapsed();

        let start = Instant::now();
        let progress = Progress::begin(options.show, plan.cells.len(), "cells");
        let compiled = self.house.compiled()?;
        let journal = Journal::open(&self.house.work)?;
        let (forge, forged, expected) = (&forge, &forged, &expected);
        let work = Work {
            suite: self,
            options,
            forge,
            forged,
            expected,
            progress: &progress,
            compiled: &compiled,
            journal: &journal,
            doctor: Doctor::default(),
            resumed: AtomicUsize::new(0),
        };
        let (first, rest): (Vec<&CellId>, Vec<&CellId>) =
            plan.cells.iter().partition(|cell| cell.group() == "harness");
        let mut cells = work.all(&first, &BTreeSet::new(), jobs)?;
        let failed: BTreeSet<(Build, String)> = cells
            .iter()
            .filter(|cell| cell.verdict.is_red())
            .flat_map(|cell| {
                [&cell.id.provider, &cell.id.consumer].map(|build| (build.clone(), cell.id.host.clone()))
            })
            .collect();
        cells.extend(work.all(&rest, &failed, jobs)?);
        progress.end();
        let resumed = work.resumed.load(Ordering::Relaxed);
        cells.extend(
            plan.absent.iter().map(|cell| work.not_run(cell, Outcome::Absent("not found".to_owned()), "")),
        );
        let run_took = start.elapsed();

        let mut report =
            self.report(options, plan, cells, forged, [("forge", forge_took), ("cells", run_took)]);
        report.resumed = resumed;
        let text = serde_json::to_string(&report).unwrap_or_default();
        work::write(&self.house.last(), text.as_bytes())?;
        journal.forget(&report.cells)?;
        Ok(report)
    }

    fn forge(
        &self,
        forge: &Forge<'_>,
        plan: &Plan,
        jobs: usize,
        show: Show,
    ) -> Result<HashMap<forge::Order, Forged>> {
        let total = plan.cells.iter().flat_map(|cell| forge.orders(cell)).collect::<BTreeSet<_>>().len();
        let progress = Progress::begin(show, total, "builds");
        let forged = forge.forge_all(&plan.cells, jobs, &|order, forged| progress.built(order, forged));
        progress.end();
        forged
    }

    fn report(
        &self,
        options: &Options,
        plan: &Plan,
        cells: Vec<CellReport>,
        forged: &HashMap<forge::Order, Forged>,
        stages: [(&str, Duration); 2],
    ) -> Report {
        let hosts = self.hosts.all.iter().map(|host| HostReport {
            name: host.name.clone(),
            python: host.python.as_ref().map(|python| python.full.clone()),
            default: host.default,
        });
        let mut failed: Vec<FailedBuild> = forged
            .iter()
            .filter_map(|(order, forged)| {
                let why = forged.made.as_ref().err()?;
                Some(FailedBuild {
                    build: order.build.to_string(),
                    role: order.role.as_str().to_owned(),
                    mutation: order.mutation.to_string(),
                    host: order.host.clone(),
                    why: why.clone(),
                    log: Cache::of(&self.house.work).place(&forged.key).join("log.txt").display().to_string(),
                })
            })
            .collect();
        failed.sort_by(|a, b| (&a.build, &a.role, &a.mutation).cmp(&(&b.build, &b.role, &b.mutation)));
        let made = forged.values().filter(|forged| !forged.cached).count();
        let set = Set::read(&self.house, &options.set).ok();
        let budget = set
            .filter(|_| options.patterns.is_empty() && !options.again && options.repeat <= 1)
            .map(|set| if made == 0 { set.warm_budget } else { set.cold_budget });
        Report {
            schema: 1,
            set: options.set.clone(),
            hosts: hosts.collect(),
            skipped_hosts: self.hosts.skipped.clone(),
            resumed: 0,
            stages: stages
                .into_iter()
                .map(|(name, took)| Stage { name: name.to_owned(), millis: millis(took) })
                .collect(),
            budget_seconds: budget,
            builds: forged.len(),
            builds_made: made,
            failed_builds: failed,
            candidates: plan.candidates,
            unsupported: plan.unsupported.clone(),
            cells,
        }
    }
}

/// What every worker shares.
struct Work<'a> {
    suite: &'a Suite,
    options: &'a Options,
    forge: &'a Forge<'a>,
    forged: &'a HashMap<forge::Order, Forged>,
    expected: &'a HashMap<&'a CellId, Option<Expected>>,
    progress: &'a Progress,
    compiled: &'a Path,
    journal: &'a Journal,
    doctor: Doctor,
    resumed: AtomicUsize,
}

impl Work<'_> {
    fn all(
        &self,
        cells: &[&CellId],
        failed: &BTreeSet<(Build, String)>,
        jobs: usize,
    ) -> Result<Vec<CellReport>> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let error = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(cells.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&cell) = cells.get(index) else { return };
                        match self.one(cell, failed) {
                            Ok(report) => {
                                self.progress.judged(&report);
                                done.lock().unwrap_or_else(PoisonError::into_inner).push((index, report));
                            }
                            Err(e) => {
                                error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
                                next.store(cells.len(), Ordering::Relaxed);
                                return;
                            }
                        }
                    }
                });
            }
        });
        if let Some(error) = error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        Ok(done.into_iter().map(|(_, report)| report).collect())
    }

    fn not_run(&self, id: &CellId, outcome: Outcome, detail: &str) -> CellReport {
        let judged = Judged { outcome, findings: Vec::new(), detail: detail.to_owned() };
        self.settled(id, judged, "forge", None, 0, None)
    }

    fn one(&self, id: &CellId, failed: &BTreeSet<(Build, String)>) -> Result<CellReport> {
        if let Some(build) = [&id.provider, &id.consumer]
            .into_iter()
            .find(|build| failed.contains(&((*build).clone(), id.host.clone())))
        {
            return Ok(self.not_run(
                id,
                Outcome::Absent("harness".to_owned()),
                &format!("{build} fails its harness cells"),
            ));
        }
        let [provider, consumer] = self.forge.orders(id).map(|order| self.forged.get(&order));
        let (Some(provider), Some(consumer)) = (provider, consumer) else {
            return Ok(self.not_run(id, Outcome::Harness("no build".to_owned()), "the plan forgot a build"));
        };
        let (provider, consumer) = match (&provider.made, &consumer.made) {
            (Ok(provider), Ok(consumer)) => (provider, consumer),
            (Err(why), _) | (_, Err(why)) => {
                let outcome = if Forge::is_wanting(why) {
                    Outcome::Absent("not found".to_owned())
                } else {
                    Outcome::Unforgeable("build".to_owned())
                };
                return Ok(self.not_run(id, outcome, why));
            }
        };
        let suite = self.suite;
        let Some(python) = suite.hosts.python(&id.host) else {
            return Ok(self.not_run(id, Outcome::Absent("not found".to_owned()), ""));
        };
        let Some(case) = suite.cases.iter().find(|case| case.name == id.case) else {
            return Err(Error::word(&id.case, "a case"));
        };
        let patience = self.options.patience.unwrap_or(launch::PATIENCE);
        let launch = Launch {
            house: &suite.house,
            id,
            case,
            python,
            zoo: &suite.zoo,
            provider,
            consumer,
            patience,
            compiled: self.compiled,
        };
        let expected = self.expected.get(id).and_then(Option::as_ref);
        let key = launch.key(&format!("{expected:?} {} {}", self.options.repeat, self.options.keep))?;
        if !self.options.fresh {
            if let Some(finished) = self.journal.finished(&id.to_string(), &key) {
                self.resumed.fetch_add(1, Ordering::Relaxed);
                return Ok(finished.clone());
            }
        }
        let may_abort = [&id.provider, &id.consumer].iter().any(|build| build.has("panic-abort"));
        let mut story: Option<(Judged, launch::Observation)> = None;
        for _ in 0..self.options.repeat.max(1) {
            let seen = launch.run()?;
            let judged = judge::observe(&seen, case, may_abort);
            if work::says_full(&seen.stderr) || work::says_full(&judged.detail) {
                return Err(Error::full(&seen.folder));
            }
            match &mut story {
                None => story = Some((judged, seen)),
                Some((first, _)) if first.outcome != judged.outcome => {
                    first
                        .findings
                        .push(format!("differs between repeats: {} and {}", first.outcome, judged.outcome));
                    break;
                }
                Some(_) => {}
            }
        }
        let Some((judged, seen)) = story else { return Err(Error::word("0", "a number of repeats")) };
        let phase = seen.log.phase().unwrap_or("load").to_owned();
        let step = seen.log.step().map(str::to_owned);
        let mut report =
            self.settled(id, judged, &phase, step, millis(seen.took), Some([provider, consumer]));
        if self.options.keep || report.verdict.is_red() {
            // What went wrong for want of room says nothing about the two builds.
            work::refuse_full(&suite.house.work)?;
            report.folder = Some(seen.folder.display().to_string());
        } else {
            // What can't be removed now is overwritten by the next run.
            _ = fs::remove_dir_all(&seen.folder);
        }
        self.journal.add(&key, &report)?;
        Ok(report)
    }

    fn settled(
        &self,
        id: &CellId,
        mut judged: Judged,
        phase: &str,
        step: Option<String>,
        millis: u64,
        loaded: Option<[&forge::Extension; 2]>,
    ) -> CellReport {
        let expected = self.expected.get(id).and_then(Option::as_ref);
        let interbind = self.suite.participants.are_interbind(&id.provider, &id.consumer);
        let told = loaded.map(|[provider, consumer]| {
            self.doctor.predict(&self.suite.participants, id, &provider.file, &consumer.file)
        });
        let predicted = match told {
            Some(Prediction::Is(outcome)) => {
                if expected.is_some_and(|expected| expected.is_open) {
                    judged.findings.push(format!("the doctor isn't to know, and says `{outcome}`"));
                }
                Some(outcome)
            }
            Some(Prediction::Open(_)) if expected.is_some_and(|expected| expected.is_open) => None,
            Some(Prediction::Open(why)) => {
                judged.findings.push(format!("the doctor leaves this open: {why}"));
                None
            }
            Some(Prediction::NotAsked) | None => None,
        };
        let verdict = judge::settle(&judged, expected, predicted.as_ref(), interbind);
        let hashes = loaded.map(|[provider, consumer]| (provider.sha256.clone(), consumer.sha256.clone()));
        let (provider_sha256, consumer_sha256) = hashes.unzip();
        CellReport {
            id: id.clone(),
            expected: expected.map(|expected| expected.outcome.clone()),
            today: expected.and_then(|expected| expected.today.clone()),
            rule: expected.map(|expected| expected.place.clone()),
            predicted,
            observed: judged.outcome,
            verdict,
            phase: phase.to_owned(),
            step,
            findings: judged.findings,
            detail: judged.detail.trim_end().to_owned(),
            millis,
            provider_sha256,
            consumer_sha256,
            folder: None,
        }
    }
}

impl Report {
    /// The line that runs a cell again.
    pub fn rerun(cell: &CellReport) -> String {
        format!("interbind matrix run {} --keep", cell.id)
    }

    /// Whether anything is red.
    pub fn is_red(&self) -> bool {
        self.cells.iter().any(|cell| cell.verdict.is_red())
    }

    /// How many cells have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

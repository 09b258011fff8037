//! Whether the libraries beside Python that modules were built for are here in a release that serves them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::member::Member;
use crate::facts::{Claim, FrameworkKind, Module, Partner, PartnerKind, PartnerRole};
use crate::finding::{Finding, Level, few};
use crate::host::compare;
use crate::installed::Installed;

/// One finding for each package and partner whose release doesn't serve it.
pub(super) fn findings(modules: &[Module], members: &[Member], installed: &Installed) -> Vec<Finding> {
    let mut found: BTreeMap<(&str, Unserved), Vec<(&Member, &Partner)>> = BTreeMap::new();
    for (module, member) in modules.iter().zip(members).filter(|(_, member)| member.obstacle.is_none()) {
        // Where the symbols that are missing are known, they are said.
        let told = module.links.unresolved.as_ref().is_some_and(Claim::is_certain);
        for partner in module.partners.iter().filter(|partner| partner.role == PartnerRole::Needs) {
            if told && partner.kind == PartnerKind::Pytorch {
                continue;
            }
            let package = partner.kind.package();
            let here = installed.distributions.iter().find(|found| Some(found.name.as_str()) == package);
            // A library's own modules are of its release, whatever they say.
            let Some(here) = here.filter(|here| member.owner.as_deref() != Some(here.name.as_str())) else {
                continue;
            };
            if let Some(trouble) = unserved(partner, &here.version) {
                found.entry((member.owner_or_label(), trouble)).or_default().push((member, partner));
            }
        }
    }
    found.into_iter().map(|((package, trouble), all)| finding(package, &trouble, &all)).collect()
}

/// In what a release fails a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unserved {
    /// The release that is here.
    here: String,
    /// The end of what serves the module.
    end: String,
    too_new: bool,
    /// Its records are read as they were, instead of refused.
    silent: bool,
    certain: bool,
}

fn unserved(partner: &Partner, here: &str) -> Option<Unserved> {
    let trouble = |claim: &Claim<String>, end: &str, too_new| Unserved {
        here: here.to_owned(),
        end: end.to_owned(),
        too_new,
        silent: partner.through == Some(FrameworkKind::Pybind11),
        certain: claim.is_certain(),
    };
    let stated = |claim: &'_ Option<Claim<String>>| Some((claim.clone()?, claim.as_ref()?.value.clone()?));
    if let Some((claim, highest)) = stated(&partner.highest) {
        if series(here, &highest) == Ordering::Greater {
            return Some(trouble(&claim, &highest, true));
        }
    }
    let (claim, lowest) = stated(&partner.lowest)?;
    (compare(here, &lowest) == Ordering::Less).then(|| trouble(&claim, &lowest, false))
}

/// Compares a release with a series: `1.26.4` is of `1.26`.
fn series(release: &str, series: &str) -> Ordering {
    let parts = series.split('.').count();
    let own: Vec<&str> = release.splitn(parts + 1, '.').take(parts).collect();
    compare(&own.join("."), series)
}

fn finding(package: &str, trouble: &Unserved, all: &[(&Member, &Partner)]) -> Finding {
    let kind = all[0].1.kind;
    let Unserved { here, end, .. } = trouble;
    let (message, fix) = if trouble.too_new && trouble.silent {
        (
            format!(
                "`{package}` reads {kind}'s records as they are up to {end} (pybind11 before 2.12), and here is {kind} {here}: \
                 where it reads the size of an array's items it reads another number, and can crash"
            ),
            format!("update `{package}`, or pip install '{}<2'", kind.slug()),
        )
    } else if trouble.too_new && kind == PartnerKind::Pytorch {
        (
            format!(
                "`{package}` asks for functions that PyTorch has up to {end}, and here is PyTorch {here}: ImportError, or \
                 `undefined symbol`"
            ),
            format!("install the release of `{package}` for PyTorch {here}, or pip install 'torch=={end}.*'"),
        )
    } else if trouble.too_new {
        (
            format!(
                "`{package}` is built for {kind} up to {end}, and here is {kind} {here}, which refuses it: ImportError"
            ),
            format!("update `{package}`, or pip install '{}<2'", kind.slug()),
        )
    } else {
        let sure = if trouble.certain { "" } else { " as far as its code tells" };
        (
            format!(
                "`{package}` is built for {kind} {end} or newer{sure}, and here is {kind} {here}: ImportError or RuntimeError"
            ),
            format!("pip install '{}>={end}'", kind.package().unwrap_or(kind.slug())),
        )
    };
    let names: Vec<&str> = all.iter().map(|(member, _)| member.label.as_str()).collect();
    let mut details = vec![few(names.into_iter())];
    let proofs = all[0].1.generation.iter().chain(&all[0].1.lowest).flat_map(|claim| &claim.evidence);
    details.extend(proofs.map(|evidence| evidence.text.clone()));
    details.dedup();
    Finding {
        rule: "partner-release".to_owned(),
        level: if trouble.certain { Level::Error } else { Level::Note },
        message,
        files: all.iter().map(|(member, _)| member.path.clone()).collect(),
        details,
        fix: Some(fix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_compared_with_a_series() {
        assert_eq!(series("1.26.4", "1.26"), Ordering::Equal);
        assert_eq!(series("2.0.0", "1.26"), Ordering::Greater);
        assert_eq!(series("1.9.3", "1.26"), Ordering::Less);
    }
}

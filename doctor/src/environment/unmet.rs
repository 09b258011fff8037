//! What packages ask of each other, and isn't here, or in another release than they ask for.

use std::collections::BTreeMap;

use crate::finding::{Finding, Level, few};
use crate::host::HostPython;
use crate::installed::{DistributionKind, Installed};
use crate::requirements::Asked;

/// One finding for each package whose requirements aren't met. Without a Python's version nothing is said.
pub(super) fn findings(installed: &Installed, host: Option<&HostPython>) -> Vec<Finding> {
    let Some(host) = host.filter(|host| host.version.value.is_some()) else { return Vec::new() };
    let environment = Asked::environment(host);
    let all = &installed.distributions;
    // Several sets of metadata are another finding's; of what isn't installed only a part is here.
    let mut here: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in all {
        here.entry(&one.name).or_default().push(&one.version);
    }
    let mut found = Vec::new();
    for package in all.iter().filter(|one| one.kind != DistributionKind::NotInstalled) {
        let mut unmet = Vec::new();
        for asked in package.asks.iter().filter_map(|text| Asked::read(text, environment.as_ref())) {
            match here.get(asked.name.as_str()).map(Vec::as_slice) {
                None => unmet.push(asked.text.clone()),
                Some([version]) if asked.takes(version) == Some(false) => {
                    unmet.push(format!("{} (here is {version})", asked.text));
                }
                Some(_) => {}
            }
        }
        if unmet.is_empty() {
            continue;
        }
        found.push(Finding {
            rule: "requirement-unmet".to_owned(),
            level: Level::Warning,
            message: format!(
                "what `{}` asks for isn't here: {}",
                package.name,
                few(unmet.iter().map(String::as_str)).replace('`', "")
            ),
            files: vec![package.place.clone()],
            details: vec![format!("{} {} says so in its metadata", package.name, package.version)],
            fix: Some(format!("pip install --upgrade {}", package.name)),
        });
    }
    found
}

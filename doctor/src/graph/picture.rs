//! What is drawn, without a place yet: a box for each group that shares, its modules as nodes, dashed edges where sharing ends, arrows
//! where a conduit goes on. Groups too large to read show packages in place of modules.

use std::collections::{BTreeMap, BTreeSet};

use super::text::counted;
use crate::environment::{Apart, Bridge, Environment, Group};
use crate::facts::{Confidence, FrameworkKind};

/// The most modules of a group that are drawn one by one.
const MOST_MODULES: usize = 24;

/// The most nodes of a box; the rest is counted.
const MOST_NODES: usize = 120;

/// The most boxes; only hostile input has more.
const MOST_BOXES: usize = 200;

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Modules that share.
    Shares,
    /// Modules of which it isn't known.
    Unknown,
    /// Modules of frameworks without a registry.
    Alone,
    /// Modules that this Python can't load.
    Broken,
}

/// A module, or several of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) label: String,
    /// What stands behind it: a line for each module.
    pub(super) members: Vec<String>,
    pub(super) conduit: bool,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) kind: Kind,
    /// The framework, for boxes of one.
    pub(super) framework: Option<FrameworkKind>,
    pub(super) title: String,
    /// The key in short.
    pub(super) key: String,
    /// The key as it stands in the file.
    pub(super) full_key: String,
    pub(super) nodes: Vec<Node>,
}

/// What connects two boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// They don't share.
    Apart,
    /// Objects pass through the conduit.
    Conduit,
}

/// An edge between two boxes, the upper one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) link: Link,
    pub(super) a: usize,
    pub(super) b: usize,
    /// What differs, or what passes.
    pub(super) label: String,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) title: String,
    pub(super) areas: Vec<Area>,
    pub(super) edges: Vec<Edge>,
    /// What was left out, when anything was.
    pub(super) left_out: Option<String>,
}

impl Picture {
    pub(super) fn of(environment: &Environment) -> Self {
        let python =
            environment.python.as_ref().map_or_else(|| "an unknown Python".to_owned(), |one| one.describe());
        let shown = environment.groups.len().min(MOST_BOXES);
        let mut areas: Vec<Area> =
            environment.groups[..shown].iter().map(|group| area(group, environment)).collect();
        let both = |a: usize, b: usize| a < shown && b < shown;
        let mut edges: Vec<Edge> =
            environment.apart.iter().filter(|apart| both(apart.a, apart.b)).map(isolation).collect();
        edges.extend(environment.bridges.iter().flat_map(conduits).filter(|edge| both(edge.a, edge.b)));
        areas.extend(alone(environment));
        areas.extend(broken(environment));
        let hidden = environment.groups.len() - shown;
        Self {
            title: format!("Modules of {python} that share types"),
            areas,
            edges,
            left_out: (hidden > 0).then(|| format!("{hidden} smaller groups aren't drawn")),
        }
    }
}

fn area(group: &Group, environment: &Environment) -> Area {
    let nodes = nodes(&group.modules, &group.conduit, environment);
    let unknown = group.confidence == Confidence::Unknown;
    let parts: Vec<String> = group
        .parts
        .iter()
        .filter_map(|part| match (part.name.as_str(), part.value.as_str()) {
            ("domain", "") => Some("default domain".to_owned()),
            (_, "") => None,
            ("domain", value) => Some(format!("domain {value}")),
            // A number alone says nothing.
            (name, value) if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(format!("{name} {value}"))
            }
            (_, value) => Some(value.to_owned()),
        })
        .collect();
    let key = parts.join(" · ");
    let whole = !group.key.is_empty();
    let what = match (unknown, group.framework) {
        (false, _) => "",
        (true, FrameworkKind::Nanobind) if whole => ", domain not known",
        (true, _) => ", key not known",
    };
    Area {
        kind: if unknown { Kind::Unknown } else { Kind::Shares },
        framework: Some(group.framework),
        title: format!("{}: {}{what}", group.framework, counted(group.modules.len(), "module")),
        key,
        full_key: group
            .why
            .iter()
            .filter(|_| unknown)
            .fold(group.key.clone(), |key, why| format!("{key}: {why}")),
        nodes,
    }
}

/// Nodes for modules, or for packages where there are too many modules.
fn nodes(modules: &[usize], conduit: &[usize], environment: &Environment) -> Vec<Node> {
    let conduit: BTreeSet<usize> = conduit.iter().copied().collect();
    let mut found: BTreeMap<&str, (Vec<String>, bool)> = BTreeMap::new();
    for &at in modules {
        let member = &environment.modules[at];
        let label =
            if modules.len() > MOST_MODULES { member.owner_or_label() } else { member.label.as_str() };
        let entry = found.entry(label).or_default();
        entry.0.push(member.label.clone());
        entry.1 |= conduit.contains(&at);
    }
    let total = found.len();
    let mut nodes: Vec<Node> = found
        .into_iter()
        .map(|(label, (members, conduit))| {
            let label =
                if members.len() > 1 { format!("{label} ({})", members.len()) } else { label.to_owned() };
            Node { label, members, conduit }
        })
        .collect();
    if total > MOST_NODES {
        nodes.truncate(MOST_NODES - 1);
        let label = format!("and {} more", total - nodes.len());
        nodes.push(Node { label, members: Vec::new(), conduit: false });
    }
    nodes
}

fn isolation(apart: &Apart) -> Edge {
    let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
    let part = |part: &crate::environment::DifferingPart| {
        let default = |value: &str| {
            if part.name == "domain" && value.is_empty() { "default".to_owned() } else { shown(value) }
        };
        format!("{} {} ≠ {}", part.name, default(&part.a), default(&part.b))
    };
    let parts: Vec<String> = apart.parts.iter().map(part).collect();
    Edge { link: Link::Apart, a: apart.a, b: apart.b, label: parts.join(", ") }
}

/// A conduit joins all its groups; drawn from each to the next.
fn conduits(bridge: &Bridge) -> Vec<Edge> {
    let edge = |pair: &[usize]| Edge {
        link: Link::Conduit,
        a: pair[0],
        b: pair[1],
        label: "arguments pass through the conduit".to_owned(),
    };
    bridge.groups.windows(2).map(edge).collect()
}

/// One box for all frameworks without a registry: a node for each framework.
fn alone(environment: &Environment) -> Option<Area> {
    let node = |one: &crate::environment::NoRegistry| Node {
        label: format!("{}: {}", one.framework, counted(one.modules.len(), "module")),
        members: one.modules.iter().map(|at| environment.modules[*at].label.clone()).collect(),
        conduit: false,
    };
    let nodes: Vec<Node> = environment.no_registry.iter().map(node).collect();
    (!nodes.is_empty()).then(|| Area {
        kind: Kind::Alone,
        framework: None,
        title: "No registry across modules".to_owned(),
        key: "these frameworks share no types by themselves".to_owned(),
        full_key: String::new(),
        nodes,
    })
}

fn broken(environment: &Environment) -> Option<Area> {
    let is_broken =
        |at: &usize| environment.modules[*at].extension && environment.modules[*at].obstacle.is_some();
    let modules: Vec<usize> = (0..environment.modules.len()).filter(is_broken).collect();
    (!modules.is_empty()).then(|| Area {
        kind: Kind::Broken,
        framework: None,
        title: format!("{} that this Python can't load", counted(modules.len(), "module")),
        key: String::new(),
        full_key: String::new(),
        nodes: nodes(&modules, &[], environment),
    })
}

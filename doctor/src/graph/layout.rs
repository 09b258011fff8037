//! Where everything stands: boxes below each other, their nodes in rows, edges in lanes beside the boxes. A lane holds edges that don't
//! overlap, so that none runs through a text or along another.

use super::picture::{Area, Link, Picture};
use super::text::{shortened, width};

/// The width of the whole picture, in pixels.
pub(super) const WIDTH: f64 = 960.0;
pub(super) const NODE: f64 = 26.0;
const GAP: f64 = 6.0;
const PAD: f64 = 14.0;
const LANE: f64 = 14.0;
const MARGIN: f64 = 12.0;
/// The room between boxes without and with a line of text on why they are apart.
const BETWEEN: f64 = 16.0;
const LINE: f64 = 20.0;
/// A box' title, and its key below.
const TITLE: f64 = 28.0;
const KEY: f64 = 20.0;
const WIDEST: f64 = 260.0;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A node with its text as it fits.
pub(super) struct PlacedNode {
    pub(super) rect: Rect,
    pub(super) label: String,
}

/// A box with what is in it.
pub(super) struct PlacedArea {
    pub(super) rect: Rect,
    /// Where a new framework begins: the line with its name.
    pub(super) heading: Option<(String, f64)>,
    pub(super) title: String,
    pub(super) key: String,
    pub(super) nodes: Vec<PlacedNode>,
}

/// An edge in its lane: from the upper box' side to the lower one's.
pub(super) struct PlacedEdge {
    pub(super) link: Link,
    pub(super) lane: f64,
    /// Where it leaves the upper box and reaches the lower one.
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
    /// Its text, above the lower box.
    pub(super) label: String,
    pub(super) full: String,
    pub(super) text: (f64, f64),
}

/// All of it.
pub(super) struct Layout {
    pub(super) height: f64,
    pub(super) areas: Vec<PlacedArea>,
    pub(super) edges: Vec<PlacedEdge>,
}

impl Layout {
    pub(super) fn of(picture: &Picture) -> Self {
        let (left, left_count) = lanes(picture, Link::Apart);
        let (right, right_count) = lanes(picture, Link::Conduit);
        let room = |count: usize| if count == 0 { 0.0 } else { LANE * count as f64 + 10.0 };
        let x = MARGIN + room(left_count);
        let box_width = (WIDTH - x - MARGIN - room(right_count)).max(200.0);
        let mut y = MARGIN;
        let mut areas: Vec<PlacedArea> = Vec::new();
        let mut texts = Vec::new();
        let mut framework = None;
        for (at, area) in picture.areas.iter().enumerate() {
            let mut heading = None;
            if at == 0 || area.framework.is_none() || area.framework != framework {
                framework = area.framework;
                if let Some(kind) = framework {
                    heading = Some((kind.name().to_owned(), y + 14.0));
                    y += 26.0;
                }
            }
            for (number, edge) in picture.edges.iter().enumerate().filter(|(_, edge)| edge.b == at) {
                texts.push((number, y + 12.0));
                let _ = edge;
                y += LINE;
            }
            let placed = place(area, x, y, box_width, heading);
            y += placed.rect.height + BETWEEN;
            areas.push(placed);
        }
        let mut edges: Vec<PlacedEdge> = Vec::new();
        for (number, text_y) in texts {
            let edge = &picture.edges[number];
            let (a, b) = (areas[edge.a].rect, areas[edge.b].rect);
            let (lane, side_x) = match edge.link {
                Link::Apart => (x - 10.0 - LANE * left[number] as f64, x),
                Link::Conduit => (x + box_width + 10.0 + LANE * right[number] as f64, x + box_width),
            };
            // Each edge of a box leaves it a little lower than the one before.
            let used = edges.iter().filter(|other| other.link == edge.link && other.from.0 == side_x).count();
            let step = (used % 4) as f64 * 6.0;
            let number_of = |at: usize| at + 1;
            let text = match edge.link {
                Link::Apart => format!("not with {}: {}", number_of(edge.a), edge.label),
                Link::Conduit => format!("with {}: {}", number_of(edge.a), edge.label),
            };
            edges.push(PlacedEdge {
                link: edge.link,
                lane,
                from: (side_x, a.y + (14.0 + step).min(a.height - 4.0)),
                to: (side_x, b.y + 14.0),
                label: shortened(&text, box_width - 24.0),
                full: text,
                text: (x + 4.0, text_y),
            });
        }
        Self { height: y - BETWEEN + MARGIN, areas, edges }
    }
}

/// A lane for each edge of a kind, and how many lanes that takes: the first one that is free over the edge's whole length.
fn lanes(picture: &Picture, link: Link) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> =
        (0..picture.edges.len()).filter(|at| picture.edges[*at].link == link).collect();
    // Short edges first: they get the lanes next to the boxes.
    order.sort_by_key(|at| picture.edges[*at].b - picture.edges[*at].a);
    let mut taken: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut lanes = vec![0; picture.edges.len()];
    const MOST: usize = 8;
    for at in order {
        let (a, b) = (picture.edges[at].a, picture.edges[at].b);
        // Edges that leave the same box share its lane: they fan out from one line.
        let free = |lane: &Vec<(usize, usize)>| lane.iter().all(|&(c, d)| b <= c || d <= a || a == c);
        let lane = taken.iter().position(free).unwrap_or(taken.len()).min(MOST - 1);
        if lane == taken.len() {
            taken.push(Vec::new());
        }
        taken[lane].push((a, b));
        lanes[at] = lane;
    }
    (lanes, taken.len())
}

fn place(area: &Area, x: f64, y: f64, box_width: f64, heading: Option<(String, f64)>) -> PlacedArea {
    let inner = box_width - 2.0 * PAD;
    let head = if area.key.is_empty() { TITLE } else { TITLE + KEY };
    let mut nodes = Vec::new();
    let (mut node_x, mut node_y) = (x + PAD, y + head + 4.0);
    for node in &area.nodes {
        let dot = if node.conduit { 14.0 } else { 0.0 };
        let label = shortened(&node.label, WIDEST.min(inner - 20.0 - dot));
        let node_width = width(&label) + 20.0 + dot;
        if node_x + node_width > x + PAD + inner && node_x > x + PAD {
            node_x = x + PAD;
            node_y += NODE + GAP;
        }
        nodes
            .push(PlacedNode { rect: Rect { x: node_x, y: node_y, width: node_width, height: NODE }, label });
        node_x += node_width + GAP;
    }
    let height = node_y + NODE + PAD - y;
    PlacedArea {
        rect: Rect { x, y, width: box_width, height },
        heading,
        title: shortened(&area.title, inner - 60.0),
        key: shortened(&area.key, inner),
        nodes,
    }
}

//! The environment as a picture and as a page.
//!
//! - `picture`: what is drawn: boxes, nodes and edges, without a place; `text`: shortening, the width of letters;
//! - `mermaid`: the picture in Mermaid's language;
//! - `layout`: where everything stands; `svg`: the picture as SVG, for light and dark;
//! - `html`: the whole report as one file that asks for nothing else and works without scripts; `table`: its tables.
//!
//! Names come from foreign files: every text is escaped where it is written, by the writer of that language.

mod html;
mod layout;
mod mermaid;
mod picture;
mod svg;
mod table;
mod text;

pub use html::html;
pub use mermaid::mermaid;
pub use svg::svg;

//! What people read: one file a command, each a function from facts to a [`Page`].
//!
//! `page` is the sheet: styled lines, wrapped at the screen's width; `line` its styled text; `table` makes columns fit;
//! `words` says facts in words that several views share. No view reads a file, decides, or prints.

mod line;
mod page;
mod table;
pub(crate) mod words;

pub mod audit;
pub mod check;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod findings;
pub mod inspect;
pub mod live;
pub mod lock;

pub use line::{Line, Role};
pub use page::{Page, Screen};
pub use table::{Column, Cut, Table};

//! The truth corpus of the doctor: real wheels, and what is known of them from elsewhere.
//!
//! [`truth`] reads the data in `doctor/corpus/`; [`wheels`] brings a wheel into `target/corpus` by its hash; [`judge`] holds
//! what the doctor says against the truth, and [`score`] counts.

pub mod judge;
pub mod score;
pub mod truth;
pub mod wheels;

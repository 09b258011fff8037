//! What one extension module gives to others in C, and asks of them: functions by name, classes by size, capsules by name. Python
//! checks some of it while a module is imported, and the rest never.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::Evidence;

/// A module's C API, both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CApi {
    /// Functions that it gives to others (Cython's `__pyx_capi__`).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub gives: Vec<CFunction>,
    /// How texts begin that hold one more function's name, and end nobody knows where; not published.
    #[serde(skip)]
    #[schemars(skip)]
    pub open: Vec<String>,
    /// Functions that it asks of others.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub takes: Vec<TakenFunction>,
    /// Classes in its data, with the sizes of their objects.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub classes: Vec<SizedClass>,
    /// Classes of others whose objects it takes to be of a size.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub expects: Vec<ExpectedClass>,
    /// Tables that it gives to others in a capsule.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub capsules: Vec<Capsule>,
    /// Capsules that it asks others for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub asks: Vec<Capsule>,
}

impl CApi {
    /// Whether it may give functions whose names weren't read: a module can have several packed lists, and the last name of each has
    /// no end.
    pub fn may_give_more(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A function that a module gives to others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CFunction {
    /// Its name.
    pub name: String,
    /// Its signature, as Cython writes it.
    pub signature: String,
}

/// A function that a module asks of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TakenFunction {
    /// The other module.
    pub module: String,
    /// Its name.
    pub name: String,
    /// The signature that it was compiled with.
    pub signature: String,
}

/// A class and the size of its objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SizedClass {
    /// Its name, with the module's.
    pub name: String,
    /// `tp_basicsize`.
    pub size: u64,
    /// `tp_itemsize`.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub item: u64,
}

/// A class of another module, whose objects a module takes to be of a size.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedClass {
    /// The other module.
    pub module: String,
    /// The class.
    pub class: String,
    /// The size that it was compiled with.
    pub size: u64,
    /// How its members are aligned.
    pub alignment: u64,
    /// What it does where objects are larger; absent: the code doesn't tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub larger: Option<Larger>,
    /// The call that says so.
    pub evidence: Evidence,
}

/// What a module does where objects of another's class are larger than it was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Larger {
    /// It isn't imported.
    Refused,
    /// It warns.
    Warned,
    /// It takes no notice.
    Taken,
}

/// A capsule by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Capsule {
    /// Its name: `package.module._C_API`.
    pub name: String,
    /// How many pointers stand in the table that it holds, where that is in the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entries: Option<u64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

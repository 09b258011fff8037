//! Why something was refused: one slug a kind, read by errors, the error index, JSON and the conformance suite.
//!
//! A slug is for ever. The list below is the only one; a test asks for a page in the error index and a case in the
//! matrix for every line.

use core::fmt;
use core::str::FromStr;

macro_rules! reasons {
    ($( $variant:ident = $code:literal, $slug:literal, $summary:literal; )+) => {
        /// A kind of refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum Reason {
            $( #[doc = concat!("`", $slug, "`: ", $summary, ".")] $variant = $code, )+
        }

        impl Reason {
            /// Every reason, in the order of the check.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the stable name: the anchor in the error index and `detected(…)` in the matrix.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),+ }
            }

            /// Returns one line for lists.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary),+ }
            }

            /// Returns the number that crosses libraries in a [`Fault`](crate::values::Fault).
            pub const fn code(self) -> u32 {
                self as u32
            }

            /// Finds the reason with that number; one that only a newer build knows is `None`.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    // Step 0: this build against the running Python.
    GilBuild = 1, "gil-build", "one side is built for a free-threaded Python, the other isn't";
    PythonVersion = 2, "python-version", "the build is for another version of Python";
    Implementation = 3, "implementation", "the build is for another implementation of Python";
    TraceRefs = 4, "trace-refs", "one side is built with Py_TRACE_REFS, which changes the object header";
    // Step 1: capsule, record headers.
    NotACapsule = 10, "not-a-capsule", "something else stands where the core's capsule belongs";
    BadMagic = 11, "bad-magic", "a record starts with another kind's magic";
    MalformedRecord = 12, "malformed-record", "a record's size, text or slots contradict its version";
    OtherMajor = 13, "other-major", "a record has another major version";
    ServiceMissing = 14, "service-missing", "nobody in this process offers the service";
    ServiceTooOld = 15, "service-too-old", "the service's maker doesn't know the slot that is needed";
    // Step 2: platform parts that can differ in one process.
    CAbi = 20, "c-abi", "the two builds call C functions differently";
    NativeAbi = 21, "native-abi", "the two builds' C++ compilers or standard libraries lay objects out differently";
    // Step 3: interpreter and state.
    OtherInterpreter = 30, "other-interpreter", "the object or record belongs to another interpreter";
    InterpreterEnding = 31, "interpreter-ending", "the interpreter is ending";
    Pyo3SingleInterpreter = 32, "pyo3-single-interpreter", "the module serves one interpreter and is in use in another";
    InterpreterNotSupported = 33, "interpreter-not-supported", "the module says that it doesn't support this kind of interpreter";
    // Step 4: the object.
    NotPublished = 40, "not-published", "no module has published a type of that name";
    WrongObject = 41, "wrong-object", "the object is not an instance of a type published under that name";
    // Step 5: name, version, slots.
    NameDiffers = 50, "name-differs", "the record carries another name than it was published under";
    VersionDiffers = 51, "version-differs", "the provider's version is outside the consumer's requirement";
    KindDiffers = 52, "kind-differs", "one side has a data type, the other an interface";
    SlotMissing = 53, "slot-missing", "the provider lacks a method that the consumer needs";
    // Step 6: layout and signatures.
    LayoutDiffers = 60, "layout-differs", "the two sides lay the type out differently";
    SignatureDiffers = 61, "signature-differs", "a method's slot or signature differs";
    // Step 7: pointer, thread, borrow.
    Misaligned = 70, "misaligned", "the provider's data is not aligned as the type needs";
    WrongThread = 71, "wrong-thread", "the object may be used only on the thread that made it";
    AlreadyBorrowed = 72, "already-borrowed", "the object is borrowed in a way that excludes this borrow";
    Frozen = 73, "frozen", "an exclusive borrow of a frozen class";
    Untracked = 74, "untracked", "the provider tracks no borrows, so no reference can be given out";
    // Calls and values.
    ProviderPanicked = 80, "provider-panicked", "the provider's code panicked";
    ProviderRaised = 81, "provider-raised", "the provider's code raised an exception or returned an error";
    InvalidValue = 82, "invalid-value", "a value is not one of its type's";
    NotAttached = 83, "not-attached", "the method handles Python objects and was called on a detached thread";
    // Publishing and making objects.
    NotShareable = 90, "not-shareable", "the class can't be published as this type";
    NotConstructible = 91, "not-constructible", "the provider can't make objects for others";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// A slug that names no [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownReason;

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such reason; the error index lists them all")
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(slug: &str) -> Result<Self, UnknownReason> {
        Self::ALL.iter().copied().find(|reason| reason.slug() == slug).ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    #[test]
    fn every_slug_and_code_leads_back_to_its_reason_and_to_no_other() {
        let mut slugs = BTreeSet::new();
        for &reason in Reason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(reason));
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert!(slugs.insert(reason.slug()));
        }
    }
}

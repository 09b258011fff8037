//! Partners of C++ and C: recognised by the libraries that a file asks for, and by the names of their own namespaces among its
//! symbols. Who asks, who brings the library, and who gives out a copy of it that is linked in.

use crate::facts::{Claim, Evidence, Partner, PartnerKind, PartnerRole, Source};
use crate::frameworks::Seen;

use super::torch;

/// What tells one of them.
struct Known {
    kind: PartnerKind,
    /// What its libraries' names begin with, without `lib`.
    stems: &'static [&'static str],
    /// What names of its own begin with.
    symbols: &'static [&'static str],
}

const KNOWN: [Known; 6] = [
    Known {
        kind: PartnerKind::Pytorch,
        stems: &["torch", "c10"],
        symbols: &[
            "_ZN3c10",
            "_ZNK3c10",
            "_ZN2at4_ops",
            "_ZN2at6Tensor",
            "_ZN5torch3jit",
            "_ZN5torch8autograd",
        ],
    },
    Known {
        kind: PartnerKind::Tensorflow,
        stems: &["tensorflow_framework", "tensorflow_cc"],
        symbols: &["_ZN10tensorflow", "_ZNK10tensorflow", "_ZN3tsl", "_ZNK3tsl"],
    },
    Known { kind: PartnerKind::Arrow, stems: &["arrow"], symbols: &["_ZN5arrow", "_ZNK5arrow"] },
    Known {
        kind: PartnerKind::Protobuf,
        stems: &["protobuf"],
        symbols: &["_ZN6google8protobuf", "_ZNK6google8protobuf"],
    },
    Known { kind: PartnerKind::Abseil, stems: &["absl"], symbols: &["_ZN4absl", "_ZNK4absl"] },
    Known {
        kind: PartnerKind::Openmp,
        stems: &["gomp", "omp", "iomp5", "vcomp"],
        symbols: &["GOMP_", "__kmpc_", "omp_get_max_threads"],
    },
];

/// More names of one library than are worth looking at.
const MOST_ASKED: usize = 4096;
/// A copy gives out more names than a few templates of its headers.
const COPY: usize = 16;

pub(super) fn find(seen: &Seen<'_, '_>) -> Vec<Partner> {
    let image = seen.image;
    // One pass over the names: most are none of these.
    let mut asked: [Vec<&str>; KNOWN.len()] = Default::default();
    let mut given: [(usize, Option<&str>); KNOWN.len()] = Default::default();
    let which = |name: &str| {
        let starts = |known: &Known| known.symbols.iter().any(|symbol| name.starts_with(symbol));
        matches!(name.as_bytes().first(), Some(b'_' | b'G' | b'o'))
            .then(|| KNOWN.iter().position(starts))
            .flatten()
    };
    for name in &image.imports {
        if let Some(at) = which(name).filter(|at| asked[*at].len() < MOST_ASKED) {
            asked[at].push(name);
        }
    }
    for export in &image.exports {
        if let Some(at) = which(&export.name) {
            given[at] = (given[at].0 + 1, given[at].1.or(Some(&export.name)));
        }
    }
    let mut found = Vec::new();
    for (at, known) in KNOWN.iter().enumerate() {
        let libraries = seen.needed(|name| known.is_library(name));
        let own = image.linking.own_name.as_deref().filter(|name| known.is_library(name));
        let mut proofs = libraries.clone();
        proofs.extend(
            asked[at].iter().take(2).map(|name| Evidence::new(Source::Symbol, format!("imports {name}"))),
        );
        let exports = given[at].1.map(|name| Evidence::new(Source::Symbol, format!("exports {name}")));
        let role = match (own, given[at].0 >= COPY) {
            (Some(_), _) => PartnerRole::Brings,
            (None, true) if libraries.is_empty() => PartnerRole::Exports,
            _ if !libraries.is_empty() => PartnerRole::Needs,
            // Names that it asks for without a library: another file has to be loaded first.
            _ if !asked[at].is_empty() && given[at].0 == 0 => PartnerRole::Needs,
            _ => continue,
        };
        if role != PartnerRole::Needs {
            proofs = own
                .map(|name| Evidence::new(Source::Section, format!("its own name is {name}")))
                .into_iter()
                .chain(exports)
                .collect();
        }
        let (lowest, highest) = if known.kind == PartnerKind::Pytorch && role == PartnerRole::Needs {
            torch::releases(&asked[at])
        } else {
            let release = known.release(seen, &asked[at], given[at].1, own);
            (release.clone(), release)
        };
        found.push(Partner {
            kind: known.kind,
            role,
            present: Claim::certain(true, proofs),
            generation: None,
            lowest,
            highest,
            through: None,
        });
    }
    found
}

impl Known {
    fn is_library(&self, name: &str) -> bool {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let name = name.strip_prefix("lib").unwrap_or(name);
        self.stems.iter().any(|stem| {
            name.strip_prefix(stem).is_some_and(|rest| {
                rest.starts_with(['.', '-', '_']) || rest.starts_with(|c: char| c.is_ascii_digit())
            })
        })
    }

    /// The release, where names or libraries have it in them.
    fn release(
        &self,
        seen: &Seen<'_, '_>,
        asked: &[&str],
        given: Option<&str>,
        own: Option<&str>,
    ) -> Option<Claim<String>> {
        match self.kind {
            // Each long-term release has a namespace of its own: `absl::lts_20240722`.
            PartnerKind::Abseil => asked.iter().copied().chain(given).find_map(|name| {
                let digits = name.split_once("lts_")?.1.get(..8)?;
                let is = digits.bytes().all(|byte| byte.is_ascii_digit());
                is.then(|| Claim::certain(digits.to_owned(), [Evidence::new(Source::Symbol, name)]))
            }),
            // `libarrow.so.2600` is 26.0.
            PartnerKind::Arrow => {
                let needed = seen.image.needed.iter().map(String::as_str);
                needed.chain(own).filter(|name| self.is_library(name)).find_map(|name| {
                    let number: u32 = name.split_once(".so.")?.1.split('.').next()?.parse().ok()?;
                    (number >= 100).then(|| {
                        let release = format!("{}.{}", number / 100, number % 100);
                        Claim::certain(release, [Evidence::new(Source::Needed, name)])
                    })
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_known_by_the_beginning_of_their_names() {
        let kind = |name: &str| KNOWN.iter().find(|known| known.is_library(name)).map(|known| known.kind);
        assert_eq!(kind("libtorch_python.so"), Some(PartnerKind::Pytorch));
        assert_eq!(kind("@rpath/libc10.dylib"), Some(PartnerKind::Pytorch));
        assert_eq!(kind("libgomp-a34b3233.so.1.0.0"), Some(PartnerKind::Openmp));
        assert_eq!(kind("libarrow.so.2600"), Some(PartnerKind::Arrow));
        assert_eq!(kind("libomptarget.so"), None);
        assert_eq!(kind("libtorchaudio.so"), None);
    }
}

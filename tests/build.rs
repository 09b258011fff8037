//! Sets `cfg(loom)` for this package alone: its models compile the shim's lock-free files with loom's atomics.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
}

#!/bin/sh -e
# Builds the four modules apart from each other and runs the demo: on Linux, with Rust, a CPython from 3.9 to 3.14 with its headers,
# and g++. clang++ compiles the module of nanobind where there is one. PYTHON says which Python, BUILD where the result goes.
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3} build=${BUILD:-$here/build}
mkdir -p "$build" && cd "$build"
[ -x venv/bin/python ] || "$python" -m venv venv
venv/bin/python -m pip install --quiet pybind11 nanobind Cython
python=$build/venv/bin/python
export PYO3_PYTHON=$python PYO3_BUILD_EXTENSION_MODULE=1
cargo build --quiet --release --locked --manifest-path "$here/../../shim/capi/Cargo.toml" --target-dir capi
cargo build --quiet --release --locked --manifest-path "$here/py_points/Cargo.toml" --target-dir py_points.target
cp py_points.target/release/libpy_points.so py_points.so
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
headers="-I$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))') -I$here/../../shim/include"
common="-O2 -shared -fPIC -fvisibility=hidden -DINTERBIND_STATIC $headers"
link="-Wl,--exclude-libs,ALL capi/release/libinterbind.a -pthread -lm"
g++ -std=c++17 $common -I"$packages/pybind11/include" "$here/pb_points.cpp" $link -o pb_points.so
other=$(command -v clang++ || command -v g++)
"$other" -std=c++17 $common -DNB_COMPACT_ASSERTIONS -fno-strict-aliasing -I"$packages/nanobind/include" \
    -I"$packages/nanobind/ext/robin_map/include" "$here/nb_points.cpp" "$packages/nanobind/src/nb_combined.cpp" $link -o nb_points.so
PYTHONPATH=$here/../../python "$python" -m cython -3 "$here/cy_points.pyx" -o cy_points.c
gcc $common cy_points.c $link -o cy_points.so
PYTHONPATH=$build "$python" "$here/demo.py"

"""Builds `cclient` with setuptools: `pip install interbind setuptools`, then `python setup.py build_ext --inplace`."""

import interbind
from setuptools import Extension, setup

setup(
    name="cclient",
    version="0.1.0",
    py_modules=[],
    install_requires=[f"interbind>={interbind.__version__}"],
    ext_modules=[Extension("cclient", ["cclient.c"], include_dirs=[interbind.get_include()], libraries=["m"])],
)

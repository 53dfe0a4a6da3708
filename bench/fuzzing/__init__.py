"""Fuzzing: mutated inputs for all that reads a file, and for the kernels.

``python -m bench.fuzzing --minutes 30 --seed 1`` runs all of it and writes
``bench/results/fuzzing.json``. Readers are driven by atheris, guided by the coverage of our Python
modules; kernels by libFuzzer with the address and undefined-behaviour sanitizers (`native.cpp`).
A target (`targets`) is a reader with some good inputs (`seeds`) and what must hold: an input is
read right, or refused by one of our own exceptions in one line, within ten seconds.
"""

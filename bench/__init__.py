"""Benchmarks: each module writes a JSON file to ``bench/results`` with its command, versions, machine and date."""

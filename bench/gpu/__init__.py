"""The encoder on an NVIDIA GPU: how fast, how close to the CPU, how near to what the card can do.

`__main__.py` runs the parts that are asked for and writes `bench/results/gpu.json`: `rates.py` the
encoders side by side, `work.py` what they compute and move and what the card could, `ends.py` from
FASTA to vectors. `kernel.py` runs our own kernel and nothing else, for tools that look into it;
`session.sh` does all of it, with those tools, in a quarter of an hour.
"""

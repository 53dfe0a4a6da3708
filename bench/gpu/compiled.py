"""What NVRTC makes of our own encoder, for each compute capability; needs no GPU.

python -m bench.gpu.compiled [--model llmbin-edge] [--bands 1]
"""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import replace

from llmbin.model.fused_program import compile_program
from llmbin.model.fused_weights import EncoderSizes, encoder_sizes
from llmbin.model.pack import find_pack, load_pack
from llmbin.options import DEFAULT_MODEL

CAPABILITIES = ((7, 5), (8, 0), (8, 6), (8, 7), (8, 9), (9, 0), (12, 0))


def compiled(sizes: EncoderSizes, capability: tuple[int, int]) -> dict[str, float]:
    """Registers, bytes of spills, of machine code and of shared memory; seconds that it took."""
    began = time.perf_counter()
    code, said = compile_program(sizes, capability, ("--ptxas-options=-v",))
    seconds = time.perf_counter() - began

    def number(pattern: str) -> int:
        found = re.search(pattern, said)
        if found is None:
            raise ValueError(f"ptxas does not say {pattern}: {said}")
        return int(found[1])

    return {
        "registers": number(r"Used (\d+) registers"),
        "spill_stores": number(r"(\d+) bytes spill stores"),
        "spill_loads": number(r"(\d+) bytes spill loads"),
        "machine_code": len(code),
        "shared_memory": sizes.most_shared_bytes,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--bands", type=int, default=1, choices=(1, 2))
    options = parser.parse_args()
    sizes = encoder_sizes(load_pack(find_pack(options.model)).config)
    sizes = replace(sizes, bands=options.bands)
    for capability in CAPABILITIES:
        print("{}.{}".format(*capability), compiled(sizes, capability), flush=True)


if __name__ == "__main__":
    main()

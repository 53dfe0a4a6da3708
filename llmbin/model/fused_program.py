"""The GPU's own encoder, compiled by NVRTC for one pack and one kind of GPU."""

from __future__ import annotations

from typing import Any

from ..errors import DeviceError, first_line
from .fused_weights import EncoderSizes

ENTRY = b"encode_windows"


def program_source(sizes: EncoderSizes) -> str:
    """CUDA C++ of the encoder, for a pack of these sizes."""
    from .. import _kernels

    defined = {
        "WIDTH": sizes.width,
        "STRIDE": sizes.stride,
        "STEM_KERNEL": sizes.stem_kernel,
        "KERNEL": sizes.kernel,
        "EXPAND": sizes.expand,
        "BANDS": sizes.bands,
        "DILATIONS": ", ".join(map(str, sizes.dilations)),
        "MOST_THREADS": sizes.most_threads,
    }
    lines = [f"#define LLMBIN_{name} {value}" for name, value in defined.items()]
    return "\n".join([*lines, _kernels.encoder_source()])


def compile_program(
    sizes: EncoderSizes, capability: tuple[int, int], options: tuple[str, ...] = ()
) -> tuple[bytes, str]:
    """Machine code for GPUs of a compute capability, and what the compiler said.

    Needs no GPU.

    Raises:
        DeviceError: NVRTC is missing, or does not know such GPUs.
    """
    nvrtc = _nvrtc()
    arch = "sm_{}{}".format(*capability)
    arguments = [f"--gpu-architecture={arch}".encode(), b"--std=c++17"]
    arguments += [option.encode() for option in options]
    source = program_source(sizes).encode()
    _, program = nvrtc.nvrtcCreateProgram(source, b"encoder.cu", 0, [], [])
    try:
        (status,) = nvrtc.nvrtcCompileProgram(program, len(arguments), arguments)
        log = b" " * nvrtc.nvrtcGetProgramLogSize(program)[1]
        nvrtc.nvrtcGetProgramLog(program, log)
        said = log.decode(errors="replace").strip("\0 \n")
        if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            why = said or nvrtc.nvrtcGetErrorString(status)[1].decode()
            raise DeviceError(f"NVRTC cannot compile it for {arch} ({first_error(why)})")
        code = b" " * nvrtc.nvrtcGetCUBINSize(program)[1]
        nvrtc.nvrtcGetCUBIN(program, code)
    finally:
        nvrtc.nvrtcDestroyProgram(program)
    return code, said


def first_error(said: str) -> str:
    """The line of a compiler's log that says what is wrong."""
    lines = said.splitlines()
    return next((line for line in lines if "error" in line), lines[0])


def _nvrtc() -> Any:
    try:
        from cuda.bindings import nvrtc

        nvrtc.nvrtcVersion()  # loads the library
    except Exception as error:  # RuntimeError, or a class of cuda-pathfinder's
        raise DeviceError(
            f"NVRTC cannot be loaded ({first_line(error)}); "
            "`pip install 'llmbin-fast[gpu]'` brings it"
        ) from None
    return nvrtc

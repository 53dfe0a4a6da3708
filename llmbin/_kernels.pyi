"""Types of the native kernels (kernels/bind)."""

import numpy as np
import numpy.typing as npt

def give_back_memory() -> None: ...
def encode_bases(sequence: bytes) -> npt.NDArray[np.uint8]: ...
def packed_bases(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]: ...
def tetranucleotides(contigs: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint32]: ...
def hexamers(contigs: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint32]: ...

class PeptideTable:
    def __init__(
        self, words: npt.NDArray[np.uint32], column: npt.NDArray[np.uint8], columns: int
    ) -> None: ...
    @property
    def columns(self) -> int: ...

def codons(
    contigs: list[npt.NDArray[np.uint8]],
    shortest: int,
    peptides: PeptideTable,
    weights: npt.NDArray[np.int16],
) -> tuple[
    npt.NDArray[np.uint32],
    npt.NDArray[np.uint32],
    npt.NDArray[np.uint32],
    npt.NDArray[np.int32],
    npt.NDArray[np.uint32],
]: ...
def peptide_words(codes: npt.NDArray[np.uint8], shortest: int) -> npt.NDArray[np.uint32]: ...
def random_numbers(first: int, second: int, count: int) -> list[float]: ...
def base_counts(codes: npt.NDArray[np.uint8]) -> tuple[int, int]: ...
def gap_bases(codes: npt.NDArray[np.uint8]) -> int: ...
def without_gaps(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]: ...
def has_bases(sequence: bytes, least: int) -> bool: ...
def neighbours(
    vectors: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    effective_dims: float,
    queries: npt.NDArray[np.int32],
    references: npt.NDArray[np.int32],
    k: int,
    threads: int = 1,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def neighbours_in_cells(
    vectors: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    effective_dims: float,
    queries: npt.NDArray[np.int32],
    references: npt.NDArray[np.int32],
    bounds: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int32],
    k: int,
    threads: int = 1,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def neighbours_emulated(
    vectors: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    effective_dims: float,
    queries: npt.NDArray[np.int32],
    references: npt.NDArray[np.int32],
    k: int,
    slices: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def encoder_source() -> str: ...
def encoder_needs(sizes: list[int], bases: int) -> tuple[int, int]: ...
def encode_emulated(
    sizes: list[int],
    chunks: npt.NDArray[np.uint16] | npt.NDArray[np.float32],
    numbers: npt.NDArray[np.float32],
    packed: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int32],
    bases: int,
    backwards: bool = False,
) -> npt.NDArray[np.float32]: ...

# Built with LLMBIN_CUDA only.
def cuda_devices() -> int: ...
def neighbours_on_gpu(
    vectors: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    effective_dims: float,
    queries: npt.NDArray[np.int32],
    references: npt.NDArray[np.int32],
    k: int,
    device: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def spanning_forest(
    index: npt.NDArray[np.int32], distance: npt.NDArray[np.float32], core: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def spanning_tree(
    vectors: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    effective_dims: float,
    core: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
def node_sums(
    rows: npt.NDArray[np.float64], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]: ...
def node_markers(
    copies: npt.NDArray[np.int16],
    used: npt.NDArray[np.bool_],
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]: ...
def all_near(
    near: npt.NDArray[np.bool_], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint8]: ...
def best_nodes(
    worth: npt.NDArray[np.float64], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint8]: ...
def nodes_above(
    wanted: npt.NDArray[np.bool_], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]: ...
def linked_tree(
    low: npt.NDArray[np.int32], high: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]: ...
def spaced_words(
    contigs: list[npt.NDArray[np.uint8]], rate: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]: ...

class WordTable:
    bases: int
    def __init__(self, rate: int) -> None: ...
    def add(
        self,
        words: npt.NDArray[np.uint32],
        ends: npt.NDArray[np.int64],
        bases: npt.NDArray[np.int64],
    ) -> None: ...
    def thin(self) -> None: ...
    def __len__(self) -> int: ...
    def words(self) -> npt.NDArray[np.uint32]: ...
    def shared(
        self, most: int, most_matches: int, threads: int = 1
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]: ...
    def shared_since(
        self,
        most: int,
        most_matches: int,
        threads: int,
        place: npt.NDArray[np.int32],
        then: tuple[int, npt.NDArray[np.uint32]],
    ) -> tuple[
        npt.NDArray[np.int32],
        npt.NDArray[np.float32],
        bool,
        npt.NDArray[np.int32],
        int,
        npt.NDArray[np.uint32],
    ]: ...

class FastaParser:
    error: str
    error_line: int
    def feed(self, data: bytes) -> bool: ...
    def finish(self) -> bool: ...
    def take(self) -> list[tuple[bytes, bytes, int, bytes]]: ...

def sample_reads(
    data: bytes, lengths: list[int], skip_flags: int, most: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]: ...
def likely_record(data: bytes, lengths: list[int]) -> bool: ...

class DepthCounter:
    reads: int
    mapped: int
    counted: int
    unsorted: bool
    error: str
    def __init__(
        self,
        lengths: list[int],
        min_identity: float,
        edge: int,
        skip_flags: int,
        long_reads: bool,
        long_read: int,
        long_identity: float,
    ) -> None: ...
    def piece(self) -> DepthCounter: ...
    def feed(self, data: bytes) -> bool: ...
    def append(self, next: DepthCounter) -> bool: ...
    def finish(self) -> bool: ...
    def depths(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...

class MarkerScanner:
    def __init__(
        self,
        profiles: npt.NDArray[np.float32],
        first: list[int],
        words: list[int],
        least_bits: list[float],
        least_residues: int,
        telling: int,
    ) -> None: ...
    def scan(
        self, contigs: list[npt.NDArray[np.uint8]]
    ) -> list[tuple[int, int, str, int, bool, bool]]: ...

class ProfileAligner:
    def __init__(
        self, profile: npt.NDArray[np.float32], transitions: npt.NDArray[np.float32]
    ) -> None: ...
    def align(self, protein: str, diagonal: int | None = None) -> tuple[float, int, int]: ...

class RrnaScanner:
    def __init__(
        self,
        profiles: npt.NDArray[np.float32],
        first: list[int],
        kinds: list[int],
        words: int,
        thresholds: list[float],
    ) -> None: ...
    def scan(
        self, contigs: list[npt.NDArray[np.uint8]]
    ) -> list[tuple[int, int, int, int, bool, float, float]]: ...

class TrnaScanner:
    def __init__(
        self,
        pairs: npt.NDArray[np.float32],
        singles: npt.NDArray[np.float32],
        variable: npt.NDArray[np.float32],
        turns: npt.NDArray[np.float32],
        least_arm: float,
        least_bits: float,
    ) -> None: ...
    def scan(
        self, contigs: list[npt.NDArray[np.uint8]]
    ) -> list[tuple[int, int, int, bool, int, float]]: ...

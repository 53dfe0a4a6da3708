// Open frames of a contig: where its genes lie, near enough, for next to nothing.
//
// Memory: the caller's sequence; some 1 byte a base while it works. Threads: any. Throws:
// std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

struct Frame {
    size_t begin, end;  // on the forward strand, a whole number of codons
    bool reverse;
};

// Number of three bases (bases.hpp), by the order A C G T.
constexpr size_t codon_of(int a, int b, int c) { return static_cast<size_t>(a * 16 + b * 4 + c); }

// Number of the codon on the other strand.
constexpr size_t complement_of(size_t codon) {
    const size_t a = codon >> 4, b = codon >> 2 & 3, c = codon & 3;
    return (3 - c) << 4 | (3 - b) << 2 | (3 - a);
}

// Frames of codes [n] (bases.hpp) on either strand without a stop of the standard code or an
// unknown base, of `shortest` bases or more. The longest goes first, of equal ones the first on the
// contig, and the forward strand before the reverse. A frame is left out where frames before it
// cover more than a third of it.
std::vector<Frame> open_frames(const uint8_t *codes, size_t n, size_t shortest);

// The same frames, or, of a contig that shows TGA to be a residue (genetic codes 4 and 25), those
// that only TAA and TAG end. It shows so where long frames cover half of it then, and at least
// twice what they cover of it otherwise: `frames` are those of open_frames.
std::vector<Frame> frames_as_read(const uint8_t *codes, size_t n, size_t shortest,
                                  std::vector<Frame> frames);

}  // namespace llmbin

// Codon usage of a contig's open frames: a view of the genome that plain k-mers blur, for next to
// nothing.
//
// Memory: the caller's, in and out; some 1 byte a base while it works. Threads: any, as long as
// outputs differ. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace llmbin {

constexpr size_t kLayout = 6;

// Adds to usage [64] the codons, by the order A C G T, of the open frames of codes [n] (bases.hpp)
// on either strand that have `shortest` bases or more. The longest frame goes first, of equal ones
// the first on the contig, and the forward strand before the reverse. A frame is left out where
// frames before it cover more than a third of it.
//
// Adds to layout [6] how those frames lie: bases in frames under 300, 600 and 1200 bases and in
// longer ones, the number of frames, and how often the strand changes from one to the next.
void count_codons(const uint8_t *codes, size_t n, size_t shortest, uint32_t *usage,
                  uint32_t *layout);

}  // namespace llmbin

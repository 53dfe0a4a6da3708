// Codon usage of a contig's open frames: a view of the genome that plain k-mers blur, for next to
// nothing.
//
// Memory: the caller's, in and out. Threads: any, as long as outputs differ. Throws:
// std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "frames.hpp"

namespace llmbin {

constexpr size_t kLayout = 6;

// Adds to usage [64] the codons, by the order A C G T, of open frames (frames.hpp) of codes.
void count_codons(const uint8_t *codes, const std::vector<Frame> &frames, uint32_t *usage);

// Adds to layout [6] how frames lie: bases in frames under 300, 600 and 1200 bases and in longer
// ones, the number of frames, and how often the strand changes from one to the next.
void describe_frames(std::vector<Frame> frames, uint32_t *layout);

}  // namespace llmbin

// Bases of a sequence: their codes, and counts of bases and of tetranucleotides.
//
// Codes are one byte a base: A C G T are 0 1 2 3 (U is read as T), anything else is 4. They are
// what every kernel takes that says `codes`; other bytes must not occur.
//
// Memory: the caller's, in and out. Threads: any, as long as outputs differ. Throws: nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace llmbin {

// ascii [n] to codes [n]; they must not overlap.
void encode_bases(const uint8_t *ascii, size_t n, uint8_t *codes);

// Adds to out [136] the 4-mers of codes [n]. A 4-mer and its reverse complement share a column;
// columns are in the order of the smaller of the two. 4-mers with an unknown base do not count.
void count_tetranucleotides(const uint8_t *codes, size_t n, uint32_t *out);

// Writes to out [2] how many of codes [n] are G or C, and how many are A, C, G or T.
void count_bases(const uint8_t *codes, size_t n, uint64_t *out);

}  // namespace llmbin

// Bases of a sequence: their codes, and counts of bases and of tetranucleotides.
//
// Codes are one byte a base: A C G T are 0 1 2 3 (U is read as T), anything else is 4. They are
// what every kernel takes that says `codes`; other bytes must not occur.
//
// Memory: the caller's, in and out, but where a vector comes out. Threads: any, as long as outputs
// differ. Throws: std::bad_alloc where a vector comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

// ascii [n] to codes [n]; they must not overlap.
void encode_bases(const uint8_t *ascii, size_t n, uint8_t *codes);

// Four known codes, a byte each and the first in the lowest, as two bits each in one byte.
inline uint8_t packed_four(uint32_t four) { return static_cast<uint8_t>(four * 0x01041040u >> 24); }

// The first of codes [n] from `begin` on that is unknown, or n.
size_t unknown_from(const uint8_t *codes, size_t begin, size_t n);

// What tells codes [n] from all others, in a quarter of their memory: how many there are, four to a
// byte; and which are unknown, if any are.
std::vector<uint8_t> pack_bases(const uint8_t *codes, size_t n);

// Adds to out [136] the 4-mers of codes [n]. A 4-mer and its reverse complement share a column;
// columns are in the order of the smaller of the two. 4-mers with an unknown base do not count.
void count_tetranucleotides(const uint8_t *codes, size_t n, uint32_t *out);

// Writes to out [2] how many of codes [n] are G or C, and how many are A, C, G or T.
void count_bases(const uint8_t *codes, size_t n, uint64_t *out);

// How many of codes [n] are in gaps: runs of ten unknown bases and more, as in INSDC's databases.
size_t count_gaps(const uint8_t *codes, size_t n);

// Codes [n] that are in no gap.
std::vector<uint8_t> without_gaps(const uint8_t *codes, size_t n);

// Whether ASCII [n] has at least so many bases that are in no gap: a beginning tells of most.
bool has_bases(const uint8_t *ascii, size_t n, size_t least);

}  // namespace llmbin

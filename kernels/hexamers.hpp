// Words of six bases: how often a contig has them, and what they say of it by a table of weights.
//
// Memory: the caller's, in and out. Threads: any, as long as outputs differ. Throws: nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace llmbin {

constexpr size_t kHexamers = 2080;  // a word and its reverse complement are one

// How often each word is there, two bits a base, the first highest.
using WordCounts = std::array<uint32_t, 4096>;
using HexamerCounts = std::array<uint32_t, kHexamers>;

// Counts the words of codes [n] (bases.hpp), on the forward strand.
void count_words(const uint8_t *codes, size_t n, WordCounts &counts);

// A word and its reverse complement together, in the order of the lower one of the two.
void join_strands(const WordCounts &words, HexamerCounts &hexamers);

// The mean weight of hexamers, in 256ths, rounded down, in each of `columns`; 0 if there is none.
// Weights [columns, 2080].
void weigh_hexamers(const HexamerCounts &hexamers, const int16_t *weights, size_t columns,
                    int32_t *means);

}  // namespace llmbin

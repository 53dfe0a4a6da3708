// Spaced words of contigs, which look at two of three bases, so that the third positions of codons,
// which change first, do not matter (Ma, Tromp & Li 2002 for spaced seeds, Kent & Zahler 2000 for
// codons).
//
// Memory: codes are the caller's. Threads: any. Throws: std::bad_alloc. Contigs have fewer than
// 2^31 bases, which is not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

constexpr int kSpan = 23;  // bases of a word: 11011011011011011011011, the same from both sides

struct Word {
    uint32_t hash;
    uint32_t place;  // twice where it begins, and 1 if it is its own strand's
};

// Adds the words of codes [n] (bases.hpp), in the order of their places; one in `rate` (a power of
// two) of them is kept, by its hash.
void add_spaced_words(const uint8_t *codes, size_t n, uint32_t rate, std::vector<Word> &out);

// Sixteen A or T have the hash 0, which every rate would keep: of a contig of one base all words,
// at any rate. They say nothing.
inline bool is_kept(uint32_t hash, uint32_t rate) { return hash && !(hash & (rate - 1)); }

}  // namespace llmbin

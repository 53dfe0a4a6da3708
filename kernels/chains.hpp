// Matches of words of two contigs, chained along a diagonal as in minimap (Li 2016).
//
// Memory: matches are the caller's. Threads: any. Throws: std::bad_alloc.
#pragma once

#include <cstdint>
#include <vector>

#include "words.hpp"

namespace llmbin {

constexpr int kLeastWords = 3;  // of a chain, not counting those that overlap

// Words that follow each other on about one diagonal.
struct Chain {
    int64_t first, last;  // places of its words in the one contig
    int64_t diagonal;     // of the last
    int64_t counted;      // place of the last that is counted in `words`
    int words;            // that do not overlap
    int matches;          // places with a match
    bool long_enough() const { return words >= kLeastWords; }
    int64_t end() const { return last + kSpan; }
    void add(int64_t at, int64_t on) {
        matches += at > last;
        last = at;
        diagonal = on;
        if (at < counted + kSpan) return;
        counted = at;
        ++words;
    }
};

// All chains of one pair and strand.
struct Chained {
    int64_t bases = 0;     // of the one contig under them
    int64_t diagonal = 0;  // of the longest
    // How many words match, of how many that begin within them; but for the last of each, which
    // matches by definition.
    int64_t matches = 0, places = 0;
};

// Chains the matches [begin, end) of one pair and strand: a place in the one contig above that in
// the other, ascending. `turned` says that strands differ; `open` is scratch.
Chained chained(const uint64_t *begin, const uint64_t *end, bool turned, std::vector<Chain> &open);

// Bases of contig a that could lie on contig b along a diagonal.
int64_t overlap(int64_t a, int64_t b, int64_t diagonal, bool turned);

}  // namespace llmbin

// Contigs in blocks of sixteen, each of their numbers side by side, so that one instruction works
// on eight pairs, or on all of them.
//
// Memory: `Blocks` copies the rows that it is given; a `Query` points into the points, which must
// outlive it. Threads: distances may be asked for by any number at once; `move` by one alone.
// Throws: std::bad_alloc when made. Row numbers are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "points.hpp"

namespace llmbin {

constexpr size_t kRows = 16;  // contigs of a block

// The contig whose distances are asked for.
struct Query {
    const float *vector, *depth, *variance;
    float noise;
    Query(const Points &p, size_t i)
        : vector(p.vectors + i * p.dims), depth(p.depth + i * p.samples),
          variance(p.variance + i * p.samples), noise(p.noise[i]) {}
};

class Blocks {
public:
    Blocks(const Points &points, const std::vector<int32_t> &rows);
    // Puts one row in the place of another.
    void move(size_t from, size_t to);
    // Squared distances, out [kRows (end - begin)], of all rows in blocks [begin, end); the last
    // block of all may hold rows that are none, whose distances mean nothing.
    void distances(const Query &query, size_t begin, size_t end, float *out) const;

private:
    struct alignas(kRows * sizeof(float)) Numbers {
        float row[kRows];
    };
    size_t dims_, samples_;
    std::vector<Numbers> vectors_, depth_, variance_,
        noise_;  // block by block: dims or samples of it
    float effective_dims_, constant_;
};

}  // namespace llmbin

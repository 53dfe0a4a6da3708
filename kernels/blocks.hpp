// Contigs in blocks of eight, each of their numbers side by side, so that one instruction works on eight pairs.
#pragma once

#include <cstddef>
#include <vector>

#include "metric.hpp"

namespace llmbin {

constexpr size_t kRows = 8;  // contigs of a block

// The contig whose distances are asked for.
struct Query {
    const float *x, *c, *v;
    float noise;
    Query(const Points &p, size_t i) : x(p.vectors + i * p.dims), c(p.depth + i * p.samples), v(p.variance + i * p.samples), noise(p.noise[i]) {}
};

class Blocks {
public:
    Blocks(const Points &p, const std::vector<int32_t> &rows);
    void move(size_t from, size_t to);  // one row in the place of another
    // Squared distances of all rows in blocks [begin, end), where the last block of all may hold rows that are none.
    void distances(const Query &q, size_t begin, size_t end, float *out) const;

private:
    struct alignas(kRows * sizeof(float)) Eight {
        float row[kRows];
    };
    size_t dims_, samples_;
    std::vector<Eight> vectors_, depth_, variance_, noise_;  // block by block: dimensions or samples of the block
    float penalty_, constant_;
};

}  // namespace llmbin

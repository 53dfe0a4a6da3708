// Contigs as points of the calibrated metric (metric.hpp), which neighbours.hpp and tree.hpp take.
//
// Memory: a view of C-contiguous arrays of the caller, which must outlive it.
#pragma once

#include <cstddef>

namespace llmbin {

struct Points {
    const float *vectors;   // [n, dims]
    const float *noise;     // [n], variance of a vector; above 0
    const float *depth;     // [n, samples], log depth
    const float *variance;  // [n, samples], of the log depth; above 0
    size_t n, dims, samples;
    float effective_dims;  // of a vector: how often the logarithm of its noise counts
};

}  // namespace llmbin

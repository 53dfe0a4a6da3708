// Nearest neighbours as one thread of a GPU finds them. Plain C++ too, so that tests can run it
// where there is no GPU.
//
// Memory: all of it the caller's, on the side (host or device) that the code runs on.
// Threads: any, as long as outputs differ. Throws: nothing but std::bad_alloc, from `merge_slices`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../metric.hpp"
#include "../neighbours.hpp"

namespace llmbin {

constexpr size_t kMostNeighbours = 32;  // that the GPU's search can keep

// Contigs as arrays on the device: those of a Table, and the index of each.
struct View {
    const float *vectors, *depth, *variance, *noise;
    const int32_t *index;
    int n, dims, samples;
    float effective_dims, constant;
};

// Squared distance between row i of a and row j of b, added up as blocks.cpp does.
LLMBIN_BOTH inline float squared_distance(const View &a, int i, const View &b, int j) {
    const float *x = a.vectors + static_cast<size_t>(i) * a.dims;
    const float *y = b.vectors + static_cast<size_t>(j) * a.dims;
    const float noise = a.noise[i] + b.noise[j];
    float lane[kLanes] = {}, variance[kLanes], folded;
    for (int k = 0; k < a.dims; k += kLanes)
        for (size_t l = 0; l < kLanes; ++l) {
            const float d = x[k + l] - y[k + l];
            lane[l] += d * d;
        }
    sum_of_lanes(lane, folded);
    float out = folded / noise;
    out += b.effective_dims * fast_log(noise) - b.constant;
    const size_t c = static_cast<size_t>(i) * a.samples;
    const size_t e = static_cast<size_t>(j) * a.samples;
    for (int k = 0; k < a.samples; k += kLanes) {
        for (size_t l = 0; l < kLanes; ++l) {
            const float d = a.depth[c + k + l] - b.depth[e + k + l];
            variance[l] = a.variance[c + k + l] + b.variance[e + k + l];
            lane[l] = d * d / variance[l];
        }
        sum_of_lanes(lane, folded);
        out += folded;
        product_of_lanes(variance, folded);
        out += fast_log(folded);
    }
    return out;
}

// References [begin, end): slice s of so many.
struct Slice {
    int begin, end;
};
LLMBIN_BOTH inline Slice slice_of(const View &references, int s, int slices) {
    const auto n = static_cast<int64_t>(references.n);
    return {static_cast<int>(n * s / slices), static_cast<int>(n * (s + 1) / slices)};
}

// The k nearest references of a slice of b to row i of a, nearest first (of equals the lower
// index), into squared [k] and index [k]; -1 where there are fewer.
LLMBIN_BOTH inline void nearest_of(const View &a, int i, const View &b, Slice slice, int k,
                                   float *squared, int32_t *index) {
    float d[kMostNeighbours];
    int32_t id[kMostNeighbours];
    int held = 0;
    for (int j = slice.begin; j < slice.end; ++j) {
        const int32_t other = b.index[j];
        if (other == a.index[i]) continue;
        const float dj = squared_distance(a, i, b, j);
        if (held == k && (dj > d[k - 1] || (dj == d[k - 1] && other > id[k - 1]))) continue;
        int place = held < k ? held++ : k - 1;
        for (; place > 0; --place) {
            const int last = place - 1;
            if (!(dj < d[last] || (dj == d[last] && other < id[last]))) break;
            d[place] = d[place - 1];
            id[place] = id[place - 1];
        }
        d[place] = dj;
        id[place] = other;
    }
    for (int j = 0; j < k; ++j) {
        squared[j] = j < held ? d[j] : 0.0f;
        index[j] = j < held ? id[j] : -1;
    }
}

inline View view_of(const Table &t, const std::vector<int32_t> &rows) {
    return {t.vectors.data(),
            t.depth.data(),
            t.variance.data(),
            t.noise.data(),
            rows.data(),
            static_cast<int>(rows.size()),
            static_cast<int>(t.dims),
            static_cast<int>(t.samples),
            t.effective_dims,
            t.constant};
}

// What every query found in each slice: squared distances and references, slice by slice
// [slices, queries, k].
struct SlicedNeighbours {
    std::vector<float> squared;
    std::vector<int32_t> index;
};

// The k nearest of all slices for each query.
Neighbours merge_slices(const SlicedNeighbours &found, const NeighbourSearch &search, int slices);

}  // namespace llmbin

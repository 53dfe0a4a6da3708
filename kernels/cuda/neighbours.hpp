// Nearest neighbours as one thread of a GPU finds them. Plain C++ too, so that tests can run it where there is no GPU.
#pragma once

#include "../metric.hpp"

namespace llmbin {

constexpr int kMostNeighbours = 32;

// Contigs as arrays on the device: those of a Table, and the index of each.
struct View {
    const float *vectors, *depth, *variance, *noise;
    const int32_t *index;
    int n, dims, samples;
    float penalty, constant;
};

// Squared distance between row i of a and row j of b, added up as blocks.cpp does.
LLMBIN_BOTH inline float squared_distance(const View &a, int i, const View &b, int j) {
    const float *x = a.vectors + static_cast<size_t>(i) * a.dims, *y = b.vectors + static_cast<size_t>(j) * a.dims;
    const float noise = a.noise[i] + b.noise[j];
    float lane[kLanes] = {}, sum[kLanes];
    for (int k = 0; k < a.dims; k += kLanes)
        for (size_t l = 0; l < kLanes; ++l) {
            const float d = x[k + l] - y[k + l];
            lane[l] += d * d;
        }
    float out = sum_of_lanes(lane) / noise;
    out += b.penalty * fast_log(noise) - b.constant;
    const size_t c = static_cast<size_t>(i) * a.samples, e = static_cast<size_t>(j) * a.samples;
    for (int k = 0; k < a.samples; k += kLanes) {
        for (size_t l = 0; l < kLanes; ++l) {
            const float d = a.depth[c + k + l] - b.depth[e + k + l];
            sum[l] = a.variance[c + k + l] + b.variance[e + k + l];
            lane[l] = d * d / sum[l];
        }
        out += sum_of_lanes(lane);
        out += fast_log(product_of_lanes(sum));
    }
    return out;
}

// The k nearest of rows begin to end of b, nearest first (of equals the lower index), into squared[k] and index[k]; -1 where there are fewer.
LLMBIN_BOTH inline void nearest_of(const View &a, int i, const View &b, int begin, int end, int k, float *squared, int32_t *index) {
    float d[kMostNeighbours];
    int32_t id[kMostNeighbours];
    int held = 0;
    for (int j = begin; j < end; ++j) {
        const int32_t other = b.index[j];
        if (other == a.index[i]) continue;
        const float dj = squared_distance(a, i, b, j);
        if (held == k && (dj > d[k - 1] || (dj == d[k - 1] && other > id[k - 1]))) continue;
        int place = held < k ? held++ : k - 1;
        for (; place > 0 && (dj < d[place - 1] || (dj == d[place - 1] && other < id[place - 1])); --place) {
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
    return {t.vectors.data(), t.depth.data(), t.variance.data(), t.noise.data(), rows.data(), static_cast<int>(rows.size()),
            static_cast<int>(t.dims), static_cast<int>(t.samples), t.penalty, t.constant};
}

// From `slices` answers of k for each query to the k best of all, and from squares to distances.
void merge_slices(const std::vector<float> &squared, const std::vector<int32_t> &found, size_t queries, int slices, int k,
                  int32_t *index, float *distance);

}  // namespace llmbin

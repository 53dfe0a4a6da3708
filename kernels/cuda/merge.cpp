// The host's part of the GPU's neighbour search, and the whole of it on the CPU, for tests.
#include <cmath>
#include <limits>

#include "neighbours.hpp"

namespace llmbin {

void merge_slices(const std::vector<float> &squared, const std::vector<int32_t> &found, size_t queries, int slices, int k,
                  int32_t *index, float *distance) {
    std::vector<std::pair<float, int32_t>> best;
    for (size_t i = 0; i < queries; ++i) {
        best.clear();
        for (int s = 0; s < slices; ++s)
            for (int j = 0; j < k; ++j) {
                const size_t at = (static_cast<size_t>(s) * queries + i) * k + j;
                if (found[at] >= 0) best.emplace_back(squared[at], found[at]);
            }
        std::sort(best.begin(), best.end());
        for (int j = 0; j < k; ++j) {
            const bool have = static_cast<size_t>(j) < best.size();
            index[i * k + j] = have ? best[j].second : -1;
            distance[i * k + j] = have ? std::sqrt(std::max(best[j].first, 0.0f)) : std::numeric_limits<float>::infinity();
        }
    }
}

void neighbours_emulated(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k,
                         int slices, int32_t *index, float *distance) {
    const Table q(points, queries), t(points, references);
    const View a = view_of(q, queries), b = view_of(t, references);
    std::vector<float> squared(static_cast<size_t>(slices) * queries.size() * k);
    std::vector<int32_t> found(squared.size());
    for (int s = 0; s < slices; ++s)
        for (int i = 0; i < a.n; ++i) {
            const size_t at = (static_cast<size_t>(s) * a.n + i) * k;
            nearest_of(a, i, b, static_cast<int>(static_cast<int64_t>(b.n) * s / slices), static_cast<int>(static_cast<int64_t>(b.n) * (s + 1) / slices), k,
                       squared.data() + at, found.data() + at);
        }
    merge_slices(squared, found, queries.size(), slices, k, index, distance);
}

}  // namespace llmbin

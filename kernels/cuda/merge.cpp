// The host's part of the GPU's neighbour search, and the whole of it on the CPU, for tests.
#include <algorithm>
#include <cmath>
#include <limits>

#include "neighbours.hpp"

namespace llmbin {

void merge_slices(const std::vector<float> &squared, const std::vector<int32_t> &found, size_t queries, int slices, int k,
                  int32_t *index, float *distance) {
    struct Head {  // the nearest of a slice that is not in the answer yet
        float squared;
        int32_t found;
        int slice, place;
        bool operator<(const Head &o) const { return squared != o.squared ? squared > o.squared : found > o.found; }  // the nearest on top of a heap
    };
    std::vector<Head> heads;
    for (size_t i = 0; i < queries; ++i) {
        const auto add = [&](int slice, int place) {
            const size_t at = (static_cast<size_t>(slice) * queries + i) * k + place;
            if (place == k || found[at] < 0) return;  // the slice has no more
            heads.push_back({squared[at], found[at], slice, place});
            std::push_heap(heads.begin(), heads.end());
        };
        heads.clear();
        for (int s = 0; s < slices; ++s) add(s, 0);
        for (int j = 0; j < k; ++j) {
            index[i * k + j] = -1;
            distance[i * k + j] = std::numeric_limits<float>::infinity();
            if (heads.empty()) continue;
            std::pop_heap(heads.begin(), heads.end());
            const Head nearest = heads.back();
            heads.pop_back();
            index[i * k + j] = nearest.found;
            distance[i * k + j] = std::sqrt(std::max(nearest.squared, 0.0f));
            add(nearest.slice, nearest.place + 1);
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

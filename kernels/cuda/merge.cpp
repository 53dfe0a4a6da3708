// The host's part of the GPU's neighbour search, and the whole of it on the CPU, for tests.
#include <algorithm>
#include <cmath>
#include <limits>

#include "search.hpp"

namespace llmbin {

Neighbours merge_slices(const SlicedNeighbours &found, const NeighbourSearch &search, int slices) {
    struct Head {  // the nearest of a slice that is not in the answer yet
        float squared;
        int32_t index;
        int slice;
        size_t place;
        // So that the nearest lies on top of a heap.
        bool operator<(const Head &o) const {
            return squared != o.squared ? squared > o.squared : index > o.index;
        }
    };
    const size_t queries = search.queries.size(), k = search.k;
    Neighbours out(search);
    std::vector<Head> heads;
    for (size_t i = 0; i < queries; ++i) {
        const auto add = [&](int slice, size_t place) {
            const size_t at = (static_cast<size_t>(slice) * queries + i) * k + place;
            if (place == k || found.index[at] < 0) return;  // the slice has no more
            heads.push_back({found.squared[at], found.index[at], slice, place});
            std::push_heap(heads.begin(), heads.end());
        };
        heads.clear();
        for (int s = 0; s < slices; ++s) add(s, 0);
        for (size_t j = 0; j < k; ++j) {
            out.index[i * k + j] = -1;
            out.distance[i * k + j] = std::numeric_limits<float>::infinity();
            if (heads.empty()) continue;
            std::pop_heap(heads.begin(), heads.end());
            const Head nearest = heads.back();
            heads.pop_back();
            out.index[i * k + j] = nearest.index;
            out.distance[i * k + j] = std::sqrt(std::max(nearest.squared, 0.0f));
            add(nearest.slice, nearest.place + 1);
        }
    }
    return out;
}

Neighbours neighbours_emulated(const NeighbourSearch &search, int slices) {
    const Table q(search.points, search.queries), t(search.points, search.references);
    const View a = view_of(q, search.queries), b = view_of(t, search.references);
    const size_t answers = static_cast<size_t>(slices) * search.queries.size() * search.k;
    SlicedNeighbours found{std::vector<float>(answers), std::vector<int32_t>(answers)};
    for (int s = 0; s < slices; ++s)
        for (int i = 0; i < a.n; ++i) {
            const size_t at = (static_cast<size_t>(s) * a.n + i) * search.k;
            nearest_of(a, i, b, slice_of(b, s, slices), static_cast<int>(search.k),
                       found.squared.data() + at, found.index.data() + at);
        }
    return merge_slices(found, search, slices);
}

}  // namespace llmbin

// Nearest neighbours and the minimum spanning tree of mutual reachability, under the calibrated metric. Both are exact and
// brute force: no index beats a linear scan in thirty-odd dimensions. Neighbours may be looked for in some cells of a partition only.
#include "blocks.hpp"
#include "kernels.hpp"
#include "threads.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace llmbin {

namespace {

constexpr size_t kTile = 64;  // blocks at a time: their distances stay in cache

// Whether any of a block's distances is no more than a limit.
inline bool any_within(const float *d, float limit) {
    bool any = false;
    for (size_t r = 0; r < kRows; ++r) any |= d[r] <= limit;
    return any;
}

// The k nearest references of a query so far, ties by index; the furthest lies on top.
class Nearest {
public:
    Nearest(const Points &points, const std::vector<int32_t> &queries, const Blocks &references, const std::vector<int32_t> &reference_ids, int k)
        : points(points), asking(queries), table(references), held(reference_ids), k(k), d(kTile * kRows) {}

    void begin(size_t query) {
        i = query;
        best.clear();
    }
    // Look through references [begin, end).
    void look(size_t begin, size_t end) {
        const Query query(points, asking[i]);
        const size_t last = (end + kRows - 1) / kRows;
        for (size_t tile = begin / kRows; tile < last; tile += kTile) {
            const size_t stop = std::min(last, tile + kTile), first = tile * kRows;
            table.distances(query, tile, stop, d.data());
            for (size_t block = first; block < stop * kRows; block += kRows)
                if (any_within(d.data() + (block - first), limit()))
                    for (size_t r = std::max(begin, block); r < std::min(end, block + kRows); ++r) consider(held[r], d[r - first]);
        }
    }
    void write(int32_t *index, float *distance) {
        std::sort(best.begin(), best.end());
        for (int j = 0; j < k; ++j) {
            const bool have = static_cast<size_t>(j) < best.size();
            index[i * k + j] = have ? best[j].second : -1;
            distance[i * k + j] = have ? std::sqrt(std::max(best[j].first, 0.0f)) : std::numeric_limits<float>::infinity();
        }
    }

private:
    float limit() const { return best.size() == static_cast<size_t>(k) ? best.front().first : std::numeric_limits<float>::infinity(); }
    void consider(int32_t other, float distance) {
        if (distance > limit() || other == asking[i]) return;
        best.emplace_back(distance, other);
        std::push_heap(best.begin(), best.end());
        if (best.size() <= static_cast<size_t>(k)) return;
        std::pop_heap(best.begin(), best.end());
        best.pop_back();
    }

    const Points &points;
    const std::vector<int32_t> &asking;
    const Blocks &table;
    const std::vector<int32_t> &held;
    int k;
    size_t i = 0;
    std::vector<float> d;
    std::vector<std::pair<float, int32_t>> best;
};

// Every query once, by whichever thread is free.
template <class Look>
void search(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k, int threads,
            int32_t *index, float *distance, Look look) {
    const Blocks table(points, references);
    share_out(queries.size(), threads, [&] {
        return [&, nearest = Nearest(points, queries, table, references, k)](size_t i) mutable {
            nearest.begin(i);
            look(nearest, i);
            nearest.write(index, distance);
        };
    });
}

// Squared distances from one point to mutual reachabilities.
LLMBIN_CLONES
void mutual_reachability(float *d, const float *core, float own, size_t n) {
    for (size_t r = 0; r < n; ++r) d[r] = std::max(std::max(std::sqrt(std::max(d[r], 0.0f)), own), core[r]);
}

}  // namespace

void neighbours(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k,
                int threads, int32_t *index, float *distance) {
    search(points, queries, references, k, threads, index, distance,
           [&](Nearest &nearest, size_t) { nearest.look(0, references.size()); });
}

void neighbours_in_cells(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references,
                         const std::vector<int64_t> &bounds, const int32_t *cells, size_t probes, int k, int threads, int32_t *index,
                         float *distance) {
    search(points, queries, references, k, threads, index, distance, [&](Nearest &nearest, size_t i) {
        for (size_t p = 0; p < probes; ++p) {
            const int32_t cell = cells[i * probes + p];
            if (cell >= 0) nearest.look(bounds[cell], bounds[cell + 1]);
        }
    });
}

void spanning_tree(const Points &points, const float *core, int32_t *from, int32_t *to, float *weight) {
    std::vector<int32_t> rows(points.n);
    std::iota(rows.begin(), rows.end(), 0);
    Blocks table(points, rows);
    std::vector<float> best(points.n, std::numeric_limits<float>::infinity()), reach(core, core + points.n), d(points.n + kRows);
    std::vector<int32_t> parent(points.n, -1);
    // Point 0 starts; the rest stand in rows 0 .. left-1 and the one that joins is replaced by the last.
    int32_t id = 0;
    size_t left = points.n - 1;
    const auto drop = [&](size_t r) {
        table.move(left, r);
        rows[r] = rows[left];
        best[r] = best[left];
        parent[r] = parent[left];
        reach[r] = reach[left];
    };
    drop(0);
    for (size_t edge = 0; edge + 1 < points.n; ++edge) {
        table.distances(Query(points, static_cast<size_t>(id)), 0, (left + kRows - 1) / kRows, d.data());
        mutual_reachability(d.data(), reach.data(), core[id], left);
        size_t pick = 0;
        for (size_t r = 0; r < left; ++r) {
            if (d[r] < best[r] || (d[r] == best[r] && id < parent[r])) {
                best[r] = d[r];
                parent[r] = id;
            }
            if (best[r] < best[pick] || (best[r] == best[pick] && rows[r] < rows[pick])) pick = r;
        }
        from[edge] = parent[pick];
        to[edge] = rows[pick];
        weight[edge] = best[pick];
        id = rows[pick];
        --left;
        drop(pick);
    }
}

void spanning_forest(const int32_t *index, const float *distance, const float *core, size_t n, size_t k, std::vector<int32_t> &from,
                     std::vector<int32_t> &to, std::vector<float> &weight) {
    struct Edge {
        float weight;
        int32_t a, b;
        bool operator<(const Edge &o) const { return std::tie(weight, a, b) < std::tie(o.weight, o.a, o.b); }
    };
    std::vector<Edge> edges;
    edges.reserve(n * k);
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < k; ++j) {
            const int32_t other = index[i * k + j];
            if (other < 0) continue;
            const float reach = std::max({core[i], core[other], distance[i * k + j]});
            edges.push_back({reach, std::min(static_cast<int32_t>(i), other), std::max(static_cast<int32_t>(i), other)});
        }
    std::sort(edges.begin(), edges.end());
    std::vector<int32_t> parent(n);
    std::iota(parent.begin(), parent.end(), 0);
    auto root = [&](int32_t x) {
        while (parent[x] != x) x = parent[x] = parent[parent[x]];
        return x;
    };
    auto join = [&](int32_t a, int32_t b, float w) {
        const int32_t x = root(a), y = root(b);
        if (x == y) return;
        parent[std::max(x, y)] = std::min(x, y);
        from.push_back(a);
        to.push_back(b);
        weight.push_back(w);
    };
    for (const Edge &edge : edges) join(edge.a, edge.b, edge.weight);
    const float beyond = edges.empty() ? 1.0f : 2 * edges.back().weight + 1;
    for (size_t i = 1; i < n; ++i) join(0, static_cast<int32_t>(i), beyond);
}

}  // namespace llmbin

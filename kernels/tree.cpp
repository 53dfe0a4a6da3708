#include "tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "blocks.hpp"
#include "clones.hpp"

namespace llmbin {

namespace {

// Squared distances from one point to mutual reachabilities.
LLMBIN_CLONES
void mutual_reachability(float *d, const float *core, float own, size_t n) {
    for (size_t r = 0; r < n; ++r)
        d[r] = std::max(std::max(std::sqrt(std::max(d[r], 0.0f)), own), core[r]);
}

}  // namespace

SpanningTree spanning_tree(const Points &points, const float *core) {
    const size_t edges = points.n - 1;
    SpanningTree tree{std::vector<int32_t>(edges), std::vector<int32_t>(edges),
                      std::vector<float>(edges)};
    std::vector<int32_t> rows(points.n);
    std::iota(rows.begin(), rows.end(), 0);
    Blocks table(points, rows);
    std::vector<float> best(points.n, std::numeric_limits<float>::infinity());
    std::vector<float> reach(core, core + points.n), d(points.n + kRows);
    std::vector<int32_t> parent(points.n, -1);
    // Point 0 starts; the rest stand in rows 0 .. left-1 and the one that joins is replaced by the
    // last.
    int32_t id = 0;
    size_t left = edges;
    const auto drop = [&](size_t r) {
        table.move(left, r);
        rows[r] = rows[left];
        best[r] = best[left];
        parent[r] = parent[left];
        reach[r] = reach[left];
    };
    drop(0);
    for (size_t edge = 0; edge < edges; ++edge) {
        const Query query(points, static_cast<size_t>(id));
        table.distances(query, 0, (left + kRows - 1) / kRows, d.data());
        mutual_reachability(d.data(), reach.data(), core[id], left);
        size_t pick = 0;
        float least = std::numeric_limits<float>::infinity();
        for (size_t r = 0; r < left; ++r) {
            if (d[r] < best[r] || (d[r] == best[r] && id < parent[r])) {
                best[r] = d[r];
                parent[r] = id;
            }
            if (best[r] < least || (best[r] == least && rows[r] < rows[pick])) {
                pick = r;
                least = best[r];
            }
        }
        tree.from[edge] = parent[pick];
        tree.to[edge] = rows[pick];
        tree.weight[edge] = least;
        id = rows[pick];
        --left;
        drop(pick);
    }
    return tree;
}

SpanningTree spanning_forest(const NeighbourGraph &graph, const float *core) {
    struct Edge {
        float weight;
        int32_t a, b;
        bool operator<(const Edge &o) const {
            return std::tie(weight, a, b) < std::tie(o.weight, o.a, o.b);
        }
    };
    const auto n = static_cast<int32_t>(graph.n);
    std::vector<Edge> edges;
    edges.reserve(graph.n * graph.k);
    for (int32_t i = 0; i < n; ++i)
        for (size_t j = 0; j < graph.k; ++j) {
            const size_t at = static_cast<size_t>(i) * graph.k + j;
            const int32_t other = graph.index[at];
            if (other < 0) continue;
            const float weight = std::max({core[i], core[other], graph.distance[at]});
            edges.push_back({weight, std::min(i, other), std::max(i, other)});
        }
    std::sort(edges.begin(), edges.end());
    std::vector<int32_t> parent(graph.n);
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](int32_t x) {
        while (parent[x] != x) x = parent[x] = parent[parent[x]];
        return x;
    };
    SpanningTree tree;
    const auto join = [&](int32_t a, int32_t b, float weight) {
        const int32_t x = root(a), y = root(b);
        if (x == y) return;
        parent[std::max(x, y)] = std::min(x, y);
        tree.from.push_back(a);
        tree.to.push_back(b);
        tree.weight.push_back(weight);
    };
    for (const Edge &edge : edges) join(edge.a, edge.b, edge.weight);
    const float beyond = edges.empty() ? 1.0f : 2 * edges.back().weight + 1;
    for (int32_t i = 1; i < n; ++i) join(0, i, beyond);
    return tree;
}

}  // namespace llmbin

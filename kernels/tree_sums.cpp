#include "tree_sums.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "clones.hpp"

namespace llmbin {

namespace {

using Copies = std::vector<int32_t>;

LLMBIN_CLONES
void add(Copies &sum, const Copies &more) {
    for (size_t m = 0; m < sum.size(); ++m) sum[m] += more[m];
}

LLMBIN_CLONES
void count(const Copies &copies, const uint8_t *used, int32_t &there, int32_t &extra) {
    int32_t some = 0, beyond = 0;
    for (size_t m = 0; m < copies.size(); ++m) {
        some += used[m] & (copies[m] > 0);
        beyond += used[m] * std::max(copies[m] - 1, 0);
    }
    there = some;
    extra = beyond;
}

}  // namespace

std::vector<double> sums_of_nodes(const NodePairs &tree, const double *rows, size_t width) {
    std::vector<double> out(rows, rows + tree.leaves * width);
    out.reserve((2 * tree.leaves - 1) * width);
    for (size_t k = 0; k + 1 < tree.leaves; ++k) {
        const size_t a = static_cast<size_t>(tree.left[k]) * width;
        const size_t b = static_cast<size_t>(tree.right[k]) * width;
        for (size_t i = 0; i < width; ++i) out.push_back(out[a + i] + out[b + i]);
    }
    return out;
}

NodeMarkers markers_of_nodes(const NodePairs &tree, const int16_t *copies, size_t markers,
                             const uint8_t *used, size_t sets) {
    const size_t nodes = 2 * tree.leaves - 1;
    NodeMarkers out{std::vector<int32_t>(nodes * sets), std::vector<int32_t>(nodes * sets)};
    std::vector<Copies> held(tree.leaves - 1);  // of the nodes that join two
    const auto take = [&](size_t node) {
        if (node >= tree.leaves) return std::move(held[node - tree.leaves]);
        return Copies(copies + node * markers, copies + (node + 1) * markers);
    };
    for (size_t node = 0; node < nodes; ++node) {
        Copies sum;
        if (node < tree.leaves) {
            sum = take(node);
        } else {
            sum = take(tree.left[node - tree.leaves]);
            add(sum, take(tree.right[node - tree.leaves]));
        }
        for (size_t s = 0; s < sets; ++s)
            count(sum, used + s * markers, out.there[node * sets + s], out.extra[node * sets + s]);
        if (node >= tree.leaves) held[node - tree.leaves] = std::move(sum);
    }
    return out;
}

std::vector<uint8_t> all_near(const NodePairs &tree, const uint8_t *near) {
    std::vector<uint8_t> out(tree.leaves, 1);
    out.reserve(2 * tree.leaves - 1);
    for (size_t k = 0; k + 1 < tree.leaves; ++k)
        out.push_back(near[k] & out[tree.left[k]] & out[tree.right[k]]);
    return out;
}

std::vector<uint8_t> best_nodes(const NodePairs &tree, const double *worth) {
    const size_t nodes = 2 * tree.leaves - 1;
    std::vector<uint8_t> out(nodes);
    std::vector<double> best(nodes);
    for (size_t node = 0; node < nodes; ++node) {
        double below = 0;
        if (node >= tree.leaves)
            below = best[tree.left[node - tree.leaves]] + best[tree.right[node - tree.leaves]];
        out[node] = worth[node] > 0 && worth[node] >= below - 1e-9;
        best[node] = out[node] ? worth[node] : below;
    }
    return out;
}

std::vector<int32_t> nodes_above(const NodePairs &tree, const uint8_t *wanted) {
    const size_t nodes = 2 * tree.leaves - 1;
    std::vector<int32_t> above(nodes, -1);
    for (size_t node = nodes; node-- > 0;) {
        if (above[node] < 0 && wanted[node]) above[node] = static_cast<int32_t>(node);
        if (node >= tree.leaves)
            above[tree.left[node - tree.leaves]] = above[tree.right[node - tree.leaves]] =
                above[node];
    }
    above.resize(tree.leaves);
    return above;
}

LinkedTree linked_tree(const int32_t *low, const int32_t *high, const int64_t *sizes, size_t n) {
    LinkedTree out{std::vector<int32_t>(n - 1), std::vector<int32_t>(n - 1), {sizes, sizes + n}};
    out.size.reserve(2 * n - 1);
    std::vector<int32_t> parent(n), top(n);
    std::iota(parent.begin(), parent.end(), 0);
    std::iota(top.begin(), top.end(), 0);
    const auto root = [&](int32_t x) {
        while (parent[x] != x) x = parent[x] = parent[parent[x]];
        return x;
    };
    for (size_t k = 0; k + 1 < n; ++k) {
        const int32_t a = root(low[k]), b = root(high[k]);
        out.left[k] = top[a];
        out.right[k] = top[b];
        out.size.push_back(out.size[top[a]] + out.size[top[b]]);
        parent[b] = a;
        top[a] = static_cast<int32_t>(n + k);
    }
    return out;
}

}  // namespace llmbin

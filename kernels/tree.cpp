// Nearest neighbours and the minimum spanning tree of mutual reachability, under the calibrated metric. Both are exact and
// brute force: no index beats a linear scan in thirty-odd dimensions. Neighbours may be looked for in some cells of a partition only.
#include "kernels.hpp"
#include "metric.hpp"
#include "threads.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <tuple>

namespace llmbin {

namespace {

constexpr size_t kTile = 512;  // rows at a time: their logarithms wait in cache until they can be taken together

LLMBIN_CLONES
void distances(const float *x, const float *c, const float *v, float noise, const float *X, const float *C, const float *V,
               const float *N, size_t dims, size_t samples, float penalty, float constant, size_t begin, size_t end, float *out) {
    float product[kTile];
    for (size_t tile = begin; tile < end; tile += kTile) {
        const size_t stop = std::min(end, tile + kTile);
        for (size_t r = tile; r < stop; ++r) {
            float lane[kLanes] = {};
            const float *y = X + r * dims;
            for (size_t k = 0; k < dims; k += kLanes)
                for (size_t j = 0; j < kLanes; ++j) {
                    const float d = x[k + j] - y[k + j];
                    lane[j] += d * d;
                }
            out[r] = sum_of_lanes(lane) / (noise + N[r]);
        }
        for (size_t r = tile; r < stop; ++r) out[r] += penalty * fast_log(noise + N[r]) - constant;
        for (size_t k = 0; k < samples; k += kLanes) {
            for (size_t r = tile; r < stop; ++r) {
                const float *a = C + r * samples + k, *w = V + r * samples + k;
                float lane[kLanes], sum[kLanes];
                for (size_t j = 0; j < kLanes; ++j) {
                    const float d = c[k + j] - a[j];
                    sum[j] = v[k + j] + w[j];
                    lane[j] = d * d / sum[j];
                }
                out[r] += sum_of_lanes(lane);
                product[r - tile] = product_of_lanes(sum);
            }
            for (size_t r = tile; r < stop; ++r) out[r] += fast_log(product[r - tile]);
        }
    }
}

struct Query {
    const float *x, *c, *v;
    float noise;
};

void scan(const Query &q, const Table &t, size_t begin, size_t end, float *out) {
    distances(q.x, q.c, q.v, q.noise, t.vectors.data(), t.depth.data(), t.variance.data(), t.noise.data(), t.dims, t.samples,
              t.penalty, t.constant, begin, end, out);
}

Query row(const Table &t, size_t r) {
    return {t.vectors.data() + r * t.dims, t.depth.data() + r * t.samples, t.variance.data() + r * t.samples, t.noise[r]};
}

// The k nearest references of a query so far, ties by index; the furthest lies on top.
class Nearest {
public:
    Nearest(const Table &queries, const std::vector<int32_t> &query_ids, const Table &references, const std::vector<int32_t> &reference_ids, int k)
        : q(queries), t(references), asking(query_ids), held(reference_ids), k(k), d(kTile) {}

    void begin(size_t query) {
        i = query;
        best.clear();
    }
    // Look through references [begin, end).
    void look(size_t begin, size_t end) {
        for (size_t tile = begin; tile < end; tile += kTile) {
            const size_t stop = std::min(end, tile + kTile);
            scan(row(q, i), t, tile, stop, d.data() - tile);
            for (size_t r = tile; r < stop; ++r) {
                const float dr = d[r - tile];
                if (best.size() == static_cast<size_t>(k) && dr > best.front().first) continue;
                if (held[r] == asking[i]) continue;
                best.emplace_back(dr, held[r]);
                std::push_heap(best.begin(), best.end());
                if (best.size() > static_cast<size_t>(k)) {
                    std::pop_heap(best.begin(), best.end());
                    best.pop_back();
                }
            }
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
    const Table &q, &t;
    const std::vector<int32_t> &asking, &held;
    int k;
    size_t i = 0;
    std::vector<float> d;
    std::vector<std::pair<float, int32_t>> best;
};

// Every query once, by whichever thread is free.
template <class Look>
void search(const Points &points, const std::vector<int32_t> &queries, const std::vector<int32_t> &references, int k, int threads,
            int32_t *index, float *distance, Look look) {
    const Table q(points, queries), t(points, references);
    share_out(queries.size(), threads, [&] {
        return [&, nearest = Nearest(q, queries, t, references, k)](size_t i) mutable {
            nearest.begin(i);
            look(nearest, i);
            nearest.write(index, distance);
        };
    });
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
    for (size_t i = 0; i < points.n; ++i) rows[i] = static_cast<int32_t>(i);
    Table t(points, rows);
    std::vector<float> best(points.n, std::numeric_limits<float>::infinity()), d(points.n), reach(core, core + points.n);
    std::vector<int32_t> parent(points.n, -1);
    // Point 0 starts; the rest stand in rows 0 .. left-1 and the one that joins is replaced by the last.
    Table in(points, {0});
    float core_in = core[0];
    int32_t id = 0;
    size_t left = points.n - 1;
    auto drop = [&](size_t r) {
        t.move(left, r);
        rows[r] = rows[left];
        best[r] = best[left];
        parent[r] = parent[left];
        reach[r] = reach[left];
    };
    drop(0);
    for (size_t edge = 0; edge + 1 < points.n; ++edge) {
        scan(row(in, 0), t, 0, left, d.data());
        size_t pick = 0;
        for (size_t r = 0; r < left; ++r) {
            const float m = std::max(std::max(std::sqrt(std::max(d[r], 0.0f)), core_in), reach[r]);
            if (m < best[r] || (m == best[r] && id < parent[r])) {
                best[r] = m;
                parent[r] = id;
            }
            if (best[r] < best[pick] || (best[r] == best[pick] && rows[r] < rows[pick])) pick = r;
        }
        from[edge] = parent[pick];
        to[edge] = rows[pick];
        weight[edge] = best[pick];
        in.set(0, points, rows[pick]);
        core_in = core[rows[pick]];
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

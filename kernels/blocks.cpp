#include "blocks.hpp"

#include <algorithm>
#include <cstring>

#include "clones.hpp"
#include "metric.hpp"

namespace llmbin {

namespace {

// Numbers of so many rows at a time.
template <size_t width>
struct Together {
    typedef float Row __attribute__((vector_size(width * sizeof(float))));
};

template <class Row>
inline void load(const float *from, Row &out) {
    std::memcpy(&out, from, sizeof out);
}

template <class Row>
inline void logarithms(Row &of) {
    float each[sizeof(Row) / sizeof(float)];
    std::memcpy(each, &of, sizeof each);
    for (float &value : each) value = fast_log(value);
    load(each, of);
}

template <class Row>
inline void add_square(float one, const float *others, Row &sum) {
    Row difference;
    load(others, difference);
    difference = one - difference;
    sum += difference * difference;
}

// Blocks as plain arrays, for a function that is compiled for several processors.
struct Arrays {
    const float *vectors, *depth, *variance, *noise;
    size_t dims, samples;
    float effective_dims, constant;
};

// Of some rows of block b, from row `first` of it on.
template <class Row>
__attribute__((always_inline)) inline void distances_of_rows(const Query &q, const Arrays &a,
                                                             size_t b, size_t first, float *out) {
    Row lane[kLanes], value;
    for (Row &one : lane) one = Row{};
    const float *x = a.vectors + b * a.dims * kRows + first;
    size_t k = 0;
    for (; k + kLanes <= a.dims; k += kLanes)
        for (size_t j = 0; j < kLanes; ++j)
            add_square(q.vector[k + j], x + (k + j) * kRows, lane[j]);
    for (size_t j = 0; k + j < a.dims; ++j)
        add_square(q.vector[k + j], x + (k + j) * kRows, lane[j]);
    Row total;
    load(a.noise + b * kRows + first, total);
    total += q.noise;
    Row squared, sum;
    sum_of_lanes(lane, sum);
    squared = sum / total;
    logarithms(total);
    squared += a.effective_dims * total - a.constant;
    const float *depth = a.depth + b * a.samples * kRows + first;
    const float *variance = a.variance + b * a.samples * kRows + first;
    for (size_t s = 0; s < a.samples; s += kLanes) {
        Row product[kLanes];
        for (size_t j = 0; j < kLanes; ++j) {
            product[j] = Row{} + 1.0f;
            lane[j] = Row{};
            if (s + j >= a.samples) continue;
            load(variance + (s + j) * kRows, product[j]);
            product[j] += q.variance[s + j];
            load(depth + (s + j) * kRows, value);
            value = q.depth[s + j] - value;
            lane[j] = value * value / product[j];
        }
        sum_of_lanes(lane, sum);
        squared += sum;
        product_of_lanes(product, total);
        logarithms(total);
        squared += total;
    }
    std::memcpy(out, &squared, sizeof squared);
}

LLMBIN_CLONES
void distances_by_eight(const Query &q, const Arrays &a, size_t begin, size_t end, float *out) {
    for (size_t b = begin; b < end; ++b)
        for (size_t first = 0; first < kRows; first += 8)
            distances_of_rows<Together<8>::Row>(q, a, b, first, out + (b - begin) * kRows + first);
}

#if defined(__x86_64__)
// The same bits. Older processors with AVX-512 slow down where such vectors are used.
__attribute__((target("avx512f"))) void distances_by_sixteen(const Query &q, const Arrays &a,
                                                             size_t begin, size_t end, float *out) {
    for (size_t b = begin; b < end; ++b)
        distances_of_rows<Together<16>::Row>(q, a, b, 0, out + (b - begin) * kRows);
}
bool sixteen_at_once() {
    static const bool there =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vbmi2");
    return there;
}
#else
constexpr auto distances_by_sixteen = distances_by_eight;
bool sixteen_at_once() { return false; }
#endif

}  // namespace

Blocks::Blocks(const Points &p, const std::vector<int32_t> &rows)
    : dims_(p.dims), samples_(p.samples), effective_dims_(p.effective_dims),
      constant_(least_logarithms(p)) {
    const size_t blocks = (rows.size() + kRows - 1) / kRows;
    vectors_.assign(blocks * dims_, {});
    depth_.assign(blocks * samples_, {});
    variance_.assign(blocks * samples_, {});
    noise_.assign(blocks, {});
    for (size_t r = 0; r < blocks * kRows; ++r) {
        // Rows that are none are the last again.
        const auto i = static_cast<size_t>(rows[std::min(r, rows.size() - 1)]);
        const size_t b = r / kRows, at = r % kRows;
        for (size_t k = 0; k < dims_; ++k)
            vectors_[b * dims_ + k].row[at] = p.vectors[i * dims_ + k];
        for (size_t s = 0; s < samples_; ++s) {
            depth_[b * samples_ + s].row[at] = p.depth[i * samples_ + s];
            variance_[b * samples_ + s].row[at] = p.variance[i * samples_ + s];
        }
        noise_[b].row[at] = p.noise[i];
    }
}

void Blocks::move(size_t from, size_t to) {
    const size_t a = from / kRows, i = from % kRows, b = to / kRows, j = to % kRows;
    for (size_t k = 0; k < dims_; ++k)
        vectors_[b * dims_ + k].row[j] = vectors_[a * dims_ + k].row[i];
    for (size_t s = 0; s < samples_; ++s) {
        depth_[b * samples_ + s].row[j] = depth_[a * samples_ + s].row[i];
        variance_[b * samples_ + s].row[j] = variance_[a * samples_ + s].row[i];
    }
    noise_[b].row[j] = noise_[a].row[i];
}

void Blocks::distances(const Query &query, size_t begin, size_t end, float *out) const {
    const auto numbers = [](const std::vector<Numbers> &of) {
        return reinterpret_cast<const float *>(of.data());
    };
    const Arrays arrays{numbers(vectors_), numbers(depth_), numbers(variance_),
                        numbers(noise_),   dims_,           samples_,
                        effective_dims_,   constant_};
    (sixteen_at_once() ? distances_by_sixteen : distances_by_eight)(query, arrays, begin, end, out);
}

}  // namespace llmbin

// The calibrated metric between contigs, for the CPU's kernels and, to the same bits, for CUDA's
//
//     d(i, j)^2 = |x_i - x_j|^2 / (noise_i + noise_j) + effective_dims log(noise_i + noise_j)
//               + sum_s [ (c_is - c_js)^2 / (v_is + v_js) + log(v_is + v_js) ]  -  constant
//
// which is -2 log likelihood of the difference, were both contigs of one genome; the constant makes
// the least possible value 0. Sums run over eight fixed lanes, so that every compiler and processor
// adds in the same order.
//
// Memory: a `Table` copies the rows that it is given. Threads: any. Throws: std::bad_alloc, from
// `Table`. Row numbers are not checked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "points.hpp"

#ifdef __CUDACC__
#define LLMBIN_BOTH __host__ __device__
#else
#define LLMBIN_BOTH
#endif

namespace llmbin {

constexpr size_t kLanes = 8;

// Natural logarithm of a positive normal float, within 1e-4; plain arithmetic, so that it
// vectorises and rounds alike everywhere.
LLMBIN_BOTH inline float fast_log(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const float exponent = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127);
    bits = (bits & 0x7fffffu) | 0x3f800000u;
    float m;
    memcpy(&m, &bits, sizeof m);
    const float t = (m - 1.0f) / (m + 1.0f), u = t * t;
    const float series = u * (1.0f / 3 + u * (1.0f / 5 + u * (1.0f / 7 + u * (1.0f / 9))));
    const float log_m = 2.0f * t * (1.0f + series);
    return exponent * 0.69314718f + log_m;
}

// Of floats, or of vectors of them. Those are not returned: how depends on the processor, which
// clang refuses.
template <typename T>
LLMBIN_BOTH inline void sum_of_lanes(const T *lane, T &sum) {
    sum = ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
          ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

// Variances lie well between 1e-4 and 1e4, so eight of them multiply without leaving the range of a
// float.
template <typename T>
LLMBIN_BOTH inline void product_of_lanes(const T *lane, T &product) {
    product = ((lane[0] * lane[4]) * (lane[2] * lane[6])) *
              ((lane[1] * lane[5]) * (lane[3] * lane[7]));
}

// Least possible sum of a squared distance's logarithms.
inline float least_logarithms(const Points &p) {
    if (!p.n) return 0.0f;
    float sum = p.effective_dims * fast_log(2 * *std::min_element(p.noise, p.noise + p.n));
    for (size_t s = 0; s < p.samples; ++s) {
        float least = p.variance[s];
        for (size_t i = 1; i < p.n; ++i) least = std::min(least, p.variance[i * p.samples + s]);
        sum += fast_log(2 * least);
    }
    return sum;
}

// Rows padded to whole lanes; the padding adds nothing (0 difference over variance 1).
struct Table {
    size_t dims, samples;
    std::vector<float> vectors, depth, variance, noise;
    float effective_dims, constant;  // the latter as `least_logarithms` says

    Table(const Points &p, const std::vector<int32_t> &rows)
        : dims(padded(p.dims)), samples(padded(p.samples)), effective_dims(p.effective_dims),
          constant(least_logarithms(p)) {
        vectors.assign(rows.size() * dims, 0.0f);
        depth.assign(rows.size() * samples, 0.0f);
        variance.assign(rows.size() * samples, 0.5f);
        noise.resize(rows.size());
        for (size_t r = 0; r < rows.size(); ++r) {
            const auto i = static_cast<size_t>(rows[r]);
            std::copy_n(p.vectors + i * p.dims, p.dims, vectors.begin() + r * dims);
            std::copy_n(p.depth + i * p.samples, p.samples, depth.begin() + r * samples);
            std::copy_n(p.variance + i * p.samples, p.samples, variance.begin() + r * samples);
            noise[r] = p.noise[i];
        }
    }

private:
    static size_t padded(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }
};

}  // namespace llmbin

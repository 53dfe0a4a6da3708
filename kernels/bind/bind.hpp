// What the bindings share: NumPy arrays in and out, and one function a kernel that binds it.
//
// Contract with Python. Arrays in: C-contiguous NumPy arrays of the type that a docstring says
// (others are copied to that), read in place and kept by no kernel. Arrays out: own their memory.
// Shapes, and numbers of rows, are checked here; what does not fit raises ValueError. Work that
// takes long runs without the GIL, so arrays and bytes in must not be changed meanwhile, and an
// object is for one thread at a time unless its kernel's header says otherwise.
#pragma once

#include <cstdio>  // before nanobind, which prints to stderr

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../points.hpp"

namespace llmbin {

namespace nb = nanobind;
using namespace nb::literals;

void bind_bases(nb::module_ &m);
void bind_encoder(nb::module_ &m);
void bind_fasta(nb::module_ &m);
void bind_depth(nb::module_ &m);
void bind_markers(nb::module_ &m);
void bind_profile_alignment(nb::module_ &m);
void bind_homology(nb::module_ &m);
void bind_neighbours(nb::module_ &m);
void bind_rrna(nb::module_ &m);
void bind_tree(nb::module_ &m);
void bind_trna(nb::module_ &m);

template <typename T, size_t N>
using In = nb::ndarray<const T, nb::numpy, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <typename T, size_t N>
using Out = nb::ndarray<nb::numpy, T, nb::ndim<N>>;

using Vector = In<float, 1>;
using Matrix = In<float, 2>;
using Rows = In<int32_t, 1>;
// Codes (bases.hpp) of each. Many contigs in one call: for one thread to hand its turn over takes
// as long as thousands of bases.
using Contigs = std::vector<In<uint8_t, 1>>;

// An array that takes a vector's memory over.
template <typename T, size_t N>
Out<T, N> array_out(std::vector<T> &&values, const size_t (&shape)[N]) {
    auto *held = new std::vector<T>(std::move(values));
    nb::capsule owner(held, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return Out<T, N>(held->data(), N, shape, owner);
}
template <typename T>
Out<T, 1> vector_out(std::vector<T> &&values) {
    const size_t n = values.size();
    return array_out<T, 1>(std::move(values), {n});
}
template <typename T>
Out<T, 2> table_out(std::vector<T> &&values, size_t rows, size_t columns) {
    return array_out<T, 2>(std::move(values), {rows, columns});
}

inline void require(bool good, const char *what) {
    if (!good) throw std::invalid_argument(what);
}

inline const uint8_t *bytes_of(const nb::bytes &b) {
    return static_cast<const uint8_t *>(b.data());
}

// Whether bounds of consecutive parts begin at 0, never fall, and end at `last`.
template <typename T>
bool rises_to(const std::vector<T> &bounds, size_t last) {
    return !bounds.empty() && bounds.front() == 0 && bounds.back() == static_cast<int64_t>(last) &&
           std::is_sorted(bounds.begin(), bounds.end());
}

// The five arguments that all functions of the metric begin with.
inline Points points_of(const Matrix &vectors, const Vector &noise, const Matrix &depth,
                        const Matrix &variance, float effective_dims) {
    const size_t n = vectors.shape(0);
    require(noise.shape(0) == n && depth.shape(0) == n && variance.shape(0) == n &&
                depth.shape(1) == variance.shape(1),
            "vectors, noise, depth and variance must have one row a contig");
    return {vectors.data(),   noise.data(),   depth.data(),  variance.data(), n,
            vectors.shape(1), depth.shape(1), effective_dims};
}

}  // namespace llmbin

// Nearest neighbours on an NVIDIA GPU: a thread for each query and slice of the references. All
// threads of a warp read the same reference at the same time, so that one load serves them all.
// Built with -fmad=false: the bits are those of the CPU.
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "search.hpp"

namespace llmbin {

namespace {

constexpr int kThreads = 128;     // of a block
constexpr int kWanted = 1 << 18;  // threads that keep a large GPU busy

void check(cudaError_t status, const char *doing) {
    if (status == cudaSuccess) return;
    const std::string what = std::string("CUDA failed while ") + doing;
    throw std::runtime_error(what + ": " + cudaGetErrorString(status));
}

template <typename T>
class OnDevice {
public:
    explicit OnDevice(size_t n) : n_(n) {
        check(cudaMalloc(&data_, std::max<size_t>(n, 1) * sizeof(T)), "reserving memory");
    }
    explicit OnDevice(const std::vector<T> &from) : OnDevice(from.size()) {
        check(cudaMemcpy(data_, from.data(), n_ * sizeof(T), cudaMemcpyHostToDevice),
              "copying to the GPU");
    }
    OnDevice(const OnDevice &) = delete;
    OnDevice &operator=(const OnDevice &) = delete;
    ~OnDevice() { cudaFree(data_); }
    T *data() const { return data_; }
    std::vector<T> host() const {
        std::vector<T> out(n_);
        check(cudaMemcpy(out.data(), data_, n_ * sizeof(T), cudaMemcpyDeviceToHost),
              "copying from the GPU");
        return out;
    }

private:
    T *data_ = nullptr;
    size_t n_;
};

struct TableOnDevice {
    OnDevice<float> vectors, depth, variance, noise;
    OnDevice<int32_t> index;
    View view;
    TableOnDevice(const Table &t, const std::vector<int32_t> &rows)
        : vectors(t.vectors), depth(t.depth), variance(t.variance), noise(t.noise), index(rows),
          view(view_of(t, rows)) {
        view.vectors = vectors.data();
        view.depth = depth.data();
        view.variance = variance.data();
        view.noise = noise.data();
        view.index = index.data();
    }
};

__global__ void search(View a, View b, int k, int slices, float *squared, int32_t *found) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x, s = blockIdx.y;
    if (i >= a.n) return;
    const size_t at = (static_cast<size_t>(s) * a.n + i) * k;
    nearest_of(a, i, b, slice_of(b, s, slices), k, squared + at, found + at);
}

}  // namespace

int cuda_devices() {
    int n = 0;
    return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0;
}

Neighbours neighbours_on_gpu(const NeighbourSearch &of, int device) {
    if (of.queries.empty()) return Neighbours(of);
    check(cudaSetDevice(device), "choosing the GPU");
    const TableOnDevice q(Table(of.points, of.queries), of.queries);
    const TableOnDevice t(Table(of.points, of.references), of.references);
    const int blocks = (q.view.n + kThreads - 1) / kThreads;
    const int slices = std::max(1, std::min(64, kWanted / (blocks * kThreads)));
    const size_t answers = static_cast<size_t>(slices) * of.queries.size() * of.k;
    const OnDevice<float> squared(answers);
    const OnDevice<int32_t> found(answers);
    search<<<dim3(blocks, slices), kThreads>>>(q.view, t.view, static_cast<int>(of.k), slices,
                                               squared.data(), found.data());
    check(cudaGetLastError(), "starting the neighbour search");
    check(cudaDeviceSynchronize(), "searching neighbours");
    return merge_slices({squared.host(), found.host()}, of, slices);
}

}  // namespace llmbin

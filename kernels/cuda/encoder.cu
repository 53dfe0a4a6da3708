// The encoder on an NVIDIA GPU: a block of threads for a window (window_encoder.hpp).
//
// Compiled where it runs, by NVRTC, for the sizes of one pack (llmbin/model/fused.py defines them),
// with the two headers in front of it; or by nvcc, to see what becomes of it. No header of
// CUDA's is needed. From compute capability 8.0 on weights are copied while others are used.

#ifndef __CUDACC_RTC__
#include "window_encoder.hpp"
#endif

namespace llmbin {

using Pack = Sizes<LLMBIN_WIDTH, LLMBIN_STRIDE, LLMBIN_STEM_KERNEL, LLMBIN_KERNEL, LLMBIN_EXPAND,
                   LLMBIN_BANDS, LLMBIN_DILATIONS>;
using PackThread = ThreadState<Half2, Pack>;

// c [16, 8] += a [16, 16] b [16, 8], by a warp.
__device__ __forceinline__ void add_product(float *c, const Half2 (&a)[4], unsigned b0,
                                            unsigned b1) {
#if __CUDA_ARCH__ >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
        "{%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0].bits), "r"(a[1].bits), "r"(a[2].bits), "r"(a[3].bits), "r"(b0), "r"(b1));
#else
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0].bits), "r"(a[1].bits), "r"(b0));
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[2].bits), "r"(a[3].bits), "r"(b1));
#endif
}

// A block of threads, as one of them sees it.
class GpuBlock {
public:
    __device__ GpuBlock(PackThread &own) : own_(own), thread_(static_cast<int>(threadIdx.x)) {}

    template <typename Work>
    __device__ __forceinline__ void each(Work work) {
        work(own_, thread_);
    }
    __device__ __forceinline__ void sync() { __syncthreads(); }
    __device__ __forceinline__ void sync_warp() { __syncwarp(); }

    // Sums over a warp's lanes, which all lanes get.
    __device__ __forceinline__ void add_lanes() {
        LLMBIN_UNROLL
        for (int row = 0; row < Pack::kRows; ++row) {
            LLMBIN_UNROLL
            for (int apart = kLanesOfWarp / 2; apart > 0; apart /= 2)
                own_.totals[row] += __shfl_xor_sync(0xffffffffu, own_.totals[row], apart);
        }
    }

    // Sixteen columns of sums += halves x weights, which lie as the warp's lanes take them.
    template <typename Sums, typename Halves>
    __device__ __forceinline__ void multiply(Sums sums, Halves halves, const Half2 *weights) {
        const uint4 b = reinterpret_cast<const uint4 *>(weights)[thread_ % kLanesOfWarp];
        LLMBIN_UNROLL
        for (int band = 0; band < Pack::kBands; ++band) {
            float *c = sums(own_, band);
            add_product(c, halves(own_, band), b.x, b.y);
            add_product(c + 4, halves(own_, band), b.z, b.w);
        }
    }

    template <int N>
    __device__ __forceinline__ void load_pairs(Half2 (&to)[N], const Half2 *from) {
        if constexpr (N == 2) {
            const uint2 held = *reinterpret_cast<const uint2 *>(from);
            to[0].bits = held.x;
            to[1].bits = held.y;
        } else if constexpr (N == 4) {
            const uint4 held = *reinterpret_cast<const uint4 *>(from);
            to[0].bits = held.x;
            to[1].bits = held.y;
            to[2].bits = held.z;
            to[3].bits = held.w;
        } else {
            LLMBIN_UNROLL
            for (int i = 0; i < N; ++i) to[i] = from[i];
        }
    }
    template <int N>
    __device__ __forceinline__ void store_pairs(Half2 *to, const Half2 (&from)[N]) {
        if constexpr (N == 2) {
            *reinterpret_cast<uint2 *>(to) = make_uint2(from[0].bits, from[1].bits);
        } else if constexpr (N == 4) {
            *reinterpret_cast<uint4 *>(to) =
                make_uint4(from[0].bits, from[1].bits, from[2].bits, from[3].bits);
        } else {
            LLMBIN_UNROLL
            for (int i = 0; i < N; ++i) to[i] = from[i];
        }
    }

    // Copies that go on while other work is done, in groups; the oldest group is awaited.
    __device__ __forceinline__ void copy_four(Half2 *to, const Half2 *from) {
#if __CUDA_ARCH__ >= 800
        const auto shared = static_cast<unsigned>(__cvta_generic_to_shared(to));
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared), "l"(from)
                     : "memory");
#else
        *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(from);
#endif
    }
    __device__ __forceinline__ void end_copies() {
#if __CUDA_ARCH__ >= 800
        asm volatile("cp.async.commit_group;" ::: "memory");
#endif
    }
    __device__ __forceinline__ void await_copies() {
#if __CUDA_ARCH__ >= 800
        asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2) : "memory");
#endif
    }

private:
    PackThread &own_;
    int thread_;
};

// Registers that a thread may have are 65536 over the threads of a multiprocessor: up to a width of
// 128 there are 128 of them, above, or with two bands, 255.
constexpr int kMostThreads = LLMBIN_MOST_THREADS;
constexpr int kResident = (Pack::kWidth * Pack::kBands <= 128 ? 512 : 256) / kMostThreads;

}  // namespace llmbin

// Vectors [windows, kWidth] of windows of so many bases: packed [windows, (bases + 1) / 2] and
// lengths [windows]. A block a window; threads and bytes of shared memory as `encoder_needs` says.
extern "C" __global__ void __launch_bounds__(llmbin::kMostThreads,
                                             llmbin::kResident > 0 ? llmbin::kResident : 1)
    encode_windows(const llmbin::Half2 *__restrict__ chunks, const float *__restrict__ numbers,
                   const unsigned char *__restrict__ packed, const int *__restrict__ lengths,
                   int bases, float *__restrict__ vectors) {
    using namespace llmbin;
    extern __shared__ uint4 memory[];
    const long long window = blockIdx.x;
    const Shape shape = Shape::of<Pack>(bases);
    PackThread own;
    GpuBlock block(own);
    WindowEncoder<Pack, Half2, GpuBlock>(block, {chunks, numbers},
                                         {packed + window * ((bases + 1) / 2), lengths[window]},
                                         shape, Shared<Half2, Pack>::in(memory, shape))
        .encode(vectors + window * Pack::kWidth);
}

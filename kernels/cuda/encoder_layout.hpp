// How a window lies on a GPU: numbers as they are stored, sizes of a pack and what follows from
// them, what a block of threads has in shared memory and a thread in registers, and who has which
// part of it. Plain C++ too; no header of CUDA's is needed.
//
// Memory: all of it the caller's, on the side that the code runs on. Throws: nothing.
#pragma once

#if defined(__CUDACC__)
#define LLMBIN_GPU __device__ __forceinline__
#define LLMBIN_UNROLL _Pragma("unroll")
#define LLMBIN_LOOP _Pragma("unroll 1")
#else
#define LLMBIN_GPU inline
#define LLMBIN_UNROLL
#define LLMBIN_LOOP
#include <cmath>
#include <cstring>
#endif

namespace llmbin {

constexpr int kLanesOfWarp = 32, kBandRows = 16;  // rows of a product
constexpr int kStages = 3;                        // chunks of weights in shared memory
constexpr int kMostRows = 128;  // above, the strands of a window go one after the other
constexpr int kSymbols = 5;     // A C G T and unknown; padding is none of them
constexpr unsigned char kNone = 7;
constexpr float kEpsilon = 1e-5f;  // of layer norms

// Two numbers side by side, as they are stored: in FP16, or in FP32 for tests of the rest.
struct Half2 {
    unsigned bits;
};
struct Float2 {
    float low, high;
};

#if !defined(__CUDACC__)
inline unsigned half_of(float value) {  // to nearest, ties to even
    unsigned bits;
    std::memcpy(&bits, &value, 4);
    const unsigned sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x47800000u) return sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u);
    if (magnitude < 0x38800000u) {  // subnormal: a multiple of 2^-24
        float size;
        std::memcpy(&size, &magnitude, 4);
        return sign | static_cast<unsigned>(std::nearbyint(size * 16777216.0f));
    }
    const unsigned odd = magnitude >> 13 & 1;
    return sign | (magnitude - 0x38000000u + 0xfffu + odd) >> 13;
}
inline float float_of(unsigned half) {
    const unsigned sign = (half & 0x8000u) << 16, magnitude = half & 0x7fffu;
    unsigned bits = magnitude << 13;
    if (magnitude < 0x400u) {
        const float size = static_cast<float>(magnitude) / 16777216.0f;
        std::memcpy(&bits, &size, 4);
    } else {
        bits += magnitude < 0x7c00u ? 0x38000000u : 0x70000000u;
    }
    bits |= sign;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}
#endif

LLMBIN_GPU void store(Half2 &to, float low, float high) {
#if defined(__CUDACC__)
    asm("{.reg .b16 l, h; cvt.rn.f16.f32 l, %1; cvt.rn.f16.f32 h, %2; mov.b32 %0, {l, h};}"
        : "=r"(to.bits)
        : "f"(low), "f"(high));
#else
    to.bits = half_of(low) | half_of(high) << 16;
#endif
}
LLMBIN_GPU Float2 load(Half2 from) {
    Float2 out;
#if defined(__CUDACC__)
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}"
        : "=f"(out.low), "=f"(out.high)
        : "r"(from.bits));
#else
    out.low = float_of(from.bits & 0xffffu);
    out.high = float_of(from.bits >> 16);
#endif
    return out;
}
LLMBIN_GPU void store(Float2 &to, float low, float high) { to = {low, high}; }
LLMBIN_GPU Float2 load(Float2 from) { return from; }

LLMBIN_GPU float inverse_root(float value) {
#if defined(__CUDACC__)
    return rsqrtf(value);
#else
    return 1.0f / std::sqrt(value);
#endif
}

// Sizes of a pack's encoder, as its config.json gives them, and what follows from them.
// A warp has one or two bands of sixteen positions: with two, weights are read half as often, and a
// thread needs twice the registers.
template <int Width, int Stride, int StemKernel, int Kernel, int Expand, int Bands, int... Dilation>
struct Sizes {
    static_assert(Width % 64 == 0 && Kernel % 2 == 1, "model/fused_weights.py refuses others");
    static_assert((StemKernel - Stride) % 2 == 0 && StemKernel >= Stride, "likewise");
    static constexpr int kWidth = Width, kStride = Stride, kKernel = Kernel;
    static constexpr int kStemKernel = StemKernel, kStemInputs = kSymbols * StemKernel;
    static constexpr int kDepth = sizeof...(Dilation), kHidden = Expand * Width;

    static constexpr int kBands = Bands, kRows = kBandRows * Bands;  // positions of a warp
    static constexpr int kTiles = Width / 16;             // of sixteen columns of a position
    static constexpr int kOfLane = Width / kLanesOfWarp;  // channels of a lane, side by side
    static constexpr int kRow = Width / 2 + 4;  // pairs of a position: no two rows begin in a bank
    // A chunk holds two slices, each so many products: of the stem's next 32 inputs, or of the next
    // 16 hidden units the way up and the way down.
    static constexpr int kSlice = kTiles * kLanesOfWarp * 4, kChunk = 2 * kSlice;  // in pairs
    static constexpr int kStemChunks = (kStemInputs + 31) / 32, kBlockChunks = kHidden / 16;
    static constexpr int kChunks = kStemChunks + kDepth * kBlockChunks;
    // Numbers in FP32: the stem's bias; of each block the convolution by taps, its bias, the norm's
    // weight and bias, the biases of the MLP; the last norm's weight and bias.
    static constexpr int kOfBlock = (Kernel + 4) * Width + kHidden;
    static constexpr int kNumbers = Width + kDepth * kOfBlock + 2 * Width;

    LLMBIN_GPU static int dilation(int block) {
        int out = 0, at = 0;
        ((out = at++ == block ? Dilation : out), ...);
        return out;
    }
};

template <typename Pair>
struct EncoderWeights {
    const Pair *chunks;    // [kChunks, kChunk]
    const float *numbers;  // [kNumbers]
};

// One window: codes (bases.hpp), two to a byte with the first one low, and how many are no padding.
struct Window {
    const unsigned char *packed;
    int length;
};

// How windows of one padded length lie in a block of threads.
struct Shape {
    int positions;  // of a strand, rounded up to whole warps
    int strands;    // that are there at a time
    int warp_rows;

    template <typename S>
    LLMBIN_GPU static Shape of(int bases) {
        const int positions = (bases / S::kStride + S::kRows - 1) / S::kRows * S::kRows;
        return {positions, 2 * positions <= kMostRows ? 2 : 1, S::kRows};
    }
    LLMBIN_GPU int rows() const { return positions * strands; }
    LLMBIN_GPU int warps() const { return rows() / warp_rows; }
    LLMBIN_GPU int threads() const { return warps() * kLanesOfWarp; }
};

// What a block keeps in shared memory.
template <typename Pair, typename S>
struct Shared {
    Pair *states;            // [rows + 1, kRow]; the last one is zero, and stands for padding
    Pair *ring;              // [kStages, kChunk]
    float *sums;             // [warps, kWidth], of their rows
    float *mean;             // [kWidth]
    unsigned char *symbols;  // [strands, symbols_of(shape)]

    LLMBIN_GPU static int symbols_of(Shape shape) {
        return (shape.positions - 1) * S::kStride + S::kStemKernel;
    }
    LLMBIN_GPU static int bytes(Shape shape) {
        const int pairs = (shape.rows() + 1) * S::kRow + kStages * S::kChunk;
        const int floats = (shape.warps() + 1) * S::kWidth;
        return pairs * static_cast<int>(sizeof(Pair)) + floats * static_cast<int>(sizeof(float)) +
               shape.strands * symbols_of(shape);
    }
    LLMBIN_GPU static Shared in(void *memory, Shape shape) {
        Shared out;
        out.states = static_cast<Pair *>(memory);
        out.ring = out.states + (shape.rows() + 1) * S::kRow;
        out.sums = reinterpret_cast<float *>(out.ring + kStages * S::kChunk);
        out.mean = out.sums + shape.warps() * S::kWidth;
        out.symbols = reinterpret_cast<unsigned char *>(out.mean + S::kWidth);
        return out;
    }
};

// What a thread keeps in registers. Sums and halves are of its warp's rows, in one of two forms:
// * by product: as the tensor cores have them (`column` below, and 8 rows apart), in tiles of 16
//   columns;
// * by channel: [kRows, kOfLane], all rows of the lane's channels.
template <typename Pair, typename S>
struct ThreadState {
    float sums[S::kBands][S::kTiles][8], of_rows[S::kRows][S::kOfLane];
    Pair halves[S::kBands][S::kTiles][4], pairs_of_rows[S::kRows][S::kOfLane / 2];
    float hidden[S::kBands][8];
    Pair active[S::kBands][4];
    float totals[S::kRows];
};

// Where a thread is.
struct Place {
    int lane, warp;
    int row;       // first of the warp's, among the block's
    int strand;    // of those that are there
    int position;  // first of the warp's, in its strand

    LLMBIN_GPU static Place of(int thread, Shape shape) {
        Place out;
        out.lane = thread % kLanesOfWarp;
        out.warp = thread / kLanesOfWarp;
        out.row = out.warp * shape.warp_rows;
        out.strand = out.row / shape.positions;
        out.position = out.row - out.strand * shape.positions;
        return out;
    }
    // Row and first column of a tile's numbers in this thread; the others are 1 column, 8 rows and
    // 8 columns on.
    LLMBIN_GPU int product_row() const { return lane / 4; }
    LLMBIN_GPU int column() const { return lane % 4 * 2; }
};

LLMBIN_GPU int code_at(const Window &window, int base) {
    return window.packed[base / 2] >> base % 2 * 4 & 15;
}

// What stands at a base of a strand of so many bases in whole positions. The reverse strand begins
// with the padding that its first position needs, and no other.
LLMBIN_GPU unsigned char symbol_at(const Window &window, int base, int bases, bool reverse) {
    const int at = reverse ? bases - 1 - base : base;
    if (base < 0 || base >= bases || at >= window.length) return kNone;
    const int code = code_at(window, at);
    return static_cast<unsigned char>(reverse && code < 4 ? 3 - code : code);
}

// One number of the stem's input: input k is a symbol at a tap.
template <typename S>
LLMBIN_GPU float one_hot(const unsigned char *symbols, int k) {
    return k < S::kStemInputs && symbols[k % S::kStemKernel] == k / S::kStemKernel ? 1.0f : 0.0f;
}

}  // namespace llmbin

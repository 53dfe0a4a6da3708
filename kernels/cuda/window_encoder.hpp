// A window through the encoder (llmbin/model/language_model.py) in one block of a GPU's threads:
// stem, blocks, norm and mean over both strands, with the hidden states in shared memory. Plain C++
// too, so that tests can run it where there is no GPU.
//
// A warp has sixteen positions of a strand or twice as many, which are the rows of the tensor
// cores' products. It keeps their hidden states twice: in shared memory, where neighbours read them
// for the convolution, and as sums in registers, where the MLP adds to them. The MLP's inner layer
// exists for sixteen units at a time and never leaves registers: what a product gives lies as the
// next one takes it. Weights go by in chunks, in the order in which they are needed.
//
// What runs is written once, for `Block`: a GPU's block (encoder.cu), in which each thread has its
// own state, or a host's (emulated_encoder.cpp), which has the states of all threads and goes
// through them in turn. A thread reads what others wrote only behind a barrier.
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

template <typename S, typename Pair, typename Block>
class WindowEncoder {
    using Thread = ThreadState<Pair, S>;

public:
    LLMBIN_GPU WindowEncoder(Block &block, EncoderWeights<Pair> weights, Window window, Shape shape,
                             Shared<Pair, S> shared)
        : block_(block), weights_(weights), window_(window), shape_(shape), shared_(shared),
          real_((window.length + S::kStride - 1) / S::kStride),
          all_chunks_(2 / shape.strands * S::kChunks) {}

    // The window's vector [kWidth].
    LLMBIN_GPU void encode(float *vector) {
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads()) shared_.mean[i] = 0.0f;
            for (int i = thread; i < S::kRow; i += shape_.threads())
                store(shared_.states[shape_.rows() * S::kRow + i], 0.0f, 0.0f);
        });
        for (int i = 0; i < kStages - 1; ++i) fetch_chunk();
        LLMBIN_LOOP
        for (int first = 0; first < 2; first += shape_.strands) {
            read_symbols(first);  // its barrier is that of the stem's first weights
            stem();
            LLMBIN_LOOP
            for (int b = 0; b < S::kDepth; ++b) {
                const float *numbers = weights_.numbers + S::kWidth + b * S::kOfBlock;
                convolve(numbers, S::dilation(b));
                normalise(numbers + (S::kKernel + 1) * S::kWidth);
                block_.sync();  // all have read their neighbours
                exchange(numbers + S::kOfBlock - S::kWidth);
                mlp(numbers + (S::kKernel + 3) * S::kWidth);
                store_states();
            }
            pool(weights_.numbers + S::kNumbers - 2 * S::kWidth);
        }
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads())
                vector[i] = shared_.mean[i] / 2;
        });
    }

private:
    // Begins to copy the next chunk of weights; after the last one nothing.
    LLMBIN_GPU void fetch_chunk() {
        if (fetched_ < all_chunks_) {
            const Pair *from = weights_.chunks + fetched_ % S::kChunks * S::kChunk;
            Pair *to = shared_.ring + fetched_ % kStages * S::kChunk;
            block_.each([&](Thread &, int thread) {
                for (int i = thread * 4; i < S::kChunk; i += shape_.threads() * 4)
                    block_.copy_four(to + i, from + i);
            });
        }
        ++fetched_;
        block_.end_copies();
    }

    // The chunk whose turn it is. The barrier also says that all are done with the one before,
    // whose place the next one takes.
    LLMBIN_GPU const Pair *next_chunk() {
        block_.await_copies();
        block_.sync();
        fetch_chunk();
        return shared_.ring + used_++ % kStages * S::kChunk;
    }

    LLMBIN_GPU void read_symbols(int first_strand) {
        const int each = Shared<Pair, S>::symbols_of(shape_);
        constexpr int kMargin = (S::kStemKernel - S::kStride) / 2;
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < shape_.strands * each; i += shape_.threads()) {
                const int base = i % each - kMargin;
                const bool reverse = first_strand + i / each == 1;
                shared_.symbols[i] = symbol_at(window_, base, real_ * S::kStride, reverse);
            }
        });
    }

    // The strided convolution over bases, as a product with ones and zeros.
    LLMBIN_GPU void stem() {
        block_.each([&](Thread &t, int thread) {
            const float *bias = weights_.numbers + Place::of(thread, shape_).column();
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                LLMBIN_UNROLL
                for (int i = 0; i < 8; ++i)
                    t.sums[band][tile][i] = bias[tile * 16 + i / 4 * 8 + i % 2];
            }
        });
        LLMBIN_LOOP
        for (int chunk = 0; chunk < S::kStemChunks; ++chunk) {
            const Pair *held = next_chunk();
            LLMBIN_LOOP
            for (int half = 0; half < 2; ++half) {
                block_.each([&](Thread &t, int thread) {
                    const Place at = Place::of(thread, shape_);
                    const unsigned char *symbols = shared_.symbols +
                                                   at.strand * Shared<Pair, S>::symbols_of(shape_) +
                                                   (at.position + at.product_row()) * S::kStride;
                    LLMBIN_UNROLL
                    for (int n = 0; n < S::kBands * 4; ++n) {
                        const int band = n / 4, i = n % 4;
                        const unsigned char *row =
                            symbols + (band * kBandRows + i % 2 * 8) * S::kStride;
                        const int k = (chunk * 2 + half) * 16 + at.column() + i / 2 * 8;
                        store(t.active[band][i], one_hot<S>(row, k), one_hot<S>(row, k + 1));
                    }
                });
                add_products(held + half * S::kSlice);
            }
        }
        store_states();
    }

    // sums += active x the weights of a slice.
    LLMBIN_GPU void add_products(const Pair *slice) {
        LLMBIN_UNROLL
        for (int tile = 0; tile < S::kTiles; ++tile)
            block_.multiply([&](Thread &t, int band) -> float (&)[8] { return t.sums[band][tile]; },
                            [&](Thread &t, int band) -> Pair(&)[4] { return t.active[band]; },
                            slice + tile * kLanesOfWarp * 4);
    }

    // Hidden states of the warp's rows into shared memory, for all to see.
    LLMBIN_GPU void store_states() {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                const float (&sums)[8] = t.sums[band][tile];
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i)
                    store(*product_pair(at, n, i), sums[2 * i], sums[2 * i + 1]);
            }
        });
        block_.sync();
    }

    // Pair i of a tile of the thread's, in shared memory: two row halves, then two column halves.
    // Tiles of the first band are numbered before those of the second.
    LLMBIN_GPU Pair *product_pair(const Place &at, int n, int i) {
        const int band = n / S::kTiles, tile = n % S::kTiles;
        const int row = at.row + band * kBandRows + at.product_row() + i % 2 * 8;
        return shared_.states + row * S::kRow + tile * 8 + i / 2 * 4 + at.column() / 2;
    }

    // The depthwise convolution of the warp's rows, by channel; padding counts as zero. Most warps
    // have no padding around their rows, and need not look for it at each.
    LLMBIN_GPU void convolve(const float *numbers, int dilation) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            const int channel = at.lane * S::kOfLane;
            const float *bias = numbers + S::kKernel * S::kWidth + channel;
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.of_rows[row][c] = bias[c];
            }
            const Pair *strand =
                shared_.states + at.strand * shape_.positions * S::kRow + channel / 2;
            const Pair *zeros = shared_.states + shape_.rows() * S::kRow + channel / 2;
            LLMBIN_LOOP
            for (int tap = 0; tap < S::kKernel; ++tap) {
                const float *weights = numbers + tap * S::kWidth + channel;
                const int first = at.position + (tap - S::kKernel / 2) * dilation;
                const Pair *from = strand + first * S::kRow;
                if (first >= 0 && first + S::kRows <= real_) {
                    LLMBIN_UNROLL
                    for (int row = 0; row < S::kRows; ++row)
                        add_weighted(t.of_rows[row], weights, from + row * S::kRow);
                } else {
                    LLMBIN_UNROLL
                    for (int row = 0; row < S::kRows; ++row) {
                        const bool real = first + row >= 0 && first + row < real_;
                        add_weighted(t.of_rows[row], weights, real ? from + row * S::kRow : zeros);
                    }
                }
            }
        });
    }

    LLMBIN_GPU void add_weighted(float (&sums)[S::kOfLane], const float *weights,
                                 const Pair *from) {
        Pair held[S::kOfLane / 2];
        block_.template load_pairs<S::kOfLane / 2>(held, from);
        LLMBIN_UNROLL
        for (int c = 0; c < S::kOfLane / 2; ++c) {
            const Float2 x = load(held[c]);
            sums[2 * c] += weights[2 * c] * x.low;
            sums[2 * c + 1] += weights[2 * c + 1] * x.high;
        }
    }

    // of_rows becomes of mean 0 and variance 1 over a position's channels.
    LLMBIN_GPU void standardise() {
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                t.totals[row] = 0.0f;
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.totals[row] += t.of_rows[row][c];
            }
        });
        block_.add_lanes();
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                const float mean = t.totals[row] / S::kWidth;
                t.totals[row] = 0.0f;
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) {
                    t.of_rows[row][c] -= mean;
                    t.totals[row] += t.of_rows[row][c] * t.of_rows[row][c];
                }
            }
        });
        block_.add_lanes();
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                const float scale = inverse_root(t.totals[row] / S::kWidth + kEpsilon);
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.of_rows[row][c] *= scale;
            }
        });
    }

    // The norm of the convolution, by channel, as it is stored.
    LLMBIN_GPU void normalise(const float *norm) {
        standardise();
        block_.each([&](Thread &t, int thread) {
            const int channel = thread % kLanesOfWarp * S::kOfLane;
            const float *weight = norm + channel, *bias = norm + S::kWidth + channel;
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane / 2; ++c)
                    store(t.pairs_of_rows[row][c],
                          t.of_rows[row][2 * c] * weight[2 * c] + bias[2 * c],
                          t.of_rows[row][2 * c + 1] * weight[2 * c + 1] + bias[2 * c + 1]);
            }
        });
    }

    // Hidden states go from shared memory to the sums, with the bias of what will be added to them;
    // by their place the norm's outcome turns from by channel to by product.
    LLMBIN_GPU void exchange(const float *bias) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                float (&sums)[8] = t.sums[band][tile];
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i) {
                    const Float2 x = load(*product_pair(at, n, i));
                    const float *added = bias + tile * 16 + i / 2 * 8 + at.column();
                    sums[2 * i] = x.low + added[0];
                    sums[2 * i + 1] = x.high + added[1];
                }
            }
        });
        block_.sync_warp();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row)
                block_.template store_pairs<S::kOfLane / 2>(
                    shared_.states + (at.row + row) * S::kRow + at.lane * S::kOfLane / 2,
                    t.pairs_of_rows[row]);
        });
        block_.sync_warp();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i)
                    t.halves[n / S::kTiles][n % S::kTiles][i] = *product_pair(at, n, i);
            }
        });
    }

    // Up, ReLU and down, sixteen hidden units at a time.
    LLMBIN_GPU void mlp(const float *bias) {
        LLMBIN_LOOP
        for (int chunk = 0; chunk < S::kBlockChunks; ++chunk) {
            const Pair *held = next_chunk();
            block_.each([&](Thread &t, int thread) {
                const float *own = bias + chunk * 16 + Place::of(thread, shape_).column();
                LLMBIN_UNROLL
                for (int n = 0; n < S::kBands * 8; ++n)
                    t.hidden[n / 8][n % 8] = own[n % 8 / 4 * 8 + n % 2];
            });
            LLMBIN_UNROLL
            for (int tile = 0; tile < S::kTiles; ++tile)
                block_.multiply(
                    [&](Thread &t, int band) -> float (&)[8] { return t.hidden[band]; },
                    [&](Thread &t, int band) -> Pair(&)[4] { return t.halves[band][tile]; },
                    held + tile * kLanesOfWarp * 4);
            block_.each([&](Thread &t, int) {
                LLMBIN_UNROLL
                for (int n = 0; n < S::kBands * 4; ++n) {
                    const float *pair = t.hidden[n / 4] + n % 4 * 2;
                    store(t.active[n / 4][n % 4], positive(pair[0]), positive(pair[1]));
                }
            });
            add_products(held + S::kSlice);
        }
    }

    LLMBIN_GPU static float positive(float value) { return value > 0.0f ? value : 0.0f; }

    // The last norm, and its mean over the real positions of each strand.
    LLMBIN_GPU void pool(const float *norm) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                Pair held[S::kOfLane / 2];
                block_.template load_pairs<S::kOfLane / 2>(
                    held, shared_.states + (at.row + row) * S::kRow + at.lane * S::kOfLane / 2);
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane / 2; ++c) {
                    const Float2 x = load(held[c]);
                    t.of_rows[row][2 * c] = x.low;
                    t.of_rows[row][2 * c + 1] = x.high;
                }
            }
        });
        standardise();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            float *sums = shared_.sums + at.warp * S::kWidth + at.lane * S::kOfLane;
            LLMBIN_UNROLL
            for (int c = 0; c < S::kOfLane; ++c) {
                float sum = 0.0f;
                LLMBIN_UNROLL
                for (int row = 0; row < S::kRows; ++row)
                    sum += at.position + row < real_ ? t.of_rows[row][c] : 0.0f;
                sums[c] = sum;
            }
        });
        block_.sync();
        const int warps = shape_.positions / S::kRows;
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads())
                for (int strand = 0; strand < shape_.strands; ++strand) {
                    float sum = 0.0f;
                    for (int warp = 0; warp < warps; ++warp)
                        sum += shared_.sums[(strand * warps + warp) * S::kWidth + i];
                    if (real_ > 0) shared_.mean[i] += sum / real_ * norm[i] + norm[S::kWidth + i];
                }
        });
    }

    Block &block_;
    EncoderWeights<Pair> weights_;
    Window window_;
    Shape shape_;
    Shared<Pair, S> shared_;
    int real_;  // positions that are not only padding
    int all_chunks_, fetched_ = 0, used_ = 0;
};

}  // namespace llmbin

// The GPU's encoder on the CPU, for tests: a block's threads go through each step one by one.
#include "../encoder.hpp"

#include <new>
#include <type_traits>

#include "window_encoder.hpp"

namespace llmbin {

namespace {

template <typename Pair, typename S>
class HostBlock {
    using Thread = ThreadState<Pair, S>;

public:
    HostBlock(int threads, bool backwards) : own_(threads), backwards_(backwards) {}

    template <typename Work>
    void each(Work work) {
        const int n = static_cast<int>(own_.size());
        for (int i = 0; i < n; ++i) {
            const int thread = backwards_ ? n - 1 - i : i;
            work(own_[thread], thread);
        }
    }
    void sync() {}
    void sync_warp() {}

    void add_lanes() {
        for (size_t first = 0; first < own_.size(); first += kLanesOfWarp)
            for (int row = 0; row < S::kRows; ++row) {
                float sum = 0.0f;
                for (int lane = 0; lane < kLanesOfWarp; ++lane)
                    sum += own_[first + lane].totals[row];
                for (int lane = 0; lane < kLanesOfWarp; ++lane)
                    own_[first + lane].totals[row] = sum;
            }
    }

    // As the tensor cores do it: which numbers of the three matrices a lane has is theirs to say.
    template <typename Sums, typename Halves>
    void multiply(Sums sums, Halves halves, const Pair *weights) {
        float b[16][16];  // input, column
        for (int lane = 0; lane < kLanesOfWarp; ++lane)
            for (int i = 0; i < 4; ++i) {
                const Float2 held = load(weights[lane * 4 + i]);
                const int input = lane % 4 * 2 + i % 2 * 8, column = i / 2 * 8 + lane / 4;
                b[input][column] = held.low;
                b[input + 1][column] = held.high;
            }
        const size_t products_of_block = own_.size() / kLanesOfWarp * S::kBands;
        for (size_t n = 0; n < products_of_block; ++n) {
            const size_t first = n / S::kBands * kLanesOfWarp;
            const int band = static_cast<int>(n % S::kBands);
            float a[kBandRows][16];
            for (int lane = 0; lane < kLanesOfWarp; ++lane)
                for (int i = 0; i < 4; ++i) {
                    const Float2 held = load(halves(own_[first + lane], band)[i]);
                    float *at = &a[lane / 4 + i % 2 * 8][lane % 4 * 2 + i / 2 * 8];
                    at[0] = held.low;
                    at[1] = held.high;
                }
            float products[kBandRows][16] = {};
            for (int row = 0; row < kBandRows; ++row)
                for (int input = 0; input < 16; ++input)
                    for (int column = 0; column < 16; ++column)
                        products[row][column] += a[row][input] * b[input][column];
            for (int lane = 0; lane < kLanesOfWarp; ++lane)
                for (int i = 0; i < 8; ++i)
                    sums(own_[first + lane], band)[i] +=
                        products[lane / 4 + i / 2 % 2 * 8][i / 4 * 8 + lane % 4 * 2 + i % 2];
        }
    }

    template <int N>
    void load_pairs(Pair (&to)[N], const Pair *from) {
        std::memcpy(to, from, sizeof to);
    }
    template <int N>
    void store_pairs(Pair *to, const Pair (&from)[N]) {
        std::memcpy(to, from, sizeof from);
    }
    void copy_four(Pair *to, const Pair *from) { std::memcpy(to, from, 4 * sizeof(Pair)); }
    void end_copies() {}
    void await_copies() {}

private:
    std::vector<Thread> own_;
    bool backwards_;
};

template <typename... Known>
struct Packs {};
// That of llmbin-edge, with one band and with two, and one that differs from it in everything.
using Emulated = Packs<Sizes<128, 8, 24, 9, 2, 1, 1, 3, 9>, Sizes<128, 8, 24, 9, 2, 2, 1, 3, 9>,
                       Sizes<64, 4, 10, 5, 3, 1, 2, 1>>;

template <int Width, int Stride, int StemKernel, int Kernel, int Expand, int Bands, int... Dilation>
bool fits(const std::vector<int> &sizes,
          Sizes<Width, Stride, StemKernel, Kernel, Expand, Bands, Dilation...>) {
    return sizes == std::vector<int>{Width, Stride, StemKernel, Kernel, Expand, Bands, Dilation...};
}

// Does the work for the one of the packs that has these sizes; whether there is one.
template <typename Work, typename... Known>
bool with_sizes(const std::vector<int> &sizes, Packs<Known...>, Work work) {
    return ((fits(sizes, Known{}) && (work(Known{}), true)) || ...);
}

template <typename Pair, typename Number>
void encode(const std::vector<int> &sizes, ArrangedWeights<Number> weights,
            const PackedWindows &windows, bool backwards, float *vectors) {
    with_sizes(sizes, Emulated{}, [&](auto pack) {
        using S = decltype(pack);
        const Shape shape = Shape::of<S>(windows.bases);
        std::vector<std::aligned_storage_t<16, 16>> memory((Shared<Pair, S>::bytes(shape) + 15) /
                                                           16);
        std::vector<Pair> chunks(static_cast<size_t>(S::kChunks) * S::kChunk);
        std::memcpy(chunks.data(), weights.chunks, chunks.size() * sizeof(Pair));
        HostBlock<Pair, S> block(shape.threads(), backwards);
        const size_t bytes = (windows.bases + 1) / 2;
        for (size_t w = 0; w < windows.count; ++w)
            WindowEncoder<S, Pair, HostBlock<Pair, S>>(
                block, {chunks.data(), weights.numbers},
                {windows.packed + w * bytes, windows.lengths[w]}, shape,
                Shared<Pair, S>::in(memory.data(), shape))
                .encode(vectors + w * S::kWidth);
    });
}

}  // namespace

bool is_emulated(const std::vector<int> &sizes) {
    return with_sizes(sizes, Emulated{}, [](auto) {});
}

EncoderNeeds encoder_needs(const std::vector<int> &sizes, int bases) {
    EncoderNeeds out{};
    with_sizes(sizes, Emulated{}, [&](auto pack) {
        using S = decltype(pack);
        const Shape shape = Shape::of<S>(bases);
        out = {shape.threads(), Shared<Half2, S>::bytes(shape), S::kWidth,
               S::kChunks * S::kChunk * 2, S::kNumbers};
    });
    return out;
}

void encode_emulated(const std::vector<int> &sizes, ArrangedWeights<uint16_t> weights,
                     const PackedWindows &windows, bool backwards, float *vectors) {
    encode<Half2>(sizes, weights, windows, backwards, vectors);
}
void encode_emulated(const std::vector<int> &sizes, ArrangedWeights<float> weights,
                     const PackedWindows &windows, bool backwards, float *vectors) {
    encode<Float2>(sizes, weights, windows, backwards, vectors);
}

}  // namespace llmbin

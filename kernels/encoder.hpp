// The GPU's encoder (cuda/window_encoder.hpp) on the CPU, thread by thread, for tests.
//
// Memory: all of it the caller's. Threads: any, as long as outputs differ. Throws: std::bad_alloc.
// Sizes, codes and lengths are not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

// Windows: packed [count, (bases + 1) / 2] (cuda/encoder_layout.hpp), lengths [count]; bases is a
// multiple of the stride.
struct PackedWindows {
    const uint8_t *packed;
    const int32_t *lengths;
    size_t count;
    int bases;
};

// A pack's weights: chunks and numbers as cuda/encoder_layout.hpp has them; chunks hold two numbers
// to a pair, in FP32 or, bit by bit, in FP16.
template <typename Number>
struct ArrangedWeights {
    const Number *chunks;
    const float *numbers;
};

// What a GPU that encodes such windows is asked for.
struct EncoderNeeds {
    int threads, shared_bytes, width, chunk_numbers, numbers;
};

// Sizes are width, stride, stem kernel, kernel and expansion, as a pack's config.json has them,
// bands (cuda/encoder_layout.hpp) and dilations. Some few are compiled for the CPU; whether these
// are.
bool is_emulated(const std::vector<int> &sizes);
EncoderNeeds encoder_needs(const std::vector<int> &sizes, int bases);

// Vectors [count, width], of FP16 or FP32 weights; threads of a block go in turn, or backwards.
void encode_emulated(const std::vector<int> &sizes, ArrangedWeights<uint16_t> weights,
                     const PackedWindows &windows, bool backwards, float *vectors);
void encode_emulated(const std::vector<int> &sizes, ArrangedWeights<float> weights,
                     const PackedWindows &windows, bool backwards, float *vectors);

}  // namespace llmbin

#include "hexamers.hpp"

#include <cstring>

#include "clones.hpp"
#include "strand.hpp"

namespace llmbin {

namespace {

constexpr int64_t kParts = 256;  // of a weight, that a mean is told in

// The two words of each hexamer, which may be the same.
struct Both {
    uint16_t lower, other;
};

constexpr auto make_hexamers() {
    std::array<Both, kHexamers> hexamers{};
    size_t next = 0;
    for (uint32_t word = 0; word < 4096; ++word) {
        const uint32_t other = other_strand<6>(word);
        if (word <= other)
            hexamers[next++] = {static_cast<uint16_t>(word), static_cast<uint16_t>(other)};
    }
    return hexamers;
}
constexpr auto kBoth = make_hexamers();

template <typename Number>
inline Number dot(const uint32_t *counts, const int16_t *weights) {
    Number sum = 0;
    for (size_t i = 0; i < kHexamers; ++i) sum += static_cast<Number>(counts[i]) * weights[i];
    return sum;
}

// Of so many words in all: a sum of 65,535 weights needs 32 bits.
LLMBIN_CLONES
int64_t weight_of(const uint32_t *counts, const int16_t *weights, int64_t total) {
    return total < 65536 ? dot<int32_t>(counts, weights) : dot<int64_t>(counts, weights);
}

int64_t floor_of(int64_t sum, int64_t total) { return sum / total - (sum % total < 0); }

}  // namespace

void count_words(const uint8_t *codes, size_t n, WordCounts &counts) {
    counts.fill(0);
    uint32_t value = 0;
    size_t i = 0;
    while (i < n) {
        // Warm-up: five known bases, then four words at a time for as long as the run lasts.
        size_t filled = 0;
        while (i < n && filled < 5) {
            const uint8_t code = codes[i++];
            filled = code > 3 ? 0 : filled + 1;
            value = value << 2 | (code & 3);
        }
        for (; i + 4 <= n; i += 4) {
            uint32_t four;
            std::memcpy(&four, codes + i, 4);
            if (four & 0x04040404u) break;
            // Four codes, a byte each and the first lowest, become two bits each, the first
            // highest.
            const uint32_t nine = (value & 1023) << 8 | (four * 0x40100401u) >> 24;
            ++counts[nine >> 6];
            ++counts[nine >> 4 & 4095];
            ++counts[nine >> 2 & 4095];
            ++counts[nine & 4095];
            value = nine;
        }
        for (; i < n && codes[i] < 4; ++i) {
            value = (value << 2 | codes[i]) & 4095;
            ++counts[value];
        }
    }
}

void join_strands(const WordCounts &words, HexamerCounts &hexamers) {
    for (size_t k = 0; k < kHexamers; ++k) {
        const Both both = kBoth[k];
        hexamers[k] = words[both.lower] + (both.lower == both.other ? 0 : words[both.other]);
    }
}

void weigh_hexamers(const HexamerCounts &hexamers, const int16_t *weights, size_t columns,
                    int32_t *means) {
    int64_t total = 0;
    for (const uint32_t count : hexamers) total += count;
    for (size_t k = 0; k < columns; ++k) {
        const int64_t sum = weight_of(hexamers.data(), weights + k * kHexamers, total);
        means[k] = total ? static_cast<int32_t>(floor_of(kParts * sum, total)) : 0;
    }
}

}  // namespace llmbin

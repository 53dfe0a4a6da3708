#include "bases.hpp"

#include <array>
#include <cstring>

namespace llmbin {

namespace {

// The column of each 4-mer, which it shares with its reverse complement.
struct Canonical {
    std::array<uint8_t, 256> column{};
    constexpr Canonical() {
        int next = 0;
        std::array<bool, 256> seen{};
        for (int v = 0; v < 256; ++v) {
            int r = 0;
            for (int i = 0; i < 4; ++i) r |= (3 - ((v >> (2 * i)) & 3)) << (2 * (3 - i));
            if (!seen[v]) {
                column[v] = column[r] = static_cast<uint8_t>(next++);
                seen[v] = seen[r] = true;
            }
        }
    }
};
constexpr Canonical kCanonical;

}  // namespace

void encode_bases(const uint8_t *__restrict ascii, size_t n, uint8_t *__restrict codes) {
    // Sums of compares instead of a table, so that compilers make vector code of it.
    for (size_t i = 0; i < n; ++i) {
        const uint8_t c = ascii[i] & 0xdf;
        uint8_t code = 4;
        code = static_cast<uint8_t>(code - 4 * (c == 'A'));
        code = static_cast<uint8_t>(code - 3 * (c == 'C'));
        code = static_cast<uint8_t>(code - 2 * (c == 'G'));
        code = static_cast<uint8_t>(code - (c == 'T'));
        code = static_cast<uint8_t>(code - (c == 'U'));
        codes[i] = code;
    }
}

void count_tetranucleotides(const uint8_t *codes, size_t n, uint32_t *out) {
    // Four histograms take turns, so that a run of equal 4-mers does not wait for its own store.
    uint32_t counts[4][256] = {};
    uint32_t value = 0;
    size_t i = 0;
    while (i < n) {
        // Warm-up: three clean bases, then count for as long as the run lasts.
        size_t filled = 0;
        while (i < n && filled < 3) {
            const uint8_t code = codes[i++];
            filled = code > 3 ? 0 : filled + 1;
            value = value << 2 | code;
        }
        for (; i + 4 <= n; i += 4) {
            uint32_t four;
            std::memcpy(&four, codes + i, 4);
            if (four & 0x04040404u) break;
            // Four codes, a byte each and the first lowest, become two bits each, the first
            // highest.
            const uint32_t eight = (value & 255) << 8 | (four * 0x40100401u) >> 24;
            ++counts[0][eight >> 6 & 255];
            ++counts[1][eight >> 4 & 255];
            ++counts[2][eight >> 2 & 255];
            ++counts[3][eight & 255];
            value = eight;
        }
        for (; i < n && codes[i] < 4; ++i) {
            value = (value << 2 | codes[i]) & 255;
            ++counts[0][value];
        }
    }
    for (int v = 0; v < 256; ++v)
        out[kCanonical.column[v]] += counts[0][v] + counts[1][v] + counts[2][v] + counts[3][v];
}

void count_bases(const uint8_t *codes, size_t n, uint64_t *out) {
    uint64_t gc = 0, known = 0;
    for (size_t i = 0; i < n; ++i) {
        gc += (codes[i] == 1) | (codes[i] == 2);
        known += codes[i] < 4;
    }
    out[0] = gc;
    out[1] = known;
}

}  // namespace llmbin

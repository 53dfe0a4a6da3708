#include "bases.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "clones.hpp"

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

constexpr size_t kGap = 10;
constexpr uint64_t kOfEach = 0x0101010101010101ull;  // one in each of eight bytes

// Four codes to a byte, the first in the lowest bits; 0 for those that are unknown.
LLMBIN_CLONES
void pack_fours(const uint8_t *__restrict codes, size_t fours, uint8_t *__restrict out) {
    for (size_t i = 0; i < fours; ++i) {
        uint32_t four;
        std::memcpy(&four, codes + 4 * i, 4);
        out[i] = packed_four(four & 0x03030303u);
    }
}

// Which of eight codes are unknown, a bit each.
void mark_unknown(const uint8_t *codes, size_t eights, uint8_t *out) {
    for (size_t i = 0; i < eights; ++i) {
        uint64_t eight;
        std::memcpy(&eight, codes + 8 * i, 8);
        out[i] = static_cast<uint8_t>((eight >> 2 & kOfEach) * 0x0102040810204080ull >> 56);
    }
}

struct Range {
    size_t begin, end;
};

// The first gap of codes [n] from a code on that is in none; n and n where there is none.
Range next_gap(const uint8_t *codes, size_t from, size_t n) {
    for (size_t begin = unknown_from(codes, from, n); begin < n;) {
        size_t end = begin;
        while (end < n && codes[end] > 3) ++end;
        if (end - begin >= kGap) return {begin, end};
        begin = unknown_from(codes, end, n);
    }
    return {n, n};
}

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

std::vector<uint8_t> pack_bases(const uint8_t *codes, size_t n) {
    const uint64_t size = n;
    const size_t eights = n / 8;
    uint8_t last[8] = {};
    std::copy(codes + 8 * eights, codes + n, last);
    std::vector<uint8_t> out(sizeof size + 2 * (eights + 1));
    std::memcpy(out.data(), &size, sizeof size);
    pack_fours(codes, 2 * eights, out.data() + sizeof size);
    pack_fours(last, 2, out.data() + out.size() - 2);
    if (unknown_from(codes, 0, n) < n) {
        out.resize(out.size() + eights + 1);
        mark_unknown(codes, eights, out.data() + out.size() - eights - 1);
        mark_unknown(last, 1, out.data() + out.size() - 1);
    }
    return out;
}

size_t unknown_from(const uint8_t *codes, size_t begin, size_t n) {
    for (uint64_t eight; begin + 8 <= n; begin += 8) {
        std::memcpy(&eight, codes + begin, 8);
        if (eight & 4 * kOfEach) break;
    }
    while (begin < n && codes[begin] < 4) ++begin;
    return begin;
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
    constexpr size_t together = 128;  // whose sums fit into a byte, so that many are added at once
    uint64_t gc = 0, known = 0;
    for (size_t begin = 0; begin < n; begin += together) {
        uint8_t some_gc = 0, some_known = 0;
        for (size_t i = begin; i < std::min(n, begin + together); ++i) {
            some_gc = static_cast<uint8_t>(some_gc + ((codes[i] == 1) | (codes[i] == 2)));
            some_known = static_cast<uint8_t>(some_known + (codes[i] < 4));
        }
        gc += some_gc;
        known += some_known;
    }
    out[0] = gc;
    out[1] = known;
}

size_t count_gaps(const uint8_t *codes, size_t n) {
    size_t gaps = 0;
    for (Range gap = next_gap(codes, 0, n); gap.begin < n; gap = next_gap(codes, gap.end, n))
        gaps += gap.end - gap.begin;
    return gaps;
}

std::vector<uint8_t> without_gaps(const uint8_t *codes, size_t n) {
    std::vector<uint8_t> out;
    out.reserve(n - count_gaps(codes, n));
    for (size_t begin = 0; begin < n;) {
        const Range gap = next_gap(codes, begin, n);
        out.insert(out.end(), codes + begin, codes + gap.begin);
        begin = gap.end;
    }
    return out;
}

bool has_bases(const uint8_t *ascii, size_t n, size_t least) {
    constexpr size_t together = 256;
    uint8_t codes[together];
    size_t found = 0, unknown = 0;  // the latter are the last ones, and may be a gap
    for (size_t begin = 0; begin < n && found < least; begin += together) {
        const size_t some = std::min(n - begin, together);
        encode_bases(ascii + begin, some, codes);
        for (size_t i = 0; i < some;) {
            const size_t stop = unknown_from(codes, i, some);
            if (stop > i) {
                found += stop - i + (unknown < kGap ? unknown : 0);
                unknown = 0;
            }
            for (i = stop; i < some && codes[i] > 3; ++i) ++unknown;
        }
    }
    return found + (unknown < kGap ? unknown : 0) >= least;
}

}  // namespace llmbin

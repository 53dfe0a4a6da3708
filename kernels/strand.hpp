// One strand of a contig, read in place.
//
// Memory: the caller's. Threads: any. Throws: nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace llmbin {

struct Strand {
    const uint8_t *codes;  // [n], of the forward strand (bases.hpp)
    ptrdiff_t n;
    bool reverse;

    // The code of a base; places go up along this strand.
    uint8_t operator[](ptrdiff_t i) const {
        if (!reverse) return codes[i];
        const uint8_t code = codes[n - 1 - i];
        return code < 4 ? 3 - code : code;
    }
};

// The last k bases that went by, two bits each.
template <int k>
class Words {
public:
    // Whether the k bases up to this one are all known.
    bool add(uint8_t code) {
        filled_ = code < 4 ? filled_ + (filled_ < k) : 0;
        word_ = (word_ << 2 | (code & 3)) & kMask;
        return filled_ == k;
    }
    uint32_t word() const { return word_; }

private:
    static constexpr uint32_t kMask = static_cast<uint32_t>((uint64_t{1} << 2 * k) - 1);
    uint32_t word_ = 0;
    int filled_ = 0;
};

// The reverse complement of a word of k bases.
template <int k>
constexpr uint32_t other_strand(uint32_t word) {
    uint32_t out = 0;
    for (int i = 0; i < k; ++i, word >>= 2) out = out << 2 | (3 - (word & 3));
    return out;
}

}  // namespace llmbin

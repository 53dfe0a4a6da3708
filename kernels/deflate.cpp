#include "deflate.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <queue>
#include <utility>

namespace llmbin {

namespace {

constexpr size_t kSymbols = 257, kEnd = 256;  // bytes, and the end of a block
constexpr int kLongest = 15;                  // bits of a code
constexpr size_t kSampled = 16;               // of so many bytes one is counted
constexpr int kLongestBase = 12;              // bits of a base, for four to be written at once
constexpr size_t kPiece = 4096;               // bytes between two looks at what room is left

using Lengths = std::array<uint8_t, kSymbols>;

struct Code {
    uint64_t bits;  // the first in the lowest
    uint32_t length;
};

// Lengths of Huffman's codes for symbols of some weights, all of them above 0.
Lengths code_lengths(const std::array<uint64_t, kSymbols> &weights) {
    using Node = std::pair<uint64_t, size_t>;  // weight and number, which breaks ties
    std::priority_queue<Node, std::vector<Node>, std::greater<Node>> open;
    for (size_t symbol = 0; symbol < kSymbols; ++symbol) open.push({weights[symbol], symbol});
    std::array<size_t, 2 * kSymbols> above{};
    size_t next = kSymbols;
    for (; open.size() > 1; ++next) {
        uint64_t weight = 0;
        for (int child = 0; child < 2; ++child) {
            weight += open.top().first;
            above[open.top().second] = next;
            open.pop();
        }
        open.push({weight, next});
    }
    std::array<uint8_t, 2 * kSymbols> depth{};
    for (size_t node = next - 1; node-- > 0;) depth[node] = depth[above[node]] + 1;
    Lengths lengths;
    std::copy_n(depth.begin(), kSymbols, lengths.begin());
    return lengths;
}

// Lengths of codes for the bytes of a text; those that it has seldom or never have a code too.
Lengths lengths_for(const uint8_t *text, size_t n) {
    std::array<uint64_t, kSymbols> counts{};
    for (size_t i = 0; i < n; i += kSampled) ++counts[text[i]];
    for (uint64_t least = 1 + n / kSampled / 16384;; least *= 2) {
        auto weights = counts;
        for (uint64_t &weight : weights) weight += least;
        const Lengths lengths = code_lengths(weights);
        if (*std::max_element(lengths.begin(), lengths.end()) <= kLongest) return lengths;
    }
}

// The codes of RFC 1951, 3.2.2: by length, and then by symbol.
std::array<Code, kSymbols> codes_of(const Lengths &lengths) {
    std::array<Code, kSymbols> codes;
    uint32_t next = 0;
    for (uint32_t length = 1; length <= kLongest; ++length, next <<= 1)
        for (size_t symbol = 0; symbol < kSymbols; ++symbol) {
            if (lengths[symbol] != length) continue;
            uint64_t turned = 0;
            for (uint32_t bit = 0; bit < length; ++bit)
                turned |= uint64_t{next >> bit & 1} << (length - 1 - bit);
            codes[symbol] = {turned, length};
            ++next;
        }
    return codes;
}

// Bits that are written one behind the other.
class Bits {
public:
    void make_room(size_t bytes) {
        if (out_.size() < at_ + bytes) out_.resize(std::max(at_ + bytes, 2 * out_.size()));
    }
    // At most 56 of them; there must be room for eight bytes.
    void put(uint64_t bits, uint32_t length) {
        held_ |= bits << filled_;
        filled_ += length;
        for (size_t i = 0; i < sizeof held_; ++i)
            out_[at_ + i] = static_cast<uint8_t>(held_ >> 8 * i);
        at_ += filled_ / 8;
        held_ >>= filled_ & 56;
        filled_ &= 7;
    }
    void put(const Code &code) { put(code.bits, code.length); }
    std::vector<uint8_t> take() {
        out_.resize(at_ + (filled_ > 0));
        return std::move(out_);
    }

private:
    std::vector<uint8_t> out_;
    size_t at_ = 0;
    uint64_t held_ = 0;
    uint32_t filled_ = 0;
};

// The head of a last block with codes of its own (RFC 1951, 3.2.7). Their lengths are written in
// four bits each. Of codes for what came before there must be some; they are not used.
void put_head(const Lengths &lengths, Bits &out) {
    constexpr int kDistances = 2;
    out.put(1 | 2 << 1, 3);
    out.put(kSymbols - 257, 5);
    out.put(kDistances - 1, 5);
    out.put(19 - 4, 4);
    for (int symbol = 0; symbol < 19; ++symbol) out.put(symbol < 3 ? 0 : 4, 3);
    const auto put_length = [&](uint32_t length) {
        out.put((length & 1) << 3 | (length & 2) << 1 | (length & 4) >> 1 | length >> 3, 4);
    };
    for (const uint8_t length : lengths) put_length(length);
    for (int distance = 0; distance < kDistances; ++distance) put_length(1);
}

// Codes of four bases together, by two bits of each letter.
class FourBases {
public:
    explicit FourBases(const std::array<Code, kSymbols> &codes) {
        usable_ = true;
        for (const char base : kBases) usable_ &= codes[base].length <= kLongestBase;
        for (uint32_t four = 0; four < 256; ++four) {
            Code &both = codes_[four] = {0, 0};
            for (int i = 0; i < 4; ++i) {
                const char base = kBases[four >> 2 * i & 3];
                letters_[four] |= static_cast<uint32_t>(base) << 8 * i;
                both.bits |= codes[base].bits << both.length;
                both.length += codes[base].length;
            }
        }
    }
    // Of four letters, the first in the lowest bits; nothing where they are not all bases.
    const Code *of(uint32_t letters) const {
        uint32_t two = letters >> 1 & 0x03030303;
        two |= two >> 6;
        const uint32_t four = (two & 15) | (two >> 12 & 240);
        return usable_ && letters_[four] == letters ? &codes_[four] : nullptr;
    }

private:
    static constexpr char kBases[5] = "ACTG";  // by the second and third bit of the letter

    bool usable_;
    std::array<Code, 256> codes_;
    std::array<uint32_t, 256> letters_{};
};

}  // namespace

std::vector<uint8_t> deflated(const uint8_t *text, size_t n) {
    const Lengths lengths = lengths_for(text, n);
    const std::array<Code, kSymbols> codes = codes_of(lengths);
    const FourBases bases(codes);
    Bits out;
    out.make_room(n / 3 + kPiece);
    put_head(lengths, out);
    for (size_t begin = 0; begin < n; begin += kPiece) {
        const size_t end = std::min(n, begin + kPiece);
        out.make_room(2 * kPiece + sizeof(uint64_t));
        for (size_t i = begin; i < end;) {
            const Code *code = nullptr;
            if (i + 4 <= end)
                code = bases.of(text[i] | text[i + 1] << 8 | text[i + 2] << 16 |
                                uint32_t{text[i + 3]} << 24);
            out.put(code ? *code : codes[text[i]]);
            i += code ? 4 : 1;
        }
    }
    out.put(codes[kEnd]);
    return out.take();
}

}  // namespace llmbin

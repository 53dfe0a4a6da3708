#include "literals.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <queue>
#include <utility>

namespace llmbin {

namespace {

constexpr size_t kBytes = 256, kEnd = kBytes, kSymbols = kBytes + 1;  // the last ends a block
constexpr size_t kStep = 4;         // bytes that are packed together
constexpr int kLongest = 14;        // bits of a code, of which so many fit into one number
constexpr size_t kChunk = 1 << 15;  // bytes for which room is made at once
// Of sixteen pieces of text one is counted; every byte has a code, counted or not.
constexpr size_t kPiece = 1 << 12, kCountEach = 16;
constexpr uint64_t kCounted = 256;  // what one that was counted weighs, over all others

struct Code {
    uint32_t bits;  // the first one in the lowest place
    uint32_t length;
};

using Codes = std::array<Code, kSymbols>;
using Weights = std::array<uint64_t, kSymbols>;

Weights weights_of(const uint8_t *text, size_t n) {
    Weights out;
    out.fill(1);
    for (size_t begin = 0; begin < n; begin += kPiece * kCountEach)
        for (size_t i = begin; i < std::min(n, begin + kPiece); ++i) out[text[i]] += kCounted;
    return out;
}

// Depths in Huffman's tree.
std::array<uint32_t, kSymbols> depths(const Weights &weights) {
    constexpr size_t nodes = 2 * kSymbols - 1;
    std::array<size_t, nodes> parent{};
    using Node = std::pair<uint64_t, size_t>;  // weight, and number
    std::priority_queue<Node, std::vector<Node>, std::greater<Node>> open;
    for (size_t s = 0; s < kSymbols; ++s) open.emplace(weights[s], s);
    for (size_t node = kSymbols; node < nodes; ++node) {
        uint64_t weight = 0;
        for (int k = 0; k < 2; ++k) {
            weight += open.top().first;
            parent[open.top().second] = node;
            open.pop();
        }
        open.emplace(weight, node);
    }
    std::array<uint32_t, nodes> depth{};
    for (size_t node = nodes - 1; node-- > 0;) depth[node] = depth[parent[node]] + 1;
    std::array<uint32_t, kSymbols> out;
    std::copy_n(depth.begin(), kSymbols, out.begin());
    return out;
}

// Codes of no more than `kLongest` bits; those of one length ascend with their symbols.
Codes codes_of(Weights weights) {
    auto length = depths(weights);
    while (*std::max_element(length.begin(), length.end()) > kLongest) {
        for (uint64_t &weight : weights) weight = (weight + 1) / 2;
        length = depths(weights);
    }
    Codes out;
    uint32_t next = 0;
    for (uint32_t bits = 1; bits <= kLongest; ++bits, next <<= 1)
        for (size_t s = 0; s < kSymbols; ++s) {
            if (length[s] != bits) continue;
            uint32_t turned = 0;  // the first bit of a code is the highest of its number
            for (uint32_t k = 0; k < bits; ++k) turned |= (next >> k & 1) << (bits - 1 - k);
            out[s] = {turned, bits};
            ++next;
        }
    return out;
}

// Bits behind each other. A number's lowest byte is its first, as on all processors that we run on.
class BitWriter {
public:
    // Makes room for so many bytes more.
    void room(size_t bytes) {
        if (used_ + bytes + sizeof held_ > out_.size())
            out_.resize(used_ + used_ / 2 + bytes + sizeof held_);
    }
    // Adds 56 bits or fewer, for which there is room.
    void add(uint64_t bits, uint32_t length) {
        held_ |= bits << count_;
        count_ += length;
        std::memcpy(out_.data() + used_, &held_, sizeof held_);
        used_ += count_ / 8;
        held_ >>= count_ / 8 * 8;
        count_ %= 8;
    }
    std::vector<uint8_t> take() {
        out_.resize(used_ + (count_ > 0));
        return std::move(out_);
    }

private:
    std::vector<uint8_t> out_;
    size_t used_ = 0;     // whole bytes
    uint64_t held_ = 0;   // bits of the next one
    uint32_t count_ = 0;  // of them
};

// A block of text whose codes are told bit by bit: no runs of equal lengths, no distances.
void add_codes(const Codes &codes, BitWriter &out) {
    out.room(1024);
    const uint32_t last = 1, own_codes = 2, literals = 0, distances = 1, lengths = 15;
    out.add(last | own_codes << 1, 3);
    out.add(literals | distances << 5 | lengths << 10, 14);
    for (const int symbol : {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15})
        out.add(symbol < 16 ? 4 : 0, 3);
    const auto add_length = [&](uint32_t length) {  // by a code of four bits, turned around
        out.add((length & 1) << 3 | (length & 2) << 1 | (length & 4) >> 1 | length >> 3, 4);
    };
    for (const Code &code : codes) add_length(code.length);
    for (int i = 0; i < 2; ++i) add_length(1);  // two that nobody uses: some want a whole code
}

}  // namespace

std::vector<uint8_t> deflate_literals(const uint8_t *text, size_t n) {
    const Codes codes = codes_of(weights_of(text, n));
    BitWriter out;
    add_codes(codes, out);
    for (size_t begin = 0; begin < n; begin += kChunk) {
        const size_t end = std::min(n, begin + kChunk);
        out.room(2 * (end - begin) + 2);
        size_t i = begin;
        for (; i + kStep <= end; i += kStep) {
            uint64_t bits = 0;
            uint32_t length = 0;
            for (size_t k = 0; k < kStep; ++k) {
                const Code &code = codes[text[i + k]];
                bits |= static_cast<uint64_t>(code.bits) << length;
                length += code.length;
            }
            out.add(bits, length);
        }
        for (; i < end; ++i) out.add(codes[text[i]].bits, codes[text[i]].length);
    }
    out.add(codes[kEnd].bits, codes[kEnd].length);
    return out.take();
}

}  // namespace llmbin

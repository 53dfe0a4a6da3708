#include "words.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "bases.hpp"
#include "clones.hpp"

namespace llmbin {

namespace {

constexpr uint64_t looked_at() {
    uint64_t mask = 0;
    for (int i = 0; i < kSpan; ++i)
        if (i % 3 != 2) mask |= 3ull << 2 * i;
    return mask;
}

// Words are made four or eight at a time, of bases packed into two bits each.
typedef uint64_t Four __attribute__((vector_size(4 * sizeof(uint64_t))));
typedef uint64_t Eight __attribute__((vector_size(8 * sizeof(uint64_t))));
constexpr size_t kBlock = 1024;             // words of a block
constexpr size_t kPacked = kBlock / 4 + 6;  // bytes of their bases, and two bases more
constexpr size_t kReadable = kPacked + 8;

// The bytes are read as the lowest eight of a number first, as all processors do that we run on.
struct Packed {
    uint8_t forward[kReadable];   // the first base in the lowest bits
    uint8_t backward[kReadable];  // the same bases, the last one first
};

inline uint64_t eight_bytes(const uint8_t *from) {
    uint64_t out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

LLMBIN_CLONES
void pack(const uint8_t *codes, Packed &out) {
    for (size_t i = 0; i < kPacked; ++i) {
        uint32_t four;  // codes, a byte each, which a product makes two bits each
        std::memcpy(&four, codes + 4 * i, 4);
        out.forward[i] = packed_four(four);
        out.backward[kPacked - 1 - i] = static_cast<uint8_t>(four * 0x40100401u >> 24);
    }
}

// Of words that begin at base `i` of a block: twice each one's hash, and 1 if it is its own
// strand's; 0 of one that is its own reverse complement. The hash is the upper half of what
// MurmurHash3's finaliser makes.
template <typename Words>
__attribute__((always_inline)) inline void hash_some(const Packed &bases, size_t i, uint64_t *out) {
    constexpr uint64_t mask = looked_at();
    constexpr size_t n = sizeof(Words) / sizeof(uint64_t);
    Words shift{};
    for (size_t k = 0; k < n; ++k) shift[k] = 2 * k;
    // In bits of the lowest base of each word; the two bases more begin the other strand.
    const Words back = Words{} + eight_bytes(bases.backward + (kBlock - n - i) / 4);
    const Words ahead = Words{} + eight_bytes(bases.forward + i / 4);
    const Words forward = back >> (2 * n + 2 - shift) & mask;
    const Words backward = ~(ahead >> shift) & mask;
    const Words own = -((forward - backward) >> 63);  // all bits, or none
    Words x = (forward & own) | (backward & ~own);
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
    x = ((x >> 32) << 1 | (own & 1)) & reinterpret_cast<Words>(forward != backward);
    std::memcpy(out + i, &x, sizeof x);
}

LLMBIN_CLONES
void hash_words_by_four(const Packed &bases, uint64_t *out) {
    for (size_t i = 0; i < kBlock; i += 4) hash_some<Four>(bases, i, out);
}

#if defined(__x86_64__)
// The same bits. Older processors with AVX-512 slow down where such vectors are used.
__attribute__((target("avx512f,avx512dq"))) void hash_words_by_eight(const Packed &bases,
                                                                     uint64_t *out) {
    for (size_t i = 0; i < kBlock; i += 8) hash_some<Eight>(bases, i, out);
}
bool eight_at_once() {
    static const bool there =
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2");
    return there;
}
#else
constexpr auto hash_words_by_eight = hash_words_by_four;
bool eight_at_once() { return false; }
#endif

// Adds the words of codes [n], all known, of which the first is base `at` of its contig.
void add_words(const uint8_t *codes, size_t n, size_t at, uint32_t rate, std::vector<Word> &out) {
    uint8_t padded[4 * kPacked] = {};
    std::copy(codes, codes + n, padded);
    Packed packed{};
    pack(padded, packed);
    std::array<uint64_t, kBlock> hashes;
    (eight_at_once() ? hash_words_by_eight : hash_words_by_four)(packed, hashes.data());
    std::array<Word, kBlock> found;
    size_t kept = 0;
    for (size_t i = 0; i + kSpan <= n; ++i) {  // no branch: which are kept is chance
        const auto hash = static_cast<uint32_t>(hashes[i] >> 1);
        found[kept] = {hash, static_cast<uint32_t>((at + i) << 1 | (hashes[i] & 1))};
        kept += is_kept(hash, rate);
    }
    out.insert(out.end(), found.data(), found.data() + kept);
}

}  // namespace

void add_spaced_words(const uint8_t *codes, size_t n, uint32_t rate, std::vector<Word> &out) {
    for (size_t begin = 0; begin < n;) {
        const size_t end = unknown_from(codes, begin, n);
        for (size_t at = begin; at + kSpan <= end; at += kBlock)
            add_words(codes + at, std::min(end - at, kBlock + kSpan - 1), at, rate, out);
        begin = end + 1;
    }
}

}  // namespace llmbin

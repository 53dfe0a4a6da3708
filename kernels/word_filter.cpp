#include "word_filter.hpp"

#include <algorithm>

#include "clones.hpp"

namespace llmbin {

namespace {

// Five residues as a number below kFives, also where some are none.
constexpr int kFive = kWord - 1;
constexpr uint32_t kFives = kUnknown * 168421 + 1;  // 1 + 20 + ... + 20^4

uint32_t five_at(const uint8_t *residues) {
    uint32_t five = 0;
    for (int k = 0; k < kFive; ++k) five = 20 * five + residues[3 * k];
    return five;
}

// Of the word that ends at each place its first five residues, three places behind them its last
// five, and whether all of it are residues.
struct Fives {
    uint32_t number[WordBlock::kPlaces + 3];
    uint8_t whole[WordBlock::kPlaces];
};

LLMBIN_CLONES
void find_fives(const WordBlock &block, Fives &out) {
    for (size_t i = 0; i < WordBlock::kPlaces + 3; ++i) out.number[i] = five_at(block.word(i));
    for (size_t i = 0; i < WordBlock::kPlaces; ++i) {
        uint8_t most = 0;
        for (size_t k = 0; k <= kBefore; k += 3) most = std::max(most, block.residues[i + k]);
        out.whole[i] = most < kStop;
    }
}

// The first n places without those that are not kept. (Not in the loop that decides which: a
// processor looks ahead for what it loads only where it knows what is overwritten before.)
size_t select(uint16_t *places, const uint8_t *kept, size_t n) {
    size_t count = 0;
    for (size_t k = 0; k < n; ++k) {
        places[count] = places[k];
        count += kept[k];
    }
    return count;
}

// Two bits of one number (Putze, Sanders & Singler 2009): a word that is not looked for passes less
// often than with one, for the same access.
uint64_t bits_of(uint32_t hash) { return 1ull << (hash >> 26) | 1ull << (hash >> 20 & 63); }

}  // namespace

uint32_t word_at(const uint8_t *residues) {
    uint32_t word = 0;
    for (int k = 0; k < kWord; ++k) word = word << 5 | residues[3 * k];
    return word;
}

uint32_t hash_of(uint32_t word) {
    word *= 0x9E3779B1u;
    return word ^ word >> 15;
}

WordFilter::WordFilter() : fives_(kFives), hashed_(kHashed, 0) {}

void WordFilter::add(uint32_t word) {
    uint8_t residues[3 * kWord];
    for (int k = 0; k < kWord; ++k) residues[3 * k] = word >> 5 * (kWord - 1 - k) & 31;
    fives_.add(five_at(residues));
    fives_.add(five_at(residues + 3));
    const uint32_t hash = hash_of(word);
    hashed_[hash % kHashed] |= bits_of(hash);
}

// A tenth of the words in contigs pass by their first and last five residues. So few are looked for
// in the table that is larger than the nearest caches.
size_t WordFilter::pass(WordBlock &block, size_t n) const {
    Fives fives;
    uint8_t held[WordBlock::kPlaces + 3], kept[WordBlock::kPlaces];
    uint16_t *const places = block.places;
    find_fives(block, fives);
    for (size_t i = 0; i < n + 3; ++i) held[i] = fives_.has(fives.number[i]);
    for (size_t i = 0; i < n; ++i) {
        places[i] = static_cast<uint16_t>(i);
        kept[i] = (held[i] & held[i + 3] & fives.whole[i]) | block.stop(i);
    }
    const size_t left = select(places, kept, n);
    for (size_t k = 0; k < left; ++k) {
        const uint32_t hash = hash_of(word_at(block.word(places[k])));
        block.hashes[places[k]] = hash;
        __builtin_prefetch(&hashed_[hash % kHashed]);
    }
    for (size_t k = 0; k < left; ++k) {
        const uint32_t hash = block.hashes[places[k]];
        const uint64_t bits = bits_of(hash);
        const unsigned found = (hashed_[hash % kHashed] & bits) == bits;
        kept[k] = found | block.stop(places[k]);
    }
    return select(places, kept, left);
}

}  // namespace llmbin

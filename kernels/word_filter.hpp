// Which words of six residues may be among those that are looked for: a filter that lets all of
// them pass and few others, by what near caches hold.
//
// Memory: a filter owns 3 MB; a block belongs to who fills it. Threads: a filter to which nothing
// is added any more may be used by any number at once. Throws: std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace llmbin {

constexpr int kStop = 20, kUnknown = 21;  // what else a codon may be but one of twenty residues
constexpr int kWord = 6;
constexpr size_t kBefore = 3 * (kWord - 1);  // bases from the first codon of a word to the last

// A word in five bits a residue, each three places behind the last.
uint32_t word_at(const uint8_t *residues);
uint32_t hash_of(uint32_t word);

// Places of a strand that are looked at together: the residues of the codons that begin there,
// behind those of the kBefore places before them.
struct WordBlock {
    static constexpr size_t kPlaces = 256;

    uint8_t residues[kBefore + kPlaces];
    uint16_t places[kPlaces + 1];  // that pass
    uint32_t hashes[kPlaces];      // of the words that end at these, by place

    const uint8_t *word(size_t place) const { return residues + place; }  // that ends there
    unsigned stop(size_t place) const { return residues[place + kBefore] == kStop; }
};

class WordFilter {
public:
    WordFilter();
    void add(uint32_t word);
    // Finds the places of a block, of n, at which such a word may end or a stop is; how many.
    size_t pass(WordBlock &block, size_t n) const;

private:
    // Numbers below a size.
    class Set {
    public:
        explicit Set(size_t size) : bits_(size / 64 + 1, 0) {}
        void add(size_t number) { bits_[number / 64] |= 1ull << number % 64; }
        unsigned has(size_t number) const { return bits_[number / 64] >> number % 64 & 1; }

    private:
        std::vector<uint64_t> bits_;
    };
    static constexpr uint32_t kHashed = 1u << 18;  // 2 MB

    Set fives_;  // the first and the last five residues of the words
    std::vector<uint64_t> hashed_;
};

}  // namespace llmbin

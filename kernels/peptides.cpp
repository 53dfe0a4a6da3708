#include "peptides.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace llmbin {

namespace {

constexpr size_t kResidues = 11; // of a word
constexpr int kBits = 4;         // of a residue
constexpr uint32_t kOneIn = 8;   // words are looked at
constexpr int kUpper = 18;       // bits of a word that lead to its part of the table

// Letters of the codons in the order A C G T: LVIM, C, A, G, ST, P, FYW, EDNQ, KR, H.
constexpr std::array<uint8_t, 64> make_letters() {
    const char *residues = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";
    const char *letters[] = {"LVIM", "C", "A", "G", "ST", "P", "FYW", "EDNQ", "KR", "H"};
    std::array<uint8_t, 64> out{};
    for (size_t codon = 0; codon < 64; ++codon)
        for (uint8_t letter = 0; letter < 10; ++letter)
            for (const char *residue = letters[letter]; *residue; ++residue)
                if (*residue == residues[codon]) out[codon] = letter;
    return out;
}
constexpr auto kLetters = make_letters();

// Mixes all bits of a word (the finaliser of SplitMix64).
inline uint64_t hash(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

// Calls `seen` with the hash of each word that is looked at.
template <typename Seen>
void each_word(const uint8_t *codes, const std::vector<Frame> &frames, Seen seen) {
    constexpr uint64_t mask = (1ull << kBits * kResidues) - 1;
    for (const Frame &frame : frames) {
        const size_t residues = (frame.end - frame.begin) / 3;
        uint64_t word = 0;
        for (size_t k = 0; k < residues; ++k) {
            const uint8_t *at = codes + (frame.reverse ? frame.end - 3 * k - 3 : frame.begin + 3 * k);
            const size_t codon = codon_of(at[0], at[1], at[2]);
            word = (word << kBits | kLetters[frame.reverse ? complement_of(codon) : codon]) & mask;
            if (k + 1 < kResidues) continue;
            const uint64_t mixed = hash(word);
            if (mixed >> 32 < (1ull << 32) / kOneIn) seen(static_cast<uint32_t>(mixed));
        }
    }
}

}  // namespace

void peptide_words(const uint8_t *codes, const std::vector<Frame> &frames,
                   std::vector<uint32_t> &words) {
    each_word(codes, frames, [&](uint32_t word) { words.push_back(word); });
}

PeptideTable::PeptideTable(const uint32_t *words, const uint8_t *column, size_t n, size_t columns)
    : words_(words, words + n), column_(column, column + n), columns_(columns) {
    if (n >= UINT32_MAX) throw std::invalid_argument("too many words");
    for (size_t i = 0; i < n; ++i) {
        if (i > 0 && words[i] <= words[i - 1]) throw std::invalid_argument("words must rise");
        if (column[i] >= columns) throw std::invalid_argument("a column is too large");
    }
    begin_.reserve((size_t{1} << kUpper) + 1);
    for (uint64_t upper = 0; upper <= 1ull << kUpper; ++upper) {
        const auto at = std::lower_bound(words_.begin(), words_.end(), upper << (32 - kUpper));
        begin_.push_back(static_cast<uint32_t>(at - words_.begin()));
    }
}

void PeptideTable::count(const uint8_t *codes, const std::vector<Frame> &frames,
                         uint32_t *counts) const {
    each_word(codes, frames, [&](uint32_t word) {
        ++counts[columns_];
        const uint32_t *at = begin_.data() + (word >> (32 - kUpper));
        for (uint32_t i = at[0]; i < at[1]; ++i)
            if (words_[i] == word) ++counts[column_[i]];
    });
}

}  // namespace llmbin

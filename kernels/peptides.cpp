#include "peptides.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace llmbin {

namespace {

constexpr size_t kResidues = 11;  // of a word
constexpr int kBits = 4;          // of a residue
constexpr uint32_t kOneIn = 8;    // words are looked at
constexpr int kUpper = 18;        // bits of a word that lead to its part of the table

// Letters of the codons in the order A C G T: LVIM, C, A, G, ST, P, FYW, EDNQ, KR, H. Where a frame
// has a TGA it is tryptophan, as in most genomes that read it (frames.hpp).
constexpr std::array<uint8_t, 64> make_letters() {
    const char *residues = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSSWCWCLFLF";
    const char *letters[] = {"LVIM", "C", "A", "G", "ST", "P", "FYW", "EDNQ", "KR", "H"};
    std::array<uint8_t, 64> out{};
    for (size_t codon = 0; codon < 64; ++codon)
        for (uint8_t letter = 0; letter < 10; ++letter)
            for (const char *residue = letters[letter]; *residue; ++residue)
                if (*residue == residues[codon]) out[codon] = letter;
    return out;
}
constexpr auto kLetters = make_letters();

// The same of codons that lie on the other strand.
constexpr std::array<uint8_t, 64> make_other_letters() {
    std::array<uint8_t, 64> out{};
    for (size_t codon = 0; codon < 64; ++codon) out[codon] = kLetters[complement_of(codon)];
    return out;
}
constexpr auto kOtherLetters = make_other_letters();

// Mixes all bits of a word (the finaliser of SplitMix64).
inline uint64_t hash(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

// Writes the words of a frame that are looked at, of room for all, and returns their end.
uint32_t *words_of(const uint8_t *codes, const Frame &frame, uint32_t *out) {
    constexpr uint64_t mask = (1ull << kBits * kResidues) - 1;
    const uint8_t *letters = (frame.reverse ? kOtherLetters : kLetters).data();
    const ptrdiff_t step = frame.reverse ? -3 : 3;
    const uint8_t *at = codes + (frame.reverse ? frame.end - 3 : frame.begin);
    const size_t residues = (frame.end - frame.begin) / 3;
    uint64_t word = 0;
    for (size_t k = 1; k <= residues; ++k, at += step) {
        word = (word << kBits | letters[codon_of(at[0], at[1], at[2])]) & mask;
        const uint64_t mixed = hash(word);
        *out = static_cast<uint32_t>(mixed);  // no branch: nobody can guess which are looked at
        out += (k >= kResidues) & (mixed >> 32 < (1ull << 32) / kOneIn);
    }
    return out;
}

}  // namespace

void peptide_words(const uint8_t *codes, const std::vector<Frame> &frames,
                   std::vector<uint32_t> &words) {
    size_t residues = 1;
    for (const Frame &frame : frames) residues += (frame.end - frame.begin) / 3;
    const size_t before = words.size();
    words.resize(before + residues);
    uint32_t *end = words.data() + before;
    for (const Frame &frame : frames) end = words_of(codes, frame, end);
    words.resize(end - words.data());
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
    std::vector<uint32_t> words;
    peptide_words(codes, frames, words);
    counts[columns_] += static_cast<uint32_t>(words.size());
    for (const uint32_t word : words) {
        const uint32_t *at = begin_.data() + (word >> (32 - kUpper));
        for (uint32_t i = at[0]; i < at[1]; ++i)
            if (words_[i] == word) ++counts[column_[i]];
    }
}

}  // namespace llmbin

// Words of residues in open frames, and the kinds of genomes that they are known of.
//
// A word is eleven residues in an alphabet of ten letters, which joins what replaces each other in
// proteins (Murphy et al. 2000), so that it is found again in relatives of a gene. One word in
// eight is looked at, always the same ones.
//
// Memory: the caller's, in and out; a table 8 bytes a word. Threads: any may read a table. Throws:
// std::bad_alloc, and a table std::invalid_argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "frames.hpp"

namespace llmbin {

// Appends the words, as hashes, of open frames of codes (bases.hpp), in order.
void peptide_words(const uint8_t *codes, const std::vector<Frame> &frames,
                   std::vector<uint32_t> &words);

class PeptideTable {
public:
    // Words [n], rising, and the column [n] that each counts in, below `columns`.
    PeptideTable(const uint32_t *words, const uint8_t *column, size_t n, size_t columns);

    size_t columns() const { return columns_; }

    // Adds to counts [columns + 1] the words of open frames: known ones, and all that were looked
    // at.
    void count(const uint8_t *codes, const std::vector<Frame> &frames, uint32_t *counts) const;

private:
    std::vector<uint32_t> words_, begin_;  // begin_: the first word of each value of upper bits
    std::vector<uint8_t> column_;
    size_t columns_;
};

}  // namespace llmbin

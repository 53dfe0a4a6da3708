// What a contig shows of how its genes are read, besides their codons: where ribosomes bind, how
// genes follow each other, what ends introns, and simple repeats. Bacteria, viruses and eukaryotes
// differ in it whatever their composition is.
//
// Memory: the caller's, in and out. Threads: any, as long as outputs differ. Throws:
// std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "frames.hpp"
#include "hexamers.hpp"

namespace llmbin {

constexpr size_t kSignals = 25;

// Adds to signals [25] what codes [n] (bases.hpp) and their open frames show. Of frames of 300
// bases or more (genes):
//   0      how many there are;
//   1-3    those with four, five and six bases or more of AAGGAGGT (four of AGGAGG), to which
//          ribosomes bind, 4 to 11 bases before a start in its first half (300 bases at most);
//   4-5    the same of four and five bases, 28 to 35 bases before, where no ribosome binds;
//   6-8    those with an ATG there; of these A or G three bases before the first, and all A of the
//          four bases before it;
//   9-10   genes on the strand of the one before; of these such that begin less than 40 bases
//          behind its end;
//   11-13  the longest stretch without a gene, the most genes in a row on a strand, the longest
//          frame of any length.
// Of all bases, those in repeats of one, two and three bases of 8, 12 and 15 bases or more (14-16),
// and words on either strand (17-24; `words` are those of
// the contig): GTAAGT, GTGAGT, GTATGT, with which introns begin, CTAAC, where
// they branch, AATAAA, behind genes, and TTTCAG, TTGCAG, TTACAG, with which introns end.
void count_signals(const uint8_t *codes, size_t n, std::vector<Frame> frames,
                   const WordCounts &words, uint32_t *signals);

}  // namespace llmbin

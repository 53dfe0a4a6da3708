// Six-frame translation with a seed filter: stretches between stop codons that share 6-mers with a marker family.
#include "kernels.hpp"

#include <algorithm>
#include <array>

namespace llmbin {

namespace {

constexpr int kStop = 20, kUnknown = 21;
constexpr char kLetters[] = "ACDEFGHIKLMNPQRSTVWY*X";
constexpr uint32_t kWordMask = (1u << 30) - 1;  // six residues of five bits

// Genetic code 11, codons in the order A C G T.
constexpr std::array<uint8_t, 64> make_code() {
    const char *residues = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";
    std::array<uint8_t, 64> table{};
    for (int i = 0; i < 64; ++i) {
        uint8_t r = 0;
        while (kLetters[r] != residues[i]) ++r;
        table[i] = r;
    }
    return table;
}
constexpr auto kCode = make_code();

uint32_t hash(uint32_t word) {
    word *= 0x9E3779B1u;
    return word ^ word >> 15;
}

}  // namespace

MarkerScanner::MarkerScanner(const std::vector<std::string> &seeds, const std::vector<uint16_t> &families, int min_hits, int near,
                             int min_residues)
    : min_hits_(min_hits), near_(near), min_residues_(min_residues), filter_(kFilterBits / 64, 0) {
    size_t size = 1;
    while (size < 2 * seeds.size() + 2) size <<= 1;
    table_.assign(size, {kNoWord, 0});
    for (size_t i = 0; i < seeds.size(); ++i) {
        uint32_t word = 0;
        for (char c : seeds[i]) {
            uint32_t r = 0;
            while (r < 20 && kLetters[r] != c) ++r;
            word = word << 5 | r;
        }
        const uint32_t h = hash(word);
        filter_[(h % kFilterBits) / 64] |= 1ull << (h % 64);
        size_t slot = h & (size - 1);
        while (table_[slot].first != kNoWord && table_[slot].first != word) slot = (slot + 1) & (size - 1);
        // A word of two families says nothing about either.
        table_[slot] = {word, table_[slot].first == word && table_[slot].second != families[i] ? kAmbiguous : families[i]};
    }
}

void MarkerScanner::scan(const uint8_t *codes, size_t n, std::vector<MarkerCandidate> &out) const {
    if (n < 3) return;
    std::vector<uint8_t> strand(n);
    for (int reverse = 0; reverse < 2; ++reverse) {
        if (reverse) {
            for (size_t i = 0; i < n; ++i) strand[i] = codes[n - 1 - i] < 4 ? 3 - codes[n - 1 - i] : 4;
        } else {
            std::copy_n(codes, n, strand.begin());
        }
        scan_strand(strand.data(), n, out);
    }
}

void MarkerScanner::scan_strand(const uint8_t *s, size_t n, std::vector<MarkerCandidate> &out) const {
    struct Frame {
        size_t begin = 0;       // first base of the open stretch
        uint32_t word = 0;
        int filled = 0;
        std::vector<std::pair<uint16_t, uint32_t>> hits;  // family, residue of the stretch
    } frames[3];
    for (size_t f = 0; f < 3; ++f) frames[f].begin = f;

    auto close = [&](Frame &frame, size_t end) {  // bases begin .. end - 1
        if (frame.hits.size() > 1 && (end - frame.begin) / 3 >= min_residues_) {
            std::sort(frame.hits.begin(), frame.hits.end());
            for (size_t i = 0; i < frame.hits.size();) {
                size_t j = i;
                bool close_by = false;
                for (++j; j < frame.hits.size() && frame.hits[j].first == frame.hits[i].first; ++j)
                    close_by |= frame.hits[j].second - frame.hits[j - 1].second <= near_;
                if (j - i >= min_hits_ || close_by) {
                    MarkerCandidate c{frame.hits[i].first, {}};
                    for (size_t b = frame.begin; b + 3 <= end; b += 3) {
                        const bool known = s[b] < 4 && s[b + 1] < 4 && s[b + 2] < 4;
                        c.protein += kLetters[known ? kCode[s[b] << 4 | s[b + 1] << 2 | s[b + 2]] : kUnknown];
                    }
                    out.push_back(std::move(c));
                }
                i = j;
            }
        }
        frame.hits.clear();
        frame.filled = 0;
    };

    for (size_t i = 0; i + 3 <= n; ++i) {
        Frame &frame = frames[i % 3];
        if ((s[i] | s[i + 1] | s[i + 2]) & 4) {
            frame.filled = 0;
            continue;
        }
        const uint32_t residue = kCode[s[i] << 4 | s[i + 1] << 2 | s[i + 2]];
        if (residue == kStop) {
            if (!frame.hits.empty()) close(frame, i);
            frame.filled = 0;
            frame.begin = i + 3;
            continue;
        }
        frame.word = (frame.word << 5 | residue) & kWordMask;
        if (++frame.filled < 6) continue;
        const uint32_t h = hash(frame.word);
        if (!(filter_[(h % kFilterBits) / 64] >> (h % 64) & 1)) continue;
        const size_t mask = table_.size() - 1;
        for (size_t slot = h & mask; table_[slot].first != kNoWord; slot = (slot + 1) & mask)
            if (table_[slot].first == frame.word) {
                if (table_[slot].second != kAmbiguous) frame.hits.emplace_back(table_[slot].second, static_cast<uint32_t>((i - frame.begin) / 3));
                break;
            }
    }
    for (size_t f = 0; f < 3; ++f)
        if (!frames[f].hits.empty()) {
            size_t end = frames[f].begin;
            while (end + 3 <= n) end += 3;
            close(frames[f], end);
        }
}

}  // namespace llmbin

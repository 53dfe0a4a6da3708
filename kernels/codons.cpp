#include "codons.hpp"

#include <algorithm>
#include <tuple>

namespace llmbin {

void count_codons(const uint8_t *codes, const std::vector<Frame> &frames, uint32_t *usage) {
    for (const Frame &frame : frames)
        for (size_t i = frame.begin; i < frame.end; i += 3) {
            const size_t codon = codon_of(codes[i], codes[i + 1], codes[i + 2]);
            ++usage[frame.reverse ? complement_of(codon) : codon];
        }
}

void describe_frames(std::vector<Frame> frames, uint32_t *layout) {
    std::sort(frames.begin(), frames.end(), [](const Frame &a, const Frame &b) {
        return std::tie(a.begin, a.end, a.reverse) < std::tie(b.begin, b.end, b.reverse);
    });
    for (size_t i = 0; i < frames.size(); ++i) {
        const size_t size = frames[i].end - frames[i].begin;
        const size_t longer = (size >= 300) + (size >= 600) + (size >= 1200);
        layout[longer] += static_cast<uint32_t>(size);
        ++layout[4];
        layout[5] += i > 0 && frames[i].reverse != frames[i - 1].reverse;
    }
}

}  // namespace llmbin

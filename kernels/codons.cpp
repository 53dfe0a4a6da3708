#include "codons.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <vector>

namespace llmbin {

namespace {

struct Frame {
    size_t begin, end;  // on the forward strand, a whole number of codons
    bool reverse;
};

constexpr size_t codon(int a, int b, int c) { return static_cast<size_t>(a * 16 + b * 4 + c); }

// Stops of the standard code, as the forward strand shows them when the gene lies on either strand.
constexpr std::array<std::array<bool, 64>, 2> make_stops() {
    std::array<std::array<bool, 64>, 2> stops{};
    // TAA TAG TGA
    stops[0][codon(3, 0, 0)] = stops[0][codon(3, 0, 2)] = stops[0][codon(3, 2, 0)] = true;
    // TTA CTA TCA
    stops[1][codon(3, 3, 0)] = stops[1][codon(1, 3, 0)] = stops[1][codon(3, 1, 0)] = true;
    return stops;
}
constexpr auto kStops = make_stops();

size_t complement(size_t word) {
    const size_t a = word >> 4, b = word >> 2 & 3, c = word & 3;
    return (3 - c) << 4 | (3 - b) << 2 | (3 - a);
}

// Stretches without a stop or an unknown base, in the three frames of each strand.
std::vector<Frame> open_frames(const uint8_t *codes, size_t n, size_t shortest) {
    std::vector<Frame> frames;
    size_t begin[2][3] = {{0, 1, 2}, {0, 1, 2}};
    auto close = [&](int strand, size_t phase, size_t end, size_t next) {
        const size_t first = begin[strand][phase];
        if (end >= first + shortest) frames.push_back({first, end, strand == 1});
        begin[strand][phase] = next;
    };
    size_t i = 0, phase = 0;
    for (; i + 3 <= n; ++i, phase = phase == 2 ? 0 : phase + 1) {
        const bool known = (codes[i] | codes[i + 1] | codes[i + 2]) < 4;
        const size_t word = known ? codon(codes[i], codes[i + 1], codes[i + 2]) : 0;
        for (int strand = 0; strand < 2; ++strand)
            if (!known || kStops[strand][word]) close(strand, phase, i, i + 3);
    }
    for (const size_t stop = i + 3; i < stop; ++i, phase = phase == 2 ? 0 : phase + 1)
        for (int strand = 0; strand < 2; ++strand) close(strand, phase, i, i);
    return frames;
}

// How the frames that were taken for genes lie: see count_codons.
void describe(std::vector<Frame> frames, uint32_t *layout) {
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

}  // namespace

void count_codons(const uint8_t *codes, size_t n, size_t shortest, uint32_t *usage,
                  uint32_t *layout) {
    std::vector<Frame> frames = open_frames(codes, n, shortest);
    // A gene is longer than the open frames that lie across it by chance, so the longest are right
    // most often.
    std::sort(frames.begin(), frames.end(), [](const Frame &a, const Frame &b) {
        const size_t x = a.end - a.begin, y = b.end - b.begin;
        return std::tie(y, a.begin, a.reverse) < std::tie(x, b.begin, b.reverse);
    });
    std::vector<uint8_t> used(n, 0);
    std::vector<Frame> kept;
    for (const Frame &frame : frames) {
        const auto first = used.begin() + frame.begin, last = used.begin() + frame.end;
        const size_t taken = std::accumulate(first, last, size_t{0});
        if (3 * taken > frame.end - frame.begin) continue;
        std::fill(first, last, uint8_t{1});
        kept.push_back(frame);
        for (size_t i = frame.begin; i < frame.end; i += 3) {
            const size_t word = codon(codes[i], codes[i + 1], codes[i + 2]);
            ++usage[frame.reverse ? complement(word) : word];
        }
    }
    describe(std::move(kept), layout);
}

}  // namespace llmbin

#include "frames.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace llmbin {

namespace {

using Stops = std::array<std::array<bool, 64>, 2>;

// Stops of the standard code, as the forward strand shows them when the gene lies on either strand.
constexpr Stops make_stops() {
    Stops stops{};
    // TAA TAG TGA
    stops[0][codon_of(3, 0, 0)] = stops[0][codon_of(3, 0, 2)] = stops[0][codon_of(3, 2, 0)] = true;
    // TTA CTA TCA
    stops[1][codon_of(3, 3, 0)] = stops[1][codon_of(1, 3, 0)] = stops[1][codon_of(3, 1, 0)] = true;
    return stops;
}
constexpr auto kStops = make_stops();

// The same where TGA is a residue.
constexpr auto make_fewer_stops() {
    auto stops = kStops;
    stops[0][codon_of(3, 2, 0)] = stops[1][codon_of(3, 1, 0)] = false;
    return stops;
}
constexpr auto kFewerStops = make_fewer_stops();

constexpr size_t kLong = 600;  // bases of a frame that is hardly there by chance

// Stretches without a stop or an unknown base, in the three frames of each strand.
std::vector<Frame> all_frames(const uint8_t *codes, size_t n, size_t shortest, const Stops &stops) {
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
        const size_t word = known ? codon_of(codes[i], codes[i + 1], codes[i + 2]) : 0;
        for (int strand = 0; strand < 2; ++strand)
            if (!known || stops[strand][word]) close(strand, phase, i, i + 3);
    }
    for (const size_t stop = i + 3; i < stop; ++i, phase = phase == 2 ? 0 : phase + 1)
        for (int strand = 0; strand < 2; ++strand) close(strand, phase, i, i);
    return frames;
}

// Those of all frames that are taken for genes: see open_frames.
std::vector<Frame> chosen_frames(std::vector<Frame> frames, size_t n) {
    // A gene is longer than the open frames that lie across it by chance, so the longest are right
    // most often.
    std::sort(frames.begin(), frames.end(), [](const Frame &a, const Frame &b) {
        const size_t x = a.end - a.begin, y = b.end - b.begin;
        return std::tie(y, a.begin, a.reverse) < std::tie(x, b.begin, b.reverse);
    });
    std::vector<uint8_t> used(n, 0);
    size_t kept = 0;
    for (const Frame &frame : frames) {
        const auto first = used.begin() + frame.begin, last = used.begin() + frame.end;
        const size_t taken = std::accumulate(first, last, size_t{0});
        if (3 * taken > frame.end - frame.begin) continue;
        std::fill(first, last, uint8_t{1});
        frames[kept++] = frame;
    }
    frames.resize(kept);
    return frames;
}

size_t long_bases(const std::vector<Frame> &frames) {
    size_t bases = 0;
    for (const Frame &frame : frames) {
        const size_t size = frame.end - frame.begin;
        if (size >= kLong) bases += size;
    }
    return bases;
}

}  // namespace

std::vector<Frame> open_frames(const uint8_t *codes, size_t n, size_t shortest) {
    return chosen_frames(all_frames(codes, n, shortest, kStops), n);
}

std::vector<Frame> frames_as_read(const uint8_t *codes, size_t n, size_t shortest,
                                  std::vector<Frame> frames) {
    const size_t usual = long_bases(frames);
    if (2 * usual >= n) return frames;  // no contig has twice as much
    std::vector<Frame> others = chosen_frames(all_frames(codes, n, shortest, kFewerStops), n);
    const size_t read = long_bases(others);
    return 2 * read >= n && read >= 2 * usual ? others : frames;
}

}  // namespace llmbin

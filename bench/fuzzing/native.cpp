// The kernels under libFuzzer, with the address and undefined-behaviour sanitizers, which trap what
// tests in Python cannot see. LLMBIN_KERNEL in the environment says which. Where a kernel can do
// its work in two ways (at once or in parts, by one thread or several), both must give the same.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "../../kernels/bases.hpp"
#include "../../kernels/codons.hpp"
#include "../../kernels/cuda/search.hpp"
#include "../../kernels/depth.hpp"
#include "../../kernels/encoder.hpp"
#include "../../kernels/fasta.hpp"
#include "../../kernels/hexamers.hpp"
#include "../../kernels/homology.hpp"
#include "../../kernels/markers.hpp"
#include "../../kernels/neighbours.hpp"
#include "../../kernels/peptides.hpp"
#include "../../kernels/profile_alignment.hpp"
#include "../../kernels/rrna.hpp"
#include "../../kernels/signals.hpp"
#include "../../kernels/tree.hpp"
#include "../../kernels/tree_sums.hpp"
#include "../../kernels/trna.hpp"

namespace {

using namespace llmbin;

void agree(bool same, const char *what) {
    if (same) return;
    std::fprintf(stderr, "FAULT: %s\n", what);
    std::abort();
}

// The input as numbers, zeros when it is used up.
class Numbers {
public:
    Numbers(const uint8_t *data, size_t n) : at_(data), end_(data + n) {}
    uint32_t byte() { return at_ == end_ ? 0 : *at_++; }
    uint32_t below(uint32_t n) { return (byte() << 8 | byte()) % n; }
    float number() { return static_cast<float>(static_cast<int>(byte()) - 128) / 16; }
    const uint8_t *rest() const { return at_; }
    size_t left() const { return static_cast<size_t>(end_ - at_); }

private:
    const uint8_t *at_, *end_;
};

std::vector<uint8_t> some_codes(Numbers &in, size_t n) {
    std::vector<uint8_t> codes(n);
    for (size_t i = 0; i < n; i += 3) {  // three of a byte; seldom an unknown base
        const uint32_t byte = in.byte();
        for (size_t j = i; j < std::min(n, i + 3); ++j)
            codes[j] = byte == 255 ? 4 : byte >> 2 * (j - i) & 3;
    }
    return codes;
}

void fasta(Numbers in) {
    const uint32_t step = 1 + in.below(40);
    const auto *text = reinterpret_cast<const char *>(in.rest());
    const size_t n = in.left();
    FastaParser whole, parts;
    whole.feed(text, n);
    whole.finish();
    for (size_t i = 0; i < n; i += step) parts.feed(text + i, std::min<size_t>(step, n - i));
    parts.finish();
    agree(whole.error == parts.error && whole.error_line == parts.error_line, "errors of parts");
    agree(whole.records.size() == parts.records.size(), "records of parts");
    for (size_t i = 0; i < whole.records.size(); ++i)
        agree(whole.records[i].name == parts.records[i].name &&
                  whole.records[i].description == parts.records[i].description &&
                  whole.records[i].sequence == parts.records[i].sequence,
              "a record of parts");
}

void bases(Numbers in) {
    const std::vector<uint8_t> text(in.rest(), in.rest() + in.left());
    std::vector<uint8_t> codes(text.size()), back(text.size());
    encode_bases(text.data(), text.size(), codes.data());
    for (size_t i = 0; i < codes.size(); ++i) {
        const uint8_t code = codes[codes.size() - 1 - i];
        back[i] = code < 4 ? 3 - code : 4;
    }
    const size_t ungapped = codes.size() - count_gaps(codes.data(), codes.size());
    agree(has_bases(text.data(), text.size(), ungapped) &&
              !has_bases(text.data(), text.size(), ungapped + 1) &&
              without_gaps(codes.data(), codes.size()).size() == ungapped,
          "bases without gaps");
    uint32_t one[136] = {}, other[136] = {}, usage[64] = {}, layout[kLayout] = {};
    count_tetranucleotides(codes.data(), codes.size(), one);
    count_tetranucleotides(back.data(), back.size(), other);
    agree(!std::memcmp(one, other, sizeof one), "tetranucleotides of the other strand");
    const std::vector<Frame> frames = open_frames(codes.data(), codes.size(), 9);
    count_codons(codes.data(), frames, usage);
    describe_frames(frames, layout);
    agree(layout[4] == 0 || layout[5] < layout[4], "changes of strand between open frames");
    const auto read = frames_as_read(codes.data(), codes.size(), 9, frames);
    for (const Frame &frame : read) {
        agree(frame.end <= codes.size() && (frame.end - frame.begin) % 3 == 0, "whole codons");
        for (size_t i = frame.begin; i < frame.end; i += 3) {
            const size_t codon = codon_of(codes[i], codes[i + 1], codes[i + 2]);
            const size_t word = frame.reverse ? complement_of(codon) : codon;
            agree(word != codon_of(3, 0, 0) && word != codon_of(3, 0, 2), "stops within a frame");
        }
    }
    uint32_t signals[kSignals] = {};
    WordCounts known_words, other_words;
    HexamerCounts hexamers, others;
    count_words(codes.data(), codes.size(), known_words);
    count_words(back.data(), back.size(), other_words);
    join_strands(known_words, hexamers);
    join_strands(other_words, others);
    agree(hexamers == others, "hexamers of the other strand");
    count_signals(codes.data(), codes.size(), read, known_words, signals);
    agree(signals[2] <= signals[1] && signals[1] <= signals[0] && signals[0] <= read.size(),
          "genes");
    agree(signals[10] <= signals[9] && signals[9] <= signals[0], "genes on one strand");
    for (int k : {11, 13, 14, 15, 16})
        agree(signals[k] <= codes.size(), "more bases than there are");
    std::vector<uint32_t> words;
    peptide_words(codes.data(), read, words);
    const size_t all = words.size();
    std::sort(words.begin(), words.end());
    const std::vector<uint8_t> column(all, 0);
    const size_t distinct = std::unique(words.begin(), words.end()) - words.begin();
    const PeptideTable table(words.data(), column.data(), distinct, 1);
    uint32_t known[2] = {};
    table.count(codes.data(), read, known);
    agree(known[0] == all && known[1] == all, "words of residues that are known");
    uint64_t counts[2];
    count_bases(codes.data(), codes.size(), counts);
    agree(counts[0] <= counts[1] && counts[1] <= codes.size(), "counts of bases");
    const std::vector<uint8_t> packed = pack_bases(codes.data(), codes.size());
    for (size_t i = 0; i < codes.size(); ++i)
        agree((packed[8 + i / 4] >> 2 * (i % 4) & 3) == (codes[i] & 3), "packed bases");
}

bool same(const Shared &one, const Shared &other) {
    return one.first == other.first && one.second == other.second && one.length == other.length &&
           one.possible == other.possible && one.alike == other.alike;
}

void homology(Numbers in) {
    struct Contig {
        std::vector<Word> words;
        int64_t bases;
        bool known;  // to an earlier search, in which contigs came in the other order
    };
    std::vector<Contig> contigs(1 + in.below(6));
    const std::vector<uint8_t> shared = some_codes(in, in.below(300));
    for (Contig &contig : contigs) {
        std::vector<uint8_t> codes = some_codes(in, in.below(200));
        if (in.byte() & 1) codes.insert(codes.end(), shared.begin(), shared.end());
        contig = {{}, static_cast<int64_t>(codes.size()), (in.byte() & 3) != 0};
        add_spaced_words(codes.data(), codes.size(), 1, contig.words);
    }
    const uint32_t rate = 1 + (in.byte() & 1);
    WordTable table(rate), then(rate);
    const auto add = [](const Contig &contig, WordTable &to) {
        to.add(contig.words.data(), contig.words.size(), contig.bases);
    };
    std::vector<int32_t> place(contigs.size(), -1);
    for (const Contig &contig : contigs) add(contig, table);
    for (size_t c = contigs.size(); c-- > 0;) {
        if (!contigs[c].known) continue;
        place[c] = static_cast<int32_t>(then.contigs());
        add(contigs[c], then);
    }
    if (in.byte() & 1) {
        table.thin();
        then.thin();
    }
    const uint32_t most = in.below(80), matches = in.below(5000);
    const SharedPairs found = table.shared(most, matches, 1);
    const auto &one = found.pairs, several = table.shared(most, matches, 3).pairs;
    agree(one.size() == several.size(), "pairs of several threads");
    for (size_t i = 0; i < one.size(); ++i)
        agree(one[i].first < one[i].second && one[i].length > 0 &&
                  one[i].length <= one[i].possible && one[i].length == several[i].length,
              "a pair");
    const std::vector<int32_t> nothing(contigs.size(), -1);
    const Earlier none{nothing.data(), {}, 0};
    const SharedPairs earlier = then.shared(most, matches, 1, &none);
    const Earlier told{place.data(), earlier.frequent, earlier.most};
    const SharedPairs since = table.shared(most, matches, 1, &told);
    std::vector<Shared> all = since.pairs;
    for (const Shared &pair : earlier.swapped) {
        const auto now = [&](int32_t contig) {
            return static_cast<int32_t>(std::find(place.begin(), place.end(), contig) -
                                        place.begin());
        };
        Shared kept = pair;
        kept.first = now(pair.first), kept.second = now(pair.second);
        const uint64_t code = static_cast<uint64_t>(kept.first) << 32 | kept.second;
        if (since.rest_is_known && !std::count(since.again.begin(), since.again.end(), code))
            all.push_back(kept);
    }
    agree(all.size() == one.size(), "pairs with an earlier search");
    for (const Shared &pair : all)
        agree(std::any_of(one.begin(), one.end(), [&](const Shared &p) { return same(p, pair); }),
              "a pair with an earlier search");
}

// Profiles of some numbers of columns, none too, of which many words are looked for.
MarkerScanner made_scanner(std::vector<uint32_t> columns) {
    Profiles profiles{{}, {0}};
    uint32_t state = 1;
    for (const uint32_t count : columns) {
        for (uint32_t c = 0; c < 20 * count; ++c) {
            state = state * 1664525 + 1013904223;
            profiles.bits.push_back(static_cast<float>(state >> 24) / 16 - 10);
        }
        profiles.first.push_back(profiles.first.back() + static_cast<int32_t>(count));
    }
    const size_t families = columns.size();
    const std::vector<uint32_t> words(families, 200);
    const std::vector<float> least_bits(families, 10);
    return MarkerScanner(std::move(profiles), {words, least_bits, 3, families});
}

// Each has 3 MB of filter, so they are made once.
const MarkerScanner *scanners() {
    static const MarkerScanner made[] = {made_scanner({6}), made_scanner({0, 9, 200}),
                                         made_scanner({40, 40, 5})};
    return made;
}

void markers(Numbers in) {
    const MarkerScanner &scanner = scanners()[in.below(3)];
    const std::vector<uint8_t> codes = some_codes(in, in.left() * 3);
    std::vector<MarkerCandidate> found;
    scanner.scan(codes.data(), codes.size(), found);
    for (const MarkerCandidate &candidate : found)
        agree(candidate.family < 3 && candidate.protein.size() >= 3 &&
                  candidate.protein.size() <= codes.size() / 3,
              "a candidate");
}

// Log-odds without a meaning.
std::vector<float> some_bits(size_t n) {
    std::vector<float> out(n);
    uint32_t state = 1;
    for (float &bits : out) {
        state = state * 1664525 + 1013904223;
        bits = static_cast<float>(state >> 24) / 32 - 5;
    }
    return out;
}

const RrnaScanner &rrna_scanner() {
    static const RrnaScanner made({some_bits(4 * 360), {0, 60, 60, 360}, {0, 1, 1}},
                                  {200, 8, 12, 0.1f, 0.02f});
    return made;
}

void rrna(Numbers in) {
    const std::vector<uint8_t> codes = some_codes(in, in.left() * 3);
    std::vector<RrnaGene> found;
    rrna_scanner().scan(codes.data(), codes.size(), found);
    for (const RrnaGene &gene : found)
        agree(gene.begin < gene.end && gene.end <= codes.size() && gene.kind < 2, "a gene");
}

void trna(Numbers in) {
    static const TrnaScanner scanner(
        {some_bits(21 * 16), some_bits(20 * 4), some_bits(kTrnaMostVariable + 1),
         some_bits(kTrnaMostTurn * kTrnaMostTurn)},
        2, 5);
    // Noise as a model finds arms everywhere, so few bases do.
    const std::vector<uint8_t> codes = some_codes(in, std::min<size_t>(in.left() * 3, 1000));
    std::vector<TrnaGene> found;
    scanner.scan(codes.data(), codes.size(), found);
    for (const TrnaGene &gene : found)
        agree(gene.begin < gene.end && gene.end <= codes.size() && gene.anticodon < 64, "a gene");
}

void alignment(Numbers in) {
    const uint32_t columns = in.below(60);
    std::vector<float> bits(20 * columns), transitions(7 * columns);
    for (float &b : bits) b = in.number();
    for (size_t t = 0; t < transitions.size(); ++t) {
        const bool goes_on = t % 7 == 6 && t + 1 < transitions.size();  // as gaps must
        transitions[t] = in.byte() < 40 && !goes_on ? -1e30f : -std::abs(in.number());
    }
    const ProfileAligner aligner(bits.data(), transitions.data(), columns);
    const int64_t diagonal = static_cast<int64_t>(in.below(400)) - 200;
    const auto *protein = reinterpret_cast<const char *>(in.rest());
    const ProfileAlignment near = aligner.align(protein, in.left(), diagonal);
    const ProfileAlignment best = aligner.align(protein, in.left());
    for (const ProfileAlignment &found : {near, best})
        agree(found.bits == found.bits && found.begin >= 0 && found.end < static_cast<int>(columns),
              "an alignment");
    agree(near.bits <= best.bits, "the band of an alignment");
}

void depth(Numbers in) {
    const auto lengths = std::make_shared<const std::vector<int64_t>>(
        std::vector<int64_t>{1 + in.below(3000), 1200, 800});
    const bool long_reads = in.byte() & 1;
    const DepthOptions options{0.9, 75, 0x700, long_reads, 650, 0.8};
    const uint32_t step = 1 + in.below(500);
    const uint8_t *data = in.rest();
    const size_t n = in.left();
    DepthCounter whole(lengths, options), parts(lengths, options);
    whole.feed(data, n);
    for (size_t i = 0; i < n; i += step) parts.feed(data + i, std::min<size_t>(step, n - i));
    agree(whole.error == parts.error && whole.reads == parts.reads, "reads of parts");
    const bool good = whole.finish();
    agree(good == parts.finish(), "the end of parts");
    double mean[2][3], variance[2][3];
    whole.depths(mean[0], variance[0]);
    parts.depths(mean[1], variance[1]);
    agree(!std::memcmp(mean[0], mean[1], sizeof mean[0]), "depth of parts");
    for (int i = 0; i < 3; ++i) agree(mean[0][i] >= 0 && variance[0][i] >= 0, "a depth");
    // From the first record on, which may be cut anywhere, as a later piece of a file.
    const size_t cut = std::min<size_t>(step, n);
    DepthCounter head(lengths, options), tail = head.piece();
    head.feed(data, cut);
    tail.feed(data + cut, n - cut);
    if (head.append(tail) && head.finish() && good) {
        head.depths(mean[1], variance[1]);
        agree(!std::memcmp(mean[0], mean[1], sizeof mean[0]), "depth of pieces");
    }
    ReadSample sample;
    sample_reads(data, n, *lengths, 0x700, 100, sample);
    for (const double identity : sample.identity) agree(identity <= 1, "an identity");
}

// Some points; the caller keeps what they point into.
struct Held {
    std::vector<float> vectors, noise, depth, variance;
    size_t n, dims, samples;
    explicit Held(Numbers &in) : n(1 + in.below(40)), dims(in.below(20)), samples(in.below(11)) {
        for (size_t i = 0; i < n * dims; ++i) vectors.push_back(in.number());
        for (size_t i = 0; i < n; ++i) noise.push_back(0.01f + std::abs(in.number()));
        for (size_t i = 0; i < n * samples; ++i) {
            depth.push_back(in.number());
            variance.push_back(0.01f + std::abs(in.number()));
        }
    }
    Points points() const {
        return {vectors.data(), noise.data(), depth.data(), variance.data(), n, dims, samples, 10};
    }
};

void nearest(Numbers in) {
    const Held held(in);
    const Points points = held.points();
    std::vector<int32_t> queries, references;
    for (uint32_t i = 0, count = in.below(50); i < count; ++i)
        queries.push_back(static_cast<int32_t>(in.below(static_cast<uint32_t>(held.n))));
    for (size_t i = 0; i < held.n; ++i)
        if (in.byte() & 1) references.push_back(static_cast<int32_t>(i));
    const NeighbourSearch search{points, queries, references, 1 + in.below(kMostNeighbours)};
    const Neighbours one = neighbours(search, 1), several = neighbours(search, 3);
    agree(one.index == several.index && one.distance == several.distance, "several threads");
    const Neighbours gpu = neighbours_emulated(search, static_cast<int>(1 + in.below(5)));
    agree(one.index == gpu.index && one.distance == gpu.distance, "slices");
    const auto all = static_cast<int64_t>(references.size());
    const std::vector<int64_t> bounds{0, all / 3, all};
    std::vector<int32_t> probes;
    for (size_t i = 0; i < queries.size(); ++i) {
        probes.push_back(static_cast<int32_t>(in.below(3)) - 1);
        probes.push_back(static_cast<int32_t>(in.below(3)) - 1);
    }
    neighbours_in_cells(search, {bounds, probes.data(), 2}, 2);
}

// Every node of a tree of so many leaves joins two that nobody joined before.
void nodes_of_a_tree(Numbers &in, size_t leaves) {
    constexpr size_t kMarkers = 3;
    std::vector<int32_t> free(leaves), left, right;
    std::iota(free.begin(), free.end(), 0);
    const auto take = [&] {
        const size_t at = in.below(static_cast<uint32_t>(free.size()));
        const int32_t node = free[at];
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(at));
        return node;
    };
    while (free.size() > 1) {
        const int32_t a = take(), b = take();
        left.push_back(a);
        right.push_back(b);
        free.push_back(static_cast<int32_t>(leaves + left.size() - 1));
    }
    const NodePairs pairs{left.data(), right.data(), leaves};
    const std::vector<double> ones(leaves, 1);
    agree(sums_of_nodes(pairs, ones.data(), 1).back() == static_cast<double>(leaves), "a sum");
    std::vector<int16_t> copies;
    for (size_t i = 0; i < leaves * kMarkers; ++i)
        copies.push_back(static_cast<int16_t>(in.below(3)));
    const std::vector<uint8_t> used{1, 1, 0, 0, 1, 1};
    const NodeMarkers found = markers_of_nodes(pairs, copies.data(), kMarkers, used.data(), 2);
    for (const int32_t there : found.there) agree(there >= 0 && there <= 2, "markers of a set");
}

void tree(Numbers in) {
    const Held held(in);
    std::vector<float> core(held.n), distance;
    for (float &c : core) c = std::abs(in.number());
    const SpanningTree made = spanning_tree(held.points(), core.data());
    agree(made.from.size() == held.n - 1 && made.weight.size() == held.n - 1, "edges of a tree");
    std::vector<int32_t> index;
    const size_t k = 1 + in.below(5);
    for (size_t i = 0; i < held.n * k; ++i) {
        index.push_back(static_cast<int32_t>(in.below(static_cast<uint32_t>(held.n + 1))) - 1);
        distance.push_back(std::abs(in.number()));
    }
    const SpanningTree forest =
        spanning_forest({index.data(), distance.data(), held.n, k}, core.data());
    agree(forest.from.size() == held.n - 1, "edges of a forest");
    nodes_of_a_tree(in, held.n);
}

// The GPU's encoder, thread by thread: in its turn or backwards, alone or in a batch.
void encoder(Numbers in) {
    const std::vector<int> sizes{64, 4, 10, 5, 3, 1, 2, 1};
    const int bases = 4 * static_cast<int>(1 + in.below(48));
    const EncoderNeeds needs = encoder_needs(sizes, bases);
    std::vector<float> chunks(needs.chunk_numbers), numbers(needs.numbers);
    for (size_t i = 0; i < chunks.size(); i += 1 + in.below(50)) chunks[i] = in.number();
    for (size_t i = 0; i < numbers.size(); i += 1 + in.below(5)) numbers[i] = in.number();
    const size_t count = 1 + in.below(3), bytes = (bases + 1) / 2;
    std::vector<uint8_t> packed(count * bytes);
    for (uint8_t &two : packed) two = static_cast<uint8_t>(in.below(5) | in.below(5) << 4);
    std::vector<int32_t> lengths;
    for (size_t i = 0; i < count; ++i) lengths.push_back(static_cast<int32_t>(in.below(bases + 1)));
    const size_t width = needs.width;
    std::vector<float> batch(count * width), backwards(count * width), alone(width);
    const ArrangedWeights<float> weights{chunks.data(), numbers.data()};
    const PackedWindows all{packed.data(), lengths.data(), count, bases};
    encode_emulated(sizes, weights, all, false, batch.data());
    encode_emulated(sizes, weights, all, true, backwards.data());
    const auto same = [&](const float *a, const float *b, size_t n) {
        return !std::memcmp(a, b, n * sizeof(float));
    };
    agree(same(batch.data(), backwards.data(), batch.size()), "threads backwards");
    const size_t last = count - 1;
    const PackedWindows one{packed.data() + last * bytes, lengths.data() + last, 1, bases};
    encode_emulated(sizes, weights, one, false, alone.data());
    agree(same(alone.data(), batch.data() + last * width, width), "a window alone");
}

struct Kernel {
    const char *name;
    void (*run)(Numbers);
};
constexpr Kernel kKernels[] = {
    {"fasta", fasta},         {"bases", bases}, {"homology", homology}, {"markers", markers},
    {"alignment", alignment}, {"rrna", rrna},   {"trna", trna},         {"depth", depth},
    {"neighbours", nearest},  {"tree", tree},   {"encoder", encoder}};

const Kernel &chosen() {
    const char *name = std::getenv("LLMBIN_KERNEL");
    for (const Kernel &kernel : kKernels)
        if (name && !std::strcmp(name, kernel.name)) return kernel;
    std::fprintf(stderr, "LLMBIN_KERNEL names no kernel\n");
    std::exit(2);
}

}  // namespace

// What takes time once is no input's.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    if (chosen().run == markers) scanners();
    if (chosen().run == rrna) rrna_scanner();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const Kernel &kernel = chosen();
    kernel.run(Numbers(data, n));
    return 0;
}

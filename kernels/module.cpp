// Python bindings of the CPU kernels. Shapes and types are checked here; long work runs without the GIL.
#include "kernels.hpp"
#include "alignments.hpp"
#include "cuda/neighbours.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace nb = nanobind;
using namespace llmbin;

namespace {

template <typename T, typename... Shape>
using In = nb::ndarray<const T, nb::numpy, Shape..., nb::c_contig, nb::device::cpu>;
template <typename T, size_t N>
using Out = nb::ndarray<nb::numpy, T, nb::ndim<N>>;

template <typename T>
Out<T, 1> vector_out(std::vector<T> &&values) {
    auto *held = new std::vector<T>(std::move(values));
    nb::capsule owner(held, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return Out<T, 1>(held->data(), {held->size()}, owner);
}

template <typename T>
Out<T, 2> table_out(std::vector<T> &&values, size_t rows, size_t columns) {
    auto *held = new std::vector<T>(std::move(values));
    nb::capsule owner(held, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return Out<T, 2>(held->data(), {rows, columns}, owner);
}

using Matrix = In<float, nb::ndim<2>>;
using Contigs = std::vector<In<uint8_t, nb::ndim<1>>>;  // codes of each: many in one call, for handing a thread's turn over takes as long as thousands of bases
using Vector = In<float, nb::ndim<1>>;

Points points_of(const Matrix &vectors, const Vector &noise, const Matrix &depth, const Matrix &variance, float penalty) {
    const size_t n = vectors.shape(0);
    if (noise.shape(0) != n || depth.shape(0) != n || variance.shape(0) != n || depth.shape(1) != variance.shape(1))
        throw std::invalid_argument("vectors, noise, depth and variance must have one row a contig");
    return {vectors.data(), noise.data(), depth.data(), variance.data(), n, vectors.shape(1), depth.shape(1), penalty};
}

std::vector<int32_t> rows_of(const In<int32_t, nb::ndim<1>> &rows, size_t n) {
    std::vector<int32_t> out(rows.data(), rows.data() + rows.shape(0));
    for (int32_t r : out)
        if (r < 0 || static_cast<size_t>(r) >= n) throw std::invalid_argument("row number out of range");
    return out;
}

// Whether bounds of consecutive parts begin at 0, never fall, and end at `last`.
template <typename T>
bool rises_to(const std::vector<T> &bounds, size_t last) {
    return !bounds.empty() && bounds.front() == 0 && bounds.back() == static_cast<int64_t>(last) && std::is_sorted(bounds.begin(), bounds.end());
}

// Runs one of the neighbour searches, which differ in `how`: threads, slices, or the device.
template <typename Search>
nb::tuple searched(const Points &points, const In<int32_t, nb::ndim<1>> &queries, const In<int32_t, nb::ndim<1>> &references, int k, int how,
                   Search search) {
    const auto q = rows_of(queries, points.n), r = rows_of(references, points.n);
    if (k < 1) throw std::invalid_argument("k must be at least 1");
    std::vector<int32_t> index(q.size() * k);
    std::vector<float> distance(q.size() * k);
    {
        nb::gil_scoped_release release;
        search(points, q, r, k, how, index.data(), distance.data());
    }
    return nb::make_tuple(table_out(std::move(index), q.size(), k), table_out(std::move(distance), q.size(), k));
}

// What is counted in each contig, a row of so many numbers.
template <typename Count>
Out<uint32_t, 2> counted(const Contigs &contigs, size_t columns, Count count) {
    std::vector<uint32_t> out(contigs.size() * columns, 0);
    {
        nb::gil_scoped_release release;
        for (size_t i = 0; i < contigs.size(); ++i) count(contigs[i].data(), contigs[i].shape(0), out.data() + i * columns);
    }
    return table_out(std::move(out), contigs.size(), columns);
}

void check_sample(uint32_t sample) {
    if (!sample || sample & (sample - 1)) throw std::invalid_argument("sample must be a power of two");
}

const uint8_t *bytes_of(const nb::bytes &b) { return static_cast<const uint8_t *>(b.data()); }

}  // namespace

NB_MODULE(_kernels, m) {
    m.doc() = "Native kernels of llmbin-fast.";

    m.def("give_back_memory", [] {
#if defined(__GLIBC__)
        malloc_trim(0);
#endif
    }, "Give the system what was freed. glibc keeps it otherwise, a heap for each thread: a fifth of the peak of a large run.");
    m.def("encode_bases", [](nb::bytes sequence) {
        std::vector<uint8_t> codes(sequence.size());
        encode_bases(bytes_of(sequence), sequence.size(), codes.data());
        return vector_out(std::move(codes));
    }, nb::arg("sequence"), "Codes uint8 [n] of an ASCII sequence: ACGT 0-3 (U as T), anything else 4.");

    m.def("tetranucleotides", [](const Contigs &contigs) {
        return counted(contigs, 136, [](const uint8_t *codes, size_t n, uint32_t *out) { count_tetranucleotides(codes, n, out); });
    }, nb::arg("contigs"), "Counts uint32 [contigs, 136] of 4-mers, each added to its reverse complement's.");

    m.def("codons", [](const Contigs &contigs, size_t shortest) {
        return counted(contigs, 64, [shortest](const uint8_t *codes, size_t n, uint32_t *out) { count_codons(codes, n, shortest, out); });
    }, nb::arg("contigs"), nb::arg("shortest"),
       "Counts uint32 [contigs, 64] of codons in the open frames of `shortest` bases or more, the longest first where frames overlap.");

    m.def("base_counts", [](In<uint8_t, nb::ndim<1>> codes) {
        uint64_t out[2];
        count_bases(codes.data(), codes.shape(0), out);
        return nb::make_tuple(out[0], out[1]);
    }, nb::arg("codes"), "(G or C, A C G or T) among codes.");

    nb::class_<FastaParser>(m, "FastaParser", "Streaming FASTA parser.")
        .def(nb::init<>())
        .def("feed", [](FastaParser &p, nb::bytes data) {
            nb::gil_scoped_release release;
            return p.feed(data.c_str(), data.size());
        }, nb::arg("data"), "Take the next bytes; False after an error.")
        .def("finish", &FastaParser::finish, "Close the last record; False after an error.")
        .def("take", [](FastaParser &p) {
            nb::list out;
            for (auto &r : p.records)
                out.append(nb::make_tuple(nb::bytes(r.name.data(), r.name.size()), nb::bytes(r.sequence.data(), r.sequence.size()), r.line));
            p.records.clear();
            return out;
        }, "Whole records so far: (name, sequence, line number of the header); names and sequences are bytes.")
        .def_ro("error", &FastaParser::error)
        .def_ro("error_line", &FastaParser::error_line);

    nb::class_<DepthCounter>(m, "DepthCounter", "Mean and variance of depth from BAM records.")
        .def("__init__", [](DepthCounter *self, std::vector<int64_t> lengths, double min_identity, int edge, uint32_t skip_flags,
                            bool long_reads, int64_t long_read, double long_identity) {
            new (self) DepthCounter(std::make_shared<const std::vector<int64_t>>(std::move(lengths)),
                                    DepthOptions{min_identity, edge, skip_flags, long_reads, long_read, long_identity});
        }, nb::arg("lengths"), nb::arg("min_identity"), nb::arg("edge"), nb::arg("skip_flags"), nb::arg("long_reads"), nb::arg("long_read"),
           nb::arg("long_identity"))
        .def("piece", &DepthCounter::piece, "A counter for a later piece of the same file.")
        .def("feed", [](DepthCounter &c, nb::bytes data) {
            nb::gil_scoped_release release;
            return c.feed(bytes_of(data), data.size());
        }, nb::arg("data"), "Take the next bytes behind the BAM header; False after an error.")
        .def("append", [](DepthCounter &c, DepthCounter &next) {
            nb::gil_scoped_release release;
            return c.append(next);
        }, nb::arg("next"), "Add the piece that follows; False where one counter would have counted otherwise.")
        .def("finish", [](DepthCounter &c) {
            nb::gil_scoped_release release;
            return c.finish();
        })
        .def("depths", [](DepthCounter &c) {
            std::vector<double> mean(c.references()), variance(c.references());
            c.depths(mean.data(), variance.data());
            return nb::make_tuple(vector_out(std::move(mean)), vector_out(std::move(variance)));
        }, "Mean and variance of every reference.")
        .def_ro("reads", &DepthCounter::reads)
        .def_ro("mapped", &DepthCounter::mapped)
        .def_ro("counted", &DepthCounter::counted)
        .def_ro("unsorted", &DepthCounter::unsorted)
        .def_ro("error", &DepthCounter::error);

    m.def("sample_reads", [](nb::bytes data, const std::vector<int64_t> &lengths, uint32_t skip_flags, size_t most) {
        ReadSample found;
        {
            nb::gil_scoped_release release;
            sample_reads(bytes_of(data), data.size(), lengths, skip_flags, most, found);
        }
        return nb::make_tuple(vector_out(std::move(found.length)), vector_out(std::move(found.identity)));
    }, nb::arg("data"), nb::arg("lengths"), nb::arg("skip_flags"), nb::arg("most"),
       "Primary alignments in BAM data that begin with a record: whole read's length int64, identity of its aligned part float64.");

    m.def("likely_record", [](nb::bytes data, const std::vector<int64_t> &lengths) { return likely_record(bytes_of(data), data.size(), lengths); },
          nb::arg("data"), nb::arg("lengths"), "Whether BAM data seem to begin with a record.");

    nb::class_<MarkerScanner>(m, "MarkerScanner", "Finds stretches that may hold a marker gene.")
        .def("__init__", [](MarkerScanner *self, Matrix profiles, std::vector<int32_t> first, int words, float least_bits, int least_residues) {
            if (words < 0 || least_residues < 0) throw std::invalid_argument("words and least_residues must be 0 or more");
            if (profiles.shape(1) != 20) throw std::invalid_argument("profiles must have a column for each of twenty amino acids");
            if (!rises_to(first, profiles.shape(0))) throw std::invalid_argument("first must rise from 0 to the number of columns");
            if (first.size() > 0xffff || profiles.shape(0) > 0x7fffffff / 20) throw std::invalid_argument("too many profiles");
            for (size_t f = 1; f < first.size(); ++f)
                if (first[f] - first[f - 1] > 0xffff) throw std::invalid_argument("a profile is too long");
            Profiles held{{profiles.data(), profiles.data() + profiles.size()}, std::move(first)};
            new (self) MarkerScanner(std::move(held), {static_cast<size_t>(words), least_bits, static_cast<size_t>(least_residues)});
        }, nb::arg("profiles"), nb::arg("first"), nb::arg("words"), nb::arg("least_bits"), nb::arg("least_residues"))
        .def("scan", [](const MarkerScanner &scanner, const Contigs &contigs) {
            std::vector<std::vector<MarkerCandidate>> found(contigs.size());
            {
                nb::gil_scoped_release release;
                for (size_t i = 0; i < contigs.size(); ++i) scanner.scan(contigs[i].data(), contigs[i].shape(0), found[i]);
            }
            nb::list out;
            for (size_t i = 0; i < found.size(); ++i)
                for (const auto &c : found[i]) out.append(nb::make_tuple(i, c.family, nb::str(c.protein.data(), c.protein.size()), c.diagonal));
            return out;
        }, nb::arg("contigs"), "Candidates on both strands of each: (contig, family, protein between two stops, column minus place of its seed).");

    nb::class_<ProfileAligner>(m, "ProfileAligner", "Local alignment to a profile, near a diagonal.")
        .def("__init__", [](ProfileAligner *self, Matrix profile, Matrix transitions) {
            if (profile.shape(1) != 20 || transitions.shape(1) != 7 || profile.shape(0) != transitions.shape(0))
                throw std::invalid_argument("a profile has twenty residues and seven transitions in each column");
            new (self) ProfileAligner(profile.data(), transitions.data(), profile.shape(0));
        }, nb::arg("profile"), nb::arg("transitions"))
        .def("align", [](const ProfileAligner &aligner, const std::string &protein, int64_t diagonal) {
            ProfileAlignment found;
            {
                nb::gil_scoped_release release;
                found = aligner.align(protein.data(), protein.size(), diagonal);
            }
            return nb::make_tuple(found.bits, found.begin, found.end);
        }, nb::arg("protein"), nb::arg("diagonal"), "Bits, first and last column of the best path; no path has the last before the first.");

    m.def("spaced_words", [](const Contigs &contigs, uint32_t sample) {
        check_sample(sample);
        for (const auto &codes : contigs)
            if (codes.shape(0) > 0x7fffffff) throw std::invalid_argument("a contig is too long");
        std::vector<uint32_t> out;
        std::vector<int64_t> ends;
        {
            nb::gil_scoped_release release;
            for (const auto &codes : contigs) {
                for (const Word &word : spaced_words(codes.data(), codes.shape(0), sample)) out.insert(out.end(), {word.hash, word.place});
                ends.push_back(static_cast<int64_t>(out.size() / 2));
            }
        }
        const size_t words = out.size() / 2;
        return nb::make_tuple(table_out(std::move(out), words, 2), vector_out(std::move(ends)));
    }, nb::arg("contigs"), nb::arg("sample"),
       "One in `sample` of the spaced words of contigs uint32 [words, 2], contig by contig: hash, and twice the place (and one if the word is its own "
       "strand's); and where each contig's end int64 [contigs].");

    nb::class_<WordTable>(m, "WordTable", "Some spaced words of contigs, and which contigs share stretches of them.")
        .def("__init__", [](WordTable *self, uint32_t sample) {
            check_sample(sample);
            new (self) WordTable(sample);
        }, nb::arg("sample"))
        .def("add", [](WordTable &table, In<uint32_t, nb::ndim<2>> words, int64_t bases) {
            if (words.shape(1) != 2 || bases < 0) throw std::invalid_argument("words have two numbers, and contigs 0 bases or more");
            if (table.size() + words.shape(0) > 0xffffffff) throw std::invalid_argument("too many words");
            nb::gil_scoped_release release;
            table.add(reinterpret_cast<const Word *>(words.data()), words.shape(0), bases);
        }, nb::arg("words"), nb::arg("bases"), "Keep those words of the next contig that belong to the sample.")
        .def("thin", &WordTable::thin, "Drop every second word.")
        .def("__len__", &WordTable::size)
        .def_prop_ro("bases", &WordTable::bases, "Bases of all contigs.")
        .def("words", [](const WordTable &table) {
            std::vector<uint32_t> out;
            out.reserve(3 * table.size());
            table.each([&](size_t contig, uint32_t hash, uint32_t place) { out.insert(out.end(), {static_cast<uint32_t>(contig), hash, place}); });
            return table_out(std::move(out), table.size(), 3);
        }, "Contig, hash, and twice the place (and one if the word is its own strand's) of each: uint32 [words, 3].")
        .def("shared", [](const WordTable &table, uint32_t most, uint64_t most_matches, int threads) {
            std::vector<Shared> found;
            {
                nb::gil_scoped_release release;
                found = table.shared(most, most_matches, threads);
            }
            std::vector<int32_t> out;
            out.reserve(4 * found.size());
            std::vector<float> alike;
            alike.reserve(found.size());
            for (const Shared &s : found) {
                out.insert(out.end(), {s.first, s.second, s.length, s.possible});
                alike.push_back(s.alike);
            }
            return nb::make_tuple(table_out(std::move(out), found.size(), 4), vector_out(std::move(alike)));
        }, nb::arg("most"), nb::arg("most_matches"), nb::arg("threads") = 1,
           "Pairs of contigs with homologous stretches int32 [pairs, 4]: two contigs, bases of the stretches, bases that could lie on each other; and "
           "the share of the words in the stretches that match float32 [pairs].");

    m.def("neighbours", [](Matrix vectors, Vector noise, Matrix depth, Matrix variance, float penalty, In<int32_t, nb::ndim<1>> queries,
                           In<int32_t, nb::ndim<1>> references, int k, int threads) {
        return searched(points_of(vectors, noise, depth, variance, penalty), queries, references, k, threads, neighbours);
    }, nb::arg("vectors"), nb::arg("noise"), nb::arg("depth"), nb::arg("variance"), nb::arg("penalty"), nb::arg("queries"), nb::arg("references"),
       nb::arg("k"), nb::arg("threads") = 1,
       "Index int32 [q, k] and distance float32 [q, k] of the nearest references, nearest first; -1 and inf where there are fewer.");

    m.def("neighbours_in_cells", [](Matrix vectors, Vector noise, Matrix depth, Matrix variance, float penalty, In<int32_t, nb::ndim<1>> queries,
                                    In<int32_t, nb::ndim<1>> references, In<int64_t, nb::ndim<1>> bounds, In<int32_t, nb::ndim<2>> cells, int k,
                                    int threads) {
        const std::vector<int64_t> edges(bounds.data(), bounds.data() + bounds.shape(0));
        if (!rises_to(edges, references.shape(0))) throw std::invalid_argument("bounds must rise from 0 to the number of references");
        if (cells.shape(0) != queries.shape(0)) throw std::invalid_argument("cells must have one row a query");
        for (size_t i = 0; i < cells.size(); ++i)
            if (cells.data()[i] >= static_cast<int64_t>(edges.size()) - 1) throw std::invalid_argument("cell number out of range");
        return searched(points_of(vectors, noise, depth, variance, penalty), queries, references, k, threads,
                        [&](const Points &p, const std::vector<int32_t> &q, const std::vector<int32_t> &r, int most, int on, int32_t *index, float *distance) {
                            neighbours_in_cells(p, q, r, edges, cells.data(), cells.shape(1), most, on, index, distance);
                        });
    }, nb::arg("vectors"), nb::arg("noise"), nb::arg("depth"), nb::arg("variance"), nb::arg("penalty"), nb::arg("queries"), nb::arg("references"),
       nb::arg("bounds"), nb::arg("cells"), nb::arg("k"), nb::arg("threads") = 1,
       "As `neighbours`, among the references of the cells int32 [q, probes] named for each query; cell c holds references[bounds[c]:bounds[c + 1]].");

    m.def("neighbours_emulated", [](Matrix vectors, Vector noise, Matrix depth, Matrix variance, float penalty, In<int32_t, nb::ndim<1>> queries,
                                    In<int32_t, nb::ndim<1>> references, int k, int slices) {
        if (slices < 1 || k > kMostNeighbours) throw std::invalid_argument("slices must be at least 1, k at most 32");
        return searched(points_of(vectors, noise, depth, variance, penalty), queries, references, k, slices, neighbours_emulated);
    }, nb::arg("vectors"), nb::arg("noise"), nb::arg("depth"), nb::arg("variance"), nb::arg("penalty"), nb::arg("queries"), nb::arg("references"),
       nb::arg("k"), nb::arg("slices"), "As `neighbours`, by the code that a GPU runs, in so many slices of the references; for tests.");

#ifdef LLMBIN_CUDA
    m.def("cuda_devices", &cuda_devices, "Number of NVIDIA GPUs that the driver shows.");
    m.def("neighbours_on_gpu", [](Matrix vectors, Vector noise, Matrix depth, Matrix variance, float penalty, In<int32_t, nb::ndim<1>> queries,
                                  In<int32_t, nb::ndim<1>> references, int k, int device) {
        if (k > kMostNeighbours) throw std::invalid_argument("k must be at most 32");
        return searched(points_of(vectors, noise, depth, variance, penalty), queries, references, k, device, neighbours_on_gpu);
    }, nb::arg("vectors"), nb::arg("noise"), nb::arg("depth"), nb::arg("variance"), nb::arg("penalty"), nb::arg("queries"), nb::arg("references"),
       nb::arg("k"), nb::arg("device"), "As `neighbours`, to the same bits, on a GPU.");
#endif

    m.def("spanning_tree", [](Matrix vectors, Vector noise, Matrix depth, Matrix variance, float penalty, Vector core) {
        const Points points = points_of(vectors, noise, depth, variance, penalty);
        if (core.shape(0) != points.n || !points.n) throw std::invalid_argument("core must have one entry a contig, and at least one");
        std::vector<int32_t> from(points.n - 1), to(points.n - 1);
        std::vector<float> weight(points.n - 1);
        {
            nb::gil_scoped_release release;
            spanning_tree(points, core.data(), from.data(), to.data(), weight.data());
        }
        return nb::make_tuple(vector_out(std::move(from)), vector_out(std::move(to)), vector_out(std::move(weight)));
    }, nb::arg("vectors"), nb::arg("noise"), nb::arg("depth"), nb::arg("variance"), nb::arg("penalty"), nb::arg("core"),
       "Minimum spanning tree of mutual reachability: from, to int32 [n-1], weight float32 [n-1].");

    m.def("spanning_forest", [](In<int32_t, nb::ndim<2>> index, Matrix distance, Vector core) {
        const size_t n = index.shape(0), k = index.shape(1);
        if (!n || core.shape(0) != n || distance.shape(0) != n || distance.shape(1) != k) throw std::invalid_argument("shapes differ");
        for (size_t i = 0; i < n * k; ++i)
            if (index.data()[i] >= static_cast<int64_t>(n)) throw std::invalid_argument("row number out of range");
        std::vector<int32_t> from, to;
        std::vector<float> weight;
        {
            nb::gil_scoped_release release;
            spanning_forest(index.data(), distance.data(), core.data(), n, k, from, to, weight);
        }
        return nb::make_tuple(vector_out(std::move(from)), vector_out(std::move(to)), vector_out(std::move(weight)));
    }, nb::arg("index"), nb::arg("distance"), nb::arg("core"),
       "Spanning tree of mutual reachability over a graph of neighbours (index and distance [n, k]): from, to, weight [n-1].");
}

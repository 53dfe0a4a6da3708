#include "../homology.hpp"

#include <nanobind/stl/tuple.h>

#include <tuple>

#include "bind.hpp"

namespace llmbin {

namespace {

void check_rate(uint32_t rate) {
    require(rate && !(rate & (rate - 1)), "rate must be a power of two");
}

// Words as they lie in memory, two numbers each.
Out<uint32_t, 2> words_out(std::vector<Word> &&words) {
    static_assert(sizeof(Word) == 2 * sizeof(uint32_t));
    auto *held = new std::vector<Word>(std::move(words));
    nb::capsule owner(held, [](void *p) noexcept { delete static_cast<std::vector<Word> *>(p); });
    const size_t shape[2] = {held->size(), 2};
    return Out<uint32_t, 2>(reinterpret_cast<uint32_t *>(held->data()), 2, shape, owner);
}

nb::tuple words_of(const Contigs &contigs, uint32_t rate) {
    check_rate(rate);
    for (const auto &codes : contigs) require(codes.shape(0) <= 0x7fffffff, "a contig is too long");
    std::vector<Word> out;
    std::vector<int64_t> ends;
    {
        nb::gil_scoped_release release;
        size_t bases = 0;
        for (const auto &codes : contigs) bases += codes.shape(0);
        out.reserve(bases / rate + bases / rate / 8);
        for (const auto &codes : contigs) {
            add_spaced_words(codes.data(), codes.shape(0), rate, out);
            ends.push_back(static_cast<int64_t>(out.size()));
        }
    }
    return nb::make_tuple(words_out(std::move(out)), vector_out(std::move(ends)));
}

void add(WordTable &table, In<uint32_t, 2> words, In<int64_t, 1> ends, In<int64_t, 1> bases) {
    const size_t contigs = ends.shape(0);
    std::vector<int64_t> bounds{0};
    bounds.insert(bounds.end(), ends.data(), ends.data() + contigs);
    require(words.shape(1) == 2 && rises_to(bounds, words.shape(0)) && bases.shape(0) == contigs,
            "words have two numbers, ends rise to how many there are, and bases are as many");
    require(std::all_of(bases.data(), bases.data() + contigs, [](int64_t n) { return n >= 0; }),
            "contigs have 0 bases or more");
    require(table.size() + words.shape(0) <= 0xffffffff, "too many words");
    nb::gil_scoped_release release;
    for (size_t i = 0; i < contigs; ++i)
        table.add(reinterpret_cast<const Word *>(words.data()) + bounds[i],
                  static_cast<size_t>(bounds[i + 1] - bounds[i]), bases.data()[i]);
}

Out<uint32_t, 2> words(const WordTable &table) {
    std::vector<uint32_t> out;
    out.reserve(3 * table.size());
    table.each([&](size_t contig, uint32_t hash, uint32_t place) {
        out.insert(out.end(), {static_cast<uint32_t>(contig), hash, place});
    });
    return table_out(std::move(out), table.size(), 3);
}

nb::tuple pairs_out(const std::vector<Shared> &found) {
    std::vector<int32_t> pairs;
    pairs.reserve(4 * found.size());
    std::vector<float> alike;
    alike.reserve(found.size());
    for (const Shared &s : found) {
        pairs.insert(pairs.end(), {s.first, s.second, s.length, s.possible});
        alike.push_back(s.alike);
    }
    return nb::make_tuple(table_out(std::move(pairs), found.size(), 4),
                          vector_out(std::move(alike)));
}

SharedPairs searched(const WordTable &table, size_t most, uint64_t most_matches, int threads,
                     const Earlier *earlier) {
    nb::gil_scoped_release release;
    return table.shared(most, most_matches, threads, earlier);
}

nb::tuple shared(const WordTable &table, uint32_t most, uint64_t most_matches, int threads) {
    return pairs_out(searched(table, most, most_matches, threads, nullptr).pairs);
}

nb::tuple shared_since(const WordTable &table, uint32_t most, uint64_t most_matches, int threads,
                       Rows place, const std::tuple<uint32_t, In<uint32_t, 1>> &then) {
    const auto &[most_then, frequent] = then;
    require(place.shape(0) == table.contigs(), "place must have one entry a contig");
    Earlier earlier{place.data(), {frequent.data(), frequent.data() + frequent.size()}, most_then};
    require(std::is_sorted(earlier.frequent.begin(), earlier.frequent.end()),
            "frequent must be ascending");
    SharedPairs found = searched(table, most, most_matches, threads, &earlier);
    found.pairs.insert(found.pairs.end(), found.swapped.begin(), found.swapped.end());
    const nb::tuple pairs = pairs_out(found.pairs);
    std::vector<int32_t> again;
    for (const uint64_t pair : found.again)
        again.insert(again.end(),
                     {static_cast<int32_t>(pair >> 32), static_cast<int32_t>(pair & 0xffffffff)});
    const size_t changed = found.again.size();
    return nb::make_tuple(pairs[0], pairs[1], found.rest_is_known,
                          table_out(std::move(again), changed, 2), found.most,
                          vector_out(std::move(found.frequent)));
}

}  // namespace

void bind_homology(nb::module_ &m) {
    m.def("spaced_words", words_of, "contigs"_a, "rate"_a,
          "One in `rate` of the spaced words of contigs uint32 [words, 2], contig by contig: hash, "
          "and twice the place (and one if the word is its own strand's); and where each contig's "
          "end int64 [contigs].");

    nb::class_<WordTable>(
        m, "WordTable", "Some spaced words of contigs, and which contigs share stretches of them.")
        .def(
            "__init__",
            [](WordTable *self, uint32_t rate) {
                check_rate(rate);
                new (self) WordTable(rate);
            },
            "rate"_a)
        .def("add", add, "words"_a, "ends"_a, "bases"_a,
             "Take the words of the next contigs [words, 2], where each one's end int64 [contigs], "
             "and its bases int64 [contigs]; keep one in `rate` of all that there are.")
        .def("thin", &WordTable::thin, "Drop every second word.")
        .def("__len__", &WordTable::size)
        .def_prop_ro("bases", &WordTable::bases, "Bases of all contigs.")
        .def("words", words,
             "Contig, hash, and twice the place (and one if the word is its own strand's) of each: "
             "uint32 [words, 3].")
        .def("shared", shared, "most"_a, "most_matches"_a, "threads"_a = 1,
             "Pairs of contigs with homologous stretches int32 [pairs, 4]: two contigs, bases of "
             "the stretches, bases that could lie on each other; and the share of the words in the "
             "stretches that match float32 [pairs].")
        .def("shared_since", shared_since, "most"_a, "most_matches"_a, "threads"_a, "place"_a,
             "then"_a,
             "The same where an earlier search knows some: `place` int32 [contigs] of each contig "
             "among those of then (-1 if new), `then` the places that a word might have and the "
             "hashes of those that had more, uint32, ascending. Gives pairs and shares, also what "
             "they would be if the second contig came first (then it is given first); whether the "
             "other pairs of contigs that were there are as they were, but for those given next, "
             "int32 [pairs, 2], the lower first; and the two of `then` for the next search.");
}

}  // namespace llmbin

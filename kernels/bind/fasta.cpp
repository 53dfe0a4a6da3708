#include "../fasta.hpp"

#include "../literals.hpp"
#include "bind.hpp"

namespace llmbin {

namespace {

nb::bytes bytes_out(const std::string &text) { return nb::bytes(text.data(), text.size()); }

}  // namespace

void bind_fasta(nb::module_ &m) {
    nb::class_<FastaParser>(m, "FastaParser", "Streaming FASTA parser.")
        .def(nb::init<>())
        .def(
            "feed",
            [](FastaParser &p, nb::bytes data) {
                nb::gil_scoped_release release;
                return p.feed(data.c_str(), data.size());
            },
            "data"_a, "Take the next bytes; False after an error.")
        .def("finish", &FastaParser::finish, "Close the last record; False after an error.")
        .def(
            "take",
            [](FastaParser &p) {
                nb::list out;
                for (const auto &r : p.records)
                    out.append(nb::make_tuple(bytes_out(r.name), bytes_out(r.sequence), r.line));
                p.records.clear();
                return out;
            },
            "Whole records so far: (name, sequence, line number of the header); names and "
            "sequences are bytes.")
        .def_ro("error", &FastaParser::error)
        .def_ro("error_line", &FastaParser::error_line);

    m.def(
        "deflate_literals",
        [](nb::bytes text) {
            std::vector<uint8_t> packed;
            {
                nb::gil_scoped_release release;
                packed = deflate_literals(bytes_of(text), text.size());
            }
            return nb::bytes(packed.data(), packed.size());
        },
        "text"_a, "Text as a deflate stream, by Huffman codes of its bytes alone.");
}

}  // namespace llmbin

#include "../fasta.hpp"

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
                    out.append(nb::make_tuple(bytes_out(r.name), bytes_out(r.sequence), r.line,
                                              bytes_out(r.description)));
                p.records.clear();
                return out;
            },
            "Whole records so far: (name, sequence, line number of the header, what stands behind "
            "the name); all but the number are bytes.")
        .def_ro("error", &FastaParser::error)
        .def_ro("error_line", &FastaParser::error_line);
}

}  // namespace llmbin

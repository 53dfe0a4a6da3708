#include "../profile_alignment.hpp"

#include <nanobind/stl/optional.h>

#include "bind.hpp"

namespace llmbin {

namespace {

void make_aligner(ProfileAligner *self, Matrix profile, Matrix transitions) {
    const size_t columns = profile.shape(0);
    require(profile.shape(1) == 20 && transitions.shape(1) == 7 && transitions.shape(0) == columns,
            "a profile has twenty residues and seven transitions in each column");
    new (self) ProfileAligner(profile.data(), transitions.data(), columns);
}

nb::tuple align(const ProfileAligner &aligner, const std::string &protein,
                std::optional<int64_t> diagonal) {
    ProfileAlignment found;
    {
        nb::gil_scoped_release release;
        found = diagonal ? aligner.align(protein.data(), protein.size(), *diagonal)
                         : aligner.align(protein.data(), protein.size());
    }
    return nb::make_tuple(found.bits, found.begin, found.end);
}

}  // namespace

void bind_profile_alignment(nb::module_ &m) {
    nb::class_<ProfileAligner>(m, "ProfileAligner",
                               "Local alignment to a profile.")
        .def("__init__", make_aligner, "profile"_a, "transitions"_a)
        .def(
            "align", align, "protein"_a, "diagonal"_a.none() = nb::none(),
            "Bits, first and last column of the best path, of those near the diagonal if there is "
            "one; no path has the last before the first.");
}

}  // namespace llmbin

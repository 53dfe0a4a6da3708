#include "../encoder.hpp"

#include "bind.hpp"
#include "encoder_source.hpp"

namespace llmbin {

namespace {

template <typename Number>
Out<float, 2> emulated(const std::vector<int> &sizes, In<Number, 1> chunks, Vector numbers,
                       In<uint8_t, 2> packed, Rows lengths, int bases, bool backwards) {
    require(is_emulated(sizes), "no encoder of these sizes is compiled for the CPU");
    require(bases > 0 && bases % sizes[1] == 0, "bases must be a multiple of the stride");
    const EncoderNeeds needs = encoder_needs(sizes, bases);
    require(chunks.shape(0) == static_cast<size_t>(needs.chunk_numbers) &&
                numbers.shape(0) == static_cast<size_t>(needs.numbers),
            "weights are not of these sizes");
    const size_t count = lengths.shape(0);
    require(packed.shape(0) == count && packed.shape(1) == static_cast<size_t>(bases + 1) / 2,
            "packed must have half a byte a base for each length");
    for (size_t i = 0; i < count; ++i)
        require(lengths.data()[i] >= 0 && lengths.data()[i] <= bases, "length out of range");
    std::vector<float> out(count * needs.width);
    {
        nb::gil_scoped_release release;
        encode_emulated(sizes, ArrangedWeights<Number>{chunks.data(), numbers.data()},
                        {packed.data(), lengths.data(), count, bases}, backwards, out.data());
    }
    return table_out(std::move(out), count, needs.width);
}

}  // namespace

void bind_encoder(nb::module_ &m) {
    m.def(
        "encoder_source", [] { return std::string(kEncoderSource); },
        "The GPU's encoder in CUDA C++, for NVRTC; sizes of the pack are to be defined before it.");
    m.def(
        "encoder_needs",
        [](const std::vector<int> &sizes, int bases) {
            require(is_emulated(sizes), "no encoder of these sizes is compiled for the CPU");
            const EncoderNeeds needs = encoder_needs(sizes, bases);
            return nb::make_tuple(needs.threads, needs.shared_bytes);
        },
        "sizes"_a, "bases"_a,
        "(threads, bytes of shared memory) of a block that encodes windows of so many bases.");
    const char *doc =
        "Vectors float32 [n, width] by the code that a GPU runs, for tests. Sizes are width, "
        "stride, stem kernel, kernel, expansion, bands and dilations; weights as in "
        "model/fused_weights.py, "
        "in FP16 (as uint16) or FP32; packed uint8 [n, (bases + 1) / 2] holds two codes a byte.";
    m.def("encode_emulated", emulated<uint16_t>, "sizes"_a, "chunks"_a, "numbers"_a, "packed"_a,
          "lengths"_a, "bases"_a, "backwards"_a = false, doc);
    m.def("encode_emulated", emulated<float>, "sizes"_a, "chunks"_a, "numbers"_a, "packed"_a,
          "lengths"_a, "bases"_a, "backwards"_a = false, doc);
}

}  // namespace llmbin

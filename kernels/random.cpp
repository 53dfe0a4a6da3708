#include "random.hpp"

namespace llmbin {

namespace {

using Wide = unsigned __int128;
constexpr int kPool = 4;  // words that a seed is spread over

// numpy's SeedSequence: words are mixed by multiplications with factors that change by themselves.
struct Hash {
    uint32_t factor, step;
    uint32_t operator()(uint32_t word) {
        word ^= factor;
        factor *= step;
        word *= factor;
        return word ^ word >> 16;
    }
};

// PCG64, XSL RR: a congruential generator of 128 bits, of which 64 are shown.
class Generator {
public:
    Generator(Wide start, Wide sequence) : increment_(sequence << 1 | 1) {
        step();
        state_ += start;
        step();
    }
    double next() {
        step();
        const auto folded = static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_);
        const auto turn = static_cast<unsigned>(state_ >> 122);
        const uint64_t bits = folded >> turn | folded << (-turn & 63);
        return static_cast<double>(bits >> 11) * (1.0 / 9007199254740992.0);
    }

private:
    void step() {
        constexpr Wide kFactor = Wide{0x2360ED051FC65DA4u} << 64 | 0x4385DF649FCCF645u;
        state_ = state_ * kFactor + increment_;
    }
    Wide state_ = 0, increment_;
};

Generator seeded(uint32_t first, uint32_t second) {
    Hash in{0x43b0d7e5u, 0x931e8875u}, out{0x8b51f9ddu, 0x58f38dedu};
    uint32_t pool[kPool] = {in(first), 0, 0, 0};
    pool[1] = in(second);
    pool[2] = in(0);
    pool[3] = in(0);
    for (int from = 0; from < kPool; ++from)
        for (int to = 0; to < kPool; ++to)
            if (from != to) {
                const uint32_t mixed = 0xca01f9ddu * pool[to] - 0x4973f715u * in(pool[from]);
                pool[to] = mixed ^ mixed >> 16;
            }
    Wide words[4];
    for (int i = 0; i < 4; ++i) {
        const uint64_t low = out(pool[2 * i % kPool]);
        words[i] = low | static_cast<uint64_t>(out(pool[(2 * i + 1) % kPool])) << 32;
    }
    return Generator(words[0] << 64 | words[1], words[2] << 64 | words[3]);
}

}  // namespace

std::vector<double> random_numbers(uint32_t first, uint32_t second, size_t count) {
    Generator generator = seeded(first, second);
    std::vector<double> out(count);
    for (double &number : out) number = generator.next();
    return out;
}

}  // namespace llmbin

// The GPU's encoder with a thread of the system for each of the GPU's, for ThreadSanitizer, which
// sees who reads what another one wrote without a barrier between them. What a warp does as one, as
// the tensor cores' products, orders nothing here: neither does it for memory on a GPU.
//
//     encoder_races [-1 | barrier to leave out] [-1 | barrier of a warp to leave out]
//
// prints how many barriers each thread passed. Built with -fsanitize=thread.
#include <pthread.h>
#include <sched.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "../../kernels/cuda/window_encoder.hpp"

#define UNSEEN __attribute__((noinline, no_sanitize("thread")))

using namespace llmbin;

namespace {

using S = Sizes<64, 4, 10, 5, 1, 1, 2, 1>;
using Pair = Float2;
using Thread = ThreadState<Pair, S>;

// What a warp's lanes give each other without memory.
struct Warp {
    pthread_barrier_t barrier;
    int arrived = 0, round = 0;
    float a[kBandRows][16], b[16][16], totals[kLanesOfWarp][S::kRows];

    UNSEEN void wait() {
        const int mine = __atomic_load_n(&round, __ATOMIC_ACQUIRE);
        if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == kLanesOfWarp) {
            __atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&round, mine + 1, __ATOMIC_RELEASE);
        } else {
            while (__atomic_load_n(&round, __ATOMIC_ACQUIRE) == mine) sched_yield();
        }
    }
    UNSEEN void add_lanes(int lane, float *own) {
        for (int row = 0; row < S::kRows; ++row) totals[lane][row] = own[row];
        wait();
        for (int row = 0; row < S::kRows; ++row) {
            own[row] = 0;
            for (int other = 0; other < kLanesOfWarp; ++other) own[row] += totals[other][row];
        }
        wait();
    }
    UNSEEN void multiply(int lane, const float *halves, const float *weights, float *sums) {
        for (int i = 0; i < 8; ++i) {
            const int pair = i / 2;
            a[lane / 4 + pair % 2 * 8][lane % 4 * 2 + pair / 2 * 8 + i % 2] = halves[i];
            b[lane % 4 * 2 + pair % 2 * 8 + i % 2][pair / 2 * 8 + lane / 4] = weights[i];
        }
        wait();
        for (int i = 0; i < 8; ++i)
            for (int input = 0; input < 16; ++input)
                sums[i] +=
                    a[lane / 4 + i / 2 % 2 * 8][input] * b[input][i / 4 * 8 + lane % 4 * 2 + i % 2];
        wait();
    }
};

struct Team {
    pthread_barrier_t barrier;
    std::vector<Warp> warps;
    int without, without_of_warp;

    Team(int threads, int left_out, int left_out_of_warp)
        : warps(threads / kLanesOfWarp), without(left_out), without_of_warp(left_out_of_warp) {
        pthread_barrier_init(&barrier, nullptr, threads);
        for (Warp &warp : warps) pthread_barrier_init(&warp.barrier, nullptr, kLanesOfWarp);
    }
};

class ThreadedBlock {
public:
    ThreadedBlock(Team &team, int thread)
        : team_(team), thread_(thread), warp_(team.warps[thread / kLanesOfWarp]) {}

    template <typename Work>
    void each(Work work) {
        work(own_, thread_);
    }
    void sync() {
        if (passed++ != team_.without) pthread_barrier_wait(&team_.barrier);
    }
    void sync_warp() {
        if (passed_by_warp++ != team_.without_of_warp) pthread_barrier_wait(&warp_.barrier);
    }
    void add_lanes() { warp_.add_lanes(thread_ % kLanesOfWarp, own_.totals); }

    template <typename Sums, typename Halves>
    void multiply(Sums sums, Halves halves, const Pair *weights) {
        float a[8], b[8];
        for (int i = 0; i < 4; ++i) {
            const Pair half = halves(own_, 0)[i], weight = weights[thread_ % kLanesOfWarp * 4 + i];
            a[2 * i] = half.low;
            a[2 * i + 1] = half.high;
            b[2 * i] = weight.low;
            b[2 * i + 1] = weight.high;
        }
        warp_.multiply(thread_ % kLanesOfWarp, a, b, sums(own_, 0));
    }
    template <int N>
    void load_pairs(Pair (&to)[N], const Pair *from) {
        for (int i = 0; i < N; ++i) to[i] = from[i];
    }
    template <int N>
    void store_pairs(Pair *to, const Pair (&from)[N]) {
        for (int i = 0; i < N; ++i) to[i] = from[i];
    }
    // As late as can be: when they are waited for.
    void copy_four(Pair *to, const Pair *from) { copies_.push_back({to, from}); }
    void end_copies() {
        groups_.push_back(std::move(copies_));
        copies_.clear();
    }
    void await_copies() {
        for (; groups_.size() > kStages - 2; groups_.pop_front())
            for (const auto &[to, from] : groups_.front())
                for (int i = 0; i < 4; ++i) to[i] = from[i];
    }

    int passed = 0, passed_by_warp = 0;

private:
    std::vector<std::pair<Pair *, const Pair *>> copies_;
    std::deque<std::vector<std::pair<Pair *, const Pair *>>> groups_;
    Thread own_{};
    Team &team_;
    int thread_;
    Warp &warp_;
};

}  // namespace

int main(int count, char **arguments) {
    const int left_out = count > 1 ? std::atoi(arguments[1]) : -1;
    const int left_out_of_warp = count > 2 ? std::atoi(arguments[2]) : -1;
    std::vector<Pair> chunks(S::kChunks * S::kChunk);
    std::vector<float> numbers(S::kNumbers), vector(S::kWidth);
    for (size_t i = 0; i < chunks.size(); ++i) chunks[i] = {i % 7 / 70.0f, i % 5 / -50.0f};
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i % 11 / 10.0f - 0.5f;
    // Windows whose strands are there at once, and one after the other.
    for (const int bases : {64, 272}) {
        const Shape shape = Shape::of<S>(bases);
        std::vector<unsigned char> packed((bases + 1) / 2, 0x21);
        std::vector<Pair> memory(Shared<Pair, S>::bytes(shape) / sizeof(Pair) + 1);
        Team team(shape.threads(), left_out, left_out_of_warp);
        std::vector<std::thread> threads;
        for (int i = 0; i < shape.threads(); ++i)
            threads.emplace_back([&, i] {
                ThreadedBlock block(team, i);
                WindowEncoder<S, Pair, ThreadedBlock>(block, {chunks.data(), numbers.data()},
                                                      {packed.data(), bases - 3}, shape,
                                                      Shared<Pair, S>::in(memory.data(), shape))
                    .encode(vector.data());
                if (i == 0) std::printf("%d %d\n", block.passed, block.passed_by_warp);
            });
        for (std::thread &thread : threads) thread.join();
        for (const float number : vector)
            if (!std::isfinite(number)) return 3;
    }
}

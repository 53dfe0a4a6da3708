// A window through the encoder (llmbin/model/language_model.py) in one block of a GPU's threads:
// stem, blocks, norm and mean over both strands, with the hidden states in shared memory. Plain C++
// too, so that tests can run it where there is no GPU.
//
// A warp has sixteen positions of a strand or twice as many, which are the rows of the tensor
// cores' products. It keeps their hidden states twice: in shared memory, where neighbours read them
// for the convolution, and as sums in registers, where the MLP adds to them. The MLP's inner layer
// exists for sixteen units at a time and never leaves registers: what a product gives lies as the
// next one takes it. Weights go by in chunks, in the order in which they are needed.
//
// What runs is written once, for `Block`: a GPU's block (encoder.cu), in which each thread has its
// own state, or a host's (emulated_encoder.cpp), which has the states of all threads and goes
// through them in turn. A thread reads what others wrote only behind a barrier.
//
// Memory: all of it the caller's, on the side that the code runs on. Throws: nothing.
#pragma once

#ifndef __CUDACC_RTC__
#include "encoder_layout.hpp"
#endif

namespace llmbin {

template <typename S, typename Pair, typename Block>
class WindowEncoder {
    using Thread = ThreadState<Pair, S>;

public:
    LLMBIN_GPU WindowEncoder(Block &block, EncoderWeights<Pair> weights, Window window, Shape shape,
                             Shared<Pair, S> shared)
        : block_(block), weights_(weights), window_(window), shape_(shape), shared_(shared),
          real_((window.length + S::kStride - 1) / S::kStride),
          all_chunks_(2 / shape.strands * S::kChunks) {}

    // The window's vector [kWidth].
    LLMBIN_GPU void encode(float *vector) {
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads()) shared_.mean[i] = 0.0f;
            for (int i = thread; i < S::kRow; i += shape_.threads())
                store(shared_.states[shape_.rows() * S::kRow + i], 0.0f, 0.0f);
        });
        for (int i = 0; i < kStages - 1; ++i) fetch_chunk();
        LLMBIN_LOOP
        for (int first = 0; first < 2; first += shape_.strands) {
            read_symbols(first);  // its barrier is that of the stem's first weights
            stem();
            LLMBIN_LOOP
            for (int b = 0; b < S::kDepth; ++b) {
                const float *numbers = weights_.numbers + S::kWidth + b * S::kOfBlock;
                convolve(numbers, S::dilation(b));
                normalise(numbers + (S::kKernel + 1) * S::kWidth);
                block_.sync();  // all have read their neighbours
                exchange(numbers + S::kOfBlock - S::kWidth);
                mlp(numbers + (S::kKernel + 3) * S::kWidth);
                store_states();
            }
            pool(weights_.numbers + S::kNumbers - 2 * S::kWidth);
        }
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads())
                vector[i] = shared_.mean[i] / 2;
        });
    }

private:
    // Begins to copy the next chunk of weights; after the last one nothing.
    LLMBIN_GPU void fetch_chunk() {
        if (fetched_ < all_chunks_) {
            const Pair *from = weights_.chunks + fetched_ % S::kChunks * S::kChunk;
            Pair *to = shared_.ring + fetched_ % kStages * S::kChunk;
            block_.each([&](Thread &, int thread) {
                for (int i = thread * 4; i < S::kChunk; i += shape_.threads() * 4)
                    block_.copy_four(to + i, from + i);
            });
        }
        ++fetched_;
        block_.end_copies();
    }

    // The chunk whose turn it is. The barrier also says that all are done with the one before,
    // whose place the next one takes.
    LLMBIN_GPU const Pair *next_chunk() {
        block_.await_copies();
        block_.sync();
        fetch_chunk();
        return shared_.ring + used_++ % kStages * S::kChunk;
    }

    LLMBIN_GPU void read_symbols(int first_strand) {
        const int each = Shared<Pair, S>::symbols_of(shape_);
        constexpr int kMargin = (S::kStemKernel - S::kStride) / 2;
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < shape_.strands * each; i += shape_.threads()) {
                const int base = i % each - kMargin;
                const bool reverse = first_strand + i / each == 1;
                shared_.symbols[i] = symbol_at(window_, base, real_ * S::kStride, reverse);
            }
        });
    }

    // The strided convolution over bases, as a product with ones and zeros.
    LLMBIN_GPU void stem() {
        block_.each([&](Thread &t, int thread) {
            const float *bias = weights_.numbers + Place::of(thread, shape_).column();
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                LLMBIN_UNROLL
                for (int i = 0; i < 8; ++i)
                    t.sums[band][tile][i] = bias[tile * 16 + i / 4 * 8 + i % 2];
            }
        });
        LLMBIN_LOOP
        for (int chunk = 0; chunk < S::kStemChunks; ++chunk) {
            const Pair *held = next_chunk();
            LLMBIN_LOOP
            for (int half = 0; half < 2; ++half) {
                block_.each([&](Thread &t, int thread) {
                    const Place at = Place::of(thread, shape_);
                    const unsigned char *symbols = shared_.symbols +
                                                   at.strand * Shared<Pair, S>::symbols_of(shape_) +
                                                   (at.position + at.product_row()) * S::kStride;
                    LLMBIN_UNROLL
                    for (int n = 0; n < S::kBands * 4; ++n) {
                        const int band = n / 4, i = n % 4;
                        const unsigned char *row =
                            symbols + (band * kBandRows + i % 2 * 8) * S::kStride;
                        const int k = (chunk * 2 + half) * 16 + at.column() + i / 2 * 8;
                        store(t.active[band][i], one_hot<S>(row, k), one_hot<S>(row, k + 1));
                    }
                });
                add_products(held + half * S::kSlice);
            }
        }
        store_states();
    }

    // sums += active x the weights of a slice.
    LLMBIN_GPU void add_products(const Pair *slice) {
        LLMBIN_UNROLL
        for (int tile = 0; tile < S::kTiles; ++tile)
            block_.multiply([&](Thread &t, int band) -> float (&)[8] { return t.sums[band][tile]; },
                            [&](Thread &t, int band) -> Pair(&)[4] { return t.active[band]; },
                            slice + tile * kLanesOfWarp * 4);
    }

    // Hidden states of the warp's rows into shared memory, for all to see.
    LLMBIN_GPU void store_states() {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                const float (&sums)[8] = t.sums[band][tile];
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i)
                    store(*product_pair(at, n, i), sums[2 * i], sums[2 * i + 1]);
            }
        });
        block_.sync();
    }

    // Pair i of a tile of the thread's, in shared memory: two row halves, then two column halves.
    // Tiles of the first band are numbered before those of the second.
    LLMBIN_GPU Pair *product_pair(const Place &at, int n, int i) {
        const int band = n / S::kTiles, tile = n % S::kTiles;
        const int row = at.row + band * kBandRows + at.product_row() + i % 2 * 8;
        return shared_.states + row * S::kRow + tile * 8 + i / 2 * 4 + at.column() / 2;
    }

    // The depthwise convolution of the warp's rows, by channel; padding counts as zero. Most warps
    // have no padding around their rows, and need not look for it at each.
    LLMBIN_GPU void convolve(const float *numbers, int dilation) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            const int channel = at.lane * S::kOfLane;
            const float *bias = numbers + S::kKernel * S::kWidth + channel;
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.of_rows[row][c] = bias[c];
            }
            const Pair *strand =
                shared_.states + at.strand * shape_.positions * S::kRow + channel / 2;
            const Pair *zeros = shared_.states + shape_.rows() * S::kRow + channel / 2;
            LLMBIN_LOOP
            for (int tap = 0; tap < S::kKernel; ++tap) {
                const float *weights = numbers + tap * S::kWidth + channel;
                const int first = at.position + (tap - S::kKernel / 2) * dilation;
                const Pair *from = strand + first * S::kRow;
                if (first >= 0 && first + S::kRows <= real_) {
                    LLMBIN_UNROLL
                    for (int row = 0; row < S::kRows; ++row)
                        add_weighted(t.of_rows[row], weights, from + row * S::kRow);
                } else {
                    LLMBIN_UNROLL
                    for (int row = 0; row < S::kRows; ++row) {
                        const bool real = first + row >= 0 && first + row < real_;
                        add_weighted(t.of_rows[row], weights, real ? from + row * S::kRow : zeros);
                    }
                }
            }
        });
    }

    LLMBIN_GPU void add_weighted(float (&sums)[S::kOfLane], const float *weights,
                                 const Pair *from) {
        Pair held[S::kOfLane / 2];
        block_.template load_pairs<S::kOfLane / 2>(held, from);
        LLMBIN_UNROLL
        for (int c = 0; c < S::kOfLane / 2; ++c) {
            const Float2 x = load(held[c]);
            sums[2 * c] += weights[2 * c] * x.low;
            sums[2 * c + 1] += weights[2 * c + 1] * x.high;
        }
    }

    // of_rows becomes of mean 0 and variance 1 over a position's channels.
    LLMBIN_GPU void standardise() {
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                t.totals[row] = 0.0f;
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.totals[row] += t.of_rows[row][c];
            }
        });
        block_.add_lanes();
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                const float mean = t.totals[row] / S::kWidth;
                t.totals[row] = 0.0f;
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) {
                    t.of_rows[row][c] -= mean;
                    t.totals[row] += t.of_rows[row][c] * t.of_rows[row][c];
                }
            }
        });
        block_.add_lanes();
        block_.each([&](Thread &t, int) {
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                const float scale = inverse_root(t.totals[row] / S::kWidth + kEpsilon);
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane; ++c) t.of_rows[row][c] *= scale;
            }
        });
    }

    // The norm of the convolution, by channel, as it is stored.
    LLMBIN_GPU void normalise(const float *norm) {
        standardise();
        block_.each([&](Thread &t, int thread) {
            const int channel = thread % kLanesOfWarp * S::kOfLane;
            const float *weight = norm + channel, *bias = norm + S::kWidth + channel;
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane / 2; ++c)
                    store(t.pairs_of_rows[row][c],
                          t.of_rows[row][2 * c] * weight[2 * c] + bias[2 * c],
                          t.of_rows[row][2 * c + 1] * weight[2 * c + 1] + bias[2 * c + 1]);
            }
        });
    }

    // Hidden states go from shared memory to the sums, with the bias of what will be added to them;
    // by their place the norm's outcome turns from by channel to by product.
    LLMBIN_GPU void exchange(const float *bias) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                const int band = n / S::kTiles, tile = n % S::kTiles;
                float (&sums)[8] = t.sums[band][tile];
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i) {
                    const Float2 x = load(*product_pair(at, n, i));
                    const float *added = bias + tile * 16 + i / 2 * 8 + at.column();
                    sums[2 * i] = x.low + added[0];
                    sums[2 * i + 1] = x.high + added[1];
                }
            }
        });
        block_.sync_warp();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row)
                block_.template store_pairs<S::kOfLane / 2>(
                    shared_.states + (at.row + row) * S::kRow + at.lane * S::kOfLane / 2,
                    t.pairs_of_rows[row]);
        });
        block_.sync_warp();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int n = 0; n < S::kBands * S::kTiles; ++n) {
                LLMBIN_UNROLL
                for (int i = 0; i < 4; ++i)
                    t.halves[n / S::kTiles][n % S::kTiles][i] = *product_pair(at, n, i);
            }
        });
    }

    // Up, ReLU and down, sixteen hidden units at a time.
    LLMBIN_GPU void mlp(const float *bias) {
        LLMBIN_LOOP
        for (int chunk = 0; chunk < S::kBlockChunks; ++chunk) {
            const Pair *held = next_chunk();
            block_.each([&](Thread &t, int thread) {
                const float *own = bias + chunk * 16 + Place::of(thread, shape_).column();
                LLMBIN_UNROLL
                for (int n = 0; n < S::kBands * 8; ++n)
                    t.hidden[n / 8][n % 8] = own[n % 8 / 4 * 8 + n % 2];
            });
            LLMBIN_UNROLL
            for (int tile = 0; tile < S::kTiles; ++tile)
                block_.multiply(
                    [&](Thread &t, int band) -> float (&)[8] { return t.hidden[band]; },
                    [&](Thread &t, int band) -> Pair(&)[4] { return t.halves[band][tile]; },
                    held + tile * kLanesOfWarp * 4);
            block_.each([&](Thread &t, int) {
                LLMBIN_UNROLL
                for (int n = 0; n < S::kBands * 4; ++n) {
                    const float *pair = t.hidden[n / 4] + n % 4 * 2;
                    store(t.active[n / 4][n % 4], positive(pair[0]), positive(pair[1]));
                }
            });
            add_products(held + S::kSlice);
        }
    }

    LLMBIN_GPU static float positive(float value) { return value > 0.0f ? value : 0.0f; }

    // The last norm, and its mean over the real positions of each strand.
    LLMBIN_GPU void pool(const float *norm) {
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            LLMBIN_UNROLL
            for (int row = 0; row < S::kRows; ++row) {
                Pair held[S::kOfLane / 2];
                block_.template load_pairs<S::kOfLane / 2>(
                    held, shared_.states + (at.row + row) * S::kRow + at.lane * S::kOfLane / 2);
                LLMBIN_UNROLL
                for (int c = 0; c < S::kOfLane / 2; ++c) {
                    const Float2 x = load(held[c]);
                    t.of_rows[row][2 * c] = x.low;
                    t.of_rows[row][2 * c + 1] = x.high;
                }
            }
        });
        standardise();
        block_.each([&](Thread &t, int thread) {
            const Place at = Place::of(thread, shape_);
            float *sums = shared_.sums + at.warp * S::kWidth + at.lane * S::kOfLane;
            LLMBIN_UNROLL
            for (int c = 0; c < S::kOfLane; ++c) {
                float sum = 0.0f;
                LLMBIN_UNROLL
                for (int row = 0; row < S::kRows; ++row)
                    sum += at.position + row < real_ ? t.of_rows[row][c] : 0.0f;
                sums[c] = sum;
            }
        });
        block_.sync();
        const int warps = shape_.positions / S::kRows;
        block_.each([&](Thread &, int thread) {
            for (int i = thread; i < S::kWidth; i += shape_.threads())
                for (int strand = 0; strand < shape_.strands; ++strand) {
                    float sum = 0.0f;
                    for (int warp = 0; warp < warps; ++warp)
                        sum += shared_.sums[(strand * warps + warp) * S::kWidth + i];
                    if (real_ > 0) shared_.mean[i] += sum / real_ * norm[i] + norm[S::kWidth + i];
                }
        });
    }

    Block &block_;
    EncoderWeights<Pair> weights_;
    Window window_;
    Shape shape_;
    Shared<Pair, S> shared_;
    int real_;  // positions that are not only padding
    int all_chunks_, fetched_ = 0, used_ = 0;
};

}  // namespace llmbin

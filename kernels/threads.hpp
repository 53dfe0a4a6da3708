// Work shared out among threads.
//
// Threads are started for one call and have ended when it returns, also where it throws.
// Where fewer can be started, these do it. Throws: the first exception of a worker.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace llmbin {

// Items 0 to n - 1, each once, by whichever of `threads` is free; the caller's is one of them.
// Every thread makes a worker of its own, so that what it needs for one item serves the next. The
// first exception of a worker is thrown here, when all have stopped.
template <class MakeWorker>
void share_out(size_t n, int threads, MakeWorker make_worker) {
    std::atomic<size_t> next{0};
    std::exception_ptr failed;
    std::mutex failing;
    const auto work = [&] {
        try {
            auto worker = make_worker();
            for (size_t i; (i = next.fetch_add(1)) < n;) worker(i);
        } catch (...) {
            const std::lock_guard<std::mutex> turn(failing);
            if (!failed) failed = std::current_exception();
            next = n;
        }
    };
    std::vector<std::thread> pool;
    const size_t most = std::min(n, static_cast<size_t>(std::max(1, threads)));
    pool.reserve(most);
    try {
        while (pool.size() + 1 < most) pool.emplace_back(work);
    } catch (const std::system_error &) {
        // What is there goes on: leaving here with threads at work would end the program.
    }
    work();
    for (auto &thread : pool) thread.join();
    if (failed) std::rethrow_exception(failed);
}

}  // namespace llmbin

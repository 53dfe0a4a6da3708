#!/usr/bin/env bash
# All that only an NVIDIA GPU can show, in one go of a quarter of an hour; what matters most first.
#
#     bash bench/gpu/session.sh [FOLDER]
#
# Logs go to FOLDER (build/gpu), results to bench/results. A step that fails or takes too long does
# not keep the next from running; status 1 then. Wants llmbin-fast installed with the extras gpu and
# test, PyTorch with CUDA, transformers and matplotlib; compute-sanitizer and ncu are used where they
# are. DRY=1 only says what would be run.
set -uo pipefail
cd "$(dirname "$0")/../.."
logs=${1:-build/gpu}
mkdir -p "$logs"
failed=0
export PYTHONUNBUFFERED=1

step() {  # NAME SECONDS COMMAND...
    local name=$1 most=$2 began=$SECONDS
    shift 2
    echo "== $name: $*"
    [ -z "${DRY:-}" ] || return 0
    if timeout "$most" "$@" >"$logs/$name.log" 2>&1; then
        echo "   done in $((SECONDS - began)) s"
    else
        echo "   FAILED ($?) after $((SECONDS - began)) s; the end of $logs/$name.log:"
        failed=1
    fi
    tail -n 12 "$logs/$name.log" | sed 's/^/   /'
}

missing() {  # PROGRAM
    [ -n "${DRY:-}" ] || command -v "$1" >/dev/null && return 1
    echo "== $1 is not here: its steps are left out"
}

step doctor 30 llmbin-fast doctor
step tests 120 python -m pytest -rs tests/model/test_fused.py tests/model/test_gpu.py
step kernel 60 python -m bench.gpu.kernel
step kernel-2 60 python -m bench.gpu.kernel --bands 2
step bench 300 python -m bench.gpu
step prove 120 llmbin-fast prove --device cuda -o "$logs/prove.json"
if ! missing compute-sanitizer; then
    for tool in memcheck racecheck synccheck initcheck; do
        step "$tool" 60 compute-sanitizer --tool "$tool" --error-exitcode 9 \
            python -m bench.gpu.kernel --small
    done
fi
if ! missing ncu; then
    step ncu 90 ncu --clock-control none --kernel-name encode_windows --launch-count 1 \
        --section SpeedOfLight --section Occupancy --section MemoryWorkloadAnalysis \
        --section WarpStateStats python -m bench.gpu.kernel --repeats 0
fi
exit $failed

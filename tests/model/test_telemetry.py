"""onnxruntime sends nothing and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LOOK_UPS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
static void note(const char *what, const char *name) {
    FILE *out = fopen(getenv("LOOK_UPS"), "a");
    if (out) { fprintf(out, "%s %s\n", what, name ? name : ""); fclose(out); }
}
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    (void)service; (void)hints; (void)found;
    note("getaddrinfo", name);
    return EAI_FAIL;
}
int connect(int s, const struct sockaddr *to, socklen_t n) {
    int (*inner)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    if (to->sa_family != AF_UNIX) note("connect", "");
    return inner(s, to, n);
}
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"),
    reason="needs a C compiler, to listen to look-ups of hosts",
)
def test_no_host_is_looked_up_and_no_file_is_left_in_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "listen.c").write_text(LOOK_UPS)
    library, heard, home = tmp_path / "listen.so", tmp_path / "heard", tmp_path / "home"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, tmp_path / "listen.c", "-ldl"], check=True
    )
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    environment |= {"LD_PRELOAD": str(library), "LOOK_UPS": str(heard), "HOME": str(home)}

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    run(
        "import socket, contextlib\n"
        "with contextlib.suppress(OSError): socket.getaddrinfo('example.invalid', 80)"
    )
    assert "example.invalid" in heard.read_text()  # the ear hears
    heard.unlink()
    use = (
        "from llmbin.model.embedder import open_embedder; from llmbin.options import ModelOptions; "
        "open_embedder(ModelOptions(device='cpu'))"
    )
    run(f"{use}; import time; time.sleep(15)")  # the look-up comes some ten seconds later
    assert not heard.exists(), heard.read_text()
    assert [p for p in home.rglob("*") if p.is_file()] == []


def test_a_user_who_wants_it_can_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmbin.model.devices import runtime

    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    runtime()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "0"
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    runtime()
    assert os.environ.pop("ORT_DISABLE_TELEMETRY") == "1"

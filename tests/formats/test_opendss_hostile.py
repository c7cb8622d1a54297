"""Files that mean harm or nothing: a clear error or findings, in bounded time and memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmend.formats.opendss import files, read
from gridmend.model.errors import FormatError
from gridmend.model.grid import Grid


def written(folder: Path, text: str | bytes, name: str = "master.dss") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def errors(grid: Grid) -> list[str]:
    return [f.what for f in grid.findings if f.severity == "error"]


def test_a_file_outside_the_tree_is_not_read(tmp_path: Path) -> None:
    written(tmp_path, "new load.secret bus1=n", "secret.dss")
    model = tmp_path / "above" / "model"
    master = written(model, "new circuit.x\nredirect ../../secret.dss\nredirect /etc/passwd")
    grid = read(master)
    assert len(grid.loads) == 0
    assert len([what for what in errors(grid) if "outside the model" in what]) == 2
    assert "secret" in read(master, root=tmp_path).loads


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    secret = written(tmp_path, "new load.secret bus1=n", "secret.dss")
    model = tmp_path / "above" / "model"
    master = written(model, "new circuit.x\nredirect inside.dss")
    (model / "inside.dss").symlink_to(secret)
    grid = read(master)
    assert len(grid.loads) == 0
    assert "outside the model" in errors(grid)[0]


def test_files_of_the_folder_above_are_read(tmp_path: Path) -> None:
    written(tmp_path, "new load.shared bus1=n", "shared.dss")
    master = written(tmp_path / "model", "new circuit.x\nredirect ../SHARED.DSS")
    assert "shared" in read(master).loads


def test_a_redirect_to_itself_ends(tmp_path: Path) -> None:
    written(tmp_path, "redirect master.dss", "other.dss")
    grid = read(written(tmp_path, "new circuit.x\nredirect other.dss"))
    assert errors(grid) == ["'master.dss' redirects to itself"]


def test_deep_redirects_end(tmp_path: Path) -> None:
    for i in range(60):
        written(tmp_path, f"redirect f{i + 1}.dss", f"f{i}.dss")
    grid = read(written(tmp_path, "new circuit.x\nredirect f0.dss"))
    assert errors(grid) == ["redirects go deeper than 50 files"]


def test_wide_redirects_end(tmp_path: Path) -> None:
    for i in range(40):
        written(tmp_path, f"redirect f{i + 1}.dss\n" * 9, f"f{i}.dss")
    master = written(tmp_path, "new circuit.x\nredirect f0.dss")
    with pytest.raises(FormatError, match="the model reads 2,001 files"):
        read(master)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAXIMUM_LINE_BYTES", 1000)
    master = written(tmp_path, "new circuit.x\n" + "a" * 5000)
    with pytest.raises(FormatError, match="longer than 1,000 bytes") as caught:
        read(master)
    assert caught.value.where == "master.dss:2"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    master = written(tmp_path, "new circuit.x\n")
    with master.open("r+b") as stream:
        stream.truncate(files.MAXIMUM_FILE_BYTES + 1)
    with pytest.raises(FormatError, match="more than"):
        read(master)


def test_a_matrix_of_a_million_entries_is_a_finding(tmp_path: Path) -> None:
    row = "1 " * 1000
    text = f"new circuit.x\nnew line.l bus1=a bus2=b phases=1000 rmatrix=({'|'.join([row] * 1000)})"
    grid = read(written(tmp_path, text))
    assert len(errors(grid)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "new transformer.t windings=1000000000",
        "new capacitor.c bus1=a numsteps=1000000000",
        "new linegeometry.g nconds=1000000000",
        "new loadshape.s npts=1000000000000 mult=(1)",
        "new load.d bus1=a." + "1." * 100000 + "1",
        "new load.d bus1=a kw=(" + "1 " * 100000 + ")",
        "new load.d bus1=a kw=(9 9 ^ 9 ^ 9 ^ 9 ^)",
        "new load." + "d" * 100000 + " bus1=a",
        "new load.d bus1=a kw=1e999999",
    ],
)
def test_what_asks_for_too_much_is_an_error(tmp_path: Path, line: str) -> None:
    grid = read(written(tmp_path, f"new circuit.x\n{line}"))
    assert errors(grid) or "1." in line
    assert all(len(f.what) < 2000 for f in grid.findings)


def test_variables_do_not_grow_without_bound(tmp_path: Path) -> None:
    text = "new circuit.x\nvar @a=xxxxxxxxxx\n" + "var @a=@a@a\n" * 100 + "new load.d bus1=@a"
    grid = read(written(tmp_path, text))
    assert max(len(bus) for bus in grid.buses) < 100_000


def test_a_thousand_faults_are_told_once_each_and_then_counted(tmp_path: Path) -> None:
    text = "new circuit.x\n" + "\n".join(f"bogus{i} x" for i in range(5000))
    grid = read(written(tmp_path, text))
    assert len(grid.findings) < 1100
    assert any("4000 more findings" in f.what for f in grid.findings)


@pytest.mark.parametrize("content", ["", "clear", "hello world", "\0\0\0", "new load.a bus1=n"])
def test_a_file_without_a_circuit_is_refused_with_a_mend(tmp_path: Path, content: str) -> None:
    with pytest.raises(FormatError, match="defines no circuit") as caught:
        read(written(tmp_path, content))
    assert "New Circuit" in caught.value.mend


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be opened"):
        read(tmp_path / "none.dss")
    with pytest.raises(FormatError, match="not a plain file"):
        read(tmp_path)


def test_nul_bytes_and_latin_letters_are_read(tmp_path: Path) -> None:
    grid = read(written(tmp_path, b"new circuit.x\nnew\0load.\xe9t\xe9 bus1=n kw=3\0kvar=1"))
    assert list(grid.loads) == ["été"]
    assert grid.loads.record("été")["q_kvar"] == 1.0


TEXT = r"""
    new edit load.a line.l transformer.t linecode.c linegeometry.g regcontrol.r capcontrol.k
    capacitor.b reactor.q vsource.source generator.m pvsystem.p storage.s loadshape.h fault.f
    wiredata.w fuse.u energymeter.e xfmrcode.y xycurve.v linespacing.o swtcontrol.z ~ more
    batchedit open close disable set redirect clear var buscoords kw= kvar= phases= bus1= bus2=
    a.1.2 b.0 = , ( ) [ ] { } " ' | ! // /* */ windings= wdg= kvs= kvas= buses= like= linecode=
    geometry= rmatrix= xmatrix= length= units= km switch= y wires= spacing= numsteps= states=
    mult= file= transformer= winding= element= capacitor= -1 0 1 3 1e9 nan 0.5 @a loadmult=
    voltagebases= basefreq= npts= model= daily= kv= xhl= r1= z1= enabled= no line.l load.a
    transformer.t h c g w cond= x= h= nconds= mvasc3= isc1= irradiance= p-tcurve= v points=
    kwhstored= state= kron= y %loadloss= taps= conn= delta tapnum= bus= cuf= lmh= parallel=
    neutral= pf= pf=0 kva=
"""
WORDS = st.sampled_from(TEXT.split())
LINE = st.lists(WORDS, max_size=14).map(" ".join)


@settings(
    max_examples=300,
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lines=st.lists(LINE, max_size=12))
def test_no_mixture_of_words_does_more_than_make_findings(tmp_path: Path, lines: list[str]) -> None:
    master = written(tmp_path, "\n".join(("new circuit.x", *lines)))
    try:
        grid = read(master)
    except FormatError as problem:
        assert problem.what
        return
    assert len(grid.buses) >= 1
    assert len(grid.findings) < 1100


@settings(
    max_examples=200,
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(noise=st.binary(max_size=400), circuit=st.booleans())
def test_no_bytes_do_more_than_make_findings(tmp_path: Path, noise: bytes, circuit: bool) -> None:
    master = written(tmp_path, (b"new circuit.x\n" if circuit else b"") + noise)
    try:
        grid = read(master)
    except FormatError as problem:
        assert problem.what
        return
    assert isinstance(grid, Grid)

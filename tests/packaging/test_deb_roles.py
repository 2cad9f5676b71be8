"""What a package leaves out of its libraries is nothing that they need for what is done with them here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (
    *("pyarrow._flight", "pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs"),
    *("pyarrow._pyarrow_cpp_tests", "pyarrow.tests", "pygments", "numpy.f2py", "numba.tests", "numpy.lib.tests"),
    *("numba.cuda", "PIL._avif", "sqlalchemy.testing", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.mssql"),
)
USED = {
    "columns": """
import duckdb, numpy, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
held = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})
pq.write_table(held, "t.parquet", compression="zstd")
assert pq.read_table("t.parquet").equals(held)
assert duckdb.connect().execute("SELECT sum(a) FROM held").fetchone() == (6,)
assert duckdb.connect().execute("SELECT count(b) FROM read_parquet('t.parquet')").to_arrow_table().num_rows == 1
assert pc.sum(held["a"]).as_py() == 6 and numpy.testing is not None
""",
    "arithmetic": """
import numba, numpy
numba.njit("int64(int64[::1])")(lambda some: some.sum())(numpy.arange(5))
""",
    "tables": """
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql
import sqlalchemy.orm, alembic.command
with create_engine("sqlite://").connect() as there:
    assert there.execute(text("SELECT 1")).scalar() == 1
""",
    "drawings": """
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
figure = Figure(); FigureCanvasAgg(figure); figure.add_subplot().set_title("æøå"); figure.savefig("t.png")
from PIL import Image
assert Image.open("t.png").size == (640, 480)
""",
    "words": """
from rich.console import Console
from rich.table import Table
from rich.text import Text
table = Table(box=None); table.add_row("a", Text("b")); Console().print(table)
import typer.main, httpx
""",
}
"""What Bavn does with each; whole rooms of Bavn in an installed package: bench/clean_machine.py."""


@pytest.mark.parametrize("what", USED)
def test_what_is_left_out_of_a_library_is_not_missed(tmp_path, what) -> None:
    hook = f"""
import sys
class LeftOut:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {LEFT_OUT!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, LeftOut)
"""
    done = subprocess.run(
        [sys.executable, "-c", hook + USED[what]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_left_out_is_said_and_only_whole_libraries(monkeypatch) -> None:
    script = (ROOT / "script/deb").read_text()
    for name in LEFT_OUT:
        library, _, part = name.partition(".")
        assert (part or library).rpartition(".")[2] in script, name
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    from role_modules import load, of_a_larger

    assert of_a_larger("guard", "library_of_a_node.part")
    assert of_a_larger("guard", "bavn_lab")
    assert not of_a_larger("centre", "library_of_nobody")
    assert not of_a_larger("guard", "numpy.left_out")
    load(["library_of_a_node"], "guard")
    with pytest.raises(ModuleNotFoundError):
        load(["numpy.left_out"], "node")

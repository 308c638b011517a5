"""An index: the same file and the same neighbours as the program's. Run by package.sh, with rows.fbin."""
import os
import subprocess
import unittest

import numpy as np

import scree

program = os.environ["SCREE"]
rows = np.fromfile("rows.fbin", dtype="<f4", offset=8).reshape(3000, 24)
queries = rows[::300] + np.float32(0.01)


def run(*arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Vectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        queries.tofile("queries.f4")
        cls.result = scree.build_index(rows, "ours.svx", bits=4, rerank="fp32")
        run("index", "build", "rows.fbin", "theirs.svx", "--bits", "4", "--rerank", "fp32", "-q")

    def test_build(self):
        self.assertEqual(self.result["row_count"], 3000)
        self.assertEqual(self.result["columns"]["vector"]["vector_count"], 3000)
        self.assertEqual(contents("ours.svx"), contents("theirs.svx"))
        with self.assertRaises(scree.ExistsError):
            scree.build_index(rows, "ours.svx")
        self.assertEqual([name for name in os.listdir(".") if name.startswith(".scree-")], [])

    def test_search(self):
        with scree.Index("ours.svx") as index:
            ids, distances = index.search(queries, k=5, nprobe=6)
            said = [line.split() for line in run("index", "search", "ours.svx", "--query", "queries.f4", "--format", "f4", "--dim", "24",
                                                 "-k", "5", "--nprobe", "6").splitlines()]
            self.assertEqual([int(line[2]) for line in said], ids.reshape(-1).tolist())
            np.testing.assert_allclose([float(line[3]) for line in said], distances.reshape(-1), rtol=1e-5)
            self.assertEqual(ids[:, 0].tolist(), list(range(0, 3000, 300)))
            one, near = index.search(queries[3], k=5, nprobe=6)
            self.assertEqual(one.tolist(), ids[3].tolist())
            self.assertEqual(near.tolist(), distances[3].tolist())
            exact = np.argsort(((rows - queries[4]) ** 2).sum(axis=1), kind="stable")[:5]
            self.assertEqual(index.search(queries[4], k=5, nprobe=10**6)[0].tolist(), exact.tolist())

    def test_filters(self):
        with scree.Index("ours.svx") as index:
            ids, distances = index.search(queries, k=4, ids=(1000, 1003), nprobe=1000)
            self.assertTrue(np.all((ids[:, :3] >= 1000) & (ids[:, :3] < 1003)))
            self.assertTrue(np.all(ids[:, 3] == scree.NOT_FOUND) and np.all(np.isinf(distances[:, 3])))
            with self.assertRaises(ValueError):
                index.search(queries[:, :7])
            with self.assertRaises(scree.ArgumentError):
                index.search(queries, recall=0.9)

    def test_columns_ids_tags(self):
        names = np.arange(3000) * 10 + 7
        scree.build_index({"a": rows, "b": rows[:, :8].astype(np.float64)}, "two.svx", metric={"a": "cosine", "b": "l2"}, ids=names,
                          tags=["even" if row % 2 == 0 else "odd,all" for row in range(3000)])
        with scree.Index("two.svx") as index:
            columns = index.columns
            self.assertEqual((columns["a"]["dim"], columns["b"]["dim"]), (24, 8))
            self.assertEqual((columns["a"]["metric"], columns["b"]["metric"]), ("cosine", "l2"))
            ids, _ = index.search(rows[4], k=1, column="a", nprobe=1000)
            self.assertEqual(ids.tolist(), [47])
            ids, _ = index.search(rows[4][:8], k=3, column="b", nprobe=1000, tag="odd")
            self.assertTrue(all((number - 7) // 10 % 2 == 1 for number in ids.tolist()))
        self.assertEqual(scree.delete_ids("two.svx", [47]), 1)
        with scree.Index("two.svx") as index:
            self.assertNotEqual(index.search(rows[4], k=1, column="a", nprobe=1000)[0].tolist(), [47])

    def test_append(self):
        scree.build_index(rows[:2000], "grown.svx", rerank="fp32")
        scree.build_index(rows[2000:], "grown.svx", append=True)
        with scree.Index("grown.svx") as index:
            self.assertEqual(index.search(rows[[5, 2500]], k=1, nprobe=1000)[0].tolist(), [[5], [2500]])

    def test_damage(self):
        data = bytearray(contents("ours.svx"))
        data[len(data) // 2] ^= 255
        with open("bad.svx", "wb") as file:
            file.write(data)
        with self.assertRaisesRegex(scree.DataError, "bad.svx"):
            with scree.Index("bad.svx") as index:
                index.search(rows[::5], k=10, nprobe=1000)

"""Points: read, query, write, convert, enrich; the program's NPY and LAS outputs say the same a second time. Run by package.sh in a folder of samples."""
import os
import subprocess
import tempfile
import unittest
import warnings

import numpy as np

import scree

program = os.environ["SCREE"]


def run(*arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def by_program(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "points.npy")
        run("query", *arguments, "-o", path, "-q")
        return np.load(path)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def tiles():
    return sorted(os.path.join("tiles", name) for name in os.listdir("tiles"))


class Points(unittest.TestCase):
    def same(self, ours, theirs):
        self.assertEqual(ours.dtype, theirs.dtype)
        self.assertEqual(ours.tobytes(), theirs.tobytes())

    def test_every_format(self):
        for point_format in range(11):
            with self.subTest(point_format=point_format):
                points = scree.read(f"f{point_format}.laz")
                self.assertEqual(len(points), 1000)
                self.same(points, by_program(f"f{point_format}.laz"))

    def test_extra_dimensions(self):
        for name in ("enriched.laz", "compact.laz"):
            points = scree.read(name)
            self.assertIn("Planarity", points.dtype.names)
            self.same(points, by_program(name))

    def test_joined(self):
        """Files of several kinds: the fields of the joint records are where the query says."""
        names = ["f6.laz", "enriched.laz", "other.laz"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with scree.Query(names) as query:
                records, points, layout = query.records(), query.points(), query.layout()
        self.assertEqual(layout.record_dtype.itemsize, records.dtype.itemsize)
        self.assertIn("Planarity", points.dtype.names)
        self.same(points, by_program(*names))
        np.testing.assert_array_equal(layout.fields["z"].values(records), points["z"])

    def test_fields(self):
        points = scree.read("enriched.laz", ["z", "class", "Planarity"])
        self.assertEqual(points.dtype.names, ("z", "classification", "Planarity"))
        whole = scree.read("enriched.laz")
        for name in points.dtype.names:
            np.testing.assert_array_equal(points[name], whole[name])
        with self.assertRaises(scree.Error):
            scree.read("f6.laz", ["red"])

    def test_questions(self):
        x, y = scree.read("city.copc.laz", ["x"])["x"], scree.read("city.copc.laz", ["y"])["y"]
        box = (x.min() + 3, y.min() + 3, x.min() + 15.5, y.min() + 20)
        text = ",".join(repr(float(number)) for number in box)
        asked = scree.read("city.copc.laz", bounds=box)
        self.assertTrue(0 < len(asked) < len(x))
        self.same(asked, by_program("city.copc.laz", "--bounds", text))
        cases = [(dict(resolution=1.0), ["--resolution", "1"]), (dict(level=0), ["--level", "0"]), (dict(limit=77), ["--limit", "77"]),
                 (dict(classes=[2, 6]), ["--class", "2,6"]), (dict(returns="last"), ["--return", "last"]),
                 (dict(where="intensity > 300 && z < 200"), ["--where", "intensity > 300 && z < 200"]),
                 (dict(circle=(box[0], box[1], 9)), ["--circle", f"{box[0]!r},{box[1]!r},9"])]
        for words, options in cases:
            with self.subTest(words=words):
                self.same(scree.read("city.copc.laz", **words), by_program("city.copc.laz", *options))
        times = np.sort(scree.read("city.copc.laz", ["gps_time"])["gps_time"])
        window = (float(times[1000]), float(times[3000]))
        asked = scree.read("city.copc.laz", time=window)
        self.assertEqual(len(asked), np.count_nonzero((times >= window[0]) & (times < window[1])))

    def test_several_inputs(self):
        self.same(scree.read(tiles()), by_program(*tiles()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.same(scree.read(["f6.laz", "other.laz", "enriched.laz"]), by_program("f6.laz", "other.laz", "enriched.laz"))

    def test_query(self):
        with scree.Query("city.copc.laz", classes=2) as query:
            self.assertEqual(query.plan["input_points"], 12000)
            count = query.count()
            self.assertEqual(count, len(query.points()))
            self.assertEqual(count, int(run("query", "city.copc.laz", "--class", "2", "--count").split()[0].replace(",", "")))
            records = query.records()
            self.assertEqual(len(records), count)
            result = query.write("ground.las")
            self.assertEqual(result["points_matched"], count)
        run("query", "city.copc.laz", "--class", "2", "-o", "ground2.las", "-q")
        self.assertEqual(contents("ground.las"), contents("ground2.las"))
        data = contents("ground.las")
        self.assertEqual(data[scree.header("ground.las")["point_offset"]:][:records.nbytes], records.tobytes())

    def test_failing_callback(self):
        def stop(records):
            raise KeyError("enough")
        with scree.Query("city.copc.laz") as query:
            with self.assertRaises(KeyError):
                query.each(stop)
            self.assertEqual(len(query.points()), 12000)

    def test_write(self):
        points = scree.read("enriched.laz")
        for name in ("new.las", "new.laz", "new.copc.laz"):
            with self.subTest(name=name):
                scree.write(name, points, like="enriched.laz")
                run("validate", name)
                back = scree.read(name)
                if name == "new.copc.laz":
                    order = [np.lexsort([each[axis] for axis in ("gps_time", "z", "y", "x")]) for each in (points, back)]
                    self.same(back[order[1]], points[order[0]])
                else:
                    self.same(back, points)
                head, want = scree.header(name), scree.header("enriched.laz")
                for word in ("scale", "offset", "min", "max"):
                    self.assertEqual(head[word], want[word])
                self.assertEqual(head["version"], "1.4")
                self.assertIn("Lambert-93", head["crs"])
                with self.assertRaises((scree.ExistsError, FileExistsError)):
                    scree.write(name, points, like="enriched.laz")
        scree.write("new.las", points[:0], replace=True)
        self.assertEqual(len(scree.read("new.las")), 0)

    def test_write_from_nothing(self):
        n = 120_000  # three chunks
        points = np.zeros(n, dtype=[("x", "f8"), ("y", "f8"), ("z", "f4"), ("classification", "u1"), ("score", "f4"), ("count", "i8")])
        points["x"], points["y"] = np.arange(n) * 0.25, -np.arange(n) * 0.5
        points["classification"], points["score"], points["count"] = np.arange(n) % 256, np.arange(n) / 7, -np.arange(n)
        scree.write("made.laz", points, scale=0.01, crs="EPSG:2154")
        run("validate", "made.laz")
        back = scree.read("made.laz", points.dtype.names)
        for name in points.dtype.names:
            if name in "xyz":
                np.testing.assert_allclose(back[name], points[name], atol=0.0051)
            else:
                np.testing.assert_array_equal(back[name], points[name])
        points["x"] *= 1e9
        with self.assertRaisesRegex(ValueError, "32 bits"):
            scree.write("wide.laz", points)
        self.assertFalse(os.path.exists("wide.laz"))

    def test_convert(self):
        result = scree.convert(tiles(), "again.copc.laz")
        self.assertEqual((result["points_in"], result["points_out"]), (12000, 12000))
        self.assertEqual(contents("again.copc.laz"), contents("city.copc.laz"))

    def test_enrich(self):
        names = scree.feature_names()
        self.assertEqual(names[0], "NormalX")
        points, file = scree.read("f7.laz"), scree.read("enriched.laz")
        shape = scree.enrich(points)
        self.assertEqual(shape.dtype.names, tuple(names))
        for name in names:
            np.testing.assert_array_equal(shape[name], file[name], name)
        few = scree.enrich(np.stack([points[axis] for axis in "xyz"], axis=1), features="Planarity,Density", k=10)
        self.assertEqual(few.dtype.names, ("Planarity", "Density"))
        self.assertFalse(np.array_equal(few["Planarity"], shape["Planarity"]))
        scree.enrich_file("f7.laz", "ours.laz", neighbors="none")
        self.assertEqual(contents("ours.laz"), contents("enriched.laz"))

    def test_errors(self):
        with self.assertRaisesRegex(scree.FileError, "nothing.laz"):
            scree.read("nothing.laz")
        self.assertRaises(OSError, scree.read, "nothing.laz")
        with open("broken.laz", "wb") as file:
            file.write(contents("f6.laz")[:5000])
        with self.assertRaisesRegex(scree.DataError, "broken.laz"):
            scree.read("broken.laz")
        with self.assertRaisesRegex(scree.ArgumentError, "column"):
            scree.read("f6.laz", where="intensity >")
        with self.assertRaises(scree.ExistsError):
            scree.convert(tiles(), "city.copc.laz")
        with self.assertRaises(scree.ArgumentError):
            scree.Context(memory="4g2")

    def test_context(self):
        stages, said = set(), []
        with scree.Context(memory="300M", threads=1, log=lambda level, text: said.append(text),
                           progress=lambda now: stages.add(now["stage"])) as context:
            self.assertEqual((context.threads, context.budget_bytes), (1, 300 << 20))
            scree.convert(tiles(), "one.copc.laz", context=context)
            self.assertTrue(0 < context.peak_bytes <= 300 << 20)
        self.assertEqual(contents("one.copc.laz"), contents("city.copc.laz"))
        with scree.Context(memory="1M") as context:
            with self.assertRaises(scree.BudgetError) as caught:
                scree.convert(tiles(), "small.copc.laz", context=context)
            self.assertGreater(caught.exception.need_bytes, 1 << 20)
        self.assertRaises(ValueError, lambda: context.handle)

import unittest

from durations import add, clock, fits, longest, parse, spell


class ParseTest(unittest.TestCase):
    def test_units(self):
        self.assertEqual(parse("1h 30m"), 5400)
        self.assertEqual(parse("2d 3s"), 172803)

    def test_capitals(self):
        self.assertEqual(parse("45S"), 45)

    def test_nothing(self):
        with self.assertRaises(ValueError):
            parse("soon")


class SpellTest(unittest.TestCase):
    def test_words(self):
        self.assertEqual(spell(5400), "1h 30m")
        self.assertEqual(spell(90061), "1d 1h 1m 1s")

    def test_zero(self):
        self.assertEqual(spell(0), "0s")

    def test_add(self):
        self.assertEqual(add("50m", "20m"), "1h 10m")


class ClockTest(unittest.TestCase):
    def test_short(self):
        self.assertEqual(clock(59), "0:00:59")
        self.assertEqual(clock(61), "0:01:01")

    def test_hours(self):
        self.assertEqual(clock(3600), "1:00:00")
        self.assertEqual(clock(5405), "1:30:05")

    def test_days(self):
        self.assertEqual(clock(90061), "25:01:01")
        self.assertEqual(clock(359999), "99:59:59")


class LongestTest(unittest.TestCase):
    def test_as_written(self):
        self.assertEqual(longest(["90s", "1m", "1 h"]), "1 h")


class FitsTest(unittest.TestCase):
    def test_below_and_above(self):
        self.assertTrue(fits("59m", "1h"))
        self.assertFalse(fits("61m", "1h"))

    def test_limit_itself(self):
        self.assertTrue(fits("60m", "1h"))


if __name__ == "__main__":
    unittest.main()

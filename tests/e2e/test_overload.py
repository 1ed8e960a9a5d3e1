"""At three times what a server can do, it refuses the rest at once, and what it accepts takes no longer than its queue."""

import unittest

from harness import PATIENCE, ServedTestCase
from overload import OPTIONS, SQL, closed, opened, percentile


class Overload(ServedTestCase):
    SQL = SQL
    OPTIONS = OPTIONS

    def test_at_three_times_the_capacity(self):
        capacity = closed(self.client, "ListNappers").rate()
        outcome = opened(self.client, "ListNappers", 3 * capacity)
        self.assertEqual(outcome.others, [])
        self.assertGreater(len(outcome.refused), 0.4 * len(outcome.answered))
        # The bounds are loose: others use the machine, too.
        self.assertGreater(outcome.rate(), 0.5 * capacity)
        self.assertLess(percentile(outcome.answered, 0.99), (3 * 28 / capacity + 0.1) * max(1, PATIENCE))
        self.assertLess(percentile(outcome.refused, 0.9), 0.1 * max(1, PATIENCE))


if __name__ == "__main__":
    unittest.main()

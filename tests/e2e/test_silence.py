"""Connections that go silent hold nobody up for long: see silence.py, which also prints the table of the docs."""

import unittest

import silence
from harness import PATIENCE, TestCase

POOLS = (1, 2, 12)
# A call is given up at its deadline, its connection when a cancel has not been answered for --cancel_timeout (2 s).
GIVEN_UP = silence.DEADLINE + 2
# What the machine and the 50 ms between the callers' Gets may add.
SLACK = 1.0 * PATIENCE
# Health says NOT_SERVING some 5 s after the last answer.
LONG = 8 + 2 * PATIENCE


class Silence(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = silence.Bed()
        cls.addClassCleanup(cls.bed.close)

    def run_fault(self, name, seconds, check):
        for case in silence.run(self.bed, name, POOLS, seconds, rest=10 * PATIENCE):
            print(case.row(), flush=True)
            with self.subTest(fault=name, pool=case.pool):
                seen = f"{case.codes}\n{case.log}"
                self.assertEqual(case.wrong, [], "another's answer")
                self.assertIsNotNone(case.after, f"no Get was answered after it: {seen}")
                self.assertLessEqual(case.after, 1 + SLACK, seen)
                self.assertIsNotNone(case.serving, f"health did not say SERVING after it: {seen}")
                check(case, seen)

    def answered_meanwhile(self, case, seen):
        self.assertIsNotNone(case.during, f"no Get was answered: {seen}")
        # Beside what is given up, a new connection is to be made.
        self.assertLessEqual(case.during, GIVEN_UP + 1 + SLACK, seen)

    def said_meanwhile(self, case, seen):
        self.assertIsNotNone(case.not_serving, f"health said SERVING while no call was answered: {seen}")

    def test_established_connections_are_half_open(self):
        self.run_fault("half_open", GIVEN_UP + 2 + SLACK, self.answered_meanwhile)

    def test_backends_are_stopped(self):
        self.run_fault("backends_stopped", GIVEN_UP + 2 + SLACK, self.answered_meanwhile)

    def test_each_commit_cuts_its_connection(self):
        self.run_fault("commits_cut", 3, self.answered_meanwhile)

    def test_the_postmaster_is_stopped(self):
        # What is connected goes on, unless a statement is to be cancelled on it.
        self.run_fault("postmaster_stopped", 6, lambda case, seen: None)

    def test_all_is_silent(self):
        self.run_fault("black_hole", LONG, self.said_meanwhile)

    def test_questions_are_late(self):
        self.run_fault("questions_delayed", LONG, self.said_meanwhile)

    def test_answers_are_late(self):
        self.run_fault("answers_delayed", LONG, self.said_meanwhile)

    def test_connections_are_refused(self):
        # Longer than it takes until attempts to reconnect are --backoff_max apart.
        self.run_fault("refused", 12, self.said_meanwhile)

    def test_a_drain_ends(self):
        timeout = 2
        for name in ("half_open", "black_hole"):
            for seen in silence.drain(self.bed, name, POOLS, timeout):
                print(seen, flush=True)
                with self.subTest(fault=name, pool=seen.pool):
                    self.assertIsNotNone(seen.took, "the server did not end")
                    self.assertLessEqual(seen.took, timeout + 1 + SLACK)
                    # A connection that was made after the fault's begin may have answered some.
                    told = ("UNAVAILABLE SHUTTING_DOWN", "OK")
                    self.assertEqual([code for code in seen.patient if not code.startswith(told)], [])
                    # A CANCELLED would say that the caller has wished it.
                    self.assertEqual([code for code in seen.codes if "CANCELLED" in code], [])


if __name__ == "__main__":
    unittest.main()

"""What is written where a column can be NULL, has a DEFAULT, or is an array that may be empty."""

import unittest

from harness import ServedTestCase
from test_crud import SCHEMA


class Nulls(ServedTestCase):
    SQL = SCHEMA

    # create_mask

    def tasks(self):
        return self.psql("SELECT due, state, labels FROM task ORDER BY id").splitlines()

    def test_create_mask_writes_null(self):
        self.psql("TRUNCATE task RESTART IDENTITY")
        self.assertEqual(self.call("CreateTask", {"task": {}})["due"], "2018-01-01")
        row = self.call("CreateTask", {"task": {"state": "new"}, "create_mask": "due,labels"})
        self.assertNotIn("due", row)
        self.call("CreateTask", {"task": {"due": "2020-02-02"}, "create_mask": "*"})
        self.call("BatchCreateTasks", {"requests": [{"task": {}}, {"task": {}, "create_mask": "due"}]})
        self.assertEqual(self.tasks(), ["2018-01-01|open|{x}", "|new|{}", "2020-02-02|open|{}",
                                        "2018-01-01|open|{x}", "|open|{x}"])

    def test_create_mask_refuses_what_it_must(self):
        self.psql("TRUNCATE task RESTART IDENTITY")
        for mask in ("nothing", "upper_state", "due.x"):
            with self.subTest(mask=mask), self.fails("INVALID_ARGUMENT", field="create_mask"):
                self.call("CreateTask", {"task": {}, "create_mask": mask})
        with self.fails("INVALID_ARGUMENT", field="requests[1].create_mask"):
            self.call("BatchCreateTasks", {"requests": [{"task": {}}, {"task": {}, "create_mask": "nothing"}]})
        with self.fails("INVALID_ARGUMENT", "NOT_NULL_VIOLATION", field="task.state"):
            self.call("CreateTask", {"task": {}, "create_mask": "state"})
        self.assertEqual(self.tasks(), [])

    # Empty arrays

    def arrays(self):
        return self.psql("SELECT id, free, filled, held FROM basket ORDER BY id").splitlines()

    def test_an_empty_array_leaves_null_where_null_is(self):
        self.psql("TRUNCATE basket; INSERT INTO basket VALUES (1, NULL, NULL, '{}'), (2, '{}', '{}', '{}'), (3, '{a}', '{b}', '{c}')")
        before = self.arrays()
        everything = "*"
        for row in self.call("ListBaskets", {})["baskets"]:
            self.call("UpdateBasket", {"basket": row, "update_mask": everything})
            self.call("UpdateBasket", {"basket": row, "update_mask": everything, "allow_missing": True})
        self.assertEqual(self.arrays(), before)
        mask = "free,filled,held"
        self.call("BatchUpdateBaskets", {"requests": [
            {"basket": {"id": 1}, "update_mask": mask},
            {"basket": {"id": 3}, "update_mask": mask, "allow_missing": True}]})
        self.assertEqual(self.arrays(), ["1|||{}", "2|{}|{}|{}", "3|{}|{}|{}"])
        self.psql("UPDATE basket SET free = '{z}' WHERE id > 1")
        self.call("UpdateBasketsWhere", {"filter": "id > 0", "basket": {}, "update_mask": "free"})
        self.assertEqual(self.arrays(), ["1|||{}", "2|{}|{}|{}", "3|{}|{}|{}"])

    def test_a_new_row_takes_the_default_for_an_empty_array(self):
        self.psql("TRUNCATE basket")
        self.call("CreateBasket", {"basket": {"id": 1}})
        self.call("UpdateBasket", {"basket": {"id": 2}, "update_mask": "*", "allow_missing": True})
        self.assertEqual(self.arrays(), ["1||{x}|{}", "2||{x}|{}"])


if __name__ == "__main__":
    unittest.main()

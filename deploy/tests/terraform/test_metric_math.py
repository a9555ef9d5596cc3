"""What the metric math of scaling and alarms gives: with tasks, at zero tasks, and for minutes without a value."""

import unittest

from hcl import TERRAFORM, local, read
from metric_math import evaluate

SCALING = read(TERRAFORM / "modules/scaling/main.tf")
BACKLOG_PER_TASK = local(SCALING, "backlog_per_task")
WORK_WITHOUT_TASK = local(SCALING, "work_without_task")
LAG = local(read(TERRAFORM / "modules/alarms/main.tf"), "lag")


class MetricMath(unittest.TestCase):
    def test_backlog_per_task(self):
        for visible, in_flight, running, expected in [
            (1000, 200, 4, 300),
            (0, 1000, 1, 1000),  # held messages are work too
            (0, 0, 2, 0),  # scales in
            (500, 0, 0, 500),  # zero tasks: the whole backlog
            (500, 0, None, 500),  # no value for a service without tasks
            (0, 0, 0, 0),
            (None, None, 0, 0),  # a queue that has been quiet for hours
            (None, None, None, 0),
            (None, None, 3, 0),
            (700, None, 1, 700),
        ]:
            found = evaluate(BACKLOG_PER_TASK, visible=visible, in_flight=in_flight, running=running)
            self.assertEqual(found, expected, (visible, in_flight, running))

    def test_the_plain_quotient_has_no_value_at_zero_tasks(self):
        """The reason for the longer form: without a value nothing ever scales out."""
        self.assertIsNone(evaluate("visible / running", visible=500, running=0))
        self.assertIsNone(evaluate("visible / running", visible=500, running=None))

    def test_work_without_task(self):
        for visible, running, expected in [
            (1, 0, 1),
            (1, None, 1),
            (0, 0, 0),
            (None, None, 0),
            (1000, 1, 0),
            (0, 5, 0),
            (1, 0.5, 1),  # a task that ran for half of the minute
        ]:
            self.assertEqual(evaluate(WORK_WITHOUT_TASK, visible=visible, running=running), expected, (visible, running))

    def test_lag(self):
        for visible, deleted, expected in [
            (6000, 600, 600),
            (0, 600, 0),
            (0, 0, 0),
            (1, 0, 86400),  # nobody works
            (1, None, 86400),
            (None, None, 0),
            (None, 10, 0),
        ]:
            self.assertEqual(evaluate(LAG, visible=visible, deleted=deleted), expected, (visible, deleted))


if __name__ == "__main__":
    unittest.main()

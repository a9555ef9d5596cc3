"""Each LOGFERRY_ variable that the modules set exists in the code and in the docs, and defaults say the same as there."""

import re
import unittest

from hcl import ROOT, TERRAFORM, attribute, blocks, read, text_of

DOCS = {"LOGFERRY_": "docs/configuration.md", "LOGFERRY_EXPORT_": "docs/export.md"}


def in_code():
    text = "".join(read(path) for path in (ROOT / "src/cli").rglob("*.rs"))
    return set(re.findall(r'env = "(LOGFERRY_\w+)"', text))


def in_docs(page):
    """Flag → default of the tables of a page; the flags of `serve` come last, and do not count."""
    found = {}
    for line in read(ROOT / page).splitlines():
        if line.startswith("| `--"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            for flag in re.findall(r"`--([a-z0-9-]+)[^`]*`", cells[0]):
                found.setdefault(flag, cells[1])
    return found


def in_modules():
    files = [*TERRAFORM.rglob("*.tf"), *TERRAFORM.rglob("*.md"), *TERRAFORM.rglob("*.hcl"), ROOT / "docs/deploy-ecs.md"]
    return {name for path in files for name in re.findall(r"\bLOGFERRY_[A-Z0-9_]+\b", read(path))}


def flag_of(name):
    prefix = "LOGFERRY_EXPORT_" if name.startswith("LOGFERRY_EXPORT_") else "LOGFERRY_"
    return DOCS[prefix], name.removeprefix(prefix).lower().replace("_", "-")


class Settings(unittest.TestCase):
    def test_the_code_has_every_variable(self):
        names = in_modules()
        self.assertGreater(len(names), 15)
        self.assertEqual(names - in_code(), set(), "variables that logferry does not have")

    def test_the_docs_have_every_flag(self):
        for name in in_modules():
            page, flag = flag_of(name)
            self.assertIn(f"`--{flag}", read(ROOT / page), f"{name}: {page} does not have --{flag}")

    def test_defaults_are_those_of_logferry(self):
        variables = {m: blocks(read(TERRAFORM / f"modules/{m}/variables.tf"), "variable") for m in ("service", "export")}
        worker, export = in_docs("docs/configuration.md"), in_docs("docs/export.md")
        for name in ("initial", "overlap", "lateness"):
            self.assertEqual(text_of(attribute(variables["export"][name], "default")), export[name], name)
        drain = attribute(variables["service"]["drain_timeout_seconds"], "default")
        self.assertEqual(f"{drain}s", worker["drain-timeout"])

    def test_the_port_is_that_of_logferry(self):
        port = re.search(r"0\.0\.0\.0:(\d+)", in_docs("docs/configuration.md")["listen"])[1]
        for module in ("task", "service"):
            text = read(TERRAFORM / f"modules/{module}/main.tf")
            self.assertEqual(set(re.findall(r"(?:containerPort|from_port)\s*= (9\d+)", text)), {port}, module)

    def test_the_container_runs_as_the_image_does(self):
        dockerfile = read(ROOT / "Dockerfile")
        text = read(TERRAFORM / "modules/task/main.tf")
        self.assertEqual(re.search(r"^USER (\S+)", dockerfile, re.M)[1], re.search(r'user\s*= "(\S+)"', text)[1])
        self.assertIn('ENTRYPOINT ["/logferry"]', dockerfile)
        self.assertIn('command     = ["CMD", "/logferry", "healthcheck"]', text)
        # Without --ready it asks whether the worker lives.
        self.assertRegex(read(ROOT / "src/cli/shell.rs"), r"struct HealthcheckArgs \{[^}]*pub ready: bool")

    def test_sigkill_comes_after_the_drain_and_the_release(self):
        """Module task asks for ten seconds beyond the drain: more than the release of what is unfinished may take."""
        release = int(re.search(r"RELEASE_TIMEOUT: Duration = Duration::from_secs\((\d+)\)", read(ROOT / "src/pipeline/drain.rs"))[1])
        margin = int(re.search(r"stop_timeout_seconds >= var.drain_timeout_seconds \+ (\d+)", read(TERRAFORM / "modules/task/variables.tf"))[1])
        self.assertGreater(margin, release)

    def test_the_lines_that_are_counted_are_written(self):
        """Filters of module alarms and export read these lines and fields of the log."""
        settle, export = read(ROOT / "src/pipeline/settle.rs"), read(ROOT / "src/commands/export.rs")
        settled = re.search(r"tracing::info!\(([^;]*?)\"settled\"\s*\);", settle, re.S)[1].split("tracing::info!(")[-1]
        for field in ("dead_lettered", "broken"):
            self.assertRegex(settled, rf"(?m)^\s*{field}(,| =)")
        self.assertIn('"export ends"', export)
        alarms = read(TERRAFORM / "modules/alarms/main.tf")
        self.assertEqual(set(re.findall(r"\$\.(\w+)", alarms)), {"message", "dead_lettered", "broken"})
        self.assertEqual(set(re.findall(r'\$\.message = \\"([^"\\]+)', alarms)), {"settled"})
        exporter = read(TERRAFORM / "modules/export/main.tf")
        self.assertEqual(set(re.findall(r'\$\.message = \\"([^"\\]+)', exporter)), {"export ends"})


if __name__ == "__main__":
    unittest.main()

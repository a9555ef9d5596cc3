"""Each module is whole: README, tests, versions, descriptions; exceptions are argued; nothing is allowed by a wildcard."""

import re
import unittest

from hcl import EXAMPLES, MODULES, TERRAFORM, attribute, blocks, read, without_comments
from readme import with_tables

FILES = sorted(TERRAFORM.rglob("*.tf"))


class Files(unittest.TestCase):
    def test_every_module_and_example_has_its_files(self):
        self.assertTrue(MODULES and EXAMPLES)
        for folder in MODULES + EXAMPLES:
            for name in ("variables.tf", "outputs.tf", "versions.tf"):
                self.assertTrue((folder / name).is_file(), f"{folder}/{name} is missing")
            self.assertTrue(list(folder.glob("tests/*.tftest.hcl")), f"{folder} has no test")

    def test_readmes_have_every_input_and_output(self):
        for module in MODULES:
            readme = read(module / "README.md")
            self.assertEqual(readme, with_tables(module, readme), f"{module}: run deploy/tests/terraform/readme.py")

    def test_the_usage_in_readmes_fits_the_variables(self):
        """Arguments exist, and the required ones are given."""
        for module in MODULES:
            for block in re.findall(r"```hcl\n(.*?)```", read(module / "README.md"), re.S):
                for name, body in re.findall(r'^module "\w+" \{\n  source = "…/modules/([\w-]+)"\n(.*?)^\}', block, re.M | re.S):
                    variables = blocks(read(TERRAFORM / f"modules/{name}/variables.tf"), "variable")
                    given = set(re.findall(r"^  (\w+)\s*=", body, re.M))
                    required = {v for v, text in variables.items() if attribute(text, "default") is None}
                    self.assertEqual(given - set(variables), set(), f"{module.name}: no such variables")
                    self.assertEqual(required - given, set(), f"{module.name}: required variables are missing")

    def test_the_variables_of_the_deploy_page_are_those_of_the_example(self):
        page = read(TERRAFORM.parents[1] / "docs/deploy-ecs.md")
        given = set(re.findall(r"^   (\w+) +=", re.search(r"```hcl\n(.*?)```", page, re.S)[1], re.M))
        variables = blocks(read(TERRAFORM / "examples/complete/variables.tf"), "variable")
        required = {v for v, text in variables.items() if attribute(text, "default") is None}
        self.assertEqual((given - set(variables), required - given), (set(), set()))

    def test_the_deploy_page_names_every_alarm(self):
        page = read(TERRAFORM.parents[1] / "docs/deploy-ecs.md")
        names = {"dead-letter-queue", "undelivered-events"}
        for module in ("alarms", "export", "scaling"):
            text = read(TERRAFORM / f"modules/{module}/main.tf")
            names |= set(re.findall(r'alarm_name\s*= "\$\{var\.\w+\}-([a-z-]+)"', text))
        self.assertGreater(len(names), 6)
        for name in names:
            self.assertIn(f"`…-{name}`", page, f"docs/deploy-ecs.md says nothing about the alarm {name}")

    def test_the_overview_names_every_module_and_example(self):
        overview = read(TERRAFORM / "README.md")
        for folder in MODULES + EXAMPLES:
            path = folder.relative_to(TERRAFORM)
            self.assertIn(f"({path})", overview, f"deploy/terraform/README.md does not link {path}")

    def test_versions_are_the_same_everywhere(self):
        found = {re.search(r"terraform \{.*?^\}", read(f / "versions.tf"), re.S | re.M)[0] for f in MODULES + EXAMPLES}
        self.assertEqual(len(found), 1)

    def test_everything_is_described(self):
        for folder in MODULES + EXAMPLES:
            for file, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
                for name, body in blocks(read(folder / file), kind).items():
                    self.assertTrue(attribute(body, "description"), f"{folder.name}: {kind} {name} has no description")
                    if kind == "variable":
                        self.assertTrue(attribute(body, "type"), f"{folder.name}: variable {name} has no type")

    def test_a_default_is_never_null_by_accident(self):
        """A module that is given null for a variable with a default takes the default."""
        for module in MODULES:
            for name, body in blocks(read(module / "variables.tf"), "variable").items():
                default = attribute(body, "default")
                if default not in (None, "null"):
                    self.assertEqual(attribute(body, "nullable"), "false", f"{module.name}: variable {name}")

    def test_every_exception_of_checkov_is_argued(self):
        for file in FILES:
            for line in read(file).splitlines():
                if "checkov:skip" in line:
                    self.assertRegex(line, r"#checkov:skip=CKV2?_AWS_\d+:.{10,}", f"{file}: an exception without a reason")

    def test_lines_of_comments_fit(self):
        lines = [(f, line) for f in [*FILES, *TERRAFORM.rglob("*.hcl")] for line in read(f).splitlines()]
        comments = [(f, line) for f, line in lines if line.lstrip().startswith("#") and "checkov" not in line]
        self.assertEqual([f"{f}: {line}" for f, line in comments if len(line) > 120], [])

    def test_nothing_is_allowed_by_a_wildcard(self):
        """Denials may be wide. The account's statement in a key's policy must be: see modules/kms."""
        found = []
        for file in FILES:
            text = without_comments(read(file))
            for match in re.finditer(r'"(\w+):([^":/ ]*\*[^":/ ]*)"', text):
                before = text[: match.start()]
                if "Action" not in before[before.rfind("=") - 30 :].split("\n")[-1] and "Action" not in before[-120:]:
                    continue
                effect = re.findall(r'Effect\s*= "(\w+)"', before)[-1]
                if effect == "Allow":
                    found.append(f"{file.relative_to(TERRAFORM)}: {match[0]}")
        self.assertEqual(found, ['modules/kms/main.tf: "kms:*"'])

    def test_every_statement_names_its_resources(self):
        """Where AWS knows no narrower resource than "*", a comment above the statement says so."""
        allowed = {"kms", "export-role", "task"}
        for module in MODULES:
            count = len(re.findall(r'^\s*Resource\s*= "\*"$', read(module / "main.tf"), re.M))
            if module.name not in allowed:
                self.assertEqual(count, 0, f"{module.name}: a statement on all resources")
        self.assertEqual(read(TERRAFORM / "modules/task/main.tf").count('Resource = "*"'), 1)
        self.assertEqual(read(TERRAFORM / "modules/export-role/main.tf").count('Resource = "*"'), 1)


if __name__ == "__main__":
    unittest.main()

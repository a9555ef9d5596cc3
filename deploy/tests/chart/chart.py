"""The chart, rendered by Helm's own SDK."""

import copy
import pathlib
import re

import helm_python as helm
import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = PROJECT / "deploy/helm/logferry"
CHART = helm.Chart.load(FOLDER)
_MATRIX = yaml.safe_load((pathlib.Path(__file__).parent / "matrix.yaml").read_text())
BASE, CASES = _MATRIX["base"], _MATRIX["cases"]


def joined(base, more):
    """The values of `more` over those of `base`, as Helm joins them."""
    result = copy.deepcopy(base)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = joined(result[key], value) if both else copy.deepcopy(value)
    return result


def render(values, name="logferry", namespace="logs"):
    """The objects that these values make; each has the template that made it as `_template`."""
    objects = []
    for template, text in CHART.render(joined(BASE, values), name=name, namespace=namespace).items():
        if template.endswith(".yaml"):
            for item in filter(None, yaml.safe_load_all(text)):
                objects.append(item)
    return objects


def notes(values):
    rendered = CHART.render(joined(BASE, values), name="logferry", namespace="logs")
    return next((text for template, text in rendered.items() if template.endswith("NOTES.txt")), "")


def refusal(values):
    """What Helm says to values that it refuses; empty if it takes them."""
    try:
        CHART.render(joined(BASE, values), name="logferry", namespace="logs")
    except (helm.HelmValuesError, helm.HelmRenderError) as error:
        return str(error)
    return ""


def one(objects, kind, component=None):
    def is_it(item):
        label = item["metadata"]["labels"]["app.kubernetes.io/component"]
        return item["kind"] == kind and component in (None, label)

    found = list(filter(is_it, objects))
    assert len(found) == 1, f"{len(found)} objects of the kind {kind}"
    return found[0]


def pod_templates(objects):
    """Each pod template, with the name of its object."""
    for item in objects:
        if item["kind"] == "CronJob":
            yield item["metadata"]["name"], item["spec"]["jobTemplate"]["spec"]["template"]
        elif item["kind"] == "Deployment":
            yield item["metadata"]["name"], item["spec"]["template"]


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def environment(container):
    """Name → value, None for a value from elsewhere."""
    return {entry["name"]: entry.get("value") for entry in container.get("env", [])}


def documented_flags(page):
    """The flags in the tables of a page of docs/, those of `serve` left out, with the text of the second column."""
    flags = {}
    sections = re.split("^## ", (PROJECT / "docs" / page).read_text(), flags=re.M)
    for line in "".join(text for text in sections if "logferry serve" not in text.split("|")[0]).splitlines():
        if line.startswith("| `--"):
            cells = [cell.strip() for cell in line.split(" | ")]
            for flag in re.findall(r"`(--[a-z0-9-]+)", cells[0]):
                flags[flag] = cells[1]
    return flags

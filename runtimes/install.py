"""Installs the pinned packages of one runtime in a folder; returns how a function of it is started."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSIONS = json.loads((HERE / "versions.json").read_text())


def sh(*command, cwd):
    done = subprocess.run(
        ["nice", "-n", "10", *map(str, command)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}")


def python(folder):
    sh(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    sh(
        folder / "venv/bin/pip",
        "install",
        "-q",
        *(f"{name}=={v}" for name, v in VERSIONS["python"].items()),
        cwd=folder,
    )
    return lambda run: (
        [folder / "venv/bin/python", "-m", "awslambdaric", run.handler],
        {"PYTHONPATH": str(folder / "task")},
    )


def node(folder):
    (folder / "package.json").write_text("{}")
    # The client's own install script builds curl and its native part: two minutes, with make, cmake and a C++ compiler.
    sh("npm", "install", "--no-audit", "--no-fund", *(f"{n}@{v}" for n, v in VERSIONS["node"].items()), cwd=folder)
    command = [folder / "node_modules/node/bin/node", folder / "node_modules/aws-lambda-ric/index.mjs"]
    return lambda run: (command, {"LAMBDA_TASK_ROOT": str(folder / "task"), "_HANDLER": run.handler})


def java(folder):
    dependency = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
    dependencies = "".join(dependency.format(*name.split(":"), v) for name, v in VERSIONS["java"].items())
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>logferry</groupId>'
        f"<artifactId>runtimes</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
    sh("mvn", "-B", "-q", "dependency:copy-dependencies", f"-DoutputDirectory={folder}/lib", cwd=folder)
    classpath = f"{folder}/task:{folder}/lib/*"
    sh("javac", "-cp", classpath, "-d", folder / "task", *sorted((folder / "task").glob("*.java")), cwd=folder)
    client = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda"
    # Without the first option the client cannot use the file descriptor and writes to standard output, unsaid.
    options = ["--add-opens", "java.base/java.io=ALL-UNNAMED", "-XX:MaxJavaStackTraceDepth=20", "-cp", classpath]
    return lambda run: (["java", *options, *run.options, client, run.handler], {})


def go(folder):
    task = folder / "task"
    sh("go", "mod", "init", "shop", cwd=task)
    sh("go", "get", *(f"{name}@v{v}" for name, v in VERSIONS["go"].items()), cwd=task)
    sh("go", "build", "-trimpath", "-o", folder / "function", ".", cwd=task)
    return lambda run: ([folder / "function"], {"CASES": run.handler})


INSTALLERS = {"python": python, "node": node, "java": java, "go": go}


def install(runtime, folder):
    shutil.rmtree(folder / "task", ignore_errors=True)
    shutil.copytree(HERE / runtime, folder / "task", ignore=shutil.ignore_patterns("__pycache__"))
    return INSTALLERS[runtime](folder)

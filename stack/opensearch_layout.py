"""Sorts the jars that Maven copied into the folders that an OpenSearch server expects.

    opensearch_layout.py VERSION FOLDER     (FOLDER holds jars/ and tree.txt; lib/ and modules/ are made in it)
"""

import os
import shutil
import sys
import zipfile

# artifact -> folder, plugin class, the modules it extends
MODULES = {
    "transport-netty4-client": ("transport-netty4", "org.opensearch.transport.Netty4ModulePlugin", ""),
    "analysis-common": ("analysis-common", "org.opensearch.analysis.common.CommonAnalysisModulePlugin", "lang-painless"),
    "ingest-common": ("ingest-common", "org.opensearch.ingest.common.IngestCommonModulePlugin", "lang-painless"),
    "lang-painless": ("lang-painless", "org.opensearch.painless.PainlessModulePlugin", ""),
    "mapper-extras-client": ("mapper-extras", "org.opensearch.index.mapper.MapperExtrasModulePlugin", ""),
    "reindex-client": ("reindex", "org.opensearch.index.reindex.ReindexModulePlugin", ""),
}
DESCRIPTOR = """description={name}
name={name}
version={version}
opensearch.version={version}
java.version=11
classname={classname}
custom.foldername=
extended.plugins={extends}
has.native.controller=false
"""


def tree(path):
    """(direct dependency, jar file) for each line of Maven's dependency tree."""
    direct = None
    with open(path) as lines:
        next(lines)
        for line in lines:
            text = line.rstrip("\n")
            name = text.lstrip("+-|\\ ")
            parts = name.split(":")
            if len(parts) == 6:
                _, artifact, kind, classifier, version, _ = parts
                jar = f"{artifact}-{version}-{classifier}.{kind}"
            else:
                _, artifact, kind, version, _ = parts
                jar = f"{artifact}-{version}.{kind}"
            if len(text) - len(name) <= 3:
                direct = artifact
            yield direct, jar


def main(version, folder):
    at = lambda *parts: os.path.join(folder, *parts)
    files = list(tree(at("tree.txt")))
    in_lib = {jar for direct, jar in files if direct not in MODULES}
    os.makedirs(at("lib"))
    for jar in in_lib:
        shutil.move(at("jars", jar), at("lib", jar))
    for direct, jar in files:
        if direct in MODULES and jar not in in_lib:
            os.makedirs(at("modules", MODULES[direct][0]), exist_ok=True)
            shutil.copy(at("jars", jar), at("modules", MODULES[direct][0], jar))
    for artifact, (name, classname, extends) in MODULES.items():
        with zipfile.ZipFile(at("modules", name, f"{artifact}-{version}.jar")) as jar:
            # 2.x calls some of them XPlugin where 3.x says XModulePlugin
            if classname.replace(".", "/") + ".class" not in jar.namelist():
                classname = classname.replace("ModulePlugin", "Plugin")
        with open(at("modules", name, "plugin-descriptor.properties"), "w") as out:
            out.write(DESCRIPTOR.format(name=name, version=version, classname=classname, extends=extends))
        if version.startswith("2."):
            # 2.x runs under Java's security manager; the policies of its distribution are not in the jars
            with open(at("modules", name, "plugin-security.policy"), "w") as out:
                out.write("grant { permission java.security.AllPermission; };\n")
    shutil.rmtree(at("jars"))


main(*sys.argv[1:])

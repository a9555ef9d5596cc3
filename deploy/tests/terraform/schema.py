"""The schema of hashicorp/aws as JSON, for the provider in `provider/`.

In: the wheel of cdktn-provider-aws, whose bindings are generated from the provider's own schema, and a file with the types
to take, such as `resource aws_sqs_queue`, one a line. Out: these types and the provider's own settings: names, types,
required, optional, computed, and the number of each block. A type that the bindings lack is left out, so that Terraform
says that there is none. The bindings are MPL-2.0: the JSON is made at test time and not committed.

    schema.py WHEEL TYPES > schema.json
"""

import io
import json
import re
import sys
import tarfile
import zipfile

SCALARS = {"string": "string", "boolean": "bool", "number": "number"}
GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
}
ENTRY = re.compile(
    r"^\s+(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\",",
    re.M,
)
# Above each getter: "// name - computed: true, optional: false, required: false"
FLAGS = re.compile(r"^    // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n(?=((?:.*\n){1,5}))", re.M)


def sources(wheel):
    """The JavaScript of each resource. The npm package lies in the wheel as a tar file."""
    with zipfile.ZipFile(wheel) as outer:
        name = next(n for n in outer.namelist() if n.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name)), mode="r:gz") as inner:
            for member in inner:
                if re.fullmatch(r"package/lib/[^/]+/index\.js", member.name):
                    text = inner.extractfile(member).read().decode()
                    if "tfResourceType" in text:
                        yield text


class Resource:
    def __init__(self, text):
        parts = re.split(r"^class (\w+) extends (cdktn\.\w+) \{", text, flags=re.M)
        self.classes = {name: body for name, body in zip(parts[1::3], parts[3::3])}
        kinds = dict(zip(parts[1::3], parts[2::3]))
        self.main = next(n for n, base in kinds.items() if base.startswith("cdktn.Terraform"))
        self.kind = kinds[self.main].removeprefix("cdktn.Terraform")
        self.type = re.search(r"tfResourceType = \"(\w+)\"", text)[1]
        self.structs = dict(re.findall(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", text, re.M | re.S))

    def schema(self):
        body = self.classes[self.main]
        return self.block(body.split("synthesizeHclAttributes()")[-1], body)

    def block(self, entries, body):
        """A block of the entries that can be set, with the flags and computed values of its class."""
        block = {"attributes": {}, "blocks": {}}
        flags = {m[1]: m for m in FLAGS.finditer(body)}
        for name, value, is_block, kind, storage in ENTRY.findall(entries):
            required = name in flags and flags[name][4] == "true"
            struct = re.search(r"(\w+)ToHclTerraform", value)
            if is_block == "true" and struct and struct[1] in self.structs:
                block["blocks"][name] = {
                    "nesting": "single" if kind == "struct" else kind,
                    "min": int(required),
                    "max": 0 if "listMapperHcl" in value else 1,
                    "block": self.struct(struct[1]),
                }
            else:
                flag = flags.get(name)
                block["attributes"][name] = {
                    "type": of_storage(kind, storage),
                    "required": required,
                    "optional": not required,
                    "computed": bool(flag) and flag[2] == "true" and not required,
                }
        for name, flag in flags.items():
            if flag[2] == "true" and flag[3] == "false" and name not in block["blocks"]:
                if name not in block["attributes"]:
                    block["attributes"][name] = {"type": self.getter(flag[5], body), "computed": True}
        return block

    def struct(self, name):
        body = self.classes.get(name[0].upper() + name[1:] + "OutputReference", "")
        return self.block(self.structs[name], body)

    def getter(self, text, body):
        """The type of a computed value, by its getter."""
        plain = re.search(r"this\.(get\w+Attribute)\(", text)
        if plain and plain[1] in GETTERS:
            type_ = GETTERS[plain[1]]
            return ["set", type_[1]] if "Fn.tolist" in text else type_
        made = re.search(r"_\w+ = new ([\w.]+?)(List|Map|OutputReference)\(this, \"\w+\"(, true)?", text)
        if not made:
            return "dynamic"
        if made[1].startswith("cdktn."):
            base = SCALARS.get(made[1].removeprefix("cdktn.").lower())
            return [made[2].lower(), base] if base else "dynamic"
        inner = self.classes.get(made[1] + "OutputReference", "")
        flags = list(FLAGS.finditer(inner))
        fields = {m[1]: self.getter(m[5], inner) for m in flags}
        if not fields or "dynamic" in fields.values():
            return "dynamic"
        return ["set" if made[3] else "list", ["object", fields]]


def of_storage(kind, storage):
    if kind == "simple":
        return SCALARS.get(storage, "dynamic")
    base = SCALARS.get(re.sub(r"(List|Map)$", "", storage))
    return [kind, base] if base and kind in ("list", "set", "map") else "dynamic"


def main(wheel, types):
    wanted = {line.strip() for line in open(types, encoding="utf-8")}
    schema = {"resources": {}, "data": {}, "provider": None}
    for text in sources(wheel):
        resource = Resource(text)
        if resource.kind == "Provider":
            schema["provider"] = resource.schema()
            continue
        keyword, into = ("data", "data") if resource.kind == "DataSource" else ("resource", "resources")
        if f"{keyword} {resource.type}" in wanted:
            made = schema[into][resource.type] = resource.schema()
            if '"dynamic"' in json.dumps(made):
                raise SystemExit(f"{resource.type}: a type in it cannot be read from the bindings")
    json.dump(schema, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Verdicts on contracts are those of the standard's JSON Schemas: documents made from the schemas, and mutants of them, against Python's jsonschema."""
import json
import pathlib
import random
import subprocess

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/formats/standard"
VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")
SCHEMAS = {version: json.loads((FOLDER / f"odcs_{version[1:].replace('.', '_')}.json").read_text()) for version in VERSIONS}
ORACLES = {version: jsonschema.validators.Draft201909Validator(schema) for version, schema in SCHEMAS.items()}
VALUES = (None, True, 7, -1, 2.5, "x", "", [], {}, ["a", "a"], {"x": 1}, [{}])
DOCUMENTS_EACH, MUTANTS = 150, 4000


class Maker:
    """Values that a schema describes, roughly: what does not fit is taken out afterwards."""

    def __init__(self, root, seed, used):
        self.root, self.random, self.used = root, random.Random(seed), used

    def make(self, schema, depth):
        if schema is True or schema == {}:
            return self.random.choice(["any", 1, True, None])
        if "$ref" in schema:
            target = self.root
            for part in schema["$ref"].lstrip("#/").split("/"):
                target = target[part]
            return self.make(target, depth)
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else self.random.choice(schema["enum"])
        for word in ("oneOf", "anyOf"):
            if word in schema and "properties" not in schema:
                return self.make(self.random.choice(schema[word]), depth)
        kind = schema.get("type")
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema or "allOf" in schema:
            return self.object(schema, depth)
        if kind == "array":
            count = 0 if depth <= 0 and not schema.get("minItems") else self.random.randint(max(1, schema.get("minItems", 0)), 2)
            return [self.make(schema.get("items", True), depth - 1) for _ in range(count)]
        simple = {"integer": self.random.randint(0, 9), "number": self.random.choice([1, 2.5]), "boolean": self.random.random() < 0.5, "null": None}
        return simple.get(kind, self.random.choice(["text", "2026-01-01", "a_b-1", "a.b", "prod"])) if kind in simple else self.random.choice(["text", "2026-01-01", "a_b-1", "a.b"])

    def object(self, schema, depth):
        made = {}
        for part in schema.get("allOf", []):
            if "$ref" in part and isinstance(more := self.make(part, depth), dict):
                made.update(more)
        for key, value in schema.get("properties", {}).items():
            if key in schema.get("required", []) or (depth > 0 and self.random.random() < 0.35):
                made[key] = self.make(value, depth - 1)
                self.used.add(key)
        self.condition([part for part in [schema, *schema.get("allOf", [])] if "if" in part and "then" in part], made, depth)
        return made

    def condition(self, parts, made, depth):
        """Meets one of the conditions and follows it: a server has its type's own properties."""
        if not parts or depth <= 0:
            return
        part = self.random.choice(parts)
        for key, value in part["if"].get("properties", {}).items():
            made[key] = self.make(value, depth)
        if isinstance(more := self.make(part["then"], depth), dict):
            made.update({key: value for key, value in more.items() if key not in part["if"].get("properties", {})})


def made_valid(oracle, document, keys):
    """The document without what the oracle objects to, or nothing when too much of it would go."""
    for _ in range(60):
        error = next(iter(oracle.iter_errors(document)), None)
        if error is None:
            return document
        path = list(error.absolute_path)
        if not path:
            if not (strange := set(document) - keys):
                return None
            for key in strange:
                del document[key]
            continue
        place = document
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]
    return None


def containers(value):
    yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, (dict, list)):
            yield from containers(each)


def mutated(document, rng, names):
    document = json.loads(json.dumps(document))
    place = rng.choice(list(containers(document)))
    if isinstance(place, dict):
        key = rng.choice(list(place)) if place and rng.random() < 0.7 else rng.choice(names)
        if rng.random() < 0.35:
            place.pop(key, None)
        else:
            place[key] = rng.choice(VALUES)
    elif place and rng.random() < 0.5:
        place.pop(rng.randrange(len(place)))
    else:
        place.append(rng.choice(VALUES))
    return document


def property_names(schema):
    for each in containers(schema):
        if isinstance(each, dict) and isinstance(each.get("properties"), dict):
            yield from each["properties"]


def test_verdicts_are_those_of_the_standards_schemas(weft):
    used, documents = set(), []
    for version, schema in SCHEMAS.items():
        maker, found = Maker(schema, 11, used), []
        while len(found) < DOCUMENTS_EACH:
            document = {**maker.object(schema, 5), "apiVersion": version, "kind": "DataContract"}
            if (valid := made_valid(ORACLES[version], document, set(schema["properties"]))) is not None:
                found.append((version, valid))
        documents += found
    unused = {name for schema in SCHEMAS.values() for name in property_names(schema)} - used
    assert len(unused) < 25, sorted(unused)  # Those behind two conditions are reached by mutants alone.
    rng, names = random.Random(12), sorted(used | unused)
    lines = documents + [(version, mutated(document, rng, names)) for version, document in rng.choices(documents, k=MUTANTS)]
    text = "".join(json.dumps({"apiVersion": version, "doc": document}) + "\n" for version, document in lines)
    done = subprocess.run([weft, "contract", "lint", "--jsonl"], input=text, capture_output=True, text=True, timeout=120)
    answers = [json.loads(line)["valid"] for line in done.stdout.splitlines()]
    wanted = [ORACLES[version].is_valid(document) for version, document in lines]
    assert len(answers) == len(wanted) and 500 < sum(wanted) < len(wanted) - 500
    assert [line for line, answer, valid in zip(lines, answers, wanted) if answer is not valid] == []

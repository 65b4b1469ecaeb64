"""Which verbs, nestings and attributes TwiML has, learned from the builder classes of the twilio package."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from twilio.twiml import TwiML, lower_camel, messaging_response, voice_response


@dataclass(frozen=True)
class Element:
    """What may stand inside one element."""

    attributes: set[str] = field(default_factory=set)
    children: set[str] = field(default_factory=set)


Vocabulary = Mapping[str, Element]


def vocabulary_of(module: ModuleType) -> Vocabulary:
    """Every element of the module. The builders check nothing themselves, but their methods name all there is."""
    classes = {
        name: found for name, found in inspect.getmembers(module, inspect.isclass) if issubclass(found, TwiML)
    }
    tags = {name: _tag(found) for name, found in classes.items()}
    found = {tag: Element() for tag in tags.values()}
    for name, one in classes.items():
        for nested, attributes in _nestings(one):
            if nested in tags:
                found[tags[name]].children.add(tags[nested])
                found[tags[nested]].attributes.update(attributes - _own_arguments(classes[nested]))
    return {
        tag: Element({_attribute(name) for name in one.attributes}, one.children) for tag, one in found.items()
    }


def _attribute(name: str) -> str:
    return str(lower_camel(TwiML.MAP.get(name, name)))


def _tag(one: type) -> str:
    """The element's name, which the constructor writes down."""
    for node in ast.walk(_tree(one.__init__)):  # type: ignore[misc]
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        if ast.unparse(node.targets[0]) == "self.name":
            return str(node.value.value)
    return one.__name__


def _own_arguments(one: type) -> set[str]:
    """Arguments of the constructor that become text, not attributes."""
    return set(inspect.signature(one).parameters) - {"kwargs"}


def _nestings(one: type) -> Iterator[tuple[str, set[str]]]:
    """Class and keywords of each `self.nest(Class(keyword=...))` in the methods of a class."""
    for _, method in inspect.getmembers(one, inspect.isfunction):
        for node in ast.walk(_tree(method)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.nest" and node.args:
                made = node.args[0]
                if isinstance(made, ast.Call):
                    yield ast.unparse(made.func), {word.arg for word in made.keywords if word.arg}


def _tree(function: object) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]


VOICE = vocabulary_of(voice_response)
# The package's builders do not know it, Twilio's page on <Recording> does: one with a name can be stopped.
VOICE["Stop"].children.add("Recording")
VOICE["Recording"].attributes.add("name")
TEXT = vocabulary_of(messaging_response)

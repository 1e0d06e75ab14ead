"""``omni import asyncapi``: documents of others as drafts, and those of omni as they were."""

from __future__ import annotations

import pytest

SIGNED_UP = """
asyncapi: 3.0.0
info: {title: Accounts, version: 1.0.0}
channels:
  signedUp:
    address: onex.evt.accounts.user-signed-up.v1
    messages: {m: {payload: {type: object, properties: {name: {type: string}}}}}
    bindings: {kafka: {partitions: 6}}
  \x1b[31m: {address: 'user {id}'}
operations:
  out: {action: send, channel: {$ref: '#/channels/signedUp'}}
""".replace("\x1b[31m", '"\\e[31m"')


@pytest.fixture
def document(project):
    file = project.folder / "accounts.yaml"
    file.write_text(SIGNED_UP)
    return file


def test_a_document_becomes_a_contract_once(project, document):
    ran = project.omni("import", "asyncapi", "accounts.yaml", "--dry-run")
    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert "#/channels/\\x1b[31m\n    `user {id}` holds a parameter" in ran.out
    assert "would write 1 contract for 1 topic to contracts" in ran.out
    assert not (project.folder / "contracts" / "accounts").exists()

    ran = project.omni("import", "asyncapi", "accounts.yaml")
    assert (ran.code, ran.err) == (1, "")
    assert "wrote 1 contract for 1 topic to contracts\n" in ran.out
    text = (project.folder / "contracts" / "accounts" / "contract.yaml").read_text()
    assert "partitions: 6" in text
    assert project.omni("check", "contracts/accounts", "--ignore", "OM2").code == 0
    topics = project.omni("topics", "--format", "json").document["topics"]
    assert [each["spec"]["partitions"] for each in topics if each["producer"] == "accounts"] == [6]

    ran = project.omni("import", "asyncapi", "accounts.yaml", "--format", "json")
    assert (ran.document["topics"], ran.document["declared_topics"], ran.document["drafts"]) == (0, 1, [])
    assert [each["place"] for each in ran.document["left_out"]] == ["#/channels/\x1b[31m"]


def test_no_contract_is_written_over(project):
    project.omni("export", "asyncapi", "-o", "a.json")
    (project.folder / "contracts" / "router" / "contract.yaml").write_text("name: router\n")
    ran = project.omni("import", "asyncapi", "a.json", "--format", "json")
    assert ran.code == 1
    assert [each["fate"] for each in ran.document["drafts"]] == ["elsewhere"]
    assert (project.folder / "contracts" / "router" / "contract.yaml").read_text() == "name: router\n"
    ran = project.omni("import", "asyncapi", "a.json")
    assert "the node has this contract already; what is new in it" in ran.out


def test_what_was_exported_is_imported_and_exported_as_it_was(project):
    first = project.omni("export", "asyncapi")
    (project.folder / "a.yaml").write_text(first.out)
    (project.folder / "contracts" / "router" / "contract.yaml").unlink()
    ran = project.omni("import", "asyncapi", "a.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert project.omni("export", "asyncapi") == first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("asyncapi: 2.6.0", "a.yaml:1:1 is not read: it is AsyncAPI 2.6.0, and only 3.x is read. Convert it with"),
        ("asyncapi: 3.0.0\nchannels: [", "not valid YAML"),
        ("", "a.yaml:1:1 is not read: this file is empty"),
        (None, "a.yaml:1:1 is not read: this file cannot be read: no such file or directory"),
    ],
)
def test_what_is_no_document_is_a_sentence_with_its_place(project, content, said):
    if content is not None:
        (project.folder / "a.yaml").write_text(content)
    ran = project.omni("import", "asyncapi", "a.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())

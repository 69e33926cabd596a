"""Hash chains: the tree is X-Road's, each message finds its way to the root, and nothing else does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toono.exchange.domain.evidence import chain_check, hashchain
from toono.exchange.domain.evidence.findings import Refused
from toono.exchange.domain.evidence.hashchain import MessageDigests
from toono.exchange.tests import evidence as e

COUNTS = st.integers(1, 40)


def heads(count: int) -> list[bytes]:
    return [f"message {number}".encode() for number in range(count)]


def messages(count: int) -> list[tuple[bytes, bytes | None]]:
    return [(head, None if number % 3 else b"body " + head) for number, head in enumerate(heads(count))]


def heap_root(leaves: list[bytes]) -> bytes:
    """The tree as X-Road keeps it: a heap in an array, places without a neighbour filled by what stands below them on the left."""
    if len(leaves) == 1:
        return leaves[0]
    inner = (1 << (len(leaves) - 1).bit_length()) - 1
    nodes: list[bytes | None] = [None] * inner + list(leaves)

    def found(index: int) -> bytes | None:
        if index >= len(nodes):
            return None
        if nodes[index] is None and index < inner:
            left, right = found(2 * index + 1), found(2 * index + 2)
            nodes[index] = e.step([left, right]) if left and right else left
        return nodes[index]

    top = found(0)
    assert top is not None
    return top


@given(COUNTS)
def test_the_root_is_that_of_xroads_heap(count: int) -> None:
    leaves = [e.sha512(head) for head in heads(count)]
    assert hashchain.root(leaves) == heap_root(leaves)


@given(COUNTS, st.data())
def test_every_leaf_climbs_to_the_root_and_no_other_value_does(count: int, data: st.DataObject) -> None:
    leaves = [e.sha512(head) for head in heads(count)]
    index = data.draw(st.integers(0, count - 1))
    path = hashchain.path(leaves, index)
    assert hashchain.climb(leaves[index], path) == hashchain.root(leaves)
    assert hashchain.climb(e.sha512(b"other"), path) != hashchain.root(leaves)
    assert len(path) <= (count - 1).bit_length()


def test_a_message_is_a_step_of_its_parts() -> None:
    head, body = e.sha512(b"head"), e.sha512(b"body")
    assert hashchain.leaf(MessageDigests(head, None)) == e.step([head])
    assert hashchain.leaf(MessageDigests(head, body)) == e.step([head, body])


@given(COUNTS, st.data())
def test_the_chain_of_each_message_leads_to_the_result(count: int, data: st.DataObject) -> None:
    batch = messages(count)
    index = data.draw(st.integers(0, count - 1))
    head, body = batch[index]
    leaves = [hashchain.leaf(e.digests(*message)) for message in batch]
    entries = {"message.xml": head, "sig-hashchain.xml": hashchain.chain_xml(leaves, index, e.digests(head, body))}
    entries |= {"attachment1": body} if body is not None else {}
    followed = chain_check.follow(hashchain.result_xml(hashchain.root(leaves)), entries, required="/message.xml")
    assert followed.parts == {"/message.xml": True} | ({"/attachment1": True} if body is not None else {})
    assert followed.steps == (("/message.xml", "/attachment1") if body is not None else ("/message.xml",),)


@given(COUNTS, st.data())
def test_the_chain_of_each_stamped_signature_leads_to_the_result(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    documents = heads(count)
    leaves = [e.sha512(document) for document in documents]
    entries = {"META-INF/signatures.xml": documents[index], "ts-hashchain.xml": hashchain.stamp_chain_xml(leaves, index)}
    result = hashchain.stamp_result_xml(hashchain.stamp_root(leaves))
    assert chain_check.follow(result, entries, required="/META-INF/signatures.xml").parts == {"/META-INF/signatures.xml": True}
    with pytest.raises(Refused, match="invalid_hash_chain_ref"):
        chain_check.follow(result, entries | {"META-INF/signatures.xml": b"other"}, required="/META-INF/signatures.xml")


@pytest.mark.parametrize("leaves", [[], [b"short"], [bytes(64), bytes(63)]])
def test_a_tree_of_nothing_or_of_other_digests_is_refused(leaves: list[bytes]) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        hashchain.root(leaves)


def test_a_message_that_stands_elsewhere_in_the_tree_is_refused() -> None:
    batch = [e.digests(head, None) for head in heads(3)]
    leaves = [hashchain.leaf(message) for message in batch]
    for index, message in ((1, batch[0]), (3, batch[0]), (-1, batch[2])):
        with pytest.raises(ValueError, match=r"place|no such leaf"):
            hashchain.chain_xml(leaves, index, message)
    with pytest.raises(ValueError, match="no such leaf"):
        hashchain.stamp_chain_xml(leaves, 3)


def test_a_tree_that_is_kept_says_the_same_as_one_made_for_each_leaf() -> None:
    batch = [e.digests(*message) for message in messages(11)]
    tree = hashchain.Tree([hashchain.leaf(message) for message in batch])
    stamped = hashchain.stamp_tree([e.sha512(head) for head in heads(11)])
    for index, message in enumerate(batch):
        assert tree.chain_xml(index, message) == hashchain.chain_xml(tree.leaves, index, message)
        digest = e.sha512(heads(11)[index])
        assert stamped.stamp_chain_xml(index, digest) == hashchain.stamp_chain_xml([e.sha512(head) for head in heads(11)], index)
        with pytest.raises(ValueError, match="place"):
            stamped.stamp_chain_xml(index, e.sha512(b"other"))


def follow(steps: list[tuple[str, list[str]]], top: bytes, entries: dict[str, bytes] | None = None, **options: str) -> chain_check.Followed:
    chain = e.chain_document(steps)
    result = e.result_document(options.get("uri", "/sig-hashchain.xml#STEP0"), top)
    return chain_check.follow(result, {"message.xml": b"m", "sig-hashchain.xml": chain} | (entries or {}), required="/message.xml")


M = e.sha512(b"m")


@pytest.mark.parametrize(
    ("steps", "top", "code"),
    [
        ([("STEP0", [e.data("/message.xml", e.sha512(b"x"))])], e.step([e.sha512(b"x")]), "invalid_hash_chain_ref"),
        ([("STEP0", [e.data("/message.xml", M)])], e.step([M, M]), "invalid_hash_chain"),
        ([("STEP0", [e.data("/other.xml", M)])], e.step([M]), "hashchain_unused_inputs"),
        ([("STEP1", [e.data("/message.xml", M)])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", [e.down("STEP0")])], M, "malformed_hash_chain"),
        ([("STEP0", [e.down("STEP1")]), ("STEP1", [e.down("STEP0")])], M, "malformed_hash_chain"),
        ([("STEP0", []), ("STEP1", [])], M, "malformed_hash_chain"),
        ([("STEP0", [e.data("/message.xml", M)]), ("STEP0", [e.value(M)])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", ["<ns2:Other/>"])], M, "malformed_hash_chain"),
        ([("STEP0", ["text", e.data("/message.xml", M)])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", [e.data("/message.xml", M).replace("<DigestValue>", "<Transforms/><DigestValue>")])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", [e.data("/message.xml", M).replace("==", "!!")])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", [e.data("", M)])], e.step([M]), "malformed_hash_chain"),
        ([("STEP0", [f"<ns2:DataRef URI=\"/message.xml\"><DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/><DigestValue>{e.b64(M)}</DigestValue></ns2:DataRef>"])], M, "malformed_hash_chain"),
        ([(f"STEP{n}", [e.down(f"STEP{n + 1}")]) for n in range(70)], M, "malformed_hash_chain"),
        ([("STEP0", [e.value(M)] * 11_000)], M, "malformed_hash_chain"),
    ],
)  # fmt: skip
def test_a_chain_that_does_not_hold_is_refused_by_xroads_code(steps: list[tuple[str, list[str]]], top: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        follow(steps, top)
    assert refused.value.finding.code == code


def test_a_step_in_another_document_is_followed_and_a_missing_one_refused() -> None:
    other = e.chain_document([("STEP0", [e.data("/message.xml", M)])])
    steps = [("STEP0", ['<ns2:StepRef URI="/other.xml#STEP0"/>', e.value(M)])]
    top = e.step([e.step([M]), M])
    assert follow(steps, top, {"other.xml": other}).parts == {"/message.xml": True}
    with pytest.raises(Refused, match="invalid_reference"):
        follow(steps, top)


def test_a_step_that_many_refer_to_is_computed_once() -> None:
    """A tree in which each step names the next one twice would take two to the power of fifty."""
    names = [f"STEP{n}" for n in range(50)]
    steps = [(name, [e.down(after)] * 2) for name, after in pairwise(names)] + [(names[-1], [e.data("/message.xml", M)])]
    top = e.step([M])
    for _ in range(49):
        top = e.step([top, top])
    assert follow(steps, top).parts == {"/message.xml": True}


def test_a_part_that_is_not_here_counts_by_its_digest_and_is_said_to_be_missing() -> None:
    body = e.sha512(b"body")
    found = follow([("STEP0", [e.data("/message.xml", M), e.data("/attachment1", body)])], e.step([M, body]))
    assert found.parts == {"/message.xml": True, "/attachment1": False}

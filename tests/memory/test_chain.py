import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from vau_agent.errors import IntegrityError, JournalError
from vau_agent.memory.chain import (
    Record,
    canonical_json,
    chain_hash,
    genesis,
    record_hash,
    verify_chain,
)

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PATIENT = settings(deadline=None, max_examples=60)
"""A busy machine is no failure."""

BODY = st.dictionaries(st.text(), JSON, max_size=4)


def chain_of(bodies: list[dict[str, JsonValue]], run_id: str = "r") -> list[Record]:
    records: list[Record] = []
    prev = genesis(run_id)
    for seq, body in enumerate(bodies, start=1):
        record = Record(
            seq=seq,
            run_id=run_id,
            kind="node.finished",
            key=f"k{seq}",
            at="2026-01-01T00:00:00.000000+00:00",
            body=body,
            prev=prev,
            hash="",
        )
        record = record.model_copy(update={"hash": record_hash(record)})
        prev = record.hash
        records.append(record)
    return records


def rehashed(record: Record, **changes: object) -> Record:
    record = record.model_copy(update=changes)
    return record.model_copy(update={"hash": record_hash(record)})


@PATIENT
@given(JSON)
def test_canonical_json_says_the_same_and_is_stable(value: JsonValue) -> None:
    text = canonical_json(value)

    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@PATIENT
@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(
    body: dict[str, JsonValue], chance: random.Random
) -> None:
    keys = list(body)
    chance.shuffle(keys)

    assert canonical_json({key: body[key] for key in keys}) == canonical_json(body)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {1, 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(JournalError, match="not JSON"):
        canonical_json({"value": value})  # type: ignore[dict-item]  # the point of the test


def test_half_a_surrogate_pair_becomes_something_a_file_can_hold() -> None:
    assert canonical_json(["\ud83d"]) == '["?"]'


def test_keys_that_fall_together_once_they_are_text_are_written_once() -> None:
    assert canonical_json({"\ud83d": 1, "?": 2, "@": 3}) == '{"?":1,"@":3}'


def test_numbers_as_keys_are_sorted_as_the_text_they_become() -> None:
    assert canonical_json({2: "a", 10: "b"}) == '{"10":"b","2":"a"}'  # type: ignore[dict-item]  # as above


def test_the_hash_of_a_known_record_never_changes() -> None:
    """Traces that were exported once must verify for ever."""
    digest = chain_hash(
        genesis("r"), seq=1, run_id="r", kind="k", key="é", at="t", body='{"a":[1,0.5]}'
    )

    assert digest == "637d9c032b62d4cd862fd4ade31709146563d27e8ab5388f66bb808f0638ed5a"


@PATIENT
@given(st.lists(BODY, min_size=1, max_size=5))
def test_a_chain_survives_its_export_to_lines(bodies: list[dict[str, JsonValue]]) -> None:
    records = chain_of([json.loads(canonical_json(body)) for body in bodies])

    lines = [record.model_dump_json() for record in records]
    read = [Record.model_validate_json(line) for line in lines]

    assert verify_chain(read, "r", head=records[-1].hash) == records[-1].hash


def edit(records: list[Record], at: int) -> list[Record]:
    records[at] = records[at].model_copy(update={"body": {"number": -1}})
    return records


def edit_and_rehash(records: list[Record], at: int) -> list[Record]:
    records[at] = rehashed(records[at], body={"number": -1})
    return records


def delete(records: list[Record], at: int) -> list[Record]:
    return records[:at] + records[at + 1 :]


def delete_and_renumber(records: list[Record], at: int) -> list[Record]:
    kept = delete(records, at)
    return [rehashed(record, seq=seq) for seq, record in enumerate(kept, start=1)]


def insert(records: list[Record], at: int) -> list[Record]:
    forged = rehashed(records[at], key="forged")
    return [*records[:at], forged, *records[at:]]


def repeat(records: list[Record], at: int) -> list[Record]:
    return [*records[: at + 1], records[at], *records[at + 1 :]]


def reorder(records: list[Record], at: int) -> list[Record]:
    records[at], records[at + 1] = records[at + 1], records[at]
    return records


@pytest.mark.parametrize(
    "attack", [edit, edit_and_rehash, delete, delete_and_renumber, insert, repeat, reorder]
)
def test_every_attack_on_the_middle_is_found_where_it_is(
    attack: Callable[[list[Record], int], list[Record]],
) -> None:
    whole = chain_of([{"number": number} for number in range(60)])

    for at in range(50):
        with pytest.raises(IntegrityError) as caught:
            verify_chain(attack(list(whole), at), "r")
        named = int(str(caught.value).split("record ")[1].split(":")[0])
        assert at + 1 <= named <= at + 2


def test_records_cut_off_at_the_end_need_the_exported_head() -> None:
    whole = chain_of([{"number": number} for number in range(60)])

    for kept in range(50):
        assert verify_chain(whole[:kept], "r")
        with pytest.raises(IntegrityError, match="cut off"):
            verify_chain(whole[:kept], "r", head=whole[-1].hash)


def test_records_of_another_run_are_refused() -> None:
    with pytest.raises(IntegrityError, match="belongs to run 'r'"):
        verify_chain(chain_of([{}]), "other")


def test_a_key_recorded_twice_is_refused() -> None:
    first, second = chain_of([{}, {}])

    with pytest.raises(IntegrityError, match="already recorded"):
        verify_chain([first, rehashed(second, key=first.key)], "r")

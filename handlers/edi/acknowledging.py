"""Answers an interchange: TA1 and 997 in X12, CONTRL in EDIFACT, from what was found in it. Pure.

What is acknowledged is the syntax: that a transaction could be read and is taken on. Whether we deliver is said by the order's own answer.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from handlers.edi.interchange import X12, Finding, Group, Interchange, Transaction
from handlers.edi.writing import Envelope, Row, write, write_ta1

ACCEPTED, WITH_ERRORS, PARTLY, REJECTED = "ACCEPTED", "WITH_ERRORS", "PARTLY", "REJECTED"
_X12_STATUS: Final = {ACCEPTED: "A", WITH_ERRORS: "E", PARTLY: "P", REJECTED: "R"}
#: Nobody acknowledges an acknowledgement: two machines would never stop.
_ACKNOWLEDGEMENTS: Final = frozenset({"997", "TA1", "CONTRL"})

#: TA105, interchange note code.
_TA1: Final = {
    "CONTROL_MISMATCH": "001", "SENDER_UNKNOWN": "006", "RECEIVER_UNKNOWN": "008", "VERSION": "017", "CONTROL_MISSING": "018",
    "TEST_INDICATOR": "020", "COUNT_MISMATCH": "021", "NO_TRAILER": "023", "OUT_OF_PLACE": "024", "DUPLICATE": "025",
}  # fmt: skip
#: AK905, functional group syntax error code.
_AK9: Final = {"NO_TRAILER": "3", "CONTROL_MISMATCH": "4", "COUNT_MISMATCH": "5", "NOT_SUPPORTED": "1", "VERSION": "2"}
#: AK502, transaction set syntax error code; 5 says that segments are in error.
_AK5: Final = {
    "NOT_SUPPORTED": "1", "NO_TRAILER": "2", "CONTROL_MISMATCH": "3", "COUNT_MISMATCH": "4", "CONTROL_MISSING": "7",
    "CONTROL_REPEATED": "23",
}  # fmt: skip
_SEGMENTS_IN_ERROR: Final = "5"
#: AK304, segment syntax error code; 8 says that elements are in error.
_AK3: Final = {"SEGMENT_UNKNOWN": "6", "SEGMENT_MISSING": "3", "SEGMENT_REPEATED": "5", "OUT_OF_PLACE": "2"}
_ELEMENTS_IN_ERROR: Final = "8"
#: AK403, data element syntax error code.
_AK4: Final = {
    "ELEMENT_MISSING": "1", "TOO_MANY_ELEMENTS": "3", "TOO_SHORT": "4", "TOO_LONG": "5", "CHARACTER": "6", "NUMBER": "6", "CODE": "7",
    "DATE": "8", "TIME": "9",
}  # fmt: skip
#: EDIFACT 0085, syntax error code.
_0085: Final = {
    "VERSION": "2", "RECEIVER_UNKNOWN": "7", "CODE": "12", "DATE": "12", "TIME": "12", "ELEMENT_MISSING": "13", "SEGMENT_MISSING": "13",
    "CONTROL_MISSING": "13", "NO_TRAILER": "13", "NOT_SUPPORTED": "14", "SEGMENT_UNKNOWN": "15", "TOO_MANY_ELEMENTS": "16",
    "CHARACTER": "21", "SENDER_UNKNOWN": "23", "TEST_INDICATOR": "25", "DUPLICATE": "26", "CONTROL_REPEATED": "26",
    "CONTROL_MISMATCH": "28", "COUNT_MISMATCH": "29", "EMPTY": "32", "OUT_OF_PLACE": "33", "SEGMENT_REPEATED": "35", "NUMBER": "37",
    "TOO_LONG": "39", "TOO_SHORT": "40",
}  # fmt: skip
_MOST_IN_AK = 5


def status_of(interchange: Interchange, group: Group, transaction: Transaction) -> str:
    """ACCEPTED, WITH_ERRORS or REJECTED. What stands in a rejected envelope is rejected with it."""
    if interchange.rejected or any(each.fatal for each in group.findings) or transaction.rejected:
        return REJECTED
    return WITH_ERRORS if transaction.findings else ACCEPTED


def status_of_interchange(interchange: Interchange) -> str:
    """ACCEPTED, WITH_ERRORS, PARTLY or REJECTED, all transactions together."""
    return REJECTED if interchange.rejected else _together([status_of(interchange, *each) for each in interchange.transactions])


def _together(statuses: Sequence[str]) -> str:
    rejected = statuses.count(REJECTED)
    if rejected:
        return PARTLY if rejected < len(statuses) else REJECTED
    return WITH_ERRORS if WITH_ERRORS in statuses else ACCEPTED


def acknowledge(interchange: Interchange, envelope: Envelope) -> bytes:
    """The acknowledgement to send; empty where there is nothing to answer, as to an acknowledgement."""
    if interchange.syntax == X12:
        return _x12(interchange, envelope)
    answered = [each for _, each in interchange.transactions if each.kind not in _ACKNOWLEDGEMENTS]
    return write(envelope, "CONTRL", "", [list(_contrl(interchange))]) if answered or interchange.rejected else b""


# ---- X12


def _x12(interchange: Interchange, envelope: Envelope) -> bytes:
    groups = [group for group in interchange.groups if not {each.kind for each in group.transactions} <= _ACKNOWLEDGEMENTS]
    if interchange.rejected or (interchange.wants_acknowledgement and not groups):
        return write_ta1(envelope, _ta1(interchange))
    if not groups:
        return b""
    made = write(envelope, "997", "FA", [list(_997(interchange, group)) for group in groups])
    if not interchange.wants_acknowledgement:
        return made
    header, separator, rest = made.decode("ascii").partition("\n")
    ta1 = "*".join(map(str, _ta1(interchange)))
    return f"{header}{separator}{ta1}~\n{rest}".encode("ascii")


def _ta1(interchange: Interchange) -> Row:
    codes = [_TA1.get(each.code, "024") for each in interchange.findings]
    status = "R" if interchange.rejected else "E" if codes else "A"
    return ("TA1", interchange.control_no.zfill(9), interchange.sent_date, interchange.sent_time, status, codes[0] if codes else "000")


def _997(interchange: Interchange, group: Group) -> Iterator[Row]:
    statuses = [status_of(interchange, group, each) for each in group.transactions]
    yield ("AK1", group.functional_id, group.control_no)
    for status, transaction in zip(statuses, group.transactions, strict=True):
        yield from _997_of(transaction, status)
    errors = list(dict.fromkeys(_AK9[each.code] for each in group.findings if each.code in _AK9))[:_MOST_IN_AK]
    stated = len(statuses) if group.stated_count is None else group.stated_count
    status = REJECTED if any(each.fatal for each in group.findings) or not statuses else _together(statuses)
    taken = len(statuses) - statuses.count(REJECTED)
    yield ("AK9", _X12_STATUS[status], str(stated), str(len(statuses)), str(taken), *errors)


def _997_of(transaction: Transaction, status: str) -> Iterator[Row]:
    yield ("AK2", transaction.kind, transaction.control_no)
    by_segment: dict[tuple[int, str], list[Finding]] = {}
    codes = []
    for each in transaction.findings:
        if each.code in _AK5:
            codes.append(_AK5[each.code])
        elif each.code in _AK3 or each.code in _AK4:
            by_segment.setdefault((each.segment, each.tag), []).append(each)
    for (position, tag), findings in by_segment.items():
        yield from _ak3(position, tag, findings)
    if by_segment:
        codes.append(_SEGMENTS_IN_ERROR)
    yield ("AK5", _X12_STATUS[status], *list(dict.fromkeys(codes))[:_MOST_IN_AK])


def _ak3(position: int, tag: str, findings: Sequence[Finding]) -> Iterator[Row]:
    of_elements = [each for each in findings if each.code in _AK4]
    codes = [_AK3[each.code] for each in findings if each.code in _AK3] + ([_ELEMENTS_IN_ERROR] if of_elements else [])
    yield ("AK3", tag, str(position), "", *list(dict.fromkeys(codes))[:_MOST_IN_AK])
    for each in of_elements[:10]:
        yield ("AK4", str(each.element), "", _AK4[each.code], each.value)


# ---- EDIFACT


def _contrl(interchange: Interchange) -> Iterator[Row]:
    sender, receiver = (tuple(reversed(each.split(":", 1))) for each in (interchange.sender, interchange.receiver))
    first = next((each for each in interchange.findings), None)
    action = "4" if interchange.rejected else "7"
    yield ("UCI", interchange.control_no, sender, receiver, action, *(_error(first) if first else ()))
    if interchange.rejected:
        return
    for group, transaction in interchange.transactions:
        status = status_of(interchange, group, transaction)
        if transaction.kind not in _ACKNOWLEDGEMENTS and (status != ACCEPTED):
            yield from _ucm(transaction, status)


def _error(finding: Finding) -> tuple[str, ...]:
    """The error, the service segment it stands in, and the element there."""
    return (_0085.get(finding.code, "18"), finding.tag)


def _ucm(transaction: Transaction, status: str) -> Iterator[Row]:
    unh = transaction.segments[0].repeats(2)
    of_message = next((each for each in transaction.findings if _is_of_message(each)), None)
    action = "4" if status == REJECTED else "7"
    yield ("UCM", transaction.control_no, unh[0] if unh else "", action, *(_error(of_message) if of_message else ()))
    by_segment: dict[int, list[Finding]] = {}
    for each in transaction.findings:
        if not _is_of_message(each):
            by_segment.setdefault(each.segment, []).append(each)
    for position, findings in by_segment.items():
        whole = next((each for each in findings if not each.element), None)
        yield ("UCS", str(position), _0085.get(whole.code, "18") if whole else "")
        for each in [each for each in findings if each.element][:10]:
            yield ("UCD", _0085.get(each.code, "18"), (str(each.element + 1), str(each.component) if each.component else ""))


def _is_of_message(finding: Finding) -> bool:
    return finding.code in _AK5

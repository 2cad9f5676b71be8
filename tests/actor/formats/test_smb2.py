"""Messages of SMB 2 are read as another's writer put them together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.formats.smb2 import COMMANDS, CREATE, TREE_CONNECT, message


def written(command, flags=0, status=0, named=None, place="Name"):
    """A message as scapy writes it."""
    from scapy.layers import smb2

    head = smb2.SMB2_Header(Command=command, Flags=flags, Status=status)
    if named is None:
        return bytes(head)
    kind = smb2.SMB2_Tree_Connect_Request if place == "Path" else smb2.SMB2_Create_Request
    return bytes(head / kind(Buffer=[(place, named)]))


@pytest.mark.parametrize("command", range(len(COMMANDS)))
def test_each_command_has_the_name_that_another_gives_it(command) -> None:
    from scapy.layers import smb2

    theirs = smb2.SMB2_Header(Command=command).sprintf("%SMB2_Header.Command%")
    assert message(written(command)) == (theirs.removeprefix("SMB2_").replace("_", " ").lower(), "STATUS_SUCCESS")


def test_a_request_says_its_share_or_file_and_an_answer_its_status() -> None:
    share, file = r"\\files\journal$", "epikrise æøå.docx"
    assert message(written(TREE_CONNECT, named=share, place="Path"))[0] == f"tree connect {share}"
    assert message(written(CREATE, named=file))[0] == f"create {file}"
    assert message(written(CREATE, flags=1, status=0xC0000022)) == ("create", "STATUS_ACCESS_DENIED")
    assert message(written(99, status=0xC0009999)) == ("command 99", "0xC0009999")


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_message_or_one_refusal(data) -> None:
    if len(data) < 64:
        with pytest.raises(ValueError, match="shorter"):
            message(data)
    else:
        assert all(message(data))

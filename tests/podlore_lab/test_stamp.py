import os

from podlore_lab.stamp import is_intact, write_stamp


def test_a_program_as_it_was_written_is_intact(tmp_path):
    program = tmp_path / "etcd"
    program.write_bytes(b"\x7fELF")
    write_stamp(program)
    assert is_intact(program)
    assert is_intact(program, thorough=True)


def test_a_program_that_was_cut_off_is_not(tmp_path):
    program = tmp_path / "etcd"
    program.write_bytes(b"\x7fELF")
    write_stamp(program)
    program.write_bytes(b"\x7fEL")
    assert not is_intact(program)


def test_a_changed_byte_is_noticed_by_its_time_of_change_and_by_a_thorough_look(tmp_path):
    program = tmp_path / "etcd"
    program.write_bytes(b"\x7fELF")
    write_stamp(program)
    before_ns = program.stat().st_mtime_ns
    program.write_bytes(b"\x7fELG")
    os.utime(program, ns=(before_ns + 1, before_ns + 1))
    assert not is_intact(program)
    os.utime(program, ns=(before_ns, before_ns))
    assert not is_intact(program, thorough=True)


def test_a_new_time_alone_harms_nothing(tmp_path):
    program = tmp_path / "etcd"
    program.write_bytes(b"\x7fELF")
    write_stamp(program)
    os.utime(program, ns=(0, 0))
    assert is_intact(program)


def test_without_a_readable_stamp_nothing_is_intact(tmp_path):
    program = tmp_path / "etcd"
    program.write_bytes(b"\x7fELF")
    assert not is_intact(program)
    (tmp_path / "etcd.stamp").write_text('{"sha256": "ab')
    assert not is_intact(program)

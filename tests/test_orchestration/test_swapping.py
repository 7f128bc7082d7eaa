"""Swapping folders: what readers find, whatever goes wrong."""

import threading

from number_files import names

from orchestration import swapping
from orchestration.swapping import new_folder, swap_folder

FILES = ("first", "second")


def fill(folder, text):
    for name in FILES:
        (folder / name).write_text(text)
    return folder


def test_a_new_folder_takes_the_place_and_the_former_is_removed(tmp_path):
    place = tmp_path / "site"
    for text in ("one", "two"):
        new = fill(new_folder(place), text)
        swap_folder(new, place)
        assert (place / "first").read_text() == text
        assert names(tmp_path) == sorted([new.name, "site"])


def test_the_link_still_leads_there_when_everything_is_moved(tmp_path):
    (tmp_path / "here").mkdir()
    place = tmp_path / "here" / "site"
    swap_folder(fill(new_folder(place), "text"), place)
    assert not place.readlink().is_absolute()
    (tmp_path / "here").rename(tmp_path / "there")
    assert (tmp_path / "there" / "site" / "first").read_text() == "text"


def test_a_real_folder_in_the_place_is_replaced(tmp_path):
    place = tmp_path / "site"
    place.mkdir()
    (place / "left").write_text("over")
    new = fill(new_folder(place), "new")
    swap_folder(new, place)
    assert names(place) == ["first", "second"]
    assert names(tmp_path) == sorted([new.name, "site"])


def test_a_link_that_leads_elsewhere_is_replaced_and_what_it_led_to_stays(tmp_path):
    other = tmp_path / "other" / ".site-0123abcd"
    other.mkdir(parents=True)
    fill(other, "theirs")
    place = tmp_path / "site"
    place.symlink_to(other)
    swap_folder(fill(new_folder(place), "ours"), place)
    assert (place / "first").read_text() == "ours"
    assert (other / "first").read_text() == "theirs"


def test_only_what_belongs_to_the_place_is_cleared_away(tmp_path):
    place = tmp_path / "site"
    kept = {
        new_folder(tmp_path / "site-of-another").name,
        new_folder(tmp_path / "parquet").name,
    }
    (tmp_path / ".site-notes").write_text("mine")
    new_folder(place)  # of a step that was killed
    (tmp_path / ".site-0123abcd.link").symlink_to("nowhere")
    new = fill(new_folder(place), "new")
    swap_folder(new, place)
    assert set(names(tmp_path)) == kept | {".site-notes", "site", new.name}


def test_the_new_folder_survives_however_its_path_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "site"
    new = fill(new_folder(place), "new")
    swap_folder(new.relative_to(tmp_path), place)
    swap_folder(new, place)  # and when it is there already
    assert (place / "first").read_text() == "new"


def test_an_open_file_of_the_former_folder_stays_readable(tmp_path):
    place = tmp_path / "site"
    swap_folder(fill(new_folder(place), "one"), place)
    with (place / "first").open() as held:
        swap_folder(fill(new_folder(place), "two"), place)
        assert held.read() == "one"


def test_a_reader_on_its_way_still_finds_the_former_folder_a_moment_longer(tmp_path, monkeypatch):
    place = tmp_path / "site"
    former = fill(new_folder(place), "one")
    swap_folder(former, place)
    waits = []

    def look(seconds):
        waits.append(
            (seconds, (place / "first").read_text(), (former / "first").read_text())
        )  # fmt: skip

    monkeypatch.setattr(swapping.time, "sleep", look)
    swap_folder(fill(new_folder(place), "two"), place)
    assert waits == [(swapping.SWAP_GRACE, "two", "one")]
    assert not former.exists()


def test_a_reader_never_misses_the_folder_and_always_finds_a_whole_one(tmp_path, monkeypatch):
    monkeypatch.setattr(swapping, "SWAP_GRACE", 0.0)
    place = tmp_path / "site"
    swap_folder(fill(new_folder(place), "0"), place)
    seen, faults, done = {0}, [], threading.Event()

    def read_once():
        name = place.readlink()
        try:
            first, second = (int((tmp_path / name / file).read_text()) for file in FILES)
        except FileNotFoundError:
            # Overtaken by a swap; while the link leads there, the folder must be whole.
            if place.readlink() == name:
                raise
            return
        if first != second or first < max(seen):
            raise AssertionError(f"read {first} and {second} after {max(seen)}")
        seen.add(first)

    def keep_reading():
        while not done.is_set():
            try:
                read_once()
            except (OSError, ValueError, AssertionError) as error:
                faults.append(error)

    reader = threading.Thread(target=keep_reading)
    reader.start()
    for number in range(1, 201):
        swap_folder(fill(new_folder(place), str(number)), place)
    done.set()
    reader.join()
    assert faults == []
    assert len(seen) > 3
    assert (place / "first").read_text() == "200"
    assert len(names(tmp_path)) == 2

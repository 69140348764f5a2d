"""Pages by key: nothing lost, nothing twice, in every order and while others write."""

import threading
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from tests.api.conftest import Doors, open_doors
from tests.api.seeding import BIG, as_owner, seed
from tests.databases import new_database

PARCELS = "/ogc/collections/land_parcels/items"
MIXED_TEXTS = ("桥", "安", "Zebra", "apple", "Äpfel", "", "100%", "桥 2", "ａ", "\\", "'", "𠮷")
SORTS = (
    "",
    "parcel_no",
    "-name",
    "name,-area_m2",
    "-area_m2,name",
    "stated_area_m2,-parcel_no",
    "-supply_date,name",
    "-updated_at",
    "kind,state,-stated_area_m2,name",
)


def walk(doors: Doors, **query: str) -> list[int]:
    """Return the ids of all pages, in order."""
    address, found = f"{PARCELS}?{urlencode(query)}", []
    while address:
        answer = doors.get(address)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        found += [feature["id"] for feature in document["features"]]
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        address = "?".join(urlsplit(following[0])[2:4]) if following else ""
    return found


def order_by(sort: str) -> str:
    keys = [
        f"{key.removeprefix('-')} {'DESC' if key.startswith('-') else 'ASC'} NULLS LAST"
        for key in sort.split(",")
        if key
    ]
    return ", ".join([*keys, "id"])


@pytest.fixture(scope="module")
def mixed(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Parcels with Chinese, Latin, empty and missing names, awkward floats and gaps everywhere."""
    with new_database(server_url, f"{template}_mixed", template) as url:
        seeded = seed(url)
        _mix(seeded.url)
        yield from open_doors(seeded, tmp_path_factory.mktemp("home"))


def _mix(url: str) -> None:
    names = ", ".join("'" + text.replace("'", "''") + "'" for text in MIXED_TEXTS)
    as_owner(
        url,
        f"""UPDATE land_parcel SET
              name = CASE WHEN id % 5 = 0 THEN NULL ELSE (ARRAY[{names}])[1 + id % {len(MIXED_TEXTS)}] END,
              stated_area_m2 = CASE id % 7 WHEN 0 THEN NULL WHEN 1 THEN 0.1 + 0.2 WHEN 2 THEN 1e-300 WHEN 3 THEN 1e300
                                           WHEN 4 THEN 1.0 / 3 WHEN 5 THEN 0.30000000000000004 ELSE 0 END,
              supply_date = CASE WHEN id % 3 = 0 THEN NULL ELSE DATE '2025-01-01' + (id % 11)::int END
            WHERE public_visible""",
    )


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", ["37", "500"])
def test_every_order_gives_every_row_once_in_the_order_of_sql(mixed: Doors, sort: str, limit: str) -> None:
    with psycopg.connect(mixed.seeded.url) as connection:
        rows = connection.execute(
            f"SELECT id FROM layer_land_parcels(NULL) WHERE row_public ORDER BY {order_by(sort)}".encode()
        )
        expected = [row[0] for row in rows]
    query = {"limit": limit, **({"sortby": sort} if sort else {})}
    assert walk(mixed, **query) == expected


def test_a_filter_stays_in_force_over_all_pages(mixed: Doors) -> None:
    with psycopg.connect(mixed.seeded.url) as connection:
        rows = connection.execute(
            "SELECT id FROM layer_land_parcels(NULL) WHERE row_public AND name = '桥' ORDER BY area_m2 DESC, id"
        )
        expected = [row[0] for row in rows]
    assert len(expected) > 100
    assert walk(mixed, filter="name = '桥'", sortby="-area_m2", limit="13") == expected


@pytest.mark.parametrize("sort", ["", "parcel_no", "-area_m2,parcel_no"])
def test_rows_that_stay_are_found_once_while_others_come_and_go(own_doors: Doors, sort: str) -> None:
    """Another connection inserts, deletes and touches rows all the while, before and behind the reader."""
    stop = threading.Event()
    failures: list[psycopg.Error] = []
    rounds: list[int] = []

    def write() -> None:
        try:
            with psycopg.connect(own_doors.seeded.url, autocommit=True) as connection:
                connection.execute("SET ROLE NONE")
                number = 0
                while not stop.is_set():
                    number += 1
                    connection.execute(
                        """INSERT INTO land_parcel (parcel_no, kind, state, public_visible, geom, geom_survey, source_crs)
                           SELECT prefix || %s, '来去', 'stored', true, g, ST_Transform(g, 4527), 'EPSG:4527'
                           FROM (VALUES ('A-', 0.001), ('DK-1050', 0.0008), ('Z-', 0.0001)) v (prefix, size),
                             LATERAL (SELECT ST_Multi(ST_MakeEnvelope(115.9, 33.3, 115.9 + size, 33.3 + size, 4490)) AS g) q""",
                        (number,),
                    )
                    connection.execute(
                        "UPDATE land_parcel SET planned_use = %s WHERE id %% 97 = %s",
                        (f"用途{number}", number % 97),
                    )
                    connection.execute("DELETE FROM land_parcel WHERE kind = '来去' AND random() < 0.6")
                    rounds.append(number)
        except psycopg.Error as error:  # shown by the test, not lost in the thread
            failures.append(error)

    staying = set(walk(own_doors, limit="10000", filter="kind = '储备'"))
    assert len(staying) == BIG
    writer = threading.Thread(target=write)
    writer.start()
    try:
        walks: list[list[int]] = []
        while len(walks) < 3 or (len(rounds) < 20 and writer.is_alive()):
            walks.append(walk(own_doors, limit="61", **({"sortby": sort} if sort else {})))
    finally:
        stop.set()
        writer.join(30)
    assert not failures
    assert len(rounds) >= 20
    for found in walks:
        assert len(found) == len(set(found))
        assert staying <= set(found)

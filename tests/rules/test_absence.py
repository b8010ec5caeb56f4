"""The day of return, in the words and forms of vacation notes."""

# ruff: noqa: E501 (a case is one line)

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.absence import back_on

SENT = date(2026, 7, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Je suis absente du bureau jusqu'au 17 août inclus.", "2026-08-17", id="fr, until"),
        pytest.param("Absent du 20/07/2026 au 14/08/2026, retour le lundi 17 août 2026.", "2026-08-17", id="fr, return before until"),
        pytest.param("Je serai de retour le 1er septembre", "2026-09-01", id="fr, first of a month"),
        pytest.param("Absent jusqu’au 24/12", "2026-12-24", id="fr, curly apostrophe, no year"),
        pytest.param("Retour prévu le 3 janvier", "2027-01-03", id="fr, next year"),
        pytest.param("I am out of the office until 05/08/2026", "2026-08-05", id="en, day first"),
        pytest.param("I am out of the office until 08/13/2026", "2026-08-13", id="en, month first where it must be"),
        pytest.param("I'm away and will be back on August 3rd.", "2026-08-03", id="en, month and day"),
        pytest.param("I will return Monday, Aug 3, 2026 at 9:00", "2026-08-03", id="en, weekday, hour"),
        pytest.param("I am on leave from 20 July to 31 July", "2026-07-31", id="en, from to"),
        pytest.param("back on 2026-08-04", "2026-08-04", id="en, ISO 8601"),
        pytest.param("Ich bin bis zum 14.08.2026 nicht im Büro. Ab dem 17. August bin ich zurück.", "2026-08-17", id="de"),
        pytest.param("Abwesend bis 3.9.", "2026-09-03", id="de, short"),
        pytest.param("Estaré fuera de la oficina hasta el 5 de agosto de 2026", "2026-08-05", id="es"),
        pytest.param("Sarò in ferie fino al 3 agosto", "2026-08-03", id="it"),
        pytest.param("Ik ben afwezig tot en met 7 augustus, terug op 10-08-2026", "2026-08-10", id="nl"),
        pytest.param("Estarei de volta em 3 de agosto", "2026-08-03", id="pt"),
        pytest.param("Wracam 3 sierpnia", "2026-08-03", id="pl"),
        pytest.param("Je suis absent, appelez le 05 61 00 00 00", None, id="a telephone"),
        pytest.param("Je suis absente du 20/07 au 14/08/2026.", "2026-08-14", id="fr, from and to"),
        pytest.param("En congés du lundi 20 juillet au vendredi 14 août inclus.", "2026-08-14", id="fr, from and to with weekdays"),
        pytest.param("Nous sommes ouverts de 9h au 17", None, id="a day without its month"),
        pytest.param("Absent jusqu'au 31/02/2027", None, id="no such day"),
        pytest.param("I was back on 3 May 2024", None, id="long past"),
        pytest.param("back on 3 May 2031", None, id="too far"),
        pytest.param("La réunion du 17 août est annulée.", None, id="a day of something else"),
        pytest.param("", None, id="nothing"),
    ],
)  # fmt: skip
def test_the_day_of_return(text: str, expected: str | None) -> None:
    found = back_on(text, SENT)
    assert (found.isoformat() if found else None) == expected


@given(st.text(), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_no_text_raises(text: str, sent: date) -> None:
    found = back_on(f"back {text} 31/12 {text}", sent)
    assert found is None or abs((found - sent).days) <= 400

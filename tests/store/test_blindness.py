"""From whom comments and votes are kept, while a campaign may yet ask them."""

import pytest
from sqlalchemy import Engine, select

from app.errors import ConflictError
from app.store.claiming import Claim, edit_explanation
from app.store.engine import open_session
from app.store.queries.blindness import blind_among, is_blind_for
from app.store.queries.notice import inbox_of
from app.store.queries.vote import votes_on
from app.store.tables import AssignmentTable, CampaignItemTable, GuidelineTable
from app.store.voting import vote
from tests.store.campaigns import campaign, end
from tests.store.rows import MOMENT
from tests.store.talking import on_explanation, people, read, say


def blind(engine: Engine, actor: str, number: int = 1) -> bool:
    with open_session(engine) as session:
        return is_blind_for(session, number, actor)


def handed(engine: Engine, campaign_id: int, actor: str, state: str) -> None:
    with open_session(engine, commit=True) as session:
        found = select(CampaignItemTable.id).filter_by(campaign_id=campaign_id, explanation_id=1)
        guideline = select(GuidelineTable.id).filter_by(campaign_id=campaign_id)
        session.add(
            AssignmentTable(
                campaign_id=campaign_id, item_id=session.scalars(found).one(), actor=actor,
                guideline_id=session.scalars(guideline).one(), state=state, handed_at=MOMENT,
                leased_until=MOMENT, ended_at=None if state == "leased" else MOMENT,
                seconds=None, reason="", draft=None,
            )
        )  # fmt: skip


def test_whoever_a_campaign_may_ask_is_shown_nothing(explained: Engine):
    people(explained)
    say(explained, "@bo it is wrong", "ada", on=on_explanation())
    with open_session(explained, commit=True) as session:
        vote(session, explanation_id=1, actor="ada", value=-1)
    number = campaign(explained)
    assert blind(explained, "bo")
    found = read(explained, "bo", on=on_explanation())
    assert (found.withheld, found.threads, found.n_comments) == (True, [], 1)
    with open_session(explained) as session:
        votes = votes_on(session, 1, actor="bo", may_judge=True)
        assert (votes.withheld, votes.n_up, votes.n_down, votes.votes) == (True, None, None, [])
        inbox = inbox_of(session, recipient="bo", sees=None, may_judge=lambda _: True)
        assert (inbox.items[0].withheld, inbox.items[0].excerpt) == (True, None)
    end(explained, number)
    assert not blind(explained, "bo")
    assert read(explained, "bo", on=on_explanation()).threads[0].text == "@bo it is wrong"


def test_nor_may_they_say_or_vote_before_they_have_answered(explained: Engine):
    campaign(explained)
    with pytest.raises(ConflictError, match="A campaign may yet ask you"):
        say(explained, "x", "bo", on=on_explanation())
    with (
        pytest.raises(ConflictError, match="A campaign may yet ask you"),
        open_session(explained, commit=True) as session,
    ):
        vote(session, explanation_id=1, actor="bo", value=1)


def test_whoever_may_not_judge_is_not_asked_and_sees_all(explained: Engine):
    say(explained, "Seen", on=on_explanation())
    campaign(explained)
    with open_session(explained) as session:
        assert not votes_on(session, 1, actor="vi", may_judge=False).withheld


def test_what_is_in_no_campaign_is_not_withheld(explained: Engine):
    campaign(explained, items=(1, 2))
    with open_session(explained) as session:
        assert blind_among(session, [1, 2, 3, 2**40], "bo") == {1, 2}
        assert blind_among(session, [], "bo") == frozenset()


def test_it_holds_for_every_version_of_the_explanation(explained: Engine):
    with open_session(explained, commit=True) as session:
        later = edit_explanation(session, explanation_id=1, claim=Claim("Other"), actor="ada").id
    campaign(explained, items=(later,))
    assert blind(explained, "bo", 1)
    assert blind(explained, "bo", later)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("leased", True), ("lapsed", True), ("judged", False), ("skipped", False)],
)
def test_it_ends_with_the_answer(explained: Engine, state: str, expected: bool):
    handed(explained, campaign(explained), "bo", state)
    assert blind(explained, "bo") is expected
    assert blind(explained, "cy")


def test_what_has_all_its_answers_is_withheld_from_nobody_but_who_holds_it(explained: Engine):
    number = campaign(explained)
    for actor in ("p", "q", "r"):
        handed(explained, number, actor, "judged")
    assert not blind(explained, "bo")


def test_its_author_is_never_asked_and_sees_all(explained: Engine):
    with open_session(explained, commit=True) as session:
        later = edit_explanation(session, explanation_id=1, claim=Claim("Own"), actor="ada").id
    campaign(explained, items=(later,))
    assert not blind(explained, "ada", later)

"""Who has which role with a model: read, given, taken away; and invites to it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import LARGEST, ModelName
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store.accounts import team
from app.store.accounts.links import LONGEST_NOTE, create_invite
from app.store.views.account import LinkView, MemberView, NewInviteView, Role
from app.store.views.deleted import DeletedView

router = APIRouter(
    prefix="/api/v1/models/{model}", tags=["people"], responses=problems_of(403, 404)
)

Name = Annotated[str, Path(description="Name of an account.", max_length=64, examples=["ada"])]
LinkId = Annotated[int, Path(description="Id of the invite.", ge=1, le=LARGEST, examples=[1])]


class RoleBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role = Field(description="What they may do with the model.", examples=["annotator"])


class InviteBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role = Field(description="Of the account that is made by it.", examples=["annotator"])
    days: int = Field(default=7, ge=1, le=30, description="So long it holds.")
    note: str = Field(
        default="", max_length=LONGEST_NOTE, description="Whom it is meant for.", examples=["Ada"]
    )


@router.get("/people", response_model=list[MemberView], summary="List who has a role with a model")
def list_model_people(request: Request, session: ReadSession, model: ModelName) -> Response:
    """Whoever may do most first. Administrators of the server may do everything, and are listed
    where they have a role, too."""
    return answer(request, team.list_members(session, model=model))


@router.put(
    "/people/{name}", summary="Give somebody a role with a model",
    responses=problems_of(400, 409, 413),
)  # fmt: skip
def give_role_with_model(
    session: WriteSession,
    actor: CurrentActor,  # noqa: ARG001 - who may
    model: ModelName,
    name: Name,
    body: Annotated[RoleBody, Body(description="The role.")],
) -> MemberView:
    """In the place of the one that they had with it. 409: the model would be left without an owner,
    or a role with every model would be lowered."""
    member = team.change_role(session, model=model, name=name, role=body.role)
    assert member is not None  # noqa: S101 - they have just been given one
    return member


@router.delete(
    "/people/{name}", summary="Take somebody's role with a model away", responses=problems_of(409)
)
def take_role_with_model(
    session: WriteSession,
    actor: CurrentActor,  # noqa: ARG001
    model: ModelName,
    name: Name,
) -> DeletedView:
    """A role with every model stays. 409: the model would be left without an owner."""
    team.change_role(session, model=model, name=name, role=None)
    return DeletedView(deleted=name)


@router.get("/invites", response_model=list[LinkView], summary="List open invites to a model")
def list_model_invites(request: Request, session: ReadSession, model: ModelName) -> Response:
    """Newest first; their links are told when they are made, and never again."""
    return answer(request, team.invites_of(session, model=model))


@router.post(
    "/invites", status_code=201, summary="Invite somebody to a model",
    responses=problems_of(400, 413),
)  # fmt: skip
def create_model_invite(
    request: Request,
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[InviteBody, Body(description="As what, and for how long.")],
) -> NewInviteView:
    """The answer has the link, this once. Whoever opens it makes an account with the role."""
    response.headers["Cache-Control"] = "no-store"
    secret = create_invite(
        session,
        role=body.role,
        model=model,
        note=body.note,
        lasts=timedelta(days=body.days),
        actor=actor.name,
    )
    return NewInviteView(link=f"{request.base_url}login/{secret}")


@router.delete("/invites/{link_id}", summary="Withdraw an invite to a model")
def withdraw_invite_to_model(
    session: WriteSession,
    actor: CurrentActor,  # noqa: ARG001
    model: ModelName,
    link_id: LinkId,
) -> DeletedView:
    """Its link lets nobody in from now on."""
    team.withdraw_invite_of(session, model=model, link_id=link_id)
    return DeletedView(deleted=str(link_id))

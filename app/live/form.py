"""What the playground's form holds: a prompt, edits as rows, what is measured.

Rows come as lists of fields, one entry per row, so that a browser without scripts sends them too.
Edits that no row can say (vectors, differences of texts) travel as they are, in JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from analysis.protocol.edits import MOST_EDITS, Edit
from analysis.protocol.experiments import MOST_CONTROLS, Asked, Wanted
from analysis.protocol.prompts import LONGEST_TEXT, MOST_TOKENS, Prompt, Turn
from analysis.protocol.written import Row, WrittenError, read_line, read_row, row_of
from app.errors import BadRequestError
from app.fields import blank_to_none

MOST_ROWS: Final = 256
ROLES: Final = ("system", "user")
"""Of a conversation that nobody has written yet."""

Written = Annotated[str, Field(max_length=LONGEST_TEXT)]
Short = Annotated[str, Field(max_length=1000)]


Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
NumberOrBlank = Annotated[Number | None, BeforeValidator(blank_to_none)]


class PlaygroundForm(BaseModel):
    """Every field as it was sent; what is wrong with it is told when it is read."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["text", "chat", "tokens"] = "text"
    text: Written = ""
    role: list[Literal["system", "user", "assistant"]] = Field(default=[], max_length=200)
    content: list[Written] = Field(default=[], max_length=200)
    tokens: Annotated[str, Field(max_length=12 * MOST_TOKENS)] = ""
    place: list[Short] = Field(default=[], max_length=MOST_ROWS)
    operation: list[Short] = Field(default=[], max_length=MOST_ROWS)
    value: list[Short] = Field(default=[], max_length=MOST_ROWS)
    other: list[Written] = Field(default=[], max_length=MOST_ROWS)
    where: list[Annotated[str, Field(max_length=50_000)]] = Field(default=[], max_length=MOST_ROWS)
    kept: list[Annotated[str, Field(max_length=500_000)]] = Field(default=[], max_length=MOST_ROWS)
    """Edits that no row can say."""
    add: Written = ""
    """A line that becomes a row."""
    remove: NumberOrBlank = None
    drop: NumberOrBlank = None
    """Of `kept`."""
    targets: Annotated[str, Field(max_length=5000)] = ""
    controls: Annotated[int, Field(ge=0, le=MOST_CONTROLS)] = 1
    seed: Annotated[int, Field(ge=0, le=2**63 - 2)] = 0
    another: bool = False
    """Other units as controls."""
    more: NumberOrBlank = None
    """So many controls."""
    lens: NumberOrBlank = None
    """The position of the logit lens; None: the last."""
    chained: bool = False
    parent: Annotated[str, Field(max_length=40)] = ""
    drawn: Annotated[str, Field(max_length=20_000)] = ""
    """`shape` of the rows as the page shows them."""

    @property
    def rows(self) -> list[Row]:
        fields = (self.place, self.operation, self.value, self.other, self.where)
        return [Row(*parts) for parts in zip(*fields, strict=False)]

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Role and content; where nothing was written, one empty turn of each role."""
        return list(zip(self.role, self.content, strict=False)) or [(role, "") for role in ROLES]

    @property
    def shape(self) -> str:
        """What decides which fields and sliders the rows have."""
        return " ".join(f"{row.place}:{row.operation}" for row in self.rows)

    @property
    def changes_rows(self) -> bool:
        """Whether the rows must be shown anew, since some came, went or do something else."""
        buttons = self.remove is not None or self.drop is not None
        return bool(self.add.strip()) or buttons or self.drawn != self.shape

    @property
    def changes_options(self) -> bool:
        return self.another or self.more is not None

    def settled(self) -> "PlaygroundForm":
        """With what its buttons ask for: a row added or removed, other controls. A line that cannot
        be read stays where it was typed; WrittenError is raised by `check_added`."""
        rows, kept, add = self.rows, list(self.kept), self.add
        if self.remove is not None and self.remove < len(rows):
            del rows[self.remove]
        if self.drop is not None and self.drop < len(kept):
            del kept[self.drop]
        if add.strip():
            try:
                row = read_line(add)
                read_row(row)
            except WrittenError:
                pass
            else:
                rows, add = [*rows, row], ""
        return self.model_copy(
            update={
                **_columns(rows),
                "kept": kept,
                "add": add,
                "seed": self.seed + 1 if self.another else self.seed,
                "controls": self.controls if self.more is None else min(self.more, MOST_CONTROLS),
            }
        )

    def prompt(self) -> Prompt:
        """Raises BadRequestError."""
        try:
            if self.kind == "tokens":
                return Prompt(tokens=tuple(map(int, self.tokens.replace(",", " ").split())))
            if self.kind == "chat":
                turns = [
                    Turn.model_validate({"role": role, "content": content})
                    for role, content in self.turns
                    if content.strip()
                ]
                return Prompt(turns=tuple(turns))
            return Prompt(text=self.text.replace("\r\n", "\n"))
        except ValidationError as error:
            raise BadRequestError(
                f"The prompt cannot be used: {said_of(error)}.", hint="Write something into it."
            ) from error
        except ValueError as error:
            raise BadRequestError(
                "The prompt's tokens are not all whole numbers.",
                hint="Give token ids, with spaces between them, or choose text.",
            ) from error

    def edits(self) -> tuple[Edit, ...]:
        """Raises BadRequestError, which says in which row."""
        found = [_read(number, row) for number, row in enumerate(self.rows, 1)]
        if self.add.strip():
            found.append(_read(None, self.add))
        found.extend(map(_kept, self.kept))
        if len(found) > MOST_EDITS:
            raise BadRequestError(
                f"{len(found)} edits are too many: at most {MOST_EDITS} are made at once.",
                hint="Remove some.",
            )
        return tuple(found)

    def asked(self, targets: Sequence[int] = ()) -> Asked:
        """Raises BadRequestError."""
        try:
            wanted = Wanted(targets=tuple(targets), lens_position=self.lens)
        except ValidationError as error:
            raise BadRequestError(
                f"The logit lens cannot be read at position {self.lens}: {said_of(error)}.",
                hint="Name a token of the prompt, counted from 0, or leave the field empty.",
            ) from error
        return Asked(
            prompt=self.prompt(),
            edits=self.edits(),
            chained=self.chained,
            controls=self.controls,
            seed=self.seed,
            wanted=wanted,
        )


def said_of(error: ValidationError) -> str:
    """What is wrong, in a few words, with the first value that cannot be used."""
    return error.errors()[0]["msg"].removeprefix("Value error, ")


def form_of(
    request: Mapping[str, Any], *, texts: Sequence[str], parent: str = ""
) -> PlaygroundForm:
    """The form that asks what a stored request asked; `texts` are of its prompt's tokens.

    Raises ValidationError of another version's request.
    """
    prompt = Prompt.model_validate(request["prompt"])
    edits = [Edit.model_validate(edit) for edit in request.get("edits", ())]
    rows = [row_of(edit) for edit in edits]
    wanted = request.get("wanted", {})
    fields: dict[str, Any] = {
        **prompt_fields(prompt, texts),
        **_columns([row for row in rows if row is not None]),
        "kept": [
            edit.model_dump_json(exclude_defaults=True)
            for edit, row in zip(edits, rows, strict=True)
            if row is None
        ],
        "targets": ", ".join(f"#{token}" for token in wanted.get("targets", ())),
        "controls": request.get("controls", 1),
        "seed": request.get("seed", 0),
        "lens": wanted.get("lens_position"),
        "chained": request.get("chained", False),
        "parent": parent,
    }
    return PlaygroundForm.model_construct(**fields)


def prompt_fields(prompt: Prompt, texts: Sequence[str]) -> dict[str, Any]:
    """How a form shows a prompt; token ids come with their text, to be gone on with as text."""
    if prompt.turns is not None:
        roles = [turn.role for turn in prompt.turns]
        return {"kind": "chat", "role": roles, "content": [turn.content for turn in prompt.turns]}
    if prompt.tokens is not None:
        ids = " ".join(map(str, prompt.tokens))
        return {"kind": "tokens", "tokens": ids, "text": "".join(texts)}
    return {"kind": "text", "text": prompt.text or ""}


def with_lines(form: PlaygroundForm, lines: Sequence[str]) -> PlaygroundForm:
    """With rows of these lines; the first that cannot be read stays to be mended."""
    for line in lines:
        form = form.model_copy(update={"add": line}).settled()
        if form.add:
            break
    return form


def _columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    names = ("place", "operation", "value", "other", "where")
    return {name: [getattr(row, name) for row in rows] for name in names}


def _read(number: int | None, row: Row | str) -> Edit:
    try:
        return read_row(read_line(row) if isinstance(row, str) else row)
    except WrittenError as error:
        which = "The line that is to be added" if number is None else f"Edit {number}"
        raise BadRequestError(f"{which}: {error.detail}", hint=error.hint) from error


def _kept(text: str) -> Edit:
    try:
        return Edit.model_validate_json(text)
    except ValidationError as error:
        raise BadRequestError(
            "An edit that was carried along cannot be read.", hint="Remove it."
        ) from error

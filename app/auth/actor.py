"""Who writes. Every route with an unsafe method depends on `get_actor`; a test walks the routes.

For now everybody who reaches the server is its local owner; accounts and tokens will answer here.
"""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict


class Actor(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str


async def get_actor() -> Actor:
    return Actor(name="local owner")


CurrentActor = Annotated[Actor, Depends(get_actor)]

"""What a page offers: the addresses that its links, forms, buttons and scripts lead to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

HX = {"hx-get": "GET", "hx-post": "POST", "hx-put": "PUT", "hx-patch": "PATCH",
      "hx-delete": "DELETE"}  # fmt: skip


@dataclass
class Form:
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Offer:
    method: str
    """"" of what a script asks for: whatever there is at the address."""
    address: str
    fields: tuple[tuple[str, str], ...] = ()


class Page(HTMLParser):
    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.here = address
        self.forms: list[Form] = []
        self.others: list[Offer] = []
        self._by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._select: tuple[str, Form | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self._gather(tag, own)
        if tag == "form":
            self._open = Form(own.get("method", "get").upper(), own.get("action") or self.here)
            self.forms.append(self._open)
            self._by_id[own.get("id", "")] = self._open
        form = self._by_id.get(own["form"]) if "form" in own else self._open
        if form is None:
            return
        if tag == "select" and own.get("name"):
            self._select = own["name"], form
        is_typed = tag in ("input", "textarea") and own.get("type") not in ("checkbox", "radio")
        if is_typed and own.get("name"):
            form.fields.append((own["name"], own.get("value", "")))
        if tag == "option" and self._select and self._select[1] is not None:
            self._select[1].fields.append((self._select[0], own.get("value", "\0")))

    def _gather(self, tag: str, own: dict[str, str]) -> None:
        for name, method in HX.items():
            if name in own:
                self._add(method, own[name])
        if tag == "a" and "href" in own:
            self._add("GET", own["href"])
        if "formaction" in own:
            self._add("POST", own["formaction"])
        for name, value in own.items():
            if name.startswith("data-") and value.startswith("/"):
                self._add("", value)

    def handle_data(self, data: str) -> None:
        form = self._select[1] if self._select else None
        if form is not None and form.fields and form.fields[-1][1] == "\0":
            form.fields[-1] = (form.fields[-1][0], data.strip())

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = None

    def offers(self) -> Iterator[Offer]:
        yield from self.others
        for form in self.forms:
            address = self._ours(form.action)
            if address is not None and form.method in ("GET", "POST"):
                fields = () if form.method == "GET" else tuple(form.fields)
                yield Offer(form.method, address, fields)

    def _add(self, method: str, address: str) -> None:
        ours = self._ours(address)
        if ours is not None:
            self.others.append(Offer(method, ours))

    def _ours(self, address: str) -> str | None:
        parts = urlsplit(urljoin("http://localhost:8765" + self.here, address))
        if parts.netloc != "localhost:8765" or parts.path.startswith("/static/"):
            return None
        return parts.path + (f"?{parts.query}" if parts.query else "")

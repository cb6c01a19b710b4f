"""A browser, as far as logging in needs one: cookies with their rules, redirects, links.

The API is reached under its public https name, which stands for the address it really listens at.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_HOPS = 10


@dataclass
class Browser:
    http: httpx.AsyncClient
    public: str
    real: str
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[httpx.Response] = field(default_factory=list)

    async def open(self, url: str) -> httpx.Response:
        """Go there, and wherever that leads."""
        for _ in range(_HOPS):
            answer = await self.one("GET", url)
            if not answer.is_redirect:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise AssertionError(f"too many redirects, the last to {url}")

    async def one(self, method: str, url: str, **more: object) -> httpx.Response:
        """One request; redirects are told and not followed."""
        ours = url.startswith(f"{self.public}/")
        headers = {"Accept": _ACCEPT, **(more.pop("headers", None) or {})}  # type: ignore[dict-item]
        if ours and self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        where = url.replace(self.public, self.real, 1) if ours else url
        answer = await self.http.request(method, where, headers=headers, **more)  # type: ignore[arg-type]
        self.seen.append(answer)
        if ours:
            self._keep(answer)
        return answer

    async def click(self, page: httpx.Response, ending: str) -> httpx.Response:
        """Follow the link of a page that ends so."""
        return await self.open(next(link for link in links_of(page) if link.endswith(ending)))

    def _keep(self, answer: httpx.Response) -> None:
        for header in answer.headers.get_list("set-cookie"):
            pair, *attributes = (part.strip() for part in header.split(";"))
            name, _, value = pair.partition("=")
            given = {part.partition("=")[0].lower(): part.partition("=")[2] for part in attributes}
            assert name.startswith("__Host-"), header
            assert {"secure", "httponly"} <= set(given), header
            assert "domain" not in given, header
            assert (given["path"], given["samesite"]) == ("/", "lax"), header
            if given.get("max-age") == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


def links_of(page: httpx.Response) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', page.text)]


def hidden_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of its form."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))


def path_of(answer: httpx.Response) -> str:
    """Where a browser has ended."""
    parts = urlsplit(str(answer.url))
    return parts.path + (f"?{parts.query}" if parts.query else "")

"""Gorse's REST API, as far as its clients use it most, over Marquee's own; see docs/from-gorse.md."""

from app.api.gorse import catalogue, feedback, lists

ROUTERS = (lists.routes, feedback.routes, catalogue.routes)

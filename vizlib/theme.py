"""What makes a Bokeh figure part of the page: its font, its colours by role, and its word to the page's script."""

from __future__ import annotations

from bokeh.model import Model
from bokeh.models import CustomJS

from vizlib.palette import LIGHT

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def themed[M: Model](model: M, **roles: str) -> M:
    """Give properties of `model` the colour of a role: a key of `palette.LIGHT`.

    The model is tagged with `line_color=ink` and the like, from which the page repaints it in its own theme.
    """
    model.tags = [*model.tags, *(f"{name}={role}" for name, role in roles.items())]
    model.update(**{name: LIGHT[role] for name, role in roles.items()})
    return model


def tell_page(event: str, detail: str) -> CustomJS:
    """A callback that tells the page's script of `event`; `detail` is the JavaScript expression that it hands over."""
    return CustomJS(
        code=f"for (const view of window.__lab?.views.values() ?? []) view.hear(cb_obj.document, '{event}', {detail})"
    )

"""Every route of an application, and what it asks of those who enter."""

from fastapi.routing import iter_route_contexts


def routes(app):
    """(method, path, route) of all routes, those of included routers too."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or {"*"}):
            yield method, route.path, route


def needs(route):
    """The marks of all dependencies that name a role, or "public"."""
    dependant = getattr(route, "dependant", None)
    return [] if dependant is None else _marks(dependant)


def _marks(dependant):
    mark = getattr(dependant.call, "needs", None)
    below = [found for child in dependant.dependencies for found in _marks(child)]
    return below if mark is None else [mark, *below]


def address(path, world):
    """The path with something real for each of its parameters."""
    for name, value in world.items():
        path = path.replace(f"{{{name}}}", str(value))
    assert "{" not in path, f"give the fixture `world` something real for {path}"
    return path
